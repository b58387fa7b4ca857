//! A tunnel whose frames travel by UDP, each in a datagram of its own.
//!
//! What UDP loses is lost, and whoever uses the tunnel sends it again, as on any wire. The other
//! ends are known by address and port. Without a key the first frame makes an end one of us; with
//! a key only who proves to have it (see [`crate::sealing`]): a HELLO makes no more than a line in
//! a small table, so that strangers can neither fill the tunnel nor put anybody out of it.
//!
//! The connecting end says every [`KEEP_ALIVE`] that it is still there, by a message of nothing,
//! which a listening end with a key answers. Without an answer for [`LOST_AFTER`] it greets anew.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};

use crate::back_off::BackOff;
use crate::hub::{Hub, MAX_PEERS, PeerId};
use crate::replay_window::ReplayWindow;
use crate::sealing::{
    self, Greeting, HANDSHAKE_LEN, HELLO, NotOpened, REFUSED, Refusal, SEALED, Seal, WELCOME,
    is_hello,
};
use crate::session::{REASON_KEY, REASON_TERMS};
use crate::switch::{Port, Way};
use crate::{Counter, Counters, Key, News, Terms, What};

/// How often the connecting end says that it is there.
pub const KEEP_ALIVE: Duration = Duration::from_secs(3);

/// After how long without a word the connecting end greets anew.
pub const LOST_AFTER: Duration = Duration::from_secs(10);

/// After how long without a word the listening end forgets another end.
pub const FORGET_AFTER: Duration = Duration::from_secs(60);

/// How many datagrams can wait to leave.
pub const OUTGOING_QUEUE: usize = 256;

/// From how many on the device is not read. One more frame of it may go to everybody.
const OUTGOING_QUEUE_BUSY: usize = OUTGOING_QUEUE - MAX_PEERS;

/// How many greetings can wait for their proof.
const MAX_PENDING: usize = 64;

/// After how many greetings without an answer a person is told.
const GREETINGS_UNTIL_TOLD: u32 = 3;

/// A tunnel over datagrams. It has no socket: whoever drives it carries datagrams.
pub struct DatagramTunnel {
    hub: Hub,
    side: Side,
    peers: BTreeMap<PeerId, Peer>,
    by_address: HashMap<SocketAddr, PeerId>,
    outgoing: Outgoing,
    /// Where sealed frames are opened.
    opened: Vec<u8>,
}

/// What only one of the two sides has.
enum Side {
    Connecting(Box<Connecting>),
    /// Greetings that wait for their proof, the newest last.
    Listening(VecDeque<Pending>),
}

/// The connecting side's way to the other end.
struct Connecting {
    server: SocketAddr,
    /// The greeting under way; `None` while there is a peer, or no key.
    greeting: Option<Greeting>,
    greeted: u32,
    back_off: BackOff,
    /// When to greet again, or to say that we are here.
    next_word: Instant,
}

/// A greeting that was answered.
struct Pending {
    from: SocketAddr,
    hello: [u8; HANDSHAKE_LEN],
    welcome: [u8; HANDSHAKE_LEN],
    seal: Box<Seal>,
}

/// Another end.
struct Peer {
    remote: SocketAddr,
    seal: Option<Box<Seal>>,
    /// When it last said something.
    heard: Instant,
}

/// Datagrams that wait to leave.
#[derive(Default)]
struct Outgoing {
    waiting: VecDeque<(SocketAddr, Vec<u8>)>,
    /// Memory of those that left.
    spare: Vec<Vec<u8>>,
}

impl DatagramTunnel {
    /// The end that waits for others.
    #[must_use]
    pub fn listening(terms: Terms, key: Option<Key>) -> Self {
        Self::new(Hub::new(terms, key), Side::Listening(VecDeque::new()))
    }

    /// The end that asks `server`.
    #[must_use]
    pub fn connecting(now: Instant, terms: Terms, key: Option<Key>, server: SocketAddr) -> Self {
        let back_off = BackOff::new();
        let side = Connecting { server, greeting: None, greeted: 0, back_off, next_word: now };
        Self::new(Hub::new(terms, key), Side::Connecting(Box::new(side)))
    }

    fn new(hub: Hub, side: Side) -> Self {
        Self {
            hub,
            side,
            peers: BTreeMap::new(),
            by_address: HashMap::new(),
            outgoing: Outgoing::default(),
            opened: Vec::new(),
        }
    }

