//! A received error, ready to be handed to whoever sent the datagram that it is about.

use std::net::Ipv4Addr;
use std::num::NonZeroU16;

use crate::{BadQuote, ErrorKind, QuotedDatagram, Unreachable};

/// That one of our datagrams did not arrive, and why.
///
/// It goes to the transport protocol that the quote names (ICMP-3), which finds out whose
/// datagram it was. It is a hint, no proof (ICMP-11): it may be forged, or outdated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorReport {
    /// Why it did not arrive.
    pub kind: ErrorKind,
    /// Which datagram it was.
    pub quoted: QuotedDatagram,
}

impl ErrorReport {
    /// Reads the error `kind` that carries `data`. `is_ours` says whether an address is this
    /// host's own.
    ///
    /// # Errors
    /// [`BadQuote`], if nobody here can have sent what it quotes.
    pub fn read(
        kind: ErrorKind,
        data: &[u8],
        is_ours: impl FnOnce(Ipv4Addr) -> bool,
    ) -> Result<Self, BadQuote> {
        Ok(Self { kind, quoted: QuotedDatagram::read(data, is_ours)? })
    }
}

/// Whether what stood in the way may pass by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It may: a connection goes on, and mentions the error if it gives up in the end (MUST-56).
    Soft,
    /// It will not: the peer itself refuses (SHLD-26, within the limits of RFC 5461 and 5927).
    Hard,
}

/// What an error means to a program, under the names that operating systems give such things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// `ENETUNREACH`.
    #[error("the network cannot be reached")]
    NetworkUnreachable,
    /// `EHOSTUNREACH`.
    #[error("the host cannot be reached")]
    HostUnreachable,
    /// `EHOSTDOWN`.
    #[error("there is no such host")]
    HostDown,
    /// `ENONET`.
    #[error("this host is cut off from the network")]
    NotOnNetwork,
    /// `ENOPROTOOPT`.
    #[error("the host does not speak the protocol")]
    ProtocolNotAvailable,
    /// `ECONNREFUSED`.
    #[error("the connection is refused: nobody listens on the port")]
    ConnectionRefused,
    /// `EMSGSIZE`.
    #[error("the datagram is too long for the way")]
    MessageTooLong {
        /// The longest datagram that passes the router that says so, in bytes; `None` if it does
        /// not say, as those older than RFC 1191. May be forged: never take less than 68.
        next_hop_mtu: Option<NonZeroU16>,
    },
    /// `EOPNOTSUPP`.
    #[error("the source route cannot be followed")]
    SourceRouteFailed,
    /// `EPROTO`.
    #[error("the datagram's header is found wrong on the way")]
    ProtocolError,
}

impl ErrorKind {
    /// What the error means to a program.
    ///
    /// Linux 6.18 says the same of each code. It keeps two to itself that are passed up here, as
    /// ICMP-16 and ICMP-11 have it: reassembly time exceeded, and unreachable with a code beyond
    /// 15.
    #[must_use]
    pub const fn host_error(self) -> HostError {
        match self {
            Self::DestinationUnreachable(why) => why.host_error(),
            Self::TimeExceeded(_) => HostError::HostUnreachable,
            Self::ParameterProblem(_) => HostError::ProtocolError,
        }
    }

    /// Whether it may pass by itself (RFC 1122, 4.2.3.9; RFC 9293, 3.9.2.2).
    ///
    /// Fragmentation needed is soft here: path MTU discovery answers it with shorter datagrams.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::DestinationUnreachable(Unreachable::Protocol | Unreachable::Port) => {
                Severity::Hard
            }
            Self::DestinationUnreachable(_) | Self::TimeExceeded(_) | Self::ParameterProblem(_) => {
                Severity::Soft
            }
        }
    }
}

impl Unreachable {
    const fn host_error(self) -> HostError {
        match self {
            Self::Network
            | Self::NetworkUnknown
            | Self::NetworkProhibited
            | Self::NetworkForTypeOfService => HostError::NetworkUnreachable,
            Self::Host
            | Self::HostProhibited
            | Self::HostForTypeOfService
            | Self::CommunicationProhibited
            | Self::HostPrecedenceViolation
            | Self::PrecedenceCutoff
            | Self::Other(_) => HostError::HostUnreachable,
            Self::HostUnknown => HostError::HostDown,
            Self::SourceHostIsolated => HostError::NotOnNetwork,
            Self::Protocol => HostError::ProtocolNotAvailable,
            Self::Port => HostError::ConnectionRefused,
            Self::FragmentationNeeded { next_hop_mtu } => {
                HostError::MessageTooLong { next_hop_mtu: NonZeroU16::new(next_hop_mtu) }
            }
            Self::SourceRouteFailed => HostError::SourceRouteFailed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Message, Packet};

    /// What a message of these numbers says.
    fn kind(kind: u8, code: u8, rest: [u8; 4]) -> ErrorKind {
        let [a, b, c, d] = rest;
        let mut bytes = [kind, code, 0, 0, a, b, c, d];
        let checksum = checksum::Sum::new().add_bytes(&bytes).checksum();
        bytes[2..4].copy_from_slice(&checksum.to_be_bytes());
        match Packet::parse(&bytes).unwrap().message() {
            Message::Error(error) => error.kind(),
            other => panic!("type {kind}, code {code} is {other:?}"),
        }
    }

    #[test]
    fn icmp_11_each_unreachable_code_is_the_error_that_it_is_on_linux() {
        use HostError::*;
        let too_long = MessageTooLong { next_hop_mtu: NonZeroU16::new(1400) };
        // The order is that of the codes, from 0, as in the kernel's own table.
        let expected = [
            NetworkUnreachable,
            HostUnreachable,
            ProtocolNotAvailable,
            ConnectionRefused,
            too_long,
            SourceRouteFailed,
            NetworkUnreachable,
            HostDown,
            NotOnNetwork,
            NetworkUnreachable,
            HostUnreachable,
            NetworkUnreachable,
            HostUnreachable,
            HostUnreachable,
            HostUnreachable,
            HostUnreachable,
            HostUnreachable,
        ];
        for (code, expected) in (0..).zip(expected) {
            let [c, d] = 1400u16.to_be_bytes();
            assert_eq!(kind(3, code, [0, 0, c, d]).host_error(), expected, "code {code}");
        }
    }

    #[test]
    fn an_old_router_says_that_it_is_too_long_but_not_by_how_much() {
        let expected = HostError::MessageTooLong { next_hop_mtu: None };
        assert_eq!(kind(3, 4, [0; 4]).host_error(), expected);
    }

    #[test]
    fn icmp_16_and_18_the_other_errors_have_a_meaning_whatever_their_code() {
        for code in 0..=u8::MAX {
            assert_eq!(kind(11, code, [0; 4]).host_error(), HostError::HostUnreachable);
            assert_eq!(kind(12, code, [20, 0, 0, 0]).host_error(), HostError::ProtocolError);
        }
    }

    #[test]
    fn must_56_only_the_peers_own_refusals_are_hard() {
        for code in 0..=u8::MAX {
            let expected = if matches!(code, 2 | 3) { Severity::Hard } else { Severity::Soft };
            assert_eq!(kind(3, code, [0; 4]).severity(), expected, "code {code}");
            assert_eq!(kind(11, code, [0; 4]).severity(), Severity::Soft);
            assert_eq!(kind(12, code, [0; 4]).severity(), Severity::Soft);
        }
    }
}
