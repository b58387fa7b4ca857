//! Clients that say what a test has them say, in virtual time.

use super::*;
use proptest::strategy::Strategy;
use std::collections::VecDeque;
use std::time::SystemTime;

/// A client: what it says, and what it has heard.
#[derive(Default)]
struct Client {
    says: VecDeque<u8>,
    has_closed: bool,
    heard: Vec<u8>,
    /// How much it is ready to hear.
    window: usize,
    was_shut: bool,
}

impl StreamSocket for Client {
    fn receive(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        if self.says.is_empty() && !self.has_closed {
            return Err(Error::WouldBlock);
        }
        let count = into.len().min(self.says.len());
        into.iter_mut().zip(self.says.drain(..count)).for_each(|(to, from)| *to = from);
        Ok(count)
    }

    fn send(&mut self, data: &[u8]) -> Result<usize, Error> {
        assert!(!self.was_shut, "sent after the end");
        let count = data.len().min(self.window);
        self.window -= count;
        self.heard.extend(&data[..count]);
        if count == 0 { Err(Error::WouldBlock) } else { Ok(count) }
    }

    fn shutdown(&mut self) -> Result<(), Error> {
        self.was_shut = true;
        Ok(())
    }
}

/// A server with one client, and the time.
struct Scene {
    folder: tempfile::TempDir,
    conversation: HttpConversation,
    client: Client,
    now: Instant,
}

impl Scene {
    /// A folder with a file `ten` of ten bytes and a file `big` of a million.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ten"), "0123456789").unwrap();
        std::fs::write(folder.path().join("big"), vec![b'x'; 1_000_000]).unwrap();
        let now = Instant::at(Duration::from_secs(1));
        let served = Rc::new(Folder::open(folder.path()).unwrap());
        let client = Client { window: usize::MAX, ..Client::default() };
        Self { folder, conversation: HttpConversation::new(served, now), client, now }
    }

    fn says(&mut self, text: &str) -> StreamProgress {
        self.client.says.extend(text.bytes());
        self.steps()
    }

    /// Says something that does not end it. What is heard then.
    #[track_caller]
    fn asks(&mut self, text: &str) -> String {
        assert_eq!(self.says(text), StreamProgress::Waits);
        self.heard()
    }

    /// Steps until there is nothing to do.
    fn steps(&mut self) -> StreamProgress {
        let wall = SystemTime::UNIX_EPOCH + self.now.since_start();
        loop {
            let moment = Moment { now: self.now, wall };
            match self.conversation.step(moment, &mut self.client) {
                StreamProgress::HasMore => {}
                ended => return ended,
            }
        }
    }

    /// Time passes up to the deadline.
    fn waits(&mut self) -> (Duration, StreamProgress) {
        let deadline = self.conversation.next_deadline().unwrap();
        let passed = deadline - self.now;
        self.now = deadline;
        (passed, self.steps())
    }

    /// What was heard since it was asked last.
    fn heard(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.client.heard)).unwrap()
    }
}

/// A request for `target` in HTTP/1.1 with these further fields.
fn get(target: &str, fields: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: x\r\n{fields}\r\n")
}

#[test]
fn an_answer_has_what_a_client_needs_to_know() {
    let mut scene = Scene::new();
    let heard = scene.asks(&get("/ten", ""));
    let (head, body) = heard.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    assert_eq!(lines.next().unwrap(), "HTTP/1.1 200 OK");
    assert_eq!(lines.next().unwrap(), "Date: Thu, 01 Jan 1970 00:00:01 GMT");
    let names: Vec<&str> = lines.map(|line| line.split(':').next().unwrap()).collect();
    let expected =
        ["Server", "Last-Modified", "ETag", "Accept-Ranges", "Content-Type", "Content-Length"];
    assert_eq!(names, expected);
    assert!(head.ends_with("Content-Length: 10"), "{head}");
    assert_eq!(body, "0123456789");
}

#[test]
fn requests_that_come_together_are_answered_in_order() {
    let mut scene = Scene::new();
    let together: String = ["/ten", "/missing", "/ten"].iter().map(|at| get(at, "")).collect();
    // A byte at a time is the same.
    for text in [together.clone(), together] {
        let pieces: Vec<char> = text.chars().collect();
        for piece in pieces {
            assert_eq!(scene.says(&piece.to_string()), StreamProgress::Waits);
        }
        let heard = scene.heard();
        let answers: Vec<&str> = heard.split("HTTP/1.1 ").skip(1).map(|told| &told[..3]).collect();
        assert_eq!(answers, ["200", "404", "200"]);
    }
}

#[test]
fn a_connection_that_is_to_close_is_closed_when_the_client_has() {
    for request in [get("/ten", "Connection: close\r\n"), "GET /ten HTTP/1.0\r\n\r\n".to_owned()] {
        let mut scene = Scene::new();
        let heard = scene.asks(&request);
        assert!(heard.contains("Connection: close\r\n") && heard.ends_with("0123456789"));
        assert!(scene.client.was_shut);
        // What else it says goes unheard.
        assert_eq!(scene.says(&get("/ten", "")), StreamProgress::Waits);
        scene.client.has_closed = true;
        assert_eq!(scene.steps(), StreamProgress::Done);
        assert_eq!(scene.heard(), "");
    }
}

