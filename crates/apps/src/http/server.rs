//! The server: a conversation with each client, one request after the other (RFC 9112, 9).
//!
//! ```text
//!              a whole head          all was sent, another may follow
//!   ┌─────────┐─────────────►┌──────────┐
//!   │ Reading │              │ Sending  │──────────┐ no other follows
//!   └─────────┘◄─────────────└──────────┘          ▼
//!        │ time is over, or what came is no   ┌─────────┐ the client has closed, or
//!        └─ request: the answer says so ─────►│ Closing │ time is over: done
//!                                             └─────────┘
//! ```
//!
//! What a client sends ahead stays in the connection's window until its turn comes, and of a file
//! no more than a piece is in memory. Every state has a time after which a client that does
//! nothing is given up.

use std::fs::File;
use std::io::{self, Read, Take};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use packet::Instant;
use tcp::{Error, SocketPair};

use super::MOST_HEAD;
use super::answer::{self, Answer};
use super::folder::Folder;
use super::request::RequestHead;
use super::status::Status;
use crate::{Conversation, Moment, StreamProgress, StreamService, StreamSocket};

/// How long a connection may be without a request.
const IDLE: Duration = Duration::from_secs(60);

/// How long a head may take from its first byte to its last.
const HEAD_TIME: Duration = Duration::from_secs(20);

/// How long a client may take nothing of what it is sent.
const STALL: Duration = Duration::from_secs(60);

/// How long to wait, in the end, for a client to close: what it still sends is thrown away, for if
/// it were refused, the client might lose the answer (RFC 9112, 9.6).
const LINGER: Duration = Duration::from_secs(2);

/// How much of a file is read at a time, in bytes.
const PIECE: usize = 64 << 10;

/// How many pieces are sent, or requests answered, in one step.
const TURNS_PER_STEP: usize = 16;

/// HTTP for the files of a folder.
#[derive(Clone, Debug)]
pub struct HttpService {
    folder: Rc<Folder>,
}

impl HttpService {
    /// The port of HTTP.
    pub const PORT: u16 = 80;

    /// Serves what is in the folder at `path`, and nothing outside of it.
    ///
    /// # Errors
    /// If there is no such folder.
    pub fn new(path: &Path) -> io::Result<Self> {
        Ok(Self { folder: Rc::new(Folder::open(path)?) })
    }
}

impl StreamService for HttpService {
    fn name(&self) -> &'static str {
        "http"
    }

    fn port(&self) -> u16 {
        Self::PORT
    }

    fn begin(&mut self, time: Moment, _ends: SocketPair) -> Box<dyn Conversation> {
        Box::new(HttpConversation::new(Rc::clone(&self.folder), time.now))
    }
}

/// One client.
struct HttpConversation {
    folder: Rc<Folder>,
    /// What came and was not answered, at most [`MOST_HEAD`] bytes.
    input: Vec<u8>,
    /// What is to be sent next, from `sent` on.
    output: Vec<u8>,
    sent: usize,
    /// What follows of a file.
    file: Option<Take<File>>,
    phase: Phase,
    deadline: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Reading,
    Sending { keep_alive: bool },
    Closing,
}

impl HttpConversation {
    fn new(folder: Rc<Folder>, now: Instant) -> Self {
        Self {
            folder,
            input: Vec::new(),
            output: Vec::new(),
            sent: 0,
            file: None,
            phase: Phase::Reading,
            deadline: now + IDLE,
        }
    }

    fn turn(
        &mut self,
        time: Moment,
        socket: &mut dyn StreamSocket,
    ) -> Result<StreamProgress, Error> {
        match self.phase {
            Phase::Reading => self.read(time, socket),
            Phase::Sending { keep_alive } => self.send(time, socket, keep_alive),
            Phase::Closing => linger(socket),
        }
    }

