//! What comes of an echo request, and the queue in which it waits for whoever asked.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use packet::{Instant, InterfaceId};

use crate::{EchoDropped, ErrorKind};

/// How many events wait at one socket. The newest is dropped when there are more.
pub const EVENT_QUEUE_LIMIT: usize = 512;

/// How many bytes of echoed data wait at one socket. The newest reply is dropped when there are
/// more.
pub const EVENT_QUEUE_BYTES: usize = 512 << 10;

/// What came of an echo request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EchoEvent {
    /// It was answered.
    Reply(EchoReply),
    /// It did not arrive, as somebody says.
    Report(EchoReport),
}

/// A reply to one of our requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EchoReply {
    /// What the layer below says about the datagram that it came in.
    pub envelope: ReplyEnvelope,
    /// Which request it answers.
    pub sequence_number: u16,
    /// What it carries, which should be what was sent.
    pub data: Vec<u8>,
    /// When it came.
    pub at: Instant,
    /// From the request to this reply.
    pub round_trip: Duration,
    /// Whether a reply to the same request came before.
    pub is_duplicate: bool,
}

/// What the layer below says about an echo reply that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyEnvelope {
    /// Who answers.
    pub source: Ipv4Addr,
    /// To which of our addresses.
    pub destination: Ipv4Addr,
    /// By which interface it came.
    pub interface: InterfaceId,
    /// What was left of its time to live, in hops.
    pub ttl: u8,
}

/// That one of our requests did not arrive, by whose word, and why.
///
/// It is a hint: it may be forged, and the reply may still come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EchoReport {
    /// Who says so: a router, the destination, or this host itself.
    pub reporter: Ipv4Addr,
    /// Why it did not arrive.
    pub kind: ErrorKind,
    /// Whom it should have reached.
    pub destination: Ipv4Addr,
    /// Which request it was.
    pub sequence_number: u16,
    /// When we were told.
    pub at: Instant,
}

/// Events in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct EventQueue {
    /// At most [`EVENT_QUEUE_LIMIT`].
    events: VecDeque<EchoEvent>,
    /// Of echoed data in it. At most [`EVENT_QUEUE_BYTES`].
    bytes: usize,
}

impl EventQueue {
    /// Whether an event with so many bytes of data finds room.
    ///
    /// # Errors
    /// [`EchoDropped::QueueFull`].
    pub(crate) fn check_room(&self, bytes: usize) -> Result<(), EchoDropped> {
        let has_room = self.events.len() < EVENT_QUEUE_LIMIT
            && self.bytes.saturating_add(bytes) <= EVENT_QUEUE_BYTES;
        if has_room { Ok(()) } else { Err(EchoDropped::QueueFull) }
    }

    pub(crate) fn push(&mut self, event: EchoEvent) -> Result<(), EchoDropped> {
        self.check_room(event.data_length())?;
        self.bytes += event.data_length();
        self.events.push_back(event);
        Ok(())
    }

    pub(crate) fn pop(&mut self) -> Option<EchoEvent> {
        let event = self.events.pop_front()?;
        self.bytes -= event.data_length();
        Some(event)
    }
}

impl EchoEvent {
    const fn data_length(&self) -> usize {
        match self {
            Self::Reply(reply) => reply.data.len(),
            Self::Report(_) => 0,
        }
    }
}
