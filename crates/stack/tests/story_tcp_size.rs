//! Stories of TCP: how large a segment is (RFC 9293, 3.7).

use story::*;
use tcp::ConnectionOptions;

#[test]
fn must_14_the_maximum_segment_size_is_announced_and_obeyed() {
    let story = Story::new(
        "We say how large a segment we take, and send none that is larger than the peer takes",
        "RFC 9293, 3.7.1 (MUST-14, SHLD-5, MAY-3)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let listener = app.listens(7);
    peer.sends(syn().mss(500));
    we.send(syn_ack().mss(1460));
    peer.sends(ack());
    let socket = app.accepts(listener);
    app.sends_tcp(socket, [7; 1200]);
    we.send(data([7; 500]).seq(1));
    we.send(data([7; 500]).seq(501));
    peer.sends(ack());
    we.send(data([7; 200]).seq(1001));

    let socket = app.connects((KERNEL, 9));
    we.send(syn().mss(1460));
    peer.sends(syn_ack().mss(700));
    we.send(ack());
    app.sends_tcp(socket, [7; 1400]);
    we.send(data([7; 700]).seq(1));
    we.send(data([7; 700]).seq(701));
}

#[test]
fn must_15_a_peer_that_says_nothing_takes_536_bytes() {
    let story = Story::new(
        "Without the option a segment has 536 bytes at most, whoever asked",
        "RFC 9293, 3.7.1 (MUST-15)",
    );
    let Cast { we, app, .. } = story.cast();

    let socket = app.has_accepted_by(syn().no_options());
    app.sends_tcp(socket, [7; 1072]);
    we.send(data([7; 536]));
    we.send(data([7; 536]));

    let socket = app.has_connected_by(syn_ack().no_options());
    app.sends_tcp(socket, [7; 1072]);
    we.send(data([7; 536]));
    we.send(data([7; 536]));
}

#[test]
fn must_16_no_segment_is_larger_than_ip_sends() {
    let story = Story::new(
        "What the peer takes beyond our MTU does not count",
        "RFC 9293, 3.7.1 (MUST-16)",
    );
    let Cast { we, app, .. } = story.cast();

    let socket = app.has_accepted_by(syn().mss(9000));
    app.sends_tcp(socket, [7; 2920]);
    we.send(data([7; 1460]).dont_fragment(true));
    we.send(data([7; 1460]));
}

#[test]
fn must_16_options_take_their_room_from_the_text() {
    let story = Story::new(
        "A segment with timestamps has 12 bytes less of text, by the peer's size and by the MTU's",
        "RFC 9293, 3.7.1 (MUST-16); RFC 6691",
    );
    let Cast { we, app, .. } = story.cast();

    let socket = app.has_accepted_by(syn().mss(1460).with_timestamps());
    app.sends_tcp(socket, [7; 2896]);
    we.send(data([7; 1448]));
    we.send(data([7; 1448]));

    let socket = app.has_connected_by(syn_ack().mss(1000).with_timestamps());
    app.sends_tcp(socket, [7; 1976]);
    we.send(data([7; 988]));
    we.send(data([7; 988]));
}

#[test]
fn must_16_a_size_of_next_to_nothing_is_not_believed() {
    let story = Story::new(
        "A peer that takes a byte at a time gets segments of a size that every network carries",
        "RFC 9293, 3.7.1; RFC 791, 3.2: every network carries 68 bytes",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let listener = app.listens(7);
    for (size, port) in [0, 1, 27].into_iter().zip(40_000..) {
        peer.sends(syn().from_port(port).mss(size));
        we.send(syn_ack());
        peer.sends(ack());
        let socket = app.accepts(listener);
        app.sends_tcp(socket, [7; 10_000]);
        story.cast().anything.may_be_sent();
        peer.sends(rst());
    }
}

#[test]
fn must_67_what_is_announced_follows_from_the_mtu() {
    for (mtu, size) in [(1500, 1460), (600, 560), (576, 536), (9000, 8960)] {
        let mut scene = Scene::default();
        scene.mtu = mtu;
        let story = Story::in_scene(
            &format!("With an MTU of {mtu} bytes the announced size is {size}"),
            "RFC 9293, 3.7.1 (MUST-67), 3.7.3",
            scene,
        );
        let Cast { peer, we, app, .. } = story.cast();

        app.listens(7);
        // Options do not count: the sender of a segment deducts those that it has.
        peer.sends(syn().with_timestamps());
        we.send(syn_ack().mss(size));
        app.connects((KERNEL, 9));
        we.send(syn().mss(size));
    }
}

#[test]
fn must_67_the_application_may_announce_less() {
    let story = Story::new(
        "A size that the application asks for is announced, unless IP takes less",
        "RFC 9293, 3.7.1 (MUST-67)",
    );
    let Cast { we, app, .. } = story.cast();

    let options =
        |size| ConnectionOptions { maximum_segment_size: Some(size), ..Default::default() };
    app.connects_with((KERNEL, 9), "with an MSS of 1000", options(1000));
    we.send(syn().mss(1000));
    app.connects_with((KERNEL, 9), "with an MSS of 5000", options(5000));
    we.send(syn().mss(1460));
}

#[test]
fn shld_7_small_segments_wait_while_others_are_outstanding() {
    let story = Story::new(
        "What does not fill a segment waits until all that was sent is acknowledged",
        "RFC 9293, 3.7.4 (SHLD-7)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.has_accepted();
    app.sends_tcp(socket, b"a");
    we.send(data(b"a").seq(1));
    app.sends_tcp(socket, b"b");
    app.sends_tcp(socket, b"c");
    nothing.is_sent_for(ms(199));
    peer.sends(ack().ack(2));
    we.send(data(b"bc").seq(2));

    // A full segment does not wait, and takes along what waits.
    app.sends_tcp(socket, [7; 1459]);
    nothing.is_sent();
    app.sends_tcp(socket, b"d");
    we.send(data([&[7; 1459][..], b"d"].concat()).seq(4));
}

#[test]
fn shld_7_the_end_waits_for_nothing() {
    let story = Story::new(
        "When the application closes, what waits to fill a segment leaves with the FIN",
        "RFC 9293, 3.7.4 (SHLD-7)",
    );
    let Cast { we, app, .. } = story.cast();

    let socket = app.has_accepted();
    app.sends_tcp(socket, b"a");
    we.send(data(b"a").seq(1));
    app.sends_tcp(socket, b"b");
    app.shuts_down(socket);
    we.send(fin().text(b"b").seq(2));
}

#[test]
fn must_17_nagles_algorithm_can_be_switched_off() {
    let story = Story::new(
        "Without Nagle's algorithm each small segment leaves at once",
        "RFC 9293, 3.7.4 (MUST-17)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let no_delay = ConnectionOptions { no_delay: true, ..Default::default() };
    let socket = app.has_accepted_with(syn(), "without Nagle's algorithm", no_delay);
    for (seq, text) in (1..).zip([b"a", b"b", b"c"]) {
        app.sends_tcp(socket, text);
        we.send(data(text).seq(seq));
    }
    app.has_tcp(socket, "use Nagle's algorithm again", |options| options.no_delay = false);
    app.sends_tcp(socket, b"d");
    story.cast().nothing.is_sent();
    // And off again, which lets out what waits.
    app.has_tcp(socket, "do without it again", |options| options.no_delay = true);
    we.send(data(b"d").seq(4));
    peer.sends(ack());
}
