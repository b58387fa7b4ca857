//! ARP: who has an address, and at which MAC address.

use std::net::Ipv4Addr;

use ethernet::MacAddress;
use etherparse::{ArpEthIpv4Packet, ArpOperation, ArpPacketSlice};

use crate::bent::{Bend, Bent};
use crate::description::{Described, Differences, Expectable, Frame, Sendable};
use crate::ethernet_frame::ETHER_TYPE_ARP;
use crate::scene::Scene;
use crate::words;

/// Asks who has the other one's address, for the sender's own sake.
#[must_use]
pub const fn arp_request() -> Arp {
    Arp::of_kind(Kind::Request)
}

/// Says where the sender is to the one who asked.
#[must_use]
pub const fn arp_reply() -> Arp {
    Arp::of_kind(Kind::Reply)
}

/// Asks whether anybody has our address, by a sender who has none yet (RFC 5227, 1.1).
#[must_use]
pub const fn arp_probe() -> Arp {
    Arp::of_kind(Kind::Probe)
}

/// Says unasked and to everybody where the sender is (RFC 5227, 1.1), as a request.
#[must_use]
pub const fn arp_announcement() -> Arp {
    Arp::of_kind(Kind::Announcement)
}

/// An ARP packet for IPv4 over Ethernet. What is not named is as usual between the peer and us.
#[derive(Clone, Debug)]
pub struct Arp {
    kind: Kind,
    sender: Option<Ipv4Addr>,
    sender_mac: Option<MacAddress>,
    target: Option<Ipv4Addr>,
    target_mac: Option<MacAddress>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Request,
    Reply,
    Probe,
    Announcement,
}

impl Arp {
    const fn of_kind(kind: Kind) -> Self {
        Self { kind, sender: None, sender_mac: None, target: None, target_mac: None }
    }

    /// Names the address that is asked for: the target's.
    #[must_use]
    pub fn who_has(self, target: impl Into<Ipv4Addr>) -> Self {
        self.target(target)
    }

    /// Names the sender's address.
    #[must_use]
    pub fn sender(mut self, sender: impl Into<Ipv4Addr>) -> Self {
        self.sender = Some(sender.into());
        self
    }

    /// Names the MAC address that the sender says it has; the frame's is another matter.
    #[must_use]
    pub const fn sender_mac(mut self, sender: MacAddress) -> Self {
        self.sender_mac = Some(sender);
        self
    }

    /// Names the target's address.
    #[must_use]
    pub fn target(mut self, target: impl Into<Ipv4Addr>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// Names the target's MAC address, which a request leaves at zero.
    #[must_use]
    pub const fn target_mac(mut self, target: MacAddress) -> Self {
        self.target_mac = Some(target);
        self
    }

    /// Another hardware type than 1, which is Ethernet's.
    pub fn hardware_type(self, hardware_type: u16) -> Bent {
        self.with_u16(0, hardware_type, format!("with hardware type {hardware_type}"))
    }

    /// Another protocol type than 0x0800, which is IPv4's.
    pub fn protocol_type(self, protocol_type: u16) -> Bent {
        self.with_u16(2, protocol_type, format!("with protocol type {protocol_type:#06x}"))
    }

    /// Another length of a MAC address than 6 bytes; the addresses stay as they are.
    pub fn hardware_length(self, length: u8) -> Bent {
        self.with(4, &[length], format!("with a hardware length of {length} bytes"))
    }

    /// Another length of an address than 4 bytes; the addresses stay as they are.
    pub fn protocol_length(self, length: u8) -> Bent {
        self.with(5, &[length], format!("with a protocol length of {length} bytes"))
    }

    /// Another operation than 1, a request, or 2, a reply.
    pub fn operation(self, operation: u16) -> Bent {
        self.with_u16(6, operation, format!("with operation {operation}"))
    }

    fn with_u16(self, at: usize, value: u16, words: String) -> Bent {
        self.with(at, &value.to_be_bytes(), words)
    }

    fn with(self, at: usize, field: &[u8], words: String) -> Bent {
        let field = field.to_vec();
        self.bent(words, move |packet| {
            packet.splice(at..at + field.len(), field.iter().copied());
            Ok(())
        })
    }

    const fn operation_number(&self) -> ArpOperation {
        match self.kind {
            Kind::Reply => ArpOperation::REPLY,
            Kind::Request | Kind::Probe | Kind::Announcement => ArpOperation::REQUEST,
        }
    }

    /// The sender's address: `own` is that of whoever sends the packet.
    fn sender_for(&self, own: Ipv4Addr) -> Ipv4Addr {
        let usual = if self.kind == Kind::Probe { Ipv4Addr::UNSPECIFIED } else { own };
        self.sender.unwrap_or(usual)
    }

    /// The target's address: `other` is that of whoever the packet is sent to.
    fn target_for(&self, own: Ipv4Addr, other: Ipv4Addr, we: Ipv4Addr) -> Ipv4Addr {
        self.target.unwrap_or(match self.kind {
            Kind::Request | Kind::Reply => other,
            Kind::Probe => we,
            Kind::Announcement => self.sender_for(own),
        })
    }

    /// The target's MAC address, if it means something.
    fn target_mac_for(&self, other: MacAddress) -> Option<MacAddress> {
        self.target_mac.or((self.kind == Kind::Reply).then_some(other))
    }
}

impl Described for Arp {
    fn in_words(&self) -> String {
        let name = match self.kind {
            Kind::Request => "an ARP request",
            Kind::Reply => "an ARP reply",
            Kind::Probe => "an ARP probe",
            Kind::Announcement => "an ARP announcement",
        };
        let mac =
            |name, mac: Option<MacAddress>| mac.map(|mac| format!("{name} MAC address {mac}"));
        let fields: Vec<_> = [
            self.sender.map(|sender| format!("sender {sender}")),
            mac("sender", self.sender_mac),
            self.target.map(|target| format!("target {target}")),
            mac("target", self.target_mac),
        ]
        .into_iter()
        .flatten()
        .collect();
        if fields.is_empty() {
            return name.to_owned();
        }
        format!("{name} with {}", words::list(&fields))
    }

