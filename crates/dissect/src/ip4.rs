//! IPv4 (RFC 791).

use std::net::Ipv4Addr;

use ::ipv4::Datagram;
use checksum::Sum;

use crate::dissector::Dissector;
use crate::internet::{Carried, read_carried};
use crate::part::Part;
use crate::{Layer, names};

const MIN_HEADER_LEN: usize = ::ipv4::MIN_HEADER_LEN;

pub(crate) fn read(dissector: &mut Dissector, part: Part<'_>) {
    dissector.what = "IPv4".to_owned();
    let header_length = part.u8(0).map_or(0, |first| usize::from(first & 0x0f) * 4);
    // A header that says it is shorter than can be is shown as one without options.
    let header = part.up_to(header_length.max(MIN_HEADER_LEN));
    let mut layer = Layer::new("IPv4", header);
    let read = fields(&mut layer, header);
    options(&mut layer, header);

    let verdict = Datagram::parse(part.bytes);
    if let Err(malformed) = verdict
        && !dissector.is_quoted
    {
        dissector.trouble(&mut layer, malformed);
    }
    dissector.add(layer);
    let Some(read) = read else { return };
    dissector.set_endpoints(read.source, read.destination);

    let datagram = part.up_to(read.total_length.max(header.len()));
    let payload = datagram.after(header.len());
    if read.is_fragment() {
        fragment(dissector, &read, payload);
    } else {
        read_carried(
            dissector,
            Carried {
                protocol: read.protocol,
                payload,
                addresses: Sum::new()
                    .add_bytes(&read.source.octets())
                    .add_bytes(&read.destination.octets()),
                is_whole: verdict.is_ok(),
                zero_is_none: true,
            },
        );
    }
    dissector.data("padding", part.after(datagram.len()));
}

/// What the rest of the dissection needs of the header.
struct Read {
    total_length: usize,
    identification: u16,
    more_fragments: bool,
    /// In bytes.
    fragment_offset: usize,
    protocol: u8,
    source: Ipv4Addr,
    destination: Ipv4Addr,
}

impl Read {
    const fn is_fragment(&self) -> bool {
        self.more_fragments || self.fragment_offset != 0
    }
}

/// Adds the fixed part's fields as far as they are there; `None` if they are not all.
fn fields(layer: &mut Layer, header: Part<'_>) -> Option<Read> {
    let first = header.u8(0)?;
    layer.field(0, "version", first >> 4, "");
    let words = first & 0x0f;
    let meaning = format!("{words} words of 4 bytes");
    layer.field(0, "header length", format!("{} bytes", u16::from(words) * 4), meaning);

    let traffic_class = header.u8(1)?;
    let (dscp, ecn) = (traffic_class >> 2, traffic_class & 0b11);
    layer.field(1, "DSCP", dscp, if dscp == 0 { "best effort" } else { "" });
    layer.field(1, "ECN", ecn, ecn_meaning(ecn));

    let total_length = header.u16(2)?;
    layer.field(2, "total length", format!("{total_length} bytes"), "header and payload");
    let identification = header.u16(4)?;
    layer.field(4, "identification", format!("{identification:#06x}"), "");

    let fragment = header.u16(6)?;
    let more_fragments = fragment & 0x2000 != 0;
    layer.field(6, "flags", flags(fragment), flags_meaning(fragment));
    let fragment_offset = usize::from(fragment & 0x1fff) * 8;
    layer.field(6, "fragment offset", format!("{fragment_offset} bytes"), "");

    let ttl = header.u8(8)?;
    layer.field(8, "time to live", ttl, "how many routers it may still pass");
    let protocol = header.u8(9)?;
    layer.field(9, "protocol", protocol, names::protocol(protocol).unwrap_or_default());
    let checksum = header.u16(10)?;
    layer.field(10, "header checksum", format!("{checksum:#06x}"), checksum_meaning(header));
    let source = header.array(12).map(Ipv4Addr::from_octets)?;
    layer.field(12, "source address", source, "");
    let destination = header.array(16).map(Ipv4Addr::from_octets)?;
    layer.field(16, "destination address", destination, "");
    Some(Read {
        total_length: usize::from(total_length),
        identification,
        more_fragments,
        fragment_offset,
        protocol,
        source,
        destination,
    })
}

const fn ecn_meaning(ecn: u8) -> &'static str {
    match ecn {
        0b00 => "not capable of ECN",
        0b01 => "ECT(1): capable of ECN",
        0b10 => "ECT(0): capable of ECN",
        _ => "CE: a router was congested",
    }
}

fn flags(fragment: u16) -> String {
    let names: Vec<_> = [(0x8000, "reserved"), (0x4000, "DF"), (0x2000, "MF")]
        .into_iter()
        .filter_map(|(bit, name)| (fragment & bit != 0).then_some(name))
        .collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

const fn flags_meaning(fragment: u16) -> &'static str {
    match (fragment & 0x4000 != 0, fragment & 0x2000 != 0) {
        (true, false) => "no router may cut it",
        (false, true) => "a fragment, more follow",
        (true, true) => "contradictory: do not cut, yet more follow",
        (false, false) => "",
    }
}

