//! Ethernet II, IEEE 802.1Q tags and what older or other protocols put in place of an EtherType.

use ethernet::{EtherType, Frame, HEADER_LEN, LengthOrType, MacAddress};

use crate::dissector::Dissector;
use crate::part::Part;
use crate::{Layer, arp, ip4, ip6, lldp, names};

/// How many VLAN tags are read. Two is what providers use (IEEE 802.1ad).
const MOST_TAGS: usize = 2;

pub(crate) fn read(dissector: &mut Dissector, part: Part<'_>) {
    dissector.what = "Ethernet".to_owned();
    let mut layer = Layer::new("Ethernet", part.up_to(HEADER_LEN));
    let frame = match Frame::parse(part.bytes) {
        Ok(frame) => frame,
        Err(malformed) => {
            dissector.trouble(&mut layer, malformed);
            dissector.add(layer);
            return;
        }
    };
    let (destination, source) = (frame.destination(), frame.source());
    layer.field(0, "destination address", destination, address_meaning(destination));
    layer.field(6, "source address", source, address_meaning(source));
    if source.is_multicast() {
        dissector.trouble(&mut layer, "the source is a group, which cannot send");
    }
    // Until a layer further in knows better.
    let receiver =
        if destination.is_broadcast() { "everybody".to_owned() } else { destination.to_string() };
    dissector.set_endpoints(source, receiver);
    length_or_type(dissector, layer, part, HEADER_LEN - 2, MOST_TAGS);
}

const fn address_meaning(address: MacAddress) -> &'static str {
    if address.is_broadcast() {
        "everybody on the link"
    } else if address.is_multicast() {
        "a group"
    } else if address.is_locally_administered() {
        "locally administered: made up, no card's own"
    } else {
        ""
    }
}

/// Reads the field `at` bytes into `part`, which says what follows, and what follows.
fn length_or_type(
    dissector: &mut Dissector,
    mut layer: Layer,
    part: Part<'_>,
    at: usize,
    tags_left: usize,
) {
    let Some(number) = part.u16(at) else {
        dissector.trouble(&mut layer, "the header is cut short");
        dissector.add(layer);
        return;
    };
    let payload = part.after(at + 2);
    match LengthOrType::new(number) {
        LengthOrType::EtherType(ether_type) => {
            layer.field(at, "EtherType", format!("{number:#06x}"), ether_type.to_string());
            dissector.add(layer);
            read_payload(dissector, ether_type, payload, tags_left);
        }
        LengthOrType::Length(length) => {
            layer.field(at, "length", format!("{length} bytes"), "a length: IEEE 802.3");
            dissector.add(layer);
            logical_link(dissector, payload.up_to(usize::from(length)), tags_left);
            dissector.data("padding", payload.after(usize::from(length)));
        }
    }
}

fn read_payload(
    dissector: &mut Dissector,
    ether_type: EtherType,
    payload: Part<'_>,
    tags_left: usize,
) {
    dissector.what = ether_type.to_string();
    match ether_type {
        EtherType::Ipv4 => ip4::read(dissector, payload),
        EtherType::Ipv6 => ip6::read(dissector, payload),
        EtherType::Arp => arp::read(dissector, payload),
        EtherType::Lldp => lldp::read(dissector, payload),
        EtherType::Vlan if tags_left > 0 => tag(dissector, payload, tags_left - 1),
        EtherType::Vlan | EtherType::Other(_) => dissector.data("data", payload),
    }
}

/// The four bytes of an 802.1Q tag, of which the first two stand behind the EtherType 0x8100.
fn tag(dissector: &mut Dissector, part: Part<'_>, tags_left: usize) {
    let mut layer = Layer::new("VLAN tag", part.up_to(4));
    if let Some(control) = part.u16(0) {
        layer.field(0, "priority", control >> 13, "");
        layer.field(0, "drop eligible", control >> 12 & 1, "");
        let identifier = control & 0x0fff;
        layer.field(0, "VLAN identifier", identifier, "which virtual LAN");
        dissector.prefix.push_str(&format!("VLAN {identifier}: "));
    }
    length_or_type(dissector, layer, part, 2, tags_left);
}

