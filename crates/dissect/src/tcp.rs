//! TCP (RFC 9293, 3.1).

use crate::dissector::Dissector;
use crate::internet::{Carried, checksum_field};
use crate::part::Part;
use crate::{Layer, names};

const MIN_HEADER_LEN: usize = 20;

/// The control bits and their names, in the order in which a person names them.
const FLAGS: [(u8, &str); 8] = [
    (0x02, "SYN"),
    (0x01, "FIN"),
    (0x04, "RST"),
    (0x08, "PSH"),
    (0x10, "ACK"),
    (0x20, "URG"),
    (0x40, "ECE"),
    (0x80, "CWR"),
];

const ACK: u8 = 0x10;

pub(crate) fn read(dissector: &mut Dissector, carried: Carried<'_>) {
    let part = carried.payload;
    dissector.what = "TCP".to_owned();
    let header_length = part.u8(12).map_or(0, |byte| usize::from(byte >> 4) * 4);
    let header = part.up_to(header_length.max(MIN_HEADER_LEN));
    let mut layer = Layer::new("TCP", header);
    let data = part.after(header.len());
    if carried.is_whole
        && let Some(trouble) = length_trouble(header_length, part.len())
    {
        dissector.trouble(&mut layer, trouble);
    }
    // `None` means cut short, which is told already.
    let _ = fields(dissector, &mut layer, &carried, data.len());
    dissector.add(layer);
    dissector.data("data", data);
}

/// What is wrong with the header's length, if there are `there` bytes to hold it.
fn length_trouble(header_length: usize, there: usize) -> Option<String> {
    if there < MIN_HEADER_LEN {
        Some(format!("{there} bytes are too few for a TCP header, which has at least 20"))
    } else if header_length < MIN_HEADER_LEN {
        Some(format!("the data offset is {header_length} bytes, less than the least, 20"))
    } else if header_length > there {
        Some(format!("the data offset is {header_length} bytes, but only {there} are there"))
    } else {
        None
    }
}

/// Adds the header's fields as far as they are there; `None` if the fixed part is not whole.
fn fields(
    dissector: &mut Dissector,
    layer: &mut Layer,
    carried: &Carried<'_>,
    data_length: usize,
) -> Option<()> {
    let part = carried.payload;
    let source = part.u16(0)?;
    layer.field(0, "source port", source, names::port(source));
    let destination = part.u16(2)?;
    layer.field(2, "destination port", destination, names::port(destination));
    dissector.what = format!("TCP {source} > {destination}");
    let sequence_number = part.u32(4)?;
    layer.field(4, "sequence number", sequence_number, "of the first byte of data, or of SYN");
    let acknowledgment = part.u32(8)?;
    let flags = part.u8(13)?;
    let expects =
        if flags & ACK == 0 { "means nothing without ACK" } else { "the byte expected next" };
    layer.field(8, "acknowledgment number", acknowledgment, expects);
    let words = part.u8(12)? >> 4;
    let meaning = format!("{words} words of 4 bytes");
    layer.field(12, "data offset", format!("{} bytes", u16::from(words) * 4), meaning);
    let named = flag_names(flags);
    layer.field(13, "control bits", &named, "");
    let window = part.u16(14)?;
    layer.field(14, "window", window, "bytes there is room for, times the window scale");
    checksum_field(dissector, layer, 16, carried);
    let urgent = part.u16(18)?;
    layer.field(18, "urgent pointer", urgent, "");
    let header_length = usize::from(words) * 4;
    options(layer, part.up_to(header_length));

    let acknowledged =
        if flags & ACK == 0 { String::new() } else { format!(" ack {acknowledgment}") };
    let data = if data_length == 0 || dissector.is_quoted {
        String::new()
    } else {
        format!(" data {data_length}")
    };
    dissector.what.push_str(&format!(" [{named}] seq {sequence_number}{acknowledged}{data}"));
    Some(())
}

