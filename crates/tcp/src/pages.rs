//! Bytes by their place in a stream, in pages that come when they are written to and go when
//! they have been passed.
//!
//! ```text
//!               offset 0
//!                  ▼
//!      ┌───────────┬──────┬──────────────────┬──────────────────┬────────────────┐
//!      │  passed   │ bytes│ bytes            │   (no memory)    │ zeros │ bytes  │
//!      └───────────┴──────┴──────────────────┴──────────────────┴────────────────┘
//!      ◄──── PAGE_LEN ───►                     nothing came yet       page 3
//! ```
//!
//! A ring would be one piece of memory: it moves all of its bytes each time that it grows, and
//! holds on to the most that it ever held. Pages stay where they are, and one that was passed
//! serves the next while it is still in the processor's cache.

use std::collections::VecDeque;

/// Length of a page in bytes. Longer ones are not copied faster, and would leave more unused.
pub(crate) const PAGE_LEN: usize = 16 * 1024;

/// A page begins with so many bytes as long as they suffice, as they do for one Ethernet segment.
const SMALL_PAGE_LEN: usize = 2048;

/// What pages take beyond `length` bytes that they hold at most, in bytes: what lies unused in the
/// first and the last page, and the table of pages with twice the places that are needed.
pub(crate) const fn overhead(length: usize) -> usize {
    const TABLE: usize = 2 * size_of::<Vec<u8>>();
    2 * (PAGE_LEN + TABLE) + length / PAGE_LEN * TABLE
}

/// A window over a stream of bytes. Offset 0 is the first byte that has not been passed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pages {
    /// Each is as long as it has been written to, at most [`PAGE_LEN`].
    pages: VecDeque<Vec<u8>>,
    /// Bytes of the first page that have been passed. Less than [`PAGE_LEN`].
    passed: usize,
}

impl Pages {
    /// Lays `bytes` down at `offset`, over what is there.
    pub(crate) fn write(&mut self, offset: usize, mut bytes: &[u8]) {
        let (mut index, mut within) = self.locate(offset);
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PAGE_LEN - within));
            if self.pages.len() <= index {
                self.pages.resize_with(index + 1, Vec::new);
            }
            if let Some(page) = self.pages.get_mut(index) {
                write_in_page(page, within, now);
            }
            (index, within, bytes) = (index + 1, 0, later);
        }
    }

    /// The `length` bytes from `offset` on, in order, one slice a page; never an empty one. Only
    /// what has been written has a meaning.
    pub(crate) fn slices(&self, offset: usize, length: usize) -> impl Iterator<Item = &[u8]> {
        let (index, mut within) = self.locate(offset);
        let mut left = length;
        self.pages.iter().skip(index).map_while(move |page| {
            let end = page.len().min(within.saturating_add(left));
            let slice = page.get(within..end).filter(|slice| !slice.is_empty())?;
            left -= slice.len();
            within = 0;
            Some(slice)
        })
    }

    /// Passes `count` bytes: what was at offset `count` is at 0 now.
    pub(crate) fn advance(&mut self, count: usize) {
        let (whole, within) = self.locate(count);
        self.pages.drain(..whole.min(self.pages.len()));
        self.passed = within;
    }

    /// Forgets what lies at `offset` and beyond.
    pub(crate) fn truncate(&mut self, offset: usize) {
        let (index, within) = self.locate(offset);
        self.pages.truncate(index + usize::from(within > 0));
    }

    /// Forgets everything and gives all memory back.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Memory held, in bytes.
    pub(crate) fn allocated(&self) -> usize {
        let bytes: usize = self.pages.iter().map(Vec::capacity).sum();
        bytes + self.pages.capacity() * size_of::<Vec<u8>>()
    }

    /// Which page the byte at `offset` is in, and where there.
    const fn locate(&self, offset: usize) -> (usize, usize) {
        let place = self.passed.saturating_add(offset);
        (place / PAGE_LEN, place % PAGE_LEN)
    }
}

