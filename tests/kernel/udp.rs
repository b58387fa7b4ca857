//! The kernel's programs use the stack's services by UDP.

use kernel_tests::{Lab, Output};

const UDP_CLIENT: &str = env!("CARGO_BIN_EXE_udp-client");

#[test]
fn a_thousand_datagrams_of_every_length_come_back_byte_for_byte() {
    for options in ["", "--no-offload", "--tap", "--tap --no-offload"] {
        let Some(lab) = Lab::new() else { return };
        let serve = lab.serve(options);
        lab.run(&format!("{UDP_CLIENT} echo 192.0.2.2:7 1000"));
        let summary = serve.stop().stdout;
        assert!(summary.contains("  1000  echo_answered"), "{options}: {summary}");
    }
}

#[test]
fn with_offload_datagrams_come_and_go_together() {
    for options in ["", "--tap", "--no-offload", "--tap --no-offload"] {
        let Some(lab) = Lab::new() else { return };
        let is_offered = lab.kernel_is_at_least("6.2");
        let frames = if is_offered && !options.contains("--no-offload") { 1 } else { 20 };
        let serve = lab.serve(options);
        lab.run(&format!("{UDP_CLIENT} together 192.0.2.2:7 20"));
        let summary = serve.stop().stdout;
        for counted in ["20  udp_received", "20  udp_sent"] {
            assert!(summary.contains(&format!("  {counted} ")), "{options}: {summary}");
        }
        let ipv4_sent = format!("  {frames}  ipv4_sent ");
        assert!(summary.contains(&ipv4_sent), "{options}: {summary}");
    }
}

#[test]
fn nc_gets_back_what_it_sends() {
    let Some(lab) = Lab::new() else { return };
    let _serve = lab.serve("");
    for size in [1, 1472, 1473, 16_000] {
        lab.run(&format!("head -c {size} /dev/urandom >sent"));
        // With nothing left to send it waits for a second.
        lab.run("nc -u -w 1 192.0.2.2 7 <sent >received; cmp sent received");
    }
}

#[test]
fn nobody_at_a_port_is_told_to_who_asked() {
    for medium in ["", "--tap"] {
        let Some(lab) = Lab::new() else { return };
        let serve = lab.serve(medium);
        let refused = lab.run(&format!("{UDP_CLIENT} refused 192.0.2.2:4242")).stdout;
        assert!(refused.starts_with("Connection refused"), "{refused}");
        assert_eq!(lab.try_run("nc -u -v -z -w 1 192.0.2.2 7").status, 0);
        assert_eq!(lab.try_run("nc -u -v -z -w 1 192.0.2.2 4242").status, 1);
        assert!(serve.stop().stdout.contains("  udp_no_socket"));
    }
}

#[test]
fn a_service_that_is_not_offered_is_a_closed_port() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("--services discard");
    lab.run(&format!("{UDP_CLIENT} refused 192.0.2.2:7"));
    assert_eq!(serve.stop().status, 0);
    let _none = lab.serve("--services=");
    lab.run(&format!("{UDP_CLIENT} refused 192.0.2.2:9"));
}

#[test]
fn each_service_does_what_its_name_says() {
    let Some(lab) = Lab::new() else { return };
    // With this seed chargen's first answer is not an empty one.
    let serve = lab.serve("--seed 1");
    let ask = |port| lab.run(&format!("echo anything | nc -u -w 1 192.0.2.2 {port}")).stdout;

    assert_eq!(ask(7), "anything\n");
    assert_eq!(ask(9), "", "discard answers nothing");
    let year = lab.run("date +%Y").stdout;
    let daytime = ask(13);
    assert!(daytime.contains(year.trim()) && daytime.lines().count() == 1, "{daytime}");
    let chargen = ask(19);
    assert!(chargen.starts_with(" !\"#$%&'()*+,-./0123456789"), "{chargen}");
    assert!(chargen.len() <= 512, "{chargen}");

    let summary = serve.stop().stdout;
    for counted in ["echo_answered", "discard_without_answer", "daytime_answered"] {
        assert!(summary.contains(&format!("  1  {counted}")), "{summary}");
    }
}

#[test]
fn services_do_not_answer_each_others_ports() {
    let Some(lab) = Lab::new() else { return };
    let serve = lab.serve("");
    for (from, to) in [(19, 7), (7, 19), (7, 7), (13, 7)] {
        let nc = lab.run(&format!("echo anything | nc -u -p {from} -w 1 192.0.2.2 {to}"));
        assert_eq!(nc.stdout, "", "from port {from} to {to}");
    }
    let summary = serve.stop().stdout;
    assert!(summary.contains("  3  echo_from_service"), "{summary}");
    assert!(summary.contains("  1  chargen_from_service"), "{summary}");
}

#[test]
fn who_fills_in_the_checksum_can_be_seen_on_the_device() {
    for (options, filled_in) in [("", 0), ("--no-offload", 2)] {
        let Some(lab) = Lab::new() else { return };
        let _serve = lab.serve(options);
        let tcpdump = lab.spawn("tcpdump -n -vv -c 2 -i tun0 udp");
        tcpdump.wait_for_line("listening on tun0");
        lab.run(&format!("{UDP_CLIENT} insist 192.0.2.2:7 1"));
        // A checksum that the device has yet to fill in looks wrong to tcpdump, both ways.
        let Output { stdout, .. } = tcpdump.wait();
        assert_eq!(stdout.matches("192.0.2.2.7").count(), 2, "{stdout}");
        assert_eq!(stdout.matches("[udp sum ok]").count(), filled_in, "{options}: {stdout}");
    }
}

#[test]
fn on_a_bad_link_who_asks_often_enough_is_answered() {
    for options in [
        "--loss 20% --seed 7",
        "--corrupt 20% --seed 7",
        "--duplicate 20% --reorder 20% --delay 5ms --seed 7",
        "--tap --loss 20% --seed 7",
    ] {
        let Some(lab) = Lab::new() else { return };
        let serve = lab.serve(options);
        lab.run(&format!("{UDP_CLIENT} insist 192.0.2.2:7 100"));
        assert_eq!(serve.stop().status, 0, "{options}");
    }
}
