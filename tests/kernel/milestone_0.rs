//! Milestone 0, the wire: which side of the device are we on, and when is it a wire at all?

use kernel_tests::Lab;

const LINK: &str = "ip -oneline link show dev tun0";

#[test]
fn a_program_that_attaches_makes_a_wire_of_the_device() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let before = lab.run(LINK).stdout;
    assert!(before.contains("NO-CARRIER") && !before.contains("LOWER_UP"), "{before}");

    let hold = lab.spawn("strata hold tun0");
    lab.run("wait-for-link tun0");
    let attached = lab.run(LINK).stdout;
    assert!(!attached.contains("NO-CARRIER"), "{attached}");

    assert_eq!(hold.stop().status, 0);
    let after = lab.run(LINK).stdout;
    assert!(after.contains("NO-CARRIER") && !after.contains("LOWER_UP"), "{after}");
}

#[test]
fn the_kernels_own_address_never_comes_out() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let hold = lab.spawn("strata hold tun0");
    lab.run("wait-for-link tun0");
    let tcpdump = lab.spawn("tcpdump -n -l -i tun0 icmp");
    tcpdump.wait_for_line("listening on tun0");

    // Answered, though nobody but `strata hold` is there: by the kernel itself, on `lo`.
    lab.run("ping -c 3 -i 0.01 192.0.2.1");
    // Not answered, and seen: what tcpdump shows next is the first packet to have come out.
    assert_eq!(lab.try_run("ping -c 1 -W 1 192.0.2.2").status, 1);
    tcpdump.wait_for_line("192.0.2.1 > 192.0.2.2: ICMP echo request");

    let seen = tcpdump.stop().stdout;
    assert!(!seen.contains("> 192.0.2.1"), "{seen}");
    assert_eq!(hold.stop().status, 0);
}

#[test]
fn without_a_program_attached_packets_are_lost_and_only_a_counter_tells() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let route = lab.run("ip route show dev tun0").stdout;
    assert!(route.contains("linkdown"), "{route}");

    let before = lab.counter("tun0", "tx_dropped");
    assert_eq!(lab.try_run("ping -c 2 -i 0.01 -W 1 192.0.2.2").status, 1);
    assert_eq!(lab.counter("tun0", "tx_dropped") - before, 2);
}

#[test]
fn two_routes_say_where_each_end_is() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let own = lab.run("ip route get 192.0.2.1").stdout;
    assert!(own.starts_with("local 192.0.2.1 dev lo "), "{own}");
    let peer = lab.run("ip route get 192.0.2.2").stdout;
    assert!(peer.starts_with("192.0.2.2 dev tun0 src 192.0.2.1 "), "{peer}");
}

#[test]
fn all_of_it_is_shown_live() {
    let Some(lab) = Lab::new() else { return };
    let before = lab.run("ls /sys/class/net; ip route show table all").stdout;
    let shown = lab.run("wire-test").stdout;
    for said in ["only tx_dropped tells", "somebody holds it: LOWER_UP", "the peer's packets do"] {
        assert!(shown.contains(said), "{shown}");
    }
    assert_eq!(lab.run("ls /sys/class/net; ip route show table all").stdout, before);
}
