//! `strata sim` as a person types it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

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
