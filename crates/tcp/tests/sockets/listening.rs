//! OPEN (RFC 9293, 3.10.1): whose port it is, who waits, and what the application hears of it.

use std::net::SocketAddr;

use tcp::{
    ConnectionOptions, Error, Flags, Report, ReportDropped, SegmentDropped, SocketId, SocketPair,
    State,
};

use crate::scene::{FIN_ACK, ISS, PSH_ACK, RST_ACK, SYN_ACK, Scene, seg, syn};

/// The peer connects from this port.
fn connects_from(scene: &mut Scene, port: u16) {
    scene.remote.set_port(port);
    scene.peer_connects();
}

fn listen(scene: &mut Scene, local: &str) -> Result<SocketId, Error> {
    let local = local.parse().unwrap();
    scene.sockets.listen(&scene.network, local, 1, ConnectionOptions::default())
}

fn connect(scene: &mut Scene, local: Option<&str>, remote: &str) -> Result<SocketId, Error> {
    let local = local.map(|local| local.parse().unwrap());
    let (now, remote) = (scene.now, remote.parse().unwrap());
    scene.sockets.connect(now, &scene.network, local, remote, ConnectionOptions::default())
}

fn local(scene: &Scene, id: SocketId) -> SocketAddr {
    scene.sockets.local_address(id).unwrap()
}

#[test]
fn must_46_a_passive_open_needs_a_port_and_an_address_of_ours() {
    let mut scene = Scene::new();
    assert_eq!(listen(&mut scene, "192.0.2.2:0"), Err(Error::InvalidArgument));
    assert_eq!(listen(&mut scene, "192.0.2.1:7"), Err(Error::AddressNotAvailable));
    let none = scene.sockets.listen(&scene.network, scene.local, 0, ConnectionOptions::default());
    assert_eq!(none, Err(Error::InvalidArgument));
    let id = listen(&mut scene, "192.0.2.2:7").unwrap();
    assert_eq!(listen(&mut scene, "192.0.2.2:7"), Err(Error::AddressInUse));
    assert_eq!(local(&scene, id), scene.local);
    scene.sockets.close(scene.now, id).unwrap();
    assert!(listen(&mut scene, "192.0.2.2:7").is_ok());
}

#[test]
fn a_listener_for_any_address_takes_what_no_other_does() {
    let mut scene = Scene::new();
    let any = listen(&mut scene, "0.0.0.0:7").unwrap();
    connects_from(&mut scene, 40_000);
    let exact = listen(&mut scene, "192.0.2.2:7").unwrap();
    connects_from(&mut scene, 40_001);
    let one = scene.sockets.accept(any).unwrap();
    assert_eq!(local(&scene, one), scene.local);
    assert_eq!(scene.sockets.accept(any), Err(Error::WouldBlock));
    let other = scene.sockets.accept(exact).unwrap();
    assert_eq!(scene.sockets.ends(other).unwrap().remote.port(), 40_001);
    assert_eq!(scene.sockets.accept(one), Err(Error::BadSocket), "it is no listener");
}

#[test]
fn who_has_waited_longest_is_accepted_first_and_the_application_is_told() {
    let mut scene = Scene::new();
    let listener = scene.listen(3, ConnectionOptions::default());
    assert!(!scene.sockets.readiness(listener).unwrap().readable);
    for port in [40_000, 40_001, 40_002] {
        connects_from(&mut scene, port);
        let [event] = scene.events()[..] else { panic!() };
        assert!(event.socket == listener && event.readiness.readable);
    }
    for port in [40_000, 40_001, 40_002] {
        let id = scene.sockets.accept(listener).unwrap();
        assert_eq!(scene.sockets.ends(id).unwrap().remote.port(), port);
    }
    assert_eq!(scene.sockets.accept(listener), Err(Error::WouldBlock));
    assert!(!scene.sockets.readiness(listener).unwrap().readable);
}

#[test]
fn what_came_before_it_was_accepted_is_told_then() {
    let mut scene = Scene::new();
    let listener = scene.listen(1, ConnectionOptions::default());
    scene.peer_connects();
    scene.events();
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"early")).unwrap();
    assert_eq!(scene.events(), [], "there is nobody to be told");
    let id = scene.sockets.accept(listener).unwrap();
    let [event] = scene.events()[..] else { panic!() };
    assert!(event.socket == id && event.readiness.readable && event.readiness.writable);
}

#[test]
fn who_gave_up_before_it_was_accepted_waits_no_more() {
    let mut scene = Scene::new();
    let listener = scene.listen(2, ConnectionOptions::default());
    connects_from(&mut scene, 40_000);
    connects_from(&mut scene, 40_001);
    scene.peer_sends(seg(Flags::RST, 1, 0)).unwrap();
    assert_eq!(scene.sockets.len(), 2);
    let id = scene.sockets.accept(listener).unwrap();
    assert_eq!(scene.sockets.ends(id).unwrap().remote.port(), 40_000);
    assert_eq!(scene.sockets.accept(listener), Err(Error::WouldBlock));
}

