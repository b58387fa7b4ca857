use std::time::Duration;

use tcp::{ConnectionOptions, Flags, State};

use crate::scene::{PSH_ACK, Scene, seg};

#[test]
fn status_tells_what_the_connection_knows_of_itself() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"hello").window(5000)).unwrap();
    scene.send(id, &[1; 7500]).unwrap();
    assert_eq!(scene.leaves().len(), 5);
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!((status.state, status.failure), (State::Established, None));
    assert_eq!((status.ends.local, status.ends.remote), (scene.local, scene.remote));
    assert_eq!((status.send_window, status.send_mss, status.receive_mss), (5000, 1000, 1000));
    assert_eq!((status.outstanding, status.unacknowledged, status.unsent), (5000, 7500, 2500));
    assert_eq!((status.unread, scene.sockets.unread(id)), (5, Ok(5)));
    assert_eq!(scene.sockets.unacknowledged(id), Ok(7500));
    assert_eq!((status.congestion_window, status.slow_start_threshold), (10_000, u32::MAX));
    assert_eq!((status.window_scales, status.timestamps), (None, false));

    scene.pass_ms(30);
    scene.peer_sends(seg(Flags::ACK, 6, 1001).window(5000)).unwrap();
    scene.pass_ms(5);
    let status = scene.sockets.status(scene.now, id).unwrap();
    // The SYN took 100 ms, so RTTVAR was 50 ms.
    assert_eq!(status.smoothed_rtt, Some(Duration::from_micros(91_250)));
    assert_eq!(status.rtt_variation, Some(Duration::from_millis(55)));
    assert_eq!(status.rto, Duration::from_micros(311_250));
    assert_eq!(status.since_heard, Duration::from_millis(5));
    assert_eq!(status.unacknowledged, 6500);
}

#[test]
fn status_counts_what_went_each_way() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, &[1; 2000]).unwrap();
    assert_eq!(scene.leaves().len(), 2);
    scene.pass_ms(300);
    assert_eq!(scene.leaves().len(), 1);
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!((status.attempts, status.rto), (1, Duration::from_millis(600)));
    let statistics = status.statistics;
    assert_eq!((statistics.timeouts, statistics.retransmissions), (1, 1));
    assert_eq!((statistics.bytes_sent, statistics.bytes_retransmitted), (3000, 1000));
    scene.peer_sends(seg(PSH_ACK, 1, 2001).text(b"thanks")).unwrap();
    let statistics = scene.sockets.status(scene.now, id).unwrap().statistics;
    assert_eq!((statistics.bytes_acknowledged, statistics.bytes_received), (2000, 6));
    assert_eq!((statistics.segments_received, statistics.segments_sent), (2, 4));
}

#[test]
fn quick_acknowledgments_wait_for_nobody() {
    let options = ConnectionOptions { quick_ack: true, ..ConnectionOptions::default() };
    let (mut scene, id) = Scene::established(options.clone());
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"x")).unwrap();
    scene.expect(Flags::ACK, 1, 2, b"");

    let patient = ConnectionOptions { quick_ack: false, ..options.clone() };
    scene.sockets.set_options(scene.now, id, patient).unwrap();
    scene.peer_sends(seg(PSH_ACK, 2, 1).text(b"y")).unwrap();
    scene.nothing_leaves();
    scene.sockets.set_options(scene.now, id, options).unwrap();
    scene.expect(Flags::ACK, 1, 3, b"");
}

#[test]
fn what_a_listener_s_connections_begin_with_can_be_changed() {
    let mut scene = Scene::new();
    let listener = scene.listen(2, ConnectionOptions::default());
    let options = ConnectionOptions { no_delay: true, ..ConnectionOptions::default() };
    scene.sockets.set_options(scene.now, listener, options).unwrap();
    assert!(scene.sockets.options(listener).unwrap().no_delay);
    scene.peer_connects();
    let id = scene.sockets.accept(listener).unwrap();
    assert!(scene.sockets.options(id).unwrap().no_delay);
}
