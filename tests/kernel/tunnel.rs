//! `strata tunnel`: two hosts and one virtual wire, over the kernel's own sockets.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use kernel_tests::{Lab, Process};

/// Two sites, with a key for both, and the beginning of every tunnel.
struct Sites {
    lab: Lab,
}

impl Sites {
    fn new(options: &str) -> Option<Self> {
        let lab = Lab::new()?;
        lab.run(&format!("two-sites-up {options}; head -c 32 /dev/urandom >key"));
        Some(Self { lab })
    }

    fn listen(&self, options: &str) -> Process<'_> {
        let listen = format!("strata tunnel --listen 203.0.113.1 {options}");
        let end = self.lab.spawn(&listen);
        end.wait_for_line("Ctrl-C ends it");
        end
    }

    fn connect(&self, options: &str) -> Process<'_> {
        self.lab.spawn(&format!("other-host far strata tunnel --connect 203.0.113.1 {options}"))
    }

    /// Both ends of a tunnel, joined.
    fn join(&self, options: &str) -> (Process<'_>, Process<'_>) {
        let here = self.listen(options);
        let there = self.connect(options);
        there.wait_for_line(": connected");
        here.wait_for_line(": connected");
        let device = if options.contains("--tap") { "tap0" } else { "tun0" };
        self.lab.run(&format!("wait-for-link {device} && other-host far wait-for-link {device}"));
        (here, there)
    }
}

fn counted(summary: &str, counter: &str) -> u64 {
    let line = summary.lines().find(|line| line.split_whitespace().nth(1) == Some(counter));
    let value = line.and_then(|line| line.split_whitespace().next());
    value.map_or(0, |value| value.parse().unwrap())
}

/// A shell behind nc in the far site; ten commands are typed, each after the last one's answer.
const SESSION: &str = r#"
mkfifo back
other-host far nc -l 192.0.2.2 2222 <back | sh >back &
bash -c 'until exec 3<>/dev/tcp/192.0.2.2/2222; do sleep 0.1; done 2>/dev/null
    for i in 1 2 3 4 5 6 7 8 9 10; do
        echo "echo answer \$((40 + $i))" >&3
        read -r -t 10 line <&3 && echo "$line"
    done'
rm back
"#;

#[test]
fn ping_a_session_and_iperf3_go_through_it() {
    for options in ["--key-file key", "--udp --key-file key", "", "--udp"] {
        let Some(sites) = Sites::new("") else { return };
        let (here, there) = sites.join(options);
        let lab = &sites.lab;
        let ping = lab.run("ping -c 5 -i 0.05 192.0.2.2").stdout;
        assert!(ping.contains(" 5 received"), "{options}: {ping}");
        // As long as the device allows.
        lab.run("ping -c 1 -s 1372 -M do 192.0.2.2");
        let answers: String = (41..=50).map(|number| format!("answer {number}\n")).collect();
        assert_eq!(lab.run(SESSION).stdout, answers, "{options}");
        let server = lab.spawn("other-host far iperf3 -s --forceflush");
        server.wait_for_line("Server listening");
        for way in ["", "-R"] {
            lab.run(&format!("timeout 20 iperf3 -c 192.0.2.2 -n 5M {way}"));
        }
        let (here, there) = (here.stop(), there.stop());
        for end in [here, there] {
            assert_eq!(end.status, 0, "{options}");
            assert!(counted(&end.stdout, "to_device") > 1000, "{options}: {}", end.stdout);
            for none in ["forged", "replayed", "peer_stalled", "device_queue_full", "not_a_frame"] {
                assert_eq!(counted(&end.stdout, none), 0, "{options}: {}", end.stdout);
            }
        }
    }
}

#[test]
fn ethernet_goes_through_it_with_its_arp() {
    for options in ["--tap --key-file key", "--tap --udp --key-file key"] {
        let Some(sites) = Sites::new("--tap") else { return };
        let (here, _there) = sites.join(options);
        sites.lab.run("ping -c 3 -i 0.05 192.0.2.2");
        let neighbour = sites.lab.run("ip neigh show 192.0.2.2 dev tap0").stdout;
        let theirs = sites.lab.run("other-host far cat /proc/self/net/arp; ip neigh").stdout;
        assert!(neighbour.contains("lladdr"), "{neighbour}{theirs}");
        assert_eq!(here.stop().status, 0);
    }
}

