//! IEEE 802.2 with SNAP: an EtherType behind a length (RFC 1042).
//!
//! ```text
//!   ┌─────────────┬────────┬──────┬──────┬──────┬──────────┬───────────┬──────────────┐
//!   │ destination │ source │length│ AA   │ AA   │ 03       │ 00 00 00  │  EtherType   │ ...
//!   └─────────────┴────────┴──────┴──────┴──────┴──────────┴───────────┴──────────────┘
//!                                  DSAP   SSAP   control    organization
//! ```
//!
//! Nobody has sent IP so for decades, but who does is to be heard all the same (RFC 1122, 2.3.3).

use byteorder::{ByteOrder, NetworkEndian};

use crate::EtherType;

/// Length of the 802.2 and SNAP headers together, in bytes.
pub const SNAP_LEN: usize = 8;

/// DSAP and SSAP "SNAP follows", an unnumbered information frame, and the organization under
/// whose numbers the EtherTypes are.
const ETHER_TYPE_FOLLOWS: [u8; 6] = [0xaa, 0xaa, 0x03, 0, 0, 0];

/// What an IEEE 802.3 frame carries under an EtherType.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snap<'a> {
    ether_type: EtherType,
    payload: &'a [u8],
}

impl<'a> Snap<'a> {
    /// Reads the payload of a frame whose header has `length` in place of an EtherType. `None`
    /// if it is cut short, or is anything else than SNAP with an EtherType.
    #[must_use]
    pub fn parse(payload: &'a [u8], length: u16) -> Option<Self> {
        let (header, payload) =
            payload.get(..usize::from(length))?.split_first_chunk::<SNAP_LEN>()?;
        if !header.starts_with(&ETHER_TYPE_FOLLOWS) {
            return None;
        }
        let ether_type = EtherType::new(NetworkEndian::read_u16(&header[6..]))?;
        Some(Self { ether_type, payload })
    }

    /// What the payload is.
    #[must_use]
    pub const fn ether_type(&self) -> EtherType {
        self.ether_type
    }

    /// What stands behind the headers, without the frame's padding.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const IPV4: [u8; SNAP_LEN] = [0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00];

    #[test]
    fn eth_2_the_ether_type_stands_behind_the_snap_header() {
        let mut frame = IPV4.to_vec();
        frame.extend(b"datagram, and padding");
        let snap = Snap::parse(&frame, 16).unwrap();
        assert_eq!((snap.ether_type(), snap.payload()), (EtherType::Ipv4, &b"datagram"[..]));
        let empty = Snap::parse(&frame, 8).unwrap();
        assert_eq!(empty.payload(), b"");
    }

    #[test]
    fn what_is_cut_short_or_no_snap_is_refused() {
        assert_eq!(Snap::parse(&IPV4, 9), None);
        assert_eq!(Snap::parse(&IPV4, 7), None);
        for at in 0..6 {
            let mut other = IPV4;
            other[at] ^= 1;
            assert_eq!(Snap::parse(&other, 8), None, "byte {at}");
        }
        let mut length_again = IPV4;
        length_again[6] = 0x05;
        assert_eq!(Snap::parse(&length_again, 8), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes: Vec<u8>, length: u16) {
            if let Some(snap) = Snap::parse(&bytes, length) {
                prop_assert_eq!(snap.payload().len() + SNAP_LEN, usize::from(length));
            }
        }
    }
}
