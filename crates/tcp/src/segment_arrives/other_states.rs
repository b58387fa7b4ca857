//! A segment that arrives in any other state (RFC 9293, 3.10.7.4), in eight steps. In TIME-WAIT,
//! where most of them have nothing to do, it is `time_wait.rs` that takes them.

use crate::connection::{Connection, Context, Origin};
use crate::segment_arrives::{Seg, SegmentDropped, Stop};
use crate::time_wait::is_later;
use crate::{Error, SequenceNumber, State};

impl Connection {
    pub(super) fn arrives_in_other_states(
        &mut self,
        context: Context<'_>,
        seg: &Seg<'_>,
    ) -> Result<(), Stop> {
        self.check_timestamp(context, seg)?;
        self.check_sequence_number(seg)?; // first
        self.note_timestamp(context, seg);
        self.check_rst(context, seg)?; // second; the third, security, nobody uses
        self.check_syn(seg)?; // fourth
        self.check_ack(context, seg)?; // fifth
        self.take_urgent_pointer(seg); // sixth, in urgent.rs
        self.process_text(context, seg)?; // seventh
        self.check_fin(context, seg); // eighth
        Ok(())
    }

    /// PAWS: a segment that is older than what came before is a ghost of an earlier round of the
    /// sequence numbers (RFC 7323, 5.3, R1).
    fn check_timestamp(&mut self, context: Context<'_>, seg: &Seg<'_>) -> Result<(), Stop> {
        let Some(ours) = self.agreed.timestamps.filter(|_| !seg.flags.rst()) else {
            return Ok(());
        };
        let Some(theirs) = seg.options.timestamps else {
            // Both agreed that every segment has one (RFC 7323, 3.2). Only a SYN may be of a peer
            // that has forgotten it, and is to be told.
            let is_known = !seg.flags.syn();
            return if is_known { Err(Stop::Drop(SegmentDropped::NoTimestamp)) } else { Ok(()) };
        };
        let is_outdated = context.now - ours.recent_at > crate::connection::TIMESTAMP_LIFETIME;
        if !is_later(ours.recent, theirs.value) || is_outdated {
            return Ok(());
        }
        if seg.len == 0 {
            return Err(Stop::Challenge(SegmentDropped::OldTimestamp));
        }
        self.rcv.owe_now("something came that is older than the rest");
        Err(Stop::Drop(SegmentDropped::OldTimestamp))
    }

    /// TS.Recent becomes the timestamp of what was to come next, once it is known to lie in the
    /// window (RFC 7323, 5.3, R3): were any number good enough, anybody could set it so far ahead
    /// that all that the peer sends looks old.
    fn note_timestamp(&mut self, context: Context<'_>, seg: &Seg<'_>) {
        let Some(ours) = &mut self.agreed.timestamps else { return };
        let Some(theirs) = seg.options.timestamps.filter(|_| !seg.flags.rst()) else { return };
        if seg.seq.is_at_or_before(self.rcv.last_ack_sent) {
            ours.recent = theirs.value;
            ours.recent_at = context.now;
        }
    }

    /// First: some of the segment must lie in the window. If nothing does, the peer is told where
    /// we stand.
    fn check_sequence_number(&mut self, seg: &Seg<'_>) -> Result<(), Stop> {
        if seg.is_acceptable(self.rcv.nxt, self.rcv.wnd()) {
            return Ok(());
        }
        if seg.flags.rst() {
            return Err(Stop::Drop(SegmentDropped::UnexpectedReset));
        }
        if self.is_syn_of_both(seg) {
            self.rcv.owe_now("both sides asked at once");
            return Ok(());
        }
        if self.state() == State::SynReceived && seg.flags.syn() && seg.seq == self.rcv.irs {
            // Our SYN, ACK was lost, so the peer asked again: so do we.
            self.due.syn = true;
            return Err(Stop::Drop(SegmentDropped::OutOfWindow));
        }
        if seg.len == 0 && seg.seq + 1 != self.rcv.nxt {
            return Err(Stop::Challenge(SegmentDropped::OutOfWindow));
        }
        self.rcv.owe_now("something came from outside the window");
        Err(Stop::Drop(SegmentDropped::OutOfWindow))
    }

    /// Whether both sides asked at once, and this is the peer's SYN once more, with the
    /// acknowledgment of ours (MUST-10; figure 8 in 3.5). The SYN lies before the window, since it
    /// came already; the acknowledgment is what is waited for.
    fn is_syn_of_both(&self, seg: &Seg<'_>) -> bool {
        let is_known_syn = seg.flags.syn() && seg.seq == self.rcv.irs;
        let is_open = self.state() == State::SynReceived && self.origin == Origin::Active;
        is_known_syn && is_open && seg.ack.is_some()
    }

    /// Second: an RST at the very number that is expected ends the connection. One elsewhere in
    /// the window may be forged, so the peer is asked (RFC 5961, 3.2).
    fn check_rst(&mut self, context: Context<'_>, seg: &Seg<'_>) -> Result<(), Stop> {
        if !seg.flags.rst() {
            return Ok(());
        }
        if seg.seq != self.rcv.nxt {
            return Err(Stop::Challenge(SegmentDropped::ResetNotExact));
        }
        match (self.state(), self.origin) {
            (State::SynReceived, Origin::Passive) => return Err(Stop::BackToListen),
            (State::SynReceived, Origin::Active) => {
                self.fail(context, Error::ConnectionRefused, "the peer refuses: RST");
            }
            (State::Closing | State::LastAck, _) => {
                self.end(context, "the peer ended it: RST");
            }
            _ => self.fail(context, Error::ConnectionReset, "the peer ended it: RST"),
        }
        Err(Stop::End)
    }

