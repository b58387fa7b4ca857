//! What is lost is found out and sent again (RFC 5681, 3.2; RFC 6582; RFC 6298, 5).

use std::time::Duration;

use tcp::{ConnectionOptions, Flags, Options, SocketId, Timestamps};

use crate::scene::{PSH_ACK, Scene, Seg, seg, syn};

/// A connection on which so many segments of 1000 bytes are outstanding, from number 1 on.
fn outstanding(segments: usize) -> (Scene, SocketId) {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, &vec![7; segments * 1000]).unwrap();
    assert_eq!(scene.leaves().len(), segments);
    (scene, id)
}

/// The peer acknowledges `ack` so many times.
fn acknowledges(scene: &mut Scene, ack: u32, times: usize) {
    for _ in 0..times {
        scene.peer_sends(seg(Flags::ACK, 1, ack)).unwrap();
    }
}

/// The numbers of the segments that leave now.
fn numbers(scene: &mut Scene) -> Vec<u32> {
    scene.leaves().iter().map(|segment| segment.seq).collect()
}

/// cwnd and ssthresh.
fn windows(scene: &Scene, id: SocketId) -> (u32, u32) {
    let status = scene.sockets.status(scene.now, id).unwrap();
    (status.congestion_window, status.slow_start_threshold)
}

#[test]
fn must_19_the_third_duplicate_sends_what_is_missing_again_and_halves_the_window() {
    let (mut scene, id) = outstanding(6);
    acknowledges(&mut scene, 1, 2);
    scene.nothing_leaves();
    acknowledges(&mut scene, 1, 1);
    scene.why();
    acknowledges(&mut scene, 1, 3);
    assert_eq!(windows(&scene, id), (3000, 3000));
    scene.nothing_leaves();
    acknowledges(&mut scene, 6001, 1);
    assert_eq!(windows(&scene, id), (2000, 3000), "RFC 6582, 3.2: the end is no burst");
    scene.nothing_leaves();

    let (mut scene, _) = outstanding(6);
    acknowledges(&mut scene, 1, 3);
    scene.expect(Flags::ACK, 1, 1, &[7; 1000]);
}

#[test]
fn what_arrives_before_it_could_be_sent_again_is_not() {
    let (mut scene, id) = outstanding(6);
    acknowledges(&mut scene, 1, 3);
    acknowledges(&mut scene, 6001, 1);
    scene.nothing_leaves();
    scene.pass(Duration::from_secs(60));
    scene.nothing_leaves();
    let statistics = scene.sockets.status(scene.now, id).unwrap().statistics;
    assert_eq!((statistics.retransmissions, statistics.timeouts), (0, 0));
}

#[test]
fn what_is_no_duplicate_means_no_loss() {
    type Sends = fn(&mut Scene, u32);
    let others: [(&str, Sends); 3] = [
        ("it carries text", |scene, round| {
            scene.peer_sends(seg(PSH_ACK, 1 + round, 1).text(b"x")).unwrap();
        }),
        ("it tells of another window", |scene, round| {
            let window = 50_000 + u16::try_from(round).unwrap();
            scene.peer_sends(seg(Flags::ACK, 1, 1).window(window)).unwrap();
        }),
        ("it answers a probe of the closed window", |scene, _| {
            scene.peer_sends(seg(Flags::ACK, 1, 1).window(0)).unwrap();
        }),
    ];
    for (why, sends) in others {
        let (mut scene, id) = outstanding(6);
        for round in 0..5 {
            sends(&mut scene, round);
        }
        assert!(scene.leaves().iter().all(|segment| segment.text.is_empty()), "{why}");
        assert_eq!(windows(&scene, id), (10_000, u32::MAX), "{why}");
    }
}

#[test]
fn with_nothing_outstanding_nothing_can_be_lost() {
    let (mut scene, id) = outstanding(1);
    acknowledges(&mut scene, 1001, 5);
    scene.send(id, &[8; 12_000]).unwrap();
    let sent = scene.leaves();
    assert_eq!((sent.len(), sent[0].seq), (10, 1001));
    assert_eq!(windows(&scene, id), (10_000, u32::MAX));
}

#[test]
fn rfc_3042_the_first_two_duplicates_let_a_new_segment_out_each() {
    let (mut scene, id) = outstanding(10);
    scene.send(id, &[8; 5000]).unwrap();
    scene.nothing_leaves();
    for number in [10_001, 11_001, 1] {
        acknowledges(&mut scene, 1, 1);
        assert_eq!(numbers(&mut scene), [number]);
    }
    assert_eq!(windows(&scene, id), (5000, 5000), "limited transmit does not count as sent");
    // The window was halved, so some more must come before new data goes.
    acknowledges(&mut scene, 1, 4);
    scene.nothing_leaves();
    acknowledges(&mut scene, 1, 1);
    assert_eq!(numbers(&mut scene), [12_001]);
}

#[test]
fn rfc_6582_a_partial_acknowledgment_tells_where_the_next_hole_is() {
    let (mut scene, id) = outstanding(6);
    acknowledges(&mut scene, 1, 3);
    assert_eq!(numbers(&mut scene), [1]);
    for hole in [2001, 4001] {
        acknowledges(&mut scene, hole, 1);
        assert_eq!(numbers(&mut scene), [hole]);
    }
    acknowledges(&mut scene, 6001, 1);
    scene.nothing_leaves();
    assert_eq!(scene.sockets.status(scene.now, id).unwrap().statistics.timeouts, 0);
}

