//! From the first nibble to IPv4 or IPv6, and from the protocol number to what they carry.

use checksum::Sum;

use crate::dissector::Dissector;
use crate::part::Part;
use crate::{Layer, icmp4, ip4, ip6, names, tcp, udp};

/// Reads an IP packet, of whichever version.
pub(crate) fn read(dissector: &mut Dissector, part: Part<'_>) {
    match part.u8(0).map(|first| first >> 4) {
        Some(4) => ip4::read(dissector, part),
        Some(6) => ip6::read(dissector, part),
        Some(nibble) => not_ip(dissector, part, format!("first nibble {nibble}")),
        None => not_ip(dissector, part, "nothing there".to_owned()),
    }
}

fn not_ip(dissector: &mut Dissector, part: Part<'_>, why: String) {
    dissector.what = format!("not IPv4 or IPv6: {why}");
    let mut layer = Layer::new("unknown", part);
    layer.trouble = Some(dissector.what.clone());
    dissector.add(layer);
}

/// What an IP header carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carried<'a> {
    /// The number in the header's protocol or next header field.
    pub(crate) protocol: u8,
    /// The bytes behind the header.
    pub(crate) payload: Part<'a>,
    /// The sum over the two addresses, with which a pseudo-header begins.
    pub(crate) addresses: Sum,
    /// Whether the IP header is sound and the payload all there, so that a checksum can be judged.
    pub(crate) is_whole: bool,
    /// Whether a checksum of zero means that there is none: UDP over IPv4.
    pub(crate) zero_is_none: bool,
}

impl Carried<'_> {
    /// The sum over the pseudo-header (RFC 9293, 3.1; RFC 8200, 8.1).
    pub(crate) fn pseudo_header(&self) -> Sum {
        let length = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        self.addresses.add_u16(u16::from(self.protocol)).add_bytes(&length.to_be_bytes())
    }
}

/// Reads the transport layer.
pub(crate) fn read_carried(dissector: &mut Dissector, carried: Carried<'_>) {
    match carried.protocol {
        1 => icmp4::read(dissector, carried),
        6 => tcp::read(dissector, carried),
        17 => udp::read(dissector, carried),
        58 => ip6::read_icmp(dissector, carried),
        other => {
            let name = names::protocol_or_number(other);
            dissector.what = match names::protocol(other) {
                Some(_) => name,
                None => format!("{}, {name}", dissector.what),
            };
            dissector.data("data", carried.payload);
        }
    }
}

/// Adds the checksum field of a protocol with a pseudo-header, and judges it if it can be.
pub(crate) fn checksum_field(
    dissector: &mut Dissector,
    layer: &mut Layer,
    at: usize,
    carried: &Carried<'_>,
) {
    let Some(found) = carried.payload.u16(at) else { return };
    let value = format!("{found:#06x}");
    if dissector.offload.checksum_left_out && carried.protocol != 58 {
        let why = "left out: the device fills it in, or nobody needs it on one machine";
        layer.field(at, "checksum", value, why);
        return;
    }
    if found == 0 && carried.zero_is_none {
        layer.field(at, "checksum", value, "none");
        return;
    }
    if dissector.is_quoted {
        layer.field(at, "checksum", value, "");
        return;
    }
    if !carried.is_whole {
        layer.field(at, "checksum", value, "cannot be checked: not all of the packet is here");
        return;
    }
    let sum = carried.pseudo_header().add_bytes(carried.payload.bytes);
    if sum.fold() == 0xffff {
        layer.field(at, "checksum", value, "correct");
        return;
    }
    let should = sum.add_u16(!found).checksum();
    layer.field(at, "checksum", value, format!("wrong: should be {should:#06x}"));
    dissector.trouble(layer, format!("the checksum is {found:#06x}, but should be {should:#06x}"));
}

#[cfg(test)]
mod tests {
    use crate::samples::line;
    use etherparse::PacketBuilder;
    use packet::Medium;
    use proptest::prelude::*;

    proptest! {
        /// What etherparse writes has nothing wrong in it, and one changed bit has.
        #[test]
        fn trouble_is_found_where_there_is_some_and_only_there(
            ipv6: bool, tcp: bool, ports: (u16, u16),
            data in prop::collection::vec(any::<u8>(), 0..64), bit in any::<prop::sample::Index>()
        ) {
            let ip = if ipv6 {
                PacketBuilder::ipv6([1; 16], [2; 16], 64)
            } else {
                PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            };
            let mut bytes = Vec::new();
            let name = if tcp {
                ip.tcp(ports.0, ports.1, 5, 512).write(&mut bytes, &data).unwrap();
                "TCP"
            } else {
                ip.udp(ports.0, ports.1).write(&mut bytes, &data).unwrap();
                "UDP"
            };
            let sound = line(&bytes, Medium::Ip);
            let expected = format!("{name} {} > {}", ports.0, ports.1);
            prop_assert!(sound.contains(&expected) && !sound.contains("wrong"), "{}", sound);

            // Behind the IP header, so that the transport is still found.
            let start = if ipv6 { 40 } else { 20 };
            let bit = start * 8 + bit.index((bytes.len() - start) * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            // A UDP checksum of zero says that there is none; one bit can make it so.
            prop_assume!(tcp || ipv6 || bytes[26..28] != [0, 0]);
            let bent = line(&bytes, Medium::Ip);
            prop_assert!(bent.contains(&format!("wrong in {name}: ")), "{}", bent);
        }
    }
}
