//! `strata doctor` against real traps: each is set up, found, mended by the command that doctor
//! prints, as printed, and found no more.

use kernel_tests::{Lab, Output, Process};

const NOBODY: u32 = 65_534;

#[test]
fn a_missing_node_is_made() {
    let Some(lab) = Lab::with_other_users() else { return };
    lab.run("rm /dev/net/tun");
    mend(&lab, "", "/dev/net/tun does not exist", "/dev/net/tun exists");
}

#[test]
fn another_file_in_the_nodes_place_is_put_aside() {
    let Some(lab) = Lab::with_other_users() else { return };
    lab.run("rm /dev/net/tun && touch /dev/net/tun");
    mend(&lab, "", "/dev/net/tun is not the tun driver's node", "/dev/net/tun can be opened");
}

#[test]
fn a_node_that_this_user_may_not_open_is_opened_to_all() {
    let Some(lab) = Lab::with_other_users() else { return };
    lab.run("chmod 0600 /dev/net/tun");
    let wrong = "/dev/net/tun cannot be opened: its mode is 0600 (EACCES)";
    mend_as_nobody(&lab, wrong, "/dev/net/tun can be opened");
}

#[test]
fn a_missing_device_is_made_for_its_user() {
    let Some(lab) = Lab::with_other_users() else { return };
    mend_as_nobody(&lab, "tun0 does not exist in this network namespace", "tun0 has an owner");
}

#[test]
fn a_device_of_the_other_kind_is_made_anew() {
    let Some(lab) = Lab::new() else { return };
    lab.run("ip tuntap add dev tun0 mode tap");
    mend(&lab, "", "tun0 is a TAP device, not TUN", "tun0 is a TUN device");
}

#[test]
fn a_device_for_several_queues_is_made_anew() {
    let Some(lab) = Lab::new() else { return };
    lab.run("ip tuntap add dev tun0 mode tun multi_queue");
    mend(&lab, "", "tun0 was made for several queues (multi_queue)", "tun0 is a TUN device");
}

#[test]
fn another_interface_of_that_name_is_left_alone() {
    let Some(lab) = Lab::new() else { return };
    lab.run("ip link add tun0 type veth peer name tun1");
    let found = doctor(&lab, "");
    let retry = remedy(&found, "failed  tun0 is a veth interface, neither TUN nor TAP");
    let retried = lab.try_run(&retry).stdout;
    assert!(retried.contains("failed  tun2 does not exist"), "{retried}");
}

#[test]
fn a_device_of_another_user_is_made_anew() {
    let Some(lab) = Lab::with_other_users() else { return };
    lab.run("ip tuntap add dev tun0 mode tun user root");
    let name = lab.run(&format!("id -un {NOBODY}")).stdout;
    let wrong = format!("tun0 belongs to user root, and this is user {}", name.trim());
    mend_as_nobody(&lab, &wrong, "this user may attach to tun0");
}

#[test]
fn a_device_without_an_owner_is_given_one() {
    let Some(lab) = Lab::new() else { return };
    lab.run("ip tuntap add dev tun0 mode tun");
    mend(&lab, "", "tun0 has no owner", "tun0 has an owner");
}

#[test]
fn a_foreign_sys_is_noticed() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    // Beneath the lab's own /sys lies that of the machine.
    if lab.try_run("umount /sys").status != 0 {
        return skip("the lab has no /sys of its own");
    }
    let found = doctor(&lab, "");
    let shell = remedy(&found, "warning /sys shows another network namespace");
    let inside = lab.try_run(&format!("echo strata doctor | SHELL=/bin/sh {shell}")).stdout;
    assert!(inside.contains("ok      /sys shows this network namespace"), "{inside}");
}

#[test]
fn a_device_that_is_down_is_set_up() {
    let Some(lab) = Lab::new() else { return };
    lab.run("ip tuntap add dev tun0 mode tun user 0");
    mend(&lab, "", "tun0 is down", "tun0 is up");
}

#[test]
fn ipv6_that_nobody_asked_for_is_switched_off() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    if lab.try_run("sysctl -w net.ipv6.conf.tun0.disable_ipv6=0").status != 0 {
        return skip("this kernel has no IPv6");
    }
    mend(&lab, "", "the kernel speaks IPv6 on tun0", "the kernel speaks no IPv6 on tun0");
}

