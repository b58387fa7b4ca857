//! The scripts: each can be run twice, undoes what it did when it fails, and says what is wrong.

use kernel_tests::Lab;

#[test]
fn a_device_comes_and_goes_however_often_it_is_asked_for() {
    let Some(lab) = Lab::new() else { return };
    let state = "ip -brief address; ip -oneline link; ip route show table all";
    let nothing = lab.run(state).stdout;
    for (kind, address) in [("tun", "192.0.2.1 peer 192.0.2.2/32 "), ("tap", "192.0.2.1/24 ")] {
        lab.run(&format!("{kind}-up"));
        let once = lab.run(state).stdout;
        assert!(once.contains(address), "{once}");
        lab.run(&format!("{kind}-up"));
        assert_eq!(lab.run(state).stdout, once);
        lab.run(&format!("{kind}-down"));
        lab.run(&format!("{kind}-down"));
        assert_eq!(lab.run(state).stdout, nothing);
    }
}

#[test]
fn a_device_is_as_its_options_say() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tap-up --dev other --addr 198.51.100.1/28 --mtu 9000 --user root");
    let address = lab.run("ip -oneline address show dev other").stdout;
    assert!(address.contains("inet 198.51.100.1/28 "), "{address}");
    assert!(!address.contains("inet6"), "the kernel is to be quiet: {address}");
    let link = lab.run("ip -details -oneline link show dev other").stdout;
    for word in [" mtu 9000 ", "tun type tap ", " persist on user root ", ",UP"] {
        assert!(link.contains(word), "no '{word}' in {link}");
    }
}

#[test]
fn a_device_that_cannot_be_finished_is_not_left_behind() {
    let Some(lab) = Lab::new() else { return };
    for kind in ["tun", "tap"] {
        assert_ne!(lab.try_run(&format!("{kind}-up --mtu 10")).status, 0);
        assert_ne!(lab.try_run(&format!("ip link show dev {kind}0")).status, 0);
    }
}

#[test]
fn an_address_that_is_taken_is_refused_and_nothing_made() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up --dev other");
    for taken in ["", "--addr 198.51.100.1", "--peer 198.51.100.2"] {
        let refused = lab.try_run(&format!("tun-up {taken}"));
        assert_eq!(refused.status, 1);
        assert!(refused.stderr.contains("a route for it: '"), "{}", refused.stderr);
        assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
    }
    assert_ne!(lab.try_run("ip link show dev tun0").status, 0);
    // A default route covers everything and takes nothing.
    lab.run("ip route add default via 192.0.2.2 dev other");
    lab.run("tun-up --addr 198.51.100.1 --peer 198.51.100.2");
}

#[test]
fn a_network_of_which_a_part_is_taken_is_refused_until_that_is_taken_away() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    for taken in ["", "--addr 192.0.3.1/16"] {
        let refused = lab.try_run(&format!("tap-up {taken}"));
        assert_eq!(refused.status, 1);
        assert!(refused.stderr.contains("is taken"), "{}", refused.stderr);
        assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
    }
    let remedy = |stderr: &str| stderr.trim().rsplit("scripts/").next().map(str::to_owned).unwrap();
    let way_out = remedy(&lab.try_run("tap-up").stderr);
    assert_eq!(way_out, "tun-down --dev tun0");
    lab.run(&way_out);
    lab.run("tap-up");

    let way_out = remedy(&lab.try_run("tun-up").stderr);
    assert_eq!(way_out, "tap-down --dev tap0");
    lab.run(&way_out);
    lab.run("tun-up");

    // A device that is not of our making is not ours to take away.
    lab.run(
        "ip link add veth0 type veth peer name veth1 && ip route add unreachable 203.0.113.0/28",
    );
    lab.run("ip address add 198.51.100.5/24 dev veth0 && ip link set veth0 up");
    for address in ["198.51.100.1/30", "203.0.113.1/24"] {
        let refused = lab.try_run(&format!("tap-up --addr {address}"));
        assert_eq!(remedy(&refused.stderr), "in-netns", "{}", refused.stderr);
    }
}

#[test]
fn a_device_of_another_kind_is_left_alone() {
    let Some(lab) = Lab::new() else { return };
    lab.run("ip tuntap add dev tap0 mode tap && ip tuntap add dev tun0 mode tun");
    for (script, not) in [
        ("tun-up --dev tap0", "is no TUN device"),
        ("tun-down --dev tap0", "is no TUN device"),
        ("tun-up --dev lo", "is no TUN device"),
        ("tap-up --dev tun0", "is no TAP device"),
        ("tap-down --dev tun0", "is no TAP device"),
        ("tap-down --dev lo", "is no TAP device"),
    ] {
        let refused = lab.try_run(script);
        assert_eq!(refused.status, 1, "{script}");
        assert!(refused.stderr.contains(not), "{}", refused.stderr);
    }
    lab.run("ip link show dev tap0 && ip link show dev tun0 && ip link show dev lo");
}

#[test]
fn a_device_of_another_user_is_not_made_over() {
    let Some(lab) = Lab::with_other_users() else { return };
    for kind in ["tun", "tap"] {
        lab.run(&format!("{kind}-up --user nobody"));
        let refused = lab.try_run(&format!("{kind}-up --user root"));
        assert_eq!(refused.status, 1);
        let remedy = format!("not for root; take it away first: scripts/{kind}-down --dev {kind}0");
        assert!(refused.stderr.contains(&remedy), "{}", refused.stderr);
        lab.run(&format!("{kind}-down"));
    }
}

