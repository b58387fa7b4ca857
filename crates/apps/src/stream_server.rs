//! The same services over TCP, where there are no requests: only a beginning, bytes, and an end.

use std::time::SystemTime;

use tcp::{Error, SocketPair};

use crate::chargen::character;
use crate::{Conversation, Moment, Service, StreamProgress, StreamService, StreamSocket, daytime};

/// How many bytes a service holds between receiving and sending.
const HELD: usize = 16 << 10;

/// How many times a service receives or sends in one step, so that none keeps the others waiting.
const TURNS_PER_STEP: usize = 64;

/// One connection of a small service.
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

impl StreamService for Service {
    fn name(&self) -> &'static str {
        Self::name(*self)
    }

    fn port(&self) -> u16 {
        Self::port(*self)
    }

    fn begin(&mut self, time: Moment, _ends: SocketPair) -> Box<dyn Conversation> {
        Box::new(StreamServer::new(*self, time.wall))
    }
}

impl Conversation for StreamServer {
    fn step(&mut self, _time: Moment, socket: &mut dyn StreamSocket) -> StreamProgress {
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

    /// Sends what is held; when that is gone, gets more.
    fn turn(&mut self, socket: &mut dyn StreamSocket) -> Result<StreamProgress, Error> {
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

    fn hold_what_came(&mut self, socket: &mut dyn StreamSocket) -> Result<(), Error> {
        self.held.resize(HELD, 0);
        let received = socket.receive(&mut self.held);
        self.held.truncate(*received.as_ref().unwrap_or(&0));
        self.is_complete = received? == 0;
        Ok(())
    }

    /// The text goes on until the peer closes; what it sends meanwhile is thrown away.
    fn hold_characters(&mut self, socket: &mut dyn StreamSocket) -> Result<(), Error> {
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
