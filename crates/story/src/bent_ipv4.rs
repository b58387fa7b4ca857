//! An IPv4 header that is wrong on purpose.

use etherparse::checksum::Sum16BitWords;

use crate::bent::{Bend, Bent};
use crate::ipv4::{Packet, Payload};

impl<P: Payload> Packet<P> {
    /// Another version, 0 to 15, in a header that is otherwise IPv4's and has a correct checksum.
    pub fn version(self, version: u8) -> Bent {
        self.bent_header(format!("with version {version}"), move |header| {
            if let Some(first) = header.first_mut() {
                *first = version << 4 | *first & 0x0f;
            }
        })
    }

    /// Another header length, in words of 4 bytes, 0 to 15, with a correct checksum.
    pub fn header_length(self, ihl: u8) -> Bent {
        let words = format!("with a header length (IHL) of {ihl} words");
        self.bent_header(words, move |header| {
            if let Some(first) = header.first_mut() {
                *first = *first & 0xf0 | ihl & 0x0f;
            }
        })
    }

    /// Another total length, in bytes, with a correct checksum.
    pub fn total_length(self, total_length: u16) -> Bent {
        let words = format!("with a total length of {total_length} bytes");
        self.bent_header(words, move |header| {
            set_u16(header, 2, total_length);
        })
    }

    /// A header checksum with its lowest bit wrong.
    pub fn bad_header_checksum(self) -> Bent {
        self.bent("with a wrong IPv4 header checksum", |bytes| flip_lowest_bit(bytes, 10))
    }

    /// A checksum with its lowest bit wrong, at `offset` of the payload.
    pub(crate) fn bad_payload_checksum(self, name: &str, offset: usize) -> Bent {
        let words = format!("with a wrong {name} checksum");
        let header_length = self.header_bytes();
        self.bent(words, move |bytes| flip_lowest_bit(bytes, header_length + offset))
    }

    /// The packet with a header that `change` bent, and a checksum that fits it again.
    fn bent_header(self, words: String, change: impl Fn(&mut [u8]) + 'static) -> Bent {
        let header_length = self.header_bytes();
        self.bent(words, move |bytes| {
            let header = bytes.get_mut(..header_length).ok_or("the header is not there")?;
            change(header);
            set_u16(header, 10, 0);
            let checksum = Sum16BitWords::new().add_slice(header).ones_complement();
            set_u16(header, 10, u16::from_be(checksum));
            Ok(())
        })
    }
}

fn set_u16(bytes: &mut [u8], at: usize, value: u16) {
    for (byte, value) in bytes.iter_mut().skip(at).zip(value.to_be_bytes()) {
        *byte = value;
    }
}

/// Changes the 16-bit field at `at`.
fn flip_lowest_bit(bytes: &mut [u8], at: usize) -> Result<(), String> {
    let byte = bytes.get_mut(at + 1).ok_or("the packet has no such field")?;
    *byte ^= 1;
    Ok(())
}
