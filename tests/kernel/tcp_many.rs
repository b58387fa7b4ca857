//! Many TCP connections at once, and many that never come about.
//!
//! `STRATA_SOAK_SYNS=100000 cargo test --release -p kernel-tests --test tcp_many` floods with so
//! many SYNs a second, for ten seconds; without it there are 5,000 for three.

#![allow(clippy::panic, reason = "a test may panic")]

use std::env;

use kernel_tests::Lab;

const CLIENTS: &str = env!("CARGO_BIN_EXE_tcp-clients");
const FLOOD: &str = env!("CARGO_BIN_EXE_syn-flood");

/// How much more memory a flood may have the stack hold, in MiB: 128 half-open connections of a
/// few KiB, 256 replies and 512 frames, and what the allocator keeps.
const MEMORY_MIB: u64 = 8;

#[test]
fn a_thousand_connections_at_once_get_back_what_they_sent() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("");
    let output = lab.run(&format!("{CLIENTS} together 192.0.2.2:7 1000 5000"));
    assert!(output.stdout.contains("1000 of 1000"), "{}", output.stdout);
    let output = serve.stop();
    assert_eq!((output.status, output.stderr.as_str()), (0, ""));
}

#[test]
fn a_syn_flood_keeps_nobody_out_and_holds_no_memory() {
    let Some(lab) = Lab::new() else { return };
    let mut serve = lab.serve("");
    lab.run(&format!("{CLIENTS} one-by-one 192.0.2.2:7 1"));
    let before = serve.peak_memory();
    let (rate, seconds) = match env::var("STRATA_SOAK_SYNS") {
        Ok(rate) => (rate, 10),
        Err(_) => ("5000".to_owned(), 3),
    };
    let flood = lab.spawn(&format!("{FLOOD} tun0 {rate} {seconds}"));
    let clients = lab.run(&format!("{CLIENTS} one-by-one 192.0.2.2:7 {seconds}"));
    let flood = flood.wait();
    println!("{}{}", flood.stdout, clients.stdout);
    assert!(clients.stdout.contains("got through"), "{}", clients.stdout);
    assert_eq!(flood.status, 0, "{}", flood.stderr);
    assert!(serve.is_running());
    let more = (serve.peak_memory() - before) >> 20;
    println!("{more} MiB more memory");
    assert!(more <= MEMORY_MIB, "it holds {more} MiB more than before");
    let output = serve.stop();
    assert!(output.stdout.contains("tcp_backlog_full"), "it was no flood:\n{}", output.stdout);
}
