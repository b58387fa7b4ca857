//! The trace of a connection: what a person reads who follows it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tcp::{BufferSize, ConnectionOptions, Flags, KeepAlive};
use trace::{End, Event, Record, Subscriber, Tracer};

use crate::scene::{FIN_ACK, PSH_ACK, Scene, seg, syn};

/// Hears of connections, and writes a line for each event, the time since the first in front.
#[derive(Default)]
struct Lines {
    lines: Vec<String>,
}

impl Subscriber for Lines {
    fn record(&mut self, record: &Record<'_>) {
        let line = match record.event {
            Event::StateChange { connection, from, to, cause } => {
                assert_eq!(connection, NAME);
                format!("{from} -> {to}: {cause}")
            }
            Event::TimerSet { owner, timer, deadline, is_routine } => {
                assert_eq!(owner, NAME);
                let time = (deadline - record.at).as_millis();
                format!("{timer} in {time} ms{}", if is_routine { ", as ever" } else { "" })
            }
            Event::TimerFired { timer, .. } => format!("{timer} fires"),
            Event::Window { whose, bytes, .. } => match whose {
                End::Ours => format!("our window: {bytes}"),
                End::Peers => format!("the peer's window: {bytes}"),
            },
            Event::RoundTrip { round_trip, smoothed, timeout, .. } => format!(
                "round trip {} ms, SRTT {} ms, RTO {} ms",
                round_trip.as_millis(),
                smoothed.as_millis(),
                timeout.as_millis()
            ),
            Event::CongestionWindow { window, slow_start_threshold, cause, .. } => {
                format!("cwnd {window}, ssthresh {slow_start_threshold}: {cause}")
            }
            Event::Retransmission { length, cause, .. } => format!("{length} bytes {cause}"),
            _ => panic!("{record:?}"),
        };
        self.lines.push(line);
    }
}

const NAME: &str = "192.0.2.2:7 <-> 192.0.2.1:40000";

/// A host that is followed, and what was told.
struct Followed {
    scene: Scene,
    lines: Rc<RefCell<Lines>>,
}

impl Followed {
    fn new() -> Self {
        let lines = Rc::new(RefCell::new(Lines::default()));
        Self { scene: Scene::followed_by(Tracer::new("strata", lines.clone())), lines }
    }

    fn established(options: ConnectionOptions) -> (Self, tcp::SocketId) {
        let mut followed = Self::new();
        let id = followed.scene.accept_one(options);
        followed.told();
        (followed, id)
    }

    /// What was told since this was last asked.
    fn told(&mut self) -> Vec<String> {
        self.scene.leaves();
        std::mem::take(&mut self.lines.borrow_mut().lines)
    }
}

#[test]
fn the_peer_opens_and_closes() {
    let mut followed = Followed::new();
    let id = followed.scene.accept_one(ConnectionOptions::default());
    let opening = [
        "LISTEN -> SYN-RECEIVED: a SYN came",
        "retransmission in 1000 ms, as ever",
        "SYN-RECEIVED -> ESTABLISHED: our SYN was acknowledged",
        "round trip 100 ms, SRTT 100 ms, RTO 300 ms",
    ];
    assert_eq!(followed.told(), opening);
    followed.scene.peer_sends(seg(FIN_ACK, 1, 1)).unwrap();
    assert_eq!(followed.told(), ["ESTABLISHED -> CLOSE-WAIT: the peer sends no more: FIN"]);
    followed.scene.sockets.close(followed.scene.now, id).unwrap();
    let closing =
        ["CLOSE-WAIT -> LAST-ACK: the application closed", "retransmission in 300 ms, as ever"];
    assert_eq!(followed.told(), closing);
    followed.scene.pass_ms(100);
    followed.scene.peer_sends(seg(Flags::ACK, 2, 2)).unwrap();
    let closed = [
        "round trip 100 ms, SRTT 100 ms, RTO 300 ms",
        "LAST-ACK -> CLOSED: our FIN was acknowledged",
    ];
    assert_eq!(followed.told(), closed);
}

