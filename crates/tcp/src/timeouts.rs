//! Time that passes (RFC 9293, 3.10.8): USER TIMEOUT, RETRANSMISSION TIMEOUT, and
//! the timers that other sections ask for. TIME-WAIT TIMEOUT is in `time_wait.rs`.

use std::time::Duration;

use packet::Instant;

use crate::congestion::Timeout;
use crate::connection::{Connection, Context};
use crate::receiver::Ack;
use crate::sender::SendTimer;
use crate::{Error, State};

/// The longest time between two probes of a closed window.
pub const MAX_PROBE_INTERVAL: Duration = Duration::from_secs(60);

/// R1: after so many retransmissions of one segment the application is told of it (SHLD-9,
/// SHLD-10), and the layers below, which ask the next hop whether it is still there and take another
/// one if it is not (MUST-20).
pub const R1: u32 = 3;

/// How long FIN-WAIT-2 lasts that nobody waits in: the peer may never close, and there is nobody
/// left who could (as on Linux, `tcp_fin_timeout`).
pub const ORPHAN_FIN_WAIT_2: Duration = Duration::from_secs(60);

impl Connection {
    /// Does what was due by now.
    pub(crate) fn handle_timeout(&mut self, context: Context<'_>) {
        if is_due(self.give_up_at(), context) {
            return self.user_timeout(context);
        }
        if is_due(self.orphan_until, context) {
            return self.end(context, "nobody waits for the peer's FIN any more");
        }
        match self.snd.timer {
            SendTimer::Retransmission { at } if at <= context.now => {
                self.retransmission_timeout(context);
            }
            SendTimer::Persist { at, interval } if at <= context.now => {
                self.persist_timeout(context, interval);
            }
            _ => {}
        }
        if is_due(self.linger_until, context) {
            self.linger_timeout(context);
        }
        self.cork_timeout(context);
        self.delayed_ack_timeout(context);
        self.keep_alive_timeout(context);
    }

    /// USER TIMEOUT: what is outstanding was not acknowledged for too long (R2).
    fn user_timeout(&mut self, context: Context<'_>) {
        self.tell_fired(context, "user timeout");
        let error = self.soft_error.unwrap_or(Error::TimedOut);
        self.fail(context, error, "the peer did not answer for too long");
    }

    /// RETRANSMISSION TIMEOUT: all that is outstanding counts as lost, and the oldest is sent
    /// again (RFC 6298, 5.4 to 5.7; RFC 5681, 3.1).
    fn retransmission_timeout(&mut self, context: Context<'_>) {
        self.tell_fired(context, "retransmission");
        self.statistics.timeouts += 1;
        let is_first = self.snd.attempts == 0;
        self.snd.attempts = self.snd.attempts.saturating_add(1);
        self.snd.rtt.back_off();
        self.snd.timed = None;
        self.snd.fast_retransmit = false;
        if self.snd.attempts >= R1 {
            self.news.path_is_doubtful = true;
        }
        if matches!(self.state(), State::SynSent | State::SynReceived) {
            self.due.syn = true;
            self.snd.syn_was_lost = true;
        } else if self.snd.wnd == 0 {
            // MUST-35: the window was closed over what is outstanding.
            self.due.window_probe = true;
        } else {
            let before = self.snd.congestion.window();
            self.snd.congestion.on_retransmission_timeout(&Timeout {
                now: context.now,
                flight_size: self.snd.flight_size(),
                is_first,
            });
            self.snd.recovery.on_retransmission_timeout(self.snd.nxt);
            self.snd.resend = Some(self.snd.una);
            self.tell_congestion_window(context, before, "timeout");
        }
        self.set_retransmission_timer(context);
        self.tell_timer(context, "retransmission", self.snd.timer.deadline());
    }

    /// A closed window is probed, ever more seldom, for ever (MUST-36, MUST-37, SHLD-30).
    fn persist_timeout(&mut self, context: Context<'_>, interval: Duration) {
        self.tell_fired(context, "persist");
        self.due.window_probe = true;
        let interval = interval.saturating_mul(2).min(MAX_PROBE_INTERVAL);
        self.snd.timer = SendTimer::Persist { at: context.now + interval, interval };
        self.tell_timer(context, "persist", self.snd.timer.deadline());
    }

    fn delayed_ack_timeout(&mut self, context: Context<'_>) {
        if let Ack::Delayed { at } = self.rcv.ack
            && at <= context.now
        {
            self.tell_fired(context, "delayed ACK");
            self.rcv.ack = Ack::Now("delayed ACK: nothing took it along");
        }
    }

    /// The peer has been silent: it is asked, or, asked often enough, given up (MUST-26, MUST-29).
    fn keep_alive_timeout(&mut self, context: Context<'_>) {
        let Some(keep_alive) = self.options.keep_alive else { return };
        if !is_due(self.keep_alive.at, context) {
            return;
        }
        if self.snd.flight_size() > 0 {
            // What is outstanding asks already.
            self.keep_alive.at = Some(context.now + keep_alive.interval);
            return;
        }
        self.tell_fired(context, "keep-alive");
        if self.keep_alive.unanswered >= keep_alive.probes {
            return self.fail(context, Error::TimedOut, "the peer answers no keep-alive probe");
        }
        self.keep_alive.unanswered += 1;
        self.due.keep_alive = true;
        self.keep_alive.at = Some(context.now + keep_alive.interval);
    }

    /// Where nobody is left to close, FIN-WAIT-2 ends by itself.
    pub(crate) fn limit_orphan(&mut self, context: Context<'_>) {
        if self.is_orphan && self.state() == State::FinWait2 {
            self.orphan_until = Some(context.now + ORPHAN_FIN_WAIT_2);
        }
    }
}

fn is_due(at: Option<Instant>, context: Context<'_>) -> bool {
    at.is_some_and(|at| at <= context.now)
}
