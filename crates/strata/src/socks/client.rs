//! One program that uses the proxy: from its first byte to the last.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, SocketAddrV4, TcpStream};
use std::time::Duration;

use apps::socks::{Destination, Negotiation, Next, Reply, Stranger};
use apps::{BoundStream, NearEnd, Relay, RelayError, RelayOptions, RelayProgress};
use event_loop::Descriptor;
use packet::Instant;
use stack::Stack;
use tcp::{ConnectionOptions, Error, SocketId, State};

/// How long a program has to say what it wants, and how long a connection may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A program that uses the proxy.
pub(super) struct Client {
    near: Near,
    pub(super) from: SocketAddr,
    phase: Phase,
    /// When it is given up unless it carries by then.
    ends: Instant,
}

enum Phase {
    /// It says what it wants.
    Asking(Negotiation),
    /// The name is looked up.
    LookingUp { data: Vec<u8> },
    /// A SYN was sent.
    Connecting { id: SocketId, data: Vec<u8> },
    /// Bytes are carried.
    Carrying { id: SocketId, relay: Box<Relay> },
    /// What is still to be said is said, and then it is over.
    Leaving,
}

/// What a step came to.
pub(super) enum Progress {
    Waits,
    /// It may go on at once.
    HasMore,
    /// A name is to be looked up.
    LookUp(String, u16),
    /// It is connected.
    Connected,
    /// It was not connected.
    Declined(Reply),
    /// It is no client.
    Stranger(Stranger),
    /// It is over.
    Over,
}

impl Client {
    pub(super) fn new(now: Instant, stream: Descriptor<TcpStream>, from: SocketAddr) -> Self {
        let near = Near { stream, early: Vec::new(), unsaid: Vec::new() };
        Self { near, from, phase: Phase::Asking(Negotiation::new()), ends: now + PATIENCE }
    }

