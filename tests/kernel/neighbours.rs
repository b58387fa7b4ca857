//! On Ethernet: the kernel and the stack find each other, also after a change.

use kernel_tests::Lab;

/// An address by which nobody has known the kernel before.
const ANOTHER_MAC: &str = "02:00:00:00:00:99";

/// Longer than a neighbour's new MAC address is mistrusted after the old one was confirmed.
const A_WHILE: &str = "sleep 1.5";

#[test]
fn arping_gets_five_of_five() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("--tap");
    let arping = lab.run("arping -c 5 -I tap0 192.0.2.2").stdout;
    assert!(arping.contains("Received 5 response(s)"), "{arping}");
    assert_eq!(arping.matches("[02:00:5E:00:02:02]").count(), 5, "{arping}");
    assert_eq!(serve.stop().status, 0);
}

#[test]
fn who_wants_our_address_is_told_that_it_is_taken() {
    let Some(lab) = Lab::new() else { return };
    let _serve = lab.serve("--tap");
    // Its status says whether the address is free.
    assert_eq!(lab.try_run("arping -D -c 2 -w 5 -I tap0 192.0.2.2").status, 1);
    assert_eq!(lab.try_run("arping -D -c 1 -w 1 -I tap0 192.0.2.77").status, 0);
}

#[test]
fn the_first_packet_to_a_neighbour_is_not_lost() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("--tap");
    for _ in 0..5 {
        lab.run("ip neigh flush dev tap0 && ping -c 1 -W 5 192.0.2.2");
    }
    // A first packet of many fragments, too.
    lab.run("ip neigh flush dev tap0 && ping -c 1 -W 5 -s 65507 192.0.2.2");
    assert_eq!(serve.stop().status, 0);

    let ping = lab.run("strata ping --tap -c 1 192.0.2.1").stdout;
    assert!(ping.contains("1 packets transmitted, 1 received"), "{ping}");
    lab.run("strata ping --tap -c 1 -s 65507 192.0.2.1");
}

#[test]
fn a_host_that_is_not_there_is_told_to_be_unreachable() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tap-up");
    let ping = lab.try_run("strata ping --tap -c 1 -W 20 192.0.2.77");
    assert_eq!(ping.status, 1);
    let line = "From 192.0.2.2 icmp_seq=1 Destination Host Unreachable";
    assert!(ping.stdout.contains(line), "{}", ping.stdout);
}

#[test]
fn a_neighbour_whose_mac_address_changed_is_believed_when_it_asks() {
    let Some(lab) = Lab::new() else { return };
    let _serve = lab.serve("--tap");
    lab.run("ping -c 1 192.0.2.2");
    lab.run(&format!("{A_WHILE}; ip link set dev tap0 address {ANOTHER_MAC}"));
    // The kernel has to ask anew, and we answer to where the question came from.
    let ping = lab.run("ping -c 3 -i 0.2 192.0.2.2").stdout;
    assert!(ping.contains("3 packets transmitted, 3 received"), "{ping}");
}

#[test]
fn a_neighbour_that_announces_its_new_mac_address_is_believed() {
    for announcement in ["-U", "-A"] {
        let Some(lab) = Lab::new() else { return };
        let _serve = lab.serve("--tap");
        changes_in_silence(&lab);
        let ping = "ping -c 1 -W 1 192.0.2.2";
        assert_eq!(lab.try_run(ping).status, 1, "how can the stack know already?");
        lab.run(&format!("arping {announcement} -c 1 -I tap0 192.0.2.1"));
        lab.run(ping);
    }
}

#[test]
fn a_neighbour_that_says_nothing_of_its_new_mac_address_is_asked_for_in_the_end() {
    let Some(lab) = Lab::new() else { return };
    let _serve = lab.serve("--tap");
    changes_in_silence(&lab);
    // Ends with the first answer. Until then the stack sends to the old address, looks five
    // seconds for a sign of life, asks there three times, and then asks all.
    let ping = lab.run("ping -c 1 -i 0.5 -w 25 192.0.2.2").stdout;
    assert!(ping.contains(", 1 received"), "{ping}");
}

/// The stack knows the kernel by one MAC address; then it has another, and does not ask.
fn changes_in_silence(lab: &Lab) {
    lab.run("ping -c 1 192.0.2.2");
    lab.run(&format!("{A_WHILE}; ip link set dev tap0 address {ANOTHER_MAC}"));
    lab.run("ip neigh replace 192.0.2.2 lladdr 02:00:5e:00:02:02 dev tap0 nud permanent");
}
