//! Sends what means harm to the stack, from the kernel's side of its device, as fast as the stack
//! reads: `hostile --dev tap0 --count 1000000 --seed 7`.
//!
//! On TUN it sends IPv4 packets; on TAP frames, and ARP packets too. The same seed sends the same
//! packets. At the end it prints how many it sent of each kind.
//!
//! What it leaves out is to claim the kernel's own address, 192.0.2.1, in ARP. Whoever does that
//! cuts the kernel off from the stack for a while, which no stack can help: ARP has no proof.

#![forbid(unsafe_code)]
#![allow(clippy::indexing_slicing, reason = "a slice that is too short ends the test")]

mod arp;
mod fragments;
mod frames;
mod headers;
mod icmp;
mod options;
mod udp;
mod wire;

use std::error::Error;
use std::{env, fs};

use kernel_tests::injector::{Injector, Random};

/// Makes one packet that means harm.
type Make = fn(&mut Random) -> Vec<u8>;

/// What makes IPv4 packets. Every other packet is of the first kind, which fills memory fastest.
const PACKETS: [(&str, Make); 24] = [
    ("fragments of datagrams without end", fragments::endless),
    ("fragments, each of another datagram", fragments::lonely),
    ("fragments of 8 bytes", fragments::small),
    ("fragments that overlap", fragments::overlapping),
    ("fragments that end in two places", fragments::two_ends),
    ("fragments too small for the ports", fragments::tiny_first),
    ("fragments beyond 65,535 bytes", fragments::overlong),
    ("ICMP errors that quote strangers", icmp::error_quoting_strangers),
    ("ICMP errors that quote us, at bogus ports", icmp::error_quoting_us),
    ("ICMP errors about ICMP errors", icmp::nested_error),
    ("ICMP errors that quote too little", icmp::error_cut_short),
    ("ICMP messages of any type", icmp::any_type),
    ("pings from strangers, or to everybody", icmp::ping),
    ("IP options of every kind and length", options::any_kind),
    ("IP options with lengths that lie", options::bad_lengths),
    ("IP source routes", options::source_route),
    ("UDP to closed ports", udp::closed_port),
    ("UDP to everybody and to groups", udp::broadcast),
    ("UDP between services, to start a loop", udp::service_loop),
    ("UDP with lengths that lie", udp::bad_length),
    ("UDP with wrong checksums", udp::bad_checksum),
    ("IPv4 headers with fields that lie", headers::lying),
    ("IPv4 from and to impossible addresses", headers::impossible_addresses),
    ("IPv4 that is no IPv4", headers::noise),
];

/// What makes frames of other kinds.
const FRAMES: [(&str, Make); 6] = [
    ("ARP questions from 100,000 addresses", arp::questions),
    ("ARP answers from 100,000 addresses", arp::answers),
    ("ARP announcements nobody asked for", arp::announcements),
    ("ARP claims to our own address", arp::conflicts),
    ("ARP packets with fields that lie", arp::lying),
    ("frames of unknown kinds", frames::unknown),
];

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { device, count, seed } = Arguments::parse(env::args().skip(1))?;
    let kind = fs::read_to_string(format!("/sys/class/net/{device}/type"))?;
    // 1 is Ethernet in <linux/if_arp.h>.
    let is_tap = kind.trim() == "1";
    let kinds = PACKETS.len() + if is_tap { FRAMES.len() } else { 0 };

    let mut injector = Injector::open(&device)?;
    let mut random = Random::new(seed);
    let mut sent = vec![0_u64; kinds];
    for _ in 0..count {
        let kind = if random.below(2) == 0 { 0 } else { random.below(kinds) };
        let frame = match PACKETS.get(kind) {
            Some((_, make)) if is_tap => frames::around(&mut random, *make),
            Some((_, make)) => make(&mut random),
            None => FRAMES[kind - PACKETS.len()].1(&mut random),
        };
        injector.inject(&frame)?;
        sent[kind] += 1;
    }
    injector.wait_until_read()?;
    for ((name, _), sent) in PACKETS.iter().chain(&FRAMES).zip(&sent) {
        println!("{sent:>10}  {name}");
    }
    println!("{count:>10}  in all, seed {seed}");
    Ok(())
}

/// What was typed.
struct Arguments {
    device: String,
    count: u64,
    seed: u64,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        const USAGE: &str = "usage: hostile --dev tap0 --count 1000000 --seed 7";
        let mut parsed = Self { device: "tun0".to_owned(), count: 1000, seed: 0 };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or(USAGE)?;
            match name.as_str() {
                "--dev" => parsed.device = value,
                "--count" => parsed.count = value.parse()?,
                "--seed" => parsed.seed = value.parse()?,
                _ => return Err(USAGE.into()),
            }
        }
        Ok(parsed)
    }
}
