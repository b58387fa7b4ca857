//! From option to option, whatever the bytes (RFC 9293, 3.1).
//!
//! ```text
//!    ┌──────┐                      end of list, 0, and no operation, 1: one byte
//!    │ kind │
//!    └──────┘
//!    ┌──────┬────────┬────────┐    all others say how long they are, kind and length included
//!    │ kind │ length │ data   │
//!    └──────┴────────┴────────┘
//! ```
//!
//! A length that cannot be (0, 1, or beyond the header) ends the walk, since nobody knows where the
//! next option begins. What came before counts.

pub(super) const END_OF_LIST: u8 = 0;
pub(super) const NO_OPERATION: u8 = 1;

/// From option to option: the kind of each, and what stands behind its length.
pub(super) struct Walk<'a> {
    rest: &'a [u8],
}

impl<'a> Walk<'a> {
    /// Over the bytes between the header and the data.
    pub(super) const fn over(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = (u8, &'a [u8]);

    /// Takes at least a byte, or ends.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (&kind, rest) = self.rest.split_first()?;
            match kind {
                END_OF_LIST => return None,
                NO_OPERATION => self.rest = rest,
                _ => {
                    // MUST-68: kind and length count too. MUST-7: less than those two, or more
                    // than there is, ends the walk.
                    let (&length, rest) = rest.split_first()?;
                    let (data, rest) =
                        rest.split_at_checked(usize::from(length).checked_sub(2)?)?;
                    self.rest = rest;
                    return Some((kind, data));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn walk(bytes: &[u8]) -> Vec<(u8, &[u8])> {
        Walk::over(bytes).collect()
    }

    #[test]
    fn must_68_each_option_is_as_long_as_it_says() {
        let bytes = [NO_OPERATION, 2, 4, 5, 180, 253, 2, 254, 3, 9, NO_OPERATION, 4, 2];
        let expected = [(2, &[5, 180][..]), (253, &[]), (254, &[9]), (4, &[])];
        assert_eq!(walk(&bytes), expected);
    }

    #[test]
    fn must_4_nothing_counts_behind_the_end_of_the_list() {
        assert_eq!(walk(&[4, 2, END_OF_LIST, 4, 2]), [(4, &[][..])]);
        // Nor is what follows it a length.
        assert_eq!(walk(&[4, 2, END_OF_LIST, 2, 4, 2]), [(4, &[][..])]);
    }

    #[test]
    fn must_7_a_length_that_cannot_be_ends_the_walk() {
        for wrong in [&[5][..], &[5, 0, 4, 2], &[5, 1, 4, 2], &[5, 5, 4, 2], &[5, 255, 4, 2]] {
            let bytes = [&[4, 2], wrong].concat();
            assert_eq!(walk(&bytes), [(4, &[][..])], "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn must_7_any_bytes_are_walked_to_an_end_and_no_byte_is_read_twice(
            bytes in prop::collection::vec(prop_oneof![0..12u8, any::<u8>()], 0..=40)
        ) {
            let taken: usize = Walk::over(&bytes).map(|(_, data)| data.len() + 2).sum();
            prop_assert!(taken <= bytes.len());
        }
    }
}
