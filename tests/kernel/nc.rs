//! `strata nc` and the kernel's nc, each as client and as server; and socat, for what nc cannot.

use std::time::{Duration, Instant};

use kernel_tests::{BAD_LINK, Lab, Output, Process, long_transfer, lossy_transfer};

/// How the device and the stack may deal with each other.
const WAYS: [&str; 3] = ["", "--no-offload", "--tap"];

/// Sizes around one segment of an Ethernet-sized packet, and of none.
const SMALL: [usize; 5] = [0, 1, 1459, 1460, 1461];

/// A lab with a device, of the kind that the options ask for.
fn lab(options: &str) -> Option<Lab> {
    let lab = Lab::new()?;
    lab.run(if options.contains("--tap") { "tap-up" } else { "tun-up" });
    Some(lab)
}

/// The file `sent`, of so many bytes.
fn make_sent(lab: &Lab, size: usize) {
    lab.run(&format!("head -c {size} /dev/urandom >sent"));
}

/// Starts something that listens at a TCP port of the kernel, and waits until it does.
fn kernel_listens<'lab>(lab: &'lab Lab, port: u16, command: &str) -> Process<'lab> {
    let listener = lab.spawn(command);
    lab.run(&format!("until ss -tln | grep -q ':{port} '; do sleep 0.02; done"));
    listener
}

/// Starts `strata nc -l` with these options and waits until it listens.
fn strata_listens<'lab>(lab: &'lab Lab, options: &str) -> Process<'lab> {
    let listener = lab.spawn(&format!("sh -c 'strata nc -v -l {options}'"));
    listener.wait_for_line("listening at");
    let device = if options.contains("--tap") { "tap0" } else { "tun0" };
    lab.run(&format!("wait-for-link {device}"));
    listener
}

#[track_caller]
fn expect_success(what: &str, output: &Output) {
    let Output { status, stdout, stderr } = output;
    assert!(*status == 0, "{what} ended with {status}:\nstdout:\n{stdout}\nstderr:\n{stderr}");
}

/// The file goes from strata's nc to the kernel's.
fn send_to_kernel(lab: &Lab, options: &str, size: usize) {
    make_sent(lab, size);
    let listener = kernel_listens(lab, 4242, "sh -c 'exec nc -l 4242 >received'");
    lab.run(&format!("timeout 300 strata nc -N {options} 192.0.2.1 4242 <sent"));
    expect_success("nc -l", &listener.wait());
    lab.run("cmp sent received");
}

/// The file goes from the kernel's nc to strata's.
fn send_to_strata(lab: &Lab, options: &str, size: usize) {
    make_sent(lab, size);
    let listener = strata_listens(lab, &format!("{options} 4242 >received"));
    lab.run("timeout 300 nc -N 192.0.2.2 4242 <sent");
    expect_success("strata nc -l", &listener.wait());
    lab.run("cmp sent received");
}

#[test]
fn files_of_every_awkward_size_arrive_both_ways() {
    for way in WAYS {
        let Some(lab) = lab(way) else { return };
        for size in SMALL {
            send_to_kernel(&lab, way, size);
            send_to_strata(&lab, way, size);
        }
    }
}

#[test]
fn a_long_file_arrives_both_ways() {
    let Some(lab) = lab("") else { return };
    send_to_kernel(&lab, "", long_transfer());
    send_to_strata(&lab, "", long_transfer());
}

#[test]
fn without_offload_ten_megabytes_arrive_both_ways() {
    for way in ["--no-offload", "--tap --no-offload"] {
        let Some(lab) = lab(way) else { return };
        send_to_kernel(&lab, way, 10_000_000);
        send_to_strata(&lab, way, 10_000_000);
    }
}

#[test]
fn a_file_arrives_over_a_bad_link_both_ways() {
    let Some(lab) = lab("") else { return };
    send_to_kernel(&lab, BAD_LINK, lossy_transfer());
    send_to_strata(&lab, BAD_LINK, lossy_transfer());
}

#[test]
fn the_echo_service_sends_back_what_the_kernels_nc_sends() {
    for way in WAYS {
        let Some(lab) = Lab::new() else { return };
        let serve = lab.serve(way);
        for size in SMALL.into_iter().chain([3_000_000]) {
            make_sent(&lab, size);
            lab.run("timeout 60 nc -N 192.0.2.2 7 <sent >received");
            lab.run("cmp sent received");
        }
        let summary = serve.stop().stdout;
        assert!(summary.contains("   6  echo_accepted"), "{summary}");
    }
}

