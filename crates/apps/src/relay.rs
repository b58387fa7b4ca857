//! Bytes between a connection and an end here: standard input and output, a socket of the kernel.
//!
//! ```text
//!                  outgoing ┌──────────────┐ send, shutdown
//!     read    ────────────► │ up to 64 KiB │ ────────────►
//!   NearEnd                 └──────────────┘              StreamSocket
//!     write   ◄──────────── ┌──────────────┐ ◄────────────
//!     finish       incoming │ up to 64 KiB │ receive
//!                           └──────────────┘
//! ```
//!
//! What one side does not take, the relay holds, and takes no more from the other: so a slow
//! reader here closes the window, and a slow peer leaves standard input unread. Nothing is lost
//! and nothing piles up.

use std::io::{self, ErrorKind};

use tcp::Error;

use crate::StreamSocket;

/// How many bytes are held in each direction, at most.
const HELD: usize = 64 << 10;

/// How often each direction is filled in one step, so that what was given also gets to leave.
const TURNS_PER_STEP: usize = 16;

/// The end that is not the connection's. Nothing of it blocks.
pub trait NearEnd {
    /// Takes what there is; zero bytes are the end.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if there is nothing yet; whatever else goes wrong.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize>;

    /// Gives; how many bytes found room.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if none did; whatever else goes wrong.
    fn write(&mut self, data: &[u8]) -> io::Result<usize>;

    /// No more will be written.
    ///
    /// # Errors
    /// Whatever goes wrong.
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the end of one direction means for the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayOptions {
    /// Whether the peer is told when there is no more to read here: the connection is closed in
    /// that direction and stays open in the other.
    pub half_close: bool,
    /// Whether all is over when the peer sends no more, once what can be read here at once has
    /// been sent.
    pub end_with_peer: bool,
}

/// Carries bytes both ways.
#[derive(Clone, Debug, Default)]
pub struct Relay {
    options: RelayOptions,
    outgoing: Lane,
    incoming: Lane,
    /// Whether the peer was told that no more comes.
    has_closed: bool,
    /// Whether the near end was told so.
    has_finished: bool,
}

/// One direction.
#[derive(Clone, Debug, Default)]
struct Lane {
    /// Room for what is held, once there was something.
    room: Vec<u8>,
    /// How many bytes in there were taken.
    held: usize,
    /// How many of those have been given.
    given: usize,
    /// How many have been given ever.
    total: u64,
    /// Whether no more will come.
    is_at_end: bool,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum RelayProgress {
    /// Nothing can be done before one of the ends is ready for something.
    Waits,
    /// There may be more to do at once.
    HasMore,
    /// All was carried: the connection is to be closed.
    Done,
}

/// Why a relay cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The near end cannot be read.
    #[error("cannot read: {0}")]
    Read(io::Error),
    /// The near end cannot be written: [`ErrorKind::BrokenPipe`] if nobody reads it any more.
    #[error("cannot write: {0}")]
    Write(io::Error),
    /// The connection ended, and not in peace.
    #[error("{0}")]
    Connection(Error),
}

/// How a turn of one direction ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Moved,
    Blocked,
    AtEnd,
}

impl Relay {
    /// A relay that has carried nothing yet.
    #[must_use]
    pub fn new(options: RelayOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// How many bytes were given to the connection so far.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.outgoing.total
    }

    /// How many bytes were given to the near end so far.
    #[must_use]
    pub const fn received(&self) -> u64 {
        self.incoming.total
    }

    /// Does what can be done now. To be called whenever one of the ends may be ready, and again
    /// after [`RelayProgress::HasMore`].
    ///
    /// # Errors
    /// [`RelayError`]; the relay is of no more use then.
    pub fn step(
        &mut self,
        near: &mut (impl NearEnd + ?Sized),
        socket: &mut dyn StreamSocket,
    ) -> Result<RelayProgress, RelayError> {
        for _ in 0..TURNS_PER_STEP {
            let out = self.turn_outgoing(near, socket)?;
            let incoming = self.turn_incoming(near, socket)?;
            let is_over = match (out, incoming) {
                (Turn::AtEnd, Turn::AtEnd) => true,
                (Turn::Blocked, Turn::AtEnd) => {
                    self.options.end_with_peer && self.outgoing.is_empty()
                }
                _ => false,
            };
            if is_over {
                return Ok(RelayProgress::Done);
            }
            if out != Turn::Moved && incoming != Turn::Moved {
                return Ok(RelayProgress::Waits);
            }
        }
        Ok(RelayProgress::HasMore)
    }

    fn turn_outgoing(
        &mut self,
        near: &mut (impl NearEnd + ?Sized),
        socket: &mut dyn StreamSocket,
    ) -> Result<Turn, RelayError> {
        let lane = &mut self.outgoing;
        let read = |into: &mut [u8]| unless_blocked(near.read(into)).map_err(RelayError::Read);
        let send = |data: &[u8]| unless_would_block(socket.send(data));
        let turn = lane.turn(read, send)?;
        if turn == Turn::AtEnd
            && self.options.half_close
            && !std::mem::replace(&mut self.has_closed, true)
        {
            socket.shutdown().map_err(RelayError::Connection)?;
        }
        Ok(turn)
    }

    fn turn_incoming(
        &mut self,
        near: &mut (impl NearEnd + ?Sized),
        socket: &mut dyn StreamSocket,
    ) -> Result<Turn, RelayError> {
        let lane = &mut self.incoming;
        let receive = |into: &mut [u8]| unless_would_block(socket.receive(into));
        let write = |data: &[u8]| unless_blocked(near.write(data)).map_err(RelayError::Write);
        let turn = lane.turn(receive, write)?;
        if turn == Turn::AtEnd && !std::mem::replace(&mut self.has_finished, true) {
            near.finish().map_err(RelayError::Write)?;
        }
        Ok(turn)
    }
}

impl Lane {
    const fn is_empty(&self) -> bool {
        self.given == self.held
    }

    /// Gives what is held; if nothing is, takes something and gives that. `None` from either
    /// means that it would block.
    fn turn(
        &mut self,
        mut take: impl FnMut(&mut [u8]) -> Result<Option<usize>, RelayError>,
        mut give: impl FnMut(&[u8]) -> Result<Option<usize>, RelayError>,
    ) -> Result<Turn, RelayError> {
        if self.is_empty() {
            if self.is_at_end {
                return Ok(Turn::AtEnd);
            }
            self.room.resize(HELD, 0);
            (self.held, self.given) = (0, 0);
            match take(&mut self.room)? {
                None => return Ok(Turn::Blocked),
                Some(0) => {
                    self.is_at_end = true;
                    self.room = Vec::new();
                    return Ok(Turn::AtEnd);
                }
                Some(taken) => self.held = taken,
            }
        }
        let rest = self.room.get(self.given..self.held).unwrap_or_default();
        let Some(given) = give(rest)? else { return Ok(Turn::Blocked) };
        self.given += given;
        self.total += given as u64;
        Ok(Turn::Moved)
    }
}

fn unless_blocked(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        result => result.map(Some),
    }
}

fn unless_would_block(result: Result<usize, Error>) -> Result<Option<usize>, RelayError> {
    match result {
        Err(Error::WouldBlock) => Ok(None),
        result => result.map(Some).map_err(RelayError::Connection),
    }
}

#[cfg(test)]
mod tests;