fn checksum_meaning(header: Part<'_>) -> String {
    let declared = header.u8(0).map(|first| usize::from(first & 0x0f) * 4);
    if declared != Some(header.len()) {
        return "cannot be checked: the header is not whole".to_owned();
    }
    let sum = Sum::new().add_bytes(header.bytes);
    let found = header.u16(10).unwrap_or_default();
    match sum.fold() {
        0xffff => "correct".to_owned(),
        _ => format!("wrong: should be {:#06x}", sum.add_u16(!found).checksum()),
    }
}

/// Adds the options one by one (RFC 791, 3.1). Stops at the first that cannot be read.
fn options(layer: &mut Layer, header: Part<'_>) {
    let mut at = MIN_HEADER_LEN;
    while let Some(kind) = header.u8(at) {
        let name = match kind {
            0 => "end of options",
            1 => "no operation",
            7 => "record route",
            68 => "timestamp",
            131 => "loose source route",
            137 => "strict source route",
            148 => "router alert",
            _ => "",
        };
        layer.field(at, "option", kind, name);
        match (kind, header.u8(at + 1)) {
            (0, _) => return,
            (1, _) => at += 1,
            (_, Some(length @ 2..)) => at += usize::from(length),
            _ => return,
        }
    }
}

/// A fragment carries a piece of something; only the first piece has that thing's header, and
/// not even it can be judged alone.
fn fragment(dissector: &mut Dissector, read: &Read, payload: Part<'_>) {
    let first = read.fragment_offset;
    let beyond = first + payload.len();
    let more = if read.more_fragments { "more follow" } else { "the last" };
    dissector.what = format!(
        "fragment of {} identification {:#06x}: bytes {first} to {}, {more}",
        names::protocol_or_number(read.protocol),
        read.identification,
        beyond.saturating_sub(1).max(first),
    );
    dissector.data("fragment", payload);
}

#[cfg(test)]
mod tests {
    use crate::samples::{PING, line};
    use packet::Medium;
    use proptest::prelude::*;

    fn bent(at: usize, to: &[u8]) -> Vec<u8> {
        let mut bytes = PING.to_vec();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    }

    /// As [`bent`], with a header checksum that is right for it.
    fn changed(at: usize, to: &[u8]) -> Vec<u8> {
        let mut bytes = bent(at, to);
        bytes[10..12].fill(0);
        let checksum = checksum::Sum::new().add_bytes(&bytes[..20]).checksum();
        bytes[10..12].copy_from_slice(&checksum.to_be_bytes());
        bytes
    }

    #[test]
    fn a_wrong_header_is_shown_all_the_same_and_the_stacks_verdict_stands() {
        assert_eq!(
            line(&bent(10, &[0x12, 0x34]), Medium::Ip),
            "192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1, 36 bytes; \
             wrong in IPv4: the header checksum is 0x1234, but should be 0xb6d5"
        );
        assert_eq!(
            line(&PING[..30], Medium::Ip),
            "192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1, 30 bytes; \
             wrong in IPv4: the total length is 36 bytes, but only 30 are there"
        );
        assert_eq!(
            line(&PING[..12], Medium::Ip),
            "IPv4, 12 bytes; \
             wrong in IPv4: 12 bytes are too few for an IPv4 header, which has at least 20"
        );
    }

    #[test]
    fn what_is_not_ip_says_so() {
        assert_eq!(line(&[0x90; 20], Medium::Ip), "not IPv4 or IPv6: first nibble 9, 20 bytes");
        assert_eq!(line(&[], Medium::Ip), "not IPv4 or IPv6: nothing there, 0 bytes");
    }

    #[test]
    fn a_fragment_says_which_piece_it_is() {
        let first = changed(4, &[0x12, 0x67, 0x20, 0x00]);
        assert_eq!(
            line(&first, Medium::Ip),
            "192.0.2.1 > 192.0.2.2  \
             fragment of ICMP identification 0x1267: bytes 0 to 15, more follow, 36 bytes"
        );
        let last = changed(4, &[0x12, 0x67, 0x00, 0xb9]);
        assert_eq!(
            line(&last, Medium::Ip),
            "192.0.2.1 > 192.0.2.2  \
             fragment of ICMP identification 0x1267: bytes 1480 to 1495, the last, 36 bytes"
        );
    }

    #[test]
    fn a_protocol_without_a_name_keeps_its_number() {
        let line = line(&changed(9, &[253]), Medium::Ip);
        assert_eq!(line, "192.0.2.1 > 192.0.2.2  IPv4, protocol 253, 36 bytes");
    }

    proptest! {
        /// Trouble in IPv4 is what the stack finds, no more and no less.
        #[test]
        fn the_verdict_is_the_stacks(at in 0usize..20, to: u8, cut in 1usize..=36) {
            let mut bytes = bent(at, &[to]);
            bytes.truncate(cut);
            prop_assume!(bytes[0] >> 4 == 4);
            let line = line(&bytes, Medium::Ip);
            match ::ipv4::Datagram::parse(&bytes) {
                Ok(_) => prop_assert!(!line.contains("wrong in IPv4"), "{}", line),
                Err(malformed) => prop_assert!(line.ends_with(&malformed.to_string()), "{}", line),
            }
        }
    }
}
