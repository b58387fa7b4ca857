//! The options: what a segment says beside its header (RFC 9293, 3.2; RFC 7323; RFC 2018).
//!
//! ```text
//!    a SYN of ours         ┌──────┬──────┬─────────────┐
//!                          │ kind │length│     data    │   every option but two is this
//!                          └──────┴──────┴─────────────┘
//!    maximum segment size     2      4      MSS               4 bytes   on a SYN only
//!    SACK permitted           4      2                        2         on a SYN only
//!    timestamps               8     10      value, echo      10
//!    no operation             1                               1         to align what follows
//!    window scale             3      3      bits              3         on a SYN only
//!                                                            ──
//!                                                            20 bytes
//! ```
//!
//! Reading never fails. What a kind that we do not know says is skipped (MUST-6), and so is an
//! option whose length is not the one that its kind has. Of an option that comes twice the last
//! counts, as in Linux.

use byteorder::{ByteOrder, NetworkEndian};

use super::sack_blocks::{BLOCK_LEN, SackBlocks};
use super::walk::{NO_OPERATION, Walk};
use super::window_scale::WindowScale;

/// The most bytes of options that a header has room for.
pub const MAX_OPTIONS_LEN: usize = 40;

const MAXIMUM_SEGMENT_SIZE: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;

/// Which options a segment has, and what they say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The most bytes of data in one segment that the sender of this one takes, as if there were
    /// no options. Means something on a SYN only (MUST-65). When read never 0: that one is
    /// skipped, as Linux does.
    pub maximum_segment_size: Option<u16>,
    /// How the window fields of the segments to come are scaled. Means something on a SYN only.
    pub window_scale: Option<WindowScale>,
    /// Whether the sender can make use of SACK. Means something on a SYN only.
    pub sack_permitted: bool,
    /// The sender's clock, and ours as it last heard of it.
    pub timestamps: Option<Timestamps>,
    /// What the sender holds beyond a hole. Only as many are written as there is room for: 4, or 3
    /// beside timestamps.
    pub sack_blocks: SackBlocks,
}

/// The timestamps option (RFC 7323, 3.2). Both numbers wrap like sequence numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamps {
    /// TSval: the sender's clock, in ticks of its own length.
    pub value: u32,
    /// TSecr: the latest value that the sender heard from us. Means something with ACK only.
    pub echo_reply: u32,
}

impl Options {
    /// No options.
    pub const NONE: Self = Self {
        maximum_segment_size: None,
        window_scale: None,
        sack_permitted: false,
        timestamps: None,
        sack_blocks: SackBlocks::NONE,
    };

    /// How many bytes they take in the header: a multiple of 4, at most [`MAX_OPTIONS_LEN`].
    #[must_use]
    pub fn length(&self) -> usize {
        self.written().as_slice().len()
    }

    /// Reads the bytes between the header and the data.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut options = Self::NONE;
        for (kind, data) in Walk::over(bytes) {
            options.take(kind, data);
        }
        options
    }

    fn take(&mut self, kind: u8, data: &[u8]) {
        match (kind, data) {
            (MAXIMUM_SEGMENT_SIZE, &[high, low]) => {
                let size = u16::from_be_bytes([high, low]);
                if size != 0 {
                    self.maximum_segment_size = Some(size);
                }
            }
            (WINDOW_SCALE, &[bits]) => self.window_scale = Some(WindowScale::new(bits)),
            (SACK_PERMITTED, []) => self.sack_permitted = true,
            (SACK, _) => {
                if let Some(blocks) = SackBlocks::from_bytes(data) {
                    self.sack_blocks = blocks;
                }
            }
            (TIMESTAMPS, _) => {
                if let Ok(data) = data.try_into() {
                    self.timestamps = Some(Timestamps::from_bytes(data));
                }
            }
            // MUST-6
            _ => {}
        }
    }

    /// Lays them down in the order in which Linux does, four-byte numbers at multiples of four.
    /// So the length is one too, and no padding is needed (MUST-69).
    pub(super) fn written(&self) -> Written {
        let mut written = Written::default();
        if let Some(size) = self.maximum_segment_size {
            let [high, low] = size.to_be_bytes();
            written.put(&[MAXIMUM_SEGMENT_SIZE, 4, high, low]);
        }
        if let Some(timestamps) = self.timestamps {
            let pair = if self.sack_permitted { [SACK_PERMITTED, 2] } else { [NO_OPERATION; 2] };
            written.put(&pair);
            written.put(&[TIMESTAMPS, 10]);
            written.put(&timestamps.to_bytes());
        } else if self.sack_permitted {
            written.put(&[NO_OPERATION, NO_OPERATION, SACK_PERMITTED, 2]);
        }
        if let Some(scale) = self.window_scale {
            written.put(&[NO_OPERATION, WINDOW_SCALE, 3, scale.bits()]);
        }
        written.put_sack_blocks(&self.sack_blocks);
        written
    }
}

