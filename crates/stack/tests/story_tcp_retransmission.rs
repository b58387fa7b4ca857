//! Stories of TCP: what was not acknowledged is sent again, and in the end given up
//! (RFC 9293, 3.8.1 to 3.8.3).

use std::time::Duration;

use stack::Stack;
use story::*;
use tcp::{ConnectionOptions, Error, SocketId, State};

/// A connection whose SYN-ACK took half a second to be acknowledged, so that the RTO is
/// 0.5 s + 4 * 0.25 s.
#[track_caller]
fn slow_connection(cast: &Cast<'_, Stack>) -> SocketId {
    let listener = cast.app.listens(7);
    cast.peer.sends(syn());
    cast.we.send(syn_ack());
    cast.time.passes(ms(500));
    cast.peer.sends(ack());
    cast.app.accepts(listener)
}

/// The same in no time, so that the RTO is the least: 200 ms.
fn least_rto(retransmission: u32) -> Duration {
    ms(200) * 2u32.pow(retransmission)
}

#[test]
fn must_18_the_timeout_follows_the_round_trips() {
    let story = Story::new(
        "The first round trip makes the timeout SRTT and four times half of it, the next move it",
        "RFC 9293, 3.8.1 (MUST-18); RFC 6298, 2.2 and 2.3",
    );
    let cast = story.cast();
    let Cast { peer, we, app, time, .. } = &cast;

    let socket = slow_connection(&cast);
    app.sends_tcp(socket, b"one");
    we.send(data(b"one").seq(1));
    we.send_after(ms(1500), data(b"one").seq(1));
    peer.sends(ack());

    // Sent again, it was not measured. The next one takes 100 ms, so RTTVAR is
    // 3/4 * 250 + 1/4 * 400 = 287.5 ms, and SRTT 7/8 * 500 + 1/8 * 100 = 450 ms.
    app.sends_tcp(socket, b"two");
    we.send(data(b"two").seq(4));
    time.passes(ms(100));
    peer.sends(ack());
    app.sends_tcp(socket, b"three");
    we.send(data(b"three").seq(7));
    we.send_after(ms(1600), data(b"three").seq(7));
}

#[test]
fn must_18_what_was_sent_twice_is_not_measured() {
    let story = Story::new(
        "An acknowledgment of what was sent twice says nothing of the round trip",
        "RFC 9293, 3.8.1 (MUST-18); RFC 6298, 3 and 5.7",
    );
    let cast = story.cast();
    let Cast { peer, we, app, .. } = &cast;

    let socket = slow_connection(&cast);
    app.sends_tcp(socket, b"one");
    we.send(data(b"one"));
    we.send_after(ms(1500), data(b"one").seq(1));
    // Just behind the second copy: of the first, most likely.
    peer.sends(ack());
    // Neither has the estimate moved, nor has the back-off ended.
    app.sends_tcp(socket, b"two");
    we.send(data(b"two"));
    we.send_after(ms(3000), data(b"two").seq(4));
}

#[test]
fn must_18_timestamps_tell_which_copy_was_acknowledged() {
    let story = Story::new(
        "With timestamps the acknowledgment of a second copy ends the back-off",
        "RFC 7323, 4.1; RFC 6298, 3",
    );
    let Cast { peer, we, app, time, .. } = story.cast();

    let socket = app.has_accepted_by(syn().mss(1460).with_timestamps());
    app.sends_tcp(socket, b"one");
    we.send(data(b"one").with_timestamps());
    we.send_after(ms(200), data(b"one").seq(1));
    time.passes(ms(8));
    peer.sends(ack());
    app.sends_tcp(socket, b"two");
    we.send(data(b"two"));
    // SRTT is 1/8 * 8 ms, which lies 200 ms below the timeout; the back-off would make it 400 ms.
    we.send_after(ms(201), data(b"two").seq(4));
}

#[test]
fn must_19_the_timeout_doubles_each_time() {
    let story = Story::new(
        "Each retransmission waits twice as long as the one before, up to a minute",
        "RFC 9293, 3.8.2 (MUST-19); RFC 6298, 5.5",
    );
    let Cast { we, app, .. } = story.cast();

    let socket = app.has_accepted();
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello"));
    for retransmission in 0..9 {
        we.send_after(least_rto(retransmission), data(b"hello").seq(1));
    }
    we.send_after(seconds(60), data(b"hello").seq(1));
    we.send_after(seconds(60), data(b"hello").seq(1));
}

