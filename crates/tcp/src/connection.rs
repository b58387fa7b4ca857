//! A connection: what RFC 9293, 3.3.1, calls the transmission control block.
//!
//! It is a machine that three kinds of things move: the application's calls (`calls.rs`),
//! segments that arrive (`segment_arrives/`), and time that passes (`timeouts.rs`). What leaves
//! because of them is found in `output.rs`. Nothing else changes it.

use std::time::Duration;

use packet::Instant;
use trace::Tracer;

use crate::challenge_ack::LastChallengeAck;
use crate::congestion::Start;
use crate::cork::Cork;
use crate::options::{ConnectionOptions, KeepAlive};
use crate::receive_buffer::ReceiveBuffer;
use crate::receiver::{Ack, Receiver};
use crate::rtt_estimator::RttEstimator;
use crate::send_buffer::SendBuffer;
use crate::sender::{Fin, SendTimer, Sender};
use crate::tuning::Tuning;
use crate::urgent::UrgentByte;
use crate::{Error, SequenceNumber, SocketPair, State, Statistics};

/// 2 MSL: how long TIME-WAIT lasts. RFC 9293, 3.4.2, takes two minutes for the longest life of a
/// segment and leaves it to the engineer; networks of today forget within half a minute.
pub const TIME_WAIT_TIME: Duration = Duration::from_secs(60);

/// A connection and all that belongs to it.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) pair: SocketPair,
    /// Changed by [`Connection::enter`] alone.
    state: State,
    /// Who asked for the connection (MUST-11).
    pub(crate) origin: Origin,
    pub(crate) snd: Sender,
    pub(crate) rcv: Receiver,
    /// What both sides agreed on when they opened.
    pub(crate) agreed: Agreed,
    /// The largest segment that IP sends there, in bytes.
    pub(crate) send_limit: u16,
    /// What our timestamp clock is shifted by.
    pub(crate) timestamp_offset: u32,
    pub(crate) options: ConnectionOptions,
    /// What is to leave beside data and acknowledgments.
    pub(crate) due: DueSegment,
    /// When the peer was last heard.
    pub(crate) last_heard: Instant,
    pub(crate) keep_alive: KeepAliveState,
    /// When FIN-WAIT-2 is over that nobody waits in: the application has let go.
    pub(crate) orphan_until: Option<Instant>,
    /// Why the connection is no more, if it did not end in peace.
    pub(crate) failure: Option<Error>,
    /// What the network reported and may pass by itself (MUST-56, SHLD-25).
    pub(crate) soft_error: Option<Error>,
    /// The failure, until the application has been told.
    pub(crate) untold_failure: Option<Error>,
    /// The application has let go: nobody reads any more.
    pub(crate) is_orphan: bool,
    /// The application reads no more, and throws away what comes.
    pub(crate) is_receiving_shut: bool,
    /// The application has let go, and waits to hear what becomes of what it sent.
    pub(crate) is_lingering: bool,
    /// When it waits no longer.
    pub(crate) linger_until: Option<Instant>,
    /// What went each way.
    pub(crate) statistics: Statistics,
    /// When the peer was last asked by a challenge ACK what it meant.
    pub(crate) last_challenge: LastChallengeAck,
    /// When it was last told that what is sent gets through.
    pub(crate) path_worked: Instant,
    /// What the application has not been told yet.
    pub(crate) news: News,
}

/// What has changed that an application may wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// There is something to read, or the end of it.
    pub(crate) readable: bool,
    /// There is room to send again.
    pub(crate) writable: bool,
    /// The peer has something urgent, or more of it (MUST-32).
    pub(crate) urgent: bool,
    /// The connection is established, or no more; or the network reported something.
    pub(crate) state: bool,
    /// What leaves is not acknowledged, and was sent again as often as R1 says.
    pub(crate) path_is_doubtful: bool,
    /// New data was acknowledged, and that was not told within a second.
    pub(crate) path_works: bool,
}

/// Who asked for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// We did, by a call.
    Active,
    /// The peer did, of a listener here.
    Passive,
}

/// What both sides said with their SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// SendMSS: the largest segment that the peer takes, in bytes (MUST-15: 536 if it says
    /// nothing).
    pub(crate) send_mss: u16,
    /// Whether windows are scaled. Both must have offered it.
    pub(crate) window_scale: bool,
    /// The timestamps, if both offered them (RFC 7323, 3).
    pub(crate) timestamps: Option<Timestamps>,
}

/// The state of the timestamps option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timestamps {
    /// TS.Recent: the value to be echoed.
    pub(crate) recent: u32,
    /// When TS.Recent was set.
    pub(crate) recent_at: Instant,
}

