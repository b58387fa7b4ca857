//! What a segment is on the wire (RFC 9293, 3.1).
//!
//! ```text
//!    0                   1                   2                   3
//!    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//!   ┌───────────────────────────────┬───────────────────────────────┐
//!   │          Source Port          │       Destination Port        │
//!   ├───────────────────────────────┴───────────────────────────────┤
//!   │                        Sequence Number                        │
//!   ├───────────────────────────────────────────────────────────────┤
//!   │                     Acknowledgment Number                     │
//!   ├───────┬───────┬─┬─┬─┬─┬─┬─┬─┬─┬───────────────────────────────┤
//!   │ Data  │ Reser-│C│E│U│A│P│R│S│F│                               │
//!   │ Offset│  ved  │W│C│R│C│S│S│Y│I│            Window             │
//!   │       │       │R│E│G│K│H│T│N│N│                               │
//!   ├───────┴───────┴─┴─┴─┴─┴─┴─┴─┴─┼───────────────────────────────┤
//!   │           Checksum            │        Urgent Pointer         │
//!   ├───────────────────────────────┴───────────────────────────────┤
//!   │                 Options, up to 40 bytes, if any               │
//!   ├───────────────────────────────────────────────────────────────┤
//!   │                          Payload ...                          │
//!   └───────────────────────────────────────────────────────────────┘
//! ```
//!
//! No field says how long a segment is: it ends where the packet ends. The checksum covers all of
//! it, and before it a pseudo-header that is never sent: the addresses, the protocol's number and
//! the segment's length.
//!
//! [`Segment::parse`] proves that bytes are a segment, [`Segment::header`] and
//! [`Segment::options`] give what it says as values; [`Header::prepend_to`] writes one in front of
//! its payload.

mod flags;
mod header;
mod options;
mod quote;
mod sack_blocks;
mod walk;
mod window_scale;

use byteorder::{ByteOrder, NetworkEndian};
use checksum::Sum;
use packet::ReceivedChecksum;

pub use flags::Flags;
pub use header::{HEADER_LEN, Header, MAX_SEGMENT_LEN, TooLong};
pub use options::{MAX_OPTIONS_LEN, Options, Timestamps};
pub use quote::Quote;
pub use sack_blocks::{MAX_SACK_BLOCKS, SackBlock, SackBlocks};
pub use window_scale::WindowScale;

/// A checked view of a segment: its header's length proven, its checksum correct.
///
/// A superframe from a device that coalesces is one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    header: &'a [u8; HEADER_LEN],
    options: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Segment<'a> {
    /// Reads the segment in `bytes`, the whole payload of the layer below.
    ///
    /// `pseudo_header` is the sum of both addresses and the protocol's number; the length is added
    /// here. Reserved bits may be anything (RFC 9293, 3.1).
    ///
    /// # Errors
    /// [`Malformed`] names the first thing that is wrong, in the order of the header's fields.
    pub fn parse(
        bytes: &'a [u8],
        pseudo_header: Sum,
        checksum: ReceivedChecksum,
    ) -> Result<Self, Malformed> {
        let (header, rest) =
            bytes.split_first_chunk().ok_or(Malformed::Truncated { length: bytes.len() })?;
        let length = data_offset(header);
        let (options, payload) = usize::from(length)
            .checked_sub(HEADER_LEN)
            .and_then(|options_length| rest.split_at_checked(options_length))
            .ok_or(Malformed::HeaderLength { length, available: bytes.len() })?;
        if checksum == ReceivedChecksum::Unverified {
            verify(bytes, pseudo_header, NetworkEndian::read_u16(&header[16..18]))?;
        }
        Ok(Self { header, options, payload })
    }

    /// The header as a value.
    #[must_use]
    pub fn header(&self) -> Header {
        Header::from_bytes(self.header)
    }

    /// What the options say, as far as they can be read. Any segment may have some (MUST-5).
    #[must_use]
    pub fn options(&self) -> Options {
        Options::read(self.options)
    }

    /// The data behind header and options. It may be empty.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// SEG.LEN: how many sequence numbers the segment takes. SYN and FIN take one each.
    #[must_use]
    pub fn length(&self) -> u32 {
        let flags = self.header().flags;
        count(self.payload) + u32::from(flags.syn()) + u32::from(flags.fin())
    }
}

/// Length of header and options in bytes, by the field; 0 to 60, nothing proven.
fn data_offset(header: &[u8; HEADER_LEN]) -> u8 {
    (header[12] >> 4) * 4
}

/// MUST-3: what does not sum to all ones, the pseudo-header included, was changed on its way.
fn verify(segment: &[u8], pseudo_header: Sum, found: u16) -> Result<(), Malformed> {
    let length = count(segment).to_be_bytes();
    let sum = pseudo_header.add_bytes(&length).add_bytes(segment);
    if sum.fold() == 0xffff {
        return Ok(());
    }
    Err(Malformed::Checksum { found, computed: sum.add_u16(!found).checksum() })
}

