//! The header as a value, and writing it.

use std::fmt;
use std::net::Ipv4Addr;

use byteorder::{ByteOrder, NetworkEndian};
use packet::Buffer;

/// Length of a header without options, in bytes.
pub const MIN_HEADER_LEN: usize = 20;

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
        MIN_HEADER_LEN + self.options.length as usize
    }

    /// Puts the header in front of `buffer`, which holds the payload.
    ///
    /// # Errors
    /// [`PayloadTooLong`] if header and payload together exceed 65,535 bytes; `buffer` is then
    /// as it was.
    pub fn prepend_to(&self, buffer: &mut Buffer) -> Result<(), PayloadTooLong> {
        let payload_length = buffer.len();
        let total_length = u16::try_from(self.length() + payload_length)
            .map_err(|_| PayloadTooLong { payload_length })?;
        let fixed = self.fixed_part(total_length);
        buffer.prepend(self.options.as_slice());
        buffer.prepend(&fixed);
        Ok(())
    }

    /// The first 20 bytes, with the checksum over these and the options.
    fn fixed_part(&self, total_length: u16) -> [u8; MIN_HEADER_LEN] {
        let mut bytes = [0; MIN_HEADER_LEN];
        bytes[0] = 0x40 | (5 + self.options.length / 4);
        bytes[1] = self.dscp.0 << 2 | self.ecn as u8;
        NetworkEndian::write_u16(&mut bytes[2..4], total_length);
        NetworkEndian::write_u16(&mut bytes[4..6], self.identification);
        NetworkEndian::write_u16(&mut bytes[6..8], self.flags() | self.fragment_offset.0);
        bytes[8] = self.ttl;
        bytes[9] = self.protocol.into();
        bytes[12..16].copy_from_slice(&self.source.octets());
        bytes[16..20].copy_from_slice(&self.destination.octets());
        let sum = checksum::Sum::new().add_bytes(&bytes).add_bytes(self.options.as_slice());
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

    /// The upper 6 bits of the header's second byte.
    pub(crate) const fn from_traffic_class(byte: u8) -> Self {
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
    pub(crate) const fn from_traffic_class(byte: u8) -> Self {
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

/// The options of a header as they stand on the wire: whole words, at most 40 bytes.
#[derive(Clone, Copy)]
pub struct Options {
    /// The first `length` are the options, the rest is zero.
    bytes: [u8; Self::MAX_LEN],
    /// At most 40, a multiple of 4.
    length: u8,
}

impl Options {
    /// What the largest IHL, 15 words, leaves beyond the fixed part, in bytes.
    pub const MAX_LEN: usize = 40;

    /// No options.
    pub const NONE: Self = Self { bytes: [0; Self::MAX_LEN], length: 0 };

    /// Takes options as they stand on the wire.
    ///
    /// # Errors
    /// [`HeaderTooLong`] if they are longer than 40 bytes or do not fill whole words of 4.
    pub fn new(options: &[u8]) -> Result<Self, HeaderTooLong> {
        let refused = HeaderTooLong { options_length: options.len() };
        if !options.len().is_multiple_of(4) {
            return Err(refused);
        }
        let mut bytes = [0; Self::MAX_LEN];
        let length = u8::try_from(options.len()).map_err(|_| refused)?;
        bytes.get_mut(..options.len()).ok_or(refused)?.copy_from_slice(options);
        Ok(Self { bytes, length })
    }

    /// The options' bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl PartialEq for Options {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Options {}

impl Default for Options {
    fn default() -> Self {
        Self::NONE
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Options({:02x?})", self.as_slice())
    }
}

/// Options that no header has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{options_length} bytes of options: there is room for 40, in whole words of 4")]
pub struct HeaderTooLong {
    /// How many bytes of options there were.
    pub options_length: usize,
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
    fn an_offset_counts_in_units_of_8_bytes() {
        assert_eq!(FragmentOffset::from_bytes(1480).map(FragmentOffset::bytes), Some(1480));
        assert_eq!(FragmentOffset::from_bytes(65_528).map(FragmentOffset::bytes), Some(65_528));
        assert_eq!(FragmentOffset::from_bytes(1481), None);
    }

    #[test]
    fn options_fill_whole_words_and_at_most_ten() {
        assert!(Options::new(&[]).unwrap().is_empty());
        assert!(!Options::new(&[1; 40]).unwrap().is_empty());
        assert_eq!(Options::new(&[1; 3]), Err(HeaderTooLong { options_length: 3 }));
        assert_eq!(Options::new(&[1; 44]), Err(HeaderTooLong { options_length: 44 }));
        assert_eq!(Options::new(&[1; 1024]), Err(HeaderTooLong { options_length: 1024 }));
    }

    #[test]
    fn options_are_what_they_say_and_no_more() {
        let options = Options::new(&[7, 3, 4, 0]).unwrap();
        assert_ne!(options, Options::new(&[7, 3, 4, 1]).unwrap());
        assert_ne!(options, Options::new(&[7, 3, 4, 0, 0, 0, 0, 0]).unwrap());
        assert_eq!(format!("{options:?}"), "Options([07, 03, 04, 00])");
    }

    #[test]
    fn protocols_have_names_where_we_speak_them() {
        let names = [1, 6, 17, 89].map(|number| Protocol::from(number).to_string());
        assert_eq!(names, ["ICMP", "TCP", "UDP", "protocol 89"]);
    }
}
