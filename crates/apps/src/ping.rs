//! Ping: is somebody there, and how long is the way? Echo requests at a steady pace, and what
//! comes of each (RFC 1122, 3.2.2.6).
//!
//! ```text
//!                      send ┌─────────┐  PingEvent: a line about each request
//!        EchoSocket ◄────── │ Pinger  │ ─────────►
//!                   ──────► │         │  PingReport: the summary
//!                   receive └─────────┘
//! ```

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use icmp::{EchoEvent, EchoReply};
use packet::Instant;

use crate::{Damage, PingEvent, PingReport};

/// How many bytes of data `ping` sends unless it is told otherwise.
pub const DEFAULT_PING_DATA: u16 = 56;

/// Most data in one request, in bytes: with its headers that makes the longest IPv4 datagram.
pub const MAX_PING_DATA: u16 = 65_507;

/// How many requests can wait for their answer at a time: as many as have sequence numbers of
/// their own.
const SEQUENCE_NUMBERS: u64 = 1 << 16;

/// What a pinger does with its socket, at the moment of the step.
pub trait EchoSocket {
    /// Why a request cannot leave.
    type Error;

    /// Sends an echo request.
    ///
    /// # Errors
    /// Why it cannot leave.
    fn send(&mut self, to: Ipv4Addr, sequence_number: u16, data: &[u8]) -> Result<(), Self::Error>;

    /// Takes what came of a request, as [`icmp::EchoSockets::receive`].
    fn receive(&mut self) -> Option<EchoEvent>;
}

/// Whom to ask, how often, and how long to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PingOptions {
    /// Who is asked.
    pub destination: Ipv4Addr,
    /// How many requests to send; `None` for no end.
    pub count: Option<u64>,
    /// From one request to the next. The first is sent at once.
    pub interval: Duration,
    /// How long a request waits for its answer. One that comes later still counts, if the pinger
    /// is not over by then.
    pub timeout: Duration,
    /// What each request carries; at most [`MAX_PING_DATA`] bytes can leave.
    pub data: Vec<u8>,
}

impl PingOptions {
    /// A request a second without end, each with [`DEFAULT_PING_DATA`] bytes and two seconds for
    /// its answer.
    #[must_use]
    pub fn new(destination: Ipv4Addr) -> Self {
        Self {
            destination,
            count: None,
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(2),
            data: ping_data(DEFAULT_PING_DATA, &[]),
        }
    }
}

/// So many bytes: `pattern` over and over, or 0, 1, 2 ... if it is empty.
#[must_use]
pub fn ping_data(length: u16, pattern: &[u8]) -> Vec<u8> {
    let length = usize::from(length);
    if pattern.is_empty() {
        return (0..=u8::MAX).cycle().take(length).collect();
    }
    pattern.iter().copied().cycle().take(length).collect()
}

/// Sends echo requests and tells what comes of them.
#[derive(Clone, Debug)]
pub struct Pinger {
    options: PingOptions,
    report: PingReport,
    /// When the first request was sent.
    started: Option<Instant>,
    /// When the next request is due; `None` after the last.
    next_due: Option<Instant>,
    /// Until when each request waits for its answer, by number. At most [`SEQUENCE_NUMBERS`].
    waiting: BTreeMap<u64, Instant>,
}

impl Pinger {
    /// A pinger that begins with its first step.
    #[must_use]
    pub fn new(options: PingOptions) -> Self {
        let next_due = (options.count != Some(0)).then_some(Instant::START);
        let report = PingReport::default();
        Self { options, report, started: None, next_due, waiting: BTreeMap::new() }
    }

    /// What became of the requests so far.
    #[must_use]
    pub const fn report(&self) -> &PingReport {
        &self.report
    }

    /// Whether the last request was sent and nothing more is waited for.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.next_due.is_none() && self.waiting.is_empty()
    }

    /// When [`Pinger::step`] wants to be called, if nothing comes before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let timeout = self.waiting.values().next().copied();
        self.next_due.into_iter().chain(timeout).min()
    }

    /// Takes what has come, sends what is due and gives up what waited too long; hands each line
    /// to `tell`. To be called whenever something may have come, and at the deadline.
    pub fn step<S: EchoSocket>(
        &mut self,
        now: Instant,
        socket: &mut S,
        mut tell: impl FnMut(PingEvent<S::Error>),
    ) {
        while let Some(event) = socket.receive() {
            tell(self.take(event));
        }
        if self.next_due.is_some_and(|due| due <= now)
            && let Err(event) = self.send(now, socket)
        {
            tell(event);
        }
        while let Some(number) = self.give_up(now) {
            tell(PingEvent::NoAnswer { sequence_number: sequence_number(number) });
        }
    }

    fn take<E>(&mut self, event: EchoEvent) -> PingEvent<E> {
        match event {
            EchoEvent::Reply(reply) => {
                self.settle(reply.sequence_number);
                let damage = Damage::between(&self.options.data, &reply.data);
                self.count_reply(&reply, damage);
                PingEvent::Reply { reply, damage }
            }
            EchoEvent::Report(report) => {
                self.settle(report.sequence_number);
                self.report.errors += 1;
                PingEvent::Report(report)
            }
        }
    }

    fn count_reply(&mut self, reply: &EchoReply, damage: Option<Damage>) {
        let report = &mut self.report;
        let counter =
            if reply.is_duplicate { &mut report.duplicates } else { &mut report.received };
        *counter += 1;
        report.damaged += u64::from(damage.is_some());
        report.round_trips.add(reply.round_trip);
    }

    /// Something came of the last request of that sequence number: it waits no longer.
    fn settle(&mut self, sequence_number: u16) {
        let [.., a, b] = self.report.sent.to_be_bytes();
        let later = u16::from_be_bytes([a, b]).wrapping_sub(sequence_number);
        let number = self.report.sent.saturating_sub(later.into());
        self.waiting.remove(&number);
        self.report.pipe = self.report.pipe.max(u64::from(later) + 1);
    }

    /// A request that has waited too long, and its number: because its time is over, or because
    /// its sequence number comes round.
    fn give_up(&mut self, now: Instant) -> Option<u64> {
        let first = self.waiting.first_entry()?;
        let is_over = *first.get() <= now || first.key() + SEQUENCE_NUMBERS <= self.report.sent;
        is_over.then(|| first.remove_entry().0)
    }

    /// Sends the request that is due. The next is due an interval later.
    fn send<S: EchoSocket>(
        &mut self,
        now: Instant,
        socket: &mut S,
    ) -> Result<(), PingEvent<S::Error>> {
        let PingOptions { destination, count, interval, timeout, data } = &self.options;
        self.report.sent += 1;
        self.report.elapsed = now - *self.started.get_or_insert(now);
        let number = self.report.sent;
        let is_last = count.is_some_and(|count| number >= count);
        self.next_due = (!is_last).then_some(now + *interval);

        let sequence_number = sequence_number(number);
        if let Err(error) = socket.send(*destination, sequence_number, data) {
            self.report.errors += 1;
            return Err(PingEvent::NotSent { sequence_number, error });
        }
        self.waiting.insert(number, now + *timeout);
        Ok(())
    }
}

/// As ping numbers them: the first is 1. Comes round after [`SEQUENCE_NUMBERS`].
const fn sequence_number(number: u64) -> u16 {
    let [.., a, b] = number.to_be_bytes();
    u16::from_be_bytes([a, b])
}

#[cfg(test)]
mod tests;
