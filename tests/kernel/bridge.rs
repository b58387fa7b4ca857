//! A TAP device in a bridge: the stack at one port of a switch, other hosts at the others.

use kernel_tests::Lab;

/// Without what changes by itself, such as which link has just come up.
const STATE: &str = "ip -4 -oneline addr; ip -4 route show table all | sed 's/ *linkdown//'; \
                     ls /sys/class/net; ip -oneline link | grep -o 'master [^ ]*'; true";

#[test]
fn a_stack_that_answers_one_question_less_is_noticed() {
    let Some(lab) = Lab::new() else { return };
    lab.run("echo 'exec strata \"$@\" --loss frames:2 --faults-on out' >lossy && chmod +x lossy");
    let failed = lab.try_run("STRATA_BIN=$PWD/lossy bridge-test");
    assert_eq!(failed.status, 1);
    assert!(failed.stderr.contains("by ip: 2 of 3 ARP requests"), "{}", failed.stderr);
}

#[test]
fn it_comes_and_goes_however_often_it_is_asked_for() {
    let Some(lab) = Lab::new() else { return };
    let nothing = lab.run(STATE).stdout;
    for with in ["ip", "brctl"] {
        lab.run(&format!("bridge-up --with {with}"));
        let once = lab.run(STATE).stdout;
        assert!(once.contains("master br0"), "{once}");
        lab.run(&format!("bridge-up --with {with}"));
        assert_eq!(lab.run(STATE).stdout, once);
        lab.run("bridge-down && bridge-down");
        assert_eq!(lab.run(STATE).stdout, nothing);
    }
    // Also when its far end has been carried away, and with other names and addresses.
    lab.run("bridge-up --dev t --bridge b --veth v --addr 198.51.100.1/28");
    lab.run("ip link set v-far netns \"$(other-host far --number)\"");
    lab.run("bridge-up --dev t --bridge b --veth v --addr 198.51.100.1/28");
    lab.run("bridge-down --bridge b");
    assert_eq!(lab.run(STATE).stdout.lines().count(), nothing.lines().count());
    assert_eq!(lab.try_run("other-host far ip link show dev v-far").status, 1);
}

#[test]
fn what_others_have_is_left_alone() {
    let Some(lab) = Lab::new() else { return };
    for (before, script, status, why) in [
        ("true", "bridge-up --with magic", 2, "--with is ip or brctl"),
        ("true", "bridge-up --dev br0", 2, "names must differ"),
        ("true", "bridge-up --veth twelve-chars", 2, "at most 15"),
        ("true", "bridge-up --addr 192.0.2.1", 2, "the length of its network's prefix"),
        ("true", "bridge-up --user no-one", 2, "there is no user"),
        ("true", "bridge-down br0", 2, "'br0' is not an option"),
        ("tun-up", "bridge-up", 1, "is taken"),
        ("tun-down && ip link add br0 type bridge", "bridge-up", 1, "choose another name"),
        ("true", "bridge-down", 1, "not of bridge-up's making"),
    ] {
        lab.run(before);
        let state = lab.run(STATE).stdout;
        let refused = lab.try_run(script);
        assert_eq!(refused.status, status, "{script}: {}", refused.stderr);
        assert!(refused.stderr.contains(why), "{script}: {}", refused.stderr);
        assert_eq!(refused.stderr.lines().count(), 1, "{script}: {}", refused.stderr);
        assert_eq!(lab.run(STATE).stdout, state, "{script}");
    }
}

#[test]
fn ports_of_others_stay_and_so_does_a_device_in_use() {
    let Some(lab) = Lab::new() else { return };
    lab.run("bridge-up && ip link add own0 type veth peer name own1");
    lab.run("ip link set own0 master br0");
    let serve = lab.spawn("strata serve --tap");
    lab.run("wait-for-link tap0");
    let refused = lab.try_run("bridge-down");
    assert_eq!(refused.status, 1);
    assert!(refused.stderr.contains("a program is attached to tap0"), "{}", refused.stderr);
    assert_eq!(serve.stop().status, 0);
    lab.run("bridge-down");
    assert_eq!(lab.run("ls /sys/class/net").stdout, "lo\nown0\nown1\n");
}
