//! `strata get`, with Python's http.server and canned answers at the kernel's end.

#![allow(clippy::expect_used, reason = "a test may panic")]

use kernel_tests::{BAD_LINK, Lab, Output, Process, long_transfer, lossy_transfer};

/// A lab with a device, and a folder `www`.
fn lab(options: &str) -> Option<Lab> {
    let lab = Lab::new()?;
    lab.run(if options.contains("--tap") { "tap-up" } else { "tun-up" });
    lab.run("mkdir www");
    Some(lab)
}

/// Python's server on the folder, at port 8000.
fn python(lab: &Lab) -> Process<'_> {
    let server = lab.spawn("python3 -m http.server -d www -b 192.0.2.1 8000");
    wait_for_port(lab);
    server
}

/// A server that gives `answer` to whoever asks at port 8000, and writes down what was asked.
fn canned<'lab>(lab: &'lab Lab, answer: &str) -> Process<'lab> {
    std::fs::write(lab.folder().join("answer"), answer).expect("the folder is ours");
    let answer = r#"sed "/^\r*$/q" >asked; cat answer"#;
    let server = lab.spawn(&format!("socat TCP-LISTEN:8000,reuseaddr,fork SYSTEM:'{answer}'"));
    wait_for_port(lab);
    server
}

fn wait_for_port(lab: &Lab) {
    lab.run("until ss -tln | grep -q ':8000 '; do sleep 0.02; done");
}

/// What `strata get` does with these options and this path.
#[track_caller]
fn get(lab: &Lab, options: &str, path: &str) -> Output {
    lab.try_run(&format!("timeout 60 strata get {options} http://192.0.2.1:8000/{path}"))
}

