//! Stories of TCP: what a segment must be, and what may stand in its options (RFC 9293, 3.1, 3.2).

use stack::{Counter, Stack};
use story::*;
use tcp::{ConnectionOptions, State};

/// A listener, and what a peer with this SYN gets as a full segment: `size` bytes. Between two of
/// them the connection ends.
fn announces(story: &Story<Stack>, syns: Vec<Packet<Tcp>>, size: usize) {
    let Cast { peer, we, app, .. } = story.cast();
    let listener = app.listens(7);
    for (syn, port) in syns.into_iter().zip(40_000..) {
        peer.sends(syn.from_port(port));
        we.send(syn_ack().seq(0).ack(1));
        peer.sends(ack());
        let socket = app.accepts(listener);
        // What is behind the full segment waits for its acknowledgment.
        app.sends_tcp(socket, vec![7; size + 1]);
        we.send(data(vec![7; size]).seq(1));
        peer.sends(rst());
    }
}

#[test]
fn must_1_a_window_of_all_ones_is_the_largest() {
    let story = Story::new(
        "A window whose highest bit is set is no negative one",
        "RFC 9293, 3.1 (MUST-1, REC-1)",
    );
    let Cast { we, app, .. } = story.cast();

    let peers = syn().mss(1460).window(0xffff).window_scale(14);
    let socket = app.has_accepted_by(peers);
    app.sends_tcp(socket, [7; 14_600]);
    for segment in 0..10 {
        we.send(data([7; 1460]).seq(1 + segment * 1460));
    }
}

