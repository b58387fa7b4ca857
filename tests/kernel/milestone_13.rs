//! Milestone 13, active-open: we call, and the kernel answers, refuses, or is silent.

use kernel_tests::Lab;

/// Waits until the kernel listens on a port.
fn wait_for_port(lab: &Lab, port: u16) {
    let asked = format!("until ss -Hltn 'sport = :{port}' | grep -q .; do sleep 0.05; done");
    lab.run(&format!("timeout 9 sh -c \"{asked}\""));
}

#[test]
fn our_nc_talks_to_the_kernels() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let server = lab.spawn("timeout 20 nc -l -N 192.0.2.1 9000");
    wait_for_port(&lab, 9000);
    let nc = lab.run("echo hello | timeout 9 strata nc -v -N 192.0.2.1 9000");
    for line in [
        "CLOSED -> SYN-SENT (the application connects)",
        "[SYN] seq 0 win 65535, 60 bytes: asks for a connection",
        "SYN-SENT -> ESTABLISHED (our SYN was acknowledged)",
    ] {
        assert!(nc.stderr.contains(line), "'{line}' is missing:\n{}", nc.stderr);
    }
    assert_eq!(server.wait().stdout, "hello\n");
}

#[test]
fn a_refusal_is_told_and_so_is_silence() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let refused = lab.try_run("timeout 9 strata nc -z -v 192.0.2.1 99");
    assert_eq!(refused.status, 1);
    assert!(refused.stderr.contains("SYN-SENT -> CLOSED (the peer refuses: RST)"));
    let silence = lab.try_run("timeout 9 strata nc -z -v -w 2 192.0.2.77 99");
    assert_eq!(silence.status, 1);
    assert!(silence.stderr.contains("60 bytes: again: timeout"), "{}", silence.stderr);
    assert!(silence.stderr.contains("no answer"), "{}", silence.stderr);
}

#[test]
fn our_get_fetches_a_file_from_a_server_on_the_kernel() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up; mkdir www; head -c 3000000 /dev/urandom >www/file");
    let server = "timeout 60 python3 -m http.server -b 192.0.2.1 -d www 8000";
    let _server = lab.spawn(server);
    wait_for_port(&lab, 8000);
    lab.run("timeout 30 strata get -o file http://192.0.2.1:8000/file; cmp file www/file");
}

#[test]
fn ports_and_sequence_numbers_follow_no_order() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    let call = || {
        let nc = lab.try_run("timeout 9 strata nc -z -vv 192.0.2.1 99");
        let value = |name: &str| -> u64 {
            let line = nc.stderr.lines().find(|line| line.contains(name)).unwrap_or_default();
            let value = line.split_whitespace().nth(3).and_then(|value| value.parse().ok());
            value.unwrap_or_else(|| panic!("no '{name}' in:\n{}", nc.stderr))
        };
        (value("source port"), value("sequence number"))
    };
    let calls: Vec<(u64, u64)> = (0..4).map(|_| call()).collect();
    let is_a_step = |two: &[(u64, u64)]| {
        let [(port, number), (next_port, next_number)] = two else { return true };
        port.abs_diff(*next_port) < 2 || number.abs_diff(*next_number) < 100_000
    };
    assert!(!calls.windows(2).all(is_a_step), "{calls:?}");
    assert!(calls.iter().all(|(port, _)| *port >= 1024), "{calls:?}");
}

#[test]
fn both_may_ask_at_once() {
    let Some(lab) = Lab::new() else { return };
    let shown = lab.run("strata sim tcp --open both --seed 1").stdout;
    assert_eq!(shown.matches("SYN-SENT -> SYN-RECEIVED (both sides asked at once)").count(), 2);
    assert_eq!(shown.matches("SYN-RECEIVED -> ESTABLISHED").count(), 2, "{shown}");
    assert!(shown.contains("bob's program sent 0 bytes and received 5000"), "{shown}");
}
