//! Between a service and its socket: requests in, answers out.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

use udp::{Error, Incoming, Message};

use crate::{DatagramService, Guard, Refused};

/// How many datagrams a server takes in one step, so that none keeps the others waiting.
pub const DATAGRAMS_PER_STEP: usize = 64;

/// What a server does with its socket, which is bound to the service's port.
pub trait DatagramSocket {
    /// Takes the datagram that has waited longest.
    ///
    /// # Errors
    /// As [`udp::Sockets::receive`].
    fn receive(&mut self) -> Result<Box<Incoming>, Error>;

    /// Puts a datagram behind those that wait to leave.
    ///
    /// # Errors
    /// As [`udp::Sockets::send`].
    fn send(&mut self, message: &Message<'_>) -> Result<(), Error>;

    /// Takes back a datagram that has been looked at, as [`udp::Sockets::recycle`].
    fn recycle(&mut self, incoming: Box<Incoming>);
}

/// A service on a socket.
#[derive(Clone, Debug)]
pub struct DatagramServer<S> {
    service: S,
    guard: Guard,
    /// The answer in hand, which found no room to leave.
    waiting: Option<Waiting>,
    counters: ServerCounters,
}

/// An answer that waits for room.
#[derive(Clone, Debug)]
struct Waiting {
    to: SocketAddr,
    from: IpAddr,
    answer: Vec<u8>,
}

/// What became of the datagrams that came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerCounters {
    /// Answers sent.
    pub answered: u64,
    /// Those for which the service had no answer: all that discard gets.
    pub without_answer: u64,
    /// Those not answered because they came from a service's port.
    pub from_service_port: u64,
    /// Those not answered because they were sent to a broadcast address or a group.
    pub not_unicast: u64,
    /// Answers that could not be sent.
    pub not_sent: u64,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Progress {
    /// Nothing can be done before the socket is ready for something.
    Waits,
    /// [`DATAGRAMS_PER_STEP`] were taken and there may be more.
    HasMore,
}

impl<S: DatagramService> DatagramServer<S> {
    /// A server that has not begun.
    #[must_use]
    pub fn new(service: S, guard: Guard) -> Self {
        let counters = ServerCounters::default();
        Self { service, guard, waiting: None, counters }
    }

    /// What became of the datagrams so far.
    #[must_use]
    pub const fn counters(&self) -> &ServerCounters {
        &self.counters
    }

    /// Answers what has come. To be called whenever the socket is ready for something, and again
    /// after [`Progress::HasMore`]. `time` is what a clock on the wall shows.
    ///
    /// While an answer finds no room to leave, no further request is taken: the socket's own
    /// queue holds them, and drops what is too much.
    pub fn step(&mut self, socket: &mut impl DatagramSocket, time: SystemTime) -> Progress {
        for _ in 0..DATAGRAMS_PER_STEP {
            if self.take_one(socket, time) == Progress::Waits {
                return Progress::Waits;
            }
        }
        Progress::HasMore
    }

    /// Takes one request and answers it, after what is still in hand.
    fn take_one(&mut self, socket: &mut impl DatagramSocket, time: SystemTime) -> Progress {
        if let Some(Waiting { to, from, answer }) = self.waiting.take()
            && self.send(socket, to, from, answer.into()) == Progress::Waits
        {
            return Progress::Waits;
        }
        match socket.receive() {
            Ok(request) => {
                let progress = self.answer(socket, &request, time);
                socket.recycle(request);
                progress
            }
            Err(Error::WouldBlock | Error::BadSocket) => Progress::Waits,
            // What became of an answer sent before is of no interest any more.
            Err(_) => Progress::HasMore,
        }
    }

    /// Sends what the service answers to `request`, unless it may not be answered.
    fn answer(
        &mut self,
        socket: &mut impl DatagramSocket,
        Incoming { metadata, payload }: &Incoming,
        time: SystemTime,
    ) -> Progress {
        match self.guard.check(metadata) {
            Err(Refused::ServicePort) => self.counters.from_service_port += 1,
            Err(Refused::NotUnicast) => self.counters.not_unicast += 1,
            Ok(()) => match self.service.answer(payload, time) {
                None => self.counters.without_answer += 1,
                // From the address that was asked (ROUTE-7).
                Some(answer) => {
                    return self.send(socket, metadata.source, metadata.destination, answer);
                }
            },
        }
        Progress::HasMore
    }

