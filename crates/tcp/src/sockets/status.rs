//! STATUS (RFC 9293, 3.10.6), urgent data, and what can be set, by handle.

use std::net::SocketAddr;

use packet::Instant;
use socket::{SocketId, SocketPair};

use crate::options::ConnectionOptions;
use crate::sockets::{Socket, Sockets};
use crate::{Error, State, Status};

impl Sockets {
    /// STATUS: what the connection knows of itself.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn status(&self, now: Instant, id: SocketId) -> Result<Status, Error> {
        Ok(self.connection(id)?.status(now))
    }

    /// Takes the last urgent byte, where it does not stand in the stream: `MSG_OOB`.
    ///
    /// # Errors
    /// [`Error::WouldBlock`] if it was announced and has not come; [`Error::InvalidArgument`] if
    /// none was, if it was taken before, or if [`urgent_inline`](ConnectionOptions::urgent_inline)
    /// has it stand in the stream; [`Error::BadSocket`].
    pub fn receive_urgent(&mut self, now: Instant, id: SocketId) -> Result<u8, Error> {
        self.on_connection(now, id, |connection, _| connection.receive_urgent(false))
            .unwrap_or(Err(Error::BadSocket))
    }

    /// As [`Sockets::receive_urgent`], but the byte stays.
    ///
    /// # Errors
    /// As there.
    pub fn peek_urgent(&mut self, id: SocketId) -> Result<u8, Error> {
        match self.slots.get_mut(id) {
            Some(Socket::Connection(entry)) => entry.connection.receive_urgent(true),
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

    /// Whether the next byte to be read is the last urgent one, or was: `SIOCATMARK`.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn is_at_urgent_mark(&self, id: SocketId) -> Result<bool, Error> {
        Ok(self.connection(id)?.is_at_urgent_mark())
    }

    /// How many bytes one [`Sockets::receive`] finds: `SIOCINQ`.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn unread(&self, id: SocketId) -> Result<usize, Error> {
        Ok(self.connection(id)?.unread())
    }

    /// How many bytes were given that the peer has not acknowledged: `SIOCOUTQ`.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn unacknowledged(&self, id: SocketId) -> Result<usize, Error> {
        Ok(self.connection(id)?.snd.buffer.len())
    }

    /// Where the connection stands.
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

    /// How the connection behaves, or a listener's connections begin.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn options(&self, id: SocketId) -> Result<&ConnectionOptions, Error> {
        match self.slots.get(id).ok_or(Error::BadSocket)? {
            Socket::Listener(listener) => Ok(&listener.options),
            Socket::Connection(entry) => Ok(&entry.connection.options),
        }
    }

    /// Has the connection behave otherwise from now on; or what a listener accepts from now on.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn set_options(
        &mut self,
        now: Instant,
        id: SocketId,
        options: ConnectionOptions,
    ) -> Result<(), Error> {
        if let Some(Socket::Listener(listener)) = self.slots.get_mut(id) {
            listener.options = options;
            return Ok(());
        }
        self.on_connection(now, id, |connection, _| connection.set_options(now, options))
            .ok_or(Error::BadSocket)
    }

    /// What ended the connection, or what the network reported of it (MUST-47, SHLD-25); each is
    /// told once, here or by a call that fails: `SO_ERROR`.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn take_error(&mut self, id: SocketId) -> Result<Option<Error>, Error> {
        match self.slots.get_mut(id) {
            Some(Socket::Connection(entry)) => {
                let connection = &mut entry.connection;
                let failure = connection.untold_failure.take();
                Ok(failure.or_else(|| connection.soft_error.take()))
            }
            Some(Socket::Listener(_)) => Ok(None),
            None => Err(Error::BadSocket),
        }
    }
}
