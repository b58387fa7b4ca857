//! What may be forged, or came too late: who must be believed, who is asked, and who gets no
//! answer (RFC 9293, 3.10.7.4; RFC 5961; RFC 7323, 5).

use std::time::Duration;

use tcp::{BufferSize, ConnectionOptions, Error, Flags, SegmentDropped, SocketId, State};

use crate::scene::{FIN_ACK, PSH_ACK, RST_ACK, Scene, Seg, seg, syn};

/// An established connection, on which we have sent the numbers 1 to 100.
fn established() -> (Scene, SocketId) {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, &[7; 100]).unwrap();
    scene.leaves_one();
    (scene, id)
}

#[test]
fn rfc_5961_3_an_rst_counts_at_the_very_number_that_is_expected() {
    let (mut scene, id) = established();
    scene.peer_sends(seg(Flags::RST, 1, 0)).unwrap();
    assert_eq!(scene.state(id), State::Closed);
    assert_eq!(scene.sockets.take_error(id), Ok(Some(Error::ConnectionReset)));
    scene.nothing_leaves();
}

#[test]
fn rfc_5961_3_elsewhere_in_the_window_the_peer_is_asked_and_outside_nothing_is_said() {
    let (mut scene, id) = established();
    for number in [2, 1000, 60_000] {
        scene.pass_ms(500);
        scene.leaves();
        let dropped = scene.peer_sends(seg(Flags::RST, number, 0));
        assert_eq!(dropped, Err(SegmentDropped::ResetNotExact), "{number}");
        scene.expect(Flags::ACK, 101, 1, b"");
    }
    for number in [0, 70_000] {
        let dropped = scene.peer_sends(seg(Flags::RST, number, 0));
        assert_eq!(dropped, Err(SegmentDropped::UnexpectedReset), "{number}");
        scene.nothing_leaves();
    }
    assert_eq!(scene.state(id), State::Established);
}

#[test]
fn rfc_5961_4_a_syn_is_asked_about_wherever_it_stands() {
    let (mut scene, id) = established();
    assert_eq!(scene.peer_sends(Seg { seq: 5, ..syn() }), Err(SegmentDropped::UnexpectedSyn));
    scene.expect(Flags::ACK, 101, 1, b"");
    assert_eq!(scene.peer_sends(syn()), Err(SegmentDropped::OutOfWindow));
    scene.expect(Flags::ACK, 101, 1, b"");
    assert_eq!(scene.state(id), State::Established);
}

#[test]
fn rfc_5961_5_what_was_never_sent_cannot_be_acknowledged() {
    let (mut scene, id) = established();
    let dropped = scene.peer_sends(seg(PSH_ACK, 1, 102).text(b"x"));
    assert_eq!(dropped, Err(SegmentDropped::BadAcknowledgment));
    scene.expect(Flags::ACK, 101, 1, b"");
    assert_eq!(scene.receive(id), Err(Error::WouldBlock), "the text goes with it");
    scene.peer_sends(seg(PSH_ACK, 1, 101).text(b"x")).unwrap();
    assert_eq!(scene.receive(id), Ok(b"x".to_vec()));
}

#[test]
fn rfc_5961_5_nor_does_anybody_repeat_what_is_older_than_a_window() {
    let (mut scene, id) = established();
    let oldest = 1u32.wrapping_sub(60_000);
    let dropped = scene.peer_sends(seg(PSH_ACK, 1, oldest.wrapping_sub(1)).text(b"x"));
    assert_eq!(dropped, Err(SegmentDropped::BadAcknowledgment));
    scene.peer_sends(seg(PSH_ACK, 1, oldest).text(b"x")).unwrap();
    assert_eq!(scene.receive(id), Ok(b"x".to_vec()));
}

#[test]
fn what_acknowledges_nothing_is_passed_over_in_silence() {
    let (mut scene, id) = established();
    let dropped = scene.peer_sends(seg(Flags::PSH, 1, 0).text(b"x"));
    assert_eq!(dropped, Err(SegmentDropped::NoFlags));
    scene.nothing_leaves();
    assert_eq!(scene.receive(id), Err(Error::WouldBlock));
}

#[test]
fn what_lies_outside_the_window_tells_the_peer_where_we_stand() {
    let (mut scene, id) = established();
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"abc")).unwrap();
    scene.pass_ms(40);
    scene.leaves_one();
    for (number, text) in [(1, &b"abc"[..]), (3, b"c"), (70_004, b"far")] {
        let dropped = scene.peer_sends(seg(PSH_ACK, number, 1).text(text));
        assert_eq!(dropped, Err(SegmentDropped::OutOfWindow), "{number}");
        scene.expect(Flags::ACK, 101, 4, b"");
    }
    assert_eq!(scene.receive(id), Ok(b"abc".to_vec()));
}

