//! What a hostile or clumsy peer does, and what must not come of it.

use tcp::{ConnectionOptions, Flags, REPLY_LIMIT, SegmentDropped, State};

use crate::scene::{PSH_ACK, SYN_ACK, Scene, seg, syn};

#[test]
fn of_answers_to_nonsense_only_so_many_wait() {
    let mut scene = Scene::new();
    for _ in 0..REPLY_LIMIT + 7 {
        let nobody = scene.peer_sends(syn());
        assert_eq!(nobody, Err(SegmentDropped::NoConnection));
    }
    assert_eq!(scene.sockets.replies_withheld(), 7);
    assert_eq!(scene.leaves().len(), REPLY_LIMIT);
}

#[test]
fn a_timestamp_from_outside_the_window_poisons_nothing() {
    let (mut scene, id) = Scene::with_timestamps();
    // Who knows the ports alone sets the clock far ahead.
    let forged = seg(PSH_ACK, 2_000_000_000, 1).text(b"x").timestamp(1_000_000);
    scene.peer_sends(forged).unwrap_err();
    scene.leaves();
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"true").timestamp(1001)).unwrap();
    assert_eq!(scene.receive(id), Ok(b"true".to_vec()));
}

#[test]
fn rfc_7323_what_has_no_timestamp_is_dropped_where_both_agreed_on_them() {
    let (mut scene, id) = Scene::with_timestamps();
    let bare = scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"bare"));
    assert_eq!(bare, Err(SegmentDropped::NoTimestamp));
    scene.nothing_leaves();
    // An RST never needs one (3.2), and a SYN may be of a peer that has forgotten all.
    assert_eq!(scene.peer_sends(syn()), Err(SegmentDropped::OutOfWindow));
    assert_eq!(scene.leaves_one().flags, Flags::ACK);
    scene.peer_sends(seg(Flags::RST, 1, 0)).unwrap();
    assert_eq!(scene.state(id), State::Closed);
}

#[test]
fn old_timestamps_draw_an_acknowledgment_and_of_bare_ones_only_so_many() {
    let (mut scene, _) = Scene::with_timestamps();
    let old = seg(PSH_ACK, 1, 1).text(b"old").timestamp(999);
    assert_eq!(scene.peer_sends(old), Err(SegmentDropped::OldTimestamp));
    assert_eq!(scene.leaves_one().ack, 1);
    for _ in 0..5 {
        scene.peer_sends(seg(Flags::ACK, 1, 1).timestamp(999)).unwrap_err();
    }
    assert_eq!(scene.leaves().len(), 1);
}

#[test]
fn shld_16_what_left_before_the_window_shrank_is_sent_again_as_far_as_it_reaches() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, &[7; 3000]).unwrap();
    assert_eq!(scene.leaves().len(), 3);
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(300)).unwrap();
    scene.pass_ms(300);
    let again = scene.leaves_one();
    assert_eq!((again.seq, again.text.len()), (1, 300));
    scene.peer_sends(seg(Flags::ACK, 1, 301).window(3000)).unwrap();
    assert!(scene.leaves().iter().map(|segment| segment.text.len()).sum::<usize>() >= 1000);
}

#[test]
fn must_38_a_window_too_small_for_a_segment_is_filled_when_it_stays_so() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(100)).unwrap();
    scene.send(id, &[7; 3000]).unwrap();
    scene.nothing_leaves();
    scene.pass_ms(300);
    let first = scene.leaves_one();
    assert_eq!((first.seq, first.text.len()), (1, 100));
}

#[test]
fn shld_19_every_second_full_segment_is_acknowledged_also_where_options_make_them_shorter() {
    let (mut scene, _) = Scene::with_timestamps();
    for pair in 0..3 {
        let at = 1 + pair * 1976;
        let text = [1; 988];
        scene.peer_sends(seg(Flags::ACK, at, 1).text(&text).timestamp(1001)).unwrap();
        scene.nothing_leaves();
        scene.peer_sends(seg(Flags::ACK, at + 988, 1).text(&text).timestamp(1001)).unwrap();
        assert_eq!(scene.leaves_one().ack, at + 1976);
    }
}

#[test]
fn who_was_half_open_when_the_listener_closed_is_told_so() {
    let mut scene = Scene::new();
    let listener = scene.listen(1, ConnectionOptions::default());
    scene.peer_sends(syn()).unwrap();
    assert_eq!(scene.leaves_one().flags, SYN_ACK);
    scene.sockets.close(scene.now, listener).unwrap();
    scene.peer_sends(seg(Flags::ACK, 1, 1)).unwrap();
    assert!(scene.leaves_one().flags.rst());
    assert!(scene.sockets.is_empty(), "nobody would ever have closed it");
}
