//! The header as a value, and writing it.

use std::num::NonZeroU16;

use byteorder::{ByteOrder, NetworkEndian};
use checksum::Sum;
use packet::{
    Buffer, ChecksumBy, ChecksumOffload, Segmentation, SegmentationKind, TransmitOffload,
};

use super::flags::Flags;
use super::options::Options;
use crate::SequenceNumber;

/// Length of every header without its options, in bytes.
pub const HEADER_LEN: usize = 20;

/// The longest segment, header and options included, in bytes: what an IP header's 16 bits can
/// count. The layer below takes some of that for itself: IPv4 leaves 65,515.
pub const MAX_SEGMENT_LEN: usize = u16::MAX as usize;

/// Where the checksum stands in the header, in bytes.
const CHECKSUM_AT: u16 = 16;

/// A segment's header: everything but its data offset and checksum, which follow from the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The sender's port.
    pub source_port: u16,
    /// The receiver's port.
    pub destination_port: u16,
    /// SEG.SEQ: the number of the first byte of data, or of SYN if that is set.
    pub sequence_number: SequenceNumber,
    /// SEG.ACK: the number that the sender expects next. Means something with ACK only; else 0
    /// is sent.
    pub acknowledgment_number: SequenceNumber,
    /// The control bits.
    pub flags: Flags,
    /// SEG.WND: how many bytes from the acknowledgment number on there is room for, in units of
    /// the sender's window scale; of one byte in a segment with SYN.
    pub window: u16,
    /// SEG.UP: how far behind the sequence number urgent data ends. Means something with URG only;
    /// else 0 is sent.
    pub urgent_pointer: u16,
}

/// A segment that is longer than any packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a TCP segment of {length} bytes exceeds 65,535, the most that IP can count")]
pub struct TooLong {
    /// How long it would be, header and options included.
    pub length: usize,
}

impl Header {
    /// Puts header and options in front of `buffer`, which holds the payload, and says what the
    /// device has still to do.
    ///
    /// `pseudo_header` is the sum of both addresses and the protocol's number; the length is added
    /// here.
    ///
    /// A payload of more than `segment_size` bytes is a superframe: the device cuts it into
    /// segments of so many ([`packet::Capabilities::segmentation_offload`]) and does each one's
    /// checksum, whatever `checksum_by` says. With `None` it is one segment, however long.
    ///
    /// # Errors
    /// [`TooLong`]; the buffer is then as it was.
    pub fn prepend_to(
        &self,
        options: &Options,
        buffer: &mut Buffer,
        pseudo_header: Sum,
        checksum_by: ChecksumBy,
        segment_size: Option<NonZeroU16>,
    ) -> Result<TransmitOffload, TooLong> {
        let options = options.written();
        let options = options.as_slice();
        let payload_length = buffer.len();
        let length = HEADER_LEN + options.len() + payload_length;
        let length = u16::try_from(length).map_err(|_| TooLong { length })?;
        let segmentation = segment_size
            .filter(|size| payload_length > usize::from(size.get()))
            .map(|size| Segmentation { kind: SegmentationKind::Tcp4, size });
        let by_device = checksum_by == ChecksumBy::Device || segmentation.is_some();

        let mut header = self.to_bytes(options.len());
        let pseudo_header = pseudo_header.add_u16(length);
        let checksum = if by_device {
            pseudo_header.fold()
        } else {
            let sum = pseudo_header.add_bytes(&header).add_bytes(options);
            sum.add_bytes(buffer.as_slice()).checksum()
        };
        NetworkEndian::write_u16(&mut header[16..18], checksum);
        buffer.prepend(options);
        buffer.prepend(&header);
        let checksum = by_device.then_some(ChecksumOffload { covered: length, field: CHECKSUM_AT });
        Ok(TransmitOffload { checksum, segmentation })
    }

