use tcp::{ConnectionOptions, Error, Flags, Report, SocketPair, State};

use crate::scene::{ISS, PSH_ACK, RST_ACK, Scene, seg};

#[test]
fn must_12_a_reset_is_told_once_and_then_there_is_nothing_to_read_and_nobody_to_send_to() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(PSH_ACK, 1, 1).text(b"before")).unwrap();
    scene.peer_sends(seg(RST_ACK, 7, 1)).unwrap();
    let readiness = scene.sockets.readiness(id).unwrap();
    assert!(readiness.error && readiness.is_closed && readiness.readable);
    assert_eq!(scene.receive(id), Ok(b"before".to_vec()), "what came before can be read");
    assert_eq!(scene.receive(id), Err(Error::ConnectionReset));
    assert_eq!(scene.receive(id), Ok(Vec::new()));
    assert_eq!(scene.send(id, b"x"), Err(Error::BrokenPipe));
    assert_eq!(scene.sockets.take_error(id), Ok(None));
    let status = scene.sockets.status(scene.now, id).unwrap();
    assert_eq!((status.state, status.failure), (State::Closed, Some(Error::ConnectionReset)));
}

#[test]
fn who_asks_for_the_error_has_been_told() {
    let (mut scene, id) = Scene::established(ConnectionOptions::default());
    scene.peer_sends(seg(Flags::RST, 1, 0)).unwrap();
    assert_eq!(scene.sockets.take_error(id), Ok(Some(Error::ConnectionReset)));
    assert_eq!(scene.sockets.take_error(id), Ok(None));
    assert!(!scene.sockets.readiness(id).unwrap().error);
    assert_eq!(scene.receive(id), Ok(Vec::new()));
}

#[test]
fn a_refused_connection_says_so() {
    let mut scene = Scene::new();
    let id = scene.connect(ConnectionOptions::default()).unwrap();
    scene.leaves_one();
    scene.peer_sends(seg(RST_ACK, 0, 1)).unwrap();
    assert_eq!(scene.sockets.take_error(id), Ok(Some(Error::ConnectionRefused)));
}

#[test]
fn shld_20_what_may_pass_is_not_reported_to_who_does_not_want_to_hear_it() {
    for soft_errors in [true, false] {
        let options = ConnectionOptions { soft_errors, ..ConnectionOptions::default() };
        let (mut scene, id) = Scene::established(options);
        scene.send(id, b"x").unwrap();
        scene.leaves_one();
        scene.events();
        let pair = SocketPair { local: scene.local, remote: scene.remote };
        let error = Error::HostUnreachable;
        let report = Report { pair, sequence_number: ISS + 1, error };
        scene.sockets.handle_report(scene.now, &report).unwrap();
        assert_eq!(scene.sockets.take_error(id), Ok(soft_errors.then_some(error)));
        assert_eq!(scene.events().len(), usize::from(soft_errors));
        assert_eq!(scene.state(id), State::Established, "MUST-56");
    }
}
