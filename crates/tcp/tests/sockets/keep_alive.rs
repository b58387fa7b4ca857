//! A silent peer is asked if it is still there (RFC 9293, 3.8.4).

use std::time::Duration;

use tcp::{ConnectionOptions, Error, Flags, KeepAlive, SocketId, State};

use crate::scene::{FIN_ACK, PSH_ACK, Scene, Seg, seg};

const KEEP_ALIVE: KeepAlive =
    KeepAlive { idle: Duration::from_secs(100), interval: Duration::from_secs(10), probes: 3 };

const MS: Duration = Duration::from_millis(1);

fn options() -> ConnectionOptions {
    ConnectionOptions { keep_alive: Some(KEEP_ALIVE), ..ConnectionOptions::default() }
}

fn kept_alive() -> (Scene, SocketId) {
    Scene::established(options())
}

/// The one probe that leaves now. SHLD-12: it has no text.
fn probe(scene: &mut Scene) -> Seg {
    let probe = scene.leaves_one();
    assert_eq!((probe.flags, probe.seq, probe.text.len()), (Flags::ACK, 0, 0));
    probe
}

#[test]
fn must_25_it_is_off_unless_asked_for() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.pass(Duration::from_secs(7 * 24 * 3600));
    scene.nothing_leaves();
    assert_eq!(scene.state(id), State::Established);
}

#[test]
fn must_26_a_peer_that_was_silent_for_long_is_asked_and_given_up_if_it_stays_so() {
    let (mut scene, id) = kept_alive();
    scene.pass(KEEP_ALIVE.idle - MS);
    scene.nothing_leaves();
    scene.pass(MS);
    probe(&mut scene);
    for _ in 1..KEEP_ALIVE.probes {
        scene.pass(KEEP_ALIVE.interval - MS);
        scene.nothing_leaves();
        scene.pass(MS);
        probe(&mut scene);
    }
    scene.pass(KEEP_ALIVE.interval - MS);
    assert_eq!(scene.state(id), State::Established, "MUST-29: one that is lost is no proof");
    scene.pass(MS);
    assert_eq!(scene.state(id), State::Closed);
    assert_eq!(scene.sockets.take_error(id), Ok(Some(Error::TimedOut)));
    scene.nothing_leaves();
}

#[test]
fn who_answers_is_left_in_peace() {
    let (mut scene, id) = kept_alive();
    for _ in 0..10 {
        scene.pass(KEEP_ALIVE.idle);
        probe(&mut scene);
        scene.pass(KEEP_ALIVE.interval);
        probe(&mut scene);
        scene.peer_sends(seg(Flags::ACK, 1, 1)).unwrap();
    }
    assert_eq!(scene.state(id), State::Established);
}

#[test]
fn who_is_heard_is_not_asked() {
    let (mut scene, id) = kept_alive();
    for round in 0..10 {
        scene.pass(KEEP_ALIVE.idle - MS * 41);
        scene.peer_sends(seg(PSH_ACK, 1 + round, 1).text(b"x")).unwrap();
        scene.pass(MS * 40);
        assert_eq!(scene.leaves_one().ack, 2 + round);
    }
    assert_eq!(scene.state(id), State::Established);
}

#[test]
fn what_is_outstanding_asks_already() {
    let (mut scene, id) = kept_alive();
    scene.pass(KEEP_ALIVE.idle - MS);
    scene.send(id, b"asks").unwrap();
    scene.leaves_one();
    scene.pass(MS * 200);
    scene.nothing_leaves();
    scene.peer_sends(seg(Flags::ACK, 1, 5)).unwrap();
    scene.pass(KEEP_ALIVE.idle - MS);
    scene.nothing_leaves();
    scene.pass(MS);
    assert_eq!(scene.leaves_one().seq, 4);
}

#[test]
fn while_something_is_outstanding_the_question_is_put_off_and_not_given_up() {
    let (mut scene, id) = kept_alive();
    scene.pass(KEEP_ALIVE.idle - MS);
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(0)).unwrap();
    scene.send(id, b"asks").unwrap();
    scene.pass(KEEP_ALIVE.idle + KEEP_ALIVE.interval * (KEEP_ALIVE.probes + 1));
    assert!(scene.leaves().iter().all(|probe| probe.text.len() == 1), "window probes do it");
    assert_eq!(scene.state(id), State::Established);
}

#[test]
fn it_can_be_turned_on_and_off_at_any_time() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.pass(Duration::from_secs(1000));
    scene.sockets.set_options(scene.now, id, options()).unwrap();
    scene.pass(KEEP_ALIVE.idle);
    probe(&mut scene);
    scene.sockets.set_options(scene.now, id, ConnectionOptions::default()).unwrap();
    scene.pass(Duration::from_secs(1000));
    scene.nothing_leaves();
}

#[test]
fn what_is_over_is_not_kept_alive() {
    let (mut scene, closed) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(Flags::RST, 1, 0)).unwrap();
    let in_time_wait = scene.accept_one(ConnectionOptions::default());
    scene.sockets.shutdown(scene.now, in_time_wait).unwrap();
    scene.leaves_one();
    scene.peer_sends(seg(FIN_ACK, 1, 2)).unwrap();
    scene.leaves_one();
    let often = KeepAlive { idle: Duration::from_secs(1), ..KEEP_ALIVE };
    for (id, state) in [(closed, State::Closed), (in_time_wait, State::TimeWait)] {
        let options = ConnectionOptions { keep_alive: Some(often), ..ConnectionOptions::default() };
        scene.sockets.set_options(scene.now, id, options).unwrap();
        assert_eq!(scene.state(id), state);
    }
    scene.pass(Duration::from_secs(100));
    scene.nothing_leaves();
}

#[test]
fn before_it_is_open_nothing_is_kept_alive() {
    let mut scene = Scene::new();
    let id = scene.connect(options()).unwrap();
    scene.sockets.set_options(scene.now, id, options()).unwrap();
    scene.pass(KEEP_ALIVE.idle + KEEP_ALIVE.interval);
    assert!(scene.leaves().iter().all(|segment| segment.flags == Flags::SYN));
}