#[test]
fn what_lies_partly_in_the_window_is_taken_as_far_as_it_does() {
    let (mut scene, id) = established();
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"abc")).unwrap();
    scene.peer_sends(seg(PSH_ACK, 3, 1).text(b"cde")).unwrap();
    assert_eq!(scene.receive(id), Ok(b"abcde".to_vec()));
}

#[test]
fn a_keep_alive_is_answered_each_time_and_other_bare_segments_twice_a_second() {
    let (mut scene, _) = established();
    for _ in 0..5 {
        scene.peer_sends(seg(Flags::ACK, 0, 1)).unwrap_err();
        assert_eq!(scene.leaves().len(), 1, "the peer asks whether we are still there");
    }
    let mut drawn = 0;
    for number in [70_000, 80_000, 90_000] {
        scene.peer_sends(seg(Flags::ACK, number, 1)).unwrap_err();
        drawn += scene.leaves().len();
    }
    assert_eq!(drawn, 1, "else two hosts could do so for ever");
}

#[test]
fn rfc_7323_5_5_after_24_days_the_clock_may_have_gone_round() {
    let (mut scene, _) = Scene::with_timestamps();
    let text = |value| seg(PSH_ACK, 1, 1).text(b"x").timestamp(value);
    scene.pass(Duration::from_secs(24 * 24 * 3600));
    assert_eq!(scene.peer_sends(text(999)), Err(SegmentDropped::OldTimestamp));
    scene.pass_ms(1);
    assert_eq!(scene.peer_sends(text(999)), Ok(()));
}

#[test]
fn rfc_7323_4_3_what_is_out_of_order_does_not_set_the_clock() {
    let (mut scene, _) = Scene::with_timestamps();
    let echo = |scene: &mut Scene| scene.leaves_one().options.timestamps.unwrap().echo_reply;
    scene.peer_sends(seg(PSH_ACK, 2, 1).text(b"b").timestamp(1002)).unwrap();
    assert_eq!(echo(&mut scene), 1000);
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"a").timestamp(1001)).unwrap();
    assert_eq!(echo(&mut scene), 1001);
}

#[test]
fn a_fin_counts_once_all_before_it_has_come() {
    let (mut scene, id) = established();
    scene.peer_sends(seg(FIN_ACK, 3, 1).text(b"c")).unwrap();
    scene.expect(Flags::ACK, 101, 1, b"");
    assert_eq!(scene.state(id), State::Established);
    assert!(!scene.sockets.readiness(id).unwrap().is_at_end);
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"ab")).unwrap();
    scene.expect(Flags::ACK, 101, 5, b"");
    assert_eq!(scene.state(id), State::CloseWait);
    assert!(scene.sockets.readiness(id).unwrap().is_at_end);
    assert_eq!(scene.receive(id), Ok(b"abc".to_vec()));
    assert_eq!(scene.receive(id), Ok(Vec::new()));
}

#[test]
fn a_fin_beyond_the_window_is_none() {
    let options = ConnectionOptions {
        receive_buffer: BufferSize::fixed(1000),
        ..ConnectionOptions::default()
    };
    let (mut scene, id) = Scene::established(options);
    scene.peer_sends(seg(FIN_ACK, 1, 1).text(&[7; 1001])).unwrap();
    assert_eq!(scene.leaves_one().ack, 1001);
    assert_eq!(scene.receive(id).unwrap().len(), 1000);
    assert_eq!(scene.state(id), State::Established);
    scene.leaves();
    // There is one more byte before it than we know of.
    scene.peer_sends(seg(FIN_ACK, 1001, 1).text(b"x")).unwrap();
    assert_eq!((scene.state(id), scene.leaves_one().ack), (State::CloseWait, 1003));
}

#[test]
fn behind_the_fin_nothing_comes_and_it_stays_where_it_was() {
    let (mut scene, id) = established();
    scene.peer_sends(seg(FIN_ACK, 1, 1)).unwrap();
    scene.expect(Flags::ACK, 101, 2, b"");
    scene.peer_sends(seg(FIN_ACK, 1, 1)).unwrap_err();
    scene.expect(Flags::ACK, 101, 2, b"");
    scene.peer_sends(seg(PSH_ACK, 2, 1).text(b"more")).unwrap();
    scene.peer_sends(seg(FIN_ACK, 2, 1)).unwrap();
    scene.leaves();
    assert_eq!((scene.state(id), scene.receive(id)), (State::CloseWait, Ok(Vec::new())));
    scene.peer_sends(seg(Flags::ACK, 2, 101)).unwrap();
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!((status.unacknowledged, status.statistics.bytes_received), (0, 0));
}

#[test]
fn an_rst_after_both_have_closed_is_no_error() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(FIN_ACK, 1, 1)).unwrap();
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.leaves();
    scene.peer_sends(seg(RST_ACK, 2, 1)).unwrap();
    assert_eq!(scene.state(id), State::Closed);
    assert_eq!(scene.sockets.take_error(id), Ok(None));
    scene.nothing_leaves();
}
