//! A port that connections are accepted on: those under way, and those that wait to be accepted.

use std::collections::VecDeque;
use std::net::SocketAddr;

use socket::SocketId;

use crate::State;
use crate::options::ConnectionOptions;
use crate::sockets::{Socket, Sockets};

/// A listener.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) local: SocketAddr,
    /// How many connections may be under way or wait to be accepted.
    pub(super) backlog: usize,
    /// What its connections begin with.
    pub(super) options: ConnectionOptions,
    /// How many are under way: in SYN-RECEIVED.
    pub(super) under_way: usize,
    /// Those that are established and wait, the oldest first.
    pub(super) waiting: VecDeque<SocketId>,
}

impl Listener {
    pub(super) const fn new(local: SocketAddr, backlog: usize, options: ConnectionOptions) -> Self {
        Self { local, backlog, options, under_way: 0, waiting: VecDeque::new() }
    }

    pub(super) fn has_connection(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether there is room for one more under way.
    pub(super) fn has_room(&self) -> bool {
        self.under_way + self.waiting.len() < self.backlog
    }
}

impl Sockets {
    /// The listener is closed, and nobody will ever accept the connection: the peer is told.
    fn give_up_orphan(&mut self, id: SocketId) {
        if let Some(Socket::Connection(entry)) = self.slots.get_mut(id)
            && !std::mem::replace(&mut entry.connection.is_orphan, true)
            && entry.connection.state() != State::Closed
        {
            entry.connection.due.reset = true;
            if !std::mem::replace(&mut entry.is_restless, true) {
                self.restless.push_back(id);
            }
        }
    }

    /// A connection that nobody has accepted came to `state`: it waits to be accepted, or is no
    /// more.
    pub(super) fn settle_with_listener(
        &mut self,
        id: SocketId,
        listener_id: SocketId,
        state: State,
        was_waiting: bool,
    ) {
        let Some(Socket::Listener(listener)) = self.slots.get_mut(listener_id) else {
            return self.give_up_orphan(id);
        };
        match (state, was_waiting) {
            (State::Closed, true) => listener.waiting.retain(|&waiting| waiting != id),
            (State::Closed, false) => listener.under_way = listener.under_way.saturating_sub(1),
            (State::SynReceived, _) | (_, true) => {}
            (_, false) => {
                listener.under_way = listener.under_way.saturating_sub(1);
                listener.waiting.push_back(id);
                self.changes.push(listener_id);
            }
        }
    }
}
