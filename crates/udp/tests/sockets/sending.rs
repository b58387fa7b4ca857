//! What leaves, and what is refused.

use std::num::NonZeroU8;

use checksum::Sum;
use packet::TransmitOffload;
use udp::{
    AddressPair, ChecksumBy, Error, Header, Message, SEND_QUEUE_BYTES, SEND_QUEUE_DATAGRAMS,
    SendOptions, SocketOptions,
};

use crate::host::{Host, UNFRAGMENTED, end, ip};

#[test]
fn a_datagram_leaves_with_its_ends_and_payload() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    host.sends(id, &Message::to(end("192.0.2.1:9"), b"hello")).unwrap();
    assert_eq!(host.sockets.next_outgoing().unwrap().buffer.as_slice(), b"hello");
    let mut outgoing = host.leaves();
    assert_eq!(outgoing.header(), Header { source_port: 7, destination_port: 9 });
    let expected = AddressPair { source: ip("192.0.2.2"), destination: ip("192.0.2.1") };
    assert_eq!(outgoing.addresses(), expected);
    assert_eq!(outgoing.options, SendOptions::default());
    let offload = outgoing.header().prepend_to(&mut outgoing.buffer, Sum::new(), ChecksumBy::Us);
    assert_eq!(offload, Ok(TransmitOffload::default()));
    assert_eq!(&outgoing.buffer.as_slice()[8..], b"hello");
}

#[test]
fn udp_14_an_empty_datagram_leaves_as_such() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    host.sends(id, &Message::to(end("192.0.2.1:9"), b"")).unwrap();
    assert!(host.leaves().buffer.is_empty());
}

#[test]
fn a_socket_that_is_not_bound_gets_an_ephemeral_port() {
    let mut host = Host::new();
    let id = host.opened();
    host.sends_to(id, "192.0.2.1:9").unwrap();
    let port = host.leaves().pair.local.port();
    assert_eq!(host.sockets.local_address(id), Ok(Some(end(&format!("0.0.0.0:{port}")))));
    host.sends_to(id, "192.0.2.1:9").unwrap();
    assert_eq!(host.leaves().pair.local.port(), port, "and keeps it");
    let id = host.opened();
    host.sends_to(id, "[2001:db8::1]:9").unwrap();
    assert_eq!(host.leaves().addresses().source, ip("2001:db8::2"));
}

#[test]
fn a_connected_socket_sends_to_its_peer_alone() {
    let mut host = Host::new();
    let id = host.connected("192.0.2.3:7", "192.0.2.1:9");
    host.sends(id, &Message::to_peer(b"hello")).unwrap();
    let outgoing = host.leaves();
    assert_eq!(outgoing.header(), Header { source_port: 7, destination_port: 9 });
    assert_eq!(outgoing.addresses().source, ip("192.0.2.3"));
    assert_eq!(host.sends_to(id, "192.0.2.1:9"), Ok(()), "named or not");
    assert_eq!(host.sends_to(id, "192.0.2.1:10"), Err(Error::IsConnected));
}

#[test]
fn a_datagram_without_a_destination_is_refused() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    let refused = host.sends(id, &Message::to_peer(b"hello"));
    assert_eq!(refused, Err(Error::DestinationAddressRequired));
}

#[test]
fn what_cannot_be_sent_to_is_named() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    for (remote, expected) in [
        ("192.0.2.1:0", Error::InvalidArgument),
        ("0.0.0.0:9", Error::InvalidArgument),
        ("[2001:db8::1]:9", Error::AddressFamilyNotSupported),
        ("203.0.113.1:9", Error::NetworkUnreachable),
        ("255.255.255.255:9", Error::PermissionDenied),
    ] {
        assert_eq!(host.sends_to(id, remote), Err(expected), "{remote}");
    }
    assert!(host.sockets.take_outgoing().is_none());
}

#[test]
fn broadcasts_are_sent_by_who_may() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    let options = SocketOptions { broadcast: true, ..SocketOptions::default() };
    host.sockets.set_options(id, options).unwrap();
    host.sends_to(id, "192.0.2.255:9").unwrap();
    assert_eq!(host.leaves().addresses().source, ip("192.0.2.2"));
}

#[test]
fn udp_9_the_source_is_the_one_asked_for_the_socket_s_own_or_left_to_the_route() {
    let mut host = Host::new();
    let message = Message::to(end("192.0.2.1:9"), b"hello");
    let asked = message.with_source(ip("192.0.2.3"));
    for (local, message, expected) in [
        ("0.0.0.0:7", &message, "192.0.2.2"),
        ("192.0.2.3:8", &message, "192.0.2.3"),
        ("0.0.0.0:9", &asked, "192.0.2.3"),
        ("192.0.2.2:10", &asked, "192.0.2.3"),
    ] {
        let id = host.bound(local);
        host.sends(id, message).unwrap();
        assert_eq!(host.leaves().addresses().source, ip(expected), "{local}");
    }
}

