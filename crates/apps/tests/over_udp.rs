//! The services on real sockets, and two hosts that somebody sets against each other.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

use apps::{
    Chargen, DatagramServer, DatagramService, DatagramSocket, Daytime, Discard, Echo, Guard,
    Progress, ServerCounters,
};
use checksum::Sum;
use packet::{BufferPool, Instant, InterfaceId, ReceivedChecksum};
use proptest::prelude::*;
use udp::{
    AddressKind, AddressPair, ChecksumBy, Datagram, DatagramDropped, Delivery, Envelope, Error,
    Header, Incoming, Message, Network, Outgoing, SocketId, SocketPair, Sockets,
};

/// A network of one host with this address.
#[derive(Clone, Copy)]
struct Only(IpAddr);

impl Network for Only {
    fn kind(&self, address: IpAddr) -> AddressKind {
        if address == self.0 { AddressKind::Own } else { AddressKind::Other }
    }

    fn source_for(&self, _destination: IpAddr) -> Option<IpAddr> {
        Some(self.0)
    }

    fn max_payload(&self, _destination: IpAddr, _may_fragment: bool) -> usize {
        65_515
    }

    fn takes_ip_options(&self, _options: &[u8]) -> bool {
        true
    }
}

struct Bound<'a> {
    sockets: &'a mut Sockets,
    network: Only,
    id: SocketId,
}

impl DatagramSocket for Bound<'_> {
    fn receive(&mut self) -> Result<Box<Incoming>, Error> {
        self.sockets.receive(self.id)
    }

    fn send(&mut self, message: &Message<'_>) -> Result<(), Error> {
        let mut buffers = BufferPool::default();
        self.sockets.send(Instant::START, &self.network, &mut buffers, self.id, message)
    }

    fn recycle(&mut self, incoming: Box<Incoming>) {
        self.sockets.recycle(incoming);
    }
}

/// A host that offers every service.
struct Host {
    network: Only,
    sockets: Sockets,
    servers: Vec<(SocketId, DatagramServer<Box<dyn DatagramService>>)>,
}

const SERVICES: [u16; 4] = [Echo::PORT, Discard::PORT, Daytime::PORT, Chargen::PORT];

impl Host {
    /// The services have their own ports with `offset` added.
    fn new(address: [u8; 4], offset: u16) -> Self {
        let network = Only(address.into());
        let ports = SERVICES.map(|port| port + offset);
        let services: [Box<dyn DatagramService>; 4] =
            [Box::new(Echo), Box::new(Discard), Box::new(Daytime), Box::new(Chargen::new(1))];
        let mut sockets = Sockets::new([1, 2]);
        let mut servers = Vec::new();
        for (port, service) in ports.into_iter().zip(services) {
            let id = sockets.open().unwrap();
            sockets.bind(&network, id, ([0, 0, 0, 0], port).into()).unwrap();
            servers.push((id, DatagramServer::new(service, Guard::new(&ports))));
        }
        Self { network, sockets, servers }
    }

    fn at(&self, port: u16) -> SocketAddr {
        (self.network.0, port).into()
    }

    /// A datagram comes, and the servers do what they can.
    fn receives(
        &mut self,
        from: SocketAddr,
        to_port: u16,
        payload: &[u8],
    ) -> Result<SocketId, DatagramDropped> {
        let header = Header { source_port: from.port(), destination_port: to_port };
        let mut buffer = packet::Buffer::new();
        buffer.append(payload);
        header.prepend_to(&mut buffer, Sum::new(), ChecksumBy::Us).unwrap();
        let datagram =
            Datagram::parse(buffer.as_slice(), Sum::new(), ReceivedChecksum::Unverified).unwrap();
        let envelope = Envelope {
            addresses: AddressPair { source: from.ip(), destination: self.network.0 },
            delivery: Delivery::Unicast,
            interface: InterfaceId(0),
            ttl: 64,
            traffic_class: 0,
            ip_options: &[],
        };
        let delivered = self.sockets.handle_datagram(Instant::START, &envelope, &datagram);
        self.serves();
        delivered
    }

