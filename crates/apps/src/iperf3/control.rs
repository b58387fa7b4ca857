//! The control connection of a test.

use std::net::SocketAddr;

use packet::Instant;
use stack::Stack;
use tcp::{Error, SocketId};

use super::protocol::{MAX_JSON, State, read_json, write_json};

/// How much is read at a time, in bytes.
const PIECE: usize = 4096;

/// A control connection: what came and was not taken yet, and what could not be sent yet.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) id: SocketId,
    pub(super) from: SocketAddr,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    /// Whether the client sends no more.
    has_ended: bool,
}

/// What comes next on a control connection is not what has to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Garbage;

impl Control {
    pub(super) const fn new(id: SocketId, from: SocketAddr) -> Self {
        Self { id, from, inbox: Vec::new(), outbox: Vec::new(), has_ended: false }
    }

    /// Reads what has come. No more is taken than the longest message has.
    pub(super) fn read(&mut self, now: Instant, stack: &mut Stack) {
        let mut piece = [0; PIECE];
        while self.inbox.len() <= MAX_JSON {
            match stack.tcp(now).receive(now, self.id, &mut piece) {
                Ok(0) => self.has_ended = true,
                Ok(count) => {
                    self.inbox.extend_from_slice(piece.get(..count).unwrap_or_default());
                    continue;
                }
                Err(Error::WouldBlock) => {}
                Err(_) => self.has_ended = true,
            }
            return;
        }
    }

    /// Whether all was taken, and no more will come.
    pub(super) const fn is_over(&self) -> bool {
        self.has_ended && self.inbox.is_empty()
    }

    /// The next state that the client says.
    pub(super) fn next_state(&mut self) -> Result<Option<State>, Garbage> {
        let Some(&byte) = self.inbox.first() else { return Ok(None) };
        self.inbox.remove(0);
        State::read(byte).map(Some).ok_or(Garbage)
    }

    /// The next JSON that the client says, once it is whole.
    pub(super) fn next_json(&mut self) -> Result<Option<Vec<u8>>, Garbage> {
        match read_json(&self.inbox) {
            Ok(None) => Ok(None),
            Ok(Some((json, length))) => {
                let json = json.to_vec();
                self.inbox.drain(..length);
                Ok(Some(json))
            }
            Err(_) => Err(Garbage),
        }
    }

    pub(super) fn say(&mut self, state: State) {
        self.outbox.push(state.byte());
    }

    /// Says that it cannot be done, with iperf3's number for the reason.
    pub(super) fn say_error(&mut self, number: u32) {
        self.say(State::ServerError);
        self.outbox.extend_from_slice(&number.to_be_bytes());
        // And the operating system's number, of which there is none.
        self.outbox.extend_from_slice(&[0; 4]);
    }

    pub(super) fn say_json(&mut self, json: &[u8]) {
        write_json(json, &mut self.outbox);
    }

    /// Sends what was said, as far as there is room.
    pub(super) fn flush(&mut self, now: Instant, stack: &mut Stack) {
        while !self.outbox.is_empty() {
            match stack.tcp(now).send(now, self.id, &self.outbox) {
                Ok(count) => drop(self.outbox.drain(..count.min(self.outbox.len()))),
                Err(_) => return,
            }
        }
    }
}
