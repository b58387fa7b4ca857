//! Who we are on the link, and which addresses can be a neighbour's there.

use std::net::Ipv4Addr;

use ethernet::MacAddress;
use ipv4::Cidr;

use crate::message::NO_HARDWARE;

/// Our own addresses on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Our MAC address.
    pub hardware: MacAddress,
    /// Our IPv4 address, and the network that is reached without a router.
    pub address: Cidr,
}

impl Local {
    /// Whether `address` can be another single host's of our network.
    pub(crate) fn is_neighbour(&self, address: Ipv4Addr) -> bool {
        self.address.contains(address)
            && address != self.address.address()
            && !self.address.is_broadcast(address)
            && ipv4::is_unicast_source(address)
    }

    /// The MAC address of everybody, or of a group, that follows from `address` without asking
    /// (RFC 1112, 6.4). `None` if `address` is a single host's.
    pub(crate) fn group(&self, address: Ipv4Addr) -> Option<MacAddress> {
        if address.is_broadcast() || self.address.broadcast() == Some(address) {
            return Some(MacAddress::BROADCAST);
        }
        multicast_hardware(address)
    }
}

/// The MAC address of the group `address`; `None` if it is no group (RFC 1112, 6.4).
#[must_use]
pub fn multicast_hardware(address: Ipv4Addr) -> Option<MacAddress> {
    let [_, b, c, d] = address.octets();
    // Of 28 bits that tell one group from another 23 fit.
    address.is_multicast().then(|| MacAddress::new([0x01, 0x00, 0x5e, b & 0x7f, c, d]))
}

/// Whether `hardware` can be the MAC address of one network interface.
pub(crate) fn is_one_interface(hardware: MacAddress) -> bool {
    !hardware.is_multicast() && hardware != NO_HARDWARE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::local;

    fn with(address: &str) -> Local {
        Local { address: address.parse().unwrap(), ..local() }
    }

    fn ip(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    #[test]
    fn a_neighbour_is_another_single_host_of_our_network() {
        let local = with("192.0.2.2/24");
        assert!(local.is_neighbour(ip("192.0.2.1")) && local.is_neighbour(ip("192.0.2.254")));
        for other in ["192.0.2.2", "192.0.2.0", "192.0.2.255", "192.0.3.1", "0.0.0.0", "224.0.0.1"]
        {
            assert!(!local.is_neighbour(ip(other)), "{other}");
        }
        let pair = with("192.0.2.2/31");
        assert!(pair.is_neighbour(ip("192.0.2.3")));
        assert!(with("192.0.2.3/31").is_neighbour(ip("192.0.2.2")));
        assert!(!with("192.0.2.2/32").is_neighbour(ip("192.0.2.2")));
        let everything = with("192.0.2.2/0");
        assert!(everything.is_neighbour(ip("203.0.113.9")));
        for nobody in ["224.0.0.1", "127.0.0.1", "255.255.255.255", "240.0.0.1", "0.1.2.3"] {
            assert!(!everything.is_neighbour(ip(nobody)), "{nobody}");
        }
    }

    #[test]
    fn groups_need_no_question() {
        let group = |address| local().group(ip(address)).map(|group| group.to_string());
        assert_eq!(group("224.0.0.251").as_deref(), Some("01:00:5e:00:00:fb"));
        assert_eq!(group("239.255.1.2").as_deref(), Some("01:00:5e:7f:01:02"));
        assert_eq!(group("192.0.2.255").as_deref(), Some("ff:ff:ff:ff:ff:ff"));
        assert_eq!(group("255.255.255.255").as_deref(), Some("ff:ff:ff:ff:ff:ff"));
        assert_eq!(group("192.0.2.1"), None);
        assert_eq!(group("240.0.0.1"), None);
    }

    #[test]
    fn a_group_and_nobody_are_no_interface() {
        assert!(is_one_interface(local().hardware));
        assert!(!is_one_interface(MacAddress::BROADCAST));
        assert!(!is_one_interface(MacAddress::new([0x01, 0, 0x5e, 0, 0, 1])));
        assert!(!is_one_interface(MacAddress::new([0; 6])));
    }
}