#[test]
fn after_its_half_close_strata_hears_the_answer() {
    let Some(lab) = lab("") else { return };
    make_sent(&lab, 500_000);
    // It answers when it has read all, as a program behind ssh would.
    let server = "socat TCP-LISTEN:4242 SYSTEM:'sha256sum; sleep 0.3; echo done'";
    let server = kernel_listens(&lab, 4242, server);
    let answer = lab.run("timeout 20 strata nc -N 192.0.2.1 4242 <sent").stdout;
    let sum = lab.run("sha256sum <sent").stdout;
    assert_eq!(answer, format!("{sum}done\n"));
    expect_success("socat", &server.wait());
}

#[test]
fn after_the_kernels_half_close_it_hears_what_strata_has_to_say() {
    let Some(lab) = lab("") else { return };
    make_sent(&lab, 3_000_000);
    let listener = strata_listens(&lab, "4242 <sent");
    lab.run("echo question | timeout 20 nc -N 192.0.2.2 4242 >received");
    let heard = listener.wait();
    expect_success("strata nc -l", &heard);
    assert!(heard.stdout.contains("question\n"), "{heard:?}");
    lab.run("cmp sent received");
}

#[test]
fn a_slow_reader_loses_nothing_at_either_end() {
    let Some(lab) = lab("") else { return };
    make_sent(&lab, 8_000_000);
    let slow = "(sleep 1; cat) >received";
    let listener = kernel_listens(&lab, 4242, &format!("sh -c 'nc -l 4242 | {slow}'"));
    lab.run("timeout 20 strata nc -N 192.0.2.1 4242 <sent");
    expect_success("nc -l", &listener.wait());
    lab.run("cmp sent received");

    let listener = strata_listens(&lab, &format!("4243 | {slow}"));
    lab.run("timeout 20 nc -N 192.0.2.2 4243 <sent");
    expect_success("strata nc -l", &listener.wait());
    lab.run("cmp sent received");
}

#[test]
fn what_is_typed_arrives_at_once_and_the_answer_too() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up; mkfifo typed");
    let echo = kernel_listens(&lab, 4242, "socat TCP-LISTEN:4242 PIPE");
    let nc = lab.spawn("sh -c 'strata nc -N 192.0.2.1 4242 <typed'");
    let typist = lab.spawn("sh -c 'exec >typed; echo one; sleep 0.5; echo two; exec sleep 60'");
    nc.wait_for_line("one");
    nc.wait_for_line("two");
    drop(typist);
    expect_success("socat", &echo.wait());
    drop(nc);
}

#[test]
fn with_keep_it_serves_one_after_the_other_and_without_only_one() {
    let Some(lab) = lab("") else { return };
    let listener = strata_listens(&lab, "-k 4242 </dev/null");
    for line in ["first", "second", "third"] {
        lab.run(&format!("echo {line} | timeout 10 nc -N 192.0.2.2 4242"));
        listener.wait_for_line(line);
    }
    listener.signal("TERM");
    drop(listener);
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up; mkfifo typed");
    let _listener = strata_listens(&lab, "4242");
    let _first = lab.spawn("sh -c 'nc 192.0.2.2 4242 <typed'");
    let _open = lab.spawn("sh -c 'exec sleep 60 >typed'");
    lab.run("until ss -tn | grep -q ESTAB.*:4242; do sleep 0.02; done; sleep 0.2");
    let refused = lab.try_run("timeout 10 nc -v -z 192.0.2.2 4242");
    assert!(refused.stderr.contains("Connection refused"), "{refused:?}");
}

#[test]
fn a_port_is_found_open_closed_or_silent() {
    let Some(lab) = lab("") else { return };
    let listener = kernel_listens(&lab, 4242, "nc -l -k 4242");
    let open = lab.try_run("strata nc -z -v 192.0.2.1 4242");
    expect_success("strata nc -z", &open);
    assert!(open.stderr.contains("connected to 192.0.2.1 port 4242"), "{open:?}");
    drop(listener);

    let closed = lab.try_run("strata nc -z 192.0.2.1 4243");
    let told = "error: no connection to 192.0.2.1 port 4243: nobody listens on the peer's port\n";
    assert_eq!((closed.status, closed.stderr.as_str()), (1, told));

    let begin = Instant::now();
    let silent = lab.try_run("strata nc -w 0.5 192.0.2.77 4243");
    let told = "error: no connection to 192.0.2.77 port 4243: no answer";
    assert!(silent.status == 1 && silent.stderr.contains(told), "{silent:?}");
    assert!(begin.elapsed() >= Duration::from_millis(500));
}

#[test]
fn an_idle_connection_ends_when_that_was_asked_for() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up; mkfifo typed");
    let listener = kernel_listens(&lab, 4242, "nc -l 4242");
    let _open = lab.spawn("sh -c 'exec sleep 60 >typed'");
    let idle = lab.run("strata nc -v -w 0.5 192.0.2.1 4242 <typed");
    assert!(idle.stderr.contains("nothing was carried"), "{idle:?}");
    // The peer was told.
    expect_success("nc -l", &listener.wait());
}

