//! Reassembly: fragments become the datagram again that they were cut from (RFC 791, 3.2;
//! RFC 1122, 3.3.2).
//!
//! Fragments belong together if source, destination, protocol and identification are the same.
//! They come in any order, and some come twice. What they never do, unless someone plays tricks,
//! is contradict each other; then the whole datagram is refused, and stays refused until its
//! time is over (as RFC 5722 demands of IPv6).
//!
//! Memory is bounded. When it is full, the oldest datagrams go; a source that has more than its
//! share loses its own oldest first. Nothing here costs more because more is waiting.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::Ipv4Addr;

use packet::{Buffer, Instant};

use crate::datagram::Datagram;
use crate::header::{Header, Protocol};
use crate::ledger::{AccountId, Ledger, ReassemblyLimits};
use crate::partial::{FirstFragment, Fragment, Partial, RefusedFragment};
use secret::Secret;

/// What a datagram is charged beside its payload, in bytes: its places in the tables.
const DATAGRAM_COST: usize = 768;

/// What a fragment is charged beside its payload, in bytes.
const FRAGMENT_COST: usize = 80;

/// What fragments of one datagram have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    source: Ipv4Addr,
    destination: Ipv4Addr,
    protocol: Protocol,
    identification: u16,
}

impl From<&Header> for Key {
    fn from(header: &Header) -> Self {
        Self {
            source: header.source,
            destination: header.destination,
            protocol: header.protocol,
            identification: header.identification,
        }
    }
}

/// A datagram that is not whole.
#[derive(Debug)]
struct Unfinished {
    account: AccountId,
    /// `None` once fragments have contradicted each other: nothing that still comes is taken.
    partial: Option<Box<Partial>>,
}

/// Puts fragments together.
#[derive(Debug)]
pub struct Reassembler {
    limits: ReassemblyLimits,
    unfinished: HashMap<Key, Unfinished, Secret>,
    /// Has an account for each key in `unfinished`.
    ledger: Ledger<Key>,
    /// The memory of the last datagram that was given back.
    spare: Option<Buffer>,
}

impl Reassembler {
    /// One that has nothing yet. Nobody who does not know `secret` can slow its tables down.
    #[must_use]
    pub fn new(limits: ReassemblyLimits, secret: Secret) -> Self {
        Self {
            limits,
            unfinished: HashMap::with_hasher(secret),
            ledger: Ledger::new(secret),
            spare: None,
        }
    }

    /// Takes a fragment ([`Datagram::is_fragment`]) that is for us.
    ///
    /// # Errors
    /// [`RefusedFragment`] says why it was not taken, and what became of the datagram.
    pub fn receive(
        &mut self,
        now: Instant,
        fragment: &Datagram<'_>,
    ) -> Result<Reassembly, RefusedFragment> {
        let fragment = Fragment::check(fragment.header(), fragment.payload())?;
        let key = Key::from(&fragment.header);
        let unfinished = self.find_or_begin(now, key);
        let account = unfinished.account;
        let partial = unfinished.partial.as_mut().ok_or(RefusedFragment::AlreadyRefused)?;
        match partial.add(&fragment) {
            Ok(()) => {}
            Err(RefusedFragment::Duplicate) => return Err(RefusedFragment::Duplicate),
            Err(contradiction) => {
                self.refuse(key);
                return Err(contradiction);
            }
        }
        if let Some(header) = partial.complete_header() {
            return self.complete(key, header);
        }
        self.ledger.charge(account, fragment.payload.len() + FRAGMENT_COST);
        Ok(Reassembly::Incomplete { dropped: self.make_room(key.source) })
    }

