//! A secret, so that nobody outside can foretell what we derive from addresses.
//!
//! Whoever sends us packets chooses the keys of our tables. With a known hash they would choose
//! keys that collide, and every look-up would become a walk along a chain. The same hash makes
//! numbers that must not be guessed: identifications, ports, initial sequence numbers.

#![forbid(unsafe_code)]

use std::fmt;
use std::hash::BuildHasher;

use siphasher::sip::SipHasher24;

/// The key of a keyed hash (SipHash-2-4), handed in once by whoever has a source of randomness.
///
/// It keeps peers from filling one bucket of a table on purpose, and from guessing numbers that
/// they should not know. The same key gives the same numbers, so that a run can be repeated.
#[derive(Clone, Copy)]
pub struct Secret {
    key: [u64; 2],
}

impl Secret {
    /// Takes 128 random bits. Different uses need different secrets.
    #[must_use]
    pub const fn new(key: [u64; 2]) -> Self {
        Self { key }
    }

    /// 128 bits for another use, which give away nothing of this secret. Each `purpose` gets its
    /// own.
    #[must_use]
    pub fn derive(self, purpose: &str) -> [u64; 2] {
        [0u8, 1].map(|half| self.hash_one((half, purpose)))
    }
}

impl BuildHasher for Secret {
    type Hasher = SipHasher24;

    fn build_hasher(&self) -> SipHasher24 {
        let [first, second] = self.key;
        SipHasher24::new_with_keys(first, second)
    }
}

/// A log is no place for a secret.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_hangs_on_both_halves_of_the_key() {
        let hash = |key| Secret::new(key).hash_one("the same");
        assert_eq!(hash([1, 2]), hash([1, 2]));
        assert_ne!(hash([1, 2]), hash([1, 3]));
        assert_ne!(hash([1, 2]), hash([3, 2]));
    }

    #[test]
    fn each_use_gets_bits_of_its_own() {
        let secret = Secret::new([1, 2]);
        let [first, second] = secret.derive("one");
        assert_eq!(secret.derive("one"), [first, second]);
        assert_ne!(first, second);
        assert_ne!(secret.derive("two"), [first, second]);
        assert_ne!(Secret::new([1, 3]).derive("one"), [first, second]);
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new([0xdead_beef, 7])), "Secret(..)");
    }
}
