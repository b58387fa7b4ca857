//! curl, wget and others fetch from `strata serve --http`.

use kernel_tests::{BAD_LINK, Lab, Process, long_transfer, lossy_transfer};

/// A lab that serves its folder `www`, and other options beside.
fn serve<'lab>(lab: &'lab Lab, options: &str) -> Process<'lab> {
    lab.run("mkdir -p www");
    lab.serve(&format!("--http www {options}"))
}

/// The file of that name in `www`, of so many bytes.
fn make_file(lab: &Lab, name: &str, size: usize) {
    lab.run(&format!("mkdir -p www; head -c {size} /dev/urandom >www/{name}"));
}

/// What curl prints, with these options, for that path.
#[track_caller]
fn curl(lab: &Lab, options: &str, path: &str) -> String {
    lab.run(&format!("curl -sS --max-time 300 {options} http://192.0.2.2/{path}")).stdout
}

#[test]
fn files_of_every_awkward_size_come_whole_by_curl_and_by_wget() {
    for way in ["", "--no-offload", "--tap"] {
        let Some(lab) = Lab::new() else { return };
        let server = serve(&lab, way);
        for size in [0, 1, 1459, 1460, 1461, 3_000_000] {
            make_file(&lab, "file", size);
            curl(&lab, "-o got", "file");
            lab.run("cmp got www/file");
            lab.run("wget -q -T 30 -t 1 -O got http://192.0.2.2/file; cmp got www/file");
        }
        let summary = server.stop().stdout;
        assert!(summary.contains("  12  http_accepted"), "{summary}");
    }
}

#[test]
fn a_long_file_comes_whole_and_is_never_in_memory() {
    let Some(lab) = Lab::new() else { return };
    let server = serve(&lab, "");
    make_file(&lab, "file", long_transfer());
    curl(&lab, "-o got", "file");
    lab.run("test \"$(sha256sum <got)\" = \"$(sha256sum <www/file)\"");
    let peak = server.peak_memory();
    assert!(peak < 64 << 20, "{peak} bytes");
}

#[test]
fn a_file_comes_whole_over_a_bad_link() {
    let Some(lab) = Lab::new() else { return };
    let _server = serve(&lab, BAD_LINK);
    make_file(&lab, "file", lossy_transfer());
    curl(&lab, "-o got", "file");
    lab.run("cmp got www/file");
}

#[test]
fn parts_are_fetched_and_what_came_half_is_gone_on_with() {
    let Some(lab) = Lab::new() else { return };
    let _server = serve(&lab, "");
    make_file(&lab, "file", 1_000_000);
    let code = "-o got -w %{http_code}";
    assert_eq!(curl(&lab, &format!("{code} -r 1000-1999"), "file"), "206");
    lab.run("head -c 2000 www/file | tail -c 1000 | cmp - got");
    assert_eq!(curl(&lab, &format!("{code} -r -500"), "file"), "206");
    lab.run("tail -c 500 www/file | cmp - got");
    assert_eq!(curl(&lab, &format!("{code} -r 1000000-"), "file"), "416");

    for resume in
        ["curl -sS -C - -o got http://192.0.2.2/file", "wget -q -c -O got http://192.0.2.2/file"]
    {
        lab.run("head -c 123456 www/file >got");
        lab.run(resume);
        lab.run("cmp got www/file");
    }
    // What has come whole is not fetched again.
    lab.run("touch -r www/file got");
    let code = "-o nothing -w '%{http_code} %{size_download}' -z got";
    assert_eq!(curl(&lab, code, "file"), "304 0");
}

#[test]
fn fifty_at_once_all_get_theirs() {
    let Some(lab) = Lab::new() else { return };
    let server = serve(&lab, "");
    make_file(&lab, "file", 1_000_000);
    let fetch = "curl -sS --max-time 60 http://192.0.2.2/file | cmp - www/file && echo whole";
    let whole = lab.run(&format!("seq 50 | xargs -P 50 -I@ sh -c '{fetch}'")).stdout;
    assert_eq!(whole, "whole\n".repeat(50));
    assert!(server.stop().stdout.contains("  50  http_accepted"));
}

#[test]
fn one_connection_serves_many_requests() {
    let Some(lab) = Lab::new() else { return };
    let server = serve(&lab, "");
    make_file(&lab, "a", 5);
    make_file(&lab, "b", 500_000);
    let many = "-o got -o got -o got -w '%{num_connects} ' http://192.0.2.2/a http://192.0.2.2/b";
    assert_eq!(curl(&lab, many, "a"), "1 0 0 ");
    assert_eq!(curl(&lab, &format!("-H 'Connection: close' {many}"), "a"), "1 1 1 ");

    // Requests sent ahead, by the kernel's nc, which then closes its side.
    let request = |path| format!("GET /{path} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n");
    let together = ["a", "missing", "b"].map(request).concat();
    lab.run(&format!("printf '{together}' | timeout 20 nc -N 192.0.2.2 80 >got"));
    let answers = lab.run("grep -a -o 'HTTP/1.1 [0-9]*' got").stdout;
    assert_eq!(answers, "HTTP/1.1 200\nHTTP/1.1 404\nHTTP/1.1 200\n");
    lab.run("tail -c 500000 got | cmp - www/b");
    assert!(server.stop().stdout.contains("   5  http_accepted"));
}

