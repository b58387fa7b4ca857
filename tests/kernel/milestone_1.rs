//! Milestone 1, tun-device: attach, read one packet and see its bytes; and the trap of the four
//! bytes that nobody asked for.

use kernel_tests::{Lab, Process};

#[test]
fn a_ping_is_84_bytes_on_tun() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let dump = dump(&lab, "tun0", "");
    lab.try_run("ping -c 1 -W 1 192.0.2.2");
    let output = dump.wait();
    assert_eq!(output.status, 0);
    assert!(output.stdout.contains(", 84 bytes"), "{}", output.stdout);
    // The first row of the hex dump: version 4, five words of header, total length 84.
    assert!(output.stdout.contains("  0000  45 00 00 54"), "{}", output.stdout);
}

#[test]
fn the_same_ping_is_98_bytes_on_tap() {
    let Some(lab) = Lab::new() else { return };
    lab.run("strata tun add tap0 --tap");
    lab.run("echo 1 >/proc/sys/net/ipv6/conf/tap0/disable_ipv6");
    lab.run("ip address add 192.0.2.1/24 dev tap0 && ip link set dev tap0 up");
    // Or the kernel would first ask for the stack's MAC address, which nobody answers yet.
    lab.run("ip neighbour add 192.0.2.2 lladdr 02:00:5e:00:02:02 dev tap0");
    let dump = dump(&lab, "tap0", "");
    lab.try_run("ping -c 1 -W 1 192.0.2.2");
    let output = dump.wait();
    assert_eq!(output.status, 0);
    assert!(output.stdout.contains(", 98 bytes"), "{}", output.stdout);
    assert!(output.stdout.contains("  0000  02 00 5e 00 02 02"), "{}", output.stdout);
}

#[test]
fn with_packet_information_four_bytes_stand_before_each_packet() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let dump = dump(&lab, "tun0", "--pi");
    lab.try_run("ping -c 1 -W 1 192.0.2.2");
    let output = dump.wait();
    assert_eq!(output.status, 0);
    assert!(output.stdout.contains("packet information, bytes 0 to 3"), "{}", output.stdout);
    assert!(output.stdout.contains("  0000  00 00 08 00 45 00 00 54"), "{}", output.stdout);
}

/// A dump of one packet, which has begun to listen on the device.
fn dump<'lab>(lab: &'lab Lab, device: &str, options: &str) -> Process<'lab> {
    let dump = lab.spawn(&format!("strata dump -c 1 --dev {device} {options}"));
    dump.wait_for_line("attached to");
    lab.run(&format!("wait-for-link {device}"));
    dump
}
