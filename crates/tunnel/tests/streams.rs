//! Tunnels over streams, joined in memory: the bytes come in pieces, and what one sends is all
//! that the other knows.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test's expectations: what is not so ends the test"
)]

use packet::{Buffer, Host, Instant, InterfaceId, Medium};
use tunnel::{
    Counter, GREETING_PATIENCE, Key, MAX_PEERS, PeerId, Role, STALL_PATIENCE, StreamTunnel, Terms,
    What,
};

const NOW: Instant = Instant::START;
const DEVICE: InterfaceId = InterfaceId(0);
const TUN: Terms = Terms { medium: Medium::Ip, mtu: 1500 };
const TAP: Terms = Terms { medium: Medium::Ethernet, mtu: 1500 };

fn key(byte: u8) -> Option<Key> {
    Some(Key::read(&[byte; 32]).unwrap())
}

/// An IPv4 packet, as far as a tunnel looks, with a number in it.
fn packet(from: u8, to: u8, number: u32) -> Vec<u8> {
    let mut packet = vec![0x45; 12];
    packet.extend([192, 0, 2, from, 192, 0, 2, to]);
    packet.extend(number.to_be_bytes());
    packet.resize(packet.len() + number as usize % 1400, 7);
    packet
}

fn gives(tunnel: &mut StreamTunnel, frame: &[u8]) {
    tunnel.receive(NOW, DEVICE, frame.into());
}

/// All that the device would be given.
fn given(tunnel: &mut StreamTunnel) -> Vec<Vec<u8>> {
    let (mut frames, mut buffer) = (Vec::new(), Buffer::new());
    while tunnel.transmit(NOW, DEVICE, &mut buffer).is_some() {
        frames.push(buffer.as_slice().to_vec());
    }
    frames
}

/// Hands bytes to a connection of a tunnel, in pieces. How many it did not want.
fn deliver(tunnel: &mut StreamTunnel, id: PeerId, bytes: &[u8], piece: usize) -> usize {
    let mut rest = bytes;
    while !rest.is_empty() {
        let room = tunnel.room(id);
        let count = piece.min(room.len()).min(rest.len());
        if count == 0 {
            break;
        }
        room[..count].copy_from_slice(&rest[..count]);
        tunnel.came(NOW, id, count);
        rest = &rest[count..];
    }
    rest.len()
}

/// Takes what a connection is to send.
fn take(tunnel: &mut StreamTunnel, id: PeerId) -> Vec<u8> {
    let bytes = tunnel.to_send(id).to_vec();
    tunnel.sent(NOW, id, bytes.len());
    bytes
}

fn news(tunnel: &mut StreamTunnel) -> Vec<What> {
    std::iter::from_fn(|| tunnel.next_news()).map(|news| news.what).collect()
}

/// Two tunnels with one connection between them.
struct Joined {
    client: StreamTunnel,
    client_id: PeerId,
    server: StreamTunnel,
    server_id: PeerId,
}

impl Joined {
    fn new(client: (Terms, Option<Key>), server: (Terms, Option<Key>)) -> Self {
        let mut client = StreamTunnel::new(client.0, client.1);
        let mut server = StreamTunnel::new(server.0, server.1);
        let client_id = client.open(NOW, Role::Connects, at(1)).unwrap();
        let server_id = server.open(NOW, Role::Listens, at(2)).unwrap();
        Self { client, client_id, server, server_id }
    }

    /// Carries bytes both ways until none are left.
    fn carry(&mut self, piece: usize) {
        loop {
            let to_server = take(&mut self.client, self.client_id);
            let to_client = take(&mut self.server, self.server_id);
            if to_server.is_empty() && to_client.is_empty() {
                return;
            }
            deliver(&mut self.server, self.server_id, &to_server, piece);
            deliver(&mut self.client, self.client_id, &to_client, piece);
        }
    }
}

fn at(last: u8) -> std::net::SocketAddr {
    ([203, 0, 113, last], 55_555).into()
}