    /// Takes a datagram that came.
    pub fn receive_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        if self.hub.key.is_some() {
            self.take_sealed(now, from, datagram);
        } else {
            self.take_plain(now, from, datagram);
        }
    }

    /// The datagram that is to leave next, and to whom.
    #[must_use]
    pub fn next_datagram(&self) -> Option<(SocketAddr, &[u8])> {
        self.outgoing.waiting.front().map(|(to, datagram)| (*to, datagram.as_slice()))
    }

    /// That datagram has left, or cannot.
    pub fn datagram_is_gone(&mut self) {
        if let Some((_, datagram)) = self.outgoing.waiting.pop_front() {
            self.outgoing.spare.push(datagram);
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

    fn take_plain(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        if is_hello(datagram) {
            self.hub.counters.increment(Counter::WrongKey);
            return self.hub.tell(now, from, What::Seals);
        }
        let Some(id) = self.peer_at(from).or_else(|| self.add_peer(now, from, None)) else {
            return;
        };
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.heard = now;
        }
        if !datagram.is_empty() {
            self.carry(now, Port::Peer(id), datagram);
        }
    }

    fn take_sealed(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        match (datagram.split_first(), &self.side) {
            (Some((&SEALED, body)), _) => self.take_frame(now, from, body),
            (Some((&HELLO, _)), Side::Listening(_)) => self.take_hello(now, from, datagram),
            (Some((&WELCOME, _)), Side::Connecting(_)) => self.take_welcome(now, datagram),
            (Some((&REFUSED, &[reason])), Side::Connecting(_)) => self.take_refusal(now, reason),
            _ => self.hub.counters.increment(Counter::NotAMessage),
        }
    }

    /// Opens a sealed frame by the seal of the peer at that address, or else by that of a greeting
    /// from there, which is proved then.
    fn take_frame(&mut self, now: Instant, from: SocketAddr, body: &[u8]) {
        let mut opened = std::mem::take(&mut self.opened);
        let known = self.peer_at(from);
        let peer = known.and_then(|id| self.peers.get_mut(&id));
        let result = peer.and_then(|peer| {
            let result = peer.seal.as_mut()?.open(body, &mut opened);
            peer.heard = if result.is_ok() { now } else { peer.heard };
            Some(result.map(|frame| frame.len()))
        });
        match (result, known) {
            (Some(Ok(0)), _) => self.answer_keep_alive(from),
            (Some(Ok(length)), Some(id)) => {
                self.carry(now, Port::Peer(id), opened.get(..length).unwrap_or_default());
            }
            (result, _) => {
                // A new connection counts from 0 again, so to the old one it looks repeated.
                if !self.prove(now, from, body, &mut opened) {
                    self.hub.counters.increment(match result {
                        Some(Err(NotOpened::Replayed)) => Counter::Replayed,
                        Some(_) => Counter::Forged,
                        None => Counter::NoSession,
                    });
                }
            }
        }
        self.opened = opened;
    }

    /// Whether the message proves a greeting from there, whose end is a peer from now on.
    fn prove(&mut self, now: Instant, from: SocketAddr, body: &[u8], into: &mut Vec<u8>) -> bool {
        let Side::Listening(pending) = &mut self.side else { return false };
        let Some(index) = pending.iter().position(|it| it.from == from) else { return false };
        let opens = |it: &mut Pending| it.seal.open(body, into).is_ok();
        if !pending.get_mut(index).is_some_and(opens) {
            return false;
        }
        if let Some(Pending { seal, .. }) = pending.remove(index) {
            if let Some(id) = self.peer_at(from) {
                self.remove_peer(id);
            }
            self.add_peer(now, from, Some(seal));
        }
        true
    }

    /// The connecting end wants to know whether we are here.
    fn answer_keep_alive(&mut self, from: SocketAddr) {
        if matches!(self.side, Side::Listening(_)) {
            self.send_to(from, &[]);
        }
    }

    fn take_hello(&mut self, now: Instant, from: SocketAddr, hello: &[u8]) {
        let (Side::Listening(pending), Some(key)) = (&mut self.side, &self.hub.key) else { return };
        self.hub.counters.increment(Counter::Hellos);
        // Sent again, or doubled on the way: the answer is the same.
        if let Some(again) = pending.iter().find(|it| it.from == from && it.hello == hello) {
            return self.outgoing.push(&mut self.hub.counters, from, |out| {
                out.extend_from_slice(&again.welcome);
            });
        }
        match sealing::answer(key, hello, self.hub.terms, ReplayWindow::with_late_ones()) {
            Ok((welcome, seal)) => {
                pending.retain(|it| it.from != from);
                if pending.len() >= MAX_PENDING {
                    pending.pop_front();
                }
                let mut copy = [0; HANDSHAKE_LEN];
                copy.copy_from_slice(hello);
                pending.push_back(Pending { from, hello: copy, welcome, seal: Box::new(seal) });
                self.outgoing.push(&mut self.hub.counters, from, |out| {
                    out.extend_from_slice(&welcome);
                });
            }
            Err(refusal) => self.refuse(now, from, refusal),
        }
    }

    fn refuse(&mut self, now: Instant, from: SocketAddr, refusal: Refusal) {
        let own = self.hub.terms;
        let (counter, what, reason) = match refusal {
            Refusal::WrongKey => (Counter::WrongKey, What::WrongKey, REASON_KEY),
            Refusal::WrongTerms(theirs) => {
                (Counter::WrongTerms, What::WrongTerms { theirs, own }, REASON_TERMS)
            }
            Refusal::NotAHandshake => return self.hub.counters.increment(Counter::NotAMessage),
        };
        self.hub.counters.increment(counter);
        self.hub.tell(now, from, what);
        self.outgoing.push(&mut self.hub.counters, from, |out| out.extend([REFUSED, reason]));
    }

    fn take_welcome(&mut self, now: Instant, welcome: &[u8]) {
        let own = self.hub.terms;
        let Side::Connecting(side) = &mut self.side else { return };
        let Some(greeting) = &mut side.greeting else {
            // The answer to a greeting that was sent twice.
            return self.hub.counters.increment(Counter::NoSession);
        };
        match greeting.welcome(welcome, own, ReplayWindow::with_late_ones()) {
            Ok(seal) => {
                side.greeting = None;
                side.back_off.succeeded();
                side.next_word = now + KEEP_ALIVE;
                let server = side.server;
                self.add_peer(now, server, Some(Box::new(seal)));
                self.send_to(server, &[]);
            }
            Err(refusal) => {
                let what = match refusal {
                    Refusal::WrongTerms(theirs) => What::WrongTerms { theirs, own },
                    _ => return self.hub.counters.increment(Counter::Forged),
                };
                let server = side.server;
                self.hub.counters.increment(Counter::WrongTerms);
                self.hub.tell(now, server, what);
            }
        }
    }

    /// Says what the other end says; anybody could have said it, so nothing follows of it.
    fn take_refusal(&mut self, now: Instant, reason: u8) {
        let own = self.hub.terms;
        let Side::Connecting(side) = &self.side else { return };
        if side.greeting.is_none() {
            return self.hub.counters.increment(Counter::NotAMessage);
        }
        let (counter, what) = match reason {
            REASON_TERMS => (Counter::WrongTerms, What::TermsRefused { own }),
            _ => (Counter::WrongKey, What::KeyRefused),
        };
        // Once is enough for a person: each greeting is refused.
        if self.hub.counters.value(counter) == 0 {
            self.hub.tell(now, side.server, what);
        }
        self.hub.counters.increment(counter);
    }

    fn peer_at(&self, from: SocketAddr) -> Option<PeerId> {
        self.by_address.get(&from).copied()
    }

    fn add_peer(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        seal: Option<Box<Seal>>,
    ) -> Option<PeerId> {
        if self.peers.len() >= MAX_PEERS {
            self.hub.counters.increment(Counter::TooManyPeers);
            self.hub.tell(now, remote, What::TooMany { limit: MAX_PEERS });
            return None;
        }
        let id = self.hub.new_peer();
        self.hub.counters.increment(Counter::PeersUp);
        self.hub.tell(now, remote, What::Up { is_sealed: seal.is_some() });
        self.peers.insert(id, Peer { remote, seal, heard: now });
        self.by_address.insert(remote, id);
        Some(id)
    }

    /// Takes out a peer; its address is returned.
    fn remove_peer(&mut self, id: PeerId) -> Option<SocketAddr> {
        let peer = self.peers.remove(&id)?;
        self.by_address.remove(&peer.remote);
        self.hub.switch.forget(Port::Peer(id));
        self.hub.counters.increment(Counter::PeersGone);
        Some(peer.remote)
    }

    fn lose_peer(&mut self, now: Instant, id: PeerId) {
        if let Some(remote) = self.remove_peer(id) {
            self.hub.tell(now, remote, What::Gone);
        }
    }

    /// Sends a frame, or nothing at all, to the peer at that address.
    fn send_to(&mut self, to: SocketAddr, frame: &[u8]) {
        let peer = self.peer_at(to).and_then(|id| self.peers.get_mut(&id));
        if let Some(peer) = peer {
            peer.offer(frame, &mut self.outgoing, &mut self.hub.counters);
        }
    }

    /// Carries a frame that came by `from` to where it belongs.
    fn carry(&mut self, now: Instant, from: Port, frame: &[u8]) {
        let Some(way) = self.hub.way(now, from, frame) else { return };
        let is_for = |port: Port| match way {
            Way::To(to) => to == port,
            Way::ToOthers => from != port,
            Way::Nowhere => false,
        };
        let mut is_anybody_there = is_for(Port::Device);
        if is_anybody_there {
            self.hub.give_device(frame);
        }
        for (id, peer) in &mut self.peers {
            if is_for(Port::Peer(*id)) {
                is_anybody_there = true;
                peer.offer(frame, &mut self.outgoing, &mut self.hub.counters);
                self.hub.counters.increment(Counter::ToPeers);
            }
        }
        if !is_anybody_there {
            self.hub.counters.increment(Counter::NobodyThere);
        }
    }

    /// The connecting side's word: a greeting, or that we are here.
    fn say_word(&mut self, now: Instant) {
        let Side::Connecting(side) = &mut self.side else { return };
        let server = side.server;
        let is_up = self.by_address.contains_key(&server);
        match &self.hub.key {
            Some(key) if !is_up => {
                if side.greeting.is_none() {
                    side.greeting = Greeting::new(key, self.hub.terms);
                    side.greeted = 0;
                }
                side.greeted += 1;
                side.next_word = side.back_off.next_try(now);
                if let Some(greeting) = &side.greeting {
                    self.outgoing.push(&mut self.hub.counters, server, |out| {
                        out.extend_from_slice(&greeting.hello);
                    });
                }
                if side.greeted == GREETINGS_UNTIL_TOLD {
                    self.hub.tell(now, server, What::NoAnswer);
                }
            }
            key => {
                side.next_word = now + KEEP_ALIVE;
                let is_plain = key.is_none();
                if !is_up && is_plain {
                    self.add_peer(now, server, None);
                }
                self.send_to(server, &[]);
            }
        }
    }

    /// Since when a peer has been silent for so long that it is given up.
    fn patience(&self) -> Option<Duration> {
        match &self.side {
            Side::Listening(_) => Some(FORGET_AFTER),
            Side::Connecting(_) if self.hub.key.is_some() => Some(LOST_AFTER),
            // An end without a key does not answer, if there is nothing to say.
            Side::Connecting(_) => None,
        }
    }
}

