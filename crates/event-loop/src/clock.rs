//! The clock that the rest of the project does without.

use packet::Instant;

/// The monotonic clock, counted from its start.
pub(crate) struct Clock {
    start: std::time::Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: std::time::Instant::now() }
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::at(self.start.elapsed())
    }
}
