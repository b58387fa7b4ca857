//! The stack with iperf3's server on it.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};

use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};
use stack::Stack;
use tcp::{ConnectionOptions, SocketId};
use udp::Message;

use crate::CannotOffer;

use super::newcomers::{MAX_NEWCOMERS, Newcomers, Said};
use super::parameters::Refused;
use super::protocol::{Cookie, State};
use super::results::CpuTime;
use super::run::{Memory, Outcome, Progress, Run, answer_to};
use super::streams::Carrier;

/// How many connections wait to be accepted, and to say their cookie.
const BACKLOG: usize = MAX_NEWCOMERS;

/// Most that waits to be told.
const MAX_EVENTS: usize = 64;

/// The stack with iperf3's server on it. It is a [`Host`] as the stack is.
pub struct Iperf3Host {
    stack: Stack,
    listener: SocketId,
    /// All streams by UDP come here; they are told apart by the client's port.
    udp: udp::SocketId,
    newcomers: Newcomers,
    run: Option<Run>,
    events: VecDeque<TestEvent>,
    /// How long the processor has worked for this process.
    cpu: Box<dyn Fn() -> CpuTime>,
    memory: Memory,
    /// Whether the test may go on at once.
    is_due: bool,
}

/// What a person is to know.
#[derive(Clone, Debug, PartialEq)]
pub enum TestEvent {
    /// A client asked for a test.
    Began {
        /// Whose it is.
        from: SocketAddr,
    },
    /// A test is done.
    Ended {
        /// Whose it was.
        from: SocketAddr,
        /// What came out.
        outcome: Box<Outcome>,
    },
    /// A test is not made.
    Refused {
        /// Whose it was to be.
        from: SocketAddr,
        /// Why.
        refused: Refused,
    },
    /// A test broke off.
    Broken {
        /// Whose it was.
        from: SocketAddr,
        /// Why.
        why: &'static str,
    },
    /// A second client was sent away.
    Busy {
        /// Which.
        from: SocketAddr,
    },
    /// Something else than a client of iperf3's was dropped.
    Stranger {
        /// Which.
        from: SocketAddr,
    },
}

impl Iperf3Host {
    /// Offers it on all addresses of `stack`. `cpu` tells how long the processor has worked for
    /// this process so far.
    ///
    /// # Errors
    /// [`CannotOffer`] if the port is 0.
    pub fn new(
        mut stack: Stack,
        port: u16,
        cpu: Box<dyn Fn() -> CpuTime>,
    ) -> Result<Self, CannotOffer> {
        let local = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        let options = ConnectionOptions { no_delay: true, ..ConnectionOptions::default() };
        let listener = stack.tcp(Instant::START).listen(local, BACKLOG, options)?;
        let mut sockets = stack.udp(Instant::START);
        let udp = sockets.open()?;
        sockets.bind(udp, local)?;
        Ok(Self {
            stack,
            listener,
            udp,
            newcomers: Newcomers::default(),
            run: None,
            events: VecDeque::new(),
            cpu,
            memory: Memory::new(),
            is_due: false,
        })
    }

    /// The stack below.
    #[must_use]
    pub const fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The next thing that a person is to know.
    pub fn next_event(&mut self) -> Option<TestEvent> {
        self.events.pop_front()
    }

    fn tell(&mut self, event: TestEvent) {
        if self.events.len() < MAX_EVENTS {
            self.events.push_back(event);
        }
    }

    /// Does what can be done at `now`.
    fn serve(&mut self, now: Instant) {
        self.look_at_connections(now);
        self.look_at_datagrams(now);
        if std::mem::take(&mut self.is_due) {
            self.go_on(now);
        }
    }

    fn look_at_connections(&mut self, now: Instant) {
        while let Some(event) = self.stack.tcp(now).poll_event() {
            let id = event.socket;
            if id == self.listener {
                self.accept(now);
            } else if self.run.as_ref().is_some_and(|run| run.has(id)) {
                self.is_due = true;
            } else if let Some((from, said)) = self.newcomers.read(now, &mut self.stack, id) {
                self.sort_in(now, id, from, said);
            }
        }
    }

    fn accept(&mut self, now: Instant) {
        while let Ok(id) = self.stack.tcp(now).accept(self.listener) {
            let Ok(ends) = self.stack.tcp(now).ends(id) else { continue };
            if let Some(oldest) = self.newcomers.add(now, id, ends.remote) {
                let _ = self.stack.tcp(now).abort(now, oldest);
                let _ = self.stack.tcp(now).close(now, oldest);
            }
        }
    }

