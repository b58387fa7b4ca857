//! What holds of the stack whatever comes: every frame is accounted for, every queue bounded.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::net::{Ipv4Addr, SocketAddr};

use etherparse::{Icmpv4Type, NetSlice, PacketBuilder, SlicedPacket, TransportSlice};
use packet::{Buffer, Capabilities, Host, Instant, InterfaceId, Medium};
use proptest::prelude::*;
use stack::{Config, Counter, InterfaceConfig, Secret, Stack, TRANSMIT_QUEUE_LIMIT};
use trace::Tracer;
use udp::{Message, SendOptions};

const KERNEL: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const STACK: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const MTU: u16 = 1500;

/// A stack with one interface, and what came out of it.
struct Lab {
    stack: Stack,
    interface: InterfaceId,
}

impl Lab {
    fn new() -> Self {
        let mut stack = Stack::new(Config::new(Secret::new([1, 2])), Tracer::off());
        let address = "192.0.2.2/24".parse().unwrap();
        let capabilities = Capabilities::without_offload(Medium::Ip, MTU);
        let config = InterfaceConfig::new(address, capabilities);
        let interface = stack.add_interface(Instant::START, config).unwrap();
        Self { stack, interface }
    }

    fn receives(&mut self, bytes: &[u8]) {
        self.stack.receive(Instant::START, self.interface, bytes.into());
    }

    fn sent(&mut self) -> Option<Vec<u8>> {
        let mut buffer = Buffer::new();
        self.stack.transmit(Instant::START, self.interface, &mut buffer)?;
        Some(buffer.as_slice().to_vec())
    }

    /// Hands `bytes` in and expects silence and one drop under `counter`.
    fn drops(&mut self, bytes: &[u8], counter: Counter) {
        let before = self.stack.counters().value(counter);
        self.receives(bytes);
        assert_eq!(self.sent(), None, "{bytes:02x?} was answered");
        let after = self.stack.counters().value(counter);
        assert_eq!(after, before + 1, "{bytes:02x?}: {:?}", self.stack.counters());
    }
}

/// An echo request that etherparse wrote.
fn echo_request(source: Ipv4Addr, destination: Ipv4Addr, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ipv4(source.octets(), destination.octets(), 64)
        .icmpv4_echo_request(7, 1)
        .write(&mut bytes, data)
        .unwrap();
    bytes
}

fn ping() -> Vec<u8> {
    echo_request(KERNEL, STACK, b"abcdefgh")
}

/// Puts a correct checksum into the IPv4 header, which has no options.
fn mend_header_checksum(bytes: &mut [u8]) {
    bytes[10..12].fill(0);
    let checksum = checksum::Sum::new().add_bytes(&bytes[..20]).checksum();
    bytes[10..12].copy_from_slice(&checksum.to_be_bytes());
}

#[test]
fn an_unknown_interface_has_nothing_to_send_and_takes_nothing() {
    let mut lab = Lab::new();
    lab.interface = InterfaceId(9);
    lab.drops(&ping(), Counter::UnknownInterface);
}

#[test]
fn an_answer_longer_than_the_mtu_leaves_in_pieces() {
    let mut lab = Lab::new();
    lab.receives(&echo_request(KERNEL, STACK, &[7; 1472]));
    assert_eq!(lab.sent().unwrap().len(), usize::from(MTU));
    lab.receives(&echo_request(KERNEL, STACK, &[7; 1473]));
    assert_eq!([lab.sent(), lab.sent()].map(|piece| piece.unwrap().len()), [1500, 21]);
    assert_eq!(lab.sent(), None);
}

#[test]
fn all_pieces_leave_or_none() {
    let mut lab = Lab::new();
    // The pings fill the queue up to where half of the last answer would find room.
    for _ in 0..TRANSMIT_QUEUE_LIMIT - 22 {
        lab.receives(&ping());
    }
    let before = lab.stack.counters().value(Counter::Ipv4Sent);
    lab.receives(&echo_request(KERNEL, STACK, &[7; 60_000]));
    assert_eq!(lab.stack.counters().value(Counter::TransmitQueueFull), 1);
    assert_eq!(lab.stack.counters().value(Counter::Ipv4Sent), before);
}

