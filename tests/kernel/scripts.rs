//! The scripts: each can be run twice, undoes what it did when it fails, and says what is wrong.

use kernel_tests::Lab;

#[test]
fn the_device_comes_and_goes_however_often_it_is_asked_for() {
    let Some(lab) = Lab::new() else { return };
    let addresses = "ip -brief address";
    let nothing = lab.run(addresses).stdout;
    lab.run("tun-up");
    let once = lab.run(addresses).stdout;
    assert!(once.contains("192.0.2.1 peer 192.0.2.2"), "{once}");
    lab.run("tun-up");
    assert_eq!(lab.run(addresses).stdout, once);
    lab.run("tun-down");
    lab.run("tun-down");
    assert_eq!(lab.run(addresses).stdout, nothing);
}

#[test]
fn a_device_that_cannot_be_finished_is_not_left_behind() {
    let Some(lab) = Lab::new() else { return };
    assert_ne!(lab.try_run("tun-up --mtu 10").status, 0);
    assert_ne!(lab.try_run("ip link show dev tun0").status, 0);
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
fn what_is_no_tun_device_of_ours_is_left_alone() {
    let Some(lab) = Lab::new() else { return };
    lab.run("ip tuntap add dev tap0 mode tap");
    for script in ["tun-up --dev tap0", "tun-down --dev tap0", "tun-up --dev lo"] {
        let refused = lab.try_run(script);
        assert_eq!(refused.status, 1, "{script}");
        assert!(refused.stderr.contains("is no TUN device"), "{}", refused.stderr);
    }
    lab.run("ip link show dev tap0");
}

#[test]
fn a_mistyped_option_is_one_line_and_status_2() {
    let Some(lab) = Lab::new() else { return };
    for script in [
        "tun-up --def tun0",
        "tun-up --dev",
        "tun-up --dev sixteen-letters-",
        "tun-up --user no-one",
        "tun-down tun0",
        "wait-for-link",
        "wait-for-link tun0 soon",
        "setup --chekc",
        "in-netns",
    ] {
        let refused = lab.try_run(script);
        assert_eq!(refused.status, 2, "{script}: {}", refused.stderr);
        assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
    }
}

#[test]
fn every_script_has_a_help() {
    let Some(lab) = Lab::new() else { return };
    for script in std::fs::read_dir(kernel_tests::project_folder().join("scripts")).unwrap() {
        let name = script.unwrap().file_name().into_string().unwrap();
        if name != "common.sh" {
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
