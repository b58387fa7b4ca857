//! Stories of TCP: a peer that is silent is asked whether it is still there (RFC 9293, 3.8.4).

use story::*;
use tcp::{ConnectionOptions, Error, KeepAlive, State};

/// After 10 s of silence, each second, three times in all.
fn often() -> ConnectionOptions {
    let keep_alive = KeepAlive { idle: seconds(10), interval: seconds(1), probes: 3 };
    ConnectionOptions { keep_alive: Some(keep_alive), ..ConnectionOptions::default() }
}

#[test]
fn must_25_keep_alive_is_off_unless_asked_for() {
    let story = Story::new("A silent peer is left alone for ever", "RFC 9293, 3.8.4 (MUST-25)");
    let Cast { app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    nothing.is_sent_for(seconds(30 * 24 * 60 * 60));
    app.finds_it(socket, State::Established);
}

#[test]
fn must_24_keep_alive_is_turned_on_and_off() {
    let story = Story::new(
        "Keep-alive can be turned on for a connection, and off again",
        "RFC 9293, 3.8.4 (MUST-24, MAY-5)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    app.has_tcp(socket, "kept alive", |it| it.keep_alive = often().keep_alive);
    we.send_after(seconds(10), ack().seq(0).ack(1));
    peer.sends(ack());
    app.has_tcp(socket, "left alone", |it| it.keep_alive = None);
    nothing.is_sent_for(seconds(24 * 60 * 60));
}

#[test]
fn must_26_only_silence_is_a_reason_to_ask() {
    let story = Story::new(
        "Whatever comes begins the silence anew, and what is outstanding asks by itself",
        "RFC 9293, 3.8.4 (MUST-26)",
    );
    let Cast { peer, we, app, time, .. } = story.cast();

    let socket = app.has_accepted_with(syn(), "that are kept alive", often());
    time.passes(seconds(9));
    peer.sends(ack());
    time.passes(seconds(9));
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello").seq(1));
    // At 10 s nothing came for as long, but the segment asks already.
    for wait in [200, 400, 800, 1600] {
        we.send_after(ms(wait), data(b"hello").seq(1));
    }
    peer.sends(ack());
    we.send_after(seconds(10), ack().seq(5).ack(1));
}

#[test]
fn must_27_shld_12_the_times_can_be_set_and_a_probe_carries_nothing() {
    let story = Story::new(
        "The probes come when they were set to, each with a number that was acknowledged",
        "RFC 9293, 3.8.4 (MUST-27, SHLD-12)",
    );
    let Cast { we, app, .. } = story.cast();

    app.has_accepted_with(syn(), "that are kept alive", often());
    we.send_after(seconds(10), ack().seq(0).ack(1));
    we.send_after(seconds(1), ack().seq(0).ack(1));
    we.send_after(seconds(1), ack().seq(0).ack(1));
}

#[test]
fn must_28_two_hours_unless_it_is_set() {
    let story = Story::new(
        "Without a time of its own keep-alive waits for two hours",
        "RFC 9293, 3.8.4 (MUST-28)",
    );
    let Cast { we, app, .. } = story.cast();

    let socket = app.has_accepted();
    app.has_tcp(socket, "kept alive", |it| it.keep_alive = Some(KeepAlive::default()));
    we.send_after(seconds(2 * 60 * 60), ack().seq(0).ack(1));
    we.send_after(seconds(75), ack().seq(0).ack(1));
}

#[test]
fn must_29_one_probe_without_an_answer_ends_nothing() {
    let story = Story::new(
        "Two probes are not answered, the third is, and all is well",
        "RFC 9293, 3.8.4 (MUST-29)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted_with(syn(), "that are kept alive", often());
    for wait in [10, 1, 1] {
        we.send_after(seconds(wait), ack().seq(0).ack(1));
    }
    peer.sends(ack());
    app.finds_it(socket, State::Established);
    // It counts from the beginning again.
    for wait in [10, 1, 1] {
        we.send_after(seconds(wait), ack().seq(0).ack(1));
    }
    app.finds_it(socket, State::Established);
}

#[test]
fn a_peer_that_is_gone_is_given_up() {
    let story = Story::new(
        "Three probes are not answered, so the connection is over",
        "RFC 9293, 3.8.4; RFC 1122, 4.2.3.6",
    );
    let Cast { we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted_with(syn(), "that are kept alive", often());
    for wait in [10, 1, 1] {
        we.send_after(seconds(wait), ack().seq(0).ack(1));
    }
    nothing.is_sent_for(seconds(1));
    app.finds_it(socket, State::Closed);
    app.learns_of(socket, Error::TimedOut);
    nothing.is_sent_for(seconds(600));
}

#[test]
fn a_peer_that_lost_its_memory_says_so() {
    let story = Story::new(
        "The peer was switched off and on again, and answers a probe by an RST",
        "RFC 9293, 3.8.4, 3.5.1",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted_with(syn(), "that are kept alive", often());
    we.send_after(seconds(10), ack().seq(0).ack(1));
    peer.sends(rst().seq(1));
    app.finds_it(socket, State::Closed);
    app.learns_of(socket, Error::ConnectionReset);
    nothing.is_sent_for(seconds(600));
}

#[test]
fn a_probe_of_the_peer_is_answered() {
    let story = Story::new(
        "The peer asks with an old number, with and without a byte of nonsense",
        "RFC 9293, 3.8.4, 3.10.7.4, first",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(ack().seq(0));
    we.send(ack().seq(1).ack(1));
    peer.sends(data([0]).seq(0));
    we.send(ack().seq(1).ack(1));
    app.receives_no_tcp(socket);
}
