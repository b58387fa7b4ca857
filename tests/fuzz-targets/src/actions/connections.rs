//! TCP connections in a history: our programs on one side, and peers on the other who mostly do as
//! they should, and sometimes not.
//!
//! Both streams are known beforehand, byte by byte, so that whatever is read and whatever leaves
//! can be compared, however it was cut, repeated or mixed up.

use std::net::{Ipv4Addr, SocketAddr};

use arbitrary::Arbitrary;
use packet::Instant;
use stack::Stack;
use tcp::{
    ConnectionOptions, Error, Flags, Header, KeepAlive, MAX_TIME_WAIT, Options, Segment,
    SequenceNumber, SocketId, State, Timestamps, WindowScale,
};

use super::{ECHO, KERNEL, STACK};

/// How many peers there are at a time.
const PEERS: usize = 3;

/// No buffer is smaller: a stream of thousands of bytes, byte by byte, proves no more.
const LEAST_BUFFER: usize = 40;

/// How many connections are under way or wait to be accepted; beyond that there are cookies.
const BACKLOG: usize = 2;

/// The port of our program that connects, and of the peer whom it asks.
const FIRST_PORT: u16 = 40_000;

/// One step of a connection.
#[derive(Arbitrary, Debug)]
pub(super) struct TcpAction {
    peer: u8,
    step: Step,
}

#[derive(Arbitrary, Debug)]
enum Step {
    /// The peer asks for a connection.
    Open {
        window: u16,
        offer: Offer,
    },
    /// Our program asks the peer for one.
    Connect {
        buffers: [u16; 2],
    },
    /// The peer answers our SYN, with an acknowledgment or without one.
    Answer {
        window: u16,
        acknowledges: bool,
        offer: Offer,
    },
    /// Text that is next in order, or lies a little beyond or before.
    Text {
        skip: i16,
        length: u16,
        window: u16,
    },
    /// What came is acknowledged, or not all of it.
    Acknowledge {
        missing: u16,
        window: u16,
    },
    /// The peer sends no more.
    Fin {
        dice: u8,
        window: u16,
    },
    /// A segment with anything in it, but the text that belongs there.
    Bent {
        dice: u8,
        seq: i32,
        ack: i32,
        flags: u8,
        window: u16,
        urgent: u16,
        length: u8,
        options: RawOptions,
    },
    /// So many milliseconds.
    TimePasses(u16),
    /// An ICMP error about something that we may have sent.
    Report {
        kind: bool,
        code: u8,
        sequence: u16,
    },
    /// The program's calls. Those that end something happen only where the dice are low, since
    /// connections are to grow old.
    Send {
        length: u16,
        urgent: bool,
    },
    Receive {
        length: u16,
    },
    ReceiveUrgent,
    Shutdown {
        dice: u8,
    },
    ShutdownReceiving {
        dice: u8,
    },
    Close {
        dice: u8,
    },
    Abort {
        dice: u8,
    },
    SetOptions {
        bits: u8,
        buffers: [u16; 2],
        linger: u8,
    },
}

/// Options as they stand on the wire, right or wrong; how many bytes of them.
type RawOptions = ([u8; 20], u8);

/// What a SYN offers.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Offer {
    mss: Option<u16>,
    scale: Option<u8>,
    timestamps: bool,
}

impl TcpAction {
    /// How many milliseconds pass, if it is that.
    pub(super) const fn time_passes(&self) -> Option<u16> {
        match self.step {
            Step::TimePasses(milliseconds) => Some(milliseconds),
            _ => None,
        }
    }
}

/// A datagram that a peer sends.
pub(super) type Datagram = Vec<u8>;

/// All connections of a history.
pub(super) struct Connections {
    listener: SocketId,
    peers: Vec<Peer>,
    next_port: u16,
    /// Where the peers' numbers begin.
    irs: SequenceNumber,
    /// Whether peers send nonsense now and then. Then less can be told of what must come of it.
    may_be_bent: bool,
}

