//! TCP (RFC 9293, 3.1).

use checksum::Sum;
use packet::ReceivedChecksum;
use tcp::{Flags, HEADER_LEN, Header, Malformed, Segment};

use crate::dissector::Dissector;
use crate::internet::{Carried, checksum_field};
use crate::tcp_options::wrap_within;
use crate::{Layer, names, tcp_options};

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
        dissector.what.push_str(&format!(" data {}", data.len()));
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
    let meaning = segment.map_or("of the first byte of data, or of SYN".to_owned(), numbered);
    layer.field(4, "sequence number", sequence_number, meaning);
    let acknowledgment = part.u32(8)?;
    let flags = Flags::from_bits(part.u8(13)?);
    let expects = if flags.ack() { "the byte expected next" } else { "means nothing without ACK" };
    layer.field(8, "acknowledgment number", acknowledgment, expects);
    let words = part.u8(12)? >> 4;
    let meaning = format!("{words} words of 4 bytes");
    layer.field(12, "data offset", format!("{} bytes", u16::from(words) * 4), meaning);
    let named = flags.to_string().replace(' ', ", ");
    layer.field(13, "control bits", &named, "");
    let window = part.u16(14)?;
    layer.field(14, "window", window, window_meaning(window, flags));
    checksum_field(dissector, layer, 16, carried);
    let urgent = part.u16(18)?;
    let behind = "urgent data ends so many bytes behind the sequence number";
    let meaning = if flags.urg() { behind } else { "means nothing without URG" };
    layer.field(18, "urgent pointer", urgent, meaning);

    dissector.what.push_str(&format!(" [{named}] seq {sequence_number}"));
    if flags.ack() {
        dissector.what.push_str(&format!(" ack {acknowledgment}"));
    }
    Some(())
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

fn window_meaning(window: u16, flags: Flags) -> &'static str {
    match window {
        0 => "there is no room: wait",
        _ if flags.syn() => "bytes there is room for, not scaled beside SYN",
        _ => "bytes there is room for, times the window scale",
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
            "192.0.2.1 > 192.0.2.2  TCP 40000 > 80 [SYN] seq 1000, 60 bytes"
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
        let expected = "in TCP: the TCP data offset is 16 bytes, not 20 to the 20 that came";
        assert!(wrong(4, 20).ends_with(expected));
        let expected = "in TCP: the TCP data offset is 24 bytes, not 20 to the 20 that came";
        assert!(wrong(6, 20).ends_with(expected));
        assert!(wrong(5, 9).contains("in TCP: 9 bytes are too few for a TCP header"));
    }
}