#[test]
fn the_backlog_counts_who_is_under_way_and_who_waits() {
    let mut scene = Scene::new();
    let listener = scene.listen(2, ConnectionOptions::default());
    connects_from(&mut scene, 40_000);
    let asks = |scene: &mut Scene, port| {
        scene.remote.set_port(port);
        let asked = scene.peer_sends(syn());
        scene.leaves();
        asked
    };
    assert_eq!(asks(&mut scene, 40_001), Ok(()));
    assert_eq!(asks(&mut scene, 40_002), Err(SegmentDropped::BacklogFull));
    scene.sockets.accept(listener).unwrap();
    assert_eq!(asks(&mut scene, 40_003), Ok(()));
    assert_eq!(asks(&mut scene, 40_004), Err(SegmentDropped::BacklogFull));
    scene.remote.set_port(40_001);
    scene.peer_sends(seg(Flags::RST, 1, 0)).unwrap();
    assert_eq!(asks(&mut scene, 40_004), Ok(()));
    assert_eq!(asks(&mut scene, 40_005), Err(SegmentDropped::BacklogFull));
}

#[test]
fn closing_the_listener_ends_who_waits_and_leaves_who_was_accepted() {
    let mut scene = Scene::new();
    let listener = scene.listen(2, ConnectionOptions::default());
    connects_from(&mut scene, 40_000);
    let accepted = scene.sockets.accept(listener).unwrap();
    connects_from(&mut scene, 40_001);
    scene.sockets.close(scene.now, listener).unwrap();
    assert_eq!(scene.leaves_one().flags, RST_ACK);
    assert_eq!((scene.sockets.len(), scene.state(accepted)), (1, State::Established));
    assert_eq!(scene.sockets.close(scene.now, listener), Err(Error::BadSocket));
    assert_eq!(scene.sockets.readiness(listener), Err(Error::BadSocket));
    scene.remote.set_port(40_002);
    assert_eq!(scene.peer_sends(syn()), Err(SegmentDropped::NoConnection));
}

#[test]
fn must_42_the_listener_listens_on_beside_its_connections() {
    let mut scene = Scene::new();
    let listener = scene.listen(1, ConnectionOptions::default());
    for port in 40_000..40_010 {
        connects_from(&mut scene, port);
        scene.sockets.accept(listener).unwrap();
    }
    assert_eq!(scene.sockets.len(), 11);
}

#[test]
fn must_46_an_active_open_needs_a_peer_that_is_one_host() {
    let mut scene = Scene::new();
    for remote in ["192.0.2.1:0", "192.0.2.255:7"] {
        assert_eq!(connect(&mut scene, None, remote), Err(Error::InvalidArgument), "{remote}");
    }
    let foreign = connect(&mut scene, Some("192.0.2.1:7"), "192.0.2.1:7");
    assert_eq!(foreign, Err(Error::AddressNotAvailable));
    assert!(scene.sockets.is_empty());
    scene.nothing_leaves();
}

#[test]
fn must_43_must_44_the_local_end_is_the_one_asked_for_or_chosen() {
    let mut scene = Scene::new();
    let asked = connect(&mut scene, Some("192.0.2.2:7"), "192.0.2.1:9").unwrap();
    assert_eq!(local(&scene, asked), scene.local);
    let again = connect(&mut scene, Some("192.0.2.2:7"), "192.0.2.1:9");
    assert_eq!(again, Err(Error::AddressInUse));
    assert!(connect(&mut scene, Some("192.0.2.2:7"), "192.0.2.1:10").is_ok(), "another pair");
    let mut ports = Vec::new();
    for asked in [None, Some("0.0.0.0:0"), Some("192.0.2.2:0")] {
        let id = connect(&mut scene, asked, "192.0.2.1:9").unwrap();
        let local = local(&scene, id);
        assert_eq!(local.ip(), scene.local.ip());
        ports.push(local.port());
    }
    ports.sort_unstable();
    ports.dedup();
    assert!(ports.len() == 3 && ports[0] > 1024, "{ports:?}");
}

#[test]
fn what_is_over_leaves_its_port() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    assert!(!scene.sockets.is_empty());
    assert_eq!(scene.connect(ConnectionOptions::default()), Err(Error::AddressInUse));
    scene.peer_sends(seg(Flags::RST, 1, 0)).unwrap();
    assert_eq!(scene.state(id), State::Closed, "the application still holds it");
    assert_eq!(scene.peer_sends(seg(PSH_ACK, 1, 1)), Err(SegmentDropped::NoConnection));
    scene.expect(Flags::RST, 1, 0, b"");
    let next = scene.connect(ConnectionOptions::default()).unwrap();
    assert_eq!(scene.leaves_one().flags, Flags::SYN);
    scene.sockets.close(scene.now, id).unwrap();
    assert_eq!(scene.state(next), State::SynSent, "the next one has nothing to do with it");
    scene.peer_sends(crate::scene::Seg { ack: 1, flags: SYN_ACK, ..syn() }).unwrap();
    assert_eq!(scene.state(next), State::Established);
}

