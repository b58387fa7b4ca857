//! What an acknowledgment does to the sending half: the oldest numbers are done with, the window
//! moves, the network shows how it is (RFC 9293, 3.10.7.4, fifth; RFC 5681; RFC 6298).

use std::time::Duration;

use packet::Instant;

use crate::congestion::{self, Congestion};
use crate::connection::{Connection, Context};
use crate::recovery::{self, Action};
use crate::segment_arrives::Seg;
use crate::sender::SendTimer;
use crate::{Options, SequenceNumber};

impl Connection {
    /// Takes SEG.ACK, which lies in the acceptable range. Whether our FIN is acknowledged by it.
    pub(crate) fn take_acknowledgment(
        &mut self,
        context: Context<'_>,
        seg: &Seg<'_>,
        ack: SequenceNumber,
    ) -> bool {
        if ack.is_after(self.snd.una) {
            return self.take_new_acknowledgment(context, seg, ack);
        }
        if self.is_duplicate(seg, ack) {
            let action = self.ask_recovery(0, true);
            self.recover(context, action);
        }
        false
    }

    fn take_new_acknowledgment(
        &mut self,
        context: Context<'_>,
        seg: &Seg<'_>,
        ack: SequenceNumber,
    ) -> bool {
        let flight_size = self.snd.flight_size();
        let round_trip = self.round_trip(context.now, seg, ack);
        if let Some((round_trip, samples)) = round_trip {
            self.snd.rtt.sample(round_trip, samples);
            self.tell_round_trip(context, round_trip);
        }
        let acknowledged = self.snd.acknowledge(ack);
        self.statistics.bytes_acknowledged += u64::from(acknowledged.bytes);
        self.news.writable = true;
        self.note_working_path(context.now);
        self.snd.attempts = 0;

        let action = self.ask_recovery(acknowledged.numbers, false);
        let before = self.snd.congestion.window();
        if action != Action::ExitRecovery {
            self.snd.congestion.on_ack(&congestion::Ack {
                now: context.now,
                bytes_acknowledged: acknowledged.bytes,
                flight_size,
                is_window_limited: self.snd.is_limited_by_network,
                is_in_recovery: self.snd.recovery.is_in_recovery(),
                rtt: round_trip.map(|(round_trip, _)| round_trip),
                smoothed_rtt: self.snd.rtt.smoothed_rtt(),
            });
            self.tell_congestion_window(context, before, "acknowledgment");
        }
        self.recover(context, action);
        self.tune_send_buffer(context);
        let timer = self.snd.timer;
        self.restart_retransmission_timer(context);
        if matches!(action, Action::PartialAck { is_first: false }) {
            // Where much was lost it shall fire: slow start repairs more (RFC 6582, 3.2).
            self.snd.timer = timer;
        }
        acknowledged.fin
    }

    /// What we sent came through, so the layers below need not ask (RFC 1122, 3.3.1.4).
    fn note_working_path(&mut self, now: Instant) {
        if now - self.path_worked >= TELL_THAT_PATH_WORKS {
            self.path_worked = now;
            self.news.path_works = true;
        }
    }

    /// RFC 5681, 2: it acknowledges nothing new, carries nothing, announces no other window, and
    /// something is outstanding. Where the window is closed it answers a probe and tells of no
    /// segment that was lost.
    fn is_duplicate(&self, seg: &Seg<'_>, ack: SequenceNumber) -> bool {
        ack == self.snd.una
            && seg.len == 0
            && self.snd.flight_size() > 0
            && self.snd.wnd > 0
            && self.window_of(seg) == self.snd.wnd
    }

    /// The time from a segment to its acknowledgment: of the one that is timed, or, where it was
    /// sent again, by the timestamp that came back (RFC 7323, 4.1); and of how many samples in a
    /// round trip it is one.
    fn round_trip(
        &mut self,
        now: Instant,
        seg: &Seg<'_>,
        ack: SequenceNumber,
    ) -> Option<(Duration, u32)> {
        if let Some(round_trip) = self.snd.take_round_trip(now, ack) {
            return Some((round_trip, 1));
        }
        let echoed = seg.options.timestamps.filter(|_| self.agreed.timestamps.is_some())?;
        let milliseconds = self.timestamp(now).wrapping_sub(echoed.echo_reply);
        // What lies in the future, or long ago, was never ours.
        let is_ours = echoed.echo_reply != 0 && milliseconds < 3_600_000;
        // Every acknowledgment of a round trip has one; all together count as one (RFC 7323, G).
        let samples = self.snd.flight_size().div_ceil(self.snd.mss.saturating_mul(2)).max(1);
        is_ours.then(|| (Duration::from_millis(milliseconds.max(1).into()), samples))
    }

    /// SEG.WND in bytes.
    pub(crate) fn window_of(&self, seg: &Seg<'_>) -> u32 {
        let shift = if seg.flags.syn() { 0 } else { self.snd.wind_shift };
        u32::from(seg.wnd) << shift
    }

