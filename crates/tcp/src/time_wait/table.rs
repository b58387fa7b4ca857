//! All connections in TIME-WAIT, in the order in which it ends for them.
//!
//! ```text
//!    oldest ──► ┌────┐ ──► ┌────┐ ──► ┌────┐ ◄── newest      begins, or begins anew: here
//!    ends next  └────┘ ◄── └────┘ ◄── └────┘
//! ```
//!
//! TIME-WAIT is as long for everybody, so who begins is the last to end, and the list is in order
//! by itself: each step takes constant time.

use std::collections::HashMap;
use std::net::IpAddr;

use packet::Instant;
use secret::Secret;
use socket::SocketPair;

use super::TimeWait;

/// How many connections can be in TIME-WAIT at a time. Where one more would be, the oldest ends
/// early: it has waited longest.
pub const MAX_TIME_WAIT: usize = 64 << 10;

/// What one connection in TIME-WAIT takes at most, in bytes, as long as there are many.
pub const TIME_WAIT_SIZE: usize = 256;

/// Both ends, packed as tightly as goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ends {
    addresses: [IpAddr; 2],
    ports: [u16; 2],
}

impl From<&SocketPair> for Ends {
    fn from(pair: &SocketPair) -> Self {
        Self {
            addresses: [pair.local.ip(), pair.remote.ip()],
            ports: [pair.local.port(), pair.remote.port()],
        }
    }
}

impl Ends {
    fn pair(&self) -> SocketPair {
        let [local, remote] = self.addresses;
        let [local_port, remote_port] = self.ports;
        SocketPair { local: (local, local_port).into(), remote: (remote, remote_port).into() }
    }
}

/// The place of an entry.
type Place = u32;

#[derive(Clone, Copy, Debug)]
struct Entry {
    ends: Ends,
    record: TimeWait,
    /// Who began before, and who after.
    older: Option<Place>,
    newer: Option<Place>,
}

/// The table.
#[derive(Debug)]
pub(crate) struct TimeWaits {
    places: HashMap<Ends, Place, Secret>,
    entries: Vec<Entry>,
    /// Places in `entries` that nobody has.
    free: Vec<Place>,
    oldest: Option<Place>,
    newest: Option<Place>,
    limit: usize,
    evicted: u64,
}

