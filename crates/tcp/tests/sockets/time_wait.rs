use std::time::Duration;

use tcp::{ConnectionOptions, Error, Flags, SegmentDropped, SocketId, State, TIME_WAIT_TIME};

use crate::scene::{FIN_ACK, PSH_ACK, RST_ACK, SYN_ACK, Scene, Seg, seg, syn};

/// A connection that we closed first, in TIME-WAIT; and its handle, which is still held.
fn held() -> (Scene, SocketId) {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    close_first(&mut scene, id);
    (scene, id)
}

fn close_first(scene: &mut Scene, id: SocketId) {
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.expect(FIN_ACK, 1, 1, b"");
    scene.peer_sends(seg(FIN_ACK, 1, 2)).unwrap();
    scene.expect(Flags::ACK, 2, 2, b"");
    assert_eq!(scene.state(id), State::TimeWait);
}

/// As that, and nobody holds it any more.
fn let_go() -> Scene {
    let (mut scene, id) = held();
    scene.sockets.close(scene.now, id).unwrap();
    assert_eq!((scene.sockets.len(), scene.sockets.in_time_wait()), (0, 1));
    scene
}

/// A listener with timestamps, and what is left of a connection whose peer's clock was at 1000.
fn with_timestamps() -> Scene {
    let (mut scene, id) = Scene::with_timestamps();
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.leaves_one();
    scene.peer_sends(seg(FIN_ACK, 1, 2).timestamp(1000)).unwrap();
    scene.leaves_one();
    scene.sockets.close(scene.now, id).unwrap();
    scene
}

#[test]
fn must_13_it_lasts_two_msl_and_then_nobody_knows_the_connection() {
    let mut scene = let_go();
    scene.pass(TIME_WAIT_TIME - Duration::from_millis(1));
    assert_eq!(scene.sockets.in_time_wait(), 1);
    scene.pass_ms(1);
    assert_eq!(scene.sockets.in_time_wait(), 0);
    assert_eq!(scene.sockets.next_deadline(), None);
    assert_eq!(scene.peer_sends(seg(FIN_ACK, 1, 2)), Err(SegmentDropped::NoConnection));
    scene.expect(Flags::RST, 2, 0, b"");
}

#[test]
fn must_13_a_fin_that_comes_again_is_acknowledged_and_begins_it_anew() {
    let mut scene = let_go();
    for _ in 0..3 {
        scene.pass(TIME_WAIT_TIME - Duration::from_millis(1));
        let _ = scene.peer_sends(seg(FIN_ACK, 1, 2));
        scene.expect(Flags::ACK, 2, 2, b"");
    }
    scene.pass(TIME_WAIT_TIME);
    assert_eq!(scene.sockets.in_time_wait(), 0);
}

#[test]
fn a_fin_at_another_number_begins_nothing_anew() {
    let mut scene = let_go();
    scene.pass(TIME_WAIT_TIME - Duration::from_millis(1));
    for seq in [0, 100_000] {
        let forged = scene.peer_sends(seg(FIN_ACK, seq, 2));
        assert_eq!(forged, Err(SegmentDropped::OutOfWindow));
    }
    // One challenge, and not a second one in half a second (RFC 5961, 7).
    scene.expect(Flags::ACK, 2, 2, b"");
    scene.nothing_leaves();
    scene.pass_ms(1);
    assert_eq!(scene.sockets.in_time_wait(), 0);
}

#[test]
fn who_holds_the_handle_can_read_and_sees_the_end() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.leaves_one();
    scene.peer_sends(seg(FIN_ACK | Flags::PSH, 1, 2).text(b"bye")).unwrap();
    scene.expect(Flags::ACK, 2, 5, b"");
    assert_eq!(scene.receive(id), Ok(b"bye".to_vec()));
    assert_eq!(scene.receive(id), Ok(Vec::new()));
    assert_eq!(scene.send(id, b"x"), Err(Error::BrokenPipe));
    scene.pass(TIME_WAIT_TIME);
    assert_eq!(scene.state(id), State::Closed);
    assert_eq!(scene.sockets.take_error(id), Ok(None), "it ended in peace");
    assert_eq!(scene.sockets.in_time_wait(), 0);
}

#[test]
fn closing_with_something_unread_harms_time_wait_no_more() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.leaves_one();
    scene.peer_sends(seg(FIN_ACK | Flags::PSH, 1, 2).text(b"bye")).unwrap();
    scene.leaves_one();
    scene.sockets.close(scene.now, id).unwrap();
    scene.nothing_leaves();
    assert_eq!(scene.sockets.in_time_wait(), 1);
}