    /// Takes SEG.WND, unless the segment is older than the one that set the window last
    /// (SND.WL1 and SND.WL2).
    pub(crate) fn take_window(&mut self, context: Context<'_>, seg: &Seg<'_>, ack: SequenceNumber) {
        let is_newer = self.snd.wl1.is_before(seg.seq)
            || (self.snd.wl1 == seg.seq && self.snd.wl2.is_at_or_before(ack));
        if !is_newer || ack.is_before(self.snd.una) {
            return;
        }
        let was_closed = self.snd.wnd == 0;
        self.snd.set_window(self.window_of(seg), seg.seq, ack);
        self.tell_peers_window(context, was_closed);
        if self.snd.wnd == 0 {
            // MUST-37: as long as somebody answers, the connection stays.
            self.snd.attempts = 0;
            self.snd.waiting_since = self.snd.waiting_since.map(|_| context.now);
        } else if was_closed {
            self.window_has_opened();
        }
    }

    /// What was sent as a probe, or before the window closed, was thrown away by the peer.
    fn window_has_opened(&mut self) {
        if let SendTimer::Persist { .. } = self.snd.timer {
            self.snd.timer = SendTimer::Off;
        }
        self.due.window_probe = false;
        if self.snd.flight_size() > 0 {
            self.snd.resend = Some(self.snd.una);
            self.snd.timed = None;
        }
    }

    /// Does what loss recovery has found to be done.
    fn recover(&mut self, context: Context<'_>, action: Action) {
        let (now, before) = (context.now, self.snd.congestion.window());
        match action {
            Action::Nothing | Action::SendNewData => {}
            Action::EnterRecovery { flight_size } => {
                self.snd.congestion.on_congestion(&Congestion { now, flight_size });
                self.send_first_again();
                self.tell_congestion_window(context, before, "third duplicate ACK");
            }
            Action::PartialAck { .. } => self.send_first_again(),
            Action::ExitRecovery => {
                self.snd.congestion.on_recovery_end(now, self.snd.flight_size());
                self.tell_congestion_window(context, before, "all that was lost has arrived");
            }
        }
    }

    fn send_first_again(&mut self) {
        self.snd.fast_retransmit = self.snd.flight_size() > 0;
        self.snd.timed = None;
    }

    fn ask_recovery(&mut self, acknowledged: u32, is_duplicate: bool) -> Action {
        self.snd.recovery.on_ack(&recovery::Ack {
            snd_una: self.snd.una,
            snd_nxt: self.snd.nxt,
            acknowledged,
            is_duplicate,
            smss: self.snd.mss,
            window: self.snd.congestion.window(),
        })
    }

    /// RFC 6298, 5.2 and 5.3: off if all is acknowledged, else from now on.
    fn restart_retransmission_timer(&mut self, context: Context<'_>) {
        if self.snd.flight_size() == 0 {
            self.snd.timer = SendTimer::Off;
            self.snd.waiting_since = None;
        } else {
            self.start_retransmission_timer(context);
            self.snd.waiting_since = Some(context.now);
        }
    }

    /// Takes what the peer offers with its SYN, as far as we offer it too.
    pub(crate) fn agree(&mut self, context: Context<'_>, theirs: &Options) {
        let ours = &self.options;
        self.agreed.send_mss =
            theirs.maximum_segment_size.unwrap_or(crate::connection::DEFAULT_SEND_MSS).max(MIN_MSS);
        let scale = theirs.window_scale.filter(|_| ours.window_scaling);
        self.agreed.window_scale = scale.is_some();
        self.snd.wind_shift = scale.map_or(0, crate::WindowScale::bits);
        if scale.is_none() {
            self.rcv.wind_shift = 0;
        }
        let timestamps = theirs.timestamps.filter(|_| ours.timestamps);
        self.agreed.timestamps = timestamps.map(|timestamps| crate::connection::Timestamps {
            recent: timestamps.value,
            recent_at: context.now,
        });
        self.set_effective_mss();
    }

    /// Eff.snd.MSS: the lesser of what the peer takes and what IP sends, less the options that
    /// each segment carries (MUST-16).
    fn set_effective_mss(&mut self) {
        let largest = self.agreed.send_mss.min(self.send_limit);
        let options = crate::to_u32(self.usual_options(Instant::START).length());
        self.snd.mss = u32::from(largest).saturating_sub(options).max(1);
        self.snd.congestion.on_mss_changed(self.snd.mss);
    }
}

/// How often it is told that what is sent gets through, so that not each acknowledgment costs a
/// look at the routes.
const TELL_THAT_PATH_WORKS: Duration = Duration::from_secs(1);

/// The least SendMSS that is believed, in bytes: what the least IPv4 MTU, 68, leaves. A peer that
/// says less only wants to see us send thousands of headers.
const MIN_MSS: u16 = 28;
