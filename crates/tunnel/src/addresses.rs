//! Who a frame is from and whom it is for, as far as a switch has to know.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use packet::Medium;

/// By what a host inside the tunnel is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    /// On TUN.
    Ip(IpAddr),
    /// On TAP.
    Mac([u8; 6]),
}

/// Both addresses of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) source: Address,
    pub(crate) destination: Address,
}

impl Addresses {
    /// Those of a frame of this medium; `None` if it is none: too short, or no IP packet.
    pub(crate) fn of(medium: Medium, frame: &[u8]) -> Option<Self> {
        match medium {
            Medium::Ethernet => {
                let (destination, rest) = frame.split_first_chunk()?;
                let (source, rest) = rest.split_first_chunk()?;
                let _type = rest.first_chunk::<2>()?;
                Some(Self {
                    source: Address::Mac(*source),
                    destination: Address::Mac(*destination),
                })
            }
            Medium::Ip => match frame.first()? >> 4 {
                4 => {
                    let (source, rest) = frame.get(12..)?.split_first_chunk()?;
                    let destination = rest.first_chunk()?;
                    let ip = |bytes: [u8; 4]| Address::Ip(Ipv4Addr::from(bytes).into());
                    Some(Self { source: ip(*source), destination: ip(*destination) })
                }
                6 => {
                    let (source, rest) = frame.get(8..)?.split_first_chunk()?;
                    let destination = rest.first_chunk()?;
                    let ip = |bytes: [u8; 16]| Address::Ip(Ipv6Addr::from(bytes).into());
                    Some(Self { source: ip(*source), destination: ip(*destination) })
                }
                _ => None,
            },
        }
    }
}

impl Address {
    /// Whether it is that of one host: neither a group's, nor everybody's, nor nobody's.
    pub(crate) fn is_one_host(&self) -> bool {
        match self {
            Self::Mac(bytes) => bytes.first().is_some_and(|it| it & 1 == 0) && *bytes != [0; 6],
            Self::Ip(IpAddr::V4(it)) => {
                !it.is_multicast() && !it.is_broadcast() && !it.is_unspecified()
            }
            Self::Ip(IpAddr::V6(it)) => !it.is_multicast() && !it.is_unspecified(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_of_either_version_names_both_hosts() {
        let mut packet = vec![0x45; 12];
        packet.extend([192, 0, 2, 1, 192, 0, 2, 2]);
        let read = Addresses::of(Medium::Ip, &packet).unwrap();
        assert_eq!(read.source, Address::Ip([192, 0, 2, 1].into()));
        assert_eq!(read.destination, Address::Ip([192, 0, 2, 2].into()));

        let mut packet = vec![0x60; 8];
        packet.extend([1; 16]);
        packet.extend([2; 16]);
        let read = Addresses::of(Medium::Ip, &packet).unwrap();
        assert_eq!(read.source, Address::Ip([1_u8; 16].into()));
        assert_eq!(read.destination, Address::Ip([2_u8; 16].into()));
    }

    #[test]
    fn an_ethernet_frame_begins_with_whom_it_is_for() {
        let frame = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
        let read = Addresses::of(Medium::Ethernet, &frame).unwrap();
        assert_eq!(read.destination, Address::Mac([2, 0, 0, 0, 0, 1]));
        assert_eq!(read.source, Address::Mac([2, 0, 0, 0, 0, 2]));
        assert_eq!(Addresses::of(Medium::Ethernet, &frame[..13]), None);
    }

    #[test]
    fn what_is_no_packet_names_nobody() {
        for bytes in [&b""[..], &[0x45; 19], &[0x60; 39], &[0x35; 40], b"GET / HTTP/1.1\r\n"] {
            assert_eq!(Addresses::of(Medium::Ip, bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn groups_everybody_and_nobody_are_not_one_host() {
        for address in [[224, 0, 0, 1], [255, 255, 255, 255], [0, 0, 0, 0]] {
            assert!(!Address::Ip(address.into()).is_one_host());
        }
        for address in [[1, 0, 0x5e, 0, 0, 1], [255; 6], [0; 6]] {
            assert!(!Address::Mac(address).is_one_host());
        }
        assert!(Address::Ip([192, 0, 2, 1].into()).is_one_host());
        assert!(Address::Mac([2, 0, 0, 0, 0, 1]).is_one_host());
    }
}
