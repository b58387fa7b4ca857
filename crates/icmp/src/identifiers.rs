//! Identifiers: which one the requests of an echo socket carry.
//!
//! Whoever can guess it can forge replies, so each is drawn at random.

use secret::Secret;

/// Draws identifiers. The secret decides all of them.
#[derive(Debug)]
pub(crate) struct Identifiers {
    secret: Secret,
    /// How many were drawn.
    drawn: u64,
}

impl Identifiers {
    pub(crate) const fn new(secret: Secret) -> Self {
        Self { secret, drawn: 0 }
    }

    /// One that is free: one drawn at random, or the first behind it. `None` if none is free.
    pub(crate) fn choose(&mut self, is_free: impl Fn(u16) -> bool) -> Option<u16> {
        self.drawn = self.drawn.wrapping_add(1);
        let [a, b, ..] = self.secret.number(&("echo identifier", self.drawn)).to_be_bytes();
        let drawn = u16::from_be_bytes([a, b]);
        (0..=u16::MAX).map(|step| drawn.wrapping_add(step)).find(|&identifier| is_free(identifier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identifiers(secret: [u64; 2]) -> Identifiers {
        Identifiers::new(Secret::new(secret))
    }

    #[test]
    fn they_hang_on_the_secret_and_follow_no_order() {
        let first_ten = |secret| {
            let mut identifiers = identifiers(secret);
            std::array::from_fn::<_, 10, _>(|_| identifiers.choose(|_| true).unwrap())
        };
        assert_eq!(first_ten([1, 2]), first_ten([1, 2]));
        assert_ne!(first_ten([1, 2]), first_ten([1, 3]));
        assert_ne!(first_ten([1, 2]), first_ten([3, 2]));
        assert!(first_ten([1, 2]).windows(2).all(|pair| pair[0].abs_diff(pair[1]) > 1));
    }

    #[test]
    fn one_in_use_is_passed_over_and_the_search_ends() {
        let next = identifiers([1, 2]).choose(|_| true).unwrap();
        let other = identifiers([1, 2]).choose(|identifier| identifier != next);
        assert_eq!(other, Some(next.wrapping_add(1)));
        let last = identifiers([1, 2]).choose(|identifier| identifier == next.wrapping_sub(1));
        assert_eq!(last, Some(next.wrapping_sub(1)));
        assert_eq!(identifiers([1, 2]).choose(|_| false), None);
    }
}
