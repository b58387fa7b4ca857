//! What passes between the sockets and their neighbours: programs above, the network below.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU8;

use packet::{Buffer, Instant, InterfaceId};
use socket::plain;

use crate::{AddressPair, Header, MULTICAST_TTL, SendOptions, SocketPair};

/// What the layer below says about a datagram that came.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// From whom, and to which address of ours.
    pub addresses: AddressPair,
    /// Whether it was sent to us alone.
    pub delivery: Delivery,
    /// By which interface.
    pub interface: InterfaceId,
    /// What was left of its time to live, in hops.
    pub ttl: u8,
    /// DSCP and ECN, the second byte of the IP header (IP-15).
    pub traffic_class: u8,
    /// The IP options as they came; of more than [`crate::MAX_IP_OPTIONS_LEN`] bytes the rest is
    /// left out (IP-21).
    pub ip_options: &'a [u8],
}

/// Whom a datagram that came was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// One of our own addresses.
    Unicast,
    /// Everybody in a network.
    Broadcast,
    /// A group that we are in.
    Multicast,
}

/// A datagram that came, as a program receives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Everything but the payload.
    pub metadata: Metadata,
    /// The payload, all of it.
    pub payload: Vec<u8>,
}

/// What a program can learn of a datagram that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Who sent it.
    pub source: SocketAddr,
    /// To which of our addresses (UDP-8). A reply that has this as its source comes from where
    /// it is expected.
    pub destination: IpAddr,
    /// Whether it was sent to us alone.
    pub delivery: Delivery,
    /// By which interface it came (IF-1).
    pub interface: InterfaceId,
    /// What was left of its time to live, in hops.
    pub ttl: u8,
    /// DSCP and ECN, the second byte of the IP header (IP-15).
    pub traffic_class: u8,
    /// The IP options as they came (UDP-2, IP-21).
    pub ip_options: Box<[u8]>,
    /// When it came.
    pub at: Instant,
}

/// How much of a payload was copied into a program's own buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// How many bytes were copied.
    pub length: usize,
    /// How many there were. The rest is lost.
    pub full_length: usize,
}

impl Copied {
    /// Whether the buffer was too short.
    #[must_use]
    pub const fn is_truncated(self) -> bool {
        self.length < self.full_length
    }
}

/// What a program wants to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    payload: &'a [u8],
    to: Option<SocketAddr>,
    source: Option<IpAddr>,
    options: Option<&'a SendOptions>,
}

impl<'a> Message<'a> {
    /// A message for `destination`, of which address and port count.
    #[must_use]
    pub const fn to(destination: SocketAddr, payload: &'a [u8]) -> Self {
        Self { payload, to: Some(plain(destination)), source: None, options: None }
    }

    /// A message for the peer that the socket is connected to.
    #[must_use]
    pub const fn to_peer(payload: &'a [u8]) -> Self {
        Self { payload, to: None, source: None, options: None }
    }

    /// From `source`, one of the host's own addresses, instead of the socket's address, or of what
    /// the route says if the socket has none (UDP-9).
    #[must_use]
    pub const fn with_source(self, source: IpAddr) -> Self {
        Self { source: Some(source), ..self }
    }

    /// With `options` instead of the socket's own.
    #[must_use]
    pub const fn with_options(self, options: &'a SendOptions) -> Self {
        Self { options: Some(options), ..self }
    }

    /// Where to; `None` for the peer.
    #[must_use]
    pub const fn destination(&self) -> Option<&SocketAddr> {
        self.to.as_ref()
    }

    /// From which address; `None` for the usual one.
    #[must_use]
    pub const fn source(&self) -> Option<&IpAddr> {
        self.source.as_ref()
    }

    /// What is asked of the datagram; `None` for what the socket asks of all.
    #[must_use]
    pub const fn options(&self) -> Option<&'a SendOptions> {
        self.options
    }

    /// What is to be sent.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// A datagram on its way to the layer below: the payload is laid down, [`Header::prepend_to`] is
/// next.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The payload.
    pub buffer: Buffer,
    /// From where to where.
    pub pair: SocketPair,
    /// What else is asked of it.
    pub options: SendOptions,
}

impl Outgoing {
    /// The header that is next.
    #[must_use]
    pub const fn header(&self) -> Header {
        let SocketPair { local, remote } = self.pair;
        Header { source_port: local.port(), destination_port: remote.port() }
    }

    /// From which of our addresses to whom.
    #[must_use]
    pub const fn addresses(&self) -> AddressPair {
        let SocketPair { local, remote } = self.pair;
        AddressPair { source: local.ip(), destination: remote.ip() }
    }

    /// Its TTL in hops, `None` for the host's default: as was asked, or [`MULTICAST_TTL`] to a group.
    #[must_use]
    pub fn ttl(&self) -> Option<NonZeroU8> {
        let is_to_group = self.pair.remote.ip().is_multicast();
        self.options.ttl.or_else(|| is_to_group.then_some(MULTICAST_TTL))
    }
}