    /// A newcomer has said to which test it belongs.
    fn sort_in(&mut self, now: Instant, id: SocketId, from: SocketAddr, said: Said) {
        match said {
            Said::Cookie(cookie) => self.admit(now, id, from, cookie),
            Said::Garbage | Said::Left => {
                let _ = self.stack.tcp(now).close(now, id);
                if said == Said::Garbage {
                    self.tell(TestEvent::Stranger { from });
                }
            }
        }
    }

    fn admit(&mut self, now: Instant, id: SocketId, from: SocketAddr, cookie: Cookie) {
        match &mut self.run {
            None => {
                self.run = Some(Run::new(now, id, from, cookie));
                self.tell(TestEvent::Began { from });
            }
            Some(run) if run.expects(&cookie) => {
                let cpu = (self.cpu)();
                run.add_stream(now, &mut self.stack, Carrier::Tcp(id), cpu);
            }
            Some(_) => {
                let _ = self.stack.tcp(now).send(now, id, &[State::AccessDenied.byte()]);
                let _ = self.stack.tcp(now).close(now, id);
                self.tell(TestEvent::Busy { from });
            }
        }
        self.is_due = true;
    }

    fn look_at_datagrams(&mut self, now: Instant) {
        let mut has_come = false;
        while self.stack.udp(now).poll_event().is_some() {
            has_come = true;
        }
        if !has_come {
            return;
        }
        self.is_due = true;
        loop {
            match self.stack.udp(now).receive(self.udp) {
                Ok(incoming) => self.take_datagram(now, &incoming),
                Err(udp::Error::WouldBlock | udp::Error::BadSocket) => return,
                // What became of datagrams sent earlier.
                Err(_) => {}
            }
        }
    }

    fn take_datagram(&mut self, now: Instant, incoming: &udp::Incoming) {
        let remote = incoming.metadata.source;
        let Some(run) = &mut self.run else { return };
        if run.note(now, remote, &incoming.payload) || !run.expects_datagram(remote) {
            return;
        }
        let Some(answer) = answer_to(&incoming.payload) else { return };
        let local = incoming.metadata.destination;
        let message = Message::to(remote, &answer).with_source(local);
        if self.stack.udp(now).send(self.udp, &message).is_ok() {
            let carrier = Carrier::Udp { remote, local };
            run.add_stream(now, &mut self.stack, carrier, (self.cpu)());
        }
    }

    /// Goes on with the test.
    fn go_on(&mut self, now: Instant) {
        let Some(mut run) = self.run.take() else { return };
        self.is_due = run.carry(now, &mut self.stack, self.udp, &mut self.memory);
        let progress = run.step(now, &mut self.stack, (self.cpu)());
        let from = run.control.from;
        let event = match progress {
            Progress::Goes => {
                self.run = Some(run);
                return;
            }
            Progress::Done(outcome) => TestEvent::Ended { from, outcome: Box::new(outcome) },
            Progress::Refused(refused) => TestEvent::Refused { from, refused },
            Progress::Broken(why) => TestEvent::Broken { from, why },
        };
        run.close(now, &mut self.stack);
        self.tell(event);
    }
}

impl Host for Iperf3Host {
    fn receive(&mut self, now: Instant, interface: InterfaceId, frame: Received<'_>) {
        // Served in `transmit`, which follows: all that came in one turn together.
        self.stack.receive(now, interface, frame);
    }

    fn transmit(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        self.serve(now);
        self.stack.transmit(now, interface, buffer)
    }

    fn next_deadline(&self) -> Option<Instant> {
        let run = self.run.as_ref().and_then(Run::next_deadline);
        let own = if self.is_due { Some(Instant::START) } else { run };
        let others = [self.stack.next_deadline(), self.newcomers.next_deadline(), own];
        others.into_iter().flatten().min()
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.stack.handle_timeout(now);
        while let Some((id, from)) = self.newcomers.take_silent(now) {
            let _ = self.stack.tcp(now).close(now, id);
            self.tell(TestEvent::Stranger { from });
        }
        self.is_due |= self.run.as_ref().and_then(Run::next_deadline).is_some_and(|it| it <= now);
    }
}
