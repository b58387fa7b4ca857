//! A peer and its connection: what it has sent and heard, and what must be so of what we send it.

use std::net::{Ipv4Addr, SocketAddr};

use packet::Instant;
use stack::Stack;
use tcp::{
    BufferSize, ConnectionOptions, Flags, Header, KeepAlive, Options, Segment, SequenceNumber,
    SocketId, Timestamps, WindowScale,
};

use super::{Datagram, ECHO, KERNEL, LEAST_BUFFER, Offer, RawOptions, STACK, Step};

/// A peer and its connection.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) port: u16,
    /// Our port.
    pub(super) local_port: u16,
    /// Our end, while our program holds it.
    pub(super) socket: Option<SocketId>,
    pub(super) irs: SequenceNumber,
    /// Our first number, once it was seen.
    pub(super) iss: Option<SequenceNumber>,
    /// How many bytes the peer has sent from the first on, and how many we acknowledged.
    pub(super) sent: u32,
    pub(super) acknowledged: u32,
    /// How many bytes of ours came without a hole.
    pub(super) got: u32,
    pub(super) has_our_fin: bool,
    pub(super) has_sent_fin: bool,
    /// What our program gave, and what it read.
    pub(super) given: u32,
    pub(super) read: u32,
    /// The furthest that we said the peer may send, and the shift of what we say.
    pub(super) edge: Option<SequenceNumber>,
    /// The furthest that it said we may send, and the window in its SYN.
    pub(super) limit: Option<SequenceNumber>,
    pub(super) syn_window: u16,
    pub(super) our_shift: u8,
    pub(super) their_shift: u8,
    /// The shift that our SYN offers.
    pub(super) our_offered_shift: Option<u8>,
    /// Our last timestamp, where both use them.
    pub(super) timestamps: Option<u32>,
    /// What its SYNs offer.
    pub(super) offer: Option<Offer>,
    /// Whether it has a second connection, under the same numbers.
    pub(super) is_lost: bool,
    /// Whether there is, or was, a connection.
    pub(super) has_begun: bool,
    /// Whether it did something after which nothing is owed to it.
    pub(super) is_tainted: bool,
    /// Whether our program throws away what comes, or takes a byte out of the stream.
    pub(super) is_deaf: bool,
    pub(super) has_shut: bool,
}

/// What the peers send, by its place.
pub(super) fn theirs(place: u32) -> u8 {
    (place.wrapping_mul(31) ^ (place >> 8)).to_le_bytes()[0]
}

/// What our programs send, by its place.
pub(super) fn ours(place: u32) -> u8 {
    (place.wrapping_mul(17) ^ (place >> 7) ^ 0x55).to_le_bytes()[0]
}

/// Small sizes are as likely as large ones.
pub(super) fn size(number: u16) -> u32 {
    u32::from(number >> (number % 12))
}

/// A buffer of this size, every second of which grows.
fn buffer(number: u16) -> BufferSize {
    let initial = size(number) as usize + LEAST_BUFFER;
    match number % 2 {
        0 => BufferSize::fixed(initial),
        _ => BufferSize::growing(initial, initial * 16),
    }
}

impl Peer {
    pub(super) fn new(port: u16, irs: SequenceNumber) -> Self {
        Self {
            port,
            local_port: ECHO,
            socket: None,
            irs,
            iss: None,
            sent: 0,
            acknowledged: 0,
            got: 0,
            has_our_fin: false,
            has_sent_fin: false,
            given: 0,
            read: 0,
            edge: None,
            limit: None,
            syn_window: 0,
            our_shift: 0,
            their_shift: 0,
            our_offered_shift: None,
            timestamps: None,
            offer: None,
            is_lost: false,
            has_begun: false,
            is_tainted: false,
            is_deaf: false,
            has_shut: false,
        }
    }

