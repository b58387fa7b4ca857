//! TCP's sockets, as a program on top of the stack uses them.

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};

use packet::Instant;
use tcp::{ConnectionOptions, Error, SocketId, Sockets};

use crate::Stack;
use crate::network::NetworkNow;

impl Stack {
    /// The TCP sockets, for calls at the moment `now`.
    pub const fn tcp(&mut self, now: Instant) -> TcpSockets<'_> {
        let network = NetworkNow { network: &self.network, now };
        TcpSockets { sockets: &mut self.tcp, network }
    }
}

/// The sockets with this host as their network: all that [`tcp::Sockets`] can do, and its calls
/// that ask the network without having to name it.
#[derive(Debug)]
pub struct TcpSockets<'a> {
    sockets: &'a mut Sockets,
    network: NetworkNow<'a>,
}

impl TcpSockets<'_> {
    /// Accepts connections to `local` from now on: see [`Sockets::listen`].
    ///
    /// # Errors
    /// As there.
    pub fn listen(
        &mut self,
        local: SocketAddr,
        backlog: usize,
        options: ConnectionOptions,
    ) -> Result<SocketId, Error> {
        self.sockets.listen(&self.network, local, backlog, options)
    }

    /// Asks `remote` for a connection: see [`Sockets::connect`].
    ///
    /// # Errors
    /// As there.
    pub fn connect(
        &mut self,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        options: ConnectionOptions,
    ) -> Result<SocketId, Error> {
        self.sockets.connect(self.network.now, &self.network, local, remote, options)
    }
}

impl Deref for TcpSockets<'_> {
    type Target = Sockets;

    fn deref(&self) -> &Sockets {
        self.sockets
    }
}

impl DerefMut for TcpSockets<'_> {
    fn deref_mut(&mut self) -> &mut Sockets {
        self.sockets
    }
}
