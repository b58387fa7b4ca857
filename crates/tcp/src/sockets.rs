//! All the connections and listeners of a host.
//!
//! ```text
//!      listen, accept, connect                 send, receive, close ...
//!               │                                        │
//!   ┌───────────▼──────────────────── Sockets ───────────▼──────────────────────┐
//!   │  by four-tuple ──► connection     by local port ──► listener              │
//!   │  deadlines of all                 who has something to send, in turns     │
//!   └──▲──────────────────▲────────────────────────────────────────┬────────────┘
//!  handle_segment   handle_report, handle_timeout             poll_transmit
//! ```
//!
//! Opening is in `opening.rs`, what comes in `arriving.rs`, what leaves in `leaving.rs`, what the
//! application does with its connections in `exchange.rs` and `status.rs`, what it is told in `events.rs`; a SYN
//! flood in `cookies.rs`, what the network reports in `reports.rs`.

mod advice;
mod arriving;
mod cookies;
mod events;
mod exchange;
mod leaving;
mod listener;
mod opening;
mod reports;
mod status;
mod waiting;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use packet::Instant;
use secret::Secret;
use socket::{Changes, EphemeralPorts, Slots, SocketId, SocketPair};
use trace::Tracer;

use crate::challenge_ack::ChallengeAckLimiter;
use crate::connection::{Connection, Context};
use crate::isn::InitialSequenceNumbers;
use crate::syn_cookies::SynCookies;
use crate::time_wait::{MAX_TIME_WAIT, TimeWait, TimeWaits};
use crate::timer_queue::TimerQueue;
use crate::tuning::GRANT_LIMIT;
use crate::{Error, SequenceNumber, State};

pub use advice::Advice;
pub use arriving::REPLY_LIMIT;
pub use events::{Event, Readiness};
pub use leaving::Outgoing;
use leaving::Reply;
use listener::Listener;
pub use reports::{Report, ReportDropped};

/// How many connections and listeners there can be at a time.
pub const MAX_SOCKETS: usize = 64 << 10;

/// The connections and listeners of a host.
///
/// Programs call, the layers below hand in and take out; nobody waits in here. What an operation
/// costs does not depend on how many connections there are that have nothing to do.
#[derive(Debug)]
pub struct Sockets {
    slots: Slots<Socket>,
    connections: HashMap<SocketPair, SocketId, Secret>,
    /// By local address, which may be any, and port.
    listeners: HashMap<SocketAddr, SocketId, Secret>,
    deadlines: TimerQueue<SocketId>,
    /// What is left of connections in TIME-WAIT.
    time_waits: TimeWaits,
    /// How many bytes the buffers of all connections have grown by.
    granted: usize,
    /// Connections that may have something to send, each once.
    restless: VecDeque<SocketId>,
    /// Segments that belong to no connection.
    replies: VecDeque<Reply>,
    replies_withheld: u64,
    /// What the layers below are to be told of the ways to peers.
    advice: VecDeque<(SocketPair, Advice)>,
    /// Sockets at which something changed.
    changes: Changes,
    sequence_numbers: InitialSequenceNumbers,
    /// What every connection begins with instead, if that is set.
    first_number: Option<SequenceNumber>,
    challenges: ChallengeAckLimiter,
    cookies: SynCookies,
    ephemeral: EphemeralPorts,
    /// Keys the timestamp offsets.
    timestamp_secret: Secret,
    tracer: Tracer,
}

/// What is under a handle.
#[derive(Debug)]
enum Socket {
    Listener(Box<Listener>),
    Connection(Box<Entry>),
}

/// A connection with what only the table of all has to know of it.
#[derive(Debug)]
struct Entry {
    connection: Connection,
    /// Whose it is until it is accepted.
    listener: Option<SocketId>,
    /// Whether it is established and waits to be accepted.
    is_waiting: bool,
    /// Whether it stands in `restless`.
    is_restless: bool,
    /// The record of the connection in TIME-WAIT whose place it took, until it is accepted.
    took_the_place_of: Option<Box<TimeWait>>,
    /// How many bytes its buffers have grown by.
    granted: usize,
}

impl Entry {
    const fn new(connection: Connection, listener: Option<SocketId>) -> Self {
        Self {
            connection,
            listener,
            is_waiting: false,
            is_restless: false,
            took_the_place_of: None,
            granted: 0,
        }
    }
}

