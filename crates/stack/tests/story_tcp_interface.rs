//! Stories of TCP: what the application can ask for, and what it gets (RFC 9293, 3.9.1).

use std::num::NonZeroU8;

use story::*;
use tcp::{ConnectionOptions, Error, State};

#[test]
fn must_41_a_new_listener_touches_no_connection() {
    let story = Story::new(
        "A listener goes and another comes, and the connection of that port goes on",
        "RFC 9293, 3.9.1.1 (MUST-41)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let listener = app.listens(7);
    peer.sends(syn());
    we.send(syn_ack());
    peer.sends(ack());
    let socket = app.accepts(listener);
    app.cannot_listen(([0, 0, 0, 0], 7), Error::AddressInUse);
    app.closes_tcp(listener);
    let second = app.listens(7);
    peer.sends(data(b"hello"));
    app.receives_tcp(socket, b"hello");
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello").seq(1).ack(6));
    app.accepts_nothing(second);
}

#[test]
fn must_42_a_port_can_be_listened_on_while_a_connection_is_under_way() {
    let story = Story::new(
        "From the port that is listened on a connection is asked for, and both come about",
        "RFC 9293, 3.9.1.1 (MUST-42)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.connects_from((STACK, 7), (KERNEL, 9));
    we.send(syn().from_port(7).to_port(9).seq(0));
    let listener = app.listens(7);
    peer.sends(syn().from_port(40_000).to_port(7));
    we.send(syn_ack().from_port(7).to_port(40_000));
    peer.sends(ack().from_port(40_000).to_port(7));
    app.accepts(listener);
    peer.sends(syn_ack().from_port(9).to_port(7));
    we.send(ack().from_port(7).to_port(9));
    app.finds_it(socket, State::Established);
}

#[test]
fn must_43_an_open_names_the_local_address() {
    let story = Story::of_a_router(
        "A host with two addresses connects from the one that the application names",
        "RFC 9293, 3.9.1.1 (MUST-43)",
    );
    let Cast { we, app, .. } = story.cast();

    app.connects_from((ROUTER, 0), (KERNEL, 9));
    we.send(syn().from(ROUTER).to(KERNEL));
    app.cannot_connect_from((KERNEL, 0), (KERNEL, 9), Error::AddressNotAvailable);
}

#[test]
fn must_44_must_45_ip_chooses_the_address_and_it_stays() {
    let story = Story::of_a_router(
        "Each connection has the address of the interface by which its peer is reached",
        "RFC 9293, 3.9.1.1 (MUST-44, MUST-45)",
    );
    let Cast { peer, we, app, far, .. } = story.cast();

    app.connects((FAR, 9));
    far.receives(syn().from(ROUTER).to(FAR));
    let socket = app.connects((KERNEL, 9));
    we.send(syn().from(STACK).to(KERNEL));
    peer.sends(syn_ack());
    we.send(ack().from(STACK));
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello").from(STACK));
    we.send_after(ms(200), data(b"hello").from(STACK));
}

#[test]
fn must_45_the_answer_comes_from_the_address_that_was_asked() {
    let story = Story::of_a_router(
        "The peer asks for our address on the other side, and hears from that one",
        "RFC 9293, 3.9.1.1 (MUST-45)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let listener = app.listens(7);
    peer.sends(syn().to(ROUTER));
    we.send(syn_ack().from(ROUTER));
    peer.sends(ack().to(ROUTER));
    let socket = app.accepts(listener);
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello").from(ROUTER));
}

#[test]
fn must_46_nobody_connects_to_many() {
    let story = Story::new(
        "An open to an address that is no single host's is refused",
        "RFC 9293, 3.9.1.1 (MUST-46)",
    );
    let Cast { app, nothing, .. } = story.cast();

    for address in
        [[255, 255, 255, 255], [192, 0, 2, 255], [192, 0, 2, 0], [224, 0, 0, 1], [0, 0, 0, 0]]
    {
        app.cannot_connect((address, 9), Error::InvalidArgument);
    }
    app.cannot_connect((KERNEL, 0), Error::InvalidArgument);
    nothing.is_sent_for(seconds(10));
}

#[test]
fn must_48_shld_21_shld_22_the_diffserv_field_is_the_applications() {
    let story = Story::new(
        "What the application sets stands in every segment, and can be changed",
        "RFC 9293, 3.9.1.9 (MUST-48, SHLD-21, SHLD-22)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let options = ConnectionOptions { traffic_class: 46 << 2, ..ConnectionOptions::default() };
    let socket = app.connects_with((KERNEL, 9), "with DSCP 46", options);
    we.send(syn().dscp(46));
    peer.sends(syn_ack());
    we.send(ack().dscp(46).ecn(0));
    app.has_tcp(socket, "with DSCP 10", |it| it.traffic_class = 10 << 2);
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello").dscp(10).ecn(0));
}

#[test]
fn must_49_the_ttl_is_the_applications() {
    let story = Story::new(
        "Segments have the TTL that the application sets, and else the host's",
        "RFC 9293, 3.9.2 (MUST-49)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let options = ConnectionOptions { ttl: NonZeroU8::new(3), ..ConnectionOptions::default() };
    let socket = app.connects_with((KERNEL, 9), "with a TTL of 3", options);
    we.send(syn().ttl(3));
    peer.sends(syn_ack());
    we.send(ack().ttl(3));
    app.has_tcp(socket, "with the usual TTL", |it| it.ttl = None);
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello").ttl(64));
}

#[test]
fn must_60_must_61_a_small_write_leaves_at_once_with_psh() {
    let story = Story::new(
        "Of what was written the last segment has PSH, and nothing waits for more",
        "RFC 9293, 3.9.1.2 (MUST-60, MUST-61)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    app.sends_tcp(socket, b"a");
    we.send(data(b"a").push(true));
    peer.sends(ack());
    app.sends_tcp(socket, [7; 3000]);
    we.send(data([7; 1460]).push(false));
    we.send(data([7; 1460]).push(false));
    // What does not fill a segment waits for the acknowledgment (SHLD-7), but not for ever.
    peer.sends(ack());
    we.send(data([7; 80]).push(true));
    peer.sends(ack());
    nothing.is_sent_for(seconds(10));
}

#[test]
fn must_60_a_cork_holds_nothing_back_for_ever() {
    let story = Story::new(
        "A cork that nobody draws holds a small segment back for 200 ms",
        "RFC 9293, 3.9.1.2 (MUST-60, MAY-16)",
    );
    let Cast { we, app, .. } = story.cast();

    let socket = app.has_accepted();
    app.has_tcp(socket, "corked", |it| it.cork = true);
    app.sends_tcp(socket, b"hello");
    we.send_after(ms(200), data(b"hello").push(true));
}

#[test]
fn shld_27_what_was_written_in_small_pieces_leaves_in_one() {
    let story = Story::new(
        "Ten writes that had to wait leave in one segment",
        "RFC 9293, 3.9.1.2 (SHLD-27)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    app.sends_tcp(socket, b"0");
    we.send(data(b"0"));
    for digit in [b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9"] {
        app.sends_tcp(socket, digit);
    }
    peer.sends(ack());
    we.send(data(b"123456789").seq(2).push(true));
}

#[test]
fn shld_28_segments_are_full() {
    let story = Story::new(
        "A long write leaves in segments of the MSS, options deducted",
        "RFC 9293, 3.9.1.2 (SHLD-28)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted_by(syn().mss(1460).with_timestamps());
    app.sends_tcp(socket, [7; 4344]);
    for first in [1, 1449, 2897] {
        we.send(data([7; 1448]).seq(first).with_timestamps());
    }
    peer.sends(ack());
}
