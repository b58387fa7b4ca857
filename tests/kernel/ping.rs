//! The kernel's ping against the stack, in all the ways in which it can ask.

use kernel_tests::Lab;

#[test]
fn five_of_five() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("");
    let ping = lab.run("ping -c 5 -i 0.01 192.0.2.2");
    assert!(ping.stdout.contains("5 packets transmitted, 5 received"), "{}", ping.stdout);
    assert!(ping.stdout.contains("64 bytes from 192.0.2.2: icmp_seq=1 ttl=64"), "{}", ping.stdout);
    assert_eq!(serve.stop().status, 0);
}

#[test]
fn a_flood_loses_nothing() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("");
    let ping = lab.run("ping -q -f -c 20000 192.0.2.2");
    assert!(ping.stdout.contains("20000 packets transmitted, 20000 received"), "{}", ping.stdout);
    assert_eq!(serve.stop().status, 0);
}

#[test]
fn every_size_comes_back_byte_for_byte() {
    for options in ["", "--no-offload", "--tap"] {
        let Some(lab) = Lab::new() else { return };
        let serve = lab.serve(options);
        for size in [0, 1, 56, 1471, 1472, 1473, 8000, 65_507] {
            for pattern in ["ff", "00", "c0de"] {
                let ping = lab.run(&format!("ping -c 2 -i 0.01 -s {size} -p {pattern} 192.0.2.2"));
                // ping compares what comes back with what it sent, and says so if it differs.
                assert!(ping.stdout.contains(" 2 received"), "{}", ping.stdout);
                assert!(!ping.stdout.contains("wrong data byte"), "{}", ping.stdout);
                assert!(
                    ping.stdout.contains(&format!("{} bytes from", size + 8)),
                    "{}",
                    ping.stdout
                );
            }
        }
        assert_eq!(serve.stop().status, 0);
    }
}

#[test]
fn an_address_that_is_not_ours_is_not_answered() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("");
    lab.run("ip route add 192.0.2.3 dev tun0");
    assert_eq!(lab.try_run("ping -c 1 -W 1 192.0.2.3").status, 1);
    lab.run("ping -c 1 192.0.2.2");
    let summary = serve.stop().stdout;
    assert!(summary.contains("1  ipv4_not_for_us"), "{summary}");
}

#[test]
fn a_ping_without_offload_is_answered_too() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("--no-offload --mtu 600");
    lab.run("ping -c 2 -i 0.01 -s 572 192.0.2.2");
    assert_eq!(serve.stop().status, 0);
}
