use std::time::Duration;

use tcp::{BufferSize, ConnectionOptions, Flags, IDLE_TIME, Options, SocketId, WindowScale};

use crate::scene::{Scene, Seg, seg, syn};

const MIB: usize = 1 << 20;

fn growing() -> ConnectionOptions {
    ConnectionOptions {
        send_buffer: BufferSize::growing(16_000, MIB),
        receive_buffer: BufferSize::growing(16_000, MIB),
        ..ConnectionOptions::default()
    }
}

/// A connection with scaled windows and round trips of 100 ms.
fn scaled(options: ConnectionOptions) -> (Scene, SocketId) {
    let mut scene = Scene::new();
    let listener = scene.listen(1, options);
    let syn = syn();
    let window_scale = Some(WindowScale::new(7));
    scene.peer_sends(Seg { options: Options { window_scale, ..syn.options }, ..syn }).unwrap();
    let answer = scene.leaves_one();
    assert_eq!(answer.options.window_scale, Some(WindowScale::new(5)), "as for the largest");
    scene.pass_ms(100);
    scene.peer_sends(seg(Flags::ACK, 1, 1)).unwrap();
    let id = scene.sockets.accept(listener).unwrap();
    (scene, id)
}

/// The peer fills the window each round trip, and the application reads it all.
fn fill_and_read(scene: &mut Scene, id: SocketId, round_trips: usize) -> usize {
    let mut at = 1;
    let mut most = 0;
    for _ in 0..round_trips {
        let window = scene.sockets.status(scene.now, id).unwrap().receive_window;
        let mut left = window;
        while left > 0 {
            let length = left.min(1000);
            let text = vec![1; length as usize];
            scene.peer_sends(seg(Flags::ACK, at, 1).text(&text)).unwrap();
            (at, left) = (at + length, left - length);
        }
        scene.pass_ms(100);
        scene.leaves();
        while scene.receive(id).is_ok() {}
        scene.leaves();
        most = most.max(scene.sockets.status(scene.now, id).unwrap().receive_buffer);
    }
    most
}

#[test]
fn the_receive_buffer_grows_to_what_the_path_holds_and_no_further() {
    let (mut scene, id) = scaled(growing());
    let grown = fill_and_read(&mut scene, id, 3);
    assert!((64_000..200_000).contains(&grown), "twice each round trip: {grown}");
    let status = scene.sockets.status(scene.now, id).unwrap();
    let granted = status.receive_buffer + status.send_buffer - 2 * 16_000;
    assert_eq!(scene.sockets.granted(), granted);
    assert!(status.receive_buffer <= MIB);
}

#[test]
fn an_application_that_reads_slowly_gets_no_more() {
    let (mut scene, id) = scaled(growing());
    for round in 0..10 {
        let text = [1; 1000];
        scene.peer_sends(seg(Flags::ACK, 1 + round * 1000, 1).text(&text)).unwrap();
        scene.pass_ms(100);
        scene.receive(id).unwrap();
        scene.leaves();
    }
    assert_eq!(scene.sockets.status(scene.now, id).unwrap().receive_buffer, 16_000);
}

#[test]
fn an_explicit_size_stays() {
    let fixed = BufferSize::fixed(16_000);
    let fixed = ConnectionOptions { send_buffer: fixed, receive_buffer: fixed, ..growing() };
    let (mut scene, id) = Scene::established(fixed);
    assert_eq!(fill_and_read(&mut scene, id, 3), 16_000);
    assert_eq!(scene.sockets.granted(), 0);
}

