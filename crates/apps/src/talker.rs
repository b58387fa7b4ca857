//! A program that has one TCP connection: it sends what it was told to, reads what comes, closes.
//! With it a simulation has something to show, or to judge: it knows what must come.

use std::net::SocketAddr;
use std::time::Duration;

use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};
use stack::Stack;
use tcp::{ConnectionOptions, Error, SocketId, State};

/// What a talker does, and when.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How its connection comes about.
    pub opens: Opens,
    /// What the connection is like.
    pub options: ConnectionOptions,
    /// How many bytes it sends.
    pub sends: u64,
    /// How many of them it gives to the connection at once.
    pub piece: u64,
    /// From one piece to the next.
    pub every: Duration,
    /// How long it reads nothing, from the start on.
    pub sleeps: Duration,
    /// When it closes.
    pub closes: Closes,
}

/// How the connection comes about.
#[derive(Clone, Copy, Debug)]
pub enum Opens {
    /// It asks for it, from one end to the other.
    Asking {
        /// Its own end; port 0 for any.
        from: SocketAddr,
        /// The other end.
        to: SocketAddr,
    },
    /// It waits for somebody who asks.
    Listening {
        /// Where.
        at: SocketAddr,
    },
}

/// When it says that it sends no more. It always waits until all is given to the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closes {
    /// At once.
    AfterSending,
    /// When the peer has said so.
    AfterPeer,
    /// At this time.
    At(Instant),
    /// At this time, by ABORT: it has no interest in what is still to come.
    AbortingAt(Instant),
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Talk {
    /// Bytes given to the connection.
    pub given: u64,
    /// Bytes that came and are what the other side sent.
    pub taken: u64,
    /// When the last of all that came was read.
    pub last_taken: Option<Instant>,
    /// Bytes that came and are not.
    pub wrong: u64,
    /// What ended the connection, if it did not end in peace.
    pub failure: Option<Error>,
}

/// The stack with the program on it.
pub struct Talker {
    stack: Stack,
    plan: Plan,
    talk: Talk,
    listener: Option<SocketId>,
    socket: Option<SocketId>,
    has_begun: bool,
    has_closed: bool,
    /// When the next piece may be given.
    next_piece: Instant,
    /// When it has something to do by itself.
    wake_at: Option<Instant>,
}

impl Talker {
    /// A talker that begins at once.
    #[must_use]
    pub fn new(stack: Stack, plan: Plan) -> Self {
        Self {
            stack,
            plan,
            talk: Talk::default(),
            listener: None,
            socket: None,
            has_begun: false,
            has_closed: false,
            next_piece: Instant::START,
            wake_at: Some(Instant::START),
        }
    }

    /// What came of it so far.
    #[must_use]
    pub const fn talk(&self) -> &Talk {
        &self.talk
    }

    /// The stack below.
    pub const fn stack_mut(&mut self) -> &mut Stack {
        &mut self.stack
    }

    /// Does what can be done now.
    fn step(&mut self, now: Instant) {
        if let Err(error) = self.try_step(now) {
            self.talk.failure = Some(error);
            self.let_go(now);
        }
        let moments = [self.next_piece, self.awake_at(), self.closing_at()];
        self.wake_at = moments.into_iter().filter(|&moment| moment > now).min();
    }

    fn try_step(&mut self, now: Instant) -> Result<(), Error> {
        if !self.has_begun {
            self.has_begun = true;
            self.open(now)?;
        }
        if let (Some(listener), None) = (self.listener, self.socket) {
            self.socket = self.stack.tcp(now).accept(listener).ok();
        }
        let Some(socket) = self.socket else { return Ok(()) };
        let state = self.stack.tcp(now).state(socket)?;
        if matches!(state, State::SynSent | State::SynReceived) {
            return Ok(());
        }
        self.give(now, socket)?;
        let is_at_end = now >= self.awake_at() && self.take(now, socket)?;
        self.close_if_it_is_time(now, socket, is_at_end)
    }

