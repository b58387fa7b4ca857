//! Stories of TCP: a segment that arrives on a synchronized connection (RFC 9293, 3.10.7.4).

#![allow(clippy::panic, reason = "a test may panic")]

use stack::{Counter, Stack};
use story::*;
use tcp::{BufferSize, CHALLENGE_ACK_INTERVAL, ConnectionOptions, Error, SocketId, State};

/// A connection that the application asked for, brought to `state`. What comes next from us has
/// the first number, and acknowledges the second one.
fn brought_to(cast: &Cast<'_, Stack>, state: State) -> (SocketId, i64, i64) {
    let Cast { peer, we, app, .. } = cast;
    let socket = app.has_connected();
    let closes = || {
        app.shuts_down(socket);
        we.send(fin());
    };
    let is_closed_to = || {
        peer.sends(fin().ack(1));
        we.send(ack());
    };
    let (seq, next) = match state {
        State::Established => (1, 1),
        State::FinWait1 => {
            closes();
            (2, 1)
        }
        State::FinWait2 => {
            closes();
            peer.sends(ack());
            (2, 1)
        }
        State::CloseWait => {
            is_closed_to();
            (1, 2)
        }
        State::Closing => {
            closes();
            is_closed_to();
            (2, 2)
        }
        State::LastAck => {
            is_closed_to();
            closes();
            (2, 2)
        }
        State::TimeWait => {
            closes();
            is_closed_to();
            peer.sends(ack());
            (2, 2)
        }
        _ => panic!("no synchronized state"),
    };
    app.finds_it(socket, state);
    (socket, seq, next)
}

const SYNCHRONIZED: [State; 7] = [
    State::Established,
    State::FinWait1,
    State::FinWait2,
    State::CloseWait,
    State::Closing,
    State::LastAck,
    State::TimeWait,
];

