//! Stories of TCP: segments that come in another order, several at once, or as ghosts of the past
//! (RFC 9293, 3.10.7.4; RFC 7323, 5); and what arrives in SYN-RECEIVED.

use stack::Counter;
use story::*;
use tcp::State;

#[test]
fn must_58_and_59_one_acknowledgment_for_all_that_came() {
    let story = Story::new(
        "All segments that have come are processed before one acknowledgment leaves for them",
        "RFC 9293, 3.10.7.4 (MUST-58, MUST-59)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    let segments: Vec<_> = (0..10).map(|n| data([7; 1460]).seq(1 + n * 1460)).collect();
    peer.sends_at_once(&segments);
    we.send(ack().seq(1).ack(14_601));
    nothing.is_sent_for(seconds(10));
    app.receives_tcp(socket, [7; 14_600]);
}

#[test]
fn must_58_an_acknowledgment_goes_with_data() {
    let story = Story::new(
        "An acknowledgment that waits goes with the answer",
        "RFC 9293, 3.10.7.4 (MUST-58)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(data(b"question"));
    app.receives_tcp(socket, b"question");
    app.sends_tcp(socket, b"answer");
    we.send(data(b"answer").seq(1).ack(9));
    peer.sends(ack());
    nothing.is_sent_for(seconds(10));
}

#[test]
fn shld_31_and_may_13_what_comes_too_early_is_kept() {
    let story = Story::new(
        "A segment behind a hole is kept, and acknowledged at once with the number of the hole",
        "RFC 9293, 3.10.7.4 (SHLD-31, MAY-13); RFC 5681, 4.2",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(data(b"ghi").seq(7));
    we.send(ack().ack(1));
    peer.sends(data(b"def").seq(4));
    we.send(ack().ack(1));
    app.receives_no_tcp(socket);
    peer.sends(data(b"abc").seq(1));
    we.send(ack().ack(10));
    app.receives_tcp(socket, b"abcdefghi");
}

#[test]
fn shld_31_pieces_overlap_in_every_way() {
    let story = Story::new(
        "However the pieces overlap, the stream is the same",
        "RFC 9293, 3.10.7.4 (SHLD-31)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    let text = b"abcdefghijklmnopqrst";
    for (from, to) in [(15, 18), (3, 6), (5, 9), (2, 4), (16, 20), (3, 9), (12, 14)] {
        peer.sends(data(&text[from..to]).seq(1 + i64::try_from(from).unwrap()));
        we.send(ack().ack(1));
    }
    peer.sends(data(&text[..3]).seq(1));
    we.send(ack().ack(10));
    peer.sends(data(&text[6..16]).seq(7));
    we.send(ack().ack(21));
    app.receives_tcp(socket, text);
}

#[test]
fn what_came_twice_is_acknowledged_again() {
    let story = Story::new(
        "A segment that comes again is answered at once: our acknowledgment may be lost",
        "RFC 9293, 3.10.7.4, first",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(data(b"abc").seq(1));
    we.send_within(ms(499), ack().ack(4));
    peer.sends(data(b"abc").seq(1));
    we.drop_it_as(Counter::TcpOutOfWindow);
    we.send(ack().ack(4));
    app.receives_tcp(socket, b"abc");
}

#[test]
fn paws_a_ghost_of_an_earlier_round_is_dropped() {
    let story = Story::new(
        "A segment whose timestamp is older than what came before is answered and dropped",
        "RFC 7323, 5.3 (R1)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted_by(syn().with_timestamps());
    peer.sends(data(b"abc").timestamp(1000));
    app.receives_tcp(socket, b"abc");
    we.send_within(ms(499), ack().ack(4).with_timestamps());
    peer.sends(data(b"xyz").timestamp(999));
    we.drop_it_as(Counter::TcpOldTimestamp);
    we.send(ack().ack(4));
    peer.sends(data(b"def").seq(4).timestamp(1000));
    app.receives_tcp(socket, b"def");
    story.cast().anything.may_be_sent_for(seconds(1));
}

#[test]
fn paws_nobody_outside_the_window_can_set_the_clock() {
    let story = Story::new(
        "The timestamp of a segment outside the window is not believed",
        "RFC 7323, 5.3 (R2 before R3)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted_by(syn().with_timestamps());
    peer.sends(data(b"forged").seq(-1000).timestamp(1_000_000_000));
    we.drop_it_as(Counter::TcpOutOfWindow);
    we.send(ack().ack(1));
    peer.sends(data(b"abc").seq(1).timestamp(10));
    app.receives_tcp(socket, b"abc");
    story.cast().anything.may_be_sent_for(seconds(1));
}

#[test]
fn timestamps_are_echoed() {
    let story = Story::new(
        "Each segment tells our clock in milliseconds, and the peer's as it was last acknowledged",
        "RFC 7323, 3.2 and 4.3",
    );
    let Cast { peer, we, app, time, .. } = story.cast();

    let socket = app.has_accepted_by(syn().with_timestamps());
    time.passes(ms(100));
    peer.sends(data(b"abc").timestamp(50));
    time.passes(ms(10));
    app.sends_tcp(socket, b"def");
    we.send(data(b"def").timestamps(110, 50));
    // What comes behind a hole does not count: its sender has to time the hole.
    peer.sends(data(b"ghi").seq(7).timestamp(60));
    we.send(ack().ack(4).timestamps(110, 50));
    peer.sends(data(b"def").seq(4).timestamp(70));
    we.send(ack().ack(10).timestamps(110, 70));
}

#[test]
fn syn_received_a_wrong_acknowledgment_draws_a_reset() {
    let story = Story::new(
        "In SYN-RECEIVED an acknowledgment of anything but our SYN is answered with an RST",
        "RFC 9293, 3.10.7.4, fifth; 3.5.2, group 2",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let listener = app.listens(7);
    peer.sends(syn());
    we.send(syn_ack());
    for wrong in [0, 2, 1000, -1000] {
        peer.sends(data(b"abc").ack(wrong));
        we.drop_it_as(Counter::TcpBadAcknowledgment);
        we.send(rst().seq(wrong));
    }
    app.accepts_nothing(listener);
    peer.sends(data(b"abc").seq(1).ack(1));
    let socket = app.accepts(listener);
    app.receives_tcp(socket, b"abc");
    we.send_within(ms(499), ack().ack(4));
}

#[test]
fn syn_received_what_lies_outside_the_window_ends_nothing() {
    let story = Story::new(
        "In SYN-RECEIVED what lies outside the window is answered, but for an RST",
        "RFC 9293, 3.10.7.4, first",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let listener = app.listens(7);
    peer.sends(syn());
    we.send(syn_ack());
    peer.sends(data(b"abc").seq(100_000));
    we.drop_it_as(Counter::TcpOutOfWindow);
    we.send(ack().seq(1).ack(1));
    for outside in [0, -1, 100_000] {
        peer.sends(rst().seq(outside));
        we.drop_it_as(Counter::TcpUnexpectedReset);
        nothing.is_sent();
    }
    peer.sends(ack().seq(1));
    app.accepts(listener);
}

#[test]
fn syn_received_another_syn_takes_a_passive_open_back_to_listen() {
    let story = Story::new(
        "In SYN-RECEIVED a SYN in the window gives up a connection that the peer asked for",
        "RFC 9293, 3.10.7.4, fourth",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let listener = app.listens(7);
    peer.sends(syn());
    we.send(syn_ack());
    peer.sends(syn().seq(500));
    nothing.is_sent_for(seconds(10));
    peer.sends(ack().seq(1).ack(1));
    we.send(rst().seq(1));
    app.accepts_nothing(listener);
    peer.sends(syn().seq(500));
    we.send(syn_ack().ack(1));
}

#[test]
fn syn_received_the_end_may_follow_at_once() {
    let story = Story::new(
        "The segment that establishes a connection may end it as well",
        "RFC 9293, 3.10.7.4, eighth",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let listener = app.listens(7);
    peer.sends(syn());
    we.send(syn_ack());
    peer.sends(fin().text(b"abc"));
    we.send(ack().seq(1).ack(5));
    let socket = app.accepts(listener);
    app.finds_it(socket, State::CloseWait);
    app.receives_tcp(socket, b"abc");
    app.finds_the_end(socket);
}
