//! UDP sockets as somebody would write them who wants nothing but to be right: each question is
//! answered by looking at all of them. What `udp` does is compared with what these do.

use std::collections::{BTreeSet, VecDeque};
use std::mem::discriminant;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU8;

use packet::Instant;
use udp::{
    AddressKind, DATAGRAM_OVERHEAD, DatagramDropped, Error, Incoming, MULTICAST_TTL, Message,
    Network, RECEIVE_QUEUE_BYTES, RECEIVE_QUEUE_DATAGRAMS, RECENT_LIFETIME, RECENT_SENDS,
    REPORT_QUEUE_LIMIT, Readiness, Report, ReportDropped, SEND_QUEUE_BYTES, SEND_QUEUE_DATAGRAMS,
    SendOptions, SocketId, SocketOptions, SocketPair, TOTAL_RECEIVE_BYTES, TOTAL_SEND_BYTES,
};

/// 192.0.2.2 and 192.0.2.3 in one network, 2001:db8::2 in another. No route leads to 203.0.113.0/24.
pub(super) struct TheNetwork;

impl Network for TheNetwork {
    fn kind(&self, address: IpAddr) -> AddressKind {
        match address.to_string().as_str() {
            "192.0.2.2" | "192.0.2.3" | "2001:db8::2" => AddressKind::Own,
            "192.0.2.255" | "255.255.255.255" => AddressKind::Broadcast,
            _ if address.is_multicast() => AddressKind::Multicast,
            _ => AddressKind::Other,
        }
    }

    fn source_for(&self, destination: IpAddr) -> Option<IpAddr> {
        match destination {
            IpAddr::V4(address) if address.octets()[0] == 203 => None,
            IpAddr::V4(_) => Some(Ipv4Addr::new(192, 0, 2, 2).into()),
            IpAddr::V6(_) => Some(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2).into()),
        }
    }

    fn max_payload(&self, _: IpAddr, may_fragment: bool) -> usize {
        if may_fragment { 65_515 } else { 1480 }
    }

    /// No single word.
    fn takes_ip_options(&self, options: &[u8]) -> bool {
        options.len() != 4
    }
}

/// All the sockets that there ever were, and what they sent that has not left.
#[derive(Default)]
pub(super) struct Model {
    pub(super) sockets: Vec<Socket>,
    pub(super) outgoing: VecDeque<Sent>,
    /// The sockets of which an event has to tell.
    pub(super) news: BTreeSet<usize>,
}

/// A datagram that waits to leave.
pub(super) struct Sent {
    pub(super) by: usize,
    pub(super) pair: SocketPair,
    pub(super) payload: Vec<u8>,
    pub(super) options: SendOptions,
}

impl Sent {
    pub(super) fn ttl(&self) -> Option<NonZeroU8> {
        match self.pair.remote.ip().is_multicast() {
            true => self.options.ttl.or(Some(MULTICAST_TTL)),
            false => self.options.ttl,
        }
    }
}

pub(super) struct Socket {
    pub(super) id: SocketId,
    pub(super) is_open: bool,
    pub(super) options: SocketOptions,
    pub(super) binding: Option<SocketAddr>,
    /// The ends between which it is connected.
    pub(super) pair: Option<SocketPair>,
    pub(super) inbox: VecDeque<Incoming>,
    pub(super) reports: VecDeque<Report>,
    pub(super) dropped: u64,
    /// Between which ends it sent of late, the latest at the end.
    pub(super) recent: Vec<(SocketPair, Instant)>,
    pub(super) awaits_room: bool,
}

impl Socket {
    pub(super) const fn new(id: SocketId, options: SocketOptions) -> Self {
        Self {
            id,
            is_open: true,
            options,
            binding: None,
            pair: None,
            inbox: VecDeque::new(),
            reports: VecDeque::new(),
            dropped: 0,
            recent: Vec::new(),
            awaits_room: false,
        }
    }

    pub(super) fn local(&self) -> Option<SocketAddr> {
        self.pair.map(|pair| pair.local).or(self.binding)
    }

    /// The hard error that the next call on a connected socket fails with.
    pub(super) fn take_hard_error(&mut self) -> Option<Error> {
        self.pair?;
        let at = self.reports.iter().position(|report| report.cause.is_hard())?;
        self.reports.remove(at).map(|report| report.cause.error())
    }

    fn note_sent(&mut self, pair: SocketPair, now: Instant) {
        self.recent.retain(|&(noted, _)| noted != pair);
        self.recent.push((pair, now));
        self.recent.drain(..self.recent.len().saturating_sub(RECENT_SENDS));
    }
}

