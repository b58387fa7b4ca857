//! A host that pings: it sends echo requests, and checks that each reply is what it asked for.

use std::net::Ipv4Addr;
use std::time::Duration;

use icmp::{Echo, Message};
use ipv4::{Datagram, Header, Protocol};
use link::split_seed;
use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};

/// Most data in one request, in bytes: with its headers that makes the longest IPv4 datagram.
pub const MAX_DATA_LEN: u16 = u16::MAX - 28;

/// How many requests a pinger remembers: as many as have sequence numbers of their own. A reply
/// that comes later than that is taken for a wrong one.
pub const MAX_REMEMBERED: usize = 1 << 16;

/// What to ask, whom and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PingOptions {
    /// The pinger's own address.
    pub source: Ipv4Addr,
    /// Who is asked.
    pub destination: Ipv4Addr,
    /// Tells this pinger's requests from those of another.
    pub identifier: u16,
    /// How many requests to send.
    pub count: u64,
    /// From one request to the next. The first is sent at once, and all of them if it is zero.
    pub interval: Duration,
    /// Data in each request, in bytes; more than [`MAX_DATA_LEN`] counts as that.
    pub data_length: u16,
    /// Decides what the data is. Each request has data of its own.
    pub seed: u64,
}

impl PingOptions {
    /// Four requests, one a second, with 56 bytes of data, which makes a packet of 84 as `ping`
    /// sends it.
    #[must_use]
    pub const fn new(source: Ipv4Addr, destination: Ipv4Addr) -> Self {
        Self {
            source,
            destination,
            identifier: 1,
            count: 4,
            interval: Duration::from_secs(1),
            data_length: 56,
            seed: 0,
        }
    }
}

/// What became of the requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PingReport {
    /// Requests sent.
    pub sent: u64,
    /// Requests that were answered, byte for byte.
    pub answered: u64,
    /// Further answers to the same requests.
    pub duplicates: u64,
    /// Replies to a request of ours with other data than we sent, although their checksums are
    /// correct. Somebody garbled them.
    pub wrong: u64,
    /// Replies to nothing that we sent.
    pub unasked: u64,
    /// What came damaged: too short, or with a wrong checksum.
    pub damaged: u64,
    /// What came in order but is no echo reply.
    pub other: u64,
    /// The shortest time from a request to its first answer; `None` before there is one.
    pub shortest: Option<Duration>,
    /// The longest time from a request to its first answer.
    pub longest: Option<Duration>,
    /// The sum of these times.
    pub total: Duration,
}

impl PingReport {
    /// Requests without an answer so far.
    #[must_use]
    pub const fn unanswered(&self) -> u64 {
        self.sent - self.answered
    }

    /// The average time from a request to its first answer.
    #[must_use]
    pub fn average(&self) -> Option<Duration> {
        let nanoseconds = self.total.as_nanos().checked_div(self.answered.into())?;
        u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
    }
}

/// A host with one interface, 0, that pings and does nothing else.
#[derive(Clone, Debug)]
pub struct Pinger {
    options: PingOptions,
    report: PingReport,
    /// When the next request is due; `None` after the last.
    next_due: Option<Instant>,
    /// Requests that are not due yet.
    to_come: u64,
    /// Requests that are due and not yet sent.
    due: u64,
    /// What was sent, by sequence number. At most [`MAX_REMEMBERED`].
    requests: Vec<Request>,
    /// Where the data of one request is laid down, to be sent or to be compared with.
    data: Vec<u8>,
}

/// A request that was sent.
#[derive(Clone, Copy, Debug)]
struct Request {
    /// Counted from 0.
    number: u64,
    at: Instant,
    is_answered: bool,
}

/// Why a frame is no answer.
enum NoAnswer {
    Damaged,
    Other,
    Unasked,
    Wrong,
}

impl Pinger {
    /// A pinger that begins at once.
    #[must_use]
    pub fn new(options: PingOptions) -> Self {
        Self {
            options,
            report: PingReport::default(),
            next_due: (options.count != 0).then_some(Instant::START),
            to_come: options.count,
            due: 0,
            requests: Vec::new(),
            data: Vec::new(),
        }
    }

    /// What became of the requests so far.
    #[must_use]
    pub const fn report(&self) -> &PingReport {
        &self.report
    }

    /// The request that is due now, and its number.
    fn next_request(&mut self, now: Instant) -> Option<u64> {
        self.due = self.due.checked_sub(1)?;
        let number = self.report.sent;
        self.report.sent += 1;
        let request = Request { number, at: now, is_answered: false };
        match self.requests.get_mut(place(sequence_number(number))) {
            Some(older) => *older = request,
            None => self.requests.push(request),
        }
        Some(number)
    }