#[test]
fn we_open_and_close_first() {
    let mut followed = Followed::new();
    let scene = &mut followed.scene;
    let id = scene.connect(ConnectionOptions::default()).unwrap();
    scene.leaves_one();
    scene.peer_sends(crate::scene::Seg { ack: 1, flags: crate::scene::SYN_ACK, ..syn() }).unwrap();
    assert_eq!(scene.leaves().len(), 1);
    let opening = [
        "CLOSED -> SYN-SENT: the application connects",
        "retransmission in 1000 ms, as ever",
        "round trip 0 ms, SRTT 0 ms, RTO 200 ms",
        "SYN-SENT -> ESTABLISHED: our SYN was acknowledged",
    ];
    assert_eq!(followed.told(), opening);
    let scene = &mut followed.scene;
    scene.sockets.close(scene.now, id).unwrap();
    scene.leaves_one();
    scene.peer_sends(seg(Flags::ACK, 1, 2)).unwrap();
    scene.peer_sends(seg(FIN_ACK, 1, 2)).unwrap();
    let closing = [
        "ESTABLISHED -> FIN-WAIT-1: the application closed",
        "retransmission in 200 ms, as ever",
        "round trip 0 ms, SRTT 0 ms, RTO 200 ms",
        "FIN-WAIT-1 -> FIN-WAIT-2: our FIN was acknowledged",
        "TIME-WAIT in 60000 ms",
        "FIN-WAIT-2 -> TIME-WAIT: the peer sends no more: FIN",
    ];
    assert_eq!(followed.told(), closing);
    followed.scene.pass_ms(1000);
    let _ = followed.scene.peer_sends(seg(FIN_ACK, 1, 2));
    assert_eq!(followed.told(), ["TIME-WAIT in 60000 ms"]);
    followed.scene.pass(tcp::TIME_WAIT_TIME);
    assert_eq!(followed.told(), ["TIME-WAIT fires", "TIME-WAIT -> CLOSED: 2 MSL are over"]);
}

#[test]
fn something_is_lost_and_repaired() {
    let (mut followed, id) = Followed::established(ConnectionOptions::default());
    let scene = &mut followed.scene;
    scene.send(id, &[7; 6000]).unwrap();
    scene.leaves();
    for _ in 0..3 {
        scene.peer_sends(seg(Flags::ACK, 1, 1)).unwrap();
    }
    let lost = [
        "retransmission in 300 ms, as ever",
        "cwnd 3000, ssthresh 3000: third duplicate ACK",
        "1000 bytes again: third duplicate ACK",
    ];
    assert_eq!(followed.told(), lost);
    followed.scene.peer_sends(seg(Flags::ACK, 1, 5001)).unwrap();
    followed.scene.peer_sends(seg(Flags::ACK, 1, 6001)).unwrap();
    let repaired = [
        "retransmission in 300 ms, as ever",
        "cwnd 2000, ssthresh 3000: all that was lost has arrived",
    ];
    assert_eq!(followed.told(), repaired);

    followed.scene.send(id, b"lost, too").unwrap();
    followed.told();
    followed.scene.pass_ms(300);
    let timeout = [
        "retransmission fires",
        "cwnd 1000, ssthresh 2000: timeout",
        "retransmission in 600 ms",
        "9 bytes again: timeout",
    ];
    assert_eq!(followed.told(), timeout);
}

#[test]
fn the_congestion_window_grows() {
    let (mut followed, id) = Followed::established(ConnectionOptions::default());
    followed.scene.send(id, &[7; 12_000]).unwrap();
    followed.told();
    followed.scene.pass_ms(100);
    followed.scene.peer_sends(seg(Flags::ACK, 1, 1001)).unwrap();
    let told = followed.told();
    assert_eq!(told[1], format!("cwnd 11000, ssthresh {}: acknowledgment", u32::MAX));
}

