//! Stories of the options of an IPv4 header.

use std::net::Ipv4Addr;

use stack::Counter;
use story::*;

/// A router that a source route names.
const SOME_ROUTER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);

#[test]
fn ip_22_an_unknown_option_is_passed_over() {
    let story = Story::new(
        "A packet with an option that nobody knows is taken as if it had none",
        "RFC 1122, 3.2.1.8 (IP-22)",
    );
    let Cast { peer, we, .. } = story.cast();

    // All classes, with the copied flag and without it; only those with a name are left out.
    for option_type in [2, 30, 82, 94, 130, 158, 205, 222, 255] {
        for data in [&b""[..], b"a", b"abcdef"] {
            peer.sends(echo_request().option(option(option_type, data)).data(b"abc"));
            we.send(echo_reply().options(&[]).data(b"abc"));
        }
    }
}

#[test]
fn ip_23_the_stream_identifier_is_ignored() {
    let story = Story::new(
        "The obsolete stream identifier is ignored",
        "RFC 1122, 3.2.1.8 (IP-23); RFC 6814",
    );
    let Cast { peer, we, .. } = story.cast();

    peer.sends(echo_request().option(stream_identifier(9)).data(b"abc"));
    we.send(echo_reply().options(&[]).data(b"abc"));
}

#[test]
fn ip_24_a_source_route_is_refused() {
    let story = Story::new(
        "A packet whose sender dictates its way is dropped in silence, as RFC 7126 advises",
        "RFC 1122, 3.2.1.8 (IP-24); RFC 7126, 4.3 and 4.4",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for routers in [&[SOME_ROUTER][..], &[SOME_ROUTER, STACK], &[]] {
        peer.sends(echo_request().option(loose_source_route(routers)));
        we.drop_it_as(Counter::Ipv4SourceRoute);
        peer.sends(echo_request().option(strict_source_route(routers)));
        we.drop_it_as(Counter::Ipv4SourceRoute);
    }
    nothing.is_sent_for(seconds(60));
}

#[test]
fn ip_25_two_source_routes_are_no_better_than_one() {
    let story = Story::new(
        "A source route is found wherever it stands, and two are refused like one",
        "RFC 1122, 3.2.1.8 (IP-25)",
    );
    let Cast { peer, we, .. } = story.cast();

    let route = || loose_source_route(&[SOME_ROUTER]);
    peer.sends(echo_request().option(route()).option(strict_source_route(&[SOME_ROUTER])));
    we.drop_it_as(Counter::Ipv4SourceRoute);
    peer.sends(echo_request().option(router_alert()).option(record_route(1)).option(route()));
    we.drop_it_as(Counter::Ipv4SourceRoute);
}

#[test]
fn ip_26_and_27_routes_and_times_are_not_recorded() {
    let story = Story::new(
        "Record route and timestamp are ignored, and not reflected in the reply",
        "RFC 1122, 3.2.1.8 (IP-26, IP-27, both a MAY) and 3.2.2.6 (ICMP-24, waived)",
    );
    let Cast { peer, we, .. } = story.cast();

    for slots in [0, 1, 9] {
        peer.sends(echo_request().option(record_route(slots)).data(b"abc"));
        we.send(echo_reply().options(&[]).data(b"abc"));
        peer.sends(echo_request().option(timestamps(slots)).data(b"abc"));
        we.send(echo_reply().options(&[]).data(b"abc"));
    }
}

#[test]
fn a_router_alert_means_nothing_to_a_host() {
    let story = Story::new("A router alert means nothing to a host", "RFC 2113");
    let Cast { peer, we, .. } = story.cast();

    peer.sends(echo_request().option(router_alert()).data(b"abc"));
    we.send(echo_reply().options(&[]).data(b"abc"));
}

#[test]
fn ip_28_a_malformed_option_is_answered_with_a_pointer_to_it() {
    let story = Story::new(
        "An option whose length cannot be gets the packet dropped, and its sender told where",
        "RFC 1122, 3.2.1.8 (IP-28) and 3.2.2.5 (ICMP-17)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for (options, pointer) in [
        (&[94, 0, 0, 0][..], 21),
        (&[94, 1, 0, 0], 21),
        (&[94, 5, 0, 0], 21),
        (&[1, 94, 4, 0], 22),
        (&[1, 1, 1, 94], 23),
        (&[148, 4, 0, 0, 94, 255, 0, 0], 25),
        (&[131, 0, 0, 0], 21),
    ] {
        peer.sends(echo_request().options(options).data(b"abc"));
        we.drop_it_as(Counter::Ipv4BadOption);
        we.send(parameter_problem(pointer));
    }
    nothing.is_sent_for(seconds(60));
    peer.sends(echo_request());
    we.send(echo_reply());
}

#[test]
fn ip_28_what_stands_behind_the_end_of_the_list_is_padding() {
    let story = Story::new(
        "Behind the end of the list nothing is an option any more",
        "RFC 791, 3.1 (IP-28)",
    );
    let Cast { peer, we, .. } = story.cast();

    for padding in [[0, 131, 0, 0], [0, 94, 255, 255], [1, 0, 7, 1], [0, 0, 0, 0]] {
        peer.sends(echo_request().options(&padding).data(b"abc"));
        we.send(echo_reply().data(b"abc"));
    }
}
