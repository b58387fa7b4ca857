//! A host with TCP, and a peer that does what the test says.
//!
//! Both count from their SYN on: our first byte has number 1, and so has the peer's. The numbers
//! on the wire are others, close to the wrap.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use checksum::Sum;
use packet::{Buffer, BufferPool, ChecksumBy, Instant, ReceivedChecksum};
use tcp::{
    AddressKind, AddressPair, ConnectionOptions, Error, Event, Flags, Header, Network, Options,
    Outgoing, Path, Segment, SegmentDropped, SequenceNumber, SocketId, Sockets, State, Timestamps,
};
use trace::Tracer;

pub(crate) const PSH_ACK: Flags = Flags::PSH.with(Flags::ACK);
pub(crate) const FIN_ACK: Flags = Flags::FIN.with(Flags::ACK);
pub(crate) const RST_ACK: Flags = Flags::RST.with(Flags::ACK);
pub(crate) const SYN_ACK: Flags = Flags::SYN.with(Flags::ACK);

/// The MSS of both sides.
pub(crate) const MSS: u16 = 1000;

/// Our first number, and the peer's.
pub(crate) const ISS: SequenceNumber = SequenceNumber::new(u32::MAX - 4000);
pub(crate) const IRS: SequenceNumber = SequenceNumber::new(u32::MAX - 300);

/// A segment, in numbers that count from both SYNs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seg {
    pub(crate) flags: Flags,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) window: u16,
    /// The urgent pointer.
    pub(crate) urgent: u16,
    pub(crate) options: Options,
    pub(crate) text: Vec<u8>,
}

/// A segment with these flags and numbers, a large window, and nothing else.
pub(crate) fn seg(flags: Flags, seq: u32, ack: u32) -> Seg {
    Seg { flags, seq, ack, window: 60_000, urgent: 0, options: Options::NONE, text: Vec::new() }
}

impl Seg {
    pub(crate) fn text(self, text: &[u8]) -> Self {
        Self { text: text.to_vec(), ..self }
    }

    pub(crate) fn window(self, window: u16) -> Self {
        Self { window, ..self }
    }

    /// With this timestamp, which echoes none.
    pub(crate) fn timestamp(self, value: u32) -> Self {
        let timestamps = Some(Timestamps { value, echo_reply: 0 });
        Self { options: Options { timestamps, ..self.options }, ..self }
    }

    pub(crate) fn urgent(self, urgent: u16) -> Self {
        Self { flags: self.flags | Flags::URG, urgent, ..self }
    }
}

pub(crate) struct OneNetwork {
    /// The most text that the device cuts into segments, in bytes.
    pub(crate) largest_superframe: u32,
}

impl Network for OneNetwork {
    fn kind(&self, address: IpAddr) -> AddressKind {
        match address.to_string().as_str() {
            "192.0.2.2" => AddressKind::Own,
            "192.0.2.255" => AddressKind::NoSingleHost,
            _ => AddressKind::Other,
        }
    }

    fn source_for(&self, _: IpAddr) -> Option<IpAddr> {
        Some([192, 0, 2, 2].into())
    }

    fn path_to(&self, _: IpAddr) -> Option<Path> {
        Some(Path { largest_segment: MSS, largest_superframe: self.largest_superframe })
    }
}

