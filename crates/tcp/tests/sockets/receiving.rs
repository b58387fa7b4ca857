//! What comes, how much may come, and when that is acknowledged (RFC 9293, 3.8.6.2.2, 3.8.6.3).

use tcp::{BufferSize, ConnectionOptions, DELAYED_ACK, Error, Flags, SocketId, State};

use crate::scene::{FIN_ACK, PSH_ACK, Scene, Seg, seg};

/// A connection with room for so many bytes that come.
fn with_room_for(bytes: usize) -> (Scene, SocketId) {
    let receive_buffer = BufferSize::fixed(bytes);
    Scene::established(ConnectionOptions { receive_buffer, ..ConnectionOptions::default() })
}

/// So many bytes of text, at this number.
fn text(number: u32, length: usize) -> Seg {
    seg(PSH_ACK, number, 1).text(&vec![7; length])
}

fn reads(scene: &mut Scene, id: SocketId, count: usize) {
    assert_eq!(scene.sockets.receive(scene.now, id, &mut vec![0; count]), Ok(count));
}

#[test]
fn must_40_an_acknowledgment_waits_for_a_moment_and_no_longer() {
    let (mut scene, _) = with_room_for(10_000);
    scene.peer_sends(text(1, 10)).unwrap();
    scene.pass_ms(30);
    scene.peer_sends(text(11, 10)).unwrap();
    scene.pass_ms(9);
    scene.nothing_leaves();
    scene.pass_ms(1);
    scene.expect(Flags::ACK, 1, 21, b"");
    scene.pass(DELAYED_ACK);
    scene.nothing_leaves();
}

#[test]
fn shld_19_every_second_full_segment_is_acknowledged_at_once() {
    let (mut scene, _) = with_room_for(60_000);
    for pair in 0..3 {
        scene.peer_sends(text(1 + pair * 2000, 1000)).unwrap();
        scene.nothing_leaves();
        scene.peer_sends(text(1001 + pair * 2000, 1000)).unwrap();
        scene.expect(Flags::ACK, 1, 2001 + pair * 2000, b"");
    }
    // Several that the device has joined.
    scene.peer_sends(text(6001, 1001)).unwrap();
    assert_eq!(scene.leaves_one().ack, 7002);
}

#[test]
fn rfc_5681_4_2_what_is_out_of_order_and_what_fills_a_hole_is_acknowledged_at_once() {
    let (mut scene, id) = with_room_for(10_000);
    for number in [101, 201, 101] {
        scene.peer_sends(text(number, 100)).unwrap();
        scene.expect(Flags::ACK, 1, 1, b"");
    }
    scene.peer_sends(text(1, 50)).unwrap();
    scene.expect(Flags::ACK, 1, 51, b"");
    scene.peer_sends(text(51, 50)).unwrap();
    scene.expect(Flags::ACK, 1, 301, b"");
    assert_eq!(scene.receive(id).unwrap().len(), 300);
}

#[test]
fn must_39_the_window_opens_by_steps_that_are_worth_the_while() {
    let (mut scene, id) = with_room_for(8000);
    for number in 0..8 {
        scene.peer_sends(text(1 + number * 1000, 1000)).unwrap();
    }
    assert_eq!(scene.leaves().last().unwrap().window, 0);
    reads(&mut scene, id, 999);
    scene.nothing_leaves();
    assert_eq!(scene.sockets.status(scene.now, id).unwrap().receive_window, 0);
    reads(&mut scene, id, 1);
    assert_eq!(scene.leaves_one().window, 1000, "a segment");
    // Whatever leaves between tells no more than was told.
    reads(&mut scene, id, 500);
    scene.send(id, b"x").unwrap();
    assert_eq!(scene.leaves_one().window, 1000);
}

#[test]
fn must_39_in_a_small_buffer_half_of_it_is_such_a_step() {
    let (mut scene, id) = with_room_for(1000);
    scene.peer_sends(text(1, 1000)).unwrap();
    scene.pass(DELAYED_ACK);
    assert_eq!(scene.leaves_one().window, 0);
    reads(&mut scene, id, 499);
    scene.nothing_leaves();
    reads(&mut scene, id, 1);
    assert_eq!(scene.leaves_one().window, 500);
}