#[test]
fn udp_11_the_source_is_always_one_of_our_own() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    for source in ["192.0.2.77", "192.0.2.255", "224.0.0.1", "0.0.0.0", "2001:db8::2"] {
        let message = Message::to(end("192.0.2.1:9"), b"hello").with_source(ip(source));
        let refused = host.sends(id, &message);
        assert_eq!(refused, Err(Error::AddressNotAvailable), "{source}");
    }
    for local in ["192.0.2.255:8", "224.0.0.1:8"] {
        let id = host.bound(local);
        host.sends_to(id, "192.0.2.1:9").unwrap();
        assert_eq!(host.leaves().addresses().source, ip("192.0.2.2"), "{local}");
    }
}

#[test]
fn udp_12_ttl_traffic_class_and_ip_options_go_with_the_datagram() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    let asked = SendOptions {
        ttl: NonZeroU8::new(3),
        traffic_class: 0xb8,
        dont_fragment: true,
        ip_options: [7, 4, 4, 0].into(),
    };
    host.sends_with(id, "192.0.2.1:9", &asked).unwrap();
    assert_eq!(host.leaves().options, asked);

    host.sends_to(id, "192.0.2.1:9").unwrap();
    assert_eq!(host.leaves().options, SendOptions::default(), "this one asked for nothing");

    let for_all = SocketOptions { send: asked.clone(), ..SocketOptions::default() };
    host.sockets.set_options(id, for_all).unwrap();
    host.sends_to(id, "192.0.2.1:9").unwrap();
    assert_eq!(host.leaves().options, asked, "now all do");
    host.sends_with(id, "192.0.2.1:9", &SendOptions::default()).unwrap();
    assert_eq!(host.leaves().options, SendOptions::default(), "but for one");

    let too_many = SendOptions { ip_options: [1; 44].into(), ..SendOptions::default() };
    assert_eq!(host.sends_with(id, "192.0.2.1:9", &too_many), Err(Error::InvalidArgument));
}

#[test]
fn what_goes_to_a_group_stays_in_the_local_network_unless_asked() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    host.sends_to(id, "224.0.0.1:9").unwrap();
    assert_eq!(host.leaves().ttl(), NonZeroU8::new(1));
    let asked = SendOptions { ttl: NonZeroU8::new(9), ..SendOptions::default() };
    host.sends_with(id, "224.0.0.1:9", &asked).unwrap();
    assert_eq!(host.leaves().ttl(), NonZeroU8::new(9));
}

#[test]
fn frag_8_the_longest_payload_is_what_the_path_leaves_behind_the_headers() {
    let whole = |options: usize| SendOptions {
        dont_fragment: true,
        ip_options: vec![1; options].into(),
        ..SendOptions::default()
    };
    let fragmented = SendOptions::default();
    for (to, options, longest) in [
        ("192.0.2.1:9", &fragmented, 65_507),
        ("[2001:db8::1]:9", &fragmented, 65_527),
        ("192.0.2.1:9", &whole(0), UNFRAGMENTED - 8),
        ("192.0.2.1:9", &whole(40), UNFRAGMENTED - 48),
    ] {
        let mut host = Host::new();
        let id = host.opened();
        let mut send = |length| {
            let payload = vec![7; length];
            host.sends(id, &Message::to(end(to), &payload).with_options(options))
        };
        assert_eq!(send(longest + 1), Err(Error::MessageTooLong), "{to} {options:?}");
        assert_eq!(send(longest), Ok(()), "{to} {options:?}");
    }
}

#[test]
fn a_refused_datagram_does_not_even_take_a_port() {
    let mut host = Host::new();
    let id = host.opened();
    let refused = host.sends(id, &Message::to(end("192.0.2.1:9"), &[7; 65_508]));
    assert_eq!(refused, Err(Error::MessageTooLong));
    assert_eq!(host.sockets.local_address(id), Ok(None));
}