    /// The request that a frame answers.
    fn answered_by(&mut self, frame: &[u8]) -> Result<&mut Request, NoAnswer> {
        let datagram = Datagram::parse(frame).map_err(|_| NoAnswer::Damaged)?;
        if datagram.protocol() != Protocol::Icmp || datagram.is_fragment() {
            return Err(NoAnswer::Other);
        }
        let reply = icmp::Packet::parse(datagram.payload()).map_err(|_| NoAnswer::Damaged)?;
        let Message::EchoReply(echo) = reply.message() else { return Err(NoAnswer::Other) };
        let from_and_to = (datagram.source(), datagram.destination());
        if from_and_to != (self.options.destination, self.options.source)
            || echo.identifier != self.options.identifier
        {
            return Err(NoAnswer::Unasked);
        }
        let request = self.requests.get_mut(place(echo.sequence_number));
        let request = request.ok_or(NoAnswer::Unasked)?;
        lay_down_data(&self.options, request.number, &mut self.data);
        if reply.data() == self.data { Ok(request) } else { Err(NoAnswer::Wrong) }
    }

    /// Counts an answer; `round_trip` is `None` if the request had one before.
    fn count_answer(&mut self, round_trip: Option<Duration>) {
        let report = &mut self.report;
        let Some(round_trip) = round_trip else {
            report.duplicates += 1;
            return;
        };
        report.answered += 1;
        report.total += round_trip;
        report.shortest = Some(report.shortest.map_or(round_trip, |other| other.min(round_trip)));
        report.longest = Some(report.longest.map_or(round_trip, |other| other.max(round_trip)));
    }
}

impl Host for Pinger {
    fn receive(&mut self, now: Instant, _interface: InterfaceId, frame: Received<'_>) {
        let round_trip = match self.answered_by(frame.bytes) {
            Ok(request) => {
                let is_first = !std::mem::replace(&mut request.is_answered, true);
                Ok(is_first.then(|| now - request.at))
            }
            Err(reason) => Err(reason),
        };
        match round_trip {
            Ok(round_trip) => self.count_answer(round_trip),
            Err(NoAnswer::Damaged) => self.report.damaged += 1,
            Err(NoAnswer::Other) => self.report.other += 1,
            Err(NoAnswer::Unasked) => self.report.unasked += 1,
            Err(NoAnswer::Wrong) => self.report.wrong += 1,
        }
    }

    fn transmit(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        if interface != InterfaceId(0) {
            return None;
        }
        let number = self.next_request(now)?;
        let PingOptions { source, destination, identifier, .. } = self.options;
        buffer.clear();
        lay_down_data(&self.options, number, &mut self.data);
        buffer.append(&self.data);
        let echo = Echo { identifier, sequence_number: sequence_number(number) };
        Message::EchoRequest(echo).prepend_to(buffer);
        let header = Header::new(source, destination, Protocol::Icmp);
        header.prepend_to(buffer).ok()?;
        Some(TransmitOffload::default())
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.next_due
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.next_due.is_none_or(|due| now < due) {
            return;
        }
        let PingOptions { interval, .. } = self.options;
        let due = if interval.is_zero() { self.to_come } else { 1 };
        self.due += due;
        self.to_come -= due;
        self.next_due = (self.to_come != 0).then(|| now + interval);
    }
}

/// As ping numbers them: the first is 1. Comes round after [`MAX_REMEMBERED`].
const fn sequence_number(number: u64) -> u16 {
    let [.., a, b] = number.to_be_bytes();
    u16::from_be_bytes([a, b]).wrapping_add(1)
}

/// Where the request of that sequence number is remembered.
fn place(sequence_number: u16) -> usize {
    sequence_number.wrapping_sub(1).into()
}

