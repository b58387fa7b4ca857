//! What an address means, and what it means to us (RFC 1122, 3.2.1.3; RFC 6890).

use std::net::Ipv4Addr;

use crate::address::Cidr;

/// 224.0.0.1, the group of all hosts on a link. Everyone is in it, and no one leaves it
/// (RFC 1112, 4).
pub const ALL_HOSTS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);

/// What an address means to anyone, as its first bits say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// 0.0.0.0: this host, which does not yet know its address.
    Unspecified,
    /// 0.0.0.0/8 otherwise: a host of this network, which does not yet know its address.
    ThisNetwork,
    /// 127.0.0.0/8: the host that reads it. Never on a wire (IP-10).
    Loopback,
    /// 224.0.0.0/4: all members of a group.
    Multicast,
    /// 240.0.0.0/4, "class E": nobody.
    Reserved,
    /// 255.255.255.255: all hosts of the link.
    LimitedBroadcast,
    /// One host; or all of a network, which only its [`Cidr`] tells.
    Unicast,
}

impl AddressKind {
    /// What `address` means.
    #[must_use]
    pub const fn of(address: Ipv4Addr) -> Self {
        match address.octets() {
            [1..=126 | 128..=223, ..] => Self::Unicast,
            [127, ..] => Self::Loopback,
            [224..=239, ..] => Self::Multicast,
            [0, 0, 0, 0] => Self::Unspecified,
            [0, ..] => Self::ThisNetwork,
            [255, 255, 255, 255] => Self::LimitedBroadcast,
            [240..=255, ..] => Self::Reserved,
        }
    }
}

/// Whether a datagram that came over a network can be from `source`: one host's own address,
/// not a group, not everybody, not the reader itself (RFC 1122, IP-9).
///
/// A source that passes may still be the broadcast address of a network that the reader is in:
/// see [`Cidr::is_broadcast`].
#[must_use]
pub const fn is_unicast_source(source: Ipv4Addr) -> bool {
    matches!(AddressKind::of(source), AddressKind::Unicast)
}

/// What the destination of a datagram means to the host that it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// This host alone.
    Host,
    /// All hosts of the link or of one of our networks. Never answered with an ICMP error.
    Broadcast,
    /// A group, of which this host may be a member. Never answered with an ICMP error.
    Multicast,
    /// Somebody else.
    Other,
}

impl Destination {
    /// What `address` means to a host with the addresses `ours`, those of the interface that
    /// the datagram came by.
    #[must_use]
    pub fn of(address: Ipv4Addr, ours: impl IntoIterator<Item = Cidr>) -> Self {
        match AddressKind::of(address) {
            AddressKind::Multicast => return Self::Multicast,
            // BC-2: all zeros is how 4.2BSD said all ones.
            AddressKind::LimitedBroadcast | AddressKind::Unspecified => return Self::Broadcast,
            _ => {}
        }
        let mut found = Self::Other;
        for network in ours {
            if network.address() == address {
                return Self::Host;
            }
            if network.is_broadcast(address) {
                found = Self::Broadcast;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_mean_what_their_first_bits_say() {
        use AddressKind::*;
        for (text, kind) in [
            ("0.0.0.0", Unspecified),
            ("0.0.0.1", ThisNetwork),
            ("0.255.255.255", ThisNetwork),
            ("1.0.0.0", Unicast),
            ("126.255.255.255", Unicast),
            ("127.0.0.0", Loopback),
            ("127.255.255.255", Loopback),
            ("128.0.0.0", Unicast),
            ("223.255.255.255", Unicast),
            ("224.0.0.0", Multicast),
            ("239.255.255.255", Multicast),
            ("240.0.0.0", Reserved),
            ("255.255.255.254", Reserved),
            ("255.255.255.255", LimitedBroadcast),
        ] {
            assert_eq!(AddressKind::of(address(text)), kind, "{text}");
        }
    }

    #[test]
    fn ip_9_sources_that_are_no_single_host() {
        for source in ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1"] {
            assert!(!is_unicast_source(address(source)), "{source}");
        }
        assert!(!is_unicast_source(Ipv4Addr::BROADCAST));
        for source in ["192.0.2.1", "1.0.0.1", "223.255.255.254", "126.255.255.255"] {
            assert!(is_unicast_source(address(source)), "{source}");
        }
    }

    fn to_us(text: &str) -> Destination {
        let ours = ["192.0.2.2/24", "198.51.100.9/28", "203.0.113.1/31"];
        Destination::of(address(text), ours.map(|cidr| cidr.parse().unwrap()))
    }

    #[test]
    fn ip_8_what_is_for_somebody_else() {
        for host in ["192.0.2.2", "198.51.100.9", "203.0.113.1"] {
            assert_eq!(to_us(host), Destination::Host, "{host}");
        }
        for other in ["192.0.2.3", "203.0.113.0", "127.0.0.1", "240.0.0.1", "0.0.0.2"] {
            assert_eq!(to_us(other), Destination::Other, "{other}");
        }
        assert_eq!(to_us("224.0.0.1"), Destination::Multicast);
        assert_eq!(Destination::of(address("192.0.2.2"), []), Destination::Other);
    }

    #[test]
    fn bc_1_and_bc_2_every_form_of_broadcast_is_known() {
        for broadcast in [
            "255.255.255.255",
            "0.0.0.0",
            "192.0.2.255",
            "192.0.2.0",
            "198.51.100.15",
            "198.51.100.0",
        ] {
            assert_eq!(to_us(broadcast), Destination::Broadcast, "{broadcast}");
        }
        assert_eq!(to_us("198.51.100.255"), Destination::Other);
    }

    #[test]
    fn an_own_address_stays_one_though_another_network_broadcasts_to_it() {
        let ours = ["10.0.0.1/24", "10.0.0.255/23"].map(|cidr| cidr.parse().unwrap());
        assert_eq!(Destination::of(address("10.0.0.255"), ours), Destination::Host);
    }
}
