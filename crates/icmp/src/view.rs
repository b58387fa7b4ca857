//! Reading, first step: bytes that are proven to be a message.

use byteorder::{ByteOrder, NetworkEndian};

use crate::{HEADER_LEN, Message};

/// A checked view of a message: long enough for its header, the checksum correct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    header: &'a [u8; HEADER_LEN],
    data: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads `bytes`, the whole payload of a datagram, as one message.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (header, data) =
            bytes.split_first_chunk().ok_or(Malformed::Truncated { length: bytes.len() })?;
        let sum = checksum::Sum::new().add_bytes(bytes);
        if sum.fold() != 0xffff {
            let found = NetworkEndian::read_u16(&header[2..4]);
            return Err(Malformed::Checksum { found, computed: sum.add_u16(!found).checksum() });
        }
        Ok(Self { header, data })
    }

    /// Which message it is.
    #[must_use]
    pub fn message(&self) -> Message {
        Message::read(self.header)
    }

    /// What stands behind the header.
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }
}

/// What is wrong with bytes that are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There are fewer bytes than a header has.
    #[error("{length} bytes are too few for an ICMP message, which has at least 8")]
    Truncated {
        /// How many there are.
        length: usize,
    },
    /// The message was changed on its way, or never had a correct checksum.
    #[error("the ICMP checksum is {found:#06x}, but should be {computed:#06x}")]
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

    /// Puts a correct checksum into `bytes`.
    fn finished(mut bytes: Vec<u8>) -> Vec<u8> {
        let checksum = checksum::Sum::new().add_bytes(&bytes).checksum();
        bytes[2..4].copy_from_slice(&checksum.to_be_bytes());
        bytes
    }

    #[test]
    fn a_message_without_a_name_is_told_as_it_stands() {
        let bytes = finished(vec![42, 7, 0, 0, 1, 2, 3, 4, 5]);
        let packet = Packet::parse(&bytes).unwrap();
        let Message::Unknown(unknown) = packet.message() else { panic!("42 has no name") };
        assert_eq!((unknown.kind(), unknown.code(), unknown.rest()), (42, 7, [1, 2, 3, 4]));
        assert_eq!(packet.data(), [5]);
    }

    #[test]
    fn icmp_1_a_code_that_makes_no_sense_leaves_a_message_without_a_name() {
        // The errors mean something with any code; of these only the named codes do.
        for (kind, codes) in [(0, 1), (4, 1), (5, 4), (8, 1), (13, 1), (14, 1), (15, 1), (18, 1)] {
            for code in 0..=u8::MAX {
                let bytes = finished(vec![kind, code, 0, 0, 0, 7, 0, 1]);
                let message = Packet::parse(&bytes).unwrap().message();
                let is_unknown = matches!(message, Message::Unknown(_));
                assert_eq!(is_unknown, code >= codes, "type {kind}, code {code}: {message:?}");
            }
        }
    }

    #[test]
    fn each_thing_that_can_be_wrong_is_named() {
        assert_eq!(Packet::parse(&[8; 7]), Err(Malformed::Truncated { length: 7 }));
        let bytes = [8, 0, 0, 0, 0, 7, 0, 1];
        let expected = Malformed::Checksum { found: 0, computed: 0xf7f7 };
        assert_eq!(Packet::parse(&bytes), Err(expected));
    }
}