impl Peer {
    fn offer(&mut self, frame: &[u8], outgoing: &mut Outgoing, counters: &mut Counters) {
        outgoing.push(counters, self.remote, |out| match &mut self.seal {
            Some(seal) => {
                seal.seal(frame, out);
            }
            None => out.extend_from_slice(frame),
        });
    }
}

impl Outgoing {
    /// Puts a datagram behind the others; `lay_down` appends its bytes.
    fn push(
        &mut self,
        counters: &mut Counters,
        to: SocketAddr,
        lay_down: impl FnOnce(&mut Vec<u8>),
    ) {
        if self.waiting.len() >= OUTGOING_QUEUE {
            return counters.increment(Counter::QueueFull);
        }
        let mut datagram = self.spare.pop().unwrap_or_default();
        datagram.clear();
        lay_down(&mut datagram);
        self.waiting.push_back((to, datagram));
    }
}

impl Host for DatagramTunnel {
    fn receive(&mut self, now: Instant, _interface: InterfaceId, frame: Received<'_>) {
        self.carry(now, Port::Device, frame.bytes);
    }

    fn transmit(
        &mut self,
        _now: Instant,
        _interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        self.hub.next_for_device(buffer).then(TransmitOffload::default)
    }

    fn has_room(&self, _interface: InterfaceId) -> bool {
        self.outgoing.waiting.len() < OUTGOING_QUEUE_BUSY
    }

    fn next_deadline(&self) -> Option<Instant> {
        let word = match &self.side {
            Side::Connecting(side) => Some(side.next_word),
            Side::Listening(_) => None,
        };
        let patience = self.patience();
        let silences =
            self.peers.values().filter_map(|peer| patience.map(|patience| peer.heard + patience));
        word.into_iter().chain(silences).min()
    }

    fn handle_timeout(&mut self, now: Instant) {
        if let Some(patience) = self.patience() {
            let is_silent =
                |(id, peer): (&PeerId, &Peer)| (peer.heard + patience <= now).then_some(*id);
            let silent: Vec<PeerId> = self.peers.iter().filter_map(is_silent).collect();
            for id in silent {
                self.lose_peer(now, id);
            }
        }
        if matches!(&self.side, Side::Connecting(side) if side.next_word <= now) {
            self.say_word(now);
        }
    }
}
