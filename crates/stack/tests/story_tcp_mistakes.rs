//! Stories of TCP that notice mistakes which published stacks have made: the patches in
//! `tests/mistakes` put each of them in.

use story::*;
use tcp::{BufferSize, ConnectionOptions, State};

/// Both sides' numbers wrap ten bytes behind their SYN.
fn shortly_before_the_wrap() -> Scene {
    let number = 10_u32.wrapping_neg();
    let mut scene = Scene::default();
    scene.numbers = FirstNumbers { peer: number, ours: Some(number) };
    scene
}

#[test]
fn numbers_wrap_in_the_middle_of_a_transfer() {
    let story = Story::in_scene(
        "In both directions the numbers wrap, with text out of order and twice",
        "RFC 9293, 3.4",
        shortly_before_the_wrap(),
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(data(b"fghij").seq(6));
    we.send(ack().ack(1));
    peer.sends(data(b"abcde").seq(1));
    we.send(ack().ack(11));
    peer.sends(data(b"klmno").seq(11));
    peer.sends(data(b"fghij").seq(6));
    we.send(ack().ack(16));
    app.receives_tcp(socket, b"abcdefghijklmno");

    app.sends_tcp(socket, b"before");
    we.send(data(b"before").seq(1));
    peer.sends(ack().ack(7).seq(16));
    app.sends_tcp(socket, b"and behind");
    we.send(data(b"and behind").seq(7));
    we.send_after(ms(200), data(b"and behind").seq(7));
    peer.sends(ack().ack(17));
    app.shuts_down(socket);
    we.send(fin().seq(17));
    peer.sends(fin().ack(18));
    we.send(ack().seq(18).ack(17));
    app.finds_it(socket, State::TimeWait);
}

#[test]
fn a_fin_may_carry_text() {
    let story = Story::new("The last words and the FIN come in one segment", "RFC 9293, 3.10.7.4");
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(fin().text(b"goodbye"));
    we.send(ack().seq(1).ack(9));
    app.receives_tcp(socket, b"goodbye");
    app.finds_the_end(socket);
    app.finds_it(socket, State::CloseWait);
}

#[test]
fn a_fin_waits_for_what_stands_before_it() {
    let story = Story::new(
        "The FIN overtakes the text before it, and counts when that has come",
        "RFC 9293, 3.10.7.4, eighth",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(fin().seq(6));
    we.send(ack().seq(1).ack(1));
    app.finds_it(socket, State::Established);
    app.receives_no_tcp(socket);
    peer.sends(data(b"hello").seq(1));
    we.send(ack().seq(1).ack(7));
    app.receives_tcp(socket, b"hello");
    app.finds_the_end(socket);
    app.finds_it(socket, State::CloseWait);
}

#[test]
fn each_of_many_is_told() {
    let story = Story::new(
        "Text comes for two connections at once, and both are told of it",
        "RFC 9293, 3.9.1.3",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let one = app.has_accepted();
    let listener = app.listens(9);
    peer.sends(syn().from_port(40_001).to_port(9));
    we.send(syn_ack().from_port(9).to_port(40_001));
    peer.sends(ack().from_port(40_001).to_port(9));
    let other = app.accepts(listener);
    let told = |stack: &mut stack::Stack, now| {
        let events = std::iter::from_fn(|| stack.tcp(now).poll_event());
        events
            .filter(|event| event.readiness.readable)
            .map(|event| event.socket)
            .collect::<Vec<_>>()
    };
    app.does("takes note of what has changed so far", told);
    peer.sends(data(b"a").from_port(40_000).to_port(7));
    peer.sends(data(b"b").from_port(40_001).to_port(9));
    app.finds("that it is told of both", |stack, now| match told(stack, now) {
        sockets if sockets == [one, other] => Ok(()),
        sockets => Err(format!("it is told of {sockets:?}")),
    });
}

#[test]
fn the_port_decides_who_is_asked() {
    let story = Story::new(
        "A SYN for a port that nobody listens on draws an RST, whoever listens on another",
        "RFC 9293, 3.10.7.1",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let listener = app.listens(7);
    peer.sends(syn().to_port(8));
    we.send(rst_ack().from_port(8).ack(1));
    app.accepts_nothing(listener);
    peer.sends(syn().to_port(7));
    we.send(syn_ack().from_port(7));
}

#[test]
fn a_reset_stops_the_timer() {
    let story = Story::new(
        "The peer resets the connection, and what was outstanding is not sent again",
        "RFC 9293, 3.10.7.4, second",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello"));
    we.send_after(ms(200), data(b"hello").seq(1));
    peer.sends(rst().seq(1));
    app.finds_it(socket, State::Closed);
    nothing.is_sent_for(seconds(600));
}

#[test]
fn much_at_once_is_acknowledged_at_once() {
    let story = Story::new(
        "Text of more than a segment comes in one piece from a device that puts segments together",
        "RFC 9293, 3.8.6.3 (SHLD-19)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    app.has_accepted();
    peer.sends(data([7; 1461]));
    we.send(ack().seq(1).ack(1462));
}

#[test]
fn a_congestion_window_has_more_than_sixteen_bits() {
    let mut scene = Scene::default();
    scene.mtu = 9000;
    let story = Story::in_scene(
        "Slow start goes on past 65,535 bytes, which eight large segments are",
        "RFC 5681, 3.1",
        scene,
    );
    let Cast { peer, we, app, .. } = story.cast();

    let send_buffer = BufferSize::fixed(20 * 8960);
    let options = ConnectionOptions { send_buffer, ..ConnectionOptions::default() };
    let syn = syn().mss(8960).window_scale(7);
    let socket = app.has_accepted_with(syn, "with room for 20 segments", options);
    app.sends_tcp(socket, vec![b'x'; 20 * 8960]);
    let mut sent = 0;
    let mut we_send = |count| {
        for _ in 0..count {
            we.send(data([b'x'; 8960]).seq(1 + 8960 * sent));
            sent += 1;
        }
    };
    // The initial window. Then two segments leave the network, and two more may be in it.
    we_send(2);
    for acknowledged in [2, 4, 6, 8] {
        peer.sends(ack().ack(1 + 8960 * acknowledged));
        we_send(4);
    }
}

#[test]
fn options_may_fill_the_header() {
    let story = Story::new(
        "Of forty bytes of options the last four say the MSS",
        "RFC 9293, 3.1 (MUST-64, MUST-68)",
    );
    let Cast { peer, we, app, anything, .. } = story.cast();

    let listener = app.listens(7);
    let unknown = [[254, 18].as_slice(), &[0; 16]].concat();
    let options = [unknown.as_slice(), &unknown, &[2, 4, 1, 244]].concat();
    peer.sends(syn().tcp_options(&options));
    we.send(syn_ack());
    peer.sends(ack());
    let socket = app.accepts(listener);
    app.sends_tcp(socket, [7; 501]);
    we.send(data([7; 500]).seq(1));
    anything.may_be_sent();
}

#[test]
fn time_wait_holds_no_socket() {
    let story = Story::new(
        "The application has let go, and of its connection a few numbers are left",
        "RFC 9293, 3.6.1 (MUST-13)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let listener = app.listens(7);
    peer.sends(syn());
    we.send(syn_ack());
    peer.sends(ack());
    let socket = app.accepts(listener);
    app.closes_tcp(listener);
    app.closes_tcp(socket);
    we.send(fin().seq(1));
    peer.sends(fin().ack(2));
    we.send(ack().seq(2).ack(2));
    app.finds("no socket that is in use", |stack, now| match stack.tcp(now).len() {
        0 => Ok(()),
        count => Err(format!("there are {count}")),
    });
    // It still answers for the connection.
    peer.sends(fin().seq(1).ack(2));
    we.send(ack().seq(2).ack(2));
}
