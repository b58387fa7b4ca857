//! What leaves, and in which portions (RFC 9293, 3.8.6.2.1, 3.7.4; RFC 1122, 4.2.3.4).

use std::num::NonZeroU8;
use std::time::Duration;

use tcp::{BufferSize, ConnectionOptions, Error, Flags, SocketId};

use crate::scene::{FIN_ACK, PSH_ACK, Scene, seg};

fn at_once() -> ConnectionOptions {
    ConnectionOptions { no_delay: true, ..ConnectionOptions::default() }
}

/// The numbers and lengths of what leaves now.
fn pieces(scene: &mut Scene) -> Vec<(u32, usize)> {
    scene.leaves().iter().map(|segment| (segment.seq, segment.text.len())).collect()
}

fn acknowledges(scene: &mut Scene, ack: u32) {
    scene.peer_sends(seg(Flags::ACK, 1, ack)).unwrap();
}

#[test]
fn shld_7_a_small_segment_waits_until_nothing_is_outstanding() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, b"first").unwrap();
    assert_eq!(pieces(&mut scene), [(1, 5)]);
    scene.send(id, b"second").unwrap();
    scene.send(id, b"third").unwrap();
    scene.nothing_leaves();
    acknowledges(&mut scene, 6);
    assert_eq!(pieces(&mut scene), [(6, 11)], "Nagle's algorithm makes one of two");
}

#[test]
fn shld_7_a_full_segment_waits_for_nothing_and_leaves_its_rest_behind() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, b"first").unwrap();
    scene.send(id, &[7; 2500]).unwrap();
    assert_eq!(pieces(&mut scene), [(1, 1000), (1001, 1000)]);
    acknowledges(&mut scene, 2001);
    assert_eq!(pieces(&mut scene), [(2001, 505)]);
}

#[test]
fn must_17_the_application_may_want_small_segments_at_once() {
    let (mut scene, id) = Scene::established(at_once());
    for (text, number) in [("a", 1), ("b", 2), ("c", 3)] {
        scene.send(id, text.as_bytes()).unwrap();
        assert_eq!(pieces(&mut scene), [(number, 1)]);
    }
}

#[test]
fn who_closes_has_no_more_to_wait_for() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, b"first").unwrap();
    scene.leaves_one();
    scene.send(id, b"last").unwrap();
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.expect(FIN_ACK | Flags::PSH, 6, 1, b"last");
}

#[test]
fn must_38_a_window_that_opens_a_little_is_not_used() {
    let (mut scene, id) = Scene::established(at_once());
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(2000)).unwrap();
    scene.send(id, &[7; 5000]).unwrap();
    assert_eq!(pieces(&mut scene), [(1, 1000), (1001, 1000)]);
    scene.peer_sends(seg(Flags::ACK, 1, 1001).window(1999)).unwrap();
    scene.nothing_leaves();
    scene.peer_sends(seg(Flags::ACK, 1, 1001).window(2000)).unwrap();
    assert_eq!(pieces(&mut scene), [(2001, 1000)]);
}

#[test]
fn must_38_half_of_the_largest_window_is_worth_a_segment() {
    let mut scene = Scene::new();
    let listener = scene.listen(1, ConnectionOptions::default());
    let syn = crate::scene::syn();
    scene.peer_sends(syn.window(600)).unwrap();
    scene.leaves_one();
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(299)).unwrap();
    let id = scene.sockets.accept(listener).unwrap();
    scene.send(id, &[7; 5000]).unwrap();
    scene.nothing_leaves();
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(300)).unwrap();
    assert_eq!(pieces(&mut scene), [(1, 300)]);
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(600)).unwrap();
    scene.nothing_leaves();
}

#[test]
fn must_61_the_last_byte_that_was_given_is_pushed() {
    let (mut scene, id) = Scene::established(at_once());
    scene.send(id, &[7; 2500]).unwrap();
    let flags: Vec<_> = scene.leaves().iter().map(|segment| segment.flags).collect();
    assert_eq!(flags, [Flags::ACK, Flags::ACK, PSH_ACK]);
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.expect(FIN_ACK, 2501, 1, b"");
}

