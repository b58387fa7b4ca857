//! Why a destination cannot be reached: the codes of the most frequent error.

use crate::OtherCode;

/// The code of fragmentation needed, the one that has something to add.
const FRAGMENTATION_NEEDED: u8 = 4;

/// Why a datagram did not reach its destination. The numbers are the codes.
///
/// 0 to 5 are RFC 792's, 6 to 12 RFC 1122's (3.2.2.1), 13 to 15 RFC 1812's (5.2.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// 0: no route leads to the network.
    Network,
    /// 1: the network is there, but the host does not answer.
    Host,
    /// 2: the host does not speak the protocol.
    Protocol,
    /// 3: nobody listens on the port.
    Port,
    /// 4: the datagram is longer than the next link's MTU, and DF forbids to cut it.
    FragmentationNeeded {
        /// The longest datagram that the next link takes, in bytes; 0 from a router older than
        /// path MTU discovery (RFC 1191, 4).
        next_hop_mtu: u16,
    },
    /// 5: the source route could not be followed.
    SourceRouteFailed,
    /// 6: there is no such network.
    NetworkUnknown,
    /// 7: there is no such host.
    HostUnknown,
    /// 8: the sender is cut off. Obsolete.
    SourceHostIsolated,
    /// 9: the network is closed to the sender.
    NetworkProhibited,
    /// 10: the host is closed to the sender.
    HostProhibited,
    /// 11: no route to the network offers the type of service.
    NetworkForTypeOfService,
    /// 12: no route to the host offers the type of service.
    HostForTypeOfService,
    /// 13: a filter forbids it.
    CommunicationProhibited,
    /// 14: the precedence is not allowed for this traffic.
    HostPrecedenceViolation,
    /// 15: the precedence is below the least that the network carries.
    PrecedenceCutoff,
    /// A code without a name. It still says that the datagram did not arrive.
    Other(OtherCode),
}

impl Unreachable {
    pub(crate) const fn read(code: u8, rest: [u8; 4]) -> Self {
        let [_, _, c, d] = rest;
        match code {
            0 => Self::Network,
            1 => Self::Host,
            2 => Self::Protocol,
            3 => Self::Port,
            FRAGMENTATION_NEEDED => {
                Self::FragmentationNeeded { next_hop_mtu: u16::from_be_bytes([c, d]) }
            }
            5 => Self::SourceRouteFailed,
            6 => Self::NetworkUnknown,
            7 => Self::HostUnknown,
            8 => Self::SourceHostIsolated,
            9 => Self::NetworkProhibited,
            10 => Self::HostProhibited,
            11 => Self::NetworkForTypeOfService,
            12 => Self::HostForTypeOfService,
            13 => Self::CommunicationProhibited,
            14 => Self::HostPrecedenceViolation,
            15 => Self::PrecedenceCutoff,
            other => Self::Other(OtherCode(other)),
        }
    }

    /// The Code field.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Network => 0,
            Self::Host => 1,
            Self::Protocol => 2,
            Self::Port => 3,
            Self::FragmentationNeeded { .. } => FRAGMENTATION_NEEDED,
            Self::SourceRouteFailed => 5,
            Self::NetworkUnknown => 6,
            Self::HostUnknown => 7,
            Self::SourceHostIsolated => 8,
            Self::NetworkProhibited => 9,
            Self::HostProhibited => 10,
            Self::NetworkForTypeOfService => 11,
            Self::HostForTypeOfService => 12,
            Self::CommunicationProhibited => 13,
            Self::HostPrecedenceViolation => 14,
            Self::PrecedenceCutoff => 15,
            Self::Other(OtherCode(other)) => *other,
        }
    }

    /// The four bytes behind the checksum, as far as they mean something.
    pub(crate) const fn rest(&self) -> [u8; 4] {
        match self {
            Self::FragmentationNeeded { next_hop_mtu } => {
                let [c, d] = next_hop_mtu.to_be_bytes();
                [0, 0, c, d]
            }
            _ => [0; 4],
        }
    }
}
