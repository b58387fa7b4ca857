//! What will happen, and when: each source of events with its deadline, the nearest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use packet::Instant;

/// When a source's deadline is, and in which order it was told: what is due together happens in
/// the order in which it was planned.
type Entry = (Instant, u64);

/// A heap of deadlines in which a source that changes its mind leaves its old entry behind, to
/// be passed over later. So a change costs as little as a new entry, and sources that wait for
/// nothing cost nothing.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    heap: BinaryHeap<Reverse<(Entry, usize)>>,
    /// The entry of each source that still holds, if it has one.
    valid: Vec<Option<Entry>>,
    next_sequence_number: u64,
}

impl Agenda {
    /// Adds a source that waits for nothing, and gives it the next number, from 0.
    pub(crate) fn add_source(&mut self) -> usize {
        self.valid.push(None);
        self.valid.len() - 1
    }

    /// Sets the deadline of `source`, in place of the one that it had.
    pub(crate) fn set(&mut self, source: usize, deadline: Option<Instant>) {
        let Some(valid) = self.valid.get_mut(source) else { return };
        if valid.map(|(at, _)| at) == deadline {
            return;
        }
        *valid = deadline.map(|at| (at, self.next_sequence_number));
        if let Some(entry) = *valid {
            self.next_sequence_number += 1;
            self.heap.push(Reverse((entry, source)));
            self.forget_old_entries();
        }
    }

    /// Takes the source with the nearest deadline, if that is not after `end`.
    pub(crate) fn next_until(&mut self, end: Instant) -> Option<(Instant, usize)> {
        while let Some(&Reverse((entry, source))) = self.heap.peek() {
            let (at, _) = entry;
            match self.valid.get_mut(source) {
                Some(valid) if *valid == Some(entry) => {
                    if at > end {
                        return None;
                    }
                    *valid = None;
                    self.heap.pop();
                    return Some((at, source));
                }
                _ => self.heap.pop(),
            };
        }
        None
    }

    /// Keeps the heap within twice the number of sources. It takes as many changes of mind until
    /// the next time, so this costs each of them little.
    fn forget_old_entries(&mut self) {
        const SMALL: usize = 64;
        if self.heap.len() > 2 * self.valid.len() + SMALL {
            let valid = &self.valid;
            self.heap.retain(|Reverse((entry, source))| valid.get(*source) == Some(&Some(*entry)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn at(milliseconds: u64) -> Instant {
        Instant::at(Duration::from_millis(milliseconds))
    }

    #[test]
    fn what_is_due_together_comes_in_the_order_in_which_it_was_planned() {
        let mut agenda = Agenda::default();
        let [a, b, c] = [(); 3].map(|()| agenda.add_source());
        agenda.set(c, Some(at(5)));
        agenda.set(a, Some(at(5)));
        agenda.set(b, Some(at(4)));
        agenda.set(c, Some(at(5)));
        assert_eq!(agenda.next_until(at(5)), Some((at(4), b)));
        assert_eq!(
            agenda.next_until(at(5)),
            Some((at(5), c)),
            "said the same again, kept its turn"
        );
        assert_eq!(agenda.next_until(at(5)), Some((at(5), a)));
        assert_eq!(agenda.next_until(at(5)), None);
    }

    #[test]
    fn a_source_that_changes_its_mind_for_ever_needs_no_more_room() {
        let mut agenda = Agenda::default();
        let idle = agenda.add_source();
        agenda.set(idle, Some(at(7)));
        let busy = agenda.add_source();
        for milliseconds in 10..100_000 {
            agenda.set(busy, Some(at(milliseconds)));
            assert!(agenda.heap.len() < 100);
        }
        assert_eq!(agenda.next_until(at(100_000)), Some((at(7), idle)));
        assert_eq!(agenda.next_until(at(100_000)), Some((at(99_999), busy)));
    }

    proptest! {
        /// Against a list that is searched from one end to the other.
        #[test]
        fn the_nearest_deadline_comes_first(
            steps in prop::collection::vec((0_usize..5, prop::option::of(0_u64..20), any::<bool>()), 0..300)
        ) {
            let mut agenda = Agenda::default();
            let mut model = [None; 5];
            for _ in &model { agenda.add_source(); }
            for (order, (source, deadline, take)) in steps.into_iter().enumerate() {
                let deadline = deadline.map(at);
                agenda.set(source, deadline);
                if model[source].map(|(at, _, _)| at) != deadline {
                    model[source] = deadline.map(|at| (at, order, source));
                }
                if take {
                    let expected = model.iter().flatten().min().copied();
                    let expected = expected.filter(|(deadline, _, _)| *deadline <= at(10));
                    prop_assert_eq!(
                        agenda.next_until(at(10)), expected.map(|(at, _, source)| (at, source)));
                    if let Some((_, _, source)) = expected { model[source] = None; }
                }
            }
        }
    }
}
