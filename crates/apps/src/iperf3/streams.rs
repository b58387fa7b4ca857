//! The streams of a test: what is sent, what comes, and what is counted of it.

use std::net::{IpAddr, SocketAddr};

use packet::Instant;
use stack::Stack;
use tcp::{Error, SocketId};
use udp::Message;

use super::pace::Pace;
use super::parameters::Parameters;
use super::results::StreamResult;
use super::udp_measure::{DatagramHeader, UdpMeasure};

/// Most bytes given to a TCP connection at once.
const BLOCK: usize = 128 << 10;

/// How often a stream sends before others have their turn.
const SENDS_PER_TURN: usize = 64;

/// One stream.
#[derive(Debug)]
pub(super) struct Stream {
    id: u32,
    pub(super) carrier: Carrier,
    /// Whether it is we who send.
    pub(super) sends: bool,
    pace: Pace,
    /// Whether there was no room for more: an event tells when there is.
    is_blocked: bool,
    bytes: u64,
    /// What came, by UDP; or, of what we send, how many.
    measure: UdpMeasure,
    /// What was seen before the counting began.
    omitted: UdpMeasure,
    omitted_retransmits: u64,
}

/// What a stream travels by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    Tcp(SocketId),
    Udp {
        /// The client's end.
        remote: SocketAddr,
        /// The address of ours that it knows.
        local: IpAddr,
    },
}

impl Stream {
    /// The stream that is the `index`th to begin.
    pub(super) fn new(now: Instant, index: usize, carrier: Carrier, asked: &Parameters) -> Self {
        // The first of them receive, if it goes both ways.
        let sends = asked.sends && (!asked.receives || index >= asked.streams);
        // iperf3 knows no stream 2, and its clients rely on that.
        let id = u32::try_from(if index == 0 { 1 } else { index + 2 }).unwrap_or(u32::MAX);
        Self {
            id,
            carrier,
            sends,
            pace: Pace::new(now, asked.rate),
            is_blocked: false,
            bytes: 0,
            measure: UdpMeasure::default(),
            omitted: UdpMeasure::default(),
            omitted_retransmits: 0,
        }
    }

    /// The counting begins now.
    pub(super) fn begin(&mut self, now: Instant, stack: &mut Stack, asked: &Parameters) {
        self.bytes = 0;
        self.omitted = self.measure.clone();
        self.measure.jitter = 0.0;
        self.omitted_retransmits = self.retransmits(now, stack).unwrap_or_default();
        self.pace = Pace::new(now, asked.rate);
    }

    /// Takes what has come by TCP, into `scratch`, which nobody reads. How much.
    pub(super) fn receive(&mut self, now: Instant, stack: &mut Stack, scratch: &mut [u8]) -> u64 {
        let Carrier::Tcp(id) = self.carrier else { return 0 };
        let before = self.bytes;
        while let Ok(count @ 1..) = stack.tcp(now).receive(now, id, scratch) {
            self.bytes += count as u64;
        }
        self.bytes - before
    }

    /// A datagram came.
    pub(super) fn note(&mut self, now: Instant, datagram: &[u8], asked: &Parameters) {
        if let Some(header) = DatagramHeader::read(datagram, asked.long_numbers) {
            self.bytes += datagram.len() as u64;
            self.measure.note(now, header);
        }
    }

    /// Sends what there is room and time for, out of `scratch`. How much, and whether there may be
    /// more at once.
    pub(super) fn send(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        udp: udp::SocketId,
        asked: &Parameters,
        scratch: &mut [u8],
    ) -> (u64, bool) {
        let before = self.bytes;
        self.is_blocked = false;
        for _ in 0..SENDS_PER_TURN {
            if !self.pace.may_send(now) {
                return (self.bytes - before, false);
            }
            let sent = match self.carrier {
                Carrier::Tcp(id) => {
                    let block = scratch.get(..self.block(asked)).unwrap_or_default();
                    stack.tcp(now).send(now, id, block).ok()
                }
                Carrier::Udp { remote, local } => {
                    self.send_datagram(now, stack, udp, (remote, local), asked, scratch)
                }
            };
            let Some(sent) = sent else {
                self.is_blocked = true;
                return (self.bytes - before, false);
            };
            self.bytes += sent as u64;
            self.pace.sent(now, sent);
        }
        (self.bytes - before, true)
    }

    /// How much a TCP connection is given at once: at a rate, what 10 ms are worth.
    fn block(&self, asked: &Parameters) -> usize {
        let share = asked.rate.map(|rate| usize::try_from(rate / 8 / 100).unwrap_or(BLOCK));
        share.unwrap_or(BLOCK).clamp(1000, BLOCK)
    }

    fn send_datagram(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        udp: udp::SocketId,
        (remote, local): (SocketAddr, IpAddr),
        asked: &Parameters,
        scratch: &mut [u8],
    ) -> Option<usize> {
        let number = self.measure.packets + 1;
        let datagram = scratch.get_mut(..asked.datagram)?;
        DatagramHeader { sent: now.since_start(), number }.write(asked.long_numbers, datagram);
        let message = Message::to(remote, datagram).with_source(local);
        stack.udp(now).send(udp, &message).ok()?;
        self.measure.packets = number;
        Some(asked.datagram)
    }

    /// When it wants to send next, if it waits for that.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        if self.sends && !self.is_blocked { self.pace.next_at() } else { None }
    }

    pub(super) fn result(&self, now: Instant, stack: &mut Stack) -> StreamResult {
        let since = |now: u64, before: u64| now.saturating_sub(before);
        StreamResult {
            id: self.id,
            sends: self.sends,
            bytes: self.bytes,
            retransmits: self
                .retransmits(now, stack)
                .map(|count| since(count, self.omitted_retransmits)),
            jitter: self.measure.jitter,
            lost: since(self.measure.lost, self.omitted.lost),
            packets: since(self.measure.packets, self.omitted.packets),
            omitted: (self.omitted.lost, self.omitted.packets),
        }
    }

    fn retransmits(&self, now: Instant, stack: &mut Stack) -> Option<u64> {
        match self.carrier {
            Carrier::Tcp(id) if self.sends => {
                stack.tcp(now).status(now, id).ok().map(|it| it.statistics.retransmissions)
            }
            _ => None,
        }
    }

    /// The test is over. What waits to be sent is of no use to anybody.
    pub(super) fn close(&self, now: Instant, stack: &mut Stack) {
        if let Carrier::Tcp(id) = self.carrier {
            let mut sockets = stack.tcp(now);
            if self.sends {
                let _: Result<(), Error> = sockets.abort(now, id);
            }
            let _ = sockets.close(now, id);
        }
    }
}