    /// Fourth: a SYN has nothing to do here. If the peer lost its memory it will say so when it
    /// is asked (RFC 5961, 4.2).
    fn check_syn(&self, seg: &Seg<'_>) -> Result<(), Stop> {
        if !seg.flags.syn() || self.is_syn_of_both(seg) {
            return Ok(());
        }
        match (self.state(), self.origin) {
            (State::SynReceived, Origin::Passive) => Err(Stop::BackToListen),
            _ => Err(Stop::Challenge(SegmentDropped::UnexpectedSyn)),
        }
    }

    /// Fifth: what the peer has got, and how much more it takes.
    fn check_ack(&mut self, context: Context<'_>, seg: &Seg<'_>) -> Result<(), Stop> {
        let Some(ack) = seg.ack else { return Err(Stop::Drop(SegmentDropped::NoFlags)) };
        if self.state() == State::SynReceived {
            self.check_ack_in_syn_received(context, seg, ack)?;
        }
        self.check_ack_range(ack)?;
        self.last_heard = context.now;
        self.restart_keep_alive(context.now);
        let our_fin = self.take_acknowledgment(context, seg, ack);
        self.take_window(context, seg, ack);
        if our_fin {
            self.our_fin_is_acknowledged(context)?;
        }
        Ok(())
    }

    fn check_ack_in_syn_received(
        &mut self,
        context: Context<'_>,
        seg: &Seg<'_>,
        ack: SequenceNumber,
    ) -> Result<(), Stop> {
        if !ack.is_after(self.snd.una) || ack.is_after(self.snd.nxt) {
            return Err(Stop::Reset(SegmentDropped::BadAcknowledgment));
        }
        let wnd = self.window_of(seg);
        self.snd.set_window(wnd, seg.seq, ack);
        self.due.syn = false;
        let to = if self.snd.has_closed() { State::FinWait1 } else { State::Established };
        self.enter(context, to, "our SYN was acknowledged");
        self.begin_data(context);
        Ok(())
    }

    /// What was never sent cannot be acknowledged, and nobody repeats what is older than a window
    /// (RFC 5961, 5.2).
    fn check_ack_range(&self, ack: SequenceNumber) -> Result<(), Stop> {
        let oldest = self.snd.una - self.snd.max_wnd;
        if ack.is_before(oldest) || ack.is_after(self.snd.nxt) {
            return Err(Stop::Challenge(SegmentDropped::BadAcknowledgment));
        }
        Ok(())
    }

    /// The peer knows that we send no more.
    fn our_fin_is_acknowledged(&mut self, context: Context<'_>) -> Result<(), Stop> {
        match self.state() {
            State::FinWait1 => {
                self.enter(context, State::FinWait2, "our FIN was acknowledged");
                self.limit_orphan(context);
            }
            State::Closing => self.enter_time_wait(context, "our FIN was acknowledged"),
            State::LastAck => {
                self.end(context, "our FIN was acknowledged");
                return Err(Stop::End);
            }
            _ => {}
        }
        Ok(())
    }

    /// Seventh: the text, which goes where it belongs.
    pub(super) fn process_text(&mut self, context: Context<'_>, seg: &Seg<'_>) -> Result<(), Stop> {
        if seg.text.is_empty() || !self.state().can_receive() {
            return Ok(());
        }
        let brings_something =
            (seg.text_start() + crate::to_u32(seg.text.len())).is_after(self.rcv.nxt);
        if self.nobody_reads() && brings_something {
            // SHLD-3: the peer has to know that nobody gets it.
            let cause = "data came for an application that has let go";
            self.fail(context, Error::ConnectionAborted, cause);
            return Err(Stop::Reset(SegmentDropped::NobodyReads));
        }
        let advanced = self.rcv.take_text(context.now, seg.text_start(), seg.text);
        self.tell_routine_timer(context, "delayed ACK", self.rcv.ack.deadline());
        self.statistics.bytes_received += u64::from(advanced);
        self.news.readable |= advanced > 0;
        self.look_for_urgent_byte();
        if self.is_receiving_shut {
            self.throw_away();
        }
        Ok(())
    }

    /// Eighth: the peer sends no more. Its FIN counts once all before it has come.
    pub(super) fn check_fin(&mut self, context: Context<'_>, seg: &Seg<'_>) {
        if let Some(fin) = seg.fin() {
            self.note_fin(fin);
        }
        if self.rcv.fin != Some(self.rcv.nxt) {
            if seg.fin().is_some() && self.state().can_receive() {
                // Something before it is missing (RFC 5681, 4.2).
                self.rcv.owe_now("a FIN came that is not the next");
            }
            return;
        }
        self.rcv.nxt += 1;
        self.rcv.owe_now("a FIN came");
        self.news.readable = true;
        match self.state() {
            State::SynReceived | State::Established => {
                self.enter(context, State::CloseWait, "the peer sends no more: FIN");
            }
            State::FinWait1 => self.enter(context, State::Closing, "both closed at once"),
            State::FinWait2 => self.enter_time_wait(context, "the peer sends no more: FIN"),
            _ => {}
        }
    }

    /// Notes where the peer's FIN stands, if that is in the window.
    fn note_fin(&mut self, fin: SequenceNumber) {
        let has_come_before = self.rcv.fin.is_some() || fin.is_before(self.rcv.nxt);
        let is_in_window = fin == self.rcv.nxt || fin.is_within(self.rcv.nxt, self.rcv.wnd());
        if !has_come_before && is_in_window {
            self.rcv.fin = Some(fin);
        }
    }
}