#[test]
fn a_client_of_http_1_0_can_have_the_connection_kept() {
    let mut scene = Scene::new();
    let heard = scene.asks("GET /ten HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert!(heard.contains("Connection: keep-alive\r\n"));
    assert!(!scene.client.was_shut);
}

#[test]
fn head_is_answered_as_get_but_without_the_body() {
    let mut scene = Scene::new();
    for target in ["/ten", "/", "/missing"] {
        let heard = scene.asks(&get(target, ""));
        let head = scene.asks(&get(target, "").replace("GET", "HEAD"));
        assert!(head.ends_with("\r\n\r\n") && heard.starts_with(&head), "{head}");
    }
}

#[test]
fn ranges_are_given_refused_or_left_out_of_account() {
    let mut scene = Scene::new();
    let whole = scene.asks(&get("/ten", ""));
    let field = |name: &str| {
        let line = whole.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_once(": ").unwrap().1.to_owned()
    };
    let (tag, date) = (field("ETag"), field("Last-Modified"));
    for (fields, status, range, body) in [
        ("Range: bytes=2-4\r\n".to_owned(), "206", Some("bytes 2-4/10"), "234"),
        ("Range: bytes=-2\r\n".to_owned(), "206", Some("bytes 8-9/10"), "89"),
        ("Range: bytes=10-\r\n".to_owned(), "416", Some("bytes */10"), ""),
        ("Range: bytes=0-1,4-5\r\n".to_owned(), "200", None, "0123456789"),
        (format!("Range: bytes=2-4\r\nIf-Range: {tag}\r\n"), "206", Some("bytes 2-4/10"), "234"),
        (format!("Range: bytes=2-4\r\nIf-Range: {date}\r\n"), "206", Some("bytes 2-4/10"), "234"),
        ("Range: bytes=2-4\r\nIf-Range: \"x\"\r\n".to_owned(), "200", None, "0123456789"),
    ] {
        let heard = scene.asks(&get("/ten", &fields));
        let (head, told) = heard.split_once("\r\n\r\n").unwrap();
        assert_eq!((&head[9..12], told), (status, body), "{fields}");
        let told = head.lines().find_map(|line| line.strip_prefix("Content-Range: "));
        assert_eq!(told, range, "{fields}");
        let length = format!("Content-Length: {}", body.len());
        assert!(head.contains(&length), "{head}");
    }
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let mut scene = Scene::new();
    let whole = scene.asks(&get("/ten", ""));
    let line = |name: &str| whole.lines().find(|line| line.starts_with(name)).unwrap();
    let tag = line("ETag: ").trim_start_matches("ETag: ");
    let date = line("Last-Modified: ").trim_start_matches("Last-Modified: ");
    for (fields, status) in [
        (format!("If-None-Match: {tag}\r\n"), "304"),
        (format!("If-None-Match: \"x\", W/{tag}\r\n"), "304"),
        ("If-None-Match: *\r\n".to_owned(), "304"),
        ("If-None-Match: \"x\"\r\n".to_owned(), "200"),
        (format!("If-Modified-Since: {date}\r\n"), "304"),
        ("If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n".to_owned(), "200"),
        ("If-Modified-Since: yesterday\r\n".to_owned(), "200"),
        // A tag that is another counts more than a date.
        (format!("If-None-Match: \"x\"\r\nIf-Modified-Since: {date}\r\n"), "200"),
    ] {
        let heard = scene.asks(&get("/ten", &fields));
        assert_eq!(&heard[9..12], status, "{fields}");
        assert!(status == "200" || heard.ends_with("\r\n\r\n"), "{heard}");
    }
}

#[test]
fn what_is_no_request_is_answered_and_ends_the_connection() {
    for (said, status) in [
        ("nonsense\r\n\r\n".to_owned(), "400 Bad Request"),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400 Bad Request"),
        (get("/", "").replace("GET", "POST"), "405 Method Not Allowed"),
        (get("/", "").replace("GET", "BREW"), "501 Not Implemented"),
        (get("/", "").replace("1.1", "2.0"), "505 HTTP Version Not Supported"),
        (get("/", &"A: b\r\n".repeat(200)), "431 Request Header Fields Too Large"),
        (get(&format!("/{}", "x".repeat(20_000)), ""), "431 Request Header Fields Too Large"),
        (get("/", "Content-Length: 99999999\r\n"), "413 Content Too Large"),
    ] {
        let mut scene = Scene::new();
        let heard = scene.asks(&said);
        assert!(heard.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{heard}");
        assert!(heard.contains("Connection: close\r\n") && scene.client.was_shut, "{heard}");
        assert_eq!(heard.contains("Allow: GET, HEAD\r\n"), status.starts_with("405"));
    }
}

#[test]
fn a_body_that_nobody_asked_for_is_not_taken_for_a_request() {
    let mut scene = Scene::new();
    let smuggled = get("/ten", "");
    let length = format!("Content-Length: {}\r\n", smuggled.len());
    let heard = scene.asks(&(get("/missing", &length) + &smuggled));
    assert_eq!(heard.matches("HTTP/1.1").count(), 1, "{heard}");
    assert!(heard.starts_with("HTTP/1.1 404") && scene.client.was_shut, "{heard}");
}

#[test]
fn of_a_file_no_more_is_read_than_the_client_takes() {
    let mut scene = Scene::new();
    scene.client.window = 100_000;
    assert_eq!(scene.says(&get("/big", "")), StreamProgress::Waits);
    assert!(scene.conversation.output.len() <= PIECE);
    let left = scene.conversation.file.as_ref().unwrap().limit();
    assert!(left > 800_000, "{left}");
    // What comes meanwhile stays where it is.
    assert_eq!(scene.says(&get("/ten", "")), StreamProgress::Waits);
    assert!(!scene.client.says.is_empty());
    scene.client.window = usize::MAX;
    assert_eq!(scene.steps(), StreamProgress::Waits);
    let heard = scene.heard();
    assert_eq!(heard.matches('x').count(), 1_000_000);
    assert!(heard.ends_with("0123456789"));
    assert_eq!(scene.conversation.output.capacity(), 0, "at rest it holds nothing");
}

#[test]
fn a_file_that_becomes_shorter_ends_the_connection() {
    let mut scene = Scene::new();
    scene.client.window = 100_000;
    assert_eq!(scene.says(&get("/big", "")), StreamProgress::Waits);
    std::fs::write(scene.folder.path().join("big"), "short").unwrap();
    scene.client.window = usize::MAX;
    assert_eq!(scene.steps(), StreamProgress::Done);
}

#[test]
fn who_does_nothing_is_given_up() {
    // Says nothing.
    let mut scene = Scene::new();
    assert_eq!(scene.steps(), StreamProgress::Waits);
    assert_eq!(scene.waits(), (IDLE, StreamProgress::Done));
    assert_eq!(scene.heard(), "");

    // Says half a request, a byte now and then.
    let mut scene = Scene::new();
    assert_eq!(scene.says("GET "), StreamProgress::Waits);
    scene.now = scene.now + (HEAD_TIME - Duration::from_secs(1));
    assert_eq!(scene.says("/"), StreamProgress::Waits);
    assert_eq!(scene.waits(), (Duration::from_secs(1), StreamProgress::Waits));
    assert!(scene.heard().starts_with("HTTP/1.1 408 Request Timeout"));
    assert_eq!(scene.waits(), (LINGER, StreamProgress::Done));

    // Takes nothing of what it asked for.
    let mut scene = Scene::new();
    scene.client.window = 10;
    assert_eq!(scene.says(&get("/big", "")), StreamProgress::Waits);
    assert_eq!(scene.waits(), (STALL, StreamProgress::Done));
}

#[test]
fn a_client_that_leaves_is_no_matter() {
    let mut scene = Scene::new();
    scene.client.has_closed = true;
    assert_eq!(scene.steps(), StreamProgress::Done);
    // One that has closed its own side still hears the answer.
    let mut scene = Scene::new();
    scene.client.has_closed = true;
    assert_eq!(scene.says(&get("/ten", "")), StreamProgress::Done);
    assert!(scene.heard().ends_with("0123456789"));
}

proptest::proptest! {
    /// Whatever comes, in whatever pieces: what is answered are whole answers, memory is bounded,
    /// and it ends.
    #[test]
    fn whatever_a_client_says_it_gets_answers_or_nothing(
        pieces in proptest::collection::vec(
            proptest::prop_oneof![
                proptest::collection::vec(proptest::num::u8::ANY, 0..40),
                proptest::sample::select(vec![
                    "GET ", "HEAD ", "/ten", "/", " HTTP/1.1\r\n", " HTTP/1.0\r\n", "Host: x\r\n",
                    "Range: bytes=", "1-2", "\r\n", "Content-Length: 5\r\n", "\r\n\r\n", "%2e%2e/",
                    "Connection: close\r\n", "Transfer-Encoding: chunked\r\n",
                ]).prop_map(|text| text.as_bytes().to_vec()),
            ],
            0..30,
        )
    ) {
        let mut scene = Scene::new();
        for piece in pieces {
            scene.client.says.extend(piece);
            let _ = scene.steps();
            proptest::prop_assert!(scene.conversation.input.len() <= MOST_HEAD);
        }
        scene.client.has_closed = true;
        proptest::prop_assert_eq!(scene.steps(), StreamProgress::Done);
        let heard = scene.heard();
        proptest::prop_assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 "), "{}", heard);
    }
}
