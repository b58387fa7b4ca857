//! What leaves next: one segment a time, as soon as there is reason for one.
//!
//! In this order: what ends or opens the connection; what is lost; what is new, as far as the
//! window, the network, Nagle's algorithm and the avoidance of silly windows let it; probes; and,
//! if none of these took it along, the acknowledgment.

use std::num::NonZeroU16;

use packet::{Buffer, Instant};

use crate::connection::{Connection, Context, Origin};
use crate::receiver::Ack;
use crate::sender::{Fin, SendTimer};
use crate::{Flags, Header, Options, SequenceNumber, State, Timestamps, WindowScale};

/// A segment that is to leave: its text is in the buffer, and this goes in front.
#[derive(Clone, Debug)]
pub(crate) struct Leaving {
    pub(crate) header: Header,
    pub(crate) options: Options,
    /// Set if the text is more than one segment's, by how much it is to be cut.
    pub(crate) segment_size: Option<NonZeroU16>,
    /// Why it leaves.
    pub(crate) reason: &'static str,
}

/// A part of the send sequence space that is to leave.
#[derive(Clone, Copy, Debug)]
struct Piece {
    start: SequenceNumber,
    /// In bytes.
    length: u32,
    /// Whether the FIN goes behind it.
    fin: bool,
    /// Why it leaves, if it left before.
    again: Option<&'static str>,
}

impl Piece {
    /// Why it leaves, in words.
    fn reason(self) -> &'static str {
        match self.again {
            Some(again) => again,
            None if self.length == 0 => "no more to send",
            None if self.fin => "new data, the last",
            None => "new data",
        }
    }
}

impl Connection {
    /// The next segment that is to leave; its text is laid into `buffer`, which is empty.
    /// `largest` is the most text that the device takes at once, in bytes: more than a segment
    /// where it cuts them itself.
    pub(crate) fn poll_transmit(
        &mut self,
        context: Context<'_>,
        largest: u32,
        buffer: &mut Buffer,
    ) -> Option<Leaving> {
        if std::mem::take(&mut self.due.reset) {
            let aborted = "the application aborted it";
            let leaving = self.segment(context, self.snd.nxt, Flags::RST | Flags::ACK, aborted);
            self.end(context, aborted);
            return Some(leaving);
        }
        if std::mem::take(&mut self.due.syn) {
            return Some(self.send_syn(context));
        }
        if let Some(piece) = self.next_piece(largest) {
            return Some(self.send_piece(context, piece, buffer));
        }
        self.next_probe(context, buffer).or_else(|| self.next_acknowledgment(context))
    }

    /// Whether [`Connection::poll_transmit`] has something to do.
    pub(crate) fn has_something_to_send(&self) -> bool {
        let due = self.due.reset || self.due.syn || self.due.window_probe || self.due.keep_alive;
        due || self.acknowledgment_is_due() || self.next_piece(self.snd.mss).is_some()
    }

    /// Our SYN, with an acknowledgment where the peer's came (RFC 9293, 3.5).
    fn send_syn(&mut self, context: Context<'_>) -> Leaving {
        let is_answer = self.state() == State::SynReceived;
        let flags = if is_answer { Flags::SYN | Flags::ACK } else { Flags::SYN };
        let reason = self.reason_for_syn();
        self.snd.nxt = SequenceNumber::later_of(self.snd.nxt, self.snd.iss + 1);
        if self.snd.attempts == 0 {
            self.snd.timed = Some((self.snd.iss, context.now));
        }
        self.snd.waiting_since.get_or_insert(context.now);
        self.start_retransmission_timer(context);
        self.statistics.segments_sent += 1;
        let window = self.rcv.announce_unscaled();
        if is_answer {
            self.rcv.acknowledged();
        }
        Leaving {
            header: self.header(self.snd.iss, flags, window),
            options: self.syn_options(context.now, is_answer),
            segment_size: None,
            reason,
        }
    }

