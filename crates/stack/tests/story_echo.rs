//! Stories of ICMP echo: what is answered, with what, and what is not.

#![allow(clippy::expect_used, reason = "a test may panic")]

use stack::Counter;
use story::*;

#[test]
fn icmp_19_an_echo_request_is_answered() {
    let story = Story::new("An echo request is answered at once", "RFC 1122, 3.2.2.6 (ICMP-19)");
    let Cast { peer, we, nothing, .. } = story.cast();

    peer.sends(echo_request());
    we.send(echo_reply());
    we.have_counted(1, Counter::IcmpEchoRequests);
    we.have_counted(1, Counter::IcmpEchoRepliesSent);
    nothing.is_sent_for(seconds(60));
}

#[test]
fn icmp_20_the_reply_comes_from_the_address_that_was_asked() {
    let story = Story::new(
        "The reply goes from the address that was asked to the one that asked",
        "RFC 1122, 3.2.2.6 (ICMP-20) and 3.2.1.3 (IP-7)",
    );
    let Cast { peer, we, .. } = story.cast();

    peer.sends(echo_request());
    we.send(echo_reply().from(STACK).to(KERNEL));
    peer.sends(echo_request().from([198, 51, 100, 9]).ttl(3));
    we.send(echo_reply().to([198, 51, 100, 9]));
}

