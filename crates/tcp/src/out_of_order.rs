//! Which ranges of the stream have come beyond a hole.
//!
//! ```text
//!   RCV.NXT                                                        RCV.NXT + RCV.WND
//!      ▼                                                                   ▼
//!      ├───────────┬────────────┬─────────┬─────────┬──────────────────────┤
//!      │  (hole)   │ 5th change │ (hole)  │ 9th     │       (hole)         │
//!      └───────────┴────────────┴─────────┴─────────┴──────────────────────┘
//! ```
//!
//! No two ranges overlap or touch: those that would are one. Two trees hold them, by place and by
//! the last change, so that each step costs the logarithm of their number, be it to find the
//! neighbours of a new range or the first blocks of a selective acknowledgement.

use std::collections::BTreeMap;
use std::ops::Range;

/// A place in the stream: how many bytes come before it. Unlike a sequence number it never wraps.
pub(crate) type Place = u64;

/// Ranges of the stream, none empty, none touching another. Holds no memory without ranges.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutOfOrder {
    /// The ranges by where they begin.
    by_start: BTreeMap<Place, Reached>,
    /// Where the range begins that a change left behind. As many entries as `by_start`.
    by_change: BTreeMap<Change, Place>,
    /// The last change.
    last_change: Change,
}

/// Changes are numbered, the later the higher.
type Change = u64;

#[derive(Clone, Copy, Debug)]
struct Reached {
    /// Where the range ends.
    end: Place,
    /// Its latest change.
    change: Change,
}

impl OutOfOrder {
    /// Those parts of `range` that have not come yet, in order.
    pub(crate) fn missing(&self, range: Range<Place>) -> impl Iterator<Item = Range<Place>> {
        // Of all ranges that begin before this one, only the last can reach into it.
        let before = self.by_start.range(..range.start).next_back();
        let within = self.by_start.range(range.clone());
        let behind_all = (range.end, range.end);
        let there = before.into_iter().chain(within).map(|(&start, reached)| (start, reached.end));

        let mut from = range.start;
        there.chain([behind_all]).filter_map(move |(start, end)| {
            let hole = from..start;
            from = from.max(end);
            (!hole.is_empty()).then_some(hole)
        })
    }

    /// Whether `range` overlaps or touches one that is there.
    pub(crate) fn touches(&self, range: &Range<Place>) -> bool {
        self.last_touched(range).is_some()
    }

    /// Adds `range`, joined with all that it overlaps or touches. The result is the latest change,
    /// even if all of `range` was there.
    pub(crate) fn insert(&mut self, mut range: Range<Place>) {
        while let Some((start, end)) = self.last_touched(&range) {
            self.remove(start);
            range = range.start.min(start)..range.end.max(end);
        }
        self.last_change += 1;
        let reached = Reached { end: range.end, change: self.last_change };
        self.by_start.insert(range.start, reached);
        self.by_change.insert(self.last_change, range.start);
    }

    /// Takes away all ranges that the bytes in order have reached, now that these end at `end`,
    /// and returns where they end with those ranges behind them.
    pub(crate) fn take_reached(&mut self, mut end: Place) -> Place {
        while let Some((&start, reached)) = self.by_start.first_key_value()
            && start <= end
        {
            end = end.max(reached.end);
            self.remove(start);
        }
        if self.is_empty() {
            // A tree that was emptied keeps its last node.
            self.clear();
        }
        end
    }

    /// The ranges, the most recently changed first.
    pub(crate) fn recent(&self) -> impl Iterator<Item = Range<Place>> {
        self.by_change.values().rev().filter_map(|&start| {
            let reached = self.by_start.get(&start)?;
            Some(start..reached.end)
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.by_start.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_start.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Of the ranges that overlap or touch `range`, the last one.
    fn last_touched(&self, range: &Range<Place>) -> Option<(Place, Place)> {
        let (&start, reached) = self.by_start.range(..=range.end).next_back()?;
        (reached.end >= range.start).then_some((start, reached.end))
    }

    fn remove(&mut self, start: Place) {
        if let Some(reached) = self.by_start.remove(&start) {
            self.by_change.remove(&reached.change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(ranges: &[Range<Place>]) -> OutOfOrder {
        let mut out_of_order = OutOfOrder::default();
        for range in ranges {
            out_of_order.insert(range.clone());
        }
        out_of_order
    }

    fn recent(out_of_order: &OutOfOrder) -> Vec<(Place, Place)> {
        pairs(out_of_order.recent())
    }

    fn pairs(ranges: impl Iterator<Item = Range<Place>>) -> Vec<(Place, Place)> {
        ranges.map(|range| (range.start, range.end)).collect()
    }

    #[test]
    fn ranges_that_touch_become_one_and_the_latest() {
        let out_of_order = after(&[10..20, 40..50, 60..70, 20..30, 29..40]);
        assert_eq!(recent(&out_of_order), [(10, 50), (60, 70)]);
    }

    #[test]
    fn a_range_that_was_there_becomes_the_latest() {
        let out_of_order = after(&[10..20, 30..40, 12..15]);
        assert_eq!(recent(&out_of_order), [(10, 20), (30, 40)]);
    }

    #[test]
    fn a_range_covers_many() {
        let out_of_order = after(&[10..20, 30..40, 50..60, 80..90, 5..70]);
        assert_eq!(recent(&out_of_order), [(5, 70), (80, 90)]);
    }

    #[test]
    fn only_the_holes_are_missing() {
        let out_of_order = after(&[10..20, 30..40]);
        let missing = |range| pairs(out_of_order.missing(range));
        assert_eq!(missing(0..50), [(0, 10), (20, 30), (40, 50)]);
        assert_eq!(missing(15..35), [(20, 30)]);
        assert_eq!(missing(19..21), [(20, 21)]);
        assert_eq!(missing(20..30), [(20, 30)]);
        assert_eq!(missing(10..20), []);
        assert_eq!(missing(12..15), []);
        assert_eq!(missing(41..45), [(41, 45)]);
    }

    #[test]
    fn the_bytes_in_order_take_along_what_they_reach() {
        let mut out_of_order = after(&[10..20, 30..40, 50..60]);
        assert_eq!(out_of_order.take_reached(9), 9);
        assert_eq!(out_of_order.take_reached(32), 40);
        assert_eq!(recent(&out_of_order), [(50, 60)]);
        assert_eq!(out_of_order.take_reached(50), 60);
        assert!(out_of_order.is_empty());
    }
}
