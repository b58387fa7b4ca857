//! How long is waited for an answer (RFC 9293, 3.8.3; RFC 5482).

use std::time::Duration;

use tcp::{
    ConnectionOptions, Error, Flags, GIVE_UP, ORPHAN_FIN_WAIT_2, Report, SYN_GIVE_UP, SocketId,
    SocketPair, State,
};

use crate::scene::{FIN_ACK, ISS, SYN_ACK, Scene, seg, syn};

const MS: Duration = Duration::from_millis(1);

#[track_caller]
fn ends_after(scene: &mut Scene, id: SocketId, time: Duration, error: Error) {
    let state = scene.state(id);
    scene.pass(time - MS);
    assert_eq!(scene.state(id), state);
    scene.leaves();
    scene.pass(MS);
    assert_eq!(scene.state(id), State::Closed);
    assert_eq!(scene.sockets.take_error(id), Ok(Some(error)));
    scene.pass(Duration::from_secs(3600));
    scene.nothing_leaves();
}

#[test]
fn must_23_a_syn_is_repeated_for_three_minutes_ever_more_seldom() {
    let mut scene = Scene::new();
    let begin = scene.now;
    let id = scene.connect(ConnectionOptions::default()).unwrap();
    assert_eq!(scene.leaves_one().flags, Flags::SYN);
    for seconds in [1, 3, 7, 15, 31, 63, 123, 183] {
        scene.pass(begin + Duration::from_secs(seconds) - scene.now - MS);
        scene.nothing_leaves();
        scene.pass(MS);
        assert_eq!(scene.leaves_one().flags, Flags::SYN, "after {seconds} s");
    }
    let left = begin + SYN_GIVE_UP - scene.now;
    ends_after(&mut scene, id, left, Error::TimedOut);
}

#[test]
fn must_23_so_is_the_answer_to_a_syn() {
    let mut scene = Scene::new();
    scene.listen(1, ConnectionOptions::default());
    scene.peer_sends(syn()).unwrap();
    scene.leaves_one();
    scene.pass(SYN_GIVE_UP - MS);
    assert!(scene.leaves().iter().all(|again| again.flags == SYN_ACK));
    assert_eq!(scene.sockets.len(), 2);
    scene.pass(MS);
    assert_eq!(scene.sockets.len(), 1, "the listener");
    scene.peer_sends(syn()).unwrap();
    assert_eq!(scene.leaves_one().flags, SYN_ACK, "its place is free again");
}

#[test]
fn must_20_shld_11_data_is_repeated_for_as_long_as_r2() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, b"hello?").unwrap();
    scene.leaves_one();
    ends_after(&mut scene, id, GIVE_UP, Error::TimedOut);
}

#[test]
fn must_21_the_application_may_be_more_or_less_patient() {
    for seconds in [5, 3600] {
        let user_timeout = Some(Duration::from_secs(seconds));
        let options = ConnectionOptions { user_timeout, ..ConnectionOptions::default() };
        let (mut scene, id) = Scene::established(options);
        scene.send(id, b"hello?").unwrap();
        scene.leaves_one();
        ends_after(&mut scene, id, Duration::from_secs(seconds), Error::TimedOut);
    }
}

#[test]
fn every_progress_begins_the_wait_anew() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, b"hello?").unwrap();
    scene.leaves_one();
    for number in 2..7 {
        scene.pass(GIVE_UP - MS);
        scene.leaves();
        scene.peer_sends(seg(Flags::ACK, 1, number)).unwrap();
    }
    ends_after(&mut scene, id, GIVE_UP, Error::TimedOut);
}

#[test]
fn what_the_network_reported_last_is_why_it_was_given_up() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, b"hello?").unwrap();
    scene.leaves_one();
    let pair = SocketPair { local: scene.local, remote: scene.remote };
    let error = Error::HostUnreachable;
    let report = Report { pair, sequence_number: ISS + 1, error };
    scene.sockets.handle_report(scene.now, &report).unwrap();
    ends_after(&mut scene, id, GIVE_UP, Error::HostUnreachable);
}

#[test]
fn nobody_waits_for_ever_in_fin_wait_2_once_the_application_has_let_go() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.sockets.close(scene.now, id).unwrap();
    scene.leaves_one();
    scene.peer_sends(seg(Flags::ACK, 1, 2)).unwrap();
    scene.pass(ORPHAN_FIN_WAIT_2 - MS);
    assert_eq!(scene.sockets.len(), 1);
    scene.pass(MS);
    assert!(scene.sockets.is_empty());
    scene.nothing_leaves();
    assert_eq!(scene.sockets.in_time_wait(), 0);
}

#[test]
fn who_lets_go_in_fin_wait_2_waits_as_long_from_then_on() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.leaves_one();
    scene.peer_sends(seg(Flags::ACK, 1, 2)).unwrap();
    scene.pass(ORPHAN_FIN_WAIT_2 * 10);
    assert_eq!(scene.state(id), State::FinWait2, "somebody may still read");
    scene.sockets.close(scene.now, id).unwrap();
    scene.pass(ORPHAN_FIN_WAIT_2 - MS);
    assert_eq!(scene.sockets.len(), 1);
    scene.pass(MS);
    assert!(scene.sockets.is_empty());
}

#[test]
fn a_connection_that_waits_for_the_application_waits_for_ever() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(FIN_ACK, 1, 1)).unwrap();
    scene.leaves_one();
    scene.pass(Duration::from_secs(7 * 24 * 3600));
    scene.nothing_leaves();
    assert_eq!(scene.state(id), State::CloseWait);
}

#[test]
fn one_timer_sets_off_no_other() {
    let options = ConnectionOptions { no_delay: true, ..ConnectionOptions::default() };
    let (mut scene, id) = Scene::established(options);
    scene.send(id, b"outstanding").unwrap();
    scene.leaves_one();
    scene.peer_sends(seg(Flags::PSH | Flags::ACK, 1, 1).text(b"x")).unwrap();
    scene.pass_ms(40);
    scene.expect(Flags::ACK, 12, 2, b"");
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!(status.statistics.timeouts, 0);
}