#[test]
fn another_key_is_refused_in_one_line_on_either_side() {
    for by in ["", "--udp"] {
        let Some(sites) = Sites::new("") else { return };
        sites.lab.run("head -c 32 /dev/urandom >other");
        let here = sites.listen(&format!("--key-file key {by}"));
        let there = sites.connect(&format!("--key-file other {by}"));
        let said = here.wait_for_line("has another key");
        assert!(said.contains("both ends need the same --key-file"), "{said}");
        there.wait_for_line("refuses our key");
        let _ = there.stop();
        // The right one is welcome all the same.
        let there = sites.connect(&format!("--key-file key {by}"));
        there.wait_for_line(": connected, sealed");
        let summary = here.stop().stdout;
        assert!(counted(&summary, "wrong_key") > 0, "{summary}");
        assert_eq!(counted(&summary, "peers_up"), 1, "{summary}");
    }
}

#[test]
fn an_end_without_a_key_does_not_get_in() {
    let Some(sites) = Sites::new("") else { return };
    let here = sites.listen("--key-file key");
    let there = sites.connect("");
    sites
        .lab
        .run("other-host far wait-for-link tun0; other-host far ping -c 1 -W 1 192.0.2.1 || true");
    here.wait_for_line("is no sealed tunnel");
    let _ = there.stop();
    let here = here.stop().stdout;
    assert_eq!((counted(&here, "not_a_tunnel"), counted(&here, "to_device")), (1, 0), "{here}");
}

#[test]
fn bad_arguments_are_told_in_one_line() {
    let Some(lab) = Lab::new() else { return };
    lab.run("head -c 31 /dev/urandom >short");
    let cases = [
        (
            "--listen 203.0.113.1 --key-file short",
            "it has 31 bytes, and a key has 32; make one: head -c 32 /dev/urandom >short",
        ),
        ("--listen 203.0.113.1 --key-file missing", "it cannot be read"),
        ("--listen nowhere", "such as 203.0.113.1 or 203.0.113.1:55555"),
        ("--listen 203.0.113.1 --connect 203.0.113.2", "cannot be used with"),
        ("", "--listen"),
    ];
    for (options, text) in cases {
        let output = lab.try_run(&format!("strata tunnel {options}"));
        assert_eq!(output.status, 2, "{options}");
        assert!(output.stderr.contains(text), "{options}: {}", output.stderr);
        assert_eq!(output.stderr.lines().count(), 1, "{options}: {}", output.stderr);
    }
    let output = lab.try_run("strata tunnel --dev tun7 --listen 203.0.113.1");
    assert_eq!(output.status, 1);
    assert!(output.stderr.contains("this host has no such address"), "{}", output.stderr);
    lab.run("two-sites-up");
    let _nc = lab.spawn("nc -l 203.0.113.1 55555");
    lab.run("until ss -ltn | grep -q 55555; do sleep 0.05; done");
    let output = lab.try_run("strata tunnel --listen 203.0.113.1");
    assert_eq!(output.status, 1);
    assert!(output.stderr.contains("another program does"), "{}", output.stderr);
}

#[test]
fn garbage_at_the_port_harms_nobody() {
    for options in ["", "--key-file key", "--udp --key-file key"] {
        let Some(sites) = Sites::new("") else { return };
        let (here, _there) = sites.join(options);
        let lab = &sites.lab;
        let ping = lab.spawn("ping -c 20 -i 0.05 192.0.2.2");
        let udp = if options.contains("--udp") { "-u" } else { "" };
        let nc = format!("timeout 5 other-host far nc -w 1 {udp} 203.0.113.1 55555");
        lab.run(&format!("printf 'GET / HTTP/1.1\\r\\n\\r\\n' | {nc} || true"));
        lab.run(&format!("head -c 1200 /dev/urandom | {nc} || true"));
        lab.run(&format!("printf '\\000\\000' | {nc} || true"));
        let ping = ping.wait().stdout;
        assert!(ping.contains(" 20 received"), "{options}: {ping}");
        let output = here.stop();
        assert_eq!(output.status, 0);
        let dropped = ["lying_length", "not_a_tunnel", "not_a_message", "no_session", "wrong_key"];
        let dropped: u64 = dropped.iter().map(|it| counted(&output.stdout, it)).sum();
        assert_eq!(dropped, 3, "{options}: {}", output.stdout);
        let lines = output.stdout.lines().filter(|line| line.contains(": dropped, ")).count();
        let expected = if options.contains("--udp") { 0 } else { 3 };
        assert_eq!(lines, expected, "{options}: {}", output.stdout);
    }
}

