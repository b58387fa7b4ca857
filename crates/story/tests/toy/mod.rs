//! What a new protocol takes: a description of its packets, here of TCP segments without data,
//! and a host that speaks it. Both are written outside the crate `story`.
//!
//! And a host that says what it is told to say, for what no sound host says.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use etherparse::{Ipv4HeaderSlice, PacketBuilder, TcpHeader, TcpHeaderSlice, ip_number};
use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};
use story::{Between, Differences, Packet, Payload, Scene, Sendable, Story, seconds};
use trace::{Direction, Event, Tracer};

/// A segment without data, between port 40000 of the peer and port 7 of ours.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    name: &'static str,
    flags: &'static str,
    seq: Option<u32>,
    ack: Option<u32>,
}

/// Opens a connection.
pub(crate) fn syn() -> Packet<Segment> {
    Packet::carrying(Segment { name: "a SYN", flags: "S", seq: None, ack: None })
}

/// Answers a SYN.
pub(crate) fn syn_ack() -> Packet<Segment> {
    Packet::carrying(Segment { name: "a SYN-ACK", flags: "SA", seq: None, ack: None })
}

/// Acknowledges.
pub(crate) fn ack() -> Packet<Segment> {
    Packet::carrying(Segment { name: "an ACK", flags: "A", seq: None, ack: None })
}

/// Names the fields. What counts our own sequence numbers counts them from our SYN, since we choose
/// where they start.
pub(crate) trait Fields {
    fn seq(self, seq: u32) -> Self;
    fn ack(self, ack: u32) -> Self;
}

impl Fields for Packet<Segment> {
    fn seq(self, seq: u32) -> Self {
        self.map(|segment| Segment { seq: Some(seq), ..segment })
    }

    fn ack(self, ack: u32) -> Self {
        self.map(|segment| Segment { ack: Some(ack), ..segment })
    }
}

impl Payload for Segment {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn fields(&self) -> Vec<String> {
        let seq = self.seq.map(|seq| format!("sequence number {seq}"));
        let ack = self.ack.map(|ack| format!("acknowledgment number {ack}"));
        [seq, ack].into_iter().flatten().collect()
    }

    fn protocol(&self) -> u8 {
        ip_number::TCP.0
    }

    fn write(&self, scene: &Scene, between: Between) -> Result<Vec<u8>, String> {
        let mut header = TcpHeader::new(40_000, 7, self.seq.unwrap_or(0), 65_535);
        header.syn = self.flags.contains('S');
        if let Some(ack) = self.ack {
            let initial = our_initial_sequence_number(scene).ok_or("we have not sent a SYN yet")?;
            (header.ack, header.acknowledgment_number) = (true, initial.wrapping_add(ack));
        }
        let Between { source, destination } = between;
        header.checksum = header
            .calc_checksum_ipv4_raw(source.octets(), destination.octets(), &[])
            .map_err(|error| error.to_string())?;
        Ok(header.to_bytes().to_vec())
    }

    fn judge(
        &self,
        scene: &Scene,
        between: Between,
        payload: &[u8],
        differences: &mut Differences,
    ) {
        let Ok(header) = TcpHeaderSlice::from_slice(payload) else {
            return differences.add("It is not a TCP segment.");
        };
        let Between { source, destination } = between;
        let checksum = header
            .calc_checksum_ipv4_raw(source.octets(), destination.octets(), &[])
            .unwrap_or_default();
        differences.compare_hex("TCP checksum", header.checksum(), checksum);
        let flags = format!(
            "{}{}",
            if header.syn() { "S" } else { "" },
            if header.ack() { "A" } else { "" }
        );
        differences.compare("flags", flags.as_str(), self.flags);
        let initial = our_initial_sequence_number(scene).unwrap_or_default();
        let seq = header.sequence_number().wrapping_sub(initial);
        differences.compare("sequence number", seq, self.seq);
        differences.compare("acknowledgment number", header.acknowledgment_number(), self.ack);
    }
}

/// The sequence number of the SYN that we sent last.
fn our_initial_sequence_number(scene: &Scene) -> Option<u32> {
    let is_out = |frame: &&story::Frame| matches!(frame.direction, Direction::Out(_));
    scene.frames().iter().rev().filter(is_out).find_map(|frame| {
        let header = TcpHeaderSlice::from_slice(frame.bytes.get(20..)?).ok()?;
        header.syn().then(|| header.sequence_number())
    })
}

/// Answers a SYN, again after 1 s and 3 s, and forgets it after 7 s or when it is acknowledged.
pub(crate) struct Listener {
    tracer: Tracer,
    initial: u32,
    pub(crate) is_established: bool,
    waiting: Option<Waiting>,
    outbox: VecDeque<Vec<u8>>,
}

