//! Stories of datagrams that come, or leave, in pieces.

use stack::{Counter, Stack};
use story::*;

/// A ping of 3000 bytes, to be sent in pieces. Each of its three pieces fills a frame but the last.
fn ping(identification: u16) -> Packet<Echo> {
    echo_request().identification(identification).data(pattern(3000))
}

/// Data of which no two stretches of a packet's length are the same.
fn pattern(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

fn pieces(ping: &Packet<Echo>) -> [Fragment<Echo>; 3] {
    [ping.fragment(..1480), ping.fragment(1480..2960), ping.fragment(2960..)]
}

/// The answer to a ping of that length.
#[track_caller]
fn the_ping_is_answered(we: We<'_, Stack>) {
    we.send_in_fragments(echo_reply().data(pattern(3000)));
}

#[test]
fn frag_1_a_datagram_of_576_bytes_is_put_together() {
    let story = Story::new(
        "A datagram of 576 bytes is put together from its fragments",
        "RFC 1122, 3.3.2 (FRAG-1) and 3.2.1.4 (IP-12)",
    );
    let Cast { peer, we, .. } = story.cast();

    let ping = echo_request().data(pattern(548));
    peer.sends(ping.fragment(..280));
    we.have_counted(1, Counter::Ipv4Fragments);
    peer.sends(ping.fragment(280..));
    we.send(echo_reply().data(pattern(548)));
    we.have_counted(2, Counter::Ipv4Fragments);
    we.have_counted(1, Counter::Ipv4Reassembled);
}

#[test]
fn frag_2_and_icmp_21_the_longest_datagram_is_put_together_and_answered() {
    let story = Story::new(
        "A ping with as much data as a datagram can hold is answered with all of it",
        "RFC 1122, 3.3.2 (FRAG-2) and 3.2.2.6 (ICMP-21)",
    );
    let Cast { peer, we, .. } = story.cast();

    let ping = echo_request().data(pattern(65_507));
    let last = 44 * 1480;
    for start in (0..last).step_by(1480) {
        peer.sends(ping.fragment(start..start + 1480));
    }
    peer.sends(ping.fragment(last..));
    we.send_in_fragments(echo_reply().data(pattern(65_507)));
}

#[test]
fn frag_6_fragments_come_in_any_order() {
    let story = Story::new(
        "In whatever order the fragments come, the datagram is the same",
        "RFC 791, 3.2 (FRAG-6)",
    );
    let Cast { peer, we, .. } = story.cast();

    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (identification, order) in (0..).zip(orders) {
        for piece in order {
            peer.sends(pieces(&ping(identification))[piece].clone());
        }
        the_ping_is_answered(we);
    }
}

#[test]
fn frag_6_a_fragment_that_comes_twice_counts_once() {
    let story = Story::new(
        "A fragment that comes again as it was changes nothing",
        "RFC 791, 3.2 (FRAG-6)",
    );
    let Cast { peer, we, .. } = story.cast();

    let [first, middle, last] = pieces(&ping(1));
    for piece in [&first, &last] {
        peer.sends(piece.clone());
        peer.sends(piece.clone());
        we.drop_it_as(Counter::Ipv4FragmentDuplicate);
    }
    peer.sends(middle);
    the_ping_is_answered(we);
}

#[test]
fn frag_6_only_fragments_of_one_datagram_are_put_together() {
    let story = Story::new(
        "Fragments belong together by source, destination, protocol and identification",
        "RFC 791, 3.2 (FRAG-6)",
    );
    let Cast { peer, we, .. } = story.cast();

    let one = ping(1);
    let others =
        [ping(2), ping(1).from([192, 0, 2, 9]), ping(1).from([192, 0, 2, 10]).identifier(5)];
    peer.sends(one.fragment(..1480));
    for other in &others {
        peer.sends(other.fragment(1480..));
    }
    peer.sends(datagram(99, &pattern(3008)).identification(1).fragment(1480..));

    peer.sends(one.fragment(1480..));
    the_ping_is_answered(we);
    for (other, asker) in others.iter().zip([1, 9, 10]) {
        peer.sends(other.fragment(..1480));
        we.send_in_fragments(echo_reply().to([192, 0, 2, asker]).data(pattern(3000)));
    }
}

#[test]
fn frag_6_fragments_that_overlap_are_refused() {
    let story = Story::new(
        "Of a datagram whose fragments overlap nothing is taken, before or after",
        "RFC 791, 3.2 (FRAG-6); RFC 1858 (FRAG-7)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    let attack = ping(1);
    peer.sends(attack.fragment(..1480));
    peer.sends(attack.fragment(1472..2960));
    we.drop_it_as(Counter::Ipv4FragmentOverlap);
    for piece in pieces(&attack) {
        peer.sends(piece);
        we.drop_it_as(Counter::Ipv4FragmentRefused);
    }
    nothing.is_sent_for(seconds(60));

    for piece in pieces(&ping(2)) {
        peer.sends(piece);
    }
    the_ping_is_answered(we);
}

#[test]
fn frag_7_an_overlap_cannot_rewrite_the_header_inside() {
    let story = Story::new(
        "A second fragment with other bytes in the same place gets the datagram refused",
        "RFC 1858 (FRAG-7)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    let harmless = udp().to_port(80).identification(1).data([0; 16]);
    let harmful = udp().to_port(7).identification(1).data([1; 16]);
    peer.sends(harmless.fragment(..16));
    peer.sends(harmful.fragment(..16));
    we.drop_it_as(Counter::Ipv4FragmentOverlap);
    peer.sends(harmful.fragment(16..));
    we.drop_it_as(Counter::Ipv4FragmentRefused);
    nothing.is_sent_for(seconds(120));
}

#[test]
fn frag_7_a_tiny_first_fragment_of_tcp_is_refused() {
    let story = Story::new(
        "A first fragment that cuts the TCP header in two is dropped",
        "RFC 1858, 3 and RFC 3128 (FRAG-7)",
    );
    let Cast { peer, we, .. } = story.cast();

    peer.sends(datagram(6, &[0; 40]).identification(1).fragment(..16));
    we.drop_it_as(Counter::Ipv4FragmentTiny);
}

#[test]
fn frag_6_a_datagram_cannot_end_twice() {
    let story = Story::new(
        "Fragments that disagree on where the datagram ends are refused",
        "RFC 791, 3.2 (FRAG-6)",
    );
    let Cast { peer, we, .. } = story.cast();

    let long = datagram(99, &[0; 64]).identification(1);
    let short = datagram(99, &[0; 32]).identification(1);
    peer.sends(short.fragment(24..));
    peer.sends(long.fragment(40..48));
    we.drop_it_as(Counter::Ipv4FragmentOverlap);
    peer.sends(short.fragment(..24));
    we.drop_it_as(Counter::Ipv4FragmentRefused);
}

#[test]
fn rob_1_fragments_that_cannot_be_are_dropped() {
    let story = Story::new(
        "A fragment without data, of an odd length or beyond the longest datagram is dropped",
        "RFC 1122, 1.2.2 (ROB-1)",
    );
    let Cast { peer, we, .. } = story.cast();

    let fragment = |data: &[u8]| datagram(99, data).dont_fragment(false).more_fragments(true);
    peer.sends(fragment(b""));
    we.drop_it_as(Counter::Ipv4FragmentMalformed);
    for length in [1, 7, 9, 1479] {
        peer.sends(fragment(&pattern(length)));
        we.drop_it_as(Counter::Ipv4FragmentMalformed);
    }
    // The ping of death: its end is at byte 65,528 + 8.
    peer.sends(fragment(&[0; 8]).more_fragments(false).fragment_offset(8191));
    we.drop_it_as(Counter::Ipv4FragmentMalformed);
}

#[test]
fn frag_4_and_5_after_a_minute_the_sender_is_told() {
    let story = Story::new(
        "A minute after its first fragment an incomplete datagram is given up, and told of",
        "RFC 1122, 3.3.2 (FRAG-4, FRAG-5)",
    );
    let Cast { peer, we, time, nothing, .. } = story.cast();

    // The little time to live has nothing to do with it.
    let ping = ping(1).ttl(2);
    let [first, middle, last] = pieces(&ping);
    peer.sends(last);
    time.passes(seconds(59));
    peer.sends(first.clone());
    we.send_after(seconds(1), reassembly_time_exceeded().quoting(first));
    we.have_counted(1, Counter::Ipv4ReassemblyTimeout);

    peer.sends(middle);
    nothing.is_sent_for(seconds(120));
    we.have_counted(2, Counter::Ipv4ReassemblyTimeout);
}

#[test]
fn frag_4_without_the_first_fragment_nobody_is_told() {
    let story = Story::new(
        "Who sent an incomplete datagram is told only if its first fragment came",
        "RFC 1122, 3.3.2 (FRAG-4)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    peer.sends(ping(1).fragment(1480..));
    nothing.is_sent_for(seconds(120));
    we.have_counted(1, Counter::Ipv4ReassemblyTimeout);
}

#[test]
fn frag_13_memory_for_fragments_is_bounded() {
    let story = Story::of(
        "When too many datagrams are incomplete the oldest makes room",
        "RFC 1122, 3.3.2 (FRAG-13)",
        Scene::default(),
        |tracer| stack_with(&[Scene::default()], tracer, |config| config.reassembly.datagrams = 3),
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for identification in 1..=3 {
        peer.sends(ping(identification).fragment(..1480));
    }
    peer.sends(ping(4).fragment(..1480));
    we.drop_it_as(Counter::Ipv4ReassemblyFull);

    peer.sends(ping(4).fragment(1480..));
    the_ping_is_answered(we);
    peer.sends(ping(3).fragment(1480..));
    the_ping_is_answered(we);
    peer.sends(ping(1).fragment(1480..));
    nothing.is_sent();
}

#[test]
fn frag_9_and_10_what_leaves_is_cut_to_the_mtu() {
    let story = Story::new(
        "What does not fit the MTU leaves in fragments, and what fits leaves whole",
        "RFC 1122, 3.3.3 (FRAG-9, FRAG-10)",
    );
    let Cast { peer, we, .. } = story.cast();

    for length in [1472, 1473, 2952, 2953] {
        let ping = echo_request().data(pattern(length));
        peer.sends(ping.fragment(..1024));
        peer.sends(ping.fragment(1024..));
        if length <= 1472 {
            we.send(echo_reply().data(pattern(length)));
        } else {
            we.send_in_fragments(echo_reply().data(pattern(length)));
        }
    }
}
