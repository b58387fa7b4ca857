//! Reading, first step: bytes that are proven to be a datagram.

use std::net::Ipv4Addr;

use byteorder::{ByteOrder, NetworkEndian};

use crate::header::{
    DONT_FRAGMENT, Dscp, Ecn, FragmentOffset, Header, MIN_HEADER_LEN, MORE_FRAGMENTS, Protocol,
    RESERVED,
};
use crate::options::Options;

/// A checked view of a datagram: every length proven, the header's checksum correct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    fixed: &'a [u8; MIN_HEADER_LEN],
    header: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// Reads the datagram that `bytes` begin with.
    ///
    /// Bytes beyond the total length are link padding and no part of it (RFC 1122, IP-29).
    ///
    /// # Errors
    /// [`Malformed`] names the first thing that is wrong, in the order of the header's fields.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let datagram = Self::split(bytes)?;
        let total_length = usize::from(datagram.total_length());
        if bytes.len() < total_length {
            return Err(Malformed::CutShort { total_length, length: bytes.len() });
        }
        datagram.verify_checksum()?;
        Ok(datagram)
    }

    /// Reads what an ICMP error quotes of a datagram: the header is whole, the payload may be
    /// cut short.
    ///
    /// # Errors
    /// As [`Datagram::parse`], save that [`Malformed::CutShort`] means a header that is cut.
    pub fn parse_quoted(bytes: &'a [u8], checksum: QuotedChecksum) -> Result<Self, Malformed> {
        let datagram = Self::split(bytes)?;
        if checksum == QuotedChecksum::Verify {
            datagram.verify_checksum()?;
        }
        Ok(datagram)
    }

    /// Divides `bytes` into a header, which must be whole, and what there is of the payload.
    fn split(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let version = bytes.first().ok_or(Malformed::Truncated { length: 0 })? >> 4;
        if version != 4 {
            return Err(Malformed::Version { version });
        }
        let fixed: &[u8; MIN_HEADER_LEN] =
            bytes.first_chunk().ok_or(Malformed::Truncated { length: bytes.len() })?;

        let header_length = usize::from(fixed[0] & 0x0f) * 4;
        if header_length < MIN_HEADER_LEN {
            return Err(Malformed::HeaderLength { header_length });
        }
        let total_length = usize::from(NetworkEndian::read_u16(&fixed[2..4]));
        if total_length < header_length {
            return Err(Malformed::TotalLength { total_length, header_length });
        }
        let (header, payload) = bytes
            .get(..total_length)
            .unwrap_or(bytes)
            .split_at_checked(header_length)
            .ok_or(Malformed::CutShort { total_length, length: bytes.len() })?;

        Ok(Self { fixed, header, payload })
    }

    #[inline]
    fn verify_checksum(&self) -> Result<(), Malformed> {
        let sum = checksum::Sum::new().add_bytes(self.fixed).add_bytes(self.options());
        if sum.fold() == 0xffff {
            return Ok(());
        }
        let found = NetworkEndian::read_u16(&self.fixed[10..12]);
        Err(Malformed::Checksum { found, computed: sum.add_u16(!found).checksum() })
    }

    /// The header as a value.
    #[must_use]
    pub fn header(&self) -> Header {
        let fragment = NetworkEndian::read_u16(&self.fixed[6..8]);
        Header {
            dscp: Dscp::from_traffic_class(self.fixed[1]),
            ecn: Ecn::from_traffic_class(self.fixed[1]),
            identification: NetworkEndian::read_u16(&self.fixed[4..6]),
            reserved: fragment & RESERVED != 0,
            dont_fragment: fragment & DONT_FRAGMENT != 0,
            more_fragments: fragment & MORE_FRAGMENTS != 0,
            fragment_offset: FragmentOffset::from_field(fragment),
            ttl: self.ttl(),
            protocol: self.protocol(),
            source: self.source(),
            destination: self.destination(),
            // A header has no room for more options than there can be.
            options: Options::new(self.options()).unwrap_or_default(),
        }
    }

    /// DSCP and ECN as they share the header's second byte.
    #[must_use]
    pub fn traffic_class(&self) -> u8 {
        self.fixed[1]
    }

    /// How many routers the datagram could still have passed.
    #[must_use]
    pub fn ttl(&self) -> u8 {
        self.fixed[8]
    }

    /// Which protocol the payload belongs to.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.fixed[9].into()
    }

    /// Who sent the datagram, as it says.
    #[must_use]
    pub fn source(&self) -> Ipv4Addr {
        let [.., a, b, c, d, _, _, _, _] = *self.fixed;
        Ipv4Addr::new(a, b, c, d)
    }

    /// Whom it is for.
    #[must_use]
    pub fn destination(&self) -> Ipv4Addr {
        let [.., a, b, c, d] = *self.fixed;
        Ipv4Addr::new(a, b, c, d)
    }

    /// Whether it is a piece of a larger datagram rather than a whole one.
    #[must_use]
    pub fn is_fragment(&self) -> bool {
        let fragment = NetworkEndian::read_u16(&self.fixed[6..8]);
        fragment & MORE_FRAGMENTS != 0 || FragmentOffset::from_field(fragment).bytes() != 0
    }

    /// Length of header and payload in bytes, as the header says. A quoted datagram may have
    /// less of its payload than that.
    #[must_use]
    pub fn total_length(&self) -> u16 {
        NetworkEndian::read_u16(&self.fixed[2..4])
    }

    /// The options, as they stand.
    #[must_use]
    pub fn options(&self) -> &'a [u8] {
        self.header.get(MIN_HEADER_LEN..).unwrap_or_default()
    }

    /// The header's bytes, options included: 20 to 60.
    #[must_use]
    pub const fn header_bytes(&self) -> &'a [u8] {
        self.header
    }

    /// What the datagram carries.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// What becomes of the header checksum in a quoted datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotedChecksum {
    /// It must be correct.
    Verify,
    /// It may be anything: some routers quote a header after they have counted TTL down in it.
    Ignore,
}

