//! A host that offers services: the stack, with a server on each service's port.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::SystemTime;

use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};
use stack::{Secret, Stack, UdpSockets};
use udp::{Error, Incoming, Message, SocketId};

use crate::stream_host::StreamHost;
use crate::{
    Chargen, DatagramServer, DatagramService, DatagramSocket, Daytime, Discard, Echo, Guard,
    Moment, Progress, ServerCounters, StreamService,
};

/// Why a service cannot be offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotOffer {
    /// Its UDP port is not to be had.
    #[error("by UDP: {0}")]
    Udp(#[from] Error),
    /// Its TCP port is not to be had.
    #[error("by TCP: {0}")]
    Tcp(#[from] tcp::Error),
}

/// One of the small services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// [`Echo`].
    Echo,
    /// [`Discard`].
    Discard,
    /// [`Daytime`].
    Daytime,
    /// [`Chargen`].
    Chargen,
}

impl Service {
    /// All of them, by port.
    pub const ALL: [Self; 4] = [Self::Echo, Self::Discard, Self::Daytime, Self::Chargen];

    /// The port on which it is well known.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Echo => Echo::PORT,
            Self::Discard => Discard::PORT,
            Self::Daytime => Daytime::PORT,
            Self::Chargen => Chargen::PORT,
        }
    }

    /// Its name, as in /etc/services.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Discard => "discard",
            Self::Daytime => "daytime",
            Self::Chargen => "chargen",
        }
    }

    fn server(self, guard: Guard, seed: u64) -> DatagramServer<Box<dyn DatagramService>> {
        DatagramServer::new(
            match self {
                Self::Echo => Box::new(Echo),
                Self::Discard => Box::new(Discard),
                Self::Daytime => Box::new(Daytime),
                Self::Chargen => Box::new(Chargen::new(seed)),
            },
            guard,
        )
    }
}

/// A text that names no service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no service: there are echo, discard, daytime and chargen")]
pub struct UnknownService(String);

impl FromStr for Service {
    type Err = UnknownService;

    fn from_str(text: &str) -> Result<Self, UnknownService> {
        let named = Self::ALL.into_iter().find(|service| service.name() == text);
        named.ok_or_else(|| UnknownService(text.to_owned()))
    }
}

/// The stack with servers on its sockets. It is a [`Host`] as the stack is.
pub struct ServiceHost {
    stack: Stack,
    offers: Vec<Offer>,
    /// The services on TCP.
    streams: StreamHost,
    /// Sockets at which there is something to do. Empty at rest.
    restless: VecDeque<SocketId>,
    /// Whether something came that the servers have not looked at yet.
    is_due: bool,
    /// What a clock on the wall shows at [`Instant::START`].
    wall_time_at_start: SystemTime,
}

/// A service on offer.
struct Offer {
    service: Service,
    socket: SocketId,
    server: DatagramServer<Box<dyn DatagramService>>,
}

impl ServiceHost {
    /// Offers `services` on `stack`, on all of its addresses. `wall_time_at_start` is what a
    /// clock on the wall shows at [`Instant::START`]; `seed` decides what is random.
    ///
    /// # Errors
    /// [`CannotOffer`]: a service that is named twice has its own port against it.
    pub fn new(
        mut stack: Stack,
        services: &[Service],
        wall_time_at_start: SystemTime,
        seed: u64,
    ) -> Result<Self, CannotOffer> {
        let ports: Vec<u16> = services.iter().map(|service| service.port()).collect();
        let guard = Guard::new(&ports);
        let mut offers = Vec::new();
        for &service in services {
            let mut sockets = stack.udp(Instant::START);
            let socket = sockets.open()?;
            sockets.bind(socket, SocketAddr::from((Ipv4Addr::UNSPECIFIED, service.port())))?;
            offers.push(Offer { service, socket, server: service.server(guard.clone(), seed) });
        }
        let mut streams = StreamHost::new(Secret::new([seed, 0]));
        for &service in services {
            streams.offer(&mut stack, Box::new(service))?;
        }
        let restless = VecDeque::new();
        Ok(Self { stack, offers, streams, restless, is_due: true, wall_time_at_start })
    }

    /// Offers a further service on TCP, on all addresses.
    ///
    /// # Errors
    /// [`CannotOffer::Tcp`] if another service has its port.
    pub fn offer(&mut self, service: Box<dyn StreamService>) -> Result<(), CannotOffer> {
        Ok(self.streams.offer(&mut self.stack, service)?)
    }