struct Waiting {
    ack: u32,
    deadline: Instant,
    timeout: Duration,
}

impl Listener {
    /// A story about a listener whose sequence numbers start at `initial`.
    #[track_caller]
    pub(crate) fn story(title: &str, initial: u32) -> Story<Self> {
        Story::of(title, "RFC 9293, 3.5", Scene::default(), |tracer| Self {
            tracer,
            initial,
            is_established: false,
            waiting: None,
            outbox: VecDeque::new(),
        })
    }

    fn send_syn_ack(&mut self, ack: u32) {
        let mut bytes = Vec::new();
        PacketBuilder::ipv4([192, 0, 2, 2], [192, 0, 2, 1], 64)
            .tcp(7, 40_000, self.initial, 65_535)
            .syn()
            .ack(ack)
            .write(&mut bytes, &[])
            .unwrap();
        self.outbox.push_back(bytes);
    }
}

impl Host for Listener {
    fn receive(&mut self, now: Instant, _interface: InterfaceId, frame: Received<'_>) {
        assert_eq!(
            Ipv4HeaderSlice::from_slice(frame.bytes).unwrap().source_addr(),
            Ipv4Addr::new(192, 0, 2, 1)
        );
        let header = TcpHeaderSlice::from_slice(&frame.bytes[20..]).unwrap();
        if header.syn() {
            let ack = header.sequence_number().wrapping_add(1);
            self.send_syn_ack(ack);
            let timeout = seconds(1);
            self.waiting = Some(Waiting { ack, deadline: now + timeout, timeout });
        } else if header.acknowledgment_number() == self.initial.wrapping_add(1) {
            self.waiting = None;
            self.is_established = true;
        } else {
            let meaning = "it acknowledges something not yet sent";
            self.tracer.emit(now, || Event::Dropped { counter: "bad_ack", meaning });
        }
    }

    fn transmit(
        &mut self,
        _now: Instant,
        _interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        buffer.clear();
        buffer.append(&self.outbox.pop_front()?);
        Some(TransmitOffload::default())
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.waiting.as_ref().map(|waiting| waiting.deadline)
    }

    fn handle_timeout(&mut self, now: Instant) {
        let Some(Waiting { ack, timeout, .. }) = self.waiting.take() else { return };
        if timeout < seconds(4) {
            self.send_syn_ack(ack);
            let timeout = timeout * 2;
            self.waiting = Some(Waiting { ack, deadline: now + timeout, timeout });
        }
    }
}

/// Sends what it was told to send as soon as anything comes.
pub(crate) struct Puppet {
    /// By interface.
    outboxes: Vec<VecDeque<Vec<u8>>>,
    has_heard: bool,
}

impl Puppet {
    /// A story about a puppet that sends `says`.
    #[track_caller]
    pub(crate) fn story(title: &str, scene: Scene, says: &[Vec<u8>]) -> Story<Self> {
        Story::of(title, "RFC 1122", scene, |_| Self::saying(&[says]))
    }

    /// A story about a puppet with two interfaces that sends `near` by the first and `far` by the
    /// second.
    #[track_caller]
    pub(crate) fn router_story(title: &str, near: &[Vec<u8>], far: &[Vec<u8>]) -> Story<Self> {
        let scenes = [Scene::default(), Scene::far_side()];
        Story::between(title, "RFC 1122", scenes, |_| Self::saying(&[near, far]))
    }

    fn saying(says: &[&[Vec<u8>]]) -> Self {
        let outboxes = says.iter().map(|frames| frames.iter().cloned().collect()).collect();
        Self { outboxes, has_heard: false }
    }
}

/// A packet that is written as the peer would write it if it were us.
pub(crate) fn by_us(scene: &Scene, packet: impl Sendable) -> Vec<u8> {
    let mut ours = scene.clone();
    (ours.peer, ours.we) = (scene.we, scene.peer);
    (ours.peer_mac, ours.our_mac) = (scene.our_mac, scene.peer_mac);
    packet.write(&ours).unwrap()
}

impl Host for Puppet {
    fn receive(&mut self, _now: Instant, _interface: InterfaceId, _frame: Received<'_>) {
        self.has_heard = true;
    }

    fn transmit(
        &mut self,
        _now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        if !self.has_heard {
            return None;
        }
        buffer.clear();
        buffer.append(&self.outboxes[interface.0].pop_front()?);
        Some(TransmitOffload::default())
    }

    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _now: Instant) {}
}
