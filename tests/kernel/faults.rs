//! Faults on purpose, in front of a real device.

use kernel_tests::Lab;

/// How many replies ping counted.
fn received(ping: &str) -> &str {
    let summary = ping.lines().find(|line| line.contains("packets transmitted"));
    summary.and_then(|line| line.split(", ").nth(1)).unwrap_or(ping)
}

#[test]
fn the_packets_that_are_named_are_lost_and_no_others() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("-v --loss frames:2");
    // The second request is lost on its way in. The second reply, to the third, on its way out.
    let ping = lab.try_run("ping -c 5 -i 0.2 -W 1 192.0.2.2").stdout;
    assert_eq!(received(&ping), "3 received", "{ping}");
    for lost in ["icmp_seq=2 ", "icmp_seq=3 "] {
        assert!(!ping.contains(lost), "{ping}");
    }
    let told = serve.stop().stdout;
    assert_eq!(told.matches("the link loses it").count(), 2, "{told}");
    assert!(told.contains("the link has faults on purpose; --seed "), "{told}");
}

#[test]
fn a_fault_may_be_on_one_way_alone() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("--loss 100% --faults-on out");
    let ping = lab.try_run("ping -c 2 -i 0.2 -W 1 192.0.2.2").stdout;
    assert_eq!(received(&ping), "0 received", "{ping}");
    let counters = serve.stop().stdout;
    assert!(counters.contains("2  icmp_echo_requests"), "{counters}");
}

#[test]
fn a_delay_both_ways_is_never_undercut() {
    let Some(lab) = Lab::new() else { return };
    let _serve = lab.serve("--delay 40ms");
    let ping = lab.run("ping -c 5 -i 0.2 192.0.2.2").stdout;
    assert_eq!(received(&ping), "5 received", "{ping}");
    let shortest =
        ping.split("rtt min/avg/max/mdev = ").nth(1).and_then(|rest| rest.split('/').next());
    let shortest: f64 = shortest.and_then(|number| number.parse().ok()).unwrap_or_default();
    assert!(shortest >= 80.0, "twice 40 ms is more than {shortest} ms");
}

#[test]
fn damage_is_found_and_doubles_are_answered_twice() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("--corrupt 100% --faults-on in");
    let ping = lab.try_run("ping -c 3 -i 0.2 -W 1 192.0.2.2").stdout;
    assert_eq!(received(&ping), "0 received", "{ping}");
    let counters = serve.stop().stdout;
    assert!(!counters.contains("icmp_echo_requests"), "took a damaged request: {counters}");

    let _serve = lab.serve("--duplicate 100% --faults-on in");
    let ping = lab.run("ping -c 1 -W 1 192.0.2.2; ping -c 2 -i 0.3 192.0.2.2").stdout;
    assert!(ping.contains("(DUP!)"), "{ping}");
}

#[test]
fn what_is_no_fault_is_refused_in_one_line() {
    let Some(lab) = Lab::new() else { return };
    for (option, right) in [
        ("--loss 5", "5%"),
        ("--delay 20", "20ms"),
        ("--rate fast", "10mbit"),
        ("--corrupt 101%", "100%"),
    ] {
        let refused = lab.try_run(&format!("strata serve {option}"));
        assert_eq!(refused.status, 2, "{option}: {refused:?}");
        assert_eq!(refused.stderr.lines().count(), 1, "{option}: {}", refused.stderr);
        assert!(refused.stderr.contains(right), "{option}: {}", refused.stderr);
    }
}
