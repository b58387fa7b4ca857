//! Who has to be woken: the sockets at which something changed.

use crate::{Error, SocketId, Sockets};

/// What a socket is ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// A datagram waits to be received.
    pub readable: bool,
    /// The next datagram finds room in the socket's queue, however long it is.
    pub writable: bool,
    /// A report waits ([`Sockets::take_report`]).
    pub error: bool,
}

/// Something changed at a socket: a datagram or a report came, or there is room again after
/// [`Error::WouldBlock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// At which socket.
    pub socket: SocketId,
    /// What it is ready for now.
    pub readiness: Readiness,
}

impl Sockets {
    /// What the socket is ready for now.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn readiness(&self, id: SocketId) -> Result<Readiness, Error> {
        Ok(self.slots.get(id).ok_or(Error::BadSocket)?.readiness())
    }

    /// The next socket at which something changed since it was told last. It may be told once
    /// more than needed, never once less.
    pub fn poll_event(&mut self) -> Option<Event> {
        while let Some(index) = self.news.pop() {
            if let Some((socket, entry)) = self.slots.at(index) {
                return Some(Event { socket, readiness: entry.readiness() });
            }
        }
        None
    }
}
