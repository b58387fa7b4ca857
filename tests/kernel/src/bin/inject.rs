//! Puts bytes of our choice on a TUN or TAP device, where strata reads them.
//!
//! `inject DEVICE HEX` sends one frame. `inject DEVICE garbage COUNT` sends that many that are
//! wrong in one way or another, the same ones each time. What is wrong on purpose, and means
//! harm, comes from `hostile`.

#![forbid(unsafe_code)]

use std::env;
use std::error::Error;

use kernel_tests::injector::{Injector, Random};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        [device, "garbage", count] => inject_garbage(device, count.parse()?),
        [device, hex] => Injector::open(device)?.inject(&from_hex(hex)?),
        _ => Err("usage: inject DEVICE HEX | inject DEVICE garbage COUNT".into()),
    }
}

fn from_hex(hex: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    Ok(digits.chunks(2).map(byte).collect::<Result<_, _>>()?)
}

fn inject_garbage(device: &str, count: u64) -> Result<(), Box<dyn Error>> {
    let mut injector = Injector::open(device)?;
    let mut random = Random::new(0);
    for number in 0..count {
        injector.inject(&garbage(&mut random, number))?;
    }
    injector.wait_until_read()?;
    println!("all {count} were read");
    Ok(())
}

/// An echo request from 192.0.2.1 to 192.0.2.2, correct in every field: 20 bytes of IPv4 header,
/// 8 of ICMP, 8 of data.
const ECHO_REQUEST: [u8; 36] = [
    0x45, 0x00, 0x00, 0x24, 0x00, 0x01, 0x40, 0x00, 0x40, 0x01, 0xb6, 0xd4, 192, 0, 2, 1, 192, 0,
    2, 2, 0x08, 0x00, 0xe5, 0xca, 0x12, 0x34, 0x00, 0x01, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// One wrong frame. In turn: noise under each first nibble, one byte, an echo request cut
/// short, one with lengths that lie, one with a wrong checksum, one with a few bytes changed.
fn garbage(random: &mut Random, number: u64) -> Vec<u8> {
    /// Where the header length, the total length and the fragment offset stand.
    const LENGTHS: &[usize] = &[0, 2, 3, 6, 7];
    /// Where the header's checksum and the message's stand.
    const CHECKSUMS: &[usize] = &[10, 11, 22, 23];

    let mut frame = ECHO_REQUEST.to_vec();
    match number % 6 {
        0 => frame = noise(random, number / 6),
        1 => frame = vec![random.byte()],
        2 => frame.truncate(1 + random.below(35)),
        3 => change_one_of(&mut frame, LENGTHS, random),
        4 => change_one_of(&mut frame, CHECKSUMS, random),
        _ => (0..=random.below(4)).for_each(|_| {
            let anywhere = random.below(36);
            change_one_of(&mut frame, &[anywhere], random);
        }),
    }
    frame
}

/// Bytes without meaning, but for the first nibble, by which a version is told.
fn noise(random: &mut Random, nibble: u64) -> Vec<u8> {
    let [version, ..] = (nibble % 16).to_le_bytes();
    let first = (version << 4) | (random.byte() & 0x0f);
    std::iter::once(first).chain((0..random.below(1499)).map(|_| random.byte())).collect()
}

/// Puts another value into one of the bytes that `places` names.
fn change_one_of(frame: &mut [u8], places: &[usize], random: &mut Random) {
    let place = places.get(random.below(places.len())).copied().unwrap_or_default();
    if let Some(byte) = frame.get_mut(place) {
        *byte = byte.wrapping_add(1 + random.byte() % 255);
    }
}
