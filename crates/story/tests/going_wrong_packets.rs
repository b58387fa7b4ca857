//! What stories say that go wrong in the words of UDP, of fragments, of Ethernet and of a far side.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod puppet;
mod says;

use puppet::{Puppet, by_us};
use says::{compares, says};
use snapbox::str;
use stack::Stack;
use story::*;
use udp::{Cause, Error, SocketId};

fn story(title: &str) -> Story<Stack> {
    Story::new(title, "RFC 1122, 3.2.2.6 (ICMP-21)")
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
It is told in crates/story/tests/going_wrong_packets.rs, from line ... on.

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
It is told in crates/story/tests/going_wrong_packets.rs, from line ... on.

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
It is told in crates/story/tests/going_wrong_packets.rs, from line ... on.

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