#[test]
fn what_does_not_find_room_is_given_again_when_the_application_is_told() {
    let options =
        ConnectionOptions { send_buffer: BufferSize::fixed(3000), ..ConnectionOptions::default() };
    let (mut scene, id) = Scene::established(options);
    assert_eq!(scene.send(id, b""), Ok(0));
    assert_eq!(scene.send(id, &[7; 5000]), Ok(3000));
    assert_eq!(scene.send(id, &[7; 2000]), Err(Error::WouldBlock));
    assert!(!scene.sockets.readiness(id).unwrap().writable);
    scene.leaves();
    scene.events();
    acknowledges(&mut scene, 1001);
    let [event] = scene.events()[..] else { panic!() };
    assert!(event.socket == id && event.readiness.writable);
    assert_eq!(scene.send(id, &[7; 2000]), Ok(1000));
}

#[test]
fn a_fin_that_was_lost_is_sent_again_alone_or_with_the_text_before_it() {
    let (mut scene, id) = Scene::established(at_once());
    scene.send(id, b"last").unwrap();
    scene.leaves_one();
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.expect(FIN_ACK, 5, 1, b"");
    scene.pass_ms(300);
    scene.expect(FIN_ACK | Flags::PSH, 1, 1, b"last");
    acknowledges(&mut scene, 5);
    scene.pass_ms(600);
    scene.expect(FIN_ACK, 5, 1, b"");
    acknowledges(&mut scene, 6);
    scene.pass(Duration::from_secs(60));
    scene.nothing_leaves();
}

#[test]
fn what_leaves_takes_the_acknowledgment_along() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"question")).unwrap();
    scene.send(id, b"answer").unwrap();
    scene.expect(PSH_ACK, 1, 9, b"answer");
    scene.pass_ms(40);
    scene.nothing_leaves();
}

/// As many bytes on a device that cuts superframes of 4000 bytes, and how they are handed down.
fn handed_down(options: ConnectionOptions, bytes: usize) -> Vec<(usize, Option<u16>)> {
    let (mut scene, id) = Scene::established(options);
    scene.network.largest_superframe = 4000;
    scene.send(id, &vec![7; bytes]).unwrap();
    std::iter::from_fn(|| scene.hands_down())
        .map(|out| (out.buffer.len(), out.segment_size.map(Into::into)))
        .collect()
}

#[test]
fn a_device_that_cuts_segments_gets_them_in_one_piece() {
    let cut = Some(1000);
    assert_eq!(handed_down(at_once(), 1000), [(1000, None)], "one segment is none to cut");
    assert_eq!(handed_down(at_once(), 1001), [(1001, cut)]);
    assert_eq!(handed_down(at_once(), 9000), [(4000, cut), (4000, cut), (1000, None)]);
    let patient = handed_down(ConnectionOptions::default(), 5500);
    assert_eq!(patient, [(4000, cut), (1000, None)], "Nagle's algorithm holds the rest back");
}

#[test]
fn must_49_must_48_every_segment_carries_what_the_application_has_set() {
    let options = ConnectionOptions {
        ttl: NonZeroU8::new(3),
        traffic_class: 0xbb,
        ..ConnectionOptions::default()
    };
    let (mut scene, id) = Scene::established(options.clone());
    let header = |scene: &mut Scene| {
        let out = scene.hands_down().unwrap();
        assert_eq!(out.addresses.source, scene.local.ip());
        assert_eq!(out.addresses.destination, scene.remote.ip());
        (out.ttl.map(u8::from), out.traffic_class)
    };
    scene.send(id, b"x").unwrap();
    assert_eq!(header(&mut scene), (Some(3), 0xb8), "but for ECN, which is not used yet");
    // Nobody is asked any more in TIME-WAIT, and in a flood.
    scene.sockets.close(scene.now, id).unwrap();
    header(&mut scene);
    scene.peer_sends(seg(FIN_ACK, 1, 3)).unwrap();
    assert_eq!(header(&mut scene), (Some(3), 0xb8));
    scene.listen(1, options);
    for port in [40_001, 40_002] {
        scene.remote.set_port(port);
        let _ = scene.peer_sends(crate::scene::syn());
        assert_eq!(header(&mut scene), (Some(3), 0xb8));
    }
}

#[test]
fn the_layer_below_asks_only_who_may_have_something() {
    let (mut scene, id): (Scene, SocketId) = Scene::established(ConnectionOptions::default());
    assert!(!scene.sockets.is_restless());
    scene.send(id, b"x").unwrap();
    assert!(scene.sockets.is_restless());
    scene.leaves();
    assert!(!scene.sockets.is_restless());
    scene.remote.set_port(1);
    scene.peer_sends(seg(Flags::ACK, 1, 1)).unwrap_err();
    assert!(scene.sockets.is_restless(), "an RST");
    scene.leaves();
    assert!(!scene.sockets.is_restless());
}
