//! IP options of every kind, with lengths and pointers that lead out of the header.

use checksum::Sum;
use kernel_tests::injector::Random;

use crate::wire::{ICMP, Ipv4, KERNEL, STACK, UDP, address, set_checksum, some_bytes};

/// A ping with these options, padded to whole words and cut off at 40 bytes.
fn with(random: &mut Random, mut options: Vec<u8>) -> Vec<u8> {
    options.truncate(40);
    options.resize(options.len().next_multiple_of(4), random.one_of(&[0, 1]));
    let mut ping = vec![8, 0, 0, 0, 0, 7, 0, 1];
    ping.extend(some_bytes(random, 16));
    set_checksum(&mut ping, 2, Sum::new());
    let protocol = random.one_of(&[ICMP, ICMP, UDP]);
    let header = Ipv4 { options, ..Ipv4::from_anybody(random, protocol) };
    header.packet(&ping)
}

/// One option of any kind and any length that fits, between no-operations.
pub(crate) fn any_kind(random: &mut Random) -> Vec<u8> {
    let mut options = vec![1; random.below(4)];
    let content = some_bytes(random, 36 - options.len());
    options.extend([random.byte(), 2 + u8::try_from(content.len()).unwrap_or(0)]);
    options.extend(content);
    with(random, options)
}

/// Nothing but options' first bytes with lengths that are too short, too long, or missing.
pub(crate) fn bad_lengths(random: &mut Random) -> Vec<u8> {
    // Record route, timestamp, security, loose and strict source route, stream, router alert.
    const KINDS: [u8; 7] = [7, 68, 130, 131, 137, 136, 148];
    let mut options = some_bytes(random, 40);
    let at = random.below(options.len() + 1);
    options.truncate(at);
    options.push(random.one_of(&KINDS));
    options.extend(random.one_of(&[&[][..], &[0], &[1], &[2], &[3], &[41], &[255]]));
    options.extend(some_bytes(random, 4));
    with(random, options)
}

/// A way by which the packet is to go on, and the answer to come back: loose or strict, through
/// us and others, with a pointer to anywhere.
pub(crate) fn source_route(random: &mut Random) -> Vec<u8> {
    let hops = random.below(10);
    let length = u8::try_from(3 + 4 * hops).unwrap_or(3);
    let pointer = random.one_of(&[4, 8, length, length + 1, 0, 1, 5, 255]);
    let mut options = vec![random.one_of(&[131, 137]), length, pointer];
    for _ in 0..hops {
        let somebody = address(random);
        options.extend(random.one_of(&[STACK, KERNEL, somebody]));
    }
    with(random, options)
}
