//! Stories of TCP: the peer, or we, have something urgent to say (RFC 9293, 3.8.5; RFC 6093).

use stack::Stack;
use story::*;
use tcp::{Error, SocketId};

/// How often the application was told since it looked last.
#[track_caller]
fn is_told(app: &App<'_, Stack>, socket: SocketId, urgent: bool) {
    let words =
        if urgent { "it is told of something urgent" } else { "it is told of nothing urgent" };
    app.finds(words, |stack, now| {
        let events = std::iter::from_fn(|| stack.tcp(now).poll_event());
        let told = events.filter(|event| event.socket == socket && event.readiness.urgent).count();
        if (told > 0) == urgent { Ok(()) } else { Err(format!("it was told {told} times")) }
    });
}

#[test]
fn must_30_what_is_urgent_is_delivered_in_its_place() {
    let story = Story::new(
        "Text with an urgent pointer is delivered like any other, and the mark is known",
        "RFC 9293, 3.8.5 (MUST-30, MUST-33)",
    );
    let Cast { peer, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(data(b"abc").urgent(3));
    app.finds_urgent(socket, 3);
    app.reads_tcp(socket, b"a");
    app.finds_urgent(socket, 2);
    peer.sends(data(b"def"));
    app.finds_urgent(socket, 2);
    app.reads_tcp(socket, b"bc");
    app.finds_urgent(socket, None);
    app.receives_tcp(socket, b"def");
}

#[test]
fn must_31_it_may_reach_far_beyond_the_segment() {
    let story = Story::new(
        "The urgent pointer names a byte that comes fifty segments later",
        "RFC 9293, 3.8.5 (MUST-31)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(data(b"1000 bytes").urgent(1000));
    app.receives_tcp(socket, b"1000 bytes");
    app.finds_urgent(socket, 990);
    for _ in 0..49 {
        peer.sends(data([7; 20]));
    }
    app.receives_tcp(socket, [7; 980]);
    peer.sends(data(b"0123456789abc").urgent(10));
    app.finds_urgent(socket, 10);
    app.reads_tcp(socket, b"0123456789");
    app.finds_urgent(socket, None);
    app.receives_tcp(socket, b"abc");
    we.send_within(ms(40), ack().ack(1004));
}

#[test]
fn must_31_what_we_send_may_be_longer_than_the_pointer_reaches() {
    let story = Story::new(
        "The end of what is urgent lies beyond 65,535 bytes, and the pointer reaches as far as it can",
        "RFC 9293, 3.8.5 (MUST-31); RFC 6093, 2",
    );
    let Cast { we, app, anything, .. } = story.cast();

    let socket = app.has_accepted();
    let text = vec![7; 100_000];
    app.sends_urgent(socket, &text);
    let piece = vec![7; 1460];
    we.send(data(&piece).seq(1).urgent(65_535));
    we.send(data(&piece).seq(1461).urgent(65_535));
    anything.may_be_sent();
}

#[test]
fn must_32_the_application_is_told_at_once_and_again() {
    let story = Story::new(
        "The application is told of the first urgent pointer and of each that points further",
        "RFC 9293, 3.8.5 (MUST-32)",
    );
    let Cast { peer, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(data(b"abc"));
    is_told(&app, socket, false);
    // No text has come of it yet.
    peer.sends(ack().urgent(10));
    is_told(&app, socket, true);
    peer.sends(ack().urgent(10));
    is_told(&app, socket, false);
    peer.sends(ack().urgent(20));
    is_told(&app, socket, true);
    peer.sends(ack().urgent(15));
    is_told(&app, socket, false);
}

#[test]
fn must_62_the_pointer_names_the_byte_behind_the_last_urgent_one() {
    let story = Story::new(
        "Three urgent bytes behind two others make a pointer of five",
        "RFC 9293, 3.8.5 (MUST-62)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    app.sends_tcp(socket, b"ab");
    we.send(data(b"ab").seq(1));
    app.sends_urgent(socket, b"cde");
    app.sends_tcp(socket, b"fgh");
    peer.sends(ack());
    we.send(data(b"cdefgh").seq(3).urgent(3));
    // Sent again it names the same byte.
    we.send_after(ms(200), data(b"cdefgh").seq(3).urgent(3));
    peer.sends(ack());
    app.sends_tcp(socket, b"i");
    we.send(data(b"i").seq(9));
}

#[test]
fn an_urgent_pointer_that_nothing_follows_does_no_harm() {
    let story =
        Story::new("The peer announces something urgent and closes without it", "RFC 9293, 3.8.5");
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(ack().urgent(500));
    app.cannot_receive_tcp(socket, Error::WouldBlock);
    peer.sends(fin().urgent(65_535));
    we.send(ack().seq(1).ack(2));
    app.finds_the_end(socket);
    app.shuts_down(socket);
    we.send(fin().seq(1).ack(2));
}
