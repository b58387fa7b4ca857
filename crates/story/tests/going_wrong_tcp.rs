//! What stories say that go wrong in the words of TCP.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

#[expect(dead_code, reason = "no router here")]
mod puppet;
mod says;

use puppet::{Puppet, by_us};
use says::{compares, says};
use snapbox::str;
use stack::Stack;
use story::*;
use tcp::{Error, SocketId, State};

fn story(title: &str) -> Story<Stack> {
    Story::new(title, "RFC 9293")
}

#[test]
fn a_segment_with_another_number() {
    says(
        || {
            let story = story("A segment is acknowledged");
            let Cast { peer, we, app, .. } = story.cast();
            app.has_accepted();
            peer.sends(data(b"abc"));
            we.send_after(ms(40), ack().seq(1).ack(5).window(100));
        },
        str![[r#"
this story went wrong:

  A segment is acknowledged.

It shows RFC 9293.
It is told in crates/story/tests/going_wrong_tcp.rs, from line ... on.

The story so far, each step with its time in seconds:
    1. 0.000000  The application listens on TCP port 7.
    2. 0.000000  The peer sends a SYN.
    3. 0.000000  We send a SYN-ACK with sequence number 0 and acknowledgment number 1.
    4. 0.000000  The peer sends an ACK.
    5. 0.000000  The application finds a connection to accept.
    6. 0.000000  The peer sends a segment with data "abc".
->  7. 0.000000  After 40 ms we send an ACK with sequence number 1, acknowledgment number 5 and window 100.

Expected: an ACK with sequence number 1, acknowledgment number 5 and window 100.
Instead:  at 0.040000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [ACK] seq 1 ack 4 win 65532, 40 bytes.
  - Its acknowledgment number is 4, but should be 5.
  - Its window is 65532, but should be 100.

What crossed the wire:
      time  peer                                                                     we  took
  0.000000  │───────────────────────────── [SYN] seq 0 ──────────────────────────────►│
            │                                     LISTEN -> SYN-RECEIVED (a SYN came) │
            │◄──────────────── [SYN, ACK] seq 0 ack 1: answers a SYN ─────────────────│
            │────────────────────────── [ACK] seq 1 ack 1 ───────────────────────────►│
            │                  SYN-RECEIVED -> ESTABLISHED (our SYN was acknowledged) │
            │─────────────────────── [ACK] seq 1 ack 1 data 3 ───────────────────────►│
  0.040000  │                                                 delayed ACK timer fired │
            │◄──────── [ACK] seq 1 ack 4: delayed ACK: nothing took it along ─────────│

The steps count sequence numbers from 4294872553 (the peer's) and 4294966090 (ours).

The same for Wireshark: .../a-segment-is-acknowledged.pcapng
"#]],
    );
}

#[test]
fn a_segment_of_another_kind() {
    let compares = |expectation: fn(We<'_, Stack>), expected| {
        compares(
            || {
                let story = story("A SYN is answered");
                let Cast { peer, we, app, .. } = story.cast();
                app.listens(7);
                peer.sends(syn().mss(1000));
                expectation(we);
            },
            expected,
        );
    };
    compares(
        |we| we.send(ack()),
        str![[r#"
Expected: an ACK.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [SYN, ACK] seq 0 ack 1 win 65535, 44 bytes.
  - Its control bits are SYN and ACK, but should be ACK.
"#]],
    );
    compares(
        |we| we.send(rst_ack().seq(0).ack(1)),
        str![[r#"
Expected: an RST-ACK with sequence number 0 and acknowledgment number 1.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [SYN, ACK] seq 0 ack 1 win 65535, 44 bytes.
  - Its control bits are SYN and ACK, but should be RST and ACK.
"#]],
    );
    compares(
        |we| we.send(syn_ack().from_port(8).to_port(40_001)),
        str![[r#"
Expected: a SYN-ACK with source port 8 and destination port 40001.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [SYN, ACK] seq 0 ack 1 win 65535, 44 bytes.
  - Its source port is 7, but should be 8.
  - Its destination port is 40000, but should be 40001.
"#]],
    );
    compares(
        |we| we.send(udp()),
        str![[r#"
Expected: a UDP datagram.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [SYN, ACK] seq 0 ack 1 win 65535, 44 bytes.
  - It is not a UDP datagram: it carries TCP (6).
"#]],
    );
    compares(
        |we| we.send(syn_ack().push(true).text(b"abc")),
        str![[r#"
Expected: a SYN-ACK with PSH and data "abc".
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [SYN, ACK] seq 0 ack 1 win 65535, 44 bytes.
  - Its control bits are SYN and ACK, but should be SYN, PSH and ACK.
  - Its data is nothing, but should be "abc".
"#]],
    );
}

#[test]
fn other_options() {
    let compares = |expectation: fn(We<'_, Stack>), expected| {
        compares(
            || {
                let story = story("A SYN is answered");
                let Cast { peer, we, app, .. } = story.cast();
                app.listens(7);
                peer.sends(syn().mss(1000).window_scale(2).with_timestamps());
                expectation(we);
            },
            expected,
        );
    };
    compares(
        |we| we.send(syn_ack().mss(1000).window_scale(9).sack_permitted()),
        str![[r#"
Expected: a SYN-ACK with MSS 1000, window scale 9 and SACK permitted.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [SYN, ACK] seq 0 ack 1 win 65535, 60 bytes.
  - Its MSS is 1460, but should be 1000.
  - Its window scale is 7, but should be 9.
  - It has no SACK permitted.
"#]],
    );
    compares(
        |we| we.send(syn_ack().no_options()),
        str![[r#"
Expected: a SYN-ACK with no options.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [SYN, ACK] seq 0 ack 1 win 65535, 60 bytes.
  - It has MSS 1460, timestamps and window scale 7, but should not.
"#]],
    );
    compares(
        |we| we.send(syn_ack().timestamps(1, 2).no_other_options()),
        str![[r#"
Expected: a SYN-ACK with timestamps 1 echoing 2 and no other options.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [SYN, ACK] seq 0 ack 1 win 65535, 60 bytes.
  - Its timestamp value is 0, but should be 1.
  - Its timestamp echo is 0, but should be 2.
  - It has MSS 1460 and window scale 7, but should not.
"#]],
    );
    compares(
        |we| we.send(syn_ack().tcp_options(&[2, 4, 5, 0xb4])),
        str![[r#"
Expected: a SYN-ACK with the bytes 02 04 05 b4 as options.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [SYN, ACK] seq 0 ack 1 win 65535, 60 bytes.
  - Its options field is 20 bytes, but should be the bytes 02 04 05 b4.
"#]],
    );
}

#[test]
fn what_no_segment_may_be() {
    let compares = |segment: fn() -> Packet<Tcp>, expected| {
        compares(
            || {
                let scene = Scene::default();
                let says = [by_us(&scene, segment().from_port(7).to_port(40_000).seq(0).ack(0))];
                let story = Puppet::story("We say something", scene, &says);
                let Cast { peer, we, .. } = story.cast();
                peer.sends(udp());
                we.send(ack());
            },
            expected,
        );
    };
    compares(
        || ack().mss(1460),
        str![[r#"
Expected: an ACK.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [ACK] seq 4294964333 ack 322476650 win 65535, 44 bytes.
  - It has MSS 1460, which is for a SYN alone (MUST-65).
"#]],
    );
    compares(
        || ack().tcp_options(&[8, 9, 0, 0]),
        str![[r#"
Expected: an ACK.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [ACK] seq 4294964333 ack 322476650 win 65535, 44 bytes.
  - Its options cannot be read (MUST-68): TcpOptionReadError: Not enough memory left in slice to read option of kind 8 (expected at least 10 bytes, only 4 bytes available).
"#]],
    );
    compares(
        || ack().tcp_options(&[1, 0, 0, 7]),
        str![[r#"
Expected: an ACK.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [ACK] seq 4294964333 ack 322476650 win 65535, 44 bytes.
  - What follows the end of its options is not zero (MUST-69).
"#]],
    );
    compares(
        || ack().urgent(5),
        str![[r#"
Expected: an ACK.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [ACK, URG] seq 4294964333 ack 322476650 win 65535, 40 bytes.
  - Its control bits are URG and ACK, but should be ACK.
"#]],
    );
}

#[test]
fn a_segment_that_is_larger_than_the_peer_takes() {
    compares(
        || {
            let scene = Scene::default();
            let segment = data(b"abc").from_port(7).to_port(40_000).seq(0).ack(0);
            let says = [by_us(&scene, segment.with_timestamps())];
            let story = Puppet::story("We say something", scene, &says);
            let Cast { peer, we, .. } = story.cast();
            peer.sends(syn().mss(14));
            we.send(data(b"abc"));
        },
        str![[r#"
Expected: a segment with data "abc".
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [ACK] seq 4294964333 ack 322479613 win 65535 data 3, 55 bytes.
  - Its data and its options are 15 bytes, but the peer's MSS is 14 (MUST-16).
"#]],
    );
}

#[test]
fn a_number_on_the_wire() {
    compares(
        || {
            let story = story("A closed port resets");
            let Cast { peer, we, .. } = story.cast();
            peer.sends_at_once(&[flags("FIN").seq(9), flags("FIN").seq(9)]);
            we.send(rst_ack().raw_seq(1).ack(11));
        },
        str![[r#"
Expected: an RST-ACK with sequence number 1 on the wire and acknowledgment number 11.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [RST, ACK] seq 0 ack 4294965762 win 0, 40 bytes.
  - Its sequence number on the wire is 0, but should be 1.
  - Its acknowledgment number is 10, but should be 11.
"#]],
    );
    compares(
        || {
            let story = story("Nobody has asked yet");
            story.cast().we.first_number();
        },
        str![[r#"
Expected: a SYN of ours.
Instead:  we have sent none.
"#]],
    );
}

#[test]
fn a_peer_that_cannot_know() {
    compares(
        || story("The peer acknowledges what was never sent").cast().peer.sends(ack()),
        str![[r#"
Expected: the peer can send an ACK.
Instead:  there is no such packet: we have not sent a SYN yet that it could acknowledge.
"#]],
    );
    compares(
        || {
            let story = story("The peer sends too many options");
            story.cast().peer.sends(syn().tcp_options(&[1; 44]));
        },
        str![[r#"
Expected: the peer can send a SYN with 44 bytes as options.
Instead:  there is no such packet: TcpOptionWriteError: Not enough memory to store all options in the options section of a tcp header (maximum 40 bytes can be stored, the options would have needed 44 bytes).
"#]],
    );
}

#[test]
fn an_application_that_finds_something_else() {
    let compares = |tell: fn(&Cast<'_, Stack>, SocketId), expected| {
        compares(
            || {
                let story = story("The application uses its connection");
                let cast = story.cast();
                let socket = cast.app.has_accepted();
                tell(&cast, socket);
            },
            expected,
        );
    };
    compares(
        |Cast { peer, app, .. }, socket| {
            peer.sends(data(b"abd"));
            app.receives_tcp(socket, b"abc");
        },
        str![[r#"
Expected: the application finds "abc" at its TCP socket.
Instead:  the data is "abd", but should be "abc".
"#]],
    );
    compares(
        |Cast { peer, app, .. }, socket| {
            peer.sends(data(b"abc").bad_checksum());
            app.receives_tcp(socket, b"abc");
        },
        str![[r#"
Expected: the application finds "abc" at its TCP socket.
Instead:  the call fails: nothing is ready at the moment; what came was dropped: the TCP checksum is wrong (counter tcp_bad_checksum).
"#]],
    );
    compares(
        |Cast { peer, app, .. }, socket| {
            peer.sends(data(b"abc"));
            app.finds_the_end(socket);
        },
        str![[r#"
Expected: the application finds the end of what the peer sends.
Instead:  there is more to read: 3 bytes or more.
"#]],
    );
    compares(
        |Cast { app, .. }, socket| app.finds_it(socket, State::CloseWait),
        str![[r#"
Expected: the application finds its connection in CLOSE-WAIT.
Instead:  it is in ESTABLISHED.
"#]],
    );
    compares(
        |Cast { app, .. }, socket| app.learns_of(socket, Error::ConnectionReset),
        str![[r#"
Expected: the application finds an error: the peer ended the connection.
Instead:  there is no error.
"#]],
    );
    compares(
        |Cast { app, .. }, socket| app.finds_urgent(socket, 3),
        str![[r#"
Expected: the application finds 3 bytes to read up to the end of what is urgent.
Instead:  there is nothing urgent to read.
"#]],
    );
    compares(
        |Cast { app, .. }, _| {
            app.listens(7);
        },
        str![[r#"
Expected: the application listens on TCP port 7.
Instead:  the call fails: the address is in use by another socket.
"#]],
    );
    compares(
        |Cast { app, .. }, _| app.cannot_listen((STACK, 8), Error::AddressInUse),
        str![[r#"
Expected: the application finds that it cannot listen on 192.0.2.2:8: the address is in use by another socket.
Instead:  it can.
"#]],
    );
}
