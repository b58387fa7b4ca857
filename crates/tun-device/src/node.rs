//! The device node `/dev/net/tun`: open it, tie the descriptor to a device, and tell what was
//! wrong if that fails.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use crate::{Error, Holder, Interface, InterfaceName, Kind, TunProperties, ioctl};

/// Opens the device node. A descriptor that is not tied to a device can do nothing yet.
pub(crate) fn open_node() -> Result<OwnedFd, Error> {
    let flags = OFlag::O_RDWR | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    open("/dev/net/tun", flags, Mode::empty()).map_err(|errno| match errno {
        Errno::ENOENT | Errno::ENOTDIR => Error::NodeMissing,
        Errno::ENODEV | Errno::ENXIO => Error::DriverMissing,
        Errno::EACCES => Error::NodeForbidden,
        Errno::EPERM => Error::NodeOutsideContainer,
        other => Error::io("opening /dev/net/tun", other),
    })
}

/// Ties the descriptor of an opened node to a device, and gives the device's name.
///
/// `flags` are IFF_* bits besides the kind's own.
pub(crate) fn attach(
    node: &OwnedFd,
    kind: Kind,
    name: Option<&InterfaceName>,
    flags: libc::c_int,
) -> Result<InterfaceName, Error> {
    let given = ioctl::set_interface(node.as_fd(), name, kind.flag() | flags)
        .map_err(|errno| cause(errno, kind, name))?;
    given.parse().map_err(|_| Error::io("reading the name of the new device", Errno::EILSEQ))
}

/// What TUNSETIFF means by `errno`. The same number stands for several causes; which one it is
/// shows in whether the device exists and what it is.
fn cause(errno: Errno, kind: Kind, name: Option<&InterfaceName>) -> Error {
    let existing = name.and_then(|name| Interface::named(name).ok());
    match (errno, existing) {
        (Errno::EPERM, None) => Error::CreateForbidden { name: name.cloned(), kind },
        (Errno::EPERM, Some(interface)) => {
            let properties = interface.tun().ok();
            Error::OwnedByAnother {
                name: interface.name().clone(),
                kind,
                owner: properties.and_then(|properties| properties.owner),
                group: properties.and_then(|properties| properties.group),
            }
        }
        (Errno::EBUSY, Some(interface)) => {
            let name = interface.name().clone();
            Error::Busy { holder: Holder::of(&name), name }
        }
        (Errno::EINVAL, Some(interface)) => {
            mismatch(&interface, kind).unwrap_or_else(|error| error)
        }
        (Errno::ENOTTY, _) => Error::NodeWrong,
        (other, _) => Error::io("attaching to the device", other),
    }
}

/// In what an existing interface differs from what was asked for.
fn mismatch(interface: &Interface, asked: Kind) -> Result<Error, Error> {
    let name = interface.name().clone();
    let TunProperties { kind, multi_queue, .. } = interface.tun()?;
    Ok(match () {
        () if kind != asked => Error::WrongKind { name, asked },
        () if multi_queue => Error::MultiQueue { name, kind },
        () => Error::io("attaching to the device", Errno::EINVAL),
    })
}
