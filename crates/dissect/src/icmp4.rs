//! ICMP for IPv4 (RFC 792).

use ::icmp::{HEADER_LEN, Malformed, Packet};

use crate::Layer;
use crate::dissector::Dissector;
use crate::internet::{self, Carried};
use crate::part::Part;

pub(crate) fn read(dissector: &mut Dissector, carried: Carried<'_>) {
    let part = carried.payload;
    let mut layer = Layer::new("ICMP", part.up_to(HEADER_LEN));
    let can_be_judged = carried.is_whole && !dissector.is_quoted;
    let verdict = can_be_judged.then(|| Packet::parse(part.bytes).map(|_| ()));
    let read = fields(&mut layer, part, verdict);
    dissector.what = match &read {
        Some(read) => read.describe(),
        None => "ICMP".to_owned(),
    };
    if let Some(Err(malformed)) = verdict {
        dissector.trouble(&mut layer, malformed);
    }
    dissector.add(layer);

    let data = part.after(HEADER_LEN);
    match read {
        // An error within an error would be a mistake of its sender (RFC 1122, 3.2.2).
        Some(read) if read.is_error() && !dissector.is_quoted => quote(dissector, data),
        _ => dissector.data("data", data),
    }
}

/// Reads the packet that an error is about.
pub(crate) fn quote(dissector: &mut Dissector, data: Part<'_>) {
    let mut quoted = Dissector::quoted();
    internet::read(&mut quoted, data);
    dissector.what.push_str(", about ");
    if let Some(endpoints) = quoted.endpoints {
        let about = format!("{} > {} ", endpoints.source, endpoints.destination);
        dissector.what.push_str(&about);
    }
    dissector.what.push_str(&quoted.what);
    dissector.layers.extend(quoted.layers);
}

struct Read {
    kind: u8,
    code: u8,
    /// The four bytes behind the checksum.
    rest: Rest,
}

/// Bytes 4 to 7, which mean something else in each type.
#[derive(Clone, Copy)]
struct Rest {
    high: u16,
    low: u16,
}

impl Read {
    /// Whether the message quotes a packet.
    const fn is_error(&self) -> bool {
        matches!(self.kind, 3 | 4 | 5 | 11 | 12)
    }

    fn describe(&self) -> String {
        let Rest { high, low } = self.rest;
        match (self.kind, self.code) {
            (0 | 8, _) => format!("ICMP {} id {high} seq {low}", self.kind_name()),
            (3, 4) => format!("ICMP {}, the next link's MTU is {low}", self.code_name()),
            (3 | 5 | 11, _) if !self.code_name().is_empty() => format!("ICMP {}", self.code_name()),
            _ if self.kind_name().is_empty() => {
                format!("ICMP type {} code {}", self.kind, self.code)
            }
            _ => format!("ICMP {}", self.kind_name()),
        }
    }

    const fn kind_name(&self) -> &'static str {
        match self.kind {
            0 => "echo reply",
            3 => "destination unreachable",
            4 => "source quench",
            5 => "redirect",
            8 => "echo request",
            9 => "router advertisement",
            10 => "router solicitation",
            11 => "time exceeded",
            12 => "parameter problem",
            13 => "timestamp request",
            14 => "timestamp reply",
            _ => "",
        }
    }

    const fn code_name(&self) -> &'static str {
        match (self.kind, self.code) {
            (3, 0) => "network unreachable",
            (3, 1) => "host unreachable",
            (3, 2) => "protocol unreachable",
            (3, 3) => "port unreachable",
            (3, 4) => "fragmentation needed",
            (3, 5) => "source route failed",
            (3, 6..=12) => "network or host unreachable",
            (3, 13) => "administratively prohibited",
            (5, 0..=3) => "redirect to another router",
            (11, 0) => "time to live exceeded",
            (11, 1) => "reassembly time exceeded",
            _ => "",
        }
    }
}

