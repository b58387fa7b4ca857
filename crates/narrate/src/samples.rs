//! Events for the tests of this crate.

use std::time::Duration;

use packet::{Instant, InterfaceId, Medium, ReceiveOffload, TransmitOffload};
use trace::{Direction, End, Event, Fault, Layer, Record};

/// An echo request from 192.0.2.1 to 192.0.2.2 with 8 bytes of data.
pub(crate) const PING: &[u8] = &[
    0x45, 0x00, 0x00, 0x24, 0x00, 0x00, 0x40, 0x00, 0x40, 0x01, 0xb6, 0xd5, 192, 0, 2, 1, 192, 0,
    2, 2, 0x08, 0x00, 0x66, 0x62, 0x00, 0x07, 0x00, 0x01, b'a', b'b', b'c', b'd', b'e', b'f', b'g',
    b'h',
];

/// Its reply.
pub(crate) const REPLY: &[u8] = &[
    0x45, 0x00, 0x00, 0x24, 0x00, 0x00, 0x40, 0x00, 0x40, 0x01, 0xb6, 0xd5, 192, 0, 2, 2, 192, 0,
    2, 1, 0x00, 0x00, 0x6e, 0x62, 0x00, 0x07, 0x00, 0x01, b'a', b'b', b'c', b'd', b'e', b'f', b'g',
    b'h',
];

/// [`PING`] with this sequence number.
pub(crate) fn ping(sequence_number: u8) -> Vec<u8> {
    let mut bytes = PING.to_vec();
    bytes[27] = sequence_number;
    // One more in one word is one less in the complement.
    bytes[23] = 0x63 - sequence_number;
    bytes
}

const CONNECTION: &str = "192.0.2.2:7 <-> 192.0.2.1:40000";

pub(crate) fn record<'a>(microseconds: u64, host: &'a str, event: Event<'a>) -> Record<'a> {
    Record { at: Instant::at(Duration::from_micros(microseconds)), host, event }
}

pub(crate) fn frame_in(bytes: &[u8]) -> Event<'_> {
    let direction = Direction::In(ReceiveOffload::default());
    Event::Frame { interface: InterfaceId(0), direction, medium: Medium::Ip, bytes }
}

pub(crate) fn frame_out(bytes: &[u8]) -> Event<'_> {
    let direction = Direction::Out(TransmitOffload::default());
    Event::Frame { interface: InterfaceId(0), direction, medium: Medium::Ip, bytes }
}

/// These bytes crossing in and out, and as victim of a fault.
pub(crate) fn frame_events(bytes: &[u8], medium: Medium) -> [Event<'_>; 3] {
    let interface = InterfaceId(1);
    let inward = Direction::In(ReceiveOffload::default());
    let outward = Direction::Out(TransmitOffload::default());
    [
        Event::Frame { interface, direction: inward, medium, bytes },
        Event::Frame { interface, direction: outward, medium, bytes },
        Event::Fault { fault: Fault::Corrupted { bit: 3 }, bytes },
    ]
}

/// One of each.
pub(crate) fn every_event() -> [Event<'static>; 12] {
    [
        frame_in(PING),
        Event::Packet { layer: Layer::Icmp, upward: true, bytes: &PING[20..] },
        Event::Dropped { counter: "not_ip", meaning: "not IP" },
        Event::Fault { fault: Fault::QueueFull, bytes: PING },
        Event::StateChange {
            connection: CONNECTION,
            from: "SYN-RECEIVED",
            to: "ESTABLISHED",
            cause: "ACK of our SYN",
        },
        Event::TimerSet {
            owner: CONNECTION,
            timer: "retransmission",
            deadline: Instant::at(Duration::from_millis(212)),
            is_routine: true,
        },
        Event::TimerFired { owner: CONNECTION, timer: "retransmission" },
        Event::CongestionWindow {
            connection: CONNECTION,
            window: 14_480,
            slow_start_threshold: 7_240,
            cause: "timeout",
        },
        Event::Retransmission {
            connection: CONNECTION,
            sequence_number: 1000,
            length: 1448,
            cause: "timeout",
        },
        Event::Leaving { layer: Layer::Tcp, bytes: &PING[20..], reason: "two full segments came" },
        Event::Window { connection: CONNECTION, whose: End::Peers, bytes: 0 },
        Event::RoundTrip {
            connection: CONNECTION,
            round_trip: Duration::from_millis(20),
            smoothed: Duration::from_millis(19),
            timeout: Duration::from_millis(219),
        },
    ]
}