#[test]
fn another_mtu_than_stratas_is_noticed() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let wrong = "the MTU of tun0 is 1500 bytes and strata's is 1400";
    mend(&lab, "--mtu 1400", wrong, "strata and tun0 have the same MTU: 1400 bytes");
}

#[test]
fn a_device_without_an_address_is_given_one_with_its_peer() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up && ip addr flush dev tun0");
    mend(&lab, "", "tun0 has no IPv4 address", "tun0 has the peer 192.0.2.2");
}

#[test]
fn the_kernels_end_is_not_ours() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let found = doctor(&lab, "--addr 192.0.2.1/24");
    let retry = remedy(&found, "failed  192.0.2.1 is the kernel's own address, on tun0");
    let retried = lab.try_run(&retry).stdout;
    assert!(retried.contains("ok      192.0.2.2 is not the kernel's own address"), "{retried}");

    let found = doctor(&lab, "--addr 127.0.0.9/8");
    let retry = remedy(&found, "failed  127.0.0.9 is the kernel's own address, on lo");
    assert!(retry.contains("--addr 192.0.2.2/8"), "{retry}");
}

#[test]
fn our_address_given_to_the_kernel_is_taken_back() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up && ip addr flush dev tun0 && ip addr add 192.0.2.2/24 dev tun0");
    let wrong = "192.0.2.2 is the kernel's own address, on tun0";
    mend(&lab, "", wrong, "192.0.2.2 is not the kernel's own address");
    mend_by_serving(&lab);
}

#[test]
fn a_subnet_on_tun_is_narrowed_to_a_peer() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up && ip addr flush dev tun0 && ip addr add 192.0.2.1/24 dev tun0");
    mend(&lab, "", "tun0 has 192.0.2.1/24, without a peer", "tun0 has the peer 192.0.2.2");
    mend_by_serving(&lab);
}

#[test]
fn without_a_peer_and_a_subnet_nothing_leads_to_the_stack() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up && ip addr flush dev tun0 && ip addr add 192.0.2.1 dev tun0");
    let wrong = "failed  tun0 has 192.0.2.1/32, without a peer";
    assert!(doctor(&lab, "").stdout.contains(wrong));
    mend(&lab, "", "tun0 has 192.0.2.1/32, without a peer", "tun0 has the peer 192.0.2.2");
    mend_by_serving(&lab);
}

#[test]
fn another_peer_is_exchanged_for_ours() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up --peer 192.0.2.7");
    let wrong = "the peer on tun0 is 192.0.2.7, not 192.0.2.2";
    mend(&lab, "", wrong, "tun0 has the peer 192.0.2.2");
    mend_by_serving(&lab);
}

#[test]
fn a_route_by_another_device_is_replaced() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up && tun-up --dev tun1 --addr 198.51.100.1 --peer 198.51.100.2");
    // Of two equal routes the older one wins.
    lab.run("ip addr flush dev tun0 && ip route add 192.0.2.2 dev tun1");
    lab.run("ip addr add 192.0.2.1 peer 192.0.2.2 dev tun0");
    let wrong = "the route to 192.0.2.2 is tun1, not tun0";
    mend(&lab, "", wrong, "the route to 192.0.2.2 is tun0");
    mend_by_serving(&lab);
}

#[test]
fn a_missing_route_is_made() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up && ip route del 192.0.2.2 dev tun0");
    let wrong = "the kernel has no route to 192.0.2.2: Network is unreachable";
    mend(&lab, "", wrong, "the route to 192.0.2.2 is tun0");
    mend_by_serving(&lab);
}

#[test]
fn a_rule_that_leads_elsewhere_is_overruled() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up && tun-up --dev tun1 --addr 198.51.100.1 --peer 198.51.100.2");
    lab.run("ip route add default dev tun1 table 77 && ip rule add lookup 77");
    let wrong = "the route to 192.0.2.2 is tun1, not tun0";
    mend(&lab, "", wrong, "the route to 192.0.2.2 is tun0");
    mend_by_serving(&lab);
}

