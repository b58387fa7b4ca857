//! Tunnels over datagrams, joined in memory by a path that loses, repeats and forges.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test's expectations: what is not so ends the test"
)]

use std::net::SocketAddr;
use std::time::Duration;

use packet::{Buffer, Host, Instant, InterfaceId, Medium};
use tunnel::{
    Counter, DatagramTunnel, FORGET_AFTER, KEEP_ALIVE, Key, LOST_AFTER, MAX_PEERS, OUTGOING_QUEUE,
    Terms, What,
};

const DEVICE: InterfaceId = InterfaceId(0);
const TUN: Terms = Terms { medium: Medium::Ip, mtu: 1400 };
const TAP: Terms = Terms { medium: Medium::Ethernet, mtu: 1400 };

fn key(byte: u8) -> Option<Key> {
    Some(Key::read(&[byte; 32]).unwrap())
}

fn at(last: u8) -> SocketAddr {
    ([203, 0, 113, last], 4000).into()
}

fn packet(from: u8, to: u8) -> Vec<u8> {
    let mut packet = vec![0x45; 12];
    packet.extend([192, 0, 2, from, 192, 0, 2, to, 1, 2, 3, 4]);
    packet
}

/// A listening end at .1 and a connecting one at .2, a clock, and the path between them.
struct Path {
    now: Instant,
    server: DatagramTunnel,
    client: DatagramTunnel,
}

impl Path {
    fn new(server: (Terms, Option<Key>), client: (Terms, Option<Key>)) -> Self {
        Self {
            now: Instant::START,
            server: DatagramTunnel::listening(server.0, server.1),
            client: DatagramTunnel::connecting(Instant::START, client.0, client.1, at(1)),
        }
    }

    /// A path whose ends have found one another.
    fn joined(key: Option<Key>) -> Self {
        let mut path = Self::new((TUN, key.clone()), (TUN, key.clone()));
        path.runs_for(Duration::ZERO);
        let is_sealed = key.is_some();
        assert_eq!(news(&mut path.client), [What::Up { is_sealed }]);
        assert_eq!(news(&mut path.server), [What::Up { is_sealed }]);
        path
    }

    fn left_client(&mut self) -> Vec<Vec<u8>> {
        taken(&mut self.client).into_iter().map(|(_, datagram)| datagram).collect()
    }

    fn left_server(&mut self) -> Vec<Vec<u8>> {
        taken(&mut self.server).into_iter().map(|(_, datagram)| datagram).collect()
    }

    /// Carries what there is, until there is no more.
    fn carries(&mut self) {
        loop {
            let (there, back) = (self.left_client(), self.left_server());
            if there.is_empty() && back.is_empty() {
                return;
            }
            there.iter().for_each(|it| self.server.receive_datagram(self.now, at(2), it));
            back.iter().for_each(|it| self.client.receive_datagram(self.now, at(1), it));
        }
    }

    /// Time passes, and each does what is due.
    fn runs_for(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            self.carries();
            let next = [self.client.next_deadline(), self.server.next_deadline()];
            let Some(next) = next.into_iter().flatten().min().filter(|it| *it <= until) else {
                self.now = until;
                return;
            };
            self.now = next.max(self.now);
            self.client.handle_timeout(self.now);
            self.server.handle_timeout(self.now);
        }
    }
}

fn taken(tunnel: &mut DatagramTunnel) -> Vec<(SocketAddr, Vec<u8>)> {
    let mut taken = Vec::new();
    while let Some((to, datagram)) = tunnel.next_datagram() {
        taken.push((to, datagram.to_vec()));
        tunnel.datagram_is_gone();
    }
    taken
}

fn given(tunnel: &mut DatagramTunnel) -> Vec<Vec<u8>> {
    let (mut frames, mut buffer) = (Vec::new(), Buffer::new());
    while tunnel.transmit(Instant::START, DEVICE, &mut buffer).is_some() {
        frames.push(buffer.as_slice().to_vec());
    }
    frames
}

fn news(tunnel: &mut DatagramTunnel) -> Vec<What> {
    std::iter::from_fn(|| tunnel.next_news()).map(|news| news.what).collect()
}

#[test]
fn frames_go_both_ways_each_in_its_datagram() {
    for key in [None, key(1)] {
        let mut path = Path::joined(key.clone());
        path.client.receive(path.now, DEVICE, packet(2, 1)[..].into());
        path.server.receive(path.now, DEVICE, packet(1, 2)[..].into());
        path.carries();
        assert_eq!(given(&mut path.server), [packet(2, 1)]);
        assert_eq!(given(&mut path.client), [packet(1, 2)]);
    }
}

