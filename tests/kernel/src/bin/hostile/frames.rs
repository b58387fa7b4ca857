//! Ethernet frames: around packets, and of kinds that nobody knows.

use kernel_tests::injector::Random;

use crate::Make;
use crate::wire::some_bytes;

pub(crate) const STACK_MAC: [u8; 6] = [0x02, 0x00, 0x5e, 0x00, 0x02, 0x02];
pub(crate) const EVERYBODY: [u8; 6] = [0xff; 6];

const IPV4: [u8; 2] = [0x08, 0x00];

/// Any of 65,536 strangers' MAC addresses.
pub(crate) fn mac(random: &mut Random) -> [u8; 6] {
    [0x02, 0x66, 0x6f, 0x65, random.byte(), random.byte()]
}

pub(crate) fn framed(to: [u8; 6], from: [u8; 6], kind: [u8; 2], payload: &[u8]) -> Vec<u8> {
    [&to[..], &from[..], &kind[..], payload].concat()
}

/// A packet in a frame: mostly to the stack, sometimes to everybody or somebody else.
pub(crate) fn around(random: &mut Random, make: Make) -> Vec<u8> {
    let (somebody, from) = (mac(random), mac(random));
    let to = random.one_of(&[STACK_MAC, STACK_MAC, STACK_MAC, STACK_MAC, EVERYBODY, somebody]);
    let packet = make(random);
    framed(to, from, IPV4, &packet)
}

/// Other protocols, tagged frames, lengths instead of kinds, and frames from groups.
pub(crate) fn unknown(random: &mut Random) -> Vec<u8> {
    let any = [random.byte(), random.byte()];
    // IPv6, VLAN, LLDP, PPPoE, a length in bytes, IPv4 that is none.
    let kind = random.one_of(&[
        [0x86, 0xdd],
        [0x81, 0x00],
        [0x88, 0xcc],
        [0x88, 0x64],
        [0x00, 0x20],
        IPV4,
        any,
    ]);
    let (group, from) = ([0x01, 0x00, 0x5e, 0, 0, random.byte()], mac(random));
    let to = random.one_of(&[STACK_MAC, EVERYBODY, group]);
    let from = random.one_of(&[from, from, group, EVERYBODY, STACK_MAC]);
    let payload = if kind == [0x08, 0x06] { Vec::new() } else { some_bytes(random, 100) };
    framed(to, from, kind, &payload)
}
