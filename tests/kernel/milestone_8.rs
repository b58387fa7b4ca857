//! Milestone 8, handshake: from LISTEN to ESTABLISHED, a refusal for a closed port, and a queue
//! that is full.

use kernel_tests::Lab;

#[test]
fn a_port_that_is_listened_on_is_open_and_others_refuse() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("-v");
    lab.run("nc -z -w 5 192.0.2.2 7");
    let refused = lab.try_run("nc -z -v -w 5 192.0.2.2 99");
    assert_eq!(refused.status, 1);
    assert!(refused.stderr.contains("Connection refused"), "{}", refused.stderr);
    serve.wait_for_line("SYN-RECEIVED -> ESTABLISHED (our SYN was acknowledged)");
    let shown = serve.stop().stdout;
    let lines = [
        "[SYN] seq 0 win ",
        "LISTEN -> SYN-RECEIVED (a SYN came)",
        "[SYN, ACK] seq 0 ack 1 win 65535, 60 bytes: answers a SYN",
        "[ACK] seq 1 ack 1 win ",
        "SYN-RECEIVED -> ESTABLISHED (our SYN was acknowledged)",
        "[RST, ACK] seq 0 ack 1 win 0, 40 bytes: there is no such connection",
    ];
    let mut rest = shown.as_str();
    for line in lines {
        let found = rest.split_once(line);
        assert!(found.is_some(), "'{line}' is missing, or too early:\n{shown}");
        rest = found.unwrap_or_default().1;
    }
    assert!(shown.contains("   1  tcp_no_connection"), "{shown}");
}

#[test]
fn a_handshake_that_loses_segments_comes_to_its_end() {
    let Some(lab) = Lab::new() else { return };
    // The kernel's SYN, then our answer, then the kernel's ACK.
    let serve = lab.serve("-v --loss frames:1,2");
    lab.run("nc -z -v -w 9 192.0.2.2 7");
    serve.wait_for_line("SYN-RECEIVED -> ESTABLISHED");
    let shown = serve.stop().stdout;
    assert!(shown.contains("the link loses it"), "{shown}");
    assert!(shown.contains("[SYN, ACK] seq 0 ack 1 win 65535, 60 bytes: again: "), "{shown}");
}

#[test]
fn a_queue_that_is_full_keeps_nobody_out() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up");
    // One connection may be under way. Its SYN-ACK gets lost, and then its caller.
    let listener = lab.spawn("strata nc -l 4242 -v --faults-on out --loss frames:1");
    listener.wait_for_line("listening at");
    lab.run("wait-for-link tun0");
    lab.run("ip address add 192.0.2.9/32 dev tun0");
    let caller = lab.spawn("nc -s 192.0.2.9 192.0.2.2 4242");
    listener.wait_for_line("the link loses it");
    caller.signal("KILL");
    caller.wait();
    lab.run("ip address delete 192.0.2.9/32 dev tun0");

    lab.run("echo hello | nc -N 192.0.2.2 4242");
    let output = listener.wait();
    assert_eq!(output.stdout, "hello\n");
    let shown = output.stderr;
    assert!(shown.contains("(counter tcp_backlog_full)"), "{shown}");
    let (_, shown) = shown.split_once("answers a SYN by a cookie\n").unwrap_or_default();
    assert!(shown.contains("ESTABLISHED (our SYN was acknowledged)"), "{shown}");
}

#[test]
fn a_traceroute_by_tcp_ends_at_us() {
    let Some(lab) = Lab::new() else { return };
    let _serve = lab.serve("");
    // It sends SYNs and never opens a connection: an RST, or a SYN-ACK, will do.
    for port in [7, 99] {
        let hops = lab.run(&format!("traceroute -n -q 1 -N 1 -T -p {port} 192.0.2.2")).stdout;
        assert!(hops.contains("\n 1  192.0.2.2  "), "{hops}");
    }
}