    /// Takes what came, and answers it if it is a whole head or can be none.
    fn read(
        &mut self,
        time: Moment,
        socket: &mut dyn StreamSocket,
    ) -> Result<StreamProgress, Error> {
        match RequestHead::read(&self.input) {
            Ok(Some((request, length))) => {
                self.input.drain(..length);
                self.begin(answer::to(&request, &self.folder, time.wall), time.now);
                return Ok(StreamProgress::HasMore);
            }
            Err(status) => {
                self.begin(answer::to_no_request(status, time.wall), time.now);
                return Ok(StreamProgress::HasMore);
            }
            Ok(None) => {}
        }
        let (was_empty, before) = (self.input.is_empty(), self.input.len());
        self.input.resize(MOST_HEAD, 0);
        let received = socket.receive(self.input.get_mut(before..).unwrap_or_default());
        self.input.truncate(before + received.as_ref().copied().unwrap_or(0));
        if received? == 0 {
            return Ok(StreamProgress::Done);
        }
        if was_empty {
            self.deadline = time.now + HEAD_TIME;
        }
        Ok(StreamProgress::HasMore)
    }

    fn begin(&mut self, answer: Answer, now: Instant) {
        let Answer { bytes, file, keep_alive } = answer;
        (self.output, self.sent, self.file) = (bytes, 0, file);
        self.phase = Phase::Sending { keep_alive };
        self.deadline = now + STALL;
    }

    /// Sends what is there, and fills up from the file.
    fn send(
        &mut self,
        time: Moment,
        socket: &mut dyn StreamSocket,
        keep_alive: bool,
    ) -> Result<StreamProgress, Error> {
        if let Some(rest) = self.output.get(self.sent..).filter(|rest| !rest.is_empty()) {
            self.sent += socket.send(rest)?;
            self.deadline = time.now + STALL;
            return Ok(StreamProgress::HasMore);
        }
        match self.fill() {
            Fill::More => {}
            // The client was told another length, and hears of it by the early end.
            Fill::Short => return Ok(StreamProgress::Done),
            Fill::Complete if keep_alive => {
                self.phase = Phase::Reading;
                let has_more = !self.input.is_empty();
                self.deadline = time.now + if has_more { HEAD_TIME } else { IDLE };
            }
            Fill::Complete => {
                socket.shutdown()?;
                self.phase = Phase::Closing;
                self.deadline = time.now + LINGER;
            }
        }
        Ok(StreamProgress::HasMore)
    }

    /// Reads the next piece of the file, if there is one.
    fn fill(&mut self) -> Fill {
        (self.output, self.sent) = (std::mem::take(&mut self.output), 0);
        self.output.clear();
        let Some(file) = &mut self.file else {
            self.output = Vec::new();
            return Fill::Complete;
        };
        if file.limit() == 0 {
            (self.file, self.output) = (None, Vec::new());
            return Fill::Complete;
        }
        self.output.resize(PIECE, 0);
        let read = loop {
            match file.read(&mut self.output) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.unwrap_or(0),
            }
        };
        self.output.truncate(read);
        if read == 0 { Fill::Short } else { Fill::More }
    }

    /// The time of this state is over. A client that has sent half a request is told so.
    fn give_up(&mut self, time: Moment) -> StreamProgress {
        if self.phase == Phase::Reading && !self.input.is_empty() {
            self.input.clear();
            self.begin(answer::to_no_request(Status::RequestTimeout, time.wall), time.now);
            return StreamProgress::HasMore;
        }
        StreamProgress::Done
    }
}

/// What became of the attempt to have more to send.
enum Fill {
    More,
    Complete,
    /// The file ended early, or cannot be read.
    Short,
}

/// Throws away what comes until the client has closed.
fn linger(socket: &mut dyn StreamSocket) -> Result<StreamProgress, Error> {
    let mut thrown_away = [0; 4096];
    match socket.receive(&mut thrown_away)? {
        0 => Ok(StreamProgress::Done),
        _ => Ok(StreamProgress::HasMore),
    }
}

impl Conversation for HttpConversation {
    fn step(&mut self, time: Moment, socket: &mut dyn StreamSocket) -> StreamProgress {
        for _ in 0..TURNS_PER_STEP {
            match self.turn(time, socket) {
                Ok(StreamProgress::HasMore) => {}
                Err(Error::WouldBlock) if time.now < self.deadline => return StreamProgress::Waits,
                Err(Error::WouldBlock) => match self.give_up(time) {
                    StreamProgress::HasMore => {}
                    ended => return ended,
                },
                Ok(ended) => return ended,
                Err(_) => return StreamProgress::Done,
            }
        }
        StreamProgress::HasMore
    }

    fn next_deadline(&self) -> Option<Instant> {
        Some(self.deadline)
    }
}

#[cfg(test)]
mod tests;