#[test]
fn the_timer_restarts_when_something_new_is_acknowledged() {
    let story = Story::new(
        "The timer runs from the last acknowledgment of something new",
        "RFC 6298, 5.1 to 5.3; RFC 9293, 3.10.8",
    );
    let Cast { peer, we, app, time, nothing, .. } = story.cast();

    let socket = app.has_accepted_with(syn(), "without Nagle's algorithm", no_delay());
    app.sends_tcp(socket, b"one");
    we.send(data(b"one"));
    time.passes(ms(100));
    app.sends_tcp(socket, b"two");
    we.send(data(b"two").seq(4));
    peer.sends(ack().ack(4));
    time.passes(ms(150));
    peer.sends(ack().ack(7));
    nothing.is_sent_for(seconds(600));
}

#[test]
fn must_20_the_connection_is_given_up_in_the_end() {
    let story = Story::new(
        "What is never acknowledged is given up after a quarter of an hour, and not before",
        "RFC 9293, 3.8.3 (MUST-20, SHLD-11)",
    );
    let Cast { we, app, anything, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello"));
    anything.may_be_sent_for(seconds(15 * 60) - ms(1));
    app.finds_it(socket, State::Established);
    anything.may_be_sent_for(ms(1));
    app.finds_it(socket, State::Closed);
    app.learns_of(socket, Error::TimedOut);
    nothing.is_sent_for(seconds(600));
}

#[test]
fn must_21_the_application_says_when_to_give_up() {
    let story = Story::new(
        "A connection with a user timeout of five seconds is given up after five seconds",
        "RFC 9293, 3.8.3 (MUST-21); 3.10.8",
    );
    let Cast { we, app, anything, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    app.has_tcp(socket, "given up after 5 s", |it| it.user_timeout = Some(seconds(5)));
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello"));
    anything.may_be_sent_for(seconds(5) - ms(1));
    app.finds_it(socket, State::Established);
    anything.may_be_sent_for(ms(1));
    app.finds_it(socket, State::Closed);
    app.cannot_send_tcp(socket, b"more", Error::TimedOut);
    nothing.is_sent_for(seconds(600));
}

#[test]
fn must_21_progress_begins_the_user_timeout_anew() {
    let story = Story::new(
        "The user timeout runs only while nothing new is acknowledged",
        "RFC 9293, 3.8.3 (MUST-21); RFC 5482, 2",
    );
    let Cast { peer, we, app, time, .. } = story.cast();

    let socket = app.has_accepted_with(syn(), "that are given up after 5 s", user_timeout(5));
    app.sends_tcp(socket, b"a");
    we.send(data(b"a"));
    for acknowledged in 1..40 {
        time.passes(ms(190));
        app.sends_tcp(socket, b"a");
        peer.sends(ack());
        we.send(data(b"a").seq(acknowledged + 1));
    }
    app.finds_it(socket, State::Established);
}

#[test]
fn must_22_must_23_a_syn_is_repeated_for_three_minutes() {
    let story = Story::new(
        "A SYN that nobody answers is repeated for more than three minutes, ever more seldom",
        "RFC 9293, 3.8.3 (MUST-22, MUST-23)",
    );
    let Cast { we, app, anything, nothing, .. } = story.cast();

    let socket = app.connects((KERNEL, 9));
    we.send(syn().seq(0));
    for wait in [1, 2, 4, 8, 16, 32, 60] {
        we.send_after(seconds(wait), syn().seq(0));
    }
    anything.may_be_sent_for(seconds(180 - 123));
    app.finds_it(socket, State::SynSent);
    anything.may_be_sent_for(seconds(60));
    app.finds_it(socket, State::Closed);
    app.learns_of(socket, Error::TimedOut);
    nothing.is_sent_for(seconds(600));
}

#[test]
fn must_22_a_syn_ack_is_repeated_and_given_up() {
    let story = Story::new(
        "A SYN-ACK that nobody acknowledges is repeated, and the listener never hears of it",
        "RFC 9293, 3.8.3 (MUST-22)",
    );
    let Cast { peer, we, app, anything, nothing, .. } = story.cast();

    let listener = app.listens(7);
    peer.sends(syn());
    we.send(syn_ack().seq(0).ack(1));
    for wait in [1, 2, 4] {
        we.send_after(seconds(wait), syn_ack().seq(0).ack(1));
    }
    anything.may_be_sent_for(seconds(200));
    app.accepts_nothing(listener);
    nothing.is_sent_for(seconds(600));
    // It is forgotten: what comes now belongs to no connection.
    peer.sends(ack().seq(1).ack(1));
    we.send(rst().seq(1));
}

#[test]
fn rfc_6298_5_7_a_lost_syn_makes_the_first_timeout_three_seconds() {
    let story = Story::new(
        "If the SYN had to be repeated, data begins with a timeout of three seconds",
        "RFC 6298, 5.7",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.connects((KERNEL, 9));
    we.send(syn());
    we.send_after(seconds(1), syn());
    peer.sends(syn_ack());
    we.send(ack());
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello"));
    we.send_after(seconds(3), data(b"hello").seq(1));
}

#[test]
fn shld_9_shld_10_the_application_is_told_of_a_doubtful_path() {
    let story = Story::new(
        "With the third retransmission the application hears that the path is doubtful",
        "RFC 9293, 3.8.3 (SHLD-9, SHLD-10)",
    );
    let Cast { we, app, .. } = story.cast();

    let socket = app.has_accepted();
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello"));
    let is_told = |stack: &mut Stack, now| {
        let told = std::iter::from_fn(|| stack.tcp(now).poll_event());
        Ok::<_, String>(told.filter(|event| event.socket == socket).count())
    };
    app.finds("what has changed so far", is_told);
    for retransmission in 0..2 {
        we.send_after(least_rto(retransmission), data(b"hello").seq(1));
        app.finds("nothing new", |stack, now| match is_told(stack, now)? {
            0 => Ok(()),
            _ => Err("it is told of something".to_owned()),
        });
    }
    we.send_after(least_rto(2), data(b"hello").seq(1));
    app.finds("that something is wrong", |stack, now| match is_told(stack, now)? {
        0 => Err("it is not told".to_owned()),
        _ => Ok(()),
    });
}

#[test]
fn time_wait_ends_after_two_msl() {
    let story = Story::new("TIME-WAIT lasts a minute", "RFC 9293, 3.10.8, TIME-WAIT TIMEOUT");
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    app.shuts_down(socket);
    we.send(fin().seq(1).ack(1));
    peer.sends(fin().ack(2));
    we.send(ack().seq(2).ack(2));
    app.finds_it(socket, State::TimeWait);
    nothing.is_sent_for(seconds(60) - ms(1));
    app.finds_it(socket, State::TimeWait);
    nothing.is_sent_for(ms(1));
    app.finds_it(socket, State::Closed);
    app.learns_of_no_error(socket);
}

fn no_delay() -> ConnectionOptions {
    ConnectionOptions { no_delay: true, ..ConnectionOptions::default() }
}

fn user_timeout(after: u64) -> ConnectionOptions {
    ConnectionOptions { user_timeout: Some(seconds(after)), ..ConnectionOptions::default() }
}

#[test]
fn must_20_at_r1_the_next_hop_is_asked_whether_it_is_still_there() {
    let story = Story::on_ethernet(
        "After three retransmissions the neighbour is asked by unicast; it was sure a moment ago",
        "RFC 9293, 3.8.3 (MUST-20, SHLD-10); RFC 1122, 3.3.1.4 (ROUTE-4)",
    );
    let cast = story.cast();
    let Cast { peer, we, app, .. } = &cast;

    peer.sends(arp_request());
    we.send(arp_reply());
    let listener = app.listens(7);
    peer.sends(syn());
    we.send(syn_ack());
    peer.sends(ack());
    let socket = app.accepts(listener);
    app.sends_tcp(socket, b"anybody?");
    we.send(data(b"anybody?"));
    we.send_after(least_rto(0), data(b"anybody?"));
    we.send_after(least_rto(1), data(b"anybody?"));
    we.send_after(least_rto(2), arp_request().who_has(KERNEL).to_mac(KERNEL_MAC));
    we.send(data(b"anybody?"));
}
