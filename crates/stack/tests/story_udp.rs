//! Stories of UDP: what reaches a socket, what leaves it, and what it is told.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU8;

use etherparse::UdpHeader;
use stack::Counter;
use story::*;
use udp::{Cause, Delivery, Error, SendOptions, SocketOptions};

/// The peer's port.
const PORT: u16 = 40_000;

#[test]
fn a_datagram_reaches_its_socket_and_an_answer_leaves() {
    let story = Story::new(
        "A datagram reaches the socket of its port, and the answer goes back to its sender",
        "RFC 768",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.opens_udp(7);
    peer.sends(udp().from_port(PORT).to_port(7).data(b"abc"));
    let metadata = app.receives_udp(socket, b"abc");
    app.sends_udp(socket, metadata.source, b"abc");
    we.send(udp().from_port(7).to_port(PORT).data(b"abc").ttl(64));
    we.have_counted(1, Counter::UdpReceived);
    we.have_counted(1, Counter::UdpSent);
    nothing.is_sent_for(seconds(60));
}

#[test]
fn udp_1_a_port_that_nobody_serves_is_unreachable() {
    let story = Story::new(
        "A datagram to a port without a socket is answered with port unreachable",
        "RFC 1122, 4.1.3.1 (UDP-1)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    peer.sends(udp().to_port(8));
    we.drop_it_as(Counter::UdpNoSocket);
    we.send(port_unreachable());
    app.closes_udp(socket);
    peer.sends(udp().to_port(7));
    we.send(port_unreachable());
}

#[test]
fn udp_2_ip_options_pass_both_ways() {
    let story = Story::new(
        "The IP options of a datagram reach the application, and its own leave",
        "RFC 1122, 4.1.3.2 (UDP-2) and 3.2.1.8 (IP-20, IP-21)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    peer.sends(udp().to_port(7).option(router_alert()).data(b"abc"));
    let metadata = app.receives_udp(socket, b"abc");
    assert_eq!(*metadata.ip_options, [148, 4, 0, 0]);

    let ip_options = Box::new([148, 4, 0, 0]);
    let options = SendOptions { ip_options, ..SendOptions::default() };
    app.sends_udp_with(socket, metadata.source, b"abc", "with a router alert", &options);
    we.send(udp().option(router_alert()).data(b"abc"));
}

#[test]
fn udp_3_errors_reach_the_application() {
    let story = Story::new(
        "An ICMP error about a datagram is told to the application that sent it",
        "RFC 1122, 4.1.3.3 (UDP-3) and 3.2.2 (ICMP-3, ICMP-11, ICMP-16, ICMP-18)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let router = Ipv4Addr::new(192, 0, 2, 9);
    let socket = app.opens_udp(7);
    let errors = [
        (network_unreachable(), Cause::NetworkUnreachable),
        (host_unreachable(), Cause::HostUnreachable),
        (protocol_unreachable(), Cause::ProtocolUnreachable),
        (port_unreachable(), Cause::PortUnreachable),
        (fragmentation_needed(1400), Cause::FragmentationNeeded { mtu: 1400 }),
        (source_route_failed(), Cause::SourceRouteFailed),
        (unreachable_code(13), Cause::Prohibited),
        (time_exceeded(), Cause::TimeExceeded),
        (reassembly_time_exceeded(), Cause::ReassemblyTimeExceeded),
        (parameter_problem(21), Cause::ParameterProblem { pointer: 21 }),
    ];
    for (error, cause) in errors {
        app.sends_udp(socket, (KERNEL, 9), b"abc");
        we.send(udp().to_port(9));
        peer.sends(error.from(router));
        app.is_told(socket, cause, router);
    }
    we.have_counted(10, Counter::IcmpErrorsReceived);
}

#[test]
fn udp_3_a_connected_socket_is_refused() {
    let story = Story::new(
        "Whoever sends to a port that nobody serves learns it at the next call",
        "RFC 1122, 4.1.3.3 (UDP-3)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.opens_udp(0);
    app.connects_udp(socket, (KERNEL, 9));
    app.sends_udp(socket, (KERNEL, 9), b"abc");
    we.send(udp().to_port(9).data(b"abc"));
    peer.sends(port_unreachable());
    app.cannot_send_udp(socket, (KERNEL, 9), b"abc", Error::ConnectionRefused);
    // It is a hint and no proof (ICMP-11): the port may be served by now.
    app.sends_udp(socket, (KERNEL, 9), b"abc");
    we.send(udp().to_port(9).data(b"abc"));
}

#[test]
fn icmp_3_an_error_about_what_no_socket_sent_is_dropped() {
    let story = Story::new(
        "An error about a datagram that no socket sent reaches nobody",
        "RFC 1122, 3.2.2 (ICMP-3)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    peer.sends(port_unreachable().quoting(udp().from_port(9)));
    we.drop_it_as(Counter::IcmpErrorForNobody);
    peer.sends(port_unreachable().quoting(udp().from_port(7).to_port(PORT)));
    we.drop_it_as(Counter::IcmpErrorForged);
    peer.sends(port_unreachable().quoting(udp().from([192, 0, 2, 9]).from_port(7)));
    we.drop_it_as(Counter::IcmpErrorForged);
    app.sends_udp(socket, (KERNEL, PORT), b"abc");
    we.send(udp());
    peer.sends(port_unreachable().quoting_data(7));
    we.drop_it_as(Counter::IcmpErrorForged);
}

#[test]
fn udp_5_a_wrong_checksum_means_drop() {
    let story = Story::new(
        "A datagram with a wrong checksum is dropped in silence",
        "RFC 1122, 4.1.3.4 (UDP-4, UDP-5)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.opens_udp(7);
    peer.sends(udp().to_port(7).data(b"abc").bad_checksum());
    we.drop_it_as(Counter::UdpBadChecksum);
    peer.sends(udp().to_port(7).data(b"abc").byte(30, b'C'));
    we.drop_it_as(Counter::UdpBadChecksum);
    // Nor is it told to a sender who may not be one that there is no such port.
    peer.sends(udp().to_port(8).data(b"abc").bad_checksum());
    we.drop_it_as(Counter::UdpBadChecksum);
    app.receives_no_udp(socket);
    nothing.is_sent_for(seconds(60));
}

#[test]
fn udp_6_a_checksum_of_zero_is_sent_as_all_ones() {
    let story = Story::new(
        "A checksum is always sent, and one that comes out as zero as all ones",
        "RFC 1122, 4.1.3.4 (UDP-6)",
    );
    let Cast { we, app, .. } = story.cast();

    // Data that repeats the checksum of the datagram without it makes the sum all ones.
    let header = UdpHeader::without_ipv4_checksum(7, PORT, 2).unwrap();
    let (us, them) = (STACK.octets(), KERNEL.octets());
    let data = header.calc_checksum_ipv4_raw(us, them, &[0, 0]).unwrap().to_be_bytes();
    assert_eq!(header.calc_checksum_ipv4_raw(us, them, &data), Ok(0xffff));

    let socket = app.opens_udp(7);
    app.sends_udp(socket, (KERNEL, PORT), &data);
    // Zero would be no checksum at all, and the datagram not as expected.
    we.send(udp().from_port(7).to_port(PORT).data(data));
}

#[test]
fn udp_7_a_datagram_without_a_checksum_is_taken_unless_it_must_have_one() {
    let story = Story::new(
        "A datagram without a checksum is taken, unless the application wants otherwise",
        "RFC 1122, 4.1.3.4 (UDP-7)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    peer.sends(udp().to_port(7).data(b"abc").without_checksum());
    app.receives_udp(socket, b"abc");

    let options = SocketOptions { require_checksum: true, ..SocketOptions::default() };
    app.has_udp(socket, "require checksums", options);
    peer.sends(udp().to_port(7).data(b"abc").without_checksum());
    we.drop_it_as(Counter::UdpNoChecksum);
    app.receives_no_udp(socket);
}

#[test]
fn udp_8_the_application_learns_what_there_is_to_know() {
    let story = Story::new(
        "The application learns from whom a datagram came, to which address, and how",
        "RFC 1122, 4.1.3.5 (UDP-8), 3.2.1.6 (IP-15) and 3.4 (IF-1)",
    );
    let Cast { peer, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    peer.sends(udp().from_port(PORT).to_port(7).ttl(9).dscp(46).ecn(1).data(b"abc"));
    let metadata = app.receives_udp(socket, b"abc");
    assert_eq!(metadata.source, (KERNEL, PORT).into());
    assert_eq!(metadata.destination, STACK);
    assert_eq!(metadata.delivery, Delivery::Unicast);
    assert_eq!((metadata.ttl, metadata.traffic_class), (9, 46 << 2 | 1));

    peer.sends(udp().to_port(7).to([192, 0, 2, 255]));
    let metadata = app.receives_udp(socket, b"");
    assert_eq!(metadata.destination, IpAddr::from([192, 0, 2, 255]));
    assert_eq!(metadata.delivery, Delivery::Broadcast);
}

#[test]
fn udp_9_and_11_what_is_sent_comes_from_an_address_of_ours() {
    let story = Story::new(
        "The application can choose the source address, but none that is not ours",
        "RFC 1122, 4.1.3.5 (UDP-9), 4.1.3.6 (UDP-11) and 3.2.1.3 (IP-7)",
    );
    let Cast { we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    app.sends_udp(socket, (KERNEL, 9), b"left open");
    we.send(udp().from(STACK).data(b"left open"));
    app.sends_udp_from(socket, STACK, (KERNEL, 9), b"ours");
    we.send(udp().from(STACK).data(b"ours"));

    for foreign in [KERNEL, Ipv4Addr::LOCALHOST, Ipv4Addr::BROADCAST, [192, 0, 2, 255].into()] {
        app.finds(&format!("that it cannot send from {foreign}"), |stack, now| {
            let message = udp::Message::to((KERNEL, 9).into(), b"abc").with_source(foreign.into());
            let refused = stack.udp(now).send(socket, &message).is_err();
            refused.then_some(()).ok_or_else(|| "it can".to_owned())
        });
    }
}

#[test]
fn udp_10_a_datagram_from_nowhere_is_dropped() {
    let story = Story::new(
        "A datagram from an address that is no single host's reaches no socket",
        "RFC 1122, 4.1.3.6 (UDP-10)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    for source in [[0, 0, 0, 0], [127, 0, 0, 1], [192, 0, 2, 255], [224, 0, 0, 1], [255; 4]] {
        peer.sends(udp().from(source).to_port(7));
        we.drop_it_as(Counter::Ipv4BadSource);
    }
    app.receives_no_udp(socket);
}

#[test]
fn udp_12_the_application_chooses_ttl_and_service() {
    let story = Story::new(
        "The application chooses time to live, service, and whether its datagram may be cut",
        "RFC 1122, 4.1.4 (UDP-12), 3.2.1.6 (IP-14) and 3.2.1.7 (IP-18)",
    );
    let Cast { we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    let options = SendOptions {
        ttl: NonZeroU8::new(3),
        traffic_class: 46 << 2 | 1,
        dont_fragment: true,
        ..SendOptions::default()
    };
    app.sends_udp_with(socket, (KERNEL, 9), b"abc", "with all options", &options);
    we.send(udp().ttl(3).dscp(46).ecn(1).dont_fragment(true).data(b"abc"));
}

#[test]
fn udp_13_a_length_that_cannot_be_means_drop() {
    let story = Story::new(
        "A UDP length below the header's or beyond the packet's means drop",
        "RFC 768 (UDP-13)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    for length in [1, 7, 12, 65_535] {
        peer.sends(udp().to_port(7).data(b"abc").udp_length(length));
        we.drop_it_as(Counter::UdpBadLength);
    }
    for length in 0..8 {
        peer.sends(datagram(17, &[0; 8][..length]));
        we.drop_it_as(Counter::UdpTruncated);
    }
    app.receives_no_udp(socket);

    peer.sends(udp().to_port(7).data(b"abcdef").udp_length(11));
    app.receives_udp(socket, b"abc");
}

#[test]
fn udp_14_a_datagram_without_data_is_a_datagram() {
    let story = Story::new("A datagram without data is received and sent as such", "RFC 768");
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    peer.sends(udp().to_port(7));
    let metadata = app.receives_udp(socket, b"");
    app.receives_no_udp(socket);
    app.sends_udp(socket, metadata.source, b"");
    we.send(udp().data(b""));
}

#[test]
fn frag_8_and_9_a_long_datagram_leaves_in_fragments() {
    let story = Story::new(
        "A datagram beyond the MTU leaves in fragments, and one that must not be cut is refused",
        "RFC 1122, 3.3.3 (FRAG-8, FRAG-9, FRAG-10)",
    );
    let Cast { we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    app.sends_udp(socket, (KERNEL, 9), &[7; 1472]);
    we.send(udp().data([7; 1472]));
    for length in [1473, 3000, 65_507] {
        app.sends_udp(socket, (KERNEL, 9), &vec![7; length]);
        we.send_in_fragments(udp().data(vec![7; length]));
    }
    app.cannot_send_udp(socket, (KERNEL, 9), &[7; 65_508], Error::MessageTooLong);
}

#[test]
fn frag_1_a_datagram_that_came_in_fragments_is_one() {
    let story = Story::new(
        "A datagram that came in fragments is received as it was sent, its checksum checked",
        "RFC 1122, 3.3.2 (FRAG-1) and 4.1.3.4 (UDP-5)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    let long = udp().to_port(7).data([7; 3000]);
    peer.sends(long.fragment(1480..));
    peer.sends(long.fragment(..1480));
    app.receives_udp(socket, &[7; 3000]);

    peer.sends(long.fragment(1480..));
    peer.sends(udp().to_port(7).data([8; 3000]).fragment(..1480));
    we.drop_it_as(Counter::UdpBadChecksum);
    app.receives_no_udp(socket);
}

#[test]
fn udp_4_the_checksum_covers_addresses_ports_and_data() {
    let story = Story::new(
        "What leaves has a checksum over addresses, ports, length and data",
        "RFC 1122, 4.1.3.4 (UDP-4)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    for data in [&b""[..], b"a", b"ab", &[0xff; 999]] {
        peer.sends(udp().to_port(7).data(data));
        let metadata = app.receives_udp(socket, data);
        app.sends_udp(socket, metadata.source, data);
        we.send(udp().data(data));
    }
}