impl TimeWaits {
    /// An empty table for `limit` records. `secret` keeps peers from filling one bucket.
    pub(crate) fn new(secret: Secret, limit: usize) -> Self {
        Self {
            places: HashMap::with_hasher(secret),
            entries: Vec::new(),
            free: Vec::new(),
            oldest: None,
            newest: None,
            limit,
            evicted: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// How many ended early because there were too many.
    pub(crate) const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Adds a record that ends after all others, and gives the one that had to make room.
    pub(crate) fn insert(
        &mut self,
        pair: &SocketPair,
        record: TimeWait,
    ) -> Option<(SocketPair, TimeWait)> {
        let mut evicted = self.remove(pair).map(|record| (*pair, record));
        if self.places.len() >= self.limit {
            evicted = self.pop_oldest();
            self.evicted += 1;
        }
        let ends = Ends::from(pair);
        let entry = Entry { ends, record, older: None, newer: None };
        let place = self.place_for(entry);
        self.places.insert(ends, place);
        self.append(place);
        evicted
    }

    fn place_for(&mut self, entry: Entry) -> Place {
        if let Some(place) = self.free.pop()
            && let Some(there) = self.entry_mut(place)
        {
            *there = entry;
            return place;
        }
        self.entries.push(entry);
        crate::to_u32(self.entries.len() - 1)
    }

    pub(crate) fn get_mut(&mut self, pair: &SocketPair) -> Option<&mut TimeWait> {
        let place = *self.places.get(&pair.into())?;
        self.entry_mut(place).map(|entry| &mut entry.record)
    }

    pub(crate) fn contains(&self, pair: &SocketPair) -> bool {
        self.places.contains_key(&pair.into())
    }

    pub(crate) fn remove(&mut self, pair: &SocketPair) -> Option<TimeWait> {
        let place = self.places.remove(&pair.into())?;
        self.unlink(place);
        let record = self.entry(place).map(|entry| entry.record);
        self.free.push(place);
        if self.places.is_empty() {
            // Idle memory goes back.
            (self.entries, self.free) = (Vec::new(), Vec::new());
            self.places.shrink_to_fit();
        }
        record
    }

    /// Has the record end at `until`, after all others.
    pub(crate) fn restart(&mut self, pair: &SocketPair, until: Instant) {
        let Some(&place) = self.places.get(&pair.into()) else { return };
        self.unlink(place);
        if let Some(entry) = self.entry_mut(place) {
            entry.record.until = until;
        }
        self.append(place);
    }

    /// When the next one ends.
    pub(crate) fn next_end(&self) -> Option<Instant> {
        self.entry(self.oldest?).map(|entry| entry.record.until)
    }

    /// Takes the record that ends next, if it has ended.
    pub(crate) fn pop_ended(&mut self, now: Instant) -> Option<(SocketPair, TimeWait)> {
        self.next_end().filter(|&end| end <= now)?;
        self.pop_oldest()
    }

    fn pop_oldest(&mut self) -> Option<(SocketPair, TimeWait)> {
        let pair = self.entry(self.oldest?)?.ends.pair();
        self.remove(&pair).map(|record| (pair, record))
    }

    fn append(&mut self, place: Place) {
        let before = self.newest.replace(place);
        if let Some(entry) = self.entry_mut(place) {
            (entry.older, entry.newer) = (before, None);
        }
        match before.and_then(|before| self.entry_mut(before)) {
            Some(before) => before.newer = Some(place),
            None => self.oldest = Some(place),
        }
    }

    fn unlink(&mut self, place: Place) {
        let Some(&Entry { older, newer, .. }) = self.entry(place) else { return };
        match older.and_then(|older| self.entry_mut(older)) {
            Some(older) => older.newer = newer,
            None => self.oldest = newer,
        }
        match newer.and_then(|newer| self.entry_mut(newer)) {
            Some(newer) => newer.older = older,
            None => self.newest = older,
        }
    }

    fn entry(&self, place: Place) -> Option<&Entry> {
        self.entries.get(usize::try_from(place).ok()?)
    }

    fn entry_mut(&mut self, place: Place) -> Option<&mut Entry> {
        self.entries.get_mut(usize::try_from(place).ok()?)
    }

    /// Memory held, in bytes, as far as the capacities tell.
    #[cfg(test)]
    fn allocated(&self) -> usize {
        // A hash table is filled to seven eighths at most, and its size a power of two.
        let buckets = (self.places.capacity() * 8 / 7).next_power_of_two();
        buckets * (size_of::<(Ends, Place)>() + 1)
            + self.entries.capacity() * size_of::<Entry>()
            + self.free.capacity() * size_of::<Place>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{Connection, Opening, Origin};
    use crate::{ConnectionOptions, SequenceNumber, SocketId, State};
    use proptest::prelude::*;
    use socket::Slots;
    use std::time::Duration;

    fn pair(number: u32) -> SocketPair {
        let [a, b, c, d] = number.to_be_bytes();
        SocketPair { local: ([192, 0, 2, 2], 7).into(), remote: ([10, a, b, c], d.into()).into() }
    }

    fn at(seconds: u64) -> Instant {
        Instant::at(Duration::from_secs(seconds))
    }

    fn owner() -> SocketId {
        Slots::new().insert(())
    }

    fn record(until: Instant) -> TimeWait {
        let opening = Opening {
            pair: pair(0),
            iss: SequenceNumber::new(1),
            receive_mss: 1000,
            send_limit: 1000,
            timestamp_offset: 0,
        };
        let options = ConnectionOptions::default();
        let state = State::TimeWait;
        let mut connection =
            Connection::new(Instant::START, opening, Origin::Passive, state, options);
        TimeWait { until, ..TimeWait::of(&mut connection, owner(), Instant::START) }
    }

    fn table(limit: usize) -> TimeWaits {
        TimeWaits::new(Secret::new([1, 2]), limit)
    }

    #[test]
    fn a_record_is_small_and_a_full_table_is_bounded() {
        assert!(size_of::<Entry>() <= 128, "{} bytes", size_of::<Entry>());
        let mut table = table(MAX_TIME_WAIT);
        for number in 0..crate::to_u32(MAX_TIME_WAIT) + 1000 {
            table.insert(&pair(number), record(at(60)));
        }
        assert_eq!((table.len(), table.evicted()), (MAX_TIME_WAIT, 1000));
        let each = table.allocated() / MAX_TIME_WAIT;
        assert!(each <= TIME_WAIT_SIZE, "{each} bytes each");
        while table.pop_ended(at(60)).is_some() {}
        assert!(table.allocated() < TIME_WAIT_SIZE, "idle memory goes back");
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut table = table(2);
        for number in 0..2 {
            assert_eq!(table.insert(&pair(number), record(at(60))), None);
        }
        table.restart(&pair(0), at(70));
        let (evicted, _) = table.insert(&pair(2), record(at(80))).unwrap();
        assert_eq!(evicted, pair(1), "the other one began anew");
        assert!(table.contains(&pair(0)) && table.contains(&pair(2)));
    }

    proptest! {
        /// Against a list that is searched from one end to the other.
        #[test]
        fn they_end_in_the_order_in_which_they_began(
            steps in prop::collection::vec((0u32..8, 0u32..4, 0u64..30), 0..200)
        ) {
            let mut table = table(5);
            let mut model: Vec<(u32, Instant)> = Vec::new();
            let mut now = 0;
            for (kind, number, passed) in steps {
                now += passed;
                let until = at(now + 60);
                let known = model.iter().position(|&(there, _)| there == number);
                match (kind, known) {
                    (0..=3, None) => {
                        prop_assert_eq!(table.insert(&pair(number), record(until)), None);
                        model.push((number, until));
                    }
                    (4..=5, Some(known)) => {
                        table.restart(&pair(number), until);
                        model.remove(known);
                        model.push((number, until));
                    }
                    (6, Some(known)) => {
                        prop_assert!(table.remove(&pair(number)).is_some());
                        model.remove(known);
                    }
                    _ => prop_assert_eq!(table.contains(&pair(number)), known.is_some()),
                }
                prop_assert_eq!(table.next_end(), model.first().map(|&(_, until)| until));
                while let Some((ended, record)) = table.pop_ended(at(now)) {
                    let (expected, until) = model.remove(0);
                    prop_assert_eq!((ended, record.until), (pair(expected), until));
                }
                prop_assert!(model.iter().all(|&(_, until)| until > at(now)));
                prop_assert_eq!(table.len(), model.len());
            }
        }
    }
}
