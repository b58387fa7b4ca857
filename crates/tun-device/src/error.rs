//! Why a device could not be attached, asked or changed, and the one command that mends it.

use std::fmt;
use std::io;

use nix::errno::Errno;

use crate::accounts::{current_user, group_name, user_name};
use crate::{Holder, InterfaceName, Kind};

/// Why a device could not be attached, asked or changed.
///
/// Its text is the cause in one line. [`Error::remedy`] is the command that mends it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// ENOENT on opening the device node.
    #[error("/dev/net/tun does not exist: nobody made the device node")]
    NodeMissing,
    /// ENODEV or ENXIO on opening the device node.
    #[error("/dev/net/tun has no driver behind it: the kernel module 'tun' is not loaded")]
    DriverMissing,
    /// EACCES on opening the device node.
    #[error(
        "this user may not open /dev/net/tun: the mode of the node forbids it (the owner of an \
         interface has no part in that)"
    )]
    NodeForbidden,
    /// EPERM on opening the device node.
    #[error("this container may not open /dev/net/tun: its device policy forbids it")]
    NodeOutsideContainer,
    /// ENOTTY on TUNSETIFF: there is something else where the device node should be.
    #[error("/dev/net/tun is not the TUN device node, but some other file")]
    NodeWrong,
    /// EPERM on attaching to a device that does not exist yet.
    #[error(
        "creating {} needs CAP_NET_ADMIN, which this process has not",
        name.as_ref().map_or("a network device", InterfaceName::as_str)
    )]
    CreateForbidden {
        /// The device that was to be created; none if the kernel was to choose.
        name: Option<InterfaceName>,
        /// What it was to be.
        kind: Kind,
    },
    /// EPERM on attaching to a device that exists.
    #[error(
        "only {} may attach to {name}, and this process runs as {}",
        who(*owner, *group),
        user_name(current_user())
    )]
    OwnedByAnother {
        /// The device.
        name: InterfaceName,
        /// What was asked for.
        kind: Kind,
        /// User id of its owner, where that is known.
        owner: Option<u32>,
        /// Id of the group that may attach, where that is known.
        group: Option<u32>,
    },
    /// EBUSY: a device has one attached program at a time.
    #[error("{name} is in use by {}", in_use_by(holder.as_ref()))]
    Busy {
        /// The device.
        name: InterfaceName,
        /// The program that is attached, where it can be seen.
        holder: Option<Holder>,
    },
    /// EINVAL: TUN was asked for and the device is TAP, or the other way round.
    #[error("{name} is a {} device, and {asked} was asked for", asked.other())]
    WrongKind {
        /// The device.
        name: InterfaceName,
        /// What was asked for. The device is the other kind.
        asked: Kind,
    },
    /// EINVAL: the device was made for several queues, and such a one takes no plain attach.
    #[error("{name} was created with several queues (multi_queue), and one is asked for")]
    MultiQueue {
        /// The device.
        name: InterfaceName,
        /// What was asked for.
        kind: Kind,
    },
    /// EINVAL: the interface is some other kind of network interface.
    #[error("{name} is a network interface, but neither TUN nor TAP")]
    NotTun {
        /// The interface.
        name: InterfaceName,
    },
    /// There is no interface of this name.
    #[error("there is no network interface {name}")]
    Missing {
        /// The name.
        name: InterfaceName,
        /// What it was to be, if one was to be attached to.
        kind: Option<Kind>,
    },
    /// EPERM on changing a setting.
    #[error("changing {name} to {change} needs CAP_NET_ADMIN, which this process has not")]
    ChangeForbidden {
        /// The interface.
        name: InterfaceName,
        /// What was to be done.
        change: Change,
    },
    /// EINVAL on setting the MTU.
    #[error("{name} refuses an MTU of {mtu} bytes; 68 to 65535 would be right (65521 on TAP)")]
    MtuOutOfRange {
        /// The interface.
        name: InterfaceName,
        /// What was asked for, in bytes.
        mtu: u32,
    },
    /// Something else that the operating system reported.
    #[error("{what} failed: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// What came of it.
        source: io::Error,
    },
}

