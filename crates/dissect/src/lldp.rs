//! LLDP (IEEE 802.1AB): a switch, or a host, says who it is.

use crate::Layer;
use crate::dissector::Dissector;
use crate::part::Part;

/// How many of its items are read. Real ones have about a dozen.
const MOST_ITEMS: usize = 64;

pub(crate) fn read(dissector: &mut Dissector, part: Part<'_>) {
    dissector.what = "LLDP announcement of a neighbour".to_owned();
    let mut layer = Layer::new("LLDP", part);
    let mut at = 0;
    for _ in 0..MOST_ITEMS {
        let Some(head) = part.u16(at) else { break };
        let (kind, length) = (head >> 9, usize::from(head & 0x01ff));
        let value = part.after(at + 2).up_to(length);
        if value.len() < length {
            dissector.trouble(&mut layer, "an item is cut short");
            break;
        }
        let printable = printable(value.bytes);
        layer.field(at, item_name(kind), format!("{length} bytes"), &printable);
        match kind {
            0 => break,
            5 => dissector.what = format!("LLDP announcement of {printable}"),
            _ => {}
        }
        at += 2 + length;
    }
    dissector.add(layer);
}

const fn item_name(kind: u16) -> &'static str {
    match kind {
        0 => "end",
        1 => "chassis",
        2 => "port",
        3 => "time to live",
        4 => "port description",
        5 => "system name",
        6 => "system description",
        7 => "capabilities",
        8 => "management address",
        127 => "organisation's own",
        _ => "item",
    }
}

/// The text that bytes are; empty if they are none. A peer's control characters must not reach
/// a terminal.
fn printable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::{frame, line};
    use packet::Medium;

    fn line_of(name: &[u8]) -> String {
        let length = u8::try_from(name.len()).unwrap();
        let items = [&[0x06, 2, 0, 120, 0x0a, length][..], name, &[0, 0]].concat();
        line(&frame([0x01, 0x80, 0xc2, 0, 0, 0x0e], 0x88cc, &items), Medium::Ethernet)
    }

    #[test]
    fn the_neighbours_name_is_told_unless_it_could_harm_a_terminal() {
        assert!(line_of(b"sw1").contains("LLDP announcement of sw1, 25 bytes"));
        assert!(!line_of(b"\x1b[2J").contains('\x1b'));
    }
}
