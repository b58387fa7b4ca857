//! Whatever comes in, the stack lives and answers the next ping.

use kernel_tests::Lab;

const INJECT: &str = env!("CARGO_BIN_EXE_inject");

#[test]
fn a_hundred_thousand_wrong_packets_do_no_harm() {
    survives(100_000, "");
}

#[test]
fn nor_do_they_when_each_is_decoded_and_recorded() {
    survives(3_000, "-vv --pcap garbage.pcapng");
}

fn survives(count: u32, options: &str) {
    let Some(lab) = Lab::new() else { return };
    let mut serve = lab.serve(options);
    // Ends well only when every packet has been read.
    lab.run(&format!("{INJECT} tun0 garbage {count}"));

    assert!(serve.is_running());
    lab.run("ping -c 3 -i 0.01 192.0.2.2");
    let output = serve.stop();
    assert_eq!((output.status, output.stderr.as_str()), (0, ""));

    // What is dropped is counted, under several names, and never in silence.
    let counted = |name: &str| -> u64 {
        let line = output.stdout.lines().find(|line| line.split_whitespace().nth(1) == Some(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    assert!(counted("frames_received") >= u64::from(count) + 3);
    for name in [
        "not_ip",
        "ipv4_truncated",
        "ipv6_not_supported",
        "ipv4_bad_header_length",
        "ipv4_bad_total_length",
        "ipv4_cut_short",
        "ipv4_bad_checksum",
        "icmp_bad_checksum",
    ] {
        assert!(counted(name) > 0, "nothing was counted on {name}:\n{}", output.stdout);
    }
}
