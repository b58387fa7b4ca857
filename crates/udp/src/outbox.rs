//! What waits to leave, from all sockets, in the order in which it was sent.

use std::collections::VecDeque;

use packet::Buffer;

use crate::queues::{SEND_QUEUE, TOTAL_SEND, Usage};
use crate::{Error, Outgoing, SocketId};

/// How many datagrams a superframe holds at most: what every Linux allows its own programs
/// (UDP_MAX_SEGMENTS; newer ones allow twice as many).
const MOST_DATAGRAMS: usize = 64;

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

    /// How many of the first can leave as one superframe.
    pub(crate) fn superframe_len(&self, longest: usize, longest_superframe: usize) -> usize {
        let Some(first) = self.first() else { return 0 };
        let size = first.buffer.len();
        if size > longest || !first.options.ip_options.is_empty() {
            return 1;
        }
        let (mut total, mut previous) = (size, size);
        let joins = |(_, next): &&(SocketId, Outgoing)| {
            let is_alike = next.pair == first.pair && next.options == first.options;
            let length = next.buffer.len();
            // Only the last may be shorter, and none empty.
            let fits = previous == size && (1..=size).contains(&length);
            previous = length;
            total += length;
            is_alike && fits && total <= longest_superframe
        };
        1 + self.queue.iter().take(MOST_DATAGRAMS).skip(1).take_while(joins).count()
    }
}
