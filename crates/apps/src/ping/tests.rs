//! A pinger in virtual time, and a socket that does as it is told.

use super::*;
use icmp::{EchoReport, ErrorKind, ReplyEnvelope, TimeExceeded};
use packet::InterfaceId;
use std::collections::VecDeque;

const US: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const ROUTER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);

/// What is sent is kept; what comes of it, and what is refused, is put in by the test.
#[derive(Default)]
struct Scripted {
    now: Instant,
    sent: Vec<(Instant, Ipv4Addr, u16, Vec<u8>)>,
    events: VecDeque<EchoEvent>,
    refusals: VecDeque<&'static str>,
}

impl EchoSocket for Scripted {
    type Error = &'static str;

    fn send(
        &mut self,
        to: Ipv4Addr,
        sequence_number: u16,
        data: &[u8],
    ) -> Result<(), &'static str> {
        if let Some(refusal) = self.refusals.pop_front() {
            return Err(refusal);
        }
        self.sent.push((self.now, to, sequence_number, data.to_vec()));
        Ok(())
    }

    fn receive(&mut self) -> Option<EchoEvent> {
        self.events.pop_front()
    }
}

/// A pinger, its socket, the time, and the lines that were told.
struct Run {
    pinger: Pinger,
    socket: Scripted,
    now: Instant,
    lines: Vec<String>,
}

impl Run {
    /// With `count` requests, one a second, two seconds for each, begun at the tenth second.
    fn new(count: u64) -> Self {
        Self::with(PingOptions { count: Some(count), ..PingOptions::new(HOST) })
    }

    fn with(options: PingOptions) -> Self {
        let (socket, now) = (Scripted::default(), Instant::at(Duration::from_secs(10)));
        Self { pinger: Pinger::new(options), socket, now, lines: Vec::new() }
    }

    fn step(&mut self) {
        let lines = &mut self.lines;
        self.socket.now = self.now;
        self.pinger.step(self.now, &mut self.socket, |event| lines.push(event.to_string()));
    }

    /// Steps at each deadline until `milliseconds` have passed, and then.
    fn pass(&mut self, milliseconds: u64) {
        let end = self.now + Duration::from_millis(milliseconds);
        while let Some(deadline) = self.pinger.next_deadline().filter(|&at| at <= end) {
            self.now = self.now.max(deadline);
            self.step();
        }
        self.now = end;
        self.step();
    }

    /// Replies to the request of that number, which was sent so many milliseconds ago.
    fn answer(&mut self, sequence_number: u16, round_trip: u64) {
        let reply = self.reply(sequence_number, round_trip);
        self.socket.events.push_back(EchoEvent::Reply(reply));
        self.step();
    }

    fn reply(&self, sequence_number: u16, round_trip: u64) -> EchoReply {
        EchoReply {
            envelope: ReplyEnvelope {
                source: HOST,
                destination: US,
                interface: InterfaceId(0),
                ttl: 64,
            },
            sequence_number,
            data: ping_data(DEFAULT_PING_DATA, &[]),
            at: self.now,
            round_trip: Duration::from_millis(round_trip),
            is_duplicate: false,
        }
    }

    /// When each request was sent, in milliseconds since the first, and its sequence number.
    fn sent(&self) -> Vec<(u128, u16)> {
        let first = self.socket.sent.first().map(|&(at, ..)| at).unwrap_or_default();
        let sent = self.socket.sent.iter();
        sent.map(|&(at, _, sequence_number, _)| ((at - first).as_millis(), sequence_number))
            .collect()
    }
}

#[test]
fn requests_leave_at_a_steady_pace_and_the_run_ends_with_the_last_answer() {
    let mut run = Run::new(3);
    for sequence_number in 1..=3 {
        assert!(!run.pinger.is_over());
        run.pass(20);
        run.answer(sequence_number, 20);
        if sequence_number < 3 {
            run.pass(980);
        }
    }
    assert!(run.pinger.is_over());
    assert_eq!(run.pinger.next_deadline(), None);
    assert_eq!(run.sent(), [(0, 1), (1000, 2), (2000, 3)]);
    let (_, to, _, data) = &run.socket.sent[0];
    assert_eq!((*to, data), (HOST, &(0..56).collect()));
    let lines = [1, 2, 3].map(|sequence_number| {
        format!("64 bytes from 192.0.2.1: icmp_seq={sequence_number} ttl=64 time=20.0 ms")
    });
    assert_eq!(run.lines, lines);
    let expected = "3 packets transmitted, 3 received, 0% packet loss, time 2000ms\n\
                    rtt min/avg/max/mdev = 20.000/20.000/20.000/0.000 ms";
    assert_eq!(run.pinger.report().to_string(), expected);
}

#[test]
fn a_request_without_an_answer_is_told_when_its_time_is_over() {
    let mut run = Run::new(2);
    run.pass(1_999);
    assert!(run.lines.is_empty());
    run.pass(1);
    assert_eq!(run.lines, ["no answer yet for icmp_seq=1"]);
    run.pass(999);
    assert!(!run.pinger.is_over());
    run.pass(1);
    assert_eq!(run.lines[1..], ["no answer yet for icmp_seq=2"]);
    assert!(run.pinger.is_over());
    let report = run.pinger.report().to_string();
    assert_eq!(report, "2 packets transmitted, 0 received, 100% packet loss, time 1000ms");
}

