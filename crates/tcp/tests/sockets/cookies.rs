//! A SYN flood, and who gets through it all the same (RFC 4987, 3.6).

use tcp::{
    ConnectionOptions, Error, Flags, Options, SegmentDropped, SocketId, State, Timestamps,
    WindowScale,
};

use crate::scene::{PSH_ACK, SYN_ACK, Scene, Seg, seg, syn};

/// A listener with room for one, which somebody has who never answers; the peer is another one.
fn flooded() -> (Scene, SocketId) {
    let mut scene = Scene::new();
    let listener = scene.listen(1, ConnectionOptions::default());
    scene.peer_sends(syn()).unwrap();
    scene.leaves_one();
    scene.remote.set_port(40_001);
    (scene, listener)
}

/// The peer's SYN is answered by a cookie.
fn cookie_for(scene: &mut Scene, syn: Seg) -> Seg {
    let sockets = scene.sockets.len();
    assert_eq!(scene.peer_sends(syn), Err(SegmentDropped::BacklogFull));
    let answer = scene.leaves_one();
    assert_eq!((answer.flags, answer.ack), (SYN_ACK, 1));
    assert_eq!(scene.sockets.len(), sockets, "nothing is remembered");
    answer
}

#[test]
fn who_answers_the_cookie_is_connected() {
    let (mut scene, listener) = flooded();
    scene.why();
    let cookie = cookie_for(&mut scene, syn());
    assert_eq!(scene.why(), ["answers a SYN by a cookie"]);
    assert_eq!((cookie.window, cookie.options.maximum_segment_size), (u16::MAX, Some(1000)));
    let first = cookie.seq.wrapping_add(1);
    scene.peer_sends(seg(PSH_ACK, 1, first).text(b"hello")).unwrap();
    let id = scene.sockets.accept(listener).unwrap();
    assert_eq!(scene.state(id), State::Established);
    assert_eq!(scene.receive(id), Ok(b"hello".to_vec()));
    scene.send(id, b"hello yourself").unwrap();
    scene.expect(PSH_ACK, first, 6, b"hello yourself");
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!(status.send_mss, 536, "the largest that a cookie can tell and the peer takes");
    assert_eq!((status.window_scales, status.timestamps), (None, false));
    scene.peer_sends(seg(Flags::ACK, 6, first.wrapping_add(14))).unwrap();
    assert_eq!(scene.sockets.unacknowledged(id), Ok(0));
}

#[test]
fn what_the_syn_offered_travels_in_the_timestamp() {
    let (mut scene, listener) = flooded();
    let offered = Options {
        window_scale: Some(WindowScale::new(9)),
        timestamps: Some(Timestamps { value: 5000, echo_reply: 0 }),
        ..syn().options
    };
    let cookie = cookie_for(&mut scene, Seg { options: offered, ..syn() });
    let ours = cookie.options.timestamps.unwrap();
    assert_eq!(ours.echo_reply, 5000);
    assert!(cookie.options.window_scale.is_some());
    let timestamps = Some(Timestamps { value: 5001, echo_reply: ours.value });
    let options = Options { timestamps, ..Options::NONE };
    scene.peer_sends(Seg { options, ..seg(Flags::ACK, 1, cookie.seq.wrapping_add(1)) }).unwrap();
    let id = scene.sockets.accept(listener).unwrap();
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert!(status.timestamps);
    assert_eq!(status.window_scales.unwrap().0, 9);
    assert_eq!(status.send_window, 60_000 << 9);
}

#[test]
fn a_guess_draws_an_rst_and_opens_nothing() {
    let (mut scene, listener) = flooded();
    let cookie = cookie_for(&mut scene, syn());
    let guess = cookie.seq.wrapping_add(2);
    let dropped = scene.peer_sends(seg(Flags::ACK, 1, guess));
    assert_eq!(dropped, Err(SegmentDropped::BadAcknowledgment));
    scene.expect(Flags::RST, guess, 0, b"");
    let other_syn = scene.peer_sends(seg(Flags::ACK, 2, cookie.seq.wrapping_add(1)));
    assert_eq!(other_syn, Err(SegmentDropped::BadAcknowledgment));
    assert_eq!(scene.leaves().len(), 1);
    assert_eq!(scene.sockets.accept(listener), Err(Error::WouldBlock));
}

#[test]
fn while_too_many_wait_to_be_accepted_the_cookie_must_wait_too() {
    let (mut scene, listener) = flooded();
    let cookie = cookie_for(&mut scene, syn());
    // Whoever had the place answers after all.
    scene.remote.set_port(40_000);
    scene.peer_sends(seg(Flags::ACK, 1, 1)).unwrap();
    scene.remote.set_port(40_001);
    let text = seg(PSH_ACK, 1, cookie.seq.wrapping_add(1)).text(b"hello");
    assert_eq!(scene.peer_sends(text.clone()), Err(SegmentDropped::BacklogFull));
    scene.nothing_leaves();
    scene.sockets.accept(listener).unwrap();
    scene.peer_sends(text).unwrap();
    let id = scene.sockets.accept(listener).unwrap();
    assert_eq!(scene.receive(id), Ok(b"hello".to_vec()));
}

#[test]
fn a_segment_with_syn_brings_no_cookie_back() {
    let (mut scene, listener) = flooded();
    let cookie = cookie_for(&mut scene, syn());
    let syn_ack = scene.peer_sends(seg(SYN_ACK, 1, cookie.seq.wrapping_add(1)));
    assert_eq!(syn_ack, Err(SegmentDropped::BadAcknowledgment));
    assert_eq!(scene.leaves().len(), 1);
    assert_eq!(scene.sockets.accept(listener), Err(Error::WouldBlock));
}
