//! The frame: a checked view over its bytes, and its header as a value.

use byteorder::{ByteOrder, NetworkEndian};
use packet::Buffer;

use crate::{EtherType, LengthOrType, MacAddress};

/// Length of the header in bytes.
pub const HEADER_LEN: usize = 14;

/// A frame whose header is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    header: &'a [u8; HEADER_LEN],
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Takes `bytes` for a frame if a header fits in.
    ///
    /// # Errors
    /// [`Malformed`] if it does not.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (header, payload) =
            bytes.split_first_chunk().ok_or(Malformed::Truncated { length: bytes.len() })?;
        Ok(Self { header, payload })
    }

    /// To whom the frame is sent. On TAP nothing filters: frames to others come as well.
    #[must_use]
    pub const fn destination(&self) -> MacAddress {
        let [a, b, c, d, e, f, ..] = *self.header;
        MacAddress::new([a, b, c, d, e, f])
    }

    /// Who sent the frame.
    #[must_use]
    pub const fn source(&self) -> MacAddress {
        let [_, _, _, _, _, _, a, b, c, d, e, f, ..] = *self.header;
        MacAddress::new([a, b, c, d, e, f])
    }

    /// What the payload is, or how long.
    #[must_use]
    pub fn length_or_type(&self) -> LengthOrType {
        LengthOrType::new(NetworkEndian::read_u16(&self.header[12..]))
    }

    /// The header's values; `None` if this is an IEEE 802.3 frame, whose header has a length in
    /// place of an EtherType.
    #[must_use]
    pub fn header(&self) -> Option<Header> {
        match self.length_or_type() {
            LengthOrType::EtherType(ether_type) => {
                Some(Header { destination: self.destination(), source: self.source(), ether_type })
            }
            LengthOrType::Length(_) => None,
        }
    }

    /// What stands behind the header. A frame that crossed a cable may end in padding, so the
    /// layer above has to go by its own length field.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There are fewer bytes than a header has.
    #[error("{length} bytes are too few for an Ethernet header, which has 14")]
    Truncated {
        /// How many there are.
        length: usize,
    },
}

/// The header of an Ethernet II frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// To whom the frame is sent.
    pub destination: MacAddress,
    /// Who sends it.
    pub source: MacAddress,
    /// What the payload is.
    pub ether_type: EtherType,
}

impl Header {
    /// The header as it stands on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..6].copy_from_slice(&self.destination.octets());
        bytes[6..12].copy_from_slice(&self.source.octets());
        NetworkEndian::write_u16(&mut bytes[12..], self.ether_type.number());
        bytes
    }

    /// Puts the header in front of its payload.
    pub fn prepend_to(&self, packet: &mut Buffer) {
        packet.prepend(&self.to_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{Ethernet2Header, Ethernet2Slice, LinkExtSlice, SlicedPacket};
    use proptest::prelude::*;

    fn headers() -> impl Strategy<Value = Header> {
        (any::<[u8; 6]>(), any::<[u8; 6]>(), 0x0600..=u16::MAX).prop_map(|(to, from, number)| {
            Header {
                destination: MacAddress::new(to),
                source: MacAddress::new(from),
                ether_type: EtherType::new(number).unwrap(),
            }
        })
    }

    #[test]
    fn a_frame_with_a_length_in_it_is_no_ethernet_ii_frame() {
        let mut bytes = [0; 17];
        bytes[13] = 3;
        let frame = Frame::parse(&bytes).unwrap();
        assert_eq!(frame.length_or_type(), LengthOrType::Length(3));
        assert_eq!(frame.header(), None);
        assert_eq!(frame.payload(), [0; 3]);
    }

    #[test]
    fn a_frame_shorter_than_its_header_says_so() {
        let error = Frame::parse(&[0; 13]).unwrap_err();
        assert_eq!(error.to_string(), "13 bytes are too few for an Ethernet header, which has 14");
    }

    proptest! {
        #[test]
        fn etherparse_reads_what_we_write(
            header in headers(), payload in prop::collection::vec(any::<u8>(), 0..64)
        ) {
            let mut buffer = Buffer::new();
            buffer.append(&payload);
            header.prepend_to(&mut buffer);

            let judge = Ethernet2Slice::from_slice_without_fcs(buffer.as_slice()).unwrap();
            prop_assert_eq!(judge.destination(), header.destination.octets());
            prop_assert_eq!(judge.source(), header.source.octets());
            prop_assert_eq!(judge.ether_type().0, header.ether_type.number());
            prop_assert_eq!(judge.payload_slice(), &payload);
        }

        #[test]
        fn we_read_what_etherparse_writes(
            destination: [u8; 6], source: [u8; 6], number: u16,
            payload in prop::collection::vec(any::<u8>(), 0..64)
        ) {
            let judge = Ethernet2Header { destination, source, ether_type: number.into() };
            let mut bytes = judge.to_bytes().to_vec();
            bytes.extend(&payload);

            let frame = Frame::parse(&bytes).unwrap();
            prop_assert_eq!(frame.destination().octets(), destination);
            prop_assert_eq!(frame.source().octets(), source);
            prop_assert_eq!(frame.payload(), &payload);
            // etherparse calls the field an EtherType whatever it holds; we know a length.
            match frame.length_or_type() {
                LengthOrType::EtherType(ether_type) => {
                    prop_assert_eq!(ether_type.number(), number);
                    let again = frame.header().unwrap().to_bytes();
                    prop_assert_eq!(&again[..], &bytes[..HEADER_LEN]);
                }
                LengthOrType::Length(length) => {
                    prop_assert_eq!(length, number);
                    prop_assert!(frame.header().is_none());
                }
            }
        }

        #[test]
        fn random_and_truncated_bytes_are_judged_as_etherparse_judges(
            bytes in prop::collection::vec(any::<u8>(), 0..40)
        ) {
            let ours = Frame::parse(&bytes);
            let judge = Ethernet2Slice::from_slice_without_fcs(&bytes);
            prop_assert_eq!(ours.is_ok(), judge.is_ok());
            if let (Ok(ours), Ok(judge)) = (ours, judge) {
                prop_assert_eq!(ours.payload(), judge.payload_slice());
            }
        }
    }

    /// The number behind a VLAN tag is an EtherType too, and the judge agrees on which.
    #[test]
    fn a_tagged_frame_says_so() {
        let header = Header {
            destination: MacAddress::BROADCAST,
            source: MacAddress::new([2, 0, 0x5e, 0, 2, 2]),
            ether_type: EtherType::Vlan,
        };
        let mut buffer = Buffer::new();
        buffer.append(&[0x00, 0x2a, 0x90, 0x00, 1, 2, 3]);
        header.prepend_to(&mut buffer);
        let judge = SlicedPacket::from_ethernet(buffer.as_slice()).unwrap();
        assert!(matches!(judge.link_exts.as_slice(), [LinkExtSlice::Vlan(_)]));
    }
}
