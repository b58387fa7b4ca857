//! nc over TCP: connect or accept, carry, and see to it that all has arrived.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use ::tcp::{ConnectionOptions, Error, SocketId, State};
use apps::{BoundStream, Relay, RelayError, RelayOptions, RelayProgress};
use packet::Instant;
use stack::Stack;

use super::{Plan, Role, place};
use crate::client::{BROKEN_PIPE, Client};
use crate::failure::Failure;
use crate::standard::StandardStreams;

/// How many may wait while one is served, with -k.
const BACKLOG: usize = 16;

/// nc over TCP.
pub(super) struct Tcp {
    plan: Plan,
    standard: StandardStreams,
    listener: Option<SocketId>,
    phase: Phase,
    /// When something happened last, by which -w goes.
    last_progress: Instant,
    /// Whether the relay could go on at once.
    has_more: bool,
    outcome: Result<ExitCode, Failure>,
}

/// Where it stands.
enum Phase {
    /// Nothing was done yet.
    Beginning,
    /// A SYN was sent.
    Connecting(SocketId),
    /// Somebody is waited for.
    Listening(SocketId),
    /// Bytes are carried.
    Talking(SocketId, Box<Relay>),
    /// All was given to the connection, whose end is waited for: what the peer has not
    /// acknowledged is only here.
    Leaving(SocketId),
    Over,
}

impl Tcp {
    pub(super) fn new(plan: Plan, standard: StandardStreams) -> Self {
        Self {
            plan,
            standard,
            listener: None,
            phase: Phase::Beginning,
            last_progress: Instant::START,
            has_more: false,
            outcome: Ok(ExitCode::SUCCESS),
        }
    }

    /// One step on; whether it led to another phase.
    fn step(&mut self, now: Instant, stack: &mut Stack) -> bool {
        match self.phase {
            Phase::Beginning => self.begin(now, stack),
            Phase::Connecting(id) => self.wait_for_peer(now, stack, id),
            Phase::Listening(listener) => self.accept(now, stack, listener),
            Phase::Talking(id, _) => self.talk(now, stack, id),
            Phase::Leaving(id) => self.wait_for_end(now, stack, id),
            Phase::Over => false,
        }
    }

    fn begin(&mut self, now: Instant, stack: &mut Stack) -> bool {
        self.last_progress = now;
        let opened = match self.plan.role {
            Role::Listen { keep } => self.listen(now, stack, keep),
            Role::Connect | Role::Scan => self.connect(now, stack),
        };
        match opened {
            Ok(phase) => self.phase = phase,
            Err(error) => self.fail(format_args!("{}: {error}", self.plan.place())),
        }
        true
    }

