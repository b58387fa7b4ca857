//! The same services over TCP, where there are no requests: only a beginning, bytes, and an end.

use std::time::SystemTime;

use tcp::Error;

use crate::chargen::character;
use crate::{Service, daytime};

/// How many bytes a service holds between receiving and sending.
const HELD: usize = 16 << 10;

/// How many times a service receives or sends in one step, so that none keeps the others waiting.
const TURNS_PER_STEP: usize = 64;

/// What a service does with its connection.
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
}

/// One connection of a service.
#[derive(Clone, Debug)]
pub struct StreamServer {
    service: Service,
    /// What is to be sent next, from `sent` on.
    held: Vec<u8>,
    sent: usize,
    /// The next character of chargen's endless text.
    position: u64,
    /// Whether nothing more will be held.
    is_complete: bool,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum StreamProgress {
    /// Nothing can be done before the socket is ready for something.
    Waits,
    /// There may be more to do at once.
    HasMore,
    /// All was said: the connection is to be closed.
    Done,
}

impl StreamServer {
    /// A connection of `service` that has just begun, at `time`.
    #[must_use]
    pub fn new(service: Service, time: SystemTime) -> Self {
        let (held, is_complete) = match service {
            Service::Daytime => (daytime::line(time).into_bytes(), true),
            Service::Echo | Service::Discard | Service::Chargen => (Vec::new(), false),
        };
        Self { service, held, sent: 0, position: 0, is_complete }
    }

    /// Does what can be done now.
    pub fn step(&mut self, socket: &mut impl StreamSocket) -> StreamProgress {
        for _ in 0..TURNS_PER_STEP {
            match self.turn(socket) {
                Ok(StreamProgress::HasMore) => {}
                Ok(ended) => return ended,
                Err(Error::WouldBlock) => return StreamProgress::Waits,
                Err(_) => return StreamProgress::Done,
            }
        }
        StreamProgress::HasMore
    }

    /// Sends what is held; when that is gone, gets more.
    fn turn(&mut self, socket: &mut impl StreamSocket) -> Result<StreamProgress, Error> {
        if let Some(rest) = self.held.get(self.sent..).filter(|rest| !rest.is_empty()) {
            self.sent += socket.send(rest)?;
            return Ok(StreamProgress::HasMore);
        }
        if self.is_complete {
            return Ok(StreamProgress::Done);
        }
        self.sent = 0;
        match self.service {
            Service::Echo => self.hold_what_came(socket)?,
            Service::Discard => {
                self.hold_what_came(socket)?;
                self.held.clear();
            }
            Service::Chargen => self.hold_characters(socket)?,
            Service::Daytime => self.is_complete = true,
        }
        Ok(StreamProgress::HasMore)
    }

    fn hold_what_came(&mut self, socket: &mut impl StreamSocket) -> Result<(), Error> {
        self.held.resize(HELD, 0);
        let received = socket.receive(&mut self.held);
        self.held.truncate(*received.as_ref().unwrap_or(&0));
        self.is_complete = received? == 0;
        Ok(())
    }

    /// The text goes on until the peer closes; what it sends meanwhile is thrown away.
    fn hold_characters(&mut self, socket: &mut impl StreamSocket) -> Result<(), Error> {
        let mut thrown_away = [0; 512];
        loop {
            match socket.receive(&mut thrown_away) {
                Ok(0) => {
                    self.is_complete = true;
                    self.held.clear();
                    return Ok(());
                }
                Ok(_) => {}
                Err(Error::WouldBlock) => break,
                Err(error) => return Err(error),
            }
        }
        let end = self.position + HELD as u64;
        self.held.clear();
        self.held.extend((self.position..end).map(character));
        self.position = end;
        Ok(())
    }
}
