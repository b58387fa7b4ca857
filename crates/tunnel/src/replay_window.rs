//! Which numbers have come already.
//!
//! ```text
//!          ◄──────────── SPAN numbers ────────────►
//!   ───────┬───────────────────────────────────────┬────────
//!    too   │ 1 1 0 1 1 1 1 1 0 1 1 1 1 1 1 1 1 1 1 │  new
//!    old   │     ▲ late, and welcome once          │
//!   ───────┴───────────────────────────────────────┴────────
//!                                                  ▲ highest
//! ```
//!
//! UDP may bring datagrams out of order, so a number is refused only if it came before, or is
//! older than the window knows of (as in RFC 6479). TCP keeps the order: there, only a number
//! above all others is new.

/// How far behind the highest number a late one is still taken, over UDP.
pub const SPAN: u64 = 1024;

/// How many numbers one word of the window knows of.
const WORD: u64 = 64;

/// The numbers that have come on one connection.
#[derive(Clone, Debug)]
pub(crate) enum ReplayWindow {
    /// Each number is above the one before it.
    InOrder {
        /// The lowest that is still new.
        next: u64,
    },
    /// Late numbers are taken, once.
    Window {
        /// One above the highest that came.
        next: u64,
        /// A ring of bits, one for each number: it came.
        came: Box<[u64; WORDS]>,
    },
}

const WORDS: usize = (SPAN / WORD) as usize + 1;

impl ReplayWindow {
    pub(crate) const fn in_order() -> Self {
        Self::InOrder { next: 0 }
    }

    pub(crate) fn with_late_ones() -> Self {
        Self::Window { next: 0, came: Box::new([0; WORDS]) }
    }

    /// Whether `number` did not come before, as far as is known. Nothing is noted: whoever sent
    /// it must prove to be who they say first.
    pub(crate) fn is_new(&self, number: u64) -> bool {
        match self {
            Self::InOrder { next } => number >= *next,
            Self::Window { next, .. } if number >= *next => true,
            Self::Window { next, came } => {
                *next - number <= SPAN
                    && came.get(word(number)).is_some_and(|word| word & bit(number) == 0)
            }
        }
    }

    /// Notes that `number` came.
    pub(crate) fn note(&mut self, number: u64) {
        match self {
            Self::InOrder { next } => *next = number.saturating_add(1),
            Self::Window { next, came } => {
                if number >= *next {
                    forget(came, *next, number);
                    *next = number.saturating_add(1);
                }
                if let Some(word) = came.get_mut(word(number)) {
                    *word |= bit(number);
                }
            }
        }
    }
}

/// Empties the words that the numbers above `next`'s word, up to `number`, are to stand in.
fn forget(came: &mut [u64; WORDS], next: u64, number: u64) {
    // `next` itself may begin a word.
    let first = next.div_ceil(WORD);
    let last = number / WORD;
    if last.saturating_sub(first) >= WORDS as u64 {
        came.fill(0);
        return;
    }
    for index in first..=last {
        if let Some(word) = came.get_mut(word(index * WORD)) {
            *word = 0;
        }
    }
}

/// In which word of the ring a number stands.
#[allow(clippy::cast_possible_truncation, reason = "less than WORDS")]
const fn word(number: u64) -> usize {
    (number / WORD % WORDS as u64) as usize
}

const fn bit(number: u64) -> u64 {
    1 << (number % WORD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn takes(window: &mut ReplayWindow, number: u64) -> bool {
        let is_new = window.is_new(number);
        if is_new {
            window.note(number);
        }
        is_new
    }

    #[test]
    fn over_tcp_only_a_higher_number_is_new() {
        let mut window = ReplayWindow::in_order();
        let taken = [0, 1, 1, 5, 4, 6].map(|number| takes(&mut window, number));
        assert_eq!(taken, [true, true, false, true, false, true]);
    }

    #[test]
    fn over_udp_a_late_number_is_taken_once() {
        let mut window = ReplayWindow::with_late_ones();
        let taken = [3, 1, 3, 1, 2, SPAN + 3, 4, 3, 0].map(|number| takes(&mut window, number));
        assert_eq!(taken, [true, true, false, false, true, true, true, false, false]);
    }

    #[test]
    fn the_last_number_of_all_is_the_last() {
        for mut window in [ReplayWindow::in_order(), ReplayWindow::with_late_ones()] {
            assert!(takes(&mut window, u64::MAX));
            assert!(!takes(&mut window, 7));
        }
    }

    proptest! {
        #[test]
        fn no_number_is_taken_twice_and_no_young_one_refused(
            steps in prop::collection::vec(prop_oneof![
                8 => 0..200_u64, 1 => 0..3000_u64, 1 => 0..200_000_u64], 1..400),
            back in prop::collection::vec(0..1500_u64, 400),
        ) {
            let mut window = ReplayWindow::with_late_ones();
            let mut came = BTreeSet::new();
            let mut at = 0_u64;
            for (step, back) in steps.into_iter().zip(back) {
                at += step;
                let number = at.saturating_sub(back);
                let highest = came.last().copied();
                let is_young = highest.is_none_or(|highest| number + SPAN > highest);
                let expected = is_young && !came.contains(&number);
                prop_assert_eq!(takes(&mut window, number), expected, "{}", number);
                if expected { came.insert(number); }
            }
        }
    }
}
