//! `strata ping`: the stack asks, the kernel answers.

use kernel_tests::Lab;

/// A lab in which the kernel has its end of `tun0`.
fn lab() -> Option<Lab> {
    let lab = Lab::new()?;
    lab.run("tun-up");
    Some(lab)
}

/// What ping printed, with both ends called alike, and without the digits of the times.
fn without_times(printed: &str) -> String {
    let mut lines = String::new();
    for line in printed.replace("192.0.2.2", "HOST").replace("192.0.2.1", "HOST").lines() {
        let times = line.find("time").or_else(|| line.find(" = ")).unwrap_or(line.len());
        let (kept, times) = line.split_at(times);
        lines.push_str(kept);
        lines.extend(times.chars().filter(|character| !character.is_ascii_digit()));
        lines.push('\n');
    }
    lines
}

#[test]
fn it_prints_what_the_kernels_ping_prints() {
    let Some(lab) = lab() else { return };
    let ours = lab.run("strata ping 192.0.2.1 -c 3 -i 0.01");
    let serve = lab.spawn("strata serve");
    serve.wait_for_line("attached to tun0");
    lab.run("wait-for-link tun0");
    let kernels = lab.run("ping 192.0.2.2 -c 3 -i 0.01");
    assert!(ours.stdout.contains("3 packets transmitted, 3 received, 0% packet loss"));
    assert_eq!(without_times(&ours.stdout), without_times(&kernels.stdout));
}

#[test]
fn every_size_comes_back_in_fragments_or_not() {
    let Some(lab) = lab() else { return };
    for size in [0, 1, 1472, 1473, 8000, 65_507] {
        let ping = lab.run(&format!("strata ping 192.0.2.1 -c 2 -i 0.01 -s {size} -p C0de"));
        assert!(ping.stdout.contains(" 2 received"), "{}", ping.stdout);
        assert!(ping.stdout.contains(&format!("{} bytes from", size + 8)), "{}", ping.stdout);
        assert!(!ping.stdout.contains("wrong data byte"), "{}", ping.stdout);
    }
}

#[test]
fn the_first_answer_comes_however_early_it_is_asked_for() {
    let Some(lab) = lab() else { return };
    for _ in 0..10 {
        lab.run("strata ping 192.0.2.1 -c 1");
    }
}

#[test]
fn silence_is_told_and_is_a_failure() {
    let Some(lab) = lab() else { return };
    let ping = lab.try_run("strata ping 198.51.100.9 -c 2 -i 0.01 -W 0.1");
    assert_eq!(ping.status, 1);
    assert!(ping.stdout.contains("no answer yet for icmp_seq=2"), "{}", ping.stdout);
    assert!(ping.stdout.contains("2 packets transmitted, 0 received, 100% packet loss, time"));
}

#[test]
fn the_kernels_errors_are_told_in_pings_words() {
    let Some(lab) = lab() else { return };
    lab.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0");
    lab.run("ip route add unreachable 203.0.113.1 && ip route add prohibit 203.0.113.2");
    lab.run("ip route add 203.0.113.3 dev lo");
    for (asked, told) in [
        ("203.0.113.1", "Destination Host Unreachable"),
        ("203.0.113.2", "Packet filtered"),
        ("203.0.113.3 -t 1", "Time to live exceeded"),
    ] {
        let ping = lab.try_run(&format!("strata ping {asked} -c 1"));
        assert_eq!(ping.status, 1);
        let line = format!("From 192.0.2.1 icmp_seq=1 {told}\n");
        assert!(ping.stdout.contains(&line), "{}", ping.stdout);
        assert!(ping.stdout.contains("0 received, +1 errors, 100% packet loss"));
    }
}

#[test]
fn on_tap_the_neighbour_is_found_first_or_is_told_to_be_unreachable() {
    let Some(lab) = Lab::new() else { return };
    lab.run("ip tuntap add dev tap0 mode tap && ip link set dev tap0 up");
    lab.run("ip address add 192.0.2.1/24 dev tap0");
    let ping = lab.run("strata ping 192.0.2.1 --tap --dev tap0 -c 2 -i 0.01 -s 4000");
    assert!(ping.stdout.contains("2 packets transmitted, 2 received"), "{}", ping.stdout);

    let nobody = lab.try_run("strata ping 192.0.2.77 --tap --dev tap0 -c 2 -i 0.01 -W 20");
    assert_eq!(nobody.status, 1);
    let line = "From 192.0.2.2 icmp_seq=2 Destination Host Unreachable\n";
    assert!(nobody.stdout.contains(line), "{}", nobody.stdout);
    assert!(nobody.stdout.contains("0 received, +2 errors, 100% packet loss"));
}

#[test]
fn what_the_link_doubles_and_loses_is_counted() {
    let Some(lab) = lab() else { return };
    let options = "-c 4 -i 0.05 -W 1 --faults-on in";
    let doubled = lab.run(&format!("strata ping 192.0.2.1 {options} --duplicate 100%")).stdout;
    assert!(doubled.contains("4 received, +4 duplicates, 0% packet loss"), "{doubled}");
    assert_eq!(doubled.matches(" (DUP!)\n").count(), 4, "{doubled}");
    let lost = lab.run(&format!("strata ping 192.0.2.1 {options} --loss frames:1")).stdout;
    assert!(lost.contains("no answer yet for icmp_seq=1\n"), "{lost}");
    assert!(lost.contains("4 packets transmitted, 3 received, 25% packet loss"), "{lost}");
}

#[test]
fn it_waits_for_the_link_and_ctrl_c_prints_the_summary() {
    let Some(lab) = lab() else { return };
    lab.run("ip link set dev tun0 down");
    let ping = lab.spawn("strata ping 192.0.2.1 -i 0.05");
    ping.wait_for_line("waiting until tun0 is up");
    lab.run("ip link set dev tun0 up");
    ping.wait_for_line("icmp_seq=3 ");
    let ping = ping.stop();
    assert_eq!(ping.status, 0);
    assert!(ping.stdout.contains("64 bytes from 192.0.2.1: icmp_seq=1 ttl=64"), "{}", ping.stdout);
    assert!(ping.stdout.contains("--- 192.0.2.1 ping statistics ---\n"), "{}", ping.stdout);
    assert!(ping.stdout.contains("rtt min/avg/max/mdev = "), "{}", ping.stdout);
}

#[test]
fn bad_input_is_one_line_and_status_2() {
    let Some(lab) = Lab::new() else { return };
    for wrong in [
        "",
        "example",
        "224.0.0.1",
        "192.0.2.1 -c 0",
        "192.0.2.1 -i 0.001",
        "192.0.2.1 -W -1",
        "192.0.2.1 -s 65508",
        "192.0.2.1 -p c0d",
        "192.0.2.1 -p +f",
        "192.0.2.1 -t 0",
    ] {
        let ping = lab.try_run(&format!("strata ping {wrong}"));
        assert_eq!((ping.status, ping.stdout.as_str()), (2, ""), "{wrong}");
        assert_eq!(ping.stderr.lines().count(), 1, "{wrong}: {}", ping.stderr);
    }
}
