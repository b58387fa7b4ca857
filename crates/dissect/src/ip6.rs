//! IPv6 (RFC 8200) and ICMPv6 (RFC 4443, RFC 4861): enough to name what the kernel says unasked.

use std::net::Ipv6Addr;

use checksum::Sum;

use crate::dissector::Dissector;
use crate::internet::{Carried, checksum_field, read_carried};
use crate::part::Part;
use crate::{Layer, icmp4, names};

const HEADER_LEN: usize = 40;

/// How many extension headers are walked. Real packets have one or two.
const MOST_EXTENSIONS: usize = 8;

pub(crate) fn read(dissector: &mut Dissector, part: Part<'_>) {
    dissector.what = "IPv6".to_owned();
    let header = part.up_to(HEADER_LEN);
    let mut layer = Layer::new("IPv6", header);
    let read = fields(&mut layer, header);
    let payload = part.after(HEADER_LEN);
    let is_whole = match &read {
        None => {
            let length = part.len();
            let trouble = format!("{length} bytes are too few for an IPv6 header, which has 40");
            dissector.trouble(&mut layer, trouble);
            false
        }
        Some(read) if read.payload_length > payload.len() => {
            if !dissector.is_quoted {
                let (length, there) = (read.payload_length, payload.len());
                let trouble = format!("the payload is {length} bytes, but only {there} are there");
                dissector.trouble(&mut layer, trouble);
            }
            false
        }
        Some(_) => true,
    };
    dissector.add(layer);
    let Some(read) = read else { return };
    dissector.set_endpoints(read.source, read.destination);

    let addresses =
        Sum::new().add_bytes(&read.source.octets()).add_bytes(&read.destination.octets());
    let padding = payload.after(read.payload_length);
    let payload = payload.up_to(read.payload_length);
    if let Some((protocol, payload)) = extensions(dissector, read.next_header, payload) {
        let zero_is_none = false;
        read_carried(dissector, Carried { protocol, payload, addresses, is_whole, zero_is_none });
    }
    dissector.data("padding", padding);
}

struct Read {
    payload_length: usize,
    next_header: u8,
    source: Ipv6Addr,
    destination: Ipv6Addr,
}

/// Adds the header's fields as far as they are there; `None` if they are not all.
fn fields(layer: &mut Layer, header: Part<'_>) -> Option<Read> {
    layer.field(0, "version", header.u8(0)? >> 4, "");
    layer.field(0, "traffic class", format!("{:#04x}", header.u16(0)? >> 4 & 0xff), "");
    layer.field(1, "flow label", format!("{:#07x}", header.u32(0)? & 0x000f_ffff), "");
    let payload_length = header.u16(4)?;
    layer.field(4, "payload length", format!("{payload_length} bytes"), "without this header");
    let next_header = header.u8(6)?;
    layer.field(6, "next header", next_header, names::protocol(next_header).unwrap_or_default());
    layer.field(7, "hop limit", header.u8(7)?, "how many routers it may still pass");
    let source = header.array(8).map(Ipv6Addr::from_octets)?;
    layer.field(8, "source address", source, "");
    let destination = header.array(24).map(Ipv6Addr::from_octets)?;
    layer.field(24, "destination address", destination, "");
    Some(Read { payload_length: usize::from(payload_length), next_header, source, destination })
}

/// Walks the headers between IPv6 and what it carries; gives the protocol and the payload behind
/// them, or `None` if they end the story: nothing follows, or only a fragment.
fn extensions<'a>(
    dissector: &mut Dissector,
    mut next_header: u8,
    mut part: Part<'a>,
) -> Option<(u8, Part<'a>)> {
    for _ in 0..MOST_EXTENSIONS {
        // The length of a fragment header is fixed; the others tell theirs in words of 8 bytes
        // beyond the first.
        let length = match next_header {
            0 | 43 | 60 => part.u8(1).map(|words| 8 + usize::from(words) * 8),
            44 => Some(8),
            59 => {
                dissector.what = "IPv6, nothing inside".to_owned();
                dissector.data("data", part);
                return None;
            }
            _ => return Some((next_header, part)),
        };
        let name = names::protocol_or_number(next_header);
        let mut layer = Layer::new(format!("IPv6 {name}"), part.up_to(length.unwrap_or(2)));
        let next = part.u8(0).zip(length).filter(|&(_, length)| length <= part.len());
        let Some((next, length)) = next else {
            if !dissector.is_quoted {
                dissector.trouble(&mut layer, "the header is cut short");
            }
            dissector.add(layer);
            return None;
        };
        layer.field(0, "next header", next, names::protocol(next).unwrap_or_default());
        dissector.add(layer);
        let fragment = part.u16(2).filter(|&field| next_header == 44 && field & 0xfff9 != 0);
        part = part.after(length);
        next_header = next;
        if let Some(field) = fragment {
            let more = if field & 1 != 0 { "more follow" } else { "the last" };
            let first = field & 0xfff8;
            let name = names::protocol_or_number(next);
            dissector.what = format!("IPv6 fragment of {name}: from byte {first}, {more}");
            dissector.data("fragment", part);
            return None;
        }
    }
    dissector.data("data", part);
    None
}