impl Sockets {
    /// No sockets. `secret` decides numbers that must not be known outside the host; `tracer` is
    /// told what connections do.
    #[must_use]
    pub fn new(secret: [u64; 2], tracer: Tracer) -> Self {
        let secret = Secret::new(secret);
        let derived = |purpose| Secret::new(secret.derive(purpose));
        Self {
            slots: Slots::new(),
            connections: HashMap::with_hasher(derived("connections")),
            listeners: HashMap::with_hasher(derived("listeners")),
            deadlines: TimerQueue::new(derived("deadlines")),
            time_waits: TimeWaits::new(derived("time wait"), MAX_TIME_WAIT),
            granted: 0,
            restless: VecDeque::new(),
            replies: VecDeque::new(),
            replies_withheld: 0,
            advice: VecDeque::new(),
            changes: Changes::default(),
            sequence_numbers: InitialSequenceNumbers::new(derived("sequence numbers")),
            first_number: None,
            cookies: SynCookies::new(secret),
            challenges: ChallengeAckLimiter::new(derived("challenges")),
            ephemeral: EphemeralPorts::new(derived("ports")),
            timestamp_secret: derived("timestamps"),
            tracer,
        }
    }

    /// Has every connection begin with this number from now on, as close to the wrap as one
    /// likes. For tests and for learners: anybody who knows the number can forge segments.
    pub const fn begin_sequence_numbers_at(&mut self, number: SequenceNumber) {
        self.first_number = Some(number);
    }

    /// When [`Sockets::handle_timeout`] is to be called next, if ever.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.wake_at().into_iter().chain(self.time_waits.next_end()).min()
    }

    /// Does what was due by `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(id) = self.deadlines.pop_due(now) {
            self.on_connection(now, id, |connection, context| connection.handle_timeout(context));
        }
        self.time_wait_timeout(now);
    }

    /// How many sockets there are, listeners included. What is in TIME-WAIT and nobody holds is
    /// none any more.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Does something with a connection, and then what follows of it: its deadline, its place
    /// among those that have something to send, what its application is told, its end.
    fn on_connection<T>(
        &mut self,
        now: Instant,
        id: SocketId,
        act: impl FnOnce(&mut Connection, Context<'_>) -> T,
    ) -> Option<T> {
        let Some(Socket::Connection(entry)) = self.slots.get_mut(id) else { return None };
        let context = context(now, &self.tracer, self.granted);
        let result = act(&mut entry.connection, context);
        entry.connection.watch_closed_window(context);
        self.settle(now, id);
        Some(result)
    }

    /// What the moment is, for a connection that has yet to be put into the tables.
    const fn context(&self, now: Instant) -> Context<'_> {
        context(now, &self.tracer, self.granted)
    }

    /// How many bytes the buffers of all connections have grown by.
    #[must_use]
    pub const fn granted(&self) -> usize {
        self.granted
    }

    /// What follows of a change of the connection.
    fn settle(&mut self, now: Instant, id: SocketId) {
        let Some(Socket::Connection(entry)) = self.slots.get_mut(id) else { return };
        self.deadlines.set(id, entry.connection.next_deadline());
        let granted = std::mem::replace(&mut entry.granted, entry.connection.granted());
        self.granted = (self.granted + entry.granted).saturating_sub(granted);
        if !entry.is_restless && entry.connection.has_something_to_send() {
            entry.is_restless = true;
            self.restless.push_back(id);
        }
        let news = std::mem::take(&mut entry.connection.news);
        let state = entry.connection.state();
        let pair = entry.connection.pair;
        if let Some(listener) = entry.listener {
            let was_waiting = std::mem::replace(&mut entry.is_waiting, state.is_synchronized());
            self.settle_with_listener(id, listener, state, was_waiting);
        } else if news.is_any() {
            self.changes.push(id);
        }
        self.advise(pair, news);
        match state {
            State::Closed => self.bury(id),
            State::TimeWait => self.wait_out(now, id),
            _ => {}
        }
    }

    /// Takes a connection that is no more out of the tables; its socket stays until the
    /// application lets go.
    fn bury(&mut self, id: SocketId) {
        let Some(Socket::Connection(entry)) = self.slots.get(id) else { return };
        let pair = entry.connection.pair;
        if self.connections.get(&pair) == Some(&id) {
            self.connections.remove(&pair);
        }
        if self.time_waits.get_mut(&pair).is_some_and(|record| record.owner == id) {
            self.time_waits.remove(&pair);
        }
        if entry.connection.is_orphan || entry.listener.is_some() {
            self.slots.remove(id);
            self.deadlines.set(id, None);
        }
    }

    fn connection(&self, id: SocketId) -> Result<&Connection, Error> {
        match self.slots.get(id) {
            Some(Socket::Connection(entry)) => Ok(&entry.connection),
            _ => Err(Error::BadSocket),
        }
    }
}

/// What the moment is, where the buffers of all connections have grown by `granted` bytes.
const fn context(now: Instant, tracer: &Tracer, granted: usize) -> Context<'_> {
    Context { now, tracer, may_grow: granted < GRANT_LIMIT }
}