    /// The header in front of so many bytes of options, its checksum still zero.
    fn to_bytes(self, options_length: usize) -> [u8; HEADER_LEN] {
        // In words of 4 bytes, in the upper half of its byte. 15 words are the most; what is not
        // a whole word cannot come out of `Options`.
        let data_offset = u8::try_from((HEADER_LEN + options_length) * 4).unwrap_or(0xf0);
        let mut bytes = [0; HEADER_LEN];
        NetworkEndian::write_u16(&mut bytes[0..2], self.source_port);
        NetworkEndian::write_u16(&mut bytes[2..4], self.destination_port);
        NetworkEndian::write_u32(&mut bytes[4..8], self.sequence_number.value());
        NetworkEndian::write_u32(&mut bytes[8..12], self.acknowledgment_number.value());
        bytes[12] = data_offset;
        bytes[13] = self.flags.bits();
        NetworkEndian::write_u16(&mut bytes[14..16], self.window);
        NetworkEndian::write_u16(&mut bytes[18..20], self.urgent_pointer);
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; HEADER_LEN]) -> Self {
        Self {
            source_port: NetworkEndian::read_u16(&bytes[0..2]),
            destination_port: NetworkEndian::read_u16(&bytes[2..4]),
            sequence_number: SequenceNumber::new(NetworkEndian::read_u32(&bytes[4..8])),
            acknowledgment_number: SequenceNumber::new(NetworkEndian::read_u32(&bytes[8..12])),
            flags: Flags::from_bits(bytes[13]),
            window: NetworkEndian::read_u16(&bytes[14..16]),
            urgent_pointer: NetworkEndian::read_u16(&bytes[18..20]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::options::Timestamps;

    const HEADER: Header = Header {
        source_port: 40_000,
        destination_port: 7,
        sequence_number: SequenceNumber::new(0x0102_0304),
        acknowledgment_number: SequenceNumber::new(0x0506_0708),
        flags: Flags::PSH.with(Flags::ACK),
        window: 512,
        urgent_pointer: 0,
    };

    const WITH_TIMESTAMPS: Options =
        Options { timestamps: Some(Timestamps { value: 1, echo_reply: 2 }), ..Options::NONE };

    fn written(
        options: &Options,
        payload: &[u8],
        checksum_by: ChecksumBy,
        segment_size: u16,
    ) -> (Vec<u8>, TransmitOffload) {
        let mut buffer = Buffer::new();
        buffer.append(payload);
        let segment_size = NonZeroU16::new(segment_size);
        let offload =
            HEADER.prepend_to(options, &mut buffer, Sum::new(), checksum_by, segment_size);
        (buffer.as_slice().to_vec(), offload.unwrap())
    }

    #[test]
    fn every_field_in_its_place() {
        let (bytes, offload) = written(&Options::NONE, b"abc", ChecksumBy::Us, 0);
        let fields = [
            0x9c, 0x40, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, 0x18, 2, 0, bytes[16], bytes[17], 0, 0,
            b'a', b'b', b'c',
        ];
        assert_eq!(bytes, fields);
        assert_eq!(offload, TransmitOffload::default());
        assert_eq!(Header::from_bytes(bytes.first_chunk().unwrap()), HEADER);
    }

    #[test]
    fn must_2_the_sum_over_all_is_all_ones() {
        for payload in [&b""[..], b"a", b"ab", b"abc"] {
            let (bytes, _) = written(&WITH_TIMESTAMPS, payload, ChecksumBy::Us, 0);
            let length = u16::try_from(bytes.len()).unwrap();
            assert_eq!(Sum::new().add_u16(length).add_bytes(&bytes).fold(), 0xffff);
        }
    }

    #[test]
    fn a_device_that_does_the_checksum_finds_the_pseudo_header_in_its_place() {
        let (bytes, offload) = written(&WITH_TIMESTAMPS, b"abc", ChecksumBy::Device, 0);
        assert_eq!(bytes[12], 0x80);
        assert_eq!(bytes[16..18], [0, 35]);
        assert_eq!(offload.checksum, Some(ChecksumOffload { covered: 35, field: 16 }));
        assert_eq!(offload.segmentation, None);
    }

    #[test]
    fn more_than_a_segment_is_a_superframe_and_its_checksum_the_devices() {
        let (bytes, offload) = written(&WITH_TIMESTAMPS, &[7; 3000], ChecksumBy::Us, 1448);
        assert_eq!(bytes[16..18], 3032u16.to_be_bytes());
        assert_eq!(offload.checksum, Some(ChecksumOffload { covered: 3032, field: 16 }));
        let segmentation = offload.segmentation.unwrap();
        assert_eq!((segmentation.kind, segmentation.size.get()), (SegmentationKind::Tcp4, 1448));
    }

    #[test]
    fn what_fits_one_segment_is_no_superframe() {
        for checksum_by in [ChecksumBy::Us, ChecksumBy::Device] {
            let with_size = written(&WITH_TIMESTAMPS, &[7; 1448], checksum_by, 1448);
            assert_eq!(with_size, written(&WITH_TIMESTAMPS, &[7; 1448], checksum_by, 0));
            assert_eq!(with_size.1.segmentation, None);
        }
    }

    #[test]
    fn what_is_longer_than_any_packet_is_refused_and_kept() {
        let most = MAX_SEGMENT_LEN - HEADER_LEN - WITH_TIMESTAMPS.length();
        let mut buffer = Buffer::new();
        buffer.append(&vec![7; most + 1]);
        let size = NonZeroU16::new(1448);
        let refused =
            HEADER.prepend_to(&WITH_TIMESTAMPS, &mut buffer, Sum::new(), ChecksumBy::Us, size);
        assert_eq!(refused, Err(TooLong { length: 65_536 }));
        assert_eq!(buffer.len(), most + 1);
        let (bytes, _) = written(&WITH_TIMESTAMPS, &vec![7; most], ChecksumBy::Us, 1448);
        assert_eq!(bytes.len(), MAX_SEGMENT_LEN);
    }
}
