//! What waits to leave, from all sockets, in the order in which it was sent.

use std::collections::VecDeque;

use packet::Buffer;

use crate::queues::{SEND_QUEUE, TOTAL_SEND, Usage};
use crate::{Error, Outgoing, SocketId};

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<(SocketId, Outgoing)>,
    usage: Usage,
}

impl Outbox {
    /// Whether there is room for one more datagram of a socket that uses `own` already.
    pub(crate) const fn check_room(&self, own: Usage, payload_length: usize) -> Result<(), Error> {
        if !own.has_room(SEND_QUEUE, payload_length) {
            return Err(Error::WouldBlock);
        }
        if !self.usage.has_room(TOTAL_SEND, payload_length) {
            return Err(Error::NoBufferSpace);
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn push(&mut self, id: SocketId, own: &mut Usage, outgoing: Outgoing) {
        let payload_length = outgoing.buffer.len();
        own.add(payload_length);
        self.usage.add(payload_length);
        self.queue.push_back((id, outgoing));
    }

    /// The payload of the first, which is taken out of the queue, and who sent it.
    pub(crate) fn pop(&mut self) -> Option<(SocketId, Buffer)> {
        let (id, Outgoing { buffer, .. }) = self.queue.pop_front()?;
        self.usage.remove(buffer.len());
        Some((id, buffer))
    }

    pub(crate) fn first(&self) -> Option<&Outgoing> {
        self.queue.front().map(|(_, outgoing)| outgoing)
    }
}
