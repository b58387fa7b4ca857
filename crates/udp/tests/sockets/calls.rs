//! Opening, binding, connecting and closing.

use std::collections::HashSet;

use udp::{Error, MAX_SOCKETS, SendOptions, SocketOptions};

use crate::host::{Host, end};

#[test]
fn a_bound_address_is_in_use_for_another_until_it_is_closed() {
    let mut host = Host::new();
    let first = host.bound("192.0.2.2:7");
    let second = host.opened();
    assert_eq!(host.binds(second, "192.0.2.2:7"), Err(Error::AddressInUse));
    assert_eq!(host.binds(second, "0.0.0.0:7"), Err(Error::AddressInUse));
    host.sockets.close(first).unwrap();
    assert_eq!(host.binds(second, "0.0.0.0:7"), Ok(end("0.0.0.0:7")));
    let third = host.opened();
    assert_eq!(host.binds(third, "192.0.2.3:7"), Err(Error::AddressInUse));
}

#[test]
fn other_addresses_ports_and_families_are_free() {
    let mut host = Host::new();
    for local in ["192.0.2.2:7", "192.0.2.3:7", "192.0.2.2:9", "[2001:db8::2]:7", "[::]:9"] {
        host.bound(local);
    }
}

#[test]
fn broadcast_addresses_and_groups_can_be_bound_and_another_host_s_cannot() {
    let mut host = Host::new();
    host.bound("192.0.2.255:7");
    host.bound("224.0.0.1:7");
    let id = host.opened();
    assert_eq!(host.binds(id, "192.0.2.77:7"), Err(Error::AddressNotAvailable));
}

#[test]
fn a_socket_is_bound_once() {
    let mut host = Host::new();
    let id = host.bound("192.0.2.2:7");
    assert_eq!(host.binds(id, "192.0.2.2:9"), Err(Error::InvalidArgument));
    assert_eq!(host.sockets.local_address(id), Ok(Some(end("192.0.2.2:7"))));
}

#[test]
fn port_0_asks_for_an_ephemeral_port() {
    let mut host = Host::new();
    let mut ports = HashSet::new();
    for _ in 0..1000 {
        let id = host.opened();
        let local = host.binds(id, "192.0.2.2:0").unwrap();
        assert_eq!(host.sockets.local_address(id), Ok(Some(local)));
        assert!(local.port() >= 1024);
        assert!(ports.insert(local.port()), "{local} was in use");
    }
}

#[test]
fn an_ephemeral_port_is_one_that_no_socket_has_on_any_address() {
    // The same secret draws the same ports, so each one that the first host got is occupied
    // when the second asks.
    let mut first = Host::new();
    let local = first.opened();
    let drawn = first.binds(local, "0.0.0.0:0").unwrap().port();
    for occupied in ["192.0.2.3", "0.0.0.0"] {
        let mut second = Host::new();
        second.bound(&format!("{occupied}:{drawn}"));
        let id = second.opened();
        assert_ne!(second.binds(id, "192.0.2.2:0").unwrap().port(), drawn);
    }
    let mut third = Host::new();
    third.connected(&format!("192.0.2.2:{drawn}"), "192.0.2.1:9");
    let id = third.opened();
    assert_ne!(third.binds(id, "192.0.2.2:0").unwrap().port(), drawn, "connected");
}

#[test]
fn there_are_no_more_sockets_than_there_may_be() {
    let mut host = Host::new();
    let ids: Vec<_> = (0..MAX_SOCKETS).map(|_| host.opened()).collect();
    assert_eq!(host.sockets.open(), Err(Error::TooManyOpenSockets));
    for &id in &ids {
        host.binds(id, "0.0.0.0:0").unwrap();
    }
    host.sockets.close(ids[7]).unwrap();
    assert!(host.sockets.open().is_ok());
}

#[test]
fn a_closed_socket_s_handle_is_refused_by_every_call() {
    let mut host = Host::new();
    let id = host.bound("192.0.2.2:7");
    host.sockets.close(id).unwrap();
    let successor = host.bound("192.0.2.2:7");
    let refused = Err(Error::BadSocket);
    assert_eq!(host.sockets.close(id), refused);
    assert_eq!(host.sockets.disconnect(id), refused);
    assert_eq!(host.sockets.set_options(id, SocketOptions::default()), refused);
    assert_eq!(host.sends_to(id, "192.0.2.1:9"), refused);
    assert_eq!(host.binds(id, "192.0.2.2:9"), Err(Error::BadSocket));
    assert_eq!(host.connects(id, "192.0.2.1:9"), Err(Error::BadSocket));
    assert_eq!(host.sockets.options(id), Err(Error::BadSocket));
    assert_eq!(host.sockets.local_address(id), Err(Error::BadSocket));
    assert_eq!(host.sockets.peer_address(id), Err(Error::BadSocket));
    assert_eq!(host.sockets.receive(id), Err(Error::BadSocket));
    assert_eq!(host.sockets.peek(id), Err(Error::BadSocket));
    assert_eq!(host.sockets.take_report(id), Err(Error::BadSocket));
    assert_eq!(host.sockets.dropped(id), Err(Error::BadSocket));
    assert_eq!(host.sockets.readiness(id), Err(Error::BadSocket));
    assert!(host.sockets.readiness(successor).is_ok());
}

