//! Fast retransmit and fast recovery: losses told by duplicate acknowledgments, as NewReno does
//! (RFC 5681, 3.2; RFC 6582), and limited transmit before that (RFC 3042).
//!
//! A receiver acknowledges each segment that comes behind a hole with the number of the hole.
//! Three such duplicates, and the segment at the hole is taken for lost. If the next new
//! acknowledgment does not cover all that was outstanding then, it is partial: there is another
//! hole, and it is right there.
//!
//! ```text
//!   us                                                  peer
//!    │── 1 ──► 2 lost ── 3 ──► 4 lost ── 5 ──► 6 ──►     │
//!    │ ◄──────────────────────────── ACK 2, ACK 2, ACK 2 │   for 1, 3, 5
//!    │ ◄──────────────────────────────────────── ACK 2   │   for 6: the third duplicate
//!    │── 2 ──►    recover = 7                            │   EnterRecovery
//!    │ ◄──────────────────────────────────────── ACK 4   │   PartialAck
//!    │── 4 ──►                                           │
//!    │ ◄──────────────────────────────────────── ACK 7   │   ExitRecovery
//! ```
//!
//! Each duplicate says that a segment has left the network, so one more may enter it. RFC 5681
//! inflates the congestion window by that; here it is kept apart, as the inflation, and the
//! congestion window is what it is called.

use super::{Ack, Action, LossRecovery};
use crate::SequenceNumber;

/// How many duplicate acknowledgments mean that a segment is lost, and not merely late.
pub const DUPLICATE_THRESHOLD: u32 = 3;

/// How many segments limited transmit sends beyond the congestion window: one for each duplicate
/// before the one that counts (RFC 3042, 2).
pub const LIMITED_TRANSMIT_SEGMENTS: u32 = DUPLICATE_THRESHOLD - 1;

/// How many segments an acknowledgment may move SND.UNA on for the duplicates of it to be trusted
/// before all that was resent is acknowledged (RFC 6582, 4.1).
const TRUSTED_STEP: u32 = 4;

/// NewReno's loss recovery.
#[derive(Clone, Debug)]
pub struct FastRecovery {
    phase: Phase,
    /// recover, but one more: behind all that was sent when recovery last began, or the timer
    /// fired. What is before it may have been sent twice, and duplicates come from that as well.
    recover: SequenceNumber,
    /// How many duplicates of the last new acknowledgment came.
    duplicates: u32,
    /// SND.NXT when the first of them came.
    snd_nxt_before: SequenceNumber,
    /// By how much the last new acknowledgment moved SND.UNA on.
    last_step: u32,
    /// See [`LossRecovery::inflation`].
    inflation: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing is known to be lost.
    Open,
    /// Losses are being repaired.
    Recovery {
        /// The most that the inflation may be: what was outstanding when recovery began. A
        /// receiver that sends more duplicates than it can have got segments gains nothing (RFC
        /// 5681, 3.2, on ACK spoofing).
        limit: u32,
        /// Whether a partial acknowledgment has come.
        has_partial_ack: bool,
    },
}

impl FastRecovery {
    /// The loss recovery of a connection whose initial send sequence number is `iss`.
    #[must_use]
    pub const fn new(iss: SequenceNumber) -> Self {
        Self {
            phase: Phase::Open,
            recover: iss,
            duplicates: 0,
            snd_nxt_before: iss,
            last_step: 0,
            inflation: 0,
        }
    }

    fn on_new_ack(&mut self, ack: &Ack) -> Action {
        self.duplicates = 0;
        self.last_step = ack.acknowledged;
        let Phase::Recovery { limit, has_partial_ack } = self.phase else {
            self.inflation = 0;
            // It stays behind SND.UNA from then on, at however many numbers: 2 GiB on it would
            // seem to lie ahead.
            self.recover = SequenceNumber::later_of(self.recover, ack.snd_una - 1);
            return Action::Nothing;
        };
        if ack.snd_una.is_at_or_after(self.recover) {
            self.phase = Phase::Open;
            self.inflation = 0;
            return Action::ExitRecovery;
        }
        self.phase = Phase::Recovery { limit, has_partial_ack: true };
        self.deflate(ack);
        Action::PartialAck { is_first: !has_partial_ack }
    }

    /// What is acknowledged is not outstanding any more, and needs no allowance. The segment that
    /// is now sent again does (RFC 6582, 3.2, step 3).
    fn deflate(&mut self, ack: &Ack) {
        self.inflation = self.inflation.saturating_sub(ack.acknowledged);
        if ack.acknowledged >= ack.smss {
            self.inflate(ack.smss);
        }
    }

