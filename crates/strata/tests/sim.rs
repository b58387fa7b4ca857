//! `strata sim` as a person types it.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::process::{Command, Output};

fn sim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_strata")).arg("sim").args(arguments).output().unwrap()
}

/// What it prints when all goes well.
fn printed(arguments: &[&str]) -> String {
    let output = sim(arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_ping_over_a_perfect_link_is_answered_each_time() {
    let text = printed(&["ping", "--delay", "20ms", "--count", "3"]);
    assert!(text.contains("3 packets transmitted, 3 received, 0% packet loss"), "{text}");
    assert!(text.contains("rtt min/avg/max = 40.000/40.000/40.000 ms"), "{text}");
    let arrows = |arrow| text.lines().filter(|line| line.contains(arrow)).count();
    assert_eq!((arrows("►│"), arrows("│◄")), (3, 3), "{text}");
}

#[test]
fn the_seed_that_it_tells_gives_the_same_again() {
    let text = printed(&["storm", "-c", "20"]);
    let seed = text.lines().last().and_then(|line| line.split(' ').nth(1)).unwrap();
    assert_eq!(printed(&["storm", "-c", "20", "--seed", seed]), text);
    assert_ne!(
        printed(&["storm", "-c", "20", "--seed", "1"]),
        printed(&["storm", "-c", "20", "--seed", "2"])
    );
}

#[test]
fn a_storm_without_its_faults_is_a_ping() {
    let calm = [
        "storm",
        "--seed",
        "1",
        "--loss",
        "0%",
        "--delay",
        "0ms",
        "--jitter",
        "0ms",
        "--reorder",
        "0%",
        "--duplicate",
        "0%",
        "--corrupt",
        "0%",
    ];
    assert_eq!(printed(&calm), printed(&["ping", "--seed", "1"]));
}

#[test]
fn the_same_seed_gives_the_same_recording() {
    let record = |name: &str| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        printed(&["storm", "--seed", "3", "--pcap", path.to_str().unwrap()]);
        std::fs::read(path).unwrap()
    };
    let first = record("sim-first.pcapng");
    assert!(first.len() > 1000);
    assert_eq!(first, record("sim-second.pcapng"));
}

#[test]
fn bad_input_is_one_line_that_names_it() {
    for (arguments, wrong) in [
        (&["pong"][..], "pong"),
        (&["ping", "--loss", "5"], "5%"),
        (&["ping", "--count", "0"], "--count"),
        (&["ping", "--faults-on", "in"], "--faults-on"),
        (&[], "<SCENARIO>"),
    ] {
        let output = sim(arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(wrong) && error.lines().count() == 1, "{error}");
    }
}

/// The times of the arrows' rows and notes that hold `what`.
fn rows<'a>(text: &'a str, what: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.contains(what)).collect()
}

#[test]
fn a_connection_is_drawn_from_its_first_segment_to_its_last() {
    let text = printed(&["tcp", "--seed", "1", "--loss", "frames:4", "--faults-from", "alice"]);
    let expected = [
        "[SYN] seq 0: asks for a connection",
        "LISTEN -> SYN-RECEIVED (a SYN came)",
        "[SYN, ACK] seq 0 ack 1: answers a SYN",
        "SYN-SENT -> ESTABLISHED (our SYN was acknowledged)",
        "seq 1 ack 1 data 1448: new data",
        "seq 2897 ack 1 data 1448: new data ── X lost",
        "what came is out of order",
        "retransmission timer fired",
        "seq 2897 ack 1 data 1448: again: timeout",
        "ESTABLISHED -> CLOSE-WAIT (the peer sends no more: FIN)",
        "FIN-WAIT-2 -> TIME-WAIT (the peer sends no more: FIN)",
        "LAST-ACK -> CLOSED (our FIN was acknowledged)",
        "TIME-WAIT -> CLOSED (2 MSL are over)",
        "bob's program sent 0 bytes and received 5000",
    ];
    let mut rest = text.as_str();
    for words in expected {
        let (_, behind) = rest.split_once(words).unwrap_or_else(|| panic!("{words}:\n{text}"));
        rest = behind;
    }
}

