//! The way to the world through the kernel's NAT, and what nat-up and nat-down leave as it was.

use kernel_tests::Lab;

/// What nat-up changes, and what it must not.
const STATE: &str = "ip -4 -oneline addr; ip rule; ip -4 route show table all; \
                     grep . /proc/sys/net/ipv4/conf/*/forwarding; nft list ruleset";

/// tun0, and a host named server at 198.51.100.2 which has no route back to the stack.
fn network(lab: &Lab) {
    lab.run("tun-up && ip link add veth0 type veth peer name veth1");
    lab.run("ip link set veth1 netns \"$(other-host server --number)\"");
    lab.run("ip addr add 198.51.100.1/24 dev veth0 && ip link set veth0 up");
    lab.run("other-host server ip addr add 198.51.100.2/24 dev veth1");
    lab.run("other-host server ip link set veth1 up");
}

#[test]
fn forwarding_is_put_back_to_what_it_was_on_each_device() {
    let Some(lab) = Lab::new() else { return };
    network(&lab);
    lab.run("nft add table ip other");
    for before in
        ["echo 1 >/proc/sys/net/ipv4/conf/veth0/forwarding", "sysctl -w net.ipv4.ip_forward=1"]
    {
        lab.run(before);
        let state = lab.run(STATE).stdout;
        lab.run("nat-up --out veth0");
        let once = lab.run(STATE).stdout;
        assert!(once.contains("oifname \"veth0\" masquerade"), "{once}");
        assert!(once.contains("conf/tun0/forwarding:1"), "{once}");
        lab.run("nat-up --out veth0");
        assert_eq!(lab.run(STATE).stdout, once);
        // Asked for something else, it changes its rules and still knows what was before.
        lab.run("nat-up --out veth0 --net 192.0.2.0/28 && nat-down && nat-down");
        assert_eq!(lab.run(STATE).stdout, state);
    }
}

#[test]
fn the_default_routes_device_is_the_way_out_unless_another_is_named() {
    let Some(lab) = Lab::new() else { return };
    network(&lab);
    lab.run("ip route add default via 198.51.100.2 && nat-up");
    lab.run("strata ping 198.51.100.2 -c 1");
    lab.run("nat-down");
    assert_eq!(lab.try_run("strata ping 198.51.100.2 -c 1 -W 0.5").status, 1);
}

#[test]
fn what_makes_no_sense_is_refused_in_one_line_and_nothing_changed() {
    let Some(lab) = Lab::new() else { return };
    network(&lab);
    let state = lab.run(STATE).stdout;
    for (script, status, why) in [
        ("nat-up", 2, "there is no default route; say which device"),
        ("nat-up --out", 2, "--out needs a value"),
        ("nat-up --out tun0", 2, "--out is where packets leave"),
        ("nat-up --out veth7", 1, "veth7 is not there"),
        ("nat-up --out 'a;b'", 2, "is no name of a device"),
        ("nat-up --out veth0 --dev tun7", 1, "tun7 is not there"),
        ("nat-up --out veth0 --net 192.0.2.0", 2, "--net needs the length of its prefix"),
        ("nat-up --out veth0 --net 192.0.2/x", 2, "is no IPv4 address"),
        ("nat-up --out veth0 --net 198.51.100.0/24", 1, "198.51.100.0/24 is taken"),
        ("nat-up tun0", 2, "'tun0' is not an option"),
        ("nat-down tun0", 2, "'tun0' is not an option"),
        ("other-host", 2, "which host?"),
        ("other-host -x", 2, "is no name of a host"),
        ("other-host server -x", 2, "'-x' is not an option"),
    ] {
        let refused = lab.try_run(script);
        assert_eq!(refused.status, status, "{script}: {}", refused.stderr);
        assert!(refused.stderr.contains(why), "{script}: {}", refused.stderr);
        assert_eq!(refused.stderr.lines().count(), 1, "{script}: {}", refused.stderr);
    }
    assert_eq!(lab.run(STATE).stdout, state);
}

#[test]
fn another_host_lasts_until_it_is_ended() {
    let Some(lab) = Lab::new() else { return };
    lab.run("other-host far ip link add dummy type veth peer name other");
    assert_eq!(lab.run("other-host far ls /proc/sys/net/ipv4/conf | grep -c dummy").stdout, "1\n");
    assert_eq!(lab.try_run("other-host near ip link show dev dummy").status, 1);
    assert_eq!(lab.try_run("other-host far sh -c 'exit 7'").status, 7);
    lab.run("other-host far --end && other-host far --end");
    assert_eq!(lab.try_run("other-host far ip link show dev dummy").status, 1);
}