    /// When it is to be given up, if that is to be.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Carrying { .. } => None,
            _ => Some(self.ends),
        }
    }

    /// Does what can be done at `now`.
    pub(super) fn step(&mut self, now: Instant, stack: &mut Stack) -> Progress {
        if self.near.say().is_err() || self.deadline().is_some_and(|deadline| deadline <= now) {
            return self.give_up(now, stack);
        }
        match &mut self.phase {
            Phase::Asking(_) => self.listen_to_it(now, stack),
            Phase::LookingUp { .. } => self.wait(now, stack),
            Phase::Connecting { .. } => self.wait_for_peer(now, stack),
            Phase::Carrying { .. } => self.carry(now, stack),
            Phase::Leaving if self.near.unsaid.is_empty() => Progress::Over,
            Phase::Leaving => Progress::Waits,
        }
    }

    /// The name that it asked for was looked up.
    pub(super) fn found(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        address: Option<SocketAddrV4>,
    ) -> Progress {
        let Phase::LookingUp { data } = &mut self.phase else { return Progress::Waits };
        let data = std::mem::take(data);
        match address {
            Some(address) => self.connect(now, stack, address, data),
            None => self.decline(Reply::HostUnreachable),
        }
    }

    fn listen_to_it(&mut self, now: Instant, stack: &mut Stack) -> Progress {
        let mut piece = [0; 512];
        loop {
            let Phase::Asking(negotiation) = &mut self.phase else { return Progress::Waits };
            match negotiation.next_step() {
                Next::Wait => match self.near.stream.read(&mut piece) {
                    Ok(0) => return Progress::Over,
                    Ok(count) => negotiation.take(piece.get(..count).unwrap_or_default()),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Progress::Waits,
                    Err(_) => return Progress::Over,
                },
                Next::Say(message) => self.near.unsaid.extend_from_slice(&message),
                Next::Connect(destination, data) => match destination {
                    Destination::Address(address) => {
                        return self.connect(now, stack, address, data);
                    }
                    Destination::Name(name, port) => {
                        self.phase = Phase::LookingUp { data };
                        return Progress::LookUp(name, port);
                    }
                },
                Next::Decline(reply) => return self.decline(reply),
                Next::Drop(stranger, message) => {
                    self.near.unsaid.extend(message.into_iter().flatten());
                    self.phase = Phase::Leaving;
                    return Progress::Stranger(stranger);
                }
            }
            if self.near.say().is_err() {
                return Progress::Over;
            }
        }
    }

    fn connect(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        address: SocketAddrV4,
        data: Vec<u8>,
    ) -> Progress {
        let options = ConnectionOptions { no_delay: true, ..ConnectionOptions::default() };
        match stack.tcp(now).connect(None, address.into(), options) {
            Ok(id) => {
                self.phase = Phase::Connecting { id, data };
                Progress::Waits
            }
            Err(error) => self.decline(Reply::of_error(error)),
        }
    }

    fn wait_for_peer(&mut self, now: Instant, stack: &mut Stack) -> Progress {
        let Phase::Connecting { id, data } = &mut self.phase else { return Progress::Waits };
        let id = *id;
        let mut sockets = stack.tcp(now);
        match sockets.state(id) {
            Ok(State::SynSent | State::SynReceived) => self.wait(now, stack),
            Ok(State::Closed) | Err(_) => {
                let error = sockets.take_error(id).ok().flatten();
                let _ = sockets.close(now, id);
                self.decline(Reply::of_error(error.unwrap_or(Error::ConnectionAborted)))
            }
            Ok(_) => {
                self.near.early = std::mem::take(data);
                let message = match sockets.local_address(id) {
                    Ok(SocketAddr::V4(local)) => Reply::Succeeded.message(local),
                    _ => Reply::Succeeded.message_of_failure(),
                };
                self.near.unsaid.extend_from_slice(&message);
                let options = RelayOptions { half_close: true, end_with_peer: false };
                self.phase = Phase::Carrying { id, relay: Box::new(Relay::new(options)) };
                Progress::Connected
            }
        }
    }

    fn carry(&mut self, now: Instant, stack: &mut Stack) -> Progress {
        let Phase::Carrying { id, relay } = &mut self.phase else { return Progress::Waits };
        if !self.near.unsaid.is_empty() {
            return Progress::Waits;
        }
        let mut socket = BoundStream::new(stack, now, *id);
        match relay.step(&mut self.near, &mut socket) {
            Ok(RelayProgress::Waits) => Progress::Waits,
            Ok(RelayProgress::HasMore) => Progress::HasMore,
            Ok(RelayProgress::Done) | Err(RelayError::Connection(_)) => {
                let _ = stack.tcp(now).close(now, *id);
                Progress::Over
            }
            // The program is gone: the peer is to know.
            Err(RelayError::Read(_) | RelayError::Write(_)) => self.give_up(now, stack),
        }
    }

    /// Nothing to do but to see whether the program is still there.
    fn wait(&mut self, now: Instant, stack: &mut Stack) -> Progress {
        if self.near.stream.is_hung_up() { self.give_up(now, stack) } else { Progress::Waits }
    }

    fn decline(&mut self, reply: Reply) -> Progress {
        self.near.unsaid.extend_from_slice(&reply.message_of_failure());
        self.phase = Phase::Leaving;
        Progress::Declined(reply)
    }

    fn give_up(&mut self, now: Instant, stack: &mut Stack) -> Progress {
        if let Phase::Connecting { id, .. } | Phase::Carrying { id, .. } = self.phase {
            let _ = stack.tcp(now).abort(now, id);
            let _ = stack.tcp(now).close(now, id);
        }
        Progress::Over
    }
}

/// The program's connection.
struct Near {
    stream: Descriptor<TcpStream>,
    /// What it sent before there was anybody to send it to.
    early: Vec<u8>,
    /// What we have still to say to it.
    unsaid: Vec<u8>,
}

impl Near {
    /// Says what is still to be said, as far as it takes it.
    fn say(&mut self) -> io::Result<()> {
        while !self.unsaid.is_empty() {
            match self.stream.write(&self.unsaid) {
                Ok(count) => drop(self.unsaid.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl NearEnd for Near {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.early.is_empty() {
            return self.stream.read(into);
        }
        let count = self.early.len().min(into.len());
        into.iter_mut().zip(self.early.drain(..count)).for_each(|(to, from)| *to = from);
        Ok(count)
    }

    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.stream.write(data)
    }

    fn finish(&mut self) -> io::Result<()> {
        match self.stream.inner().shutdown(Shutdown::Write) {
            // It has gone meanwhile; then it has its end.
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }
}
