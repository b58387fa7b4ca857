//! The receive buffer against a plain array of bytes that may have come, over random histories of
//! segments in any order, with every overlap.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use tcp::{BYTES_PER_PIECE, MIN_PIECES, PIECE_OVERHEAD, ReceiveBuffer, buffer_overhead};

#[derive(Clone, Debug)]
enum Step {
    Insert { offset: u32, length: usize },
    Read(usize),
    Consume(usize),
    Peek { offset: usize, length: usize },
    Limit(usize),
    ClearOutOfOrder,
}

/// Bytes that waited, and which of them came when.
struct Model {
    limit: usize,
    /// One cell for each byte from the first readable one on.
    cells: Vec<Option<Cell>>,
    readable: usize,
    refused: u64,
}

#[derive(Clone, Copy)]
struct Cell {
    value: u8,
    /// Number of the segment that last changed the range that this byte is in.
    change: usize,
}

impl Model {
    fn window(&self) -> usize {
        self.limit.saturating_sub(self.readable)
    }

    /// The ranges that have come beyond RCV.NXT, as offsets from it.
    fn ranges(&self) -> Vec<(usize, usize)> {
        let beyond = &self.cells[self.readable..];
        let is_edge = |&at: &usize| {
            let before = at.checked_sub(1).and_then(|before| beyond[before]);
            before.is_some() != beyond.get(at).copied().flatten().is_some()
        };
        let edges: Vec<usize> = (0..=beyond.len()).filter(is_edge).collect();
        edges.chunks(2).map(|edges| (edges[0], edges[1])).collect()
    }

    fn recent_ranges(&self) -> Vec<(usize, usize)> {
        let mut ranges = self.ranges();
        let change =
            |&(start, _): &(usize, usize)| self.cells[self.readable + start].unwrap().change;
        ranges.sort_by_key(|range| std::cmp::Reverse(change(range)));
        ranges
    }

    fn insert(&mut self, change: usize, offset: usize, payload: &[u8]) -> usize {
        let payload = &payload[..payload.len().min(self.window().saturating_sub(offset))];
        if payload.is_empty() {
            return 0;
        }
        let end = offset + payload.len();
        let ranges = self.ranges();
        let is_apart = !ranges.iter().any(|range| range.0 <= end && offset <= range.1);
        if offset > 0 && is_apart && ranges.len() >= MIN_PIECES.max(self.limit / BYTES_PER_PIECE) {
            self.refused += 1;
            return 0;
        }
        let first = self.readable + offset;
        self.cells.resize(self.cells.len().max(first + payload.len()), None);
        for (cell, &value) in self.cells[first..].iter_mut().zip(payload) {
            cell.get_or_insert(Cell { value, change });
        }
        if let Some((start, end)) =
            self.ranges().into_iter().find(|range| range.0 <= offset && offset < range.1)
        {
            let range = self.readable + start..self.readable + end;
            self.cells[range].iter_mut().flatten().for_each(|cell| cell.change = change);
        }
        let before = self.readable;
        while self.cells.get(self.readable).copied().flatten().is_some() {
            self.readable += 1;
        }
        self.readable - before
    }

    fn values(&self, offset: usize, length: usize) -> Vec<u8> {
        let readable = self.cells[..self.readable].iter();
        readable.skip(offset).take(length).map(|cell| cell.unwrap().value).collect()
    }

    fn consume(&mut self, count: usize) -> usize {
        let count = count.min(self.readable);
        self.cells.drain(..count);
        self.readable -= count;
        count
    }
}

fn check(buffer: &ReceiveBuffer, model: &Model, highest_limit: usize) -> Result<(), TestCaseError> {
    prop_assert_eq!(buffer.readable(), model.readable);
    prop_assert_eq!(buffer.window() as usize, model.window());
    prop_assert_eq!(buffer.limit(), model.limit);
    prop_assert_eq!(buffer.refused(), model.refused);
    prop_assert_eq!(buffer.slices().collect::<Vec<_>>().concat(), model.values(0, usize::MAX));

    let ranges: Vec<_> =
        buffer.out_of_order_ranges().map(|(start, end)| (start as usize, end as usize)).collect();
    prop_assert_eq!(&ranges, &model.recent_ranges());
    prop_assert_eq!(buffer.has_holes(), !ranges.is_empty());

    let is_idle = model.readable == 0 && ranges.is_empty();
    let bound = highest_limit + buffer_overhead(highest_limit) + ranges.len() * PIECE_OVERHEAD;
    let most = if is_idle { 0 } else { bound };
    prop_assert!(buffer.allocated() <= most, "{} of {}", buffer.allocated(), most);
    Ok(())
}