/// A host, its peer, and the time.
pub(crate) struct Scene {
    pub(crate) sockets: Sockets,
    pub(crate) now: Instant,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) network: OneNetwork,
    buffers: BufferPool,
    /// Segments that have left and that nobody has looked at.
    left: VecDeque<Seg>,
    /// Why segments have left, since that was last asked.
    reasons: Vec<&'static str>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::followed_by(Tracer::off())
    }

    /// As that, and `tracer` is told what happens.
    pub(crate) fn followed_by(tracer: Tracer) -> Self {
        let mut sockets = Sockets::new([1, 2], tracer);
        sockets.begin_sequence_numbers_at(ISS);
        Self {
            sockets,
            now: Instant::at(Duration::from_secs(1000)),
            local: ([192, 0, 2, 2], 7).into(),
            remote: ([192, 0, 2, 1], 40_000).into(),
            network: OneNetwork { largest_superframe: 0 },
            buffers: BufferPool::new(),
            left: VecDeque::new(),
            reasons: Vec::new(),
        }
    }

    /// A connection on which both use timestamps, and the peer's clock is at 1000.
    pub(crate) fn with_timestamps() -> (Self, SocketId) {
        let mut scene = Self::new();
        let listener = scene.listen(1, ConnectionOptions::default());
        scene.peer_sends(syn().timestamp(1000)).unwrap();
        scene.leaves_one();
        scene.peer_sends(seg(Flags::ACK, 1, 1).timestamp(1000)).unwrap();
        let id = scene.sockets.accept(listener).unwrap();
        (scene, id)
    }

    /// A connection that the peer asked for and we accepted.
    pub(crate) fn established(options: ConnectionOptions) -> (Self, SocketId) {
        let mut scene = Self::new();
        let id = scene.accept_one(options);
        (scene, id)
    }

    /// Has the peer connect to a new listener, and takes the connection; the listener goes.
    pub(crate) fn accept_one(&mut self, options: ConnectionOptions) -> SocketId {
        let listener = self.listen(1, options);
        self.peer_connects();
        let id = self.sockets.accept(listener).unwrap();
        self.sockets.close(self.now, listener).unwrap();
        self.events();
        self.why();
        id
    }

    pub(crate) fn listen(&mut self, backlog: usize, options: ConnectionOptions) -> SocketId {
        self.sockets.listen(&self.network, self.local, backlog, options).unwrap()
    }

    /// The peer's half of an opening: SYN, and, 100 ms later, the ACK of ours. The RTO is then
    /// 300 ms.
    pub(crate) fn peer_connects(&mut self) {
        self.peer_sends(syn()).unwrap();
        assert_eq!(self.leaves_one().flags, SYN_ACK);
        self.pass_ms(100);
        self.peer_sends(seg(Flags::ACK, 1, 1)).unwrap();
        self.nothing_leaves();
    }

    /// We ask for a connection, and the peer's answer is up to the test.
    pub(crate) fn connect(&mut self, options: ConnectionOptions) -> Result<SocketId, Error> {
        let (local, remote) = (self.local, self.remote);
        self.sockets.connect(self.now, &self.network, Some(local), remote, options)
    }

    /// Hands in a segment of the peer.
    pub(crate) fn peer_sends(&mut self, segment: Seg) -> Result<(), SegmentDropped> {
        let Seg { flags, seq, ack, window, urgent, options, text } = segment;
        let header = Header {
            source_port: self.remote.port(),
            destination_port: self.local.port(),
            sequence_number: IRS + seq,
            acknowledgment_number: if flags.ack() { ISS + ack } else { SequenceNumber::new(0) },
            flags,
            window,
            urgent_pointer: urgent,
        };
        let mut buffer = Buffer::new();
        buffer.append(&text);
        header.prepend_to(&options, &mut buffer, Sum::new(), ChecksumBy::Us, None).unwrap();
        let addresses = AddressPair { source: self.remote.ip(), destination: self.local.ip() };
        let segment =
            Segment::parse(buffer.as_slice(), Sum::new(), ReceivedChecksum::Verified).unwrap();
        self.sockets.handle_segment(self.now, &self.network, addresses, &segment)
    }

    /// What leaves next, as the layer below gets it.
    pub(crate) fn hands_down(&mut self) -> Option<Outgoing> {
        let out = self.sockets.poll_transmit(self.now, &self.network, &mut self.buffers)?;
        self.reasons.push(out.reason);
        Some(out)
    }

    /// Why everything has left that did since this was last asked, and does now.
    pub(crate) fn why(&mut self) -> Vec<&'static str> {
        self.leaves();
        std::mem::take(&mut self.reasons)
    }

    /// All that leaves now.
    pub(crate) fn leaves(&mut self) -> Vec<Seg> {
        while let Some(out) = self.hands_down() {
            assert_eq!(out.header.destination_port, self.remote.port());
            let ack = out.header.acknowledgment_number;
            self.left.push_back(Seg {
                flags: out.header.flags,
                seq: out.header.sequence_number.since(ISS),
                ack: if out.header.flags.ack() { ack.since(IRS) } else { 0 },
                window: out.header.window,
                urgent: out.header.urgent_pointer,
                options: out.options,
                text: out.buffer.as_slice().to_vec(),
            });
            self.buffers.give_back(out.buffer);
        }
        self.left.drain(..).collect()
    }

    /// The one segment that leaves now.
    #[track_caller]
    pub(crate) fn leaves_one(&mut self) -> Seg {
        let mut all = self.leaves();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    #[track_caller]
    pub(crate) fn nothing_leaves(&mut self) {
        assert_eq!(self.leaves(), []);
    }

    /// What leaves now is one segment with these flags and numbers.
    #[track_caller]
    pub(crate) fn expect(&mut self, flags: Flags, seq: u32, ack: u32, text: &[u8]) {
        let one = self.leaves_one();
        assert_eq!((one.flags, one.seq, one.ack), (flags, seq, ack), "{one:?}");
        assert!(one.text == text, "{one:?}");
    }

    /// Time passes, deadline by deadline. What leaves meanwhile is kept.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.sockets.next_deadline().filter(|&at| at <= end) {
            self.now = self.now.max(deadline);
            self.sockets.handle_timeout(self.now);
            let sent = self.leaves();
            self.left.extend(sent);
            let next = self.sockets.next_deadline();
            assert!(next.is_none_or(|next| next > self.now), "a deadline that stays is a loop");
        }
        self.now = end;
    }

    pub(crate) fn pass_ms(&mut self, milliseconds: u64) {
        self.pass(Duration::from_millis(milliseconds));
    }

    pub(crate) fn send(&mut self, id: SocketId, text: &[u8]) -> Result<usize, Error> {
        self.sockets.send(self.now, id, text)
    }

    /// One call of RECEIVE, with room enough.
    pub(crate) fn receive(&mut self, id: SocketId) -> Result<Vec<u8>, Error> {
        let mut room = vec![0; 1 << 20];
        let count = self.sockets.receive(self.now, id, &mut room)?;
        room.truncate(count);
        Ok(room)
    }

    pub(crate) fn state(&self, id: SocketId) -> State {
        self.sockets.state(id).unwrap()
    }

    /// All that is to be told.
    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.sockets.poll_event()).collect()
    }
}

/// The peer's SYN, without an option but its MSS.
pub(crate) fn syn() -> Seg {
    let options = Options { maximum_segment_size: Some(MSS), ..Options::NONE };
    Seg { options, ..seg(Flags::SYN, 0, 0) }
}