#[test]
fn an_answer_that_comes_late_still_counts() {
    let mut run = Run::new(4);
    run.pass(2_500);
    assert_eq!(run.lines, ["no answer yet for icmp_seq=1"]);
    run.answer(1, 2_500);
    let report = run.pinger.report();
    assert_eq!((report.sent, report.received, report.pipe), (3, 1, 3));
    assert_eq!(report.round_trips.longest(), Some(Duration::from_millis(2_500)));
}

#[test]
fn a_duplicate_is_told_and_counted_apart() {
    let mut run = Run::new(1);
    run.step();
    run.answer(1, 5);
    let duplicate = EchoReply { is_duplicate: true, ..run.reply(1, 9) };
    run.socket.events.push_back(EchoEvent::Reply(duplicate));
    run.step();
    assert!(run.lines[1].ends_with("time=9.00 ms (DUP!)"), "{:?}", run.lines);
    let report = run.pinger.report();
    assert_eq!((report.received, report.duplicates), (1, 1));
    assert_eq!(report.round_trips.average(), Some(Duration::from_millis(7)));
}

#[test]
fn damaged_data_is_told_and_counted() {
    let mut run = Run::new(1);
    run.step();
    let mut reply = run.reply(1, 5);
    reply.data[20] ^= 0xff;
    run.socket.events.push_back(EchoEvent::Reply(reply));
    run.step();
    assert!(run.lines[0].ends_with("\nwrong data byte #20 should be 0x14 but was 0xeb"));
    assert_eq!((run.pinger.report().received, run.pinger.report().damaged), (1, 1));
}

#[test]
fn an_error_ends_the_waiting_for_that_request() {
    let mut run = Run::new(2);
    run.pass(1_000);
    for sequence_number in [1, 2] {
        run.socket.events.push_back(EchoEvent::Report(EchoReport {
            reporter: ROUTER,
            kind: ErrorKind::TimeExceeded(TimeExceeded::InTransit),
            destination: HOST,
            sequence_number,
            at: run.now,
        }));
    }
    run.step();
    assert!(run.pinger.is_over());
    assert_eq!(run.lines[1], "From 198.51.100.1 icmp_seq=2 Time to live exceeded");
    let expected = "2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 1000ms\n\
                    pipe 2";
    assert_eq!(run.pinger.report().to_string(), expected);
}

#[test]
fn a_request_that_cannot_leave_counts_as_sent_and_is_not_waited_for() {
    let mut run = Run::new(2);
    run.socket.refusals = ["no route"].into();
    run.step();
    assert_eq!(run.lines, ["not sent: icmp_seq=1: no route"]);
    run.pass(1_000);
    run.answer(2, 0);
    assert!(run.pinger.is_over());
    let report = run.pinger.report();
    assert_eq!((report.sent, report.received, report.errors), (2, 1, 1));
}

#[test]
fn whoever_was_held_up_sends_no_burst() {
    let mut run = Run::new(5);
    run.step();
    run.now = run.now + Duration::from_millis(3_300);
    run.step();
    run.step();
    run.pass(999);
    assert_eq!(run.sent(), [(0, 1), (3_300, 2)]);
    run.pass(1);
    assert_eq!(run.sent()[2..], [(4_300, 3)]);
}

#[test]
fn without_a_count_it_goes_on_and_sequence_numbers_come_round() {
    let mut run = Run::with(PingOptions {
        interval: Duration::from_millis(10),
        timeout: Duration::from_secs(3600),
        ..PingOptions::new(HOST)
    });
    run.pass(655_350);
    assert_eq!(run.sent().len(), 65_536);
    assert_eq!(run.sent()[65_534..], [(655_340, 65_535), (655_350, 0)]);
    assert!(run.lines.is_empty());
    assert_eq!(run.pinger.waiting.len(), 65_536);
    run.pass(10);
    assert_eq!(run.lines, ["no answer yet for icmp_seq=1"], "its number is needed again");
    run.answer(2, 655_350);
    run.answer(1, 0);
    assert_eq!(run.pinger.waiting.keys().next(), Some(&3));
    assert_eq!(run.pinger.waiting.keys().last(), Some(&65_536));
    assert!(!run.pinger.is_over());
}

#[test]
fn with_nothing_to_send_it_is_over() {
    let mut run = Run::new(0);
    run.step();
    assert!(run.pinger.is_over() && run.socket.sent.is_empty());
}

#[test]
fn data_is_a_pattern_over_and_over_or_counts() {
    assert_eq!(ping_data(5, &[0xff, 0]), [0xff, 0, 0xff, 0, 0xff]);
    assert_eq!(ping_data(258, &[])[254..], [254, 255, 0, 1]);
    assert!(ping_data(0, &[1]).is_empty());
}
