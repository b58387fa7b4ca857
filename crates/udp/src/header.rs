//! The header as a value, and writing it.

use byteorder::{ByteOrder, NetworkEndian};
use checksum::Sum;
use packet::{Buffer, ChecksumBy, ChecksumOffload, TransmitOffload};

/// Length of every header, in bytes.
pub const HEADER_LEN: usize = 8;

/// The longest payload that the length field can count, in bytes. What the layer below can carry
/// may be less: IPv4 without options leaves 65,507.
pub const MAX_PAYLOAD_LEN: usize = u16::MAX as usize - HEADER_LEN;

/// Where the checksum stands in the header, in bytes.
const CHECKSUM_AT: u16 = 6;

/// A datagram's header: everything but its length and checksum, which follow from the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Where an answer is to go; 0 if none is wanted.
    pub source_port: u16,
    /// Whom the datagram is for.
    pub destination_port: u16,
}

/// A payload that no datagram has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{payload_length} bytes of payload exceed a UDP datagram's 65,527")]
pub struct PayloadTooLong {
    /// How many bytes of payload there were.
    pub payload_length: usize,
}

impl Header {
    /// Puts the header in front of `buffer`, which holds the payload, and says what the device
    /// has still to do.
    ///
    /// `pseudo_header` is the sum of both addresses and the protocol's number; the length is added
    /// here.
    ///
    /// # Errors
    /// [`PayloadTooLong`]; the buffer is then as it was.
    #[inline]
    pub fn prepend_to(
        &self,
        buffer: &mut Buffer,
        pseudo_header: Sum,
        checksum_by: ChecksumBy,
    ) -> Result<TransmitOffload, PayloadTooLong> {
        let payload_length = buffer.len();
        let length = u16::try_from(HEADER_LEN + payload_length)
            .map_err(|_| PayloadTooLong { payload_length })?;
        let mut header = [0; HEADER_LEN];
        NetworkEndian::write_u16(&mut header[0..2], self.source_port);
        NetworkEndian::write_u16(&mut header[2..4], self.destination_port);
        NetworkEndian::write_u16(&mut header[4..6], length);

        let pseudo_header = pseudo_header.add_u16(length);
        let (checksum, offload) = match checksum_by {
            ChecksumBy::Us => {
                let sum = pseudo_header.add_bytes(&header).add_bytes(buffer.as_slice());
                (on_the_wire(sum.checksum()), None)
            }
            ChecksumBy::Device => {
                let offload = ChecksumOffload { covered: length, field: CHECKSUM_AT };
                (pseudo_header.fold(), Some(offload))
            }
        };
        NetworkEndian::write_u16(&mut header[6..8], checksum);
        buffer.prepend(&header);
        Ok(TransmitOffload { checksum: offload, segmentation: None })
    }

    /// The header of a datagram of which only the beginning is left, as ICMP errors quote it.
    /// `None` if fewer than 8 bytes are.
    ///
    /// Neither length nor checksum can be proven there.
    #[must_use]
    pub fn from_quote(quote: &[u8]) -> Option<Self> {
        quote.first_chunk().map(Self::from_bytes)
    }

    pub(crate) fn from_bytes(bytes: &[u8; HEADER_LEN]) -> Self {
        Self {
            source_port: NetworkEndian::read_u16(&bytes[0..2]),
            destination_port: NetworkEndian::read_u16(&bytes[2..4]),
        }
    }
}

/// A computed zero is sent as all ones, since zero says that there is no checksum (UDP-6). Both
/// are zero in ones' complement.
pub(crate) const fn on_the_wire(checksum: u16) -> u16 {
    if checksum == 0 { 0xffff } else { checksum }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header { source_port: 40_000, destination_port: 7 };

    fn written(payload: &[u8], checksum_by: ChecksumBy) -> (Vec<u8>, TransmitOffload) {
        let mut buffer = Buffer::new();
        buffer.append(payload);
        let offload = HEADER.prepend_to(&mut buffer, Sum::new(), checksum_by).unwrap();
        (buffer.as_slice().to_vec(), offload)
    }

    #[test]
    fn udp_6_a_checksum_that_comes_out_as_zero_is_sent_as_all_ones() {
        let (bytes, _) = written(&[0, 0], ChecksumBy::Us);
        // This payload is what was missing to a sum of all ones.
        let (bytes, offload) = written(&bytes[6..8], ChecksumBy::Us);
        assert_eq!(bytes[6..8], [0xff, 0xff]);
        assert_eq!(offload, TransmitOffload::default());
    }

    #[test]
    fn a_device_that_does_the_checksum_finds_the_pseudo_header_in_its_place() {
        let (bytes, offload) = written(b"abc", ChecksumBy::Device);
        assert_eq!(bytes[6..8], [0, 11]);
        assert_eq!(offload.checksum, Some(ChecksumOffload { covered: 11, field: 6 }));
        assert_eq!(offload.segmentation, None);
    }

    #[test]
    fn a_payload_without_room_is_refused_and_kept() {
        let mut buffer = Buffer::new();
        buffer.append(&vec![7; MAX_PAYLOAD_LEN + 1]);
        let refused = HEADER.prepend_to(&mut buffer, Sum::new(), ChecksumBy::Us);
        assert_eq!(refused, Err(PayloadTooLong { payload_length: 65_528 }));
        assert_eq!(buffer.len(), MAX_PAYLOAD_LEN + 1);
        assert_eq!(written(&vec![7; MAX_PAYLOAD_LEN], ChecksumBy::Us).0.len(), 65_535);
    }

    #[test]
    fn a_quote_gives_the_ports_if_all_eight_bytes_are_there() {
        let (bytes, _) = written(b"abc", ChecksumBy::Us);
        assert_eq!(Header::from_quote(&bytes[..8]), Some(HEADER));
        assert_eq!(Header::from_quote(&bytes[..7]), None);
    }
}