impl Model {
    fn open(&self) -> impl Iterator<Item = (usize, &Socket)> {
        self.sockets.iter().enumerate().filter(|(_, socket)| socket.is_open)
    }

    /// Whether a bound socket would get less if another were bound to `local`.
    pub(super) fn is_taken(&self, local: SocketAddr) -> bool {
        self.open().filter(|(_, socket)| socket.pair.is_none()).any(|(_, socket)| {
            socket.binding.is_some_and(|bound| {
                let any = bound.ip().is_unspecified() || local.ip().is_unspecified();
                same_port(bound, local) && (any || bound.ip() == local.ip())
            })
        })
    }

    /// Whether a port can be given to a socket that asks for any.
    pub(super) fn is_port_free(&self, local: SocketAddr) -> bool {
        self.open()
            .filter_map(|(_, socket)| socket.binding)
            .all(|binding| !same_port(binding, local))
    }

    /// Whether a socket may be bound to `local`.
    pub(super) fn may_bind(&self, number: usize, local: SocketAddr) -> bool {
        let ours = local.ip().is_unspecified() || TheNetwork.kind(local.ip()) != AddressKind::Other;
        let free = local.port() == 0 || !self.is_taken(local);
        self.sockets[number].binding.is_none() && ours && free
    }

    /// The address from which a socket sends to `remote`, if it may do that at all.
    fn source(
        &self,
        number: usize,
        asked: Option<IpAddr>,
        own: Option<SocketAddr>,
        remote: SocketAddr,
    ) -> Option<IpAddr> {
        let socket = &self.sockets[number];
        let is_broadcast = TheNetwork.kind(remote.ip()) == AddressKind::Broadcast;
        let possible = remote.port() != 0
            && !remote.ip().is_unspecified()
            && socket.binding.is_none_or(|binding| binding.is_ipv4() == remote.is_ipv4())
            && (!is_broadcast || socket.options.broadcast);
        let is_own = |address: &IpAddr| TheNetwork.kind(*address) == AddressKind::Own;
        let source = match asked {
            Some(asked) => Some(asked).filter(|it| it.is_ipv4() == remote.is_ipv4()),
            None => own
                .map(|own| own.ip())
                .filter(is_own)
                .or_else(|| TheNetwork.source_for(remote.ip())),
        };
        source.filter(is_own).filter(|_| possible)
    }

    /// The address of our end if a socket may be connected to `remote`.
    pub(super) fn may_connect(&self, number: usize, remote: SocketAddr) -> Option<IpAddr> {
        let socket = &self.sockets[number];
        let source = self.source(number, None, socket.binding, remote)?;
        let Some(binding) = socket.binding else { return Some(source) };
        let pair = SocketPair { local: SocketAddr::new(source, binding.port()), remote };
        let taken = self.open().any(|(other, socket)| other != number && socket.pair == Some(pair));
        (!taken).then_some(source)
    }

    /// Where to, from where and how a socket sends `message`, if it may and there is room.
    pub(super) fn may_send(
        &self,
        number: usize,
        message: &Message<'_>,
    ) -> Option<(IpAddr, SocketAddr, SendOptions)> {
        let socket = &self.sockets[number];
        let peer = socket.pair.map(|pair| pair.remote);
        let to = message.destination().copied();
        let remote = to.or(peer).filter(|&remote| peer.is_none_or(|peer| peer == remote))?;
        let options = message.options().unwrap_or(&socket.options.send).clone();
        let source = self.source(number, message.source().copied(), socket.local(), remote)?;
        let limit = TheNetwork.max_payload(remote.ip(), !options.dont_fragment);
        let fits = options.ip_options.len() <= 40
            && options.ip_options.len().is_multiple_of(4)
            && TheNetwork.takes_ip_options(&options.ip_options)
            && 8 + message.payload().len() + options.ip_options.len() <= limit;
        let room = self.has_room_to_send(number, message.payload().len());
        (fits && room).then_some((source, remote, options))
    }

    /// Whether a socket's own queue, or that of all, has room for so many bytes more.
    fn has_room_to_send(&self, number: usize, length: usize) -> bool {
        let (_, all) = self.waiting(|_| true);
        self.has_own_room(number, length) && all + length + DATAGRAM_OVERHEAD <= TOTAL_SEND_BYTES
    }

    pub(super) fn has_own_room(&self, number: usize, length: usize) -> bool {
        let (datagrams, bytes) = self.waiting(|by| by == number);
        let bytes = bytes + length + DATAGRAM_OVERHEAD;
        datagrams < SEND_QUEUE_DATAGRAMS && bytes <= SEND_QUEUE_BYTES
    }

