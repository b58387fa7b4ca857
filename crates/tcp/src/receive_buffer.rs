//! What has come and waits: bytes in order for the application, and pieces beyond a hole for the
//! bytes that are missing before them.
//!
//! ```text
//!                             RCV.NXT                          RCV.NXT + RCV.WND
//!                                ▼                                     ▼
//!        ├───────────────────────┼──────────┬─────────┬──────┬─────────┤
//!        │       readable        │  (hole)  │  piece  │      │  piece  │
//!        └───────────────────────┴──────────┴─────────┴──────┴─────────┘
//!                                0 ◄──── offsets of what comes ────────►
//!        ◄────────────────────────── limit ────────────────────────────►
//! ```
//!
//! A byte is laid down once, at the place where it will be read, and a filled hole moves nothing:
//! RCV.NXT steps over it. So a piece costs its copy and a look into a tree, whether the window is
//! empty or full of holes, and an attacker's pieces cannot take more memory than the window that
//! was granted.
//!
//! Of two copies of a byte the first one counts. The application may have read it, and then it
//! cannot be taken back; and who injects a forged copy into a connection mostly comes later.

use std::ops::Range;

use crate::out_of_order::{OutOfOrder, Place};
use crate::pages::{self, Pages};

/// There may be one piece beyond a hole for so many bytes of the limit. A window full of segments
/// of 536 bytes, the MSS of one who names none, every second one lost, is half as many.
pub const BYTES_PER_PIECE: usize = 512;

/// However small the limit, so many pieces may wait beyond a hole.
pub const MIN_PIECES: usize = 16;

/// Memory that a buffer of that limit takes beyond its limit at most, in bytes: two pages, what the
/// first piece beyond a hole takes, and less than the 256th part of the limit.
#[must_use]
pub const fn buffer_overhead(limit: usize) -> usize {
    pages::overhead(limit) + FIRST_PIECE_OVERHEAD
}

/// Memory for each piece beyond a hole, in bytes: its entries in two trees.
pub const PIECE_OVERHEAD: usize = 128;

/// Memory for the first piece on top of that, in bytes: a tree begins with room for eleven.
const FIRST_PIECE_OVERHEAD: usize = 512;

/// The receiving half's bytes.
///
/// It holds no memory while nothing waits in it. Memory is bounded by the limit,
/// its [`buffer_overhead`], and [`PIECE_OVERHEAD`] for each piece beyond a hole.
#[derive(Clone, Debug)]
pub struct ReceiveBuffer {
    /// What waits, from the first readable byte on.
    pages: Pages,
    /// Bytes in order.
    readable: usize,
    /// Where RCV.NXT is in the stream.
    next: Place,
    /// What lies beyond a hole. Every range begins behind `next`.
    out_of_order: OutOfOrder,
    /// How many bytes may wait.
    limit: usize,
    /// How many pieces were refused.
    refused: u64,
}