    fn on_duplicate(&mut self, ack: &Ack) -> Action {
        if let Phase::Recovery { .. } = self.phase {
            self.inflate(ack.smss);
            return Action::SendNewData;
        }
        self.duplicates = self.duplicates.saturating_add(1);
        if self.duplicates == 1 {
            self.snd_nxt_before = ack.snd_nxt;
        }
        if self.duplicates == DUPLICATE_THRESHOLD && self.is_trusted(ack) {
            return self.enter(ack);
        }
        // Duplicates of what was sent twice say nothing about what has left the network.
        if self.duplicates <= LIMITED_TRANSMIT_SEGMENTS && !ack.snd_una.is_before(self.recover) {
            self.inflation = self.duplicates.saturating_mul(ack.smss);
            return Action::SendNewData;
        }
        Action::Nothing
    }

    /// Whether the duplicates mean a loss, and not segments that we sent once too often.
    ///
    /// They do once something new was acknowledged since we last sent anything again. Before
    /// that, only if the acknowledgment that they repeat was a small step: had they come from
    /// needless retransmissions, it would have leapt over all of those (RFC 6582, 4.1).
    fn is_trusted(&self, ack: &Ack) -> bool {
        let was_small_step = self.last_step <= ack.smss.saturating_mul(TRUSTED_STEP);
        ack.snd_una.is_after(self.recover) || (was_small_step && ack.window > ack.smss)
    }

    fn enter(&mut self, ack: &Ack) -> Action {
        self.recover = ack.snd_nxt;
        let limit = ack.snd_nxt.since(ack.snd_una);
        self.phase = Phase::Recovery { limit, has_partial_ack: false };
        self.inflation = 0;
        self.inflate(ack.smss.saturating_mul(DUPLICATE_THRESHOLD));
        Action::EnterRecovery { flight_size: self.snd_nxt_before.since(ack.snd_una) }
    }

    fn inflate(&mut self, bytes: u32) {
        if let Phase::Recovery { limit, .. } = self.phase {
            self.inflation = self.inflation.saturating_add(bytes).min(limit);
        }
    }
}

impl LossRecovery for FastRecovery {
    fn on_ack(&mut self, ack: &Ack) -> Action {
        if ack.acknowledged > 0 {
            return self.on_new_ack(ack);
        }
        if ack.is_duplicate && ack.snd_nxt != ack.snd_una {
            return self.on_duplicate(ack);
        }
        Action::Nothing
    }

    fn on_retransmission_timeout(&mut self, snd_nxt: SequenceNumber) {
        // RFC 6582, 3.2, step 4.
        self.phase = Phase::Open;
        self.recover = snd_nxt;
        self.duplicates = 0;
        self.inflation = 0;
    }

    fn is_in_recovery(&self) -> bool {
        self.phase != Phase::Open
    }

