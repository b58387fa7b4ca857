//! The three segments that open a connection, and what else may come between them (RFC 9293, 3.5,
//! 3.10.7.2 to 3.10.7.4).

use tcp::{ConnectionOptions, Error, Flags, Options, SegmentDropped, SocketId, State, WindowScale};

use crate::scene::{FIN_ACK, PSH_ACK, RST_ACK, SYN_ACK, Scene, Seg, seg, syn};

/// A SYN of the peer came, and we have answered.
fn asked_for() -> (Scene, SocketId) {
    let mut scene = Scene::new();
    let listener = scene.listen(1, ConnectionOptions::default());
    scene.peer_sends(syn()).unwrap();
    assert_eq!(scene.leaves_one().flags, SYN_ACK);
    (scene, listener)
}

/// We have sent a SYN.
fn asking() -> (Scene, SocketId) {
    let mut scene = Scene::new();
    let id = scene.connect(ConnectionOptions::default()).unwrap();
    assert_eq!(scene.leaves_one().flags, Flags::SYN);
    (scene, id)
}

fn syn_ack() -> Seg {
    Seg { ack: 1, flags: SYN_ACK, ..syn() }
}

#[test]
fn the_answer_acknowledges_the_syn_and_offers_what_the_peer_did() {
    let mut scene = Scene::new();
    scene.listen(2, ConnectionOptions::default());
    scene.peer_sends(syn()).unwrap();
    let answer = scene.leaves_one();
    assert_eq!((answer.flags, answer.seq, answer.ack), (SYN_ACK, 0, 1));
    let mss = Some(1000);
    assert_eq!(answer.options, Options { maximum_segment_size: mss, ..Options::NONE });

    scene.remote.set_port(40_001);
    let window_scale = Some(WindowScale::new(3));
    scene.peer_sends(Seg { options: Options { window_scale, ..Options::NONE }, ..syn() }).unwrap();
    let answer = scene.leaves_one();
    let scale = Some(WindowScale::new(7));
    assert_eq!(answer.options.window_scale, scale, "as much as it takes for 6 MiB");
    assert_eq!(answer.options.timestamps, None);
}

#[test]
fn must_15_a_peer_that_says_nothing_of_its_mss_gets_536_bytes_at_once() {
    let mut scene = Scene::new();
    let listener = scene.listen(1, ConnectionOptions::default());
    scene.peer_sends(seg(Flags::SYN, 0, 0)).unwrap();
    scene.leaves_one();
    scene.peer_sends(seg(Flags::ACK, 1, 1)).unwrap();
    let id = scene.sockets.accept(listener).unwrap();
    assert_eq!(scene.sockets.status(scene.now, id).unwrap().send_mss, 536);
    scene.send(id, &[7; 1072]).unwrap();
    assert!(scene.leaves().iter().all(|segment| segment.text.len() == 536));
}

#[test]
fn an_mss_that_would_have_us_send_thousands_of_headers_is_not_believed() {
    let mut scene = Scene::new();
    let listener = scene.listen(1, ConnectionOptions::default());
    let options = Options { maximum_segment_size: Some(1), ..Options::NONE };
    scene.peer_sends(Seg { options, ..syn() }).unwrap();
    scene.leaves_one();
    scene.peer_sends(seg(Flags::ACK, 1, 1)).unwrap();
    let id = scene.sockets.accept(listener).unwrap();
    assert_eq!(scene.sockets.status(scene.now, id).unwrap().send_mss, 28);
}

#[test]
fn the_third_segment_may_bring_text_and_even_the_end() {
    let (mut scene, listener) = asked_for();
    scene.peer_sends(seg(FIN_ACK, 1, 1).text(b"all at once")).unwrap();
    let id = scene.sockets.accept(listener).unwrap();
    assert_eq!(scene.state(id), State::CloseWait);
    assert_eq!(scene.receive(id), Ok(b"all at once".to_vec()));
    scene.expect(Flags::ACK, 1, 13, b"");
}

