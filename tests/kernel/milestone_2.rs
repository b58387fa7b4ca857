//! Milestone 2, ipv4-header: every field by its name, and a checksum that is right or wrong.

use kernel_tests::Lab;

/// What `strata dump` prints of as many packets as `send` puts on the device.
fn dump(lab: &Lab, packets: u32, send: &str) -> String {
    lab.run("tun-up");
    let dump = lab.spawn(&format!("strata dump -vv -c {packets}"));
    dump.wait_for_line("attached to");
    lab.run("wait-for-link tun0");
    lab.try_run(send);
    let output = dump.wait();
    assert_eq!(output.status, 0, "{}", output.stderr);
    output.stdout
}

/// The line of a field of the last packet, its words one space apart.
fn field(dump: &str, name: &str) -> String {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = dump.lines().rev().map(words).find(|line| line.contains(&format!(" {name} ")));
    assert!(line.is_some(), "no field '{name}' in:\n{dump}");
    line.unwrap_or_default()
}

#[test]
fn the_fields_of_a_ping_are_named_and_its_checksum_is_correct() {
    let Some(lab) = Lab::new() else { return };
    let dump = dump(&lab, 1, "ping -c 1 -W 1 -t 42 -Q 0xb8 192.0.2.2");
    for (name, value) in [
        ("version", "0 version 4"),
        ("header length", "0 header length 20 bytes"),
        ("DSCP", "1 DSCP 46"),
        ("total length", "2 total length 84 bytes"),
        ("flags", "6 flags DF"),
        ("fragment offset", "6 fragment offset 0 bytes"),
        ("time to live", "8 time to live 42"),
        ("protocol", "9 protocol 1 ICMP"),
        ("source address", "12 source address 192.0.2.1"),
        ("destination address", "16 destination address 192.0.2.2"),
    ] {
        let shown = field(&dump, name);
        assert!(shown.starts_with(value), "'{shown}' does not begin with '{value}'");
    }
    let checksum = field(&dump, "header checksum");
    assert!(checksum.ends_with(" correct"), "{checksum}");
}

#[test]
fn a_wrong_checksum_is_called_wrong_and_the_right_one_named() {
    let Some(lab) = Lab::new() else { return };
    // A bare header: 20 bytes, protocol 1. Its checksum would be f6e5.
    let header = "45000014 00000000 40011234 c0000201 c0000202";
    let dump = dump(&lab, 2, &format!("{} tun0 '{header}'", env!("CARGO_BIN_EXE_inject")));
    let checksum = field(&dump, "header checksum");
    assert!(checksum.contains("0x1234") && checksum.contains("0xf6e5"), "{checksum}");
    assert!(!checksum.ends_with(" correct"), "{checksum}");
}
