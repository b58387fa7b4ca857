//! Stories of ICMP errors that we send, and of those that we must not send.

use std::net::Ipv4Addr;

use stack::Counter;
use story::*;

/// Options whose first one has no length, so that the byte behind its type is pointed at.
const MALFORMED: [u8; 4] = [7, 0, 0, 0];

#[test]
fn icmp_9_and_10_what_nobody_serves_is_answered_with_an_error() {
    let story = Story::new(
        "An unknown protocol is answered with code 2, a port that nobody serves with code 3",
        "RFC 1122, 3.2.2.1 (ICMP-10) and 3.3.8 (ICMP-9)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for protocol in [2, 89, 253, 255] {
        peer.sends(datagram(protocol, b"anything"));
        we.drop_it_as(Counter::Ipv4UnknownProtocol);
        we.send(protocol_unreachable());
    }
    peer.sends(udp().to_port(9).data(b"abc"));
    we.drop_it_as(Counter::UdpNoSocket);
    we.send(port_unreachable());
    we.have_counted(5, Counter::IcmpErrorsSent);
    nothing.is_sent_for(seconds(60));
}

#[test]
fn icmp_9_the_error_goes_to_who_sent_the_datagram() {
    let story = Story::new(
        "An error goes to the datagram's source, from the address that it was sent to",
        "RFC 1122, 3.2.2.1 (ICMP-10) and 3.3.4.2 (ROUTE-7)",
    );
    let Cast { peer, we, .. } = story.cast();

    peer.sends(udp().from([198, 51, 100, 9]).ttl(3));
    we.send(port_unreachable().from(STACK).to([198, 51, 100, 9]).ttl(64));
}

#[test]
fn icmp_2_the_error_quotes_the_datagram_as_it_came() {
    let story = Story::new(
        "An error quotes the datagram's header and as much of its data as 576 bytes hold",
        "RFC 1122, 3.2.2 (ICMP-2); RFC 1812, 4.3.2.3",
    );
    let Cast { peer, we, .. } = story.cast();

    peer.sends(udp().ttl(7).identification(9).dscp(3).ecn(1));
    we.send(port_unreachable().quoting_data(8));
    for (data, quoted) in [(1, 9), (520, 528), (521, 528), (1400, 528)] {
        peer.sends(udp().data(vec![7; data]));
        we.send(port_unreachable().quoting_data(quoted));
    }
    peer.sends(udp().option(router_alert()).data([7; 1400]));
    we.send(port_unreachable().quoting_data(524));
    peer.sends(datagram(99, b"abc"));
    we.send(protocol_unreachable().quoting_data(3));
    peer.sends(datagram(99, b""));
    we.send(protocol_unreachable().quoting_data(0));
}

#[test]
fn icmp_2_padding_is_not_quoted() {
    let story = Story::new(
        "What the link put behind the datagram is no part of the quote",
        "RFC 1122, 3.2.2 (ICMP-2)",
    );
    let Cast { peer, we, .. } = story.cast();

    peer.sends(udp().data(b"abc").padded_with(&[0xff; 15]));
    we.send(port_unreachable().quoting_data(11));
}

#[test]
fn icmp_4_errors_are_sent_with_the_usual_service() {
    let story = Story::new(
        "An error has a type of service of 0, whatever the datagram had",
        "RFC 1122, 3.2.2 (ICMP-4)",
    );
    let Cast { peer, we, .. } = story.cast();

    peer.sends(udp().dscp(46).ecn(2));
    we.send(port_unreachable().dscp(0).ecn(0).options(&[]));
}

#[test]
fn icmp_5_no_error_about_an_error() {
    let story = Story::new(
        "An ICMP error, or what may be one, is never answered with an error",
        "RFC 1122, 3.2.2 (ICMP-5)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    let errors = [
        port_unreachable(),
        fragmentation_needed(1400),
        time_exceeded(),
        reassembly_time_exceeded(),
        parameter_problem(20),
        unreachable_code(200),
    ];
    for error in errors {
        peer.sends(error.quoting(udp()).options(&MALFORMED));
        we.drop_it_as(Counter::Ipv4BadOption);
    }
    // Redirects and source quenches are errors as well, and an unknown type may be one.
    for kind in [4, 5, 42] {
        peer.sends(icmp_message(kind, 0).options(&MALFORMED));
        we.drop_it_as(Counter::Ipv4BadOption);
    }
    we.have_counted(9, Counter::IcmpErrorsWithheld);

    peer.sends(echo_request().options(&MALFORMED));
    we.send(parameter_problem(21));
    nothing.is_sent();
}

#[test]
fn icmp_6_no_error_about_what_went_to_many() {
    let story = Story::new(
        "A datagram to a broadcast or multicast address is not answered with an error",
        "RFC 1122, 3.2.2 (ICMP-6)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for everybody in [[192, 0, 2, 255], [192, 0, 2, 0], [255; 4], [224, 0, 0, 1]] {
        peer.sends(udp().to(everybody));
        we.drop_it_as(Counter::UdpNoSocket);
        peer.sends(datagram(99, b"abc").to(everybody));
        we.drop_it_as(Counter::Ipv4UnknownProtocol);
        peer.sends(echo_request().to(everybody).options(&MALFORMED));
        we.drop_it_as(Counter::Ipv4BadOption);
    }
    we.have_counted(12, Counter::IcmpErrorsWithheld);
    nothing.is_sent_for(seconds(60));
}

