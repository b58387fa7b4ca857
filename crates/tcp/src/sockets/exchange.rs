//! SEND, RECEIVE, CLOSE, ABORT and STATUS (RFC 9293, 3.10.2 to 3.10.6), by handle.

use std::net::SocketAddr;

use packet::Instant;
use socket::{SocketId, SocketPair};

use crate::options::ConnectionOptions;
use crate::sockets::{Socket, Sockets};
use crate::{Error, State};

impl Sockets {
    /// SEND: puts `data` behind what waits to leave. How many bytes found room.
    ///
    /// # Errors
    /// [`Error::WouldBlock`] if none did, an event tells when there is room; [`Error::BrokenPipe`]
    /// after [`Sockets::shutdown`]; what ended the connection; [`Error::BadSocket`].
    pub fn send(&mut self, now: Instant, id: SocketId, data: &[u8]) -> Result<usize, Error> {
        self.on_connection(now, id, |connection, _| connection.send(data))
            .unwrap_or(Err(Error::BadSocket))
    }

    /// SEND with the URGENT flag: all that was sent up to the end of `data` is urgent (MUST-30).
    /// New applications do better without (SHLD-13).
    ///
    /// # Errors
    /// As [`Sockets::send`].
    pub fn send_urgent(&mut self, now: Instant, id: SocketId, data: &[u8]) -> Result<usize, Error> {
        self.on_connection(now, id, |connection, _| {
            let taken = connection.send(data)?;
            connection.mark_urgent_end();
            Ok(taken)
        })
        .unwrap_or(Err(Error::BadSocket))
    }

    /// RECEIVE: takes what has come, in order. Zero bytes mean that the peer sends no more and
    /// that all was read (MUST-12).
    ///
    /// # Errors
    /// [`Error::WouldBlock`] if nothing has come; what ended the connection; [`Error::BadSocket`].
    pub fn receive(&mut self, now: Instant, id: SocketId, into: &mut [u8]) -> Result<usize, Error> {
        self.on_connection(now, id, |connection, _| connection.receive(into))
            .unwrap_or(Err(Error::BadSocket))
    }

    /// As [`Sockets::receive`], but what was shown stays.
    ///
    /// # Errors
    /// As there.
    pub fn peek(&mut self, id: SocketId, into: &mut [u8]) -> Result<usize, Error> {
        match self.slots.get_mut(id) {
            Some(Socket::Connection(entry)) => entry.connection.peek(into),
            _ => Err(Error::BadSocket),
        }
    }

    /// How many bytes can be read up to the end of what the peer marked as urgent; `None` if
    /// nothing is (MUST-33).
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn urgent_to_read(&self, id: SocketId) -> Result<Option<usize>, Error> {
        Ok(self.connection(id)?.urgent_to_read())
    }

    /// CLOSE: this side sends no more once what waits has left; it goes on to receive.
    ///
    /// # Errors
    /// [`Error::NotConnected`], [`Error::BadSocket`].
    pub fn shutdown(&mut self, now: Instant, id: SocketId) -> Result<(), Error> {
        self.on_connection(now, id, |connection, context| connection.close(context))
            .unwrap_or(Err(Error::BadSocket))
    }

    /// Lets go of the socket. A connection ends by itself: in peace if all that came was read,
    /// else by an RST (SHLD-3). A listener accepts no more, and what waits at it ends.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn close(&mut self, now: Instant, id: SocketId) -> Result<(), Error> {
        match self.slots.get_mut(id) {
            None => Err(Error::BadSocket),
            Some(Socket::Connection(_)) => {
                self.on_connection(now, id, |connection, context| connection.let_go(context));
                Ok(())
            }
            Some(Socket::Listener(_)) => {
                self.close_listener(now, id);
                Ok(())
            }
        }
    }

    fn close_listener(&mut self, now: Instant, id: SocketId) {
        let Some(Socket::Listener(listener)) = self.slots.remove(id) else { return };
        self.listeners.remove(&listener.local);
        for waiting in listener.waiting {
            self.on_connection(now, waiting, |connection, context| {
                connection.is_orphan = true;
                connection.abort(context);
            });
        }
    }

    /// ABORT: ends the connection at once, and tells the peer by an RST.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn abort(&mut self, now: Instant, id: SocketId) -> Result<(), Error> {
        self.on_connection(now, id, |connection, context| connection.abort(context))
            .ok_or(Error::BadSocket)
    }

    /// STATUS: where the connection stands.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn state(&self, id: SocketId) -> Result<State, Error> {
        Ok(self.connection(id)?.state())
    }

    /// The two ends of the connection.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn ends(&self, id: SocketId) -> Result<SocketPair, Error> {
        Ok(self.connection(id)?.pair)
    }

    /// The address and port that a listener listens on, or a connection has here.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn local_address(&self, id: SocketId) -> Result<SocketAddr, Error> {
        match self.slots.get(id).ok_or(Error::BadSocket)? {
            Socket::Listener(listener) => Ok(listener.local),
            Socket::Connection(entry) => Ok(entry.connection.pair.local),
        }
    }

    /// How the connection behaves.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn options(&self, id: SocketId) -> Result<&ConnectionOptions, Error> {
        Ok(&self.connection(id)?.options)
    }

    /// Has the connection behave otherwise from now on.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn set_options(
        &mut self,
        now: Instant,
        id: SocketId,
        options: ConnectionOptions,
    ) -> Result<(), Error> {
        self.on_connection(now, id, |connection, _| connection.set_options(now, options))
            .ok_or(Error::BadSocket)
    }

    /// What ended the connection, or, once, what the network reported of it (MUST-47, SHLD-25).
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn take_error(&mut self, id: SocketId) -> Result<Option<Error>, Error> {
        match self.slots.get_mut(id) {
            Some(Socket::Connection(entry)) => {
                let connection = &mut entry.connection;
                Ok(connection.failure.or_else(|| connection.soft_error.take()))
            }
            _ => Err(Error::BadSocket),
        }
    }
}
