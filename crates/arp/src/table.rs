//! The entries, by address, by deadline and by how badly they are needed.

use std::collections::{BTreeSet, HashMap};
use std::net::Ipv4Addr;

use packet::Instant;
use secret::Secret;

use crate::entry::{Entry, State};

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

/// The entries. Looking one up costs one hash; a change costs a few comparisons more.
#[derive(Debug)]
pub(crate) struct Table {
    entries: HashMap<Ipv4Addr, Entry, Secret>,
    /// Every entry.
    by_deadline: BTreeSet<(Instant, Ipv4Addr)>,
    /// Those that have not answered, the oldest first.
    incomplete: BTreeSet<(Instant, Ipv4Addr)>,
    /// The others: first those never used, the oldest first; then by their last use.
    known: BTreeSet<(Option<Instant>, Instant, Ipv4Addr)>,
}

impl Table {
    pub(crate) fn new(secret: Secret) -> Self {
        Self {
            entries: HashMap::with_hasher(secret),
            by_deadline: BTreeSet::new(),
            incomplete: BTreeSet::new(),
            known: BTreeSet::new(),
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

    /// Makes `entry` the one for `address`, in place of any that was there.
    pub(crate) fn put(&mut self, address: Ipv4Addr, entry: Entry) {
        let old = self.entries.insert(address, entry);
        self.reorder(address, old, Some(entry));
    }

    pub(crate) fn remove(&mut self, address: Ipv4Addr) {
        let old = self.entries.remove(&address);
        self.reorder(address, old, None);
    }

    /// Has the orders follow an entry that was `old` and is `new` now.
    fn reorder(&mut self, address: Ipv4Addr, old: Option<Entry>, new: Option<Entry>) {
        let deadline = |entry: Entry| Some((entry.deadline(), address));
        follow(&mut self.by_deadline, old.and_then(deadline), new.and_then(deadline));

        let incomplete = |entry: Entry| match entry.state {
            State::Incomplete { .. } => Some((entry.since, address)),
            State::Known { .. } => None,
        };
        follow(&mut self.incomplete, old.and_then(incomplete), new.and_then(incomplete));

        let known = |entry: Entry| match entry.state {
            State::Incomplete { .. } => None,
            State::Known { .. } => Some((entry.used, entry.since, address)),
        };
        follow(&mut self.known, old.and_then(known), new.and_then(known));
    }

    /// The first deadline of all.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.by_deadline.first().map(|&(deadline, _)| deadline)
    }

    /// The entry with the first deadline, if that has come.
    pub(crate) fn due(&self, now: Instant) -> Option<(Ipv4Addr, Entry)> {
        let &(_, address) = self.by_deadline.first().filter(|&&(deadline, _)| deadline <= now)?;
        self.entry(address).map(|&entry| (address, entry))
    }

    /// Makes room for an entry that has yet to be asked for. Gives the address that was given up
    /// for it, if that one was still being asked for.
    pub(crate) fn make_room_to_ask(&mut self) -> Option<Ipv4Addr> {
        if self.incomplete.len() >= INCOMPLETE_LIMIT {
            let &(_, address) = self.incomplete.first()?;
            self.remove(address);
            return Some(address);
        }
        if self.len() >= NEIGHBOUR_LIMIT
            && let Some(&(_, _, address)) = self.known.first()
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
        let Some(&(None, _, address)) = self.known.first() else { return false };
        self.remove(address);
        true
    }

    /// Any entry, those that have not answered first.
    pub(crate) fn any(&self) -> Option<Ipv4Addr> {
        let incomplete = self.incomplete.first().map(|&(_, address)| address);
        incomplete.or_else(|| self.known.first().map(|&(_, _, address)| address))
    }
}

/// Moves what stands at `old` to `new`. Most changes of an entry leave it where it is in all
/// orders but one.
fn follow<P: Ord>(order: &mut BTreeSet<P>, old: Option<P>, new: Option<P>) {
    if old == new {
        return;
    }
    if let Some(old) = old {
        order.remove(&old);
    }
    order.extend(new);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Freshness;
    use crate::test_support::{at_ms, ip, mac};
    use proptest::prelude::*;

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
        // The older the entry, the later it was used.
        let mut table = full_of(|number| stale(number, Some(9000 - number)));
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
        assert_eq!(table.known.len(), NEIGHBOUR_LIMIT - INCOMPLETE_LIMIT);
        assert_eq!(table.make_room_to_ask(), Some(address(5000)));
        assert_eq!(table.known.len(), NEIGHBOUR_LIMIT - INCOMPLETE_LIMIT);
        assert_eq!(table.incomplete.len(), INCOMPLETE_LIMIT - 1);
    }

    #[test]
    fn what_is_due_comes_by_its_deadline() {
        let mut table = empty();
        table.put(ip(1), Entry::incomplete(at_ms(200)));
        table.put(ip(3), Entry::incomplete(at_ms(100)));
        assert_eq!(table.next_deadline(), Some(at_ms(100)));
        assert_eq!(table.due(at_ms(99)), None);
        assert_eq!(table.due(at_ms(100)).unwrap().0, ip(3));
        table.remove(ip(3));
        assert_eq!(table.due(at_ms(199)), None);
        assert_eq!(table.due(at_ms(500)).unwrap().0, ip(1));
    }

    proptest! {
        #[test]
        fn the_orders_keep_step_with_the_entries(
            steps in prop::collection::vec((0..8_u8, 0..5_u8, 0..50_u64), 0..60)
        ) {
            let mut table = empty();
            for (host, kind, time) in steps {
                match kind {
                    0 => table.remove(ip(host)),
                    1 => table.put(ip(host), Entry::incomplete(at_ms(time))),
                    2 => table.put(ip(host), stale(time, None)),
                    _ => table.put(ip(host), stale(time, Some(time + 1))),
                }
                let mut deadlines = BTreeSet::new();
                let (mut incomplete, mut known) = (BTreeSet::new(), BTreeSet::new());
                for (address, entry) in table.iter() {
                    deadlines.insert((entry.deadline(), address));
                    match entry.state {
                        State::Incomplete { .. } => incomplete.insert((entry.since, address)),
                        State::Known { .. } => known.insert((entry.used, entry.since, address)),
                    };
                }
                prop_assert_eq!(table.any().is_none(), table.len() == 0);
                prop_assert_eq!(&table.by_deadline, &deadlines);
                prop_assert_eq!(&table.incomplete, &incomplete);
                prop_assert_eq!(&table.known, &known);
            }
        }
    }
}
