//! TCP (RFC 9293, 3.1).

use checksum::Sum;
use packet::ReceivedChecksum;
use tcp::{Flags, HEADER_LEN, Header, Malformed, Segment, WindowScale};

use crate::conversations::{Counted, Way};
use crate::dissector::Dissector;
use crate::internet::{Carried, checksum_field};
use crate::part::Part;
use crate::tcp_options::wrap_within;
use crate::{Brief, Layer, names, tcp_options};

pub(crate) fn read(dissector: &mut Dissector, carried: Carried<'_>) {
    let part = carried.payload;
    dissector.what = "TCP".to_owned();
    let header_length = part.u8(12).map_or(0, |byte| usize::from(byte >> 4) * 4);
    let header = part.up_to(header_length.max(HEADER_LEN));
    let mut layer = Layer::new("TCP", header);
    let data = part.after(header.len());
    if carried.is_whole
        && let Err(trouble) = judged(part.bytes)
    {
        dissector.trouble(&mut layer, trouble);
    }
    // `None` means cut short, which is told already.
    let _ = fields(dissector, &mut layer, &carried);
    tcp_options::read(&mut layer, header, HEADER_LEN);
    dissector.add(layer);
    if data.len() > 0 && !dissector.is_quoted {
        let data = format!(" data {}", data.len());
        dissector.what.push_str(&data);
        if let Some(brief) = &mut dissector.brief {
            brief.what.push_str(&data);
        }
    }
    dissector.data("data", data);
}

/// What the stack says of a segment's lengths. The checksum has a field of its own.
fn judged(segment: &[u8]) -> Result<Segment<'_>, Malformed> {
    Segment::parse(segment, Sum::new(), ReceivedChecksum::Verified)
}

/// Adds the header's fields as far as they are there; `None` if the fixed part is not whole.
fn fields(dissector: &mut Dissector, layer: &mut Layer, carried: &Carried<'_>) -> Option<()> {
    let part = carried.payload;
    let source = part.u16(0)?;
    layer.field(0, "source port", source, names::port(source));
    let destination = part.u16(2)?;
    layer.field(2, "destination port", destination, names::port(destination));
    dissector.what = format!("TCP {source} > {destination}");
    let sequence_number = part.u32(4)?;
    // In a quote the rest is not there to be counted.
    let segment = judged(part.bytes).ok().filter(|_| carried.is_whole && !dissector.is_quoted);
    let way = way(dissector, source, destination);
    let counted = count(dissector, way.as_ref(), part);
    let mut meaning = segment.map_or("of the first byte of data, or of SYN".to_owned(), numbered);
    if let Some(relative) = counted.sequence_number {
        meaning.insert_str(0, &format!("relative {relative}, "));
    }
    layer.field(4, "sequence number", sequence_number, meaning);
    let acknowledgment = part.u32(8)?;
    let flags = Flags::from_bits(part.u8(13)?);
    let expects = match counted.acknowledgment_number {
        _ if !flags.ack() => "means nothing without ACK".to_owned(),
        Some(relative) => format!("relative {relative}, the byte expected next"),
        None => "the byte expected next".to_owned(),
    };
    layer.field(8, "acknowledgment number", acknowledgment, expects);
    let words = part.u8(12)? >> 4;
    let meaning = format!("{words} words of 4 bytes");
    layer.field(12, "data offset", format!("{} bytes", u16::from(words) * 4), meaning);
    let named = flags.to_string().replace(' ', ", ");
    layer.field(13, "control bits", &named, "");
    let window = part.u16(14)?;
    layer.field(14, "window", window, window_meaning(window, flags, counted.scale));
    checksum_field(dissector, layer, 16, carried);
    let urgent = part.u16(18)?;
    let behind = "urgent data ends so many bytes behind the sequence number";
    let meaning = if flags.urg() { behind } else { "means nothing without URG" };
    layer.field(18, "urgent pointer", urgent, meaning);

    let mut numbers =
        format!("[{named}] seq {}", counted.sequence_number.unwrap_or(sequence_number));
    if flags.ack() {
        let acknowledgment = counted.acknowledgment_number.unwrap_or(acknowledgment);
        numbers.push_str(&format!(" ack {acknowledgment}"));
    }
    let window = counted.scale.map_or(window.into(), |scale| scale.window(window));
    dissector.what.push_str(&format!(" {numbers} win {window}"));
    if !dissector.is_quoted {
        dissector.brief = Some(Brief { ports: (source, destination), what: numbers });
    }
    Some(())
}