impl Timestamps {
    fn from_bytes(bytes: &[u8; 8]) -> Self {
        Self {
            value: NetworkEndian::read_u32(&bytes[..4]),
            echo_reply: NetworkEndian::read_u32(&bytes[4..]),
        }
    }

    fn to_bytes(self) -> [u8; 8] {
        let mut bytes = [0; 8];
        NetworkEndian::write_u32(&mut bytes[..4], self.value);
        NetworkEndian::write_u32(&mut bytes[4..], self.echo_reply);
        bytes
    }
}

/// Options as they stand in a header.
pub(super) struct Written {
    bytes: [u8; MAX_OPTIONS_LEN],
    length: usize,
}

impl Default for Written {
    fn default() -> Self {
        Self { bytes: [0; MAX_OPTIONS_LEN], length: 0 }
    }
}

impl Written {
    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn put(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(bytes);
            self.length = end;
        }
    }

    /// Puts down as many blocks as there is room for, if there are any. All other options leave
    /// room for two at least.
    fn put_sack_blocks(&mut self, blocks: &SackBlocks) {
        let room = (MAX_OPTIONS_LEN - self.length).saturating_sub(4) / BLOCK_LEN;
        let blocks = blocks.as_slice();
        let blocks = blocks.get(..room).unwrap_or(blocks);
        let length = 2 + blocks.len() * BLOCK_LEN;
        if let (Ok(length), [_, ..]) = (u8::try_from(length), blocks) {
            self.put(&[NO_OPERATION, NO_OPERATION, SACK, length]);
            blocks.iter().for_each(|block| self.put(&block.to_bytes()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SequenceNumber;
    use crate::segment::sack_blocks::SackBlock;
    use crate::segment::walk::END_OF_LIST;
    use crate::sequence_number::strategies::any_sequence_number;
    use proptest::prelude::*;

    /// A window scale, so that one sees whether what stands behind was reached.
    const SCALE_OF_7: [u8; 3] = [WINDOW_SCALE, 3, 7];

    const MSS_1460: [u8; 4] = [MAXIMUM_SEGMENT_SIZE, 4, 5, 180];

    fn scale_of_7() -> Options {
        Options { window_scale: Some(WindowScale::new(7)), ..Options::NONE }
    }

    fn mss_1460() -> Options {
        Options { maximum_segment_size: Some(1460), ..Options::NONE }
    }

    fn read_both(first: &[u8], second: &[u8]) -> Options {
        Options::read(&[first, second].concat())
    }

    fn blocks(count: u32) -> SackBlocks {
        let block = |n| {
            let left = SequenceNumber::new(u32::MAX - 150) + n * 100;
            SackBlock { left, right: left + 60 }
        };
        (0..count).map(block).collect()
    }

    #[test]
    fn must_4_the_options_of_a_syn_from_linux() {
        let bytes =
            [2, 4, 5, 180, 4, 2, 8, 10, 0x12, 0x34, 0x56, 0x78, 0, 0, 0, 9, NO_OPERATION, 3, 3, 7];
        let options = Options {
            maximum_segment_size: Some(1460),
            window_scale: Some(WindowScale::new(7)),
            sack_permitted: true,
            timestamps: Some(Timestamps { value: 0x1234_5678, echo_reply: 9 }),
            sack_blocks: SackBlocks::NONE,
        };
        // All 20 bytes of them, and written as Linux writes them.
        assert_eq!(Options::read(&bytes), options);
        assert_eq!(options.written().as_slice(), bytes);
        assert_eq!(options.length(), 20);
    }

    #[test]
    fn must_4_no_operation_fills_and_the_end_of_the_list_ends() {
        assert_eq!(read_both(&[NO_OPERATION; 3], &SCALE_OF_7), scale_of_7());
        assert_eq!(read_both(&MSS_1460, &[END_OF_LIST, 3, 3, 7]), mss_1460());
        assert_eq!(Options::read(&[]), Options::NONE);
        assert_eq!(Options::read(&[END_OF_LIST; MAX_OPTIONS_LEN]), Options::NONE);
    }

    #[test]
    fn must_6_kinds_that_are_not_known_are_skipped_by_their_length() {
        for length in 2..=37 {
            // What is skipped looks like an option itself.
            let mut unknown = [SACK_PERMITTED, 2].repeat(20);
            unknown.truncate(usize::from(length));
            unknown[..2].copy_from_slice(&[253, length]);
            assert_eq!(read_both(&unknown, &SCALE_OF_7), scale_of_7(), "{length}");
        }
    }

    #[test]
    fn must_68_a_known_kind_of_another_length_is_skipped_too() {
        for kind in [MAXIMUM_SEGMENT_SIZE, WINDOW_SCALE, SACK_PERMITTED, SACK, TIMESTAMPS] {
            for length in [5, 9, 11, 13, 27] {
                let mut odd = vec![9; usize::from(length)];
                odd[..2].copy_from_slice(&[kind, length]);
                assert_eq!(read_both(&odd, &SCALE_OF_7), scale_of_7(), "{kind}, {length}");
            }
        }
    }

    #[test]
    fn must_7_a_nonsensical_length_ends_the_walk_and_what_came_before_counts() {
        for kind in [MAXIMUM_SEGMENT_SIZE, WINDOW_SCALE, SACK_PERMITTED, SACK, TIMESTAMPS, 253] {
            assert_eq!(read_both(&MSS_1460, &[kind]), mss_1460(), "{kind}: no length at all");
            for length in [0, 1] {
                let wrong = [&[kind, length][..], &SCALE_OF_7, &SCALE_OF_7].concat();
                assert_eq!(read_both(&MSS_1460, &wrong), mss_1460(), "{kind}: {length}");
            }
            for length in [2, 3, 4, 10, 18, 34, 36, 37, 255] {
                // One byte is missing, or more if there is no room for so many.
                let mut wrong = vec![NO_OPERATION; usize::from(length).min(37) - 1];
                for (to, from) in wrong.iter_mut().zip([kind, length]) {
                    *to = from;
                }
                assert_eq!(read_both(&MSS_1460, &wrong), mss_1460(), "{kind}: {length}");
            }
        }
    }

    #[test]
    fn must_64_an_option_may_begin_anywhere() {
        for gap in 0..8 {
            let gap = vec![NO_OPERATION; gap];
            assert_eq!(read_both(&gap, &MSS_1460), mss_1460());
            let options = Options { sack_blocks: blocks(3), ..Options::NONE };
            let written = options.written();
            let (_, unaligned) = written.as_slice().split_at(2);
            assert_eq!(read_both(&gap, unaligned), options);
        }
    }

    #[test]
    fn of_an_option_that_comes_twice_the_last_counts() {
        let smaller = [MAXIMUM_SEGMENT_SIZE, 4, 2, 24];
        assert_eq!(read_both(&smaller, &MSS_1460), mss_1460());
        // A size of 0 is as if it were not there.
        assert_eq!(read_both(&MSS_1460, &[MAXIMUM_SEGMENT_SIZE, 4, 0, 0]), mss_1460());
    }

    #[test]
    fn a_window_scale_above_14_is_used_as_14() {
        let options = Options::read(&[WINDOW_SCALE, 3, 15]);
        assert_eq!(options.window_scale, Some(WindowScale::MAX));
    }

    #[test]
    fn sack_blocks_are_written_as_far_as_there_is_room() {
        let written = |options: Options| {
            let read = Options::read(options.written().as_slice());
            assert_eq!(Options { sack_blocks: read.sack_blocks, ..options }, read);
            (read.sack_blocks, options.length())
        };
        let alone = Options { sack_blocks: blocks(4), ..Options::NONE };
        assert_eq!(written(alone), (blocks(4), 36));
        let timestamps = Some(Timestamps { value: 1, echo_reply: 2 });
        assert_eq!(written(Options { timestamps, ..alone }), (blocks(3), 40));
        let maximum_segment_size = Some(536);
        let window_scale = Some(WindowScale::NONE);
        let all = Options {
            maximum_segment_size,
            window_scale,
            sack_permitted: true,
            timestamps,
            ..alone
        };
        assert_eq!(written(all), (blocks(2), 40));
    }

    fn any_options() -> impl Strategy<Value = Options> {
        let timestamps =
            any::<(u32, u32)>().prop_map(|(value, echo_reply)| Timestamps { value, echo_reply });
        let block = (any_sequence_number(), any_sequence_number())
            .prop_map(|(left, right)| SackBlock { left, right });
        (
            prop::option::of(1..=u16::MAX),
            prop::option::of((0..=14u8).prop_map(WindowScale::new)),
            any::<bool>(),
            prop::option::of(timestamps),
            prop::collection::vec(block, 0..=2),
        )
            .prop_map(
                |(maximum_segment_size, window_scale, sack_permitted, timestamps, blocks)| {
                    Options {
                        maximum_segment_size,
                        window_scale,
                        sack_permitted,
                        timestamps,
                        sack_blocks: blocks.into_iter().collect(),
                    }
                },
            )
    }

    proptest! {
        #[test]
        fn must_69_what_is_written_is_read_the_same_and_needs_no_padding(
            options in any_options()
        ) {
            let written = options.written();
            prop_assert_eq!(Options::read(written.as_slice()), options);
            prop_assert_eq!(options.length() % 4, 0);
            prop_assert!(!written.as_slice().is_empty() || options == Options::NONE);
        }

        #[test]
        fn must_7_any_bytes_are_read_without_harm_and_can_be_written_again(
            bytes in prop::collection::vec(prop_oneof![0..12u8, any::<u8>()], 0..=MAX_OPTIONS_LEN)
        ) {
            let options = Options::read(&bytes);
            let again = Options::read(options.written().as_slice());
            // Aligned, what was packed tightly may not have room for its last block.
            let kept = again.sack_blocks.as_slice();
            prop_assert!(options.sack_blocks.as_slice().starts_with(kept));
            prop_assert_eq!(Options { sack_blocks: again.sack_blocks, ..options }, again);
        }
    }
}
