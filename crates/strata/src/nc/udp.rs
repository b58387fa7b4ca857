//! nc over UDP: each piece of standard input is a datagram. Nobody tells of an end, so -w or
//! Ctrl-C does.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use ::udp::{Error, Message, SocketId};
use apps::NearEnd;
use packet::Instant;
use stack::Stack;

use super::{Plan, Role, place};
use crate::client::{BROKEN_PIPE, Client};
use crate::failure::Failure;
use crate::standard::StandardStreams;

/// The longest piece of standard input that is one datagram, in bytes; as nc's.
const MOST_IN_A_DATAGRAM: usize = 16 << 10;

/// How many datagrams each way in one turn, so that what was sent also gets to leave.
const DATAGRAMS_PER_TURN: usize = 64;

/// How long -z waits for word that nobody is there, unless -w says otherwise, and how often it
/// asks in that time.
const SCAN_TIME: Duration = Duration::from_secs(1);
const PROBES: u32 = 4;

/// nc over UDP.
pub(super) struct Udp {
    plan: Plan,
    standard: StandardStreams,
    socket: Option<SocketId>,
    /// Whether it knows whom to send to.
    has_peer: bool,
    /// Read from standard input and not sent yet.
    outgoing: Vec<u8>,
    /// Received and not written yet.
    incoming: Vec<u8>,
    input_is_over: bool,
    /// When something happened last, by which -w goes.
    last_progress: Instant,
    /// How many probes of -z were sent.
    probes: u32,
    /// Whether it could go on at once.
    has_more: bool,
    outcome: Option<Result<ExitCode, Failure>>,
}

impl Udp {
    pub(super) const fn new(plan: Plan, standard: StandardStreams) -> Self {
        Self {
            plan,
            standard,
            socket: None,
            has_peer: false,
            outgoing: Vec::new(),
            incoming: Vec::new(),
            input_is_over: false,
            last_progress: Instant::START,
            probes: 0,
            has_more: false,
            outcome: None,
        }
    }

    fn open(&mut self, now: Instant, stack: &mut Stack) -> Result<SocketId, Error> {
        let mut sockets = stack.udp(now);
        let id = sockets.open()?;
        match self.plan.role {
            Role::Listen { .. } => {
                sockets.bind(id, self.plan.end)?;
                self.plan.tell(format_args!("listening at {}", self.plan.place()));
            }
            Role::Connect | Role::Scan => {
                if let Some(port) = self.plan.source_port {
                    sockets.bind(id, (Ipv4Addr::UNSPECIFIED, port.get()).into())?;
                }
                sockets.connect(id, self.plan.end)?;
                self.has_peer = true;
            }
        }
        self.last_progress = now;
        self.socket = Some(id);
        Ok(id)
    }

    /// What can be done now.
    fn work(&mut self, now: Instant, stack: &mut Stack) -> Result<(), Stopped> {
        let id = match self.socket {
            Some(id) => id,
            None => self.open(now, stack)?,
        };
        if self.plan.role == Role::Scan {
            return self.probe(now, stack, id);
        }
        for _ in 0..DATAGRAMS_PER_TURN {
            let has_sent = self.send_one(now, stack, id)?;
            let has_received = self.receive_one(now, stack, id)?;
            if !has_sent && !has_received {
                return Ok(());
            }
            self.last_progress = now;
        }
        self.has_more = true;
        Ok(())
    }

    /// Sends a datagram, if standard input has something for one. Whether it did.
    fn send_one(&mut self, now: Instant, stack: &mut Stack, id: SocketId) -> Result<bool, Stopped> {
        if !self.has_peer || (self.outgoing.is_empty() && !self.read()?) {
            return Ok(false);
        }
        match stack.udp(now).send(id, &Message::to_peer(&self.outgoing)) {
            Err(Error::WouldBlock | Error::NoBufferSpace) => Ok(false),
            sent => {
                self.outgoing.clear();
                Ok(sent.map(|()| true)?)
            }
        }
    }

