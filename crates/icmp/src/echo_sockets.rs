//! Who pings from here: echo requests that leave, and what comes of them (RFC 1122, 3.2.2.6).
//!
//! ```text
//!    open, identifier, note_sent                           receive
//!               │                                             ▲
//!   ┌───────────▼──────────────── EchoSockets ────────────────┴─────────┐
//!   │   identifier ──► socket: what it asked of late ──► its own queue  │
//!   └────────────▲──────────────────────────────▲───────────────────────┘
//!           handle_reply                  handle_report
//!      a reply came (ICMP-23)   an error came that quotes a request (ICMP-3)
//! ```
//!
//! A reply counts only if it comes from the very address that was asked: every host answers from
//! there (ICMP-20). So a request to a broadcast address or a group gets no answer that counts;
//! hosts need not answer those (ICMP-22), and few do.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use packet::Instant;
use secret::Secret;

use crate::echo_events::EventQueue;
use crate::identifiers::Identifiers;
use crate::recent_requests::{RecentRequests, Request};
use crate::{Echo, EchoEvent, EchoReply, EchoReport, ErrorReport, ReplyEnvelope};

/// How many sockets can be open at a time.
pub const MAX_ECHO_SOCKETS: usize = 64;

/// The handle of a socket. That of a closed socket never names a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EchoSocketId {
    identifier: u16,
    /// How many sockets were opened before this one.
    number: u64,
}

/// As many sockets are open as may be ([`MAX_ECHO_SOCKETS`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_ECHO_SOCKETS} echo sockets are open already, which is the most there can be")]
pub struct TooManyOpenSockets;

/// Why a reply or a report was not handed to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EchoDropped {
    /// No socket has the identifier, or it is about no echo request at all.
    NoSocket,
    /// The socket asked no such thing of that host of late: it is very late, or forged.
    NotAsked,
    /// As much waits at the socket as may ([`crate::EVENT_QUEUE_LIMIT`],
    /// [`crate::EVENT_QUEUE_BYTES`]).
    QueueFull,
}

/// The echo sockets of a host.
///
/// Each has an identifier of its own, by which its replies are known. Whoever opened it chooses
/// the sequence numbers.
#[derive(Debug)]
pub struct EchoSockets {
    identifiers: Identifiers,
    /// By identifier. At most [`MAX_ECHO_SOCKETS`].
    sockets: HashMap<u16, Socket, Secret>,
    /// How many were opened so far.
    opened: u64,
}

#[derive(Debug)]
struct Socket {
    id: EchoSocketId,
    recent: RecentRequests,
    events: EventQueue,
}

impl EchoSockets {
    /// No sockets. `secret` decides which identifiers are drawn and must not be known outside the
    /// host: whoever can guess one can forge replies.
    #[must_use]
    pub fn new(secret: [u64; 2]) -> Self {
        let secret = Secret::new(secret);
        let identifiers = Identifiers::new(secret);
        Self { identifiers, sockets: HashMap::with_hasher(secret), opened: 0 }
    }

    /// A fresh socket.
    ///
    /// # Errors
    /// [`TooManyOpenSockets`] beyond [`MAX_ECHO_SOCKETS`].
    pub fn open(&mut self) -> Result<EchoSocketId, TooManyOpenSockets> {
        if self.sockets.len() >= MAX_ECHO_SOCKETS {
            return Err(TooManyOpenSockets);
        }
        let is_free = |identifier| !self.sockets.contains_key(&identifier);
        let identifier = self.identifiers.choose(is_free).ok_or(TooManyOpenSockets)?;
        let id = EchoSocketId { identifier, number: self.opened };
        self.opened = self.opened.wrapping_add(1);
        let socket =
            Socket { id, recent: RecentRequests::default(), events: EventQueue::default() };
        self.sockets.insert(identifier, socket);
        Ok(id)
    }

    /// Closes the socket. What waits at it is lost.
    pub fn close(&mut self, id: EchoSocketId) {
        if self.socket(id).is_some() {
            self.sockets.remove(&id.identifier);
        }
    }

    /// The identifier that the socket's requests carry; `None` if it is closed.
    #[must_use]
    pub fn identifier(&self, id: EchoSocketId) -> Option<u16> {
        self.sockets.get(&id.identifier).filter(|socket| socket.id == id)?;
        Some(id.identifier)
    }

    /// Notes that the socket's request of that number left for `destination`. Only what was noted
    /// can be answered.
    pub fn note_sent(
        &mut self,
        now: Instant,
        id: EchoSocketId,
        destination: Ipv4Addr,
        sequence_number: u16,
    ) {
        let Some(socket) = self.socket(id) else { return };
        socket.recent.note(Request { destination, sequence_number, at: now, is_answered: false });
    }

