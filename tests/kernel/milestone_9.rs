//! Milestone 9, data: what goes in comes out, in order and once; and each side says what it got.

use kernel_tests::Lab;

#[test]
fn an_echo_comes_back_and_takes_the_acknowledgment_along() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("-v");
    let command = "(echo one; sleep 0.3; echo three; sleep 0.3) | timeout 9 nc -N 192.0.2.2 7";
    assert_eq!(lab.run(command).stdout, "one\nthree\n");
    let shown = serve.stop().stdout;
    for line in [
        "[PSH, ACK] seq 1 ack 1 win ",
        "[PSH, ACK] seq 1 ack 5 win 131072 data 4, 56 bytes: new data",
        "[PSH, ACK] seq 5 ack 5 win ",
        "[PSH, ACK] seq 5 ack 11 win 131072 data 6, 58 bytes: new data",
    ] {
        assert!(shown.contains(line), "'{line}' is missing:\n{shown}");
    }
}

#[test]
fn what_finds_no_company_is_acknowledged_alone() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("-v");
    lab.run("(echo one; sleep 0.2; echo three; sleep 0.3) | timeout 9 nc -N 192.0.2.2 9");
    let shown = serve.stop().stdout;
    assert!(shown.contains("delayed ACK timer fired"), "{shown}");
    assert!(shown.contains("[ACK] seq 1 ack 11 win 131072, 52 bytes: delayed ACK"), "{shown}");
}

#[test]
fn segments_of_any_length_arrive_whole_with_offload_and_without() {
    for options in ["", "--no-offload"] {
        let Some(lab) = Lab::new() else { return };
        let _serve = lab.serve(options);
        for size in [0, 1, 1447, 1448, 1449, 1_000_000] {
            lab.run(&format!("head -c {size} /dev/urandom >sent"));
            lab.run("timeout 60 nc -N 192.0.2.2 7 <sent >received; cmp sent received");
        }
    }
}

#[test]
fn segments_that_overtake_each_other_are_put_in_order() {
    let Some(lab) = Lab::new() else { return };
    let faults = "--reorder 20% --duplicate 10% --delay 3ms --faults-on in --seed 4";
    let serve = lab.serve(&format!("-v {faults}"));
    lab.run("head -c 300000 /dev/urandom >sent");
    lab.run("timeout 60 nc -N 192.0.2.2 7 <sent >received; cmp sent received");
    let shown = serve.stop().stdout;
    assert!(shown.contains("the link holds it back"), "{shown}");
}
