//! Stories of TCP: how a connection is opened (RFC 9293, 3.5).

use std::collections::HashSet;

use stack::Counter;
use story::*;
use tcp::{ConnectionOptions, Error, State};

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
    we.send(syn().to_port(9).seq(0).mss(1460).window_scale(7).with_timestamps());
    app.finds_it(socket, State::SynSent);
    peer.sends(syn_ack());
    we.send(ack().seq(1).ack(1).no_options());
    app.finds_it(socket, State::Established);
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello").seq(1).ack(1).push(true));
    peer.sends(ack());
    nothing.is_sent_for(seconds(600));
}

#[test]
fn must_8_the_numbers_go_on_by_one_every_four_microseconds() {
    let story = Story::with_its_own_numbers(
        "The first number of a connection between the same ends advances by 250000 a second",
        "RFC 9293, 3.4.1 (MUST-8, SHLD-1)",
    );
    let Cast { peer, we, app, time, .. } = story.cast();

    app.listens(7);
    let ask = || {
        peer.sends(syn());
        we.send(syn_ack().seq(0).ack(1));
        peer.sends(rst().seq(1));
        we.first_number()
    };
    let first = ask();
    time.passes(seconds(1));
    assert_eq!(ask(), first.wrapping_add(250_000));
    time.passes(ms(10));
    assert_eq!(ask(), first.wrapping_add(252_500));
    // The numbers go round after 4.77 hours, and these are 5.
    time.passes(seconds(5 * 60 * 60));
    let ticks: u32 = 250_000 * 60 * 60;
    assert_eq!(ask(), first.wrapping_add(252_500).wrapping_add(ticks.wrapping_mul(5)));
}

