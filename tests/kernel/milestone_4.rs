//! Milestone 4, ip-for-real: datagrams in pieces, both ways; and errors, by which traceroute
//! finds us. Nothing here is UDP or TCP, which come later.

use kernel_tests::Lab;

/// How often `what` stands in `text`.
fn times(what: &str, text: &str) -> usize {
    text.matches(what).count()
}

#[test]
fn a_ping_in_three_fragments_is_answered_in_three() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("-vv");
    let ping = lab.run("ping -c 1 -s 4000 192.0.2.2").stdout;
    assert!(ping.contains("4008 bytes from 192.0.2.2"), "{ping}");

    let shown = serve.stop().stdout;
    assert_eq!(times("<- kernel  192.0.2.1 > 192.0.2.2  fragment of ICMP", &shown), 3, "{shown}");
    assert_eq!(times("-> kernel  192.0.2.2 > 192.0.2.1  fragment of ICMP", &shown), 3, "{shown}");
    // Above IPv4 it is one message.
    assert_eq!(times("ICMP takes 4008 bytes from below", &shown), 1, "{shown}");
    assert!(shown.contains("   1  ipv4_reassembled"), "{shown}");
}

#[test]
fn pings_of_every_length_come_back() {
    let Some(lab) = Lab::new() else { return };
    let _serve = lab.serve("");
    // Up to the MTU without its headers, DF is kept; beyond, and up to the longest that there is,
    // they come in pieces.
    lab.run("ping -q -c 2 -i 0.01 -M do -s 1472 192.0.2.2");
    for size in [0, 1473, 2952, 2953, 65_507] {
        let ping = lab.run(&format!("ping -c 2 -i 0.01 -s {size} 192.0.2.2")).stdout;
        assert_eq!(times(&format!("{} bytes from", size + 8), &ping), 2, "{ping}");
        assert!(!ping.contains("truncated") && !ping.contains("wrong data"), "{ping}");
    }
}

#[test]
fn fragments_may_come_twice_and_in_any_order() {
    let Some(lab) = Lab::new() else { return };
    let faults = "--duplicate 50% --delay 9ms --jitter 9ms --seed 4";
    let serve = lab.serve(&format!("{faults} --faults-on in"));
    lab.run("ping -q -c 20 -i 0.05 -s 8000 192.0.2.2");
    let counted = serve.stop().stdout;
    assert!(counted.contains("  ipv4_fragment_duplicate"), "{counted}");
    assert!(!counted.contains("ipv4_fragment_overlap"), "{counted}");
}

#[test]
fn a_datagram_of_which_a_fragment_is_lost_is_not_delivered() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("--loss frames:2 --faults-on in");
    assert_eq!(lab.try_run("ping -c 1 -W 1 -s 4000 192.0.2.2").status, 1);
    // What is left of it does not disturb the next.
    lab.run("ping -c 1 -s 4000 192.0.2.2");
    let counted = serve.stop().stdout;
    assert!(counted.contains("   5  ipv4_fragments"), "{counted}");
    assert!(counted.contains("   1  ipv4_reassembled"), "{counted}");
}

#[test]
fn traceroute_sees_us_one_hop_away() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("-v");
    // A TTL of 1 is enough. By echo requests, and by a protocol that nobody speaks.
    let echo = lab.run("traceroute -n -q 1 -N 1 -I 192.0.2.2").stdout;
    assert!(echo.contains("\n 1  192.0.2.2  "), "{echo}");
    let protocol = lab.run("traceroute -n -q 1 -N 1 -P 253 192.0.2.2").stdout;
    assert!(protocol.contains("\n 1  192.0.2.2  ") && protocol.contains("!P"), "{protocol}");
    let shown = serve.stop().stdout;
    assert_eq!(times("ICMP protocol unreachable, about 192.0.2.1 > 192.0.2.2", &shown), 1);
    assert!(shown.contains("   1  icmp_errors_sent"), "{shown}");
}

#[test]
fn options_are_stepped_over() {
    let Some(lab) = Lab::new() else { return };
    let _serve = lab.serve("");
    lab.run("ping -c 1 -R 192.0.2.2");
    lab.run("ping -c 1 -T tsonly 192.0.2.2");
}