pub(crate) fn read_icmp(dissector: &mut Dissector, carried: Carried<'_>) {
    let part = carried.payload;
    let mut layer = Layer::new("ICMPv6", part.up_to(4));
    dissector.what = "IPv6 ICMPv6".to_owned();
    let Some((kind, code)) = part.u8(0).zip(part.u8(1)) else {
        if carried.is_whole {
            dissector.trouble(&mut layer, "the header is cut short");
        }
        dissector.add(layer);
        return;
    };
    let name = icmp_name(kind);
    layer.field(0, "type", kind, name);
    layer.field(1, "code", code, "");
    checksum_field(dissector, &mut layer, 2, &carried);
    dissector.add(layer);
    dissector.what = match name {
        "" => format!("IPv6 ICMPv6 type {kind} code {code}"),
        name => format!("IPv6 {name}"),
    };
    match (kind, part.u16(4), part.u16(6)) {
        (128 | 129, Some(identifier), Some(sequence_number)) => {
            dissector.what.push_str(&format!(" id {identifier} seq {sequence_number}"));
            dissector.data("data", part.after(4));
        }
        (135 | 136, ..) if let Some(target) = part.array(8).map(Ipv6Addr::from_octets) => {
            dissector.what.push_str(&format!(" for {target}"));
            dissector.data("data", part.after(4));
        }
        (1..=4, ..) if !dissector.is_quoted => icmp4::quote(dissector, part.after(8)),
        _ => dissector.data("data", part.after(4)),
    }
}

const fn icmp_name(kind: u8) -> &'static str {
    match kind {
        1 => "destination unreachable",
        2 => "packet too big",
        3 => "time exceeded",
        4 => "parameter problem",
        128 => "echo request",
        129 => "echo reply",
        130 => "multicast listener query",
        131 | 143 => "multicast listener report",
        132 => "multicast listener done",
        133 => "router solicitation",
        134 => "router advertisement",
        135 => "neighbour solicitation",
        136 => "neighbour advertisement",
        137 => "redirect",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::{ROUTER_SOLICITATION, line};
    use crate::{Offload, dissect};
    use packet::Medium;

    #[test]
    fn what_the_kernel_says_on_attach_has_a_name() {
        assert_eq!(
            line(ROUTER_SOLICITATION, Medium::Ip),
            "fe80::1 > ff02::2  IPv6 router solicitation, 48 bytes"
        );
        let dissection = dissect(ROUTER_SOLICITATION, Medium::Ip, Offload::default());
        let checksum = &dissection.layers[1].fields[2];
        assert_eq!((checksum.offset, checksum.meaning.as_str()), (42, "correct"));
    }

    #[test]
    fn a_multicast_report_stands_behind_an_extension_header() {
        let mut bytes = ROUTER_SOLICITATION[..40].to_vec();
        bytes[5] = 16;
        bytes[6] = 0;
        bytes.extend([58, 0, 5, 2, 0, 0, 1, 0]);
        bytes.extend([143, 0, 0, 0, 0, 0, 0, 0]);
        let line = line(&bytes, Medium::Ip);
        assert!(line.contains("IPv6 multicast listener report, 56 bytes"), "{line}");
    }

    #[test]
    fn a_cut_packet_says_so() {
        let line_of = |length: usize| line(&ROUTER_SOLICITATION[..length], Medium::Ip);
        assert!(line_of(39).contains("39 bytes are too few for an IPv6 header, which has 40"));
        assert!(line_of(44).contains("the payload is 8 bytes, but only 4 are there"));
    }

    #[test]
    fn a_fragment_and_an_empty_packet() {
        let mut fragment = ROUTER_SOLICITATION.to_vec();
        fragment[6] = 44;
        fragment[40..48].copy_from_slice(&[17, 0, 0x05, 0xa9, 0, 0, 0, 1]);
        let line_of = |bytes: &[u8]| line(bytes, Medium::Ip);
        assert!(line_of(&fragment).contains("IPv6 fragment of UDP: from byte 1448, more follow"));
        let mut empty = ROUTER_SOLICITATION.to_vec();
        empty[6] = 59;
        assert!(line_of(&empty).contains("IPv6, nothing inside"));
    }
}
