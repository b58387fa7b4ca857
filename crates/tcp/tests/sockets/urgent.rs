use tcp::{BufferSize, ConnectionOptions, Error, Flags};

use crate::scene::{FIN_ACK, PSH_ACK, Scene, seg};

fn aside() -> ConnectionOptions {
    ConnectionOptions { urgent_inline: false, ..ConnectionOptions::default() }
}

#[test]
fn must_62_the_urgent_byte_is_the_last_before_the_pointer() {
    let (mut scene, id) = Scene::established(aside());
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"abCde").urgent(3)).unwrap();
    assert!(scene.sockets.readiness(id).unwrap().urgent);
    assert_eq!(scene.sockets.peek_urgent(id), Ok(b'C'));
    assert_eq!(scene.sockets.receive_urgent(scene.now, id), Ok(b'C'));
    assert_eq!(scene.sockets.receive_urgent(scene.now, id), Err(Error::InvalidArgument));
    assert!(!scene.sockets.readiness(id).unwrap().urgent);
    assert_eq!(scene.sockets.unread(id), Ok(2), "no further than to the mark");
    assert_eq!(scene.receive(id), Ok(b"ab".to_vec()));
    assert_eq!(scene.sockets.is_at_urgent_mark(id), Ok(true));
    assert_eq!(scene.receive(id), Ok(b"de".to_vec()), "C stands aside");
    assert_eq!(scene.sockets.is_at_urgent_mark(id), Ok(false));
    assert_eq!(scene.receive(id), Err(Error::WouldBlock));
}

#[test]
fn in_the_stream_nothing_is_left_out() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"abCde").urgent(3)).unwrap();
    assert_eq!(scene.sockets.receive_urgent(scene.now, id), Err(Error::InvalidArgument));
    assert_eq!(scene.sockets.urgent_to_read(id), Ok(Some(3)));
    assert_eq!(scene.receive(id), Ok(b"abCde".to_vec()));
    assert_eq!(scene.sockets.urgent_to_read(id), Ok(None));
}

#[test]
fn must_31_the_pointer_may_reach_far_beyond_the_segment() {
    let (mut scene, id) = Scene::established(aside());
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(&[1; 10]).urgent(60_000)).unwrap();
    assert_eq!(scene.sockets.urgent_to_read(id), Ok(Some(60_000)));
    assert_eq!(scene.sockets.receive_urgent(scene.now, id), Err(Error::WouldBlock));
    for at in 0..60 {
        scene.peer_sends(seg(PSH_ACK, 1 + at * 1000, 1).text(&[2; 1000])).unwrap();
    }
    assert_eq!(scene.sockets.receive_urgent(scene.now, id), Ok(2));
    assert_eq!(scene.receive(id).unwrap().len(), 59_999);
    assert_eq!(scene.receive(id), Err(Error::WouldBlock), "the last one stood aside");
}

#[test]
fn must_32_the_application_is_told_when_the_pointer_comes_and_when_it_moves_on() {
    let (mut scene, _) = Scene::established(aside());
    scene.peer_sends(seg(Flags::ACK, 1, 1).urgent(5)).unwrap();
    assert_eq!(scene.events().len(), 1, "though there is no text yet");
    scene.peer_sends(seg(Flags::ACK, 1, 1).urgent(5)).unwrap();
    scene.peer_sends(seg(Flags::ACK, 1, 1).urgent(4)).unwrap();
    assert_eq!(scene.events(), [], "no news");
    scene.peer_sends(seg(Flags::ACK, 1, 1).urgent(6)).unwrap();
    assert_eq!(scene.events().len(), 1);
}

#[test]
fn where_a_later_mark_comes_the_earlier_byte_is_ordinary() {
    let (mut scene, id) = Scene::established(aside());
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"A").urgent(1)).unwrap();
    scene.peer_sends(seg(PSH_ACK, 2, 1).text(b"xB").urgent(2)).unwrap();
    assert_eq!(scene.sockets.receive_urgent(scene.now, id), Ok(b'B'));
    assert_eq!(scene.receive(id), Ok(b"Ax".to_vec()));
    scene.peer_sends(seg(FIN_ACK, 4, 1)).unwrap();
    assert_eq!(scene.receive(id), Ok(Vec::new()));
}

#[test]
fn an_urgent_byte_alone_is_nothing_to_read() {
    let (mut scene, id) = Scene::established(aside());
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"!").urgent(1)).unwrap();
    assert!(!scene.sockets.readiness(id).unwrap().readable);
    assert_eq!(scene.receive(id), Err(Error::WouldBlock));
    assert_eq!(scene.sockets.receive_urgent(scene.now, id), Ok(b'!'), "passed over, and kept");
}

