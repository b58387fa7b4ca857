//! Whole histories: packets well-formed and bent, on TUN and on TAP, a program that echoes, TCP
//! connections, and time that passes; with what must always hold asserted after each step.

mod connections;

use std::net::Ipv4Addr;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use etherparse::PacketBuilder;
use packet::{Buffer, Capabilities, Host, Instant, InterfaceId, Medium};
use stack::{Config, Counter, DEFAULT_HARDWARE, InterfaceConfig, Secret, Stack};
use trace::Tracer;
use udp::{Message, SocketId};

use connections::{Connections, TcpAction};

const KERNEL: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const STACK: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const KERNEL_HARDWARE: [u8; 6] = [0x02, 0, 0x5e, 0, 0x02, 0x01];
const MTU: u16 = 1500;

/// The port of the program that echoes.
const ECHO: u16 = 7;

/// One step of a history.
#[derive(Arbitrary, Debug)]
enum Action<'a> {
    /// An echo request with every checksum correct.
    Ping { from: u32, to_us: bool, ttl: u8, data: &'a [u8] },
    /// Any ICMP message with every checksum correct.
    Icmp { kind: u8, code: u8, rest: [u8; 4], data: &'a [u8] },
    /// A UDP datagram with every checksum correct.
    Udp { from: u16, to_echo: bool, to: u16, data: &'a [u8] },
    /// Any datagram with a correct header checksum, options and fragments included.
    Datagram { protocol: u8, flags: u16, options: &'a [u8], payload: &'a [u8] },
    /// An ARP packet, or something like it, about neighbours.
    Arp { operation: u8, sender: u8, target: u8, hardware: Option<[u8; 6]> },
    /// An echo request with some bytes changed after it was finished.
    Bent { changes: [(u8, u8); 3], length: u8 },
    /// Anything.
    Raw(&'a [u8]),
    /// The program sends to a neighbour.
    Send { to: u8, port: u16, data: &'a [u8] },
    /// Something at a TCP connection.
    Tcp(TcpAction),
    /// So many milliseconds.
    TimePasses(u16),
    /// The device takes what waits to leave.
    Drain,
}

/// Reads `bytes` as a history and lives it.
pub fn actions(bytes: &[u8]) {
    live(bytes);
}

/// Reads `bytes` as a history and lives it. On how many of its TCP connections all was still to
/// arrive at its end, and did.
pub fn live(bytes: &[u8]) -> usize {
    let mut unstructured = Unstructured::new(bytes);
    let medium = match bool::arbitrary(&mut unstructured) {
        Ok(true) => Medium::Ethernet,
        _ => Medium::Ip,
    };
    let numbers = <[u16; 2]>::arbitrary(&mut unstructured).unwrap_or_default();
    let mut world = World::new(medium, numbers);
    // In half of them there is nothing but TCP, so that connections grow old.
    let only_tcp = bool::arbitrary(&mut unstructured).unwrap_or_default();
    // A history is no longer than its bytes: each step takes at least one.
    while !unstructured.is_empty() {
        let action = match only_tcp {
            true => TcpAction::arbitrary(&mut unstructured).map(Action::Tcp),
            false => Action::arbitrary(&mut unstructured),
        };
        let Ok(action) = action else { break };
        world.step(&action);
    }
    let made_good = world.make_good();
    world.prove_alive();
    world.end();
    made_good
}

/// A stack, its only interface, and the time.
struct World {
    stack: Stack,
    interface: InterfaceId,
    medium: Medium,
    echo: SocketId,
    connections: Connections,
    now: Instant,
    received: u64,
    /// What the programs sent, some of it to ourselves.
    sent: u64,
}

impl World {
    fn new(medium: Medium, numbers: [u16; 2]) -> Self {
        let mut stack = Stack::new(Config::new(Secret::new([1, 2])), Tracer::off());
        let address = "192.0.2.2/24".parse().expect("an address");
        let capabilities = Capabilities::without_offload(medium, MTU);
        let config = InterfaceConfig::new(address, capabilities);
        let interface = stack.add_interface(Instant::START, config).expect("room");
        let router = (medium == Medium::Ethernet).then_some(KERNEL);
        stack.add_default_route(interface, router).expect("room");
        let mut sockets = stack.udp(Instant::START);
        let echo = sockets.open().expect("a socket");
        sockets.bind(echo, (Ipv4Addr::UNSPECIFIED, ECHO).into()).expect("a free port");
        let connections = Connections::new(&mut stack, numbers);
        let now = Instant::START;
        Self { stack, interface, medium, echo, connections, now, received: 0, sent: 0 }
    }

    fn step(&mut self, action: &Action<'_>) {
        match *action {
            Action::Ping { from, to_us, ttl, data } => {
                let to = if to_us { STACK } else { KERNEL };
                self.receive(&ping(Ipv4Addr::from_bits(from), to, ttl, data));
            }
            Action::Icmp { kind, code, rest, data } => self.receive(&icmp(kind, code, rest, data)),
            Action::Udp { from, to_echo, to, data } => {
                self.receive(&udp(from, if to_echo { ECHO } else { to }, data));
                self.echo();
            }
            Action::Datagram { protocol, flags, options, payload } => {
                self.receive(&datagram(protocol, flags, options, payload));
                self.echo();
            }
            Action::Arp { operation, sender, target, hardware } => {
                let hardware = hardware.unwrap_or(KERNEL_HARDWARE);
                self.receive_frame(&arp(operation, sender, target, hardware));
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
            Action::Raw(bytes) => self.receive_frame(bytes),
            Action::Send { to, port, data } => {
                let to = Ipv4Addr::new(192, 0, 2, to);
                // Refusals are fine; what was taken must leave or be counted.
                let message = Message::to((to, port).into(), data);
                let _ = self.stack.udp(self.now).send(self.echo, &message);
                self.sent += 1;
            }
            Action::Tcp(ref action) => {
                if let Some(milliseconds) = action.time_passes() {
                    self.pass(Duration::from_millis(milliseconds.into()));
                }
                let datagram = self.connections.step(&mut self.stack, self.now, action);
                if let Some(datagram) = datagram {
                    self.receive(&datagram);
                }
                self.connections.accept(&mut self.stack, self.now);
                self.drain();
                self.connections.check(&mut self.stack, self.now);
            }
            Action::TimePasses(milliseconds) => {
                self.pass(Duration::from_millis(milliseconds.into()));
            }
            Action::Drain => {
                self.drain();
            }
        }
        self.check();
    }

    /// Hands a datagram in, in a frame to us where there are frames.
    fn receive(&mut self, datagram: &[u8]) {
        match self.medium {
            Medium::Ip => self.receive_frame(datagram),
            Medium::Ethernet => {
                let mut frame = DEFAULT_HARDWARE.octets().to_vec();
                frame.extend(KERNEL_HARDWARE);
                frame.extend([0x08, 0x00]);
                frame.extend(datagram);
                self.receive_frame(&frame);
            }
        }
    }

    fn receive_frame(&mut self, bytes: &[u8]) {
        self.received += 1;
        self.stack.receive(self.now, self.interface, bytes.into());
    }

    /// The program sends back what came.
    fn echo(&mut self) {
        while let Ok(incoming) = self.stack.udp(self.now).receive(self.echo) {
            let message = Message::to(incoming.metadata.source, &incoming.payload);
            let _ = self.stack.udp(self.now).send(self.echo, &message);
        }
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

    /// Takes what waits to leave. Each must be a sound packet of ours.
    fn drain(&mut self) -> Vec<Vec<u8>> {
        let mut buffer = Buffer::new();
        let mut frames = Vec::new();
        while self.stack.transmit(self.now, self.interface, &mut buffer).is_some() {
            let datagram = match self.medium {
                Medium::Ip => Some(buffer.as_slice()),
                Medium::Ethernet => carried_datagram(buffer.as_slice()),
            };
            if let Some(datagram) = datagram {
                let datagram = check_datagram(datagram);
                if datagram.protocol() == ipv4::Protocol::Tcp && !datagram.is_fragment() {
                    self.connections.note_sent(&datagram);
                }
            }
            frames.push(buffer.as_slice().to_vec());
        }
        frames
    }

    /// What holds after every step.
    fn check(&self) {
        let value = |counter| self.stack.counters().value(counter);
        assert_eq!(value(Counter::FramesReceived), self.received);
        assert!(value(Counter::IcmpEchoRequests) >= value(Counter::IcmpEchoRepliesSent));
        let causes = self.received + self.sent;
        assert!(value(Counter::IcmpErrorsSent) <= causes, "more than one error for one cause");
        let drops: u64 = self
            .stack
            .counters()
            .iter()
            .filter(|(counter, _)| counter.is_drop())
            .map(|(_, value)| value)
            .sum();
        let taken = [
            Counter::IcmpEchoRepliesSent,
            Counter::IcmpErrorsReceived,
            Counter::Ipv4Fragments,
            Counter::UdpReceived,
            Counter::TcpReceived,
            Counter::ArpReceived,
        ];
        let taken: u64 = taken.into_iter().map(value).sum();
        assert!(drops + taken >= self.received, "a frame is unaccounted for");
    }

    /// Whatever happened to a connection, if both sides do as they should from now on, all arrives.
    fn make_good(&mut self) -> usize {
        self.drain();
        if self.medium == Medium::Ethernet {
            // The kernel is a neighbour that answers.
            self.pass(arp::LOCK_TIME);
            self.receive_frame(&arp(1, 1, 2, KERNEL_HARDWARE));
            self.drain();
        }
        let owed = self.connections.owed(&mut self.stack, self.now);
        for &port in &owed {
            let mut rounds = 0;
            while let Some(datagrams) = self.connections.make_good(&mut self.stack, self.now, port)
            {
                for datagram in datagrams {
                    self.receive(&datagram);
                    self.drain();
                }
                self.pass(Duration::from_millis(50));
                self.drain();
                rounds += 1;
                assert!(rounds < 5000, "{}", self.connections.describe(&mut self.stack, self.now));
            }
        }
        owed.len()
    }

    /// Once nobody holds a connection, none stays.
    fn end(&mut self) {
        for _ in 0..40 {
            self.connections.accept(&mut self.stack, self.now);
            self.connections.close_all(&mut self.stack, self.now);
            self.drain();
            self.pass(Duration::from_secs(60));
        }
        let sockets = self.stack.tcp(self.now);
        assert_eq!((sockets.len(), sockets.in_time_wait()), (1, 0), "a connection stays");
    }

    /// Whatever happened, who asks is answered.
    fn prove_alive(&mut self) {
        self.drain();
        // A neighbour that was moved a moment ago cannot move back at once.
        self.pass(arp::LOCK_TIME);
        if self.medium == Medium::Ethernet {
            self.receive_frame(&arp(1, 1, 2, KERNEL_HARDWARE));
        }
        self.drain();
        self.receive(&ping(KERNEL, STACK, 64, b"alive?"));
        let answers = self.drain();
        let Some(answer) = answers.first() else {
            panic!("no answer to a ping any more: {:?}", self.stack.counters());
        };
        assert!(answer.ends_with(b"alive?"), "another answer: {answer:02x?}");
        if self.medium == Medium::Ethernet {
            assert_eq!(answer[..6], KERNEL_HARDWARE);
        }
    }
}

/// The datagram in a frame of ours; `None` if that is ARP.
fn carried_datagram(bytes: &[u8]) -> Option<&[u8]> {
    let frame = ethernet::Frame::parse(bytes).expect("we send frames");
    let header = frame.header().expect("we send Ethernet II");
    assert_eq!(header.source, DEFAULT_HARDWARE);
    match header.ether_type {
        ethernet::EtherType::Ipv4 => {
            assert!(!header.destination.is_multicast(), "to everybody");
            Some(frame.payload())
        }
        ethernet::EtherType::Arp => {
            let message = arp::Packet::parse(frame.payload()).expect("we send ARP").message();
            assert_eq!((message.sender_hardware, message.sender), (DEFAULT_HARDWARE, STACK));
            None
        }
        other => panic!("we send no {other}"),
    }
}

fn check_datagram(bytes: &[u8]) -> ipv4::Datagram<'_> {
    let sent = ipv4::Datagram::parse(bytes).expect("we send datagrams");
    assert_eq!(sent.source(), STACK);
    assert!(ipv4::is_unicast_source(sent.destination()), "an answer to nobody");
    assert!(bytes.len() <= usize::from(MTU));
    sent
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

fn udp(from: u16, to: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ipv4(KERNEL.octets(), STACK.octets(), 64)
        .udp(from, to)
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

/// An ARP packet between hosts of our network, in a frame for all.
fn arp(operation: u8, sender: u8, target: u8, hardware: [u8; 6]) -> Vec<u8> {
    let mut frame = vec![0xff; 6];
    frame.extend(hardware);
    frame.extend([0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, operation]);
    frame.extend(hardware);
    frame.extend([192, 0, 2, sender]);
    frame.extend([0; 6]);
    frame.extend([192, 0, 2, target]);
    frame
}