    /// Sends an answer. [`Progress::Waits`] if it stays in hand.
    fn send(
        &mut self,
        socket: &mut impl DatagramSocket,
        to: SocketAddr,
        from: IpAddr,
        answer: Cow<'_, [u8]>,
    ) -> Progress {
        match socket.send(&Message::to(to, &answer).with_source(from)) {
            Err(Error::WouldBlock) => {
                self.waiting = Some(Waiting { to, from, answer: answer.into_owned() });
                return Progress::Waits;
            }
            Ok(()) => self.counters.answered += 1,
            Err(_) => self.counters.not_sent += 1,
        }
        Progress::HasMore
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Discard, Echo};
    use packet::{Instant, InterfaceId};
    use std::collections::VecDeque;
    use udp::{Delivery, Metadata};

    /// A socket with requests, and the refusals with which it meets the next answers.
    #[derive(Default)]
    struct Scripted {
        requests: VecDeque<Result<Box<Incoming>, Error>>,
        refusals: VecDeque<Error>,
        sent: Vec<Vec<u8>>,
        last: Option<(Option<SocketAddr>, Option<IpAddr>)>,
    }

    impl DatagramSocket for Scripted {
        fn receive(&mut self) -> Result<Box<Incoming>, Error> {
            self.requests.pop_front().unwrap_or(Err(Error::WouldBlock))
        }

        fn send(&mut self, message: &Message<'_>) -> Result<(), Error> {
            if let Some(refusal) = self.refusals.pop_front() {
                return Err(refusal);
            }
            self.sent.push(message.payload().to_vec());
            self.last = Some((message.destination().copied(), message.source().copied()));
            Ok(())
        }

        fn recycle(&mut self, _incoming: Box<Incoming>) {}
    }

    fn request(port: u16, delivery: Delivery, payload: &[u8]) -> Box<Incoming> {
        let metadata = Metadata {
            source: ([192, 0, 2, 1], port).into(),
            destination: IpAddr::from([192, 0, 2, 2]),
            delivery,
            interface: InterfaceId(0),
            ttl: 64,
            traffic_class: 0,
            ip_options: Box::default(),
            at: Instant::START,
        };
        Box::new(Incoming { metadata, payload: payload.to_vec() })
    }

    fn ordinary(payload: &[u8]) -> Result<Box<Incoming>, Error> {
        Ok(request(40_000, Delivery::Unicast, payload))
    }