#[test]
fn rp_filter_is_loosened_only_where_it_drops() {
    let Some(lab) = Lab::new() else { return };
    let _serve = lab.serve("");
    lab.run("sysctl -w net.ipv4.conf.all.rp_filter=1");
    let strict = doctor(&lab, "");
    assert_eq!(strict.status, 0, "{}", strict.stdout);

    answers_would_come_by_another_device(&lab);
    let dropped = doctor(&lab, "--why-dropped");
    assert!(dropped.stdout.contains("TcpExtIPReversePathFilter +1"), "{}", dropped.stdout);
    let wrong = "rp_filter drops what 192.0.2.2 sends by tun0 (all=1, tun0=0, the greater counts)";
    mend(&lab, "", wrong, "192.0.2.2 answers a ping");
}

#[test]
fn the_remedy_for_what_rp_filter_dropped_lets_it_pass() {
    let Some(lab) = Lab::new() else { return };
    let _serve = lab.serve("");
    lab.run("sysctl -w net.ipv4.conf.tun0.rp_filter=1");
    answers_would_come_by_another_device(&lab);
    let dropped = doctor(&lab, "--why-dropped");
    let loosen = remedy(&dropped, "dropped rp_filter dropped a packet for its source address");
    lab.run(&loosen);
    assert_all_well(&doctor(&lab, "--why-dropped"));
}

#[test]
fn a_wire_that_nobody_holds_is_given_a_stack() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    mend_by_serving(&lab);
}

#[test]
fn so_is_one_of_ethernet() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tap-up");
    let tap = "--dev tap0 --tap";
    mend_by_serving_on(&lab, "tap0", tap);
    let _serve = lab.serve("--tap");
    assert_all_well(&doctor(&lab, &format!("{tap} --why-dropped")));
}

#[test]
fn an_ordinary_user_can_do_it_all() {
    let Some(lab) = Lab::with_other_users() else { return };
    lab.run(&format!("tun-up --user \"$(id -un {NOBODY})\""));
    let found = lab.try_run_as(NOBODY, "strata doctor");
    let serve = remedy(&found, "failed  no program is attached to tun0 (NO-CARRIER)");
    let as_nobody = format!("setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups");
    let _serve = lab.spawn(&format!("{as_nobody} ./{serve}"));
    lab.run("wait-for-link tun0");
    assert_all_well(&lab.try_run_as(NOBODY, "strata doctor"));
}

#[test]
fn who_is_in_the_way_is_named_and_sent_away() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let mut hold = lab.spawn("strata hold tun0");
    lab.run("wait-for-link tun0");
    let found = doctor(&lab, "");
    let taken = line(&found, "failed  tun0 is taken by process ");
    assert!(taken.ends_with("(strata hold tun0), which does not answer"), "{taken}");
    let unread = doctor(&lab, "--why-dropped");
    assert!(unread.stdout.contains("attached to tun0 does not read"), "{}", unread.stdout);

    assert!(hold.is_running());
    lab.run(&remedy(&found, "failed  tun0 is taken"));
    hold.wait();
    mend_by_serving(&lab);
}

#[test]
fn root_sees_who_is_in_the_way_of_others() {
    let Some(lab) = Lab::with_other_users() else { return };
    lab.run("tun-up");
    let _hold = lab.spawn("strata hold tun0");
    lab.run("wait-for-link tun0");
    let found = lab.try_run_as(NOBODY, "strata doctor");
    let ask_root =
        remedy(&found, "failed  tun0 is taken by a program of another user, which does not answer");
    let seen = typed(&lab, &ask_root).stdout;
    assert!(seen.contains("(strata hold tun0), which does not answer"), "{seen}");
}

#[test]
fn a_tap_that_shares_no_subnet_with_us_is_given_one() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tap-up --addr 198.51.100.1/24");
    let tap = "--dev tap0 --tap";
    let wrong = "no address on tap0 shares a subnet with 192.0.2.2";
    mend(&lab, tap, wrong, "tap0 shares a subnet with 192.0.2.2");
    mend_by_serving_on(&lab, "tap0", tap);
}

