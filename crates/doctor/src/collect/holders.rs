//! Which programs are attached to a device, without attaching to it.
//!
//! The kernel writes `iff: tun0` into the `fdinfo` of a descriptor that is attached to tun0.
//! A user may look at their own processes, root at all.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::facts::Holder;

/// The processes of this network namespace that are attached to `device`, the lowest id first.
pub(super) fn holders(device: &str) -> Vec<Holder> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let here = namespace(Path::new("/proc/self"));
    let mut holders: Vec<Holder> = processes
        .flatten()
        .map(|process| process.path())
        .filter(|process| is_attached(process, device) && namespace(process) == here)
        .filter_map(|process| holder(&process))
        .collect();
    holders.sort_by_key(|holder| holder.process);
    holders
}

/// A device of the same name in another namespace is another device.
fn namespace(process: &Path) -> Option<PathBuf> {
    fs::read_link(process.join("ns/net")).ok()
}

fn is_attached(process: &Path, device: &str) -> bool {
    let descriptors = fs::read_dir(process.join("fdinfo")).into_iter().flatten().flatten();
    descriptors.filter_map(|descriptor| fs::read_to_string(descriptor.path()).ok()).any(|info| {
        let mut names = info.lines().filter_map(|line| line.strip_prefix("iff:"));
        names.any(|name| name.trim() == device)
    })
}

fn holder(process: &Path) -> Option<Holder> {
    let command_line = fs::read(process.join("cmdline")).ok()?;
    let command_line = String::from_utf8_lossy(&command_line);
    Some(Holder {
        process: process.file_name()?.to_str()?.parse().ok()?,
        user: fs::metadata(process).ok()?.uid(),
        arguments: command_line.trim_end_matches('\0').split('\0').map(str::to_owned).collect(),
    })
}
