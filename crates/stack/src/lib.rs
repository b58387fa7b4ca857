//! The layers put together.
//!
//! [`Stack`] is a [`Host`]: frames and the time go in, frames and the next deadline come out.
//! There is no clock here, no file descriptor and no thread, so the same code runs on a TUN
//! device, in the simulator and under a fuzzer.
//!
//! One packet's way, file by file:
//!
//! ```text
//!   receive ──► ipv4_input ──► icmp_input ─┐
//!                                          │ an answer
//!   transmit ◄── interface ◄── ipv4_output ◄┘
//! ```
//!
//! Whatever is dropped on that way is dropped for a reason, and the reason is a [`Counter`].

#![forbid(unsafe_code)]

mod counters;
mod icmp_input;
mod interface;
mod ipv4_input;
mod ipv4_output;

pub use counters::{Counter, Counters};
pub use interface::{InterfaceConfig, TRANSMIT_QUEUE_LIMIT};

use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};
use trace::{Event, Tracer};

use interface::Interface;

/// An IPv4 host.
#[derive(Debug)]
pub struct Stack {
    /// Indexed by [`InterfaceId`].
    interfaces: Vec<Interface>,
    counters: Counters,
    tracer: Tracer,
}

impl Stack {
    /// A host without interfaces, which tells `tracer` what it does.
    #[must_use]
    pub fn new(tracer: Tracer) -> Self {
        Self { interfaces: Vec::new(), counters: Counters::new(), tracer }
    }

    /// Adds an interface and gives it the next free number, from 0.
    pub fn add_interface(&mut self, config: InterfaceConfig) -> InterfaceId {
        self.interfaces.push(Interface::new(config));
        InterfaceId(self.interfaces.len() - 1)
    }

    /// What has been counted so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Counts something that is no drop.
    fn count(&mut self, counter: Counter) {
        self.counters.increment(counter);
    }

    /// Counts a drop, and tells of it.
    fn count_drop(&mut self, now: Instant, counter: Counter) {
        self.counters.increment(counter);
        self.tracer
            .emit(now, || Event::Dropped { counter: counter.name(), meaning: counter.meaning() });
    }
}

impl Host for Stack {
    fn receive(&mut self, now: Instant, interface: InterfaceId, frame: Received<'_>) {
        self.count(Counter::FramesReceived);
        if let Err(counter) = self.ipv4_input(now, interface, frame.bytes) {
            self.count_drop(now, counter);
        }
    }

    fn transmit(
        &mut self,
        _now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        let offload = self.interfaces.get_mut(interface.0)?.dequeue(buffer)?;
        self.count(Counter::FramesSent);
        Some(offload)
    }

    /// Always `None`: no layer so far waits for anything.
    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _now: Instant) {}
}