/// Tells the story of `title` in each synchronized state.
fn in_each_state(
    title: &str,
    shows: &str,
    tell: impl Fn(&Cast<'_, Stack>, SocketId, State, (i64, i64)),
) {
    for state in SYNCHRONIZED {
        let story = Story::new(&format!("{title}, in {state}"), shows);
        let cast = story.cast();
        let (socket, seq, next) = brought_to(&cast, state);
        tell(&cast, socket, state, (seq, next));
    }
}

#[test]
fn sequence_1_what_lies_outside_the_window_is_answered_and_dropped() {
    in_each_state(
        "A segment before or beyond the window is answered with an acknowledgment",
        "RFC 9293, 3.10.7.4, first",
        |Cast { peer, we, app, anything, .. }, socket, state, (seq, next)| {
            for outside in [next - 1, next - 1000, 65_536, 65_537, 1_000_000] {
                peer.sends(data(b"x").seq(outside).ack(1));
                we.drop_it_as(Counter::TcpOutOfWindow);
                we.send(ack().seq(seq).ack(next).text(b""));
                anything.may_be_sent_for(CHALLENGE_ACK_INTERVAL);
            }
            app.finds_it(socket, state);
            if state == State::Established {
                app.receives_no_tcp(socket);
            }
        },
    );
}

#[test]
fn sequence_1_a_reset_outside_the_window_is_dropped_in_silence() {
    in_each_state(
        "An RST before or beyond the window is not even answered",
        "RFC 9293, 3.10.7.4, first",
        |Cast { peer, we, app, nothing, .. }, socket, state, (_, next)| {
            for outside in [next - 1, next - 1000, 65_536, 1_000_000] {
                peer.sends(rst().seq(outside));
                we.drop_it_as(Counter::TcpUnexpectedReset);
                nothing.is_sent();
            }
            app.finds_it(socket, state);
        },
    );
}

#[test]
fn sequence_1_the_edges_of_the_window() {
    let story = Story::new(
        "The last number of the window lies in it, the next one does not",
        "RFC 9293, 3.4 and 3.10.7.4, first: the table of acceptable segments",
    );
    let Cast { peer, we, app, nothing, time, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(ack().seq(65_535));
    nothing.is_sent_for(seconds(1));
    peer.sends(ack().seq(65_536));
    we.drop_it_as(Counter::TcpOutOfWindow);
    we.send(ack().ack(1));

    peer.sends(data(b"z").seq(65_535));
    we.send(ack().ack(1));
    time.passes(seconds(1));
    peer.sends(data(b"?").seq(65_536));
    we.drop_it_as(Counter::TcpOutOfWindow);
    we.send(ack().ack(1));

    // What began before the window but reaches into it is taken from there on.
    peer.sends(data(b"abc").seq(1));
    we.send(ack().ack(4));
    peer.sends(data(b"abcdef").seq(1));
    we.send(ack().ack(7));
    app.receives_tcp(socket, b"abcdef");
}

#[test]
fn sequence_1_what_reaches_beyond_the_window_is_cut_off() {
    let story = Story::new(
        "Of a segment that reaches beyond the window, what lies in it is taken",
        "RFC 9293, 3.10.7.4, first",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let options =
        ConnectionOptions { receive_buffer: BufferSize::fixed(500), ..Default::default() };
    let socket = app.has_accepted_with(syn(), "with room for 500 bytes", options);
    peer.sends(fin().text([7; 600]));
    we.send_within(ms(499), ack().ack(501).window(0));
    app.finds_it(socket, State::Established);
    app.receives_tcp(socket, [7; 500]);
    we.send(ack().ack(501).window(500));
    peer.sends(fin().seq(501).text([8; 100]));
    we.send(ack().ack(602));
    app.receives_tcp(socket, [8; 100]);
    app.finds_the_end(socket);
}

/// A connection whose peer has filled the window: 500 bytes.
fn with_a_closed_window(cast: &Cast<'_, Stack>) -> SocketId {
    let Cast { peer, we, app, .. } = cast;
    let options =
        ConnectionOptions { receive_buffer: BufferSize::fixed(500), ..Default::default() };
    let socket = app.has_accepted_with(syn(), "with room for 500 bytes", options);
    peer.sends(data([7; 500]));
    we.send_within(ms(499), ack().ack(501).window(0));
    socket
}

#[test]
fn must_66_a_reset_counts_while_the_window_is_closed() {
    let story = Story::new(
        "A connection whose window is closed ends by an RST at the next number",
        "RFC 9293, 3.4 (MUST-66)",
    );
    let cast = story.cast();
    let Cast { peer, we, app, .. } = cast;

    let socket = with_a_closed_window(&cast);
    peer.sends(rst().seq(502));
    we.drop_it_as(Counter::TcpUnexpectedReset);
    app.finds_it(socket, State::Established);
    peer.sends(rst().seq(501));
    app.finds_it(socket, State::Closed);
    app.learns_of(socket, Error::ConnectionReset);
}

#[test]
fn must_66_urgency_and_acknowledgments_count_while_the_window_is_closed() {
    let story = Story::new(
        "A closed window takes no text, but what else stands in its segment",
        "RFC 9293, 3.4 (MUST-66), 3.10.7.4, first",
    );
    let cast = story.cast();
    let Cast { peer, we, app, nothing, .. } = cast;

    let socket = with_a_closed_window(&cast);
    app.finds_urgent(socket, None);
    peer.sends(data(b"x").seq(501).urgent(1));
    we.send(ack().ack(501).window(0));
    app.finds_urgent(socket, 501);

    app.sends_tcp(socket, b"abc");
    we.send(data(b"abc").seq(1).ack(501).window(0));
    peer.sends(ack().seq(501).ack(4));
    nothing.is_sent_for(seconds(100));
}

#[test]
fn rst_1_a_reset_that_is_not_exact_is_asked_about() {
    in_each_state(
        "An RST in the window, but not at the next number, draws a challenge and ends nothing",
        "RFC 9293, 3.10.7.4, second; RFC 5961, 3.2",
        |Cast { peer, we, app, anything, .. }, socket, state, (seq, next)| {
            for inexact in [next + 1, next + 1000, 65_535] {
                peer.sends(rst().seq(inexact));
                we.drop_it_as(Counter::TcpResetNotExact);
                we.send(ack().seq(seq).ack(next));
                anything.may_be_sent_for(CHALLENGE_ACK_INTERVAL);
            }
            app.finds_it(socket, state);
        },
    );
}

#[test]
fn rst_1_a_reset_at_the_next_number_ends_the_connection() {
    in_each_state(
        "An RST at the next number ends the connection, which is an error if data could be lost",
        "RFC 9293, 3.10.7.4, second",
        |Cast { peer, app, nothing, .. }, socket, state, (_, next)| {
            peer.sends(rst().seq(next));
            app.finds_it(socket, State::Closed);
            match state {
                State::Closing | State::LastAck | State::TimeWait => app.learns_of_no_error(socket),
                _ => app.learns_of(socket, Error::ConnectionReset),
            }
            nothing.is_sent_for(seconds(600));
        },
    );
}

#[test]
fn syn_1_a_syn_is_asked_about() {
    in_each_state(
        "A SYN draws a challenge, wherever it stands, and changes nothing",
        "RFC 9293, 3.10.7.4, fourth; RFC 5961, 4.2",
        |Cast { peer, we, app, anything, .. }, socket, state, (seq, next)| {
            // In TIME-WAIT a later one begins a new connection.
            let later = [next, next + 1000, 65_535, 100_000];
            let later = later.iter().filter(|_| state != State::TimeWait);
            for &number in [0, next - 1000].iter().chain(later) {
                for segment in [syn(), syn_ack().ack(1), flags("SYN FIN")] {
                    peer.sends(segment.seq(number).text(b"abc"));
                    we.send(ack().seq(seq).ack(next));
                    anything.may_be_sent_for(CHALLENGE_ACK_INTERVAL);
                }
            }
            app.finds_it(socket, state);
        },
    );
}

#[test]
fn ack_1_what_was_never_sent_cannot_be_acknowledged() {
    in_each_state(
        "An acknowledgment beyond what we sent is answered with one, and its segment dropped",
        "RFC 9293, 3.10.7.4, fifth",
        |Cast { peer, we, app, anything, .. }, socket, state, (seq, next)| {
            for wrong in [seq + 1, seq + 1000, seq + 1_000_000] {
                peer.sends(data(b"x").seq(next).ack(wrong));
                we.drop_it_as(Counter::TcpBadAcknowledgment);
                we.send(ack().seq(seq).ack(next));
                anything.may_be_sent_for(CHALLENGE_ACK_INTERVAL);
            }
            app.finds_it(socket, state);
        },
    );
}

#[test]
fn ack_1_and_may_12_an_acknowledgment_of_long_ago_may_be_forged() {
    let story = Story::new(
        "An acknowledgment from before SND.UNA - MAX.SND.WND is answered, and its data dropped",
        "RFC 9293, 3.10.7.4, fifth (MAY-12); RFC 5961, 5.2",
    );
    let Cast { peer, we, app, time, .. } = story.cast();

    let socket = app.has_accepted_by(syn().window(1000));
    for forged in [1 - 1001, -100_000] {
        peer.sends(data(b"forged").seq(1).ack(forged));
        we.drop_it_as(Counter::TcpBadAcknowledgment);
        we.send(ack().seq(1).ack(1));
        time.passes(CHALLENGE_ACK_INTERVAL);
    }
    app.receives_no_tcp(socket);
    // One of the last window is only old.
    peer.sends(data(b"real").seq(1).ack(1 - 1000));
    app.receives_tcp(socket, b"real");
    story.cast().anything.may_be_sent_for(seconds(1));
}

#[test]
fn ack_1_without_an_acknowledgment_nothing_counts() {
    in_each_state(
        "A segment in the window without ACK is dropped in silence",
        "RFC 9293, 3.10.7.4, fifth",
        |Cast { peer, we, app, nothing, .. }, socket, state, (_, next)| {
            for segment in [flags(""), flags("FIN"), flags("URG PSH")] {
                peer.sends(segment.seq(next).text(b"abc"));
                we.drop_it_as(Counter::TcpNoFlags);
                nothing.is_sent();
            }
            app.finds_it(socket, state);
        },
    );
}

#[test]
fn challenge_1_a_flood_draws_few_challenges() {
    let story = Story::new(
        "However many forged segments come, only so many challenges leave",
        "RFC 9293, 3.10.7.4; RFC 5961, 7",
    );
    let Cast { peer, we, app, nothing, time, .. } = story.cast();

    let socket = app.has_accepted();
    for _ in 0..3 {
        for inexact in 2..200 {
            peer.sends(rst().seq(inexact));
            we.drop_it_as(Counter::TcpResetNotExact);
            if inexact == 2 {
                we.send(ack().seq(1).ack(1));
            }
            nothing.is_sent();
        }
        time.passes(CHALLENGE_ACK_INTERVAL);
    }
    app.finds_it(socket, State::Established);
}

#[test]
fn what_comes_behind_the_end_is_ignored() {
    for state in [State::CloseWait, State::Closing, State::LastAck] {
        let story = Story::new(
            &format!("In {state} text and another FIN from beyond the end are ignored"),
            "RFC 9293, 3.10.7.4, seventh and eighth",
        );
        let cast = story.cast();
        let Cast { peer, app, nothing, .. } = cast;

        let (socket, seq, next) = brought_to(&cast, state);
        peer.sends(fin().seq(next).ack(seq - 1).text(b"late"));
        nothing.is_sent();
        app.finds_the_end(socket);
        app.finds_it(socket, state);
    }
}
