//! `strata forward`: a cable between two devices, with both ends on one host or on two.

use kernel_tests::{Lab, Process};

const UDP_CLIENT: &str = env!("CARGO_BIN_EXE_udp-client");

/// Both ends on this host: 192.0.2.1 at tun0, 192.0.2.2 at tun1.
fn forward<'lab>(lab: &'lab Lab, options: &str) -> Process<'lab> {
    lab.run("two-tuns-up");
    let forward = lab.spawn(&format!("strata forward tun0 tun1 {options}"));
    forward.wait_for_line("attached to tun0 and tun1");
    lab.run("wait-for-link tun0 && wait-for-link tun1");
    forward
}

#[test]
fn each_read_is_told_and_summed_up() {
    let Some(lab) = Lab::new() else { return };
    let forward = forward(&lab, "");
    lab.run("ping -c 2 -i 0.01 192.0.2.2");
    let told = forward.stop().stdout;
    for read in ["read 84 from tun0\n", "read 84 from tun1\n"] {
        assert_eq!(told.matches(read).count(), 2, "{told}");
    }
    for sum in ["tun0 -> tun1: 2 packets, 168 bytes", "tun1 -> tun0: 2 packets, 168 bytes"] {
        assert!(told.contains(sum), "{told}");
    }
}

#[test]
fn who_wants_it_quiet_or_decoded_gets_it_so() {
    let Some(lab) = Lab::new() else { return };
    let forward = forward(&lab, "--quiet -v --pcap both.pcapng");
    lab.run("ping -c 1 192.0.2.2");
    let told = forward.stop().stdout;
    assert!(!told.contains("read "), "{told}");
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("ICMP")).collect();
    for (line, place) in lines.iter().zip(["<- tun0 ", "-> tun1 ", "<- tun1 ", "-> tun0 "]) {
        assert!(line.starts_with(place), "{told}");
    }
    assert_eq!(lines.len(), 4, "{told}");
    let recorded = "tshark -r both.pcapng -T fields -e frame.interface_name -e icmp.type";
    assert_eq!(lab.run(recorded).stdout, "tun0\t8\ntun1\t8\ntun1\t0\ntun0\t0\n");
}

#[test]
fn superframes_cross_whole_and_without_offload_as_packets() {
    for (offload, is_whole) in [("", true), ("--no-offload", false)] {
        let Some(lab) = Lab::new() else { return };
        let forward = forward(&lab, offload);
        lab.run("head -c 3000000 /dev/urandom >sent");
        let server = lab.spawn("sh -c 'nc -l 192.0.2.2 4000 >came'");
        lab.run("until ss -H -l -t -n 'sport = :4000' | grep -q .; do sleep 0.1; done");
        lab.run("nc -N 192.0.2.2 4000 <sent");
        assert_eq!(server.wait().status, 0);
        lab.run("cmp sent came");
        let told = forward.stop().stdout;
        let lengths = told.lines().filter_map(|line| line.strip_prefix("read ")?.split(' ').next());
        let longest = lengths.filter_map(|length| length.parse::<u32>().ok()).max();
        assert_eq!(longest > Some(1500), is_whole, "{longest:?}");
        assert_eq!(lab.run("nstat -asz IpInHdrErrors | grep -c ' 0 '").stdout, "1\n");
    }
}

#[test]
fn superframes_of_udp_cross_whole_too() {
    const SERVER: &str = "
from socket import *
socket = socket(AF_INET, SOCK_DGRAM)
socket.bind(('192.0.2.2', 4000))
print('ready', flush=True)
while True:
    socket.sendto(*socket.recvfrom(65535))
";
    for offload in ["", "--no-offload"] {
        let Some(lab) = Lab::new() else { return };
        let is_whole = offload.is_empty() && lab.kernel_is_at_least("6.2");
        let forward = forward(&lab, offload);
        let server = lab.spawn(&format!("python3 -c \"{SERVER}\""));
        server.wait_for_line("ready");
        lab.run(&format!("{UDP_CLIENT} together 192.0.2.2:4000 20"));
        let told = forward.stop().stdout;
        // Twenty times 500 bytes.
        let read = if is_whole { "read 10028 from tun0\n" } else { "read 528 from tun0\n" };
        assert!(told.contains(read), "{told}");
    }
}

