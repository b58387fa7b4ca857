//! What holds of the stack whatever comes: every frame is accounted for, every queue bounded.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::net::Ipv4Addr;

use etherparse::{Icmpv4Type, NetSlice, PacketBuilder, SlicedPacket, TransportSlice};
use packet::{Buffer, Capabilities, Host, Instant, InterfaceId, Medium};
use proptest::prelude::*;
use stack::{Counter, InterfaceConfig, Stack, TRANSMIT_QUEUE_LIMIT};
use trace::Tracer;

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
        let mut stack = Stack::new(Tracer::off());
        let interface = stack.add_interface(InterfaceConfig {
            address: "192.0.2.2/24".parse().unwrap(),
            capabilities: Capabilities::without_offload(Medium::Ip, MTU),
        });
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
fn a_fragment_is_dropped_by_name() {
    let mut lab = Lab::new();
    for (at, to) in [(6, 0x20), (7, 0x01)] {
        let mut fragment = ping();
        fragment[at] = to;
        mend_header_checksum(&mut fragment);
        lab.drops(&fragment, Counter::Ipv4Fragment);
    }
}

#[test]
fn an_answer_longer_than_the_mtu_is_counted_instead_of_sent() {
    let mut lab = Lab::new();
    lab.receives(&echo_request(KERNEL, STACK, &[7; 1472]));
    assert_eq!(lab.sent().unwrap().len(), usize::from(MTU));
    lab.drops(&echo_request(KERNEL, STACK, &[7; 1473]), Counter::Ipv4TooLong);
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

    /// Whatever comes is answered once or dropped under one counter, and a ping after it is
    /// answered as ever.
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
        let neither_in_nor_out = [
            Counter::FramesReceived, Counter::FramesSent, Counter::Ipv4Received, Counter::Ipv4Sent,
            Counter::IcmpEchoRequests, Counter::IcmpEchoRepliesSent,
        ];
        let drops: u64 = lab.stack.counters().iter()
            .filter(|(counter, _)| !neither_in_nor_out.contains(counter))
            .map(|(_, value)| value)
            .sum();
        prop_assert_eq!(answers + drops, frames.len() as u64, "{:?}", lab.stack.counters());
        lab.receives(&ping());
        prop_assert!(lab.sent().is_some());
    }
}
