//! What comes, and who gets it.

use packet::InterfaceId;
use udp::{
    DatagramDropped, Delivery, Envelope, Error, MAX_IP_OPTIONS_LEN, RECEIVE_QUEUE_BYTES,
    RECEIVE_QUEUE_DATAGRAMS, Readiness, SocketOptions,
};

use crate::host::{Host, PEER, end, ip};

#[test]
fn udp_1_a_datagram_for_a_port_that_nobody_has_finds_no_socket() {
    let mut host = Host::new();
    host.bound("192.0.2.2:7");
    for to in ["192.0.2.2:8", "192.0.2.3:7", "[2001:db8::2]:7", "192.0.2.2:0"] {
        assert_eq!(host.comes(PEER, to, b"a"), Err(DatagramDropped::NoSocket), "{to}");
    }
}

#[test]
fn the_connected_socket_goes_before_the_bound_one_on_the_same_port() {
    let mut host = Host::new();
    let connected = host.connected("192.0.2.2:7", PEER);
    let bound = host.bound("192.0.2.2:7");
    assert_eq!(host.comes(PEER, "192.0.2.2:7", b"a"), Ok(connected));
    assert_eq!(host.comes("192.0.2.1:40001", "192.0.2.2:7", b"b"), Ok(bound), "other port");
    assert_eq!(host.comes("192.0.2.9:40000", "192.0.2.2:7", b"c"), Ok(bound), "other address");
}

#[test]
fn a_connected_socket_receives_from_its_peer_alone() {
    let mut host = Host::new();
    let id = host.connected("0.0.0.0:7", PEER);
    assert_eq!(host.comes(PEER, "192.0.2.2:7", b"a"), Ok(id));
    let stranger = host.comes("192.0.2.9:40000", "192.0.2.2:7", b"b");
    assert_eq!(stranger, Err(DatagramDropped::NoSocket));
    let other_address_of_ours = host.comes(PEER, "192.0.2.3:7", b"c");
    assert_eq!(other_address_of_ours, Err(DatagramDropped::NoSocket));
    host.sockets.disconnect(id).unwrap();
    assert_eq!(host.comes("192.0.2.9:40000", "192.0.2.2:7", b"d"), Ok(id));
}

#[test]
fn what_strangers_sent_before_connecting_is_not_received_after() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    for (from, payload) in [("192.0.2.9:1", "a"), (PEER, "b"), ("192.0.2.9:2", "c")] {
        host.comes(from, "192.0.2.2:7", payload.as_bytes()).unwrap();
    }
    host.connects(id, PEER).unwrap();
    assert_eq!(host.receives_all(id), ["b"]);
}

#[test]
fn udp_8_a_program_learns_all_that_came_with_a_datagram() {
    let mut host = Host::new();
    host.passes(5);
    let id = host.bound("0.0.0.0:7");
    let came = host.comes_with(end(PEER), end("192.0.2.3:7"), b"hello", |envelope, _| {
        envelope.delivery = Delivery::Broadcast;
        envelope.interface = InterfaceId(3);
        envelope.ttl = 0;
        envelope.traffic_class = 0xb9;
        envelope.ip_options = &[7, 4, 4, 0];
    });
    assert_eq!(came, Ok(id));
    let incoming = host.receives(id).unwrap();
    assert_eq!(incoming.payload, b"hello");
    let metadata = incoming.metadata;
    assert_eq!(metadata.source, end(PEER));
    assert_eq!(metadata.destination, ip("192.0.2.3"));
    assert_eq!(metadata.delivery, Delivery::Broadcast);
    assert_eq!(metadata.interface, InterfaceId(3));
    assert_eq!((metadata.ttl, metadata.traffic_class), (0, 0xb9));
    assert_eq!(*metadata.ip_options, [7, 4, 4, 0], "UDP-2");
    assert_eq!(metadata.at, host.now);
}

#[test]
fn more_ip_options_than_a_header_has_are_cut() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    let came = host.comes_with(end(PEER), end("192.0.2.2:7"), b"", |envelope, _| {
        envelope.ip_options = &[1; 100];
    });
    assert_eq!(came, Ok(id));
    assert_eq!(host.receives(id).unwrap().metadata.ip_options.len(), MAX_IP_OPTIONS_LEN);
}

#[test]
fn udp_14_an_empty_datagram_is_received_as_such() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    assert_eq!(host.receives(id), Err(Error::WouldBlock));
    host.comes(PEER, "192.0.2.2:7", b"").unwrap();
    assert!(host.sockets.readiness(id).unwrap().readable);
    assert_eq!(host.receives(id).unwrap().payload, b"");
    assert_eq!(host.receives(id), Err(Error::WouldBlock));
}

#[test]
fn datagrams_are_received_in_the_order_in_which_they_came() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    for payload in ["a", "b", "c"] {
        host.comes(PEER, "192.0.2.2:7", payload.as_bytes()).unwrap();
    }
    assert_eq!(host.sockets.peek(id).unwrap().payload, b"a");
    assert_eq!(host.receives_all(id), ["a", "b", "c"]);
    assert_eq!(host.sockets.peek(id), Err(Error::WouldBlock));
}

