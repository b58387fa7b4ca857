//! iperf3's server with a client that is written out by hand, over two stacks in memory.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::net::Ipv4Addr;
use std::time::Duration;

use apps::iperf3::{
    CpuTime, DEFAULT_PORT, GREETING_PATIENCE, IDLE_PATIENCE, Iperf3Host, MAX_NEWCOMERS, State,
    TestEvent,
};
use packet::{Buffer, Capabilities, Host, Instant, InterfaceId, Medium};
use stack::{Config, InterfaceConfig, Secret, Stack};
use tcp::{ConnectionOptions, SocketId};
use trace::Tracer;

const COOKIE: &[u8; 37] = b"abcdefghijklmnopqrstuvwxyz2345672345\0";
const OTHER_COOKIE: &[u8; 37] = b"zzzzefghijklmnopqrstuvwxyz2345672345\0";

fn stack(last: u8) -> Stack {
    let mut stack = Stack::new(Config::new(Secret::new([1, last.into()])), Tracer::off());
    let address = ipv4::Cidr::new(Ipv4Addr::new(192, 0, 2, last), 24).unwrap();
    let capabilities = Capabilities::without_offload(Medium::Ip, 1500);
    stack.add_interface(Instant::START, InterfaceConfig::new(address, capabilities)).unwrap();
    stack
}

/// The server, a client's stack, and a clock.
struct Scene {
    now: Instant,
    server: Iperf3Host,
    client: Stack,
}

impl Scene {
    fn new() -> Self {
        let cpu = Box::new(CpuTime::default);
        let server = Iperf3Host::new(stack(2), DEFAULT_PORT, cpu).unwrap();
        Self { now: Instant::START, server, client: stack(1) }
    }

    /// Carries frames until none is left.
    fn settles(&mut self) {
        let mut buffer = Buffer::new();
        let by = InterfaceId(0);
        loop {
            let mut is_quiet = true;
            while self.client.transmit(self.now, by, &mut buffer).is_some() {
                self.server.receive(self.now, by, buffer.as_slice().into());
                is_quiet = false;
            }
            while self.server.transmit(self.now, by, &mut buffer).is_some() {
                self.client.receive(self.now, by, buffer.as_slice().into());
                is_quiet = false;
            }
            if is_quiet {
                return;
            }
        }
    }

    fn passes(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            self.settles();
            let next = [self.server.next_deadline(), self.client.next_deadline()];
            let Some(next) = next.into_iter().flatten().min().filter(|it| *it <= until) else {
                break;
            };
            self.now = next.max(self.now + Duration::from_micros(1));
            self.server.handle_timeout(self.now);
            self.client.handle_timeout(self.now);
        }
        self.now = until;
        self.server.handle_timeout(self.now);
        self.settles();
    }

    fn connects(&mut self, first: &[u8]) -> SocketId {
        let remote = ([192, 0, 2, 2], DEFAULT_PORT).into();
        let options = ConnectionOptions::default();
        let id = self.client.tcp(self.now).connect(None, remote, options).unwrap();
        self.settles();
        self.says(id, first);
        id
    }

    fn says(&mut self, id: SocketId, bytes: &[u8]) {
        if !bytes.is_empty() {
            assert_eq!(self.client.tcp(self.now).send(self.now, id, bytes), Ok(bytes.len()));
        }
        self.settles();
    }

    fn says_json(&mut self, id: SocketId, json: &str) {
        let length = u32::try_from(json.len()).unwrap().to_be_bytes();
        self.says(id, &[&length, json.as_bytes()].concat());
    }

    /// What the server has said; `None` if it has closed.
    fn hears(&mut self, id: SocketId) -> Option<Vec<u8>> {
        let mut heard = Vec::new();
        let mut piece = [0; 4096];
        loop {
            match self.client.tcp(self.now).receive(self.now, id, &mut piece) {
                Ok(0) | Err(tcp::Error::ConnectionReset) if heard.is_empty() => return None,
                Ok(count @ 1..) => heard.extend(&piece[..count]),
                _ => return Some(heard),
            }
        }
    }

    fn events(&mut self) -> Vec<TestEvent> {
        std::iter::from_fn(|| self.server.next_event()).collect()
    }

    /// A test up to the point where it runs.
    fn begins(&mut self, json: &str, streams: usize) -> (SocketId, Vec<SocketId>) {
        let control = self.connects(COOKIE);
        assert_eq!(self.hears(control).unwrap(), [State::ParamExchange.byte()]);
        self.says_json(control, json);
        assert_eq!(self.hears(control).unwrap(), [State::CreateStreams.byte()]);
        let data = (0..streams).map(|_| self.connects(COOKIE)).collect();
        let running = [State::TestStart.byte(), State::TestRunning.byte()];
        assert_eq!(self.hears(control).unwrap(), running);
        (control, data)
    }
}

