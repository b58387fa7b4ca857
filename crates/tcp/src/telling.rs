//! What a connection tells whoever listens: a trace, in which a person can follow it.
//!
//! Where nobody listens each of these costs one comparison. Why a segment leaves is told by the
//! segment itself ([`crate::Outgoing::reason`]).

use std::time::Duration;

use packet::Instant;
use trace::{End, Event};

use crate::connection::{Connection, Context};
use crate::{SequenceNumber, State};

impl Connection {
    /// Tells that the connection has begun, out of a state in which there was none.
    pub(crate) fn tell_beginning(
        &self,
        context: Context<'_>,
        from: &'static str,
        cause: &'static str,
    ) {
        self.tell_state(context, from, cause);
    }

    /// Tells of a state that was left.
    pub(crate) fn tell_change(&self, context: Context<'_>, from: State, cause: &'static str) {
        if from != self.state() {
            self.tell_state(context, from.name(), cause);
        }
    }

    fn tell_state(&self, context: Context<'_>, from: &'static str, cause: &'static str) {
        let to = self.state().name();
        self.tell(context, |connection| Event::StateChange { connection, from, to, cause });
    }

    /// Tells that a timer was set for a reason of its own.
    pub(crate) fn tell_timer(
        &self,
        context: Context<'_>,
        timer: &'static str,
        deadline: Option<Instant>,
    ) {
        self.tell_set(context, timer, deadline, false);
    }

    /// Tells that a timer was set as it is with every such segment.
    pub(crate) fn tell_routine_timer(
        &self,
        context: Context<'_>,
        timer: &'static str,
        deadline: Option<Instant>,
    ) {
        self.tell_set(context, timer, deadline, true);
    }

    fn tell_set(
        &self,
        context: Context<'_>,
        timer: &'static str,
        deadline: Option<Instant>,
        is_routine: bool,
    ) {
        if let Some(deadline) = deadline {
            self.tell(context, |owner| Event::TimerSet { owner, timer, deadline, is_routine });
        }
    }

    /// Tells that a timer fired.
    pub(crate) fn tell_fired(&self, context: Context<'_>, timer: &'static str) {
        self.tell(context, |owner| Event::TimerFired { owner, timer });
    }

    /// Tells that a round trip was measured.
    pub(crate) fn tell_round_trip(&self, context: Context<'_>, round_trip: Duration) {
        let rtt = &self.snd.rtt;
        let (smoothed, timeout) = (rtt.smoothed_rtt().unwrap_or(round_trip), rtt.rto());
        self.tell(context, |connection| Event::RoundTrip {
            connection,
            round_trip,
            smoothed,
            timeout,
        });
    }

    /// Tells that the peer's window closed, or is open again.
    pub(crate) fn tell_peers_window(&self, context: Context<'_>, was_closed: bool) {
        self.tell_opening(context, End::Peers, was_closed, self.snd.wnd);
    }

    /// Tells that our window closed, or is open again.
    pub(crate) fn tell_our_window(&self, context: Context<'_>, was_closed: bool) {
        if self.state().can_receive() {
            self.tell_opening(context, End::Ours, was_closed, self.rcv.wnd());
        }
    }

    fn tell_opening(&self, context: Context<'_>, whose: End, was_closed: bool, bytes: u32) {
        if was_closed != (bytes == 0) {
            self.tell(context, |connection| Event::Window { connection, whose, bytes });
        }
    }

    /// Tells that the congestion window is another than it was `before`.
    pub(crate) fn tell_congestion_window(
        &self,
        context: Context<'_>,
        before: u32,
        cause: &'static str,
    ) {
        let window = self.snd.congestion.window();
        if window != before {
            let slow_start_threshold = self.snd.congestion.slow_start_threshold();
            self.tell(context, |connection| Event::CongestionWindow {
                connection,
                window,
                slow_start_threshold,
                cause,
            });
        }
    }

    /// Tells that something is sent again.
    pub(crate) fn tell_retransmission(
        &self,
        context: Context<'_>,
        start: SequenceNumber,
        length: u32,
        cause: &'static str,
    ) {
        let sequence_number = start.value();
        self.tell(context, |connection| Event::Retransmission {
            connection,
            sequence_number,
            length,
            cause,
        });
    }

    /// Tells the event that `event` makes of the connection's name.
    fn tell(&self, context: Context<'_>, event: impl FnOnce(&str) -> Event<'_>) {
        if context.tracer.is_on() {
            let name = self.pair.to_string();
            context.tracer.emit(context.now, || event(&name));
        }
    }
}
