//! Stories of TCP: how a connection is opened (RFC 9293, 3.5).

use story::*;
use tcp::State;

#[test]
fn a_connection_is_opened_used_and_closed() {
    let story =
        Story::new("The peer connects, both say something, and both close", "RFC 9293, 3.5, 3.6");
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let listener = app.listens(7);
    peer.sends(syn());
    we.send(syn_ack().seq(0).ack(1).mss(1460).no_other_options());
    app.accepts_nothing(listener);
    peer.sends(ack());
    let socket = app.accepts(listener);
    app.finds_it(socket, State::Established);

    peer.sends(data(b"ping"));
    app.receives_tcp(socket, b"ping");
    app.sends_tcp(socket, b"pong");
    we.send(data(b"pong").seq(1).ack(5));
    peer.sends(ack().ack(5));

    peer.sends(fin());
    we.send(ack().seq(5).ack(6));
    app.finds_the_end(socket);
    app.shuts_down(socket);
    we.send(fin().seq(5).ack(6));
    peer.sends(ack());
    app.finds_it(socket, State::Closed);
    app.learns_of_no_error(socket);
    nothing.is_sent_for(seconds(600));
}

#[test]
fn a_connection_that_we_ask_for() {
    let story = Story::new("We connect, and wait for nobody", "RFC 9293, 3.5");
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.connects((KERNEL, 9));
    we.send(syn().to_port(9).seq(0).mss(1460).window_scale(5).with_timestamps());
    app.finds_it(socket, State::SynSent);
    peer.sends(syn_ack());
    we.send(ack().seq(1).ack(1).no_options());
    app.finds_it(socket, State::Established);
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello").seq(1).ack(1).push(true));
    peer.sends(ack());
    nothing.is_sent_for(seconds(600));
}