#[test]
fn an_abort_ends_it() {
    let (mut scene, id) = held();
    scene.sockets.abort(scene.now, id).unwrap();
    assert_eq!((scene.state(id), scene.sockets.in_time_wait()), (State::Closed, 0));
    scene.nothing_leaves();
}

#[test]
fn an_rst_ends_it_at_the_very_number_alone() {
    let mut scene = let_go();
    assert_eq!(
        scene.peer_sends(seg(Flags::RST, 100, 0)),
        Err(SegmentDropped::ResetNotExact),
        "it may be forged"
    );
    scene.expect(Flags::ACK, 2, 2, b"");
    scene.peer_sends(seg(RST_ACK, 0, 2)).unwrap_err();
    assert_eq!(scene.sockets.in_time_wait(), 1);
    scene.peer_sends(seg(RST_ACK, 2, 2)).unwrap();
    assert_eq!(scene.sockets.in_time_wait(), 0);
    scene.nothing_leaves();
}

#[test]
fn old_segments_draw_an_acknowledgment_twice_a_second_and_no_more() {
    let mut scene = let_go();
    let mut drawn = 0;
    for _ in 0..100 {
        scene.pass_ms(10);
        let _ = scene.peer_sends(seg(PSH_ACK, 1, 2));
        drawn += scene.leaves().len();
    }
    assert_eq!(drawn, 2);
}

#[test]
fn an_acknowledgment_at_the_edge_is_passed_over_in_silence() {
    let mut scene = let_go();
    scene.peer_sends(seg(Flags::ACK, 2, 2)).unwrap_err();
    scene.peer_sends(seg(Flags::NONE, 2, 0)).unwrap_err();
    scene.nothing_leaves();
    scene.peer_sends(seg(Flags::ACK, 2, 3)).unwrap_err();
    scene.expect(Flags::ACK, 2, 2, b"");
}

#[test]
fn may_2_a_syn_beyond_the_last_number_begins_the_next_connection() {
    let mut scene = let_go();
    scene.listen(1, ConnectionOptions::default());
    let asks = |seq| Seg { seq, ..syn() };
    // The old FIN has number 1, so 2 is the first that is free.
    assert_eq!(scene.peer_sends(asks(2)), Err(SegmentDropped::UnexpectedSyn));
    scene.expect(Flags::ACK, 2, 2, b"");
    scene.peer_sends(asks(3)).unwrap();
    let answer = scene.leaves_one();
    assert_eq!((answer.flags, answer.ack), (SYN_ACK, 4));
    assert!(answer.seq >= 2, "behind all that we ever sent: {}", answer.seq);
    assert_eq!(scene.sockets.in_time_wait(), 0);
}

#[test]
fn without_a_listener_a_syn_begins_nothing() {
    let mut scene = let_go();
    assert_eq!(scene.peer_sends(Seg { seq: 1000, ..syn() }), Err(SegmentDropped::UnexpectedSyn));
    scene.expect(Flags::ACK, 2, 2, b"");
    assert_eq!(scene.sockets.in_time_wait(), 1);
}

#[test]
fn shld_4_a_later_timestamp_begins_the_next_connection_whatever_the_number() {
    for (value, seq, is_next) in
        [(1001, 0, true), (1000, 3, true), (1000, 2, false), (999, 3, false)]
    {
        let mut scene = with_timestamps();
        let opened = scene.peer_sends((Seg { seq, ..syn() }).timestamp(value));
        assert_eq!(opened.is_ok(), is_next, "{value} {seq}: {opened:?}");
        assert_eq!(scene.leaves_one().flags == SYN_ACK, is_next);
    }
}

#[test]
fn rfc_6191_where_only_the_next_connection_has_timestamps_it_may_begin() {
    let mut scene = let_go();
    scene.listen(1, ConnectionOptions::default());
    scene.peer_sends(syn().timestamp(5)).unwrap();
    assert_eq!(scene.leaves_one().flags, SYN_ACK);

    let mut scene = with_timestamps();
    assert!(scene.peer_sends(Seg { seq: 2, ..syn() }).is_err(), "and none has, by number only");
    scene.leaves_one();
    scene.peer_sends(Seg { seq: 3, ..syn() }).unwrap();
    assert_eq!(scene.leaves_one().flags, SYN_ACK);
}