#[test]
fn a_frame_that_comes_twice_is_taken_once() {
    let mut path = Path::joined(key(1));
    path.client.receive(path.now, DEVICE, packet(2, 1)[..].into());
    let sent = path.left_client();
    for _ in 0..3 {
        path.server.receive_datagram(path.now, at(2), &sent[0]);
    }
    assert_eq!(given(&mut path.server), [packet(2, 1)]);
    assert_eq!(path.server.counters().value(Counter::Replayed), 2);
}

#[test]
fn a_forged_frame_is_dropped_and_changes_nothing() {
    let mut path = Path::joined(key(1));
    path.client.receive(path.now, DEVICE, packet(2, 1)[..].into());
    let sent = path.left_client();
    for bit in 8..sent[0].len() * 8 {
        let mut forged = sent[0].clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        path.server.receive_datagram(path.now, at(2), &forged);
    }
    assert!(given(&mut path.server).is_empty());
    // One of the numbers that come out so has come already.
    let value = |counter| path.server.counters().value(counter);
    let dropped = value(Counter::Forged) + value(Counter::Replayed);
    assert_eq!((dropped, value(Counter::Replayed)), (sent[0].len() as u64 * 8 - 8, 1));
    path.server.receive_datagram(path.now, at(2), &sent[0]);
    assert_eq!(given(&mut path.server), [packet(2, 1)]);
}

#[test]
fn frames_out_of_order_are_all_taken() {
    let mut path = Path::joined(key(1));
    for _ in 0..100 {
        path.client.receive(path.now, DEVICE, packet(2, 1)[..].into());
    }
    let mut sent = path.left_client();
    sent.reverse();
    sent.iter().for_each(|it| path.server.receive_datagram(path.now, at(2), it));
    assert_eq!(given(&mut path.server).len(), 100);
}

#[test]
fn a_greeting_that_is_lost_is_sent_again() {
    let mut path = Path::new((TUN, key(1)), (TUN, key(1)));
    for lost in 0..3 {
        path.client.handle_timeout(path.now);
        assert_eq!(path.left_client().len(), 1, "greeting {lost}");
        path.now = path.client.next_deadline().unwrap();
    }
    assert_eq!(news(&mut path.client), [What::NoAnswer]);
    path.runs_for(Duration::from_secs(1));
    assert_eq!(news(&mut path.client), [What::Up { is_sealed: true }]);
}

#[test]
fn a_greeting_that_comes_twice_has_one_answer() {
    let mut path = Path::new((TUN, key(1)), (TUN, key(1)));
    path.client.handle_timeout(path.now);
    let hello = path.left_client();
    path.server.receive_datagram(path.now, at(2), &hello[0]);
    path.server.receive_datagram(path.now, at(2), &hello[0]);
    let welcomes = path.left_server();
    assert_eq!(welcomes[0], welcomes[1]);
    welcomes.iter().for_each(|it| path.client.receive_datagram(path.now, at(1), it));
    path.carries();
    assert_eq!(news(&mut path.server), [What::Up { is_sealed: true }]);
}

#[test]
fn a_recorded_greeting_puts_nobody_out() {
    let mut path = Path::new((TUN, key(1)), (TUN, key(1)));
    path.client.handle_timeout(path.now);
    let hello = path.left_client();
    path.server.receive_datagram(path.now, at(2), &hello[0]);
    path.carries();
    path.runs_for(Duration::from_secs(1));
    for from in [at(2), at(9)] {
        path.server.receive_datagram(path.now, from, &hello[0]);
    }
    taken(&mut path.server);
    path.client.receive(path.now, DEVICE, packet(2, 1)[..].into());
    path.carries();
    assert_eq!(given(&mut path.server), [packet(2, 1)]);
    assert_eq!(path.server.counters().value(Counter::PeersUp), 1);
}

#[test]
fn another_key_is_told_on_both_sides_once() {
    let mut path = Path::new((TUN, key(1)), (TUN, key(2)));
    path.runs_for(Duration::from_secs(20));
    let said = news(&mut path.client);
    assert_eq!(said.iter().filter(|it| **it == What::KeyRefused).count(), 1, "{said:?}");
    assert!(news(&mut path.server).contains(&What::WrongKey));
    assert_eq!(path.server.counters().value(Counter::PeersUp), 0);
}

