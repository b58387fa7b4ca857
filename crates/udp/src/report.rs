//! What the network says became of a datagram that we sent.

use std::mem::discriminant;
use std::net::IpAddr;

use packet::Instant;

use crate::{Error, SocketPair};

/// How many reports wait at one socket. The newest is dropped when there are more; one that says
/// what another says already takes its place.
pub const REPORT_QUEUE_LIMIT: usize = 16;

/// That a datagram did not arrive, by whose word, and why (UDP-3).
///
/// A report is a hint: it may be forged, and what was true of one datagram may not be of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Between which ends the datagram went.
    pub pair: SocketPair,
    /// Why it did not arrive.
    pub cause: Cause,
    /// Who says so: a router, the destination, or this host itself.
    pub reporter: IpAddr,
    /// When we were told.
    pub at: Instant,
}

impl Report {
    /// Whether `other` adds nothing but a newer time, MTU or pointer.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.pair == other.pair
            && self.reporter == other.reporter
            && discriminant(&self.cause) == discriminant(&other.cause)
    }
}

/// Why a datagram did not arrive. Which ICMP message says it is the layer below's affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No route leads to the network.
    NetworkUnreachable,
    /// The host does not answer its neighbours.
    HostUnreachable,
    /// The host does not speak UDP.
    ProtocolUnreachable,
    /// Nobody listens on the port.
    PortUnreachable,
    /// The datagram was too long for a link and must not be fragmented.
    FragmentationNeeded {
        /// The longest packet that the link carries, in bytes; 0 if it was not told.
        mtu: u16,
    },
    /// A router would not follow the source route.
    SourceRouteFailed,
    /// A router or the host does not let it pass.
    Prohibited,
    /// Its TTL ran out on the way: what traceroute asks for.
    TimeExceeded,
    /// Not all of its fragments came.
    ReassemblyTimeExceeded,
    /// Something in its IP header was wrong.
    ParameterProblem {
        /// Which byte of the header.
        pointer: u8,
    },
}

impl Cause {
    /// The error under which a program knows it.
    #[must_use]
    pub const fn error(self) -> Error {
        match self {
            Self::NetworkUnreachable => Error::NetworkUnreachable,
            Self::HostUnreachable
            | Self::SourceRouteFailed
            | Self::Prohibited
            | Self::TimeExceeded
            | Self::ReassemblyTimeExceeded => Error::HostUnreachable,
            Self::ProtocolUnreachable => Error::ProtocolNotAvailable,
            Self::PortUnreachable => Error::ConnectionRefused,
            Self::FragmentationNeeded { .. } => Error::MessageTooLong,
            Self::ParameterProblem { .. } => Error::ProtocolError,
        }
    }

    /// Whether trying again is of no use until somebody changes something. The others pass by
    /// themselves, as routes are mended (RFC 1122, 4.2.3.9, says so for TCP; Linux does it for
    /// UDP too).
    #[must_use]
    pub const fn is_hard(self) -> bool {
        match self {
            Self::ProtocolUnreachable
            | Self::PortUnreachable
            | Self::FragmentationNeeded { .. }
            | Self::Prohibited
            | Self::ParameterProblem { .. } => true,
            Self::NetworkUnreachable
            | Self::HostUnreachable
            | Self::SourceRouteFailed
            | Self::TimeExceeded
            | Self::ReassemblyTimeExceeded => false,
        }
    }
}
