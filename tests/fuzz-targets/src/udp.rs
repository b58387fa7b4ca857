//! UDP sockets: whatever programs, the network and ICMP do, each datagram goes where it should,
//! whole and in order, and nothing outgrows its limit.

mod calls;
mod judge;
mod model;
mod step;

use std::net::SocketAddr;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use packet::{BufferPool, Instant, InterfaceId, ReceivedChecksum};
use udp::{
    AddressPair, ChecksumBy, Copied, Datagram, Delivery, Envelope, Error, Incoming,
    MAX_IP_OPTIONS_LEN, Message, Metadata, Report, SocketId, SocketOptions, SocketPair, Sockets,
};

use judge::{judge, pseudo_header, written};
use model::{Model, Sent, TheNetwork};
use step::{About, Asked, Step, address, addresses, cause};

/// How many datagrams one history sends and receives; a fuzzer would spend its time on long ones.
const DATAGRAMS: u32 = 2000;

/// Reads `bytes` as a history and lives it.
pub fn udp(bytes: &[u8]) {
    let mut unstructured = Unstructured::new(bytes);
    let mut world = World {
        sockets: Sockets::new([1, 2]),
        model: Model::default(),
        now: Instant::START,
        datagrams: 0,
    };
    (0..3).for_each(|_| world.open());
    // A history is no longer than its bytes: each step takes at least one.
    while !unstructured.is_empty() {
        let Ok(step) = Step::arbitrary(&mut unstructured) else { break };
        world.step(step);
    }
    world.end();
}

/// The sockets, what they should be like, and the time.
struct World {
    sockets: Sockets,
    model: Model,
    now: Instant,
    /// How many datagrams were sent and received.
    datagrams: u32,
}

