//! SEND, RECEIVE, CLOSE and ABORT (RFC 9293, 3.10.2 to 3.10.5), by handle.

use packet::Instant;
use socket::SocketId;

#[cfg(doc)]
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
        self.on_connection(now, id, |connection, _| connection.send(now, data))
            .unwrap_or(Err(Error::BadSocket))
    }

    /// SEND with the URGENT flag: all that was sent up to the end of `data` is urgent (MUST-30).
    /// New applications do better without (SHLD-13).
    ///
    /// # Errors
    /// As [`Sockets::send`].
    pub fn send_urgent(&mut self, now: Instant, id: SocketId, data: &[u8]) -> Result<usize, Error> {
        self.on_connection(now, id, |connection, _| {
            let taken = connection.send(now, data)?;
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
        self.on_connection(now, id, |connection, context| connection.receive(context, into))
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

    /// CLOSE: this side sends no more once what waits has left; it goes on to receive.
    ///
    /// # Errors
    /// [`Error::NotConnected`], [`Error::BadSocket`].
    pub fn shutdown(&mut self, now: Instant, id: SocketId) -> Result<(), Error> {
        self.on_connection(now, id, |connection, context| connection.close(context))
            .unwrap_or(Err(Error::BadSocket))
    }

    /// The application reads no more: what came and comes is acknowledged and thrown away, and
    /// [`Sockets::receive`] says that this is the end. Once both sides of the socket are shut, the
    /// peer gets an RST for what comes (SHLD-3).
    ///
    /// # Errors
    /// [`Error::NotConnected`], [`Error::BadSocket`].
    pub fn shutdown_receiving(&mut self, now: Instant, id: SocketId) -> Result<(), Error> {
        self.on_connection(now, id, |connection, _| match connection.state() {
            State::Closed => Err(Error::NotConnected),
            _ => {
                connection.shut_receiving();
                Ok(())
            }
        })
        .unwrap_or(Err(Error::BadSocket))
    }

    /// Lets go of the socket. A connection ends by itself: in peace if all that came was read,
    /// else by an RST (SHLD-3). A listener accepts no more, and what waits at it ends.
    ///
    /// With [`linger`](ConnectionOptions::linger) it may have to wait. The handle is good until
    /// then, for closing it again and for nothing else.
    ///
    /// # Errors
    /// [`Error::WouldBlock`] while it lingers: an event tells when that is over
    /// ([`has_lingered`](crate::Readiness::has_lingered)), and closing again ends it.
    /// [`Error::BadSocket`].
    pub fn close(&mut self, now: Instant, id: SocketId) -> Result<(), Error> {
        match self.slots.get_mut(id) {
            None => Err(Error::BadSocket),
            Some(Socket::Connection(_)) => self
                .on_connection(now, id, |connection, context| connection.let_go(context))
                .unwrap_or(Err(Error::BadSocket)),
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
}