#[test]
fn both_ends_on_one_host_are_led_through_all_stages() {
    let Some(lab) = Lab::new() else { return };
    lab.run("two-tuns-up --stage 1");
    let _forward = lab.spawn("strata forward tun0 tun1");
    lab.run("wait-for-link tun0 && wait-for-link tun1");
    let other_end = "--dev tun1 --addr 192.0.2.1/24";
    let own = "192.0.2.2 is the kernel's own address, on tun1";
    mend(&lab, "", own, "192.0.2.2 is not the kernel's own address");
    let not_taken = "the kernel does not take what comes by tun1 for 192.0.2.2";
    mend(&lab, other_end, not_taken, "rp_filter lets 192.0.2.1 through");
    let not_taken = "the kernel does not take what comes by tun0 for 192.0.2.1";
    mend(&lab, "", not_taken, "rp_filter lets 192.0.2.2 through");
    // bind() is the last trap.
    assert_eq!(lab.try_run("timeout 1 nc -l 192.0.2.1 4242").status, 1);
    let no_bind = "warning no program can bind to 192.0.2.1 (net.ipv4.ip_nonlocal_bind is 0)";
    mend(&lab, "", no_bind, "programs can bind to the kernel's address on tun0");
    assert_eq!(lab.try_run("timeout 1 nc -l 192.0.2.1 4242").status, 124);
    for options in ["", other_end] {
        assert_all_well(&doctor(&lab, options));
    }
}

#[test]
fn an_address_on_the_port_of_a_bridge_is_moved_to_the_bridge() {
    let Some(lab) = Lab::new() else { return };
    let tap = "--dev tap0 --tap";
    lab.run("tap-up && ip link add br0 type bridge && ip link set tap0 master br0");
    lab.run("sysctl -q -w net.ipv6.conf.br0.disable_ipv6=1; ip link set br0 up");
    let wrong = "tap0 is a port of br0 and has 192.0.2.1/24 itself";
    mend(&lab, tap, wrong, "br0 has an IPv4 address: 192.0.2.1/24");
    mend_by_serving_on(&lab, "tap0", tap);
    // And one that nobody has given an address yet.
    lab.run("ip addr flush dev br0");
    mend(&lab, tap, "br0 has no IPv4 address", "the route to 192.0.2.2 is br0");
    mend_by_serving_on(&lab, "tap0", tap);
}

#[test]
fn each_piece_that_is_missing_on_the_way_out_is_named_and_mended() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up && ip link add veth0 type veth peer name veth1");
    lab.run("ip link set veth1 netns \"$(other-host server --number)\"");
    lab.run("ip link set veth0 up && ip addr add 203.0.113.1/24 dev veth0");
    lab.run("other-host server ip addr add 198.51.100.2/24 dev veth1");
    lab.run("other-host server ip link set veth1 up");
    lab.run("other-host server ip route add 203.0.113.0/24 dev veth1");
    lab.run("nft add table ip strict");
    lab.run("nft add chain ip strict f '{ type filter hook forward priority 0; policy drop; }'");
    lab.run("nft add rule ip strict f ct state invalid drop");
    lab.run("ip route del 192.0.2.2 dev tun0");
    let to = "--to 198.51.100.2";
    let reaches = || lab.try_run("strata ping 198.51.100.2 -c 1 -W 1").status == 0;

    assert!(!reaches());
    let no_way_back = "the kernel has no route to 192.0.2.2: Network is unreachable";
    mend(&lab, to, no_way_back, "the route to 192.0.2.2 is tun0");
    let no_forwarding = "the kernel forwards nothing that comes by tun0";
    mend(&lab, to, no_forwarding, "the kernel forwards what comes by tun0");
    let no_way_on = "the kernel has no route to 198.51.100.2";
    mend(&lab, to, no_way_on, "the kernel has a way on to 198.51.100.2: veth0");
    let dropped =
        "the firewall drops what passes between tun0 and veth0 (chain f of table ip strict)";
    assert!(!reaches());
    mend(&lab, to, dropped, "what the firewall drops on its way to 198.51.100.2 is not what tun0");
    assert!(!reaches());
    let not_masqueraded = "nothing masquerades what 192.0.2.2 sends by veth0";
    mend(&lab, to, not_masqueraded, "198.51.100.2 knows the way back");
    assert!(reaches(), "{}", doctor(&lab, to).stdout);
    let _serve = lab.spawn("strata serve");
    lab.run("wait-for-link tun0");
    assert_all_well(&doctor(&lab, to));
}

