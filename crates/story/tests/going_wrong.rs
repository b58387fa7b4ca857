//! Stories that go wrong on purpose: what they say is what a newcomer reads first, so it is
//! tested word by word. `SNAPSHOTS=overwrite cargo test -p story` writes it anew.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod toy;

use std::panic::{AssertUnwindSafe, catch_unwind};

use etherparse::{IcmpEchoHeader, Icmpv4Header, Icmpv4Type};
use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::{Block, PcapNgReader};
use snapbox::data::Inline;
use snapbox::{assert_data_eq, str};
use stack::{Counter, Stack};
use story::*;
use toy::{Fields, Listener, Puppet, ack, by_us, syn, syn_ack};
use udp::{Cause, Error, SocketId};

/// Tells a story that must go wrong, and compares all of what it says.
fn says(tell: impl FnOnce(), expected: Inline) {
    assert_data_eq!(without_places(&message_of(tell)), expected);
}

/// Compares only what it says under "Expected" and "Instead".
fn compares(tell: impl FnOnce(), expected: Inline) {
    let message = message_of(tell);
    let part = message.split("\n\n").find(|part| part.starts_with("Expected:")).unwrap();
    assert_data_eq!(part, expected);
}

fn message_of(tell: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(tell)).expect_err("the story went well");
    *panic.downcast().unwrap()
}

/// What differs from machine to machine, or with each line above it, left out.
fn without_places(message: &str) -> String {
    let line = |line: &str| {
        let before = |line: &str, end| line.split_once(end).map(|(start, _)| start.to_owned());
        if let Some(start) = before(line, ", from line ") {
            return format!("{start}, from line ... on.");
        }
        match line.strip_prefix("The same for Wireshark: ") {
            Some(path) => {
                let (_, name) = path.rsplit_once('/').unwrap();
                format!("The same for Wireshark: .../{name}")
            }
            None => line.to_owned(),
        }
    };
    message.trim_end().lines().map(line).collect::<Vec<_>>().join("\n")
}

fn story(title: &str) -> Story<Stack> {
    Story::new(title, "RFC 1122, 3.2.2.6 (ICMP-21)")
}

fn a_ping() -> Packet<Echo> {
    echo_request().identifier(7).sequence_number(1).data(b"abc")
}

