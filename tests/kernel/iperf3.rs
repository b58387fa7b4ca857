//! A stock iperf3 runs against `strata iperf3`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use kernel_tests::{Lab, Process};

fn serve<'lab>(lab: &'lab Lab, options: &str) -> Process<'lab> {
    lab.run("tun-up");
    let server = lab.spawn(&format!("strata iperf3 {options}"));
    server.wait_for_line("waits for iperf3");
    lab.run("wait-for-link tun0");
    server
}

fn measure(lab: &Lab, options: &str) -> String {
    lab.run(&format!("timeout 25 iperf3 -c 192.0.2.2 {options}")).stdout
}

/// What the receiver's line says of datagrams: `12/1000 (1.2%)`.
fn lost_of_all(table: &str) -> (u32, u32) {
    let line = table.lines().find(|line| line.ends_with("receiver")).unwrap();
    let counts = line.split_whitespace().rev().nth(2).unwrap();
    let (lost, all) = counts.split_once('/').unwrap();
    (lost.parse().unwrap(), all.parse().unwrap())
}

#[test]
fn each_way_of_asking_gets_its_table() {
    let Some(lab) = Lab::new() else { return };
    let server = serve(&lab, "");
    let ways = [
        "-n 5M",
        "-n 5M -R",
        "-k 100",
        "-t 1 -P 4",
        "-n 20M -R -P 4",
        "-n 1M -l 1K -N",
        "-n 1M -b 20M",
        "-n 1M -b 20M -R",
        "-n 5M --bidir",
        "-n 5M -M 1000",
        "-t 1 -O 1",
        "-u -n 200K -b 5M",
        "-u -n 200K -b 5M -R",
        "-u -n 1M -b 20M -P 4",
        "-u -n 1M -b 20M -l 5000",
        "-u -n 1M -b 20M --udp-counters-64bit",
    ];
    for way in ways {
        let table = measure(&lab, way);
        assert!(table.contains("iperf Done.") && table.contains("receiver"), "{way}: {table}");
    }
    let said = server.stop().stdout;
    assert_eq!(said.matches(": a test begins").count(), ways.len(), "{said}");
    assert_eq!(said.matches("broken off").count(), 0, "{said}");
}

#[test]
fn a_connection_carries_more_than_it_has_numbers_either_way() {
    let Some(lab) = Lab::new() else { return };
    let server = serve(&lab, "");
    for way in ["-R", ""] {
        // At 2 GiB what lies behind begins to look as if it lay ahead, at 4 GiB numbers repeat.
        let table = lab.run(&format!("timeout 100 iperf3 -c 192.0.2.2 -n 4400M {way}")).stdout;
        assert!(table.contains("iperf Done."), "{way}: {table}");
    }
    assert_eq!(server.stop().status, 0);
}

#[test]
fn both_sides_agree_on_what_was_carried() {
    let Some(lab) = Lab::new() else { return };
    let server = serve(&lab, "");
    // At a rate that leaves nothing under way at the end.
    let table = measure(&lab, "-t 1 -u -b 8M -l 1000");
    let (lost, all) = lost_of_all(&table);
    assert!(lost == 0 && (980..=1020).contains(&all), "{table}");
    server.wait_for_line(&format!("0 of {all} datagrams lost"));
}

#[test]
fn loss_on_the_way_is_seen_and_counted() {
    let Some(lab) = Lab::new() else { return };
    let server = serve(&lab, "--loss 10% --faults-on in --seed 7");
    // The connection that controls the test meets the same loss, and gets over it.
    let table = measure(&lab, "-t 2 -u -b 8M -l 1000");
    let (lost, _) = lost_of_all(&table);
    assert!((120..=280).contains(&lost), "{table}");
    drop(server);
}

#[test]
fn a_second_client_is_refused_as_iperf3_does_and_the_first_goes_on() {
    let Some(lab) = Lab::new() else { return };
    let server = serve(&lab, "");
    let first = lab.spawn("timeout 25 iperf3 -c 192.0.2.2 -t 2");
    server.wait_for_line(": a test begins");
    let second = lab.try_run("timeout 25 iperf3 -c 192.0.2.2 -t 1");
    assert_ne!(second.status, 0);
    assert!(second.stderr.contains("the server is busy running a test"), "{}", second.stderr);
    server.wait_for_line("one at a time");
    let first = first.wait();
    assert!(first.status == 0 && first.stdout.contains("iperf Done."), "{}", first.stdout);
    assert!(measure(&lab, "-t 1").contains("iperf Done."));
}

#[test]
fn garbage_at_the_port_harms_no_test() {
    let Some(lab) = Lab::new() else { return };
    let server = serve(&lab, "--port 5002");
    let test = lab.spawn("timeout 25 iperf3 -c 192.0.2.2 -p 5002 -t 2");
    server.wait_for_line(": a test begins");
    lab.run("printf 'GET / HTTP/1.1\\r\\n\\r\\n' | timeout 5 nc -w 1 192.0.2.2 5002 || true");
    lab.run("head -c 3000 /dev/urandom | timeout 5 nc -w 1 192.0.2.2 5002 || true");
    lab.run("head -c 3000 /dev/urandom | timeout 5 nc -u -w 1 192.0.2.2 5002 || true");
    let test = test.wait();
    assert!(test.status == 0 && test.stdout.contains("iperf Done."), "{}", test.stdout);
    // A cookie, and then nonsense.
    lab.run(
        "(printf 'abcdefghijklmnopqrstuvwxyz0123456789\\000'; head -c 100 /dev/zero) |
             timeout 5 nc -w 1 192.0.2.2 5002 || true",
    );
    server.wait_for_line("broken off");
    let said = server.stop();
    assert_eq!(said.status, 0);
    assert_eq!(said.stdout.matches("is no client of iperf3's").count(), 2, "{}", said.stdout);
}

#[test]
fn a_client_that_is_stopped_leaves_the_server_free() {
    let Some(lab) = Lab::new() else { return };
    let server = serve(&lab, "");
    for way in ["", "-R", "-u"] {
        let client = lab.spawn(&format!("iperf3 -c 192.0.2.2 -t 60 {way}"));
        lab.run("sleep 0.5");
        client.signal("INT");
        let _ = client.wait();
        assert!(measure(&lab, "-n 1M").contains("iperf Done."), "{way}");
    }
    assert_eq!(server.stop().stdout.matches("broken off, the client").count(), 3);
}

#[test]
fn the_script_shows_it() {
    let Some(lab) = Lab::new() else { return };
    let output = lab.run("iperf3-test");
    assert!(output.stdout.contains("no datagram lost at 50 Mbit/s"), "{}", output.stdout);
}
