//! Random numbers that a seed decides for ever.
//!
//! xoshiro256++ (Blackman and Vigna, 2018), seeded by SplitMix64: both are published algorithms
//! with reference outputs, so a seed means the same in any build on any machine.

use rand_xoshiro::rand_core::{Rng, SeedableRng};
use rand_xoshiro::{SplitMix64, Xoshiro256PlusPlus};

/// The `index`th of many seeds that are made from one, for the links of a network or the two
/// directions of a device.
///
/// It is the `index`th output of SplitMix64, counted from 0.
#[must_use]
pub fn split_seed(seed: u64, index: u64) -> u64 {
    /// What SplitMix64 adds to its state at each step.
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let state = seed.wrapping_add(index.wrapping_mul(STEP));
    SplitMix64::from_seed(state.to_le_bytes()).next_u64()
}

/// A random stream for each kind of fault. No two streams of a seed overlap within 2^128 numbers.
#[derive(Clone, Debug)]
pub(crate) struct Streams {
    loss: Xoshiro256PlusPlus,
    duplicate: Xoshiro256PlusPlus,
    reorder: Xoshiro256PlusPlus,
    corrupt: Xoshiro256PlusPlus,
    jitter: Xoshiro256PlusPlus,
}

/// What was drawn for one frame: a number for each kind of fault, needed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drawn {
    pub(crate) loss: Number,
    pub(crate) duplicate: Number,
    pub(crate) reorder: Number,
    pub(crate) corrupt: Number,
    pub(crate) jitter: Number,
}

/// 64 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u64);

impl Streams {
    pub(crate) fn new(seed: u64) -> Self {
        let mut generator = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut next = || {
            let stream = generator.clone();
            generator.jump();
            stream
        };
        // The order is part of what a seed means: a new stream goes last.
        Self { loss: next(), duplicate: next(), reorder: next(), corrupt: next(), jitter: next() }
    }

    /// Draws for one frame.
    pub(crate) fn draw(&mut self) -> Drawn {
        Drawn {
            loss: Number(self.loss.next_u64()),
            duplicate: Number(self.duplicate.next_u64()),
            reorder: Number(self.reorder.next_u64()),
            corrupt: Number(self.corrupt.next_u64()),
            jitter: Number(self.jitter.next_u64()),
        }
    }
}

impl Number {
    /// One half of the bits, for a first decision.
    pub(crate) const fn high(self) -> u32 {
        let [a, b, c, d, ..] = self.0.to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// The other half, for a second decision that has nothing to do with the first.
    pub(crate) const fn low(self) -> u32 {
        let [.., a, b, c, d] = self.0.to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }
}

/// Spreads `drawn`, out of 2^32, evenly over the numbers below `bound`: 0 if there are none.
pub(crate) fn below(drawn: u32, bound: u64) -> u64 {
    let product = u128::from(drawn) * u128::from(bound);
    // Less than `bound`, so it fits.
    u64::try_from(product >> 32).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The meaning of a seed. If this fails, every seed that somebody wrote down is worthless.
    #[test]
    fn a_seed_means_the_same_for_ever() {
        let mut streams = Streams::new(1);
        let first = streams.draw();
        // Computed apart from this code: xoshiro256++ on the state that SplitMix64 makes of 1,
        // and the same after four jumps.
        assert_eq!(first.loss, Number(0xcfc5_d07f_6f03_c29b));
        assert_eq!(first.jitter, Number(0xcd13_e85c_41f6_1ea6));
        let second = streams.draw();
        assert_eq!(second.loss, Number(0xbf42_4132_963f_e08d));
        assert_eq!(second.jitter, Number(0x0cd5_8f2f_c013_b3be));
    }

    #[test]
    fn split_seeds_are_the_outputs_of_splitmix64() {
        let mut reference = SplitMix64::from_seed(42_u64.to_le_bytes());
        for index in 0..5 {
            assert_eq!(split_seed(42, index), reference.next_u64());
        }
    }

    #[test]
    fn the_halves_of_a_number_are_its_own() {
        let number = Number(0x0123_4567_89ab_cdef);
        assert_eq!((number.high(), number.low()), (0x0123_4567, 0x89ab_cdef));
    }

    #[test]
    fn numbers_below_a_bound_reach_both_ends_and_no_further() {
        assert_eq!(below(0, 12_000), 0);
        assert_eq!(below(u32::MAX, 12_000), 11_999);
        assert_eq!(below(u32::MAX, u64::MAX), u64::MAX - (1 << 32));
        assert_eq!(below(u32::MAX, 0), 0);
    }
}
