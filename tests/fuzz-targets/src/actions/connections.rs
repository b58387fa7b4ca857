//! TCP connections in a history: our programs on one side, and peers on the other who mostly do as
//! they should, and sometimes not.
//!
//! Both streams are known beforehand, byte by byte, so that whatever is read and whatever leaves
//! can be compared, however it was cut, repeated or mixed up.

mod peer;

use std::net::Ipv4Addr;

use arbitrary::Arbitrary;
use packet::Instant;
use stack::Stack;
use tcp::{
    ConnectionOptions, Error, Flags, MAX_TIME_WAIT, Segment, SequenceNumber, SocketId, State,
};

use super::{ECHO, KERNEL, STACK};
use peer::Peer;

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