#[test]
fn the_peer_closes_its_window() {
    let (mut followed, id) = Followed::established(ConnectionOptions::default());
    followed.scene.peer_sends(seg(Flags::ACK, 1, 1).window(0)).unwrap();
    assert_eq!(followed.told(), ["the peer's window: 0"]);
    followed.scene.send(id, b"waits").unwrap();
    assert_eq!(followed.told(), ["persist in 300 ms"]);
    followed.scene.pass_ms(300);
    let probed = ["persist fires", "persist in 600 ms", "1 bytes probes the closed window"];
    assert_eq!(followed.told(), probed);
    followed.scene.peer_sends(seg(Flags::ACK, 1, 1).window(500)).unwrap();
    assert_eq!(followed.told()[0], "the peer's window: 500");
    followed.scene.peer_sends(seg(Flags::ACK, 1, 1).window(400)).unwrap();
    assert!(followed.told().is_empty(), "it is as open as before");
}

#[test]
fn our_window_closes_and_opens() {
    let options = ConnectionOptions {
        receive_buffer: BufferSize::fixed(2000),
        ..ConnectionOptions::default()
    };
    let (mut followed, id) = Followed::established(options);
    followed.scene.peer_sends(seg(PSH_ACK, 1, 1).text(&[7; 1000])).unwrap();
    assert_eq!(followed.told(), ["delayed ACK in 40 ms, as ever"]);
    followed.scene.pass_ms(40);
    assert_eq!(followed.told(), ["delayed ACK fires"]);
    followed.scene.peer_sends(seg(PSH_ACK, 1001, 1).text(&[7; 1000])).unwrap();
    followed.scene.pass_ms(40);
    let closes = ["delayed ACK in 40 ms, as ever", "delayed ACK fires", "our window: 0"];
    assert_eq!(followed.told(), closes);
    followed.scene.receive(id).unwrap();
    assert_eq!(followed.told(), ["our window: 2000"]);
    // Behind the FIN nothing may come, and nobody cares.
    followed.scene.peer_sends(seg(PSH_ACK, 2001, 1).text(&[7; 1999])).unwrap();
    followed.told();
    followed.scene.peer_sends(seg(FIN_ACK, 4000, 1).text(b"")).unwrap();
    assert_eq!(followed.told(), ["ESTABLISHED -> CLOSE-WAIT: the peer sends no more: FIN"]);
}

#[test]
fn the_peer_falls_silent() {
    let user_timeout = Some(Duration::from_millis(400));
    let options = ConnectionOptions { user_timeout, ..ConnectionOptions::default() };
    let (mut followed, id) = Followed::established(options);
    followed.scene.send(id, b"anybody there?").unwrap();
    followed.scene.leaves_one();
    followed.scene.pass_ms(300);
    followed.told();
    followed.scene.pass_ms(100);
    let end = ["user timeout fires", "ESTABLISHED -> CLOSED: the peer did not answer for too long"];
    assert_eq!(followed.told(), end);

    let keep_alive = KeepAlive { probes: 1, ..KeepAlive::default() };
    let options =
        ConnectionOptions { keep_alive: Some(keep_alive), ..ConnectionOptions::default() };
    let (mut followed, _) = Followed::established(options);
    followed.scene.pass(keep_alive.idle);
    assert_eq!(followed.told(), ["keep-alive fires"]);
    followed.scene.pass(keep_alive.interval);
    let end = ["keep-alive fires", "ESTABLISHED -> CLOSED: the peer answers no keep-alive probe"];
    assert_eq!(followed.told(), end);
}

#[test]
fn timers_that_the_application_asked_for() {
    let linger = Some(Duration::from_secs(5));
    let options = ConnectionOptions { linger, cork: true, ..ConnectionOptions::default() };
    let (mut followed, id) = Followed::established(options);
    followed.scene.send(id, b"x").unwrap();
    followed.scene.pass(tcp::CORK_CEILING);
    assert_eq!(followed.told(), ["cork fires", "retransmission in 300 ms, as ever"]);
    let _ = followed.scene.sockets.close(followed.scene.now, id);
    let told = followed.told();
    assert_eq!(
        told[..2],
        ["ESTABLISHED -> FIN-WAIT-1: the application closed", "linger in 5000 ms"]
    );
    followed.scene.pass(Duration::from_secs(5));
    let told = followed.told();
    assert_eq!(
        told[told.len() - 2..],
        ["linger fires", "FIN-WAIT-1 -> CLOSED: the application aborted it"]
    );
}
