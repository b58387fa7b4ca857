//! Milestone 12, flow-control: a reader that sleeps, a window that closes and opens, and small
//! segments that wait for each other.

use kernel_tests::Lab;

#[test]
fn a_reader_that_sleeps_closes_the_window_and_is_asked() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("-v");
    let reader = "(sleep 2; head -c 2000000 | wc -c)";
    let read = lab.run(&format!("timeout 30 nc 192.0.2.2 19 | {reader}")).stdout;
    assert_eq!(read.trim(), "2000000");
    let shown = serve.stop().stdout;
    for line in [
        "the peer's window is closed: it has no room",
        "persist timer fired",
        "data 1, 53 bytes: probes the closed window",
        "the peer's window is open again: ",
    ] {
        assert!(shown.contains(line), "'{line}' is missing:\n{shown}");
    }
}

#[test]
fn an_echo_whose_reader_sleeps_loses_nothing() {
    let Some(lab) = Lab::new() else { return };
    let _serve = lab.serve("");
    // More than all buffers between the two ends hold.
    lab.run("head -c 20000000 /dev/urandom >sent");
    let reader = "(sleep 2; cat >received)";
    lab.run(&format!("timeout 60 nc -N 192.0.2.2 7 <sent | {reader}; cmp sent received"));
}

#[test]
fn windows_beyond_64_kib_are_announced() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("-v");
    assert_eq!(lab.run("echo hello | timeout 9 nc -N 192.0.2.2 7").stdout, "hello\n");
    let shown = serve.stop().stdout;
    // Never scaled beside a SYN.
    assert!(shown.contains("[SYN, ACK] seq 0 ack 1 win 65535, "), "{shown}");
    assert!(shown.contains(" win 131072 data 6, "), "{shown}");
}

#[test]
fn a_window_update_that_gets_lost_is_not_the_end() {
    let Some(lab) = Lab::new() else { return };
    let lost = "--buffer 4344 --sleep 1s --faults-from bob --loss frames:6 --seed 1";
    let shown = lab.run(&format!("strata sim tcp --size 6000 {lost}")).stdout;
    assert!(shown.contains("lost X ── [ACK] seq 1 ack 4345: window update"), "{shown}");
    assert!(shown.contains("bob's program sent 0 bytes and received 6000"), "{shown}");
}

#[test]
fn small_pieces_wait_for_each_other_unless_told_not_to() {
    let Some(lab) = Lab::new() else { return };
    let segments = |options: &str| {
        let pieces = "--size 600 --piece 60 --every 5ms --seed 1";
        let shown = lab.run(&format!("strata sim tcp {pieces} {options}")).stdout;
        assert!(shown.contains("received 600"), "{shown}");
        shown.lines().filter(|line| line.contains(" data ")).count()
    };
    let (together, alone) = (segments(""), segments("--no-delay"));
    assert!(together <= 3 && alone == 10, "{together} segments, and {alone}");
}
