//! A secret, so that nobody outside can foretell what we derive from addresses.
//!
//! Whoever sends us packets chooses the keys of our tables. With a known hash they would choose
//! keys that collide, and every look-up would become a walk along a chain. And they would foretell
//! numbers that must not be guessed: identifications, ports, initial sequence numbers.
//!
//! Both are done by SipHash, with the secret as its key. Nobody sees where a key stands in a
//! table, so SipHash-1-3 is enough there, as in Rust's own tables. The numbers are seen by
//! everybody: they come from SipHash-2-4, which its authors hold to be as good as random.

#![forbid(unsafe_code)]

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};

use siphasher::sip::{SipHasher13, SipHasher24};

/// The key of a keyed hash, handed in once by whoever has a source of randomness.
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
        [0u8, 1].map(|half| self.number(&(half, purpose)))
    }

    /// A number that can be shown to anybody: who does not know the secret cannot guess it, nor
    /// learn anything from it about the number for another `input`.
    #[must_use]
    pub fn number(&self, input: &impl Hash) -> u64 {
        let [first, second] = self.key;
        let mut hasher = SipHasher24::new_with_keys(first, second);
        input.hash(&mut hasher);
        hasher.finish()
    }
}

/// For tables. The hashes stay inside of them; what leaves is a [`Secret::number`].
impl BuildHasher for Secret {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        let [first, second] = self.key;
        SipHasher13::new_with_keys(first, second)
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
    fn hash_and_number_hang_on_both_halves_of_the_key() {
        let hash = |key| Secret::new(key).hash_one("the same");
        let number = |key| Secret::new(key).number(&"the same");
        let both = |key| (hash(key), number(key));
        assert_eq!(both([1, 2]), both([1, 2]));
        for other in [[1, 3], [3, 2]] {
            assert_ne!(hash([1, 2]), hash(other));
            assert_ne!(number([1, 2]), number(other));
        }
    }

    /// The example of the SipHash paper (Aumasson and Bernstein, 2012, appendix A): the key and
    /// the message are the bytes 0, 1, 2 ...
    #[test]
    fn numbers_are_siphash_2_4() {
        struct Message;
        impl Hash for Message {
            fn hash<H: Hasher>(&self, state: &mut H) {
                state.write(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
            }
        }
        let secret = Secret::new([0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908]);
        assert_eq!(secret.number(&Message), 0xa129_ca61_49be_45e5);
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
