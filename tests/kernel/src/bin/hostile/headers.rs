//! IPv4 headers that lie, name nobody, or are none.

use checksum::Sum;
use kernel_tests::injector::Random;

use crate::wire::{ICMP, Ipv4, STACK, TCP, UDP, set_checksum, some_bytes};

/// A few fields changed, and in half of all cases the checksum mended, so that it does not hide
/// what else is wrong.
pub(crate) fn lying(random: &mut Random) -> Vec<u8> {
    let protocol = random.one_of(&[ICMP, TCP, UDP, 2, 47, 255]);
    let header = Ipv4::from_anybody(random, protocol);
    let mut packet = header.packet(&some_bytes(random, 64));
    for _ in 0..=random.below(3) {
        // Version and lengths, fragmentation, TTL, protocol, checksum.
        let field = random.one_of(&[0, 0, 2, 3, 6, 7, 8, 9, 10]);
        packet[field] = random.byte();
    }
    if random.below(2) == 0 {
        let header_length = usize::from(packet[0] & 0x0f) * 4;
        let header_length = header_length.clamp(20, packet.len());
        set_checksum(&mut packet[..header_length], 10, Sum::new());
    }
    if random.below(4) == 0 {
        packet.truncate(1 + random.below(packet.len()));
    }
    packet
}

/// From nobody, from groups, from ourselves; to others, to the past.
pub(crate) fn impossible_addresses(random: &mut Random) -> Vec<u8> {
    let somebody = [random.byte(), random.byte(), random.byte(), random.byte()];
    let impossible = [
        [0; 4],
        [255; 4],
        [127, 0, 0, 1],
        [224, 0, 0, 1],
        [240, 0, 0, 1],
        [169, 254, 1, 1],
        [192, 0, 2, 0],
        [192, 0, 2, 255],
        STACK,
    ];
    let mut header = Ipv4::new(random.one_of(&[ICMP, UDP, TCP]));
    header.source = random.one_of(&impossible);
    if random.below(2) == 0 {
        let other = random.one_of(&impossible);
        header.destination = random.one_of(&[other, somebody]);
    }
    header.ttl = random.one_of(&[0, 1, 64]);
    let mut message = vec![8, 0, 0, 0, 0, 1, 0, 1];
    set_checksum(&mut message, 2, Sum::new());
    header.packet(&message)
}

/// Anything.
pub(crate) fn noise(random: &mut Random) -> Vec<u8> {
    let mut packet = some_bytes(random, 1499);
    packet.push(random.byte());
    packet
}