#[test]
fn connecting_gives_a_socket_an_address_and_a_port_of_its_own() {
    let mut host = Host::new();
    let id = host.opened();
    let local = host.connects(id, "192.0.2.1:9").unwrap();
    assert_eq!(local.ip(), end("192.0.2.2:0").ip());
    assert_ne!(local.port(), 0);
    assert_eq!(host.sockets.local_address(id), Ok(Some(local)));
    assert_eq!(host.sockets.peer_address(id), Ok(end("192.0.2.1:9")));
}

#[test]
fn a_socket_bound_to_one_of_our_addresses_connects_from_there() {
    let mut host = Host::new();
    let id = host.bound("192.0.2.3:7");
    assert_eq!(host.connects(id, "192.0.2.1:9"), Ok(end("192.0.2.3:7")));
    let id = host.bound("192.0.2.255:7");
    assert_eq!(host.connects(id, "192.0.2.1:9"), Ok(end("192.0.2.2:7")), "never from a broadcast");
}

#[test]
fn what_cannot_be_connected_to_is_named() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    for (remote, expected) in [
        ("192.0.2.1:0", Error::InvalidArgument),
        ("0.0.0.0:9", Error::InvalidArgument),
        ("[2001:db8::1]:9", Error::AddressFamilyNotSupported),
        ("203.0.113.1:9", Error::NetworkUnreachable),
        ("192.0.2.255:9", Error::PermissionDenied),
    ] {
        assert_eq!(host.connects(id, remote), Err(expected), "{remote}");
    }
    assert_eq!(host.sockets.peer_address(id), Err(Error::NotConnected));
    let broadcast = SocketOptions { broadcast: true, ..SocketOptions::default() };
    host.sockets.set_options(id, broadcast).unwrap();
    assert_eq!(host.connects(id, "192.0.2.255:9"), Ok(end("192.0.2.2:7")));
}

#[test]
fn the_same_two_ends_are_connected_once() {
    let mut host = Host::new();
    let first = host.connected("192.0.2.2:7", "192.0.2.1:9");
    let second = host.bound("192.0.2.2:7");
    assert_eq!(host.connects(second, "192.0.2.1:9"), Err(Error::AddressInUse));
    assert_eq!(host.sockets.local_address(second), Ok(Some(end("192.0.2.2:7"))));
    assert_eq!(host.connects(first, "192.0.2.1:9"), Ok(end("192.0.2.2:7")), "its own pair");
    host.sockets.close(first).unwrap();
    assert!(host.connects(second, "192.0.2.1:9").is_ok());
}

#[test]
fn disconnecting_binds_the_socket_again_unless_another_came_first() {
    let mut host = Host::new();
    let first = host.connected("0.0.0.0:7", "192.0.2.1:9");
    let second = host.bound("192.0.2.2:7");
    assert_eq!(host.sockets.disconnect(first), Err(Error::AddressInUse));
    assert_eq!(host.sockets.peer_address(first), Ok(end("192.0.2.1:9")));
    assert_eq!(host.sockets.disconnect(second), Err(Error::NotConnected));
    host.sockets.close(second).unwrap();
    assert_eq!(host.sockets.disconnect(first), Ok(()));
    assert_eq!(host.sockets.local_address(first), Ok(Some(end("0.0.0.0:7"))));
}

#[test]
fn a_socket_connected_anew_is_no_longer_connected_as_before() {
    let mut host = Host::new();
    let id = host.connected("0.0.0.0:7", "192.0.2.1:9");
    host.connects(id, "192.0.2.4:9").unwrap();
    assert!(host.comes("192.0.2.1:9", "192.0.2.2:7", b"").is_err());
    assert_eq!(host.comes("192.0.2.4:9", "192.0.2.2:7", b""), Ok(id));
}

#[test]
fn options_are_kept_unless_no_header_has_room_for_them() {
    let mut host = Host::new();
    let id = host.opened();
    let with = |length| SocketOptions {
        broadcast: true,
        require_checksum: true,
        send: SendOptions { ip_options: vec![1; length].into(), ..SendOptions::default() },
    };
    host.sockets.set_options(id, with(8)).unwrap();
    assert_eq!(host.sockets.set_options(id, with(44)), Err(Error::InvalidArgument));
    assert_eq!(host.sockets.options(id), Ok(&with(8)));
}
