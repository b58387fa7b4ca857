//! The entries: by address, by deadline, and by how badly they are needed.
//!
//! To keep an order is dear where whoever changes may come to stand anywhere. Here it stands last.
//! All that wait for the same thing wait equally long, so who began last is due last; and who was
//! used last is forgotten last. So there is a queue for each:
//!
//! ```text
//!                 first                          last
//!                ┌────────┬────────┬─────┬────────┐
//!      reachable │ 30.0 s │ 30.2 s │ ... │ 41.7 s │◄── answered at 11.7 s
//!                ├────────┼────────┼─────┼────────┤
//!      delay     │ 16.1 s │ 16.3 s │ ... │ 16.6 s │◄── used at 11.6 s, when it was stale
//!                └────────┴────────┴─────┴────────┘
//!                     ▲
//!                     └── the next deadline of all: the earliest of those in front
//! ```
//!
//! A change takes an entry out of one queue, wherever in it the entry stands, and puts it at the end
//! of another. Among a thousand neighbours that costs the same as with one.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use hashlink::{LinkedHashMap, LinkedHashSet};
use packet::Instant;
use secret::Secret;

use crate::entry::{Entry, Freshness, State};

/// How many neighbours the cache holds.
///
/// When it is full, the one to which nothing was sent for longest is forgotten; those to which
/// nothing was ever sent go first. A stranger's question takes the place of such a one only.
pub const NEIGHBOUR_LIMIT: usize = 1024;

/// How many of them may be ones that have not answered. When there are more, the one that has
/// been asked for longest is given up, together with the packets that wait for it.
///
/// So packets to addresses where nobody is cannot drive out those who answered.
pub const INCOMPLETE_LIMIT: usize = 256;

/// Entries that wait for the same thing, with their deadlines.
type Deadlines = LinkedHashMap<Ipv4Addr, Instant, Secret>;

/// Entries that are needed equally badly, the first to go first.
type Order = LinkedHashSet<Ipv4Addr, Secret>;

/// The entries. Looking one up costs one hash; a change costs one more for each queue that the
/// entry leaves or joins.
#[derive(Debug)]
pub(crate) struct Table {
    entries: HashMap<Ipv4Addr, Entry, Secret>,

    // Each entry is in one of these:
    /// To be asked at once.
    to_ask: Deadlines,
    /// Asked, and has not answered yet.
    asked: Deadlines,
    reachable: Deadlines,
    stale: Deadlines,
    delay: Deadlines,

    // And in one of these:
    /// Those that never answered, in the order in which they were made.
    incomplete: Order,
    /// The others to which nothing was ever sent, in the same order.
    unused: Order,
    /// The others, in the order of their last use.
    used: Order,
}

impl Table {
    pub(crate) fn new(secret: Secret) -> Self {
        let deadlines = || Deadlines::with_hasher(secret);
        let order = || Order::with_hasher(secret);
        Self {
            entries: HashMap::with_hasher(secret),
            to_ask: deadlines(),
            asked: deadlines(),
            reachable: deadlines(),
            stale: deadlines(),
            delay: deadlines(),
            incomplete: order(),
            unused: order(),
            used: order(),
        }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Ipv4Addr, &Entry)> {
        self.entries.iter().map(|(&address, entry)| (address, entry))
    }

    pub(crate) fn entry(&self, address: Ipv4Addr) -> Option<&Entry> {
        self.entries.get(&address)
    }

    /// Makes `entry` the one for `address`, in place of any that was there. What is new about it
    /// happened now, after all that was put before.
    pub(crate) fn put(&mut self, address: Ipv4Addr, entry: Entry) {
        let old = self.entries.insert(address, entry);
        if old.is_none_or(|old| old.state != entry.state) {
            if let Some(old) = old {
                self.by_deadline(&old).remove(&address);
            }
            self.by_deadline(&entry).insert(address, entry.deadline());
        }
        let need = |entry: Entry| (entry.hardware().is_some(), entry.used);
        if old.map(need) != Some(need(entry)) {
            if let Some(old) = old {
                self.by_need(&old).remove(&address);
            }
            self.by_need(&entry).insert(address);
        }
    }

    pub(crate) fn remove(&mut self, address: Ipv4Addr) {
        if let Some(old) = self.entries.remove(&address) {
            self.by_deadline(&old).remove(&address);
            self.by_need(&old).remove(&address);
        }
    }

    fn by_deadline(&mut self, entry: &Entry) -> &mut Deadlines {
        let freshness = match entry.state {
            State::Incomplete { asked: 0, .. } => return &mut self.to_ask,
            State::Incomplete { .. } => return &mut self.asked,
            State::Known { freshness, .. } => freshness,
        };
        match freshness {
            Freshness::Reachable { .. } => &mut self.reachable,
            Freshness::Stale { .. } => &mut self.stale,
            Freshness::Delay { .. } => &mut self.delay,
            Freshness::Probe { asked: 0, .. } => &mut self.to_ask,
            Freshness::Probe { .. } => &mut self.asked,
        }
    }

