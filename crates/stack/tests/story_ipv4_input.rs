//! Stories of datagrams that come in: which are taken, and under which counter the rest goes.
//!
//! Each drop is followed by nothing at all, and the next good packet is answered as ever.

use stack::{Counter, Stack};
use story::*;

/// The peer's next packet is a ping like any other, and is answered.
#[track_caller]
fn the_next_ping_is_answered(Cast { peer, we, .. }: &Cast<'_, Stack>) {
    peer.sends(echo_request().data(b"still there?"));
    we.send(echo_reply().data(b"still there?"));
}

#[test]
fn ip_4_another_version_is_dropped() {
    let story = Story::new(
        "A packet whose version is not 4 is dropped in silence",
        "RFC 1122, 3.2.1.1 (IP-4)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for version in (0..=15).filter(|version| ![4, 6].contains(version)) {
        peer.sends(echo_request().version(version));
        we.drop_it_as(Counter::NotIp);
    }
    peer.sends(echo_request().version(6));
    we.drop_it_as(Counter::Ipv6NotSupported);
    nothing.is_sent_for(seconds(60));
    the_next_ping_is_answered(&story.cast());
}

#[test]
fn ip_5_a_bad_header_checksum_is_dropped() {
    let story = Story::new(
        "A packet with a wrong header checksum is dropped in silence",
        "RFC 1122, 3.2.1.2 (IP-5)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    peer.sends(echo_request().bad_header_checksum());
    we.drop_it_as(Counter::Ipv4BadChecksum);
    peer.sends(echo_request().ttl(64).byte(8, 63));
    we.drop_it_as(Counter::Ipv4BadChecksum);
    peer.sends(echo_request().options(&[1, 1, 1, 0]).byte(20, 0));
    we.drop_it_as(Counter::Ipv4BadChecksum);
    nothing.is_sent_for(seconds(60));
    the_next_ping_is_answered(&story.cast());
}

#[test]
fn ip_8_a_packet_for_another_host_is_dropped() {
    let story = Story::new(
        "A packet for another host is neither answered nor sent on",
        "RFC 1122, 3.2.1.3 (IP-8) and 3.1 (IP-3)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for neighbour in [[192, 0, 2, 3], [192, 0, 2, 1], [198, 51, 100, 2], [127, 0, 0, 1]] {
        peer.sends(echo_request().to(neighbour));
        we.drop_it_as(Counter::Ipv4NotForUs);
    }
    nothing.is_sent_for(seconds(60));
    the_next_ping_is_answered(&story.cast());
}

#[test]
fn ip_9_an_impossible_source_is_dropped() {
    let story = Story::new(
        "A packet whose source is no other single host's address is dropped in silence",
        "RFC 1122, 3.2.1.3 (IP-9)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    let sources = [
        [255, 255, 255, 255],
        [192, 0, 2, 255],
        [224, 0, 0, 1],
        [239, 255, 255, 255],
        [240, 0, 0, 1],
        [127, 0, 0, 1],
        [0, 0, 0, 0],
        STACK.octets(),
    ];
    for source in sources {
        peer.sends(echo_request().from(source));
        we.drop_it_as(Counter::Ipv4BadSource);
    }
    nothing.is_sent_for(seconds(60));
    the_next_ping_is_answered(&story.cast());
}

#[test]
fn ip_17_a_ttl_of_0_or_1_is_enough_to_reach_us() {
    let story = Story::new(
        "A packet for us is taken whatever its time to live, and the answer gets one of its own",
        "RFC 1122, 3.2.1.7 (IP-17)",
    );
    let Cast { peer, we, .. } = story.cast();

    for ttl in [0, 1, 2, 255] {
        peer.sends(echo_request().ttl(ttl));
        we.send(echo_reply().ttl(64));
    }
}

#[test]
fn ip_22_and_23_options_that_mean_nothing_to_us_are_ignored() {
    let story = Story::new(
        "A packet with options that we do not know is taken as if it had none",
        "RFC 1122, 3.2.1.8 (IP-22, IP-23)",
    );
    let Cast { peer, we, .. } = story.cast();

    let unknown = [0x5e, 4, 0, 0];
    let stream_identifier = [0x88, 4, 0, 1];
    let as_many_as_fit = [1; 40];
    for options in [&unknown[..], &stream_identifier, &as_many_as_fit] {
        peer.sends(echo_request().options(options).data(b"abc"));
        we.send(echo_reply().options(&[]).data(b"abc"));
    }
}

#[test]
fn ip_28_malformed_options_do_no_harm() {
    let story = Story::new("Malformed options do no harm", "RFC 1122, 3.2.1.8 (IP-28)");
    let Cast { peer, anything, .. } = story.cast();

    let length_0 = [0x07, 0, 0, 0];
    let length_1 = [0x07, 1, 0, 0];
    let length_beyond_the_header = [0x07, 40, 4, 0];
    let no_length = [1, 1, 1, 0x07];
    for options in [length_0, length_1, length_beyond_the_header, no_length] {
        peer.sends(echo_request().options(&options));
        anything.may_be_sent();
        the_next_ping_is_answered(&story.cast());
    }
}

#[test]
fn ip_29_a_header_length_below_5_is_dropped() {
    let story = Story::new(
        "A packet that claims a header of fewer than 20 bytes is dropped in silence",
        "RFC 791, 3.1 (IP-29)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for words in 0..5 {
        peer.sends(echo_request().header_length(words));
        we.drop_it_as(Counter::Ipv4BadHeaderLength);
    }
    nothing.is_sent_for(seconds(60));
    the_next_ping_is_answered(&story.cast());
}

#[test]
fn ip_29_a_total_length_that_cannot_be_is_dropped() {
    let story = Story::new(
        "A packet whose total length is below its header's or above the frame's is dropped",
        "RFC 791, 3.1 (IP-29)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for total_length in [0, 19] {
        peer.sends(echo_request().total_length(total_length));
        we.drop_it_as(Counter::Ipv4BadTotalLength);
    }
    for total_length in [29, 65535] {
        peer.sends(echo_request().total_length(total_length));
        we.drop_it_as(Counter::Ipv4CutShort);
    }
    peer.sends(echo_request().header_length(8));
    we.drop_it_as(Counter::Ipv4BadTotalLength);
    nothing.is_sent_for(seconds(60));
    the_next_ping_is_answered(&story.cast());
}

#[test]
fn ip_29_a_packet_that_was_cut_off_is_dropped() {
    let story = Story::new(
        "A packet of which the end is missing is dropped in silence",
        "RFC 791, 3.1 (IP-29)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for length in 0..20 {
        peer.sends(echo_request().data(b"abc").truncated_to(length));
        we.drop_it_as(Counter::Ipv4Truncated);
    }
    for length in 20..31 {
        peer.sends(echo_request().data(b"abc").truncated_to(length));
        we.drop_it_as(Counter::Ipv4CutShort);
    }
    nothing.is_sent_for(seconds(60));
    the_next_ping_is_answered(&story.cast());
}

#[test]
fn ip_29_trailing_padding_is_cut_off() {
    let story = Story::new(
        "What a link puts behind a packet to reach its least length is no part of the data",
        "RFC 791, 3.1 (IP-29)",
    );
    let Cast { peer, we, .. } = story.cast();

    peer.sends(echo_request().data(b"abc").padded_with(&[0xff; 15]));
    we.send(echo_reply().data(b"abc"));
}

#[test]
fn a_protocol_that_nobody_speaks_is_dropped() {
    let story = Story::new(
        "A packet of a protocol that nobody here speaks is dropped",
        "RFC 1122, 3.1 (IP-2)",
    );
    let Cast { peer, we, anything, .. } = story.cast();

    for ospf_or_reserved in [89, 255] {
        peer.sends(datagram(ospf_or_reserved, b"anything"));
        we.drop_it_as(Counter::Ipv4UnknownProtocol);
        anything.may_be_sent();
    }
}