#[test]
fn a_firewall_that_drops_the_answers_alone_is_named_too() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up && ip link add veth0 type veth peer name veth1");
    lab.run("ip link set veth0 up && ip link set veth1 up && nat-up --out veth0");
    lab.run("ip addr add 198.51.100.1/24 dev veth0 && nft add table inet strict");
    lab.run("nft add chain inet strict f '{ type filter hook forward priority 0; policy drop; }'");
    lab.run("nft add rule inet strict f iifname tun0 accept");
    let dropped =
        "the firewall drops what passes between tun0 and veth0 (chain f of table inet strict)";
    let passes = "what the firewall drops on its way to 198.51.100.2 is not what tun0 sends";
    mend(&lab, "--to 198.51.100.2", dropped, passes);
    lab.run("nft insert rule inet strict f ip saddr 192.0.2.0/24 reject");
    mend(&lab, "--to 198.51.100.2", dropped, passes);
}

#[test]
fn a_firewall_that_only_root_may_look_at_is_said_to_be_so() {
    let Some(lab) = Lab::with_other_users() else { return };
    lab.run("tun-up --user nobody && ip link add veth0 type veth peer name veth1");
    lab.run("ip link set veth0 up && ip link set veth1 up && nat-up --out veth0");
    lab.run("ip addr add 198.51.100.1/24 dev veth0");
    let found = lab.try_run_as(NOBODY, "strata doctor --to 198.51.100.2");
    let look = remedy(&found, "warning the firewall cannot be looked at");
    let seen = typed(&lab, &look).stdout;
    assert!(seen.contains("ok      198.51.100.2 knows the way back"), "{seen}");
}

#[test]
fn a_program_that_does_not_read_fills_the_queue_and_is_sent_away() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let hold = lab.spawn("strata hold tun0");
    lab.run("wait-for-link tun0");
    lab.try_run("ping -q -l 600 -c 600 -W 1 192.0.2.2");
    let found = doctor(&lab, "--why-dropped");
    let what = "dropped packets to the program were dropped on the way out of the kernel";
    assert!(found.stdout.contains("tx_dropped +1"), "{}", found.stdout);
    // The remedy asks doctor, who names the program and how to end it.
    let found = lab.try_run(&remedy(&found, what));
    lab.run(&remedy(&found, "failed  tun0 is taken"));
    hold.wait();
    mend_by_serving(&lab);
}

#[test]
fn each_drop_is_named_by_the_counter_that_counts_it() {
    for (fault, what, seen) in [
        ("header-checksum", "the IPv4 header checksum was wrong", "IpExtInCsumErrors +1"),
        ("version", "the IPv4 header was malformed", "IpInHdrErrors +1"),
        ("too-short", "a packet was shorter than its header says", "IpExtInTruncatedPkts +1"),
        (
            "destination",
            "a packet's destination was no address of the kernel's",
            "IpInAddrErrors +1",
        ),
        ("source", "a packet's source was the kernel's own address", "in_martian_src +"),
        ("loopback", "a packet's destination can be on no wire", "in_martian_dst +"),
        (
            "protocol",
            "a packet's protocol is one that the kernel does not speak",
            "IpInUnknownProtos +1",
        ),
        ("packet-information", "the device could not tell what the program wrote", "rx_dropped +1"),
        ("icmp-checksum", "the ICMP checksum was wrong", "IcmpInCsumErrors +1"),
        (
            "identifier",
            "the kernel took an answer, but it is not the one that ping waits for",
            "no counter",
        ),
    ] {
        let Some(lab) = Lab::new() else { return };
        lab.run("tun-up");
        let _answering = answer(&lab, "tun0", fault);
        let found = doctor(&lab, "--why-dropped");
        assert_eq!(found.status, 1, "{}", found.stdout);
        line(&found, &format!("dropped {what}"));
        // Other tests' martians are counted as well where one of the two is due.
        let causes = found.stdout.lines().filter(|line| line.starts_with("dropped ")).count();
        assert!(causes == 1 || seen.starts_with("in_martian"), "{}", found.stdout);
        assert!(found.stdout.contains(seen), "for {fault}:\n{}", found.stdout);
    }
}

