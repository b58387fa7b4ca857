//! A pinger on real sockets, and a network that does to each request what the test says.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::time::Duration;

use apps::{EchoSocket, PingOptions, Pinger};
use icmp::{
    Echo, EchoDropped, EchoEvent, EchoSocketId, EchoSockets, ErrorKind, ErrorReport, Message,
    ReplyEnvelope, Unreachable,
};
use ipv4::{Datagram, Header, Protocol};
use packet::{Buffer, Instant, InterfaceId};

const US: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const ROUTER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);

/// What becomes of a request.
#[derive(Clone, Copy)]
enum Fate {
    Answered,
    AnsweredTwice,
    Lost,
    Unreachable,
    /// Somebody else answers, and says that it is unreachable, under another number.
    Forged,
}

/// The sockets of a host, and the fates of its requests, in order.
struct Network {
    sockets: EchoSockets,
    id: EchoSocketId,
    now: Instant,
    fates: std::vec::IntoIter<Fate>,
}

impl EchoSocket for Network {
    type Error = Infallible;

    fn send(&mut self, to: Ipv4Addr, sequence_number: u16, data: &[u8]) -> Result<(), Infallible> {
        let now = self.now;
        self.sockets.note_sent(now, self.id, to, sequence_number);
        let identifier = self.sockets.identifier(self.id).unwrap();
        let echo = Echo { identifier, sequence_number };
        let accepted = Ok(self.id);
        match self.fates.next().unwrap() {
            Fate::Answered => assert_eq!(self.reply(now, HOST, echo, data), accepted),
            Fate::AnsweredTwice => {
                assert_eq!(self.reply(now, HOST, echo, data), accepted);
                assert_eq!(self.reply(now, HOST, echo, data), accepted);
            }
            Fate::Lost => {}
            Fate::Unreachable => assert_eq!(self.report(now, echo, data), accepted),
            Fate::Forged => {
                let other = Echo { sequence_number: sequence_number + 100, ..echo };
                assert_eq!(self.reply(now, ROUTER, echo, data), Err(EchoDropped::NotAsked));
                assert_eq!(self.report(now, other, data), Err(EchoDropped::NotAsked));
            }
        }
        Ok(())
    }

    fn receive(&mut self) -> Option<EchoEvent> {
        self.sockets.receive(self.id)
    }
}

impl Network {
    fn reply(
        &mut self,
        now: Instant,
        source: Ipv4Addr,
        echo: Echo,
        data: &[u8],
    ) -> Result<EchoSocketId, EchoDropped> {
        let envelope =
            ReplyEnvelope { source, destination: US, interface: InterfaceId(0), ttl: 63 };
        self.sockets.handle_reply(now, &envelope, echo, data)
    }

    /// The router reports the request as unreachable.
    fn report(
        &mut self,
        now: Instant,
        echo: Echo,
        data: &[u8],
    ) -> Result<EchoSocketId, EchoDropped> {
        let kind = ErrorKind::DestinationUnreachable(Unreachable::Host);
        let mut request = Buffer::new();
        request.append(data);
        Message::EchoRequest(echo).prepend_to(&mut request);
        Header::new(US, HOST, Protocol::Icmp).prepend_to(&mut request).unwrap();
        let mut error = Buffer::new();
        kind.lay_down_about(&Datagram::parse(request.as_slice()).unwrap(), &mut error);
        let error = icmp::Packet::parse(error.as_slice()).unwrap();
        let report = ErrorReport::read(kind, error.data(), |address| address == US).unwrap();
        self.sockets.handle_report(now, ROUTER, &report)
    }
}

#[test]
fn each_request_is_told_by_its_fate() {
    let fates =
        vec![Fate::Answered, Fate::AnsweredTwice, Fate::Lost, Fate::Unreachable, Fate::Forged];
    let mut sockets = EchoSockets::new([1, 2]);
    let id = sockets.open().unwrap();
    let count = Some(fates.len() as u64);
    let mut network = Network { sockets, id, now: Instant::START, fates: fates.into_iter() };
    let interval = Duration::from_millis(200);
    let mut pinger = Pinger::new(PingOptions { count, interval, ..PingOptions::new(HOST) });

    let mut lines = Vec::new();
    let mut now = Instant::at(Duration::from_secs(5));
    while !pinger.is_over() {
        now = now.max(pinger.next_deadline().unwrap());
        network.now = now;
        // Once to send, and once for what came of it at once.
        for _ in 0..2 {
            pinger.step(now, &mut network, |event| lines.push(event.to_string()));
        }
    }
    let expected = [
        "64 bytes from 192.0.2.1: icmp_seq=1 ttl=63 time=0.000 ms",
        "64 bytes from 192.0.2.1: icmp_seq=2 ttl=63 time=0.000 ms",
        "64 bytes from 192.0.2.1: icmp_seq=2 ttl=63 time=0.000 ms (DUP!)",
        "From 198.51.100.1 icmp_seq=4 Destination Host Unreachable",
        "no answer yet for icmp_seq=3",
        "no answer yet for icmp_seq=5",
    ];
    assert_eq!(lines, expected);
    let summary = "5 packets transmitted, 2 received, +1 duplicates, +1 errors, \
                   60% packet loss, time 800ms\n\
                   rtt min/avg/max/mdev = 0.000/0.000/0.000/0.000 ms";
    assert_eq!(pinger.report().to_string(), summary);
    assert_eq!(now - Instant::at(Duration::from_secs(5)), Duration::from_millis(2_800));
}
