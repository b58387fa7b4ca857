//! UDP datagrams that nobody wants, that start loops, or that lie about themselves.

use checksum::Sum;
use kernel_tests::injector::Random;

use crate::wire::{Ipv4, KERNEL, STACK, UDP, set_checksum, some_bytes, word};

/// Echo, discard, daytime and chargen, which answer.
const SERVICES: [u16; 4] = [7, 9, 13, 19];

fn datagram(header: &Ipv4, source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = [source.to_be_bytes(), destination.to_be_bytes()].concat();
    let length = word(8 + payload.len());
    datagram.extend(length);
    datagram.extend([0, 0]);
    datagram.extend(payload);
    let pseudo_header = Sum::new().add_bytes(&header.source).add_bytes(&header.destination);
    let pseudo_header = pseudo_header.add_u16(UDP.into()).add_bytes(&length);
    set_checksum(&mut datagram, 6, pseudo_header);
    datagram
}

fn any_port(random: &mut Random) -> u16 {
    u16::from_be_bytes([random.byte(), random.byte()])
}

/// Each wants an ICMP error: to the kernel, or to strangers that are not there.
pub(crate) fn closed_port(random: &mut Random) -> Vec<u8> {
    let header = Ipv4::from_anybody(random, UDP);
    let (source, destination) = (any_port(random), any_port(random));
    let payload = some_bytes(random, 1400);
    header.packet(&datagram(&header, source, destination, &payload))
}

/// None of these may be answered with an error.
pub(crate) fn broadcast(random: &mut Random) -> Vec<u8> {
    let mut header = Ipv4::from_anybody(random, UDP);
    let group = [224 + random.byte() % 16, 0, 0, random.byte()];
    header.destination = random.one_of(&[[255; 4], [192, 0, 2, 255], [192, 0, 2, 0], group]);
    let service = random.one_of(&SERVICES);
    let port = any_port(random);
    let destination = random.one_of(&[service, port]);
    let source = any_port(random);
    let payload = some_bytes(random, 64);
    header.packet(&datagram(&header, source, destination, &payload))
}

/// As if one service asked another: of the stack itself, of the kernel, of everybody.
pub(crate) fn service_loop(random: &mut Random) -> Vec<u8> {
    let source = random.one_of(&[STACK, KERNEL, [192, 0, 2, 255], [255; 4], [127, 0, 0, 1]]);
    let header = Ipv4 { source, ..Ipv4::new(UDP) };
    let (from, to) = (random.one_of(&SERVICES), random.one_of(&SERVICES));
    let payload = some_bytes(random, 512);
    header.packet(&datagram(&header, from, to, &payload))
}

/// The length of UDP says another thing than that of IPv4.
pub(crate) fn bad_length(random: &mut Random) -> Vec<u8> {
    let header = Ipv4::from_anybody(random, UDP);
    let service = random.one_of(&SERVICES);
    let mut bytes = datagram(&header, 40_000, service, &some_bytes(random, 64));
    let any = [random.byte(), random.byte()];
    let length = random.one_of(&[[0, 0], [0, 7], [0, 8], [0xff, 0xff], any]);
    bytes[4..6].copy_from_slice(&length);
    bytes[6..8].fill(0);
    bytes.truncate(random.below(bytes.len() + 1));
    header.packet(&bytes)
}

/// One bit more or less; or none at all, which is allowed.
pub(crate) fn bad_checksum(random: &mut Random) -> Vec<u8> {
    let header = Ipv4::from_anybody(random, UDP);
    let service = random.one_of(&SERVICES);
    let mut bytes = datagram(&header, 40_000, service, &some_bytes(random, 64));
    if random.below(4) == 0 {
        bytes[6..8].fill(0);
    } else {
        bytes[6] ^= 1 << random.below(8);
    }
    header.packet(&bytes)
}
