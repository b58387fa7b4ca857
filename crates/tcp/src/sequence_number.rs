//! A sequence number: 32 bits that go round (RFC 9293, 3.4).
//!
//! After 4,294,967,295 comes 0, so no number is the least. Of two numbers, one is before the
//! other if that is the shorter way round:
//!
//! ```text
//!                          s
//!                      ·───┴───·              counting goes clockwise
//!                  ·               ·
//!      before s  ·                   ·  after s
//!                │                   │
//!                ·                   ┼  4,294,967,295, then 0: it may be anywhere
//!                  ·               ·
//!                      ·───┬───·
//!                       s + 2^31              neither before nor after s
//! ```
//!
//! That is what one means as long as all numbers in use lie within half the circle, 2 GiB. The
//! largest window that TCP can announce is half of that (RFC 7323, 2.3).

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// The number of a byte in the stream of one direction, modulo 2^32. SYN and FIN are numbered
/// like bytes.
///
/// There is no `<`, since it would be wrong where the numbers wrap: ask
/// [`SequenceNumber::is_before`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SequenceNumber(u32);

impl SequenceNumber {
    /// The number that stands in a header as `value`.
    #[must_use]
    pub const fn new(value: u32) -> Self {
        Self(value)
    }

    /// The number as it stands in a header. Not for comparing.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0
    }

    /// Whether `self` comes before `other`, which it does not if they are equal or 2^31 apart.
    #[must_use]
    pub const fn is_before(self, other: Self) -> bool {
        other.is_after(self)
    }

    /// Whether `self` comes before `other` or is equal to it.
    #[must_use]
    pub const fn is_at_or_before(self, other: Self) -> bool {
        other.is_at_or_after(self)
    }

    /// Whether `self` comes after `other`, which it does not if they are equal or 2^31 apart.
    #[must_use]
    pub const fn is_after(self, other: Self) -> bool {
        self.ahead_of(other) > 0
    }

    /// Whether `self` comes after `other` or is equal to it.
    #[must_use]
    pub const fn is_at_or_after(self, other: Self) -> bool {
        self.ahead_of(other) >= 0
    }

    /// How many numbers there are from `earlier` up to `self`, which is not counted. Goes once
    /// round if `earlier` is not the earlier one.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }

    /// The one of both that comes after the other.
    #[must_use]
    pub const fn later_of(a: Self, b: Self) -> Self {
        if b.is_after(a) { b } else { a }
    }

    /// Whether `self` is one of the `length` numbers that begin with `start`. Nothing is within a
    /// length of 0.
    #[must_use]
    pub const fn is_within(self, start: Self, length: u32) -> bool {
        self.since(start) < length
    }

    /// How far `self` is after `other`, the shorter way round; negative if it is before.
    ///
    /// Numbers 2^31 apart give the one value that has no negative, from both sides, so that
    /// neither is after the other. RFC 1982, 3.2, leaves it open what they are.
    const fn ahead_of(self, other: Self) -> i32 {
        self.since(other).cast_signed()
    }
}

impl Add<u32> for SequenceNumber {
    type Output = Self;

    /// The number `count` later.
    fn add(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }
}

impl Sub<u32> for SequenceNumber {
    type Output = Self;

    /// The number `count` earlier.
    fn sub(self, count: u32) -> Self {
        Self(self.0.wrapping_sub(count))
    }
}

impl AddAssign<u32> for SequenceNumber {
    fn add_assign(&mut self, count: u32) {
        *self = *self + count;
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
pub(crate) mod strategies {
    use super::SequenceNumber;
    use proptest::prelude::*;

    /// Any number, half of them within 100 KB of the wrap.
    pub(crate) fn any_sequence_number() -> impl Strategy<Value = SequenceNumber> {
        let near_the_wrap = (0u32..200_000).prop_map(|offset| offset.wrapping_sub(100_000));
        prop_oneof![any::<u32>(), near_the_wrap].prop_map(SequenceNumber::new)
    }
}

#[cfg(test)]
mod tests {
    use super::strategies::any_sequence_number;
    use super::*;
    use proptest::prelude::*;

    const HALF: u32 = 1 << 31;

    fn number(value: u32) -> SequenceNumber {
        SequenceNumber::new(value)
    }

    #[test]
    fn what_a_raw_comparison_gets_wrong_at_the_wrap() {
        let (last, first) = (number(u32::MAX), number(0));
        assert_eq!(last + 1, first);
        assert!(last.is_before(first) && first.is_after(last));
        assert_eq!(first.since(last), 1);
        assert_eq!(SequenceNumber::later_of(last, first), first);
        assert!(first.is_within(last, 2) && !first.is_within(last, 1));
    }

    #[test]
    fn half_a_circle_apart_neither_comes_first() {
        let (a, b) = (number(7), number(7) + HALF);
        assert!(!a.is_before(b) && !b.is_before(a) && !a.is_after(b) && !b.is_after(a));
        assert!(!a.is_at_or_before(b) && !a.is_at_or_after(b));
        assert!(a.is_before(b - 1) && b.is_before(a - 1));
    }

    #[test]
    fn it_is_printed_as_a_number() {
        assert_eq!(number(u32::MAX).to_string(), "4294967295");
        assert_eq!(format!("{:>5}", number(7)), "    7");
    }

    proptest! {
        #[test]
        fn what_was_added_can_be_measured_and_taken_away(
            start in any_sequence_number(), count: u32
        ) {
            let end = start + count;
            prop_assert_eq!(end.since(start), count);
            prop_assert_eq!(end - count, start);
            let mut counted = start;
            counted += count;
            prop_assert_eq!(counted, end);
            prop_assert_eq!(number(start.value()), start);
        }

        #[test]
        fn less_than_half_a_circle_on_is_after(start in any_sequence_number(), count in 1..HALF) {
            let end = start + count;
            prop_assert!(start.is_before(end) && end.is_after(start));
            prop_assert!(start.is_at_or_before(end) && end.is_at_or_after(start));
            prop_assert!(!end.is_before(start) && !start.is_after(end));
            prop_assert!(!end.is_at_or_before(start) && !start.is_at_or_after(end));
            prop_assert_eq!(SequenceNumber::later_of(start, end), end);
            prop_assert_eq!(SequenceNumber::later_of(end, start), end);
        }

        #[test]
        fn a_number_is_at_itself(a in any_sequence_number()) {
            prop_assert!(a.is_at_or_before(a) && a.is_at_or_after(a));
            prop_assert!(!a.is_before(a) && !a.is_after(a));
            prop_assert_eq!(SequenceNumber::later_of(a, a), a);
        }

        #[test]
        fn the_order_does_not_depend_on_where_the_wrap_is(
            a in any_sequence_number(), b in any_sequence_number(), shift: u32
        ) {
            prop_assert_eq!(a.is_before(b), (a + shift).is_before(b + shift));
            prop_assert_eq!(a.is_at_or_after(b), (a + shift).is_at_or_after(b + shift));
        }

        #[test]
        fn within_half_a_circle_before_is_transitive(
            a in any_sequence_number(), first in 1..HALF / 2, second in 1..HALF / 2
        ) {
            let b = a + first;
            let c = b + second;
            prop_assert!(a.is_before(b) && b.is_before(c) && a.is_before(c));
        }

        #[test]
        fn within_is_from_the_start_to_before_the_end(
            start in any_sequence_number(), length: u32, offset: u32
        ) {
            prop_assert_eq!((start + offset).is_within(start, length), offset < length);
            prop_assert!(!start.is_within(start, 0));
        }
    }
}