#[test]
fn a_buffer_that_is_too_short_loses_the_rest_and_says_so() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    for payload in ["hello", "abc", "ab"] {
        host.comes(PEER, "192.0.2.2:7", payload.as_bytes()).unwrap();
    }
    let mut buffer = *b"---";
    let (metadata, copied) = host.sockets.receive_into(id, &mut buffer).unwrap();
    assert_eq!(metadata.source, end(PEER));
    assert_eq!((copied.length, copied.full_length, copied.is_truncated()), (3, 5, true));
    assert_eq!(buffer, *b"hel");
    let (_, copied) = host.sockets.receive_into(id, &mut buffer).unwrap();
    assert_eq!((copied.length, copied.full_length, copied.is_truncated()), (3, 3, false));
    let (_, copied) = host.sockets.receive_into(id, &mut buffer).unwrap();
    assert_eq!((copied.length, &buffer), (2, b"abc"), "what lies behind is left as it was");
}

/// Takes the checksum out.
fn without(_: &mut Envelope<'_>, bytes: &mut [u8]) {
    bytes[6..8].fill(0);
}

#[test]
fn udp_7_a_socket_may_require_a_checksum() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    assert_eq!(host.comes_with(end(PEER), end("192.0.2.2:7"), b"", without), Ok(id));
    let options = SocketOptions { require_checksum: true, ..SocketOptions::default() };
    host.sockets.set_options(id, options).unwrap();
    let refused = host.comes_with(end(PEER), end("192.0.2.2:7"), b"", without);
    assert_eq!(refused, Err(DatagramDropped::NoChecksum));
    assert_eq!(host.comes(PEER, "192.0.2.2:7", b""), Ok(id));
}

#[test]
fn udp_7_over_ipv6_a_checksum_is_always_required() {
    let mut host = Host::new();
    let id = host.bound("[::]:7");
    let (from, to) = (end("[2001:db8::1]:40000"), end("[2001:db8::2]:7"));
    let refused = host.comes_with(from, to, b"", without);
    assert_eq!(refused, Err(DatagramDropped::NoChecksum));
    assert_eq!(host.comes_with(from, to, b"", |_, _| {}), Ok(id));
}

#[test]
fn a_full_queue_drops_the_newest_and_counts_it() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    for number in 0..RECEIVE_QUEUE_DATAGRAMS {
        host.comes(PEER, "192.0.2.2:7", number.to_string().as_bytes()).unwrap();
    }
    for _ in 0..3 {
        let dropped = host.comes(PEER, "192.0.2.2:7", b"one more");
        assert_eq!(dropped, Err(DatagramDropped::QueueFull));
    }
    assert_eq!(host.sockets.dropped(id), Ok(3));
    let received = host.receives_all(id);
    assert_eq!(received.len(), RECEIVE_QUEUE_DATAGRAMS);
    assert_eq!(received[0], "0");
    assert_eq!(received[RECEIVE_QUEUE_DATAGRAMS - 1], (RECEIVE_QUEUE_DATAGRAMS - 1).to_string());
    assert_eq!(host.comes(PEER, "192.0.2.2:7", b""), Ok(id), "there is room again");
}

#[test]
fn a_queue_is_full_by_bytes_too() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    let payload = vec![7; 65_507];
    for _ in 0..RECEIVE_QUEUE_BYTES / 65_763 {
        host.comes(PEER, "192.0.2.2:7", &payload).unwrap();
    }
    assert_eq!(host.comes(PEER, "192.0.2.2:7", &payload), Err(DatagramDropped::QueueFull));
    assert_eq!(host.comes(PEER, "192.0.2.2:7", b"short"), Ok(id));
}

#[test]
fn each_socket_at_which_something_came_is_told_once() {
    let mut host = Host::new();
    let (first, second) = (host.bound("0.0.0.0:7"), host.bound("0.0.0.0:9"));
    let idle = host.bound("0.0.0.0:13");
    for to in ["192.0.2.2:9", "192.0.2.2:7", "192.0.2.2:9"] {
        host.comes(PEER, to, b"a").unwrap();
    }
    let event = host.sockets.poll_event().unwrap();
    assert_eq!(event.socket, second);
    assert_eq!(event.readiness, Readiness { readable: true, writable: true, error: false });
    assert_eq!(host.woken(), [first]);
    host.comes(PEER, "192.0.2.2:9", b"b").unwrap();
    assert_eq!(host.woken(), [second], "and once more for what came since");
    assert!(!host.sockets.readiness(idle).unwrap().readable);
}

#[test]
fn a_closed_socket_is_told_of_no_more() {
    let mut host = Host::new();
    let (first, second) = (host.bound("0.0.0.0:7"), host.bound("0.0.0.0:9"));
    host.comes(PEER, "192.0.2.2:7", b"a").unwrap();
    host.comes(PEER, "192.0.2.2:9", b"a").unwrap();
    host.sockets.close(first).unwrap();
    assert_eq!(host.woken(), [second]);
}
