use std::time::Duration;

use tcp::{ConnectionOptions, Error, Flags, State};

use crate::scene::{FIN_ACK, PSH_ACK, RST_ACK, Scene, seg};

fn lingering(linger: Option<Duration>) -> ConnectionOptions {
    ConnectionOptions { linger, ..ConnectionOptions::default() }
}

#[test]
fn without_linger_what_was_sent_is_delivered_in_the_background() {
    let (mut scene, id) = Scene::established(lingering(None));
    scene.send(id, b"the last words").unwrap();
    scene.sockets.close(scene.now, id).unwrap();
    scene.expect(FIN_ACK | Flags::PSH, 1, 1, b"the last words");
    assert_eq!(scene.sockets.state(id), Ok(State::FinWait1), "the handle is good until the end");
    scene.pass_ms(1500);
    assert!(scene.leaves().iter().all(|again| again.text == b"the last words"));
}

#[test]
fn a_linger_of_zero_throws_away_what_has_not_left_and_resets() {
    let (mut scene, id) = Scene::established(lingering(Some(Duration::ZERO)));
    scene.send(id, b"nobody hears this").unwrap();
    scene.sockets.close(scene.now, id).unwrap();
    scene.expect(RST_ACK, 1, 1, b"");
    assert!(scene.sockets.is_empty());
    scene.pass_ms(60_000);
    scene.nothing_leaves();
}

#[test]
fn a_close_that_lingers_is_told_when_all_was_acknowledged() {
    let (mut scene, id) = Scene::established(lingering(Some(Duration::from_secs(5))));
    scene.send(id, b"words").unwrap();
    assert_eq!(scene.sockets.close(scene.now, id), Err(Error::WouldBlock));
    scene.expect(FIN_ACK | Flags::PSH, 1, 1, b"words");
    assert_eq!(scene.sockets.close(scene.now, id), Err(Error::WouldBlock), "asked again");
    assert!(!scene.sockets.readiness(id).unwrap().has_lingered);
    scene.events();
    scene.peer_sends(seg(Flags::ACK, 1, 6)).unwrap();
    assert!(scene.events().is_empty() || scene.state(id) == State::FinWait1);
    scene.peer_sends(seg(Flags::ACK, 1, 7)).unwrap();
    let [event] = scene.events()[..] else { panic!() };
    assert!(event.socket == id && event.readiness.has_lingered);
    assert_eq!(scene.sockets.close(scene.now, id), Ok(()));
    scene.nothing_leaves();
    scene.peer_sends(seg(FIN_ACK, 1, 7)).unwrap();
    scene.expect(Flags::ACK, 7, 2, b"");
}

#[test]
fn what_is_not_delivered_when_the_time_is_over_is_lost_and_the_peer_is_told() {
    let (mut scene, id) = Scene::established(lingering(Some(Duration::from_secs(5))));
    scene.send(id, b"words").unwrap();
    assert_eq!(scene.sockets.close(scene.now, id), Err(Error::WouldBlock));
    scene.pass_ms(4999);
    assert!(scene.leaves().iter().all(|segment| !segment.flags.rst()));
    scene.events();
    scene.pass_ms(1);
    assert!(scene.leaves_one().flags.rst());
    let [event] = scene.events()[..] else { panic!() };
    assert!(event.readiness.has_lingered && event.readiness.is_closed);
    assert_eq!(scene.sockets.close(scene.now, id), Ok(()));
    assert!(scene.sockets.is_empty());
}

#[test]
fn when_nothing_is_left_to_deliver_nothing_lingers() {
    let (mut scene, id) = Scene::established(lingering(Some(Duration::from_secs(5))));
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.leaves();
    scene.peer_sends(seg(Flags::ACK, 1, 2)).unwrap();
    assert_eq!(scene.state(id), State::FinWait2);
    assert!(!scene.sockets.readiness(id).unwrap().has_lingered, "it was not closed yet");
    assert_eq!(scene.sockets.close(scene.now, id), Ok(()));
}

#[test]
fn what_comes_while_it_lingers_finds_nobody() {
    let (mut scene, id) = Scene::established(lingering(Some(Duration::from_secs(5))));
    scene.send(id, b"words").unwrap();
    assert_eq!(scene.sockets.close(scene.now, id), Err(Error::WouldBlock));
    scene.leaves();
    scene.peer_sends(seg(PSH_ACK, 1, 7).text(b"but I wanted")).unwrap_err();
    assert!(scene.leaves_one().flags.rst(), "SHLD-3");
    assert_eq!(scene.sockets.close(scene.now, id), Ok(()));
    assert!(scene.sockets.is_empty());
}

#[test]
fn shld_3_closing_with_something_unread_resets_whatever_linger_says() {
    for linger in [None, Some(Duration::from_secs(5))] {
        let (mut scene, id) = Scene::established(lingering(linger));
        scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"unread")).unwrap();
        assert_eq!(scene.sockets.close(scene.now, id), Ok(()));
        assert!(scene.leaves_one().flags.rst());
        assert!(scene.sockets.is_empty());
    }
}

#[test]
fn who_reads_no_more_throws_away_what_comes_and_goes_on_sending() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"before")).unwrap();
    scene.sockets.shutdown_receiving(scene.now, id).unwrap();
    assert_eq!(scene.receive(id), Ok(Vec::new()));
    for round in 0..100 {
        let text = [7; 1000];
        scene.peer_sends(seg(PSH_ACK, 7 + round * 1000, 1).text(&text)).unwrap();
        scene.leaves();
    }
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!((status.unread, status.statistics.bytes_received), (0, 100_006));
    assert!(status.receive_window > 60_000, "{}", status.receive_window);
    assert_eq!(scene.send(id, b"mine"), Ok(4));
    scene.expect(PSH_ACK, 1, 100_007, b"mine");

    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.leaves();
    scene.peer_sends(seg(PSH_ACK, 100_007, 6).text(b"more")).unwrap_err();
    assert!(scene.leaves_one().flags.rst(), "SHLD-3: both sides are shut");
}

#[test]
fn an_abort_after_all_was_said_needs_no_reset() {
    // RFC 9293, 3.10.5: CLOSING, LAST-ACK, TIME-WAIT.
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(FIN_ACK, 1, 1)).unwrap();
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.expect(FIN_ACK, 1, 2, b"");
    assert_eq!(scene.state(id), State::LastAck);
    scene.sockets.abort(scene.now, id).unwrap();
    assert_eq!(scene.state(id), State::Closed);
    scene.nothing_leaves();
}