#[test]
fn the_source_port_is_the_one_that_was_asked_for() {
    let Some(lab) = lab("") else { return };
    let listener = kernel_listens(&lab, 4242, "nc -n -v -l 4242");
    lab.run("echo hello | strata nc -N -p 4711 192.0.2.1 4242");
    let heard = listener.wait();
    assert!(heard.stderr.contains("Connection received on 192.0.2.2 4711"), "{heard:?}");
    assert_eq!(heard.stdout, "hello\n");
}

#[test]
fn who_stops_reading_ends_it_and_the_peer_is_told() {
    let Some(lab) = lab("") else { return };
    make_sent(&lab, 5_000_000);
    let listener = kernel_listens(&lab, 4242, "sh -c 'nc -N -l 4242 <sent'");
    let read =
        lab.run("bash -c 'strata nc 192.0.2.1 4242 | head -c 5; echo \" ${PIPESTATUS[0]}\"'");
    assert!(read.stdout.ends_with(" 141\n"), "as SIGPIPE would have it: {read:?}");
    let _ended = listener.wait();
}

#[test]
fn ctrl_c_ends_it_and_the_peer_is_told() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up; mkfifo typed");
    let listener = kernel_listens(&lab, 4242, "nc -l 4242");
    let _open = lab.spawn("sh -c 'exec sleep 60 >typed'");
    let nc = lab.spawn("sh -c 'exec strata nc -v 192.0.2.1 4242 <typed'");
    nc.wait_for_line("connected to");
    let interrupted = nc.stop();
    assert_eq!(interrupted.status, 130, "{interrupted:?}");
    let _ended = listener.wait();
}

#[test]
fn datagrams_go_both_ways() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up; mkfifo typed");
    let listener = lab.spawn("sh -c 'exec nc -u -l 4242'");
    lab.run("until ss -uln | grep -q ':4242 '; do sleep 0.02; done");
    lab.run("(echo one; sleep 0.2; echo two) | strata nc -u -w 1 192.0.2.1 4242");
    listener.wait_for_line("two");
    drop(listener);

    let listener = lab.spawn("sh -c 'exec strata nc -v -u -l 4243 <typed'");
    let typist = lab.spawn("sh -c 'exec >typed; sleep 1; echo answer; exec sleep 60'");
    listener.wait_for_line("listening at");
    lab.run("wait-for-link tun0");
    let asked = lab.run("echo question | nc -u -w 3 192.0.2.2 4243").stdout;
    listener.wait_for_line("question");
    assert_eq!(asked, "answer\n");
    drop(typist);
}

#[test]
fn with_keep_everybody_is_heard_by_udp() {
    let Some(lab) = lab("") else { return };
    let listener = lab.spawn("strata nc -v -k -u -l 4242");
    listener.wait_for_line("listening at");
    lab.run("wait-for-link tun0");
    for line in ["first", "second"] {
        lab.run(&format!("echo {line} | nc -u -w 1 192.0.2.2 4242"));
        listener.wait_for_line(line);
    }
}

#[test]
fn by_udp_a_closed_port_is_told_and_an_open_one_is_not() {
    let Some(lab) = lab("") else { return };
    let closed = lab.try_run("strata nc -u -z 192.0.2.1 4242");
    assert!(closed.status == 1 && closed.stderr.contains("nobody listens"), "{closed:?}");
    let closed = lab.try_run("echo hello | strata nc -u -w 2 192.0.2.1 4242");
    assert!(closed.status == 1 && closed.stderr.contains("nobody listens"), "{closed:?}");
    let _listener = lab.spawn("nc -u -l 4242");
    lab.run("until ss -uln | grep -q ':4242 '; do sleep 0.02; done");
    lab.run("strata nc -u -z 192.0.2.1 4242");
}

#[test]
fn a_command_line_that_makes_no_sense_is_told_in_one_line() {
    let Some(lab) = lab("") else { return };
    for (arguments, told) in [
        ("4242", "such as strata nc 192.0.2.1 4242"),
        ("192.0.2.1", "such as strata nc 192.0.2.1 4242"),
        ("-l 192.0.2.2", "such as strata nc -l 4242"),
        ("192.0.2.1 65536", "a number from 1 to 65535"),
        ("192.0.2.1 0", "a number from 1 to 65535"),
        ("224.0.0.1 7", "not the address of a single host"),
        ("kernel 7", "neither an IPv4 address nor a port"),
        ("-k 192.0.2.1 7", "--listen"),
        ("-w 0 192.0.2.1 7", "a number of seconds above 0"),
    ] {
        let said = lab.try_run(&format!("strata nc {arguments}"));
        let line = said.stderr;
        assert_eq!((said.status, line.lines().count()), (2, 1), "{arguments}: {line}");
        assert!(line.starts_with("error: ") && line.contains(told), "{arguments}: {line}");
    }
}