#[test]
fn an_acknowledgment_of_anything_but_our_syn_draws_an_rst() {
    for ack in [0, 2, 1000] {
        let (mut scene, listener) = asked_for();
        let dropped = scene.peer_sends(seg(Flags::ACK, 1, ack));
        assert_eq!(dropped, Err(SegmentDropped::BadAcknowledgment), "{ack}");
        scene.expect(Flags::RST, ack, 0, b"");
        assert_eq!(scene.sockets.accept(listener), Err(Error::WouldBlock));
        scene.peer_sends(seg(Flags::ACK, 1, 1)).unwrap();
        assert!(scene.sockets.accept(listener).is_ok(), "the right one still counts");
    }
}

#[test]
fn an_rst_or_another_syn_gives_up_what_the_peer_asked_for() {
    for thinks_better in [seg(Flags::RST, 1, 0), Seg { seq: 5, ..syn() }] {
        let (mut scene, listener) = asked_for();
        scene.peer_sends(thinks_better).unwrap();
        assert_eq!(scene.sockets.len(), 1, "the listener listens on");
        scene.nothing_leaves();
        scene.peer_sends(syn()).unwrap();
        assert_eq!(scene.leaves_one().flags, SYN_ACK, "and has room");
        scene.peer_sends(seg(Flags::ACK, 1, 1)).unwrap();
        assert!(scene.sockets.accept(listener).is_ok());
    }
}

#[test]
fn a_listener_takes_nothing_but_a_syn() {
    let mut scene = Scene::new();
    scene.listen(1, ConnectionOptions::default());
    let dropped = scene.peer_sends(seg(Flags::RST, 0, 0));
    assert_eq!(dropped, Err(SegmentDropped::UnexpectedReset));
    assert_eq!(scene.peer_sends(seg(Flags::FIN, 0, 0)), Err(SegmentDropped::NoFlags));
    scene.nothing_leaves();
    for flags in [Flags::ACK, SYN_ACK] {
        let dropped = scene.peer_sends(seg(flags, 0, 77));
        assert_eq!(dropped, Err(SegmentDropped::BadAcknowledgment));
        scene.expect(Flags::RST, 77, 0, b"");
    }
}

#[test]
fn must_57_nobody_is_answered_who_is_no_single_host() {
    let mut scene = Scene::new();
    scene.listen(1, ConnectionOptions::default());
    let everybody = ([192, 0, 2, 255], 40_000).into();
    let nowhere = ([192, 0, 2, 1], 0).into();
    for remote in [everybody, nowhere] {
        scene.remote = remote;
        assert_eq!(scene.peer_sends(syn()), Err(SegmentDropped::NoConnection));
        scene.nothing_leaves();
    }
    assert_eq!(scene.sockets.len(), 1);
}

#[test]
fn a_closed_port_answers_with_an_rst_that_the_peer_can_believe() {
    let mut scene = Scene::new();
    scene.peer_sends(syn()).unwrap_err();
    let answer = scene.leaves_one();
    assert_eq!((answer.flags, answer.ack), (RST_ACK, 1));
    scene.peer_sends(seg(FIN_ACK, 5, 99).text(b"abc")).unwrap_err();
    scene.expect(Flags::RST, 99, 0, b"");
    scene.peer_sends(seg(Flags::FIN, 5, 0).text(b"abc")).unwrap_err();
    assert_eq!(scene.leaves_one().ack, 9);
    scene.peer_sends(seg(RST_ACK, 5, 99)).unwrap_err();
    scene.nothing_leaves();
}

#[test]
fn nonsense_has_no_claim_to_an_answer_without_end() {
    let mut scene = Scene::new();
    for _ in 0..1000 {
        scene.peer_sends(syn()).unwrap_err();
    }
    assert_eq!(scene.leaves().len(), 256);
}

#[test]
fn the_answer_to_our_syn_may_bring_text_and_even_the_end() {
    let (mut scene, id) = asking();
    scene.peer_sends(Seg { flags: SYN_ACK | Flags::FIN, ..syn_ack() }.text(b"welcome")).unwrap();
    assert_eq!(scene.state(id), State::CloseWait);
    scene.expect(Flags::ACK, 1, 9, b"");
    assert_eq!(scene.receive(id), Ok(b"welcome".to_vec()));
    assert_eq!(scene.receive(id), Ok(Vec::new()));
}

#[test]
fn what_was_given_before_the_answer_leaves_with_it() {
    let (mut scene, id) = asking();
    assert_eq!(scene.send(id, b"early"), Ok(5));
    assert!(!scene.sockets.readiness(id).unwrap().writable);
    scene.nothing_leaves();
    scene.peer_sends(syn_ack()).unwrap();
    scene.expect(PSH_ACK, 1, 1, b"early");
    assert!(scene.sockets.readiness(id).unwrap().writable);
}

