//! `strata socks`: an unmodified curl goes out through the stack.

use kernel_tests::{Lab, Process};

/// A lab in which www.example is 192.0.2.1, where the kernel's server offers the folder `www`.
fn lab() -> Option<Lab> {
    let lab = Lab::new()?;
    lab.run(
        "mkdir www && echo hello >www/small
         printf '127.0.0.1 localhost\\n192.0.2.1 www.example\\n' >hosts
         mount --bind hosts /etc/hosts",
    );
    Some(lab)
}

fn serve<'lab>(lab: &'lab Lab, options: &str) -> (Process<'lab>, Process<'lab>) {
    lab.run("tun-up");
    let server = lab.spawn("python3 -m http.server -d www -b 192.0.2.1 8000");
    let proxy = lab.spawn(&format!("strata socks {options}"));
    proxy.wait_for_line("goes out through it");
    lab.run("wait-for-link tun0; until nc -z 192.0.2.1 8000; do sleep 0.1; done");
    (proxy, server)
}

#[test]
fn curl_gets_a_page_by_address_and_by_name() {
    let Some(lab) = lab() else { return };
    let (proxy, server) = serve(&lab, "");
    for (how, host) in [
        ("--socks5", "192.0.2.1"),
        ("--socks5-hostname", "192.0.2.1"),
        ("--socks5", "www.example"),
        ("--socks5-hostname", "www.example"),
    ] {
        let page = lab.run(&format!("curl -sS {how} 127.0.0.1 http://{host}:8000/small")).stdout;
        assert_eq!(page, "hello\n", "{how} {host}");
    }
    // It is the stack that asked, not the kernel.
    let _ = server.wait_for_line("192.0.2.2 - - ");
    let summary = proxy.stop().stdout;
    assert!(summary.contains("  4  socks_connected"), "{summary}");
}

#[test]
fn what_cannot_be_is_declined_by_its_code() {
    let Some(lab) = lab() else { return };
    let (proxy, _server) = serve(&lab, "");
    // curl's own words end with the code.
    for (url, code) in [
        ("http://192.0.2.1:81/", "(5)"),
        ("http://nowhere.invalid/", "(4)"),
        ("http://255.255.255.255/", "(2)"),
        ("http://[2001:db8::1]/", "(8)"),
    ] {
        let curl = lab.try_run(&format!("curl -sS -g --socks5-hostname 127.0.0.1 '{url}'"));
        assert_ne!(curl.status, 0, "{url}");
        assert!(curl.stderr.contains(code), "{url}: {}", curl.stderr);
    }
    // UDP ASSOCIATE and BIND, byte for byte.
    for command in [2, 3] {
        let request = format!(
            "(printf '\\005\\001\\000'; sleep 0.2; \
             printf '\\005\\00{command}\\000\\001\\300\\000\\002\\001\\000\\120'; sleep 0.2) |
             timeout 5 nc -N 127.0.0.1 1080 | od -An -tx1"
        );
        assert_eq!(lab.run(&request).stdout.trim(), "05 00 05 07 00 01 00 00 00 00 00 00");
    }
    assert_eq!(proxy.stop().status, 0);
}

#[test]
fn a_hundred_megabytes_arrive_as_they_are_both_ways() {
    let Some(lab) = lab() else { return };
    lab.run("head -c 104857600 /dev/urandom >www/big; head -c 20000000 www/big >www/some");
    let (_proxy, _server) = serve(&lab, "");
    let curl = "timeout 60 curl -sS --socks5 127.0.0.1";
    lab.run(&format!(
        "test \"$({curl} http://192.0.2.1:8000/big | sha256sum)\" = \"$(sha256sum <www/big)\""
    ));
    let sink = lab.spawn("sh -c 'nc -l -N 192.0.2.1 9000 >received </dev/null'");
    lab.run("until ss -ltn | grep -q :9000; do sleep 0.05; done");
    // nc too speaks SOCKS5. The end of its input is carried on as an end.
    lab.run("timeout 60 nc -N -X 5 -x 127.0.0.1:1080 192.0.2.1 9000 <www/some");
    assert_eq!(sink.wait().status, 0);
    lab.run("cmp www/some received");
}

#[test]
fn fifty_at_once_get_each_their_page() {
    let Some(lab) = lab() else { return };
    let (proxy, _server) = serve(&lab, "");
    let curl = "curl -sS -m 20 --socks5-hostname 127.0.0.1 http://www.example:8000/small";
    let pages = lab.run(&format!("seq 50 | xargs -P 50 -I N {curl}")).stdout;
    assert_eq!(pages, "hello\n".repeat(50));
    let summary = proxy.stop().stdout;
    assert!(summary.contains("  50  socks_connected"), "{summary}");
}

#[test]
fn the_end_of_one_direction_leaves_the_other_open() {
    let Some(lab) = lab() else { return };
    let (_proxy, _server) = serve(&lab, "");
    // The server answers only when it has heard the end.
    let _waits = lab.spawn(
        "python3 -c 'import socket\nc = socket.create_server((\"192.0.2.1\", 9000)).accept()[0]\n\
         n = 0\nwhile b := c.recv(999): n += len(b)\nc.sendall(b\"heard %d\" % n)'",
    );
    lab.run("until ss -ltn | grep -q :9000; do sleep 0.05; done");
    let answer = lab.run("echo hello | timeout 10 nc -N -X 5 -x 127.0.0.1:1080 192.0.2.1 9000");
    assert_eq!(answer.stdout, "heard 6");
}

#[test]
fn garbage_at_the_port_gets_a_line_and_harms_nobody() {
    let Some(lab) = lab() else { return };
    let (proxy, _server) = serve(&lab, "--listen 127.0.0.1:1081");
    let nc = "timeout 5 nc -w 1 127.0.0.1 1081";
    lab.run(&format!("printf 'GET / HTTP/1.1\\r\\n\\r\\n' | {nc} || true"));
    proxy.wait_for_line("it speaks HTTP");
    lab.run(&format!("head -c 3000 /dev/zero | {nc} || true"));
    proxy.wait_for_line("it does not speak SOCKS5");
    lab.run("curl -sS --socks4 127.0.0.1:1081 http://192.0.2.1:8000/ || true");
    proxy.wait_for_line("it speaks SOCKS4");
    lab.run("curl -sS --socks5 127.0.0.1:1081 http://192.0.2.1:8000/small");
    let summary = proxy.stop().stdout;
    assert!(summary.contains("  3  socks_strangers"), "{summary}");
}

#[test]
fn an_address_that_cannot_be_listened_at_is_told_in_one_line() {
    let Some(lab) = lab() else { return };
    let refused = lab.try_run("strata socks --listen somewhere");
    assert!(refused.status == 2 && refused.stderr.contains("127.0.0.1:1080"), "{}", refused.stderr);
    let (_proxy, _server) = serve(&lab, "");
    lab.run("tun-up --dev tun1 --addr 198.51.100.1 --peer 198.51.100.2");
    for (at, text) in [("127.0.0.1", "another program does"), ("203.0.113.9", "no such address")] {
        let command = format!("strata socks --dev tun1 --addr 198.51.100.2/24 --listen {at}");
        let refused = lab.try_run(&command);
        assert_eq!(refused.status, 1, "{at}");
        assert!(refused.stderr.contains(text), "{at}: {}", refused.stderr);
    }
}

#[test]
fn the_script_shows_it() {
    let Some(lab) = Lab::new() else { return };
    let output = lab.run("socks-test");
    assert!(output.stdout.contains("and ten at once"), "{}", output.stdout);
}