#[test]
fn a_full_queue_blocks_its_own_socket_until_half_of_it_has_left() {
    let mut host = Host::new();
    let (id, other) = (host.bound("0.0.0.0:7"), host.bound("0.0.0.0:9"));
    for _ in 0..SEND_QUEUE_DATAGRAMS {
        host.sends_to(id, "192.0.2.1:9").unwrap();
    }
    assert!(!host.sockets.readiness(id).unwrap().writable);
    for _ in 0..2 {
        assert_eq!(host.sends_to(id, "192.0.2.1:9"), Err(Error::WouldBlock));
    }
    assert_eq!(host.sends_to(other, "192.0.2.1:9"), Ok(()));

    for left in 1..=SEND_QUEUE_DATAGRAMS {
        assert!(host.sockets.take_outgoing().is_some());
        let expected = if left == SEND_QUEUE_DATAGRAMS / 2 { vec![id] } else { vec![] };
        assert_eq!(host.woken(), expected, "after {left} have left");
    }
    assert!(host.sockets.readiness(id).unwrap().writable);
}

#[test]
fn who_was_never_refused_is_not_told_of_room() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    for _ in 0..SEND_QUEUE_DATAGRAMS {
        host.sends_to(id, "192.0.2.1:9").unwrap();
    }
    while host.sockets.take_outgoing().is_some() {}
    assert_eq!(host.woken(), []);
}

#[test]
fn a_queue_is_full_by_bytes_too_and_writable_means_that_any_datagram_fits() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    let payload = vec![7; 65_507];
    let message = Message::to(end("192.0.2.1:9"), &payload);
    let mut sent = 0;
    while host.sockets.readiness(id).unwrap().writable {
        assert_eq!(host.sends(id, &message), Ok(()));
        sent += 1;
    }
    assert_eq!(sent, SEND_QUEUE_BYTES / 2 / 65_763 + 1);
    while host.sends(id, &message).is_ok() {
        sent += 1;
    }
    assert_eq!(sent, SEND_QUEUE_BYTES / 65_763);
    assert_eq!(host.sends(id, &message), Err(Error::WouldBlock));
    assert_eq!(host.sends_to(id, "192.0.2.1:9"), Ok(()), "a short one still fits");
}

#[test]
fn what_a_closed_socket_sent_still_leaves() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    host.sends_to(id, "192.0.2.1:9").unwrap();
    host.sockets.close(id).unwrap();
    assert_eq!(host.leaves().buffer.as_slice(), b"hello");
}

#[test]
fn datagrams_of_one_length_leave_together_and_the_last_may_be_shorter() {
    for (lengths, longest, expected) in [
        (&[][..], 1472, 0),
        (&[100], 1472, 1),
        (&[100, 100, 100], 1472, 3),
        (&[100, 100, 60, 100], 1472, 3),
        (&[100, 60, 60], 1472, 2),
        (&[100, 101], 1472, 1),
        (&[100, 0, 100], 1472, 1),
        (&[0, 0], 1472, 1),
        (&[1472, 1472], 1472, 2),
        (&[1473, 1473], 1472, 1),
        (&[20_000, 20_000, 20_000, 5_507, 1], 65_507, 4),
        (&[20_000, 20_000, 20_000, 5_508], 65_507, 3),
        (&[1; 65], 1472, 64),
    ] {
        let mut host = Host::new();
        let id = host.bound("0.0.0.0:7");
        for &length in lengths {
            host.sends(id, &Message::to(end("192.0.2.1:9"), &vec![7; length])).unwrap();
        }
        assert_eq!(
            host.sockets.superframe_len(longest, 65_507),
            expected,
            "{lengths:?}, {longest}"
        );
    }
}

#[test]
fn what_differs_in_more_than_its_data_leaves_by_itself() {
    let with_ttl = SendOptions { ttl: NonZeroU8::new(1), ..SendOptions::default() };
    let with_ip_options = SendOptions { ip_options: [1; 4].into(), ..SendOptions::default() };
    for (first, second, expected) in [
        (("192.0.2.1:9", None), ("192.0.2.1:9", None), 2),
        (("192.0.2.1:9", None), ("192.0.2.1:10", None), 1),
        (("192.0.2.1:9", None), ("192.0.2.4:9", None), 1),
        (("192.0.2.1:9", None), ("192.0.2.1:9", Some(&with_ttl)), 1),
        (("192.0.2.1:9", Some(&with_ttl)), ("192.0.2.1:9", Some(&with_ttl)), 2),
        (("192.0.2.1:9", Some(&with_ip_options)), ("192.0.2.1:9", Some(&with_ip_options)), 1),
    ] {
        let mut host = Host::new();
        let id = host.bound("0.0.0.0:7");
        for (to, options) in [first, second] {
            let message = Message::to(end(to), b"hello");
            let message = options.map_or(message, |options| message.with_options(options));
            host.sends(id, &message).unwrap();
        }
        assert_eq!(host.sockets.superframe_len(1472, 65_507), expected, "{first:?}, {second:?}");
    }
}
