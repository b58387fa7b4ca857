//! What became of the frames.

/// What a link did with the frames that it was given, in frames.
///
/// No frame goes missing: `sent + duplicated` is always `delivered + lost + queue_full +
/// too_long` and those still under way ([`Link::in_flight`](crate::Link::in_flight)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Given to the link.
    pub sent: u64,
    /// Given out at the other end.
    pub delivered: u64,
    /// Lost on the way.
    pub lost: u64,
    /// Dropped because the queue was full.
    pub queue_full: u64,
    /// Dropped because they were longer than the MTU.
    pub too_long: u64,
    /// Followed by a copy.
    pub duplicated: u64,
    /// Held back.
    pub reordered: u64,
    /// Changed in one bit.
    pub corrupted: u64,
}

impl Counters {
    /// Every counter with its name, in the order of the fields.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        // Without `..`, so that a new counter cannot be forgotten here.
        let Self { sent, delivered, lost, queue_full, too_long, duplicated, reordered, corrupted } =
            *self;
        [
            ("sent", sent),
            ("delivered", delivered),
            ("lost", lost),
            ("queue_full", queue_full),
            ("too_long", too_long),
            ("duplicated", duplicated),
            ("reordered", reordered),
            ("corrupted", corrupted),
        ]
        .into_iter()
    }
}