#[test]
fn must_66_the_pointer_counts_while_the_window_is_closed() {
    let options = ConnectionOptions { receive_buffer: BufferSize::fixed(1000), ..aside() };
    let (mut scene, id) = Scene::established(options);
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(&[1; 1000])).unwrap();
    scene.pass_ms(40);
    assert_eq!(scene.leaves_one().window, 0);
    scene.peer_sends(seg(PSH_ACK, 1001, 1).text(b"u").urgent(1)).unwrap();
    assert_eq!(scene.sockets.urgent_to_read(id), Ok(Some(1001)));
    assert_eq!(scene.sockets.receive_urgent(scene.now, id), Err(Error::WouldBlock));
}

#[test]
fn must_30_what_we_send_urgently_is_pointed_to_until_it_is_acknowledged() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.sockets.send_urgent(scene.now, id, b"stop!").unwrap();
    let one = scene.leaves_one();
    assert!(one.flags.urg());
    assert_eq!(one.urgent, 5, "MUST-62: the byte behind the last urgent one");
    scene.peer_sends(seg(Flags::ACK, 1, 6)).unwrap();
    scene.send(id, b"go").unwrap();
    assert!(!scene.leaves_one().flags.urg());
}

#[test]
fn a_closed_window_does_not_hold_back_the_urgent_pointer() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(Flags::ACK, 1, 1).window(0)).unwrap();
    scene.sockets.send_urgent(scene.now, id, b"stop!").unwrap();
    let one = scene.leaves_one();
    assert_eq!((one.flags, one.urgent, one.text.len()), (Flags::ACK | Flags::URG, 5, 0));
}

#[test]
fn must_31_a_pointer_that_reaches_further_than_its_field_says_as_much_as_it_can() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.sockets.send_urgent(scene.now, id, &[7; 70_000]).unwrap();
    let mut pointers = Vec::new();
    for acknowledged in (1..=70_001).step_by(1000) {
        scene.peer_sends(seg(Flags::ACK, 1, acknowledged)).unwrap();
        pointers.extend(scene.leaves().iter().map(|segment| (segment.seq, segment.urgent)));
    }
    let to_end = |number: u32| u16::try_from(70_001 - number).unwrap_or(u16::MAX);
    let expected: Vec<_> = (1..=69_001).step_by(1000).map(|at| (at, to_end(at))).collect();
    assert_eq!(pointers, expected);
}

#[test]
fn before_it_is_open_nothing_urgent_leaves() {
    let mut scene = Scene::new();
    let id = scene.connect(ConnectionOptions::default()).unwrap();
    scene.leaves_one();
    scene.sockets.send_urgent(scene.now, id, b"hurry").unwrap();
    scene.nothing_leaves();
}

#[test]
fn with_the_window_open_the_pointer_leaves_with_the_text() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, b"first").unwrap();
    scene.leaves_one();
    scene.sockets.send_urgent(scene.now, id, b"!").unwrap();
    scene.nothing_leaves();
    scene.peer_sends(seg(Flags::ACK, 1, 6)).unwrap();
    let one = scene.leaves_one();
    assert_eq!((one.seq, one.urgent), (6, 1));
}

#[test]
fn behind_the_fin_nothing_is_urgent() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(FIN_ACK, 1, 1)).unwrap();
    scene.events();
    scene.peer_sends(seg(Flags::ACK, 2, 1).urgent(5)).unwrap();
    assert_eq!((scene.sockets.urgent_to_read(id), scene.events().len()), (Ok(None), 0));
}

#[test]
fn what_was_read_past_is_urgent_no_more() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"ab!cd").urgent(3)).unwrap();
    let mut two = [0; 2];
    for (left, at_mark) in [(Some(1), true), (None, false)] {
        scene.sockets.receive(scene.now, id, &mut two).unwrap();
        assert_eq!(scene.sockets.urgent_to_read(id), Ok(left));
        assert_eq!(scene.sockets.is_at_urgent_mark(id), Ok(at_mark));
        assert_eq!(scene.sockets.readiness(id).unwrap().urgent, at_mark);
    }
    scene.peer_sends(seg(Flags::ACK, 6, 1).urgent(0)).unwrap();
    assert_eq!(scene.sockets.urgent_to_read(id), Ok(None), "a pointer to what is known");
}

#[test]
fn a_byte_that_was_taken_does_not_come_back_with_the_text_behind_it() {
    let (mut scene, id) = Scene::established(aside());
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"ab!").urgent(3)).unwrap();
    assert_eq!(scene.sockets.receive_urgent(scene.now, id), Ok(b'!'));
    scene.events();
    scene.peer_sends(seg(PSH_ACK, 4, 1).text(b"cd")).unwrap();
    assert_eq!(scene.sockets.receive_urgent(scene.now, id), Err(Error::InvalidArgument));
    assert!(scene.events().iter().all(|event| !event.readiness.urgent));
}
