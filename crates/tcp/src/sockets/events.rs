//! Who is to be told that something changed.

use socket::SocketId;

use crate::connection::News;
use crate::sockets::{Socket, Sockets};
use crate::{Error, State};

/// What a socket is ready for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// There is something to read, or its end; or a connection to accept.
    pub readable: bool,
    /// There is room to send.
    pub writable: bool,
    /// The peer sent something urgent that was not read yet (MUST-33).
    pub urgent: bool,
    /// The peer sends no more.
    pub is_at_end: bool,
    /// The connection is no more.
    pub is_closed: bool,
    /// An error waits: [`Sockets::take_error`].
    pub error: bool,
    /// The socket was closed and lingered, and closing it again ends that.
    pub has_lingered: bool,
}

/// Something changed at a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// At which socket.
    pub socket: SocketId,
    /// What it is ready for now.
    pub readiness: Readiness,
}

impl News {
    /// Whether there is anything that an application waits for.
    pub(super) const fn is_any(self) -> bool {
        let Self { readable, writable, urgent, state, path_is_doubtful, path_works: _ } = self;
        readable || writable || urgent || state || path_is_doubtful
    }
}

impl Sockets {
    /// What the socket is ready for now.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn readiness(&self, id: SocketId) -> Result<Readiness, Error> {
        match self.slots.get(id).ok_or(Error::BadSocket)? {
            Socket::Listener(listener) => {
                let readable = listener.has_connection();
                Ok(Readiness { readable, ..Readiness::default() })
            }
            Socket::Connection(entry) => {
                let connection = &entry.connection;
                let is_closed = connection.state() == State::Closed;
                let is_at_end = connection.rcv.is_at_end();
                Ok(Readiness {
                    readable: connection.unread() > 0
                        || is_at_end
                        || is_closed
                        || connection.is_receiving_shut,
                    writable: connection.snd.buffer.room() > 0
                        && connection.state().is_synchronized(),
                    urgent: connection.has_urgent(),
                    is_at_end,
                    is_closed,
                    error: connection.untold_failure.is_some() || connection.soft_error.is_some(),
                    has_lingered: connection.has_lingered(),
                })
            }
        }
    }

    /// The next socket at which something changed since it was told last. It may be told once
    /// more than needed, never once less.
    pub fn poll_event(&mut self) -> Option<Event> {
        while let Some(index) = self.changes.pop() {
            let Some((socket, _)) = self.slots.at(index) else { continue };
            if let Ok(readiness) = self.readiness(socket) {
                return Some(Event { socket, readiness });
            }
        }
        None
    }
}
