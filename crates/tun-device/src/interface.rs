//! What every network interface has: MTU, up or down, carrier; and what TUN and TAP have besides.
//!
//! Settings go through an ordinary socket's ioctl, never through the device's descriptor. What
//! no ioctl tells is asked for by rtnetlink. Neither needs any attaching.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use crate::error::Change;
use crate::netlink::{self, Link};
use crate::{Error, Holder, InterfaceName, Kind, ioctl};

/// A network interface of this process's namespace, of any kind.
#[derive(Debug)]
pub struct Interface {
    name: InterfaceName,
    /// Only there to be asked; nothing is ever sent on it.
    socket: OwnedFd,
}

impl Interface {
    /// Whether there is an interface of this name.
    #[must_use]
    pub fn exists(name: &InterfaceName) -> bool {
        index(name).is_ok()
    }

    /// The interface of this name.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is none.
    pub fn named(name: &InterfaceName) -> Result<Self, Error> {
        index(name)?;
        let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)
            .map_err(|errno| Error::io("opening a socket", errno))?;
        Ok(Self { name: name.clone(), socket })
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &InterfaceName {
        &self.name
    }

    /// Its number, as `ip link` prints it in front of the name.
    ///
    /// # Errors
    /// [`Error::Missing`] if it has been deleted.
    pub fn index(&self) -> Result<u32, Error> {
        index(&self.name)
    }

    /// Its maximum transmission unit in bytes: the longest IP packet that the kernel sends by it.
    ///
    /// # Errors
    /// [`Error::Missing`] if it has been deleted.
    pub fn mtu(&self) -> Result<u32, Error> {
        ioctl::mtu(self.socket.as_fd(), &self.name)
            .map_err(|errno| self.failure("reading the MTU", errno))
    }

    /// Sets its maximum transmission unit, in bytes.
    ///
    /// # Errors
    /// [`Error::MtuOutOfRange`], [`Error::ChangeForbidden`], [`Error::Missing`].
    pub fn set_mtu(&self, mtu: u32) -> Result<(), Error> {
        ioctl::set_mtu(self.socket.as_fd(), &self.name, mtu).map_err(|errno| match errno {
            Errno::EINVAL => Error::MtuOutOfRange { name: self.name.clone(), mtu },
            other => self.change_failure(Change::Mtu(mtu), "setting the MTU", other),
        })
    }

    /// Whether it is set up (`ip link set up`). It carries nothing while it is not.
    ///
    /// # Errors
    /// [`Error::Missing`] if it has been deleted.
    pub fn is_up(&self) -> Result<bool, Error> {
        Ok(self.flags()? & libc::IFF_UP != 0)
    }

    /// Sets it up or down.
    ///
    /// # Errors
    /// [`Error::ChangeForbidden`], [`Error::Missing`].
    pub fn set_up(&self, up: bool) -> Result<(), Error> {
        let flags = self.flags()?;
        let flags = if up { flags | libc::IFF_UP } else { flags & !libc::IFF_UP };
        ioctl::set_flags(self.socket.as_fd(), &self.name, flags)
            .map_err(|errno| self.change_failure(Change::Up(up), "setting the flags", errno))
    }

    /// Its IFF_* bits: the lower sixteen, which is what SIOCGIFFLAGS gives.
    ///
    /// # Errors
    /// [`Error::Missing`] if it has been deleted.
    pub fn flags(&self) -> Result<i32, Error> {
        ioctl::flags(self.socket.as_fd(), &self.name)
            .map_err(|errno| self.failure("reading the flags", errno))
    }

    /// Whether a program is attached to it, as a cable would be plugged in. An interface that is
    /// down has no carrier.
    ///
    /// # Errors
    /// [`Error::Missing`] if it has been deleted.
    pub fn carrier(&self) -> Result<bool, Error> {
        Ok(self.is_up()? && self.link()?.carrier)
    }

    /// Its operational state (RFC 2863) in the kernel's words: `up`, `down`, `unknown`,
    /// `notpresent`, `lowerlayerdown`, `testing` or `dormant`.
    ///
    /// # Errors
    /// [`Error::Missing`] if it has been deleted.
    pub fn operstate(&self) -> Result<&'static str, Error> {
        Ok(match self.link()?.operational_state {
            libc::IF_OPER_NOTPRESENT => "notpresent",
            libc::IF_OPER_DOWN => "down",
            libc::IF_OPER_LOWERLAYERDOWN => "lowerlayerdown",
            libc::IF_OPER_TESTING => "testing",
            libc::IF_OPER_DORMANT => "dormant",
            libc::IF_OPER_UP => "up",
            _ => "unknown",
        })
    }

    /// What it has as a TUN or TAP device.
    ///
    /// # Errors
    /// [`Error::NotTun`], [`Error::Missing`].
    pub fn tun(&self) -> Result<TunProperties, Error> {
        self.link()?.tun.ok_or_else(|| Error::NotTun { name: self.name.clone() })
    }

    /// The program that is attached to it as a TUN or TAP device, if there is one.
    ///
    /// Only the superuser sees the programs of other users.
    #[must_use]
    pub fn holder(&self) -> Option<Holder> {
        Holder::of(&self.name)
    }

    fn link(&self) -> Result<Link, Error> {
        netlink::link(self.index()?)
            .map_err(|errno| self.failure("asking about the interface", errno))
    }

    fn change_failure(&self, change: Change, what: &'static str, errno: Errno) -> Error {
        match errno {
            Errno::EPERM => Error::ChangeForbidden { name: self.name.clone(), change },
            other => self.failure(what, other),
        }
    }

    fn failure(&self, what: &'static str, errno: Errno) -> Error {
        match errno {
            Errno::ENODEV => Error::Missing { name: self.name.clone(), kind: None },
            other => Error::io(what, other),
        }
    }
}

/// What an interface has as a TUN or TAP device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TunProperties {
    /// TUN or TAP.
    pub kind: Kind,
    /// Whether it stays when nobody is attached.
    pub persistent: bool,
    /// Whether it was made for several queues.
    pub multi_queue: bool,
    /// Whether the program that attached last asked for packet information.
    pub packet_information: bool,
    /// Whether the program that attached last asked for a `virtio_net_hdr`.
    pub virtio_header: bool,
    /// User id of the user who may attach. Without owner and group, everybody may.
    pub owner: Option<u32>,
    /// Id of the group that may attach. With an owner too, one has to be both.
    pub group: Option<u32>,
}

/// The number of an interface in this process's namespace.
fn index(name: &InterfaceName) -> Result<u32, Error> {
    if_nametoindex(name.as_str()).map_err(|errno| match errno {
        Errno::ENODEV => Error::Missing { name: name.clone(), kind: None },
        other => Error::io("looking up the interface", other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every network namespace has a loopback device.
    fn loopback() -> Interface {
        Interface::named(&"lo".parse().unwrap()).unwrap()
    }

    #[test]
    fn an_interface_that_is_not_there_is_missing() {
        let name = "not-there-0".parse().unwrap();
        assert!(!Interface::exists(&name));
        assert!(matches!(Interface::named(&name), Err(Error::Missing { .. })));
    }

    #[test]
    fn an_interface_of_another_kind_can_be_asked_too() {
        assert!(loopback().mtu().unwrap() >= 68);
        assert_eq!(loopback().index().unwrap(), 1);
        assert!(matches!(loopback().tun(), Err(Error::NotTun { .. })));
        assert_ne!(loopback().flags().unwrap() & libc::IFF_LOOPBACK, 0);
    }
}
