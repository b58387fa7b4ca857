//! Stories of a router: what it passes on, what it refuses, and what it says about that. And of
//! a host, which passes nothing on.

use stack::Counter;
use story::*;

/// What the peer sends to the far host.
fn ping() -> Packet<Echo> {
    echo_request().from(KERNEL).to(FAR).data(b"abc")
}

#[test]
fn ip_3_a_host_does_not_forward() {
    let scenes = [Scene::default(), Scene::far_side()];
    let story = Story::between(
        "Without being asked to, a host with two interfaces passes nothing on",
        "RFC 1122, 3.1 (IP-3)",
        scenes.clone(),
        |tracer| stack_with(&scenes, tracer, |_| {}),
    );
    let Cast { peer, far, we, nothing, .. } = story.cast();

    peer.sends(ping());
    we.drop_it_as(Counter::Ipv4NotForUs);
    far.sends(echo_reply().to(KERNEL));
    we.drop_it_as(Counter::Ipv4NotForUs);
    nothing.is_sent_for(seconds(60));
}

#[test]
fn ip_3_a_router_forwards_both_ways() {
    let story = Story::of_a_router(
        "A router passes a ping on and its answer back, each one hop older and else unchanged",
        "RFC 1812, 5.3.1; RFC 1122, 3.1 (IP-3)",
    );
    let Cast { peer, far, we, nothing, .. } = story.cast();

    let ping = ping().identification(9).dscp(46).ecn(1);
    peer.sends(ping.clone().ttl(64));
    far.receives(ping.ttl(63).dont_fragment(true).options(&[]));
    far.sends(echo_reply().from(FAR).to(KERNEL).ttl(2).data(b"abc"));
    we.send(echo_reply().from(FAR).to(KERNEL).ttl(1).data(b"abc"));
    we.have_counted(2, Counter::Ipv4Forwarded);
    nothing.is_sent();
}

#[test]
fn icmp_16_a_datagram_that_is_too_old_is_not_forwarded() {
    let story = Story::of_a_router(
        "A datagram whose time to live is over is dropped, and its sender told by this router",
        "RFC 792; RFC 1812, 5.3.1; RFC 1122, 3.2.1.7 (IP-16)",
    );
    let Cast { peer, far, we, nothing, .. } = story.cast();

    for ttl in [0, 1] {
        peer.sends(ping().ttl(ttl));
        we.drop_it_as(Counter::Ipv4TtlExceeded);
        we.send(time_exceeded().from(STACK).to(KERNEL).ttl(64));
    }
    peer.sends(ping().ttl(2));
    far.receives(ping().ttl(1));
    nothing.is_sent();
}

#[test]
fn icmp_20_a_router_is_a_host_as_well() {
    let story = Story::of_a_router(
        "A router answers for each of its addresses, from whichever side it is asked",
        "RFC 1122, 3.2.2.6 (ICMP-20) and 3.2.1.7 (IP-17)",
    );
    let Cast { peer, far, we, .. } = story.cast();

    peer.sends(echo_request().ttl(1));
    we.send(echo_reply());
    peer.sends(echo_request().to(ROUTER).ttl(1));
    we.send(echo_reply().from(ROUTER));
    far.sends(echo_request());
    far.receives(echo_reply());
    far.sends(echo_request().to(STACK));
    far.receives(echo_reply().from(STACK));
    peer.sends(udp().to(ROUTER));
    we.send(port_unreachable().from(ROUTER));
}

#[test]
fn frag_12_what_does_not_fit_and_must_not_be_cut_is_refused() {
    let story = Story::of_a_router(
        "A datagram that must not be cut is refused with the MTU of the link it does not fit",
        "RFC 1191, 4 (FRAG-12); RFC 1812, 5.2.7.1",
    );
    let Cast { peer, far, we, nothing, .. } = story.cast();

    let fits = usize::from(FAR_MTU) - 28;
    peer.sends(ping().data(vec![7; fits]).dont_fragment(true));
    far.receives(ping().data(vec![7; fits]));
    peer.sends(ping().data(vec![7; fits + 1]).dont_fragment(true));
    we.drop_it_as(Counter::Ipv4TooLong);
    we.send(fragmentation_needed(FAR_MTU).quoting_data(528));
    nothing.is_sent();
}

#[test]
fn frag_9_what_does_not_fit_and_may_be_cut_is_cut() {
    let story = Story::of_a_router(
        "A datagram that may be cut is cut to the MTU of the next link",
        "RFC 791, 3.2 (FRAG-9); RFC 1812, 5.2.6",
    );
    let Cast { peer, far, .. } = story.cast();

    let long = ping().data([7; 1400]).identification(9).dont_fragment(false).ttl(9);
    peer.sends(long.clone());
    far.receives_in_fragments(long.ttl(8));
}

#[test]
fn frag_6_a_router_puts_nothing_together() {
    let story = Story::of_a_router(
        "Fragments are passed on as they come, whether or not the others do",
        "RFC 1812, 5.2.6; RFC 791, 3.2",
    );
    let Cast { peer, far, we, nothing, .. } = story.cast();

    let whole = datagram(99, &[7; 1600]).from(KERNEL).to(FAR).identification(9);
    let second = datagram(99, &[7; 800]).from(KERNEL).to(FAR).identification(9);
    peer.sends(whole.fragment(800..));
    far.receives(second.clone().fragment_offset(100).more_fragments(false).ttl(63));
    peer.sends(whole.fragment(..800));
    far.receives(second.fragment_offset(0).more_fragments(true).ttl(63));
    we.have_counted(0, Counter::Ipv4Fragments);
    nothing.is_sent_for(seconds(120));
}

