//! The header as a value, and writing it.

use std::fmt;
use std::net::Ipv4Addr;

use byteorder::{ByteOrder, NetworkEndian};
use packet::Buffer;

use crate::options::Options;

/// Length of a header without options, in bytes.
pub const MIN_HEADER_LEN: usize = 20;

/// Length of the longest datagram, its header included, in bytes.
pub const MAX_LEN: usize = 65_535;

/// The longest payload that can be received, in pieces or at once: MMS_R (RFC 1122, 3.3.2).
pub const MAX_PAYLOAD_LEN: usize = MAX_LEN - MIN_HEADER_LEN;

/// The flags that share two bytes with the fragment offset.
pub(crate) const RESERVED: u16 = 0x8000;
pub(crate) const DONT_FRAGMENT: u16 = 0x4000;
pub(crate) const MORE_FRAGMENTS: u16 = 0x2000;

/// Everything that a header says, except what follows from the rest: version, lengths, checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How routers should treat the datagram (RFC 2474).
    pub dscp: Dscp,
    /// Whether congestion can be, or was, signalled (RFC 3168).
    pub ecn: Ecn,
    /// Tells the fragments of one datagram from those of another. Means nothing for a datagram
    /// that is whole and may not be fragmented (RFC 6864).
    pub identification: u16,
    /// Must be zero; carried so that what was read can be written again.
    pub reserved: bool,
    /// DF: no router may fragment this datagram.
    pub dont_fragment: bool,
    /// MF: this is a fragment, and not the last.
    pub more_fragments: bool,
    /// Where in the whole datagram's payload this fragment belongs.
    pub fragment_offset: FragmentOffset,
    /// TTL: how many routers the datagram may still pass.
    pub ttl: u8,
    /// Which protocol the payload belongs to.
    pub protocol: Protocol,
    /// Who sends it.
    pub source: Ipv4Addr,
    /// Whom it is for.
    pub destination: Ipv4Addr,
    /// The options, as they stand on the wire.
    pub options: Options,
}

impl Header {
    /// The header of a whole datagram without options, best effort, TTL 64 (RFC 1700).
    ///
    /// It may not be fragmented, so its identification is free to be zero (RFC 6864, 4.1).
    #[must_use]
    pub const fn new(source: Ipv4Addr, destination: Ipv4Addr, protocol: Protocol) -> Self {
        Self {
            dscp: Dscp::DEFAULT,
            ecn: Ecn::NotCapable,
            identification: 0,
            reserved: false,
            dont_fragment: true,
            more_fragments: false,
            fragment_offset: FragmentOffset::ZERO,
            ttl: 64,
            protocol,
            source,
            destination,
            options: Options::NONE,
        }
    }

    /// Length in bytes, options included: 20 to 60.
    #[must_use]
    pub const fn length(&self) -> usize {
        MIN_HEADER_LEN + self.options.length()
    }

    /// DSCP and ECN as they share the header's second byte.
    #[must_use]
    pub const fn traffic_class(&self) -> u8 {
        self.dscp.0 << 2 | self.ecn as u8
    }

    /// The longest payload that can be sent behind this header over a link of `mtu`, in bytes:
    /// MMS_S (RFC 1122, 3.3.3). The MTU does not count where we may fragment.
    #[must_use]
    pub const fn max_payload(&self, mtu: u16) -> usize {
        let max_len = if self.dont_fragment { mtu as usize } else { MAX_LEN };
        max_len.saturating_sub(self.length())
    }

    /// Puts the header in front of `buffer`, which holds the payload.
    ///
    /// # Errors
    /// [`PayloadTooLong`] if header and payload together exceed 65,535 bytes; `buffer` is then
    /// as it was.
    #[inline]
    pub fn prepend_to(&self, buffer: &mut Buffer) -> Result<(), PayloadTooLong> {
        let payload_length = buffer.len();
        let total_length = u16::try_from(self.length() + payload_length)
            .map_err(|_| PayloadTooLong { payload_length })?;
        if !self.options.is_empty() {
            buffer.prepend(self.options.as_slice());
        }
        buffer.prepend(&self.fixed_part(total_length));
        Ok(())
    }

    /// The first 20 bytes, with the checksum over these and the options.
    #[inline]
    fn fixed_part(&self, total_length: u16) -> [u8; MIN_HEADER_LEN] {
        let mut bytes = [0; MIN_HEADER_LEN];
        bytes[0] = 0x40 | (5 + self.options.words());
        bytes[1] = self.traffic_class();
        NetworkEndian::write_u16(&mut bytes[2..4], total_length);
        NetworkEndian::write_u16(&mut bytes[4..6], self.identification);
        NetworkEndian::write_u16(&mut bytes[6..8], self.flags() | self.fragment_offset.0);
        bytes[8] = self.ttl;
        bytes[9] = self.protocol.into();
        bytes[12..16].copy_from_slice(&self.source.octets());
        bytes[16..20].copy_from_slice(&self.destination.octets());
        let mut sum = checksum::Sum::new().add_bytes(&bytes);
        if !self.options.is_empty() {
            sum = sum.add_bytes(self.options.as_slice());
        }
        NetworkEndian::write_u16(&mut bytes[10..12], sum.checksum());
        bytes
    }

