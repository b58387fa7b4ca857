//! UDP's sockets, as a program on top of the stack uses them.

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};

use packet::{BufferPool, Instant};
use udp::{Error, Message, SocketId, Sockets};

use crate::Stack;
use crate::network::NetworkNow;

impl Stack {
    /// The UDP sockets, for calls at the moment `now`.
    pub const fn udp(&mut self, now: Instant) -> UdpSockets<'_> {
        let network = NetworkNow { network: &self.network, now };
        UdpSockets { sockets: &mut self.udp, network, buffers: &mut self.buffers }
    }
}

/// The sockets with this host as their network: all that [`udp::Sockets`] can do, and its three
/// calls that ask the network without having to name it, nor where buffers come from.
#[derive(Debug)]
pub struct UdpSockets<'a> {
    sockets: &'a mut Sockets,
    network: NetworkNow<'a>,
    buffers: &'a mut BufferPool,
}

impl UdpSockets<'_> {
    /// Binds a socket to `local`: see [`Sockets::bind`].
    ///
    /// # Errors
    /// As there.
    pub fn bind(&mut self, id: SocketId, local: SocketAddr) -> Result<SocketAddr, Error> {
        self.sockets.bind(&self.network, id, local)
    }

    /// Connects a socket to `remote`: see [`Sockets::connect`].
    ///
    /// # Errors
    /// As there.
    pub fn connect(&mut self, id: SocketId, remote: SocketAddr) -> Result<SocketAddr, Error> {
        self.sockets.connect(&self.network, id, remote)
    }

    /// Sends `message`: see [`Sockets::send`]. It leaves when the host is next asked for frames.
    ///
    /// # Errors
    /// As there.
    pub fn send(&mut self, id: SocketId, message: &Message<'_>) -> Result<(), Error> {
        self.sockets.send(self.network.now, &self.network, self.buffers, id, message)
    }
}

impl Deref for UdpSockets<'_> {
    type Target = Sockets;

    fn deref(&self) -> &Sockets {
        self.sockets
    }
}

impl DerefMut for UdpSockets<'_> {
    fn deref_mut(&mut self) -> &mut Sockets {
        self.sockets
    }
}
