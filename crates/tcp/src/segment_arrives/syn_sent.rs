//! A segment that arrives in SYN-SENT (RFC 9293, 3.10.7.3).

use crate::connection::{Connection, Context};
use crate::segment_arrives::{Seg, SegmentDropped, Stop};
use crate::{Error, State};

impl Connection {
    pub(super) fn arrives_in_syn_sent(
        &mut self,
        context: Context<'_>,
        seg: &Seg<'_>,
    ) -> Result<(), Stop> {
        self.check_ack_in_syn_sent(seg)?;
        self.check_rst_in_syn_sent(context, seg)?;
        // Third, security and compartment: nobody uses them.
        self.check_syn_in_syn_sent(context, seg)
    }

    /// First: an acknowledgment is of our SYN or of nothing.
    fn check_ack_in_syn_sent(&self, seg: &Seg<'_>) -> Result<(), Stop> {
        let Some(ack) = seg.ack else { return Ok(()) };
        if ack.is_after(self.snd.una) && ack.is_at_or_before(self.snd.nxt) {
            return Ok(());
        }
        match seg.flags.rst() {
            true => Err(Stop::Drop(SegmentDropped::UnexpectedReset)),
            false => Err(Stop::Reset(SegmentDropped::BadAcknowledgment)),
        }
    }

    /// Second: an RST counts only if it acknowledges our SYN. Who cannot see that cannot forge it.
    fn check_rst_in_syn_sent(&mut self, context: Context<'_>, seg: &Seg<'_>) -> Result<(), Stop> {
        if !seg.flags.rst() {
            return Ok(());
        }
        if seg.ack.is_none() {
            return Err(Stop::Drop(SegmentDropped::UnexpectedReset));
        }
        self.fail(context, Error::ConnectionRefused, "the peer refuses: RST");
        Err(Stop::End)
    }

    /// Fourth: the peer's SYN. With an acknowledgment of ours the connection is established;
    /// without one both asked at the same time (MUST-10).
    fn check_syn_in_syn_sent(&mut self, context: Context<'_>, seg: &Seg<'_>) -> Result<(), Stop> {
        if !seg.flags.syn() {
            // Fifth: neither SYN nor RST.
            return Err(Stop::Drop(SegmentDropped::NoFlags));
        }
        self.take_syn(context, seg);
        let Some(ack) = seg.ack else {
            self.snd.set_window(seg.wnd.into(), seg.seq, self.snd.una);
            self.due.syn = true;
            self.enter(context, State::SynReceived, "both sides asked at once");
            return Ok(());
        };
        self.take_acknowledgment(context, seg, ack);
        self.snd.set_window(seg.wnd.into(), seg.seq, ack);
        self.rcv.owe_now("a SYN came");
        self.due.syn = false;
        self.enter(context, State::Established, "our SYN was acknowledged");
        self.begin_data(context);
        // The sixth to eighth steps are those of any other state.
        self.take_urgent_pointer(seg);
        self.process_text(context, seg)?;
        self.check_fin(context, seg);
        Ok(())
    }
}