#[test]
fn the_remedy_for_a_wrong_checksum_shows_it() {
    for (fault, what, shown) in [
        ("header-checksum", "dropped the IPv4 header checksum was wrong", "bad cksum"),
        ("icmp-checksum", "dropped the ICMP checksum was wrong", "(wrong icmp cksum"),
    ] {
        let Some(lab) = Lab::new() else { return };
        lab.run("tun-up");
        let _answering = answer(&lab, "tun0", fault);
        let tcpdump = lab.spawn(&remedy(&doctor(&lab, "--why-dropped"), what));
        tcpdump.wait_for_line("listening on tun0");
        let _ = lab.try_run("ping -c 2 -i 0.01 -W 1 192.0.2.2");
        let seen = tcpdump.wait().stdout;
        assert!(seen.contains(shown), "{seen}");
    }
}

#[test]
fn a_frame_for_another_mac_address_is_suspected() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tap-up");
    let _answering = answer(&lab, "tap0", "destination-mac");
    // Counted since Linux 5.19; before, what is missing is the only sign.
    let found = doctor(&lab, "--dev tap0 --tap --why-dropped");
    assert_eq!(found.status, 1, "{}", found.stdout);
    assert!(found.stdout.contains("for another MAC address"), "{}", found.stdout);
}

#[test]
fn arp_that_nobody_answers_is_noticed() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tap-up");
    let _dump = lab.spawn("strata dump --dev tap0 --tap");
    lab.run("wait-for-link tap0");
    let found = doctor(&lab, "--dev tap0 --tap --why-dropped");
    let what = "dropped nobody answered the kernel's ARP request for 192.0.2.2";
    assert!(found.stdout.contains(what), "{}", found.stdout);
}

#[test]
fn packets_that_nobody_takes_are_counted_on_their_way_out() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let found = doctor(&lab, "--why-dropped");
    let what = "dropped packets to the program were dropped on the way out of the kernel";
    let serve = remedy(&found, what);
    assert!(found.stdout.contains("tx_dropped +1"), "{}", found.stdout);

    let _serve = lab.spawn(&serve);
    lab.run("wait-for-link tun0");
    assert_all_well(&doctor(&lab, "--why-dropped"));
}

#[test]
fn a_program_that_reads_and_says_nothing_is_noticed() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let _dump = lab.spawn("strata dump");
    lab.run("wait-for-link tun0");
    let found = doctor(&lab, "--why-dropped");
    let what = "dropped the program read the packet and wrote nothing";
    assert!(found.stdout.contains(what), "{}", found.stdout);
}

#[test]
fn a_firewall_that_drops_is_suspected_and_its_rules_shown() {
    let Some(lab) = Lab::new() else { return };
    let _serve = lab.serve("");
    if lab.try_run("command -v nft").status != 0 {
        return skip("there is no nft");
    }
    lab.run("nft add table ip doctor");
    lab.run("nft add chain ip doctor c '{ type filter hook input priority 0; policy drop; }'");

    // The counter of martians is the whole machine's: where one rose meanwhile, it is suspected.
    let what = "dropped IPv4 took a packet and delivered it to nobody";
    let mut tries = (0..5).map(|_| doctor(&lab, "--why-dropped"));
    let found = tries.find(|found| found.stdout.contains(what)).expect("the firewall drops");
    let list = remedy(&found, what);
    let listed = lab.run(&list).stdout;
    assert!(listed.contains("policy drop"), "{listed}");
}

#[test]
fn what_the_user_repeats_is_watched() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let _answering = answer(&lab, "tun0", "header-checksum");
    // Whenever doctor takes its two looks at the counters, pings are under way.
    let _pings = lab.spawn("ping -i 0.05 -c 1000 192.0.2.2");
    let found = doctor(&lab, "--why-dropped --watch 1");
    assert!(found.stdout.contains("watched for 1 s"), "{}", found.stdout);
    let what = "dropped the IPv4 header checksum was wrong";
    assert!(found.stdout.contains(what), "{}", found.stdout);
}

#[test]
fn a_ping_that_would_leave_by_another_device_is_not_sent() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up && tun-up --dev tun1 --addr 198.51.100.1 --peer 198.51.100.2");
    let found = doctor(&lab, "--addr 198.51.100.2/24 --why-dropped");
    assert_eq!(found.status, 1);
    let why = "the route to 198.51.100.2 is tun1, not tun0";
    assert!(found.stderr.contains(why), "{}", found.stderr);
    assert_eq!(lab.counter("tun1", "tx_dropped"), 0);
}

