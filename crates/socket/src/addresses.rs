//! Pairs of addresses, with and without ports. Nothing here depends on how long an address is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// From which host to which a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressPair {
    /// The sender's address.
    pub source: IpAddr,
    /// The address that it was sent to.
    pub destination: IpAddr,
}

/// Two ends, as one of them sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SocketPair {
    /// Our end.
    pub local: SocketAddr,
    /// The other end.
    pub remote: SocketAddr,
}

/// `192.0.2.2:7 <-> 192.0.2.1:40000`
impl fmt::Display for SocketPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <-> {}", self.local, self.remote)
    }
}

/// The address of the same family and port that stands for any of the host's addresses.
#[must_use]
pub const fn any_address(like: SocketAddr) -> SocketAddr {
    let any = match like {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    SocketAddr::new(any, like.port())
}

/// Address and port alone: IPv6's flow label and scope tell no socket from another.
#[must_use]
pub const fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddrV6;

    #[test]
    fn any_address_keeps_family_and_port() {
        let v6: SocketAddr = "[2001:db8::1]:7".parse().unwrap();
        assert_eq!(any_address(v6), "[::]:7".parse().unwrap());
        let v4: SocketAddr = "192.0.2.2:7".parse().unwrap();
        assert_eq!(any_address(v4), "0.0.0.0:7".parse().unwrap());
    }

    #[test]
    fn a_pair_is_printed_as_its_two_ends() {
        let end = |last, port| ([192, 0, 2, last], port).into();
        let pair = SocketPair { local: end(2, 7), remote: end(1, 40_000) };
        assert_eq!(pair.to_string(), "192.0.2.2:7 <-> 192.0.2.1:40000");
    }

    #[test]
    fn flow_label_and_scope_are_left_out() {
        let address = Ipv6Addr::LOCALHOST;
        let scoped = SocketAddrV6::new(address, 7, 1, 2).into();
        assert_eq!(plain(scoped), SocketAddr::new(address.into(), 7));
    }
}
