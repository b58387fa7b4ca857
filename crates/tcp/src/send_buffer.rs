//! What the application has sent and the peer has not acknowledged (RFC 9293, 3.3.1).
//!
//! ```text
//!      SND.UNA            SND.NXT                          limit
//!         ▼                  ▼                               ▼
//!         ├──────────────────┼─────────────────┬─────────────┤
//!         │     in flight    │   not sent yet  │    room     │
//!         └──────────────────┴─────────────────┴─────────────┘
//!         0 ◄──────────── offsets ────────────►len
//! ```
//!
//! The buffer knows bytes and offsets. What is in flight, and which sequence number offset 0 has,
//! the connection knows; SYN and FIN take sequence numbers and no bytes, so they are not here.

use packet::Buffer;

use crate::pages::Pages;

/// The bytes between SND.UNA and the last one that the application handed over.
///
/// It holds no memory while it is empty; what is acknowledged goes back page by page.
#[derive(Clone, Debug)]
pub struct SendBuffer {
    pages: Pages,
    /// Bytes in `pages`, from offset 0 on without a hole.
    len: usize,
    /// How many bytes it may hold. Less than `len` after it was lowered.
    limit: usize,
}

impl SendBuffer {
    /// An empty buffer for `limit` bytes. It allocates nothing.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { pages: Pages::default(), len: 0, limit }
    }

    /// Puts `data` behind what is there, as far as there is room, and returns how many bytes were
    /// taken.
    pub fn push(&mut self, data: &[u8]) -> usize {
        let taken = data.get(..self.room()).unwrap_or(data);
        self.pages.write(self.len, taken);
        self.len += taken.len();
        taken.len()
    }

    /// Drops `count` bytes from the front, or all if there are fewer: the peer has them.
    pub fn acknowledge(&mut self, count: usize) {
        if count < self.len {
            self.len -= count;
            self.pages.advance(count);
        } else {
            self.len = 0;
            self.pages.clear();
        }
    }

    /// Lays the `length` bytes from `offset` on behind what is in `buffer`, and returns how many
    /// there were: fewer if the end is reached. One copy for each page that they touch.
    pub fn append_to(&self, offset: usize, length: usize, buffer: &mut Buffer) -> usize {
        let length = length.min(self.len.saturating_sub(offset));
        for slice in self.pages.slices(offset, length) {
            buffer.append(slice);
        }
        length
    }

    /// How many bytes are there.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether everything has been acknowledged.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many more bytes [`SendBuffer::push`] takes.
    #[must_use]
    pub const fn room(&self) -> usize {
        self.limit.saturating_sub(self.len)
    }

    /// How many bytes the buffer may hold.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Sets how many bytes the buffer may hold. What is there stays, even if it is more.
    pub const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Memory held, in bytes: 0 while empty, and never more than the limit (the highest since it
    /// was empty) and [`buffer_overhead`](crate::buffer_overhead) of it.
    #[must_use]
    pub fn allocated(&self) -> usize {
        self.pages.allocated()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_segment(buffer: &SendBuffer, offset: usize, length: usize) -> Vec<u8> {
        let mut segment = Buffer::new();
        segment.append(b"header ");
        let count = buffer.append_to(offset, length, &mut segment);
        assert_eq!(segment.len(), b"header ".len() + count);
        segment.as_slice()[b"header ".len()..].to_vec()
    }

    #[test]
    fn bytes_stay_until_they_are_acknowledged() {
        let mut buffer = SendBuffer::new(100);
        assert_eq!(buffer.push(b"one two "), 8);
        assert_eq!(buffer.push(b"three"), 5);
        assert_eq!(in_segment(&buffer, 4, 6), b"two th");
        assert_eq!(in_segment(&buffer, 4, 6), b"two th", "sent again");
        buffer.acknowledge(4);
        assert_eq!(in_segment(&buffer, 0, 100), b"two three");
        assert_eq!(in_segment(&buffer, 100, 1), b"");
        assert_eq!((buffer.len(), buffer.room()), (9, 91));
    }

    #[test]
    fn what_finds_no_room_is_left_to_the_application() {
        let mut buffer = SendBuffer::new(5);
        assert_eq!(buffer.push(b"abc"), 3);
        assert_eq!(buffer.push(b"defg"), 2);
        assert_eq!(buffer.push(b"f"), 0);
        assert_eq!(in_segment(&buffer, 0, 9), b"abcde");
        buffer.acknowledge(1);
        assert_eq!(buffer.push(b"fg"), 1);
        assert_eq!(in_segment(&buffer, 0, 9), b"bcdef");
    }

    #[test]
    fn a_lower_limit_loses_nothing() {
        let mut buffer = SendBuffer::new(10);
        buffer.push(b"0123456789");
        buffer.set_limit(4);
        assert_eq!((buffer.room(), buffer.push(b"x")), (0, 0));
        assert_eq!(in_segment(&buffer, 0, 10), b"0123456789");
        buffer.acknowledge(7);
        assert_eq!((buffer.room(), buffer.push(b"xy")), (1, 1));
        assert_eq!(in_segment(&buffer, 0, 10), b"789x");
    }

    #[test]
    fn memory_comes_and_goes_with_the_bytes() {
        let mut buffer = SendBuffer::new(4 << 20);
        assert_eq!(buffer.allocated(), 0);
        assert_eq!(buffer.push(&vec![1; 5 << 20]), 4 << 20);
        let most = buffer.limit() + crate::pages::overhead(buffer.limit());
        assert!((buffer.limit()..=most).contains(&buffer.allocated()), "{}", buffer.allocated());
        buffer.acknowledge((4 << 20) - 1);
        assert!(buffer.allocated() < 64 << 10, "{}", buffer.allocated());
        buffer.acknowledge(1);
        assert_eq!((buffer.allocated(), buffer.len()), (0, 0));

        buffer.push(b"more is acknowledged than there is");
        buffer.acknowledge(usize::MAX);
        assert_eq!((buffer.allocated(), buffer.len()), (0, 0));
    }
}