    fn ether_type(&self) -> Option<u16> {
        Some(ETHER_TYPE_ARP)
    }
}

impl Sendable for Arp {
    fn write(&self, scene: &Scene) -> Result<Vec<u8>, String> {
        let nobody = MacAddress::new([0; 6]);
        let packet = ArpEthIpv4Packet {
            operation: self.operation_number(),
            sender_mac: self.sender_mac.unwrap_or(scene.peer_mac).octets(),
            sender_ipv4: self.sender_for(scene.peer).octets(),
            target_mac: self.target_mac_for(scene.our_mac).unwrap_or(nobody).octets(),
            target_ipv4: self.target_for(scene.peer, scene.we, scene.we).octets(),
        };
        Ok(packet.to_bytes().to_vec())
    }
}

impl Expectable for Arp {
    fn judge(&self, scene: &Scene, frame: &Frame, differences: &mut Differences) {
        let read = ArpPacketSlice::from_slice(&frame.bytes).map(|slice| slice.to_packet());
        let packet = match read.as_ref().map(|packet| packet.try_eth_ipv4()) {
            Ok(Ok(packet)) => packet,
            Ok(Err(error)) => {
                return differences.add(format!("It is not ARP for IPv4 over Ethernet: {error}"));
            }
            Err(error) => return differences.add(format!("It is not an ARP packet: {error}")),
        };
        differences.compare("length", frame.bytes.len(), ArpEthIpv4Packet::LEN);
        differences.compare("operation", packet.operation.0, self.operation_number().0);
        let sender_mac = MacAddress::new(packet.sender_mac);
        let own = self.sender_mac.unwrap_or(scene.our_mac);
        differences.compare("sender MAC address", sender_mac, own);
        let sender = self.sender_for(scene.we);
        differences.compare("sender address", packet.sender_ipv4_addr(), sender);
        let target_mac = MacAddress::new(packet.target_mac);
        let other = self.target_mac_for(scene.peer_mac);
        differences.compare("target MAC address", target_mac, other);
        let target = self.target_for(scene.we, scene.peer, scene.we);
        differences.compare("target address", packet.target_ipv4_addr(), target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judged::{written, wrong_in};
    use crate::{KERNEL, KERNEL_MAC, STACK, STACK_MAC};

    /// An ARP packet as we should send it.
    fn by_us(arp: Arp) -> Arp {
        arp.sender(STACK).sender_mac(STACK_MAC).target(KERNEL)
    }

    fn wrong(expected: &Arp, sent: &impl Sendable) -> Vec<String> {
        wrong_in(&Scene::on_ethernet(), expected, sent)
    }

    #[test]
    fn the_peer_writes_what_is_usual() {
        let addresses = |arp: &Arp| written(arp)[6..].to_vec();
        let (kernel, stack) = (KERNEL.octets(), STACK.octets());
        let (kernel_mac, stack_mac) = (KERNEL_MAC.octets(), STACK_MAC.octets());
        let of = |operation, sender: [u8; 4], target_mac: [u8; 6], target: [u8; 4]| {
            [&[0, operation][..], &kernel_mac, &sender, &target_mac, &target].concat()
        };
        assert_eq!(addresses(&arp_request()), of(1, kernel, [0; 6], stack));
        assert_eq!(addresses(&arp_reply()), of(2, kernel, stack_mac, stack));
        assert_eq!(addresses(&arp_probe()), of(1, [0; 4], [0; 6], stack));
        assert_eq!(addresses(&arp_announcement()), of(1, kernel, [0; 6], kernel));
        let other = arp_announcement().sender([192, 0, 2, 9]);
        assert_eq!(addresses(&other), of(1, [192, 0, 2, 9], [0; 6], [192, 0, 2, 9]));
        assert_eq!(written(&arp_request())[..6], [0, 1, 8, 0, 6, 4]);
    }

    #[test]
    fn what_is_written_is_judged_to_be_as_described() {
        let reply = || by_us(arp_reply()).target_mac(KERNEL_MAC);
        assert_eq!(wrong(&arp_reply(), &reply()), [""; 0]);
        assert_eq!(wrong(&reply(), &reply()), [""; 0]);
        assert_eq!(wrong(&arp_request(), &by_us(arp_request())), [""; 0]);
        assert_eq!(wrong(&arp_probe(), &by_us(arp_probe()).sender([0; 4]).target(STACK)), [""; 0]);
        assert_eq!(wrong(&arp_announcement(), &by_us(arp_request()).target(STACK)), [""; 0]);
    }

    #[test]
    fn each_field_is_compared() {
        let elsewhere = MacAddress::new([2, 0, 0, 0, 0, 9]);
        let another = arp_request().sender([192, 0, 2, 8]).target([192, 0, 2, 9]);
        assert_eq!(
            wrong(&arp_reply(), &another.sender_mac(elsewhere)),
            [
                "Its destination MAC address is ff:ff:ff:ff:ff:ff, but should be \
                 02:00:5e:00:02:01.",
                "Its operation is 1, but should be 2.",
                "Its sender MAC address is 02:00:00:00:00:09, but should be 02:00:5e:00:02:02.",
                "Its sender address is 192.0.2.8, but should be 192.0.2.2.",
                "Its target MAC address is 00:00:00:00:00:00, but should be 02:00:5e:00:02:01.",
                "Its target address is 192.0.2.9, but should be 192.0.2.1.",
            ][1..]
        );
        let padded = by_us(arp_request()).padded_with(&[0; 18]);
        assert_eq!(wrong(&arp_request(), &padded), ["Its length is 46, but should be 28."]);
        for bent in [by_us(arp_request()).hardware_type(6), by_us(arp_request()).truncated_to(27)] {
            let [sentence] = &wrong(&arp_request(), &bent)[..] else { panic!("not one sentence") };
            assert!(sentence.starts_with("It is not "), "{sentence}");
        }
    }

    #[test]
    fn malformed_ones_differ_in_one_field() {
        let right = written(&arp_request());
        for (bent, at) in [
            (arp_request().hardware_type(6), 0..2),
            (arp_request().protocol_type(0x86dd), 2..4),
            (arp_request().hardware_length(8), 4..5),
            (arp_request().protocol_length(16), 5..6),
            (arp_request().operation(3), 6..8),
        ] {
            let bent = written(&bent);
            assert_eq!(bent.len(), 28);
            assert_ne!(bent[at.clone()], right[at.clone()]);
            assert_eq!(bent[at.end..], right[at.end..]);
            assert_eq!(bent[..at.start], right[..at.start]);
        }
    }

    #[test]
    fn what_is_named_is_said() {
        let named = arp_request().sender([192, 0, 2, 9]).who_has(STACK).target_mac(STACK_MAC);
        assert_eq!(
            named.in_words(),
            "an ARP request with sender 192.0.2.9, target 192.0.2.2 and target MAC address \
             02:00:5e:00:02:02"
        );
    }
}
