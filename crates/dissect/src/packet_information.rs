//! The four bytes that stand before each packet unless the device was attached with `IFF_NO_PI`.
//!
//! ```text
//!    0       2           4
//!   ┌───────┬───────────┬──────────────
//!   │ flags │ EtherType │ the packet ...
//!   └───────┴───────────┴──────────────
//! ```
//!
//! Whoever forgets the flag reads `00 00 08 00 45 ...` and takes it for a broken packet. That is
//! the most frequent trap of all, so it is looked out for on every device without them.

use ethernet::{HEADER_LEN, LengthOrType};
use packet::Medium;

use crate::dissector::{Dissector, read_medium};
use crate::part::Part;
use crate::{Layer, names};

const LEN: usize = 4;

/// `TUN_PKT_STRIP`: the reader's buffer was too short, the rest of the packet is lost.
const STRIPPED: u16 = 0x0001;

/// Reads a packet that is to have packet information before it.
pub(crate) fn read(dissector: &mut Dissector, part: Part<'_>, medium: Medium) {
    let mut layer = layer(part);
    if part.len() < LEN {
        let length = part.len();
        dissector.what = "packet information".to_owned();
        dissector.trouble(
            &mut layer,
            format!("{length} bytes are too few for packet information, which has 4"),
        );
        dissector.add(layer);
        return;
    }
    if medium == Medium::Ip && !agrees(part, medium) && starts_ip(part) {
        dissector.trouble(
            &mut layer,
            "these four bytes begin an IP header: the device was attached with IFF_NO_PI, so \
             there is no packet information",
        );
        dissector.add(layer);
        read_medium(dissector, part, medium);
        return;
    }
    dissector.add(layer);
    read_medium(dissector, part.after(LEN), medium);
}

/// Reads a packet that is to have none, and names the cause if it has.
pub(crate) fn look_out_for(dissector: &mut Dissector, part: Part<'_>, medium: Medium) {
    if !agrees(part, medium) {
        read_medium(dissector, part, medium);
        return;
    }
    let mut layer = layer(part);
    dissector.trouble(
        &mut layer,
        "it is not expected here. The device was attached without IFF_NO_PI: attach with it, or \
         expect these four bytes (--pi)",
    );
    dissector.add(layer);
    read_medium(dissector, part.after(LEN), medium);
}

fn layer(part: Part<'_>) -> Layer {
    let mut layer = Layer::new("packet information", part.up_to(LEN));
    if let (Some(flags), Some(number)) = (part.u16(0), part.u16(2)) {
        let meaning = match flags {
            0 => "none set",
            flags if flags & STRIPPED != 0 => "cut short: the buffer of the read was too small",
            _ => "",
        };
        layer.field(0, "flags", format!("{flags:#06x}"), meaning);
        let meaning = format!("the packet behind is {}", names::length_or_type(number));
        layer.field(2, "EtherType", format!("{number:#06x}"), meaning);
    }
    layer
}

/// Whether four bytes of packet information stand before the packet, and say of it what is so.
fn agrees(part: Part<'_>, medium: Medium) -> bool {
    let (Some(flags), Some(number)) = (part.u16(0), part.u16(2)) else { return false };
    let packet = part.after(LEN);
    flags & !STRIPPED == 0
        && match medium {
            Medium::Ip => matches!(
                (number, packet.u8(0).map(|first| first >> 4)),
                (0x0800, Some(4)) | (0x86dd, Some(6))
            ),
            // The frame's own EtherType says it again.
            Medium::Ethernet => {
                matches!(LengthOrType::new(number), LengthOrType::EtherType(_))
                    && packet.u16(HEADER_LEN - 2) == Some(number)
            }
        }
}

fn starts_ip(part: Part<'_>) -> bool {
    matches!(part.u8(0).map(|first| first >> 4), Some(4 | 6))
}

#[cfg(test)]
mod tests {
    use crate::samples::{ETHERNET_PING, PING};
    use crate::{Framing, Offload, dissect};
    use packet::Medium;

    const PI: [u8; 4] = [0x00, 0x00, 0x08, 0x00];

    fn with_pi(packet: &[u8]) -> Vec<u8> {
        [&PI[..], packet].concat()
    }

    #[test]
    fn packet_information_that_nobody_expects_is_named() {
        for (packet, medium) in [(PING, Medium::Ip), (ETHERNET_PING, Medium::Ethernet)] {
            let dissection = dissect(&with_pi(packet), medium, Offload::default());
            let line = dissection.summary.to_string();
            assert!(line.contains("192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1"), "{line}");
            assert!(line.contains("attached without IFF_NO_PI"), "{line}");
            assert_eq!(dissection.layers[0].name, "packet information");
        }
    }

    #[test]
    fn packet_information_that_is_expected_is_a_layer_like_any_other() {
        let framing = Framing { medium: Medium::Ip, packet_information: true };
        let dissection = dissect(&with_pi(PING), framing, Offload::default());
        let line = dissection.summary.to_string();
        assert_eq!(line, "192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1, 40 bytes");
        assert_eq!(dissection.layers[0].fields[1].meaning, "the packet behind is IPv4");
        assert_eq!(dissection.layers[1].bytes, 4..24);
    }

    #[test]
    fn expected_packet_information_that_is_missing_is_named() {
        let framing = Framing { medium: Medium::Ip, packet_information: true };
        let line = dissect(PING, framing, Offload::default()).summary.to_string();
        assert!(line.contains("ICMP echo request id 7 seq 1, 36 bytes"), "{line}");
        assert!(line.contains("attached with IFF_NO_PI"), "{line}");

        let line = dissect(&[0, 0, 8], framing, Offload::default()).summary.to_string();
        assert!(line.contains("3 bytes are too few for packet information"), "{line}");
    }
}