/// How many there are. No packet has 2^32 bytes.
fn count(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// What is wrong with bytes that are no segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There are fewer bytes than a header has.
    #[error("{length} bytes are too few for a TCP header, which has at least 20")]
    Truncated {
        /// How many there are.
        length: usize,
    },
    /// The data offset does not even count the header, or more than came.
    #[error("the TCP data offset is {length} bytes, not 20 to the {available} that came")]
    HeaderLength {
        /// What the field says, in bytes.
        length: u8,
        /// How many bytes came.
        available: usize,
    },
    /// The segment was changed on its way, or never had a correct checksum.
    #[error("the TCP checksum is {found:#06x}, but should be {computed:#06x}")]
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
    use crate::SequenceNumber;

    /// From port 1 to port 2, a window scale behind a no-operation, two bytes of payload.
    const BYTES: [u8; 26] =
        [0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0x60, 0x10, 0, 5, 0, 0, 0, 6, 1, 3, 3, 7, b'a', b'b'];

    /// 1111 (handed in) + 1a (length) + 1 + 2 + 3 + 4 + 6010 + 5 + 6 + 103 + 307 + 6162 is d6bc.
    const CHECKSUM: u16 = !0xd6bc;

    fn with(changes: &[(usize, u8)]) -> [u8; 26] {
        let mut bytes = BYTES;
        for &(at, to) in changes {
            bytes[at] = to;
        }
        bytes
    }

    fn with_checksum(checksum: u16) -> [u8; 26] {
        let [high, low] = checksum.to_be_bytes();
        with(&[(16, high), (17, low)])
    }

    fn parse(bytes: &[u8], checksum: ReceivedChecksum) -> Result<Segment<'_>, Malformed> {
        Segment::parse(bytes, Sum::new().add_u16(0x1111), checksum)
    }

    #[test]
    fn header_options_and_payload() {
        let bytes = with_checksum(CHECKSUM);
        let segment = parse(&bytes, ReceivedChecksum::Unverified).unwrap();
        let header = Header {
            source_port: 1,
            destination_port: 2,
            sequence_number: SequenceNumber::new(3),
            acknowledgment_number: SequenceNumber::new(4),
            flags: Flags::ACK,
            window: 5,
            urgent_pointer: 6,
        };
        assert_eq!(segment.header(), header);
        // MUST-5: this one has no SYN.
        assert_eq!(segment.options().window_scale, Some(WindowScale::new(7)));
        assert_eq!(segment.payload(), b"ab");
    }

    #[test]
    fn must_3_a_wrong_checksum_is_refused_with_what_it_should_be() {
        let bytes = with_checksum(0x1234);
        let refused = parse(&bytes, ReceivedChecksum::Unverified);
        assert_eq!(refused, Err(Malformed::Checksum { found: 0x1234, computed: CHECKSUM }));
    }

    #[test]
    fn what_the_device_vouches_for_is_not_verified_again() {
        let bytes = with_checksum(0x1234);
        let left_out = packet::ChecksumOffload { covered: 20, field: 16 };
        for checksum in [ReceivedChecksum::Verified, ReceivedChecksum::LeftOut(left_out)] {
            assert!(parse(&bytes, checksum).is_ok(), "{checksum:?}");
        }
    }

    #[test]
    fn a_data_offset_below_the_header_or_beyond_the_bytes_is_refused() {
        let verdict = |bytes: &[u8]| parse(bytes, ReceivedChecksum::Verified).map(drop);
        assert_eq!(verdict(&BYTES[..19]), Err(Malformed::Truncated { length: 19 }));
        for words in [0, 4, 7, 15] {
            let expected = Malformed::HeaderLength { length: words * 4, available: 26 };
            assert_eq!(verdict(&with(&[(12, words << 4)])), Err(expected));
        }
        assert_eq!(verdict(&BYTES[..24]), Ok(()));
        assert_eq!(
            verdict(&BYTES[..23]),
            Err(Malformed::HeaderLength { length: 24, available: 23 })
        );
    }

    #[test]
    fn syn_and_fin_take_a_number_each() {
        let length = |flags: Flags| {
            let bytes = with(&[(13, flags.bits())]);
            parse(&bytes, ReceivedChecksum::Verified).unwrap().length()
        };
        assert_eq!(length(Flags::ACK), 2);
        assert_eq!(length(Flags::SYN), 3);
        assert_eq!(length(Flags::FIN | Flags::ACK), 3);
        assert_eq!(length(Flags::FIN | Flags::SYN), 4);
    }

    #[test]
    fn reserved_bits_may_be_anything() {
        let bytes = with(&[(12, 0x6f)]);
        let segment = parse(&bytes, ReceivedChecksum::Verified).unwrap();
        assert_eq!(segment.payload(), b"ab");
    }
}
