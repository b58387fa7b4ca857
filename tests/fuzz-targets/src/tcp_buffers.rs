//! A connection's two buffers: what is read is what came first, what is sent is what was pushed,
//! whatever the order, and memory stays within its bounds.

use arbitrary::{Arbitrary, Unstructured};
use packet::Buffer;
use tcp::{MIN_PIECES, PIECE_OVERHEAD, ReceiveBuffer, SendBuffer, buffer_overhead};

/// No limit is higher, so that a history of many steps stays quick.
const HIGHEST_LIMIT: usize = 40_000;

/// One step of a history. Lengths, offsets and limits are sizes as [`size`] reads them.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    Insert { offset: u16, length: u16, value: u8 },
    InsertNext { length: u16, value: u8 },
    Read { length: u16 },
    Peek { offset: u16, length: u16 },
    SetReceiveLimit(u16),
    ClearOutOfOrder,
    Push { length: u16, value: u8 },
    Acknowledge(u16),
    Append { offset: u16, length: u16 },
    SetSendLimit(u16),
    CompareAll,
}

/// Reads `bytes` as a history of both buffers and lives it.
pub fn tcp_buffers(bytes: &[u8]) {
    let mut unstructured = Unstructured::new(bytes);
    let mut incoming = Incoming::new();
    let mut outgoing = Outgoing::new();
    // A history is no longer than its bytes: each step takes at least one.
    while !unstructured.is_empty() {
        let Ok(step) = Step::arbitrary(&mut unstructured) else { break };
        match step {
            Step::Insert { offset, length, value } => {
                incoming.insert(size(offset), size(length), value);
            }
            Step::InsertNext { length, value } => incoming.insert(0, size(length), value),
            Step::Read { length } => incoming.read(size(length)),
            Step::Peek { offset, length } => incoming.peek(size(offset), size(length)),
            Step::SetReceiveLimit(limit) => incoming.buffer.set_limit(size(limit)),
            Step::ClearOutOfOrder => incoming.clear_out_of_order(),
            Step::Push { length, value } => outgoing.push(size(length), value),
            Step::Acknowledge(count) => outgoing.acknowledge(size(count)),
            Step::Append { offset, length } => outgoing.append(size(offset), size(length)),
            Step::SetSendLimit(limit) => outgoing.buffer.set_limit(size(limit)),
            Step::CompareAll => {
                incoming.compare();
                outgoing.append(0, usize::MAX);
            }
        }
        incoming.check();
        outgoing.check();
    }
    incoming.compare();
    outgoing.append(0, usize::MAX);
}

/// Small sizes are as likely as large ones.
fn size(number: u16) -> usize {
    usize::from(number >> (number % 12)).min(HIGHEST_LIMIT)
}

/// Bytes that tell their place, and from whom they are.
fn payload(length: usize, value: u8) -> Vec<u8> {
    (0..=250).cycle().take(length).map(|place: u8| place ^ value).collect()
}

/// A receive buffer, and a plain array of what came first from the first readable byte on.
struct Incoming {
    buffer: ReceiveBuffer,
    cells: Vec<Option<u8>>,
    readable: usize,
}

impl Incoming {
    fn new() -> Self {
        Self { buffer: ReceiveBuffer::new(HIGHEST_LIMIT), cells: Vec::new(), readable: 0 }
    }

    fn insert(&mut self, offset: usize, length: usize, value: u8) {
        let payload = payload(length, value);
        let window = self.buffer.limit().saturating_sub(self.readable);
        let taken = length.min(window.saturating_sub(offset));
        let refused = self.buffer.refused();
        let pieces = self.buffer.out_of_order_ranges().count();

        let place = u32::try_from(offset).expect("sizes are small");
        let moved = self.buffer.insert(place, &payload);
        if self.buffer.refused() > refused {
            assert!(offset > 0 && taken > 0 && pieces >= MIN_PIECES, "refused without need");
            assert_eq!(moved, 0);
            return;
        }
        if taken > 0 {
            let first = self.readable + offset;
            self.cells.resize(self.cells.len().max(first + taken), None);
            for (cell, byte) in self.cells[first..][..taken].iter_mut().zip(payload) {
                cell.get_or_insert(byte);
            }
        }
        let next = self.cells[self.readable..].iter().take_while(|cell| cell.is_some()).count();
        assert_eq!(moved as usize, next, "RCV.NXT stops at the first hole");
        self.readable += next;
        if next == 0 && taken > 0 {
            let latest = self.buffer.out_of_order_ranges().next().expect("it waits");
            assert!(latest.0 as usize <= offset && offset + taken <= latest.1 as usize);
        }
    }