#[track_caller]
fn expect_failure(output: &Output, told: &str) {
    let Output { status, stderr, .. } = output;
    assert!(*status == 1 && stderr.contains(told), "status {status}: {stderr}");
    assert_eq!(stderr.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{stderr}");
}

#[test]
fn files_of_every_awkward_size_come_whole() {
    for way in ["", "--no-offload", "--tap"] {
        let Some(lab) = lab(way) else { return };
        let _server = python(&lab);
        for size in [0, 1, 1459, 1460, 1461, 3_000_000] {
            lab.run(&format!("head -c {size} /dev/urandom >www/file"));
            lab.run(&format!("strata get {way} -o got http://192.0.2.1:8000/file"));
            lab.run("cmp got www/file");
            lab.run(&format!("strata get {way} http://192.0.2.1:8000/file | cmp - www/file"));
        }
    }
}

#[test]
fn a_long_file_comes_whole() {
    let Some(lab) = lab("") else { return };
    let _server = python(&lab);
    lab.run(&format!("head -c {} /dev/urandom >www/file", long_transfer()));
    lab.run("timeout 300 strata get -o got http://192.0.2.1:8000/file");
    lab.run("test \"$(sha256sum <got)\" = \"$(sha256sum <www/file)\"");
}

#[test]
fn a_file_comes_whole_over_a_bad_link() {
    let Some(lab) = lab("") else { return };
    let _server = python(&lab);
    lab.run(&format!("head -c {} /dev/urandom >www/file", lossy_transfer()));
    lab.run(&format!("timeout 300 strata get {BAD_LINK} -o got http://192.0.2.1:8000/file"));
    lab.run("cmp got www/file");
}

#[test]
fn what_is_not_there_is_a_failure_that_leaves_no_file() {
    let Some(lab) = lab("") else { return };
    expect_failure(&get(&lab, "", ""), "nobody listens on the peer's port");
    let _server = python(&lab);
    let missing = get(&lab, "-o got", "missing");
    expect_failure(&missing, "http://192.0.2.1:8000/missing: 404 File not found");
    assert_eq!(missing.stdout, "");
    assert!(!lab.folder().join("got").exists());
}

#[test]
fn a_redirection_is_followed_but_not_for_ever() {
    let Some(lab) = lab("") else { return };
    let server = python(&lab);
    lab.run("mkdir www/folder; echo welcome >www/folder/index.html");
    // Python sends whoever leaves out the slash to where it stands.
    assert_eq!(get(&lab, "", "folder").stdout, "welcome\n");
    drop(server);

    let server = canned(&lab, "HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n");
    expect_failure(&get(&lab, "", ""), "http://192.0.2.1:8000/again: more than 10 redirections");
    drop(server);
    let _server = canned(&lab, "HTTP/1.1 301 Moved\r\nLocation: https://192.0.2.1/\r\n\r\n");
    expect_failure(&get(&lab, "", ""), "said to be at 'https://192.0.2.1/': https needs TLS");
}

#[test]
fn a_chunked_body_is_put_together() {
    let Some(lab) = lab("") else { return };
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let server =
        canned(&lab, &format!("{head}6\r\nhello,\r\n7;x=y\r\n world\n\r\n0\r\nA: b\r\n\r\n"));
    let got = get(&lab, "", "");
    assert_eq!((got.status, got.stdout.as_str()), (0, "hello, world\n"));
    drop(server);
    let _server = canned(&lab, &format!("{head}6\r\nhello,\r\n7\r\n wor"));
    let got = get(&lab, "", "");
    expect_failure(&got, "the connection ended before the answer did, after 10 bytes");
    assert_eq!(got.stdout, "hello, wor");
}

#[test]
fn what_came_half_is_gone_on_with() {
    let Some(lab) = lab("") else { return };
    let server = canned(&lab, "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello");
    expect_failure(&get(&lab, "-o got", "file"), "ended before the answer did, after 5 bytes");
    drop(server);
    let partial = "HTTP/1.1 206 Partial Content\r\nContent-Length: 8\r\n\
                   Content-Range: bytes 5-12/13\r\n\r\n, world\n";
    let server = canned(&lab, partial);
    assert_eq!(get(&lab, "-C - -o got", "file").status, 0);
    assert_eq!(lab.run("cat got").stdout, "hello, world\n");
    let asked = lab.run("cat asked").stdout;
    assert!(asked.starts_with("GET /file HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("\r\nRange: bytes=5-\r\n"), "{asked}");
    assert_eq!(get(&lab, "-C 5", "file").stdout, ", world\n");
    expect_failure(&get(&lab, "-C 6", "file"), "it sent other bytes than were asked for");
    drop(server);

    let all = "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\
               Content-Range: bytes */13\r\n\r\n";
    let server = canned(&lab, all);
    let got = get(&lab, "-C - -o got", "file");
    assert!(got.status == 0 && got.stderr.contains("the file is complete already"), "{got:?}");
    drop(server);

    // One that knows no ranges sends all, and so all is written.
    let _server = canned(&lab, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nother\n");
    let got = get(&lab, "-C - -o got", "file");
    assert!(got.status == 0 && got.stderr.contains("all or nothing"), "{got:?}");
    assert_eq!(lab.run("cat got").stdout, "other\n");
    expect_failure(&get(&lab, "-C 5", "file"), "all or nothing");
}

#[test]
fn what_is_no_http_is_told() {
    let Some(lab) = lab("") else { return };
    for (answer, told) in [
        ("SSH-2.0-nothing\r\n\r\n", "the answer is not HTTP"),
        ("", "the connection ended before the answer did"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "length cannot be read"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "coded as 'gzip'"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "size of a chunk"),
    ] {
        let _server = canned(&lab, answer);
        expect_failure(&get(&lab, "", ""), told);
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let Some(lab) = lab("") else { return };
    let _server = lab.spawn("nc -l 8000");
    wait_for_port(&lab);
    expect_failure(&get(&lab, "-w 0.5", ""), "nothing came for 0.5 s");
}

#[test]
fn a_slow_reader_gets_all_and_one_that_leaves_ends_it() {
    let Some(lab) = lab("") else { return };
    let _server = python(&lab);
    lab.run("head -c 8000000 /dev/urandom >www/file");
    let get = "strata get http://192.0.2.1:8000/file";
    lab.run(&format!("{get} | (sleep 1; cmp - www/file)"));
    let left = lab.run(&format!("bash -c '{get} | head -c 5 | wc -c; echo ${{PIPESTATUS[0]}}'"));
    assert_eq!(left.stdout, "5\n141\n", "as SIGPIPE would have it");
}

#[test]
fn a_command_line_that_makes_no_sense_is_told_in_one_line() {
    let Some(lab) = lab("") else { return };
    for (arguments, told) in [
        ("192.0.2.1", "does not begin with http://"),
        ("https://192.0.2.1/", "https needs TLS"),
        ("http://kernel/", "names are not resolved"),
        ("http://192.0.2.1:x/", "'x' is not a port"),
        ("-C - http://192.0.2.1/", "-o FILE"),
        ("-C x http://192.0.2.1/", "neither a number of bytes nor -"),
    ] {
        let said = lab.try_run(&format!("strata get {arguments}"));
        let line = said.stderr;
        assert_eq!((said.status, line.lines().count()), (2, 1), "{arguments}: {line}");
        assert!(line.starts_with("error: ") && line.contains(told), "{arguments}: {line}");
    }
}
