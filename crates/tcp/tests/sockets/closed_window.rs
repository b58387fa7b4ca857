use std::time::Duration;

use tcp::{ConnectionOptions, Flags, State};

use crate::scene::{PSH_ACK, Scene, seg};

#[test]
fn must_36_an_acknowledgment_that_closes_the_window_over_what_waits_begins_the_probes() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(2000)).unwrap();
    scene.send(id, &[7; 3000]).unwrap();
    assert_eq!(scene.leaves().len(), 2);
    // All that left is acknowledged, so nothing is sent again; and nothing else would ever leave.
    scene.peer_sends(seg(Flags::ACK, 1, 2001).window(0)).unwrap();
    scene.nothing_leaves();
    assert!(scene.sockets.next_deadline().is_some());
    scene.pass(Duration::from_secs(1));
    let probe = scene.leaves().remove(0);
    assert_eq!((probe.seq, probe.text.len()), (2001, 1));
    scene.peer_sends(seg(Flags::ACK, 1, 2001).window(2000)).unwrap();
    scene.expect(PSH_ACK, 2001, 1, &[7; 1000]);
}

#[test]
fn must_37_as_long_as_the_probes_are_answered_the_connection_stays() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(0)).unwrap();
    scene.send(id, b"waits").unwrap();
    for _ in 0..200 {
        scene.pass(Duration::from_secs(60));
        if !scene.leaves().is_empty() {
            scene.peer_sends(seg(Flags::ACK, 1, 1).window(0)).unwrap();
        }
    }
    assert_eq!(scene.state(id), State::Established);
}

#[test]
fn probes_that_nobody_answers_end_the_connection() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(0)).unwrap();
    scene.send(id, b"waits").unwrap();
    scene.pass(tcp::GIVE_UP + Duration::from_secs(60));
    assert_eq!(scene.state(id), State::Closed);
}
