//! ARP packets that claim addresses: others', many, and the stack's own. Frames from the Ethernet
//! header on.

use kernel_tests::injector::Random;

use crate::frames::{EVERYBODY, STACK_MAC, framed, mac};
use crate::wire::{KERNEL, STACK, address, some_bytes};

const ARP: [u8; 2] = [0x08, 0x06];
const REQUEST: u8 = 1;
const REPLY: u8 = 2;

/// Any of 100,000 addresses: half of them in 192.0.0.0/16, where the stack's own network may be,
/// half elsewhere. Never the kernel's.
fn claimed(random: &mut Random) -> [u8; 4] {
    let number = random.below(100_000);
    let [low, high, ..] = (number / 2).to_le_bytes();
    let claimed = if number.is_multiple_of(2) { [192, 0, high, low] } else { [198, 51, high, low] };
    if claimed == KERNEL { [192, 0, 2, 3] } else { claimed }
}

/// One interface, most of the time.
fn hardware(random: &mut Random) -> [u8; 6] {
    let somebody = mac(random);
    random.one_of(&[somebody, somebody, somebody, somebody, EVERYBODY, [0; 6], STACK_MAC])
}

fn packet(
    operation: u8,
    sender_hardware: [u8; 6],
    sender: [u8; 4],
    target_hardware: [u8; 6],
    target: [u8; 4],
) -> Vec<u8> {
    let mut packet = vec![0, 1, 8, 0, 6, 4, 0, operation];
    packet.extend(sender_hardware);
    packet.extend(sender);
    packet.extend(target_hardware);
    packet.extend(target);
    packet
}

/// Each asks for the stack and so may get an entry in its cache.
pub(crate) fn questions(random: &mut Random) -> Vec<u8> {
    let (sender_hardware, sender) = (hardware(random), claimed(random));
    let question = packet(REQUEST, sender_hardware, sender, [0; 6], STACK);
    let to = random.one_of(&[EVERYBODY, STACK_MAC]);
    framed(to, sender_hardware, ARP, &question)
}

/// Answers that the stack did not ask for, or did a moment ago.
pub(crate) fn answers(random: &mut Random) -> Vec<u8> {
    let (sender_hardware, sender) = (hardware(random), claimed(random));
    let answer = packet(REPLY, sender_hardware, sender, STACK_MAC, STACK);
    framed(STACK_MAC, sender_hardware, ARP, &answer)
}

/// "This address is mine", as question and as answer; from a probe's address, too.
pub(crate) fn announcements(random: &mut Random) -> Vec<u8> {
    let (sender_hardware, target) = (hardware(random), claimed(random));
    let sender = random.one_of(&[target, target, [0; 4]]);
    let operation = random.one_of(&[REQUEST, REPLY]);
    let announcement = packet(operation, sender_hardware, sender, [0; 6], target);
    framed(EVERYBODY, sender_hardware, ARP, &announcement)
}

/// Somebody else says that the stack's address is theirs, or is about to.
pub(crate) fn conflicts(random: &mut Random) -> Vec<u8> {
    let sender_hardware = hardware(random);
    let sender = random.one_of(&[STACK, STACK, [0; 4]]);
    let operation = random.one_of(&[REQUEST, REPLY]);
    let conflict = packet(operation, sender_hardware, sender, [0; 6], STACK);
    let to = random.one_of(&[EVERYBODY, STACK_MAC]);
    framed(to, sender_hardware, ARP, &conflict)
}

/// Types, lengths and operations that are wrong; packets cut short. The sender's address is not
/// touched, so that it is never the kernel's.
pub(crate) fn lying(random: &mut Random) -> Vec<u8> {
    let (sender_hardware, sender) = (hardware(random), claimed(random));
    let somebody = address(random);
    let mut lie = packet(REQUEST, sender_hardware, sender, [0; 6], somebody);
    let field = random.below(8);
    lie[field] = random.byte();
    lie.truncate(random.below(lie.len() + 1));
    lie.extend(some_bytes(random, 18));
    framed(EVERYBODY, sender_hardware, ARP, &lie)
}
