//! Milestone 6, tap-and-arp: Ethernet frames, a neighbour that is found, a packet that waits for
//! it, and an address that is claimed.

use kernel_tests::Lab;

/// A lab in which the kernel has its end of `tap0`.
fn lab() -> Option<Lab> {
    let lab = Lab::new()?;
    lab.run("tap-up");
    Some(lab)
}

#[test]
fn the_kernel_finds_us_and_no_ping_is_lost() {
    let Some(lab) = lab() else { return };
    let serve = lab.serve("--tap -v");
    // Its cache is cold, and so is ours.
    for size in [56, 65_507] {
        lab.run(&format!("ping -c 1 -W 5 -s {size} 192.0.2.2"));
        let neighbour = lab.run("ip neigh show dev tap0").stdout;
        assert!(neighbour.starts_with("192.0.2.2 lladdr 02:00:5e:00:02:02"), "{neighbour}");
        lab.run("ip neigh flush dev tap0");
    }
    let arping = lab.run("arping -c 2 -I tap0 192.0.2.2").stdout.to_lowercase();
    assert!(arping.contains("02:00:5e:00:02:02"), "{arping}");
    let shown = serve.stop().stdout;
    assert!(shown.contains("ICMP echo request") && shown.contains(", 98 bytes"), "{shown}");
}

#[test]
fn a_packet_waits_for_its_neighbours_answer() {
    let Some(lab) = lab() else { return };
    lab.run("strata ping --tap -c 1 192.0.2.1");
    // All that is sent before the answer comes waits for it.
    let slow = "--delay 300ms --faults-on in";
    let ping = lab.run(&format!("strata ping --tap -v -c 3 -i 0.05 {slow} 192.0.2.1")).stdout;
    assert!(ping.contains(" 3 received"), "{ping}");
    let sent: Vec<&str> = ping.lines().filter(|line| line.contains("-> kernel")).collect();
    let [question, rest @ ..] = sent.as_slice() else { panic!("nothing was sent: {ping}") };
    assert!(question.contains("everybody  ARP who has 192.0.2.1? tell 192.0.2.2"), "{ping}");
    assert!(rest.len() == 3 && rest.iter().all(|line| line.contains("echo request")), "{ping}");
}

#[test]
fn a_neighbour_that_is_not_there_is_asked_three_times() {
    let Some(lab) = lab() else { return };
    let ping = lab.try_run("strata ping --tap -v -c 1 -W 9 192.0.2.77");
    assert_eq!(ping.status, 1);
    assert_eq!(ping.stdout.matches("ARP who has 192.0.2.77?").count(), 3, "{}", ping.stdout);
    assert!(ping.stdout.contains("Destination Host Unreachable"), "{}", ping.stdout);
}

#[test]
fn frames_for_others_are_not_ours() {
    let Some(lab) = lab() else { return };
    let serve = lab.serve("--tap -v");
    lab.run("ip neigh replace 192.0.2.2 lladdr 02:00:00:00:00:99 dev tap0");
    assert_eq!(lab.try_run("ping -c 1 -W 1 192.0.2.2").status, 1);
    // Nor do we answer for addresses of others.
    assert_eq!(lab.try_run("arping -c 1 -w 1 -I tap0 192.0.2.7").status, 1);
    let shown = serve.stop().stdout;
    assert!(shown.contains("   1  ethernet_not_for_us"), "{shown}");
    assert!(!shown.contains("-> kernel"), "{shown}");
}

#[test]
fn an_address_is_claimed_defended_once_and_then_given_up() {
    let Some(lab) = lab() else { return };
    let serve = lab.serve("--tap --claim -v");
    serve.wait_for_line("everybody  ARP I am 192.0.2.2, at 02:00:5e:00:02:02");
    lab.run("ping -c 1 192.0.2.2");
    assert_eq!(lab.try_run("arping -D -c 2 -I tap0 192.0.2.2").status, 1);

    let before = serve.stdout();
    assert_eq!(before.matches("ARP does anybody have 192.0.2.2?").count(), 3 + 1, "{before}");
    lab.run("ip address add 192.0.2.2/32 dev tap0");
    lab.try_run("arping -A -c 1 -I tap0 192.0.2.2");
    lab.try_run("arping -A -c 1 -I tap0 192.0.2.2");
    let ended = serve.wait();
    assert!(ended.stderr.contains("another host has 192.0.2.2"), "{}", ended.stderr);
    assert!(ended.stdout.contains("   1  arp_conflict"), "{}", ended.stdout);
    assert!(ended.stdout.contains("   1  address_lost"), "{}", ended.stdout);
}