/// A peer and its connection.
#[derive(Debug)]
struct Peer {
    port: u16,
    /// Our port.
    local_port: u16,
    /// Our end, while our program holds it.
    socket: Option<SocketId>,
    irs: SequenceNumber,
    /// Our first number, once it was seen.
    iss: Option<SequenceNumber>,
    /// How many bytes the peer has sent from the first on, and how many we acknowledged.
    sent: u32,
    acknowledged: u32,
    /// How many bytes of ours came without a hole.
    got: u32,
    has_our_fin: bool,
    has_sent_fin: bool,
    /// What our program gave, and what it read.
    given: u32,
    read: u32,
    /// The furthest that we said the peer may send, and the shift of what we say.
    edge: Option<SequenceNumber>,
    /// The furthest that it said we may send, and the window in its SYN.
    limit: Option<SequenceNumber>,
    syn_window: u16,
    our_shift: u8,
    their_shift: u8,
    /// Our last timestamp, where both use them.
    timestamps: Option<u32>,
    offered_timestamps: bool,
    offered_shift: Option<u8>,
    /// Whether it has a second connection, under the same numbers.
    is_lost: bool,
    /// Whether there is, or was, a connection.
    has_begun: bool,
    /// Whether it did something after which nothing is owed to it.
    is_tainted: bool,
    /// Whether our program throws away what comes, or takes a byte out of the stream.
    is_deaf: bool,
    has_shut: bool,
}

/// What the peers send, by its place.
fn theirs(place: u32) -> u8 {
    (place.wrapping_mul(31) ^ (place >> 8)).to_le_bytes()[0]
}

/// What our programs send, by its place.
fn ours(place: u32) -> u8 {
    (place.wrapping_mul(17) ^ (place >> 7) ^ 0x55).to_le_bytes()[0]
}

/// Small sizes are as likely as large ones.
fn size(number: u16) -> u32 {
    u32::from(number >> (number % 12))
}

impl Connections {
    /// `numbers` says where both sides' sequence numbers begin: in half of all histories within
    /// 100 KB of the wrap.
    pub(super) fn new(stack: &mut Stack, numbers: [u16; 2]) -> Self {
        let first = |number: u16| {
            let near = u32::from(number) * 3 / 2;
            let is_near = number.is_multiple_of(2);
            SequenceNumber::new(if is_near { 0 } else { near << 16 }) - near
        };
        let may_be_bent = numbers[0] % 4 < 2;
        let [iss, irs] = numbers.map(first);
        stack.tcp(Instant::START).begin_sequence_numbers_at(iss);
        let options = ConnectionOptions::default();
        let local = (Ipv4Addr::UNSPECIFIED, ECHO).into();
        let listener = stack.tcp(Instant::START).listen(local, BACKLOG, options).expect("room");
        Self { listener, peers: Vec::new(), next_port: FIRST_PORT, irs, may_be_bent }
    }

    /// Does a step. The datagram is what the peer sends by it.
    pub(super) fn step(
        &mut self,
        stack: &mut Stack,
        now: Instant,
        action: &TcpAction,
    ) -> Option<Datagram> {
        let index = usize::from(action.peer) % PEERS;
        while self.peers.len() <= index {
            self.add_peer();
        }
        match action.step {
            Step::Open { window, offer } => {
                self.replace_if_over(stack, now, index);
                let peer = &mut self.peers[index];
                if peer.iss.is_some() {
                    return None;
                }
                return Some(peer.write_syn(now, Flags::SYN, window, offer));
            }
            Step::Connect { buffers } => {
                self.replace_if_over(stack, now, index);
                if self.peers[index].has_begun {
                    return None;
                }
                self.peers[index].is_asked(stack, now, buffers);
                return None;
            }
            _ => {}
        }
        if !self.may_be_bent && matches!(action.step, Step::Bent { .. } | Step::Abort { .. }) {
            return None;
        }
        let peer = &mut self.peers[index];
        peer.program(stack, now, &action.step);
        let datagram = peer.sends(now, &action.step)?;
        peer.note_window(&datagram);
        Some(datagram)
    }