#[test]
fn head_tells_what_get_would() {
    let Some(lab) = Lab::new() else { return };
    let _server = serve(&lab, "");
    make_file(&lab, "page.html", 1234);
    let head = curl(&lab, "-I", "page.html");
    for field in ["HTTP/1.1 200 OK", "Content-Length: 1234", "Content-Type: text/html"] {
        assert!(head.contains(field), "{head}");
    }
    let modified = lab.run("date -u -r www/page.html '+%a, %d %b %Y %H:%M:%S GMT'").stdout;
    assert!(head.contains(&format!("Last-Modified: {}\r\n", modified.trim())), "{head}");
    let date = head.lines().find_map(|line| line.strip_prefix("Date: ")).unwrap_or_default();
    let age = lab.run(&format!("echo $(($(date +%s) - $(date -d '{date}' +%s)))")).stdout;
    assert!(matches!(age.trim().parse(), Ok(0..=30)), "{age} seconds old: {head}");
}

#[test]
fn a_folder_is_its_index_or_a_list() {
    let Some(lab) = Lab::new() else { return };
    let _server = serve(&lab, "");
    lab.run("mkdir -p 'www/a b' www/indexed; echo index >www/indexed/index.html");
    lab.run("echo there >'www/a b/c#d'");
    let list = curl(&lab, "", "");
    assert!(list.contains("<a href=\"./a%20b/\">a b/</a>"), "{list}");
    assert_eq!(curl(&lab, "", "a%20b/c%23d"), "there\n");
    assert_eq!(curl(&lab, "-L", "indexed"), "index\n");
    assert_eq!(curl(&lab, "-o got -w %{redirect_url}", "a%20b"), "http://192.0.2.2/a%20b/");
}

#[test]
fn nothing_outside_the_folder_is_to_be_had() {
    let Some(lab) = Lab::new() else { return };
    let _server = serve(&lab, "");
    lab.run("echo secret >secret; ln -s ../secret www/link; ln -s .. www/up; mkfifo www/pipe");
    let code = "--path-as-is -o got -w %{http_code}";
    for path in [
        "../secret",
        "x/../../secret",
        "%2e%2e/secret",
        "..%2fsecret",
        "link",
        "up/secret",
        "up/",
        "pipe",
        "%00",
        "%",
    ] {
        assert_eq!(curl(&lab, code, path), "404", "{path}");
    }
    assert_eq!(curl(&lab, "-o got -w %{http_code} -X POST -d x", ""), "405");
    assert_eq!(curl(&lab, "-o got -w %{http_code} -X BREW", ""), "501");
    let long = format!("-o got -w %{{http_code}} -H 'A: {}'", "x".repeat(20_000));
    assert_eq!(curl(&lab, &long, ""), "431");
}

#[test]
fn who_does_not_take_what_it_asked_for_costs_little_and_stops_nobody() {
    let Some(lab) = Lab::new() else { return };
    let server = serve(&lab, "");
    // A file that takes no room on the disk.
    lab.run("truncate -s 1G www/huge; echo small >www/small");
    let ask = r#"(printf "GET /huge HTTP/1.1\r\nHost: x\r\n\r\n"; exec sleep 60)"#;
    let client = format!("{ask} | nc 192.0.2.2 80 | sleep 60");
    let _idle = lab.spawn(&format!("sh -c 'for client in $(seq 20); do {client} & done; wait'"));
    lab.run(
        "until test $(ss -tnH state established dst 192.0.2.2 | wc -l) = 20; do sleep 0.1; done",
    );
    lab.run("sleep 1");
    assert_eq!(curl(&lab, "", "small"), "small\n");
    let peak = server.peak_memory();
    assert!(peak < 96 << 20, "{peak} bytes");
}

#[test]
fn who_is_being_served_is_told_when_the_server_ends() {
    let Some(lab) = Lab::new() else { return };
    let server = serve(&lab, "");
    lab.run("truncate -s 1G www/huge");
    let slow = "curl -sS --limit-rate 100k -o got http://192.0.2.2/huge";
    let clients: Vec<_> = (0..3).map(|_| lab.spawn(slow)).collect();
    lab.run(
        "until test $(ss -tnH state established dst 192.0.2.2 | wc -l) = 3; do sleep 0.1; done",
    );
    server.stop();
    for client in clients {
        let told = client.wait();
        assert!(told.status != 0 && told.stderr.contains("reset"), "{told:?}");
    }
}

#[test]
fn strata_fetches_from_strata_with_the_kernel_between() {
    let Some(lab) = Lab::new() else { return };
    let _server = serve(&lab, "");
    make_file(&lab, "file", 3_000_000);
    lab.run("tun-up --dev tun1 --addr 198.51.100.1 --peer 198.51.100.2");
    // The lab's own kernel becomes a router.
    lab.run("sysctl -q -w net.ipv4.ip_forward=1");
    let client = "strata get --dev tun1 --addr 198.51.100.2/24";
    lab.run(&format!("timeout 30 {client} -o got http://192.0.2.2/file; cmp got www/file"));
    lab.run("head -c 1000 www/file >got");
    lab.run(&format!("timeout 30 {client} -C - -o got http://192.0.2.2/file; cmp got www/file"));
    let complete = lab.run(&format!("timeout 30 {client} -C - -o got http://192.0.2.2/file"));
    assert!(complete.stderr.contains("complete already"), "{complete:?}");
}

#[test]
fn what_is_no_folder_is_told() {
    let Some(lab) = Lab::new() else { return };
    lab.run("tun-up; echo file >file");
    for folder in ["missing", "file"] {
        let told = lab.try_run(&format!("strata serve --http {folder}"));
        let line = format!("error: cannot serve {folder}: ");
        assert!(told.status == 1 && told.stderr.starts_with(&line), "{told:?}");
    }
}
