//! Reading: bytes that are proven to be a packet.

use std::net::Ipv4Addr;

use byteorder::{ByteOrder, NetworkEndian};
use ethernet::{EtherType, MacAddress};

use crate::message::{ETHERNET, HARDWARE_LEN, PROTOCOL_LEN};
use crate::{Message, Operation, PACKET_LEN};

/// Length of the part that is the same for any hardware and any protocol, in bytes.
const FIXED_LEN: usize = 8;

/// A checked view of an ARP packet for IPv4 over Ethernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    bytes: &'a [u8; PACKET_LEN],
    operation: Operation,
}

impl<'a> Packet<'a> {
    /// Reads `bytes`, the payload of a frame. What stands behind the packet is padding, and is
    /// passed over.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong, or what else it is (ARP-8).
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let truncated = Malformed::Truncated { length: bytes.len() };
        let fixed = bytes.first_chunk::<FIXED_LEN>().ok_or(truncated)?;
        check_types(fixed)?;
        let operation = operation(fixed)?;
        let bytes = bytes.first_chunk().ok_or(truncated)?;
        Ok(Self { bytes, operation })
    }

    /// What the packet says.
    #[must_use]
    pub const fn message(&self) -> Message {
        let [_, _, _, _, _, _, _, _, rest @ ..] = *self.bytes;
        let [a, b, c, d, e, f, rest @ ..] = rest;
        let sender_hardware = MacAddress::new([a, b, c, d, e, f]);
        let [a, b, c, d, rest @ ..] = rest;
        let sender = Ipv4Addr::new(a, b, c, d);
        let [a, b, c, d, e, f, rest @ ..] = rest;
        let target_hardware = MacAddress::new([a, b, c, d, e, f]);
        let [a, b, c, d] = rest;
        let target = Ipv4Addr::new(a, b, c, d);
        Message { operation: self.operation, sender_hardware, sender, target_hardware, target }
    }
}

/// Proves that the packet is about IPv4 addresses on Ethernet.
fn check_types(fixed: &[u8; FIXED_LEN]) -> Result<(), Malformed> {
    let hardware = NetworkEndian::read_u16(&fixed[..2]);
    if hardware != ETHERNET {
        return Err(Malformed::HardwareType { hardware });
    }
    let protocol = NetworkEndian::read_u16(&fixed[2..4]);
    if protocol != EtherType::Ipv4.number() {
        return Err(Malformed::ProtocolType { protocol });
    }
    let (hardware, protocol) = (fixed[4], fixed[5]);
    if (hardware, protocol) != (HARDWARE_LEN, PROTOCOL_LEN) {
        return Err(Malformed::AddressLength { hardware, protocol });
    }
    Ok(())
}

fn operation(fixed: &[u8; FIXED_LEN]) -> Result<Operation, Malformed> {
    match NetworkEndian::read_u16(&fixed[6..]) {
        1 => Ok(Operation::Request),
        2 => Ok(Operation::Reply),
        operation => Err(Malformed::Operation { operation }),
    }
}