#[test]
fn a_bad_cable_delays_loses_and_doubles_as_asked() {
    let Some(lab) = Lab::new() else { return };
    let late = forward(&lab, "--delay 30ms");
    let ping = lab.run("ping -c 3 -i 0.2 192.0.2.2").stdout;
    let times = ping.lines().filter_map(|line| line.split_once("time=")?.1.split(' ').next());
    assert!(times.clone().all(|time| time.parse::<f64>().unwrap() >= 60.0), "{ping}");
    assert_eq!(times.count(), 3, "{ping}");
    assert_eq!(late.stop().status, 0);

    let lossy = forward(&lab, "--loss frames:2 --faults-on in");
    let ping = lab.try_run("ping -c 3 -i 0.2 -W 1 192.0.2.2").stdout;
    assert!(ping.contains("2 received") && !ping.contains("icmp_seq=2 "), "{ping}");
    let told = lossy.stop().stdout;
    assert!(told.contains("the link: 1 lost\n"), "{told}");
    assert!(told.contains("tun0 -> tun1: 2 packets"), "{told}");

    let doubling = forward(&lab, "--duplicate 100% --faults-on out");
    let ping = lab.run("ping -c 1 -W 1 192.0.2.2; ping -c 2 -i 0.3 192.0.2.2").stdout;
    assert!(ping.contains("(DUP!)"), "{ping}");
    let told = doubling.stop().stdout;
    assert!(told.contains("delivered twice"), "{told}");
}

#[test]
fn a_slow_cable_is_as_slow_as_asked_and_loses_nothing_of_a_tcp_connection() {
    let Some(lab) = Lab::new() else { return };
    let forward = forward(&lab, "--rate 8mbit");
    lab.run("head -c 1000000 /dev/urandom >sent");
    let server = lab.spawn("sh -c 'nc -l 192.0.2.2 4000 >came'");
    lab.run("until ss -H -l -t -n 'sport = :4000' | grep -q .; do sleep 0.1; done");
    // A megabyte at a megabyte a second, headers not counted.
    let started = std::time::Instant::now();
    lab.run("nc -N 192.0.2.2 4000 <sent");
    assert_eq!(server.wait().status, 0);
    let seconds = started.elapsed().as_secs_f64();
    assert!(seconds > 1.0, "{seconds} s");
    lab.run("cmp sent came");
    let told = forward.stop().stdout;
    assert!(told.contains("the link: no fault\n"), "{told}");
}

#[test]
fn on_ethernet_two_hosts_find_each_other_across_it() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tap-up && strata tun add tap1 --tap");
    let forward = lab.spawn("strata forward tap0 tap1");
    forward.wait_for_line("attached to tap0 and tap1");
    lab.run("ip link set tap1 netns \"$(other-host far --number)\"");
    lab.run("other-host far ip addr add 192.0.2.2/24 dev tap1");
    lab.run("other-host far ip link set tap1 up && wait-for-link tap0");
    lab.run("ping -c 2 -i 0.1 192.0.2.2");
    let told = forward.stop().stdout;
    assert!(told.contains("read 42 from tap0\nread 42 from tap1\n"), "ARP: {told}");
    assert!(told.contains("read 98 from tap0\nread 98 from tap1\n"), "ICMP: {told}");
}