    /// Hands a reply that came to the socket that asked (ICMP-23). `data` is what it carries.
    ///
    /// # Errors
    /// [`EchoDropped`] says why it was dropped.
    pub fn handle_reply(
        &mut self,
        now: Instant,
        envelope: &ReplyEnvelope,
        echo: Echo,
        data: &[u8],
    ) -> Result<EchoSocketId, EchoDropped> {
        let Echo { identifier, sequence_number } = echo;
        let socket = self.sockets.get_mut(&identifier).ok_or(EchoDropped::NoSocket)?;
        let request = socket
            .recent
            .find(now, envelope.source, sequence_number)
            .ok_or(EchoDropped::NotAsked)?;
        socket.events.check_room(data.len())?;
        let is_duplicate = std::mem::replace(&mut request.is_answered, true);
        socket.events.push(EchoEvent::Reply(EchoReply {
            envelope: *envelope,
            sequence_number,
            data: data.to_vec(),
            at: now,
            round_trip: now - request.at,
            is_duplicate,
        }))?;
        Ok(socket.id)
    }

    /// Hands a report that came from `reporter` to the socket whose request it is about (ICMP-3,
    /// ICMP-11, ICMP-16, ICMP-18).
    ///
    /// # Errors
    /// [`EchoDropped`] says why it was dropped.
    pub fn handle_report(
        &mut self,
        now: Instant,
        reporter: Ipv4Addr,
        report: &ErrorReport,
    ) -> Result<EchoSocketId, EchoDropped> {
        let ErrorReport { kind, quoted } = *report;
        let Echo { identifier, sequence_number } =
            quoted.echo_request().ok_or(EchoDropped::NoSocket)?;
        let socket = self.sockets.get_mut(&identifier).ok_or(EchoDropped::NoSocket)?;
        let destination = quoted.destination;
        socket.recent.find(now, destination, sequence_number).ok_or(EchoDropped::NotAsked)?;
        socket.events.push(EchoEvent::Report(EchoReport {
            reporter,
            kind,
            destination,
            sequence_number,
            at: now,
        }))?;
        Ok(socket.id)
    }

    /// Takes the event that has waited longest at the socket.
    pub fn receive(&mut self, id: EchoSocketId) -> Option<EchoEvent> {
        self.socket(id)?.events.pop()
    }