/// Says that what a test needs is not to be had here.
fn skip(reason: &str) {
    eprintln!("skipped {}: {reason}", std::thread::current().name().unwrap_or("a test"));
}

fn doctor(lab: &Lab, options: &str) -> Output {
    lab.try_run(&format!("strata doctor {options}"))
}

/// Expects that doctor finds `wrong`, and that after its remedy it finds `right`.
#[track_caller]
fn mend(lab: &Lab, options: &str, wrong: &str, right: &str) {
    let found = doctor(lab, options);
    typed(lab, &remedy(&found, wrong));
    let after = doctor(lab, options).stdout;
    assert!(after.contains(&format!("ok      {right}")), "{after}");
}

/// As [`mend`], where the one who asks is not root and the remedy begins with `sudo`.
#[track_caller]
fn mend_as_nobody(lab: &Lab, wrong: &str, right: &str) {
    let found = lab.try_run_as(NOBODY, "strata doctor");
    let remedy = remedy(&found, wrong);
    assert!(remedy.starts_with("sudo "), "{remedy}");
    typed(lab, &remedy);
    let after = lab.try_run_as(NOBODY, "strata doctor").stdout;
    assert!(after.contains(&format!("ok      {right}")), "{after}");
}

/// Expects that nothing is missing but a stack, starts it as doctor says, and expects that all
/// is well then.
#[track_caller]
fn mend_by_serving(lab: &Lab) {
    mend_by_serving_on(lab, "tun0", "");
}

/// As [`mend_by_serving`], on the device that doctor looks at with these options.
#[track_caller]
fn mend_by_serving_on(lab: &Lab, device: &str, options: &str) {
    let found = doctor(lab, options);
    let wrong = format!("failed  no program is attached to {device} (NO-CARRIER)");
    let _serve = lab.spawn(&remedy(&found, &wrong));
    lab.run(&format!("wait-for-link {device}"));
    assert_all_well(&doctor(lab, options));
}

#[track_caller]
fn assert_all_well(found: &Output) {
    assert_eq!(found.status, 0, "{}\n{}", found.stdout, found.stderr);
    assert!(!found.stdout.contains("warning"), "{}", found.stdout);
}

/// Types what doctor printed, where `sudo` is at hand as on most machines.
#[track_caller]
fn typed(lab: &Lab, command: &str) -> Output {
    lab.run("mkdir -p bin && printf '#!/bin/sh\\nexec \"$@\"\\n' >bin/sudo && chmod +x bin/sudo");
    lab.try_run(&format!("PATH=$PWD/bin:$PATH; {command}"))
}

/// The first line that contains `text`.
#[track_caller]
fn line(found: &Output, text: &str) -> String {
    let line = found.stdout.lines().find(|line| line.contains(text));
    assert!(line.is_some(), "no '{text}' in:\n{}{}", found.stdout, found.stderr);
    line.unwrap_or_default().to_owned()
}

/// The remedy for what is named in the line that contains `what`.
#[track_caller]
fn remedy(found: &Output, what: &str) -> String {
    line(found, what);
    let mut after = found.stdout.lines().skip_while(|line| !line.contains(what));
    let remedy = after.find_map(|line| line.trim_start().strip_prefix("remedy: "));
    assert!(remedy.is_some(), "no remedy for '{what}' in:\n{}", found.stdout);
    remedy.unwrap_or_default().to_owned()
}

/// A route for what the kernel itself sends to the stack from its own address leads elsewhere.
/// A ping does not see it, since it picks its route before it has an address.
fn answers_would_come_by_another_device(lab: &Lab) {
    lab.run("tun-up --dev tun1 --addr 198.51.100.1 --peer 198.51.100.2");
    lab.run("ip route add 192.0.2.2 dev tun1 table 77");
    lab.run("ip rule add from 192.0.2.1 lookup 77");
}

/// Starts a program that answers pings with a fault.
fn answer<'lab>(lab: &'lab Lab, device: &str, fault: &str) -> Process<'lab> {
    let program = env!("CARGO_BIN_EXE_answer-wrongly");
    let answering = lab.spawn(&format!("{program} {device} {fault}"));
    answering.wait_for_line("attached");
    lab.run(&format!("wait-for-link {device}"));
    answering
}
