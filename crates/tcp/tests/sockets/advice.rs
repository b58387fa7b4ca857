//! What connections tell the layers below of the way (RFC 1122, 3.3.1.4; MUST-20).

use tcp::{Advice, ConnectionOptions, Flags, R1, SocketPair};

use crate::scene::{Scene, seg};

fn advice(scene: &mut Scene) -> Vec<Advice> {
    let ends = SocketPair { local: scene.local, remote: scene.remote };
    let all: Vec<_> = std::iter::from_fn(|| scene.sockets.poll_advice()).collect();
    assert!(all.iter().all(|(pair, _)| *pair == ends));
    all.into_iter().map(|(_, advice)| advice).collect()
}

#[test]
fn that_what_is_sent_gets_through_is_told_once_a_second_at_most() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    assert_eq!(advice(&mut scene), [Advice::Works], "the SYN did");
    for (milliseconds, told) in [(999, 0), (1, 1), (0, 0), (1000, 1)] {
        scene.pass_ms(milliseconds);
        scene.send(id, b"x").unwrap();
        let end = scene.leaves_one().seq + 1;
        scene.peer_sends(seg(Flags::ACK, 1, end)).unwrap();
        assert_eq!(advice(&mut scene), vec![Advice::Works; told], "{milliseconds} ms later");
    }
}

#[test]
fn must_20_after_r1_retransmissions_the_way_is_doubtful() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    advice(&mut scene);
    scene.events();
    scene.send(id, b"x").unwrap();
    scene.leaves_one();
    for attempt in 1..=R1 + 1 {
        let deadline = scene.sockets.next_deadline().unwrap();
        scene.pass(deadline - scene.now);
        scene.leaves_one();
        let is_doubtful = attempt >= R1;
        let expected = vec![Advice::IsDoubtful; usize::from(is_doubtful)];
        assert_eq!(advice(&mut scene), expected, "attempt {attempt}");
        assert_eq!(scene.events().len(), usize::from(is_doubtful), "SHLD-9: so it is told");
    }
    scene.peer_sends(seg(Flags::ACK, 1, 2)).unwrap();
    assert_eq!(advice(&mut scene), [Advice::Works]);
}

#[test]
fn what_nobody_takes_does_not_pile_up() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    for round in 0..1000 {
        scene.send(id, b"x").unwrap();
        scene.leaves_one();
        scene.pass_ms(1000 - 1);
        scene.leaves();
        scene.pass_ms(1);
        scene.peer_sends(seg(Flags::ACK, 1, round + 2)).unwrap();
    }
    assert_eq!(advice(&mut scene).len(), 256);
}