    /// Ends all TCP connections at `now`, so that no peer waits for ever for one who has gone.
    pub fn leave(&mut self, now: Instant) {
        self.streams.leave(&mut self.stack, now);
    }

    /// The stack below.
    #[must_use]
    pub const fn stack(&self) -> &Stack {
        &self.stack
    }

    /// What became of each service's datagrams.
    pub fn served(&self) -> impl Iterator<Item = (Service, &ServerCounters)> {
        self.offers.iter().map(|offer| (offer.service, offer.server.counters()))
    }

    /// How many TCP connections each service has had.
    pub fn accepted(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.streams.accepted()
    }

    /// Answers what has come, at each socket where something changed.
    fn serve(&mut self, now: Instant) {
        let wall_time = self.wall_time_at_start + now.since_start();
        self.streams.serve(&mut self.stack, Moment { now, wall: wall_time });
        while let Some(event) = self.stack.udp(now).poll_event() {
            self.restless.push_back(event.socket);
        }
        // Each socket gets its share before one gets more.
        while let Some(id) = self.restless.pop_front() {
            let offer = self.offers.iter_mut().find(|offer| offer.socket == id);
            let Some(Offer { server, .. }) = offer else { continue };
            let mut socket = BoundSocket { sockets: self.stack.udp(now), id };
            if server.step(&mut socket, wall_time) == Progress::HasMore {
                self.restless.push_back(id);
            }
        }
    }
}

/// A server's socket.
struct BoundSocket<'a> {
    sockets: UdpSockets<'a>,
    id: SocketId,
}

impl DatagramSocket for BoundSocket<'_> {
    fn receive(&mut self) -> Result<Box<Incoming>, Error> {
        self.sockets.receive(self.id)
    }

    fn send(&mut self, message: &Message<'_>) -> Result<(), Error> {
        self.sockets.send(self.id, message)
    }

    fn recycle(&mut self, incoming: Box<Incoming>) {
        self.sockets.recycle(incoming);
    }
}

impl Host for ServiceHost {
    fn receive(&mut self, now: Instant, interface: InterfaceId, frame: Received<'_>) {
        // Served in `transmit`, which follows: all that came in one turn together.
        self.is_due = true;
        self.stack.receive(now, interface, frame);
    }