/// Why bytes are not an ARP packet for IPv4 over Ethernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There are fewer bytes than a packet has.
    #[error("{length} bytes are too few for an ARP packet, which has 28")]
    Truncated {
        /// How many there are.
        length: usize,
    },
    /// It is about another kind of link.
    #[error("the hardware type is {hardware}, not 1 for Ethernet")]
    HardwareType {
        /// What the field says.
        hardware: u16,
    },
    /// It is about the addresses of another protocol.
    #[error("the protocol type is {protocol:#06x}, not 0x0800 for IPv4")]
    ProtocolType {
        /// What the field says.
        protocol: u16,
    },
    /// The lengths do not fit the types.
    #[error("the addresses have {hardware} and {protocol} bytes, not 6 and 4")]
    AddressLength {
        /// What the packet says of the hardware addresses.
        hardware: u8,
        /// What the packet says of the protocol addresses.
        protocol: u8,
    },
    /// It neither asks nor answers. Reverse ARP, for one, has operations of its own.
    #[error("the operation is {operation}, which is neither request (1) nor reply (2)")]
    Operation {
        /// What the field says.
        operation: u16,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::messages;
    use etherparse::{ArpEthIpv4Packet, ArpOperation, ArpPacket, ArpPacketSlice};
    use proptest::prelude::*;

    /// A sound packet with one byte set to something else.
    fn with(place: usize, byte: u8) -> Vec<u8> {
        let mut bytes = vec![0, 1, 8, 0, 6, 4, 0, 1];
        bytes.resize(PACKET_LEN, 0);
        bytes[place] = byte;
        bytes
    }

    #[test]
    fn arp_8_what_is_no_arp_packet_for_ipv4_over_ethernet_says_why() {
        for (bytes, error) in [
            (with(1, 6), "the hardware type is 6, not 1 for Ethernet"),
            (with(2, 0x86), "the protocol type is 0x8600, not 0x0800 for IPv4"),
            (with(4, 8), "the addresses have 8 and 4 bytes, not 6 and 4"),
            (with(5, 16), "the addresses have 6 and 16 bytes, not 6 and 4"),
            (with(7, 3), "the operation is 3, which is neither request (1) nor reply (2)"),
            (with(6, 1), "the operation is 257, which is neither request (1) nor reply (2)"),
            (vec![0; 7], "7 bytes are too few for an ARP packet, which has 28"),
        ] {
            assert_eq!(Packet::parse(&bytes).unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn a_packet_cut_short_says_so_wherever_it_was_cut() {
        let bytes = with(7, 2);
        for length in 0..PACKET_LEN {
            assert_eq!(Packet::parse(&bytes[..length]), Err(Malformed::Truncated { length }));
        }
        assert_eq!(Packet::parse(&bytes).unwrap().message().operation, Operation::Reply);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            message in messages(), padding in prop::collection::vec(any::<u8>(), 0..20)
        ) {
            let mut bytes = message.to_bytes().to_vec();
            bytes.extend(padding);
            prop_assert_eq!(Packet::parse(&bytes).unwrap().message(), message);
        }

        #[test]
        fn we_read_what_etherparse_writes(
            reply: bool, sender_mac: [u8; 6], sender_ipv4: [u8; 4], target_mac: [u8; 6],
            target_ipv4: [u8; 4]
        ) {
            let operation = if reply { ArpOperation::REPLY } else { ArpOperation::REQUEST };
            let judge =
                ArpEthIpv4Packet { operation, sender_mac, sender_ipv4, target_mac, target_ipv4 };
            let message = Packet::parse(&judge.to_bytes()).unwrap().message();
            prop_assert_eq!(message.operation.number(), operation.0);
            prop_assert_eq!(message.sender_hardware.octets(), sender_mac);
            prop_assert_eq!(message.sender.octets(), sender_ipv4);
            prop_assert_eq!(message.target_hardware.octets(), target_mac);
            prop_assert_eq!(message.target.octets(), target_ipv4);
            prop_assert_eq!(message.to_bytes(), judge.to_bytes());
        }

        /// A few bytes changed at random, so that both the sound and the unsound come up.
        #[test]
        fn damaged_and_truncated_packets_are_judged_as_etherparse_judges(
            message in messages(), length in 0..40_usize,
            damage in prop::collection::vec((0..PACKET_LEN, any::<u8>()), 0..3)
        ) {
            let mut bytes = message.to_bytes().to_vec();
            for (place, byte) in damage {
                bytes[place] = byte;
            }
            bytes.resize(length, 0);
            let judge = ArpPacketSlice::from_slice(&bytes)
                .ok()
                .and_then(|slice| ArpPacket::try_eth_ipv4(&slice.to_packet()).ok())
                .filter(|judge| matches!(judge.operation.0, 1 | 2));
            let ours = Packet::parse(&bytes).ok().map(|packet| packet.message().to_bytes());
            prop_assert_eq!(ours, judge.map(|judge| judge.to_bytes()));
        }

        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(packet) = Packet::parse(&bytes) {
                prop_assert_eq!(&packet.message().to_bytes(), &bytes[..PACKET_LEN]);
            }
        }
    }
}