#[test]
fn who_reads_while_the_window_is_wide_open_tells_nobody() {
    let (mut scene, id) = with_room_for(8000);
    for number in 0..3 {
        scene.peer_sends(text(1 + number * 1000, 1000)).unwrap();
    }
    scene.pass(DELAYED_ACK);
    scene.leaves();
    reads(&mut scene, id, 3000);
    scene.nothing_leaves();
    for number in 3..8 {
        scene.peer_sends(text(1 + number * 1000, 1000)).unwrap();
    }
    scene.pass(DELAYED_ACK);
    assert_eq!(scene.leaves().last().unwrap().window, 3000);
    reads(&mut scene, id, 1000);
    assert_eq!(scene.leaves_one().window, 4000, "the peer may have stopped for want of room");
    reads(&mut scene, id, 1000);
    scene.nothing_leaves();
}

#[test]
fn shld_14_the_window_never_shrinks() {
    let (mut scene, id) = with_room_for(8000);
    scene.peer_sends(text(1, 1000)).unwrap();
    scene.pass(DELAYED_ACK);
    assert_eq!(scene.leaves_one().window, 7000);
    let small = ConnectionOptions {
        receive_buffer: BufferSize::fixed(1000),
        ..ConnectionOptions::default()
    };
    scene.sockets.set_options(scene.now, id, small).unwrap();
    scene.peer_sends(text(1001, 100)).unwrap();
    scene.pass(DELAYED_ACK);
    let window = scene.leaves_one().window;
    assert!(window >= 6900, "{window}");
}

#[test]
fn what_was_shown_stays_and_what_was_read_goes() {
    let (mut scene, id) = with_room_for(1000);
    assert_eq!(scene.sockets.peek(id, &mut [0; 10]), Err(Error::WouldBlock));
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"shown")).unwrap();
    let mut bytes = [0; 10];
    for _ in 0..2 {
        assert_eq!(scene.sockets.peek(id, &mut bytes), Ok(5));
        assert_eq!(&bytes[..5], b"shown");
    }
    assert_eq!(scene.sockets.receive(scene.now, id, &mut []), Ok(0), "room for none");
    reads(&mut scene, id, 2);
    assert_eq!(scene.receive(id), Ok(b"own".to_vec()));
    assert_eq!(scene.receive(id), Err(Error::WouldBlock));
}

#[test]
fn what_a_socket_is_ready_for() {
    let (mut scene, id) = with_room_for(1000);
    let is_readable = |scene: &Scene| scene.sockets.readiness(id).unwrap().readable;
    assert!(!is_readable(&scene));
    scene.peer_sends(seg(PSH_ACK, 2, 1).text(b"b")).unwrap();
    assert_eq!(scene.events(), [], "what is out of order cannot be read");
    assert!(!is_readable(&scene));
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"a")).unwrap();
    let [event] = scene.events()[..] else { panic!() };
    assert!(event.socket == id && event.readiness.readable && !event.readiness.is_at_end);
    scene.receive(id).unwrap();
    assert!(!is_readable(&scene));
    scene.peer_sends(seg(FIN_ACK, 3, 1)).unwrap();
    let [event] = scene.events()[..] else { panic!() };
    let readiness = event.readiness;
    assert!(readiness.readable && readiness.is_at_end && readiness.writable);
    assert!(!readiness.is_closed && !readiness.error && !readiness.has_lingered);
}

#[test]
fn who_has_shut_receiving_finds_the_end_though_the_peer_goes_on() {
    let (mut scene, id) = with_room_for(1000);
    scene.sockets.shutdown_receiving(scene.now, id).unwrap();
    let [event] = scene.events()[..] else { panic!() };
    assert!(event.readiness.readable && !event.readiness.is_at_end);
    assert_eq!(scene.sockets.peek(id, &mut [0]), Ok(0));
    assert_eq!(scene.state(id), State::Established);
}

#[test]
fn quick_acknowledgments_that_are_switched_on_concern_what_is_owed_alone() {
    let quick = ConnectionOptions { quick_ack: true, ..ConnectionOptions::default() };
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.sockets.set_options(scene.now, id, quick).unwrap();
    scene.nothing_leaves();
    scene.sockets.set_options(scene.now, id, ConnectionOptions::default()).unwrap();
    scene.peer_sends(text(1, 10)).unwrap();
    scene.sockets.set_options(scene.now, id, ConnectionOptions::default()).unwrap();
    scene.nothing_leaves();
}
