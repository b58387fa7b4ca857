//! The last field of an Ethernet header, which is a type or a length.

use std::fmt;

/// Values below this one are a length, values from it on an EtherType (IEEE 802.3, 3.2.6).
const FIRST_ETHER_TYPE: u16 = 0x0600;

/// The field behind the two addresses. One field, two meanings, told apart by its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthOrType {
    /// 0x0600 and above: an Ethernet II frame, and what its payload is.
    EtherType(EtherType),
    /// Below 0x0600: an IEEE 802.3 frame, and how many bytes of payload are not padding.
    ///
    /// The payload begins with an 802.2 header, perhaps with a SNAP header behind it. IP is not
    /// sent so. (More than 1,500 is neither a type nor a length that can be.)
    Length(u16),
}

impl LengthOrType {
    /// What the field means when it holds `number`.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        match EtherType::new(number) {
            Some(ether_type) => Self::EtherType(ether_type),
            None => Self::Length(number),
        }
    }
}

/// What the payload of an Ethernet II frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EtherType {
    /// 0x0800: an IPv4 datagram.
    Ipv4,
    /// 0x0806: an ARP packet.
    Arp,
    /// 0x8100: an IEEE 802.1Q tag, which names a virtual LAN; another EtherType follows it.
    Vlan,
    /// 0x86dd: an IPv6 packet.
    Ipv6,
    /// 0x88cc: LLDP, by which switches and hosts tell their neighbours who they are.
    Lldp,
    /// One that is not named here.
    Other(OtherEtherType),
}

/// An EtherType without a name of its own in [`EtherType`]; made by [`EtherType::new`] alone, so
/// that no length and no named type hides in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OtherEtherType(u16);

impl EtherType {
    /// The EtherType of this number; `None` below 0x0600, where the field is a length.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        Some(match number {
            0..FIRST_ETHER_TYPE => return None,
            0x0800 => Self::Ipv4,
            0x0806 => Self::Arp,
            0x8100 => Self::Vlan,
            0x86dd => Self::Ipv6,
            0x88cc => Self::Lldp,
            other => Self::Other(OtherEtherType(other)),
        })
    }

    /// Its number, 0x0600 or more.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Ipv4 => 0x0800,
            Self::Arp => 0x0806,
            Self::Vlan => 0x8100,
            Self::Ipv6 => 0x86dd,
            Self::Lldp => 0x88cc,
            Self::Other(OtherEtherType(number)) => number,
        }
    }
}

/// The name where there is one, else the number: `IPv4`, `EtherType 0x9000`.
impl fmt::Display for EtherType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4 => f.write_str("IPv4"),
            Self::Arp => f.write_str("ARP"),
            Self::Vlan => f.write_str("VLAN"),
            Self::Ipv6 => f.write_str("IPv6"),
            Self::Lldp => f.write_str("LLDP"),
            Self::Other(OtherEtherType(number)) => write!(f, "EtherType {number:#06x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_a_length_or_keeps_its_value() {
        for number in 0..=u16::MAX {
            match LengthOrType::new(number) {
                LengthOrType::Length(length) => {
                    assert_eq!(length, number);
                    assert!(number < 0x0600);
                }
                LengthOrType::EtherType(ether_type) => {
                    assert_eq!(ether_type.number(), number);
                    assert!(number >= 0x0600);
                }
            }
        }
    }

    #[test]
    fn types_have_names_where_there_are_any() {
        let name = |number| EtherType::new(number).map(|ether_type| ether_type.to_string());
        assert_eq!(name(0x0806).as_deref(), Some("ARP"));
        assert_eq!(name(0x9000).as_deref(), Some("EtherType 0x9000"));
        assert_eq!(name(0x0100), None);
    }
}
