//! UDP (RFC 768).

use crate::dissector::Dissector;
use crate::internet::{Carried, checksum_field};
use crate::part::Part;
use crate::{Layer, names};

const HEADER_LEN: usize = 8;

pub(crate) fn read(dissector: &mut Dissector, mut carried: Carried<'_>) {
    let part = carried.payload;
    dissector.what = "UDP".to_owned();
    let mut layer = Layer::new("UDP", part.up_to(HEADER_LEN));
    let length = fields(dissector, &mut layer, part);

    match length {
        None if carried.is_whole => {
            let length = part.len();
            let trouble = format!("{length} bytes are too few for a UDP header, which has 8");
            dissector.trouble(&mut layer, trouble);
        }
        Some(length) if carried.is_whole && !is_possible(length, part.len()) => {
            let there = part.len();
            let trouble = format!("the length is {length} bytes, but {there} are there");
            dissector.trouble(&mut layer, trouble);
        }
        Some(length) => {
            carried.payload = part.up_to(length);
            checksum_field(dissector, &mut layer, 6, &carried);
        }
        None => {}
    }
    dissector.add(layer);
    dissector.data("data", part.after(HEADER_LEN));
}

/// Whether the Length field fits `there` bytes. A superframe of several datagrams has its
/// whole length there, so nothing has to be excepted.
const fn is_possible(length: usize, there: usize) -> bool {
    HEADER_LEN <= length && length <= there
}

/// Adds the fields up to the checksum; gives the Length field if it is there.
fn fields(dissector: &mut Dissector, layer: &mut Layer, part: Part<'_>) -> Option<usize> {
    let source = part.u16(0)?;
    layer.field(0, "source port", source, names::port(source));
    let destination = part.u16(2)?;
    layer.field(2, "destination port", destination, names::port(destination));
    dissector.what = format!("UDP {source} > {destination}");
    let length = part.u16(4)?;
    layer.field(4, "length", format!("{length} bytes"), "header and data");

    if let Some(data @ 1..) = length.checked_sub(8)
        && !dissector.is_quoted
    {
        dissector.what.push_str(&format!(" data {data}"));
    }
    let service = [destination, source]
        .into_iter()
        .map(names::background_service)
        .find(|service| !service.is_empty());
    if let Some(service) = service {
        dissector.what.push_str(&format!(" ({service})"));
    }
    Some(usize::from(length))
}

#[cfg(test)]
mod tests {
    use crate::samples::{datagram, line};
    use crate::{Offload, dissect};
    use etherparse::PacketBuilder;
    use packet::Medium;

    fn hello() -> Vec<u8> {
        let mut bytes = Vec::new();
        PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .udp(40_000, 7)
            .write(&mut bytes, b"hello")
            .unwrap();
        bytes
    }

    #[test]
    fn ports_data_and_checksum() {
        let expected = "192.0.2.1 > 192.0.2.2  UDP 40000 > 7 data 5, 33 bytes";
        assert_eq!(line(&hello(), Medium::Ip), expected);

        let mut none = hello();
        none[26..28].fill(0);
        assert_eq!(line(&none, Medium::Ip), expected);

        let mut wrong = hello();
        wrong[30] ^= 0xff;
        let wrong = line(&wrong, Medium::Ip);
        assert!(wrong.starts_with(expected), "{wrong}");
        assert!(wrong.contains("; wrong in UDP: the checksum is 0x"), "{wrong}");
    }

    #[test]
    fn a_checksum_that_was_left_out_is_no_trouble() {
        let mut bytes = hello();
        bytes[26..28].copy_from_slice(&[0x12, 0x34]);
        let offload = Offload { checksum_left_out: true, segment_size: None };
        let dissection = dissect(&bytes, Medium::Ip, offload);
        assert_eq!(dissection.summary.trouble, None);
        let field = &dissection.layers[1].fields[3];
        assert_eq!((field.name, field.offset), ("checksum", 26));
        assert!(field.meaning.starts_with("left out"), "{}", field.meaning);
    }

    #[test]
    fn a_length_that_cannot_be_is_told() {
        let wrong = line(
            &datagram(17, [192, 0, 2, 1], [192, 0, 2, 2], &[0, 1, 0, 2, 0, 9, 0, 0]),
            Medium::Ip,
        );
        assert!(wrong.ends_with("wrong in UDP: the length is 9 bytes, but 8 are there"), "{wrong}");
        let short = line(&datagram(17, [192, 0, 2, 1], [192, 0, 2, 2], &[0, 1, 0, 2]), Medium::Ip);
        assert!(
            short.contains("UDP 1 > 2, 24 bytes; wrong in UDP: 4 bytes are too few"),
            "{short}"
        );
    }
}
