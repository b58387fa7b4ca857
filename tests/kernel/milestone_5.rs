//! Milestone 5, udp: `nc -u` gets its line back, and everybody else is told that nobody is there.

use kernel_tests::Lab;

/// What `nc` gets for a line, from a port of ours; it waits a second for more.
fn ask(lab: &Lab, options: &str, port: u16) -> String {
    lab.try_run(&format!("echo hello | nc -u -w 1 {options} 192.0.2.2 {port}")).stdout
}

#[test]
fn echo_sends_back_what_came() {
    for options in ["-vv", "-vv --no-offload"] {
        let Some(lab) = Lab::new() else { return };
        let serve = lab.serve(options);
        assert_eq!(ask(&lab, "", 7), "hello\n");
        let shown = serve.stop().stdout;
        // Both checksums are left out, or both are there and right.
        let is_checksum = |line: &&str| line.trim_start().starts_with("26  checksum");
        let checksums: Vec<&str> = shown.lines().filter(is_checksum).collect();
        let expected = if options.contains("no-offload") { "correct" } else { "left out" };
        assert_eq!(checksums.len(), 2, "{shown}");
        assert!(checksums.iter().all(|line| line.contains(expected)), "{checksums:?}");
        assert!(shown.contains("   1  echo_answered"), "{shown}");
        let wrong = lab.run("nstat -asz UdpInErrors UdpInCsumErrors").stdout;
        let is_zero = |line: &str| line.split_whitespace().nth(1) == Some("0");
        assert!(wrong.lines().skip(1).all(is_zero), "{wrong}");
    }
}

#[test]
fn a_long_datagram_goes_in_fragments_both_ways() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("");
    lab.run("head -c 5000 /dev/urandom >sent");
    lab.run("nc -u -w 1 192.0.2.2 7 <sent >received; cmp sent received");
    let counted = serve.stop().stdout;
    assert!(counted.contains("   1  udp_received"), "{counted}");
    assert!(counted.contains("   4  ipv4_sent"), "{counted}");
}

#[test]
fn each_service_does_its_own() {
    let Some(lab) = Lab::new() else { return };
    // By this seed chargen's first answer is not empty.
    let serve = lab.serve("--seed 1");
    let daytime = ask(&lab, "", 13);
    assert!(daytime.ends_with("-UTC\r\n"), "{daytime}");
    assert!(ask(&lab, "", 19).starts_with(" !\"#$%&'()"));
    assert_eq!(ask(&lab, "", 9), "");
    let counted = serve.stop().stdout;
    assert!(counted.contains("   1  discard_without_answer"), "{counted}");
}

#[test]
fn nobody_at_a_port_is_told() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("-v");
    let refused = "exec 3<>/dev/udp/192.0.2.2/99; echo hello >&3; cat <&3";
    let refused = lab.try_run(&format!("timeout 10 bash -c '{refused}'"));
    assert!(refused.stderr.contains("Connection refused"), "{}", refused.stderr);
    // Plain traceroute lives on it.
    let hops = lab.run("traceroute -n -q 1 -N 1 192.0.2.2").stdout;
    assert!(hops.contains("\n 1  192.0.2.2  "), "{hops}");
    let shown = serve.stop().stdout;
    assert_eq!(shown.matches("ICMP port unreachable, about 192.0.2.1 > 192.0.2.2").count(), 2);
}

#[test]
fn what_answers_everything_is_not_answered() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("");
    assert_eq!(ask(&lab, "-p 19", 7), "");
    assert_eq!(ask(&lab, "", 7), "hello\n");
    let counted = serve.stop().stdout;
    assert!(counted.contains("   1  echo_from_service"), "{counted}");
    assert!(counted.contains("   1  echo_answered"), "{counted}");
}