/// A setting that was to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The MTU, to so many bytes.
    Mtu(u32),
    /// Up, or down.
    Up(bool),
}

/// In the words of `ip link set`: `mtu 1400`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mtu(mtu) => write!(f, "mtu {mtu}"),
            Self::Up(true) => f.write_str("up"),
            Self::Up(false) => f.write_str("down"),
        }
    }
}

impl Error {
    pub(crate) fn io(what: &'static str, errno: Errno) -> Self {
        Self::Io { what, source: errno.into() }
    }

    /// The one command that mends it, as this process's user would have to type it.
    #[must_use]
    pub fn remedy(&self) -> String {
        self.remedy_for(current_user())
    }

    /// The command, as `user` would have to type it: with `sudo` unless that is root.
    fn remedy_for(&self, user: u32) -> String {
        let sudo = if user == 0 { "" } else { "sudo " };
        match self {
            Self::NodeMissing => format!("{sudo}sh -c '{MAKE_NODE}'"),
            Self::NodeWrong => format!("{sudo}sh -c 'rm /dev/net/tun && {MAKE_NODE}'"),
            Self::DriverMissing => format!("{sudo}modprobe tun"),
            // Root of a user namespace alone: the node belongs to the machine's own root.
            Self::NodeForbidden if user == 0 => {
                "sudo chmod 666 /dev/net/tun # outside of this namespace".to_owned()
            }
            Self::NodeForbidden => "sudo chmod 666 /dev/net/tun".to_owned(),
            Self::NodeOutsideContainer => {
                "docker run --device /dev/net/tun --cap-add NET_ADMIN IMAGE".to_owned()
            }
            // Root and yet without the capability: in a container. A namespace of its own helps.
            Self::CreateForbidden { .. }
            | Self::OwnedByAnother { .. }
            | Self::ChangeForbidden { .. }
                if user == 0 =>
            {
                "scripts/in-netns bash".to_owned()
            }
            Self::CreateForbidden { name: Some(name), kind } => {
                add(sudo, name.as_str(), *kind, user)
            }
            Self::CreateForbidden { name: None, kind } => {
                add(sudo, &format!("{}0", kind.keyword()), *kind, user)
            }
            Self::Missing { name, kind: Some(kind) } => add(sudo, name.as_str(), *kind, user),
            Self::Missing { kind: None, .. } => "ip link show".to_owned(),
            Self::OwnedByAnother { name, kind, .. }
            | Self::WrongKind { name, asked: kind }
            | Self::MultiQueue { name, kind } => {
                format!("{sudo}ip link del dev {name} && {}", add(sudo, name.as_str(), *kind, user))
            }
            Self::Busy { holder: Some(holder), .. } if !holder.is_this_process() => {
                format!("kill {}", holder.process)
            }
            Self::Busy { name, .. } => {
                format!("{sudo}sh -c 'grep -ls \"^iff:.{name}$\" /proc/[0-9]*/fdinfo/*'")
            }
            Self::NotTun { .. } => "ip tuntap show".to_owned(),
            Self::ChangeForbidden { name, change } => {
                format!("{sudo}ip link set dev {name} {change}")
            }
            Self::MtuOutOfRange { name, .. } => format!("{sudo}ip link set dev {name} mtu 1500"),
            Self::Io { .. } => "strata doctor".to_owned(),
        }
    }
}

/// Makes the device node with the numbers that the kernel gives it, open to everybody as on most
/// machines: who may attach to which device is decided elsewhere.
const MAKE_NODE: &str =
    "mkdir -p /dev/net && mknod /dev/net/tun c 10 200 && chmod 666 /dev/net/tun";

/// Makes a device that stays and that `user` may attach to.
fn add(sudo: &str, name: &str, kind: Kind, user: u32) -> String {
    format!("{sudo}ip tuntap add dev {name} mode {} user {}", kind.keyword(), user_name(user))
}

