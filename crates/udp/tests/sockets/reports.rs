//! UDP-3: what became of a datagram reaches the socket that sent it, and no other.

use udp::{Cause, Error, Message, RECENT_LIFETIME, REPORT_QUEUE_LIMIT, Report, ReportDropped};

use crate::host::{Host, PEER, end, ip, pair};

#[test]
fn udp_3_a_connected_socket_s_next_call_fails_once_with_what_was_reported() {
    let mut host = Host::new();
    let id = host.connected("192.0.2.2:7", PEER);
    let told = |host: &mut Host| host.is_told(pair("192.0.2.2:7", PEER), Cause::PortUnreachable);
    assert_eq!(told(&mut host), Ok(id));
    assert!(host.sockets.readiness(id).unwrap().error);
    assert_eq!(host.woken(), [id]);
    assert_eq!(host.sends(id, &Message::to_peer(b"")), Err(Error::ConnectionRefused));
    assert_eq!(host.sends(id, &Message::to_peer(b"")), Ok(()));

    told(&mut host).unwrap();
    host.comes(PEER, "192.0.2.2:7", b"a").unwrap();
    assert_eq!(host.receives(id), Err(Error::ConnectionRefused));
    assert_eq!(host.receives_all(id), ["a"]);

    told(&mut host).unwrap();
    assert_eq!(host.sockets.peek(id), Err(Error::ConnectionRefused));
    assert_eq!(host.sockets.peek(id), Err(Error::WouldBlock));
}

#[test]
fn udp_3_one_of_many_peers_that_is_gone_fails_no_call_and_is_told_when_asked() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    host.sends_to(id, PEER).unwrap();
    let gone = pair("192.0.2.2:7", PEER);
    assert_eq!(host.is_told(gone, Cause::PortUnreachable), Ok(id));
    assert_eq!(host.woken(), [id]);
    assert_eq!(host.receives(id), Err(Error::WouldBlock));
    assert_eq!(host.sends_to(id, "192.0.2.4:9"), Ok(()));
    let expected = host.report(gone, Cause::PortUnreachable);
    assert_eq!(host.sockets.take_report(id), Ok(Some(expected)));
    assert_eq!(host.sockets.take_report(id), Ok(None));
    assert!(!host.sockets.readiness(id).unwrap().error);
}

#[test]
fn a_report_that_was_taken_fails_no_call() {
    let mut host = Host::new();
    let id = host.connected("192.0.2.2:7", PEER);
    host.is_told(pair("192.0.2.2:7", PEER), Cause::PortUnreachable).unwrap();
    assert!(host.sockets.take_report(id).unwrap().is_some());
    assert_eq!(host.sends(id, &Message::to_peer(b"")), Ok(()));
}

#[test]
fn icmp_11_what_may_pass_by_itself_fails_no_call() {
    let mut host = Host::new();
    let id = host.connected("192.0.2.2:7", PEER);
    let ours = pair("192.0.2.2:7", PEER);
    for cause in [
        Cause::NetworkUnreachable,
        Cause::HostUnreachable,
        Cause::SourceRouteFailed,
        Cause::TimeExceeded,
        Cause::ReassemblyTimeExceeded,
    ] {
        assert_eq!(host.is_told(ours, cause), Ok(id));
        assert_eq!(host.sends(id, &Message::to_peer(b"")), Ok(()), "{cause:?}");
        let report = host.sockets.take_report(id).unwrap().unwrap();
        assert_eq!(report.cause, cause);
    }
}

#[test]
fn each_hard_cause_fails_under_its_own_name() {
    let mut host = Host::new();
    let id = host.connected("192.0.2.2:7", PEER);
    for (cause, expected) in [
        (Cause::ProtocolUnreachable, Error::ProtocolNotAvailable),
        (Cause::PortUnreachable, Error::ConnectionRefused),
        (Cause::FragmentationNeeded { mtu: 1280 }, Error::MessageTooLong),
        (Cause::Prohibited, Error::HostUnreachable),
        (Cause::ParameterProblem { pointer: 20 }, Error::ProtocolError),
    ] {
        // What waits before it does not stand in its way.
        host.is_told(pair("192.0.2.2:7", PEER), Cause::TimeExceeded).unwrap();
        host.is_told(pair("192.0.2.2:7", PEER), cause).unwrap();
        assert_eq!(host.sends(id, &Message::to_peer(b"")), Err(expected), "{cause:?}");
    }
    assert_eq!(Cause::NetworkUnreachable.error(), Error::NetworkUnreachable);
    assert_eq!(Cause::TimeExceeded.error(), Error::HostUnreachable);
}