    /// Reads a piece of standard input. Whether there was one.
    fn read(&mut self) -> Result<bool, Stopped> {
        if self.input_is_over {
            return Ok(false);
        }
        self.outgoing.resize(MOST_IN_A_DATAGRAM, 0);
        let read = self.standard.read(&mut self.outgoing);
        self.outgoing.truncate(*read.as_ref().unwrap_or(&0));
        match read {
            Ok(count) => {
                self.input_is_over = count == 0;
                Ok(count > 0)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(Failure::new(format_args!("standard input: {error}")).into()),
        }
    }

    /// Writes what came; whether that was anything.
    fn receive_one(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        id: SocketId,
    ) -> Result<bool, Stopped> {
        if !self.write()? {
            return Ok(false);
        }
        match stack.udp(now).receive(id) {
            Ok(datagram) => {
                self.meet(now, stack, id, datagram.metadata.source)?;
                self.incoming = datagram.payload;
                self.write()?;
                Ok(true)
            }
            Err(Error::WouldBlock) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Whoever sends first to a listener is its peer from then on, unless everybody is heard.
    fn meet(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        id: SocketId,
        peer: SocketAddr,
    ) -> Result<(), Stopped> {
        if !self.has_peer && self.plan.role == (Role::Listen { keep: false }) {
            stack.udp(now).connect(id, peer)?;
            self.has_peer = true;
            self.plan.tell(format_args!("datagrams from {}", place(peer)));
        }
        Ok(())
    }

    /// Writes what was received to standard output. Whether it took all.
    fn write(&mut self) -> Result<bool, Stopped> {
        while !self.incoming.is_empty() {
            match self.standard.write(&self.incoming) {
                Ok(count) => drop(self.incoming.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                    return Err(Stopped(Ok(BROKEN_PIPE.into())));
                }
                Err(error) => {
                    return Err(Failure::new(format_args!("standard output: {error}")).into());
                }
            }
        }
        Ok(true)
    }

    /// -z: asks a few times; whoever says nothing against it is there.
    fn probe(&mut self, now: Instant, stack: &mut Stack, id: SocketId) -> Result<(), Stopped> {
        if let Err(error) = stack.udp(now).receive(id)
            && error != Error::WouldBlock
        {
            return Err(error.into());
        }
        if self.next_deadline().is_some_and(|deadline| now < deadline) {
            return Ok(());
        }
        if self.probes == PROBES {
            let place = self.plan.place();
            self.plan.tell(format_args!("nobody said that {place} is closed"));
            return Err(Stopped(Ok(ExitCode::SUCCESS)));
        }
        self.probes += 1;
        self.last_progress = now;
        Ok(stack.udp(now).send(id, &Message::to_peer(b"X"))?)
    }
}

/// Why it is over.
struct Stopped(Result<ExitCode, StoppedBy>);

enum StoppedBy {
    Socket(Error),
    Failure(Failure),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self(Err(StoppedBy::Socket(error)))
    }
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self(Err(StoppedBy::Failure(failure)))
    }
}

impl Client for Udp {
    fn turn(&mut self, now: Instant, stack: &mut Stack) {
        self.has_more = false;
        let worked = self.work(now, stack);
        let is_late = self.next_deadline().is_some_and(|deadline| deadline <= now);
        self.outcome = match worked {
            Ok(()) if is_late && !self.has_more && self.plan.role != Role::Scan => {
                Some(Ok(ExitCode::SUCCESS))
            }
            Ok(()) => None,
            Err(Stopped(Ok(status))) => Some(Ok(status)),
            Err(Stopped(Err(StoppedBy::Failure(failure)))) => Some(Err(failure)),
            Err(Stopped(Err(StoppedBy::Socket(error)))) => {
                Some(Err(Failure::new(format_args!("{}: {error}", self.plan.place()))))
            }
        };
    }

    fn next_deadline(&self) -> Option<Instant> {
        if self.has_more {
            return Some(Instant::START);
        }
        let pause = match self.plan.role {
            Role::Scan if self.probes == 0 => Some(Duration::ZERO),
            Role::Scan => Some(self.plan.wait.unwrap_or(SCAN_TIME) / PROBES),
            Role::Connect => self.plan.wait,
            // Nobody has come yet; or everybody may.
            Role::Listen { keep } if keep || !self.has_peer => None,
            Role::Listen { .. } => self.plan.wait,
        };
        pause.map(|pause| self.last_progress + pause)
    }

    fn is_over(&self) -> bool {
        self.outcome.is_some()
    }

    fn leave(&mut self, _now: Instant, _stack: &mut Stack) {}

    fn outcome(self) -> Result<ExitCode, Failure> {
        self.outcome.unwrap_or(Ok(ExitCode::SUCCESS))
    }
}
