//! What a service on TCP is: something that has a conversation with each connection.
//!
//! ```text
//!   listener ──► StreamService::begin ──► Conversation ◄──► StreamSocket
//!                                           step            receive, send, shutdown
//! ```
//!
//! A conversation knows no socket table and no clock. It has a step whenever something changed at
//! its connection and when its deadline has come, and does then what it can without waiting.

use std::time::SystemTime;

use packet::Instant;
use tcp::{Error, SocketPair};

/// When something happens, on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// On the clock that never jumps, by which deadlines go.
    pub now: Instant,
    /// On the wall.
    pub wall: SystemTime,
}

/// What a conversation does with its connection.
pub trait StreamSocket {
    /// Takes what has come; zero bytes are the end.
    ///
    /// # Errors
    /// As [`tcp::Sockets::receive`].
    fn receive(&mut self, into: &mut [u8]) -> Result<usize, Error>;

    /// Sends; how many bytes found room.
    ///
    /// # Errors
    /// As [`tcp::Sockets::send`].
    fn send(&mut self, data: &[u8]) -> Result<usize, Error>;

    /// Sends no more once what was given has left; it goes on to receive.
    ///
    /// # Errors
    /// As [`tcp::Sockets::shutdown`].
    fn shutdown(&mut self) -> Result<(), Error>;
}

/// One connection of a service, and what is said in it.
pub trait Conversation {
    /// Does what can be done at `time`. A conversation that could go on for long says
    /// [`StreamProgress::HasMore`] now and then, so that the others get their turns.
    fn step(&mut self, time: Moment, socket: &mut dyn StreamSocket) -> StreamProgress;

    /// When it is to have a step at the latest, if nothing happens at the connection before.
    fn next_deadline(&self) -> Option<Instant> {
        None
    }
}

/// A service on a TCP port.
pub trait StreamService {
    /// Its name, as in /etc/services.
    fn name(&self) -> &'static str;

    /// The port that it listens on.
    fn port(&self) -> u16;

    /// A connection was accepted, between these ends. What it has to say is said in its steps.
    fn begin(&mut self, time: Moment, ends: SocketPair) -> Box<dyn Conversation>;
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum StreamProgress {
    /// Nothing can be done before the socket is ready for something, or the deadline has come.
    Waits,
    /// There may be more to do at once.
    HasMore,
    /// All was said: the connection is to be closed. If something came that was not received, the
    /// peer is told by an RST (RFC 2525, 2.17).
    Done,
}
