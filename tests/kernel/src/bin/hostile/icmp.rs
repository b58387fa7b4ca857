//! ICMP messages that lie about what became of datagrams, or ask what must not be answered.

use checksum::Sum;
use kernel_tests::injector::Random;

use crate::wire::{ICMP, Ipv4, STACK, TCP, UDP, address, anybody, set_checksum, some_bytes};

/// Destination unreachable, source quench, redirect, time exceeded, parameter problem.
const ERRORS: [u8; 5] = [3, 4, 5, 11, 12];

/// A message with a correct checksum, from anybody.
fn message(random: &mut Random, kind: u8, code: u8, data: &[u8]) -> Vec<u8> {
    Ipv4::from_anybody(random, ICMP).packet(&bytes(random, kind, code, data))
}

fn bytes(random: &mut Random, kind: u8, code: u8, data: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0];
    // An MTU, a pointer or a gateway, as the case may be.
    message.extend(random.one_of(&[[0; 4], [0, 0, 0, 68], [192, 0, 2, 77], [255; 4]]));
    message.extend(data);
    set_checksum(&mut message, 2, Sum::new());
    message
}

fn error(random: &mut Random, quote: &[u8]) -> Vec<u8> {
    let (kind, code) = (random.one_of(&ERRORS), random.byte() % 16);
    message(random, kind, code, quote)
}

/// Datagrams of others are none of our business.
pub(crate) fn error_quoting_strangers(random: &mut Random) -> Vec<u8> {
    let protocol = random.one_of(&[UDP, TCP, ICMP]);
    let (source, destination) = (address(random), address(random));
    let quoted = Ipv4 { source, destination, ..Ipv4::new(protocol) };
    let quote = quoted.packet(&random.bytes(8));
    error(random, &quote)
}

/// We sent this, they say, from a port where nobody is, or to one that was never spoken to.
pub(crate) fn error_quoting_us(random: &mut Random) -> Vec<u8> {
    let protocol = random.one_of(&[UDP, TCP, ICMP]);
    let quoted = Ipv4 { source: STACK, destination: anybody(random), ..Ipv4::new(protocol) };
    let mut ports = random.bytes(8);
    if random.below(2) == 0 {
        // The services' own port.
        ports[..2].copy_from_slice(&[0, 7]);
    }
    let quote = quoted.packet(&ports);
    error(random, &quote)
}

/// An error about an error, up to four deep. None may be answered.
pub(crate) fn nested_error(random: &mut Random) -> Vec<u8> {
    let mut quote = Ipv4 { source: STACK, ..Ipv4::new(UDP) }.packet(&random.bytes(8));
    for _ in 0..=random.below(4) {
        let (kind, code) = (random.one_of(&ERRORS), random.byte() % 16);
        let inner = bytes(random, kind, code, &quote);
        quote =
            Ipv4 { source: STACK, destination: anybody(random), ..Ipv4::new(ICMP) }.packet(&inner);
    }
    error(random, &quote)
}

/// Too little to know what is meant, or a quote whose own lengths lie.
pub(crate) fn error_cut_short(random: &mut Random) -> Vec<u8> {
    let mut quote = Ipv4 { source: STACK, ..Ipv4::new(UDP) }.packet(&random.bytes(8));
    quote.truncate(random.below(29));
    if let Some(first) = quote.first_mut().filter(|_| random.below(2) == 0) {
        *first = random.byte();
    }
    error(random, &quote)
}

pub(crate) fn any_type(random: &mut Random) -> Vec<u8> {
    let (kind, code) = (random.byte(), random.byte());
    let data = some_bytes(random, 64);
    message(random, kind, code, &data)
}

/// Each wants an answer to be sent somewhere; long ones, to be multiplied.
pub(crate) fn ping(random: &mut Random) -> Vec<u8> {
    let mut header = Ipv4::from_anybody(random, ICMP);
    header.destination = random.one_of(&[STACK, STACK, [192, 0, 2, 255], [255; 4], [224, 0, 0, 1]]);
    let data = some_bytes(random, 1400);
    header.packet(&bytes(random, 8, 0, &data))
}
