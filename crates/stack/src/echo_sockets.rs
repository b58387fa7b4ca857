//! Echo requests of our own, as a program that pings uses them (RFC 1122, 3.2.2.6, ICMP-23).

use std::net::Ipv4Addr;
use std::num::NonZeroU8;
use std::ops::{Deref, DerefMut};

use icmp::{Echo, EchoSocketId, Message};
use ipv4::{Header, Protocol};
use packet::{Instant, TransmitOffload};
use trace::{Event, Layer};

use crate::{Counter, Stack};

impl Stack {
    /// The sockets of those who ping, for calls at the moment `now`.
    pub const fn echo(&mut self, now: Instant) -> EchoSockets<'_> {
        EchoSockets { stack: self, now }
    }
}

/// All that [`icmp::EchoSockets`] can do, and sending.
#[derive(Debug)]
pub struct EchoSockets<'a> {
    stack: &'a mut Stack,
    now: Instant,
}

/// What is asked of an echo request that leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EchoOptions {
    /// Time to live in hops; `None` for the host's default.
    pub ttl: Option<NonZeroU8>,
    /// Whether it may not be fragmented.
    pub dont_fragment: bool,
}

/// Why an echo request did not leave, under the names that operating systems give such things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendEchoError {
    /// `EBADF`: the socket was closed.
    #[error("there is no such socket, it was closed")]
    BadSocket,
    /// `EMSGSIZE`: it is longer than a datagram, or than the MTU if it may not be fragmented.
    #[error("the echo request is too long")]
    MessageTooLong,
    /// `ENETUNREACH`: no route leads there.
    #[error("there is no route to the network")]
    NetworkUnreachable,
    /// `EHOSTUNREACH`: no neighbour can have the address of the next hop, or ours is not in use.
    #[error("the host cannot be reached")]
    HostUnreachable,
    /// `EWOULDBLOCK`: the interface's transmit queue is full.
    #[error("the transmit queue is full at the moment")]
    WouldBlock,
}

impl EchoSockets<'_> {
    /// Sends an echo request with `data` to `destination`, and remembers it so that its reply is
    /// known.
    ///
    /// # Errors
    /// [`SendEchoError`]; nothing was sent then.
    pub fn send(
        &mut self,
        id: EchoSocketId,
        destination: Ipv4Addr,
        sequence_number: u16,
        data: &[u8],
        options: EchoOptions,
    ) -> Result<(), SendEchoError> {
        let identifier = self.identifier(id).ok_or(SendEchoError::BadSocket)?;
        let echo = Echo { identifier, sequence_number };
        let (stack, now) = (&mut *self.stack, self.now);
        // First, so that whatever comes of it at once is known.
        stack.echo.note_sent(now, id, destination, sequence_number);
        stack.send_echo_request(now, destination, echo, data, options).map_err(error)
    }
}

impl Stack {
    fn send_echo_request(
        &mut self,
        now: Instant,
        destination: Ipv4Addr,
        echo: Echo,
        data: &[u8],
        options: EchoOptions,
    ) -> Result<(), Counter> {
        let path = self.network.path(now, None, destination).ok_or(Counter::Ipv4NoRoute)?;
        let header = Header {
            dont_fragment: options.dont_fragment,
            ttl: options.ttl.unwrap_or(self.config.time_to_live).get(),
            ..Header::new(path.source, destination, Protocol::Icmp)
        };
        let mut message = self.buffers.take();
        message.append(data);
        Message::EchoRequest(echo).prepend_to(&mut message);
        let bytes = message.as_slice();
        self.tracer.emit(now, || Event::Packet { layer: Layer::Icmp, upward: false, bytes });
        self.ipv4_output_by(now, path.next_hop, header, message, TransmitOffload::default())
    }
}

/// What a refusal means to a program.
const fn error(counter: Counter) -> SendEchoError {
    match counter {
        Counter::TransmitQueueFull => SendEchoError::WouldBlock,
        Counter::Ipv4TooLong => SendEchoError::MessageTooLong,
        Counter::Ipv4NoRoute => SendEchoError::NetworkUnreachable,
        _ => SendEchoError::HostUnreachable,
    }
}

impl Deref for EchoSockets<'_> {
    type Target = icmp::EchoSockets;

    fn deref(&self) -> &icmp::EchoSockets {
        &self.stack.echo
    }
}

impl DerefMut for EchoSockets<'_> {
    fn deref_mut(&mut self) -> &mut icmp::EchoSockets {
        &mut self.stack.echo
    }
}
