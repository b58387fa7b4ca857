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
fn a_traceroute_by_tcp_ends_at_us() {
    let Some(lab) = Lab::new() else { return };
    let _serve = lab.serve("");
    // It sends SYNs and never opens a connection: an RST, or a SYN-ACK, will do.
    for port in [7, 99] {
        let hops = lab.run(&format!("traceroute -n -q 1 -N 1 -T -p {port} 192.0.2.2")).stdout;
        assert!(hops.contains("\n 1  192.0.2.2  "), "{hops}");
    }
}
