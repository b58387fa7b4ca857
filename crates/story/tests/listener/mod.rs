//! A host that speaks a little TCP.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use etherparse::{Ipv4HeaderSlice, PacketBuilder, TcpHeaderSlice};
use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};
use story::{Scene, Story, seconds};
use trace::{Event, Tracer};

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
