//! The one thread: it waits until something can be done, and does it.
//!
//! ```text
//!          ┌───── epoll: devices, descriptors, signals, the deadline ◄─┐
//!          ▼                                                           │
//!   read frames ──► host.receive        up to FRAME_BUDGET a device,   │
//!                                       while the host has room        │
//!   deadline ─────► handle_timeout      the host's and the devices'    │
//!   outside.turn(host)                  what is ready beside devices   │
//!   host.transmit ──► write frames      up to FRAME_BUDGET a device ───┘
//! ```
//!
//! [`EventLoop`] drives one [`Host`] over the [`Device`](packet::Device)s of its interfaces, and
//! beside it an [`Outside`], which has [`Descriptor`]s of its own: standard input, sockets of the
//! kernel. It ends when a SIGINT or SIGTERM comes, when its caller has had enough, or when a
//! device is gone.

#![forbid(unsafe_code)]

mod clock;
mod descriptors;
mod outside;
mod port;
mod readiness;
mod registry;
mod signals;

pub use descriptors::{Descriptor, Descriptors};
pub use outside::{NothingOutside, Outside};
pub use port::{Counters, PollableDevice, Port};
pub use registry::Token;
pub use signals::block_signals;

use std::io;
use std::rc::Rc;

use nix::sys::epoll::{EpollEvent, EpollFlags, EpollTimeout};
use packet::{DeviceError, Host, Instant, InterfaceId};

use clock::Clock;
use registry::Registry;
use signals::Signals;

/// How many frames are read from a device, and how many written to it, before it is the other
/// side's turn. Neither side starves the other, and one device not the next.
pub const FRAME_BUDGET: usize = 64;

/// How epoll names the signals; a device is named by its interface's number, a descriptor of the
/// outside by its [`Token`].
const SIGNALS: u64 = u64::MAX;

/// How often, in the end, a device is given as many frames as its budget allows.
const LAST_ROUNDS: usize = 1024;

/// How many events are taken from epoll at a time. What does not fit comes first the next time.
const EVENTS: usize = 64;

/// One host, the devices of its interfaces, and what they wait for.
pub struct EventLoop<H> {
    host: H,
    /// Indexed by [`InterfaceId`].
    ports: Vec<Port>,
    registry: Rc<Registry>,
    signals: Signals,
    clock: Clock,
    frame_budget: usize,
    /// Whether the last turn wrote frames, which may have made room for what is outside.
    has_written: bool,
}

/// Why [`EventLoop::run`] came back without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// A SIGINT (Ctrl-C) or SIGTERM came.
    BySignal,
    /// The caller's condition held.
    ByCondition,
}

/// Why the loop cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A device failed; each of its frames before that was handled.
    #[error("interface {}: {error}", interface.0)]
    Device {
        /// The interface that it belonged to.
        interface: InterfaceId,
        /// What happened.
        error: DeviceError,
    },
    /// epoll or the signal descriptor failed.
    #[error("waiting for events failed: {0}")]
    Wait(#[from] io::Error),
}

impl<H: Host> EventLoop<H> {
    /// A loop for `host`, so far without devices. From here on SIGINT and SIGTERM no longer end
    /// the process by themselves.
    ///
    /// # Errors
    /// [`Error::Wait`] if the kernel has no descriptor left.
    pub fn new(host: H) -> Result<Self, Error> {
        let registry = Registry::new()?;
        let signals = Signals::block()?;
        registry
            .epoll
            .add(&signals, EpollEvent::new(EpollFlags::EPOLLIN, SIGNALS))
            .map_err(io::Error::from)?;
        Ok(Self {
            host,
            ports: Vec::new(),
            registry: Rc::new(registry),
            signals,
            clock: Clock::start(),
            frame_budget: FRAME_BUDGET,
            has_written: false,
        })
    }

    /// The same loop with another budget than [`FRAME_BUDGET`]: with 1, the condition of
    /// [`EventLoop::run`] is asked after each frame.
    #[must_use]
    pub fn with_frame_budget(self, frame_budget: usize) -> Self {
        Self { frame_budget, ..self }
    }

    /// Gives the host's next interface, counted from 0, its device.
    ///
    /// # Errors
    /// [`Error::Wait`] if the device's descriptor cannot be waited for.
    pub fn attach(&mut self, device: Box<dyn PollableDevice>) -> Result<InterfaceId, Error> {
        let interface = InterfaceId(self.ports.len());
        self.ports.push(Port::register(interface, device, &self.registry.epoll)?);
        Ok(interface)
    }

    /// Where an [`Outside`] has its descriptors waited for, at any time.
    pub fn descriptors(&self) -> Descriptors {
        Descriptors::new(Rc::clone(&self.registry))
    }

    /// The host.
    pub const fn host(&self) -> &H {
        &self.host
    }

    /// What was counted at the device of `interface`.
    #[must_use]
    pub fn counters(&self, interface: InterfaceId) -> Option<&Counters> {
        self.ports.get(interface.0).map(Port::counters)
    }

