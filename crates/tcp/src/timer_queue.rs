//! The deadlines of very many connections, each of which has one at most.
//!
//! Nearly every deadline that is set is never reached: each acknowledgment puts the
//! retransmission timer off again. So a later deadline only changes a field, and the queue keeps
//! the earlier entry. When that comes due, it goes back in with the deadline that holds by then:
//!
//! ```text
//!   set 200 ms  ──► entry at 200                     entry at 200
//!   set 210 ms      entry at 200, deadline 210            │ 200 ms: not due yet
//!   set 220 ms      entry at 200, deadline 220            ▼
//!        ...                                         entry at 220
//! ```
//!
//! However often a deadline is put off, it costs one entry that comes early each time it would
//! have fired. A connection that waits for nothing costs nothing.

use std::cmp::Ordering;
use std::collections::binary_heap::PeekMut;
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;

use packet::Instant;
use secret::Secret;

/// How many entries that hold no more the queue keeps before it thinks of clearing them out.
const SMALL: usize = 64;

/// Deadlines by the key of whom they wake.
#[derive(Debug)]
pub struct TimerQueue<K> {
    /// The earliest entry on top. Some hold no more; there are never more of those than of the
    /// others, save for [`SMALL`].
    entries: BinaryHeap<Entry<K>>,
    /// Those who have a deadline, or an entry that is left over from one.
    timers: HashMap<K, Timer, Secret>,
    /// How many have a deadline.
    armed: usize,
    /// The number of the next entry.
    next_number: u64,
}

/// The deadline of one key.
#[derive(Clone, Copy, Debug)]
struct Timer {
    /// `None` if it waits for nothing: only the entry is left.
    deadline: Option<Instant>,
    /// When its entry comes up: at `deadline`, or before.
    entry_at: Instant,
    /// Its entry's number. Entries of that key with another number hold no more.
    number: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry<K> {
    at: Instant,
    number: u64,
    key: K,
}

impl<K: Copy + Eq + Hash> TimerQueue<K> {
    /// A queue without deadlines. `secret` keeps others from choosing keys that collide.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        let hash = Secret::new(secret.derive("tcp timer queue"));
        Self {
            entries: BinaryHeap::new(),
            timers: HashMap::with_hasher(hash),
            armed: 0,
            next_number: 0,
        }
    }

    /// Sets the deadline of `key`, in place of the one that it had; `None` if it is to have none.
    ///
    /// To put it off, to take it away or to set the same again takes no longer however many there
    /// are. Only an earlier deadline than all since the last one that fired is a new entry.
    pub fn set(&mut self, key: K, deadline: Option<Instant>) {
        let Some(timer) = self.timers.get_mut(&key) else {
            if let Some(deadline) = deadline {
                self.armed += 1;
                self.insert(key, deadline);
            }
            return;
        };
        let was_armed = timer.deadline.is_some();
        let entry_at = timer.entry_at;
        timer.deadline = deadline;
        match (was_armed, deadline.is_some()) {
            (false, true) => self.armed += 1,
            (true, false) => self.armed -= 1,
            _ => {}
        }
        match deadline {
            Some(deadline) if deadline < entry_at => self.insert(key, deadline),
            Some(_) => {}
            None => self.clear_out(),
        }
    }

    /// When to call [`TimerQueue::pop_due`] next; `None` if never.
    ///
    /// Not after the earliest deadline, but it may be before it: then nothing turns out to be
    /// due, and the next moment is a later one.
    #[must_use]
    pub fn wake_at(&self) -> Option<Instant> {
        self.entries.peek().map(|entry| entry.at)
    }

    /// Takes the key with the earliest deadline, if that has come. The key has none afterwards.
    ///
    /// Ask until there is none.
    pub fn pop_due(&mut self, now: Instant) -> Option<K> {
        loop {
            let mut entry = self.entries.peek_mut().filter(|entry| entry.at <= now)?;
            let key = entry.key;
            // Left behind by an earlier one.
            let Some(timer) =
                self.timers.get_mut(&key).filter(|timer| timer.number == entry.number)
            else {
                PeekMut::pop(entry);
                continue;
            };
            match timer.deadline {
                Some(deadline) if deadline > entry.at => {
                    // Put off in the meantime. Changed in place, it sinks to where it belongs.
                    entry.at = deadline;
                    timer.entry_at = deadline;
                }
                due => {
                    PeekMut::pop(entry);
                    self.timers.remove(&key);
                    if due.is_some() {
                        self.armed -= 1;
                        return Some(key);
                    }
                }
            }
        }
    }

