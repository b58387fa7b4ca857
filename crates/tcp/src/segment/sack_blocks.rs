//! What a receiver holds beyond a hole, in the option's words (RFC 2018, 3).

use byteorder::{ByteOrder, NetworkEndian};

use crate::SequenceNumber;

/// How many blocks fit into a segment's options at most; one less beside timestamps.
pub const MAX_SACK_BLOCKS: usize = 4;

/// Length of a block on the wire, in bytes.
pub(super) const BLOCK_LEN: usize = 8;

/// Bytes in one piece that came out of order: from `left` to just before `right`.
///
/// ```text
///      acknowledged        left        right
///     ─────────────┬─ hole ─┬────────────┬─ hole ─
///                  │        │ is here    │
/// ```
///
/// Nothing is proven of a block that a peer sent: `right` may be before `left`, and both may lie
/// anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SackBlock {
    /// The number of the block's first byte.
    pub left: SequenceNumber,
    /// The number just after its last byte.
    pub right: SequenceNumber,
}

impl SackBlock {
    const EMPTY: Self = Self { left: SequenceNumber::new(0), right: SequenceNumber::new(0) };

    fn from_bytes(bytes: &[u8; BLOCK_LEN]) -> Self {
        Self {
            left: SequenceNumber::new(NetworkEndian::read_u32(&bytes[..4])),
            right: SequenceNumber::new(NetworkEndian::read_u32(&bytes[4..])),
        }
    }

    pub(super) fn to_bytes(self) -> [u8; BLOCK_LEN] {
        let mut bytes = [0; BLOCK_LEN];
        NetworkEndian::write_u32(&mut bytes[..4], self.left.value());
        NetworkEndian::write_u32(&mut bytes[4..], self.right.value());
        bytes
    }
}

/// Up to [`MAX_SACK_BLOCKS`] blocks, the most important one first. None is what a segment without
/// the option has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SackBlocks {
    blocks: [SackBlock; MAX_SACK_BLOCKS],
    /// How many of `blocks` count; the others are [`SackBlock::EMPTY`].
    count: usize,
}

impl SackBlocks {
    /// No block.
    pub const NONE: Self = Self { blocks: [SackBlock::EMPTY; MAX_SACK_BLOCKS], count: 0 };

    /// Adds a block behind the others. Gives false, and leaves it out, if there are
    /// [`MAX_SACK_BLOCKS`] already.
    pub fn push(&mut self, block: SackBlock) -> bool {
        let Some(room) = self.blocks.get_mut(self.count) else { return false };
        *room = block;
        self.count += 1;
        true
    }

    /// The blocks in their order.
    #[must_use]
    pub fn as_slice(&self) -> &[SackBlock] {
        self.blocks.get(..self.count).unwrap_or_default()
    }

    /// How many blocks there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no blocks.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What stands behind the option's kind and length; `None` if that is not one to four whole
    /// blocks.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (blocks, rest) = bytes.as_chunks();
        let is_whole = rest.is_empty() && (1..=MAX_SACK_BLOCKS).contains(&blocks.len());
        is_whole.then(|| blocks.iter().map(SackBlock::from_bytes).collect())
    }
}

impl Default for SackBlocks {
    fn default() -> Self {
        Self::NONE
    }
}

/// Takes the first [`MAX_SACK_BLOCKS`] blocks.
impl FromIterator<SackBlock> for SackBlocks {
    fn from_iter<T: IntoIterator<Item = SackBlock>>(blocks: T) -> Self {
        let mut taken = Self::NONE;
        for block in blocks.into_iter().take(MAX_SACK_BLOCKS) {
            taken.push(block);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(left: u32) -> SackBlock {
        SackBlock { left: SequenceNumber::new(left), right: SequenceNumber::new(left) + 10 }
    }

    #[test]
    fn there_is_room_for_four() {
        let mut blocks = SackBlocks::NONE;
        assert!(blocks.is_empty());
        for left in 0..4 {
            assert!(blocks.push(block(left)));
        }
        assert!(!blocks.push(block(4)));
        assert!(!blocks.is_empty());
        assert_eq!(blocks.len(), 4);
        assert_eq!(blocks.as_slice(), [block(0), block(1), block(2), block(3)]);
        assert_eq!((0..9).map(block).collect::<SackBlocks>(), blocks);
    }

    #[test]
    fn one_to_four_whole_blocks_are_read() {
        let bytes: Vec<u8> = (0..5).flat_map(|left| block(left).to_bytes()).collect();
        for count in 1..=4u32 {
            let blocks = SackBlocks::from_bytes(&bytes[..count as usize * BLOCK_LEN]);
            assert_eq!(blocks, Some((0..count).map(block).collect()));
        }
        for length in [0, 7, 9, 31, 33, 40] {
            assert_eq!(SackBlocks::from_bytes(&bytes[..length]), None, "{length}");
        }
    }
}