#[test]
fn a_field_with_another_value() {
    says(
        || {
            let story = story("The reply has the request's sequence number");
            let Cast { peer, we, .. } = story.cast();
            peer.sends(a_ping());
            we.send(echo_reply().identifier(7).sequence_number(2).data(b"abd"));
        },
        str![[r#"
this story went wrong:

  The reply has the request's sequence number.

It shows RFC 1122, 3.2.2.6 (ICMP-21).
It is told in crates/story/tests/going_wrong.rs, from line ... on.

The story so far, each step with its time in seconds:
    1. 0.000000  The peer sends an ICMP echo request with identifier 7, sequence number 1 and data "abc".
->  2. 0.000000  We send an ICMP echo reply with identifier 7, sequence number 2 and data "abd".

Expected: an ICMP echo reply with identifier 7, sequence number 2 and data "abd".
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 31 bytes.
  - Its sequence number is 1, but should be 2.
  - Its data is "abc", but should be "abd".

What crossed the wire:
      time  peer                                                                     we  took
  0.000000  │──────────────── ICMP echo request id 7 seq 1, 31 bytes ────────────────►│
            │◄───────────────── ICMP echo reply id 7 seq 1, 31 bytes ─────────────────│

The same for Wireshark: .../the-reply-has-the-request-s-sequence-number.pcapng
"#]],
    );
}

#[test]
fn a_packet_that_was_not_sent() {
    says(
        || {
            let story = story("A damaged request is answered");
            let Cast { peer, we, .. } = story.cast();
            peer.sends(a_ping().bad_checksum());
            we.send(echo_reply());
        },
        str![[r#"
this story went wrong:

  A damaged request is answered.

It shows RFC 1122, 3.2.2.6 (ICMP-21).
It is told in crates/story/tests/going_wrong.rs, from line ... on.

The story so far, each step with its time in seconds:
    1. 0.000000  The peer sends an ICMP echo request with identifier 7, sequence number 1 and data "abc", but with a wrong ICMP checksum.
->  2. 0.000000  We send an ICMP echo reply.

Expected: an ICMP echo reply.
Instead:  nothing was sent by 0.000000; what came was dropped: the ICMP checksum is wrong (counter icmp_bad_checksum).

What crossed the wire:
      time  peer                                                                     we  took
  0.000000  │──────────────── ICMP echo request id 7 seq 1, 31 bytes ────────────────►│
            │         dropped: the ICMP checksum is wrong (counter icmp_bad_checksum) │

The same for Wireshark: .../a-damaged-request-is-answered.pcapng
"#]],
    );
}

#[test]
fn a_packet_that_nobody_expects_at_the_end() {
    says(
        || {
            let story = story("A request is not answered");
            let Cast { peer, time, .. } = story.cast();
            time.passes(ms(1500));
            peer.sends(a_ping());
        },
        str![[r#"
this story went wrong:

  A request is not answered.

It shows RFC 1122, 3.2.2.6 (ICMP-21).
It is told in crates/story/tests/going_wrong.rs, from line ... on.

The story so far, each step with its time in seconds:
    1. 0.000000  1.5 s pass.
->  2. 1.500000  The peer sends an ICMP echo request with identifier 7, sequence number 1 and data "abc".

Expected: nothing more is sent than the steps expect.
Instead:  at 1.500000 we sent 192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 31 bytes.

What crossed the wire:
      time  peer                                                                     we  took
  1.500000  │──────────────── ICMP echo request id 7 seq 1, 31 bytes ────────────────►│
            │◄───────────────── ICMP echo reply id 7 seq 1, 31 bytes ─────────────────│

The same for Wireshark: .../a-request-is-not-answered.pcapng
"#]],
    );
}

#[test]
fn a_packet_that_nobody_expects_before_the_next_action() {
    compares(
        || {
            let story = story("Two requests get one reply");
            let Cast { peer, we, .. } = story.cast();
            peer.sends(a_ping());
            peer.sends(a_ping());
            we.send(echo_reply());
        },
        str![[r#"
Expected: nothing more is sent than the steps expect.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 31 bytes.
"#]],
    );
}

#[test]
fn no_silence() {
    compares(
        || {
            let story = story("A request is not answered");
            let Cast { peer, nothing, .. } = story.cast();
            peer.sends(a_ping());
            nothing.is_sent();
        },
        str![[r#"
Expected: nothing more is sent than the steps expect.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 31 bytes.
"#]],
    );
}

#[test]
fn a_packet_of_another_kind() {
    let compares = |expectation: fn(We<'_, Stack>), expected| {
        compares(
            || {
                let story = story("An echo request gets something else");
                let Cast { peer, we, .. } = story.cast();
                peer.sends(a_ping());
                expectation(we);
            },
            expected,
        );
    };
    compares(
        |we| we.send(echo_request()),
        str![[r#"
Expected: an ICMP echo request.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 31 bytes.
  - It is an ICMP echo reply, not an ICMP echo request.
"#]],
    );
    compares(
        |we| we.send(icmp_message(3, 1)),
        str![[r#"
Expected: an ICMP host unreachable.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 31 bytes.
  - It is an ICMP echo reply, not an ICMP host unreachable.
"#]],
    );
    compares(
        |we| we.send(datagram(17, b"")),
        str![[r#"
Expected: an IPv4 packet of protocol 17 with no payload.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 31 bytes.
  - It is not an IPv4 packet of protocol 17: it carries ICMP (1).
"#]],
    );
    compares(
        |we| we.send(echo_reply().from([192, 0, 2, 3]).ttl(63)),
        str![[r#"
Expected: an ICMP echo reply from 192.0.2.3 with time to live 63.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 31 bytes.
  - Its source address is 192.0.2.2, but should be 192.0.2.3.
  - Its time to live is 64, but should be 63.
"#]],
    );
    compares(
        |we| we.send(raw("a frame of zeros", &[0; 31])),
        str![[r#"
Expected: a frame of zeros.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 31 bytes.
  - Byte 0 of its content is 0x45, but should be 0x00.
"#]],
    );
}

#[test]
fn a_drop_of_another_kind() {
    compares(
        || {
            let story = story("A wrong ICMP checksum counts as a wrong header checksum");
            let Cast { peer, we, .. } = story.cast();
            peer.sends(a_ping().bad_checksum());
            we.drop_it_as(Counter::Ipv4BadChecksum);
        },
        str![[r#"
Expected: it is dropped: the IPv4 header checksum is wrong (counter ipv4_bad_checksum).
Instead:  it was dropped: the ICMP checksum is wrong (counter icmp_bad_checksum).
"#]],
    );
    compares(
        || {
            let story = story("A good packet is dropped");
            let Cast { peer, we, .. } = story.cast();
            peer.sends(a_ping());
            we.drop_it_as(Counter::Ipv4BadChecksum);
        },
        str![[r#"
Expected: it is dropped: the IPv4 header checksum is wrong (counter ipv4_bad_checksum).
Instead:  nothing was dropped, and at 0.000000 we sent 192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 31 bytes.
"#]],
    );
}

#[test]
fn another_number_counted() {
    compares(
        || {
            let story = story("A request counts as two");
            let Cast { peer, we, .. } = story.cast();
            peer.sends(a_ping());
            we.send(echo_reply());
            we.have_counted(2, Counter::IcmpEchoRequests);
        },
        str![[r#"
Expected: icmp_echo_requests (echo requests that came) is 2.
Instead:  it is 1.
"#]],
    );
}

#[test]
fn too_early() {
    says(
        || {
            let story = Listener::story("Retransmit the SYN-ACK after 1.2 s", 5000);
            let Cast { peer, we, .. } = story.cast();
            peer.sends(syn().seq(100));
            we.send(syn_ack().ack(101));
            we.send_after(ms(1200), syn_ack().ack(102));
        },
        str![[r#"
this story went wrong:

  Retransmit the SYN-ACK after 1.2 s.

It shows RFC 9293, 3.5.
It is told in crates/story/tests/going_wrong.rs, from line ... on.

The story so far, each step with its time in seconds:
    1. 0.000000  The peer sends a SYN with sequence number 100.
    2. 0.000000  We send a SYN-ACK with acknowledgment number 101.
->  3. 0.000000  After 1.2 s we send a SYN-ACK with acknowledgment number 102.

Expected: a SYN-ACK with acknowledgment number 102, at 1.200000 and nothing before.
Instead:  at 1.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [SYN, ACK] seq 5000 ack 101 win 65535, 40 bytes.
  - It left 200 ms too early.
  - Its acknowledgment number is 101, but should be 102.

What crossed the wire:
      time  peer                                                                     we  took
  0.000000  │──────────────────────────── [SYN] seq 100 ─────────────────────────────►│
            │◄───────────────────── [SYN, ACK] seq 5000 ack 101 ──────────────────────│
  1.000000  │◄───────────────────── [SYN, ACK] seq 5000 ack 101 ──────────────────────│

The same for Wireshark: .../retransmit-the-syn-ack-after-1-2-s.pcapng
"#]],
    );
    compares(
        || {
            let story = Listener::story("Stay silent for two seconds", 5000);
            let Cast { peer, we, time, .. } = story.cast();
            peer.sends(syn().seq(100));
            we.send(syn_ack().ack(101));
            time.passes(seconds(2));
        },
        str![[r#"
Expected: nothing is sent before 2.000000.
Instead:  at 1.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [SYN, ACK] seq 5000 ack 101 win 65535, 40 bytes.
  - It left 1 s too early.
"#]],
    );
}

#[test]
fn too_late() {
    compares(
        || {
            let story = Listener::story("Retransmit the SYN-ACK within 200 ms", 5000);
            let Cast { peer, we, .. } = story.cast();
            peer.sends(syn().seq(100));
            we.send(syn_ack().ack(101));
            we.send_within(ms(200), syn_ack().ack(101));
        },
        str![[r#"
Expected: a SYN-ACK with acknowledgment number 101, by 0.200000.
Instead:  nothing was sent by 0.200000; the next thing that we do is due at 1.000000.
"#]],
    );
}

#[test]
fn an_application_that_finds_something_else() {
    compares(
        || {
            let story = Listener::story("Establish the connection on a wrong ACK", 5000);
            let Cast { peer, we, app, .. } = story.cast();
            peer.sends(syn().seq(100));
            we.send(syn_ack().ack(101));
            peer.sends(ack().seq(101).ack(2));
            app.finds("the connection established", |_, _| Err::<(), _>("it is not".to_owned()));
        },
        str![[r#"
Expected: the application finds the connection established.
Instead:  it is not; what came was dropped: it acknowledges something not yet sent (counter bad_ack).
"#]],
    );
}

#[test]
fn an_application_that_receives_something_else() {
    let compares = |tell: fn(&Cast<'_, Stack>, SocketId), expected| {
        compares(
            || {
                let story = story("A datagram reaches its socket");
                let cast = story.cast();
                tell(&cast, cast.app.opens_udp(7));
            },
            expected,
        );
    };
    compares(
        |Cast { peer, app, .. }, socket| {
            peer.sends(udp().to_port(7).data(b"abd"));
            app.receives_udp(socket, b"abc");
        },
        str![[r#"
Expected: the application finds a UDP datagram with data "abc".
Instead:  the datagram that came has data "abd".
"#]],
    );
    compares(
        |Cast { app, .. }, socket| {
            app.receives_udp(socket, b"abc");
        },
        str![[r#"
Expected: the application finds a UDP datagram with data "abc".
Instead:  there is none: nothing is ready at the moment.
"#]],
    );
    compares(
        |Cast { peer, app, .. }, socket| {
            peer.sends(udp().to_port(7).data(b"abc").bad_checksum());
            app.receives_udp(socket, b"abc");
        },
        str![[r#"
Expected: the application finds a UDP datagram with data "abc".
Instead:  there is none: nothing is ready at the moment; what came was dropped: the UDP checksum is wrong (counter udp_bad_checksum).
"#]],
    );
    compares(
        |Cast { peer, app, .. }, socket| {
            peer.sends(udp().to_port(7));
            app.receives_no_udp(socket);
        },
        str![[r#"
Expected: the application finds nothing at its UDP socket.
Instead:  a datagram came with no data.
"#]],
    );
    compares(
        |Cast { app, .. }, socket| app.is_told(socket, Cause::PortUnreachable, KERNEL),
        str![[r#"
Expected: the application finds a report of PortUnreachable by 192.0.2.1.
Instead:  there is no report.
"#]],
    );
    compares(
        |Cast { app, .. }, socket| app.sends_udp(socket, ([255; 4], 9), b"abc"),
        str![[r#"
Expected: the application sends "abc" to 255.255.255.255:9 by UDP.
Instead:  the call fails: the socket may not send broadcasts.
"#]],
    );
    compares(
        |Cast { app, .. }, socket| {
            app.cannot_send_udp(socket, (KERNEL, 9), b"abc", Error::MessageTooLong);
        },
        str![[r#"
Expected: the application finds that it cannot send "abc" to 192.0.2.1:9: the datagram is too long.
Instead:  it can.
"#]],
    );
}

#[test]
fn a_host_that_never_rests() {
    compares(
        || {
            let make_host = |_| Restless;
            let story = Story::of("Wait", "RFC 1122", Scene::default(), make_host);
            story.cast().time.passes(seconds(1));
        },
        str![[r#"
Expected: the host does what is due and then waits.
Instead:  at 0.000000 it asked 1000 times in a row to be woken at once.
"#]],
    );
}

/// Wants to be woken all the time.
struct Restless;

impl Host for Restless {
    fn receive(&mut self, _: Instant, _: InterfaceId, _: Received<'_>) {}

    fn transmit(&mut self, _: Instant, _: InterfaceId, _: &mut Buffer) -> Option<TransmitOffload> {
        None
    }

    fn next_deadline(&self) -> Option<Instant> {
        Some(Instant::START)
    }

    fn handle_timeout(&mut self, _: Instant) {}
}

#[test]
fn the_recording_holds_every_frame_and_what_became_of_it() {
    let message = message_of(|| {
        let story = story("The recording holds every frame");
        let Cast { peer, we, .. } = story.cast();
        peer.sends(a_ping());
        we.send(echo_reply());
        peer.sends(a_ping().bad_checksum());
        we.send(echo_reply());
    });
    let path = message.trim_end().rsplit_once("Wireshark: ").unwrap().1;
    let mut reader = PcapNgReader::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut packets = Vec::new();
    while let Some(block) = reader.next_block() {
        if let Block::EnhancedPacket(packet) = block.unwrap() {
            let is_comment = |option: &_| matches!(option, EnhancedPacketOption::Comment(_));
            let comments = packet.options.iter().filter(|option| is_comment(option)).count();
            packets.push((packet.data.len(), comments));
        }
    }
    assert_eq!(packets, [(31, 0), (31, 0), (31, 1)]);
}

/// The note breaks the stack to show what a story says. Here the same bug sits round the stack.
#[test]
fn the_note_on_testing_shows_what_a_story_says() {
    let message = message_of(|| {
        let story = Story::of(
            "The reply has the request's identifier, sequence number and data",
            "RFC 1122, 3.2.2.6 (ICMP-21)",
            Scene::default(),
            |tracer| Forgetful(usual_stack(tracer)),
        );
        let Cast { peer, we, .. } = story.cast();
        peer.sends(a_ping());
        we.send(echo_reply().identifier(7).sequence_number(1).data(b"abc"));
    });
    let here = "crates/story/tests/going_wrong.rs";
    let there = "crates/stack/tests/story_echo.rs";
    let [shown] = &blocks_of_the_note("text")[..] else { panic!("not one block of text") };
    assert_data_eq!(without_places(&message).replace(here, there), without_places(shown));
}

#[test]
fn the_stories_in_the_note_on_testing_are_told() {
    let unindented = |text: &str| text.lines().map(str::trim_start).collect::<Vec<_>>().join("\n");
    let told = unindented(&file("crates/stack/tests/story_echo.rs"));
    let shown = blocks_of_the_note("rust");
    assert_eq!(shown.len(), 2);
    for block in shown {
        assert!(told.contains(&unindented(&block)), "this is not in story_echo.rs:\n{block}");
    }
}

/// The blocks of this kind in the note's part on stories.
fn blocks_of_the_note(kind: &str) -> Vec<String> {
    let note = file("notes/testing.md");
    let (_, stories) = note.split_once("\n## Stories\n").unwrap();
    let stories = stories.split("\n## ").next().unwrap();
    let opening = format!("\n```{kind}\n");
    let blocks = stories.split(&opening).skip(1);
    blocks.map(|block| block.split_once("\n```").unwrap().0.to_owned()).collect()
}

fn file(path: &str) -> String {
    let project = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(project.join(path)).unwrap()
}

/// Our stack, but the replies that it sends have the sequence number 0.
struct Forgetful(Stack);

impl Host for Forgetful {
    fn receive(&mut self, now: Instant, interface: InterfaceId, frame: Received<'_>) {
        self.0.receive(now, interface, frame);
    }

    fn transmit(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        let offload = self.0.transmit(now, interface, buffer)?;
        let (_, message) = buffer.as_mut_slice().split_at_mut(20);
        let (header, data) = Icmpv4Header::from_slice(message).unwrap();
        if let Icmpv4Type::EchoReply(IcmpEchoHeader { id, .. }) = header.icmp_type {
            let kind = Icmpv4Type::EchoReply(IcmpEchoHeader { id, seq: 0 });
            let forgetful = Icmpv4Header::with_checksum(kind, data).to_bytes();
            message[..forgetful.len()].copy_from_slice(&forgetful);
        }
        Some(offload)
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.0.next_deadline()
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.0.handle_timeout(now);
    }
}

#[test]
fn another_port() {
    compares(
        || {
            let scene = Scene::default();
            let says = [by_us(&scene, udp().from_port(7).to_port(40_001).data(b"abc"))];
            let story = Puppet::story("The answer comes back to the port", scene, &says);
            let Cast { peer, we, .. } = story.cast();
            peer.sends(udp().from_port(40_000).to_port(7).data(b"abc"));
            we.send(udp().from_port(7).to_port(40_000).data(b"abc"));
        },
        str![[r#"
Expected: a UDP datagram with source port 7, destination port 40000 and data "abc".
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  UDP 7 > 40001 data 3, 31 bytes.
  - Its destination port is 40001, but should be 40000.
"#]],
    );
}

#[test]
fn a_quote_of_another_datagram() {
    says(
        || {
            let scene = Scene::default();
            let another = udp().to_port(9).ttl(63);
            let says = [by_us(&scene, port_unreachable().quoting(another))];
            let story = Puppet::story("An error quotes what was received", scene, &says);
            let Cast { peer, we, .. } = story.cast();
            peer.sends(udp().to_port(9));
            we.send(port_unreachable());
        },
        str![[r#"
this story went wrong:

  An error quotes what was received.

It shows RFC 1122.
It is told in crates/story/tests/going_wrong.rs, from line ... on.

The story so far, each step with its time in seconds:
    1. 0.000000  The peer sends a UDP datagram with destination port 9.
->  2. 0.000000  We send an ICMP port unreachable.

Expected: an ICMP port unreachable.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  ICMP port unreachable, about 192.0.2.1 > 192.0.2.2 UDP 40000 > 9, 56 bytes.
  - Byte 8 of its quote is 0x3f, but was 0x40 in the datagram that it should be about.

What crossed the wire:
      time  peer                                                                     we  took
  0.000000  │─────────────────────── UDP 40000 > 9, 28 bytes ────────────────────────►│
            │◄── ICMP port unreachable, about 192.0.2.1 > 192.0.2.2 UDP 40000 > 9,… ──│

The same for Wireshark: .../an-error-quotes-what-was-received.pcapng
"#]],
    );
    compares(
        || {
            let scene = Scene::default();
            let too_little = port_unreachable().quoting(udp()).quoting_data(4);
            let says = [by_us(&scene, too_little)];
            let story = Puppet::story("An error quotes at least 8 bytes of data", scene, &says);
            let Cast { peer, we, .. } = story.cast();
            peer.sends(udp());
            we.send(port_unreachable());
        },
        str![[r#"
Expected: an ICMP port unreachable.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  ICMP port unreachable, about 192.0.2.1 > 192.0.2.2 UDP 40000 > 7, 52 bytes.
  - It quotes 24 bytes, but should quote 28 at least: the header of 20 bytes and 8 bytes of data, or all that there are.
"#]],
    );
}

#[test]
fn fragments_that_are_no_whole() {
    let compares = |fragments: &[Fragment<Echo>], expected| {
        compares(
            || {
                let scene = Scene::default();
                let says: Vec<_> =
                    fragments.iter().map(|fragment| by_us(&scene, fragment.clone())).collect();
                let story = Puppet::story("The reply comes in fragments", scene, &says);
                let Cast { peer, we, .. } = story.cast();
                peer.sends(echo_request());
                we.send_in_fragments(echo_reply().data([7; 2000]));
            },
            expected,
        );
    };
    let reply = |byte| echo_reply().identification(1).data([byte; 2000]);
    compares(
        &[],
        str![[r#"
Expected: an ICMP echo reply with data 2000 bytes, in fragments.
Instead:  nothing was sent by 0.000000.
"#]],
    );
    compares(
        &[reply(7).fragment(..1480)],
        str![[r#"
Expected: an ICMP echo reply with data 2000 bytes, in fragments.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  fragment of ICMP identification 0x0001: bytes 0 to 1479, more follow, 1500 bytes, and what followed.
  - Its fragments are not all there: 1 came, and they end at byte 1480.
"#]],
    );
    compares(
        &[reply(7).fragment(..1488), reply(7).fragment(1488..)],
        str![[r#"
Expected: an ICMP echo reply with data 2000 bytes, in fragments.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  fragment of ICMP identification 0x0001: bytes 0 to 1487, more follow, 1508 bytes, and what followed.
  - Of its fragments, number 1 has 1508 bytes, but the MTU is 1500.
"#]],
    );
    compares(
        &[reply(8).fragment(..1480), reply(8).fragment(1480..)],
        str![[r#"
Expected: an ICMP echo reply with data 2000 bytes, in fragments.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  fragment of ICMP identification 0x0001: bytes 0 to 1479, more follow, 1500 bytes, and what followed.
  - Byte 0 of its data is 0x08, but should be 0x07.
"#]],
    );
    compares(
        &[reply(7).fragment(1480..), reply(7).fragment(..1480)],
        str![[r#"
Expected: an ICMP echo reply with data 2000 bytes, in fragments.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  fragment of ICMP identification 0x0001: bytes 1480 to 2007, the last, 548 bytes, and what followed.
  - Of its fragments, number 1 starts at byte 1480, but byte 0 is due.
  - Of its fragments, number 2 starts at byte 0, but byte 2008 is due.
"#]],
    );
    compares(
        &[reply(7).fragment(0..)],
        str![[r#"
Expected: an ICMP echo reply with data 2000 bytes, in fragments.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  ICMP echo reply id 1 seq 1, 2028 bytes, and what followed.
  - Of its fragments, number 1 has 2028 bytes, but the MTU is 1500.
  - It is whole, not in fragments.
"#]],
    );
}

#[test]
fn a_frame_for_another_station() {
    says(
        || {
            let scene = Scene::on_ethernet();
            let says = [by_us(&scene, echo_reply().to_mac(EVERYBODY))];
            let story = Puppet::story("The reply goes to who asked", scene, &says);
            let Cast { peer, we, .. } = story.cast();
            peer.sends(echo_request().padded_to(60));
            we.send(echo_reply());
        },
        str![[r#"
this story went wrong:

  The reply goes to who asked.

It shows RFC 1122.
It is told in crates/story/tests/going_wrong.rs, from line ... on.

The story so far, each step with its time in seconds:
    1. 0.000000  The peer sends an ICMP echo request, but padded to 60 bytes.
->  2. 0.000000  We send an ICMP echo reply.

Expected: an ICMP echo reply.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  ICMP echo reply id 1 seq 1, 42 bytes.
  - Its destination MAC address is ff:ff:ff:ff:ff:ff, but should be 02:00:5e:00:02:01.

What crossed the wire:
      time  peer                                                                     we  took
  0.000000  │──────────────── ICMP echo request id 1 seq 1, 60 bytes ────────────────►│
            │◄───────────────── ICMP echo reply id 1 seq 1, 42 bytes ─────────────────│

The same for Wireshark: .../the-reply-goes-to-who-asked.pcapng
"#]],
    );
}

#[test]
fn an_arp_answer_with_another_address() {
    let compares = |says: fn(&Scene) -> Vec<Vec<u8>>, expected| {
        compares(
            || {
                let scene = Scene::on_ethernet();
                let says = says(&scene);
                let story = Puppet::story("Who asks for us is answered", scene, &says);
                story.cast().peer.makes_itself_known();
            },
            expected,
        );
    };
    compares(
        |_| Vec::new(),
        str![[r#"
Expected: an ARP reply.
Instead:  nothing was sent by 0.000000.
"#]],
    );
    compares(
        |scene| vec![by_us(scene, arp_reply().sender_mac(KERNEL_MAC).in_frame())],
        str![[r#"
Expected: an ARP reply.
Instead:  at 0.000000 we sent 02:00:5e:00:02:02 > 02:00:5e:00:02:01  ARP 192.0.2.2 is at 02:00:5e:00:02:01, 42 bytes.
  - Its sender MAC address is 02:00:5e:00:02:01, but should be 02:00:5e:00:02:02.
"#]],
    );
    compares(
        |scene| vec![by_us(scene, echo_reply().in_frame())],
        str![[r#"
Expected: an ARP reply.
Instead:  at 0.000000 we sent 192.0.2.2 > 192.0.2.1  ICMP echo reply id 1 seq 1, 42 bytes.
  - Its EtherType is 0x0800, but should be 0x0806.
"#]],
    );
}

#[test]
fn the_other_side() {
    says(
        || {
            let scene = Scene::default();
            let passed_on = echo_request().from(KERNEL).to(FAR);
            let says = [by_us(&scene, passed_on.clone().ttl(63))];
            let story = Puppet::router_story("A router passes a ping on", &says, &[]);
            let Cast { peer, far, .. } = story.cast();
            peer.sends(passed_on.clone());
            far.receives(passed_on.ttl(63));
        },
        str![[r#"
this story went wrong:

  A router passes a ping on.

It shows RFC 1122.
It is told in crates/story/tests/going_wrong.rs, from line ... on.

The story so far, each step with its time in seconds:
    1. 0.000000  The peer sends an ICMP echo request from 192.0.2.1 to 198.51.100.2.
->  2. 0.000000  The far host receives an ICMP echo request from 192.0.2.1 to 198.51.100.2 with time to live 63.

Expected: an ICMP echo request from 192.0.2.1 to 198.51.100.2 with time to live 63.
Instead:  at 0.000000 we sent 192.0.2.1 > 198.51.100.2  ICMP echo request id 1 seq 1, 28 bytes.
  - It left by the other interface.

What crossed the wire:
      time  peer                                we                                  far  took
  0.000000  │── ICMP echo request id 1 seq 1… ──►│                                    │
            │◄── ICMP echo request id 1 seq 1… ──│                                    │

The same for Wireshark: .../a-router-passes-a-ping-on.pcapng
"#]],
    );
    compares(
        || {
            let scene = Scene::default();
            let says = [by_us(&scene, echo_request().from(KERNEL).to(FAR).ttl(64))];
            let story = Puppet::router_story("A router counts the TTL down", &[], &says);
            let Cast { peer, far, .. } = story.cast();
            peer.sends(echo_request().to(FAR));
            far.receives(echo_request().from(KERNEL).ttl(63));
        },
        str![[r#"
Expected: an ICMP echo request from 192.0.2.1 with time to live 63.
Instead:  at 0.000000 we sent 192.0.2.1 > 198.51.100.2  ICMP echo request id 1 seq 1, 28 bytes, to the far side.
  - Its time to live is 64, but should be 63.
"#]],
    );
    compares(
        || story("A host with one interface has no far side").cast().far.sends(echo_request()),
        str![[r#"
Expected: a host with two interfaces, since somebody is on its far side.
Instead:  this story is about a host with one.
"#]],
    );
}

#[test]
fn a_packet_that_cannot_be() {
    compares(
        || {
            let story = story("The peer sends what it cannot send");
            story.cast().peer.sends(a_ping().byte(31, 0));
        },
        str![[r#"
Expected: the peer can send an ICMP echo request with identifier 7, sequence number 1 and data "abc", but with byte 31 set to 0x00.
Instead:  there is no such packet: there is no byte 31 in a packet of 31 bytes.
"#]],
    );
    compares(
        || {
            let story = Listener::story("The peer acknowledges what was never sent", 5000);
            story.cast().peer.sends(ack().ack(1));
        },
        str![[r#"
Expected: the peer can send an ACK with acknowledgment number 1.
Instead:  there is no such packet: we have not sent a SYN yet.
"#]],
    );
    compares(
        || story("A TUN carries no ARP").cast().peer.makes_itself_known(),
        str![[r#"
Expected: the peer can send an ARP request.
Instead:  there is no such packet: this story does not play on Ethernet.
"#]],
    );
    compares(
        || {
            let story = story("The peer complains of nothing");
            story.cast().peer.sends(port_unreachable());
        },
        str![[r#"
Expected: the peer can send an ICMP port unreachable.
Instead:  there is no such packet: we have sent no datagram yet.
"#]],
    );
}
