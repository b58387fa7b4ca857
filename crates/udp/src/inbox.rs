//! What waits to be received at one socket, oldest first.

use std::collections::VecDeque;

use crate::queues::{RECEIVE_QUEUE, TOTAL_RECEIVE, Usage};
use crate::{DatagramDropped, Incoming};

/// Places for so many datagrams are kept when the queue runs empty; those of a burst are given
/// back.
const KEPT_PLACES: usize = 8;

#[derive(Debug, Default)]
pub(crate) struct Inbox {
    queue: VecDeque<Box<Incoming>>,
    usage: Usage,
    /// How many datagrams found no room.
    dropped: u64,
}

impl Inbox {
    /// Whether there is room for one more datagram; if there is none, it counts as dropped.
    /// `total` is what all sockets use together.
    pub(crate) fn check_room(
        &mut self,
        total: Usage,
        payload_length: usize,
    ) -> Result<(), DatagramDropped> {
        let room = if !self.usage.has_room(RECEIVE_QUEUE, payload_length) {
            Err(DatagramDropped::QueueFull)
        } else if !total.has_room(TOTAL_RECEIVE, payload_length) {
            Err(DatagramDropped::MemoryFull)
        } else {
            Ok(())
        };
        self.dropped = self.dropped.saturating_add(room.is_err().into());
        room
    }

    /// Puts a datagram behind those that wait.
    pub(crate) fn push(&mut self, total: &mut Usage, incoming: Box<Incoming>) {
        let length = incoming.payload.len();
        self.usage.add(length);
        total.add(length);
        self.queue.push_back(incoming);
    }

    pub(crate) fn pop(&mut self, total: &mut Usage) -> Option<Box<Incoming>> {
        let incoming = self.queue.pop_front()?;
        self.usage.remove(incoming.payload.len());
        total.remove(incoming.payload.len());
        if self.queue.is_empty() {
            self.queue.shrink_to(KEPT_PLACES);
        }
        Some(incoming)
    }

    /// Drops what `is_kept` does not want.
    pub(crate) fn retain(&mut self, total: &mut Usage, is_kept: impl Fn(&Incoming) -> bool) {
        let usage = &mut self.usage;
        self.queue.retain(|incoming| {
            let is_kept = is_kept(incoming);
            if !is_kept {
                usage.remove(incoming.payload.len());
                total.remove(incoming.payload.len());
            }
            is_kept
        });
    }

    pub(crate) fn first(&self) -> Option<&Incoming> {
        self.queue.front().map(Box::as_ref)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }
}
