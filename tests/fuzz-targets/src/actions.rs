//! Whole histories: packets well-formed and bent, and time that passes, with what must always
//! hold asserted after each step.

use std::net::Ipv4Addr;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use etherparse::PacketBuilder;
use packet::{Buffer, Capabilities, Host, Instant, InterfaceId, Medium};
use stack::{Counter, InterfaceConfig, Stack};
use trace::Tracer;

const KERNEL: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const STACK: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const MTU: u16 = 1500;

/// One step of a history.
#[derive(Arbitrary, Debug)]
enum Action<'a> {
    /// An echo request with every checksum correct.
    Ping { from: u32, to_us: bool, ttl: u8, data: &'a [u8] },
    /// Any ICMP message with every checksum correct.
    Icmp { kind: u8, code: u8, rest: [u8; 4], data: &'a [u8] },
    /// Any datagram with a correct header checksum, options and fragments included.
    Datagram { protocol: u8, flags: u16, options: &'a [u8], payload: &'a [u8] },
    /// An echo request with some bytes changed after it was finished.
    Bent { changes: [(u8, u8); 3], length: u8 },
    /// Anything.
    Raw(&'a [u8]),
    /// So many milliseconds.
    TimePasses(u16),
    /// The device takes what waits to leave.
    Drain,
}

/// Reads `bytes` as a history and lives it.
pub fn actions(bytes: &[u8]) {
    let mut unstructured = Unstructured::new(bytes);
    let mut world = World::new();
    // A history is no longer than its bytes: each step takes at least one.
    while !unstructured.is_empty() {
        let Ok(action) = Action::arbitrary(&mut unstructured) else { break };
        world.step(&action);
    }
    world.drain();
    world.receive(&ping(KERNEL, STACK, 64, b"alive?"));
    assert_eq!(world.drain(), 1, "no answer to a ping any more: {:?}", world.stack.counters());
}

/// A stack, its only interface, and the time.
struct World {
    stack: Stack,
    interface: InterfaceId,
    now: Instant,
    received: u64,
}

impl World {
    fn new() -> Self {
        let mut stack = Stack::new(Tracer::off());
        let interface = stack.add_interface(InterfaceConfig {
            address: "192.0.2.2/24".parse().expect("an address"),
            capabilities: Capabilities::without_offload(Medium::Ip, MTU),
        });
        Self { stack, interface, now: Instant::START, received: 0 }
    }

    fn step(&mut self, action: &Action<'_>) {
        match *action {
            Action::Ping { from, to_us, ttl, data } => {
                let to = if to_us { STACK } else { KERNEL };
                self.receive(&ping(Ipv4Addr::from_bits(from), to, ttl, data));
            }
            Action::Icmp { kind, code, rest, data } => self.receive(&icmp(kind, code, rest, data)),
            Action::Datagram { protocol, flags, options, payload } => {
                self.receive(&datagram(protocol, flags, options, payload));
            }
            Action::Bent { changes, length } => {
                let mut bytes = ping(KERNEL, STACK, 64, b"to be bent");
                for (at, to) in changes {
                    let at = usize::from(at) % bytes.len();
                    bytes[at] = to;
                }
                bytes.truncate(usize::from(length).max(1));
                self.receive(&bytes);
            }
            Action::Raw(bytes) => self.receive(bytes),
            Action::TimePasses(milliseconds) => {
                self.pass(Duration::from_millis(milliseconds.into()))
            }
            Action::Drain => {
                self.drain();
            }
        }
        self.check();
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.received += 1;
        self.stack.receive(self.now, self.interface, bytes.into());
    }

    /// Lets time pass, stopping at each deadline.
    fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(deadline) = self.stack.next_deadline().filter(|&deadline| deadline <= end) {
            self.now = self.now.max(deadline);
            self.stack.handle_timeout(self.now);
            let next = self.stack.next_deadline();
            assert!(next.is_none_or(|next| next > self.now), "a deadline that stays is a loop");
        }
        self.now = end;
    }

    /// Takes what waits to leave, and how much it was. Each must be a datagram of ours.
    fn drain(&mut self) -> usize {
        let mut buffer = Buffer::new();
        let mut count = 0;
        while self.stack.transmit(self.now, self.interface, &mut buffer).is_some() {
            let sent = ipv4::Datagram::parse(buffer.as_slice()).expect("we send datagrams");
            assert_eq!(sent.source(), STACK);
            assert!(ipv4::is_unicast_source(sent.destination()), "an answer to nobody");
            assert!(buffer.len() <= usize::from(MTU));
            count += 1;
        }
        count
    }

    /// What holds after every step.
    fn check(&self) {
        let value = |counter| self.stack.counters().value(counter);
        assert_eq!(value(Counter::FramesReceived), self.received);
        assert_eq!(value(Counter::IcmpEchoRepliesSent), value(Counter::Ipv4Sent));
        assert!(value(Counter::IcmpEchoRequests) >= value(Counter::IcmpEchoRepliesSent));
        let waiting = value(Counter::Ipv4Sent) - value(Counter::FramesSent);
        assert!(waiting <= stack::TRANSMIT_QUEUE_LIMIT as u64, "the queue has no bound");
        let no_drops = [
            Counter::FramesReceived,
            Counter::FramesSent,
            Counter::Ipv4Received,
            Counter::Ipv4Sent,
            Counter::IcmpEchoRequests,
            Counter::IcmpEchoRepliesSent,
        ];
        let drops: u64 = self
            .stack
            .counters()
            .iter()
            .filter(|(counter, _)| !no_drops.contains(counter))
            .map(|(_, value)| value)
            .sum();
        assert_eq!(drops + value(Counter::Ipv4Sent), self.received, "a frame is unaccounted for");
    }
}

fn ping(from: Ipv4Addr, to: Ipv4Addr, ttl: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ipv4(from.octets(), to.octets(), ttl)
        .icmpv4_echo_request(7, 1)
        .write(&mut bytes, data)
        .expect("a fuzzer's data fits");
    bytes
}

fn icmp(kind: u8, code: u8, rest: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ipv4(KERNEL.octets(), STACK.octets(), 64)
        .icmpv4_raw(kind, code, rest)
        .write(&mut bytes, data)
        .expect("a fuzzer's data fits");
    bytes
}

fn datagram(protocol: u8, flags: u16, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let options = &options[..options.len().min(40) & !3];
    let payload = &payload[..payload.len().min(4000)];
    let words = u8::try_from(5 + options.len() / 4).expect("at most 15");
    let total_length = u16::try_from(20 + options.len() + payload.len()).expect("at most 4060");
    let mut header = vec![0x40 | words, 0];
    header.extend(total_length.to_be_bytes());
    header.extend([0, 1]);
    header.extend(flags.to_be_bytes());
    header.extend([64, protocol, 0, 0]);
    header.extend(KERNEL.octets());
    header.extend(STACK.octets());
    header.extend(options);
    let checksum = checksum::Sum::new().add_bytes(&header).checksum();
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    header.extend(payload);
    header
}
