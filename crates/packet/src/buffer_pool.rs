//! Buffers that have left and can be used again: in the long run nothing is allocated.

use crate::Buffer;

/// How many buffers a pool keeps: what waits in a transmit queue when it is full.
pub const SPARE_BUFFERS: usize = 256;

/// Buffers that nobody needs at the moment. Whoever lays a packet down takes one; it goes down
/// through the layers with the packet, and comes back once the packet has left.
#[derive(Debug, Default)]
pub struct BufferPool {
    /// At most [`SPARE_BUFFERS`]. They are cleared when they are taken.
    spare: Vec<Buffer>,
}

impl BufferPool {
    /// A pool that has nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { spare: Vec::new() }
    }

    /// An empty buffer: the one that came back last, or a fresh one if there is none.
    #[must_use]
    #[inline]
    pub fn take(&mut self) -> Buffer {
        let Some(mut buffer) = self.spare.pop() else { return Buffer::new() };
        buffer.clear();
        buffer
    }

    /// Takes one back that is not needed any more, whatever is in it.
    pub fn give_back(&mut self, buffer: Buffer) {
        if self.spare.len() < SPARE_BUFFERS {
            self.spare.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_and_with_its_memory() {
        let mut pool = BufferPool::new();
        let mut buffer = pool.take();
        buffer.append(&[1; 1000]);
        buffer.prepend(&[2; 20]);
        let at = buffer.as_slice().as_ptr_range().end;
        pool.give_back(buffer);

        let mut buffer = pool.take();
        assert!(buffer.is_empty());
        buffer.append(&[3; 1000]);
        assert_eq!(buffer.as_slice(), [3; 1000]);
        assert_eq!(buffer.as_slice().as_ptr_range().end, at);
    }

    #[test]
    fn a_pool_keeps_only_so_many() {
        let mut pool = BufferPool::new();
        for _ in 0..=SPARE_BUFFERS {
            pool.give_back(Buffer::new());
        }
        assert_eq!(pool.spare.len(), SPARE_BUFFERS);
    }
}