#[test]
fn what_makes_no_sense_is_refused_in_one_line() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up && strata tun add tap0 --tap && strata tun add tun1");
    let hold = lab.spawn("strata hold tun1");
    hold.wait_for_line("holding");
    for (arguments, status, why) in [
        ("tun0", 2, "2 values required"),
        ("tun0 tun0", 2, "tun0 stands there twice"),
        ("tun0 tun1 tun2", 2, "2 values required"),
        ("tun0 sixteen-letters-", 2, "15"),
        ("tun0 tun2 --faults-on sideways", 2, "sideways"),
        ("tun0 tap0", 1, "tun0 is a TUN device and tap0 a TAP device"),
        ("tun0 lo", 1, "lo is a network interface, but neither TUN nor TAP"),
        ("tun0 tun1", 1, "tun1 is in use by strata"),
    ] {
        let refused = lab.try_run(&format!("strata forward {arguments}"));
        assert_eq!(refused.status, status, "{arguments}: {refused:?}");
        assert!(refused.stderr.contains(why), "{arguments}: {}", refused.stderr);
        let causes = refused.stderr.lines().filter(|line| !line.contains("remedy: "));
        assert_eq!(causes.count(), 1, "{arguments}: {}", refused.stderr);
        assert_eq!(refused.stdout, "", "{arguments}");
    }
}

#[test]
fn a_device_that_is_deleted_ends_it_with_one_line_that_names_it() {
    let Some(lab) = Lab::new() else { return };
    let forward = forward(&lab, "");
    lab.run("ip link delete dev tun1");
    let ended = forward.wait();
    assert_eq!(ended.status, 1);
    assert!(ended.stderr.contains("tun1 was deleted while it was in use"), "{}", ended.stderr);
}

#[test]
fn a_wire_that_loses_is_noticed_by_the_test_of_it() {
    let Some(lab) = Lab::new() else { return };
    lab.run("echo 'exec strata \"$@\" --loss frames:1' >lossy && chmod +x lossy");
    let failed = lab.try_run("STRATA_BIN=$PWD/lossy two-tuns-test");
    assert_eq!(failed.status, 1, "{}", failed.stdout);
    assert!(failed.stderr.contains("stage 2: answered: no"), "{}", failed.stderr);
}

#[test]
fn the_two_devices_come_and_go_however_often_they_are_asked_for() {
    let Some(lab) = Lab::new() else { return };
    let state = "ip -brief addr; ip -oneline link; ip rule; ip route show table all; \
                 cat /proc/sys/net/ipv4/ip_nonlocal_bind";
    let nothing = lab.run(state).stdout;
    for stage in 1..=4 {
        let up = format!("two-tuns-up --stage {stage} --addr 198.51.100.1 --peer 198.51.100.2");
        lab.run(&up);
        let once = lab.run(state).stdout;
        lab.run(&up);
        assert_eq!(lab.run(state).stdout, once, "stage {stage}");
        lab.run("two-tuns-down");
        lab.run("two-tuns-down");
        assert_eq!(lab.run(state).stdout, nothing, "stage {stage}");
    }
    // A setting that was there before stays.
    lab.run("sysctl -q -w net.ipv4.ip_nonlocal_bind=1 && two-tuns-up && two-tuns-down");
    assert_eq!(lab.run("cat /proc/sys/net/ipv4/ip_nonlocal_bind").stdout, "1\n");
}

#[test]
fn what_others_have_is_left_alone_by_the_two_devices() {
    let Some(lab) = Lab::new() else { return };
    for (before, options, status, why) in [
        ("true", "--stage 5", 2, "there are 1, 2, 3 and 4"),
        ("true", "--dev tun3", 2, "'--dev' is not an option"),
        ("true", "--peer 192.0.2.1", 2, "must differ"),
        ("true", "--addr 192.0.2.x", 2, "no IPv4 address"),
        ("tun-up --dev other", "", 1, "is taken"),
        ("tun-down --dev other && tun-up", "", 1, "not of two-tuns-up's making"),
        ("tun-down && ip route add local 203.0.113.1 dev lo table 13", "", 1, "table 13 is in use"),
    ] {
        lab.run(before);
        let state = lab.run("ip addr; ip rule; ip route show table all").stdout;
        let refused = lab.try_run(&format!("two-tuns-up {options}"));
        assert_eq!(refused.status, status, "{options}: {}", refused.stderr);
        assert!(refused.stderr.contains(why), "{options}: {}", refused.stderr);
        assert_eq!(lab.run("ip addr; ip rule; ip route show table all").stdout, state);
    }
}
