use tcp::{CORK_CEILING, ConnectionOptions, Flags};

use crate::scene::{FIN_ACK, PSH_ACK, SYN_ACK, Scene, seg, syn};

fn corked() -> ConnectionOptions {
    ConnectionOptions { cork: true, no_delay: true, ..ConnectionOptions::default() }
}

#[test]
fn what_does_not_fill_a_segment_waits_for_more() {
    let (mut scene, id) = Scene::established(corked());
    scene.send(id, &[1; 600]).unwrap();
    scene.nothing_leaves();
    scene.send(id, &[2; 600]).unwrap();
    assert_eq!(scene.leaves_one().text.len(), 1000, "the full one");
    scene.pass_ms(100);
    scene.nothing_leaves();
}

#[test]
fn a_drawn_cork_lets_everything_out() {
    let (mut scene, id) = Scene::established(corked());
    scene.send(id, b"header").unwrap();
    scene.nothing_leaves();
    let drawn = ConnectionOptions { cork: false, ..corked() };
    scene.sockets.set_options(scene.now, id, drawn).unwrap();
    scene.expect(PSH_ACK, 1, 1, b"header");
}

#[test]
fn must_60_nothing_waits_longer_than_the_ceiling() {
    let (mut scene, id) = Scene::established(corked());
    scene.send(id, b"forgotten").unwrap();
    scene.pass(CORK_CEILING - std::time::Duration::from_millis(1));
    scene.nothing_leaves();
    scene.pass_ms(1);
    scene.expect(PSH_ACK, 1, 1, b"forgotten");
    scene.peer_sends(seg(Flags::ACK, 1, 10)).unwrap();
    scene.send(id, b"again").unwrap();
    scene.nothing_leaves();
    scene.pass(CORK_CEILING);
    scene.expect(PSH_ACK, 10, 1, b"again");
}

#[test]
fn closing_draws_the_cork() {
    let (mut scene, id) = Scene::established(corked());
    scene.send(id, b"all").unwrap();
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.expect(FIN_ACK | Flags::PSH, 1, 1, b"all");
}

#[test]
fn what_was_lost_is_sent_again_through_the_cork() {
    let (mut scene, id) = Scene::established(corked());
    scene.send(id, b"once").unwrap();
    scene.pass(CORK_CEILING);
    scene.expect(PSH_ACK, 1, 1, b"once");
    scene.pass_ms(300);
    scene.expect(PSH_ACK, 1, 1, b"once");
}

#[test]
fn must_60_what_waited_before_the_cork_was_put_in_leaves_in_time_too() {
    let mut scene = Scene::new();
    let id = scene.connect(ConnectionOptions::default()).unwrap();
    scene.leaves_one();
    scene.send(id, b"early").unwrap();
    scene.sockets.set_options(scene.now, id, corked()).unwrap();
    scene.peer_sends(crate::scene::Seg { ack: 1, flags: SYN_ACK, ..syn() }).unwrap();
    assert!(scene.leaves().iter().all(|segment| segment.text.is_empty()));
    scene.pass(CORK_CEILING);
    scene.expect(PSH_ACK, 1, 1, b"early");
}

#[test]
fn must_60_the_ceiling_counts_from_what_has_waited_longest() {
    let (mut scene, id) = Scene::established(corked());
    scene.send(id, &[1; 600]).unwrap();
    scene.pass_ms(150);
    scene.send(id, &[2; 600]).unwrap();
    assert_eq!(scene.leaves_one().text.len(), 1000);
    scene.pass_ms(50);
    assert_eq!(scene.leaves_one().text.len(), 200, "the rest of what has waited");
}

#[test]
fn what_left_with_a_full_segment_has_waited_for_nothing() {
    let (mut scene, id) = Scene::established(corked());
    scene.send(id, &[1; 600]).unwrap();
    scene.pass_ms(150);
    scene.send(id, &[2; 400]).unwrap();
    assert_eq!(scene.leaves_one().text.len(), 1000);
    scene.send(id, b"more").unwrap();
    scene.pass(CORK_CEILING - std::time::Duration::from_millis(1));
    scene.nothing_leaves();
    scene.pass_ms(1);
    scene.expect(PSH_ACK, 1001, 1, b"more");
}

#[test]
fn what_is_given_after_the_ceiling_waits_anew() {
    let (mut scene, id) = Scene::established(corked());
    scene.send(id, b"first").unwrap();
    scene.pass(CORK_CEILING);
    scene.send(id, b"second").unwrap();
    scene.expect(PSH_ACK, 1, 1, b"first");
}

#[test]
fn a_cork_that_nobody_put_in_holds_nothing_back() {
    let options = ConnectionOptions { cork: false, ..corked() };
    let (mut scene, id) = Scene::established(options);
    scene.send(id, b"at once").unwrap();
    scene.expect(PSH_ACK, 1, 1, b"at once");
    assert_eq!(
        scene.sockets.next_deadline(),
        Some(scene.now + std::time::Duration::from_millis(300))
    );
}