fn who(owner: Option<u32>, group: Option<u32>) -> String {
    match (owner.map(user_name), group.map(group_name)) {
        (Some(owner), Some(group)) => format!("user {owner} in group {group}"),
        (Some(owner), None) => format!("user {owner}"),
        (None, Some(group)) => format!("group {group}"),
        (None, None) => "another user".to_owned(),
    }
}

fn in_use_by(holder: Option<&Holder>) -> String {
    match holder {
        Some(holder) if holder.is_this_process() => "this process already".to_owned(),
        Some(holder) => holder.to_string(),
        None => "another program".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: u32 = 65_534;

    fn name() -> InterfaceName {
        "tun0".parse().unwrap()
    }

    fn holder() -> Holder {
        Holder { process: 4_000_001, command: "nc".to_owned() }
    }

    fn all() -> Vec<Error> {
        vec![
            Error::NodeMissing,
            Error::NodeWrong,
            Error::DriverMissing,
            Error::NodeForbidden,
            Error::NodeOutsideContainer,
            Error::CreateForbidden { name: None, kind: Kind::Tap },
            Error::CreateForbidden { name: Some(name()), kind: Kind::Tun },
            Error::OwnedByAnother { name: name(), kind: Kind::Tun, owner: Some(0), group: None },
            Error::Busy { name: name(), holder: None },
            Error::Busy { name: name(), holder: Some(holder()) },
            Error::WrongKind { name: name(), asked: Kind::Tap },
            Error::MultiQueue { name: name(), kind: Kind::Tun },
            Error::NotTun { name: name() },
            Error::Missing { name: name(), kind: None },
            Error::Missing { name: name(), kind: Some(Kind::Tun) },
            Error::ChangeForbidden { name: name(), change: Change::Mtu(1400) },
            Error::MtuOutOfRange { name: name(), mtu: 20 },
            Error::io("reading", Errno::EIO),
        ]
    }

    #[test]
    fn every_cause_and_every_remedy_is_one_line() {
        for error in all() {
            for user in [0, NOBODY] {
                let text = format!("{error} {}", error.remedy_for(user));
                assert_eq!(text.lines().count(), 1, "{text}");
                assert!(!error.remedy_for(user).is_empty());
            }
        }
    }

    #[test]
    fn root_needs_no_sudo() {
        let in_reach = |error: &Error| !matches!(error, Error::NodeForbidden);
        for error in all().into_iter().filter(in_reach) {
            assert!(!error.remedy_for(0).contains("sudo"), "{}", error.remedy_for(0));
        }
    }

    #[test]
    fn the_remedy_names_the_device_and_the_user() {
        let user = user_name(NOBODY);
        let error = Error::CreateForbidden { name: Some(name()), kind: Kind::Tun };
        assert_eq!(
            error.remedy_for(NOBODY),
            format!("sudo ip tuntap add dev tun0 mode tun user {user}")
        );
        let error = Error::WrongKind { name: name(), asked: Kind::Tap };
        assert_eq!(error.to_string(), "tun0 is a TUN device, and TAP was asked for");
        assert_eq!(
            error.remedy_for(NOBODY),
            format!(
                "sudo ip link del dev tun0 && sudo ip tuntap add dev tun0 mode tap user {user}"
            )
        );
        let error = Error::ChangeForbidden { name: name(), change: Change::Mtu(1400) };
        assert_eq!(error.remedy_for(NOBODY), "sudo ip link set dev tun0 mtu 1400");
    }

    #[test]
    fn a_program_that_is_in_the_way_is_named() {
        let error = Error::Busy { name: name(), holder: Some(holder()) };
        assert_eq!(error.to_string(), "tun0 is in use by nc (process 4000001)");
        assert_eq!(error.remedy_for(NOBODY), "kill 4000001");
    }

    #[test]
    fn whose_device_it_is_is_said_as_far_as_it_is_known() {
        assert_eq!(who(Some(0), None), "user root");
        assert_eq!(who(Some(0), Some(0)), format!("user root in group {}", group_name(0)));
        assert_eq!(who(None, None), "another user");
    }
}