#[test]
fn a_test_goes_through_all_its_states_and_counts_what_came() {
    let mut scene = Scene::new();
    let (control, data) = scene.begins(r#"{"tcp":true,"time":1,"parallel":2}"#, 2);
    scene.says(data[0], &[7; 1000]);
    scene.says(data[1], &[7; 500]);
    scene.passes(Duration::from_secs(1));
    scene.says(control, &[State::TestEnd.byte()]);
    assert_eq!(scene.hears(control).unwrap(), [State::ExchangeResults.byte()]);
    scene.says_json(control, r#"{"streams":[{"id":1,"bytes":1000},{"id":3,"bytes":500}]}"#);
    let heard = scene.hears(control).unwrap();
    let json = String::from_utf8(heard[4..heard.len() - 1].to_vec()).unwrap();
    assert!(json.contains(r#""bytes":1000"#) && json.contains(r#""id":3"#), "{json}");
    assert_eq!(heard.last(), Some(&State::DisplayResults.byte()));
    scene.says(control, &[State::Done.byte()]);
    assert_eq!(scene.hears(control), None);
    let events = scene.events();
    let outcome = events.iter().find_map(|event| match event {
        TestEvent::Ended { outcome, .. } => Some(outcome),
        _ => None,
    });
    let outcome = outcome.unwrap();
    let bytes: Vec<u64> = outcome.streams.iter().map(|stream| stream.bytes).collect();
    assert_eq!((bytes, outcome.time.as_secs()), (vec![1000, 500], 1));
    // And another one.
    scene.begins(r#"{"tcp":true,"time":1}"#, 1);
}

#[test]
fn the_other_way_round_the_server_sends_at_the_rate_that_was_asked_for() {
    let mut scene = Scene::new();
    let asked = r#"{"tcp":true,"time":1,"reverse":true,"bandwidth":8000000}"#;
    let (_, data) = scene.begins(asked, 1);
    let mut heard = 0;
    for _ in 0..100 {
        scene.passes(Duration::from_millis(10));
        heard += scene.hears(data[0]).unwrap().len();
    }
    assert!((970_000..=1_030_000).contains(&heard), "{heard}");
}

#[test]
fn a_second_client_is_sent_away_and_the_first_goes_on() {
    let mut scene = Scene::new();
    let (control, _) = scene.begins(r#"{"tcp":true,"time":1}"#, 1);
    let second = scene.connects(OTHER_COOKIE);
    assert_eq!(scene.hears(second).unwrap(), [State::AccessDenied.byte()]);
    assert_eq!(scene.hears(second), None);
    scene.says(control, &[State::TestEnd.byte()]);
    assert_eq!(scene.hears(control).unwrap(), [State::ExchangeResults.byte()]);
}

#[test]
fn strangers_are_told_of_and_dropped_and_harm_no_test() {
    let mut scene = Scene::new();
    let (control, _) = scene.begins(r#"{"tcp":true,"time":1}"#, 1);
    scene.events();
    for garbage in [&b"GET / HTTP/1.1\r\n"[..], &[0; 37], &[255; 100], b"abc DEF"] {
        let stranger = scene.connects(garbage);
        assert_eq!(scene.hears(stranger), None, "{garbage:?}");
        assert!(matches!(scene.events()[..], [TestEvent::Stranger { .. }]));
    }
    // One that says nothing has its time.
    let silent = scene.connects(b"abc");
    scene.passes(GREETING_PATIENCE);
    assert_eq!(scene.hears(silent), None);
    scene.says(control, &[State::TestEnd.byte()]);
    assert_eq!(scene.hears(control).unwrap(), [State::ExchangeResults.byte()]);
}

#[test]
fn nonsense_on_the_control_connection_ends_its_test_and_the_next_one_begins() {
    for nonsense in [&b"\0\0\0\0"[..], b"\xff\xff\xff\xff", b"\0\0\0\x02[]", b"\0\0\0\x01{"] {
        let mut scene = Scene::new();
        let control = scene.connects(COOKIE);
        scene.hears(control);
        scene.says(control, nonsense);
        let told = scene.events().pop().unwrap();
        assert!(matches!(told, TestEvent::Broken { .. } | TestEvent::Refused { .. }), "{told:?}");
        scene.begins(r#"{"tcp":true,"time":1}"#, 1);
    }
    let mut scene = Scene::new();
    let (control, _) = scene.begins(r#"{"tcp":true,"time":1}"#, 1);
    scene.says(control, &[200]);
    assert!(matches!(scene.events().pop(), Some(TestEvent::Broken { .. })));
}

#[test]
fn a_client_that_says_no_more_does_not_keep_others_out() {
    let mut scene = Scene::new();
    scene.begins(r#"{"tcp":true,"time":1}"#, 1);
    scene.passes(IDLE_PATIENCE + Duration::from_secs(1));
    assert!(matches!(scene.events().pop(), Some(TestEvent::Broken { .. })));
    scene.begins(r#"{"tcp":true,"time":1}"#, 1);
}

#[test]
fn newcomers_have_a_bound_and_the_oldest_goes_first() {
    let mut scene = Scene::new();
    let first = scene.connects(b"");
    for _ in 0..MAX_NEWCOMERS {
        scene.connects(b"");
    }
    assert_eq!(scene.hears(first), None);
    scene.begins(r#"{"tcp":true,"time":1}"#, 1);
}

#[test]
fn a_server_that_cannot_send_as_fast_as_it_is_to_sleeps_until_it_can() {
    let mut scene = Scene::new();
    let asked = r#"{"tcp":true,"time":1,"reverse":true,"bandwidth":8000000000}"#;
    scene.begins(asked, 1);
    // The client reads nothing. Its window closes, and the server's buffer is full.
    scene.passes(Duration::from_millis(100));
    let mut turns = 0;
    while scene.server.next_deadline().is_some_and(|it| it <= scene.now) && turns < 100 {
        scene.server.handle_timeout(scene.now);
        scene.settles();
        turns += 1;
    }
    assert!(turns < 10, "it never sleeps");
}