    fn add_peer(&mut self) {
        self.next_port = self.next_port.wrapping_add(1).max(1024);
        self.peers.push(Peer::new(self.next_port, self.irs));
    }

    /// Another peer takes the place of this one, if its connection is over.
    fn replace_if_over(&mut self, stack: &mut Stack, now: Instant, index: usize) {
        let Peer { socket, has_begun, .. } = self.peers[index];
        let state = socket.map(|id| stack.tcp(now).state(id));
        let is_over = matches!(state, None | Some(Err(_) | Ok(State::Closed | State::TimeWait)));
        if !has_begun || !is_over {
            return;
        }
        self.add_peer();
        let old = self.peers.swap_remove(index);
        if let Some(socket) = old.socket {
            let _ = stack.tcp(now).abort(now, socket);
            let _ = stack.tcp(now).close(now, socket);
        }
    }

    /// Our program takes the connections that wait.
    pub(super) fn accept(&mut self, stack: &mut Stack, now: Instant) {
        while let Ok(socket) = stack.tcp(now).accept(self.listener) {
            let port = stack.tcp(now).ends(socket).expect("it is a connection").remote.port();
            match self.peers.iter_mut().find(|peer| peer.port == port) {
                Some(peer) if peer.socket.is_none() => {
                    (peer.socket, peer.has_begun) = (Some(socket), true);
                }
                other => {
                    if let Some(peer) = other {
                        (peer.is_lost, peer.is_tainted) = (true, true);
                    }
                    let _ = stack.tcp(now).close(now, socket);
                }
            }
        }
    }

    /// A segment of ours has left.
    pub(super) fn note_sent(&mut self, datagram: &ipv4::Datagram<'_>) {
        let (source, destination) = (datagram.source(), datagram.destination());
        let sum = ipv4::pseudo_header(source, destination, ipv4::Protocol::Tcp);
        let unverified = packet::ReceivedChecksum::Unverified;
        let segment = Segment::parse(datagram.payload(), sum, unverified).expect("we send TCP");
        let to = segment.header().destination_port;
        let peer = self.peers.iter_mut().find(|peer| peer.port == to && destination == KERNEL);
        if let Some(peer) = peer {
            peer.note_sent(&segment);
        }
    }

    /// What holds after every step, once all that can leave has left.
    pub(super) fn check(&self, stack: &mut Stack, now: Instant) {
        let mut waits = false;
        for peer in &self.peers {
            let Some(status) = peer.socket.and_then(|id| stack.tcp(now).status(now, id).ok())
            else {
                continue;
            };
            assert!(status.unread <= status.receive_buffer.max(1 << 20), "more than is taken");
            assert!(status.unacknowledged <= status.send_buffer.max(1 << 20));
            let is_over = matches!(status.state, State::Closed | State::TimeWait);
            let something_waits = status.outstanding > 0 || status.unacknowledged > 0;
            waits |= something_waits && !is_over;
        }
        assert!(!waits || stack.tcp(now).next_deadline().is_some(), "a connection is stuck");
        assert!(stack.tcp(now).in_time_wait() <= MAX_TIME_WAIT);
    }

    /// The peers that are owed something, and can be given it.
    pub(super) fn owed(&self, stack: &mut Stack, now: Instant) -> Vec<u16> {
        let is_owed = |peer: &&Peer| {
            let state = peer.socket.and_then(|id| stack.tcp(now).state(id).ok());
            let is_open = state.is_some_and(|state| {
                state.is_synchronized() && !matches!(state, State::TimeWait | State::Closed)
            });
            is_open && !peer.is_tainted && peer.iss.is_some()
        };
        self.peers.iter().filter(is_owed).map(|peer| peer.port).collect()
    }

