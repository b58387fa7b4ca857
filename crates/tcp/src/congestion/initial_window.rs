//! The initial window: how much may be sent before the first acknowledgment comes.

use super::Start;

/// How large the initial window is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitialWindow {
    /// Ten segments, as about all stacks do (RFC 6928, 2).
    #[default]
    Rfc6928,
    /// Two to four segments, depending on their size: the upper bound of the standard proper
    /// (RFC 5681, 3.1).
    Rfc5681,
    /// So many segments; 0 counts as 1.
    Segments(u32),
}

impl InitialWindow {
    /// The window in bytes. One segment if the SYN was lost, whatever else is asked for (RFC
    /// 5681, 3.1).
    #[must_use]
    pub fn bytes(self, start: &Start) -> u32 {
        if start.is_syn_retransmitted { start.smss } else { self.undisturbed(start.smss) }
    }

    /// The window in bytes if nothing was lost.
    fn undisturbed(self, smss: u32) -> u32 {
        match self {
            Self::Rfc6928 => smss.saturating_mul(10).min(smss.saturating_mul(2).max(14_600)),
            Self::Rfc5681 if smss > 2190 => smss.saturating_mul(2),
            Self::Rfc5681 if smss > 1095 => smss.saturating_mul(3),
            Self::Rfc5681 => smss.saturating_mul(4),
            Self::Segments(segments) => smss.saturating_mul(segments.max(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use packet::Instant;

    fn bytes(initial_window: InitialWindow, smss: u32) -> u32 {
        let start = Start { now: Instant::START, smss, is_syn_retransmitted: false };
        initial_window.bytes(&start)
    }

    #[test]
    fn ten_segments_but_not_of_jumbo_frames() {
        let sizes = [(536, 5360), (1460, 14_600), (7000, 14_600), (8960, 17_920)];
        for (smss, expected) in sizes {
            assert_eq!(bytes(InitialWindow::Rfc6928, smss), expected);
        }
    }

    #[test]
    fn two_to_four_segments_by_their_size() {
        let sizes = [(1095, 4380), (1096, 3288), (2190, 6570), (2191, 4382)];
        for (smss, expected) in sizes {
            assert_eq!(bytes(InitialWindow::Rfc5681, smss), expected);
        }
    }

    #[test]
    fn as_many_segments_as_are_asked_for() {
        assert_eq!(bytes(InitialWindow::Segments(32), 1000), 32_000);
        assert_eq!(bytes(InitialWindow::Segments(0), 1000), 1000);
    }

    #[test]
    fn one_segment_after_a_lost_syn() {
        let start = Start { now: Instant::START, smss: 1460, is_syn_retransmitted: true };
        for window in [InitialWindow::Rfc6928, InitialWindow::Rfc5681, InitialWindow::Segments(9)] {
            assert_eq!(window.bytes(&start), 1460);
        }
    }
}
