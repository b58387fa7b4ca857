//! A network interface as the stack sees it: an address, a limit, and frames that wait to leave.

use std::collections::VecDeque;

use ipv4::Cidr;
use packet::{Buffer, Capabilities, TransmitOffload};

/// How many frames wait to leave by one interface. The newest is dropped when there are more.
///
/// A device that keeps up empties the queue each time that the event loop comes round, so it
/// fills only behind one that does not.
pub const TRANSMIT_QUEUE_LIMIT: usize = 256;

/// What the stack has to know of an interface.
#[derive(Clone, Copy, Debug)]
pub struct InterfaceConfig {
    /// The stack's own address there, and the network that it is in.
    pub address: Cidr,
    /// What the device behind it is and can do.
    pub capabilities: Capabilities,
}

/// An interface and the frames that wait to leave by it.
#[derive(Debug)]
pub(crate) struct Interface {
    pub(crate) config: InterfaceConfig,
    /// At most [`TRANSMIT_QUEUE_LIMIT`].
    queue: VecDeque<(Buffer, TransmitOffload)>,
    /// Buffers that have left and can be used again. At most [`TRANSMIT_QUEUE_LIMIT`].
    spare: Vec<Buffer>,
}

/// The transmit queue had no room.
pub(crate) struct QueueFull;

impl Interface {
    pub(crate) const fn new(config: InterfaceConfig) -> Self {
        Self { config, queue: VecDeque::new(), spare: Vec::new() }
    }

    /// An empty buffer to write a frame into.
    pub(crate) fn empty_buffer(&mut self) -> Buffer {
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.clear();
        buffer
    }

    /// Puts a frame behind those that wait.
    pub(crate) fn enqueue(
        &mut self,
        buffer: Buffer,
        offload: TransmitOffload,
    ) -> Result<(), QueueFull> {
        if self.queue.len() >= TRANSMIT_QUEUE_LIMIT {
            self.recycle(buffer);
            return Err(QueueFull);
        }
        self.queue.push_back((buffer, offload));
        Ok(())
    }

    /// Exchanges `buffer` for the frame that has waited longest.
    pub(crate) fn dequeue(&mut self, buffer: &mut Buffer) -> Option<TransmitOffload> {
        let (mut frame, offload) = self.queue.pop_front()?;
        std::mem::swap(buffer, &mut frame);
        self.recycle(frame);
        Some(offload)
    }

    /// Keeps a buffer for [`Interface::empty_buffer`].
    pub(crate) fn recycle(&mut self, buffer: Buffer) {
        if self.spare.len() < TRANSMIT_QUEUE_LIMIT {
            self.spare.push(buffer);
        }
    }
}
