//! Socket addresses, and the two families that they can be shown in.

use std::net::{IpAddr, SocketAddr};

use nix::errno::Errno;

/// What a socket was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// AF_INET.
    V4,
    /// AF_INET6, for IPv4 addresses mapped into it (RFC 4291, 2.5.5.2): packetdrill's
    /// `--ip_version=ipv4-mapped-ipv6`. There is no IPv6 here yet.
    MappedV4,
}

impl Family {
    /// # Errors
    /// EAFNOSUPPORT.
    pub(crate) const fn of_domain(domain: i32) -> Result<Self, Errno> {
        match domain {
            libc::AF_INET => Ok(Self::V4),
            libc::AF_INET6 => Ok(Self::MappedV4),
            _ => Err(Errno::EAFNOSUPPORT),
        }
    }

    pub(crate) const fn domain(self) -> i32 {
        match self {
            Self::V4 => libc::AF_INET,
            Self::MappedV4 => libc::AF_INET6,
        }
    }

    /// The address as a program that opened such a socket expects it.
    pub(crate) fn show(self, address: SocketAddr) -> SocketAddr {
        match (self, address.ip()) {
            (Self::MappedV4, IpAddr::V4(ip)) => {
                SocketAddr::new(ip.to_ipv6_mapped().into(), address.port())
            }
            _ => address,
        }
    }
}

/// An address that a program gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// AF_UNSPEC: `connect` lets go of whom it was connected to.
    Nobody,
    Address(SocketAddr),
}

impl Given {
    /// The IPv4 address that is meant.
    ///
    /// # Errors
    /// EAFNOSUPPORT where it is none.
    pub(crate) fn v4(self) -> Result<SocketAddr, Errno> {
        let Self::Address(address) = self else { return Err(Errno::EAFNOSUPPORT) };
        match address.ip() {
            IpAddr::V4(_) => Ok(address),
            IpAddr::V6(any) if any.is_unspecified() => {
                Ok(SocketAddr::from((std::net::Ipv4Addr::UNSPECIFIED, address.port())))
            }
            IpAddr::V6(ip) => {
                let mapped = ip.to_ipv4_mapped().ok_or(Errno::EAFNOSUPPORT)?;
                Ok(SocketAddr::from((mapped, address.port())))
            }
        }
    }
}