#[test]
fn must_9_the_number_of_one_connection_tells_nothing_of_the_next() {
    let story = Story::with_its_own_numbers(
        "The first numbers of many connections are spread over all numbers, in no order",
        "RFC 9293, 3.4.1 (MUST-9, SHLD-1)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    app.listens_with_backlog(7, "with room for all", 1000, ConnectionOptions::default());
    let numbers: Vec<u32> = (0..400)
        .map(|port| {
            peer.sends(syn().from_port(10_000 + port));
            we.send(syn_ack());
            we.first_number()
        })
        .collect();
    let steps: HashSet<_> = numbers.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    assert_eq!(steps.len(), 399, "no step comes twice");
    for bit in 0..32 {
        let set = numbers.iter().filter(|&number| number >> bit & 1 == 1).count();
        assert!((120..280).contains(&set), "bit {bit} is set in {set} of 400");
    }
}

#[test]
fn must_10_two_ends_that_ask_at_once_come_to_one_connection() {
    let story = Story::new(
        "Our SYN crosses the peer's, and both are connected once both SYNs are acknowledged",
        "RFC 9293, 3.5, figure 7 (MUST-10)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.connects((KERNEL, 9));
    we.send(syn().seq(0));
    peer.sends(syn());
    app.finds_it(socket, State::SynReceived);
    we.send(syn_ack().seq(0).ack(1).mss(1460));
    peer.sends(syn_ack());
    we.send(ack().seq(1).ack(1));
    app.finds_it(socket, State::Established);
    nothing.is_sent_for(seconds(10));

    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello").seq(1).ack(1));
    peer.sends(data(b"hello"));
    app.receives_tcp(socket, b"hello");
}

#[test]
fn must_10_an_acknowledgment_alone_does_as_well() {
    let story = Story::new(
        "After both asked at once, a mere acknowledgment of our SYN establishes the connection",
        "RFC 9293, 3.10.7.4, fifth (MUST-10)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.connects((KERNEL, 9));
    we.send(syn());
    peer.sends(syn());
    we.send(syn_ack().seq(0).ack(1));
    peer.sends(ack().seq(1).ack(1));
    app.finds_it(socket, State::Established);
    nothing.is_sent_for(seconds(10));
}

#[test]
fn must_10_a_syn_ack_that_comes_again_is_acknowledged() {
    let story = Story::new(
        "Once connected, a SYN-ACK that comes again hears where we stand",
        "RFC 9293, 3.5, figure 7 (MUST-10), 3.10.7.4, first",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_connected();
    peer.sends(syn_ack());
    we.send(ack().seq(1).ack(1));
    app.finds_it(socket, State::Established);
}

#[test]
fn must_11_a_reset_takes_a_passive_open_back_to_listen() {
    let story = Story::new(
        "An RST in SYN-RECEIVED gives up a connection that the peer asked for, and nobody is told",
        "RFC 9293, 3.5 (MUST-11), 3.10.7.4, second",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let listener = app.listens_with_backlog(7, "with room for one", 1, Default::default());
    for _ in 0..3 {
        peer.sends(syn());
        we.send(syn_ack().seq(0).ack(1));
        peer.sends(rst().seq(1));
        app.accepts_nothing(listener);
        nothing.is_sent_for(seconds(100));
    }
    peer.sends(syn());
    we.send(syn_ack());
    peer.sends(ack());
    app.accepts(listener);
}

#[test]
fn must_11_a_reset_refuses_an_active_open() {
    let story = Story::new(
        "An RST in SYN-RECEIVED refuses a connection that we asked for",
        "RFC 9293, 3.5 (MUST-11), 3.10.7.4, second",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.connects((KERNEL, 9));
    we.send(syn());
    peer.sends(syn());
    we.send(syn_ack());
    peer.sends(rst().seq(1));
    app.finds_it(socket, State::Closed);
    app.learns_of(socket, Error::ConnectionRefused);
    nothing.is_sent_for(seconds(600));
}

#[test]
fn an_old_syn_is_found_out_by_the_peer() {
    let story = Story::new(
        "An old SYN is answered, the peer rejects the answer, and its new SYN is answered",
        "RFC 9293, 3.5, figure 8",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let listener = app.listens(7);
    peer.sends(syn().seq(-100_000));
    we.send(syn_ack().ack(1));
    peer.sends(rst().seq(1));
    app.accepts_nothing(listener);
    peer.sends(syn().seq(100_000));
    we.send(syn_ack().ack(1));
    peer.sends(ack());
    app.accepts(listener);
}

#[test]
fn a_lost_syn_ack_is_sent_again() {
    let story = Story::new(
        "A SYN that comes again is answered again, and so is one whose answer got lost",
        "RFC 9293, 3.5 and 3.8.1",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let listener = app.listens(7);
    peer.sends(syn());
    we.send(syn_ack().seq(0).ack(1));
    peer.sends(syn());
    we.send(syn_ack().seq(0).ack(1));
    we.send_after(seconds(1), syn_ack().seq(0).ack(1));
    peer.sends(ack());
    app.accepts(listener);
}

#[test]
fn half_open_a_peer_that_lost_its_memory_asks_again() {
    let story = Story::new(
        "The SYN of a peer that forgot our connection is asked about, and its RST ends the old one",
        "RFC 9293, 3.5.1, figure 9",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(syn().seq(300_000));
    we.drop_it_as(Counter::TcpOutOfWindow);
    we.send(ack().seq(1).ack(1));
    // It finds the acknowledgment wrong, and takes the number of its RST from it.
    peer.sends(rst().seq(1));
    app.cannot_receive_tcp(socket, Error::ConnectionReset);
    app.finds_it(socket, State::Closed);
    peer.sends(syn().seq(300_000));
    we.send(syn_ack().seq(0).ack(1));
}

#[test]
fn half_open_a_peer_that_lost_its_memory_gets_data() {
    let story = Story::new(
        "Data for a peer that forgot our connection is answered with an RST, which ends it",
        "RFC 9293, 3.5.1, figure 10",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello").seq(1).ack(1));
    peer.sends(rst().seq(1));
    app.cannot_receive_tcp(socket, Error::ConnectionReset);
    nothing.is_sent_for(seconds(600));
}

#[test]
fn shld_2_a_reset_may_carry_data() {
    let story = Story::new(
        "An RST that says why ends the connection as any other does",
        "RFC 9293, 3.5.3 (SHLD-2)",
    );
    let Cast { peer, app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(rst().text(b"the machine is going down"));
    app.cannot_receive_tcp(socket, Error::ConnectionReset);
    app.finds_it(socket, State::Closed);
    nothing.is_sent_for(seconds(600));
}
