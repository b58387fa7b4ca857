//! Fragments that fill memory, that contradict each other, or that never come to an end.

use kernel_tests::injector::Random;

use crate::wire::{Ipv4, MORE, TCP, UDP, anybody, some_bytes};

/// The longest payload of a fragment on a link of 1500 bytes.
const LONGEST: usize = 1480;

/// A fragment of UDP or TCP in the datagram of that number. `offset` is in bytes.
fn fragment(random: &mut Random, datagram: usize, offset: usize) -> Ipv4 {
    let number = |number| u16::try_from(number).unwrap_or(u16::MAX);
    Ipv4 {
        identification: number(datagram),
        fragment: MORE | number(offset / 8),
        ..Ipv4::new(random.one_of(&[UDP, TCP]))
    }
}

/// One fragment in two is the last of its datagram.
fn perhaps_last(random: &mut Random, header: Ipv4) -> Ipv4 {
    let keep = random.one_of(&[MORE, 0]) | !MORE;
    Ipv4 { fragment: header.fragment & keep, ..header }
}

/// Long pieces of two thousand datagrams that fit each other and never become whole: 128 MiB.
pub(crate) fn endless(random: &mut Random) -> Vec<u8> {
    let (host, number) = (random.byte() % 32, random.below(64));
    let offset = LONGEST * random.below(44);
    let header = fragment(random, number, offset);
    let header = Ipv4 { source: [192, 0, 2, 100 + host], protocol: UDP, ..header };
    header.packet(&[host; LONGEST])
}

/// A datagram of which nothing else ever comes, from anybody.
pub(crate) fn lonely(random: &mut Random) -> Vec<u8> {
    let number = random.below(1 << 16);
    let offset = random.one_of(&[0, 0, 32_000, 60_000]);
    let header = Ipv4 { source: anybody(random), ..fragment(random, number, offset) };
    let length = random.one_of(&[8, 512, LONGEST]);
    header.packet(&random.bytes(length))
}

/// The books on a fragment cost more than what it brings.
pub(crate) fn small(random: &mut Random) -> Vec<u8> {
    let (number, offset) = (0x1000 + random.below(64), 8 * random.below(8190));
    fragment(random, number, offset).packet(&[7; 8])
}

/// Pieces that lie over others: a little, wholly, or exactly.
pub(crate) fn overlapping(random: &mut Random) -> Vec<u8> {
    let (number, offset) = (0x2000 + random.below(1024), 8 * random.below(12));
    let header = fragment(random, number, offset);
    let length = 8 * (1 + random.below(8));
    perhaps_last(random, header).packet(&random.bytes(length))
}

/// Pieces each of which says that it is the last, or that do not fill whole units of 8 bytes.
pub(crate) fn two_ends(random: &mut Random) -> Vec<u8> {
    let (number, offset) = (0x3000 + random.below(1024), 8 * random.below(180));
    let header = fragment(random, number, offset);
    perhaps_last(random, header).packet(&some_bytes(random, 100))
}

/// The first piece ends before the ports do, the second brings other ones.
pub(crate) fn tiny_first(random: &mut Random) -> Vec<u8> {
    let number = 0x4000 + random.below(0x1000);
    let (offset, length) = random.one_of(&[(0, 8), (0, 1), (0, 0), (8, 16), (8, 1200)]);
    let header = fragment(random, number, offset);
    perhaps_last(random, header).packet(&random.bytes(length))
}

/// Pieces that end where no datagram reaches: the "ping of death".
pub(crate) fn overlong(random: &mut Random) -> Vec<u8> {
    let (number, offset) = (0x5000 + random.below(0x1000), 65_528 - 8 * random.below(180));
    let header = fragment(random, number, offset);
    perhaps_last(random, header).packet(&random.bytes(LONGEST))
}