    const fn flags(&self) -> u16 {
        let mut flags = 0;
        if self.reserved {
            flags |= RESERVED;
        }
        if self.dont_fragment {
            flags |= DONT_FRAGMENT;
        }
        if self.more_fragments {
            flags |= MORE_FRAGMENTS;
        }
        flags
    }
}

/// Differentiated services code point: 6 bits, 0 is best effort (RFC 2474).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dscp(u8);

impl Dscp {
    /// Best effort.
    pub const DEFAULT: Self = Self(0);

    /// The code point `value`, or `None` if it has more than 6 bits.
    #[must_use]
    pub const fn new(value: u8) -> Option<Self> {
        if value < 64 { Some(Self(value)) } else { None }
    }

    /// The upper 6 bits of the header's second byte, once called type of service.
    #[must_use]
    pub const fn from_traffic_class(byte: u8) -> Self {
        Self(byte >> 2)
    }

    /// 0 to 63.
    #[must_use]
    pub const fn value(self) -> u8 {
        self.0
    }
}

/// Explicit congestion notification (RFC 3168, 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ecn {
    /// Not-ECT: the transport does not understand ECN.
    #[default]
    NotCapable = 0b00,
    /// ECT(1).
    Capable1 = 0b01,
    /// ECT(0).
    Capable0 = 0b10,
    /// CE: a router on the way was congested.
    CongestionExperienced = 0b11,
}

impl Ecn {
    /// The lower 2 bits of the header's second byte.
    #[must_use]
    pub const fn from_traffic_class(byte: u8) -> Self {
        match byte & 0b11 {
            0b00 => Self::NotCapable,
            0b01 => Self::Capable1,
            0b10 => Self::Capable0,
            _ => Self::CongestionExperienced,
        }
    }
}

/// Where a fragment belongs, in units of 8 bytes: 13 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FragmentOffset(u16);

impl FragmentOffset {
    /// The place of a first fragment, and of a datagram that is whole.
    pub const ZERO: Self = Self(0);

    /// The offset of `bytes` bytes, or `None` if that is no multiple of 8 or beyond 65,528.
    #[must_use]
    pub const fn from_bytes(bytes: u16) -> Option<Self> {
        if bytes.is_multiple_of(8) { Some(Self(bytes / 8)) } else { None }
    }

    /// The lower 13 bits of the field that it shares with the flags.
    pub(crate) const fn from_field(field: u16) -> Self {
        Self(field & 0x1fff)
    }

    /// The place behind a fragment that stands here and holds `payload`, whole units of 8.
    pub(crate) fn beyond(self, payload: &[u8]) -> Self {
        let units = u16::try_from(payload.len() / 8).unwrap_or(u16::MAX);
        Self::from_field(self.0.saturating_add(units))
    }

    /// In bytes: a multiple of 8, at most 65,528.
    #[must_use]
    pub const fn bytes(self) -> u16 {
        self.0 * 8
    }
}

/// The number of the protocol that the payload belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// 1, RFC 792.
    Icmp,
    /// 6, RFC 9293.
    Tcp,
    /// 17, RFC 768.
    Udp,
    /// Any other.
    Other(OtherProtocol),
}

/// A protocol number that [`Protocol`] has no name for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OtherProtocol(u8);

impl From<u8> for Protocol {
    fn from(number: u8) -> Self {
        match number {
            1 => Self::Icmp,
            6 => Self::Tcp,
            17 => Self::Udp,
            other => Self::Other(OtherProtocol(other)),
        }
    }
}

impl From<Protocol> for u8 {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Icmp => 1,
            Protocol::Tcp => 6,
            Protocol::Udp => 17,
            Protocol::Other(OtherProtocol(other)) => other,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Icmp => f.write_str("ICMP"),
            Self::Tcp => f.write_str("TCP"),
            Self::Udp => f.write_str("UDP"),
            Self::Other(OtherProtocol(number)) => write!(f, "protocol {number}"),
        }
    }
}

/// A payload that no datagram has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{payload_length} bytes of payload exceed a datagram's 65,535 with its header")]
pub struct PayloadTooLong {
    /// How many bytes of payload there were.
    pub payload_length: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frag_8_the_longest_payload_that_can_be_sent() {
        let here = Ipv4Addr::new(192, 0, 2, 2);
        let whole = Header::new(here, here, Protocol::Udp);
        assert_eq!(whole.max_payload(1500), 1480);
        let options = Options::new(&[148, 4, 0, 0]).unwrap();
        assert_eq!(Header { options, ..whole }.max_payload(1500), 1476);
        let may_be_cut = Header { dont_fragment: false, ..whole };
        assert_eq!(may_be_cut.max_payload(1500), MAX_PAYLOAD_LEN);
    }

    #[test]
    fn an_offset_counts_in_units_of_8_bytes() {
        assert_eq!(FragmentOffset::from_bytes(1480).map(FragmentOffset::bytes), Some(1480));
        assert_eq!(FragmentOffset::from_bytes(65_528).map(FragmentOffset::bytes), Some(65_528));
        assert_eq!(FragmentOffset::from_bytes(1481), None);
    }

    #[test]
    fn protocols_have_names_where_we_speak_them() {
        let names = [1, 6, 17, 89].map(|number| Protocol::from(number).to_string());
        assert_eq!(names, ["ICMP", "TCP", "UDP", "protocol 89"]);
    }
}
