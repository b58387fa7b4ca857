//! The parsers: no bytes make them panic, and what they accept can be written again.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use packet::{Buffer, Medium};

/// The IPv4 header, as the bytes are and with the checksum mended, since no fuzzer guesses one.
pub fn ipv4_datagram(bytes: &[u8]) {
    one_datagram(bytes);
    let mut mended = bytes.to_vec();
    let header_length = bytes.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
    if let Some(header) = mended.get_mut(..header_length).filter(|header| header.len() >= 20) {
        header[10..12].fill(0);
        let checksum = checksum::Sum::new().add_bytes(header).checksum();
        header[10..12].copy_from_slice(&checksum.to_be_bytes());
        one_datagram(&mended);
    }
}

/// etherparse is the judge of what is well-formed.
fn one_datagram(bytes: &[u8]) {
    let theirs = etherparse::Ipv4HeaderSlice::from_slice(bytes);
    let Ok(datagram) = ipv4::Datagram::parse(bytes) else {
        return;
    };
    let theirs = theirs.expect("etherparse reads every header that we accept").to_header();
    let header = datagram.header();
    assert_eq!(header.source.octets(), theirs.source);
    assert_eq!(header.destination.octets(), theirs.destination);
    assert_eq!(header.options.as_slice(), &theirs.options[..]);
    assert_eq!(usize::from(theirs.total_len), header.length() + datagram.payload().len());

    let mut buffer = Buffer::new();
    buffer.append(datagram.payload());
    header.prepend_to(&mut buffer).expect("what was read fits");
    let again = ipv4::Datagram::parse(buffer.as_slice()).expect("what we write we read");
    assert_eq!(again.header(), header);
    assert_eq!(again.payload(), datagram.payload());
}

/// ICMP messages, as the bytes are and with the checksum mended.
pub fn icmp_message(bytes: &[u8]) {
    one_message(bytes);
    let mut mended = bytes.to_vec();
    if mended.len() >= 4 {
        mended[2..4].fill(0);
        let checksum = checksum::Sum::new().add_bytes(&mended).checksum();
        mended[2..4].copy_from_slice(&checksum.to_be_bytes());
        one_message(&mended);
    }
}

fn one_message(bytes: &[u8]) {
    let Ok(packet) = icmp::Packet::parse(bytes) else {
        return;
    };
    let mut buffer = Buffer::new();
    buffer.append(packet.data());
    packet.message().prepend_to(&mut buffer);
    let again = icmp::Packet::parse(buffer.as_slice()).expect("what we write we read");
    assert_eq!(again.message(), packet.message());
    assert_eq!(again.data(), packet.data());
}

/// Ethernet frames.
pub fn ethernet(bytes: &[u8]) {
    let Ok(frame) = ethernet::Frame::parse(bytes) else {
        return;
    };
    if let Some(header) = frame.header() {
        let mut buffer = Buffer::new();
        buffer.append(frame.payload());
        header.prepend_to(&mut buffer);
        assert_eq!(buffer.as_slice(), bytes);
    }
}

/// A packet in words, on both mediums.
pub fn dissect_frame(bytes: &[u8]) {
    for medium in [Medium::Ip, Medium::Ethernet] {
        for packet_information in [false, true] {
            let framing = dissect::Framing { medium, packet_information };
            let dissection = dissect::dissect(bytes, framing, dissect::Offload::default());
            assert_eq!(dissection.summary.length, bytes.len());
            for layer in &dissection.layers {
                assert!(layer.bytes.end <= bytes.len(), "{} ends beyond the packet", layer.name);
            }
        }
    }
}

/// What a person types about a link or an address: what is understood is printed so that it is
/// understood the same.
pub fn link_options(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    understood_again::<ipv4::Cidr>(text);
    understood_again::<link::Percentage>(text);
    understood_again::<link::Delay>(text);
    understood_again::<link::Rate>(text);
    understood_again::<link::Loss>(text);
    understood_again::<link::QueueLimit>(text);
}

fn understood_again<T: FromStr + Display + PartialEq + Debug>(text: &str) {
    let Ok(value) = text.parse::<T>() else {
        return;
    };
    let printed = value.to_string();
    let Ok(again) = printed.parse::<T>() else {
        panic!("'{text}' is printed as '{printed}', which is not understood");
    };
    assert_eq!(again, value, "'{text}' is printed as '{printed}'");
}
