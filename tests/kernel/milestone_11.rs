//! Milestone 11, teardown: FIN in every order, half-close, TIME-WAIT, RST.

use kernel_tests::Lab;

/// Whether `lines` stand in `text` in this order.
#[track_caller]
fn stand_in_order(lines: &[&str], text: &str) {
    let mut rest = text;
    for line in lines {
        let found = rest.split_once(line);
        assert!(found.is_some(), "'{line}' is missing, or too early:\n{text}");
        rest = found.unwrap_or_default().1;
    }
}

#[test]
fn the_client_may_close_its_half_and_still_gets_all() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("-v");
    lab.run("head -c 1000000 /dev/urandom >sent");
    // It closes when all is sent, and most of the echo is still to come.
    lab.run("timeout 60 nc -N 192.0.2.2 7 <sent >received; cmp sent received");
    serve.wait_for_line("LAST-ACK -> CLOSED");
    let closings = [
        "ESTABLISHED -> CLOSE-WAIT (the peer sends no more: FIN)",
        "CLOSE-WAIT -> LAST-ACK (the application closed)",
        "LAST-ACK -> CLOSED (our FIN was acknowledged)",
    ];
    stand_in_order(&closings, &serve.stop().stdout);
}

#[test]
fn who_closes_first_stays_in_time_wait() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("-v");
    let daytime = lab.run("timeout 9 nc 192.0.2.2 13").stdout;
    assert!(daytime.ends_with("-UTC\r\n"), "{daytime}");
    serve.wait_for_line("-> TIME-WAIT");
    let closings = [
        "ESTABLISHED -> FIN-WAIT-1 (the application closed)",
        "[FIN, PSH, ACK] seq 1 ack 1",
        "TIME-WAIT timer set to fire in 60 s",
        "-> TIME-WAIT (",
    ];
    stand_in_order(&closings, &serve.stop().stdout);
}

#[test]
fn a_connection_can_be_ended_at_once() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("-v");
    // It has not read its echo when it goes away.
    let rude = "exec 3<>/dev/tcp/192.0.2.2/7; echo hello >&3; sleep 0.3; exec 3>&-";
    lab.run(&format!("timeout 9 bash -c '{rude}'"));
    serve.wait_for_line("ESTABLISHED -> CLOSED (the peer ended it: RST)");
    // The port is as good as before.
    assert_eq!(lab.run("echo hello | timeout 9 nc -N 192.0.2.2 7").stdout, "hello\n");
}

#[test]
fn both_may_close_at_once_and_the_last_word_may_get_lost() {
    let Some(lab) = Lab::new() else { return };
    let both = lab.run("strata sim tcp --close both --answer 3000 --seed 1").stdout;
    assert_eq!(both.matches("FIN-WAIT-1 -> CLOSING (both closed at once)").count(), 2, "{both}");
    assert_eq!(both.matches("TIME-WAIT -> CLOSED (2 MSL are over)").count(), 2, "{both}");
    let lost = "strata sim tcp --size 0 --loss frames:3 --faults-from alice --seed 1";
    let closings = [
        "FIN-WAIT-2 -> TIME-WAIT",
        "[ACK] seq 2 ack 2: a FIN came ── X lost",
        "[FIN, ACK] seq 1 ack 2: again: timeout",
        "the FIN came again",
        "LAST-ACK -> CLOSED (our FIN was acknowledged)",
        "TIME-WAIT -> CLOSED (2 MSL are over)",
    ];
    stand_in_order(&closings, &lab.run(lost).stdout);
}
