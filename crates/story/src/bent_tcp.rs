//! A TCP segment that is wrong on purpose.

use etherparse::checksum::Sum16BitWords;
use etherparse::ip_number;

use crate::bent::{Bend, Bent};
use crate::ipv4::Packet;
use crate::tcp::Tcp;

/// Where the data offset and the checksum stand in the header.
const OFFSET_OFFSET: usize = 12;
const CHECKSUM_OFFSET: usize = 16;

impl Packet<Tcp> {
    /// A wrong TCP checksum.
    pub fn bad_checksum(self) -> Bent {
        self.bad_payload_checksum("TCP", CHECKSUM_OFFSET)
    }

    /// Another data offset, in words of 4 bytes, 0 to 15, with a checksum that fits it.
    pub fn data_offset(self, words: u8) -> Bent {
        let what = format!("with a data offset of {words} words");
        self.bent_segment(what, move |segment| {
            if let Some(byte) = segment.get_mut(OFFSET_OFFSET) {
                *byte = words << 4 | *byte & 0x0f;
            }
        })
    }

    /// The four reserved bits set to something, with a checksum that fits them.
    pub fn reserved_bits(self, bits: u8) -> Bent {
        let what = format!("with its reserved bits set to {bits:#06b}");
        self.bent_segment(what, move |segment| {
            if let Some(byte) = segment.get_mut(OFFSET_OFFSET) {
                *byte = *byte & 0xf0 | bits & 0x0f;
            }
        })
    }

    /// The segment after `change`, with a checksum that fits it again.
    fn bent_segment(self, what: String, change: impl Fn(&mut [u8]) + 'static) -> Bent {
        let header_length = self.header_bytes();
        self.bent(what, move |packet| {
            let addresses = packet.get(12..20).map(<[u8]>::to_vec);
            let addresses = addresses.ok_or("the packet has no addresses")?;
            let segment = packet.get_mut(header_length..).ok_or("the segment is not there")?;
            change(segment);
            set_u16(segment, CHECKSUM_OFFSET, 0);
            let length = u16::try_from(segment.len()).map_err(|error| error.to_string())?;
            let sum = Sum16BitWords::new()
                .add_slice(&addresses)
                .add_2bytes([0, ip_number::TCP.0])
                .add_2bytes(length.to_be_bytes())
                .add_slice(segment);
            set_u16(segment, CHECKSUM_OFFSET, u16::from_be(sum.ones_complement()));
            Ok(())
        })
    }
}

fn set_u16(bytes: &mut [u8], at: usize, value: u16) {
    for (byte, value) in bytes.iter_mut().skip(at).zip(value.to_be_bytes()) {
        *byte = value;
    }
}
