//! Which program is attached to a device, found as a person would find it: in `/proc`.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::InterfaceName;

/// A program that is attached to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub process: u32,
    /// Its name.
    pub command: String,
}

impl Holder {
    /// The program that is attached to the device `name`.
    ///
    /// Only the superuser can look at the descriptors of other users' programs.
    pub(crate) fn of(name: &InterfaceName) -> Option<Self> {
        let namespace = fs::read_link("/proc/self/ns/net").ok()?;
        fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
            // Other entries than processes, such as `self`, are no numbers.
            let process = entry.file_name().to_str()?.parse().ok()?;
            let directory = entry.path();
            // The same name may stand for another device in another namespace.
            let theirs = fs::read_link(directory.join("ns/net")).ok()?;
            if theirs != namespace || !is_attached(&directory, name) {
                return None;
            }
            let command = fs::read_to_string(directory.join("comm")).ok()?;
            Some(Self { process, command: command.trim_end().to_owned() })
        })
    }

    /// Whether it is this process.
    pub(crate) fn is_this_process(&self) -> bool {
        self.process == std::process::id()
    }
}

/// Whether a descriptor of the process is attached to `name`: the kernel writes
/// `iff:<tab>tun0` into its fdinfo.
fn is_attached(directory: &Path, name: &InterfaceName) -> bool {
    let Ok(descriptors) = fs::read_dir(directory.join("fdinfo")) else {
        return false;
    };
    let line = format!("iff:\t{name}");
    descriptors.flatten().any(|descriptor| {
        fs::read_to_string(descriptor.path())
            .is_ok_and(|text| text.lines().any(|candidate| candidate == line))
    })
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.command, self.process)
    }
}