    fn reason_for_syn(&self) -> &'static str {
        match (self.state(), self.origin) {
            _ if self.snd.attempts > 0 => "again: timeout",
            (State::SynReceived, Origin::Passive) if self.snd.nxt != self.snd.iss => {
                "again: the SYN came again"
            }
            (State::SynReceived, Origin::Passive) => "answers a SYN",
            (State::SynReceived, Origin::Active) => "a SYN crossed ours",
            _ => "asks for a connection",
        }
    }

    /// What of the send sequence space leaves next, if anything may.
    fn next_piece(&self, largest: u32) -> Option<Piece> {
        if !self.may_send_text() {
            return None;
        }
        if self.snd.fast_retransmit {
            let start = self.snd.data_start();
            let length = self.snd.mss.min(self.snd.sent_data_end().since(start));
            let fin = self.snd.fin_is_at(start + length);
            return Some(Piece { start, length, fin, again: Some("again: third duplicate ACK") });
        }
        let start = self.snd.position();
        let available = self.snd.sendable();
        let whole = available.min(self.snd.usable_window()).min(largest.max(self.snd.mss));
        let length = self.without_silly_end(whole, available);
        let fin = self.snd.fin_is_at(start + length);
        let again = self.snd.resend.map(|_| match self.snd.attempts {
            0 => "again: taken for lost",
            _ => "again: timeout",
        });
        (length > 0 || fin).then_some(Piece { start, length, fin, again })
    }

    /// Whether text, or the FIN behind it, may leave in this state.
    fn may_send_text(&self) -> bool {
        matches!(
            self.state(),
            State::Established
                | State::CloseWait
                | State::FinWait1
                | State::Closing
                | State::LastAck
        )
    }

    /// Cuts off the end of `length` bytes that should wait for more: a segment that is not full
    /// leaves only if it is the last, and then only if nothing is outstanding (Nagle's algorithm,
    /// SHLD-7) or the application wants it so; or if it fills a good part of the peer's buffer
    /// (MUST-38; RFC 9293, 3.8.6.2.1).
    fn without_silly_end(&self, length: u32, available: u32) -> u32 {
        let end = length % self.snd.mss;
        if end == 0 {
            return length;
        }
        let is_last = length == available;
        let full = length - end;
        let nagle = !self.options.no_delay && !self.snd.has_closed();
        let nothing_outstanding = self.snd.flight_size() == 0 && full == 0;
        let is_sent_again = self.snd.resend.is_some();
        let is_corked = self.cork_holds(self.snd.position() + length);
        let may_leave = match is_last {
            true => is_sent_again || (!is_corked && (!nagle || nothing_outstanding)),
            // SHLD-16: what was sent before the peer shrank its window is sent again as far as it
            // reaches; nothing else would ever leave.
            false if self.snd.resend == Some(self.snd.una) => full == 0,
            false => full == 0 && nothing_outstanding && length >= self.snd.max_wnd.div_ceil(2),
        };
        if may_leave { length } else { full }
    }

    /// Sends a piece, which is sent again if nobody acknowledges it in time (RFC 6298, 5.1).
    fn send_piece(&mut self, context: Context<'_>, piece: Piece, buffer: &mut Buffer) -> Leaving {
        let leaving = self.lay_piece(context, piece, buffer);
        if !matches!(self.snd.timer, SendTimer::Retransmission { .. }) {
            self.start_retransmission_timer(context);
        }
        leaving
    }

    /// Lays a piece into `buffer`, and takes it as sent.
    fn lay_piece(&mut self, context: Context<'_>, piece: Piece, buffer: &mut Buffer) -> Leaving {
        let Piece { start, length, fin, again } = piece;
        if self.snd.flight_size() == 0 && context.now - self.snd.last_sent > self.snd.rtt.rto() {
            self.snd.congestion.on_idle_restart(context.now); // RFC 5681, 4.1
        }
        let offset = start.since(self.snd.data_start());
        self.snd.buffer.append_to(to_usize(offset), to_usize(length), buffer);
        let end = start + length;
        let mut flags = Flags::ACK;
        if length > 0 && end == self.snd.data_end() {
            flags |= Flags::PSH; // MUST-61
        }
        if fin {
            flags |= Flags::FIN;
            self.snd.fin = Fin::Sent(end);
        }
        let reason = piece.reason();
        let mut leaving = self.segment(context, start, flags, reason);
        self.mark_urgent(&mut leaving.header);
        leaving.segment_size = self.segment_size(length);
        self.note_sent(context, piece, end + u32::from(fin));
        if let Some(cause) = again {
            self.tell_retransmission(context, start, length, cause);
        }
        leaving
    }

    /// Books that everything from the piece's start to `end` has left.
    fn note_sent(&mut self, context: Context<'_>, piece: Piece, end: SequenceNumber) {
        self.count_sent(piece);
        self.corked_text_has_left(piece.start + piece.length);
        let is_new = end.is_after(self.snd.nxt);
        if self.snd.fast_retransmit {
            self.snd.fast_retransmit = false;
        } else if let Some(resend) = &mut self.snd.resend {
            *resend = end;
            if end.is_at_or_after(self.snd.nxt) {
                self.snd.resend = None;
            }
        }
        if is_new && self.snd.timed.is_none() && piece.again.is_none() {
            self.snd.timed = Some((piece.start, context.now));
        }
        self.snd.nxt = SequenceNumber::later_of(self.snd.nxt, end);
        self.snd.last_sent = context.now;
        self.snd.is_limited_by_network =
            self.snd.sendable() > 0 && self.snd.network_window() <= self.snd.wnd;
        self.snd.waiting_since.get_or_insert(context.now);
    }

    fn count_sent(&mut self, piece: Piece) {
        let statistics = &mut self.statistics;
        statistics.bytes_sent += u64::from(piece.length);
        if piece.again.is_some() {
            statistics.retransmissions += 1;
            statistics.bytes_retransmitted += u64::from(piece.length);
        }
    }

    pub(crate) fn start_retransmission_timer(&mut self, context: Context<'_>) {
        self.set_retransmission_timer(context);
        self.tell_routine_timer(context, "retransmission", self.snd.timer.deadline());
    }

    pub(crate) fn set_retransmission_timer(&mut self, context: Context<'_>) {
        let at = context.now + self.snd.rtt.rto();
        self.snd.timer = SendTimer::Retransmission { at };
    }

    /// If something waits that the peer's window does not let out, and nothing is outstanding
    /// that an acknowledgment could come of, the window is to be probed (MUST-36, SHLD-29). To be
    /// asked after every change: nothing else may ever wake the connection again.
    pub(crate) fn watch_closed_window(&mut self, context: Context<'_>) {
        let is_idle = self.snd.flight_size() == 0 && self.snd.timer == SendTimer::Off;
        let waits = self.may_send_text() && self.snd.sendable() > self.snd.usable_window();
        if is_idle && waits && self.next_piece(self.snd.mss).is_none() {
            let interval = self.snd.rtt.rto();
            let at = context.now + interval;
            self.snd.timer = SendTimer::Persist { at, interval };
            self.tell_timer(context, "persist", Some(at));
        }
    }

    /// A probe of a closed window (one byte of what waits), what fits into a small one, which has
    /// waited for a larger one long enough (RFC 9293, 3.8.6.2.1, the override timeout); or a probe
    /// of a silent peer (none at all, SHLD-12).
    fn next_probe(&mut self, context: Context<'_>, buffer: &mut Buffer) -> Option<Leaving> {
        if std::mem::take(&mut self.due.window_probe) && self.may_send_text() {
            let small = self.snd.usable_window().min(self.snd.sendable()).min(self.snd.mss);
            if small > 0 && self.snd.flight_size() == 0 {
                let (start, length) = (self.snd.nxt, small);
                let fin = self.snd.fin_is_at(start + length);
                let piece = Piece { start, length, fin, again: None };
                return Some(self.send_piece(context, piece, buffer));
            }
            let start = self.snd.una;
            // One byte; or, where the window is only too small to be worth a segment, all that it
            // takes (3.8.6.2.1, (4): the override).
            let most = self.snd.wnd.clamp(1, self.snd.mss);
            let length = self.snd.data_end().since(start).min(most);
            let fin = self.snd.fin_is_at(start + length) && length == 0;
            let piece = Piece { start, length, fin, again: Some("probes the closed window") };
            self.snd.timed = None;
            // A probe is not sent again by itself: the next one is.
            return Some(self.lay_piece(context, piece, buffer));
        }
        if std::mem::take(&mut self.due.keep_alive) {
            // A number that was acknowledged already, so that the peer says where it stands.
            let reason = "keep-alive: is the peer still there?";
            return Some(self.segment(context, self.snd.nxt - 1, Flags::ACK, reason));
        }
        None
    }

    fn next_acknowledgment(&mut self, context: Context<'_>) -> Option<Leaving> {
        let Ack::Now(reason) = self.rcv.ack else { return None };
        let mut leaving = self.segment(context, self.snd.nxt, Flags::ACK, reason);
        self.mark_urgent(&mut leaving.header);
        Some(leaving)
    }

    /// Whether an acknowledgment leaves though nothing else does.
    const fn acknowledgment_is_due(&self) -> bool {
        matches!(self.rcv.ack, Ack::Now(_))
    }

    /// A segment of the established connection, which takes the acknowledgment along.
    fn segment(
        &mut self,
        context: Context<'_>,
        seq: SequenceNumber,
        flags: Flags,
        reason: &'static str,
    ) -> Leaving {
        self.statistics.segments_sent += 1;
        let was_closed = self.rcv.has_announced_none();
        let window = self.rcv.announce();
        self.rcv.acknowledged();
        self.tell_our_window(context, was_closed);
        let options = self.usual_options(context.now);
        Leaving { header: self.header(seq, flags, window), options, segment_size: None, reason }
    }

    fn header(&self, seq: SequenceNumber, flags: Flags, window: u16) -> Header {
        let has_ack = flags.ack();
        Header {
            source_port: self.pair.local.port(),
            destination_port: self.pair.remote.port(),
            sequence_number: seq,
            acknowledgment_number: if has_ack { self.rcv.nxt } else { SequenceNumber::new(0) },
            flags,
            window,
            urgent_pointer: 0,
        }
    }

    /// MUST-62: the pointer names the byte behind the last urgent one, as far as it reaches.
    fn mark_urgent(&self, header: &mut Header) {
        let Some(up) = self.snd.up.filter(|up| up.is_after(header.sequence_number)) else { return };
        let distance = up.since(header.sequence_number);
        header.flags |= Flags::URG;
        header.urgent_pointer = u16::try_from(distance).unwrap_or(u16::MAX);
    }

    fn segment_size(&self, length: u32) -> Option<NonZeroU16> {
        let is_superframe = length > self.snd.mss;
        u16::try_from(self.snd.mss).ok().and_then(NonZeroU16::new).filter(|_| is_superframe)
    }

    /// The options of every segment but a SYN.
    pub(crate) fn usual_options(&self, now: Instant) -> Options {
        let timestamps = self
            .agreed
            .timestamps
            .map(|ours| Timestamps { value: self.timestamp(now), echo_reply: ours.recent });
        Options { timestamps, ..Options::NONE }
    }

    /// What we offer with our SYN; in an answer only what the peer offered.
    fn syn_options(&self, now: Instant, is_answer: bool) -> Options {
        let may = |offered: bool, agreed: bool| if is_answer { agreed } else { offered };
        let echo_reply = self.agreed.timestamps.map_or(0, |ours| ours.recent);
        let timestamps = Timestamps { value: self.timestamp(now), echo_reply };
        let scale = WindowScale::new(self.rcv.wind_shift);
        Options {
            // MUST-14, MUST-65.
            maximum_segment_size: u16::try_from(self.rcv.mss).ok(),
            window_scale: may(self.options.window_scaling, self.agreed.window_scale)
                .then_some(scale),
            timestamps: may(self.options.timestamps, self.agreed.timestamps.is_some())
                .then_some(timestamps),
            ..Options::NONE
        }
    }

    /// Our timestamp clock, in milliseconds. It never shows zero.
    pub(crate) fn timestamp(&self, now: Instant) -> u32 {
        crate::connection::timestamp(now, self.timestamp_offset)
    }
}

fn to_usize(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