/// Lays `bytes` down at `start` in a page that they fit into. A gap before them is filled with
/// zeros, at most once for each byte of the page.
fn write_in_page(page: &mut Vec<u8>, start: usize, bytes: &[u8]) {
    let end = start + bytes.len();
    if end > page.capacity() {
        let capacity = if end <= SMALL_PAGE_LEN { SMALL_PAGE_LEN } else { PAGE_LEN };
        page.reserve_exact(capacity - page.len());
    }
    if page.len() < start {
        page.resize(start, 0);
    }
    let (over, behind) = bytes.split_at(bytes.len().min(page.len() - start));
    if let Some(there) = page.get_mut(start..start + over.len()) {
        there.copy_from_slice(over);
    }
    page.extend_from_slice(behind);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(pages: &Pages, offset: usize, length: usize) -> Vec<u8> {
        pages.slices(offset, length).flatten().copied().collect()
    }

    #[test]
    fn bytes_cross_from_page_to_page() {
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * PAGE_LEN).collect();
        let mut pages = Pages::default();
        pages.write(0, &[0; 100]);
        pages.advance(100);
        pages.write(0, &bytes);
        for offset in [0, 1, PAGE_LEN - 101, PAGE_LEN - 100, 2 * PAGE_LEN] {
            let length = PAGE_LEN + 50;
            let expected = &bytes[offset..bytes.len().min(offset + length)];
            assert_eq!(joined(&pages, offset, length), expected, "from {offset} on");
        }
        assert!(pages.slices(0, usize::MAX).all(|slice| slice.len() <= PAGE_LEN));
        assert_eq!(pages.slices(usize::MAX, usize::MAX).count(), 0);
    }

    #[test]
    fn what_is_there_is_written_over_and_what_lies_behind_stays() {
        let mut pages = Pages::default();
        pages.write(4, b"efgh");
        pages.write(0, b"ABCDE");
        assert_eq!(joined(&pages, 0, 8), b"ABCDEfgh");
        pages.write(6, b"GHIJ");
        assert_eq!(joined(&pages, 0, 10), b"ABCDEfGHIJ");
    }

    #[test]
    fn a_byte_takes_a_small_page_and_a_far_one_no_pages_between() {
        let table = |pages: usize| pages * size_of::<Vec<u8>>();
        let mut pages = Pages::default();
        assert_eq!(pages.allocated(), 0);
        pages.write(0, b"a");
        let allocated = pages.allocated();
        assert!((SMALL_PAGE_LEN + table(1)..=SMALL_PAGE_LEN + table(4)).contains(&allocated));
        pages.write(100 * PAGE_LEN, b"b");
        assert!(pages.allocated() <= 2 * SMALL_PAGE_LEN + table(2 * 101));
    }

    #[test]
    fn a_page_is_small_and_then_whole() {
        let mut pages = Pages::default();
        for written in (0..PAGE_LEN).step_by(512) {
            pages.write(written, &[1; 512]);
            let is_small = written + 512 <= SMALL_PAGE_LEN;
            let expected = if is_small { SMALL_PAGE_LEN } else { PAGE_LEN };
            assert_eq!(pages.pages[0].capacity(), expected, "{written} bytes and 512");
        }
        assert_eq!(pages.pages.len(), 1);
    }

    #[test]
    fn the_overhead_is_two_pages_and_a_small_part() {
        for length in [0, 1, PAGE_LEN, 1 << 20, 1 << 30] {
            let bounds = 2 * PAGE_LEN..=2 * PAGE_LEN + 100 + length / 256;
            assert!(bounds.contains(&overhead(length)), "{length}: {}", overhead(length));
        }
    }

    #[test]
    fn no_more_lies_unused_than_the_overhead_says() {
        for whole in [1, 2, 255, 256, 257] {
            let mut pages = Pages::default();
            pages.write(0, &[1; PAGE_LEN]);
            pages.advance(PAGE_LEN - 1);
            // A byte of the first page, whole ones, and one that has just become whole.
            let length = 1 + (whole - 1) * PAGE_LEN + SMALL_PAGE_LEN + 1;
            (0..length).step_by(512).for_each(|at| pages.write(at, &[2; 512]));
            let unused = pages.allocated() - length;
            assert!(unused <= overhead(length), "{whole} pages: {unused}, {}", overhead(length));
        }
    }

    #[test]
    fn a_page_with_nothing_left_in_it_is_given_back() {
        let mut pages = Pages::default();
        for (kept, expected) in [(PAGE_LEN + 1, 2), (PAGE_LEN, 1), (1, 1), (0, 0)] {
            pages.write(0, &[1; 4 * PAGE_LEN]);
            pages.truncate(kept);
            assert_eq!(pages.pages.len(), expected, "{kept} bytes are kept");
        }
    }

    #[test]
    fn a_passed_page_is_given_back() {
        let mut pages = Pages::default();
        pages.write(0, &[1; 4 * PAGE_LEN]);
        pages.advance(PAGE_LEN - 1);
        assert_eq!(pages.pages.len(), 4);
        pages.advance(1);
        assert_eq!(pages.pages.len(), 3);
        pages.advance(2 * PAGE_LEN + 5);
        assert_eq!((pages.pages.len(), joined(&pages, 0, PAGE_LEN).len()), (1, PAGE_LEN - 5));
    }
}
