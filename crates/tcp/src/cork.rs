//! Cork: the application says that more is to come, so what does not fill a segment waits for it.
//!
//! Nagle's algorithm holds a small segment back while others are under way; a cork does so in
//! any case, until it is drawn, until the application closes, or until [`CORK_CEILING`] is over.
//! Linux has it as `TCP_CORK`, other systems as `TCP_NOPUSH`.

use std::time::Duration;

use packet::Instant;

use crate::SequenceNumber;
use crate::connection::{Connection, Context};

/// How long a cork holds anything back at most. An application that forgets to draw it loses time,
/// and no byte (MUST-60).
pub const CORK_CEILING: Duration = Duration::from_millis(200);

/// What a cork holds back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cork {
    /// When what it holds back leaves all the same.
    pub(crate) until: Option<Instant>,
    /// Up to here everything has waited long enough.
    released: Option<SequenceNumber>,
}

impl Connection {
    /// Something was given that may not fill a segment.
    pub(crate) fn start_cork(&mut self, now: Instant) {
        if self.options.cork && !self.snd.has_closed() {
            self.snd.cork.until.get_or_insert(now + CORK_CEILING);
        }
    }

    /// Whether a segment that ends with `end`, and is not full, waits for more.
    pub(crate) fn cork_holds(&self, end: SequenceNumber) -> bool {
        let is_released = |released: SequenceNumber| end.is_at_or_before(released);
        self.options.cork
            && !self.snd.has_closed()
            && !self.snd.cork.released.is_some_and(is_released)
    }

    /// Everything up to `end` has left.
    pub(crate) fn corked_text_has_left(&mut self, end: SequenceNumber) {
        if end == self.snd.data_end() {
            self.snd.cork = Cork::default();
        }
    }

    /// The ceiling is reached: what waits, leaves.
    pub(crate) fn cork_timeout(&mut self, context: Context<'_>) {
        if self.snd.cork.until.is_some_and(|until| until <= context.now) {
            self.tell_fired(context, "cork");
            self.snd.cork = Cork { until: None, released: Some(self.snd.data_end()) };
        }
    }
}