#[test]
fn in_syn_sent_only_what_acknowledges_our_syn_counts() {
    for ack in [0, 2] {
        for flags in [Flags::ACK, SYN_ACK] {
            let (mut scene, id) = asking();
            let dropped = scene.peer_sends(seg(flags, 0, ack));
            assert_eq!(dropped, Err(SegmentDropped::BadAcknowledgment), "{flags} {ack}");
            scene.expect(Flags::RST, ack, 0, b"");
            assert_eq!(scene.state(id), State::SynSent);
        }
        let (mut scene, id) = asking();
        let dropped = scene.peer_sends(seg(RST_ACK, 0, ack));
        assert_eq!(dropped, Err(SegmentDropped::UnexpectedReset));
        scene.nothing_leaves();
        assert_eq!(scene.state(id), State::SynSent);
    }
    let (mut scene, id) = asking();
    assert_eq!(scene.peer_sends(seg(Flags::RST, 0, 0)), Err(SegmentDropped::UnexpectedReset));
    assert_eq!(scene.peer_sends(seg(Flags::ACK, 0, 1)), Err(SegmentDropped::NoFlags));
    scene.nothing_leaves();
    assert_eq!(scene.state(id), State::SynSent);
}

#[test]
fn closing_before_it_is_open() {
    let (mut scene, id) = asking();
    scene.sockets.shutdown(scene.now, id).unwrap();
    assert_eq!(scene.state(id), State::Closed);
    assert_eq!(scene.sockets.take_error(id), Ok(Some(Error::ConnectionAborted)));
    scene.peer_sends(syn_ack()).unwrap_err();
    scene.expect(Flags::RST, 1, 0, b"");

    // Both have asked: what was given is delivered, and then the FIN.
    let (mut scene, id) = asking();
    scene.peer_sends(syn()).unwrap();
    scene.send(id, b"short").unwrap();
    scene.sockets.shutdown(scene.now, id).unwrap();
    assert_eq!(scene.send(id, b"x"), Err(Error::BrokenPipe));
    assert_eq!((scene.state(id), scene.leaves_one().flags), (State::SynReceived, SYN_ACK));
    scene.peer_sends(seg(Flags::ACK, 1, 1)).unwrap();
    assert_eq!(scene.state(id), State::FinWait1);
    scene.expect(FIN_ACK | Flags::PSH, 1, 1, b"short");
}

#[test]
fn what_both_asked_for_may_be_refused() {
    let (mut scene, id) = asking();
    scene.peer_sends(syn()).unwrap();
    scene.leaves_one();
    scene.peer_sends(seg(Flags::RST, 1, 0)).unwrap();
    assert_eq!(scene.state(id), State::Closed);
    assert_eq!(scene.sockets.take_error(id), Ok(Some(Error::ConnectionRefused)));
}

#[test]
fn an_answer_that_comes_twice_is_acknowledged_twice_and_changes_nothing() {
    let (mut scene, id) = asking();
    for is_first in [true, false] {
        let taken = scene.peer_sends(syn_ack());
        assert_eq!(taken.is_ok(), is_first, "{taken:?}");
        scene.expect(Flags::ACK, 1, 1, b"");
        assert_eq!(scene.state(id), State::Established);
    }
}

#[test]
fn who_asked_cannot_answer_himself() {
    let (mut scene, listener) = asked_for();
    scene.peer_sends(syn_ack()).unwrap_err();
    assert_eq!(scene.leaves_one().flags, SYN_ACK, "as for a SYN that came again");
    assert_eq!(scene.sockets.accept(listener), Err(Error::WouldBlock));
}

#[test]
fn rfc_7323_7_1_no_two_connections_show_the_same_clock() {
    let mut scene = Scene::new();
    let mut clocks = Vec::new();
    for port in 40_000..40_010 {
        scene.remote.set_port(port);
        scene.connect(ConnectionOptions::default()).unwrap();
        clocks.push(scene.leaves_one().options.timestamps.unwrap().value);
    }
    clocks.sort_unstable();
    assert!(clocks.windows(2).all(|pair| pair[1] - pair[0] > 1000), "{clocks:?}");
}