#[test]
fn a_report_about_what_was_not_sent_is_forged() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    host.sends_to(id, PEER).unwrap();
    for (local, remote, expected) in [
        ("192.0.2.2:8", PEER, ReportDropped::NoSocket),
        ("192.0.2.3:7", PEER, ReportDropped::NotSent),
        ("192.0.2.2:7", "192.0.2.1:40001", ReportDropped::NotSent),
        ("192.0.2.2:7", "192.0.2.9:40000", ReportDropped::NotSent),
    ] {
        let dropped = host.is_told(pair(local, remote), Cause::PortUnreachable);
        assert_eq!(dropped, Err(expected), "{local} {remote}");
    }
    let connected = host.connected("192.0.2.2:9", PEER);
    let dropped = host.is_told(pair("192.0.2.2:9", "192.0.2.1:40001"), Cause::PortUnreachable);
    assert_eq!(dropped, Err(ReportDropped::NoSocket));
    assert_eq!(host.woken(), []);
    assert!(!host.sockets.readiness(id).unwrap().error);
    assert!(!host.sockets.readiness(connected).unwrap().error);
}

#[test]
fn a_report_may_come_as_late_as_a_receiver_waits_for_fragments() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    host.sends_to(id, PEER).unwrap();
    let ours = pair("192.0.2.2:7", PEER);
    host.passes(RECENT_LIFETIME.as_secs());
    assert_eq!(host.is_told(ours, Cause::ReassemblyTimeExceeded), Ok(id));
    host.passes(1);
    assert_eq!(host.is_told(ours, Cause::PortUnreachable), Err(ReportDropped::NotSent));
}

#[test]
fn the_source_that_was_asked_for_is_the_one_that_is_matched() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    host.sends(id, &Message::to(end(PEER), b"hello").with_source(ip("192.0.2.3"))).unwrap();
    assert_eq!(host.is_told(pair("192.0.2.3:7", PEER), Cause::TimeExceeded), Ok(id));
    let other = host.is_told(pair("192.0.2.2:7", PEER), Cause::TimeExceeded);
    assert_eq!(other, Err(ReportDropped::NotSent));
}

#[test]
fn reports_that_say_the_same_take_one_place() {
    let mut host = Host::new();
    let id = host.connected("192.0.2.2:7", PEER);
    let ours = pair("192.0.2.2:7", PEER);
    for mtu in [1400, 1300] {
        host.is_told(ours, Cause::FragmentationNeeded { mtu }).unwrap();
    }
    let router = Report { reporter: ip("192.0.2.9"), ..host.report(ours, Cause::TimeExceeded) };
    for report in [router, host.report(ours, Cause::TimeExceeded)] {
        host.sockets.handle_report(host.now, report).unwrap();
    }
    let causes: Vec<_> =
        std::iter::from_fn(|| host.sockets.take_report(id).unwrap()).map(|r| r.cause).collect();
    let newest = Cause::FragmentationNeeded { mtu: 1300 };
    assert_eq!(causes, [newest, Cause::TimeExceeded, Cause::TimeExceeded]);
}

#[test]
fn as_many_reports_wait_as_may_and_the_newest_is_dropped() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    let peer = |number: usize| format!("192.0.2.1:{}", 40_000 + number);
    for number in 0..=REPORT_QUEUE_LIMIT {
        host.sends_to(id, &peer(number)).unwrap();
        let told = host.is_told(pair("192.0.2.2:7", &peer(number)), Cause::PortUnreachable);
        let expected =
            if number < REPORT_QUEUE_LIMIT { Ok(id) } else { Err(ReportDropped::QueueFull) };
        assert_eq!(told, expected, "number {number}");
    }
    let first = host.sockets.take_report(id).unwrap().unwrap();
    assert_eq!(first.pair, pair("192.0.2.2:7", &peer(0)));
}

#[test]
fn connecting_leaves_the_reports_of_other_peers_behind() {
    let mut host = Host::new();
    let id = host.bound("0.0.0.0:7");
    for remote in ["192.0.2.9:9", PEER] {
        host.sends_to(id, remote).unwrap();
        host.is_told(pair("192.0.2.2:7", remote), Cause::TimeExceeded).unwrap();
    }
    host.connects(id, PEER).unwrap();
    let report = host.sockets.take_report(id).unwrap().unwrap();
    assert_eq!(report.pair, pair("192.0.2.2:7", PEER));
    assert_eq!(host.sockets.take_report(id), Ok(None));
}
