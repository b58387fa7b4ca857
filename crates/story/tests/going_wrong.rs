//! Stories that go wrong on purpose: what they say is what a newcomer reads first, so it is
//! tested word by word. `SNAPSHOTS=overwrite cargo test -p story` writes it anew.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod listener;
mod says;

use etherparse::{IcmpEchoHeader, Icmpv4Header, Icmpv4Type};
use listener::Listener;
use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::{Block, PcapNgReader};
use says::{compares, message_of, says, without_places};
use snapbox::{assert_data_eq, str};
use stack::{Counter, Stack};
use story::*;

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
            peer.sends(syn());
            we.send(syn_ack().ack(1));
            we.send_after(ms(1200), syn_ack().ack(2));
        },
        str![[r#"
this story went wrong:

  Retransmit the SYN-ACK after 1.2 s.

It shows RFC 9293, 3.5.
It is told in crates/story/tests/going_wrong.rs, from line ... on.

The story so far, each step with its time in seconds:
    1. 0.000000  The peer sends a SYN.
    2. 0.000000  We send a SYN-ACK with acknowledgment number 1.
->  3. 0.000000  After 1.2 s we send a SYN-ACK with acknowledgment number 2.

Expected: a SYN-ACK with acknowledgment number 2, at 1.200000 and nothing before.
Instead:  at 1.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [SYN, ACK] seq 0 ack 1 win 65535, 40 bytes.
  - It left 200 ms too early.
  - Its acknowledgment number is 1, but should be 2.

What crossed the wire:
      time  peer                                                                     we  took
  0.000000  │───────────────────────────── [SYN] seq 0 ──────────────────────────────►│
            │◄──────────────────────── [SYN, ACK] seq 0 ack 1 ────────────────────────│
  1.000000  │◄──────────────────────── [SYN, ACK] seq 0 ack 1 ────────────────────────│

The steps count sequence numbers from 4294964333 (the peer's) and 5000 (ours).

The same for Wireshark: .../retransmit-the-syn-ack-after-1-2-s.pcapng
"#]],
    );
    compares(
        || {
            let story = Listener::story("Stay silent for two seconds", 5000);
            let Cast { peer, we, time, .. } = story.cast();
            peer.sends(syn());
            we.send(syn_ack().ack(1));
            time.passes(seconds(2));
        },
        str![[r#"
Expected: nothing is sent before 2.000000.
Instead:  at 1.000000 we sent 192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [SYN, ACK] seq 0 ack 1 win 65535, 40 bytes.
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
            peer.sends(syn());
            we.send(syn_ack().ack(1));
            we.send_within(ms(200), syn_ack().ack(1));
        },
        str![[r#"
Expected: a SYN-ACK with acknowledgment number 1, by 0.200000.
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
            peer.sends(syn());
            we.send(syn_ack().ack(1));
            peer.sends(ack().ack(2));
            app.finds("the connection established", |_, _| Err::<(), _>("it is not".to_owned()));
        },
        str![[r#"
Expected: the application finds the connection established.
Instead:  it is not; what came was dropped: it acknowledges something not yet sent (counter bad_ack).
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
            story.cast().peer.sends(ack());
        },
        str![[r#"
Expected: the peer can send an ACK.
Instead:  there is no such packet: we have not sent a SYN yet that it could acknowledge.
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
