//! The look-ups, against a model that walks through all sockets.

use std::net::{IpAddr, SocketAddr};

use proptest::prelude::*;
use udp::{DatagramDropped, Error, SocketId};

use crate::host::{Host, ip};

/// A call, on the `usize`th of the sockets that were opened.
#[derive(Clone, Debug)]
enum Call {
    Open,
    Bind(usize, SocketAddr),
    Connect(usize, SocketAddr),
    Disconnect(usize),
    Close(usize),
}

const LOCAL: [&str; 3] = ["0.0.0.0", "192.0.2.2", "192.0.2.3"];
const REMOTE: [&str; 2] = ["192.0.2.1", "192.0.2.4"];

fn one_of(addresses: &'static [&'static str]) -> impl Strategy<Value = SocketAddr> {
    (prop::sample::select(addresses), 7u16..9)
        .prop_map(|(address, port)| SocketAddr::new(ip(address), port))
}

fn any_call() -> impl Strategy<Value = Call> {
    prop_oneof![
        2 => Just(Call::Open),
        3 => (0usize..8, one_of(&LOCAL)).prop_map(|(socket, local)| Call::Bind(socket, local)),
        3 => (0usize..8, one_of(&REMOTE)).prop_map(|(socket, to)| Call::Connect(socket, to)),
        1 => (0usize..8).prop_map(Call::Disconnect),
        1 => (0usize..8).prop_map(Call::Close),
    ]
}

/// A socket as the model sees it. One that was not bound before it was connected has a port that
/// the model does not know, and is left out of play.
#[derive(Clone, Copy, Debug)]
struct Modelled {
    id: SocketId,
    binding: Option<SocketAddr>,
    connection: Option<(SocketAddr, SocketAddr)>,
}

impl Modelled {
    /// What it is bound to, if strangers reach it.
    fn bound(&self) -> Option<SocketAddr> {
        self.binding.filter(|_| self.connection.is_none())
    }
}

#[derive(Default)]
struct Model {
    open: Vec<Modelled>,
}

impl Model {
    fn find(&self, local: SocketAddr, remote: SocketAddr) -> Option<SocketId> {
        let any = SocketAddr::new(ip("0.0.0.0"), local.port());
        let connected = |socket: &&Modelled| socket.connection == Some((local, remote));
        let bound = |to| move |socket: &&Modelled| socket.bound() == Some(to);
        let found = self.open.iter().find(connected);
        let found = found.or_else(|| self.open.iter().find(bound(local)));
        Some(found.or_else(|| self.open.iter().find(bound(any)))?.id)
    }

    fn bind(&mut self, at: usize, local: SocketAddr) -> Result<(), Error> {
        if self.open[at].binding.is_some() {
            return Err(Error::InvalidArgument);
        }
        self.check_free(local)?;
        self.open[at].binding = Some(local);
        Ok(())
    }

    fn check_free(&self, local: SocketAddr) -> Result<(), Error> {
        let overlaps = |other: SocketAddr| {
            other.port() == local.port()
                && (other.ip() == local.ip()
                    || other.ip().is_unspecified()
                    || local.ip().is_unspecified())
        };
        let is_taken = self.open.iter().filter_map(Modelled::bound).any(overlaps);
        if is_taken { Err(Error::AddressInUse) } else { Ok(()) }
    }

    fn connect(&mut self, at: usize, remote: SocketAddr) -> Result<(), Error> {
        let binding = self.open[at].binding.unwrap();
        let address = Some(binding.ip()).filter(|address| !address.is_unspecified());
        let source: IpAddr = address.unwrap_or(ip("192.0.2.2"));
        let connection = Some((SocketAddr::new(source, binding.port()), remote));
        let is_taken =
            |(other, socket): (usize, &Modelled)| other != at && socket.connection == connection;
        if self.open.iter().enumerate().any(is_taken) {
            return Err(Error::AddressInUse);
        }
        self.open[at].connection = connection;
        Ok(())
    }

    fn disconnect(&mut self, at: usize) -> Result<(), Error> {
        if self.open[at].connection.is_none() {
            return Err(Error::NotConnected);
        }
        self.check_free(self.open[at].binding.unwrap())?;
        self.open[at].connection = None;
        Ok(())
    }
}

/// Does the same to both, which must say the same.
fn call(host: &mut Host, model: &mut Model, call: &Call) -> Result<(), TestCaseError> {
    let open = model.open.len();
    match *call {
        Call::Open => {
            model.open.push(Modelled { id: host.opened(), binding: None, connection: None });
        }
        Call::Bind(at, local) if at < open => {
            let bound = host.binds(model.open[at].id, &local.to_string());
            prop_assert_eq!(bound, model.bind(at, local).map(|()| local));
        }
        Call::Connect(at, remote) if at < open && model.open[at].binding.is_some() => {
            let connected = host.connects(model.open[at].id, &remote.to_string());
            prop_assert_eq!(connected.map(|_| ()), model.connect(at, remote));
        }
        Call::Disconnect(at) if at < open => {
            let disconnected = host.sockets.disconnect(model.open[at].id);
            prop_assert_eq!(disconnected, model.disconnect(at));
        }
        Call::Close(at) if at < open => {
            let closed = model.open.remove(at);
            prop_assert_eq!(host.sockets.close(closed.id), Ok(()));
        }
        _ => {}
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn every_datagram_finds_the_socket_that_a_walk_through_all_finds(
        calls in prop::collection::vec(any_call(), 0..60)
    ) {
        let (mut host, mut model) = (Host::new(), Model::default());
        for next in &calls {
            call(&mut host, &mut model, next)?;
            for local in LOCAL[1..].iter().flat_map(|a| [7, 8].map(|p| (*a, p))) {
                for remote in REMOTE.iter().flat_map(|a| [7, 8].map(|p| (*a, p))) {
                    let [local, remote] =
                        [local, remote].map(|(a, p)| SocketAddr::new(ip(a), p));
                    let found = host.comes_with(remote, local, b"", |_, _| {});
                    let expected = model.find(local, remote).ok_or(DatagramDropped::NoSocket);
                    prop_assert_eq!(found, expected, "{} from {}", local, remote);
                    if let Ok(id) = found {
                        let received = host.receives(id).map(|incoming| incoming.metadata.source);
                        prop_assert_eq!(received, Ok(remote));
                    }
                }
            }
        }
    }
}
