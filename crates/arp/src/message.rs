//! The packet as a value, and writing it.

use std::net::Ipv4Addr;

use byteorder::{ByteOrder, NetworkEndian};
use ethernet::{EtherType, MacAddress};
use packet::Buffer;

use crate::Local;

/// Length of a packet in bytes.
pub const PACKET_LEN: usize = 28;

/// Hardware type 1: Ethernet.
pub(crate) const ETHERNET: u16 = 1;
/// Length of a MAC address in bytes.
pub(crate) const HARDWARE_LEN: u8 = 6;
/// Length of an IPv4 address in bytes.
pub(crate) const PROTOCOL_LEN: u8 = 4;

/// No hardware address: what a field holds for which nobody knows one.
pub(crate) const NO_HARDWARE: MacAddress = MacAddress::new([0; 6]);

/// What an ARP packet for IPv4 over Ethernet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whether it asks or answers.
    pub operation: Operation,
    /// The MAC address that the sender says it has.
    pub sender_hardware: MacAddress,
    /// The IPv4 address that the sender says it has; 0.0.0.0 in a probe (RFC 5227, 1.1), which
    /// asks without claiming anything.
    pub sender: Ipv4Addr,
    /// In a reply the MAC address of who is answered; in a request of no meaning.
    pub target_hardware: MacAddress,
    /// In a request the address that is asked for; in a reply that of who is answered.
    pub target: Ipv4Addr,
}

/// What a packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// 1: who has the target's address?
    Request,
    /// 2: the sender has the sender's address.
    Reply,
}

impl Operation {
    /// Its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Request => 1,
            Self::Reply => 2,
        }
    }
}

impl Message {
    /// "Who has `target`? Tell us."
    pub(crate) const fn request(local: &Local, target: Ipv4Addr) -> Self {
        Self {
            operation: Operation::Request,
            sender_hardware: local.hardware,
            sender: local.address.address(),
            target_hardware: NO_HARDWARE,
            target,
        }
    }

    /// "Does anybody have the address that I would like to have?" (RFC 5227, 2.1.1)
    pub(crate) const fn probe(local: &Local) -> Self {
        Self { sender: Ipv4Addr::UNSPECIFIED, ..Self::announcement(local) }
    }

    /// "This address is mine." A request for the address of who sends it (RFC 5227, 2.3).
    pub(crate) const fn announcement(local: &Local) -> Self {
        Self::request(local, local.address.address())
    }

    /// The answer to `request`, to whoever asked.
    pub(crate) const fn reply(local: &Local, request: &Self) -> Self {
        Self {
            operation: Operation::Reply,
            sender_hardware: local.hardware,
            sender: local.address.address(),
            target_hardware: request.sender_hardware,
            target: request.sender,
        }
    }

    /// The packet as it stands on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; PACKET_LEN] {
        let mut bytes = [0; PACKET_LEN];
        NetworkEndian::write_u16(&mut bytes[..2], ETHERNET);
        NetworkEndian::write_u16(&mut bytes[2..4], EtherType::Ipv4.number());
        bytes[4] = HARDWARE_LEN;
        bytes[5] = PROTOCOL_LEN;
        NetworkEndian::write_u16(&mut bytes[6..8], self.operation.number());
        bytes[8..14].copy_from_slice(&self.sender_hardware.octets());
        bytes[14..18].copy_from_slice(&self.sender.octets());
        bytes[18..24].copy_from_slice(&self.target_hardware.octets());
        bytes[24..].copy_from_slice(&self.target.octets());
        bytes
    }

    /// Lays the packet into `buffer`, for the Ethernet header to stand in front.
    pub fn prepend_to(&self, buffer: &mut Buffer) {
        buffer.prepend(&self.to_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{local, mac, messages};
    use etherparse::{ArpEthIpv4Packet, ArpPacket, NetSlice, SlicedPacket};
    use proptest::prelude::*;

    #[test]
    fn what_we_say_is_what_the_rfc_says_we_should() {
        let (local, us) = (local(), Ipv4Addr::new(192, 0, 2, 2));
        let probe = Message::probe(&local);
        assert_eq!((probe.sender, probe.target), (Ipv4Addr::UNSPECIFIED, us));
        assert_eq!((probe.sender_hardware, probe.target_hardware), (local.hardware, NO_HARDWARE));
        let announcement = Message::announcement(&local);
        assert_eq!((announcement.sender, announcement.target), (us, us));
        assert_eq!(announcement.operation, Operation::Request);

        let asker = Local { hardware: mac(1), address: "192.0.2.1/24".parse().unwrap() };
        let reply = Message::reply(&local, &Message::request(&asker, us));
        let expected = Message {
            operation: Operation::Reply,
            sender_hardware: local.hardware,
            sender: us,
            target_hardware: mac(1),
            target: Ipv4Addr::new(192, 0, 2, 1),
        };
        assert_eq!(reply, expected);
    }

    #[test]
    fn the_judge_finds_our_packet_in_a_frame() {
        let mut buffer = Buffer::new();
        Message::announcement(&local()).prepend_to(&mut buffer);
        let header = ethernet::Header {
            destination: MacAddress::BROADCAST,
            source: local().hardware,
            ether_type: EtherType::Arp,
        };
        header.prepend_to(&mut buffer);
        let judge = SlicedPacket::from_ethernet(buffer.as_slice()).unwrap();
        let Some(NetSlice::Arp(arp)) = judge.net else { panic!("no ARP: {judge:?}") };
        assert_eq!(arp.sender_protocol_addr(), [192, 0, 2, 2]);
    }

    proptest! {
        #[test]
        fn etherparse_reads_what_we_write(message in messages()) {
            let judge = ArpPacket::from_slice(&message.to_bytes()).unwrap().try_eth_ipv4().unwrap();
            let expected = ArpEthIpv4Packet {
                operation: etherparse::ArpOperation(message.operation.number()),
                sender_mac: message.sender_hardware.octets(),
                sender_ipv4: message.sender.octets(),
                target_mac: message.target_hardware.octets(),
                target_ipv4: message.target.octets(),
            };
            prop_assert_eq!(judge, expected);
        }
    }
}