    fn socket(&mut self, id: EchoSocketId) -> Option<&mut Socket> {
        self.sockets.get_mut(&id.identifier).filter(|socket| socket.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        EVENT_QUEUE_BYTES, EVENT_QUEUE_LIMIT, ErrorKind, ErrorMessage, Message, ParameterProblem,
        QuotedDatagram, TimeExceeded, Unreachable,
    };
    use ipv4::{Datagram, Header, Protocol};
    use packet::{Buffer, InterfaceId};
    use std::collections::HashSet;
    use std::time::Duration;

    const US: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
    const HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
    const ROUTER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
    const TTL: ErrorKind = ErrorKind::TimeExceeded(TimeExceeded::InTransit);

    /// A host with one socket, which asked [`HOST`] its request 1 at the start.
    struct Asked {
        sockets: EchoSockets,
        id: EchoSocketId,
    }

    impl Asked {
        fn new() -> Self {
            let mut sockets = EchoSockets::new([1, 2]);
            let id = sockets.open().unwrap();
            sockets.note_sent(Instant::START, id, HOST, 1);
            Self { sockets, id }
        }

        fn echo(&self) -> Echo {
            Echo { identifier: self.sockets.identifier(self.id).unwrap(), sequence_number: 1 }
        }

        fn reply(
            &mut self,
            now: Instant,
            source: Ipv4Addr,
            echo: Echo,
        ) -> Result<EchoSocketId, EchoDropped> {
            self.sockets.handle_reply(now, &envelope(source), echo, b"data")
        }

        fn report(
            &mut self,
            destination: Ipv4Addr,
            echo: Echo,
        ) -> Result<EchoSocketId, EchoDropped> {
            let report = report(TTL, destination, Message::EchoRequest(echo));
            self.sockets.handle_report(Instant::START, ROUTER, &report)
        }
    }

    fn envelope(source: Ipv4Addr) -> ReplyEnvelope {
        ReplyEnvelope { source, destination: US, interface: InterfaceId(0), ttl: 63 }
    }

    /// What a router says of the datagram with `message` that we sent to `destination`.
    fn report(kind: ErrorKind, destination: Ipv4Addr, message: Message) -> ErrorReport {
        let mut offending = Buffer::new();
        message.prepend_to(&mut offending);
        Header::new(US, destination, Protocol::Icmp).prepend_to(&mut offending).unwrap();
        let offending = Datagram::parse(offending.as_slice()).unwrap();
        let mut error = Buffer::new();
        kind.lay_down_about(&offending, &mut error);
        ErrorReport::read(kind, &error.as_slice()[8..], |address| address == US).unwrap()
    }

    fn milliseconds(milliseconds: u64) -> Instant {
        Instant::at(Duration::from_millis(milliseconds))
    }

    #[test]
    fn icmp_23_a_reply_is_handed_to_whoever_asked() {
        let mut asked = Asked::new();
        let (other, echo) = (asked.sockets.open().unwrap(), asked.echo());
        assert_eq!(asked.reply(milliseconds(30), HOST, echo), Ok(asked.id));
        assert_eq!(asked.sockets.receive(other), None);
        let expected = EchoReply {
            envelope: envelope(HOST),
            sequence_number: 1,
            data: b"data".to_vec(),
            at: milliseconds(30),
            round_trip: Duration::from_millis(30),
            is_duplicate: false,
        };
        assert_eq!(asked.sockets.receive(asked.id), Some(EchoEvent::Reply(expected)));
        assert_eq!(asked.sockets.receive(asked.id), None);
    }

    #[test]
    fn icmp_3_11_16_and_18_each_error_is_handed_to_whoever_asked() {
        for kind in [
            ErrorKind::DestinationUnreachable(Unreachable::Host),
            ErrorKind::DestinationUnreachable(Unreachable::FragmentationNeeded {
                next_hop_mtu: 1400,
            }),
            TTL,
            ErrorKind::TimeExceeded(TimeExceeded::Reassembly),
            ErrorKind::ParameterProblem(ParameterProblem::Pointer(20)),
        ] {
            let mut asked = Asked::new();
            let report = report(kind, HOST, Message::EchoRequest(asked.echo()));
            let at = milliseconds(5);
            assert_eq!(asked.sockets.handle_report(at, ROUTER, &report), Ok(asked.id));
            let expected =
                EchoReport { reporter: ROUTER, kind, destination: HOST, sequence_number: 1, at };
            assert_eq!(asked.sockets.receive(asked.id), Some(EchoEvent::Report(expected)));
        }
    }

    #[test]
    fn the_second_reply_is_told_as_a_duplicate_and_a_new_request_of_that_number_begins_anew() {
        let mut asked = Asked::new();
        let echo = asked.echo();
        let is_duplicate = |asked: &mut Asked| {
            asked.reply(Instant::START, HOST, echo).unwrap();
            let Some(EchoEvent::Reply(reply)) = asked.sockets.receive(asked.id) else { panic!() };
            reply.is_duplicate
        };
        assert!(!is_duplicate(&mut asked));
        assert!(is_duplicate(&mut asked));
        asked.sockets.note_sent(Instant::START, asked.id, HOST, 1);
        assert!(!is_duplicate(&mut asked));
    }

    #[test]
    fn an_answer_to_what_nobody_asked_is_dropped() {
        let mut asked = Asked::new();
        let echo = asked.echo();
        let late = Instant::at(Duration::from_secs(121));
        let strange = Echo { identifier: echo.identifier ^ 1, ..echo };
        let ahead = Echo { sequence_number: 2, ..echo };
        assert_eq!(asked.reply(Instant::START, HOST, strange), Err(EchoDropped::NoSocket));
        assert_eq!(asked.reply(Instant::START, HOST, ahead), Err(EchoDropped::NotAsked));
        assert_eq!(asked.reply(Instant::START, ROUTER, echo), Err(EchoDropped::NotAsked));
        assert_eq!(asked.reply(late, HOST, echo), Err(EchoDropped::NotAsked));

        assert_eq!(asked.report(HOST, strange), Err(EchoDropped::NoSocket));
        assert_eq!(asked.report(HOST, ahead), Err(EchoDropped::NotAsked));
        assert_eq!(asked.report(ROUTER, echo), Err(EchoDropped::NotAsked));
        let about_a_reply = report(TTL, HOST, Message::EchoReply(echo));
        let dropped = asked.sockets.handle_report(Instant::START, ROUTER, &about_a_reply);
        assert_eq!(dropped, Err(EchoDropped::NoSocket));
        assert_eq!(asked.sockets.receive(asked.id), None);
    }

    #[test]
    fn icmp_3_an_error_about_another_protocol_is_for_nobody_here() {
        let mut asked = Asked::new();
        let about_an_echo = report(TTL, HOST, Message::EchoRequest(asked.echo()));
        let quoted = QuotedDatagram { protocol: Protocol::Udp, ..about_an_echo.quoted };
        let about_udp = ErrorReport { quoted, ..about_an_echo };
        let dropped = asked.sockets.handle_report(Instant::START, ROUTER, &about_udp);
        assert_eq!(dropped, Err(EchoDropped::NoSocket));
        let about_an_error = report(TTL, HOST, Message::Error(ErrorMessage::new(TTL)));
        let dropped = asked.sockets.handle_report(Instant::START, ROUTER, &about_an_error);
        assert_eq!(dropped, Err(EchoDropped::NoSocket));
    }

    #[test]
    fn a_full_queue_drops_the_newest_and_that_one_was_not_the_first_answer() {
        let mut asked = Asked::new();
        let echo = asked.echo();
        for _ in 0..EVENT_QUEUE_LIMIT {
            assert_eq!(asked.report(HOST, echo), Ok(asked.id));
        }
        assert_eq!(asked.report(HOST, echo), Err(EchoDropped::QueueFull));
        assert_eq!(asked.reply(Instant::START, HOST, echo), Err(EchoDropped::QueueFull));
        while asked.sockets.receive(asked.id).is_some() {}
        assert_eq!(asked.reply(Instant::START, HOST, echo), Ok(asked.id));
        let Some(EchoEvent::Reply(reply)) = asked.sockets.receive(asked.id) else { panic!() };
        assert!(!reply.is_duplicate);
    }

    #[test]
    fn a_queue_is_full_by_bytes_too_and_what_is_taken_makes_room() {
        let mut asked = Asked::new();
        let (echo, half) = (asked.echo(), vec![0; EVENT_QUEUE_BYTES / 2]);
        let reply = |asked: &mut Asked, data: &[u8]| {
            asked.sockets.handle_reply(Instant::START, &envelope(HOST), echo, data)
        };
        assert_eq!(reply(&mut asked, &half), Ok(asked.id));
        assert_eq!(reply(&mut asked, &half), Ok(asked.id));
        assert_eq!(reply(&mut asked, &[0]), Err(EchoDropped::QueueFull));
        assert_eq!(reply(&mut asked, &[]), Ok(asked.id));
        asked.sockets.receive(asked.id).unwrap();
        assert_eq!(reply(&mut asked, &half), Ok(asked.id));
        assert_eq!(reply(&mut asked, &[0]), Err(EchoDropped::QueueFull));
    }

    #[test]
    fn a_closed_socket_has_nothing_any_more() {
        let mut asked = Asked::new();
        let echo = asked.echo();
        asked.reply(Instant::START, HOST, echo).unwrap();
        asked.sockets.close(asked.id);
        assert_eq!(asked.sockets.identifier(asked.id), None);
        assert_eq!(asked.sockets.receive(asked.id), None);
        assert_eq!(asked.reply(Instant::START, HOST, echo), Err(EchoDropped::NoSocket));
        asked.sockets.note_sent(Instant::START, asked.id, HOST, 1);
        asked.sockets.close(asked.id);
    }

    #[test]
    fn the_handle_of_a_closed_socket_never_names_one_with_the_same_identifier() {
        let mut asked = Asked::new();
        asked.sockets.close(asked.id);
        let same = EchoSocketId { number: 1, ..asked.id };
        let recent = RecentRequests::default();
        let socket = Socket { id: same, recent, events: EventQueue::default() };
        asked.sockets.sockets.insert(same.identifier, socket);
        asked.sockets.close(asked.id);
        assert_eq!(asked.sockets.identifier(asked.id), None);
        assert_eq!(asked.sockets.identifier(same), Some(same.identifier));
    }

    #[test]
    fn so_many_can_be_open_and_each_has_an_identifier_of_its_own() {
        let mut sockets = EchoSockets::new([1, 2]);
        let opened: Vec<_> = (0..MAX_ECHO_SOCKETS).map(|_| sockets.open().unwrap()).collect();
        let identifiers: HashSet<_> = opened.iter().map(|&id| sockets.identifier(id)).collect();
        assert_eq!(identifiers.len(), MAX_ECHO_SOCKETS);
        assert_eq!(sockets.open(), Err(TooManyOpenSockets));
        sockets.close(opened[0]);
        assert!(sockets.open().is_ok());
    }
}