impl ReceiveBuffer {
    /// An empty buffer for `limit` bytes. It allocates nothing.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            pages: Pages::default(),
            readable: 0,
            next: 0,
            out_of_order: OutOfOrder::default(),
            limit,
            refused: 0,
        }
    }

    /// Takes a segment's bytes, the first of them `offset` bytes behind RCV.NXT, and returns by
    /// how many bytes RCV.NXT moves: 0 unless they begin there.
    ///
    /// What lies beyond the window is cut off. A byte that was there stays as it is. A piece that
    /// would be one too many beyond a hole is refused and counted: it is the newest that goes,
    /// since the older ones may have been acknowledged selectively (RFC 2018, 8).
    pub fn insert(&mut self, offset: u32, payload: &[u8]) -> u32 {
        let payload = self.cut_to_window(offset, payload);
        if payload.is_empty() {
            return 0;
        }
        let start = self.next + Place::from(offset);
        let range = start..start + payload.len() as Place;
        let fills_hole = start == self.next;
        if !fills_hole && !self.has_place_for(&range) {
            self.refused = self.refused.saturating_add(1);
            return 0;
        }
        self.store(&range, payload);
        if fills_hole {
            return self.fill_hole(range.end);
        }
        self.out_of_order.insert(range);
        0
    }

    /// Copies the first readable bytes into `into`, as many as fit, and takes them away. Returns
    /// how many.
    pub fn read(&mut self, into: &mut [u8]) -> usize {
        let count = self.peek(into);
        self.consume(count);
        count
    }

    /// Copies the first readable bytes into `into`, as many as fit, and leaves them there. Returns
    /// how many.
    pub fn peek(&self, into: &mut [u8]) -> usize {
        self.peek_from(0, into)
    }

    /// As [`ReceiveBuffer::peek`], from the readable byte at `offset` on.
    pub fn peek_from(&self, offset: usize, into: &mut [u8]) -> usize {
        let length = into.len().min(self.readable.saturating_sub(offset));
        let mut left = into;
        for slice in self.pages.slices(offset, length) {
            let Some((room, rest)) = left.split_at_mut_checked(slice.len()) else { break };
            room.copy_from_slice(slice);
            left = rest;
        }
        length
    }

    /// The readable bytes where they lie, in order, in slices none of which is empty.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        self.pages.slices(0, self.readable)
    }

    /// Takes the first `count` readable bytes away, or all if there are fewer.
    pub fn consume(&mut self, count: usize) {
        let count = count.min(self.readable);
        self.readable -= count;
        if self.readable == 0 && !self.has_holes() {
            self.pages.clear();
        } else {
            self.pages.advance(count);
        }
    }

    /// How many bytes in order wait for the application.
    #[must_use]
    pub const fn readable(&self) -> usize {
        self.readable
    }

    /// How many bytes, counted from RCV.NXT, the peer may send: the most that RCV.WND can be.
    /// Pieces beyond a hole lie inside, so they do not make it smaller.
    #[must_use]
    pub fn window(&self) -> u32 {
        u32::try_from(self.limit.saturating_sub(self.readable)).unwrap_or(u32::MAX)
    }

    /// Whether something waits beyond a hole.
    #[must_use]
    pub fn has_holes(&self) -> bool {
        !self.out_of_order.is_empty()
    }

    /// The pieces beyond a hole as offsets from RCV.NXT, the most recently changed first, as
    /// selective acknowledgements report them (RFC 2018, 4). A piece is as long as can be: what
    /// touches is one. That of the latest [`ReceiveBuffer::insert`] is the first, even if all of
    /// its bytes were there.
    pub fn out_of_order_ranges(&self) -> impl Iterator<Item = (u32, u32)> {
        self.out_of_order
            .recent()
            .map(|range| (distance(self.next, range.start), distance(self.next, range.end)))
    }

    /// Forgets all pieces beyond a hole; the peer has to send them again. For when memory runs
    /// out: a peer that was told of them does not expect it, but must be prepared (RFC 2018, 8).
    pub fn clear_out_of_order(&mut self) {
        self.out_of_order.clear();
        if self.readable == 0 {
            self.pages.clear();
        } else {
            self.pages.truncate(self.readable);
        }
    }

    /// How many bytes may wait.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Sets how many bytes may wait. What is there stays, even if it is more. Whoever lowers it
    /// may have announced a larger window, which should not be taken back (SHLD-14).
    pub const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// How many pieces were refused, since the buffer is there, because too many others waited
    /// beyond a hole: more than one for each [`BYTES_PER_PIECE`], and than [`MIN_PIECES`].
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// Memory held, in bytes: 0 while nothing waits.
    #[must_use]
    pub fn allocated(&self) -> usize {
        let trees = match self.out_of_order.len() {
            0 => 0,
            pieces => FIRST_PIECE_OVERHEAD + pieces * PIECE_OVERHEAD,
        };
        self.pages.allocated() + trees
    }

    /// The part of a payload that lies within the window.
    fn cut_to_window<'a>(&self, offset: u32, payload: &'a [u8]) -> &'a [u8] {
        let room = self.window().saturating_sub(offset) as usize;
        payload.get(..room).unwrap_or(payload)
    }

    /// Whether one more range may lie beyond a hole. One that grows is no more.
    fn has_place_for(&self, range: &Range<Place>) -> bool {
        let most = (self.limit / BYTES_PER_PIECE).max(MIN_PIECES);
        self.out_of_order.len() < most || self.out_of_order.touches(range)
    }

    /// Lays down what has not come before of a payload that belongs at `range`.
    fn store(&mut self, range: &Range<Place>, payload: &[u8]) {
        for missing in self.out_of_order.missing(range.clone()) {
            let from = distance(range.start, missing.start) as usize;
            let to = distance(range.start, missing.end) as usize;
            let offset = self.readable + distance(self.next, missing.start) as usize;
            if let Some(bytes) = payload.get(from..to) {
                self.pages.write(offset, bytes);
            }
        }
    }

    /// Moves RCV.NXT to `end`, over the pieces that are reached by this, and returns by how many
    /// bytes it moved.
    fn fill_hole(&mut self, end: Place) -> u32 {
        let next = self.out_of_order.take_reached(end);
        let moved = distance(self.next, next);
        self.next = next;
        self.readable += moved as usize;
        moved
    }
}

