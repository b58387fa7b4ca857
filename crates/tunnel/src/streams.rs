//! A tunnel whose frames travel by TCP, as in simpletun: each with its length in front.
//!
//! ```text
//!   device ──receive──► switch ──► a stream's outbox ──to_send──► socket
//!          ◄─transmit──  queue ◄── a stream's inbox  ◄──room───── socket
//! ```
//!
//! Nothing is lost on this way for want of room: while a stream is full the device is not read
//! ([`Host::has_room`]), and while the device is behind the sockets are not
//! ([`StreamTunnel::room`] is empty). Only an end that takes nothing at all for
//! [`STALL_PATIENCE`] is waited for no longer: what is for it is dropped until it moves again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};

use crate::framing::{Inbox, Outbox};
use crate::hub::{Hub, MAX_PEERS, PeerId};
use crate::sealing::SEALING_OVERHEAD;
use crate::session::{Session, Step};
use crate::switch::{Port, Way};
use crate::{Counter, Counters, Key, News, Terms, What};

/// How long an end that takes nothing holds up the device.
pub const STALL_PATIENCE: Duration = Duration::from_secs(1);

/// How long an end has to prove that it has the key.
pub const GREETING_PATIENCE: Duration = Duration::from_secs(10);

/// Which side of a connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We asked for it.
    Connects,
    /// The other end did.
    Listens,
}

/// A tunnel over connections. It has no socket: whoever drives it carries bytes between each
/// connection and its place here.
pub struct StreamTunnel {
    hub: Hub,
    streams: BTreeMap<PeerId, Stream>,
    /// Where sealed frames are opened.
    opened: Vec<u8>,
}

/// One connection.
struct Stream {
    remote: SocketAddr,
    session: Session,
    inbox: Inbox,
    outbox: Outbox,
    pressure: Pressure,
    /// When the greeting must be over.
    greeting_ends: Instant,
    /// Whether it is to be closed, for it is no good.
    is_condemned: bool,
}

/// Whether the other end takes what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pressure {
    /// There is room.
    None,
    /// There is none, and nothing was taken since.
    Full(Instant),
    /// There has been none for too long.
    Stalled,
}

impl StreamTunnel {
    /// A tunnel without other ends so far; with a key it is sealed.
    #[must_use]
    pub fn new(terms: Terms, key: Option<Key>) -> Self {
        Self { hub: Hub::new(terms, key), streams: BTreeMap::new(), opened: Vec::new() }
    }

    /// Takes in a connection that has just been made. `None` if there are [`MAX_PEERS`] already:
    /// it is to be closed.
    pub fn open(&mut self, now: Instant, role: Role, remote: SocketAddr) -> Option<PeerId> {
        if self.streams.len() >= MAX_PEERS {
            self.hub.counters.increment(Counter::TooManyPeers);
            self.hub.tell(now, remote, What::TooMany { limit: MAX_PEERS });
            return None;
        }
        let session = Session::new(role, self.hub.key.as_ref(), self.hub.terms)?;
        let mut outbox = Outbox::default();
        if let Some(hello) = session.hello() {
            outbox.push(|bytes| bytes.extend_from_slice(hello));
        }
        let is_up = session.is_up();
        let stream = Stream {
            remote,
            inbox: Inbox::new(self.longest_message()),
            outbox,
            session,
            pressure: Pressure::None,
            greeting_ends: now + GREETING_PATIENCE,
            is_condemned: false,
        };
        let id = self.hub.new_peer();
        self.streams.insert(id, stream);
        if is_up {
            self.came_up(now, remote, false);
        }
        Some(id)
    }

    /// Where bytes of the connection are to be read into; empty while none are wanted.
    pub fn room(&mut self, id: PeerId) -> &mut [u8] {
        if self.hub.device_is_busy() {
            return &mut [];
        }
        match self.streams.get_mut(&id) {
            Some(stream) if !stream.is_condemned => stream.inbox.room(),
            _ => &mut [],
        }
    }

