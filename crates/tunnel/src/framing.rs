//! Frames on a stream of bytes: before each stands its length, in two bytes, in network order.
//!
//! ```text
//!   ┌──────┬─────────────────────────┬──────┬──────────────
//!   │ 0084 │ 132 bytes of frame      │ 0040 │ 64 bytes ...
//!   └──────┴─────────────────────────┴──────┴──────────────
//! ```
//!
//! TCP knows nothing of frames: one read may end in the middle of a length, and give a hundred
//! frames at once. [`Inbox`] holds what came until a frame is whole. [`Outbox`] holds what the
//! stream has not taken yet.

/// The bytes in which a length is written.
pub const LENGTH_LEN: usize = 2;

/// How much is read of a stream at a time, in bytes. The longest frame fits, with its length.
const INBOX: usize = LENGTH_LEN + u16::MAX as usize;

/// From how many waiting bytes on a stream is full.
pub const OUTBOX: usize = 256 << 10;

/// A length that no frame of this tunnel has: the stream carries something else, and where the
/// next frame begins nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("announces a frame of {length} bytes, and frames here have 1 to {longest}")]
pub struct LyingLength {
    /// The length, in bytes.
    pub length: usize,
    /// The longest that a frame can be, in bytes.
    pub longest: usize,
}

/// What came on a stream and is not taken yet.
#[derive(Debug)]
pub(crate) struct Inbox {
    bytes: Box<[u8]>,
    /// Where the first byte that is not taken stands.
    start: usize,
    /// Where the last one ends.
    end: usize,
    longest: usize,
}

impl Inbox {
    /// For a stream whose frames have `longest` bytes at most.
    pub(crate) fn new(longest: usize) -> Self {
        Self { bytes: vec![0; INBOX].into_boxed_slice(), start: 0, end: 0, longest }
    }

    /// Where the next bytes are to be put. Never empty once [`Inbox::next_frame`] gave all.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// So many bytes were put into the room.
    pub(crate) fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }

    /// The next whole frame, `None` if it is still under way.
    pub(crate) fn next_frame(&mut self) -> Result<Option<&[u8]>, LyingLength> {
        let came = self.bytes.get(self.start..self.end).unwrap_or_default();
        let Some((length, rest)) = came.split_first_chunk::<LENGTH_LEN>() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > self.longest {
            return Err(LyingLength { length, longest: self.longest });
        }
        let Some(frame) = rest.get(..length) else { return Ok(None) };
        self.start += LENGTH_LEN + length;
        Ok(Some(frame))
    }
}

/// What a stream is to take.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    /// How many of them the stream took.
    taken: usize,
}

impl Outbox {
    /// Puts a frame behind the others; `lay_down` appends its bytes. A frame that is too long for
    /// two bytes of length is left out. Whether it was put.
    pub(crate) fn push(&mut self, lay_down: impl FnOnce(&mut Vec<u8>)) -> bool {
        let before = self.bytes.len();
        self.bytes.extend_from_slice(&[0; LENGTH_LEN]);
        lay_down(&mut self.bytes);
        let length = self.bytes.len().saturating_sub(before + LENGTH_LEN);
        match (u16::try_from(length), self.bytes.get_mut(before..before + LENGTH_LEN)) {
            (Ok(length @ 1..), Some(place)) => {
                place.copy_from_slice(&length.to_be_bytes());
                true
            }
            _ => {
                self.bytes.truncate(before);
                false
            }
        }
    }

    /// The bytes that are next.
    pub(crate) fn waiting(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    /// The stream took so many.
    pub(crate) fn took(&mut self, count: usize) {
        self.taken = (self.taken + count).min(self.bytes.len());
        if self.taken == self.bytes.len() {
            self.bytes.clear();
            self.taken = 0;
        } else if self.taken > OUTBOX {
            // What is left moves to the front, so that the memory does not grow.
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
    }

    /// Whether the stream has to take something first.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() - self.taken >= OUTBOX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Everything that comes of `bytes` when they come in pieces of these lengths.
    fn frames(longest: usize, bytes: &[u8], pieces: &[usize]) -> Result<Vec<Vec<u8>>, LyingLength> {
        let mut inbox = Inbox::new(longest);
        let (mut frames, mut rest) = (Vec::new(), bytes);
        let mut pieces = pieces.iter().copied().chain(std::iter::repeat(7));
        while !rest.is_empty() {
            let room = inbox.room();
            let count = pieces.next().unwrap().clamp(1, room.len().min(rest.len()));
            room[..count].copy_from_slice(&rest[..count]);
            inbox.filled(count);
            rest = &rest[count..];
            while let Some(frame) = inbox.next_frame()? {
                frames.push(frame.to_vec());
            }
        }
        Ok(frames)
    }

    #[test]
    fn the_length_stands_first_in_network_order() {
        let mut outbox = Outbox::default();
        assert!(outbox.push(|bytes| bytes.extend_from_slice(&[7; 258])));
        assert_eq!(outbox.waiting()[..3], [1, 2, 7]);
    }

    #[test]
    fn a_frame_of_no_length_or_of_too_much_is_not_sent() {
        let mut outbox = Outbox::default();
        assert!(!outbox.push(|_| {}));
        assert!(!outbox.push(|bytes| bytes.resize(bytes.len() + 65_536, 7)));
        assert!(outbox.waiting().is_empty());
    }

    #[test]
    fn a_length_that_lies_is_found_out_before_its_frame_came() {
        for length in [0, 1501, 65_535_u16] {
            let lie = LyingLength { length: length.into(), longest: 1500 };
            assert_eq!(frames(1500, &length.to_be_bytes(), &[]), Err(lie));
        }
        assert_eq!(frames(1500, &[0, 1, 7], &[]), Ok(vec![vec![7]]));
        assert_eq!(frames(65_535, &[255, 255], &[]), Ok(vec![]));
    }

    #[test]
    fn the_longest_frame_fits() {
        let mut stream = vec![255, 255];
        stream.resize(2 + 65_535, 7);
        stream.extend([0, 1, 8]);
        let read = frames(65_535, &stream, &[60_000, 60_000, 60_000]).unwrap();
        assert_eq!(read, [vec![7; 65_535], vec![8]]);
    }

    #[test]
    fn an_outbox_is_full_until_the_stream_takes_something() {
        let mut outbox = Outbox::default();
        while !outbox.is_full() {
            outbox.push(|bytes| bytes.extend_from_slice(&[7; 1500]));
        }
        assert!(outbox.waiting().len() < OUTBOX + 1502);
        outbox.took(1502);
        assert!(!outbox.is_full());
    }

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in_however_they_are_cut(
            sent in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..3000), 0..40),
            taken in prop::collection::vec(1..4000_usize, 0..40),
            pieces in prop::collection::vec(1..4000_usize, 0..40),
        ) {
            let mut outbox = Outbox::default();
            let (mut stream, mut taken) = (Vec::new(), taken.into_iter());
            for frame in &sent {
                prop_assert!(outbox.push(|bytes| bytes.extend_from_slice(frame)));
                let count = taken.next().unwrap_or(0).min(outbox.waiting().len());
                stream.extend_from_slice(&outbox.waiting()[..count]);
                outbox.took(count);
            }
            stream.extend_from_slice(outbox.waiting());
            prop_assert_eq!(frames(3000, &stream, &pieces).unwrap(), sent);
        }
    }
}