#[test]
fn frames_go_both_ways_however_the_stream_is_cut() {
    for key in [None, key(1)] {
        for piece in [1, 7, 1000, 65_537] {
            let mut joined = Joined::new((TUN, key.clone()), (TUN, key.clone()));
            joined.carry(piece);
            let there: Vec<_> = (0..40).map(|number| packet(1, 2, number * 97)).collect();
            let back: Vec<_> = (0..40).map(|number| packet(2, 1, number * 61)).collect();
            there.iter().for_each(|frame| gives(&mut joined.client, frame));
            back.iter().for_each(|frame| gives(&mut joined.server, frame));
            joined.carry(piece);
            assert_eq!(given(&mut joined.server), there, "pieces of {piece}");
            assert_eq!(given(&mut joined.client), back, "pieces of {piece}");
            let is_sealed = key.is_some();
            assert_eq!(news(&mut joined.client), [What::Up { is_sealed }]);
            assert_eq!(news(&mut joined.server), [What::Up { is_sealed }]);
        }
    }
}

#[test]
fn without_a_key_it_is_simpletun_byte_for_byte() {
    let mut tunnel = StreamTunnel::new(TUN, None);
    let id = tunnel.open(NOW, Role::Connects, at(1)).unwrap();
    let frame = packet(1, 2, 40);
    gives(&mut tunnel, &frame);
    let sent = take(&mut tunnel, id);
    assert_eq!(sent[..2], [0, 64]);
    assert_eq!(sent[2..], frame);
}

#[test]
fn with_a_key_nothing_of_a_frame_is_seen_outside() {
    let mut joined = Joined::new((TUN, key(1)), (TUN, key(1)));
    joined.carry(1000);
    let frame = packet(1, 2, 1000);
    gives(&mut joined.client, &frame);
    let sent = take(&mut joined.client, joined.client_id);
    assert!(!sent.windows(8).any(|seen| frame.windows(8).any(|part| part == seen)));
}

#[test]
fn another_key_is_told_on_both_sides_and_ends_the_connection() {
    let mut joined = Joined::new((TUN, key(1)), (TUN, key(2)));
    joined.carry(1000);
    assert_eq!(news(&mut joined.server), [What::WrongKey]);
    assert_eq!(news(&mut joined.client), [What::KeyRefused]);
    assert!(joined.server.is_condemned(joined.server_id));
    assert!(joined.client.is_condemned(joined.client_id));
    assert_eq!(joined.server.counters().value(Counter::WrongKey), 1);
}

#[test]
fn an_end_with_a_key_and_one_without_are_told() {
    let mut joined = Joined::new((TUN, key(1)), (TUN, None));
    joined.carry(1000);
    assert_eq!(news(&mut joined.server), [What::Up { is_sealed: false }, What::Seals]);
    let mut joined = Joined::new((TUN, None), (TUN, key(1)));
    gives(&mut joined.client, &packet(1, 2, 3));
    joined.carry(1000);
    assert_eq!(news(&mut joined.server), [What::DoesNotSeal]);
}

#[test]
fn ends_that_carry_different_things_are_told() {
    let mut joined = Joined::new((TUN, key(1)), (TAP, key(1)));
    joined.carry(1000);
    assert_eq!(news(&mut joined.server), [What::WrongTerms { theirs: TUN, own: TAP }]);
    assert_eq!(news(&mut joined.client), [What::TermsRefused { own: TUN }]);
}

#[test]
fn a_length_that_lies_ends_that_connection_and_no_other() {
    for lie in [&[0, 0][..], &[5, 221], b"GET / HTTP/1.1\r\n\r\n"] {
        let mut joined = Joined::new((TUN, None), (TUN, None));
        let stranger = joined.server.open(NOW, Role::Listens, at(9)).unwrap();
        deliver(&mut joined.server, stranger, lie, 1000);
        assert!(joined.server.is_condemned(stranger));
        assert_eq!(joined.server.counters().value(Counter::LyingLength), 1);
        assert!(matches!(news(&mut joined.server)[2..], [What::LyingLength(_)]));
        joined.server.close(NOW, stranger);

        gives(&mut joined.client, &packet(1, 2, 3));
        joined.carry(1000);
        assert_eq!(given(&mut joined.server), [packet(1, 2, 3)]);
    }
}

