//! Each segment says why it leaves, for whoever watches.

use tcp::{BufferSize, ConnectionOptions, Error, Flags, KeepAlive};

use crate::scene::{FIN_ACK, PSH_ACK, SYN_ACK, Scene, Seg, seg, syn};

#[test]
fn a_connection_that_the_peer_asks_for() {
    let mut scene = Scene::new();
    let listener = scene.listen(1, ConnectionOptions::default());
    scene.peer_sends(syn()).unwrap();
    assert_eq!(scene.why(), ["answers a SYN"]);
    scene.peer_sends(syn()).unwrap_err();
    assert_eq!(scene.why(), ["again: the SYN came again"]);
    scene.pass_ms(1000);
    assert_eq!(scene.why(), ["again: timeout"]);
    scene.peer_sends(seg(Flags::ACK, 1, 1)).unwrap();
    let id = scene.sockets.accept(listener).unwrap();
    scene.sockets.abort(scene.now, id).unwrap();
    assert_eq!(scene.why(), ["the application aborted it"]);
}

#[test]
fn a_connection_that_we_ask_for() {
    let mut scene = Scene::new();
    scene.connect(ConnectionOptions::default()).unwrap();
    assert_eq!(scene.why(), ["asks for a connection"]);
    scene.pass_ms(1000);
    assert_eq!(scene.why(), ["again: timeout"]);
    scene.peer_sends(Seg { ack: 1, flags: SYN_ACK, ..syn() }).unwrap();
    assert_eq!(scene.why(), ["a SYN came"]);
}

#[test]
fn a_connection_that_both_ask_for() {
    let mut scene = Scene::new();
    scene.connect(ConnectionOptions::default()).unwrap();
    scene.why();
    scene.peer_sends(syn()).unwrap();
    assert_eq!(scene.why(), ["a SYN crossed ours"]);
    scene.peer_sends(Seg { ack: 1, flags: SYN_ACK, ..syn() }).unwrap();
    assert_eq!(scene.why(), ["both sides asked at once"]);
}

#[test]
fn what_the_application_gives() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, b"hello").unwrap();
    assert_eq!(scene.why(), ["new data"]);
    scene.pass_ms(300);
    assert_eq!(scene.why(), ["again: timeout"]);
    scene.send(id, b"good bye").unwrap();
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.peer_sends(seg(Flags::ACK, 1, 6)).unwrap();
    assert_eq!(scene.why(), ["new data, the last"]);

    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.sockets.shutdown(scene.now, id).unwrap();
    assert_eq!(scene.why(), ["no more to send"]);
}

#[test]
fn what_comes_is_acknowledged() {
    let options = ConnectionOptions {
        receive_buffer: BufferSize::fixed(4000),
        ..ConnectionOptions::default()
    };
    let (mut scene, id) = Scene::established(options);
    let full = |seq| seg(Flags::ACK, seq, 1).text(&[7; 536]);
    scene.peer_sends(full(1)).unwrap();
    assert_eq!(scene.why(), [""; 0]);
    scene.peer_sends(full(537)).unwrap();
    assert_eq!(scene.why(), ["two full segments came"]);
    scene.peer_sends(full(1609)).unwrap();
    assert_eq!(scene.why(), ["what came is out of order"]);
    scene.peer_sends(full(1073)).unwrap();
    assert_eq!(scene.why(), ["a hole was filled"]);
    scene.peer_sends(full(2145)).unwrap();
    scene.pass_ms(40);
    assert_eq!(scene.why(), ["delayed ACK: nothing took it along"]);
    scene.peer_sends(seg(Flags::ACK, 2681, 1).text(&[7; 1000])).unwrap();
    scene.peer_sends(seg(Flags::ACK, 3681, 1).text(&[7; 320])).unwrap();
    scene.pass_ms(40);
    scene.why();
    scene.peer_sends(seg(Flags::ACK, 4001, 1).text(b"x")).unwrap_or_default();
    assert_eq!(scene.why(), ["there is no room for what came"]);
    scene.receive(id).unwrap();
    assert_eq!(scene.why(), ["window update: the application has read"]);
    scene.peer_sends(seg(FIN_ACK, 4002, 1)).unwrap();
    assert_eq!(scene.why(), ["a FIN came that is not the next"]);
    scene.peer_sends(seg(FIN_ACK, 4001, 1).text(b"x")).unwrap();
    assert_eq!(scene.why(), ["a FIN came"]);
}

#[test]
fn what_the_application_wants_acknowledged_at_once() {
    let options = ConnectionOptions { quick_ack: true, ..ConnectionOptions::default() };
    let (mut scene, _) = Scene::established(options);
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"x")).unwrap();
    assert_eq!(scene.why(), ["the application wants it at once"]);
}

#[test]
fn what_nobody_asked_for_is_refused() {
    let mut scene = Scene::new();
    scene.peer_sends(syn()).unwrap_err();
    assert_eq!(scene.why(), ["there is no such connection"]);
    let listener = scene.listen(1, ConnectionOptions::default());
    scene.peer_sends(seg(Flags::ACK, 1, 1)).unwrap_err();
    assert_eq!(scene.why(), ["it acknowledges what was never sent"]);

    scene.peer_sends(syn()).unwrap();
    scene.why();
    scene.peer_sends(seg(Flags::ACK, 1, 1)).unwrap();
    let id = scene.sockets.accept(listener).unwrap();
    scene.sockets.close(scene.now, id).unwrap();
    scene.why();
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"too late")).unwrap_err();
    assert_eq!(scene.why(), ["nobody reads any more"]);
    assert_eq!(scene.sockets.state(id), Err(Error::BadSocket));
}

#[test]
fn what_asks_a_silent_peer() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(0)).unwrap();
    scene.send(id, b"waits").unwrap();
    assert_eq!(scene.why(), [""; 0]);
    scene.pass_ms(300);
    assert_eq!(scene.why(), ["probes the closed window"]);

    let keep_alive = Some(KeepAlive::default());
    let (mut scene, _) =
        Scene::established(ConnectionOptions { keep_alive, ..ConnectionOptions::default() });
    scene.pass(KeepAlive::default().idle);
    assert_eq!(scene.why(), ["keep-alive: is the peer still there?"]);
}

#[test]
fn what_may_be_forged_is_asked_about() {
    let (mut scene, _) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(Flags::RST, 100, 0)).unwrap_err();
    assert_eq!(scene.why(), ["challenge ACK: what came may be forged"]);
    scene.peer_sends(seg(PSH_ACK, 0, 1).text(b"x")).unwrap_err();
    assert_eq!(scene.why(), ["something came from outside the window"]);
}
