//! Buffers that have left and can be used again: in the long run nothing is allocated.

use packet::Buffer;

/// How many buffers are kept.
const SPARE_LIMIT: usize = 256;

/// The buffers that are kept.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// At most [`SPARE_LIMIT`].
    spare: Vec<Buffer>,
}

impl Buffers {
    /// An empty buffer to write a packet into.
    pub(crate) fn take(&mut self) -> Buffer {
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.clear();
        buffer
    }

    /// Takes one back that is not needed any more.
    pub(crate) fn give_back(&mut self, buffer: Buffer) {
        if self.spare.len() < SPARE_LIMIT {
            self.spare.push(buffer);
        }
    }
}