    /// Runs until a signal comes or, asked after every turn, `has_enough` is true.
    ///
    /// # Errors
    /// [`Error`], when a device or the waiting itself failed.
    pub fn run(&mut self, mut has_enough: impl FnMut(&H) -> bool) -> Result<Ended, Error> {
        self.run_with(&mut NothingOutside, |host, _| has_enough(host))
    }

    /// As [`EventLoop::run`], with `outside` beside the host.
    ///
    /// # Errors
    /// As there.
    pub fn run_with<O: Outside<H>>(
        &mut self,
        outside: &mut O,
        mut has_enough: impl FnMut(&H, &O) -> bool,
    ) -> Result<Ended, Error> {
        loop {
            if self.turn(outside)? {
                return Ok(Ended::BySignal);
            }
            if has_enough(&self.host, outside) {
                return Ok(Ended::ByCondition);
            }
        }
    }

    /// Has the host do something last, after the run, and writes what it sends then: so that
    /// peers are told that we go. A host that does not stop sending is left after a while.
    ///
    /// # Errors
    /// [`Error::Device`].
    pub fn leave(&mut self, act: impl FnOnce(Instant, &mut H)) -> Result<(), Error> {
        let now = self.clock.now();
        act(now, &mut self.host);
        for _ in 0..LAST_ROUNDS {
            if !self.write(now)? {
                break;
            }
        }
        Ok(())
    }

    /// Waits once and does everything that can be done then. Whether a signal came.
    fn turn<O: Outside<H>>(&mut self, outside: &mut O) -> Result<bool, Error> {
        if self.wait(self.timeout(outside))? && self.signals.arrived()? {
            return Ok(true);
        }
        let now = self.clock.now();
        self.read(now)?;
        self.handle_timeouts(now)?;
        outside.turn(now, &mut self.host, &self.registry.take_ready());
        self.has_written = self.write(now)?;
        self.ask()?;
        Ok(false)
    }

    /// Waits for the first of: a readable device, a writable one that was full, a descriptor of
    /// the outside at which something changed, a signal, the timeout. Whether a signal may have
    /// come.
    fn wait(&mut self, timeout: EpollTimeout) -> Result<bool, Error> {
        let mut events = [EpollEvent::empty(); EVENTS];
        let count = match self.registry.epoll.wait(&mut events, timeout) {
            Ok(count) => count,
            // A debugger or a stopped process: nothing came, look again.
            Err(nix::Error::EINTR) => 0,
            Err(error) => return Err(io::Error::from(error).into()),
        };
        let mut is_signalled = false;
        for event in events.iter().take(count) {
            let name = event.data();
            is_signalled |= name == SIGNALS;
            match usize::try_from(name).ok().and_then(|index| self.ports.get_mut(index)) {
                Some(port) => port.note(event.events()),
                None => self.registry.note(name, event.events()),
            }
        }
        Ok(is_signalled)
    }

    /// Until the next deadline, in whole milliseconds rounded up so that it has come by then; no
    /// time at all if frames are still to be written, or the outside has something to do.
    fn timeout<O: Outside<H>>(&self, outside: &O) -> EpollTimeout {
        let outside_may_go_on = O::IS_SOMETHING && (self.has_written || self.registry.has_ready());
        if outside_may_go_on || self.ports.iter().any(Port::has_more_to_write) {
            return EpollTimeout::ZERO;
        }
        let now = self.clock.now();
        let devices = self.ports.iter().filter_map(|port| port.next_deadline(now));
        let others = [self.host.next_deadline(), outside.next_deadline()];
        let Some(deadline) = devices.chain(others.into_iter().flatten()).min() else {
            return EpollTimeout::NONE;
        };
        let milliseconds = (deadline - now).as_nanos().div_ceil(1_000_000);
        EpollTimeout::try_from(milliseconds).unwrap_or(EpollTimeout::MAX)
    }

    fn read(&mut self, now: Instant) -> Result<(), Error> {
        for port in &mut self.ports {
            port.read(now, &mut self.host, self.frame_budget)?;
        }
        Ok(())
    }

    fn handle_timeouts(&mut self, now: Instant) -> Result<(), Error> {
        if self.host.next_deadline().is_some_and(|deadline| deadline <= now) {
            self.host.handle_timeout(now);
        }
        for port in &mut self.ports {
            port.handle_timeout(now)?;
        }
        Ok(())
    }

    /// Writes what the host gives, and says whether there was any. What leaves by one device may
    /// make room in the host for what leaves by another, so the round is made again until nothing
    /// was written, or a budget is used up.
    fn write(&mut self, now: Instant) -> Result<bool, Error> {
        let (host, budget) = (&mut self.host, self.frame_budget);
        let mut has_written_any = false;
        loop {
            let mut has_written = false;
            for port in &mut self.ports {
                has_written |= port.write(now, host, budget)?;
            }
            has_written_any |= has_written;
            if !has_written || self.ports.iter().any(Port::has_more_to_write) {
                return Ok(has_written_any);
            }
        }
    }

    fn ask(&mut self) -> Result<(), Error> {
        for port in &mut self.ports {
            port.ask(&self.host, &self.registry.epoll)?;
        }
        Ok(())
    }
}