/// A segment that is neither data nor a mere acknowledgment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DueSegment {
    /// Our SYN, with an acknowledgment where the peer's has come.
    pub(crate) syn: bool,
    /// A probe of a window that is closed.
    pub(crate) window_probe: bool,
    /// A probe whether the peer is still there.
    pub(crate) keep_alive: bool,
    /// The end, at once: an RST that the application asked for.
    pub(crate) reset: bool,
}

/// How far keep-alive has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeepAliveState {
    /// When the next probe is due, where keep-alive is on.
    pub(crate) at: Option<Instant>,
    /// How many probes were not answered.
    pub(crate) unanswered: u32,
}

/// What the moment is, and who listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) now: Instant,
    pub(crate) tracer: &'a Tracer,
    /// Whether buffers may grow: all together have not been granted too much.
    pub(crate) may_grow: bool,
}

/// What a connection begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    pub(crate) pair: SocketPair,
    pub(crate) iss: SequenceNumber,
    /// The largest segment that we take, in bytes (MUST-67).
    pub(crate) receive_mss: u16,
    /// The largest that IP sends there, in bytes: MMS_S less TCP's header (MUST-16).
    pub(crate) send_limit: u16,
    /// What our timestamp clock is shifted by, so that no two connections show the same.
    pub(crate) timestamp_offset: u32,
}

impl Connection {
    /// A connection of which nothing is known of the peer.
    pub(crate) fn new(
        now: Instant,
        opening: Opening,
        origin: Origin,
        state: State,
        options: ConnectionOptions,
    ) -> Self {
        let Opening { pair, iss, receive_mss, send_limit, timestamp_offset } = opening;
        let irs = SequenceNumber::new(0);
        let mss = u32::from(DEFAULT_SEND_MSS);
        let snd = Sender {
            iss,
            una: iss,
            syn_is_acknowledged: false,
            nxt: iss,
            wnd: 0,
            wl1: irs,
            wl2: iss,
            up: None,
            max_wnd: 0,
            wind_shift: 0,
            mss,
            buffer: SendBuffer::new(options.send_buffer.initial()),
            fin: Fin::NotAsked,
            resend: None,
            fast_retransmit: false,
            congestion: options.congestion.make(&Start {
                now,
                smss: mss,
                is_syn_retransmitted: false,
            }),
            recovery: options.recovery(iss),
            rtt: RttEstimator::new(options.min_rto),
            timed: None,
            timer: SendTimer::Off,
            waiting_since: None,
            attempts: 0,
            last_sent: now,
            syn_was_lost: false,
            is_limited_by_network: false,
            cork: Cork::default(),
        };
        let rcv = Receiver {
            irs,
            nxt: irs,
            edge: irs,
            widest: 0,
            up: None,
            urgent_byte: UrgentByte::None,
            wind_shift: options.window_shift(),
            mss: receive_mss.into(),
            full_segment: receive_mss.min(DEFAULT_SEND_MSS).into(),
            tuning: Tuning::new(now),
            buffer: ReceiveBuffer::new(options.receive_buffer.initial()),
            fin: None,
            ack: Ack::NotOwed,
            is_quick: options.quick_ack,
            unacknowledged: 0,
            last_ack_sent: irs,
        };
        Self {
            pair,
            state,
            origin,
            snd,
            rcv,
            agreed: Agreed { send_mss: DEFAULT_SEND_MSS, window_scale: false, timestamps: None },
            send_limit,
            timestamp_offset,
            options,
            due: DueSegment::default(),
            last_heard: now,
            keep_alive: KeepAliveState { at: None, unanswered: 0 },
            orphan_until: None,
            failure: None,
            soft_error: None,
            untold_failure: None,
            is_orphan: false,
            is_receiving_shut: false,
            is_lingering: false,
            linger_until: None,
            statistics: Statistics::default(),
            last_challenge: LastChallengeAck::default(),
            path_worked: Instant::START,
            news: News::default(),
        }
    }

    pub(crate) const fn state(&self) -> State {
        self.state
    }

    /// The one place where the state changes.
    pub(crate) fn enter(&mut self, context: Context<'_>, to: State, cause: &'static str) {
        let from = std::mem::replace(&mut self.state, to);
        self.news.state = true;
        self.tell_change(context, from, cause);
    }

    /// Both SYNs are acknowledged: from here on data goes, by what both sides agreed on.
    pub(crate) fn begin_data(&mut self, context: Context<'_>) {
        self.snd.congestion = self.options.congestion.make(&Start {
            now: context.now,
            smss: self.snd.mss,
            is_syn_retransmitted: self.snd.syn_was_lost,
        });
        if self.snd.syn_was_lost {
            self.snd.rtt.begin_after_lost_syn();
        }
        self.restart_keep_alive(context.now);
    }

