//! The sockets at which something changed, to be told one by one.

use std::collections::VecDeque;

use crate::SocketId;

/// The sockets at which something changed, each at most once.
#[derive(Debug, Default)]
pub struct Changes {
    /// Indices of sockets, in the order in which they are told. An index, not a handle, so that
    /// sockets that are opened and closed without end leave no trail.
    queue: VecDeque<usize>,
    /// Whether an index stands in the queue.
    is_queued: Vec<bool>,
}

impl Changes {
    /// Notes that something changed at the socket `id`.
    pub fn push(&mut self, id: SocketId) {
        let index = id.index();
        if index >= self.is_queued.len() {
            self.is_queued.resize(index + 1, false);
        }
        if let Some(is_queued) = self.is_queued.get_mut(index)
            && !std::mem::replace(is_queued, true)
        {
            self.queue.push_back(index);
        }
    }

    /// The place of the socket that has waited longest to be told: see [`crate::Slots::at`].
    pub fn pop(&mut self) -> Option<usize> {
        let index = self.queue.pop_front()?;
        if let Some(is_queued) = self.is_queued.get_mut(index) {
            *is_queued = false;
        }
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Slots;

    #[test]
    fn each_is_told_once_in_order_and_again_when_it_changes_again() {
        let mut slots = Slots::new();
        let [one, other] = [(), ()].map(|()| slots.insert(()));
        let mut changes = Changes::default();
        for id in [other, one, other] {
            changes.push(id);
        }
        assert_eq!([changes.pop(), changes.pop()], [Some(other.index()), Some(one.index())]);
        assert_eq!(changes.pop(), None);
        changes.push(one);
        assert_eq!(changes.pop(), Some(one.index()));
    }

    #[test]
    fn who_takes_the_place_of_a_closed_socket_is_told() {
        let mut slots = Slots::new();
        let mut changes = Changes::default();
        let old = slots.insert("old");
        changes.push(old);
        slots.remove(old);
        let new = slots.insert("new");
        changes.push(new);
        let told = changes.pop().and_then(|index| slots.at(index));
        assert_eq!(told, Some((new, &"new")));
    }
}
