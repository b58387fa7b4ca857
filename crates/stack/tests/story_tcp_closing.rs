//! Stories of TCP: how a connection ends (RFC 9293, 3.6).

use std::time::Duration;

use story::*;
use tcp::{ConnectionOptions, Error, State, TIME_WAIT_TIME};

#[test]
fn must_12_the_end_and_a_reset_are_told_apart() {
    let story = Story::new(
        "A FIN is the end of what can be read, an RST is an error",
        "RFC 9293, 3.6 (MUST-12)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(data(b"abc"));
    peer.sends(fin());
    we.send(ack().ack(5));
    app.reads_tcp(socket, b"abc");
    app.finds_the_end(socket);
    app.finds_the_end(socket);
    app.learns_of_no_error(socket);

    peer.sends(rst());
    app.cannot_receive_tcp(socket, Error::ConnectionReset);
}

#[test]
fn must_12_what_came_before_the_end_is_read_first() {
    let story = Story::new(
        "The end comes where it stands, even if its segment comes before what it ends",
        "RFC 9293, 3.6 (MUST-12), 3.10.7.4, eighth",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(fin().seq(4));
    we.send(ack().ack(1));
    app.receives_no_tcp(socket);
    app.finds_it(socket, State::Established);
    peer.sends(data(b"abc").seq(1));
    we.send(ack().ack(5));
    app.finds_it(socket, State::CloseWait);
    app.receives_tcp(socket, b"abc");
    app.finds_the_end(socket);
}

#[test]
fn must_13_who_closes_first_stays_in_time_wait() {
    let story = Story::new(
        "A FIN that comes again is acknowledged again, and 2 MSL begin anew; then nobody is there",
        "RFC 9293, 3.6.1 (MUST-13), figure 12",
    );
    let Cast { peer, we, app, time, nothing, .. } = story.cast();

    let socket = app.has_connected();
    app.shuts_down(socket);
    we.send(fin().seq(1).ack(1));
    app.finds_it(socket, State::FinWait1);
    peer.sends(ack());
    app.finds_it(socket, State::FinWait2);
    peer.sends(fin());
    we.send(ack().seq(2).ack(2));
    app.finds_it(socket, State::TimeWait);

    let almost = TIME_WAIT_TIME - ms(1);
    for _ in 0..3 {
        time.passes(almost);
        peer.sends(fin().seq(1));
        we.send(ack().seq(2).ack(2));
    }
    nothing.is_sent_for(almost);
    app.finds_it(socket, State::TimeWait);
    time.passes(ms(1));
    app.finds_it(socket, State::Closed);
    peer.sends(fin().seq(1));
    we.send(rst().seq(2));
}

#[test]
fn must_13_time_wait_needs_nobody() {
    let story = Story::new(
        "TIME-WAIT lasts though the application has let go of its socket",
        "RFC 9293, 3.6.1 (MUST-13)",
    );
    let Cast { peer, we, app, time, .. } = story.cast();

    let socket = app.has_connected();
    app.closes_tcp(socket);
    we.send(fin().seq(1).ack(1));
    peer.sends(fin());
    we.send(ack().seq(2).ack(2));
    time.passes(TIME_WAIT_TIME - ms(1));
    peer.sends(fin().seq(1));
    we.send(ack().seq(2).ack(2));
    time.passes(TIME_WAIT_TIME);
    peer.sends(fin().seq(1));
    we.send(rst().seq(2));
}

#[test]
fn must_13_who_closes_last_waits_for_nothing() {
    let story = Story::new(
        "Who closes last is done when its FIN is acknowledged",
        "RFC 9293, 3.6.1 (MUST-13), figure 12",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(fin());
    we.send(ack().seq(1).ack(2));
    app.finds_it(socket, State::CloseWait);
    app.shuts_down(socket);
    we.send(fin().seq(1).ack(2));
    app.finds_it(socket, State::LastAck);
    peer.sends(ack());
    app.finds_it(socket, State::Closed);
    peer.sends(syn().seq(0));
    we.send(syn_ack());
}

#[test]
fn both_close_at_once() {
    let story = Story::new(
        "Two FINs cross, each is acknowledged, and both ends stay in TIME-WAIT",
        "RFC 9293, 3.6, figure 13",
    );
    let Cast { peer, we, app, time, .. } = story.cast();

    let socket = app.has_accepted();
    app.shuts_down(socket);
    we.send(fin().seq(1).ack(1));
    peer.sends(fin().seq(1).ack(1));
    we.send(ack().seq(2).ack(2));
    app.finds_it(socket, State::Closing);
    peer.sends(ack().seq(2).ack(2));
    app.finds_it(socket, State::TimeWait);
    time.passes(TIME_WAIT_TIME);
    app.finds_it(socket, State::Closed);
}

#[test]
fn one_half_stays_open() {
    let story = Story::new(
        "Who has closed still receives, and who was closed to still sends",
        "RFC 9293, 3.6, case 1 and 2",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    app.shuts_down(socket);
    we.send(fin().seq(1).ack(1));
    peer.sends(ack());
    app.cannot_send_tcp(socket, b"more", Error::BrokenPipe);
    peer.sends(data(b"still here"));
    app.receives_tcp(socket, b"still here");
    we.send_within(ms(499), ack().seq(2).ack(11));
    app.finds_it(socket, State::FinWait2);

    let socket = app.has_connected();
    peer.sends(fin());
    we.send(ack().seq(1).ack(2));
    app.sends_tcp(socket, b"still here");
    we.send(data(b"still here").seq(1).ack(2));
    app.finds_it(socket, State::CloseWait);
}

#[test]
fn the_fin_stands_behind_all_that_was_sent() {
    let story = Story::new(
        "CLOSE waits until all that was given before has left, and is sent again if it gets lost",
        "RFC 9293, 3.10.4, ESTABLISHED",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted_by(syn().window(1000));
    app.sends_tcp(socket, [7; 1500]);
    we.send(data([7; 1000]).seq(1));
    app.shuts_down(socket);
    app.finds_it(socket, State::FinWait1);
    peer.sends(ack());
    we.send(fin().seq(1001).text([7; 500]));
    we.send_within(seconds(1), fin().seq(1001).text([7; 500]));
    peer.sends(ack().ack(1501));
    app.finds_it(socket, State::FinWait1);
    we.send_within(seconds(2), fin().seq(1501));
    peer.sends(ack().ack(1502));
    app.finds_it(socket, State::FinWait2);
}

#[test]
fn a_connection_that_is_closed_before_it_is_open() {
    let story = Story::new(
        "CLOSE in SYN-SENT forgets the connection; in SYN-RECEIVED it waits for it",
        "RFC 9293, 3.10.4",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.connects((KERNEL, 9));
    we.send(syn());
    app.shuts_down(socket);
    app.finds_it(socket, State::Closed);
    nothing.is_sent_for(seconds(60));
    peer.sends(syn_ack());
    we.send(rst().seq(1));

    let socket = app.connects((KERNEL, 9));
    we.send(syn());
    peer.sends(syn());
    we.send(syn_ack());
    app.shuts_down(socket);
    app.finds_it(socket, State::SynReceived);
    peer.sends(ack());
    we.send(fin().seq(1).ack(1));
    app.finds_it(socket, State::FinWait1);
}

#[test]
fn shld_3_what_nobody_has_read_is_not_lost_in_silence() {
    let story = Story::new(
        "Who lets go of a connection with something unread sends an RST",
        "RFC 9293, 3.6.1 (SHLD-3)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(data(b"abc"));
    app.closes_tcp(socket);
    we.send(rst_ack().seq(1).ack(4));
    nothing.is_sent_for(seconds(600));
}

#[test]
fn shld_3_and_may_1_what_comes_for_nobody_is_rejected() {
    let story = Story::new(
        "Data that comes after the application has let go is answered with an RST",
        "RFC 9293, 3.6.1 (SHLD-3, MAY-1)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    app.closes_tcp(socket);
    we.send(fin().seq(1).ack(1));
    peer.sends(ack());
    nothing.is_sent();
    peer.sends(data(b"are you there?"));
    we.send(rst().seq(2));
    peer.sends(data(b"are you there?").seq(1));
    we.send(rst().seq(2));
    nothing.is_sent_for(seconds(600));
}

#[test]
fn shld_4_a_newer_timestamp_ends_time_wait() {
    let story = Story::new(
        "In TIME-WAIT a SYN with a later timestamp begins a new connection, whatever its number",
        "RFC 9293, 3.6.1 (SHLD-4); RFC 6191, 2",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted_by(syn().with_timestamps());
    app.closes_tcp(socket);
    we.send(fin().seq(1).ack(1));
    peer.sends(fin().timestamp(5));
    we.send(ack().seq(2).ack(2));

    // Not one that may be of the old connection.
    peer.sends(syn().seq(-1000).timestamp(4));
    we.send(ack().seq(2).ack(2));
    peer.sends(syn().seq(-1000).timestamp(6));
    we.send(syn_ack().seq(0).ack(1));
}

#[test]
fn may_2_a_larger_number_ends_time_wait() {
    let story = Story::with_its_own_numbers(
        "In TIME-WAIT a SYN beyond the old numbers begins a new one, whose numbers are beyond, too",
        "RFC 9293, 3.6.1 (MAY-2)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted_by(syn().window(60_000));
    let first = we.first_number();
    // So much in no time is more than the clock of the initial numbers advances.
    app.sends_tcp(socket, [7; 10_000]);
    for segment in 0..6 {
        we.send(data([7; 1460]).seq(1 + segment * 1460));
    }
    app.closes_tcp(socket);
    we.send(fin().seq(8761).text([7; 1240]));
    peer.sends(fin());
    we.send(ack().seq(10_002).ack(2));

    // Not one from before; nor the SYN of the old connection itself.
    peer.sends(syn().seq(-1));
    we.send(ack().seq(10_002).ack(2));
    story.cast().time.passes(seconds(1));
    peer.sends(syn().seq(0));
    we.send(ack().seq(10_002).ack(2));
    peer.sends(syn().seq(3));
    we.send(syn_ack().seq(0).ack(1));
    let beyond = we.first_number().wrapping_sub(first);
    assert!((10_002..0x8000_0000).contains(&beyond), "{beyond}");
}

#[test]
fn may_2_an_old_syn_leaves_time_wait_as_it_was() {
    let story = Story::new(
        "A SYN that ended TIME-WAIT and proves to be old brings it back",
        "RFC 9293, 3.6.1 (MAY-2)",
    );
    let Cast { peer, we, app, time, .. } = story.cast();

    let socket = app.has_accepted();
    app.closes_tcp(socket);
    we.send(fin().seq(1).ack(1));
    peer.sends(fin());
    let last = ack().raw_seq(we.first_number().wrapping_add(2));
    we.send(last.clone().ack(2));

    peer.sends(syn().seq(5000));
    we.send(syn_ack().seq(0).ack(1));
    // The peer knows nothing of it.
    peer.sends(rst().seq(1));
    // Its old FIN, 5000 numbers before.
    peer.sends(fin().seq(1 - 5000).ack(0));
    we.send(last.clone());
    time.passes(TIME_WAIT_TIME - ms(1));
    peer.sends(fin().seq(1 - 5000).ack(0));
    we.send(last);
    time.passes(TIME_WAIT_TIME);
    peer.sends(fin().seq(1 - 5000).ack(0));
    we.send(rst());
}

#[test]
fn may_2_time_wait_goes_on_where_nobody_takes_the_next() {
    let story = Story::new(
        "In TIME-WAIT a newer SYN that no listener has room for changes nothing",
        "RFC 9293, 3.6.1 (MUST-13, MAY-2)",
    );
    let Cast { peer, we, app, time, .. } = story.cast();

    let socket = app.has_connected();
    app.closes_tcp(socket);
    we.send(fin().seq(1).ack(1));
    peer.sends(fin());
    we.send(ack().seq(2).ack(2));
    peer.sends(syn().seq(5000));
    we.send(ack().seq(2).ack(2));
    time.passes(TIME_WAIT_TIME - ms(1));
    peer.sends(fin().seq(1));
    we.send(ack().seq(2).ack(2));
}

#[test]
fn abort_tells_the_peer() {
    let story = Story::new(
        "ABORT sends an RST from wherever the peer may still wait for something",
        "RFC 9293, 3.10.5",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    // ESTABLISHED, with data that is lost.
    let socket = app.has_accepted_by(syn().window(0));
    app.sends_tcp(socket, b"never to leave");
    app.aborts(socket);
    we.send(rst_ack().seq(1).ack(1));
    app.finds_it(socket, State::Closed);
    app.cannot_send_tcp(socket, b"abc", Error::ConnectionAborted);

    // SYN-RECEIVED.
    let socket = app.connects((KERNEL, 9));
    we.send(syn());
    peer.sends(syn());
    we.send(syn_ack());
    app.aborts(socket);
    we.send(rst_ack().seq(1).ack(1));

    // FIN-WAIT-1, then FIN-WAIT-2.
    for acknowledged in [false, true] {
        let socket = app.has_connected();
        app.shuts_down(socket);
        we.send(fin());
        if acknowledged {
            peer.sends(ack());
        }
        app.aborts(socket);
        we.send(rst_ack().seq(2).ack(1));
    }

    // CLOSE-WAIT.
    let socket = app.has_connected();
    peer.sends(fin());
    we.send(ack());
    app.aborts(socket);
    we.send(rst_ack().seq(1).ack(2));
    nothing.is_sent_for(seconds(600));
}

#[test]
fn abort_where_all_is_said_tells_nobody() {
    let story =
        Story::new("ABORT is silent where the peer waits for nothing more", "RFC 9293, 3.10.5");
    let Cast { peer, we, app, nothing, .. } = story.cast();

    // SYN-SENT.
    let socket = app.connects((KERNEL, 9));
    we.send(syn());
    app.aborts(socket);
    nothing.is_sent_for(seconds(10));

    // LAST-ACK.
    let socket = app.has_connected();
    peer.sends(fin());
    we.send(ack());
    app.shuts_down(socket);
    we.send(fin());
    app.aborts(socket);
    nothing.is_sent_for(seconds(10));

    // CLOSING, then TIME-WAIT.
    for acknowledged in [false, true] {
        let socket = app.has_connected();
        app.shuts_down(socket);
        we.send(fin());
        peer.sends(fin().ack(1));
        we.send(ack());
        if acknowledged {
            peer.sends(ack());
        }
        app.aborts(socket);
        nothing.is_sent_for(seconds(10));
        app.finds_it(socket, State::Closed);
    }
}

#[test]
fn a_peer_that_never_closes_is_not_waited_for() {
    let story = Story::new(
        "FIN-WAIT-2 ends by itself where nobody is left who could read, and lasts where somebody is",
        "RFC 9293, 3.6.1, on half-closed connections",
    );
    let Cast { peer, we, app, nothing, time, .. } = story.cast();

    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let waits = app.has_connected();
    app.shuts_down(waits);
    we.send(fin());
    peer.sends(ack());
    nothing.is_sent_for(minutes(60));
    app.finds_it(waits, State::FinWait2);

    let gone = app.has_connected_with(syn_ack(), "by the way", ConnectionOptions::default());
    app.closes_tcp(gone);
    we.send(fin());
    peer.sends(ack());
    time.passes(minutes(2));
    peer.sends(fin());
    we.send(rst());
}