    /// Ends the connection, and tells the application why if it asks.
    pub(crate) fn fail(&mut self, context: Context<'_>, error: Error, cause: &'static str) {
        self.set_failure(error);
        self.end(context, cause);
    }

    /// Why the connection is no more; it is told once.
    pub(crate) const fn set_failure(&mut self, error: Error) {
        self.failure = Some(error);
        self.untold_failure = Some(error);
    }

    /// Ends the connection: what waits to leave is lost, what came can still be read.
    pub(crate) fn end(&mut self, context: Context<'_>, cause: &'static str) {
        self.snd.timer = SendTimer::Off;
        self.snd.waiting_since = None;
        self.rcv.ack = Ack::NotOwed;
        self.due = DueSegment::default();
        self.keep_alive.at = None;
        self.orphan_until = None;
        self.linger_until = None;
        self.snd.cork = Cork::default();
        self.fall_back();
        self.enter(context, State::Closed, cause);
    }

    /// TIME-WAIT begins: nothing is left to be done here, and `time_wait.rs` answers for it.
    pub(crate) fn enter_time_wait(&mut self, context: Context<'_>, cause: &'static str) {
        self.snd.timer = SendTimer::Off;
        self.snd.waiting_since = None;
        self.due = DueSegment::default();
        self.keep_alive.at = None;
        self.orphan_until = None;
        self.fall_back();
        self.tell_timer(context, "TIME-WAIT", Some(context.now + TIME_WAIT_TIME));
        self.enter(context, State::TimeWait, cause);
    }

    /// When something is next to be done, if nothing happens before.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let timers = [
            self.snd.timer.deadline(),
            self.rcv.ack.deadline(),
            self.keep_alive.at,
            self.orphan_until,
            self.linger_until,
            self.snd.cork.until,
            self.give_up_at(),
        ];
        timers.into_iter().flatten().min()
    }

    /// When what is outstanding has waited too long: R2, or the user timeout (MUST-20, MUST-21).
    pub(crate) fn give_up_at(&self) -> Option<Instant> {
        let limit = match (self.state, self.options.user_timeout) {
            (_, Some(user_timeout)) => user_timeout,
            (State::SynSent | State::SynReceived, None) => SYN_GIVE_UP,
            (_, None) => GIVE_UP,
        };
        self.snd.waiting_since.map(|since| since + limit)
    }

    /// Sets keep-alive's timer anew, since the peer was heard or something was sent.
    pub(crate) fn restart_keep_alive(&mut self, now: Instant) {
        self.keep_alive.unanswered = 0;
        let is_open = self.state.is_synchronized() && self.state != State::TimeWait;
        let KeepAlive { idle, .. } = self.options.keep_alive.unwrap_or_default();
        self.keep_alive.at = (is_open && self.options.keep_alive.is_some()).then(|| now + idle);
    }
}

/// How long TS.Recent counts: longer than that, and the timestamp clock itself may have gone round
/// (RFC 7323, 5.5).
pub(crate) const TIMESTAMP_LIFETIME: Duration = Duration::from_secs(24 * 24 * 60 * 60);

/// SendMSS where the peer says nothing (MUST-15; RFC 9293, 3.7.1).
pub(crate) const DEFAULT_SEND_MSS: u16 = 536;

/// R2 for data: how long anything is sent again before the connection is given up. SHLD-11 asks
/// for 100 s or more; Linux takes about as long as this.
pub const GIVE_UP: Duration = Duration::from_secs(15 * 60);

/// R2 for a SYN (MUST-23: three minutes at least).
pub const SYN_GIVE_UP: Duration = Duration::from_secs(190);

/// A timestamp clock in milliseconds, shifted by `offset`. It never shows zero.
pub(crate) fn timestamp(now: Instant, offset: u32) -> u32 {
    let [a, b, c, d, ..] = now.since_start().as_millis().to_le_bytes();
    u32::from_le_bytes([a, b, c, d]).wrapping_add(offset).max(1)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::net::SocketAddr;

    /// A connection on which nothing was sent yet.
    pub(crate) fn established() -> Connection {
        let end = |last| SocketAddr::from(([192, 0, 2, last], 7));
        let opening = Opening {
            pair: SocketPair { local: end(2), remote: end(1) },
            iss: SequenceNumber::new(1),
            receive_mss: 1460,
            send_limit: 1460,
            timestamp_offset: 0,
        };
        let (state, options) = (State::Established, ConnectionOptions::default());
        Connection::new(Instant::START, opening, Origin::Active, state, options)
    }

    #[test]
    fn an_idle_connection_is_small() {
        assert!(size_of::<Connection>() <= 1400, "{} bytes", size_of::<Connection>());
        let connection = established();
        let buffers = [connection.snd.buffer.allocated(), connection.rcv.buffer.allocated()];
        assert_eq!(buffers, [0, 0], "they come with the bytes");
    }
}