#[test]
fn must_2_every_segment_has_a_checksum_that_fits() {
    let story = Story::new(
        "What leaves has a correct checksum, be its length odd or even",
        "RFC 9293, 3.1 (MUST-2)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.has_accepted();
    let texts = [&b"a"[..], b"ab", b"abc", &[0xff; 1459], &[0; 1460]];
    for text in texts {
        app.sends_tcp(socket, text);
        we.send(data(text));
        peer.sends(ack());
    }
    app.shuts_down(socket);
    we.send(fin());
    app.aborts(socket);
    we.send(rst_ack());
}

#[test]
fn must_3_what_has_a_bad_checksum_is_not_accepted() {
    let story = Story::new(
        "No segment with a wrong checksum is acted upon or answered",
        "RFC 9293, 3.1 (MUST-3)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    app.sends_tcp(socket, b"hello");
    we.send(data(b"hello"));
    for segment in [data(b"abc"), ack(), fin(), rst(), syn(), syn().from_port(50_000)] {
        peer.sends(segment.bad_checksum());
        we.drop_it_as(Counter::TcpBadChecksum);
        nothing.is_sent();
    }
    // A byte that changed on the way, in the header and in the text.
    for offset in [24, 35, 40, 42] {
        peer.sends(data(b"abc").byte(offset, 0x99));
        we.drop_it_as(Counter::TcpBadChecksum);
    }
    app.receives_no_tcp(socket);
    app.finds_it(socket, State::Established);
    // Not even the acknowledgment counted.
    we.send_within(seconds(1), data(b"hello").seq(1));
}

#[test]
fn must_4_the_basic_options_are_understood() {
    let story = Story::new(
        "The maximum segment size is found among no-operations, and before the end of the list",
        "RFC 9293, 3.1 (MUST-4)",
    );

    announces(
        &story,
        vec![
            syn().mss(600),
            syn().tcp_options(&[1, 1, 1, 1]).mss(600),
            syn().mss(600).tcp_options(&[0, 0, 0, 0]),
            syn().tcp_options(&[1, 2, 4, 2, 88, 1, 1, 0]),
        ],
        600,
    );
}

#[test]
fn must_4_nothing_counts_behind_the_end_of_the_list() {
    let story = Story::new(
        "An option behind the end of the list is none",
        "RFC 9293, 3.1 (MUST-4, MUST-69)",
    );

    announces(&story, vec![syn().tcp_options(&[0, 0, 0, 0, 2, 4, 2, 88])], 536);
}

#[test]
fn must_5_an_option_may_stand_on_any_segment() {
    let story = Story::new(
        "Data, acknowledgments and the end may have options",
        "RFC 9293, 3.1 (MUST-5, MUST-6)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    peer.sends(data(b"abc").tcp_option(253, b"experimental"));
    app.receives_tcp(socket, b"abc");
    app.sends_tcp(socket, b"def");
    we.send(data(b"def").seq(1).ack(4));
    peer.sends(ack().tcp_options(&[1; 40]));
    nothing.is_sent_for(seconds(10));
    peer.sends(fin().mss(100).window_scale(3));
    we.send(ack().seq(4).ack(5));
    app.finds_the_end(socket);
}

#[test]
fn must_6_unknown_options_are_skipped_in_silence() {
    let story = Story::new(
        "What stands behind an unknown option counts, whatever the option's length",
        "RFC 9293, 3.1 (MUST-6, MUST-68)",
    );

    let kinds = [0x09, 0x0e, 0x13, 0x1c, 0x45, 0xfd, 0xff];
    let syns = kinds
        .into_iter()
        .zip([0, 1, 2, 5, 20, 32, 34])
        .map(|(kind, length)| syn().tcp_option(kind, &vec![2; length]).mss(600));
    announces(&story, syns.collect(), 600);
}

#[test]
fn must_7_a_length_that_cannot_be_does_no_harm() {
    let story = Story::new(
        "An option with an impossible length is ignored, and the segment is taken",
        "RFC 9293, 3.1 (MUST-7)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let impossible: [&[u8]; 8] = [
        &[253, 0, 1, 1],
        &[2, 0, 2, 88],
        &[2, 1, 2, 88],
        &[2, 3, 88, 0],
        &[253, 255, 1, 1],
        &[1, 1, 1, 8],
        // Who steps over the first two bytes finds a size behind them.
        &[253, 0, 2, 4, 2, 88, 1, 1],
        &[253, 1, 2, 4, 2, 88, 1, 1],
    ];
    let listener = app.listens(7);
    for (options, port) in impossible.iter().zip(40_000..) {
        peer.sends(syn().from_port(port).tcp_options(options));
        we.send(syn_ack().seq(0).ack(1));
        peer.sends(ack().tcp_options(options));
        let socket = app.accepts(listener);
        peer.sends(data(b"abc").tcp_options(options));
        app.receives_tcp(socket, b"abc");
        // Nothing that says so told a size.
        app.sends_tcp(socket, [7; 537]);
        we.send(data([7; 536]).seq(1).ack(4));
        peer.sends(rst().tcp_options(options));
    }
}

#[test]
fn must_64_a_size_may_begin_at_any_byte() {
    let story = Story::new(
        "The maximum segment size is read wherever it begins",
        "RFC 9293, 3.2 (MUST-64)",
    );

    let fills = [&[][..], &[1], &[1, 1], &[1, 1, 1]];
    announces(&story, fills.map(|fill| syn().tcp_options(fill).mss(600)).into(), 600);
}

#[test]
fn must_64_timestamps_may_begin_at_any_byte() {
    let story = Story::new(
        "Timestamps and a window scale are read wherever they begin",
        "RFC 9293, 3.2 (MUST-64)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    app.listens(7);
    for (fill, port) in [&[][..], &[1], &[1, 1], &[1, 1, 1]].iter().zip(40_000..) {
        let timestamps = [8, 10, 0, 0, 0, 9, 0, 0, 0, 0];
        let options = [fill, &timestamps[..], &[3, 3, 2], &[2, 4, 2, 88]].concat();
        peer.sends(syn().from_port(port).tcp_options(&options));
        we.send(syn_ack().mss(1460).window_scale(7).with_timestamps());
        peer.sends(rst());
    }
}

#[test]
fn must_65_and_68_our_options_stand_where_they_may() {
    let story = Story::new(
        "A SYN has the options that are for SYNs, and no other segment has them",
        "RFC 9293, 3.2 (MUST-65) and 3.1 (MUST-68, MUST-69)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.connects((KERNEL, 9));
    we.send(syn().mss(1460).window_scale(7).timestamps(0, 0).no_other_options());
    peer.sends(syn_ack().mss(1000).window_scale(2).with_timestamps());
    we.send(ack().with_timestamps().no_other_options());
    app.sends_tcp(socket, b"abc");
    we.send(data(b"abc").with_timestamps().no_other_options());
    app.shuts_down(socket);
    we.send(fin().with_timestamps().no_other_options());
    app.aborts(socket);
    we.send(rst_ack().with_timestamps().no_other_options());
}

#[test]
fn must_65_what_the_peer_did_not_offer_is_not_answered() {
    let story = Story::new(
        "A SYN-ACK has of window scale and timestamps what the SYN has, and what we want",
        "RFC 7323, 2.2 and 3.2; RFC 9293, 3.2 (MUST-65)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    app.listens(7);
    peer.sends(syn().no_options().from_port(1));
    we.send(syn_ack().mss(1460).no_other_options());
    peer.sends(syn().window_scale(0).from_port(2));
    we.send(syn_ack().mss(1460).window_scale(7).no_other_options());
    peer.sends(syn().with_timestamps().from_port(3));
    we.send(syn_ack().mss(1460).timestamps(0, 0).no_other_options());

    let options =
        ConnectionOptions { window_scaling: false, timestamps: false, ..Default::default() };
    app.listens_with(8, "without scaling and timestamps", options);
    peer.sends(syn().window_scale(7).with_timestamps().from_port(4).to_port(8));
    we.send(syn_ack().mss(1460).no_other_options());
}

#[test]
fn reserved_bits_may_be_anything() {
    let story = Story::new(
        "Bits that are reserved for the future are ignored",
        "RFC 9293, 3.1 (Rsrvd: must be ignored in received segments)",
    );
    let Cast { peer, app, .. } = story.cast();

    let socket = app.has_accepted();
    for (bits, text) in [(0b0001, b"a"), (0b1000, b"b"), (0b1111, b"c")] {
        peer.sends(data(text).reserved_bits(bits));
        app.receives_tcp(socket, text);
        story.cast().anything.may_be_sent_for(ms(100));
    }
}

#[test]
fn a_header_that_cannot_be_means_drop() {
    let story = Story::new(
        "A header that ends before it could, or behind the packet, means drop",
        "RFC 9293, 3.1 (DOffset)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    app.listens(7);
    for words in [0, 1, 4, 7, 15] {
        peer.sends(syn().data_offset(words));
        we.drop_it_as(Counter::TcpBadHeaderLength);
    }
    for length in [0, 1, 19] {
        peer.sends(datagram(6, &[0; 20][..length]));
        we.drop_it_as(Counter::TcpTruncated);
    }
}