#[test]
fn the_send_buffer_is_twice_the_congestion_window_and_falls_back_when_idle() {
    let (mut scene, id) = scaled(growing());
    let mut given = 0;
    for _ in 0..4 {
        while let Ok(count) = scene.send(id, &[7; 100_000]) {
            given += count;
        }
        let sent = scene.leaves();
        let end = sent.last().unwrap().seq + 1000;
        scene.pass_ms(100);
        scene.peer_sends(seg(Flags::ACK, 1, end)).unwrap();
    }
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!(status.send_buffer, status.congestion_window as usize * 2, "{given}");
    assert!(scene.sockets.granted() > 0);

    loop {
        let sent = scene.leaves();
        let Some(last) = sent.last() else { break };
        let end = last.seq + u32::try_from(last.text.len()).unwrap();
        scene.peer_sends(seg(Flags::ACK, 1, end)).unwrap();
    }
    scene.pass(IDLE_TIME);
    scene.send(id, b"after a while").unwrap();
    assert_eq!(scene.sockets.status(scene.now, id).unwrap().send_buffer, 16_000);
    assert_eq!(scene.sockets.granted(), 0);
}

#[test]
fn what_was_granted_comes_back_when_the_connection_ends() {
    let (mut scene, id) = scaled(growing());
    fill_and_read(&mut scene, id, 3);
    assert!(scene.sockets.granted() > 0);
    scene.sockets.abort(scene.now, id).unwrap();
    scene.leaves();
    assert_eq!(scene.sockets.granted(), 0);
}

#[test]
fn the_receive_buffer_falls_back_when_idle() {
    let (mut scene, id) = scaled(growing());
    fill_and_read(&mut scene, id, 3);
    scene.pass(IDLE_TIME + Duration::from_secs(1));
    let status = scene.sockets.status(scene.now, id).unwrap();
    let next = 1 + u32::try_from(status.statistics.bytes_received).unwrap();
    scene.peer_sends(seg(Flags::ACK, next, 1).text(b"again")).unwrap();
    scene.receive(id).unwrap();
    let after = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!(after.receive_buffer, 16_000);
    assert!(after.receive_window >= status.receive_window - 5, "SHLD-14: nothing is taken back");
}

#[test]
fn only_another_size_that_is_set_undoes_what_has_grown() {
    let (mut scene, id) = scaled(growing());
    let grown = fill_and_read(&mut scene, id, 3);
    let sizes = |scene: &Scene| {
        let status = scene.sockets.status(scene.now, id).unwrap();
        (status.send_buffer, status.receive_buffer)
    };
    let before = sizes(&scene);
    assert_eq!(before.1, grown);
    let other = ConnectionOptions { no_delay: true, ..growing() };
    scene.sockets.set_options(scene.now, id, other.clone()).unwrap();
    assert_eq!(sizes(&scene), before);
    let other = ConnectionOptions { receive_buffer: BufferSize::fixed(MIB), ..other };
    scene.sockets.set_options(scene.now, id, other.clone()).unwrap();
    assert_eq!(sizes(&scene), (before.0, MIB));
    let other = ConnectionOptions { send_buffer: BufferSize::fixed(5000), ..other };
    scene.sockets.set_options(scene.now, id, other).unwrap();
    assert_eq!(sizes(&scene), (5000, MIB));
}

#[test]
fn a_buffer_never_grows_to_less_than_it_begins_with() {
    let size = BufferSize::growing(2000, 1000);
    assert_eq!((size.initial(), size.max()), (2000, 2000));
    let fixed = BufferSize::fixed(1000);
    assert_eq!((fixed.initial(), fixed.max()), (1000, 1000));
    assert_eq!(BufferSize::growing(1000, 2000).max(), 2000);
}

#[test]
fn rfc_7323_2_3_the_window_is_as_wide_as_the_peer_reads_it() {
    let (mut scene, id) = scaled(growing());
    scene.peer_sends(seg(Flags::ACK, 1, 1).text(b"odd")).unwrap();
    scene.pass_ms(40);
    let announced = u32::from(scene.leaves_one().window) << 5;
    assert_eq!(announced, 16_000, "rounded up, since it must not shrink");
    assert_eq!(scene.sockets.status(scene.now, id).unwrap().receive_window, announced);
}