    fn stepped<S: DatagramService>(
        server: &mut DatagramServer<S>,
        socket: &mut Scripted,
    ) -> Progress {
        server.step(socket, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn requests_are_answered_in_order_until_none_waits() {
        let mut server = DatagramServer::new(Echo, Guard::default());
        let requests = [ordinary(b"a"), ordinary(b""), ordinary(b"c")].into();
        let mut socket = Scripted { requests, ..Scripted::default() };
        assert_eq!(stepped(&mut server, &mut socket), Progress::Waits);
        assert_eq!(socket.sent, [&b"a"[..], b"", b"c"]);
        assert_eq!(server.counters(), &ServerCounters { answered: 3, ..Default::default() });
    }

    #[test]
    fn route_7_the_answer_comes_from_the_address_that_was_asked() {
        let mut server = DatagramServer::new(Echo, Guard::default());
        let mut socket = Scripted { requests: [ordinary(b"a")].into(), ..Scripted::default() };
        assert_eq!(stepped(&mut server, &mut socket), Progress::Waits);
        let (to, from) = socket.last.unwrap();
        assert_eq!(to, Some(([192, 0, 2, 1], 40_000).into()));
        assert_eq!(from, Some([192, 0, 2, 2].into()));
    }

    #[test]
    fn one_step_takes_no_more_than_its_share() {
        let mut server = DatagramServer::new(Echo, Guard::default());
        let requests = (0..=DATAGRAMS_PER_STEP).map(|_| ordinary(b"a")).collect();
        let mut socket = Scripted { requests, ..Scripted::default() };
        assert_eq!(stepped(&mut server, &mut socket), Progress::HasMore);
        assert_eq!(socket.sent.len(), DATAGRAMS_PER_STEP);
        assert_eq!(stepped(&mut server, &mut socket), Progress::Waits);
        assert_eq!(socket.sent.len(), DATAGRAMS_PER_STEP + 1);
    }

    #[test]
    fn an_answer_without_room_is_kept_and_the_requests_behind_it_wait() {
        let mut server = DatagramServer::new(Echo, Guard::default());
        let mut socket = Scripted {
            requests: [ordinary(b"a"), ordinary(b"b")].into(),
            refusals: [Error::WouldBlock; 2].into(),
            ..Scripted::default()
        };
        for _ in 0..2 {
            assert_eq!(stepped(&mut server, &mut socket), Progress::Waits);
            assert_eq!((socket.requests.len(), socket.sent.len()), (1, 0));
        }
        assert_eq!(stepped(&mut server, &mut socket), Progress::Waits);
        assert_eq!(socket.sent, [b"a", b"b"]);
        assert_eq!(server.counters().answered, 2);
    }

    #[test]
    fn an_answer_that_cannot_be_sent_is_counted_and_given_up() {
        let mut server = DatagramServer::new(Echo, Guard::default());
        let mut socket = Scripted {
            requests: [ordinary(b"a"), ordinary(b"b")].into(),
            refusals: [Error::NetworkUnreachable].into(),
            ..Scripted::default()
        };
        assert_eq!(stepped(&mut server, &mut socket), Progress::Waits);
        assert_eq!(socket.sent, [b"b"]);
        assert_eq!(
            server.counters(),
            &ServerCounters { answered: 1, not_sent: 1, ..Default::default() }
        );
    }

    #[test]
    fn what_became_of_an_old_answer_stops_nobody() {
        let mut server = DatagramServer::new(Echo, Guard::default());
        let requests = [Err(Error::ConnectionRefused), ordinary(b"a")].into();
        let mut socket = Scripted { requests, ..Scripted::default() };
        assert_eq!(stepped(&mut server, &mut socket), Progress::Waits);
        assert_eq!(socket.sent, [b"a"]);
    }

    #[test]
    fn a_closed_socket_ends_the_step() {
        let mut server = DatagramServer::new(Echo, Guard::default());
        let requests = [Err(Error::BadSocket), ordinary(b"a")].into();
        let mut socket = Scripted { requests, ..Scripted::default() };
        assert_eq!(stepped(&mut server, &mut socket), Progress::Waits);
        assert_eq!(socket.requests.len(), 1);
    }

    #[test]
    fn whoever_gets_no_answer_is_counted_under_the_reason() {
        let mut server = DatagramServer::new(Echo, Guard::new(&[40_007]));
        let requests = [
            Ok(request(19, Delivery::Unicast, b"a")),
            Ok(request(1023, Delivery::Unicast, b"b")),
            Ok(request(40_007, Delivery::Unicast, b"c")),
            Ok(request(40_000, Delivery::Broadcast, b"d")),
            Ok(request(40_000, Delivery::Multicast, b"e")),
            Ok(request(1024, Delivery::Unicast, b"f")),
        ];
        let mut socket = Scripted { requests: requests.into(), ..Scripted::default() };
        assert_eq!(stepped(&mut server, &mut socket), Progress::Waits);
        assert_eq!(socket.sent, [b"f"]);
        let counted = ServerCounters {
            answered: 1,
            from_service_port: 3,
            not_unicast: 2,
            ..Default::default()
        };
        assert_eq!(server.counters(), &counted);
    }

    #[test]
    fn a_service_without_an_answer_sends_nothing() {
        let discard: Box<dyn DatagramService> = Box::new(Discard);
        let mut server = DatagramServer::new(discard, Guard::default());
        let mut socket = Scripted { requests: [ordinary(b"a")].into(), ..Scripted::default() };
        assert_eq!(stepped(&mut server, &mut socket), Progress::Waits);
        assert!(socket.sent.is_empty());
        assert_eq!(server.counters(), &ServerCounters { without_answer: 1, ..Default::default() });
    }
}