/// What is wrong with bytes that are no datagram. All lengths are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There are fewer bytes than the shortest header has.
    #[error("{length} bytes are too few for an IPv4 header, which has at least 20")]
    Truncated {
        /// How many there are.
        length: usize,
    },
    /// The first nibble is not 4.
    #[error("the version is {version}, not 4")]
    Version {
        /// What it is.
        version: u8,
    },
    /// The header claims to be shorter than its own fixed part.
    #[error("the header length is {header_length} bytes, less than the least, 20")]
    HeaderLength {
        /// What the IHL field says.
        header_length: usize,
    },
    /// The datagram claims to be shorter than its own header.
    #[error("the total length is {total_length} bytes, less than the header's {header_length}")]
    TotalLength {
        /// What the Total Length field says.
        total_length: usize,
        /// What the IHL field says.
        header_length: usize,
    },
    /// The datagram claims to be longer than what there is of it.
    #[error("the total length is {total_length} bytes, but only {length} are there")]
    CutShort {
        /// What the Total Length field says.
        total_length: usize,
        /// How many bytes there are.
        length: usize,
    },
    /// The header was changed on its way, or never had a correct checksum.
    #[error("the header checksum is {found:#06x}, but should be {computed:#06x}")]
    Checksum {
        /// What the field says.
        found: u16,
        /// What it should say.
        computed: u16,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ping from the kernel, without its payload.
    const PING: [u8; 20] = [
        0x45, 0x00, 0x00, 0x14, 0x00, 0x00, 0x40, 0x00, 0x40, 0x01, 0xb6, 0xe5, 192, 0, 2, 1, 192,
        0, 2, 2,
    ];

    fn bent(at: usize, to: u8) -> [u8; 20] {
        let mut bytes = PING;
        bytes[at] = to;
        bytes
    }

    #[test]
    fn a_datagram_is_read_field_by_field() {
        let datagram = Datagram::parse(&PING).unwrap();
        let expected =
            Header::new(Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2), Protocol::Icmp);
        assert_eq!(datagram.header(), expected);
        assert_eq!(datagram.payload(), b"");
        assert_eq!(datagram.header_bytes(), PING);
        assert!(!datagram.is_fragment());
    }

    #[test]
    fn padding_behind_the_total_length_is_cut_off() {
        let mut padded = PING.to_vec();
        padded.extend([0xee; 26]);
        assert_eq!(Datagram::parse(&padded).unwrap().payload(), b"");
    }

    #[test]
    fn first_middle_and_last_piece_are_fragments() {
        let with = |more_fragments, offset| {
            let mut buffer = packet::Buffer::new();
            let header = Header {
                dont_fragment: false,
                more_fragments,
                fragment_offset: FragmentOffset::from_bytes(offset).unwrap(),
                ..Datagram::parse(&PING).unwrap().header()
            };
            header.prepend_to(&mut buffer).unwrap();
            Datagram::parse(buffer.as_slice()).unwrap().is_fragment()
        };
        assert!(with(true, 0), "the first");
        assert!(with(true, 1480), "one in the middle");
        assert!(with(false, 1480), "the last");
        assert!(!with(false, 0), "a whole datagram");
    }

    #[test]
    fn each_thing_that_can_be_wrong_is_named() {
        assert_eq!(Datagram::parse(&[]), Err(Malformed::Truncated { length: 0 }));
        assert_eq!(Datagram::parse(&[0x45]), Err(Malformed::Truncated { length: 1 }));
        assert_eq!(Datagram::parse(&[0x60]), Err(Malformed::Version { version: 6 }));
        assert_eq!(
            Datagram::parse(&bent(0, 0x44)),
            Err(Malformed::HeaderLength { header_length: 16 })
        );
        assert_eq!(
            Datagram::parse(&bent(0, 0x46)),
            Err(Malformed::TotalLength { total_length: 20, header_length: 24 })
        );
        assert_eq!(
            Datagram::parse(&bent(3, 21)),
            Err(Malformed::CutShort { total_length: 21, length: 20 })
        );
        assert_eq!(
            Datagram::parse(&bent(8, 0x3f)),
            Err(Malformed::Checksum { found: 0xb6e5, computed: 0xb7e5 })
        );
    }
    #[test]
    fn a_quoted_datagram_may_have_lost_the_end_of_its_payload() {
        let mut buffer = packet::Buffer::new();
        buffer.append(&[7; 100]);
        let header = Datagram::parse(&PING).unwrap().header();
        header.prepend_to(&mut buffer).unwrap();
        let whole = buffer.as_slice();

        let quoted = Datagram::parse_quoted(&whole[..28], QuotedChecksum::Verify).unwrap();
        assert_eq!(quoted.header(), header);
        assert_eq!(quoted.payload(), [7; 8]);
        assert_eq!(quoted.total_length(), 120);
        let cut = Malformed::CutShort { total_length: 120, length: 28 };
        assert_eq!(Datagram::parse(&whole[..28]), Err(cut));

        let all = Datagram::parse_quoted(whole, QuotedChecksum::Verify);
        assert_eq!(all, Datagram::parse(whole));
    }

    #[test]
    fn a_quoted_header_must_be_whole() {
        let too_few = Malformed::Truncated { length: 19 };
        assert_eq!(Datagram::parse_quoted(&PING[..19], QuotedChecksum::Ignore), Err(too_few));
        let mut with_options = bent(0, 0x46);
        with_options[3] = 24;
        assert_eq!(
            Datagram::parse_quoted(&with_options, QuotedChecksum::Ignore),
            Err(Malformed::CutShort { total_length: 24, length: 20 })
        );
    }

    #[test]
    fn a_quoted_checksum_is_judged_as_the_reader_wants() {
        let counted_down = bent(8, 0x3f);
        let wrong = Malformed::Checksum { found: 0xb6e5, computed: 0xb7e5 };
        assert_eq!(Datagram::parse_quoted(&counted_down, QuotedChecksum::Verify), Err(wrong));
        let quoted = Datagram::parse_quoted(&counted_down, QuotedChecksum::Ignore).unwrap();
        assert_eq!(quoted.header().ttl, 0x3f);
    }
}
