//! Stories of TCP: the receiver says how much it takes, and the sender keeps to it
//! (RFC 9293, 3.8.6).

use story::*;
use tcp::{BufferSize, ConnectionOptions, Error, State};

/// A receiver with room for so many bytes, and windows that are not scaled.
fn room_for(bytes: usize) -> ConnectionOptions {
    let receive_buffer = BufferSize::fixed(bytes);
    ConnectionOptions { receive_buffer, window_scaling: false, ..ConnectionOptions::default() }
}

#[test]
fn must_34_shld_15_a_window_that_shrinks_stops_what_is_new() {
    let story = Story::new(
        "The window shrinks below what is outstanding, and nothing new leaves",
        "RFC 9293, 3.8.6 (MUST-34, SHLD-15)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted_by(syn().mss(1000).window(3000));
    app.sends_tcp(socket, [7; 5000]);
    for first in [1, 1001, 2001] {
        we.send(data([7; 1000]).seq(first));
    }
    // Two of three were taken; the third no longer fits.
    peer.sends(ack().ack(2001).window(500));
    nothing.is_sent_for(ms(199));
    app.finds_it(socket, State::Established);
    peer.sends(ack().ack(3001).window(3000));
    we.send(data([7; 1000]).seq(3001));
    we.send(data([7; 1000]).seq(4001));
}

#[test]
fn shld_16_what_lies_in_a_shrunken_window_is_sent_again() {
    let story = Story::new(
        "What is outstanding and lies within the smaller window is sent again as usual",
        "RFC 9293, 3.8.6 (SHLD-16, SHLD-17)",
    );
    let Cast { peer, we, app, anything, .. } = story.cast();

    let socket = app.has_accepted_by(syn().mss(1000).window(3000));
    app.sends_tcp(socket, [7; 3000]);
    for first in [1, 1001, 2001] {
        we.send(data([7; 1000]).seq(first));
    }
    peer.sends(ack().ack(1).window(1000));
    we.send_after(ms(200), data([7; 1000]).seq(1));
    // What lies beyond the edge is no reason to give up.
    anything.may_be_sent_for(seconds(120));
    app.finds_it(socket, State::Established);
    peer.sends(ack().ack(3001).window(3000));
    app.learns_of_no_error(socket);
}

#[test]
fn must_35_a_window_that_shrank_to_nothing_is_probed() {
    let story = Story::new(
        "The window closes over what is outstanding: one byte of it asks when it opens",
        "RFC 9293, 3.8.6 (MUST-35)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted_by(syn().mss(1000).window(2000));
    app.sends_tcp(socket, [7; 2000]);
    we.send(data([7; 1000]).seq(1));
    we.send(data([7; 1000]).seq(1001));
    peer.sends(ack().ack(1).window(0));
    we.send_after(ms(200), data([7]).seq(1));
    peer.sends(ack().ack(1).window(0));
    we.send_after(ms(400), data([7]).seq(1));
    peer.sends(ack().ack(2).window(2000));
    we.send(data([7; 1000]).seq(2));
    we.send(data([7; 999]).seq(1002));
}

#[test]
fn must_36_shld_29_shld_30_a_closed_window_is_probed_ever_more_seldom() {
    let story = Story::new(
        "A closed window is probed after one timeout, and then after twice the time each time",
        "RFC 9293, 3.8.6.1 (MUST-36, SHLD-29, SHLD-30)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(ack().window(0));
    app.sends_tcp(socket, b"hello");
    let mut wait = ms(200);
    while wait < seconds(60) {
        we.send_after(wait, data(b"h").seq(1));
        peer.sends(ack().ack(1).window(0));
        wait *= 2;
    }
    we.send_after(seconds(60), data(b"h").seq(1));
    peer.sends(ack().ack(1).window(10));
    we.send(data(b"hello").seq(1));
}

#[test]
fn must_37_as_long_as_somebody_answers_the_connection_stays() {
    let story = Story::new(
        "The window stays closed for three hours, and the connection stays open",
        "RFC 9293, 3.8.6.1 (MUST-37)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(ack().window(0));
    app.sends_tcp(socket, b"hello");
    for _ in 0..3 * 60 {
        we.send_within(seconds(60), data(b"h").seq(1));
        peer.sends(ack().ack(1).window(0));
    }
    app.finds_it(socket, State::Established);
    peer.sends(ack().ack(1).window(100));
    we.send(data(b"hello").seq(1));
}

#[test]
fn a_probe_that_nobody_answers_ends_the_connection() {
    let story = Story::new(
        "The window is closed, and the peer is gone: that is given up like anything else",
        "RFC 9293, 3.8.3, 3.8.6.1",
    );
    let Cast { peer, we, app, anything, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(ack().window(0));
    app.sends_tcp(socket, b"hello");
    we.send_after(ms(200), data(b"h").seq(1));
    anything.may_be_sent_for(seconds(20 * 60));
    app.finds_it(socket, State::Closed);
    app.learns_of(socket, Error::TimedOut);
    nothing.is_sent_for(seconds(600));
}

#[test]
fn a_window_update_alone_opens_the_window() {
    let story = Story::new(
        "A segment that acknowledges nothing new opens the window",
        "RFC 9293, 3.10.7.4, fifth (SND.WL1, SND.WL2)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(ack().window(0));
    app.sends_tcp(socket, b"hello");
    nothing.is_sent();
    peer.sends(ack().ack(1).window(1000));
    we.send(data(b"hello").seq(1));
}

#[test]
fn an_older_segment_does_not_change_the_window() {
    let story = Story::new(
        "Of two segments that overtook each other the newer says how large the window is",
        "RFC 9293, 3.10.7.4, fifth (SND.WL1, SND.WL2)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(data(b"second").seq(6).window(0));
    we.send(ack().seq(1).ack(1));
    peer.sends(data(b"first").seq(1).window(5000));
    we.send(ack().seq(1).ack(12));
    app.sends_tcp(socket, b"hello");
    nothing.is_sent_for(ms(199));
    we.send_after(ms(1), data(b"h").seq(1));
}

#[test]
fn must_38_a_window_that_opens_byte_by_byte_is_not_filled_byte_by_byte() {
    let story = Story::new(
        "The peer opens its window by ten bytes at a time, and no segment of ten bytes leaves",
        "RFC 9293, 3.8.6.2.1 (MUST-38)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted_by(syn().mss(1000).window(4000));
    app.sends_tcp(socket, [7; 10_000]);
    for first in [1, 1001, 2001, 3001] {
        we.send(data([7; 1000]).seq(first));
    }
    peer.sends(ack().window(0));
    for window in (10..1000).step_by(10) {
        peer.sends(ack().window(window));
        nothing.is_sent();
    }
    peer.sends(ack().window(1000));
    we.send(data([7; 1000]).seq(4001));
}

#[test]
fn must_38_half_of_the_largest_window_is_worth_a_segment() {
    let story = Story::new(
        "The peer never has room for a full segment, but half of its room is worth the while",
        "RFC 9293, 3.8.6.2.1 (MUST-38)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted_by(syn().mss(1000).window(400));
    app.sends_tcp(socket, [7; 1000]);
    we.send(data([7; 400]).seq(1));
    peer.sends(ack().window(199));
    nothing.is_sent();
    peer.sends(ack().window(200));
    we.send(data([7; 200]).seq(401));
}

#[test]
fn must_39_our_window_opens_by_steps() {
    let story = Story::new(
        "The application reads byte by byte, and the window opens by a full segment",
        "RFC 9293, 3.8.6.2.2 (MUST-39)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted_with(syn(), "with room for 4000 bytes", room_for(4000));
    peer.sends(data([7; 1460]));
    peer.sends(data([7; 1460]));
    we.send(ack().ack(2921).window(1080));
    peer.sends(data([7; 1080]));
    we.send_within(ms(40), ack().ack(4001).window(0));
    for _ in 0..1459 {
        app.reads_tcp(socket, [7]);
    }
    nothing.is_sent_for(seconds(1));
    app.reads_tcp(socket, [7]);
    we.send(ack().ack(4001).window(1460));
}

#[test]
fn must_39_of_a_small_buffer_half_is_a_step() {
    let story = Story::new(
        "Where the buffer is smaller than two segments, half of it is a step",
        "RFC 9293, 3.8.6.2.2 (MUST-39)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted_with(syn(), "with room for 1000 bytes", room_for(1000));
    peer.sends(data([7; 1000]));
    we.send_within(ms(40), ack().ack(1001).window(0));
    app.reads_tcp(socket, [7; 499]);
    nothing.is_sent();
    app.reads_tcp(socket, [7]);
    we.send(ack().ack(1001).window(500));
}

#[test]
fn shld_14_the_right_edge_never_moves_left() {
    let story = Story::new(
        "Nobody reads, and with each acknowledgment the window is smaller by what came",
        "RFC 9293, 3.8.6 (SHLD-14)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted_with(syn(), "with room for 9000 bytes", room_for(9000));
    for pair in 1..=3 {
        peer.sends(data([7; 1460]));
        peer.sends(data([7; 1460]));
        let came = 2920 * pair;
        we.send(ack().ack(1 + came).window(9000 - came));
    }
    // Where there is still room for 240 bytes no more than these are taken.
    peer.sends(data([8; 300]));
    we.send_within(ms(40), ack().ack(9001).window(0));
    app.reads_tcp(socket, [7; 8760]);
    we.send(ack().ack(9001).window(8760));
    app.receives_tcp(socket, [8; 240]);
}

#[test]
fn may_8_our_window_stays_closed_as_long_as_nobody_reads() {
    let story = Story::new(
        "The application does not read for a day, and each probe of the peer is answered",
        "RFC 9293, 3.8.6.1 (MAY-8, MUST-66)",
    );
    let Cast { peer, we, app, time, .. } = story.cast();

    let socket = app.has_accepted_with(syn(), "with room for 1000 bytes", room_for(1000));
    peer.sends(data([7; 1000]));
    we.send_within(ms(40), ack().ack(1001).window(0));
    for _ in 0..24 {
        time.passes(seconds(60 * 60));
        peer.sends(data([8]).seq(1001));
        we.send(ack().ack(1001).window(0));
    }
    app.receives_tcp(socket, [7; 1000]);
    we.send(ack().ack(1001).window(1000));
    peer.sends(data([8]).seq(1001));
    app.receives_tcp(socket, [8]);
}

#[test]
fn must_40_shld_18_an_acknowledgment_waits_a_little() {
    let story = Story::new(
        "A single segment is acknowledged after 40 ms, or with the answer if that comes first",
        "RFC 9293, 3.8.6.3 (MUST-40, SHLD-18)",
    );
    let Cast { peer, we, app, time, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(data(b"a"));
    we.send_after(ms(40), ack().seq(1).ack(2));
    peer.sends(data(b"b"));
    time.passes(ms(30));
    app.sends_tcp(socket, b"B");
    we.send(data(b"B").seq(1).ack(3));
    peer.sends(ack());
    nothing.is_sent_for(seconds(1));
}

#[test]
fn shld_19_every_second_full_segment_is_acknowledged_at_once() {
    let story = Story::new(
        "Of a stream of full segments every second one is acknowledged, and none waits longer",
        "RFC 9293, 3.8.6.3 (SHLD-19)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    app.has_accepted();
    for pair in 0..10 {
        peer.sends(data([7; 1460]));
        nothing.is_sent();
        peer.sends(data([7; 1460]));
        we.send(ack().seq(1).ack(1 + 2920 * (pair + 1)));
    }
}
