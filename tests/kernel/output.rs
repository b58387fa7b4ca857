//! What is printed and recorded, as another program reads it.

use kernel_tests::Lab;

const ESCAPE: char = '\u{1b}';

#[test]
fn a_line_a_packet_in_the_order_in_which_they_pass() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("-v");
    lab.run("ping -c 2 -i 0.01 192.0.2.2");
    let stdout = serve.stop().stdout;
    let packets = stdout.lines().filter(|line| line.contains("ICMP echo"));
    let expected = [
        ("<- kernel", "192.0.2.1 > 192.0.2.2  ICMP echo request", "seq 1, 84 bytes"),
        ("-> kernel", "192.0.2.2 > 192.0.2.1  ICMP echo reply", "seq 1, 84 bytes"),
        ("<- kernel", "192.0.2.1 > 192.0.2.2  ICMP echo request", "seq 2, 84 bytes"),
        ("-> kernel", "192.0.2.2 > 192.0.2.1  ICMP echo reply", "seq 2, 84 bytes"),
    ];
    assert_eq!(packets.clone().count(), expected.len(), "{stdout}");
    for (line, (way, what, end)) in packets.zip(expected) {
        assert!(line.contains(way) && line.contains(what) && line.contains(end), "{line}");
    }
}

#[test]
fn wireshark_reads_the_recording_and_finds_nothing_wrong() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("--pcap ping.pcapng");
    lab.run("ping -c 3 -i 0.01 192.0.2.2");
    assert_eq!(serve.stop().status, 0);

    let read = lab.run("tshark -r ping.pcapng");
    let complaints: Vec<&str> =
        read.stderr.lines().filter(|line| !line.contains("Running as user")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    let count = |what: &str| read.stdout.lines().filter(|line| line.contains(what)).count();
    assert_eq!(count("Echo (ping) request"), 3, "{}", read.stdout);
    assert_eq!(count("Echo (ping) reply"), 3, "{}", read.stdout);

    let expert = lab.run("tshark -q -z expert,warn -r ping.pcapng").stdout;
    assert_eq!(expert.trim(), "", "{expert}");
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let Some(lab) = Lab::new() else { return };
    let piped = lab.try_run("TERM=xterm strata serve --addr 1").stderr;
    assert!(!piped.contains(ESCAPE), "{piped}");
    let shown = |environment: &str| {
        let typed = format!("script -qec 'env TERM=xterm {environment} strata serve --addr 1' x");
        lab.try_run(&typed).stdout
    };
    assert!(shown("").contains(ESCAPE));
    let plain = shown("NO_COLOR=1");
    assert!(plain.contains("error: ") && !plain.contains(ESCAPE), "{plain}");

    let serve = lab.serve("-vv");
    lab.run("ping -c 1 192.0.2.2");
    let stdout = serve.stop().stdout;
    assert!(!stdout.contains(ESCAPE), "{stdout}");
}

#[test]
fn a_reader_that_has_enough_ends_the_run() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let dump = lab.spawn("sh -c 'strata dump -v 2>&1 | head -n 2'");
    lab.run("wait-for-link tun0");
    lab.try_run("ping -c 5 -i 0.2 -W 1 192.0.2.2");
    let output = dump.wait();
    assert_eq!(output.stdout.lines().count(), 2, "{}", output.stdout);
}