    fn inflation(&self) -> u32 {
        self.inflation
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence_number::strategies::any_sequence_number;
    use proptest::prelude::*;

    const MSS: u32 = 1000;

    /// A sender that counts in segments, the first of which is number 0.
    struct Sender {
        first: SequenceNumber,
        una: u32,
        nxt: u32,
        window: u32,
        recovery: FastRecovery,
    }

    impl Sender {
        fn new(iss: SequenceNumber) -> Self {
            let recovery = FastRecovery::new(iss);
            Self { first: iss + 1, una: 0, nxt: 0, window: 10, recovery }
        }

        fn sends(&mut self, segments: u32) {
            self.nxt += segments;
        }

        fn hears(&mut self, una: u32, is_duplicate: bool) -> Action {
            let acknowledged = (una - self.una) * MSS;
            self.una = una;
            self.recovery.on_ack(&Ack {
                snd_una: self.first + una * MSS,
                snd_nxt: self.first + self.nxt * MSS,
                acknowledged,
                is_duplicate,
                smss: MSS,
                window: self.window * MSS,
            })
        }

        fn hears_ack(&mut self, una: u32) -> Action {
            self.hears(una, false)
        }

        fn hears_duplicate(&mut self) -> Action {
            self.hears(self.una, true)
        }

        fn hears_duplicates(&mut self, count: u32) {
            for _ in 0..count {
                let _ = self.hears_duplicate();
            }
        }

        fn times_out(&mut self) {
            self.recovery.on_retransmission_timeout(self.first + self.nxt * MSS);
        }

        /// In segments.
        fn inflation(&self) -> u32 {
            assert_eq!(self.recovery.inflation() % MSS, 0);
            self.recovery.inflation() / MSS
        }
    }

    /// Ten segments are outstanding, from number 1 on, and the numbers soon wrap.
    fn ten_outstanding() -> Sender {
        let mut sender = Sender::new(SequenceNumber::new(u32::MAX - 3 * MSS));
        sender.sends(11);
        assert_eq!(sender.hears_ack(1), Action::Nothing);
        sender
    }

    const fn enter(flight_size: u32) -> Action {
        Action::EnterRecovery { flight_size: flight_size * MSS }
    }

    #[test]
    fn the_first_two_duplicates_let_a_new_segment_out_each_and_the_third_retransmits() {
        let mut sender = ten_outstanding();
        for inflation in [1, 2] {
            assert_eq!(sender.hears_duplicate(), Action::SendNewData);
            assert_eq!(sender.inflation(), inflation);
            sender.sends(1);
        }
        assert_eq!(sender.hears_duplicate(), enter(10), "limited transmit is not counted");
        assert_eq!(sender.inflation(), 3);
        assert!(sender.recovery.is_in_recovery());
    }

    #[test]
    fn after_2_gib_without_a_loss_duplicates_still_mean_one() {
        let mut sender = Sender::new(SequenceNumber::new(7));
        for acknowledged in 1..=25 {
            sender.sends(100_000);
            assert_eq!(sender.hears_ack(acknowledged * 100_000), Action::Nothing);
        }
        sender.sends(10);
        sender.hears_duplicates(2);
        assert_eq!(sender.inflation(), 2);
        assert_eq!(sender.hears_duplicate(), enter(10));
    }

    #[test]
    fn what_is_late_is_not_lost() {
        let mut sender = ten_outstanding();
        sender.hears_duplicates(2);
        assert_eq!(sender.hears_ack(4), Action::Nothing);
        assert_eq!(sender.inflation(), 0);
        sender.hears_duplicates(2);
        assert!(!sender.recovery.is_in_recovery());
    }

    #[test]
    fn an_acknowledgment_that_is_neither_new_nor_a_duplicate_counts_for_nothing() {
        let mut sender = ten_outstanding();
        sender.hears_duplicates(2);
        assert_eq!(sender.hears_ack(1), Action::Nothing, "a window update");
        assert_eq!(sender.inflation(), 2);
        assert_eq!(sender.hears_duplicate(), enter(10));

        let mut sender = ten_outstanding();
        assert_eq!(sender.hears_ack(11), Action::Nothing);
        sender.hears_duplicates(5);
        assert_eq!((sender.inflation(), sender.recovery.is_in_recovery()), (0, false));
    }

    #[test]
    fn two_losses_in_one_window_are_repaired_one_after_the_other() {
        let mut sender = ten_outstanding();
        // 1 and 5 are lost.
        sender.hears_duplicates(3);
        for inflation in 4..=8 {
            assert_eq!(sender.hears_duplicate(), Action::SendNewData);
            assert_eq!(sender.inflation(), inflation);
        }
        assert_eq!(sender.hears_ack(5), Action::PartialAck { is_first: true });
        assert_eq!(sender.inflation(), 5, "8, less the 4 acknowledged, and the one sent again");
        assert_eq!(sender.hears_ack(11), Action::ExitRecovery);
        assert_eq!((sender.inflation(), sender.recovery.is_in_recovery()), (0, false));
    }

    #[test]
    fn only_the_first_partial_acknowledgment_sets_the_timer_anew() {
        let mut sender = ten_outstanding();
        sender.hears_duplicates(3);
        for (una, is_first) in [(2, true), (4, false), (9, false)] {
            assert_eq!(sender.hears_ack(una), Action::PartialAck { is_first });
        }
        assert_eq!(sender.hears_ack(11), Action::ExitRecovery);
    }

    #[test]
    fn recovery_ends_with_what_was_outstanding_when_it_began() {
        let mut sender = ten_outstanding();
        sender.hears_duplicates(2);
        sender.sends(2);
        sender.hears_duplicates(1);
        sender.sends(4);
        assert_eq!(sender.hears_ack(12), Action::PartialAck { is_first: true });
        assert_eq!(sender.hears_ack(13), Action::ExitRecovery);
    }

    #[test]
    fn a_timeout_ends_recovery() {
        let mut sender = ten_outstanding();
        sender.hears_duplicates(5);
        assert!(sender.recovery.is_in_recovery());
        sender.times_out();
        assert_eq!((sender.inflation(), sender.recovery.is_in_recovery()), (0, false));
    }

    #[test]
    fn duplicates_of_what_was_sent_twice_start_no_second_recovery() {
        let mut sender = ten_outstanding();
        sender.hears_duplicates(3);
        sender.sends(4);
        assert_eq!(sender.hears_ack(11), Action::ExitRecovery);
        sender.hears_duplicates(4);
        assert_eq!((sender.inflation(), sender.recovery.is_in_recovery()), (2, false));
        assert_eq!(sender.hears_ack(12), Action::Nothing);
        sender.hears_duplicates(2);
        assert_eq!(sender.hears_duplicate(), enter(3));
    }

    #[test]
    fn duplicates_after_a_small_step_are_believed() {
        let mut sender = ten_outstanding();
        sender.hears_duplicates(3);
        assert_eq!(sender.hears_ack(8), Action::PartialAck { is_first: true });
        sender.sends(4);
        assert_eq!(sender.hears_ack(11), Action::ExitRecovery);
        sender.hears_duplicates(2);
        assert_eq!(sender.hears_duplicate(), enter(4));
    }

    #[test]
    fn after_a_timeout_duplicates_are_of_what_is_sent_again() {
        let mut sender = ten_outstanding();
        sender.hears_duplicates(1);
        sender.times_out();
        assert_eq!((sender.inflation(), sender.recovery.is_in_recovery()), (0, false));
        sender.window = 1;
        sender.hears_duplicates(5);
        assert_eq!((sender.inflation(), sender.recovery.is_in_recovery()), (0, false));

        sender.window = 2;
        assert_eq!(sender.hears_ack(7), Action::Nothing, "a leap: the rest had arrived");
        sender.hears_duplicates(5);
        assert!(!sender.recovery.is_in_recovery());

        sender.sends(5);
        assert_eq!(sender.hears_ack(12), Action::Nothing, "past what was sent again");
        sender.hears_duplicates(2);
        assert_eq!(sender.hears_duplicate(), enter(4));
    }

    #[test]
    fn a_flood_of_duplicates_inflates_by_no_more_than_was_outstanding() {
        let mut sender = ten_outstanding();
        sender.hears_duplicates(3);
        sender.sends(100);
        sender.hears_duplicates(10_000);
        assert_eq!(sender.inflation(), 10);
    }

    proptest! {
        /// A sender, and a receiver that lost some segments once: each hole is filled by exactly
        /// one retransmission, and none goes to what had arrived.
        #[test]
        fn each_lost_segment_is_sent_again_once_and_no_other(
            iss in any_sequence_number(), lost in prop::collection::vec(any::<bool>(), 7..60)
        ) {
            let mut lost = lost;
            let count = u32::try_from(lost.len()).unwrap();
            // The last three arrive, so that there are duplicates enough.
            let len = lost.len();
            lost[len - 3..].fill(false);
            let first_hole = lost.iter().position(|&is_lost| is_lost);
            let mut sender = Sender::new(iss);
            sender.sends(count);
            let cumulative = |lost: &[bool]| {
                u32::try_from(lost.iter().position(|&is_lost| is_lost).unwrap_or(len)).unwrap()
            };
            let mut resent = Vec::new();
            if let Some(hole) = first_hole {
                if hole > 0 { prop_assert_eq!(sender.hears_ack(cumulative(&lost)), Action::Nothing); }
                let duplicates = lost[hole..].iter().filter(|&&is_lost| !is_lost).count();
                for _ in 0..duplicates {
                    if let Action::EnterRecovery { .. } = sender.hears_duplicate() {
                        resent.push(sender.una);
                    }
                }
            }
            let expected: Vec<u32> =
                (0..count).filter(|&segment| lost[usize::try_from(segment).unwrap()]).collect();
            let mut exits = 0;
            while let Some(&segment) = resent.last() {
                lost[usize::try_from(segment).unwrap()] = false;
                match sender.hears_ack(cumulative(&lost)) {
                    Action::PartialAck { .. } => resent.push(sender.una),
                    action => {
                        prop_assert_eq!(action, Action::ExitRecovery);
                        exits += 1;
                        break;
                    }
                }
            }
            prop_assert_eq!(&resent, &expected);
            prop_assert_eq!(exits, usize::from(!expected.is_empty()));
            prop_assert_eq!(sender.inflation(), 0);
        }

        /// Whatever comes, the allowance stays within what the sender had outstanding.
        #[test]
        fn the_inflation_is_bounded_whatever_happens(
            iss in any_sequence_number(),
            steps in prop::collection::vec((0u32..4, 0u32..3, any::<bool>()), 0..300)
        ) {
            let mut sender = Sender::new(iss);
            let mut most = 0;
            for (kind, amount, flag) in steps {
                match kind {
                    0 => sender.sends(amount),
                    1 => {
                        let _ = sender.hears_ack((sender.una + amount).min(sender.nxt));
                    }
                    2 => sender.hears_duplicates(amount),
                    _ if flag => sender.times_out(),
                    _ => {}
                }
                most = most.max(sender.nxt - sender.una);
                prop_assert!(sender.inflation() <= most.max(LIMITED_TRANSMIT_SEGMENTS));
            }
        }
    }
}