    fn by_need(&mut self, entry: &Entry) -> &mut Order {
        match (entry.state, entry.used) {
            (State::Incomplete { .. }, _) => &mut self.incomplete,
            (State::Known { .. }, None) => &mut self.unused,
            (State::Known { .. }, Some(_)) => &mut self.used,
        }
    }

    /// The first deadline of all, and whose it is.
    fn first(&self) -> Option<(Instant, Ipv4Addr)> {
        [&self.to_ask, &self.asked, &self.reachable, &self.stale, &self.delay]
            .iter()
            .filter_map(|deadlines| deadlines.front())
            .map(|(&address, &deadline)| (deadline, address))
            .min()
    }

    /// The first deadline of all.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.first().map(|(deadline, _)| deadline)
    }

    /// The entry with the first deadline, if that has come.
    pub(crate) fn due(&self, now: Instant) -> Option<(Ipv4Addr, Entry)> {
        let (_, address) = self.first().filter(|&(deadline, _)| deadline <= now)?;
        self.entry(address).map(|&entry| (address, entry))
    }

    /// Makes room for an entry that has yet to be asked for. Gives the address that was given up
    /// for it, if that one was still being asked for.
    pub(crate) fn make_room_to_ask(&mut self) -> Option<Ipv4Addr> {
        if self.incomplete.len() >= INCOMPLETE_LIMIT {
            let address = *self.incomplete.front()?;
            self.remove(address);
            return Some(address);
        }
        if self.len() >= NEIGHBOUR_LIMIT
            && let Some(&address) = self.unused.front().or_else(|| self.used.front())
        {
            self.remove(address);
        }
        None
    }

    /// Makes room for an entry that nobody here asked for. Says whether there is any.
    pub(crate) fn make_room_to_learn(&mut self) -> bool {
        if self.len() < NEIGHBOUR_LIMIT {
            return true;
        }
        let Some(&address) = self.unused.front() else { return false };
        self.remove(address);
        true
    }

    /// Any entry, those that have not answered first.
    pub(crate) fn any(&self) -> Option<Ipv4Addr> {
        let orders = [&self.incomplete, &self.unused, &self.used];
        orders.iter().find_map(|order| order.front()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use crate::entry::Step;
    use crate::test_support::{at_ms, ip, mac};
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn empty() -> Table {
        Table::new(Secret::new([5, 6]))
    }

    fn address(number: usize) -> Ipv4Addr {
        Ipv4Addr::from_bits(0x0a00_0000 + u32::try_from(number).unwrap())
    }

    fn stale(since: u64, used: Option<u64>) -> Entry {
        let freshness = Freshness::Stale { until: at_ms(since + 60_000) };
        let entry = Entry::learned(at_ms(since), mac(1), freshness);
        Entry { used: used.map(at_ms), ..entry }
    }

    /// A full table in which each entry was made a millisecond after the one before.
    fn full_of(entry: impl Fn(u64) -> Entry) -> Table {
        let mut table = empty();
        for number in 0..NEIGHBOUR_LIMIT {
            table.put(address(number), entry(number as u64));
        }
        table
    }

    #[test]
    fn a_full_table_forgets_the_least_used() {
        let mut table = full_of(|number| stale(number, None));
        // The older the entry, the later it was used.
        for number in (0..NEIGHBOUR_LIMIT).rev() {
            table.put(address(number), stale(number as u64, Some(9000 - number as u64)));
        }
        assert!(!table.make_room_to_learn());
        assert_eq!(table.make_room_to_ask(), None);
        assert_eq!(table.len(), NEIGHBOUR_LIMIT - 1);
        assert!(table.entry(address(NEIGHBOUR_LIMIT - 1)).is_none());
        assert!(table.make_room_to_learn());
        assert_eq!(table.make_room_to_ask(), None);
        assert_eq!(table.len(), NEIGHBOUR_LIMIT - 1);
    }

    #[test]
    fn those_never_used_go_first() {
        let mut table = full_of(|number| stale(number, (number % 2 == 0).then_some(0)));
        assert!(table.make_room_to_learn());
        assert!(table.entry(address(1)).is_none());
        table.put(address(1), stale(5000, None));
        assert_eq!(table.make_room_to_ask(), None);
        assert!(table.entry(address(3)).is_none());
        assert_eq!(table.len(), NEIGHBOUR_LIMIT - 1);
    }

    #[test]
    fn those_who_do_not_answer_drive_out_only_each_other() {
        let mut table = empty();
        for number in 0..NEIGHBOUR_LIMIT {
            table.put(address(number), stale(0, None));
        }
        for number in 0..INCOMPLETE_LIMIT {
            assert_eq!(table.make_room_to_ask(), None);
            table.put(address(5000 + number), Entry::incomplete(at_ms(number as u64)));
            assert_eq!(table.len(), NEIGHBOUR_LIMIT);
        }
        assert_eq!(table.unused.len(), NEIGHBOUR_LIMIT - INCOMPLETE_LIMIT);
        assert_eq!(table.make_room_to_ask(), Some(address(5000)));
        assert_eq!(table.unused.len(), NEIGHBOUR_LIMIT - INCOMPLETE_LIMIT);
        assert_eq!(table.incomplete.len(), INCOMPLETE_LIMIT - 1);
    }

    #[test]
    fn what_is_due_comes_by_its_deadline() {
        let mut table = empty();
        table.put(ip(1), stale(0, None));
        table.put(ip(3), Entry::incomplete(at_ms(100)));
        table.put(ip(4), Entry::incomplete(at_ms(200)));
        assert_eq!(table.next_deadline(), Some(at_ms(100)));
        assert_eq!(table.due(at_ms(99)), None);
        assert_eq!(table.due(at_ms(100)).unwrap().0, ip(3));
        table.remove(ip(3));
        assert_eq!(table.due(at_ms(199)), None);
        assert_eq!(table.due(at_ms(500)).unwrap().0, ip(4));
        table.remove(ip(4));
        assert_eq!(table.next_deadline(), Some(at_ms(60_000)));
    }

    #[test]
    fn a_use_leaves_the_deadline_where_it_was() {
        let config = Config::default();
        let mut table = empty();
        for (host, time) in [(1, 0), (3, 100)] {
            let entry = stale(time, None).after_answer(at_ms(time), mac(host), &config);
            table.put(ip(host), entry);
        }
        let &first = table.entry(ip(1)).unwrap();
        table.put(ip(1), first.after_use(at_ms(200)).unwrap());
        assert_eq!(table.due(at_ms(100_000)).unwrap().0, ip(1));
        assert_eq!(table.used.iter().collect::<Vec<_>>(), [&ip(1)]);
    }

    /// What may happen to an entry, one thing for each number.
    fn happens(kind: u8, now: Instant, old: Option<Entry>) -> Option<Entry> {
        let config = Config::default();
        let Some(old) = old else {
            let until = now + config.stale_time;
            let learned = Entry::learned(now, mac(1), Freshness::Stale { until });
            return Some(if kind.is_multiple_of(2) { Entry::incomplete(now) } else { learned });
        };
        match kind {
            0 => old.after_use(now),
            1 => Some(old.after_answer(now, mac(1), &config)),
            2 => Some(old.after_claim(now, mac(3), &config)),
            3 => old.after_advice(now, &config),
            _ => old.after_doubt(now),
        }
    }

    /// All that is due, as [`crate::Arp::poll`] does it.
    fn poll(table: &mut Table, now: Instant) {
        while let Some((address, entry)) = table.due(now) {
            assert!(entry.deadline() <= now);
            match entry.at_deadline(now, &Config::default()) {
                Step::Become(entry) | Step::Ask(_, entry) => table.put(address, entry),
                Step::Forget => table.remove(address),
            }
        }
    }

    proptest! {
        /// Whatever happens, and however late somebody looks at what is due.
        #[test]
        fn the_queues_keep_step_with_the_entries(
            steps in prop::collection::vec((0..8_u8, 0..6_u8, 0..8000_u64, any::<bool>()), 0..200)
        ) {
            let mut table = empty();
            let mut now = 0;
            for (host, kind, passed, is_polled) in steps {
                now += passed;
                if is_polled {
                    poll(&mut table, at_ms(now));
                }
                let old = table.entry(ip(host)).copied();
                if kind == 5 {
                    table.remove(ip(host));
                } else if let Some(entry) = happens(kind, at_ms(now), old) {
                    table.put(ip(host), entry);
                }
                let deadlines: BTreeMap<_, _> =
                    table.iter().map(|(address, entry)| (address, entry.deadline())).collect();
                prop_assert_eq!(table.next_deadline(), deadlines.values().min().copied());
                let queues =
                    [&table.to_ask, &table.asked, &table.reachable, &table.stale, &table.delay];
                let queued = queues.into_iter().flatten().map(|(&at, &of)| (at, of));
                prop_assert_eq!(queued.collect::<BTreeMap<_, _>>(), deadlines.clone());
                prop_assert!(queues.iter().all(|queue| queue.values().is_sorted()));

                let since = |&address: &Ipv4Addr| table.entry(address).unwrap().since;
                prop_assert!(table.incomplete.iter().map(since).is_sorted());
                prop_assert!(table.unused.iter().map(since).is_sorted());
                let orders = [&table.incomplete, &table.unused, &table.used];
                let ordered: BTreeSet<_> = orders.into_iter().flatten().copied().collect();
                prop_assert!(ordered.iter().eq(deadlines.keys()));
            }
        }
    }
}