    fn transmit(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        if std::mem::take(&mut self.is_due) {
            self.serve(now);
        }
        let next = self.stack.transmit(now, interface, buffer);
        next.or_else(|| {
            // What has left made room for more.
            self.serve(now);
            self.stack.transmit(now, interface, buffer)
        })
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.stack.next_deadline().into_iter().chain(self.streams.next_deadline()).min()
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.is_due = true;
        self.stack.handle_timeout(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use packet::{Capabilities, Medium};
    use stack::{Config, InterfaceConfig, Secret};
    use std::time::Duration;
    use tcp::ConnectionOptions;
    use trace::Tracer;

    fn stack(last: u8) -> Stack {
        let mut stack = Stack::new(Config::new(Secret::new([1, last.into()])), Tracer::off());
        let address = ipv4::Cidr::new(Ipv4Addr::new(192, 0, 2, last), 24).unwrap();
        let capabilities = Capabilities::without_offload(Medium::Ip, 1500);
        let config = InterfaceConfig::new(address, capabilities);
        stack.add_interface(Instant::START, config).unwrap();
        stack
    }

    /// Carries frames between the two until none is left.
    fn carry(now: Instant, one: &mut impl Host, other: &mut impl Host) {
        let mut buffer = Buffer::new();
        let mut is_quiet = false;
        while !is_quiet {
            is_quiet = true;
            while one.transmit(now, InterfaceId(0), &mut buffer).is_some() {
                other.receive(now, InterfaceId(0), buffer.as_slice().into());
                is_quiet = false;
            }
            while other.transmit(now, InterfaceId(0), &mut buffer).is_some() {
                one.receive(now, InterfaceId(0), buffer.as_slice().into());
                is_quiet = false;
            }
        }
    }

    #[test]
    fn each_service_answers_on_its_port() {
        let wall_time = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
        let mut host = ServiceHost::new(stack(2), &Service::ALL, wall_time, 1).unwrap();
        let mut client = stack(1);
        let now = Instant::at(Duration::from_secs(1));
        let id = client.udp(now).open().unwrap();
        for service in Service::ALL {
            let to = ([192, 0, 2, 2], service.port()).into();
            client.udp(now).send(id, &Message::to(to, b"hello")).unwrap();
        }
        carry(now, &mut client, &mut host);

        let mut sockets = client.udp(now);
        let mut next = || sockets.receive(id).unwrap();
        let echoed = next();
        assert_eq!((echoed.metadata.source.port(), &echoed.payload[..]), (7, &b"hello"[..]));
        let daytime = next();
        assert_eq!(daytime.metadata.source.port(), 13);
        let text = String::from_utf8(daytime.payload).unwrap();
        assert!(text.contains("1970") && text.contains("00:00:01"), "{text}");
        assert_eq!(next().metadata.source.port(), 19);
        assert_eq!(sockets.receive(id), Err(Error::WouldBlock));
        let answered: Vec<u64> = host.served().map(|(_, counters)| counters.answered).collect();
        assert_eq!(answered, [1, 0, 1, 1]);
    }

    /// What `service` says to a TCP client that says hello and closes.
    fn told_by(service: Service) -> Vec<u8> {
        let mut host = ServiceHost::new(stack(2), &[service], SystemTime::UNIX_EPOCH, 1).unwrap();
        let mut client = stack(1);
        let now = Instant::START;
        let remote = ([192, 0, 2, 2], service.port()).into();
        let options = ConnectionOptions::default();
        let id = client.tcp(now).connect(None, remote, options).unwrap();
        carry(now, &mut client, &mut host);
        let _ = client.tcp(now).send(now, id, b"hello");
        client.tcp(now).shutdown(now, id).unwrap();
        let (mut told, mut piece) = (Vec::new(), [0; 4096]);
        loop {
            carry(now, &mut client, &mut host);
            match client.tcp(now).receive(now, id, &mut piece) {
                Ok(0) => return told,
                Ok(count) => told.extend(&piece[..count]),
                Err(error) => panic!("{service:?}: {error} after {} bytes", told.len()),
            }
        }
    }

    #[test]
    fn each_service_says_over_tcp_what_it_says_and_closes() {
        assert_eq!(told_by(Service::Echo), b"hello");
        assert_eq!(told_by(Service::Discard), b"");
        let daytime = String::from_utf8(told_by(Service::Daytime)).unwrap();
        assert!(daytime.contains("1970"), "{daytime}");
        let text = told_by(Service::Chargen);
        let endless = (0..).map(crate::chargen::character);
        assert!(text.len() > 1000, "{} characters", text.len());
        assert!(text.iter().copied().eq(endless.take(text.len())));
    }

    #[test]
    fn the_loop_of_1996_ends_between_two_hosts() {
        let [mut one, mut other] = [1, 2].map(|last| {
            ServiceHost::new(stack(last), &Service::ALL, SystemTime::UNIX_EPOCH, 1).unwrap()
        });
        // Forged: from the one's chargen port to the other's echo port.
        let mut frame = Vec::new();
        etherparse::PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .udp(19, 7)
            .write(&mut frame, b"have fun")
            .unwrap();
        other.receive(Instant::START, InterfaceId(0), frame.as_slice().into());
        carry(Instant::START, &mut one, &mut other);
        let refused: u64 = other.served().map(|(_, counters)| counters.from_service_port).sum();
        assert_eq!(refused, 1);
        assert!(one.served().chain(other.served()).all(|(_, counters)| counters.answered == 0));
    }

    #[test]
    fn a_flood_of_long_requests_is_answered_or_counted() {
        let mut host =
            ServiceHost::new(stack(2), &[Service::Echo], SystemTime::UNIX_EPOCH, 1).unwrap();
        let mut client = stack(1);
        let now = Instant::START;
        let id = client.udp(now).open().unwrap();
        let mut sent = 0;
        while sent < 500 {
            let message = Message::to(([192, 0, 2, 2], 7).into(), &[7; 20_000]);
            match client.udp(now).send(id, &message) {
                Ok(()) => sent += 1,
                Err(Error::WouldBlock) => carry(now, &mut client, &mut host),
                Err(error) => panic!("{error}"),
            }
        }
        carry(now, &mut client, &mut host);
        let (_, counters) = host.served().next().unwrap();
        let dropped = host.stack().counters().value(stack::Counter::UdpReceiveQueueFull);
        assert_eq!(counters.answered + dropped, sent);
        assert!(counters.answered > 25, "{counters:?}");
    }

    #[test]
    fn services_are_known_by_name() {
        for service in Service::ALL {
            assert_eq!(service.name().parse(), Ok(service));
        }
        let error = "finger".parse::<Service>().unwrap_err().to_string();
        assert_eq!(error, "'finger' is no service: there are echo, discard, daytime and chargen");
    }
}