#[test]
fn icmp_6_no_error_about_what_came_in_a_frame_for_many() {
    let story = Story::on_ethernet(
        "A datagram that came as a link-layer broadcast is not answered with an error",
        "RFC 1122, 3.2.2 (ICMP-6)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    peer.makes_itself_known();
    for many in [EVERYBODY, MacAddress::new([0x01, 0x00, 0x5e, 0, 0, 1])] {
        peer.sends(udp().to_mac(many));
        we.drop_it_as(Counter::Ipv4LinkBroadcast);
    }
    nothing.is_sent();
}

#[test]
fn icmp_7_no_error_about_a_later_fragment() {
    let story = Story::new(
        "Only the first fragment of a datagram is answered with an error",
        "RFC 1122, 3.2.2 (ICMP-7)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    let malformed = udp().data([0; 40]).options(&MALFORMED);
    peer.sends(malformed.fragment(8..));
    we.drop_it_as(Counter::Ipv4BadOption);
    nothing.is_sent();
    peer.sends(malformed.fragment(..8));
    we.send(parameter_problem(21));
}

#[test]
fn icmp_8_no_error_to_what_is_no_single_host() {
    let story = Story::new(
        "A datagram whose source names no single host is not answered",
        "RFC 1122, 3.2.2 (ICMP-8)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    let sources: [Ipv4Addr; 7] = [
        [0, 0, 0, 0].into(),
        [127, 0, 0, 1].into(),
        [192, 0, 2, 255].into(),
        [192, 0, 2, 0].into(),
        [255; 4].into(),
        [224, 0, 0, 1].into(),
        [240, 0, 0, 1].into(),
    ];
    for source in sources {
        peer.sends(udp().from(source));
        we.drop_it_as(Counter::Ipv4BadSource);
        peer.sends(datagram(99, b"abc").from(source));
        we.drop_it_as(Counter::Ipv4BadSource);
    }
    nothing.is_sent_for(seconds(60));
}

#[test]
fn icmp_17_a_malformed_option_is_pointed_at() {
    let story = Story::new(
        "A bad header is answered with a parameter problem that points at the byte",
        "RFC 1122, 3.2.2.5 (ICMP-17) and 3.2.1.8 (IP-28)",
    );
    let Cast { peer, we, .. } = story.cast();

    for (options, pointer) in [
        ([7, 0, 0, 0], 21),
        ([7, 1, 0, 0], 21),
        ([7, 5, 4, 0], 21),
        ([1, 1, 7, 3], 23),
        ([1, 1, 1, 7], 23),
    ] {
        peer.sends(echo_request().options(&options));
        we.drop_it_as(Counter::Ipv4BadOption);
        we.send(parameter_problem(pointer));
    }
}

#[test]
fn icmp_10_a_datagram_that_came_in_fragments_is_quoted_whole() {
    let story = Story::new(
        "An error about a datagram that came in fragments quotes the datagram, not a fragment",
        "RFC 1122, 3.2.2 (ICMP-2) and 3.2.2.1 (ICMP-10)",
    );
    let Cast { peer, we, .. } = story.cast();

    let question = udp().to_port(9).identification(3).dont_fragment(false).data([7; 2000]);
    peer.sends(question.fragment(1480..));
    peer.sends(question.fragment(..1480));
    we.send(port_unreachable().quoting(question).quoting_data(528));
}

#[test]
fn icmp_29_errors_are_limited() {
    let story = Story::new(
        "Of many errors at once 50 are sent, and one more for each millisecond that passes",
        "RFC 1812, 4.3.2.8 (ICMP-29)",
    );
    let Cast { peer, we, time, nothing, .. } = story.cast();

    for _ in 0..50 {
        peer.sends(udp());
        we.send(port_unreachable());
    }
    for _ in 0..10 {
        peer.sends(udp());
        we.drop_it_as(Counter::UdpNoSocket);
        nothing.is_sent();
    }
    we.have_counted(10, Counter::IcmpErrorsLimited);

    time.passes(ms(1));
    peer.sends(udp());
    we.send(port_unreachable());
    peer.sends(udp());
    nothing.is_sent();
    time.passes(ms(1));
    peer.sends(udp());
    we.send(port_unreachable());
}

#[test]
fn icmp_29_one_kind_of_error_does_not_use_up_another() {
    let story = Story::new(
        "A flood of one kind of error leaves room for another, and for echo replies",
        "RFC 1812, 4.3.2.8 (ICMP-29)",
    );
    let Cast { peer, we, anything, .. } = story.cast();

    for _ in 0..60 {
        peer.sends(udp());
        anything.may_be_sent();
    }
    we.have_counted(10, Counter::IcmpErrorsLimited);
    peer.sends(echo_request().options(&MALFORMED));
    we.send(parameter_problem(21));
    peer.sends(echo_request());
    we.send(echo_reply());
}