#[test]
fn when_one_end_is_started_anew_they_find_one_another_again() {
    for options in ["--key-file key", "--udp"] {
        let Some(sites) = Sites::new("") else { return };
        let there = sites.connect(options);
        there.wait_for_line("trying again");
        let here = sites.listen(options);
        there.wait_for_line(": connected");
        assert_eq!(here.stop().status, 0);
        let _here = sites.listen(options);
        sites.lab.run("wait-for-link tun0");
        sites.lab.run("for i in $(seq 60); do ping -c 1 -W 0.25 192.0.2.2 && exit; done; false");
        assert_eq!(there.stop().status, 0);
    }
}

/// A third host, at the end of a cable of its own, with tun0 for 192.0.2.3.
const THIRD_SITE: &str = r#"
ip link add wire1 type veth peer name wire1 netns $(other-host third --number)
ip address add 198.51.100.1/24 dev wire1 && ip link set wire1 up
other-host third ip address add 198.51.100.2/24 dev wire1
other-host third ip link set wire1 up
other-host third tun-up --addr 192.0.2.3 --peer 192.0.2.1 --mtu 1400
other-host third ip route add 192.0.2.2 dev tun0
other-host far ip route add 192.0.2.3 dev tun0
ip route add 192.0.2.3 dev tun0
"#;

#[test]
fn several_ends_join_one_listener() {
    for by in ["", "--udp"] {
        let Some(sites) = Sites::new("") else { return };
        let lab = &sites.lab;
        lab.run(THIRD_SITE);
        let here = lab.spawn(&format!("strata tunnel --listen 0.0.0.0 --key-file key {by}"));
        here.wait_for_line("Ctrl-C ends it");
        let second = sites.connect(&format!("--key-file key {by}"));
        let third = lab.spawn(&format!(
            "other-host third strata tunnel --connect 198.51.100.1 --key-file key {by}"
        ));
        second.wait_for_line(": connected");
        third.wait_for_line(": connected");
        lab.run("wait-for-link tun0; other-host far wait-for-link tun0; other-host third wait-for-link tun0");
        lab.run("ping -c 2 -i 0.05 192.0.2.2");
        lab.run("ping -c 2 -i 0.05 192.0.2.3");
        // From one to the other, past this host's kernel.
        let before = lab.counter("tun0", "rx_packets");
        lab.run("other-host far ping -c 3 -i 0.05 192.0.2.3");
        assert_eq!(lab.counter("tun0", "rx_packets"), before, "{by}");
        // When one leaves, the other stays.
        assert_eq!(third.stop().status, 0);
        lab.run("ping -c 2 -i 0.05 192.0.2.2");
        let summary = here.stop().stdout;
        assert_eq!(counted(&summary, "peers_up"), 2, "{summary}");
    }
}

#[test]
fn the_script_shows_it() {
    let Some(lab) = Lab::new() else { return };
    let output = lab.run("tunnel-test");
    assert!(output.stdout.contains("another key was refused"), "{}", output.stdout);
    assert_eq!(output.stderr.matches("3 received").count(), 0);
    assert_eq!(output.stdout.matches(" 3 received").count(), 2, "{}", output.stdout);
    let left = lab.run("two-sites-down; ip -oneline link show").stdout;
    assert_eq!(left.lines().filter(|line| line.contains(": <")).count(), 1, "{left}");
}

#[test]
fn what_a_bad_wire_does_can_be_measured() {
    let Some(lab) = Lab::new() else { return };
    let output = lab.run("tunnel-loss --seconds 1 --loss 1%");
    for by in ["tcp", "udp"] {
        let is_measured =
            |line: &&str| line.contains(&format!("by {by}: ")) && line.contains(" ms");
        let measured: Vec<&str> = output.stdout.lines().filter(is_measured).collect();
        assert_eq!(measured.len(), 1, "{}", output.stdout);
    }
}
