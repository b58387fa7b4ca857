//! What a link is like.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::parse::ParseError;
use crate::{Loss, Percentage, Rate};

/// How much later than the others a reordered frame arrives, unless told otherwise.
pub const DEFAULT_REORDER_HOLD: Duration = Duration::from_millis(10);

/// What one direction of a link is like. The default is perfect: every frame arrives once, whole,
/// in order and at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkOptions {
    /// How long each frame is on the path, after it was sent at the link's rate.
    pub delay: Duration,
    /// By how much more or less than `delay` that is, evenly distributed (tc-netem(8) prefers
    /// a normal distribution). No frame arrives before it was sent: a delay below zero is zero.
    ///
    /// Each frame has a jitter of its own, so jitter reorders frames that follow each other more
    /// closely, as it does in netem.
    pub jitter: Duration,
    /// How fast frames are sent. `None` is without bound, and so without a queue.
    pub rate: Option<Rate>,
    /// How much may wait while another frame is being sent; what comes then is dropped.
    pub queue: QueueLimit,
    /// Which frames are lost.
    pub loss: Loss,
    /// How often a frame is followed by a copy of itself. The copy takes its turn in the queue
    /// and shares every other fate of the frame.
    pub duplicate: Percentage,
    /// How often a frame is held back so that later ones overtake it.
    pub reorder: Percentage,
    /// For how much longer than the others a reordered frame is on the path.
    pub reorder_hold: Duration,
    /// How often one bit of a frame is changed. Each bit of the frame is as likely.
    pub corrupt: Percentage,
    /// Longest frame in bytes, its first header included; longer ones are lost. `None` is
    /// without bound.
    pub mtu: Option<usize>,
}

impl LinkOptions {
    /// A link without any fault.
    pub const PERFECT: Self = Self {
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        rate: None,
        queue: QueueLimit::DEFAULT,
        loss: Loss::NONE,
        duplicate: Percentage::ZERO,
        reorder: Percentage::ZERO,
        reorder_hold: DEFAULT_REORDER_HOLD,
        corrupt: Percentage::ZERO,
        mtu: None,
    };

    /// Whether frames pass as if there were no link.
    #[must_use]
    pub fn is_perfect(&self) -> bool {
        // The queue and the hold mean nothing without a rate and without reordering.
        let Self { queue, reorder_hold, .. } = *self;
        *self == Self { queue, reorder_hold, ..Self::PERFECT }
    }
}

impl Default for LinkOptions {
    fn default() -> Self {
        Self::PERFECT
    }
}

/// How much may wait in front of a link. Written `100packets` or `64000bytes`.
///
/// The frame that is being sent does not wait, so an idle link takes any frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueLimit {
    /// So many frames.
    Packets(usize),
    /// Frames of so many bytes together.
    Bytes(usize),
}

impl QueueLimit {
    /// As netem's, and as long as the transmit queue of a Linux Ethernet device.
    pub const DEFAULT: Self = Self::Packets(1000);
}

impl Default for QueueLimit {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl FromStr for QueueLimit {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let lower = text.to_ascii_lowercase();
        let limit = if let Some(packets) = lower.strip_suffix("packets") {
            packets.parse().map(Self::Packets)
        } else {
            lower.strip_suffix("bytes").unwrap_or_default().parse().map(Self::Bytes)
        };
        limit.map_err(|_| ParseError::NotQueueLimit(text.to_owned()))
    }
}

impl fmt::Display for QueueLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packets(packets) => f.pad(&format!("{packets}packets")),
            Self::Bytes(bytes) => f.pad(&format!("{bytes}bytes")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_limit_is_written_with_its_unit() {
        for (text, limit) in
            [("100packets", QueueLimit::Packets(100)), ("64000bytes", QueueLimit::Bytes(64_000))]
        {
            assert_eq!(text.parse(), Ok(limit));
            assert_eq!(limit.to_string(), text);
        }
        for wrong in ["", "100", "packets", "1.5packets", "64kb"] {
            assert_eq!(
                wrong.parse::<QueueLimit>(),
                Err(ParseError::NotQueueLimit(wrong.to_owned()))
            );
        }
    }

    #[test]
    fn an_option_that_does_nothing_by_itself_leaves_the_link_perfect() {
        let mut options = LinkOptions { queue: QueueLimit::Packets(1), ..LinkOptions::default() };
        assert!(options.is_perfect());
        options.mtu = Some(1500);
        assert!(!options.is_perfect());
    }
}