#[test]
fn a_forged_frame_ends_the_connection_and_a_repeated_one_does_not() {
    let mut joined = Joined::new((TUN, key(1)), (TUN, key(1)));
    joined.carry(1000);
    gives(&mut joined.client, &packet(1, 2, 3));
    let mut sent = take(&mut joined.client, joined.client_id);
    deliver(&mut joined.server, joined.server_id, &sent, 1000);
    deliver(&mut joined.server, joined.server_id, &sent, 1000);
    assert_eq!(given(&mut joined.server), [packet(1, 2, 3)]);
    assert_eq!(joined.server.counters().value(Counter::Replayed), 1);
    assert!(!joined.server.is_condemned(joined.server_id));

    gives(&mut joined.client, &packet(1, 2, 3));
    sent = take(&mut joined.client, joined.client_id);
    *sent.last_mut().unwrap() ^= 1;
    deliver(&mut joined.server, joined.server_id, &sent, 1000);
    assert_eq!(given(&mut joined.server), Vec::<Vec<u8>>::new());
    assert_eq!(joined.server.counters().value(Counter::Forged), 1);
    assert!(joined.server.is_condemned(joined.server_id));
    assert_eq!(news(&mut joined.server).last(), Some(&What::Forged));
}

#[test]
fn a_greeting_that_was_recorded_elsewhere_gets_nowhere() {
    let mut joined = Joined::new((TUN, key(1)), (TUN, key(1)));
    let hello = take(&mut joined.client, joined.client_id);
    deliver(&mut joined.server, joined.server_id, &hello, 1000);
    // Somebody plays it again. They are answered, but are none of us.
    let stranger = joined.server.open(NOW, Role::Listens, at(9)).unwrap();
    deliver(&mut joined.server, stranger, &hello, 1000);
    take(&mut joined.server, stranger);
    gives(&mut joined.server, &packet(2, 1, 3));
    assert!(joined.server.to_send(stranger).is_empty());
    assert_eq!(news(&mut joined.server), []);
    assert_eq!(joined.server.counters().value(Counter::NobodyThere), 1);
}

#[test]
fn who_does_not_greet_is_dropped_after_a_while() {
    let mut tunnel = StreamTunnel::new(TUN, key(1));
    let id = tunnel.open(NOW, Role::Listens, at(9)).unwrap();
    assert_eq!(tunnel.next_deadline(), Some(NOW + GREETING_PATIENCE));
    tunnel.handle_timeout(NOW + GREETING_PATIENCE);
    assert!(tunnel.is_condemned(id));
    assert_eq!(news(&mut tunnel), [What::Silent]);
    assert_eq!(tunnel.next_deadline(), None);
}

#[test]
fn a_full_stream_stops_the_device_and_loses_nothing() {
    let mut joined = Joined::new((TUN, None), (TUN, None));
    let mut sent = Vec::new();
    while joined.client.has_room(DEVICE) {
        let frame = packet(1, 2, 1399);
        gives(&mut joined.client, &frame);
        sent.push(frame);
        assert!(sent.len() < 1000, "a stream has an end");
    }
    // The other side's device is behind, too: what is not wanted stays in the socket.
    let waiting = take(&mut joined.client, joined.client_id);
    assert!(joined.client.has_room(DEVICE));
    let (mut rest, mut came) = (waiting.as_slice(), Vec::new());
    while !rest.is_empty() {
        let unwanted = deliver(&mut joined.server, joined.server_id, rest, 4000);
        rest = &rest[rest.len() - unwanted..];
        came.extend(given(&mut joined.server));
    }
    came.extend(given(&mut joined.server));
    assert_eq!(came, sent);
    assert_eq!(joined.server.counters().value(Counter::DeviceQueueFull), 0);
    assert_eq!(joined.client.counters().value(Counter::PeerStalled), 0);
}