    fn read(&mut self, length: usize) {
        let mut bytes = vec![0; length];
        let count = self.buffer.read(&mut bytes);
        assert_eq!(count, length.min(self.readable));
        self.readable -= count;
        assert!(self.cells.drain(..count).eq(bytes[..count].iter().copied().map(Some)));
    }

    fn peek(&self, offset: usize, length: usize) {
        let mut bytes = vec![0; length];
        let count = self.buffer.peek_from(offset, &mut bytes);
        assert_eq!(count, length.min(self.readable.saturating_sub(offset)));
        let expected = self.cells.iter().skip(offset).take(count);
        assert!(expected.copied().eq(bytes[..count].iter().copied().map(Some)));
    }

    fn clear_out_of_order(&mut self) {
        self.buffer.clear_out_of_order();
        self.cells.truncate(self.readable);
    }

    /// What holds after every step.
    fn check(&self) {
        assert_eq!(self.buffer.readable(), self.readable);
        assert_eq!(self.buffer.has_holes(), self.cells.len() > self.readable);
        let pieces = self.buffer.out_of_order_ranges().count();
        let most = HIGHEST_LIMIT + buffer_overhead(HIGHEST_LIMIT) + pieces * PIECE_OVERHEAD;
        assert!(self.buffer.allocated() <= if self.cells.is_empty() { 0 } else { most });
    }

    /// Everything readable, and where the pieces beyond a hole are.
    fn compare(&self) {
        let readable = self.buffer.slices().flatten().copied().map(Some);
        assert!(readable.eq(self.cells[..self.readable].iter().copied()));
        let mut came = vec![false; self.cells.len() - self.readable];
        for (start, end) in self.buffer.out_of_order_ranges() {
            let piece = &mut came[start as usize..end as usize];
            assert!(!piece.contains(&true), "two ranges overlap");
            piece.fill(true);
        }
        assert!(self.cells[self.readable..].iter().map(Option::is_some).eq(came));
    }
}

/// A send buffer, and a plain array of what was pushed and not acknowledged.
struct Outgoing {
    buffer: SendBuffer,
    bytes: Vec<u8>,
}

impl Outgoing {
    fn new() -> Self {
        Self { buffer: SendBuffer::new(HIGHEST_LIMIT), bytes: Vec::new() }
    }

    fn push(&mut self, length: usize, value: u8) {
        let data = payload(length, value);
        let room = self.buffer.limit().saturating_sub(self.bytes.len());
        let taken = self.buffer.push(&data);
        assert_eq!(taken, length.min(room));
        self.bytes.extend(&data[..taken]);
    }

    fn acknowledge(&mut self, count: usize) {
        self.buffer.acknowledge(count);
        self.bytes.drain(..count.min(self.bytes.len()));
    }

    fn append(&self, offset: usize, length: usize) {
        let mut segment = Buffer::new();
        segment.append(b"before");
        let count = self.buffer.append_to(offset, length, &mut segment);
        let left = self.bytes.get(offset..).unwrap_or_default();
        let expected = left.get(..length).unwrap_or(left);
        assert_eq!(count, expected.len());
        assert_eq!(segment.as_slice().strip_prefix(b"before"), Some(expected));
    }

    /// What holds after every step.
    fn check(&self) {
        assert_eq!(self.buffer.len(), self.bytes.len());
        let most = HIGHEST_LIMIT + buffer_overhead(HIGHEST_LIMIT);
        assert!(self.buffer.allocated() <= if self.bytes.is_empty() { 0 } else { most });
    }
}
