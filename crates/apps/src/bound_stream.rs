//! A connection of a stack, at one moment.

use packet::Instant;
use stack::{Stack, TcpSockets};
use tcp::{Error, SocketId};

use crate::StreamSocket;

/// A connection's socket, at the moment of a step.
#[derive(Debug)]
pub struct BoundStream<'a> {
    sockets: TcpSockets<'a>,
    now: Instant,
    id: SocketId,
}

impl<'a> BoundStream<'a> {
    /// The connection `id` of `stack`, at `now`.
    #[must_use]
    pub const fn new(stack: &'a mut Stack, now: Instant, id: SocketId) -> Self {
        Self { sockets: stack.tcp(now), now, id }
    }
}

impl StreamSocket for BoundStream<'_> {
    fn receive(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        self.sockets.receive(self.now, self.id, into)
    }

    fn send(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.sockets.send(self.now, self.id, data)
    }

    fn shutdown(&mut self) -> Result<(), Error> {
        self.sockets.shutdown(self.now, self.id)
    }
}