#[test]
fn both_may_ask_at_once_and_both_may_close_at_once() {
    let text = printed(&["tcp", "--open", "both", "--close", "both", "--answer", "3000"]);
    assert_eq!(rows(&text, "SYN-SENT -> SYN-RECEIVED (both sides asked at once)").len(), 2);
    assert_eq!(rows(&text, "SYN-RECEIVED -> ESTABLISHED").len(), 2, "{text}");
    // Each answers the other's SYN once, and nothing is out of place.
    assert_eq!(rows(&text, "[SYN, ACK]").len(), 2, "{text}");
    assert!(!text.contains("dropped"), "{text}");
    assert_eq!(rows(&text, "FIN-WAIT-1 -> CLOSING (both closed at once)").len(), 2, "{text}");
    assert_eq!(rows(&text, "CLOSING -> TIME-WAIT").len(), 2, "{text}");
    assert!(
        text.contains("alice's program sent 5000 bytes and received 3000 in 0.100 s\n"),
        "{text}"
    );
    assert!(
        text.contains("bob's program sent 3000 bytes and received 5000 in 0.120 s\n"),
        "{text}"
    );
}

#[test]
fn a_crossed_syn_whose_answer_is_lost_is_answered_again() {
    let text = printed(&["tcp", "--open", "both", "--loss", "frames:2", "--seed", "1"]);
    assert_eq!(rows(&text, "SYN-RECEIVED -> ESTABLISHED").len(), 2, "{text}");
    assert!(text.contains("bob's program sent 0 bytes and received 5000 in "), "{text}");
}

/// How long it took until bob had all, in seconds.
fn seconds_to_arrive(options: &[&str]) -> f64 {
    let long_way = ["tcp", "--seed", "1", "--size", "2000000", "--delay", "50ms"];
    let text = printed(&[&long_way[..], options].concat());
    let (_, end) = text.split_once("received 2000000 in ").unwrap();
    end.split_once(" s").unwrap().0.parse().unwrap()
}

#[test]
fn a_buffer_that_grows_keeps_a_long_way_full() {
    let (fixed, growing) = (seconds_to_arrive(&["--buffer", "65536"]), seconds_to_arrive(&[]));
    // A window of 65536 bytes each 100 ms, or as many as slow start lets out.
    assert!(fixed > 3.0 && growing < 1.2, "{fixed} s and {growing} s");
}

#[test]
fn a_peer_that_vanishes_is_given_up() {
    let text = printed(&["tcp", "--loss", "gemodel:100%,0%", "--seed", "1"]);
    assert_eq!(rows(&text, "(the peer did not answer for too long)").len(), 2, "{text}");
    assert!(text.contains("then: the peer did not answer for too long"), "{text}");
}

#[test]
fn a_reader_that_sleeps_closes_the_window_and_an_abort_is_an_rst() {
    let text = printed(&["tcp", "--size", "20000", "--buffer", "4344", "--sleep", "2s"]);
    assert!(text.contains("our window is closed: the application does not read"), "{text}");
    assert!(text.contains("the peer's window is closed: it has no room"), "{text}");
    // Three answers to three probes are no sign of a loss.
    assert_eq!(rows(&text, "there is no room for what came").len(), 3, "{text}");
    assert!(!text.contains("third duplicate ACK"), "{text}");
    assert!(text.contains("bob's program sent 0 bytes and received 20000 in "), "{text}");
    // The window opens, and nobody hears of it.
    let lost = ["--buffer", "4344", "--sleep", "1s", "--faults-from", "bob", "--loss", "frames:6"];
    let text = printed(&[&["tcp", "--size", "6000"], &lost[..]].concat());
    assert!(text.contains("lost X ── [ACK] seq 1 ack 4345: window update"), "{text}");
    assert!(text.contains("bob's program sent 0 bytes and received 6000 in "), "{text}");
    let text = printed(&["tcp", "--close", "abort", "--size", "500"]);
    assert!(text.contains("[RST, ACK] seq 501 ack 1: the application aborted it"), "{text}");
    assert!(text.contains("then: the peer ended the connection"), "{text}");
}
