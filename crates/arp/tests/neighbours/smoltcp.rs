//! ARP with a neighbour that nobody here wrote.

use std::collections::VecDeque;

use crate::lab::{Lab, OUR_MAC, ip, mac};
use arp::{Due, Message, Outcome, Outgoing, Packet, Sent};
use ethernet::{EtherType, Frame, Header, LengthOrType, MacAddress};
use icmp::Echo;
use ipv4::{Datagram, Protocol};
use packet::{Buffer, Host, InterfaceId};
use smoltcp_peer::SmoltcpPeer;
use smoltcp_peer::smoltcp::wire::{EthernetAddress, HardwareAddress, Ipv4Cidr};

/// A cable between us and smoltcp at 192.0.2.1.
struct Cable {
    lab: Lab,
    peer: SmoltcpPeer,
    /// Frames on their way to the peer.
    to_peer: VecDeque<Vec<u8>>,
    /// Datagrams that came to us.
    came: Vec<Vec<u8>>,
    /// How many ARP packets the peer sent.
    arp_from_peer: usize,
}

impl Cable {
    fn new() -> Self {
        let hardware = HardwareAddress::Ethernet(EthernetAddress(mac(1).octets()));
        let peer = SmoltcpPeer::new(hardware, Ipv4Cidr::new(ip(1), 24), 1);
        let (to_peer, came) = (VecDeque::new(), Vec::new());
        Self { lab: Lab::new(), peer, to_peer, came, arp_from_peer: 0 }
    }

    fn transmit(&mut self, destination: MacAddress, ether_type: EtherType, mut buffer: Buffer) {
        Header { destination, source: OUR_MAC, ether_type }.prepend_to(&mut buffer);
        self.to_peer.push_back(buffer.as_slice().to_vec());
    }

    fn transmit_arp(&mut self, Outgoing { destination, message }: Outgoing) {
        let mut buffer = Buffer::new();
        message.prepend_to(&mut buffer);
        self.transmit(destination, EtherType::Arp, buffer);
    }

    /// Sends an ICMP message to the peer.
    fn send(&mut self, message: icmp::Message, data: &[u8]) {
        let mut buffer = Buffer::new();
        buffer.append(data);
        message.prepend_to(&mut buffer);
        ipv4::Header::new(ip(2), ip(1), Protocol::Icmp).prepend_to(&mut buffer).unwrap();
        match self.lab.arp.send(self.lab.now, ip(1), buffer.into()) {
            Sent::Now { to, payload } => self.transmit(to, EtherType::Ipv4, payload.buffer),
            Sent::Waiting { dropped } => assert!(dropped.is_empty()),
            other @ Sent::Refused { .. } => panic!("{other:?}"),
        }
    }

    fn receive(&mut self, frame: &[u8]) {
        let frame = Frame::parse(frame).unwrap();
        assert!([OUR_MAC, MacAddress::BROADCAST].contains(&frame.destination()));
        match frame.length_or_type() {
            LengthOrType::EtherType(EtherType::Arp) => {
                self.arp_from_peer += 1;
                let message: Message = Packet::parse(frame.payload()).unwrap().message();
                let Outcome { reply, released, .. } = self.lab.hears(&message);
                for payload in released.iter().flat_map(|released| &released.payloads) {
                    self.transmit(mac(1), EtherType::Ipv4, payload.buffer.clone());
                }
                if let Some(reply) = reply {
                    self.transmit_arp(reply);
                }
            }
            _ => self.came.push(frame.payload().to_vec()),
        }
    }

    /// Carries frames until there are none.
    fn runs(&mut self) {
        let (interface, mut buffer) = (InterfaceId(0), Buffer::new());
        loop {
            for due in self.lab.due() {
                let Due::Send(outgoing) = due else { panic!("{due:?}") };
                self.transmit_arp(outgoing);
            }
            if let Some(frame) = self.to_peer.pop_front() {
                self.peer.receive(self.lab.now, interface, frame.as_slice().into());
            } else if self.peer.transmit(self.lab.now, interface, &mut buffer).is_some() {
                self.receive(buffer.as_slice());
            } else {
                return;
            }
        }
    }
}

#[test]
fn eth_4_smoltcp_answers_us_and_gets_the_packet_that_waited() {
    let mut cable = Cable::new();
    let echo = Echo { identifier: 7, sequence_number: 1 };
    cable.send(icmp::Message::EchoRequest(echo), b"across");
    cable.runs();
    let [reply] = cable.came.as_slice() else { panic!("{:?}", cable.came) };
    let datagram = Datagram::parse(reply).unwrap();
    let packet = icmp::Packet::parse(datagram.payload()).unwrap();
    assert_eq!(packet.message(), icmp::Message::EchoReply(echo));
    assert_eq!(packet.data(), b"across");
}

#[test]
fn arp_6_smoltcp_is_answered_and_reaches_us() {
    let mut cable = Cable::new();
    cable.peer.send_echo_request(ip(2), 1, b"ping").unwrap();
    cable.runs();
    assert_eq!(cable.arp_from_peer, 1);
    assert_eq!(cable.came.len(), 1, "the answer did not satisfy smoltcp");
    // We know smoltcp from its question, so that ours needs none.
    let identifier = smoltcp_peer::IDENTIFIER;
    cable.send(icmp::Message::EchoReply(Echo { identifier, sequence_number: 1 }), b"ping");
    cable.runs();
    assert_eq!(cable.arp_from_peer, 1);
    let reply = cable.peer.take_echo_reply().unwrap();
    assert_eq!((reply.source, reply.data.as_slice()), (ip(2), b"ping".as_slice()));
}