/// The IEEE 802.2 header that stands where a length stood before, and SNAP within.
fn logical_link(dissector: &mut Dissector, part: Part<'_>, tags_left: usize) {
    dissector.what = "IEEE 802.3 frame".to_owned();
    let is_snap = part.array(0) == Some([0xaa, 0xaa, 0x03]);
    let mut layer = Layer::new("802.2", part.up_to(if is_snap { 8 } else { 3 }));
    if let Some([destination, source, control]) = part.array(0) {
        layer.field(0, "DSAP", format!("{destination:#04x}"), access_point(destination));
        layer.field(1, "SSAP", format!("{source:#04x}"), access_point(source));
        layer.field(2, "control", format!("{control:#04x}"), "");
        let name = access_point(destination);
        dissector.what = match name {
            "" => format!("IEEE 802.2, service access point {destination:#04x}"),
            name => format!("IEEE 802.2, {name}"),
        };
    }
    let organisation: Option<[u8; 3]> = part.array(3).filter(|_| is_snap);
    let (Some([a, b, c]), Some(number)) = (organisation, part.u16(6)) else {
        dissector.add(layer);
        dissector.data("data", part.after(3));
        return;
    };
    layer.field(3, "organisation", format!("{a:02x}:{b:02x}:{c:02x}"), "");
    if let ([0, 0, 0], LengthOrType::EtherType(ether_type)) = ([a, b, c], LengthOrType::new(number))
    {
        layer.field(6, "EtherType", format!("{number:#06x}"), ether_type.to_string());
        dissector.prefix.push_str("SNAP: ");
        dissector.add(layer);
        read_payload(dissector, ether_type, part.after(8), tags_left);
        return;
    }
    layer.field(6, "protocol", format!("{number:#06x}"), names::length_or_type(number));
    dissector.what = format!("IEEE 802.2 SNAP, organisation {a:02x}:{b:02x}:{c:02x}");
    dissector.add(layer);
    dissector.data("data", part.after(8));
}

/// The service access points that one meets (IEEE 802.2, 3.3.1).
const fn access_point(number: u8) -> &'static str {
    match number {
        0x42 => "spanning tree",
        0xaa => "SNAP",
        0xe0 => "IPX",
        0xf0 => "NetBIOS",
        0xfe => "IS-IS",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::{ETHERNET_PING, frame, line};
    use packet::Medium;

    fn line_of(length_or_type: u16, payload: &[u8]) -> String {
        line(&frame([2, 0, 0x5e, 0, 2, 2], length_or_type, payload), Medium::Ethernet)
    }

    #[test]
    fn an_ip_packet_in_a_frame_reads_as_one_without() {
        assert_eq!(
            line(ETHERNET_PING, Medium::Ethernet),
            "192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1, 50 bytes"
        );
    }

    #[test]
    fn the_ether_type_decides_and_not_the_first_nibble() {
        let line = line_of(0x0800, &[0x60; 40]);
        assert!(line.contains("wrong in IPv4: the version is 6, not 4"), "{line}");
    }

    #[test]
    fn tags_name_their_vlans() {
        let tagged = [&[0x00, 0x2a, 0x08, 0x00], &ETHERNET_PING[14..]].concat();
        let twice = [&[0x00, 0x07, 0x81, 0x00], &tagged[..]].concat();
        assert_eq!(
            line_of(0x8100, &tagged),
            "192.0.2.1 > 192.0.2.2  VLAN 42: ICMP echo request id 7 seq 1, 54 bytes"
        );
        assert!(line_of(0x8100, &twice).contains("  VLAN 7: VLAN 42: ICMP"));
        let thrice = [&[0x00, 0x01, 0x81, 0x00], &twice[..]].concat();
        assert!(line_of(0x8100, &thrice).contains("VLAN 1: VLAN 7: VLAN,"));
        assert!(line_of(0x8100, &[0x00]).ends_with("wrong in VLAN tag: the header is cut short"));
    }

    #[test]
    fn other_frames_say_whose_they_are() {
        assert_eq!(
            line_of(0x9000, &[1, 2, 3]),
            "02:00:5e:00:02:01 > 02:00:5e:00:02:02  EtherType 0x9000, 17 bytes"
        );
        assert!(line_of(3, &[0x42, 0x42, 3]).contains("IEEE 802.2, spanning tree, 17 bytes"));
        let snap = [&[0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0], &ETHERNET_PING[14..]].concat();
        assert!(line_of(44, &snap).contains("  SNAP: ICMP echo request id 7 seq 1"));
        let cisco = [0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0];
        assert!(line_of(8, &cisco).contains("IEEE 802.2 SNAP, organisation 00:00:0c"));
    }

    #[test]
    fn a_frame_cut_short_says_so() {
        assert_eq!(
            line(&[2; 9], Medium::Ethernet),
            "Ethernet, 9 bytes; \
             wrong in Ethernet: 9 bytes are too few for an Ethernet header, which has 14"
        );
    }
}