    pub(super) fn write_syn(
        &mut self,
        now: Instant,
        flags: Flags,
        window: u16,
        offer: Offer,
    ) -> Datagram {
        // Who asks again offers the same again: which of its SYNs was heard it cannot know.
        let offer = *self.offer.get_or_insert(offer);
        self.syn_window = window;
        self.has_begun = true;
        let timestamps = Timestamps { value: clock(now), echo_reply: self.timestamps.unwrap_or(0) };
        let options = Options {
            maximum_segment_size: offer.mss,
            window_scale: offer.scale.map(WindowScale::new),
            timestamps: offer.timestamps.then_some(timestamps),
            ..Options::NONE
        };
        let ack = self.iss.filter(|_| flags.ack()).map(|iss| iss + 1);
        self.write(flags, self.irs, ack, window, 0, options, 0)
    }

    pub(super) fn is_asked(&mut self, stack: &mut Stack, now: Instant, buffers: [u16; 2]) {
        let [send_buffer, receive_buffer] = buffers.map(buffer);
        let options =
            ConnectionOptions { send_buffer, receive_buffer, ..ConnectionOptions::default() };
        self.has_begun = true;
        let remote = SocketAddr::from((KERNEL, self.port));
        self.socket = stack.tcp(now).connect(None, remote, options).ok();
        if let Some(socket) = self.socket {
            let ends = stack.tcp(now).ends(socket).expect("it is a connection");
            self.local_port = ends.local.port();
        }
    }

    /// What the program does.
    pub(super) fn program(&mut self, stack: &mut Stack, now: Instant, step: &Step) {
        let Some(socket) = self.socket else { return };
        let mut sockets = stack.tcp(now);
        match *step {
            Step::Send { length, urgent } => {
                let data: Vec<u8> = (0..size(length)).map(|at| ours(self.given + at)).collect();
                let sent = match urgent {
                    true => sockets.send_urgent(now, socket, &data),
                    false => sockets.send(now, socket, &data),
                };
                self.given += u32::try_from(sent.unwrap_or(0)).expect("it is little");
            }
            Step::Receive { length } => self.read_some(stack, now, size(length) as usize),
            Step::ReceiveUrgent => {
                let _ = sockets.peek_urgent(socket);
                let _ = sockets.receive_urgent(now, socket);
            }
            Step::Shutdown { dice: 0..32 } => {
                self.has_shut |= sockets.shutdown(now, socket).is_ok();
            }
            Step::ShutdownReceiving { dice: 0..16 } => {
                // Once both sides are shut, what comes draws an RST.
                (self.is_deaf, self.is_tainted) = (true, true);
                let _ = sockets.shutdown_receiving(now, socket);
            }
            Step::Close { dice: 0..16 } => {
                self.has_shut = true;
                if sockets.close(now, socket).is_ok() {
                    self.socket = None;
                }
                self.is_tainted = true;
            }
            Step::Abort { dice: 0..16 } => {
                let _ = sockets.abort(now, socket);
                self.is_tainted = true;
            }
            Step::SetOptions { bits, buffers, linger } => {
                let [send_buffer, receive_buffer] = buffers.map(buffer);
                let options = ConnectionOptions {
                    no_delay: bits & 1 != 0,
                    cork: bits & 2 != 0,
                    quick_ack: bits & 4 != 0,
                    urgent_inline: bits & 8 == 0,
                    keep_alive: (bits & 16 != 0).then(KeepAlive::default),
                    send_buffer,
                    receive_buffer,
                    linger: (bits & 32 != 0).then(|| std::time::Duration::from_secs(linger.into())),
                    ..ConnectionOptions::default()
                };
                self.is_deaf |= !options.urgent_inline;
                let _ = sockets.set_options(now, socket, options);
            }
            _ => {}
        }
    }

    pub(super) fn read_some(&mut self, stack: &mut Stack, now: Instant, length: usize) {
        let Some(socket) = self.socket else { return };
        let mut bytes = vec![0; length];
        let count = stack.tcp(now).receive(now, socket, &mut bytes).unwrap_or(0);
        if self.is_deaf || self.is_lost {
            return;
        }
        for &byte in &bytes[..count] {
            assert_eq!(byte, theirs(self.read), "byte {} is another", self.read);
            self.read += 1;
        }
    }

    pub(super) fn read_all(&mut self, stack: &mut Stack, now: Instant) {
        let before = self.read;
        self.read_some(stack, now, 1 << 20);
        if self.read > before {
            self.read_some(stack, now, 1 << 20);
        }
    }

