//! Stories of TCP and the layer below: what IP hands up besides segments (RFC 9293, 3.9.2).

use stack::Counter;
use story::*;
use tcp::{Error, State};

#[test]
fn must_50_ip_options_that_tcp_does_not_know_are_ignored() {
    let story = Story::new(
        "A SYN with IP options is served like any other",
        "RFC 9293, 3.9.2 (MUST-50, MAY-10, MAY-11)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    app.listens(7);
    for (port, option) in (40_000..).zip([
        router_alert(),
        record_route(3),
        timestamps(2),
        stream_identifier(1),
        option(0x5e, &[1, 2]),
    ]) {
        peer.sends(syn().from_port(port).option(option));
        we.send(syn_ack().to_port(port).options(&[]));
    }
}

#[test]
fn must_54_a_report_reaches_the_connection_that_it_is_about() {
    let story = Story::new(
        "Of two connections the one hears that its peer refuses, and the other goes on",
        "RFC 9293, 3.9.2.2 (MUST-54, SHLD-26)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let other = app.has_connected();
    let socket = app.connects((KERNEL, 10));
    we.send(syn().to_port(10));
    peer.sends(port_unreachable());
    app.finds_it(socket, State::Closed);
    app.learns_of(socket, Error::ConnectionRefused);
    app.finds_it(other, State::Established);
    app.learns_of_no_error(other);
    nothing.is_sent_for(seconds(600));
}

#[test]
fn must_54_a_report_about_what_was_never_sent_is_forged() {
    let story = Story::new(
        "A report that quotes a number which is not outstanding does nothing",
        "RFC 9293, 3.9.2.2 (MUST-54); RFC 5927, 4",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    let guessed = || {
        let segment = data(b"guess").ack(1).from_port(7).to_port(40_000);
        host_unreachable().quoting(segment.from(STACK).to(KERNEL))
    };
    peer.sends(guessed());
    we.drop_it_as(Counter::IcmpErrorForged);
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello"));
    peer.sends(guessed());
    we.drop_it_as(Counter::IcmpErrorForged);
    app.learns_of_no_error(socket);
}

#[test]
fn must_55_a_source_quench_has_no_effect() {
    let story = Story::new(
        "A source quench is dropped, and we go on as before",
        "RFC 9293, 3.9.2.2 (MUST-55); RFC 6633",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_connected();
    app.sends_tcp(socket, [7; 1460 * 3]);
    for _ in 0..3 {
        we.send(data([7; 1460]));
    }
    peer.sends(icmp_message(4, 0));
    we.drop_it_as(Counter::IcmpSourceQuench);
    peer.sends(ack());
    app.sends_tcp(socket, [8; 1460 * 6]);
    for _ in 0..6 {
        we.send(data([8; 1460]));
    }
}

#[test]
fn must_56_shld_25_what_may_pass_ends_nothing_and_is_made_known() {
    let story = Story::new(
        "Unreachable, too many hops, a bad header: the connection stays, and the application hears of it",
        "RFC 9293, 3.9.2.2 (MUST-56, SHLD-25), 3.9.1.8 (MUST-47)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_connected();
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello"));
    for (report, error) in [
        (network_unreachable(), Error::NetworkUnreachable),
        (host_unreachable(), Error::HostUnreachable),
        (source_route_failed(), Error::HostUnreachable),
        (time_exceeded(), Error::HostUnreachable),
        (parameter_problem(20), Error::ProtocolError),
    ] {
        peer.sends(report);
        app.finds_it(socket, State::Established);
        app.learns_of(socket, error);
        app.learns_of_no_error(socket);
    }
    peer.sends(ack());
    app.sends_tcp(socket, b"more");
    we.send(data(b"more").seq(6));
}

#[test]
fn rfc_5927_no_report_ends_an_established_connection() {
    let story = Story::new(
        "Port or protocol unreachable ends no connection that is established",
        "RFC 5927, 5.2; RFC 9293, 3.9.2.2 (SHLD-26)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_connected();
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello"));
    for report in [port_unreachable(), protocol_unreachable()] {
        peer.sends(report);
        app.finds_it(socket, State::Established);
    }
    peer.sends(ack());
    app.sends_tcp(socket, b"more");
    we.send(data(b"more").seq(6));
}

#[test]
fn shld_20_reports_can_be_turned_off() {
    let story =
        Story::new("An application that wants no reports gets none", "RFC 9293, 3.9.1.8 (SHLD-20)");
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_connected();
    app.has_tcp(socket, "without reports", |it| it.soft_errors = false);
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello"));
    peer.sends(host_unreachable());
    app.learns_of_no_error(socket);
}

#[test]
fn must_57_a_syn_to_many_gets_no_answer() {
    let story = Story::new(
        "A SYN to a broadcast or multicast address is dropped in silence",
        "RFC 9293, 3.9.2.3 (MUST-57)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let listener = app.listens(7);
    for address in [[255, 255, 255, 255], [192, 0, 2, 255], [224, 0, 0, 1]] {
        peer.sends(syn().to(address));
        we.drop_it_as(Counter::TcpToMany);
    }
    nothing.is_sent_for(seconds(10));
    app.accepts_nothing(listener);
}

#[test]
fn must_63_a_syn_from_nobody_is_ignored() {
    let story = Story::new(
        "A SYN whose source is no single host's, or is our own, is dropped in silence",
        "RFC 9293, 3.9.2.3 (MUST-63)",
    );
    let Cast { peer, app, nothing, .. } = story.cast();

    let listener = app.listens(7);
    for address in [
        [0, 0, 0, 0],
        [255, 255, 255, 255],
        [192, 0, 2, 255],
        [224, 0, 0, 1],
        [240, 0, 0, 1],
        [127, 0, 0, 1],
        [192, 0, 2, 2],
    ] {
        peer.sends(syn().from(address));
        nothing.is_sent_for(seconds(10));
    }
    app.accepts_nothing(listener);
}