#[test]
fn a_datagram_without_room_for_all_its_pieces_waits_at_its_socket() {
    for (length, ip_options, pieces) in [
        (1472, 0, 1),
        (1473, 0, 2),
        (1468, 4, 1),
        (1469, 4, 2),
        (2952, 0, 2),
        (2953, 0, 3),
        (60_000, 0, 41),
    ] {
        let options = SendOptions { ip_options: vec![1; ip_options].into(), ..Default::default() };
        // How many have left for the queue once a device asks for the first.
        let queued_behind = |short: usize| {
            let mut lab = Lab::new();
            let to = SocketAddr::from((KERNEL, 9));
            let mut udp = lab.stack.udp(Instant::START);
            let socket = udp.open().unwrap();
            for _ in 0..short {
                udp.send(socket, &Message::to(to, b"short")).unwrap();
            }
            let long = vec![7; length];
            udp.send(socket, &Message::to(to, &long).with_options(&options)).unwrap();
            let first = usize::from(lab.sent().is_some());
            let queued = lab.stack.counters().value(Counter::Ipv4Sent);
            let rest = std::iter::from_fn(|| lab.sent()).count();
            assert_eq!(first + rest, short + pieces, "{length} bytes");
            queued
        };
        let limit = TRANSMIT_QUEUE_LIMIT;
        assert_eq!(queued_behind(limit - pieces), limit as u64, "{length} bytes");
        let too_many = limit - pieces + 1;
        assert_eq!(queued_behind(too_many), too_many as u64, "{length} bytes");
    }
}

#[test]
fn behind_a_device_that_does_not_keep_up_the_queue_stays_bounded() {
    let mut lab = Lab::new();
    for _ in 0..TRANSMIT_QUEUE_LIMIT + 10 {
        lab.receives(&ping());
    }
    assert_eq!(lab.stack.counters().value(Counter::TransmitQueueFull), 10);
    let mut sent = 0;
    while lab.sent().is_some() {
        sent += 1;
    }
    assert_eq!(sent, TRANSMIT_QUEUE_LIMIT);
    lab.receives(&ping());
    assert!(lab.sent().is_some(), "the queue did not recover");
}

proptest! {
    #[test]
    fn an_echo_request_gets_its_reply_as_etherparse_reads_it(
        id: u16, sequence: u16, data in prop::collection::vec(any::<u8>(), 0..1473)
    ) {
        let mut request = Vec::new();
        PacketBuilder::ipv4(KERNEL.octets(), STACK.octets(), 64)
            .icmpv4_echo_request(id, sequence)
            .write(&mut request, &data)
            .unwrap();
        let mut lab = Lab::new();
        lab.receives(&request);

        let reply = lab.sent().unwrap();
        let sliced = SlicedPacket::from_ip(&reply).unwrap();
        let Some(NetSlice::Ipv4(ip)) = sliced.net else { panic!("no IPv4: {reply:02x?}") };
        prop_assert_eq!(ip.header().source_addr(), STACK);
        prop_assert_eq!(ip.header().destination_addr(), KERNEL);
        let header = ip.header().to_header();
        prop_assert_eq!(header.header_checksum, header.calc_header_checksum());
        let Some(TransportSlice::Icmpv4(icmp)) = sliced.transport else { panic!("no ICMP") };
        let Icmpv4Type::EchoReply(echo) = icmp.icmp_type() else { panic!("no echo reply") };
        prop_assert_eq!((echo.id, echo.seq), (id, sequence));
        prop_assert_eq!(icmp.payload(), &data);
        prop_assert_eq!(icmp.checksum(), icmp.icmp_type().calc_checksum(icmp.payload()));
        prop_assert_eq!(lab.sent(), None);
    }

    /// Whatever comes is answered, kept as a fragment, or dropped under one counter; and a ping
    /// after it is answered as ever.
    #[test]
    fn every_frame_is_accounted_for(
        frames in prop::collection::vec(
            (prop::option::of(any::<prop::sample::Index>()), prop::collection::vec(any::<u8>(), 0..80), any::<bool>()),
            0..40)
    ) {
        let mut lab = Lab::new();
        let mut answers = 0;
        for (bent_at, bytes, mended) in &frames {
            let mut frame = bytes.clone();
            if let Some(at) = bent_at {
                frame = ping();
                let at = at.index(frame.len());
                frame[at] = bytes.first().copied().unwrap_or_default();
                if *mended { mend_header_checksum(&mut frame); }
            }
            lab.receives(&frame);
            while lab.sent().is_some() { answers += 1; }
        }
        let value = |counter| lab.stack.counters().value(counter);
        let drops: u64 = lab.stack.counters().iter()
            .filter(|(counter, _)| counter.is_drop())
            .map(|(_, value)| value)
            .sum();
        let taken = value(Counter::IcmpEchoRepliesSent) + value(Counter::Ipv4Fragments)
            - value(Counter::Ipv4Reassembled);
        prop_assert_eq!(taken + drops, frames.len() as u64, "{:?}", lab.stack.counters());
        let sent = value(Counter::IcmpEchoRepliesSent) + value(Counter::IcmpErrorsSent);
        prop_assert_eq!(answers, sent);
        lab.receives(&ping());
        prop_assert!(lab.sent().is_some());
    }
}