    /// What the peer sends by that step.
    pub(super) fn sends(&mut self, now: Instant, step: &Step) -> Option<Datagram> {
        match *step {
            Step::Answer { window, acknowledges, offer } => {
                if self.edge.is_some() || self.local_port == ECHO {
                    return None;
                }
                let flags = if acknowledges { Flags::SYN | Flags::ACK } else { Flags::SYN };
                Some(self.write_syn(now, flags, window, offer))
            }
            Step::Text { skip, length, window } => {
                let length = size(length).min(1460);
                if self.has_sent_fin || self.iss.is_none() {
                    return None;
                }
                let skip = i64::from(skip) % 5000 * i64::from(skip % 3 == 0);
                let skip = skip.max(-i64::from(self.sent));
                let text = self.segment(now, Flags::ACK | Flags::PSH, skip, length, window);
                let end = i64::from(self.sent) + skip + i64::from(length);
                self.sent = self.sent.max(u32::try_from(end.max(0)).expect("it is little"));
                Some(text)
            }
            Step::Acknowledge { missing, window } => {
                let missing = size(missing).min(self.got);
                self.got -= missing;
                let acknowledgment = self.segment(now, Flags::ACK, 0, 0, window);
                self.got += missing;
                Some(acknowledgment)
            }
            Step::Fin { dice: 0..32, window } => {
                self.has_sent_fin = true;
                Some(self.segment(now, Flags::FIN | Flags::ACK, 0, 0, window))
            }
            Step::Bent { dice: 0..64, seq, ack, flags, window, urgent, length, options } => {
                self.is_tainted = true;
                // It may begin another connection, whose bytes have other places.
                self.is_lost |= Flags::from_bits(flags).syn();
                Some(self.bent(seq, ack, flags, window, urgent, length, options))
            }
            Step::Report { kind, code, sequence } => Some(self.report(kind, code, sequence)),
            _ => None,
        }
    }