    fn connect(&self, now: Instant, stack: &mut Stack) -> Result<Phase, Error> {
        let port = self.plan.source_port;
        let local = port.map(|port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port.get())));
        let options = ConnectionOptions::default();
        stack.tcp(now).connect(local, self.plan.end, options).map(Phase::Connecting)
    }

    fn listen(&mut self, now: Instant, stack: &mut Stack, keep: bool) -> Result<Phase, Error> {
        let backlog = if keep { BACKLOG } else { 1 };
        let options = ConnectionOptions::default();
        let listener = stack.tcp(now).listen(self.plan.end, backlog, options)?;
        self.listener = Some(listener);
        self.plan.tell(format_args!("listening at {}", self.plan.place()));
        Ok(Phase::Listening(listener))
    }

    fn wait_for_peer(&mut self, now: Instant, stack: &mut Stack, id: SocketId) -> bool {
        let mut sockets = stack.tcp(now);
        match sockets.state(id) {
            Ok(State::SynSent | State::SynReceived) => return self.time_is_over(now, stack, id),
            Ok(State::Closed) | Err(_) => {
                let error = sockets.take_error(id).ok().flatten();
                let error = error.unwrap_or(Error::ConnectionAborted);
                self.fail(format_args!("no connection to {}: {error}", self.plan.place()));
            }
            Ok(_) => {
                self.plan.tell(format_args!("connected to {}", self.plan.place()));
                self.last_progress = now;
                match self.plan.role {
                    Role::Scan => self.let_go(now, stack, id),
                    Role::Connect | Role::Listen { .. } => self.begin_to_talk(id),
                }
            }
        }
        true
    }

    fn accept(&mut self, now: Instant, stack: &mut Stack, listener: SocketId) -> bool {
        let mut sockets = stack.tcp(now);
        let Ok(id) = sockets.accept(listener) else { return false };
        if self.plan.role == (Role::Listen { keep: false }) {
            // One is enough: the next is refused.
            let _ = sockets.close(now, listener);
        }
        if let Ok(ends) = sockets.ends(id) {
            self.plan.tell(format_args!("connection from {}", place(ends.remote)));
        }
        self.last_progress = now;
        self.begin_to_talk(id);
        true
    }

    fn begin_to_talk(&mut self, id: SocketId) {
        let relay = Relay::new(RelayOptions {
            half_close: self.plan.half_close,
            end_with_peer: matches!(self.plan.role, Role::Listen { .. }),
        });
        self.phase = Phase::Talking(id, Box::new(relay));
    }

    fn talk(&mut self, now: Instant, stack: &mut Stack, id: SocketId) -> bool {
        let Phase::Talking(_, relay) = &mut self.phase else { return false };
        let before = (relay.sent(), relay.received());
        let progress = relay.step(&mut self.standard, &mut BoundStream::new(stack, now, id));
        if (relay.sent(), relay.received()) != before {
            self.last_progress = now;
        }
        match progress {
            Ok(RelayProgress::Waits) => return self.time_is_over(now, stack, id),
            Ok(RelayProgress::HasMore) => {
                self.has_more = true;
                return false;
            }
            Ok(RelayProgress::Done) => self.let_go(now, stack, id),
            Err(error) => self.break_off(now, stack, id, &error),
        }
        true
    }

    /// With -w, ends what has been silent for too long: a connection in peace, an attempt as a
    /// failure.
    fn time_is_over(&mut self, now: Instant, stack: &mut Stack, id: SocketId) -> bool {
        if self.next_deadline().is_none_or(|deadline| now < deadline) {
            return false;
        }
        if matches!(self.phase, Phase::Connecting(_)) {
            let _ = stack.tcp(now).abort(now, id);
            self.fail(format_args!("no connection to {}: no answer", self.plan.place()));
        } else {
            self.plan.tell(format_args!("nothing was carried for so long that it ends"));
            self.let_go(now, stack, id);
        }
        true
    }

    fn let_go(&mut self, now: Instant, stack: &mut Stack, id: SocketId) {
        let _ = stack.tcp(now).close(now, id);
        self.phase = Phase::Leaving(id);
    }

    /// The relay cannot go on.
    fn break_off(&mut self, now: Instant, stack: &mut Stack, id: SocketId, error: &RelayError) {
        let _ = stack.tcp(now).abort(now, id);
        let _ = stack.tcp(now).close(now, id);
        match error {
            RelayError::Connection(error) => {
                self.fail(format_args!("the connection broke: {error}"));
            }
            RelayError::Write(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.outcome = Ok(BROKEN_PIPE.into());
                self.phase = Phase::Over;
            }
            RelayError::Read(error) => self.fail(format_args!("standard input: {error}")),
            RelayError::Write(error) => self.fail(format_args!("standard output: {error}")),
        }
    }

    /// Whether the peer has all that was sent, and our word that no more comes.
    fn wait_for_end(&mut self, now: Instant, stack: &mut Stack, id: SocketId) -> bool {
        let state = stack.tcp(now).state(id).unwrap_or(State::Closed);
        if !matches!(state, State::FinWait2 | State::TimeWait | State::Closed) {
            return false;
        }
        self.phase = match (self.plan.role, self.listener) {
            (Role::Listen { keep: true }, Some(listener)) => Phase::Listening(listener),
            _ => Phase::Over,
        };
        true
    }

    fn fail(&mut self, cause: std::fmt::Arguments<'_>) {
        let failure = Failure::new(cause);
        self.phase = match (self.plan.role, self.listener) {
            // One that broke is no reason not to wait for the next.
            (Role::Listen { keep: true }, Some(listener)) => {
                failure.print();
                Phase::Listening(listener)
            }
            _ => {
                self.outcome = Err(failure);
                Phase::Over
            }
        };
    }
}

impl Client for Tcp {
    fn turn(&mut self, now: Instant, stack: &mut Stack) {
        self.has_more = false;
        while self.step(now, stack) {}
    }

    fn next_deadline(&self) -> Option<Instant> {
        if self.has_more {
            return Some(Instant::START);
        }
        match self.phase {
            Phase::Connecting(_) | Phase::Talking(..) => {
                self.plan.wait.map(|wait| self.last_progress + wait)
            }
            _ => None,
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    fn leave(&mut self, now: Instant, stack: &mut Stack) {
        if let Phase::Connecting(id) | Phase::Talking(id, _) | Phase::Leaving(id) = self.phase {
            let _ = stack.tcp(now).abort(now, id);
        }
    }

    fn outcome(self) -> Result<ExitCode, Failure> {
        self.outcome
    }
}
