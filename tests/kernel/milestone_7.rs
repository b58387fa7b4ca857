//! Milestone 7, tcp-segment: header, options and checksum of what the kernel sends, and of what
//! nobody would send. Nothing answers yet.

use kernel_tests::Lab;

/// What `strata dump` prints of as many packets as `send` puts on the device.
fn dump(lab: &Lab, packets: u32, send: &str) -> String {
    let dump = lab.spawn(&format!("strata dump -c {packets}"));
    dump.wait_for_line("attached to tun0");
    lab.run("wait-for-link tun0");
    lab.try_run(send);
    dump.wait().stdout
}

/// The line of a field of the last packet, its words one space apart.
fn field(dump: &str, name: &str) -> String {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = dump.lines().rev().map(words).find(|line| line.contains(&format!(" {name} ")));
    assert!(line.is_some(), "no field '{name}' in:\n{dump}");
    line.unwrap_or_default()
}

/// Puts a segment from 192.0.2.1 to 192.0.2.2 on the device, a SYN under the last number that
/// there is, with this checksum and these options; and a packet of its own before it.
fn inject(sum: &str, options: &str) -> String {
    let words = 5 + options.len() / 8;
    let length = 20 + words * 4;
    // Each byte more in the length is one less in the header's checksum.
    let checksum = 0xf6cc - (length - 40);
    let header = format!("45{length:06x} 00000000 4006{checksum:04x} c0000201 c0000202");
    let segment = format!("9c400007 ffffffff 00000000 {words:x}0020400 {sum}0000 {options}");
    format!("{} tun0 '{header} {segment}'", env!("CARGO_BIN_EXE_inject"))
}

#[test]
fn the_fields_and_options_of_the_kernels_syn_are_named() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let dump = dump(&lab, 1, "timeout 0.5 nc 192.0.2.2 7");
    for (name, value) in [
        ("destination port", "22 destination port 7 echo"),
        ("sequence number", "24 sequence number "),
        ("acknowledgment number", "28 acknowledgment number 0 means nothing without ACK"),
        ("data offset", "32 data offset 40 bytes"),
        ("control bits", "33 control bits SYN"),
        ("window 64240", "34 window 64240"),
        ("maximum segment size", "40 maximum segment size 1460 bytes"),
        ("SACK permitted", "44 SACK permitted yes"),
        ("timestamp value", "46 timestamp value "),
        ("window scale", "57 window scale "),
    ] {
        let shown = field(&dump, name);
        assert!(shown.starts_with(value), "'{shown}' does not begin with '{value}'");
    }
    let checksum = field(&dump.replace("header checksum", ""), "checksum");
    assert!(checksum.ends_with(" correct"), "{checksum}");
    // Counted from the SYN on, in the line; as it is, in the field.
    assert!(dump.contains("[SYN] seq 0 win 64240, 60 bytes"), "{dump}");
}

#[test]
fn what_is_wrong_with_a_segment_is_said() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let wrong = dump(&lab, 2, &inject("1234", ""));
    assert!(wrong.contains("wrong in TCP: the checksum is 0x1234, but should be 0x"), "{wrong}");
    // An option that nobody knows is stepped over; one without a length ends the list.
    let options = dump(&lab, 2, &inject("0000", "fd050102 03020405 b4010101"));
    assert!(field(&options, "option").contains("253 has no name here: 5 bytes are skipped"));
    assert!(field(&options, "maximum segment size").contains("1460 bytes"), "{options}");
    let endless = dump(&lab, 2, &inject("0000", "08000000"));
    assert!(field(&endless, "option").contains("its length cannot be 0"), "{endless}");
}

#[test]
fn numbers_wrap() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    // A SYN under the last number that there is.
    let dump = dump(&lab, 2, &inject("0000", ""));
    let number = field(&dump, "sequence number");
    assert!(number.contains("24 sequence number 4294967295"), "{number}");
    assert!(number.ends_with("of SYN; the next is 0: after 4294967295 comes 0"), "{number}");
}