fn flag_names(flags: u8) -> String {
    let names: Vec<_> =
        FLAGS.into_iter().filter_map(|(bit, name)| (flags & bit != 0).then_some(name)).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Adds the options one by one. Stops at the first that cannot be read.
fn options(layer: &mut Layer, header: Part<'_>) {
    let mut at = MIN_HEADER_LEN;
    while let Some(kind) = header.u8(at) {
        let length = match (kind, header.u8(at + 1)) {
            (0 | 1, _) => 1,
            (_, Some(length @ 2..)) => usize::from(length),
            _ => {
                layer.field(at, "option", kind, "cut short");
                return;
            }
        };
        let meaning = option_meaning(kind, header.after(at).up_to(length)).unwrap_or_default();
        layer.field(at, "option", kind, meaning);
        if kind == 0 {
            return;
        }
        at += length;
    }
}

/// What an option says; `None` if it has no name here or is too short to say it.
fn option_meaning(kind: u8, option: Part<'_>) -> Option<String> {
    Some(match kind {
        0 => "end of options".to_owned(),
        1 => "no operation".to_owned(),
        2 => format!("maximum segment size {} bytes", option.u16(2)?),
        3 => format!("window scale {}: windows count times 2 to that power", option.u8(2)?),
        4 => "selective acknowledgment permitted".to_owned(),
        5 => format!("selective acknowledgment of {}", sack_blocks(option)),
        8 => format!("timestamp {}, echo of {}", option.u32(2)?, option.u32(6)?),
        _ => return None,
    })
}

fn sack_blocks(option: Part<'_>) -> String {
    let blocks: Vec<_> = (2..option.len())
        .step_by(8)
        .filter_map(|at| Some(format!("{} to {}", option.u32(at)?, option.u32(at + 4)?)))
        .collect();
    blocks.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::samples::{datagram, line};
    use crate::{Offload, dissect};
    use etherparse::{PacketBuilder, TcpOptionElement};
    use packet::Medium;

    #[test]
    fn a_syn_with_its_options() {
        let mut bytes = Vec::new();
        PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .tcp(40_000, 80, 1_000, 64_240)
            .syn()
            .options(&[
                TcpOptionElement::MaximumSegmentSize(1460),
                TcpOptionElement::SelectiveAcknowledgementPermitted,
                TcpOptionElement::Timestamp(9, 0),
                TcpOptionElement::Noop,
                TcpOptionElement::WindowScale(7),
            ])
            .unwrap()
            .write(&mut bytes, &[])
            .unwrap();
        let dissection = dissect(&bytes, Medium::Ip, Offload::default());
        assert_eq!(
            dissection.summary.to_string(),
            "192.0.2.1 > 192.0.2.2  TCP 40000 > 80 [SYN] seq 1000, 60 bytes"
        );
        let fields = &dissection.layers[1].fields;
        let meanings: Vec<_> = fields.iter().map(|field| field.meaning.as_str()).collect();
        assert!(meanings.contains(&"correct"), "{meanings:?}");
        assert!(meanings.contains(&"maximum segment size 1460 bytes"), "{meanings:?}");
        assert!(meanings.contains(&"timestamp 9, echo of 0"), "{meanings:?}");
        assert_eq!(
            fields.last().unwrap().meaning,
            "window scale 7: windows count times 2 to that power"
        );
    }

    #[test]
    fn data_is_counted_and_a_superframe_named() {
        let mut bytes = Vec::new();
        PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .tcp(40_000, 7, 1, 512)
            .ack(2)
            .psh()
            .write(&mut bytes, &vec![b'x'; 65_495])
            .unwrap();
        let offload = Offload { checksum_left_out: true, segment_size: 1448.try_into().ok() };
        assert_eq!(
            dissect(&bytes, Medium::Ip, offload).summary.to_string(),
            "192.0.2.1 > 192.0.2.2  TCP 40000 > 7 [PSH, ACK] seq 1 ack 2 data 65495, 65535 bytes \
             (a superframe: to be cut into segments of 1448 bytes of data)"
        );
    }

    #[test]
    fn an_impossible_data_offset_is_told() {
        let wrong = |data_offset: u8, length: usize| {
            let mut segment = [0; 20];
            segment[12] = data_offset << 4;
            let segment = &segment[..length];
            line(&datagram(6, [192, 0, 2, 1], [192, 0, 2, 2], segment), Medium::Ip)
        };
        let short = wrong(4, 20);
        assert!(short.ends_with("in TCP: the data offset is 16 bytes, less than the least, 20"));
        let long = wrong(6, 20);
        assert!(long.ends_with("in TCP: the data offset is 24 bytes, but only 20 are there"));
        assert!(wrong(5, 9).contains("in TCP: 9 bytes are too few for a TCP header"));
    }
}
