//! ABORT (RFC 9293, 3.10.5), and closing when the peer takes nothing or has said all.

use tcp::{ConnectionOptions, Error, Flags, SocketId, State};

use crate::scene::{FIN_ACK, PSH_ACK, RST_ACK, Scene, seg, syn};

fn aborts(scene: &mut Scene, id: SocketId) {
    scene.sockets.abort(scene.now, id).unwrap();
    assert_eq!(scene.sockets.take_error(id), Ok(Some(Error::ConnectionAborted)));
}

#[test]
fn an_abort_tells_the_peer_by_an_rst_and_what_waits_is_lost() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"unread")).unwrap();
    scene.send(id, b"waits").unwrap();
    aborts(&mut scene, id);
    scene.expect(RST_ACK, 1, 7, b"");
    assert_eq!(scene.state(id), State::Closed);
    assert_eq!(scene.receive(id), Ok(b"unread".to_vec()), "what came can still be read");
    assert_eq!(scene.sockets.abort(scene.now, id), Ok(()), "there is nothing left to do");
    assert_eq!(scene.sockets.take_error(id), Ok(None));
    scene.pass_ms(60_000);
    scene.nothing_leaves();
}

#[test]
fn no_fin_goes_before_the_rst() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    aborts(&mut scene, id);
    scene.sockets.shutdown(scene.now, id).unwrap();
    assert_eq!(scene.state(id), State::Established, "nothing is closed in peace any more");
    scene.expect(RST_ACK, 1, 1, b"");
}

#[test]
fn who_has_heard_nothing_of_us_is_told_nothing() {
    let mut scene = Scene::new();
    let id = scene.connect(ConnectionOptions::default()).unwrap();
    scene.leaves_one();
    aborts(&mut scene, id);
    assert_eq!(scene.state(id), State::Closed);
    scene.nothing_leaves();
}

#[test]
fn what_both_asked_for_is_aborted_by_an_rst() {
    let mut scene = Scene::new();
    let id = scene.connect(ConnectionOptions::default()).unwrap();
    scene.peer_sends(syn()).unwrap();
    scene.leaves();
    aborts(&mut scene, id);
    scene.expect(RST_ACK, 1, 1, b"");
}

#[test]
fn where_only_the_last_acknowledgment_is_missing_nobody_needs_an_rst() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.leaves();
    scene.peer_sends(seg(FIN_ACK, 1, 1)).unwrap();
    scene.leaves();
    assert_eq!(scene.state(id), State::Closing);
    aborts(&mut scene, id);
    assert_eq!(scene.state(id), State::Closed);
    scene.nothing_leaves();
}

#[test]
fn but_where_text_is_missing_too_the_peer_has_to_know() {
    for window in [60_000, 0] {
        let (mut scene, id) = Scene::established(ConnectionOptions::default());
        scene.peer_sends(seg(FIN_ACK, 1, 1).window(window)).unwrap();
        scene.send(id, b"text").unwrap();
        scene.sockets.shutdown(scene.now, id).unwrap();
        scene.leaves();
        assert_eq!(scene.state(id), State::LastAck);
        aborts(&mut scene, id);
        assert!(scene.leaves_one().flags.rst(), "{window}");
    }
}

#[test]
fn a_closed_window_holds_back_the_text_but_not_the_fin_behind_it() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(0)).unwrap();
    scene.send(id, b"x").unwrap();
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.nothing_leaves();
    scene.pass_ms(300);
    let left: Vec<_> = scene.leaves().iter().map(|segment| (segment.flags, segment.seq)).collect();
    assert_eq!(left, [(PSH_ACK, 1), (FIN_ACK, 2)], "a probe, and what is behind it");
    scene.peer_sends(seg(Flags::ACK, 1, 2).window(0)).unwrap();
    scene.pass_ms(300);
    scene.expect(FIN_ACK, 2, 1, b"");
    scene.peer_sends(seg(Flags::ACK, 1, 3).window(0)).unwrap();
    assert_eq!(scene.state(id), State::FinWait2);
}

#[test]
fn must_35_what_was_sent_before_the_window_closed_is_sent_byte_by_byte() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, &[7; 2000]).unwrap();
    assert_eq!(scene.leaves().len(), 2);
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(0)).unwrap();
    for wait in [300, 600] {
        scene.pass_ms(wait);
        scene.expect(Flags::ACK, 1, 1, &[7]);
        scene.peer_sends(seg(Flags::ACK, 1, 1).window(0)).unwrap();
    }
    assert_eq!(scene.sockets.status(scene.now, id).unwrap().congestion_window, 10_000);
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(3000)).unwrap();
    let again: Vec<_> = scene.leaves().iter().map(|again| (again.seq, again.text.len())).collect();
    assert_eq!(again, [(1, 1000), (1001, 1000)], "what came meanwhile was thrown away");
}

#[test]
fn shld_30_probes_come_ever_more_seldom_and_once_a_minute_at_last() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(0)).unwrap();
    scene.send(id, b"waits").unwrap();
    for wait in [300, 600, 1200, 2400, 4800, 9600, 19_200, 38_400, 60_000, 60_000] {
        scene.pass_ms(wait - 1);
        scene.nothing_leaves();
        scene.pass_ms(1);
        scene.expect(Flags::ACK, 1, 1, b"w");
        scene.peer_sends(seg(Flags::ACK, 1, 1).window(0)).unwrap();
    }
}