    /// How many datagrams of some sockets wait to leave, and what they are charged.
    fn waiting(&self, whose: impl Fn(usize) -> bool) -> (usize, usize) {
        let of_them = self.outgoing.iter().filter(|sent| whose(sent.by));
        of_them.fold((0, 0), |(datagrams, bytes), sent| {
            (datagrams + 1, bytes + sent.payload.len() + DATAGRAM_OVERHEAD)
        })
    }

    pub(super) fn send(&mut self, sent: Sent, now: Instant) {
        self.sockets[sent.by].note_sent(sent.pair, now);
        self.outgoing.push_back(sent);
    }

    /// What leaves next.
    pub(super) fn take_outgoing(&mut self) -> Option<Sent> {
        let sent = self.outgoing.pop_front()?;
        let writable = self.readiness(sent.by).writable;
        let socket = &mut self.sockets[sent.by];
        if socket.is_open && socket.awaits_room && writable {
            socket.awaits_room = false;
            self.news.insert(sent.by);
        }
        Some(sent)
    }

    pub(super) fn readiness(&self, number: usize) -> Readiness {
        let socket = &self.sockets[number];
        let (datagrams, bytes) = self.waiting(|by| by == number);
        Readiness {
            readable: !socket.inbox.is_empty(),
            writable: datagrams <= SEND_QUEUE_DATAGRAMS / 2 && bytes <= SEND_QUEUE_BYTES / 2,
            error: !socket.reports.is_empty(),
        }
    }

    fn find_connected(&self, pair: SocketPair) -> Option<usize> {
        self.open().find(|(_, socket)| socket.pair == Some(pair)).map(|(number, _)| number)
    }

    fn find_bound(&self, local: SocketAddr) -> Option<usize> {
        let bound_to = |address: IpAddr| {
            let end = Some(SocketAddr::new(address, local.port()));
            self.open().find(|(_, socket)| socket.pair.is_none() && socket.binding == end)
        };
        let any = match local {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        bound_to(local.ip()).or_else(|| bound_to(any)).map(|(number, _)| number)
    }

    /// Delivers a datagram, and says to whom.
    pub(super) fn deliver(
        &mut self,
        pair: SocketPair,
        has_checksum: bool,
        incoming: Incoming,
    ) -> Result<SocketId, DatagramDropped> {
        let found = self.find_connected(pair).or_else(|| self.find_bound(pair.local));
        let number = found.ok_or(DatagramDropped::NoSocket)?;
        let all = self.open().flat_map(|(_, socket)| &socket.inbox).map(charge).sum::<usize>();
        let socket = &mut self.sockets[number];
        if !has_checksum && (socket.options.require_checksum || pair.local.is_ipv6()) {
            return Err(DatagramDropped::NoChecksum);
        }
        let own = socket.inbox.iter().map(charge).sum::<usize>();
        let more = charge(&incoming);
        if socket.inbox.len() >= RECEIVE_QUEUE_DATAGRAMS || own + more > RECEIVE_QUEUE_BYTES {
            socket.dropped += 1;
            return Err(DatagramDropped::QueueFull);
        }
        if all + more > TOTAL_RECEIVE_BYTES {
            socket.dropped += 1;
            return Err(DatagramDropped::MemoryFull);
        }
        socket.inbox.push_back(incoming);
        self.news.insert(number);
        Ok(self.sockets[number].id)
    }

    /// Hands over a report, and says to whom.
    pub(super) fn report(
        &mut self,
        report: Report,
        now: Instant,
    ) -> Result<SocketId, ReportDropped> {
        let connected = self.find_connected(report.pair);
        let found = connected.or_else(|| self.find_bound(report.pair.local));
        let number = found.ok_or(ReportDropped::NoSocket)?;
        let socket = &mut self.sockets[number];
        let was_sent = socket
            .recent
            .iter()
            .any(|&(pair, at)| pair == report.pair && now - at <= RECENT_LIFETIME);
        if connected.is_none() && !was_sent {
            return Err(ReportDropped::NotSent);
        }
        let what = |it: &Report| (it.pair, it.reporter, discriminant(&it.cause));
        let same = socket.reports.iter().position(|it| what(it) == what(&report));
        match same {
            Some(same) => socket.reports[same] = report,
            None if socket.reports.len() >= REPORT_QUEUE_LIMIT => {
                return Err(ReportDropped::QueueFull);
            }
            None => socket.reports.push_back(report),
        }
        self.news.insert(number);
        Ok(self.sockets[number].id)
    }
}

fn charge(incoming: &Incoming) -> usize {
    incoming.payload.len() + DATAGRAM_OVERHEAD
}

/// One port of one family.
fn same_port(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() == other.port() && one.is_ipv4() == other.is_ipv4()
}
