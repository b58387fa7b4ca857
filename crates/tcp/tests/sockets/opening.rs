//! Both sides open at once (RFC 9293, 3.5, figure 8), and what follows an opening.

use tcp::{ConnectionOptions, Error, Flags, Options, State, WindowScale};

use crate::scene::{PSH_ACK, SYN_ACK, Scene, Seg, seg};

/// We asked, and the peer asked before it heard of that.
fn both_ask() -> (Scene, tcp::SocketId) {
    let mut scene = Scene::new();
    let id = scene.connect(ConnectionOptions::default()).unwrap();
    assert_eq!(scene.leaves_one().flags, Flags::SYN);
    scene.peer_sends(seg(Flags::SYN, 0, 0)).unwrap();
    (scene, id)
}

#[test]
fn must_10_the_peer_s_syn_ack_establishes_what_both_asked_for() {
    let (mut scene, id) = both_ask();
    assert_eq!(scene.leaves_one().flags, SYN_ACK);
    assert_eq!(scene.sockets.state(id), Ok(State::SynReceived));
    scene.peer_sends(seg(SYN_ACK, 0, 1)).unwrap();
    assert_eq!(scene.sockets.state(id), Ok(State::Established));
    scene.expect(Flags::ACK, 1, 1, b"");
    scene.nothing_leaves();
}

#[test]
fn the_peer_learns_of_our_acknowledgment_though_no_syn_ack_of_ours_has_left() {
    let (mut scene, id) = both_ask();
    scene.peer_sends(seg(SYN_ACK, 0, 1)).unwrap();
    assert_eq!(scene.sockets.state(id), Ok(State::Established));
    scene.expect(Flags::ACK, 1, 1, b"");
}

#[test]
fn a_syn_without_an_acknowledgment_asks_again_and_so_do_we() {
    let (mut scene, id) = both_ask();
    assert_eq!(scene.leaves_one().flags, SYN_ACK);
    scene.peer_sends(seg(Flags::SYN, 0, 0)).unwrap_err();
    assert_eq!(scene.leaves_one().flags, SYN_ACK);
    assert_eq!(scene.sockets.state(id), Ok(State::SynReceived));
}

#[test]
fn a_first_read_is_no_reason_to_tell_of_the_window() {
    let scaled = Options { window_scale: Some(WindowScale::new(7)), ..Options::NONE };
    let mut scene = Scene::new();
    let listener = scene.listen(1, ConnectionOptions::default());
    scene.peer_sends(Seg { options: scaled, ..seg(Flags::SYN, 0, 0) }).unwrap();
    assert_eq!(scene.leaves_one().window, u16::MAX, "a window in a SYN is never scaled");
    scene.peer_sends(seg(Flags::ACK, 1, 1)).unwrap();
    let id = scene.sockets.accept(listener).unwrap();
    assert_eq!(scene.receive(id), Err(Error::WouldBlock));
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"a line")).unwrap();
    assert_eq!(scene.receive(id).unwrap(), b"a line");
    scene.nothing_leaves();
    // The acknowledgment tells that there is more room than the SYN could say.
    scene.pass_ms(40);
    let scale = 7;
    assert!(u32::from(scene.leaves_one().window) << scale > u16::MAX.into());
}