    /// A peer does all that it should: what it sends for that. `None` once both streams are where
    /// they should be, to the last byte.
    pub(super) fn make_good(
        &mut self,
        stack: &mut Stack,
        now: Instant,
        port: u16,
    ) -> Option<Vec<Datagram>> {
        let peer = self.peers.iter_mut().find(|peer| peer.port == port)?;
        let socket = peer.socket?;
        let _ = stack.tcp(now).shutdown(now, socket);
        peer.has_shut = true;
        peer.read_all(stack, now);
        let is_read = peer.is_deaf || peer.read == peer.sent;
        if peer.got == peer.given && peer.has_our_fin && is_read && peer.has_sent_fin {
            return None;
        }
        let window = 30_000;
        peer.allow(peer.iss? + 1 + peer.got + (window << peer.their_shift));
        let window = 30_000;
        let acknowledgment = peer.segment(now, Flags::ACK, 0, 0, window);
        let from = peer.acknowledged.min(peer.sent);
        let length = (peer.sent - from).min(1000);
        let skip = i64::from(from) - i64::from(peer.sent);
        let mut text = peer.segment(now, Flags::ACK, skip, length, window);
        if from + length == peer.sent {
            peer.has_sent_fin = true;
            text = peer.segment(now, Flags::FIN | Flags::ACK, skip, length, window);
        }
        Some(vec![acknowledgment, text])
    }