#[test]
fn route_1_where_no_route_leads_nothing_goes() {
    let story = Story::of_a_router(
        "A datagram to a network that no route leads to is dropped, and its sender told",
        "RFC 1812, 5.2.7.1; RFC 1122, 3.3.1.1 (ROUTE-1)",
    );
    let Cast { peer, we, .. } = story.cast();

    for nowhere in [[203, 0, 113, 1], [198, 51, 101, 2]] {
        peer.sends(ping().to(nowhere));
        we.drop_it_as(Counter::Ipv4NoRoute);
        we.send(network_unreachable());
    }
}

#[test]
fn icmp_12_no_redirects() {
    let story = Story::of_a_router(
        "A datagram that goes back to where it came from is passed on without a redirect",
        "RFC 1122, 3.2.2.2 (ICMP-12)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    let to_a_neighbour = echo_request().from(KERNEL).to([192, 0, 2, 77]);
    peer.sends(to_a_neighbour.clone());
    we.send(to_a_neighbour.ttl(63));
    nothing.is_sent();
}

#[test]
fn icmp_5_to_8_a_router_keeps_the_rules_of_errors() {
    let story = Story::of_a_router(
        "Errors and later fragments that are too old are dropped without an error",
        "RFC 1122, 3.2.2 (ICMP-5, ICMP-7); RFC 1812, 4.3.2.7",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    let about = || udp().from(FAR).to(KERNEL);
    peer.sends(port_unreachable().from(KERNEL).to(FAR).ttl(1).quoting(about()));
    we.drop_it_as(Counter::Ipv4TtlExceeded);
    let long = datagram(99, &[7; 1600]).from(KERNEL).to(FAR).ttl(1);
    peer.sends(long.fragment(800..));
    we.drop_it_as(Counter::Ipv4TtlExceeded);
    nothing.is_sent();
    we.have_counted(2, Counter::IcmpErrorsWithheld);
    peer.sends(long.fragment(..800));
    we.send(time_exceeded());
}

#[test]
fn icmp_3_an_error_for_another_is_passed_on() {
    let story = Story::of_a_router(
        "An error about somebody else's datagram is passed on to them",
        "RFC 1812, 4.3; RFC 1122, 3.2.2 (ICMP-3)",
    );
    let Cast { peer, far, we, .. } = story.cast();

    let question = udp().from(KERNEL).to(FAR).to_port(9).data(b"abc");
    peer.sends(question.clone().ttl(64));
    far.receives(question.clone().ttl(63));
    far.sends(port_unreachable().from(FAR).to(KERNEL));
    we.send(port_unreachable().from(FAR).to(KERNEL).ttl(63).quoting(question.ttl(63)));
}

#[test]
fn bc_1_a_router_does_not_forward_what_is_for_all() {
    let story = Story::of_a_router(
        "Nobody reaches all hosts of a network, a group or the router's own net 127 through it",
        "RFC 2644; RFC 1812, 5.3.4 and 5.3.7; RFC 1122, 3.2.1.3 (IP-10)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for all in [[198, 51, 100, 255], [198, 51, 100, 0]] {
        peer.sends(ping().to(all));
        we.drop_it_as(Counter::Ipv4DirectedBroadcast);
    }
    for nowhere in [[239, 1, 2, 3], [127, 0, 0, 1], [240, 0, 0, 1], [0, 0, 0, 1]] {
        peer.sends(ping().to(nowhere));
        we.drop_it_as(Counter::Ipv4NotForUs);
    }
    for source in [[127, 0, 0, 1], [224, 0, 0, 1], [192, 0, 2, 255], [0; 4]] {
        peer.sends(ping().from(source));
        we.drop_it_as(Counter::Ipv4BadSource);
    }
    nothing.is_sent_for(seconds(60));
}

#[test]
fn ip_24_and_28_a_router_looks_at_options() {
    let story = Story::of_a_router(
        "A router passes options on, but no source route and nothing malformed",
        "RFC 7126, 4; RFC 1812, 5.2.4",
    );
    let Cast { peer, far, we, nothing, .. } = story.cast();

    peer.sends(ping().option(record_route(2)));
    far.receives(ping().option(record_route(2)).ttl(63));
    peer.sends(ping().option(loose_source_route(&[FAR])));
    we.drop_it_as(Counter::Ipv4SourceRoute);
    peer.sends(ping().options(&[94, 0, 0, 0]));
    we.drop_it_as(Counter::Ipv4BadOption);
    we.send(parameter_problem(21));
    nothing.is_sent();
}

#[test]
fn udp_5_a_checksum_is_its_receivers_affair() {
    let story = Story::of_a_router(
        "What a datagram carries is passed on unread, a wrong checksum included",
        "RFC 1812, 5.2.1; RFC 1122, 4.1.3.4 (UDP-5)",
    );
    let Cast { peer, far, we, nothing, .. } = story.cast();

    peer.sends(udp().from(KERNEL).to(FAR).data(b"abc").without_checksum());
    far.receives(udp().from(KERNEL).to(FAR).data(b"abc").without_checksum());
    peer.sends(datagram(1, b"no ICMP at all").from(KERNEL).to(FAR));
    far.receives(datagram(1, b"no ICMP at all").from(KERNEL).to(FAR));
    peer.sends(ping().bad_header_checksum());
    we.drop_it_as(Counter::Ipv4BadChecksum);
    nothing.is_sent();
}
