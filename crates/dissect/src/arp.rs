//! ARP (RFC 826), for IPv4 over Ethernet.

use std::net::Ipv4Addr;

use ethernet::MacAddress;

use crate::Layer;
use crate::dissector::Dissector;
use crate::part::Part;

const LEN: usize = 28;

pub(crate) fn read(dissector: &mut Dissector, part: Part<'_>) {
    dissector.what = "ARP".to_owned();
    let mut layer = Layer::new("ARP", part.up_to(LEN));
    match fields(&mut layer, part) {
        Some(what) => dissector.what = what,
        None => {
            let length = part.len();
            let trouble = format!("{length} bytes are too few for an ARP packet, which has 28");
            dissector.trouble(&mut layer, trouble);
        }
    }
    dissector.add(layer);
    // On a cable a frame has at least 60 bytes; ARP needs 42 of them.
    dissector.data("padding", part.after(LEN));
}

/// Adds the fields as far as they are there; says what the packet is if they are all.
fn fields(layer: &mut Layer, part: Part<'_>) -> Option<String> {
    let hardware = part.u16(0)?;
    layer.field(0, "hardware type", hardware, if hardware == 1 { "Ethernet" } else { "" });
    let protocol = part.u16(2)?;
    let meaning = if protocol == 0x0800 { "IPv4" } else { "" };
    layer.field(2, "protocol type", format!("{protocol:#06x}"), meaning);
    let (hardware_length, protocol_length) = (part.u8(4)?, part.u8(5)?);
    layer.field(4, "hardware length", format!("{hardware_length} bytes"), "");
    layer.field(5, "protocol length", format!("{protocol_length} bytes"), "");
    let operation = part.u16(6)?;
    layer.field(6, "operation", operation, operation_name(operation));
    if (hardware, protocol, hardware_length, protocol_length) != (1, 0x0800, 6, 4) {
        return Some(format!("ARP, hardware type {hardware}, protocol type {protocol:#06x}"));
    }
    let sender_mac = part.array(8).map(MacAddress::new)?;
    layer.field(8, "sender MAC", sender_mac, "");
    let sender = part.array(14).map(Ipv4Addr::from_octets)?;
    layer.field(14, "sender IP", sender, "");
    let target_mac = part.array(18).map(MacAddress::new)?;
    let meaning = if operation == 1 { "unknown, that is the question" } else { "" };
    layer.field(18, "target MAC", target_mac, meaning);
    let target = part.array(24).map(Ipv4Addr::from_octets)?;
    layer.field(24, "target IP", target, "");
    Some(match operation {
        1 if sender.is_unspecified() => format!("ARP does anybody have {target}?"),
        1 | 2 if sender == target => format!("ARP I am {sender}, at {sender_mac}"),
        1 => format!("ARP who has {target}? tell {sender}"),
        2 => format!("ARP {sender} is at {sender_mac}"),
        other => format!("ARP operation {other}"),
    })
}

const fn operation_name(operation: u16) -> &'static str {
    match operation {
        1 => "request",
        2 => "reply",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::{frame, line};
    use packet::Medium;

    fn packet(operation: u8, sender: [u8; 4], target: [u8; 4]) -> Vec<u8> {
        let fixed = [0, 1, 8, 0, 6, 4, 0, operation];
        [&fixed[..], &[2, 0, 0x5e, 0, 2, 1], &sender, &[0; 6], &target].concat()
    }

    fn line_of(destination: [u8; 6], packet: &[u8]) -> String {
        line(&frame(destination, 0x0806, packet), Medium::Ethernet)
    }

    #[test]
    fn question_answer_probe_and_announcement() {
        let (kernel, stack) = ([192, 0, 2, 1], [192, 0, 2, 2]);
        let asks = |sender, target| line_of([0xff; 6], &packet(1, sender, target));
        assert_eq!(
            asks(kernel, stack),
            "02:00:5e:00:02:01 > everybody  ARP who has 192.0.2.2? tell 192.0.2.1, 42 bytes"
        );
        assert!(asks([0; 4], stack).contains("ARP does anybody have 192.0.2.2?, 42"));
        assert!(asks(stack, stack).contains("ARP I am 192.0.2.2, at 02:00:5e:00:02:01, 42"));
        assert_eq!(
            line_of([2, 0, 0x5e, 0, 2, 2], &packet(2, stack, kernel)),
            "02:00:5e:00:02:01 > 02:00:5e:00:02:02  \
             ARP 192.0.2.2 is at 02:00:5e:00:02:01, 42 bytes"
        );
    }

    #[test]
    fn a_cut_one_and_one_for_another_protocol() {
        let whole = packet(1, [192, 0, 2, 1], [192, 0, 2, 2]);
        let cut = line_of([0xff; 6], &whole[..27]);
        assert!(
            cut.ends_with("wrong in ARP: 27 bytes are too few for an ARP packet, which has 28")
        );
        let mut other = whole;
        other[5] = 16;
        assert!(line_of([0xff; 6], &other).contains("ARP, hardware type 1, protocol type 0x0800"));
    }
}