    /// How many keys have a deadline.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.armed
    }

    /// Whether no key has a deadline.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.armed == 0
    }

    /// Makes a new entry the one that holds for `key`.
    fn insert(&mut self, key: K, at: Instant) {
        let number = self.next_number;
        self.next_number += 1;
        self.timers.insert(key, Timer { deadline: Some(at), entry_at: at, number });
        self.entries.push(Entry { at, number, key });
        self.clear_out();
    }

    /// Throws out the entries that hold no more, once they are the most. It takes as many changes
    /// until the next time, so this costs each of them little.
    fn clear_out(&mut self) {
        if self.entries.len() <= 2 * self.armed + SMALL {
            return;
        }
        self.timers.retain(|_, timer| timer.deadline.is_some());
        let timers = &self.timers;
        let holds = |entry: &Entry<K>| {
            timers.get(&entry.key).is_some_and(|timer| timer.number == entry.number)
        };
        self.entries.retain(holds);
    }
}

/// The earliest entry is the greatest; of those at the same moment, the one that was made first.
impl<K> Ord for Entry<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl<K> PartialOrd for Entry<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> PartialEq for Entry<K> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<K> Eq for Entry<K> {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn at(milliseconds: u64) -> Instant {
        Instant::at(Duration::from_millis(milliseconds))
    }

    fn queue() -> TimerQueue<u32> {
        TimerQueue::new(Secret::new([1, 2]))
    }