#[test]
fn a_handle_that_is_gone_is_a_bad_socket() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(Flags::RST, 1, 0)).unwrap();
    scene.sockets.close(scene.now, id).unwrap();
    assert_eq!(scene.send(id, b"x"), Err(Error::BadSocket));
    assert_eq!(scene.receive(id), Err(Error::BadSocket));
    assert_eq!(scene.sockets.peek(id, &mut [0]), Err(Error::BadSocket));
    assert_eq!(scene.sockets.shutdown(scene.now, id), Err(Error::BadSocket));
    assert_eq!(scene.sockets.shutdown_receiving(scene.now, id), Err(Error::BadSocket));
    assert_eq!(scene.sockets.abort(scene.now, id), Err(Error::BadSocket));
    assert_eq!(scene.sockets.close(scene.now, id), Err(Error::BadSocket));
    assert_eq!(scene.sockets.take_error(id), Err(Error::BadSocket));
    assert_eq!(scene.sockets.peek_urgent(id), Err(Error::BadSocket));
    let options = ConnectionOptions::default();
    assert_eq!(scene.sockets.set_options(scene.now, id, options), Err(Error::BadSocket));
}

#[test]
fn what_is_shut_already_is_not_connected() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(Flags::RST, 1, 0)).unwrap();
    assert_eq!(scene.sockets.shutdown(scene.now, id), Err(Error::NotConnected));
    assert_eq!(scene.sockets.shutdown_receiving(scene.now, id), Err(Error::NotConnected));
}

fn report(scene: &Scene, number: u32, error: Error) -> Report {
    let pair = SocketPair { local: scene.local, remote: scene.remote };
    Report { pair, sequence_number: ISS + number, error }
}

#[test]
fn must_54_a_report_counts_if_it_quotes_what_is_outstanding() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, b"abc").unwrap();
    scene.leaves_one();
    let error = Error::HostUnreachable;
    for (number, is_taken) in [(0, false), (1, true), (3, true), (4, false)] {
        let report = report(&scene, number, error);
        let taken = scene.sockets.handle_report(scene.now, &report);
        let expected = if is_taken { Ok(()) } else { Err(ReportDropped::NotOutstanding) };
        assert_eq!(taken, expected, "{number}");
        assert_eq!(scene.sockets.take_error(id), Ok(is_taken.then_some(error)));
    }
    let mut of_another = report(&scene, 1, error);
    of_another.pair.remote.set_port(1);
    let taken = scene.sockets.handle_report(scene.now, &of_another);
    assert_eq!(taken, Err(ReportDropped::NoConnection));
}

#[test]
fn shld_26_a_refusal_ends_what_was_asked_for_and_nothing_else() {
    for (error, is_hard) in [
        (Error::ConnectionRefused, true),
        (Error::ProtocolNotAvailable, true),
        (Error::HostUnreachable, false),
    ] {
        let mut scene = Scene::new();
        let id = scene.connect(ConnectionOptions::default()).unwrap();
        scene.leaves_one();
        let report = report(&scene, 0, error);
        scene.sockets.handle_report(scene.now, &report).unwrap();
        assert_eq!(scene.state(id) == State::Closed, is_hard);
        assert_eq!(scene.sockets.take_error(id), Ok(Some(error)));
    }
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.send(id, b"abc").unwrap();
    scene.leaves_one();
    let report = report(&scene, 1, Error::ConnectionRefused);
    scene.sockets.handle_report(scene.now, &report).unwrap();
    assert_eq!(scene.state(id), State::Established, "RFC 5927: whoever sent it");
}

#[test]
fn must_41_both_ends_close_in_their_own_time() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(FIN_ACK, 1, 1)).unwrap();
    scene.leaves_one();
    scene.send(id, b"I have more to say").unwrap();
    scene.expect(PSH_ACK, 1, 2, b"I have more to say");
    scene.peer_sends(seg(Flags::ACK, 2, 19)).unwrap();
    scene.sockets.shutdown(scene.now, id).unwrap();
    scene.expect(FIN_ACK, 19, 2, b"");
    assert_eq!(scene.sockets.shutdown(scene.now, id), Ok(()), "once is enough");
    scene.nothing_leaves();
    scene.peer_sends(seg(Flags::ACK, 2, 20)).unwrap();
    assert_eq!(scene.state(id), State::Closed);
    assert_eq!(scene.sockets.take_error(id), Ok(None));
}
