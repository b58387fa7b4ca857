//! Reading, first step: bytes that are proven to be a datagram.

use std::num::NonZeroU16;

use byteorder::{ByteOrder, NetworkEndian};
use checksum::Sum;
use packet::ReceivedChecksum;

use crate::header::{HEADER_LEN, Header, on_the_wire};

/// A checked view of a datagram: its length proven, its checksum correct if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    header: &'a [u8; HEADER_LEN],
    payload: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// Reads the datagram in `bytes`, the whole payload of the layer below.
    ///
    /// `pseudo_header` is the sum of both addresses and the protocol's number; the length is added
    /// here. Bytes beyond the length are no part of the datagram (UDP-13). A checksum of zero says
    /// that the sender computed none, which is accepted here; [`Datagram::has_checksum`] tells.
    ///
    /// # Errors
    /// [`Malformed`] names the first thing that is wrong, in the order of the header's fields.
    pub fn parse(
        bytes: &'a [u8],
        pseudo_header: Sum,
        checksum: ReceivedChecksum,
    ) -> Result<Self, Malformed> {
        let header: &[u8; HEADER_LEN] =
            bytes.first_chunk().ok_or(Malformed::Truncated { length: bytes.len() })?;
        let length = NetworkEndian::read_u16(&header[4..6]);
        if usize::from(length) < HEADER_LEN {
            return Err(Malformed::Length { length });
        }
        let whole = bytes
            .get(..usize::from(length))
            .ok_or(Malformed::CutShort { length, available: bytes.len() })?;
        let datagram = Self { header, payload: whole.get(HEADER_LEN..).unwrap_or_default() };
        if checksum == ReceivedChecksum::Unverified && datagram.has_checksum() {
            verify(whole, pseudo_header.add_u16(length), datagram.checksum())?;
        }
        Ok(datagram)
    }

    /// The header as a value.
    #[must_use]
    pub fn header(&self) -> Header {
        Header::from_bytes(self.header)
    }

    /// What stands behind the header. It may be empty (UDP-14).
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Whether the sender computed a checksum.
    #[must_use]
    pub fn has_checksum(&self) -> bool {
        self.checksum() != 0
    }

    /// The datagrams that a superframe stands for, in order: each has `size` bytes of payload,
    /// the last what is left.
    pub fn cut(self, size: NonZeroU16) -> impl Iterator<Item = Self> {
        let Self { header, payload } = self;
        payload.chunks(usize::from(size.get())).map(move |payload| Self { header, payload })
    }

    fn checksum(&self) -> u16 {
        NetworkEndian::read_u16(&self.header[6..8])
    }
}

/// UDP-5: what does not sum to all ones, the pseudo-header included, was changed on its way.
fn verify(datagram: &[u8], pseudo_header: Sum, found: u16) -> Result<(), Malformed> {
    let sum = pseudo_header.add_bytes(datagram);
    if sum.fold() == 0xffff {
        return Ok(());
    }
    let computed = on_the_wire(sum.add_u16(!found).checksum());
    Err(Malformed::Checksum { found, computed })
}

/// What is wrong with bytes that are no datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There are fewer bytes than a header has.
    #[error("{length} bytes are too few for a UDP header, which has 8")]
    Truncated {
        /// How many there are.
        length: usize,
    },
    /// The length field does not even count the header.
    #[error("the UDP length is {length}, but at least the header's 8 bytes are there")]
    Length {
        /// What the field says, in bytes.
        length: u16,
    },
    /// The length field counts more than came.
    #[error("the UDP length is {length}, but only {available} bytes came")]
    CutShort {
        /// What the field says, in bytes.
        length: u16,
        /// How many bytes came.
        available: usize,
    },
    /// The datagram was changed on its way, or never had a correct checksum.
    #[error("the UDP checksum is {found:#06x}, but should be {computed:#06x}")]
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

    /// From port 1 to port 2, two bytes of payload.
    const BYTES: [u8; 10] = [0, 1, 0, 2, 0, 10, 0, 0, b'a', b'b'];

    fn with_checksum(checksum: u16) -> [u8; 10] {
        let mut bytes = BYTES;
        bytes[6..8].copy_from_slice(&checksum.to_be_bytes());
        bytes
    }

    fn parse(bytes: &[u8], checksum: ReceivedChecksum) -> Result<Datagram<'_>, Malformed> {
        Datagram::parse(bytes, Sum::new().add_u16(0x1111), checksum)
    }

    #[test]
    fn udp_13_a_length_below_the_header_or_beyond_the_bytes_is_refused() {
        let unverified = ReceivedChecksum::Unverified;
        assert_eq!(parse(&[0; 7], unverified), Err(Malformed::Truncated { length: 7 }));
        let mut bytes = BYTES;
        bytes[5] = 7;
        assert_eq!(parse(&bytes, unverified), Err(Malformed::Length { length: 7 }));
        bytes[5] = 11;
        let expected = Malformed::CutShort { length: 11, available: 10 };
        assert_eq!(parse(&bytes, unverified), Err(expected));
    }

    #[test]
    fn udp_13_what_stands_beyond_the_length_is_not_delivered() {
        let mut bytes = BYTES;
        bytes[5] = 9;
        let datagram = parse(&bytes, ReceivedChecksum::Unverified).unwrap();
        assert_eq!(datagram.payload(), b"a");
    }

    #[test]
    fn udp_14_a_datagram_may_be_empty() {
        let datagram = parse(&[0, 1, 0, 2, 0, 8, 0, 0], ReceivedChecksum::Unverified).unwrap();
        assert_eq!(datagram.payload(), b"");
        assert_eq!(datagram.header(), Header { source_port: 1, destination_port: 2 });
    }

    #[test]
    fn udp_5_a_wrong_checksum_is_refused_with_what_it_should_be() {
        let bytes = with_checksum(0x1234);
        let refused = parse(&bytes, ReceivedChecksum::Unverified);
        // 1111 (handed in) + a (length) + 1 + 2 + a + 6162 is 728a.
        assert_eq!(refused, Err(Malformed::Checksum { found: 0x1234, computed: 0x8d75 }));
        assert!(parse(&with_checksum(0x8d75), ReceivedChecksum::Unverified).is_ok());
    }

    #[test]
    fn udp_7_no_checksum_is_accepted_and_told() {
        let bytes = with_checksum(0);
        assert!(!parse(&bytes, ReceivedChecksum::Unverified).unwrap().has_checksum());
        let bytes = with_checksum(0x8d75);
        assert!(parse(&bytes, ReceivedChecksum::Unverified).unwrap().has_checksum());
    }

    #[test]
    fn what_the_device_vouches_for_is_not_verified_again() {
        let bytes = with_checksum(0x1234);
        let left_out = packet::ChecksumOffload { covered: 8, field: 6 };
        for checksum in [ReceivedChecksum::Verified, ReceivedChecksum::LeftOut(left_out)] {
            assert!(parse(&bytes, checksum).is_ok(), "{checksum:?}");
        }
    }

    #[test]
    fn a_superframe_is_cut_into_datagrams_with_its_header() {
        let superframe = parse(&BYTES, ReceivedChecksum::Verified).unwrap();
        let payloads = |size| {
            let cut = superframe.cut(NonZeroU16::new(size).unwrap());
            let header = Header { source_port: 1, destination_port: 2 };
            cut.inspect(|one| assert_eq!(one.header(), header)).map(|one| one.payload()).collect()
        };
        let (one, two): (Vec<_>, Vec<_>) = (payloads(2), payloads(1));
        assert_eq!((one, two), (vec![&b"ab"[..]], vec![&b"a"[..], b"b"]));
    }
}