/// Replaces `data` by that of a request: nothing like that of another, so that no reply passes
/// for another's.
fn lay_down_data(options: &PingOptions, number: u64, data: &mut Vec<u8>) {
    let seed = split_seed(options.seed, number);
    let length = usize::from(options.data_length.min(MAX_DATA_LEN));
    data.clear();
    for index in 0.. {
        if data.len() >= length {
            break;
        }
        data.extend_from_slice(&split_seed(seed, index).to_be_bytes());
    }
    data.truncate(length);
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
    const THEM: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

    /// What the pinger sends now.
    fn sent(pinger: &mut Pinger, now: Instant) -> Option<Vec<u8>> {
        let mut buffer = Buffer::new();
        pinger.transmit(now, InterfaceId(0), &mut buffer)?;
        Some(buffer.as_slice().to_vec())
    }

    /// The answer to `request`, with its message and data bent before the checksums are put on.
    fn reply(request: &[u8], bend: impl FnOnce(&mut Header, &mut Echo, &mut Vec<u8>)) -> Vec<u8> {
        let datagram = Datagram::parse(request).unwrap();
        let packet = icmp::Packet::parse(datagram.payload()).unwrap();
        let Message::EchoRequest(mut echo) = packet.message() else { panic!("no echo request") };
        let mut header = Header::new(THEM, US, Protocol::Icmp);
        let mut data = packet.data().to_vec();
        bend(&mut header, &mut echo, &mut data);
        let mut buffer = Buffer::new();
        buffer.append(&data);
        Message::EchoReply(echo).prepend_to(&mut buffer);
        header.prepend_to(&mut buffer).unwrap();
        buffer.as_slice().to_vec()
    }

    fn pinger_and_first_request() -> (Pinger, Vec<u8>) {
        let mut pinger = Pinger::new(PingOptions::new(US, THEM));
        pinger.handle_timeout(Instant::START);
        let request = sent(&mut pinger, Instant::START).unwrap();
        (pinger, request)
    }

    #[test]
    fn requests_leave_one_an_interval_and_differ_in_number_and_data() {
        let (mut pinger, first) = pinger_and_first_request();
        assert_eq!(first.len(), 84);
        assert_eq!(sent(&mut pinger, Instant::START), None);
        let second_due = Instant::at(Duration::from_secs(1));
        assert_eq!(pinger.next_deadline(), Some(second_due));
        pinger.handle_timeout(second_due);
        let second = sent(&mut pinger, second_due).unwrap();
        assert_ne!(first[26..28], second[26..28], "sequence number");
        assert_ne!(first[28..], second[28..], "data");
    }

    #[test]
    fn after_the_last_request_nothing_is_awaited() {
        let mut pinger = Pinger::new(PingOptions {
            count: 3,
            interval: Duration::ZERO,
            ..PingOptions::new(US, THEM)
        });
        pinger.handle_timeout(Instant::START);
        assert_eq!(pinger.next_deadline(), None);
        for _ in 0..3 {
            assert!(sent(&mut pinger, Instant::START).is_some());
        }
        assert_eq!(sent(&mut pinger, Instant::START), None);
        assert_eq!(
            Pinger::new(PingOptions { count: 0, ..PingOptions::new(US, THEM) }).next_deadline(),
            None
        );
    }

    #[test]
    fn the_first_answer_counts_with_its_time_and_the_second_as_a_duplicate() {
        let (mut pinger, request) = pinger_and_first_request();
        let answer = reply(&request, |_, _, _| {});
        for milliseconds in [30, 70] {
            let now = Instant::at(Duration::from_millis(milliseconds));
            pinger.receive(now, InterfaceId(0), answer.as_slice().into());
        }
        let report = pinger.report();
        assert_eq!((report.answered, report.duplicates, report.unanswered()), (1, 1, 0));
        assert_eq!(report.average(), Some(Duration::from_millis(30)));
    }

    #[test]
    fn what_is_no_answer_is_counted_by_what_is_wrong_with_it() {
        let (pinger, request) = pinger_and_first_request();
        let after = |frame: &[u8]| {
            let mut pinger = pinger.clone();
            pinger.receive(Instant::START, InterfaceId(0), frame.into());
            assert_eq!(pinger.report().answered, 0);
            *pinger.report()
        };
        let bent = |bend: fn(&mut Header, &mut Echo, &mut Vec<u8>)| after(&reply(&request, bend));
        assert_eq!(bent(|_, _, data| data[55] ^= 1).wrong, 1);
        assert_eq!(bent(|_, _, data| data.truncate(55)).wrong, 1);
        assert_eq!(bent(|_, _, data| data.push(0)).wrong, 1);
        assert_eq!(bent(|_, echo, _| echo.identifier = 2).unasked, 1);
        assert_eq!(bent(|_, echo, _| echo.sequence_number = 2).unasked, 1, "not sent yet");
        assert_eq!(bent(|header, _, _| header.source = US).unasked, 1);
        assert_eq!(bent(|header, _, _| header.destination = THEM).unasked, 1);
        assert_eq!(bent(|header, _, _| header.protocol = Protocol::Udp).other, 1);
        assert_eq!(after(&request).other, 1);
        let mut damaged = reply(&request, |_, _, _| {});
        damaged[40] ^= 4;
        assert_eq!(after(&damaged).damaged, 1);
        assert_eq!(after(&damaged[..20]).damaged, 1);
    }
}
