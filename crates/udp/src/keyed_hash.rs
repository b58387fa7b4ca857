//! A hash that nobody can aim at without knowing the key.
//!
//! Whoever sends us datagrams chooses the keys of our tables. With a known hash they would choose
//! keys that collide, and every look-up would become a walk along a chain.

use std::hash::BuildHasher;

use siphasher::sip::SipHasher13;

/// SipHash-1-3 under a secret key.
#[derive(Clone, Copy)]
pub(crate) struct KeyedHash {
    secret: [u64; 2],
}

impl KeyedHash {
    pub(crate) const fn new(secret: [u64; 2]) -> Self {
        Self { secret }
    }
}

impl BuildHasher for KeyedHash {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        let [first, second] = self.secret;
        SipHasher13::new_with_keys(first, second)
    }
}

/// Without the secret.
impl std::fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyedHash")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_half_of_the_secret_counts_and_none_is_printed() {
        let hash = |secret| KeyedHash::new(secret).hash_one("the same");
        assert_eq!(hash([1, 2]), hash([1, 2]));
        assert_ne!(hash([1, 2]), hash([1, 3]));
        assert_ne!(hash([1, 2]), hash([3, 2]));
        assert_eq!(format!("{:?}", KeyedHash::new([1, 2])), "KeyedHash");
    }
}