/// Runs one history through both. Segments mostly differ in what they say of the same byte, so
/// that it shows whose was kept.
fn run(limit: usize, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut buffer = ReceiveBuffer::new(limit);
    let mut model = Model { limit, cells: Vec::new(), readable: 0, refused: 0 };
    let mut highest_limit = limit;
    for (number, step) in steps.into_iter().enumerate() {
        match step {
            Step::Insert { offset, length } => {
                let payload: Vec<u8> =
                    (0..length).map(|at| (number * 3 + at * 7).to_le_bytes()[0]).collect();
                let moved = buffer.insert(offset, &payload);
                prop_assert_eq!(moved as usize, model.insert(number, offset as usize, &payload));
            }
            Step::Read(length) => {
                let mut into = vec![0; length];
                let count = buffer.read(&mut into);
                prop_assert_eq!(&into[..count], model.values(0, length));
                prop_assert_eq!(count, model.consume(length));
            }
            Step::Consume(count) => {
                buffer.consume(count);
                model.consume(count);
            }
            Step::Peek { offset, length } => {
                let mut into = vec![0; length];
                let count = buffer.peek_from(offset, &mut into);
                prop_assert_eq!(&into[..count], model.values(offset, length));
            }
            Step::Limit(limit) => {
                buffer.set_limit(limit);
                model.limit = limit;
                highest_limit = highest_limit.max(limit);
            }
            Step::ClearOutOfOrder => {
                buffer.clear_out_of_order();
                model.cells.truncate(model.readable);
            }
        }
        check(&buffer, &model, highest_limit)?;
    }
    Ok(())
}

/// Steps in which most lengths and offsets are at most `size`; segments are at most `longest`.
fn any_step(size: u32, longest: usize) -> impl Strategy<Value = Step> {
    let size_in_bytes = size as usize;
    let offset = prop_oneof![2 => Just(0), 8 => 0..size, 1 => any::<u32>()];
    let count = prop_oneof![8 => 0..=size_in_bytes, 1 => Just(usize::MAX)];
    let place = prop_oneof![8 => 0..=size_in_bytes, 1 => Just(usize::MAX)];
    prop_oneof![
        20 => (offset, 0..=longest).prop_map(|(offset, length)| Step::Insert { offset, length }),
        2 => (0..=size_in_bytes).prop_map(Step::Read),
        2 => count.prop_map(Step::Consume),
        2 => (place, 0..=size_in_bytes).prop_map(|(offset, length)| Step::Peek { offset, length }),
        1 => (0..=size_in_bytes).prop_map(Step::Limit),
        1 => Just(Step::ClearOutOfOrder),
    ]
}

proptest! {
    #[test]
    fn every_overlap_of_short_segments(
        limit in 0..80_usize,
        steps in prop::collection::vec(any_step(80, 12), 0..120),
    ) {
        run(limit, steps)?;
    }

    #[test]
    fn more_pieces_than_may_wait(
        steps in prop::collection::vec(any_step(300, 3), 0..200),
    ) {
        run(300, steps)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn segments_that_cross_pages(
        limit in 0..60_000_usize,
        steps in prop::collection::vec(any_step(60_000, 20_000), 0..40),
    ) {
        run(limit, steps)?;
    }
}

#[test]
fn no_pattern_of_pieces_takes_more_memory_than_the_bound() {
    const LIMIT: u32 = 1 << 18;
    let bound = |pieces: usize| {
        let limit = LIMIT as usize;
        limit + buffer_overhead(limit) + pieces * PIECE_OVERHEAD
    };
    for step in [2, 3, 700, 2_920, 16_384, 20_000] {
        let mut buffer = ReceiveBuffer::new(LIMIT as usize);
        // Off the page's edge, and from the far end, which is the worst for zeros.
        buffer.insert(0, &[0; 777]);
        buffer.consume(776);
        let offsets = (1..buffer.window()).rev().step_by(step);
        let sent = offsets.len();
        for offset in offsets {
            buffer.insert(offset, b"x");
        }
        let pieces = buffer.out_of_order_ranges().count();
        assert_eq!(pieces as u64 + buffer.refused(), sent as u64, "steps of {step}");
        assert!(pieces <= LIMIT as usize / BYTES_PER_PIECE);
        let possible = pieces * PIECE_OVERHEAD..=bound(pieces);
        assert!(possible.contains(&buffer.allocated()), "{}, {step}", buffer.allocated());
    }
}

#[test]
fn a_window_full_of_lost_segments_refuses_none() {
    for mss in [536, 1460] {
        let mut buffer = ReceiveBuffer::new(1 << 20);
        let lost: Vec<u32> = (0..(1 << 20) - 2 * mss).step_by(2 * mss as usize).collect();
        for offset in &lost {
            assert_eq!(buffer.insert(offset + mss, &vec![1; mss as usize]), 0);
        }
        assert_eq!((buffer.out_of_order_ranges().count(), buffer.refused()), (lost.len(), 0));
        for _ in &lost {
            assert_eq!(buffer.insert(0, &vec![2; mss as usize]), 2 * mss);
        }
        assert!(!buffer.has_holes());
    }
}
