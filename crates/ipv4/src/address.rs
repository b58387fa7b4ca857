//! Addresses and the networks they are in.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// An address together with the length of its network's prefix: `192.0.2.2/24` (RFC 4632).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    address: Ipv4Addr,
    /// 0 to 32.
    prefix_length: u8,
    /// As `prefix_length` says. It is kept because it is asked for with each packet.
    netmask: u32,
}

impl Cidr {
    /// `address` in a network of `prefix_length` bits, or `None` if those are more than 32.
    #[must_use]
    pub const fn new(address: Ipv4Addr, prefix_length: u8) -> Option<Self> {
        if prefix_length > 32 {
            return None;
        }
        let netmask = match u32::MAX.checked_shl(32 - prefix_length as u32) {
            Some(netmask) => netmask,
            None => 0,
        };
        Some(Self { address, prefix_length, netmask })
    }

    /// The address itself.
    #[must_use]
    pub const fn address(self) -> Ipv4Addr {
        self.address
    }

    /// The length of the network's prefix in bits, 0 to 32.
    #[must_use]
    pub const fn prefix_length(self) -> u8 {
        self.prefix_length
    }

    /// The bits that name the network: `255.255.255.0` for a prefix of 24.
    #[must_use]
    pub const fn netmask(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.netmask)
    }

    /// The network's first address, which names the network itself.
    #[must_use]
    pub fn network(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.address.to_bits() & self.netmask)
    }

    /// The network's last address, to which all of its hosts listen; `None` in a network of one
    /// or two addresses, which has none to spare (RFC 3021).
    #[must_use]
    pub fn broadcast(self) -> Option<Ipv4Addr> {
        let last = Ipv4Addr::from_bits(self.address.to_bits() | !self.netmask);
        (self.prefix_length < 31).then_some(last)
    }

    /// Whether `address` stands for all hosts of this network: its last address, or its first,
    /// which old hosts use so (RFC 1122, BC-1 and BC-2).
    #[must_use]
    pub fn is_broadcast(self, address: Ipv4Addr) -> bool {
        let host = address.to_bits() & !self.netmask;
        (host == 0 || host == !self.netmask) && self.prefix_length < 31 && self.contains(address)
    }

    /// Whether `address` is in this network.
    #[must_use]
    pub fn contains(self, address: Ipv4Addr) -> bool {
        (address.to_bits() ^ self.address.to_bits()) & self.netmask == 0
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix_length)
    }
}

/// Text that is no address with a prefix length.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not an IPv4 address with a prefix length, such as 192.0.2.2/24")]
pub struct InvalidCidr {
    text: String,
}

impl FromStr for Cidr {
    type Err = InvalidCidr;

    /// Reads `192.0.2.2/24`; without a prefix length the network is the address alone, `/32`.
    fn from_str(text: &str) -> Result<Self, InvalidCidr> {
        let invalid = || InvalidCidr { text: text.to_owned() };
        let (address, prefix_length) = text.split_once('/').unwrap_or((text, "32"));
        let address = address.parse().map_err(|_| invalid())?;
        let prefix_length = prefix_length.parse().map_err(|_| invalid())?;
        Self::new(address, prefix_length).ok_or_else(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_is_what_the_prefix_says() {
        let ours = cidr("192.0.2.2/24");
        assert_eq!(ours.network(), Ipv4Addr::new(192, 0, 2, 0));
        assert_eq!(ours.netmask(), Ipv4Addr::new(255, 255, 255, 0));
        assert_eq!(ours.broadcast(), Some(Ipv4Addr::new(192, 0, 2, 255)));
        assert!(ours.contains(Ipv4Addr::new(192, 0, 2, 1)));
        assert!(!ours.contains(Ipv4Addr::new(192, 0, 3, 1)));
        assert_eq!(ours.prefix_length(), 24);
        assert_eq!(ours.to_string(), "192.0.2.2/24");
    }

    #[test]
    fn the_shortest_and_the_longest_prefix() {
        let everything = cidr("192.0.2.2/0");
        assert_eq!(everything.netmask(), Ipv4Addr::UNSPECIFIED);
        assert!(everything.contains(Ipv4Addr::new(203, 0, 113, 9)));
        assert_eq!(everything.broadcast(), Some(Ipv4Addr::BROADCAST));
        let alone = cidr("192.0.2.2");
        assert_eq!(alone, cidr("192.0.2.2/32"));
        assert!(alone.contains(alone.address()));
        assert!(!alone.contains(Ipv4Addr::new(192, 0, 2, 3)));
        assert_eq!(alone.broadcast(), None);
        assert_eq!(cidr("192.0.2.2/31").broadcast(), None);
    }

    #[test]
    fn what_is_no_address_is_refused_by_its_text() {
        for text in ["", "192.0.2", "300.1.1.1", "192.0.2.2/33", "192.0.2.2/", "192.0.2.2/-1", "x"]
        {
            let error = text.parse::<Cidr>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("'{text}' is not")), "{error}");
        }
    }
}