#[test]
fn icmp_21_the_reply_repeats_identifier_number_and_data() {
    let story = Story::new(
        "The reply has the request's identifier, sequence number and data",
        "RFC 1122, 3.2.2.6 (ICMP-21)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    peer.sends(echo_request().identifier(7).sequence_number(1).data(b"abc"));
    we.send(echo_reply().identifier(7).sequence_number(1).data(b"abc"));
    nothing.is_sent_for(seconds(60));
}

#[test]
fn icmp_21_any_identifier_and_number_come_back() {
    let story = Story::new(
        "No identifier and no sequence number is special",
        "RFC 1122, 3.2.2.6 (ICMP-21)",
    );
    let Cast { peer, we, .. } = story.cast();

    for (identifier, sequence_number) in [(7, 2), (0, 0), (0x0100, 0xfffe), (65535, 65535)] {
        peer.sends(echo_request().identifier(identifier).sequence_number(sequence_number));
        we.send(echo_reply().identifier(identifier).sequence_number(sequence_number).data(b""));
    }
}

#[test]
fn icmp_21_all_data_comes_back() {
    let story = Story::new(
        "The reply has all of the request's data, from no byte to as many as the MTU allows",
        "RFC 1122, 3.2.2.6 (ICMP-21)",
    );
    let Cast { peer, we, .. } = story.cast();

    let pattern: Vec<u8> = (0..=250).cycle().take(1472).collect();
    for length in [0, 1, 2, 3, 56, 1471, 1472] {
        let (data, _) = pattern.split_at(length);
        peer.sends(echo_request().data(data));
        we.send(echo_reply().data(data));
    }
}

#[test]
fn icmp_28_a_bad_checksum_means_drop() {
    let story = Story::new(
        "A request with a wrong ICMP checksum is dropped in silence",
        "RFC 792 (ICMP-28)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    peer.sends(echo_request().data(b"abc").bad_checksum());
    we.drop_it_as(Counter::IcmpBadChecksum);
    peer.sends(echo_request().data(b"abc").byte(30, b'C'));
    we.drop_it_as(Counter::IcmpBadChecksum);
    nothing.is_sent_for(seconds(60));
}

#[test]
fn icmp_1_an_unknown_type_is_dropped() {
    let story = Story::new(
        "A message of unknown type is dropped in silence, and an echo of unknown code too",
        "RFC 1122, 3.2.2 (ICMP-1)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for kind in [1, 2, 6, 7, 19, 42, 127, 128, 253, 255] {
        peer.sends(icmp_message(kind, 0).data(b"abc"));
        we.drop_it_as(Counter::IcmpUnknown);
    }
    peer.sends(icmp_message(8, 1).data(b"abc"));
    we.drop_it_as(Counter::IcmpUnknown);
    nothing.is_sent_for(seconds(60));
}

#[test]
fn icmp_25_and_27_historic_requests_get_no_reply() {
    let story = Story::new(
        "Neither a timestamp, an information nor an address mask request is answered",
        "RFC 1122, 3.2.2.7 (ICMP-25) and 3.2.2.9 (ICMP-27)",
    );
    let Cast { peer, we, .. } = story.cast();

    for kind in [13, 15, 17] {
        peer.sends(icmp_message(kind, 0).data([0; 12]));
        we.drop_it_as(Counter::IcmpQuery);
    }
}

/// What an error quotes: the beginning of a datagram of UDP.
fn quoted_udp(source: [u8; 4], destination: [u8; 4]) -> Vec<u8> {
    let mut bytes = Vec::new();
    etherparse::PacketBuilder::ipv4(source, destination, 64)
        .udp(7, 40_000)
        .write(&mut bytes, b"")
        .expect("a short datagram");
    bytes
}

#[test]
fn icmp_3_an_error_about_what_we_cannot_have_sent_is_forged() {
    let story = Story::new(
        "An error is about something that we sent, or it is forged; nothing is sent either way",
        "RFC 1122, 3.2.2 (ICMP-3, ICMP-5)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    let ours = quoted_udp(STACK.octets(), KERNEL.octets());
    peer.sends(icmp_message(3, 3).data(&ours));
    we.drop_it_as(Counter::IcmpErrorForNobody);
    peer.sends(icmp_message(11, 0).data(&ours));
    we.drop_it_as(Counter::IcmpErrorForNobody);

    let anothers = quoted_udp([192, 0, 2, 9], KERNEL.octets());
    peer.sends(icmp_message(3, 3).data(&anothers));
    we.drop_it_as(Counter::IcmpErrorForged);
    peer.sends(icmp_message(12, 0).data(b"no datagram at all"));
    we.drop_it_as(Counter::IcmpErrorForged);
    peer.sends(icmp_message(3, 1).data(&ours[..27]));
    we.drop_it_as(Counter::IcmpErrorForged);
    nothing.is_sent_for(seconds(60));
}

#[test]
fn icmp_13_and_15_redirects_and_source_quenches_change_nothing() {
    let story = Story::new(
        "A redirect and a source quench are counted and ignored, since anybody could forge them",
        "RFC 1122, 3.2.2.2 (ICMP-13) and RFC 6633 (ICMP-15)",
    );
    let Cast { peer, we, .. } = story.cast();

    let ours = quoted_udp(STACK.octets(), KERNEL.octets());
    peer.sends(icmp_message(5, 1).rest_of_header([192, 0, 2, 1]).data(&ours));
    we.drop_it_as(Counter::IcmpRedirect);
    peer.sends(icmp_message(4, 0).data(&ours));
    we.drop_it_as(Counter::IcmpSourceQuench);
}

#[test]
fn icmp_22_an_echo_request_to_everybody_is_dropped() {
    let story = Story::new(
        "An echo request to a broadcast or multicast address is dropped in silence",
        "RFC 1122, 3.2.2.6 (ICMP-22, a MAY)",
    );
    let Cast { peer, we, .. } = story.cast();

    for everybody in [[192, 0, 2, 255], [255, 255, 255, 255], [224, 0, 0, 1]] {
        peer.sends(echo_request().to(everybody));
        we.drop_it_as(Counter::IcmpEchoToMany);
    }
    peer.sends(echo_request().to([224, 0, 0, 9]));
    we.drop_it_as(Counter::Ipv4NotForUs);
}

#[test]
fn a_reply_that_nobody_asked_for_is_dropped() {
    let story = Story::new(
        "An echo reply to nothing that we asked is dropped in silence",
        "RFC 1122, 3.2.2.6",
    );
    let Cast { peer, we, .. } = story.cast();

    peer.sends(echo_reply().identifier(7).sequence_number(1));
    we.drop_it_as(Counter::IcmpEchoReplyUnasked);
}

#[test]
fn a_message_without_a_whole_header_is_dropped() {
    let story = Story::new(
        "A message that is shorter than an ICMP header is dropped in silence",
        "RFC 792",
    );
    let Cast { peer, we, .. } = story.cast();

    let seven_bytes = [8, 0, 0xf7, 0xff, 0, 0, 0];
    for length in 0..=7 {
        let (message, _) = seven_bytes.split_at(length);
        peer.sends(datagram(1, message));
        we.drop_it_as(Counter::IcmpTruncated);
    }
}
