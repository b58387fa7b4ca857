//! The Internet checksum: the ones' complement of the ones' complement sum of all 16-bit words.
//!
//! IPv4, ICMP, UDP and TCP all use it (RFC 1071). A sender sums everything with the checksum
//! field taken as zero and writes the complement into the field; a receiver sums everything,
//! field included, and must get all ones.
//!
//! ```text
//!   an IPv4 header   4500 + 0054 + 0000 + 4000 + 4001 + (0000) + c000 + 0201 + c000 + 0202
//!   their sum        2 4958
//!   the carry, 2, folded back in on the right    495a
//!   the complement, which goes into the field    b6a5
//! ```

#![forbid(unsafe_code)]

/// A ones' complement sum under way.
///
/// Pieces are added in the order in which they stand in the packet. A piece of odd length counts
/// as if a zero byte followed it, so only the last piece may have one (RFC 1071, 4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Everything added so far, carries not yet folded in. The carries of 16 GiB fit.
    ///
    /// Words are added as this machine reads them from memory. One that reads the least
    /// significant byte first gets the sum with its bytes the other way round too (RFC 1071,
    /// 2 (B)): so they are turned once, in the end, and not in each word.
    total: u64,
}

impl Sum {
    /// The sum of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { total: 0 }
    }

    /// Adds the 16-bit words of `bytes`, each most significant byte first.
    #[must_use]
    #[inline]
    pub fn add_bytes(self, bytes: &[u8]) -> Self {
        // Four words at a time, as two halves of two. The weight of one word of the two, 2^16, is
        // a carry like any other and folds to 1 in the end.
        let mut total = self.total;
        let (fours, rest) = bytes.as_chunks::<8>();
        for &four in fours {
            let four = u64::from_ne_bytes(four);
            total += (four & 0xffff_ffff) + (four >> 32);
        }
        let (words, odd) = rest.as_chunks::<2>();
        for &word in words {
            total += u64::from(u16::from_ne_bytes(word));
        }
        for &byte in odd {
            total += u64::from(u16::from_ne_bytes([byte, 0]));
        }
        Self { total }
    }

    /// Adds one 16-bit word.
    #[must_use]
    #[inline]
    pub fn add_u16(self, word: u16) -> Self {
        Self { total: self.total + u64::from(word.to_be()) }
    }

    /// The sum in 16 bits. Over a packet that holds its correct checksum it is `0xffff`.
    #[must_use]
    #[inline]
    pub const fn fold(self) -> u16 {
        // A number plus itself with its halves exchanged: the upper half is then the sum of both,
        // with what the lower half carried.
        let sum = (self.total.wrapping_add(self.total.rotate_left(32)) >> 32) as u32;
        let sum = (sum.wrapping_add(sum.rotate_left(16)) >> 16) as u16;
        u16::from_be(sum)
    }

    /// The value for the checksum field: the complement of [`Sum::fold`].
    #[must_use]
    #[inline]
    pub const fn checksum(self) -> u16 {
        !self.fold()
    }
}

/// Whether `bytes`, which hold their own checksum, are as they were when it was computed.
#[must_use]
pub fn is_correct(bytes: &[u8]) -> bool {
    Sum::new().add_bytes(bytes).fold() == 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Word by word as RFC 1071, section 1, says it.
    fn by_definition(bytes: &[u8]) -> u16 {
        let mut sum = 0u32;
        for pair in bytes.chunks(2) {
            sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !u16::try_from(sum).unwrap()
    }

    #[test]
    fn the_example_in_the_module_documentation() {
        let header = [
            0x45, 0x00, 0x00, 0x54, 0x00, 0x00, 0x40, 0x00, 0x40, 0x01, 0x00, 0x00, 192, 0, 2, 1,
            192, 0, 2, 2,
        ];
        assert_eq!(Sum::new().add_bytes(&header).checksum(), 0xb6a5);
    }

    #[test]
    fn the_example_of_rfc_1071_section_3() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(Sum::new().add_bytes(&bytes).fold(), 0xddf2);
    }

    #[test]
    fn nothing_sums_to_zero() {
        assert_eq!(Sum::new().fold(), 0);
        assert_eq!(Sum::new().add_bytes(&[]).checksum(), 0xffff);
    }

    proptest! {
        #[test]
        fn it_is_what_the_definition_says(bytes in prop::collection::vec(any::<u8>(), 0..70_000)) {
            prop_assert_eq!(Sum::new().add_bytes(&bytes).checksum(), by_definition(&bytes));
        }

        #[test]
        fn pieces_of_even_length_sum_like_the_whole(
            bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0usize..100
        ) {
            let (left, right) = bytes.split_at((at * 2).min(bytes.len() & !1));
            let pieces = Sum::new().add_bytes(left).add_bytes(right);
            prop_assert_eq!(pieces.checksum(), by_definition(&bytes));
        }

        #[test]
        fn a_checksum_put_in_is_found_correct_and_a_changed_bit_is_not(
            mut bytes in prop::collection::vec(any::<u8>(), 4..200), bit in any::<prop::sample::Index>()
        ) {
            bytes[2..4].fill(0);
            let checksum = Sum::new().add_bytes(&bytes).checksum();
            bytes[2..4].copy_from_slice(&checksum.to_be_bytes());
            prop_assert!(is_correct(&bytes));
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!is_correct(&bytes));
        }

        #[test]
        fn words_count_like_their_bytes(words in prop::collection::vec(any::<u16>(), 0..50)) {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            let sum = words.iter().fold(Sum::new(), |sum, &word| sum.add_u16(word));
            prop_assert_eq!(sum.checksum(), by_definition(&bytes));
        }
    }
}