    fn open(&mut self, now: Instant) -> Result<(), Error> {
        let options = self.plan.options.clone();
        let mut sockets = self.stack.tcp(now);
        match self.plan.opens {
            Opens::Asking { from, to } => {
                self.socket = Some(sockets.connect(Some(from), to, options)?);
            }
            Opens::Listening { at } => self.listener = Some(sockets.listen(at, 1, options)?),
        }
        Ok(())
    }

    /// Gives the connection as much as it is time for and as finds room.
    fn give(&mut self, now: Instant, socket: SocketId) -> Result<(), Error> {
        while self.talk.given < self.plan.sends && now >= self.next_piece {
            let end = self.plan.sends.min(self.talk.given.saturating_add(self.plan.piece));
            let data: Vec<u8> = (self.talk.given..end).map(byte_at).collect();
            match self.stack.tcp(now).send(now, socket, &data) {
                Ok(count) => self.talk.given += count as u64,
                Err(Error::WouldBlock) => break,
                Err(error) => return Err(error),
            }
            if !self.plan.every.is_zero() {
                self.next_piece = now + self.plan.every;
            }
        }
        Ok(())
    }

    /// Reads what has come. Whether that was the end.
    fn take(&mut self, now: Instant, socket: SocketId) -> Result<bool, Error> {
        let mut buffer = [0; 4096];
        loop {
            let count = match self.stack.tcp(now).receive(now, socket, &mut buffer) {
                Ok(0) => return Ok(true),
                Ok(count) => count,
                Err(Error::WouldBlock) => return Ok(false),
                Err(error) => return Err(error),
            };
            self.talk.last_taken = Some(now);
            for &byte in buffer.iter().take(count) {
                let is_right = byte == byte_at(self.talk.taken + self.talk.wrong);
                let counted = if is_right { &mut self.talk.taken } else { &mut self.talk.wrong };
                *counted += 1;
            }
        }
    }

    fn close_if_it_is_time(
        &mut self,
        now: Instant,
        socket: SocketId,
        is_at_end: bool,
    ) -> Result<(), Error> {
        let is_time = match self.plan.closes {
            Closes::AfterSending => true,
            Closes::AfterPeer => is_at_end,
            Closes::At(at) | Closes::AbortingAt(at) => now >= at,
        };
        if !self.has_closed && is_time && self.talk.given == self.plan.sends {
            self.has_closed = true;
            if let Closes::AbortingAt(_) = self.plan.closes {
                self.stack.tcp(now).abort(now, socket)?;
                self.let_go(now);
                return Ok(());
            }
            self.stack.tcp(now).shutdown(now, socket)?;
        }
        if self.has_closed && is_at_end {
            self.let_go(now);
        }
        Ok(())
    }

    fn let_go(&mut self, now: Instant) {
        for socket in [self.socket.take(), self.listener.take()].into_iter().flatten() {
            // What is left of it goes on by itself.
            let _ = self.stack.tcp(now).close(now, socket);
        }
    }

    fn awake_at(&self) -> Instant {
        Instant::START + self.plan.sleeps
    }

    const fn closing_at(&self) -> Instant {
        match self.plan.closes {
            Closes::At(at) | Closes::AbortingAt(at) => at,
            Closes::AfterSending | Closes::AfterPeer => Instant::START,
        }
    }
}

/// What every talker sends: its bytes count up to 250 and begin again, so that none is mistaken
/// for one that belongs 256 or 1024 bytes further on.
fn byte_at(position: u64) -> u8 {
    u8::try_from(position % 251).unwrap_or(0)
}

impl Host for Talker {
    fn receive(&mut self, now: Instant, interface: InterfaceId, frame: Received<'_>) {
        self.stack.receive(now, interface, frame);
        self.step(now);
    }

    fn transmit(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        self.stack.transmit(now, interface, buffer)
    }

    fn next_deadline(&self) -> Option<Instant> {
        [self.stack.next_deadline(), self.wake_at].into_iter().flatten().min()
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.stack.handle_timeout(now);
        self.step(now);
    }
}
