//! How much is under way (RFC 5681), as the whole connection has it. The strategy has tests of
//! its own.

use std::time::Duration;

use tcp::{BufferSize, ConnectionOptions, Flags, SocketId};

use crate::scene::{SYN_ACK, Scene, Seg, seg, syn};

fn window(scene: &Scene, id: SocketId) -> u32 {
    scene.sockets.status(scene.now, id).unwrap().congestion_window
}

fn rto(scene: &Scene, id: SocketId) -> Duration {
    scene.sockets.status(scene.now, id).unwrap().rto
}

/// The peer acknowledges all that has left and leaves because of that.
fn acknowledge_all(scene: &mut Scene) {
    let mut left = scene.leaves();
    while let Some(last) = left.last() {
        let end = last.seq + u32::try_from(last.text.len()).unwrap();
        scene.peer_sends(seg(Flags::ACK, 1, end)).unwrap();
        left = scene.leaves();
    }
}

#[test]
fn must_19_the_window_grows_by_what_is_acknowledged_of_it() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, &[7; 50_000]).unwrap();
    assert_eq!(scene.leaves().len(), 10);
    scene.peer_sends(seg(Flags::ACK, 1, 1001)).unwrap();
    assert_eq!((window(&scene, id), scene.leaves().len()), (11_000, 2));
    scene.peer_sends(seg(Flags::ACK, 1, 3001)).unwrap();
    assert_eq!((window(&scene, id), scene.leaves().len()), (13_000, 4));
}

#[test]
fn a_window_that_is_not_used_up_does_not_grow() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, &[7; 3000]).unwrap();
    acknowledge_all(&mut scene);
    assert_eq!(window(&scene, id), 10_000, "nothing more was there to send");
    scene.peer_sends(seg(Flags::ACK, 1, 3001).window(2000)).unwrap();
    scene.send(id, &[7; 3000]).unwrap();
    assert_eq!(scene.leaves().len(), 2);
    scene.peer_sends(seg(Flags::ACK, 1, 5001).window(2000)).unwrap();
    assert_eq!(window(&scene, id), 10_000, "the peer's window held it back");
}

#[test]
fn rfc_5681_4_1_who_was_idle_for_longer_than_an_rto_begins_with_the_initial_window() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, &[7; 50_000]).unwrap();
    acknowledge_all(&mut scene);
    let grown = window(&scene, id);
    assert!(grown > 12_000, "{grown}");
    for (idle, expected) in
        [(rto(&scene, id), grown), (rto(&scene, id) + Duration::from_millis(1), 10_000)]
    {
        scene.pass(idle);
        scene.send(id, b"after a while").unwrap();
        acknowledge_all(&mut scene);
        assert_eq!(window(&scene, id), expected, "after {idle:?}");
    }
}

#[test]
fn what_is_outstanding_for_long_is_not_idle() {
    let options = ConnectionOptions { no_delay: true, ..ConnectionOptions::default() };
    let (mut scene, id) = Scene::established(options);
    scene.send(id, &[7; 50_000]).unwrap();
    acknowledge_all(&mut scene);
    let grown = window(&scene, id);
    // A window that closes keeps the timer from telling of a loss.
    scene.send(id, b"outstanding").unwrap();
    scene.leaves_one();
    scene.pass_ms(100);
    scene.send(id, b"more").unwrap();
    scene.leaves_one();
    assert_eq!(window(&scene, id), grown);
}

#[test]
fn a_loss_takes_no_buffer_back() {
    let options = ConnectionOptions {
        send_buffer: BufferSize::growing(16_000, 100_000),
        ..ConnectionOptions::default()
    };
    let (mut scene, id) = Scene::established(options);
    scene.send(id, &[7; 16_000]).unwrap();
    scene.leaves();
    scene.pass_ms(300);
    scene.leaves();
    scene.peer_sends(seg(Flags::ACK, 1, 1001)).unwrap();
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!((status.congestion_window, status.send_buffer), (2000, 20_000));
}

#[test]
fn rfc_6298_5_7_after_a_lost_syn_data_begins_with_one_segment_and_three_seconds() {
    let mut scene = Scene::new();
    let id = scene.connect(ConnectionOptions::default()).unwrap();
    scene.leaves_one();
    scene.pass_ms(1000);
    assert_eq!(scene.leaves_one().flags, Flags::SYN);
    scene.peer_sends(Seg { ack: 1, flags: SYN_ACK, ..syn() }).unwrap();
    scene.expect(Flags::ACK, 1, 1, b"");
    assert_eq!((window(&scene, id), rto(&scene, id)), (1000, Duration::from_secs(3)));
    scene.send(id, &[7; 3000]).unwrap();
    assert_eq!(scene.leaves().len(), 1);
}
