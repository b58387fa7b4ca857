//! Packets that mean harm: the stack lives, holds no more memory than its limits say, and
//! answers the next ping.
//!
//! Each test sends 100,000 packets, `STRATA_SOAK_PACKETS=1000000` that many. What they are
//! stands in `src/bin/hostile`.

#![allow(clippy::panic, reason = "a test may panic")]

use std::env;

use kernel_tests::{Lab, Process};

const HOSTILE: &str = env!("CARGO_BIN_EXE_hostile");

/// How many packets are sent between two pings, each time other ones.
const PACKETS_PER_RUN: u64 = 100_000;

/// How much memory an attacker can make the stack hold, in MiB: what is said by the limits'
/// names, and half as much again for what the allocator keeps.
///
/// | limit | MiB |
/// | --- | --- |
/// | `ipv4::MAX_REASSEMBLY_BYTES` | 16 |
/// | `arp::WAITING_BYTES` | 1 |
/// | `stack::TRANSMIT_QUEUE_LIMIT` and its spare buffers: 512 frames of 1514 bytes | 1 |
/// | four services, with `udp::RECEIVE_QUEUE_BYTES` and `udp::SEND_QUEUE_BYTES` each | 4 |
const MEMORY_MIB: u64 = (16 + 1 + 1 + 4) * 3 / 2;

#[test]
fn a_hundred_thousand_hostile_packets_do_no_harm_on_tun() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("");
    survives(
        &lab,
        serve,
        "tun0",
        &[
            "ipv4_bad_source",
            "ipv4_bad_option",
            "ipv4_source_route",
            "ipv4_fragments",
            "ipv4_fragment_malformed",
            "ipv4_fragment_overlap",
            "ipv4_fragment_refused",
            "icmp_error_forged",
            "icmp_error_for_nobody",
            "udp_no_socket",
            "udp_bad_length",
            "udp_bad_checksum",
            "echo_from_service",
        ],
    );
}

#[test]
fn nor_do_hostile_frames_on_tap() {
    let Some(lab) = Lab::new() else { return };
    // Its network has room for 65,533 neighbours who are none.
    let serve = lab.serve("--tap --addr 192.0.2.2/16");
    survives(
        &lab,
        serve,
        "tap0",
        &[
            "ethernet_not_for_us",
            "ethernet_bad_source",
            "arp_malformed",
            "arp_spoofed",
            "arp_conflict",
            "arp_foreign",
            "arp_unasked",
            "arp_not_for_us",
            "ipv4_fragments",
        ],
    );
}

/// Sends the packets, of which many must be counted under these names.
fn survives(lab: &Lab, mut serve: Process<'_>, device: &str, counters: &[&str]) {
    let before = serve.peak_memory();
    for seed in 1..=runs() {
        // Ends well only when every packet has been read.
        lab.run(&format!("{HOSTILE} --dev {device} --count {PACKETS_PER_RUN} --seed {seed}"));
        assert!(serve.is_running(), "seed {seed}");
        lab.run("ping -c 1 -W 2 192.0.2.2");
    }
    let more = (serve.peak_memory() - before) >> 20;
    assert!(more <= MEMORY_MIB, "it holds {more} MiB more than at the start");

    let output = serve.stop();
    assert_eq!((output.status, output.stderr.as_str()), (0, ""));
    let counted = |name: &str| -> u64 {
        let line = output.stdout.lines().find(|line| line.split_whitespace().nth(1) == Some(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    assert!(counted("frames_received") >= runs() * PACKETS_PER_RUN, "{}", output.stdout);
    for name in counters {
        assert!(counted(name) > 0, "nothing was counted on {name}:\n{}", output.stdout);
    }
}

fn runs() -> u64 {
    let packets = env::var("STRATA_SOAK_PACKETS").map_or(0, |packets| match packets.parse() {
        Ok(packets) => packets,
        Err(_) => panic!("STRATA_SOAK_PACKETS is '{packets}', which is not a number"),
    });
    u64::div_ceil(packets, PACKETS_PER_RUN).max(1)
}