/// Which way the segment goes, if its addresses are known.
fn way(dissector: &Dissector, source: u16, destination: u16) -> Option<Way> {
    let endpoints = dissector.endpoints.as_ref()?;
    Some(Way {
        source: (endpoints.source.clone(), source),
        destination: (endpoints.destination.clone(), destination),
    })
}

/// Counts a segment's numbers from where they began, as far as that was seen.
fn count(dissector: &mut Dissector, way: Option<&Way>, part: Part<'_>) -> Counted {
    let (Some(conversations), Some(way), Ok(segment)) =
        (&mut dissector.conversations, way, judged(part.bytes))
    else {
        return Counted { sequence_number: None, acknowledgment_number: None, scale: None };
    };
    let Header { sequence_number, acknowledgment_number, flags, .. } = segment.header();
    conversations.note(way, sequence_number, flags, &segment.options());
    conversations.count(way, sequence_number, acknowledgment_number, flags)
}

/// What has the segment's sequence number, and which number comes after it.
fn numbered(segment: Segment<'_>) -> String {
    let Header { sequence_number, flags, .. } = segment.header();
    let first = match (flags.syn(), segment.payload()) {
        (true, _) => "of SYN",
        (false, [_, ..]) => "of the first byte of data",
        (false, []) if flags.fin() => "of FIN",
        (false, []) => return "of the byte to be sent next".to_owned(),
    };
    let length = segment.length();
    let wrap = wrap_within(sequence_number, length);
    format!("{first}; the next is {}{wrap}", sequence_number + length)
}

fn window_meaning(window: u16, flags: Flags, scale: Option<WindowScale>) -> String {
    match (window, scale) {
        (0, _) => "there is no room: wait".to_owned(),
        _ if flags.syn() => "bytes there is room for, not scaled beside SYN".to_owned(),
        (_, Some(scale)) => {
            format!("times {}, the window scale: {}", scale.window(1), scale.window(window))
        }
        (_, None) => "bytes there is room for, times the window scale".to_owned(),
    }
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
            "192.0.2.1 > 192.0.2.2  TCP 40000 > 80 [SYN] seq 1000 win 64240, 60 bytes"
        );
        let fields = &dissection.layers[1].fields;
        let field = |name| {
            let field = fields.iter().find(|field| field.name == name).unwrap();
            (field.value.as_str(), field.meaning.as_str())
        };
        assert_eq!(field("checksum").1, "correct");
        assert_eq!(field("sequence number"), ("1000", "of SYN; the next is 1001"));
        assert_eq!(field("control bits").0, "SYN");
        assert_eq!(field("window"), ("64240", "bytes there is room for, not scaled beside SYN"));
        assert_eq!(field("maximum segment size").0, "1460 bytes");
        assert_eq!(field("timestamp value").0, "9");
        assert_eq!(field("window scale").0, "7");
    }

    #[test]
    fn which_number_comes_next_and_where_they_wrap() {
        let sequence_number = |seq: u32, fin: bool, data: &[u8]| {
            let mut builder = PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
                .tcp(40_000, 7, seq, 0)
                .ack(2);
            if fin {
                builder = builder.fin();
            }
            let mut bytes = Vec::new();
            builder.write(&mut bytes, data).unwrap();
            let dissection = dissect(&bytes, Medium::Ip, Offload::default());
            dissection.layers[1].fields[2].meaning.clone()
        };
        assert_eq!(sequence_number(7, false, b""), "of the byte to be sent next");
        assert_eq!(
            sequence_number(7, false, b"hello"),
            "of the first byte of data; the next is 12"
        );
        assert_eq!(sequence_number(7, true, b""), "of FIN; the next is 8");
        // The last number has no next one that is larger.
        assert_eq!(
            sequence_number(u32::MAX - 5, true, b"hello"),
            "of the first byte of data; the next is 0: after 4294967295 comes 0"
        );
        assert_eq!(
            sequence_number(u32::MAX - 5, false, b"hello"),
            "of the first byte of data; the next is 4294967295"
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
            "192.0.2.1 > 192.0.2.2  TCP 40000 > 7 [PSH, ACK] seq 1 ack 2 win 512 data 65495, 65535 \
             bytes (a superframe of segments with 1448 bytes)"
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
        let expected = "in TCP: the TCP data offset is 16 bytes, not 20 to the 20 that came";
        assert!(wrong(4, 20).ends_with(expected));
        let expected = "in TCP: the TCP data offset is 24 bytes, not 20 to the 20 that came";
        assert!(wrong(6, 20).ends_with(expected));
        assert!(wrong(5, 9).contains("in TCP: 9 bytes are too few for a TCP header"));
    }
}