#[test]
fn the_acknowledgment_carries_a_timestamp_where_the_connection_did() {
    let mut scene = with_timestamps();
    let _ = scene.peer_sends(seg(FIN_ACK, 1, 2).timestamp(1001));
    let again = scene.leaves_one();
    assert_eq!(again.options.timestamps.unwrap().echo_reply, 1000);
}

#[test]
fn its_port_is_not_free_to_connect_by() {
    let mut scene = let_go();
    assert_eq!(scene.connect(ConnectionOptions::default()), Err(Error::AddressInUse));
    scene.pass(TIME_WAIT_TIME);
    assert!(scene.connect(ConnectionOptions::default()).is_ok());
}

#[test]
fn both_who_close_at_once_wait() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.sockets.close(scene.now, id).unwrap();
    scene.expect(FIN_ACK, 1, 1, b"");
    scene.peer_sends(seg(FIN_ACK, 1, 1)).unwrap();
    scene.expect(Flags::ACK, 2, 2, b"");
    assert_eq!(scene.state(id), State::Closing);
    scene.peer_sends(seg(Flags::ACK, 2, 2)).unwrap();
    assert_eq!((scene.sockets.len(), scene.sockets.in_time_wait()), (0, 1));
    scene.nothing_leaves();
}

#[test]
fn may_2_where_the_syn_was_an_old_one_it_goes_on() {
    let mut scene = let_go();
    scene.listen(1, ConnectionOptions::default());
    scene.pass(TIME_WAIT_TIME / 2);
    scene.peer_sends(Seg { seq: 1000, ..syn() }).unwrap();
    let answer = scene.leaves_one();
    assert_eq!((answer.flags, scene.sockets.in_time_wait()), (SYN_ACK, 0));
    // The peer, which is in LAST-ACK, does not know what this is about.
    scene.peer_sends(seg(Flags::RST, 1001, 0)).unwrap();
    assert_eq!((scene.sockets.len(), scene.sockets.in_time_wait()), (1, 1));
    scene.peer_sends(seg(FIN_ACK, 1, 2)).unwrap_err();
    scene.expect(Flags::ACK, 2, 2, b"");
    scene.pass(TIME_WAIT_TIME - Duration::from_millis(1));
    assert_eq!(scene.sockets.in_time_wait(), 1);
    scene.pass_ms(1);
    assert_eq!((scene.sockets.in_time_wait(), scene.sockets.time_wait_evicted()), (0, 0));
}

#[test]
fn a_connection_that_was_accepted_in_its_place_does_not_bring_it_back() {
    let mut scene = let_go();
    let listener = scene.listen(1, ConnectionOptions::default());
    scene.peer_sends(Seg { seq: 1000, ..syn() }).unwrap();
    let answer = scene.leaves_one();
    scene.peer_sends(seg(Flags::ACK, 1001, answer.seq + 1)).unwrap();
    scene.sockets.accept(listener).unwrap();
    scene.peer_sends(seg(Flags::RST, 1001, 0)).unwrap();
    assert_eq!(scene.sockets.in_time_wait(), 0);
}

#[test]
fn while_nobody_has_room_for_the_next_connection_it_goes_on() {
    let mut scene = let_go();
    scene.listen(1, ConnectionOptions::default());
    scene.remote.set_port(40_001);
    scene.peer_sends(syn()).unwrap();
    scene.leaves_one();
    scene.remote.set_port(40_000);
    let asked = scene.peer_sends(Seg { seq: 1000, ..syn() });
    assert_eq!(asked, Err(SegmentDropped::UnexpectedSyn));
    scene.expect(Flags::ACK, 2, 2, b"");
    assert_eq!(scene.sockets.in_time_wait(), 1);
}

#[test]
fn rfc_7323_what_is_older_by_its_timestamp_is_acknowledged_and_does_nothing_save_an_rst() {
    let mut scene = with_timestamps();
    let old = scene.peer_sends(seg(Flags::ACK, 2, 2).timestamp(999));
    assert_eq!(old, Err(SegmentDropped::OldTimestamp));
    scene.expect(Flags::ACK, 2, 2, b"");
    let current = scene.peer_sends(seg(Flags::ACK, 2, 2).timestamp(1000));
    assert_eq!(current, Err(SegmentDropped::OutOfWindow));
    scene.nothing_leaves();
    scene.peer_sends(seg(Flags::RST, 2, 0).timestamp(999)).unwrap();
    assert_eq!(scene.sockets.in_time_wait(), 0);
}
