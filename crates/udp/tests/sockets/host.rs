//! A host with two addresses in one network, and words for what happens to its sockets.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use checksum::Sum;
use packet::{BufferPool, Instant, InterfaceId, ReceivedChecksum};
use udp::{
    AddressKind, AddressPair, Cause, Datagram, DatagramDropped, Delivery, Envelope, Error,
    Incoming, Message, Network, Outgoing, Report, ReportDropped, SendOptions, SocketId, SocketPair,
    Sockets,
};

/// 192.0.2.2/24 and 192.0.2.3/24, which is also 2001:db8::2/64. There is no route to 203.0.113.0/24.
pub(crate) struct TheNetwork;

/// The most that the host's links carry in one packet behind an IPv4 header, in bytes.
pub(crate) const UNFRAGMENTED: usize = 1480;

impl Network for TheNetwork {
    fn kind(&self, address: IpAddr) -> AddressKind {
        let own = ["192.0.2.2", "192.0.2.3", "2001:db8::2"].map(ip);
        let broadcast = ["192.0.2.255", "255.255.255.255"].map(ip);
        match address {
            address if own.contains(&address) => AddressKind::Own,
            address if broadcast.contains(&address) => AddressKind::Broadcast,
            address if address.is_multicast() => AddressKind::Multicast,
            _ => AddressKind::Other,
        }
    }

    fn source_for(&self, destination: IpAddr) -> Option<IpAddr> {
        match destination {
            IpAddr::V4(destination) if destination.octets()[0] == 203 => None,
            IpAddr::V4(_) => Some(ip("192.0.2.2")),
            IpAddr::V6(_) => Some(ip("2001:db8::2")),
        }
    }

    fn max_payload(&self, destination: IpAddr, may_fragment: bool) -> usize {
        match (may_fragment, destination) {
            (false, _) => UNFRAGMENTED,
            (true, IpAddr::V4(_)) => 65_515,
            (true, IpAddr::V6(_)) => 65_535,
        }
    }

    fn takes_ip_options(&self, _options: &[u8]) -> bool {
        true
    }
}

pub(crate) fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

pub(crate) fn end(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

pub(crate) fn pair(local: &str, remote: &str) -> SocketPair {
    SocketPair { local: end(local), remote: end(remote) }
}

/// Where datagrams come from if it does not matter.
pub(crate) const PEER: &str = "192.0.2.1:40000";

pub(crate) struct Host {
    pub(crate) sockets: Sockets,
    pub(crate) now: Instant,
}

impl Host {
    pub(crate) fn new() -> Self {
        Self { sockets: Sockets::new([1, 2]), now: Instant::START }
    }

    pub(crate) fn passes(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
    }

    pub(crate) fn opened(&mut self) -> SocketId {
        self.sockets.open().unwrap()
    }

    pub(crate) fn binds(&mut self, id: SocketId, local: &str) -> Result<SocketAddr, Error> {
        self.sockets.bind(&TheNetwork, id, end(local))
    }

    pub(crate) fn connects(&mut self, id: SocketId, remote: &str) -> Result<SocketAddr, Error> {
        self.sockets.connect(&TheNetwork, id, end(remote))
    }

    pub(crate) fn bound(&mut self, local: &str) -> SocketId {
        let id = self.opened();
        self.binds(id, local).unwrap();
        id
    }

    /// A socket that is connected from `local` to `remote`.
    pub(crate) fn connected(&mut self, local: &str, remote: &str) -> SocketId {
        let id = self.bound(local);
        self.connects(id, remote).unwrap();
        id
    }

    pub(crate) fn sends(&mut self, id: SocketId, message: &Message<'_>) -> Result<(), Error> {
        self.sockets.send(self.now, &TheNetwork, &mut BufferPool::new(), id, message)
    }

    pub(crate) fn sends_to(&mut self, id: SocketId, to: &str) -> Result<(), Error> {
        self.sends(id, &Message::to(end(to), b"hello"))
    }

    pub(crate) fn sends_with(
        &mut self,
        id: SocketId,
        to: &str,
        options: &SendOptions,
    ) -> Result<(), Error> {
        self.sends(id, &Message::to(end(to), b"hello").with_options(options))
    }

    /// The one datagram that leaves.
    pub(crate) fn leaves(&mut self) -> Outgoing {
        let outgoing = self.sockets.next_outgoing().cloned().expect("a datagram leaves");
        let payload = self.sockets.take_outgoing().map(|payload| payload.as_slice().to_vec());
        assert_eq!(payload.as_deref(), Some(outgoing.buffer.as_slice()));
        assert!(self.sockets.next_outgoing().is_none(), "only one leaves");
        outgoing
    }

    /// A datagram comes from `from` to `to`, with a correct checksum.
    pub(crate) fn comes(
        &mut self,
        from: &str,
        to: &str,
        payload: &[u8],
    ) -> Result<SocketId, DatagramDropped> {
        self.comes_with(end(from), end(to), payload, |_, _| {})
    }

    /// The same, with the envelope and the datagram's bytes bent first.
    pub(crate) fn comes_with(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        payload: &[u8],
        bend: impl FnOnce(&mut Envelope<'_>, &mut [u8]),
    ) -> Result<SocketId, DatagramDropped> {
        let length = u16::try_from(8 + payload.len()).unwrap();
        let mut bytes = Vec::new();
        for word in [from.port(), to.port(), length, 0xffff] {
            bytes.extend(word.to_be_bytes());
        }
        bytes.extend(payload);
        let mut envelope = Envelope {
            addresses: AddressPair { source: from.ip(), destination: to.ip() },
            delivery: Delivery::Unicast,
            interface: InterfaceId(0),
            ttl: 64,
            traffic_class: 0,
            ip_options: &[],
        };
        bend(&mut envelope, &mut bytes);
        let verified = ReceivedChecksum::Verified;
        let datagram = Datagram::parse(&bytes, Sum::new(), verified).unwrap();
        self.sockets.handle_datagram(self.now, &envelope, &datagram)
    }

    pub(crate) fn receives(&mut self, id: SocketId) -> Result<Box<Incoming>, Error> {
        self.sockets.receive(id)
    }

    /// The payloads that wait at the socket, as text.
    pub(crate) fn receives_all(&mut self, id: SocketId) -> Vec<String> {
        let next = || self.sockets.receive(id).ok();
        std::iter::from_fn(next)
            .map(|incoming| String::from_utf8(incoming.payload).unwrap())
            .collect()
    }

    pub(crate) fn is_told(
        &mut self,
        pair: SocketPair,
        cause: Cause,
    ) -> Result<SocketId, ReportDropped> {
        self.sockets.handle_report(self.now, self.report(pair, cause))
    }

    pub(crate) fn report(&self, pair: SocketPair, cause: Cause) -> Report {
        Report { pair, cause, reporter: ip("192.0.2.1"), at: self.now }
    }

    /// The sockets of which events tell, in order.
    pub(crate) fn woken(&mut self) -> Vec<SocketId> {
        std::iter::from_fn(|| self.sockets.poll_event()).map(|event| event.socket).collect()
    }
}