impl World {
    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Open => self.open(),
            Step::Close(socket) => self.with(socket, Self::close),
            Step::Bind { socket, local } => {
                self.with(socket, |world, number| world.bind(number, local.value()));
            }
            Step::Connect { socket, remote } => {
                self.with(socket, |world, number| world.connect(number, remote.value()));
            }
            Step::Disconnect(socket) => self.with(socket, Self::disconnect),
            Step::Options { socket, broadcast, require_checksum, send } => {
                let options = SocketOptions { broadcast, require_checksum, send: send.value() };
                self.with(socket, |world, number| world.set_options(number, options));
            }
            Step::Send { socket, to, options, payload } => self.with(socket, |world, number| {
                let source = options.and_then(Asked::source);
                let options = options.map(Asked::value);
                let mut message = to.map_or_else(
                    || Message::to_peer(payload),
                    |to| Message::to(to.value(), payload),
                );
                if let Some(options) = &options {
                    message = message.with_options(options);
                }
                if let Some(source) = source {
                    message = message.with_source(source);
                }
                world.send(number, &message);
            }),
            Step::SendMany { socket, count, length } => self.with(socket, |world, number| {
                let payload = vec![count; length.into()];
                let to_peer = Message::to_peer(&payload);
                let to_somebody = Message::to(SocketAddr::new(address(1), 7), &payload);
                let connected = world.model.sockets[number].pair.is_some();
                (0..count).for_each(|_| {
                    world.send(number, if connected { &to_peer } else { &to_somebody });
                });
            }),
            Step::Leave(count) => (0..count).for_each(|_| self.leave()),
            Step::Datagram { from, to, has_checksum, about, payload } => {
                let pair = SocketPair { local: to.value(), remote: from.value() };
                self.come(pair, has_checksum, about, payload);
            }
            Step::Answer { socket, count, length } => self.with(socket, |world, number| {
                let socket = &world.model.sockets[number];
                let somebody = SocketAddr::new(address(1), 7);
                let bound = socket.binding.map(|local| SocketPair { local, remote: somebody });
                let Some(pair) = socket.pair.or(bound) else { return };
                let about = About { ttl: 64, delivery: 0, option_bytes: 0 };
                let payload = vec![count; usize::from(length).min(60_000)];
                (0..count).for_each(|_| world.come(pair, true, about, &payload));
            }),
            Step::Receive(socket) => self.with(socket, Self::receive),
            Step::ReceiveInto { socket, length } => {
                self.with(socket, |world, number| world.receive_into(number, length.into()));
            }
            Step::Peek(socket) => self.with(socket, Self::peek),
            Step::Report { from, to, cause, reporter } => {
                let pair = SocketPair { local: from.value(), remote: to.value() };
                self.report(pair, cause, reporter);
            }
            Step::ReportOfSent { socket, which, cause, reporter } => {
                self.with(socket, |world, number| {
                    let recent = &world.model.sockets[number].recent;
                    let pair = recent.iter().cycle().nth(which.into()).map(|&(pair, _)| pair);
                    if let Some(pair) = pair {
                        world.report(pair, cause, reporter);
                    }
                });
            }
            Step::TakeReport(socket) => self.with(socket, Self::take_report),
            Step::Events => self.events(),
            Step::TimePasses(seconds) => {
                self.now = self.now + Duration::from_secs(seconds.into());
            }
            Step::Raw { ipv6, bytes } => judge(bytes, addresses(ipv6)),
        }
    }

    /// Does something with a socket if there are any.
    fn with(&mut self, socket: u8, act: impl FnOnce(&mut Self, usize)) {
        if let Some(number) = usize::from(socket).checked_rem(self.model.sockets.len()) {
            act(self, number);
        }
    }

    fn id(&self, number: usize) -> SocketId {
        self.model.sockets[number].id
    }

    /// What a call must say of a closed socket, whatever it is to say of an open one.
    fn unless_closed<T>(&self, number: usize, result: Result<T, Error>) -> Result<T, Error> {
        if self.model.sockets[number].is_open { result } else { Err(Error::BadSocket) }
    }

    fn send(&mut self, number: usize, message: &Message<'_>) {
        if self.datagrams >= DATAGRAMS {
            return;
        }
        self.datagrams += 1;
        let (id, buffers) = (self.id(number), &mut BufferPool::new());
        let result = self.sockets.send(self.now, &TheNetwork, buffers, id, message);
        if self.had_to_fail(number, result) {
            return;
        }
        let expected = self.model.may_send(number, message);
        assert_eq!(result.is_ok(), expected.is_some(), "{number} sent {message:?}: {result:?}");
        if result == Err(Error::WouldBlock) {
            assert!(!self.model.has_own_room(number, message.payload().len()));
            self.model.sockets[number].awaits_room = true;
        }
        let Some((source, remote, options)) = expected else { return };
        let local = self.sockets.local_address(self.id(number)).ok().flatten();
        let local = local.expect("who sends is bound");
        if self.model.sockets[number].binding.is_none() {
            self.note_binding(number, SocketAddr::new(local.ip(), 0), local);
            assert!(local.ip().is_unspecified());
        }
        let pair = SocketPair { local: SocketAddr::new(source, local.port()), remote };
        let sent = Sent { by: number, pair, payload: message.payload().to_vec(), options };
        self.model.send(sent, self.now);
    }

    /// Whether the call failed as it had to: the socket is closed, or something was reported of
    /// its peer.
    fn had_to_fail<T>(&mut self, number: usize, result: Result<T, Error>) -> bool {
        let socket = &mut self.model.sockets[number];
        let error = if socket.is_open { socket.take_hard_error() } else { Some(Error::BadSocket) };
        if error.is_some() {
            assert_eq!(result.err(), error);
        }
        error.is_some()
    }

    /// One datagram leaves. etherparse reads it.
    fn leave(&mut self) {
        let next = self.sockets.next_outgoing().cloned();
        let (payload, expected) = (self.sockets.take_outgoing(), self.model.take_outgoing());
        assert_eq!(next.is_some(), payload.is_some());
        assert_eq!(next.is_some(), expected.is_some());
        let (Some(outgoing), Some(mut buffer), Some(expected)) = (next, payload, expected) else {
            return;
        };
        assert_eq!(outgoing.pair, expected.pair);
        assert_eq!(outgoing.options, expected.options);
        assert_eq!(outgoing.ttl(), expected.ttl());
        assert_eq!(outgoing.buffer.as_slice(), expected.payload);
        assert_eq!(buffer.as_slice(), expected.payload);
        outgoing
            .header()
            .prepend_to(&mut buffer, pseudo_header(outgoing.addresses()), ChecksumBy::Us)
            .expect("what was taken fits");
        judge(buffer.as_slice(), outgoing.addresses());
    }

    fn come(&mut self, pair: SocketPair, has_checksum: bool, about: About, payload: &[u8]) {
        let SocketPair { local, remote } = pair;
        if self.datagrams >= DATAGRAMS || local.is_ipv4() != remote.is_ipv4() {
            return;
        }
        self.datagrams += 1;
        let ip_options = vec![1; about.option_bytes.into()];
        let envelope = Envelope {
            addresses: AddressPair { source: remote.ip(), destination: local.ip() },
            delivery: match about.delivery % 3 {
                0 => Delivery::Unicast,
                1 => Delivery::Broadcast,
                _ => Delivery::Multicast,
            },
            interface: InterfaceId(0),
            ttl: about.ttl,
            traffic_class: about.delivery,
            ip_options: &ip_options,
        };
        let bytes = written(pair, has_checksum, payload);
        let sum = pseudo_header(envelope.addresses);
        let datagram = Datagram::parse(&bytes, sum, ReceivedChecksum::Unverified);
        let datagram = datagram.expect("what we write we read");
        assert_eq!(datagram.has_checksum(), has_checksum);
        let metadata = Metadata {
            source: remote,
            destination: local.ip(),
            delivery: envelope.delivery,
            interface: envelope.interface,
            ttl: envelope.ttl,
            traffic_class: envelope.traffic_class,
            ip_options: ip_options[..ip_options.len().min(MAX_IP_OPTIONS_LEN)].into(),
            at: self.now,
        };
        let expected = Incoming { metadata, payload: payload.to_vec() };
        assert_eq!(
            self.sockets.handle_datagram(self.now, &envelope, &datagram),
            self.model.deliver(pair, has_checksum, expected)
        );
    }

    fn receive(&mut self, number: usize) {
        let result = self.sockets.receive(self.id(number));
        if !self.had_to_fail(number, result.clone()) {
            let expected = self.model.sockets[number].inbox.pop_front();
            assert_eq!(result, expected.map(Box::new).ok_or(Error::WouldBlock));
        }
    }

    fn receive_into(&mut self, number: usize, length: usize) {
        let mut buffer = vec![0; length];
        let result = self.sockets.receive_into(self.id(number), &mut buffer);
        if !self.had_to_fail(number, result.clone()) {
            let expected = self.model.sockets[number].inbox.pop_front();
            let expected = expected.map(|Incoming { metadata, payload }| {
                let length = length.min(payload.len());
                assert_eq!(buffer[..length], payload[..length]);
                (metadata, Copied { length, full_length: payload.len() })
            });
            assert_eq!(result, expected.ok_or(Error::WouldBlock));
        }
    }

    fn peek(&mut self, number: usize) {
        let result = self.sockets.peek(self.id(number)).cloned();
        if !self.had_to_fail(number, result.clone()) {
            let expected = self.model.sockets[number].inbox.front().cloned();
            assert_eq!(result, expected.ok_or(Error::WouldBlock));
        }
    }

    fn report(&mut self, pair: SocketPair, number: u8, reporter: u8) {
        let reporter = address(reporter);
        let report = Report { pair, cause: cause(number), reporter, at: self.now };
        assert_eq!(
            self.sockets.handle_report(self.now, report),
            self.model.report(report, self.now)
        );
    }

    fn take_report(&mut self, number: usize) {
        let expected = self.model.sockets[number].reports.pop_front();
        let expected = self.unless_closed(number, Ok(expected));
        assert_eq!(self.sockets.take_report(self.id(number)), expected);
    }

    /// Each socket at which something changed is told of, with what it is ready for.
    fn events(&mut self) {
        while let Some(event) = self.sockets.poll_event() {
            let told = self.model.sockets.iter().position(|socket| socket.id == event.socket);
            let number = told.expect("an event tells of a socket");
            assert!(self.model.sockets[number].is_open);
            assert_eq!(event.readiness, self.model.readiness(number));
            assert_eq!(self.sockets.readiness(event.socket), Ok(event.readiness));
            self.model.news.remove(&number);
        }
        assert!(self.model.news.is_empty(), "nobody was told of {:?}", self.model.news);
    }

    /// All comes out that went in, and nothing is left once all sockets are closed.
    fn end(mut self) {
        self.events();
        for number in 0..self.model.sockets.len() {
            let dropped = self.unless_closed(number, Ok(self.model.sockets[number].dropped));
            assert_eq!(self.sockets.dropped(self.id(number)), dropped);
            (0..self.model.sockets[number].reports.len()).for_each(|_| self.take_report(number));
            (0..=self.model.sockets[number].inbox.len()).for_each(|_| self.receive(number));
            self.close(number);
        }
        (0..=self.model.outgoing.len()).for_each(|_| self.leave());
        assert_eq!(self.sockets.poll_event(), None);
        for socket in &self.model.sockets {
            if let Some(binding) = socket.binding {
                let id = self.sockets.open().expect("all are closed");
                assert_eq!(self.sockets.bind(&TheNetwork, id, binding), Ok(binding));
                assert_eq!(self.sockets.close(id), Ok(()));
            }
        }
    }
}