    fn serves(&mut self) {
        while let Some(event) = self.sockets.poll_event() {
            let found = self.servers.iter_mut().find(|(id, _)| *id == event.socket);
            let (id, server) = found.unwrap();
            let mut socket = Bound { sockets: &mut self.sockets, network: self.network, id: *id };
            while server.step(&mut socket, SystemTime::UNIX_EPOCH) == Progress::HasMore {}
        }
    }

    fn sends(&mut self) -> Option<Outgoing> {
        let outgoing = self.sockets.next_outgoing().cloned();
        let _ = self.sockets.take_outgoing();
        outgoing
    }

    fn counters(&self, service: u16) -> ServerCounters {
        let at = SERVICES.iter().position(|port| *port == service).unwrap();
        *self.servers[at].1.counters()
    }
}

fn client() -> SocketAddr {
    ([192, 0, 2, 1], 40_000).into()
}

#[test]
fn each_service_answers_from_where_it_was_asked() {
    let mut host = Host::new([192, 0, 2, 2], 0);
    for (port, expected) in [
        (Echo::PORT, Some("hello")),
        (Discard::PORT, None),
        (Daytime::PORT, Some("Thursday, January 1, 1970 00:00:00-UTC\r\n")),
    ] {
        host.receives(client(), port, b"hello").unwrap();
        let sent = host.sends();
        let payload = sent.as_ref().map(|sent| sent.buffer.as_slice());
        assert_eq!(payload, expected.map(str::as_bytes));
        if let Some(Outgoing { pair, .. }) = sent {
            let local = SocketAddr::new(host.network.0, port);
            assert_eq!(pair, SocketPair { local, remote: client() });
        }
    }
    host.receives(client(), Chargen::PORT, b"").unwrap();
    assert!(host.sends().unwrap().buffer.len() <= 512);
    assert_eq!(host.counters(Discard::PORT).without_answer, 1);
}

#[test]
fn a_full_send_queue_loses_no_answer() {
    let mut host = Host::new([192, 0, 2, 2], 0);
    for number in 0..udp::SEND_QUEUE_DATAGRAMS + 100 {
        host.receives(client(), Echo::PORT, number.to_string().as_bytes()).unwrap();
    }
    let mut sent = 0;
    while let Some(outgoing) = host.sends() {
        assert_eq!(outgoing.buffer.as_slice(), sent.to_string().as_bytes());
        sent += 1;
        host.serves();
    }
    assert_eq!(sent, udp::SEND_QUEUE_DATAGRAMS + 100);
}

/// Carries datagrams between the two until neither sends any more; how many that were.
fn carried(hosts: &mut [Host; 2]) -> usize {
    let mut carried = 0;
    while carried < 1000 {
        let Some((from, outgoing)) =
            (0..2).find_map(|at| hosts[at].sends().map(|outgoing| (at, outgoing)))
        else {
            break;
        };
        let SocketPair { local, remote } = outgoing.pair;
        let _ = hosts[1 - from].receives(local, remote.port(), outgoing.buffer.as_slice());
        carried += 1;
    }
    carried
}

#[test]
fn the_loop_of_1996_ends_before_it_begins() {
    for offset in [0, 7000] {
        for (at, from) in SERVICES.iter().flat_map(|at| SERVICES.map(|from| (*at, from))) {
            let mut hosts = [Host::new([192, 0, 2, 2], offset), Host::new([192, 0, 2, 3], offset)];
            let forged = hosts[1].at(from + offset);
            hosts[0].receives(forged, at + offset, b"begin").unwrap();
            assert_eq!(carried(&mut hosts), 0, "port {at} asked from port {from}");
            assert_eq!(hosts[0].counters(at).from_service_port, 1);
        }
    }
}

proptest! {
    #[test]
    fn no_datagram_draws_more_than_one_answer(
        requests in prop::collection::vec(
            (any::<u16>(), prop::sample::select(SERVICES.to_vec()),
                prop::collection::vec(any::<u8>(), 0..100)),
            0..50,
        )
    ) {
        let mut hosts = [Host::new([192, 0, 2, 2], 0), Host::new([192, 0, 2, 3], 0)];
        let mut expected = 0;
        for (port, to, payload) in &requests {
            let source = hosts[1].at(*port);
            hosts[0].receives(source, *to, payload).unwrap();
            expected += usize::from(*port >= 1024 && *to != Discard::PORT);
        }
        prop_assert_eq!(carried(&mut hosts), expected);
    }
}