#[test]
fn rfc_6582_only_the_first_partial_acknowledgment_sets_the_timer_anew() {
    let (mut scene, id) = outstanding(6);
    let timeouts = |scene: &Scene| scene.sockets.status(scene.now, id).unwrap().statistics.timeouts;
    scene.pass_ms(100);
    acknowledges(&mut scene, 1, 3);
    acknowledges(&mut scene, 1001, 1);
    scene.pass_ms(200);
    acknowledges(&mut scene, 3001, 1);
    scene.pass_ms(99);
    assert_eq!(timeouts(&scene), 0, "300 ms from the first on");
    scene.pass_ms(1);
    assert_eq!(timeouts(&scene), 1, "where much was lost, slow start repairs more");
}

#[test]
fn rfc_6298_5_2_when_all_is_acknowledged_nothing_is_waited_for() {
    let (mut scene, id) = outstanding(2);
    acknowledges(&mut scene, 2001, 1);
    scene.pass(Duration::from_secs(3600));
    scene.nothing_leaves();
    assert_eq!(scene.sockets.status(scene.now, id).unwrap().statistics.timeouts, 0);
}

#[test]
fn must_20_a_timeout_takes_all_for_lost_and_begins_with_one_segment() {
    let (mut scene, id) = outstanding(6);
    scene.pass_ms(300);
    assert_eq!(numbers(&mut scene), [1]);
    assert_eq!(windows(&scene, id), (1000, 3000));
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!((status.attempts, status.outstanding), (1, 6000));
    scene.why();
    acknowledges(&mut scene, 1001, 1);
    assert_eq!(numbers(&mut scene), [1001, 2001]);
    assert_eq!(scene.why(), ["again: taken for lost"; 2]);
    // The rest had arrived.
    acknowledges(&mut scene, 6001, 1);
    scene.nothing_leaves();
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!((status.attempts, status.outstanding), (0, 0));
    assert_eq!(status.statistics.retransmissions, 3);
}

#[test]
fn must_20_the_timer_runs_from_the_last_new_acknowledgment() {
    let (mut scene, id) = outstanding(2);
    scene.pass_ms(200);
    acknowledges(&mut scene, 1001, 1);
    let rto = scene.sockets.status(scene.now, id).unwrap().rto;
    scene.pass(rto - Duration::from_millis(1));
    scene.nothing_leaves();
    scene.pass_ms(1);
    assert_eq!(numbers(&mut scene), [1001]);
}

#[test]
fn must_18_what_was_sent_twice_is_not_timed() {
    let (mut scene, id) = outstanding(1);
    scene.pass_ms(300);
    assert_eq!(numbers(&mut scene), [1]);
    scene.pass_ms(50);
    acknowledges(&mut scene, 1001, 1);
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!(status.smoothed_rtt, Some(Duration::from_millis(100)), "that of the SYN");
    assert_eq!(status.rto, Duration::from_millis(600), "RFC 6298, 5.5: it stays backed off");
}

/// The peer's clock is at 1000, and what it echoes is up to the test.
fn echoing(segment: Seg, echo_reply: u32) -> Seg {
    let timestamps = Some(Timestamps { value: 1000, echo_reply });
    Seg { options: Options { timestamps, ..segment.options }, ..segment }
}

/// A connection with timestamps on which one segment was sent twice, and what the second said.
fn sent_twice_with_timestamps() -> (Scene, SocketId, u32) {
    let mut scene = Scene::new();
    let listener = scene.listen(1, ConnectionOptions::default());
    scene.peer_sends(echoing(syn(), 0)).unwrap();
    let ours = scene.leaves_one().options.timestamps.unwrap().value;
    scene.pass_ms(100);
    scene.peer_sends(echoing(seg(Flags::ACK, 1, 1), ours)).unwrap();
    let id = scene.sockets.accept(listener).unwrap();
    scene.send(id, b"twice").unwrap();
    scene.leaves_one();
    scene.pass_ms(300);
    let again = scene.leaves_one().options.timestamps.unwrap().value;
    scene.pass_ms(100);
    (scene, id, again)
}

#[test]
fn rfc_7323_a_timestamp_tells_which_of_the_two_was_acknowledged() {
    let (mut scene, id, again) = sent_twice_with_timestamps();
    scene.peer_sends(echoing(seg(Flags::ACK, 1, 6), again)).unwrap();
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!(status.smoothed_rtt, Some(Duration::from_millis(100)));
    assert_eq!(status.rto, Duration::from_millis(300), "the back-off is over");
}

#[test]
fn an_echo_that_was_never_ours_is_no_round_trip() {
    let (_, _, again) = sent_twice_with_timestamps();
    let long_ago = again.wrapping_sub(3_600_000);
    for echo_reply in [0, long_ago, again + 1000] {
        let (mut scene, id, _) = sent_twice_with_timestamps();
        scene.peer_sends(echoing(seg(Flags::ACK, 1, 6), echo_reply)).unwrap();
        let status = scene.sockets.status(scene.now, id).unwrap();
        assert_eq!(status.rto, Duration::from_millis(600), "{echo_reply}");
    }
}

#[test]
fn the_round_trip_is_that_of_the_oldest_that_is_timed() {
    let options = ConnectionOptions { no_delay: true, ..ConnectionOptions::default() };
    let (mut scene, id) = Scene::established(options);
    scene.send(id, b"old").unwrap();
    scene.leaves_one();
    scene.pass_ms(50);
    scene.send(id, b"new").unwrap();
    scene.leaves_one();
    scene.pass_ms(50);
    acknowledges(&mut scene, 7, 1);
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!(status.smoothed_rtt, Some(Duration::from_millis(100)));
    scene.pass_ms(500);
    scene.send(id, b"next").unwrap();
    scene.leaves_one();
    scene.pass_ms(20);
    acknowledges(&mut scene, 11, 1);
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!(status.smoothed_rtt, Some(Duration::from_millis(90)), "an eighth of 20");
}