    /// A segment with `length` bytes of its stream, `skip` bytes behind what it has sent.
    pub(super) fn segment(
        &self,
        now: Instant,
        flags: Flags,
        skip: i64,
        length: u32,
        window: u16,
    ) -> Datagram {
        let place = u32::try_from((i64::from(self.sent) + skip).max(0)).expect("it is little");
        let fin = u32::from(self.has_sent_fin && !flags.fin());
        let fin = if length == 0 && skip == 0 { fin } else { 0 };
        let iss = self.iss.unwrap_or(SequenceNumber::new(0));
        let ack = iss + 1 + self.got + u32::from(self.has_our_fin && self.got == self.given);
        let timestamps =
            self.timestamps.map(|echo_reply| Timestamps { value: clock(now), echo_reply });
        let options = Options { timestamps, ..Options::NONE };
        self.write(flags, self.irs + 1 + place + fin, Some(ack), window, 0, options, length)
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of a segment")]
    pub(super) fn bent(
        &self,
        seq: i32,
        ack: i32,
        flags: u8,
        window: u16,
        urgent: u16,
        length: u8,
        (options, count): RawOptions,
    ) -> Datagram {
        let near = |to: SequenceNumber, offset: i32| {
            // Most are close, some are anywhere.
            let offset = if offset % 4 == 0 { offset } else { offset % 3000 };
            to + u32::from_le_bytes(offset.to_le_bytes())
        };
        let seq = near(self.irs + 1 + self.sent, seq);
        let ack = near(self.iss.unwrap_or(SequenceNumber::new(0)) + 1 + self.got, ack);
        let mut options = options[..usize::from(count) % 21].to_vec();
        options.resize(options.len().next_multiple_of(4), 0);
        let header = self.header(Flags::from_bits(flags), seq, Some(ack), window, urgent);
        let place = seq.since(self.irs + 1);
        let text = (0..length.into()).map(|at| theirs(place.wrapping_add(at))).collect::<Vec<_>>();
        in_datagram(&header, &options, &text)
    }

    /// What the peer sends says how much it takes.
    pub(super) fn note_window(&mut self, datagram: &[u8]) {
        let sum = ipv4::pseudo_header(KERNEL, STACK, ipv4::Protocol::Tcp);
        let segment = &datagram[20..];
        let Ok(segment) = Segment::parse(segment, sum, packet::ReceivedChecksum::Unverified) else {
            return;
        };
        let Header { acknowledgment_number, flags, window, .. } = segment.header();
        let shift = if flags.syn() { 0 } else { self.their_shift };
        if flags.ack() && self.iss.is_some() {
            self.allow(acknowledgment_number + (u32::from(window) << shift));
        }
    }

    pub(super) fn allow(&mut self, limit: SequenceNumber) {
        self.limit =
            Some(self.limit.map_or(limit, |before| SequenceNumber::later_of(before, limit)));
    }

    pub(super) fn report(&self, is_time_exceeded: bool, code: u8, sequence: u16) -> Datagram {
        let iss = self.iss.unwrap_or(SequenceNumber::new(0));
        let mut quoted = ip_header(STACK, KERNEL, 6, 40);
        quoted.extend(self.local_port.to_be_bytes());
        quoted.extend(self.port.to_be_bytes());
        quoted.extend((iss + size(sequence)).value().to_be_bytes());
        let kind = if is_time_exceeded { 11 } else { 3 };
        let mut message = vec![kind, code % 16, 0, 0, 0, 0, 0, 0];
        message.extend(quoted);
        let checksum = checksum::Sum::new().add_bytes(&message).checksum();
        message[2..4].copy_from_slice(&checksum.to_be_bytes());
        let mut datagram = ip_header(KERNEL, STACK, 1, message.len());
        datagram.extend(message);
        datagram
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of a segment")]
    pub(super) fn write(
        &self,
        flags: Flags,
        seq: SequenceNumber,
        ack: Option<SequenceNumber>,
        window: u16,
        urgent: u16,
        options: Options,
        length: u32,
    ) -> Datagram {
        let header = self.header(flags, seq, ack, window, urgent);
        let place = seq.since(self.irs + 1);
        let text: Vec<u8> = (0..length).map(|at| theirs(place.wrapping_add(at))).collect();
        let mut buffer = packet::Buffer::new();
        buffer.append(&text);
        let sum = ipv4::pseudo_header(KERNEL, STACK, ipv4::Protocol::Tcp);
        header
            .prepend_to(&options, &mut buffer, sum, packet::ChecksumBy::Us, None)
            .expect("a segment is no longer than a datagram");
        let mut datagram = ip_header(KERNEL, STACK, 6, buffer.len());
        datagram.extend(buffer.as_slice());
        datagram
    }

    pub(super) fn header(
        &self,
        flags: Flags,
        seq: SequenceNumber,
        ack: Option<SequenceNumber>,
        window: u16,
        urgent: u16,
    ) -> Header {
        Header {
            source_port: self.port,
            destination_port: self.local_port,
            sequence_number: seq,
            acknowledgment_number: ack.unwrap_or(SequenceNumber::new(0)),
            flags,
            window,
            urgent_pointer: urgent,
        }
    }

    /// A segment of ours came: it is one that may be sent.
    pub(super) fn note_sent(&mut self, segment: &Segment<'_>) {
        let header = segment.header();
        let flags = header.flags;
        if flags.rst() {
            return;
        }
        if flags.syn() {
            self.note_syn(&header, &segment.options());
        }
        let Some(iss) = self.iss else { return };
        if let Some(timestamps) = segment.options().timestamps {
            self.timestamps = self.timestamps.map(|_| timestamps.value);
        }
        if self.is_lost {
            return;
        }
        self.note_acknowledgment(&header);
        let place = header.sequence_number.since(iss + 1);
        let length = u32::try_from(segment.payload().len()).expect("it is a segment");
        if length > 0 {
            assert!(place + length <= self.given, "nobody gave that");
            let text = (place..).map(ours);
            assert!(segment.payload().iter().copied().eq(text.take(length as usize)));
            if (place..place + length).contains(&self.got) {
                self.got = place + length;
            }
            let end = iss + 1 + place + length;
            let is_asked_for = self.limit.is_some_and(|limit| end.is_at_or_before(limit + 1));
            assert!(is_asked_for || self.is_tainted, "more than the window, and a probe's byte");
        }
        if flags.fin() {
            assert!(self.has_shut, "nobody closed");
            assert_eq!(place + length, self.given, "a FIN before the end");
            self.has_our_fin |= self.got == self.given;
        }
    }

    pub(super) fn note_syn(&mut self, header: &Header, options: &Options) {
        let first = header.sequence_number;
        // It may be another connection than before: what the peer did in that one is not known.
        (self.edge, self.limit) = (None, None);
        self.is_lost |= self.sent > 0 || self.given > 0 || self.has_sent_fin || self.has_shut;
        self.is_tainted |= self.is_lost;
        self.iss = Some(first);
        self.allow(first + 1 + u32::from(self.syn_window));
        self.our_offered_shift = options.window_scale.map(WindowScale::bits);
        if let Some(timestamps) = options.timestamps {
            self.timestamps = Some(timestamps.value);
        }
        if header.flags.ack() && !self.offer.is_some_and(|offer| offer.timestamps) {
            self.timestamps = None;
        }
    }

    pub(super) fn note_acknowledgment(&mut self, header: &Header) {
        if !header.flags.ack() {
            return;
        }
        let ack = header.acknowledgment_number;
        if !self.is_tainted {
            let most = self.sent + u32::from(self.has_sent_fin);
            let acknowledged = ack.since(self.irs + 1);
            assert!(acknowledged <= most, "{acknowledged} of {most} are acknowledged");
            self.acknowledged = self.acknowledged.max(acknowledged);
        }
        if self.edge.is_none() {
            // The first of ours that knows both SYNs: windows are scaled if both offered it.
            let theirs = self.offer.and_then(|offer| offer.scale).map(|scale| scale.min(14));
            let both = self.our_offered_shift.zip(theirs);
            (self.our_shift, self.their_shift) = both.unwrap_or((0, 0));
        }
        let shift = if header.flags.syn() { 0 } else { self.our_shift };
        let edge = ack + (u32::from(header.window) << shift);
        if let Some(before) = self.edge.filter(|_| !self.is_tainted) {
            assert!(!edge.is_before(before), "SHLD-14: the window's edge moved back");
        }
        self.edge = Some(self.edge.map_or(edge, |before| SequenceNumber::later_of(before, edge)));
    }
}

/// A peer's timestamp clock, in milliseconds.
pub(super) fn clock(now: Instant) -> u32 {
    let milliseconds = now.since_start().as_millis() % (1 << 32);
    u32::try_from(milliseconds).expect("it was cut").wrapping_add(5)
}

/// A segment with any options at all.
pub(super) fn in_datagram(header: &Header, options: &[u8], text: &[u8]) -> Datagram {
    let words = u8::try_from(5 + options.len() / 4).expect("at most 15");
    let mut segment = Vec::new();
    segment.extend(header.source_port.to_be_bytes());
    segment.extend(header.destination_port.to_be_bytes());
    segment.extend(header.sequence_number.value().to_be_bytes());
    segment.extend(header.acknowledgment_number.value().to_be_bytes());
    segment.extend([words << 4, header.flags.bits()]);
    segment.extend(header.window.to_be_bytes());
    segment.extend([0, 0]);
    segment.extend(header.urgent_pointer.to_be_bytes());
    segment.extend(options);
    segment.extend(text);
    let length = u32::try_from(segment.len()).expect("it is a segment").to_be_bytes();
    let sum = ipv4::pseudo_header(KERNEL, STACK, ipv4::Protocol::Tcp);
    let checksum = sum.add_bytes(&length).add_bytes(&segment).checksum();
    segment[16..18].copy_from_slice(&checksum.to_be_bytes());
    let mut datagram = ip_header(KERNEL, STACK, 6, segment.len());
    datagram.extend(segment);
    datagram
}

pub(super) fn ip_header(from: Ipv4Addr, to: Ipv4Addr, protocol: u8, length: usize) -> Vec<u8> {
    let total_length = u16::try_from(20 + length).expect("it is a datagram");
    let mut header = vec![0x45, 0];
    header.extend(total_length.to_be_bytes());
    header.extend([0, 1, 0, 0, 64, protocol, 0, 0]);
    header.extend(from.octets());
    header.extend(to.octets());
    let checksum = checksum::Sum::new().add_bytes(&header).checksum();
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    header
}