/// Adds the header's fields as far as they are there; `None` if they are not all.
fn fields(
    layer: &mut Layer,
    part: Part<'_>,
    verdict: Option<Result<(), Malformed>>,
) -> Option<Read> {
    let mut read = Read { kind: part.u8(0)?, code: 0, rest: Rest { high: 0, low: 0 } };
    layer.field(0, "type", read.kind, read.kind_name());
    read.code = part.u8(1)?;
    layer.field(1, "code", read.code, read.code_name());
    let checksum = part.u16(2)?;
    layer.field(2, "checksum", format!("{checksum:#06x}"), checksum_meaning(verdict));
    let rest = Rest { high: part.u16(4)?, low: part.u16(6)? };
    read.rest = rest;
    match (read.kind, read.code) {
        (0 | 8, _) => {
            layer.field(4, "identifier", rest.high, "which run of ping");
            layer.field(6, "sequence number", rest.low, "which of its requests");
        }
        (3, 4) => layer.field(6, "next-hop MTU", format!("{} bytes", rest.low), ""),
        (5, _) => {
            let router = part.array(4).map(std::net::Ipv4Addr::from_octets)?;
            layer.field(4, "router", router, "the one to use instead");
        }
        (12, 0) => layer.field(4, "pointer", rest.high >> 8, "the byte that is wrong"),
        (3 | 4 | 11 | 12, _) => layer.field(4, "unused", format!("{:#010x}", part.u32(4)?), ""),
        _ => layer.field(4, "rest", format!("{:#010x}", part.u32(4)?), ""),
    }
    Some(read)
}

/// `None` is a message that is not all there.
fn checksum_meaning(verdict: Option<Result<(), Malformed>>) -> String {
    match verdict {
        Some(Ok(())) => "correct".to_owned(),
        Some(Err(Malformed::Checksum { computed, .. })) => {
            format!("wrong: should be {computed:#06x}")
        }
        Some(Err(Malformed::Truncated { .. })) | None => {
            "cannot be checked: not all of the message is here".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::{PING, datagram, icmp, line};
    use crate::{Offload, dissect};
    use packet::Medium;

    #[test]
    fn an_error_tells_what_it_is_about() {
        let quoted = datagram(17, [192, 0, 2, 1], [192, 0, 2, 2], &[0x9c, 0x40, 0, 9, 0, 12, 0, 0]);
        let bytes = icmp(3, 3, [0; 4], &quoted);
        let dissection = dissect(&bytes, Medium::Ip, Offload::default());
        assert_eq!(
            dissection.summary.to_string(),
            "192.0.2.2 > 192.0.2.1  ICMP port unreachable, \
             about 192.0.2.1 > 192.0.2.2 UDP 40000 > 9, 56 bytes"
        );
        let names: Vec<_> = dissection.layers.iter().map(|layer| layer.name.as_str()).collect();
        assert_eq!(names, ["IPv4", "ICMP", "quoted IPv4", "quoted UDP"]);
        assert_eq!(dissection.layers[3].bytes, 48..56);
    }

    #[test]
    fn an_error_about_an_error_goes_no_deeper() {
        let inner = icmp(11, 0, [0; 4], PING);
        let line = line(&icmp(3, 1, [0; 4], &inner), Medium::Ip);
        assert_eq!(
            line,
            "192.0.2.2 > 192.0.2.1  ICMP host unreachable, \
             about 192.0.2.2 > 192.0.2.1 ICMP time to live exceeded, 92 bytes"
        );
    }

    #[test]
    fn a_router_tells_the_mtu_it_has_room_for() {
        let line = line(&icmp(3, 4, [0, 0, 0x05, 0x78], PING), Medium::Ip);
        assert!(line.contains("ICMP fragmentation needed, the next link's MTU is 1400, about"));
    }

    #[test]
    fn a_wrong_checksum_is_told_with_the_right_one() {
        let mut bytes = PING.to_vec();
        bytes[35] ^= 1;
        let line = line(&bytes, Medium::Ip);
        assert!(line.contains("seq 1, 36 bytes; wrong in ICMP: the ICMP checksum is 0x"), "{line}");
        let dissection = dissect(&bytes, Medium::Ip, Offload::default());
        let checksum = &dissection.layers[1].fields[2];
        assert!(checksum.meaning.starts_with("wrong: should be 0x"), "{}", checksum.meaning);
    }
}