    /// When [`Reassembler::expire`] is to be called next, if anything is unfinished.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.ledger.next_deadline()
    }

    /// Gives up one datagram whose time is over by `now`: the oldest. To be called until there
    /// is none; each call costs the same.
    #[must_use]
    pub fn expire(&mut self, now: Instant) -> Option<ExpiredDatagram> {
        let key = self.ledger.close_due(now)?;
        Some(match self.unfinished.remove(&key)?.partial {
            Some(partial) => ExpiredDatagram::Incomplete { first: partial.into_first_fragment() },
            None => ExpiredDatagram::Refused,
        })
    }

    /// Takes back a datagram that was dealt with, so that the next uses its memory.
    pub fn recycle(&mut self, datagram: Reassembled) {
        self.spare = Some(datagram.datagram);
    }

    /// How many datagrams are unfinished, those refused whose time is not over included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.unfinished.len()
    }

    /// Whether nothing is unfinished.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.unfinished.is_empty()
    }

    /// Memory in use for unfinished datagrams, in bytes, as [`ReassemblyLimits::bytes`] counts it.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.ledger.bytes()
    }

    fn find_or_begin(&mut self, now: Instant, key: Key) -> &mut Unfinished {
        match self.unfinished.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let account = self.ledger.open(key, key.source, now + self.limits.timeout);
                self.ledger.charge(account, DATAGRAM_COST);
                new.insert(Unfinished { account, partial: Some(Box::default()) })
            }
        }
    }

    /// Lays the pieces together.
    fn complete(&mut self, key: Key, header: Header) -> Result<Reassembly, RefusedFragment> {
        let mut datagram = self.spare.take().unwrap_or_default();
        let partial = self.close(key).and_then(|unfinished| unfinished.partial);
        let partial = partial.ok_or(RefusedFragment::AlreadyRefused)?;
        // Only the first fragment tells how long the header of the whole is.
        partial
            .write(&header, &mut datagram)
            .map_err(|too_long| RefusedFragment::TooLong { end: too_long.payload_length })?;
        Ok(Reassembly::Complete(Reassembled { header, datagram }))
    }

    /// Frees what a datagram's fragments hold, and remembers that it is refused.
    fn refuse(&mut self, key: Key) {
        let Some(unfinished) = self.unfinished.get_mut(&key) else { return };
        unfinished.partial = None;
        self.ledger.discharge(unfinished.account, DATAGRAM_COST);
    }

    /// Drops datagrams until the limits hold again, and says how many.
    fn make_room(&mut self, source: Ipv4Addr) -> usize {
        let mut dropped = 0;
        while let Some(key) = self.ledger.close_excess(&self.limits, source) {
            self.unfinished.remove(&key);
            dropped += 1;
        }
        dropped
    }

    fn close(&mut self, key: Key) -> Option<Unfinished> {
        let unfinished = self.unfinished.remove(&key)?;
        self.ledger.close(unfinished.account);
        Some(unfinished)
    }
}

/// What a fragment brought about.
#[derive(Clone, Debug)]
#[must_use]
pub enum Reassembly {
    /// More fragments are missing.
    Incomplete {
        /// How many unfinished datagrams had to go to make room, this one perhaps among them.
        dropped: usize,
    },
    /// The datagram is whole.
    Complete(Reassembled),
}

/// A datagram that was put together.
#[derive(Clone, Debug)]
pub struct Reassembled {
    header: Header,
    /// Header and payload.
    datagram: Buffer,
}

impl Reassembled {
    /// The header: that of the first fragment, no longer marked as one. It says
    /// [`Ecn::CongestionExperienced`](crate::Ecn) if any fragment did.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What the datagram carries.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.datagram.as_slice().get(self.header.length()..).unwrap_or_default()
    }

    /// The datagram as if it had come in one piece, for [`Datagram::parse`].
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.datagram.as_slice()
    }
}

/// What a datagram's time ran out on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum ExpiredDatagram {
    /// Fragments were missing.
    Incomplete {
        /// The first fragment. The sender is told by an ICMP time exceeded of code 1 that
        /// quotes it; without it nothing is sent (RFC 792; RFC 1122, FRAG-4).
        first: Option<FirstFragment>,
    },
    /// It had been refused; its fragments were counted when they came.
    Refused,
}