    /// So many bytes were read into the room.
    pub fn came(&mut self, now: Instant, id: PeerId, count: usize) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.inbox.filled(count);
        }
        self.take_frames(now, id);
    }

    /// What the connection is to send next.
    #[must_use]
    pub fn to_send(&self, id: PeerId) -> &[u8] {
        self.streams.get(&id).map_or(&[], |stream| stream.outbox.waiting())
    }

    /// The connection took so many of those bytes.
    pub fn sent(&mut self, now: Instant, id: PeerId, count: usize) {
        if let Some(stream) = self.streams.get_mut(&id)
            && count > 0
        {
            stream.outbox.took(count);
            stream.pressure =
                if stream.outbox.is_full() { Pressure::Full(now) } else { Pressure::None };
        }
    }

    /// Whether the connection is to be closed: its other end is no good.
    #[must_use]
    pub fn is_condemned(&self, id: PeerId) -> bool {
        self.streams.get(&id).is_none_or(|stream| stream.is_condemned)
    }

    /// The connection has ended.
    pub fn close(&mut self, now: Instant, id: PeerId) {
        let Some(stream) = self.streams.remove(&id) else { return };
        self.hub.switch.forget(Port::Peer(id));
        self.hub.counters.increment(Counter::PeersGone);
        if stream.session.is_up() && !stream.is_condemned {
            self.hub.tell(now, stream.remote, What::Gone);
        }
    }

    /// The next thing that a person is to be told.
    pub fn next_news(&mut self) -> Option<News> {
        self.hub.next_news()
    }

    /// What has been counted so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.hub.counters
    }

    /// The longest message on a stream, in bytes.
    fn longest_message(&self) -> usize {
        let overhead = if self.hub.key.is_some() { SEALING_OVERHEAD } else { 0 };
        // A greeting is longer than the frames of a very small MTU.
        (self.hub.terms.longest_frame() + overhead).max(crate::sealing::HANDSHAKE_LEN)
    }

    /// Takes what came on a connection, as long as the device is not behind.
    fn take_frames(&mut self, now: Instant, id: PeerId) {
        let Some(mut stream) = self.streams.remove(&id) else { return };
        let mut opened = std::mem::take(&mut self.opened);
        while !self.hub.device_is_busy() && !stream.is_condemned {
            let step = match stream.inbox.next_frame() {
                Ok(Some(message)) => stream.session.take(message, &mut opened, &self.hub),
                Ok(None) => break,
                Err(lie) => Step::Refuse(Counter::LyingLength, What::LyingLength(lie), None),
            };
            match step {
                Step::Frame(frame) => self.carry(now, Port::Peer(id), frame),
                Step::Nothing => {}
                Step::Answer(message) => {
                    self.hub.counters.increment(Counter::Hellos);
                    stream.outbox.push(|bytes| bytes.extend_from_slice(&message));
                }
                Step::Up => {
                    stream.session.confirm(&mut stream.outbox);
                    self.came_up(now, stream.remote, true);
                }
                Step::Drop(counter) => self.hub.counters.increment(counter),
                Step::Refuse(counter, what, answer) => {
                    self.hub.counters.increment(counter);
                    self.hub.tell(now, stream.remote, what);
                    if let Some(answer) = answer {
                        stream.outbox.push(|bytes| bytes.extend_from_slice(&answer));
                    }
                    stream.is_condemned = true;
                }
            }
        }
        self.opened = opened;
        self.streams.insert(id, stream);
    }

    fn came_up(&mut self, now: Instant, remote: SocketAddr, is_sealed: bool) {
        self.hub.counters.increment(Counter::PeersUp);
        self.hub.tell(now, remote, What::Up { is_sealed });
    }

    /// Carries a frame that came by `from` to where it belongs.
    fn carry(&mut self, now: Instant, from: Port, frame: &[u8]) {
        match self.hub.way(now, from, frame) {
            None | Some(Way::Nowhere) => {}
            Some(Way::To(Port::Device)) => self.hub.give_device(frame),
            Some(Way::To(Port::Peer(id))) => match self.streams.get_mut(&id) {
                Some(stream) => stream.offer(now, frame, &mut self.hub.counters),
                None => self.hub.counters.increment(Counter::NobodyThere),
            },
            Some(Way::ToOthers) => self.carry_to_others(now, from, frame),
        }
    }

    fn carry_to_others(&mut self, now: Instant, from: Port, frame: &[u8]) {
        if from != Port::Device {
            self.hub.give_device(frame);
        }
        let mut is_anybody_there = from != Port::Device;
        for (id, stream) in &mut self.streams {
            if from != Port::Peer(*id) && stream.session.is_up() {
                is_anybody_there = true;
                stream.offer(now, frame, &mut self.hub.counters);
            }
        }
        if !is_anybody_there {
            self.hub.counters.increment(Counter::NobodyThere);
        }
    }
}

impl Stream {
    /// Has a frame sent, if there is room.
    fn offer(&mut self, now: Instant, frame: &[u8], counters: &mut Counters) {
        if self.outbox.is_full() {
            return counters.increment(Counter::PeerStalled);
        }
        let session = &mut self.session;
        let is_laid_down = self.outbox.push(|bytes| session.lay_down(frame, bytes));
        counters.increment(if is_laid_down { Counter::ToPeers } else { Counter::TooLong });
        if self.outbox.is_full() && self.pressure == Pressure::None {
            self.pressure = Pressure::Full(now);
        }
    }

    /// When something is to be done about it, if ever.
    fn deadline(&self) -> Option<Instant> {
        let greeting = (!self.session.is_up() && !self.is_condemned).then_some(self.greeting_ends);
        let pressure = match self.pressure {
            Pressure::Full(since) => Some(since + STALL_PATIENCE),
            Pressure::None | Pressure::Stalled => None,
        };
        [greeting, pressure].into_iter().flatten().min()
    }
}

impl Host for StreamTunnel {
    fn receive(&mut self, now: Instant, _interface: InterfaceId, frame: Received<'_>) {
        self.carry(now, Port::Device, frame.bytes);
    }

    fn transmit(
        &mut self,
        now: Instant,
        _interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        let was_busy = self.hub.device_is_busy();
        let is_given = self.hub.next_for_device(buffer);
        if was_busy && !self.hub.device_is_busy() {
            // What had to wait for this.
            let ids: Vec<PeerId> = self.streams.keys().copied().collect();
            for id in ids {
                self.take_frames(now, id);
            }
        }
        is_given.then(TransmitOffload::default)
    }

    fn has_room(&self, _interface: InterfaceId) -> bool {
        !self.streams.values().any(|stream| matches!(stream.pressure, Pressure::Full(_)))
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.streams.values().filter_map(Stream::deadline).min()
    }

    fn handle_timeout(&mut self, now: Instant) {
        for stream in self.streams.values_mut() {
            if stream.deadline().is_none_or(|deadline| deadline > now) {
                continue;
            }
            if let Pressure::Full(_) = stream.pressure {
                stream.pressure = Pressure::Stalled;
            }
            if !stream.session.is_up() && now >= stream.greeting_ends {
                stream.is_condemned = true;
                self.hub.counters.increment(Counter::HandshakeTimeout);
                self.hub.tell(now, stream.remote, What::Silent);
            }
        }
    }
}