#[test]
fn ends_that_carry_different_things_are_told() {
    let mut path = Path::new((TAP, key(1)), (TUN, key(1)));
    path.runs_for(Duration::ZERO);
    assert_eq!(news(&mut path.server), [What::WrongTerms { theirs: TUN, own: TAP }]);
    assert_eq!(news(&mut path.client), [What::TermsRefused { own: TUN }]);
}

#[test]
fn an_end_with_a_key_and_one_without_are_told() {
    let mut path = Path::new((TUN, None), (TUN, key(1)));
    path.runs_for(Duration::ZERO);
    assert_eq!(news(&mut path.server), [What::Seals]);
}

#[test]
fn strangers_are_counted_and_never_one_of_us() {
    let mut path = Path::joined(key(1));
    for stranger in [&b""[..], b"GET /", &[0xf1; 52], &[0xf3; 52], &[0xf5; 60], &[0xf7, 1]] {
        path.server.receive_datagram(path.now, at(9), stranger);
        path.client.receive_datagram(path.now, at(1), stranger);
    }
    let value = |counter| path.server.counters().value(counter);
    assert_eq!(value(Counter::PeersUp), 1);
    assert_eq!(value(Counter::NotAMessage), 4);
    assert_eq!(value(Counter::WrongKey), 1);
    assert_eq!(value(Counter::NoSession), 1);
    assert_eq!(path.client.counters().value(Counter::PeersUp), 1);
}

#[test]
fn ends_that_say_nothing_stay_joined() {
    for key in [None, key(1)] {
        let mut path = Path::joined(key);
        path.runs_for(FORGET_AFTER * 3);
        assert_eq!(news(&mut path.client), []);
        assert_eq!(news(&mut path.server), []);
        path.server.receive(path.now, DEVICE, packet(1, 2)[..].into());
        path.carries();
        assert_eq!(given(&mut path.client), [packet(1, 2)]);
    }
}

#[test]
fn when_the_listening_end_is_started_anew_the_other_finds_it_again() {
    for key in [None, key(1)] {
        let mut path = Path::joined(key.clone());
        path.server = DatagramTunnel::listening(TUN, key);
        path.runs_for(LOST_AFTER + KEEP_ALIVE);
        assert_eq!(path.server.counters().value(Counter::PeersUp), 1);
        path.server.receive(path.now, DEVICE, packet(1, 2)[..].into());
        path.carries();
        assert_eq!(given(&mut path.client), [packet(1, 2)]);
    }
}

#[test]
fn a_silent_end_is_forgotten() {
    let mut path = Path::joined(None);
    assert_eq!(path.server.next_deadline(), Some(path.now + FORGET_AFTER));
    path.server.handle_timeout(path.now + FORGET_AFTER);
    assert_eq!(news(&mut path.server), [What::Gone]);
    assert_eq!(path.server.next_deadline(), None);
}

#[test]
fn there_are_only_so_many_ends_and_so_much_waits() {
    let mut server = DatagramTunnel::listening(TUN, None);
    for number in 0..u8::try_from(MAX_PEERS).unwrap() + 10 {
        server.receive_datagram(Instant::START, at(number), b"");
    }
    assert_eq!(server.counters().value(Counter::PeersUp), MAX_PEERS as u64);
    assert_eq!(server.counters().value(Counter::TooManyPeers), 10);
    // Nobody is known by address: each frame goes to all.
    while server.has_room(DEVICE) {
        server.receive(Instant::START, DEVICE, packet(1, 2)[..].into());
    }
    assert_eq!(server.counters().value(Counter::QueueFull), 0);
    for _ in 0..10 {
        server.receive(Instant::START, DEVICE, packet(1, 2)[..].into());
    }
    assert!(server.counters().value(Counter::QueueFull) > 0);
    assert!(taken(&mut server).len() <= OUTGOING_QUEUE);
    assert!(server.has_room(DEVICE));
}

#[test]
fn a_flood_of_greetings_fills_a_small_table_and_no_more() {
    let mut path = Path::joined(key(1));
    for number in 0..200 {
        let mut client = DatagramTunnel::connecting(path.now, TUN, key(1), at(1));
        client.handle_timeout(path.now);
        for (_, hello) in taken(&mut client) {
            path.server.receive_datagram(path.now, at(number), &hello);
            taken(&mut path.server);
        }
    }
    assert_eq!(path.server.counters().value(Counter::PeersUp), 1);
    // One of the last can still prove itself.
    let mut late = Path::new((TUN, key(1)), (TUN, key(1)));
    late.server = path.server;
    late.runs_for(Duration::ZERO);
    assert_eq!(late.server.counters().value(Counter::PeersUp), 2);
}