#[test]
fn an_end_that_takes_nothing_does_not_hold_up_the_others_for_long() {
    let mut joined = Joined::new((TUN, None), (TUN, None));
    while joined.client.has_room(DEVICE) {
        gives(&mut joined.client, &packet(1, 2, 1399));
    }
    let until = joined.client.next_deadline().unwrap();
    assert_eq!(until, NOW + STALL_PATIENCE);
    joined.client.handle_timeout(until);
    assert!(joined.client.has_room(DEVICE));
    gives(&mut joined.client, &packet(1, 2, 0));
    assert_eq!(joined.client.counters().value(Counter::PeerStalled), 1);
    // When it moves again it is served again.
    take(&mut joined.client, joined.client_id);
    gives(&mut joined.client, &packet(1, 2, 0));
    assert_eq!(joined.client.counters().value(Counter::PeerStalled), 1);
    assert_eq!(joined.client.next_deadline(), None);
}

#[test]
fn several_clients_get_each_what_is_theirs() {
    let mut server = StreamTunnel::new(TUN, None);
    let ids: Vec<PeerId> =
        (0..3).map(|last| server.open(NOW, Role::Listens, at(10 + last)).unwrap()).collect();
    // Nobody is known yet: a frame goes to all.
    gives(&mut server, &packet(1, 10, 0));
    assert!(ids.iter().all(|&id| take(&mut server, id).len() == 26));
    for (id, host) in ids.iter().zip(10..) {
        let mut frame = vec![0, 24];
        frame.extend(packet(host, 1, 0));
        deliver(&mut server, *id, &frame, 1000);
    }
    assert_eq!(given(&mut server).len(), 3);
    gives(&mut server, &packet(1, 11, 0));
    let lengths = [0, 26, 0];
    assert_eq!(ids.iter().map(|&id| take(&mut server, id).len()).collect::<Vec<_>>(), lengths);
    // From one client to another, past the device.
    let mut frame = vec![0, 24];
    frame.extend(packet(10, 12, 0));
    deliver(&mut server, ids[0], &frame, 1000);
    let lengths = [0, 0, 26];
    assert_eq!(ids.iter().map(|&id| take(&mut server, id).len()).collect::<Vec<_>>(), lengths);
    assert!(given(&mut server).is_empty());
    // One that has left is not missed.
    server.close(NOW, ids[2]);
    gives(&mut server, &packet(1, 12, 0));
    let lengths = [26, 26, 0];
    assert_eq!(ids.iter().map(|&id| take(&mut server, id).len()).collect::<Vec<_>>(), lengths);
}

#[test]
fn there_are_only_so_many_ends() {
    let mut server = StreamTunnel::new(TUN, None);
    let ids: Vec<_> = (0..MAX_PEERS).map(|_| server.open(NOW, Role::Listens, at(1))).collect();
    assert!(ids.iter().all(Option::is_some));
    assert_eq!(server.open(NOW, Role::Listens, at(1)), None);
    assert_eq!(server.counters().value(Counter::TooManyPeers), 1);
    server.close(NOW, ids[0].unwrap());
    assert!(server.open(NOW, Role::Listens, at(1)).is_some());
}

#[test]
fn what_is_no_frame_is_counted() {
    let mut joined = Joined::new((TUN, None), (TUN, None));
    gives(&mut joined.client, &[0x45; 10]);
    gives(&mut joined.client, &[0x45; 1501]);
    deliver(&mut joined.server, joined.server_id, &[0, 3, 1, 2, 3], 1000);
    assert_eq!(joined.client.counters().value(Counter::NotAFrame), 1);
    assert_eq!(joined.client.counters().value(Counter::TooLong), 1);
    assert_eq!(joined.server.counters().value(Counter::NotAFrame), 1);
}
