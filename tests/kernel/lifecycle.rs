//! How a run begins and ends, and that it leaves nothing behind.

use std::fs;

use kernel_tests::{Lab, Output};

#[test]
fn the_carrier_comes_and_goes_with_serve() {
    let Some(lab) = Lab::new() else { return };
    let link = "ip -oneline link show dev tun0";
    lab.run("tun-up");
    assert!(lab.run(link).stdout.contains("NO-CARRIER"));
    let serve = lab.serve("");
    assert!(lab.run(link).stdout.contains("LOWER_UP"));
    assert_eq!(serve.stop().status, 0);
    assert!(lab.run(link).stdout.contains("NO-CARRIER"));
}

#[test]
fn ctrl_c_and_kill_both_end_it_with_a_summary() {
    let Some(lab) = Lab::new() else { return };
    for signal in ["INT", "TERM"] {
        let serve = lab.serve("");
        lab.run("ping -c 2 -i 0.01 192.0.2.2");
        serve.signal(signal);
        let Output { status, stdout, stderr } = serve.wait();
        assert_eq!((status, stderr.as_str()), (0, ""), "after SIG{signal}");
        let sent = stdout.lines().find(|line| line.contains(" icmp_echo_replies_sent "));
        assert_eq!(sent.and_then(|line| line.split_whitespace().next()), Some("2"), "{stdout}");
    }
}

#[test]
fn a_device_that_serve_made_itself_goes_with_it() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.spawn("strata serve --dev own0");
    serve.wait_for_line("attached to own0");
    lab.run("ip address add 192.0.2.1 peer 192.0.2.2 dev own0 && ip link set dev own0 up");
    lab.run("ping -c 1 192.0.2.2");
    assert_eq!(serve.stop().status, 0);
    assert_eq!(lab.run("ls /sys/class/net").stdout, "lo\n");
}

#[test]
fn a_second_serve_is_told_who_has_the_device() {
    let Some(lab) = Lab::new() else { return };
    let first = lab.serve("");
    let second = refused(&lab, "strata serve", 1);
    assert!(second.contains("tun0 is in use by"), "{second}");
    lab.run("ping -c 1 192.0.2.2");
    assert_eq!(first.stop().status, 0);
}

#[test]
fn a_device_that_is_deleted_ends_it_with_one_line() {
    let Some(lab) = Lab::new() else { return };
    for command in ["serve", "dump", "hold tun0"] {
        lab.run("tun-up");
        let strata = lab.spawn(&format!("strata {command}"));
        lab.run("wait-for-link tun0 && ip link delete dev tun0");
        let Output { status, stderr, .. } = strata.wait();
        assert_eq!(status, 1, "{command}: {stderr}");
        assert!(stderr.contains("deleted"), "{command}: {stderr}");
        assert_eq!(causes(&stderr), 1, "{command}: {stderr}");
    }
}

#[test]
fn bad_input_is_one_line_and_status_2() {
    let Some(lab) = Lab::new() else { return };
    for (command, named) in [
        ("serve --dev sixteen-letters-", "--dev"),
        ("serve --dev ''", "--dev"),
        ("serve --dev a/b", "--dev"),
        ("serve --addr 300.1.1.1", "--addr"),
        ("serve --addr 192.0.2.2/33", "--addr"),
        ("serve --mtu 67", "--mtu"),
        ("serve --mtu 65536", "--mtu"),
        ("serve --speed 9", "--speed"),
        ("dump --dev sixteen-letters-", "--dev"),
        ("hold sixteen-letters-", "NAME"),
        ("tun add sixteen-letters-", "NAME"),
        ("tun add tun0 --user no-such-user", "--user"),
        ("fly", "fly"),
    ] {
        let stderr = refused(&lab, &format!("strata {command}"), 2);
        assert_eq!(stderr.lines().count(), 1, "{command}: {stderr}");
        assert!(stderr.contains(named), "{command}: {stderr}");
    }
    assert_eq!(lab.run("ls /sys/class/net").stdout, "lo\n");
}

#[test]
fn what_cannot_be_done_is_one_line_with_a_remedy_and_status_1() {
    let Some(lab) = Lab::new() else { return };
    lab.run("strata tun add tap0 --tap");
    lab.run("tun-up");
    for (command, cause) in [
        ("serve --dev tap0", "tap0 is a TAP device"),
        ("serve --dev lo", "neither TUN nor TAP"),
        ("serve --addr 192.0.2.1/24", "192.0.2.1 is the kernel's own address on tun0"),
        ("serve --pcap no/such/folder/x.pcapng", "no/such/folder/x.pcapng"),
        ("tun show tun7", "there is no network interface tun7"),
    ] {
        let stderr = refused(&lab, &format!("strata {command}"), 1);
        assert!(stderr.contains(cause), "{command}: {stderr}");
        assert_eq!(causes(&stderr), 1, "{command}: {stderr}");
    }
}

#[test]
fn devices_that_stay_come_and_go_by_command() {
    let Some(lab) = Lab::new() else { return };
    for _ in 0..2 {
        lab.run("strata tun add tun5 --user 0");
    }
    let show = lab.run("strata tun show tun5").stdout;
    let words: Vec<&str> = show.split_whitespace().collect();
    for pair in [["name", "tun5"], ["persistent", "yes"], ["owner", "root"], ["carrier", "no"]] {
        assert!(words.windows(2).any(|words| words == pair), "{pair:?}: {show}");
    }
    for _ in 0..2 {
        lab.run("strata tun del tun5");
    }
    assert_eq!(lab.run("ls /sys/class/net").stdout, "lo\n");
}

#[test]
fn a_lab_leaves_nothing_behind() {
    let Some(lab) = Lab::new() else { return };
    let network = lab.run("readlink /proc/self/ns/net").stdout.trim().to_owned();
    let folder = lab.folder().to_owned();
    let serve = lab.serve("");
    lab.run("sh -c 'exec setsid sleep 1000' >/dev/null 2>&1 &");
    std::mem::forget(serve);
    assert!(processes_in(&network) >= 2);

    drop(lab);
    assert_eq!(processes_in(&network), 0);
    assert!(!folder.exists());
}

/// How many processes are in a network namespace, by its name in the kernel.
fn processes_in(network: &str) -> usize {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| fs::read_link(process.path().join("ns/net")).ok())
        .filter(|link| link.to_str() == Some(network))
        .count()
}

/// Runs what is to be refused with the given exit status, and returns what it says.
fn refused(lab: &Lab, command: &str, status: i32) -> String {
    let output = lab.try_run(command);
    assert_eq!(output.status, status, "{command}: {}", output.stderr);
    assert_eq!(output.stdout, "", "{command}");
    output.stderr
}

/// How many things are said to be wrong. What may follow is the remedy.
fn causes(stderr: &str) -> usize {
    stderr.lines().filter(|line| !line.trim_start().starts_with("remedy: ")).count()
}
