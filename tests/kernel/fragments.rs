//! Datagrams that fit no packet: cut by the kernel and by us, and put together again.

use kernel_tests::Lab;

const FRAGMENTS: &str = env!("CARGO_BIN_EXE_fragments");

#[test]
fn the_longest_pings_are_answered() {
    for medium in ["", "--tap"] {
        let Some(lab) = Lab::new() else { return };
        let serve = lab.serve(medium);
        let ping = lab.run("ping -q -c 100 -i 0.01 -s 65507 192.0.2.2");
        assert!(ping.stdout.contains("100 packets transmitted, 100 received"), "{}", ping.stdout);
        let summary = serve.stop().stdout;
        assert!(summary.contains("  100  ipv4_reassembled"), "{summary}");
        assert!(summary.contains("  100  icmp_echo_replies_sent"), "{summary}");
    }
}

#[test]
fn what_just_fits_is_not_cut() {
    for medium in ["", "--tap"] {
        let Some(lab) = Lab::new() else { return };
        let serve = lab.serve(medium);
        let ping = lab.run("ping -c 3 -i 0.01 -M do -s 1472 192.0.2.2");
        assert!(ping.stdout.contains("3 packets transmitted, 3 received"), "{}", ping.stdout);
        let summary = serve.stop().stdout;
        assert!(summary.contains("  3  ipv4_sent"), "{summary}");
        assert!(!summary.contains("ipv4_fragments"), "{summary}");
    }
}

#[test]
fn in_whatever_order_they_come_nothing_is_lost_or_mixed_up() {
    for (medium, device) in [("", "tun0"), ("--tap", "tap0")] {
        for order in ["in-order", "reversed", "shuffled", "duplicated", "interleaved"] {
            let Some(lab) = Lab::new() else { return };
            let serve = lab.serve(medium);
            // The device's queue is to hold all that is sent at once, however busy the stack is.
            lab.run(&format!("ip link set dev {device} txqueuelen 5000"));
            lab.run(&format!("{FRAGMENTS} {order}"));
            let summary = serve.stop().stdout;
            // 100 bytes are no fragments if cut at 1480, nor if cut at 512 or 488.
            assert!(summary.contains("  24  ipv4_reassembled"), "{order}: {summary}");
            assert!(summary.contains("  30  echo_answered"), "{order}: {summary}");
            let duplicates = summary.contains("ipv4_fragment_duplicate");
            assert_eq!(duplicates, order == "duplicated", "{order}: {summary}");
        }
    }
}
