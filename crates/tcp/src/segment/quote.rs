//! What is left of a segment that an ICMP error quotes.

use byteorder::{ByteOrder, NetworkEndian};

use crate::SequenceNumber;

/// The first 8 bytes of a segment of ours, which every ICMP error brings back (RFC 792).
///
/// Whoever does not see our segments must guess the sequence number to forge one: it is to lie
/// between SND.UNA and SND.NXT (RFC 5927, 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Our port, since the segment was ours.
    pub source_port: u16,
    /// The peer's port.
    pub destination_port: u16,
    /// SEG.SEQ.
    pub sequence_number: SequenceNumber,
}

impl Quote {
    /// Reads the beginning of a segment; `None` if fewer than 8 bytes are there. Neither length
    /// nor checksum can be proven.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 8] = bytes.first_chunk()?;
        Some(Self {
            source_port: NetworkEndian::read_u16(&bytes[0..2]),
            destination_port: NetworkEndian::read_u16(&bytes[2..4]),
            sequence_number: SequenceNumber::new(NetworkEndian::read_u32(&bytes[4..8])),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bytes_are_enough_and_fewer_are_not() {
        let bytes = [0x9c, 0x40, 0, 7, 1, 2, 3, 4, 5];
        let quote = Quote {
            source_port: 40_000,
            destination_port: 7,
            sequence_number: SequenceNumber::new(0x0102_0304),
        };
        assert_eq!(Quote::read(&bytes), Some(quote));
        assert_eq!(Quote::read(&bytes[..8]), Some(quote));
        assert_eq!(Quote::read(&bytes[..7]), None);
    }
}