/// How many bytes lie between two places within one window, which is never longer than `u32::MAX`.
fn distance(from: Place, to: Place) -> u32 {
    u32::try_from(to.saturating_sub(from)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(buffer: &mut ReceiveBuffer) -> Vec<u8> {
        let mut bytes = vec![0; buffer.readable()];
        assert_eq!(buffer.read(&mut bytes), bytes.len());
        bytes
    }

    fn ranges(buffer: &ReceiveBuffer) -> Vec<(u32, u32)> {
        buffer.out_of_order_ranges().collect()
    }

    #[test]
    fn shld_31_segments_out_of_order_are_kept_until_the_hole_is_filled() {
        let mut buffer = ReceiveBuffer::new(100);
        assert_eq!(buffer.insert(5, b" world"), 0);
        assert_eq!((buffer.readable(), buffer.has_holes()), (0, true));
        assert_eq!(buffer.insert(0, b"hello"), 11);
        assert!(!buffer.has_holes());
        assert_eq!(read_all(&mut buffer), b"hello world");
    }

    #[test]
    fn beyond_its_limit_a_buffer_takes_two_pages_and_a_small_part() {
        for limit in [0, 1 << 20, 1 << 30] {
            let least = 2 * pages::PAGE_LEN + FIRST_PIECE_OVERHEAD;
            let overhead = buffer_overhead(limit);
            assert!((least..least + 1024 + limit / 256).contains(&overhead), "{limit}: {overhead}");
        }
    }

    #[test]
    fn nothing_beyond_a_hole_can_be_read() {
        let mut buffer = ReceiveBuffer::new(100);
        buffer.insert(0, b"ab");
        buffer.insert(1, b"d");
        assert_eq!((buffer.readable(), buffer.peek_from(2, &mut [0; 9])), (2, 0));
        assert_eq!(read_all(&mut buffer), b"ab");
        assert_eq!(buffer.insert(0, b"c"), 2, "the hole is where it was");
        assert_eq!(read_all(&mut buffer), b"cd");
    }

    #[test]
    fn what_lies_beyond_the_window_is_cut() {
        let mut buffer = ReceiveBuffer::new(8);
        assert_eq!(buffer.insert(6, b"ghijkl"), 0);
        assert_eq!(ranges(&buffer), [(6, 8)]);
        assert_eq!(buffer.insert(8, b"i"), 0);
        assert_eq!(buffer.insert(u32::MAX, b"far"), 0);
        assert_eq!(ranges(&buffer), [(6, 8)]);
        assert_eq!(buffer.insert(0, b"abcdef"), 8);
        assert_eq!(buffer.window(), 0);
        assert_eq!(buffer.insert(0, b"i"), 0);
        assert_eq!(read_all(&mut buffer), b"abcdefgh");
        assert_eq!(buffer.window(), 8);
    }

    #[test]
    fn the_first_copy_of_a_byte_is_kept() {
        let mut buffer = ReceiveBuffer::new(100);
        buffer.insert(2, b"22");
        buffer.insert(6, b"66");
        assert_eq!(buffer.insert(1, b"333333333"), 0);
        assert_eq!(ranges(&buffer), [(1, 10)]);
        assert_eq!(buffer.insert(0, b"444"), 10);
        assert_eq!(read_all(&mut buffer), b"4322336633");
    }

    #[test]
    fn the_latest_piece_is_reported_first() {
        let mut buffer = ReceiveBuffer::new(100);
        buffer.insert(10, &[1; 5]);
        buffer.insert(20, &[2; 5]);
        buffer.insert(30, &[3; 5]);
        buffer.insert(12, &[4; 2]);
        assert_eq!(ranges(&buffer), [(10, 15), (30, 35), (20, 25)]);
        assert_eq!(buffer.insert(0, &[5; 4]), 4);
        assert_eq!(ranges(&buffer), [(6, 11), (26, 31), (16, 21)]);
        assert_eq!(buffer.insert(0, &[5; 16]), 21);
        assert_eq!(ranges(&buffer), [(5, 10)]);
    }

    #[test]
    fn one_piece_too_many_is_refused_and_counted() {
        let mut buffer = ReceiveBuffer::new(100);
        for piece in 1..=16 {
            buffer.insert(2 * piece, b"x");
        }
        let before = ranges(&buffer);
        buffer.insert(50, b"y");
        assert_eq!((ranges(&buffer), buffer.refused()), (before, 1));
        buffer.insert(3, b"y");
        assert_eq!((ranges(&buffer)[0], buffer.refused()), ((2, 5), 1), "one that joins two");
        assert_eq!(buffer.insert(0, b"ab"), 5, "one that fills the hole");
    }

    #[test]
    fn an_idle_buffer_holds_no_memory() {
        let mut buffer = ReceiveBuffer::new(1 << 20);
        assert_eq!(buffer.allocated(), 0);
        buffer.insert(0, &[1; 100_000]);
        buffer.insert(2, b"beyond a hole");
        buffer.consume(100_000);
        assert!(buffer.allocated() > 0);
        assert_eq!(buffer.insert(0, b"ab"), 15);
        buffer.consume(usize::MAX);
        assert_eq!(buffer.allocated(), 0);

        buffer.insert(9, b"given up");
        buffer.clear_out_of_order();
        assert_eq!((buffer.allocated(), buffer.has_holes()), (0, false));
    }

    #[test]
    fn forgetting_the_pieces_leaves_what_is_readable() {
        let mut buffer = ReceiveBuffer::new(1 << 20);
        buffer.insert(0, b"kept");
        buffer.insert(3, b"old");
        buffer.insert(500_000, b"old");
        buffer.clear_out_of_order();
        assert_eq!(buffer.insert(0, b" newer"), 6);
        assert_eq!(read_all(&mut buffer), b"kept newer");
    }

    #[test]
    fn a_lower_limit_loses_nothing() {
        let mut buffer = ReceiveBuffer::new(10);
        buffer.insert(0, b"abcd");
        buffer.insert(2, b"gh");
        buffer.set_limit(3);
        assert_eq!((buffer.window(), buffer.insert(0, b"e")), (0, 0));
        buffer.consume(3);
        assert_eq!(buffer.window(), 2);
        assert_eq!(buffer.insert(0, b"efgh"), 4, "two bytes, and the piece that they reach");
        assert_eq!(read_all(&mut buffer), b"defgh");
    }
}
