//! Milestone 18, the world: each system that the tutorials describe works by one command, shows
//! what it does, and leaves nothing behind.

use kernel_tests::Lab;

/// What must be as it was when a script has ended. (A link that comes up says so a moment later.)
const STATE: &str = "ls /sys/class/net; ip -4 -oneline addr; ip rule; nft list ruleset; \
                     ip -4 route show table all; cat /proc/sys/net/ipv4/ip_nonlocal_bind; \
                     grep . /proc/sys/net/ipv4/conf/*/forwarding";

/// Runs a script that says when all is well, and expects each of `said`, and nothing left behind.
#[track_caller]
fn shows(script: &str, said: &[&str]) {
    let Some(lab) = Lab::new() else { return };
    let before = lab.run(STATE).stdout;
    let ran = lab.run(script);
    let shown = ran.stdout + &ran.stderr;
    for said in said {
        assert!(shown.contains(said), "no '{said}' in:\n{shown}");
    }
    assert_eq!(lab.run(STATE).stdout, before, "{script} left something behind");
}

#[test]
fn devices_that_stay_are_made_shown_and_deleted() {
    shows("tunctl-test", &["tun0 is there already, just so\n", "attached    strata (process "]);
}

#[test]
fn one_read_is_one_ping_of_84_bytes_and_of_98_on_ethernet() {
    shows("dump-test", &["one ping: 84 bytes", "one ping: 98 bytes"]);
}

#[test]
fn all_traffic_for_one_address_is_captured_by_a_route() {
    shows("capture-test", &["never comes\n", "everything for the address comes out of it"]);
}

#[test]
fn both_ends_on_one_host_four_stages_http_ftp_and_the_trap() {
    let whole = "HTTP: 1,000,000 bytes came whole";
    shows(
        "two-tuns-test",
        &["stage 1: ", "stage 2: ", "stage 3: ", "stage 4: ", whole, "the trap: "],
    );
}

#[test]
fn our_stack_routes_between_two_hosts() {
    shows("route-test", &["  ipv4_ttl_exceeded  ", "the stack routes between two hosts"]);
}

#[test]
fn arp_is_answered_across_a_bridge_whoever_made_it() {
    let answered = "ARP was answered across the bridge, and all three ping each other";
    shows("bridge-test", &[&format!("by ip: {answered}"), &format!("by brctl: {answered}")]);
}

#[test]
fn a_page_comes_through_the_kernels_nat() {
    shows("nat-test", &["hello, world\n198.51.100.1 - - ", "all is as it was"]);
}