    /// Where everybody stands, for when one does not get on.
    pub(super) fn describe(&self, stack: &mut Stack, now: Instant) -> String {
        let lines = self.peers.iter().map(|peer| {
            let status = peer.socket.map(|id| stack.tcp(now).status(now, id));
            format!("{peer:?}: {status:?}")
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Our programs let go of everything.
    pub(super) fn close_all(&mut self, stack: &mut Stack, now: Instant) {
        for peer in &mut self.peers {
            peer.has_shut = true;
            if let Some(socket) = peer.socket.take() {
                let options = ConnectionOptions::default();
                let _ = stack.tcp(now).set_options(now, socket, options);
                if stack.tcp(now).close(now, socket) == Err(Error::WouldBlock) {
                    let _ = stack.tcp(now).abort(now, socket);
                }
            }
        }
    }
}

impl Peer {
    fn new(port: u16, irs: SequenceNumber) -> Self {
        Self {
            port,
            local_port: ECHO,
            socket: None,
            irs,
            iss: None,
            sent: 0,
            acknowledged: 0,
            got: 0,
            has_our_fin: false,
            has_sent_fin: false,
            given: 0,
            read: 0,
            edge: None,
            limit: None,
            syn_window: 0,
            our_shift: 0,
            their_shift: 0,
            timestamps: None,
            offered_timestamps: false,
            offered_shift: None,
            is_lost: false,
            has_begun: false,
            is_tainted: false,
            is_deaf: false,
            has_shut: false,
        }
    }

    fn write_syn(&mut self, now: Instant, flags: Flags, window: u16, offer: Offer) -> Datagram {
        self.offered_timestamps = offer.timestamps;
        self.syn_window = window;
        self.has_begun = true;
        self.offered_shift = offer.scale.map(|scale| scale.min(14));
        let timestamps = Timestamps { value: clock(now), echo_reply: self.timestamps.unwrap_or(0) };
        let options = Options {
            maximum_segment_size: offer.mss,
            window_scale: offer.scale.map(WindowScale::new),
            timestamps: offer.timestamps.then_some(timestamps),
            ..Options::NONE
        };
        let ack = self.iss.filter(|_| flags.ack()).map(|iss| iss + 1);
        self.write(flags, self.irs, ack, window, 0, options, 0)
    }

    fn is_asked(&mut self, stack: &mut Stack, now: Instant, buffers: [u16; 2]) {
        let [send_buffer, receive_buffer] =
            buffers.map(|number| size(number) as usize + LEAST_BUFFER);
        let options =
            ConnectionOptions { send_buffer, receive_buffer, ..ConnectionOptions::default() };
        self.has_begun = true;
        let remote = SocketAddr::from((KERNEL, self.port));
        self.socket = stack.tcp(now).connect(None, remote, options).ok();
        if let Some(socket) = self.socket {
            let ends = stack.tcp(now).ends(socket).expect("it is a connection");
            self.local_port = ends.local.port();
        }
    }

    /// What the program does.
    fn program(&mut self, stack: &mut Stack, now: Instant, step: &Step) {
        let Some(socket) = self.socket else { return };
        let mut sockets = stack.tcp(now);
        match *step {
            Step::Send { length, urgent } => {
                let data: Vec<u8> = (0..size(length)).map(|at| ours(self.given + at)).collect();
                let sent = match urgent {
                    true => sockets.send_urgent(now, socket, &data),
                    false => sockets.send(now, socket, &data),
                };
                self.given += u32::try_from(sent.unwrap_or(0)).expect("it is little");
            }
            Step::Receive { length } => self.read_some(stack, now, size(length) as usize),
            Step::ReceiveUrgent => {
                let _ = sockets.peek_urgent(socket);
                let _ = sockets.receive_urgent(now, socket);
            }
            Step::Shutdown { dice: 0..32 } => {
                self.has_shut |= sockets.shutdown(now, socket).is_ok();
            }
            Step::ShutdownReceiving { dice: 0..16 } => {
                // Once both sides are shut, what comes draws an RST.
                (self.is_deaf, self.is_tainted) = (true, true);
                let _ = sockets.shutdown_receiving(now, socket);
            }
            Step::Close { dice: 0..16 } => {
                self.has_shut = true;
                if sockets.close(now, socket).is_ok() {
                    self.socket = None;
                }
                self.is_tainted = true;
            }
            Step::Abort { dice: 0..16 } => {
                let _ = sockets.abort(now, socket);
                self.is_tainted = true;
            }
            Step::SetOptions { bits, buffers, linger } => {
                let [send_buffer, receive_buffer] =
                    buffers.map(|number| size(number) as usize + LEAST_BUFFER);
                let options = ConnectionOptions {
                    no_delay: bits & 1 != 0,
                    cork: bits & 2 != 0,
                    quick_ack: bits & 4 != 0,
                    urgent_inline: bits & 8 == 0,
                    keep_alive: (bits & 16 != 0).then(KeepAlive::default),
                    send_buffer,
                    receive_buffer,
                    linger: (bits & 32 != 0).then(|| std::time::Duration::from_secs(linger.into())),
                    ..ConnectionOptions::default()
                };
                self.is_deaf |= !options.urgent_inline;
                let _ = sockets.set_options(now, socket, options);
            }
            _ => {}
        }
    }

    fn read_some(&mut self, stack: &mut Stack, now: Instant, length: usize) {
        let Some(socket) = self.socket else { return };
        let mut bytes = vec![0; length];
        let count = stack.tcp(now).receive(now, socket, &mut bytes).unwrap_or(0);
        if self.is_deaf || self.is_lost {
            return;
        }
        for &byte in &bytes[..count] {
            assert_eq!(byte, theirs(self.read), "byte {} is another", self.read);
            self.read += 1;
        }
    }

    fn read_all(&mut self, stack: &mut Stack, now: Instant) {
        let before = self.read;
        self.read_some(stack, now, 1 << 20);
        if self.read > before {
            self.read_some(stack, now, 1 << 20);
        }
    }

    /// What the peer sends by that step.
    fn sends(&mut self, now: Instant, step: &Step) -> Option<Datagram> {
        match *step {
            Step::Answer { window, acknowledges, offer } => {
                if self.edge.is_some() || self.local_port == ECHO {
                    return None;
                }
                let flags = if acknowledges { Flags::SYN | Flags::ACK } else { Flags::SYN };
                Some(self.write_syn(now, flags, window, offer))
            }
            Step::Text { skip, length, window } => {
                let length = size(length).min(1460);
                if self.has_sent_fin || self.iss.is_none() {
                    return None;
                }
                let skip = i64::from(skip) % 5000 * i64::from(skip % 3 == 0);
                let skip = skip.max(-i64::from(self.sent));
                let text = self.segment(now, Flags::ACK | Flags::PSH, skip, length, window);
                let end = i64::from(self.sent) + skip + i64::from(length);
                self.sent = self.sent.max(u32::try_from(end.max(0)).expect("it is little"));
                Some(text)
            }
            Step::Acknowledge { missing, window } => {
                let missing = size(missing).min(self.got);
                self.got -= missing;
                let acknowledgment = self.segment(now, Flags::ACK, 0, 0, window);
                self.got += missing;
                Some(acknowledgment)
            }
            Step::Fin { dice: 0..32, window } => {
                self.has_sent_fin = true;
                Some(self.segment(now, Flags::FIN | Flags::ACK, 0, 0, window))
            }
            Step::Bent { dice: 0..64, seq, ack, flags, window, urgent, length, options } => {
                self.is_tainted = true;
                // It may begin another connection, whose bytes have other places.
                self.is_lost |= Flags::from_bits(flags).syn();
                Some(self.bent(seq, ack, flags, window, urgent, length, options))
            }
            Step::Report { kind, code, sequence } => Some(self.report(kind, code, sequence)),
            _ => None,
        }
    }

    /// A segment with `length` bytes of its stream, `skip` bytes behind what it has sent.
    fn segment(&self, now: Instant, flags: Flags, skip: i64, length: u32, window: u16) -> Datagram {
        let place = u32::try_from((i64::from(self.sent) + skip).max(0)).expect("it is little");
        let fin = u32::from(self.has_sent_fin && !flags.fin());
        let fin = if length == 0 && skip == 0 { fin } else { 0 };
        let iss = self.iss.unwrap_or(SequenceNumber::new(0));
        let ack = iss + 1 + self.got + u32::from(self.has_our_fin && self.got == self.given);
        let timestamps =
            self.timestamps.map(|echo_reply| Timestamps { value: clock(now), echo_reply });
        let options = Options { timestamps, ..Options::NONE };
        self.write(flags, self.irs + 1 + place + fin, Some(ack), window, 0, options, length)
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of a segment")]
    fn bent(
        &self,
        seq: i32,
        ack: i32,
        flags: u8,
        window: u16,
        urgent: u16,
        length: u8,
        (options, count): RawOptions,
    ) -> Datagram {
        let near = |to: SequenceNumber, offset: i32| {
            // Most are close, some are anywhere.
            let offset = if offset % 4 == 0 { offset } else { offset % 3000 };
            to + u32::from_le_bytes(offset.to_le_bytes())
        };
        let seq = near(self.irs + 1 + self.sent, seq);
        let ack = near(self.iss.unwrap_or(SequenceNumber::new(0)) + 1 + self.got, ack);
        let mut options = options[..usize::from(count) % 21].to_vec();
        options.resize(options.len().next_multiple_of(4), 0);
        let header = self.header(Flags::from_bits(flags), seq, Some(ack), window, urgent);
        let place = seq.since(self.irs + 1);
        let text = (0..length.into()).map(|at| theirs(place.wrapping_add(at))).collect::<Vec<_>>();
        in_datagram(&header, &options, &text)
    }

    /// What the peer sends says how much it takes.
    fn note_window(&mut self, datagram: &[u8]) {
        let sum = ipv4::pseudo_header(KERNEL, STACK, ipv4::Protocol::Tcp);
        let segment = &datagram[20..];
        let Ok(segment) = Segment::parse(segment, sum, packet::ReceivedChecksum::Unverified) else {
            return;
        };
        let Header { acknowledgment_number, flags, window, .. } = segment.header();
        let shift = if flags.syn() { 0 } else { self.their_shift };
        if flags.ack() && self.iss.is_some() {
            self.allow(acknowledgment_number + (u32::from(window) << shift));
        }
    }

    fn allow(&mut self, limit: SequenceNumber) {
        self.limit =
            Some(self.limit.map_or(limit, |before| SequenceNumber::later_of(before, limit)));
    }

    fn report(&self, is_time_exceeded: bool, code: u8, sequence: u16) -> Datagram {
        let iss = self.iss.unwrap_or(SequenceNumber::new(0));
        let mut quoted = ip_header(STACK, KERNEL, 6, 40);
        quoted.extend(self.local_port.to_be_bytes());
        quoted.extend(self.port.to_be_bytes());
        quoted.extend((iss + size(sequence)).value().to_be_bytes());
        let kind = if is_time_exceeded { 11 } else { 3 };
        let mut message = vec![kind, code % 16, 0, 0, 0, 0, 0, 0];
        message.extend(quoted);
        let checksum = checksum::Sum::new().add_bytes(&message).checksum();
        message[2..4].copy_from_slice(&checksum.to_be_bytes());
        let mut datagram = ip_header(KERNEL, STACK, 1, message.len());
        datagram.extend(message);
        datagram
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of a segment")]
    fn write(
        &self,
        flags: Flags,
        seq: SequenceNumber,
        ack: Option<SequenceNumber>,
        window: u16,
        urgent: u16,
        options: Options,
        length: u32,
    ) -> Datagram {
        let header = self.header(flags, seq, ack, window, urgent);
        let place = seq.since(self.irs + 1);
        let text: Vec<u8> = (0..length).map(|at| theirs(place.wrapping_add(at))).collect();
        let mut buffer = packet::Buffer::new();
        buffer.append(&text);
        let sum = ipv4::pseudo_header(KERNEL, STACK, ipv4::Protocol::Tcp);
        header
            .prepend_to(&options, &mut buffer, sum, packet::ChecksumBy::Us, None)
            .expect("a segment is no longer than a datagram");
        let mut datagram = ip_header(KERNEL, STACK, 6, buffer.len());
        datagram.extend(buffer.as_slice());
        datagram
    }

    fn header(
        &self,
        flags: Flags,
        seq: SequenceNumber,
        ack: Option<SequenceNumber>,
        window: u16,
        urgent: u16,
    ) -> Header {
        Header {
            source_port: self.port,
            destination_port: self.local_port,
            sequence_number: seq,
            acknowledgment_number: ack.unwrap_or(SequenceNumber::new(0)),
            flags,
            window,
            urgent_pointer: urgent,
        }
    }

    /// A segment of ours came: it is one that may be sent.
    fn note_sent(&mut self, segment: &Segment<'_>) {
        let header = segment.header();
        let flags = header.flags;
        if flags.rst() {
            return;
        }
        if flags.syn() {
            self.note_syn(&header, &segment.options());
        }
        let Some(iss) = self.iss else { return };
        if let Some(timestamps) = segment.options().timestamps {
            self.timestamps = self.timestamps.map(|_| timestamps.value);
        }
        if self.is_lost {
            return;
        }
        self.note_acknowledgment(&header);
        let place = header.sequence_number.since(iss + 1);
        let length = u32::try_from(segment.payload().len()).expect("it is a segment");
        if length > 0 {
            assert!(place + length <= self.given, "nobody gave that");
            let text = (place..).map(ours);
            assert!(segment.payload().iter().copied().eq(text.take(length as usize)));
            if (place..place + length).contains(&self.got) {
                self.got = place + length;
            }
            let end = iss + 1 + place + length;
            let is_asked_for = self.limit.is_some_and(|limit| end.is_at_or_before(limit + 1));
            assert!(is_asked_for || self.is_tainted, "more than the window, and a probe's byte");
        }
        if flags.fin() {
            assert!(self.has_shut, "nobody closed");
            assert_eq!(place + length, self.given, "a FIN before the end");
            self.has_our_fin |= self.got == self.given;
        }
    }

    fn note_syn(&mut self, header: &Header, options: &Options) {
        let first = header.sequence_number;
        // It may be another connection than before: what the peer did in that one is not known.
        (self.edge, self.limit) = (None, None);
        self.is_lost |= self.sent > 0 || self.given > 0 || self.has_sent_fin || self.has_shut;
        self.is_tainted |= self.is_lost;
        self.iss = Some(first);
        self.allow(first + 1 + u32::from(self.syn_window));
        let both_scale = options.window_scale.is_some() && self.offered_shift.is_some();
        self.our_shift = options.window_scale.map_or(0, WindowScale::bits);
        self.their_shift = self.offered_shift.filter(|_| both_scale).unwrap_or(0);
        if let Some(timestamps) = options.timestamps {
            self.timestamps = Some(timestamps.value);
        }
        if header.flags.ack() && !self.offered_timestamps {
            self.timestamps = None;
        }
    }

    fn note_acknowledgment(&mut self, header: &Header) {
        if !header.flags.ack() {
            return;
        }
        let ack = header.acknowledgment_number;
        if !self.is_tainted {
            let most = self.sent + u32::from(self.has_sent_fin);
            let acknowledged = ack.since(self.irs + 1);
            assert!(acknowledged <= most, "{acknowledged} of {most} are acknowledged");
            self.acknowledged = self.acknowledged.max(acknowledged);
        }
        let shift = if header.flags.syn() { 0 } else { self.our_shift };
        let edge = ack + (u32::from(header.window) << shift);
        if let Some(before) = self.edge.filter(|_| !self.is_tainted) {
            assert!(!edge.is_before(before), "SHLD-14: the window's edge moved back");
        }
        self.edge = Some(self.edge.map_or(edge, |before| SequenceNumber::later_of(before, edge)));
    }
}

/// A peer's timestamp clock, in milliseconds.
fn clock(now: Instant) -> u32 {
    let milliseconds = now.since_start().as_millis() % (1 << 32);
    u32::try_from(milliseconds).expect("it was cut").wrapping_add(5)
}

/// A segment with any options at all.
fn in_datagram(header: &Header, options: &[u8], text: &[u8]) -> Datagram {
    let words = u8::try_from(5 + options.len() / 4).expect("at most 15");
    let mut segment = Vec::new();
    segment.extend(header.source_port.to_be_bytes());
    segment.extend(header.destination_port.to_be_bytes());
    segment.extend(header.sequence_number.value().to_be_bytes());
    segment.extend(header.acknowledgment_number.value().to_be_bytes());
    segment.extend([words << 4, header.flags.bits()]);
    segment.extend(header.window.to_be_bytes());
    segment.extend([0, 0]);
    segment.extend(header.urgent_pointer.to_be_bytes());
    segment.extend(options);
    segment.extend(text);
    let length = u32::try_from(segment.len()).expect("it is a segment").to_be_bytes();
    let sum = ipv4::pseudo_header(KERNEL, STACK, ipv4::Protocol::Tcp);
    let checksum = sum.add_bytes(&length).add_bytes(&segment).checksum();
    segment[16..18].copy_from_slice(&checksum.to_be_bytes());
    let mut datagram = ip_header(KERNEL, STACK, 6, segment.len());
    datagram.extend(segment);
    datagram
}

fn ip_header(from: Ipv4Addr, to: Ipv4Addr, protocol: u8, length: usize) -> Vec<u8> {
    let total_length = u16::try_from(20 + length).expect("it is a datagram");
    let mut header = vec![0x45, 0];
    header.extend(total_length.to_be_bytes());
    header.extend([0, 1, 0, 0, 64, protocol, 0, 0]);
    header.extend(from.octets());
    header.extend(to.octets());
    let checksum = checksum::Sum::new().add_bytes(&header).checksum();
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    header
}
