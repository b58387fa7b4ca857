//! `strata route`: the stack as a router between this host and others.

use kernel_tests::{Lab, Process};

/// Another host: its name, its address, and the router's in the same network.
type Network<'a> = (&'a str, &'a str, &'a str);

/// The router between this host, 192.0.2.1 at tun0, and others, each at a TUN device of its own.
fn route<'lab>(lab: &'lab Lab, networks: &[Network<'_>], options: &str) -> Process<'lab> {
    lab.run("tun-up");
    let mut devices = "--dev tun0=192.0.2.2/24".to_owned();
    for (index, (.., router)) in (1..).zip(networks) {
        lab.run(&format!("strata tun add tun{index}"));
        devices += &format!(" --dev tun{index}={router}");
    }
    let router = lab.spawn(&format!("strata route {devices} {options}"));
    router.wait_for_line("routes between tun0=192.0.2.2/24 and tun1=");
    for (index, (name, host, router)) in (1..).zip(networks) {
        let router = router.split('/').next().unwrap_or_default();
        lab.run(&format!(
            "ip link set tun{index} netns \"$(other-host {name} --number)\" &&
             other-host {name} ip addr add {host} peer {router} dev tun{index} &&
             other-host {name} ip link set tun{index} up &&
             other-host {name} ip route add default via {router}"
        ));
    }
    lab.run("wait-for-link tun0 && ip route add default via 192.0.2.2");
    router
}

#[test]
fn a_router_that_loses_packets_is_noticed_by_the_test_of_it() {
    let Some(lab) = Lab::new() else { return };
    lab.run("echo 'case $1 in route) exec strata \"$@\" --loss frames:2;; esac; exec strata \"$@\"' >lossy");
    let failed = lab.try_run("chmod +x lossy && STRATA_BIN=$PWD/lossy route-test");
    assert_eq!(failed.status, 1, "{}", failed.stdout);
    assert!(failed.stderr.contains("no ' 2 received"), "{}", failed.stderr);
}

#[test]
fn the_longest_prefix_wins() {
    let Some(lab) = Lab::new() else { return };
    let networks = [
        ("wide", "198.51.100.1", "198.51.100.2/24"),
        ("narrow", "198.51.100.129", "198.51.100.130/26"),
    ];
    let router = route(&lab, &networks, "-v");
    lab.run("ping -c 1 198.51.100.129 && ping -c 1 198.51.100.1");
    // Nobody has these two; what counts is where they are looked for.
    lab.try_run("ping -c 1 -W 0.3 198.51.100.190; ping -c 1 -W 0.3 198.51.100.192");
    let shown = router.stop().stdout;
    for way in ["-> tun2  192.0.2.1 > 198.51.100.190", "-> tun1  192.0.2.1 > 198.51.100.192"] {
        assert!(shown.contains(way), "{way}: {shown}");
    }
}

#[test]
fn a_network_behind_another_router_is_reached_and_so_is_everything_else() {
    let Some(lab) = Lab::new() else { return };
    let behind = "--route 203.0.113.0/25=198.51.100.1 --gateway 198.51.100.131";
    let networks = [
        ("near", "198.51.100.1", "198.51.100.2/25"),
        ("other", "198.51.100.131", "198.51.100.132/25"),
    ];
    let _router = route(&lab, &networks, behind);
    lab.run("other-host near ip addr add 203.0.113.1/32 dev lo");
    lab.run("other-host other ip addr add 203.0.113.129/32 dev lo");
    lab.run("ping -c 1 203.0.113.1 && ping -c 1 203.0.113.129");
}

#[test]
fn a_file_crosses_it_whole() {
    let Some(lab) = Lab::new() else { return };
    let router = route(&lab, &[("far", "198.51.100.1", "198.51.100.2/24")], "");
    lab.run("head -c 5000000 /dev/urandom >sent");
    let server = lab.spawn("other-host far sh -c 'nc -l 4000 >came'");
    lab.run("until other-host far ss -H -l -t -n 'sport = :4000' | grep -q .; do sleep 0.1; done");
    lab.run("nc -N 198.51.100.1 4000 <sent");
    assert_eq!(server.wait().status, 0);
    lab.run("cmp sent came");
    let counters = router.stop().stdout;
    assert!(counters.contains("  ipv4_forwarded  "), "{counters}");
    assert!(!counters.contains("ipv4_superframe"), "{counters}");
}

#[test]
fn on_ethernet_it_asks_for_its_neighbours_and_the_first_packet_waits() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tap-up && strata tun add tap1 --tap");
    let router = lab.spawn("strata route --dev tap0=192.0.2.2/24 --dev tap1=198.51.100.2/24 -v");
    router.wait_for_line("routes between tap0=192.0.2.2/24 and tap1=198.51.100.2/24");
    lab.run("ip link set tap1 netns \"$(other-host far --number)\"");
    lab.run("other-host far ip addr add 198.51.100.1/24 dev tap1");
    lab.run("other-host far ip link set tap1 up && wait-for-link tap0");
    lab.run("other-host far ip route add default via 198.51.100.2");
    lab.run("ip route add default via 192.0.2.2");
    let ping = lab.run("ping -c 2 -i 0.2 198.51.100.1").stdout;
    assert!(ping.contains("2 received"), "{ping}");
    let shown = router.stop().stdout;
    // Each of its interfaces has a MAC address of its own.
    let asked = "-> tap1  02:00:5e:00:02:03 > everybody  ARP who has 198.51.100.1?";
    assert!(shown.contains(asked), "{shown}");
}

#[test]
fn what_makes_no_sense_is_refused_in_one_line() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    for (arguments, status, why) in [
        ("", 2, "--dev"),
        ("--dev tun0=192.0.2.2/24", 2, "two --dev at least"),
        ("--dev tun0 --dev tun1=198.51.100.2/24", 2, "such as tun0=192.0.2.2/24"),
        ("--dev tun0=192.0.2.2/24 --dev tun0=198.51.100.2/24", 2, "the same device"),
        ("--dev tun0=192.0.2.2/24 --dev tun1=192.0.2.3/24", 2, "the same network"),
        ("--dev tun0=192.0.2.2/24 --dev tun1=198.51.100.2/31", 2, "30 or less"),
        ("--dev a=192.0.2.2/24 --dev b=198.51.100.2/24 --gateway 203.0.113.1", 2, "no network of"),
        ("--dev a=192.0.2.2/24 --dev b=198.51.100.2/24 --route 0=1", 2, "--route"),
        ("--dev a=192.0.2.1/24 --dev b=198.51.100.2/24", 1, "kernel's own address on tun0"),
        ("--dev lo=192.0.2.2/24 --dev b=198.51.100.2/24", 1, "neither TUN nor TAP"),
    ] {
        let refused = lab.try_run(&format!("strata route {arguments}"));
        assert_eq!(refused.status, status, "{arguments}: {refused:?}");
        assert!(refused.stderr.contains(why), "{arguments}: {}", refused.stderr);
        let causes = refused.stderr.lines().filter(|line| !line.contains("remedy: "));
        assert_eq!(causes.count(), 1, "{arguments}: {}", refused.stderr);
    }
}