    fn due(queue: &mut TimerQueue<u32>, now: Instant) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop_due(now)).collect()
    }

    #[test]
    fn keys_come_in_the_order_of_their_deadlines() {
        let mut queue = queue();
        for (key, deadline) in [(1, 30), (2, 10), (3, 20), (4, 40)] {
            queue.set(key, Some(at(deadline)));
        }
        assert_eq!(queue.wake_at(), Some(at(10)));
        assert_eq!(due(&mut queue, at(9)), []);
        assert_eq!(due(&mut queue, at(30)), [2, 3, 1]);
        assert_eq!((queue.len(), queue.wake_at()), (1, Some(at(40))));
    }

    #[test]
    fn a_deadline_that_is_put_off_wakes_once_too_early_and_not_again() {
        let mut queue = queue();
        for milliseconds in 0..150 {
            queue.set(7, Some(at(milliseconds + 200)));
        }
        assert_eq!(queue.wake_at(), Some(at(200)));
        assert_eq!(due(&mut queue, at(200)), []);
        assert_eq!(queue.wake_at(), Some(at(349)));
        assert_eq!(due(&mut queue, at(349)), [7]);
        assert_eq!((queue.wake_at(), queue.is_empty()), (None, true));
    }

    #[test]
    fn a_deadline_that_is_put_off_does_not_overtake() {
        let mut queue = queue();
        queue.set(1, Some(at(10)));
        queue.set(2, Some(at(20)));
        queue.set(1, Some(at(30)));
        assert_eq!(due(&mut queue, at(100)), [2, 1]);
    }

    #[test]
    fn an_earlier_deadline_counts_at_once() {
        let mut queue = queue();
        queue.set(1, Some(at(1000)));
        queue.set(1, Some(at(40)));
        assert_eq!(queue.wake_at(), Some(at(40)));
        assert_eq!(due(&mut queue, at(40)), [1]);
        queue.set(1, Some(at(5000)));
        assert_eq!(due(&mut queue, at(2000)), [], "the first one holds no more");
        assert_eq!(queue.entries.len(), 1);
    }

    #[test]
    fn a_deadline_that_is_taken_away_does_not_fire() {
        let mut queue = queue();
        queue.set(1, Some(at(10)));
        queue.set(1, None);
        queue.set(2, None);
        assert!(queue.is_empty());
        assert_eq!(due(&mut queue, at(10)), []);
        assert!(queue.timers.is_empty());
        queue.set(1, Some(at(5)));
        assert_eq!(due(&mut queue, at(10)), [1], "a deadline in the past is due");
    }

    #[test]
    fn timers_that_change_for_ever_need_no_more_room() {
        let mut queue = queue();
        queue.set(0, Some(at(1_000_000)));
        for milliseconds in 0..100_000 {
            // A delayed acknowledgment before a keep-alive, sent before it was due.
            let key = u32::try_from(milliseconds % 10).unwrap() + 1;
            queue.set(key, Some(at(500_000 - milliseconds)));
            if milliseconds % 3 == 0 {
                queue.set(key, None);
            }
            assert!(queue.entries.len() <= 2 * 11 + SMALL);
        }
        (1..=10).for_each(|key| queue.set(key, None));
        assert_eq!(due(&mut queue, at(2_000_000)), [0]);
        assert!(queue.timers.is_empty() && queue.entries.is_empty());
    }

    #[test]
    fn a_hundred_thousand_connections_that_are_gone_leave_nothing() {
        let mut queue = queue();
        (0..100_000).for_each(|key| queue.set(key, Some(at(u64::from(key)))));
        (0..100_000).for_each(|key| queue.set(key, None));
        assert!(queue.entries.len() <= SMALL && queue.timers.len() <= SMALL);
    }

    /// `cargo test --release -p tcp -- --ignored --nocapture a_hundred_thousand`
    #[test]
    #[ignore = "it measures and asserts nothing: run it by name, in release mode, with --nocapture"]
    fn what_a_hundred_thousand_connections_cost() {
        const ROUNDS: u32 = 1_000_000;
        let per_call = |what: &str, elapsed: Duration, calls: u32| {
            println!("{what:44} {:6} ns", elapsed.as_nanos() / u128::from(calls));
        };
        for idle in [0, 1_000, 100_000] {
            let mut queue = queue();
            (0..idle).for_each(|key| queue.set(key, Some(at(7_200_000 + u64::from(key)))));
            let begin = std::time::Instant::now();
            for round in 0..ROUNDS {
                let now = at(u64::from(round / 1000));
                queue.set(idle, Some(now + Duration::from_millis(200)));
                std::hint::black_box(queue.wake_at());
                assert_eq!(queue.pop_due(now), None);
            }
            per_call(&format!("one busy beside {idle} idle: put off"), begin.elapsed(), ROUNDS);
        }
        let mut queue = queue();
        let random = |round: u32| {
            use std::hash::BuildHasher;
            Secret::new([5, 6]).hash_one(round)
        };
        let key = |round| u32::try_from(random(round) % 100_000).unwrap();
        let begin = std::time::Instant::now();
        (0..100_000).for_each(|key| queue.set(key, Some(at(200 + random(key) % 1000))));
        per_call("100,000: the first deadline", begin.elapsed(), 100_000);
        let begin = std::time::Instant::now();
        (0..ROUNDS).for_each(|round| queue.set(key(round), Some(at(2000 + u64::from(round)))));
        per_call("100,000 busy at random: put off", begin.elapsed(), ROUNDS);
        let begin = std::time::Instant::now();
        assert_eq!(due(&mut queue, at(10_000_000)).len(), 100_000);
        per_call("100,000: put in again, and due", begin.elapsed(), 100_000);
    }

    proptest! {
        /// Against a list that is searched from one end to the other.
        #[test]
        fn the_earliest_deadline_comes_first(
            steps in prop::collection::vec(
                (0u32..6, prop::option::of(0u64..40), 0u64..3, any::<bool>()), 0..400
            )
        ) {
            let mut queue = queue();
            let mut model = [None; 6];
            let mut now = 0;
            for (key, wait, passed, is_late) in steps {
                // An event loop that is punctual, or one that oversleeps.
                now += if is_late { passed * 10 } else { passed };
                let deadline = wait.map(|wait| at(now + wait));
                queue.set(key, deadline);
                model[usize::try_from(key).unwrap()] = deadline;

                let earliest = model.iter().flatten().min().copied();
                prop_assert!(earliest.is_none_or(|at| queue.wake_at().unwrap() <= at));
                while let Some(key) = queue.pop_due(at(now)) {
                    let earliest = model.iter().flatten().min().copied();
                    let popped = model[usize::try_from(key).unwrap()].take();
                    prop_assert!(popped.is_some() && popped == earliest, "{:?}", popped);
                }
                prop_assert!(model.iter().flatten().all(|&deadline| deadline > at(now)));
                prop_assert!(queue.wake_at().is_none_or(|wake_at| wake_at > at(now)));
                prop_assert_eq!(queue.len(), model.iter().flatten().count());
                prop_assert!(queue.timers.len() <= queue.entries.len());
            }
        }

        /// Whoever sleeps until the moment that the queue names misses nothing, and is woken at
        /// most twice as often as there are deadlines.
        #[test]
        fn sleeping_until_told_is_enough(
            deadlines in prop::collection::vec((0u64..1000, 0u64..1000), 1..50)
        ) {
            let mut queue = queue();
            for (key, &(first, _)) in (0..).zip(&deadlines) { queue.set(key, Some(at(first))); }
            for (key, &(_, then)) in (0..).zip(&deadlines) { queue.set(key, Some(at(then))); }
            let mut woken = 0;
            while let Some(now) = queue.wake_at() {
                woken += 1;
                for key in due(&mut queue, now) {
                    prop_assert_eq!(now, at(deadlines[usize::try_from(key).unwrap()].1));
                }
            }
            prop_assert!(woken <= 2 * deadlines.len());
        }
    }
}