#[test]
fn a_device_that_a_program_is_attached_to_stays() {
    for (kind, options) in [("tun", ""), ("tap", "--tap")] {
        let Some(lab) = Lab::new() else { return };
        let serve = lab.serve(options);
        let refused = lab.try_run(&format!("{kind}-down"));
        assert_eq!(refused.status, 1);
        let why = format!("a program is attached to {kind}0; end it first");
        assert!(refused.stderr.contains(&why), "{}", refused.stderr);
        assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
        // A second run of the other script is no harm to who is attached.
        lab.run(&format!("{kind}-up && ping -c 1 192.0.2.2"));
        assert_eq!(serve.stop().status, 0);
        lab.run(&format!("{kind}-down"));
    }
}

#[test]
fn a_mistyped_option_is_one_line_and_status_2() {
    let Some(lab) = Lab::new() else { return };
    for script in [
        "tun-up --def tun0",
        "tun-up --dev",
        "tun-up --dev sixteen-letters-",
        "tun-up --user no-one",
        "tun-up --addr 192.0.2.x",
        "tun-up --peer 192.0.2.256",
        "tun-down tun0",
        "tap-up --peer 192.0.2.2",
        "tap-up --addr 192.0.2.1",
        "tap-up --addr 192.0.2.1/33",
        "tap-up --dev sixteen-letters-",
        "tap-down tap0",
        "wait-for-link",
        "wait-for-link tun0 soon",
        "setup --chekc",
        "setup netcat",
        "udp-test tun0",
        "in-netns",
    ] {
        let refused = lab.try_run(script);
        assert_eq!(refused.status, 2, "{script}: {}", refused.stderr);
        assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
    }
}

#[test]
fn what_a_client_wants_is_said_to_have_come() {
    for (script, came) in [
        ("udp-test", "nobody is at port 4242, and nc was told: port unreachable"),
        ("nc-test", "a megabyte arrived whole each way"),
        ("http-test", "ten megabytes came whole, by curl and by wget"),
        ("demo", "the ping was answered, both lines came back, and the page came"),
        ("arp-test", "5 of 5 ARP requests were answered by the stack"),
        ("traceroute-test", "one hop, by UDP, by ICMP and by TCP, on TUN and on TAP"),
    ] {
        let Some(lab) = Lab::new() else { return };
        let said = lab.run(script).stdout;
        assert!(said.contains(came), "{said}");
        assert!(said.contains("<- kernel") && said.contains("-> kernel"), "{said}");
    }
}

#[test]
fn what_a_client_misses_is_a_failure_and_named() {
    for (script, loss, missing) in [
        ("ping-test", "3", "4 of 5 echo requests were answered"),
        ("udp-test", "1", "sent 'hello, stack' and sent back ''"),
        ("arp-test", "4", "4 of 5 ARP requests were answered"),
        ("traceroute-test", "2", "did not see the stack as one hop: UDP on tun0, UDP on tap0"),
    ] {
        let Some(lab) = Lab::new() else { return };
        // The stack as ever, but one of its packets does not arrive.
        let options = format!("--loss frames:{loss} --faults-on out");
        lab.run(&format!("echo 'exec strata \"$@\" {options}' >lossy && chmod +x lossy"));
        let failed = lab.try_run(&format!("STRATA_BIN=./lossy {script}"));
        assert_eq!(failed.status, 1, "{script}: {}", failed.stderr);
        assert!(failed.stderr.contains(missing), "{script}: {}", failed.stderr);
    }
}

#[test]
fn a_service_that_does_not_answer_by_tcp_is_a_failure_and_named() {
    let Some(lab) = Lab::new() else { return };
    lab.run("echo 'exec strata \"$@\" --services discard' >deaf && chmod +x deaf");
    let failed = lab.try_run("STRATA_BIN=./deaf nc-test");
    assert_eq!(failed.status, 1, "{}", failed.stderr);
    assert!(failed.stderr.contains("sent 'hello, stack' and sent back ''"), "{}", failed.stderr);
}

#[test]
fn every_script_has_a_help() {
    let Some(lab) = Lab::new() else { return };
    for script in std::fs::read_dir(kernel_tests::project_folder().join("scripts")).unwrap() {
        let name = script.unwrap().file_name().into_string().unwrap();
        // What the others read is not run.
        if !name.ends_with(".sh") {
            let help = lab.run(&format!("{name} --help")).stdout;
            assert!(help.starts_with(&name) && help.lines().count() > 2, "{name}: {help}");
        }
    }
}

#[test]
fn a_private_network_may_stand_in_another_and_passes_the_exit_status_on() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let inner = lab.try_run("in-netns sh -c 'ls /sys/class/net; exit 7'");
    assert_eq!((inner.status, inner.stdout.as_str()), (7, "lo\n"));
}

#[test]
fn waiting_for_a_link_has_an_end() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let waited = lab.try_run("wait-for-link tun0 1");
    assert_eq!(waited.status, 1);
    assert!(waited.stderr.contains("no program attached to tun0"), "{}", waited.stderr);
}

#[test]
fn forbidden_namespaces_are_explained_with_the_command_that_mends_it() {
    let Some(lab) = Lab::new() else { return };
    // In a user namespace of its own, so that the rule holds for this test alone.
    let refused = lab.try_run(
        "unshare --user --map-user 1000 --keep-caps sh -c '
         echo 0 >/proc/sys/user/max_user_namespaces && exec in-netns true'",
    );
    assert_eq!(refused.status, 1, "{}", refused.stderr);
    let mended = "allow them: sudo sysctl -w user.max_user_namespaces=15000";
    assert!(refused.stderr.contains(mended), "{}", refused.stderr);
    assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
}
