//! What can be set.

use std::time::Duration;

use crate::Defence;

/// What can be set about ARP on one interface (ARP-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How long a neighbour counts as reachable after it was last heard to be. Later it is asked
    /// again, as soon as there is a packet for it.
    pub reachable_time: Duration,
    /// How long a neighbour is remembered beyond that if there is no packet for it.
    pub stale_time: Duration,
    /// Whether our address is probed and announced before it is used, and then defended
    /// (ARP-9). With `None` it is used from the start, and left to whoever else claims it.
    pub claim: Option<Defence>,
}

/// Half a minute reachable (RFC 4861's REACHABLE_TIME), a minute stale (as on Linux), no claim.
impl Default for Config {
    fn default() -> Self {
        Self {
            reachable_time: Duration::from_secs(30),
            stale_time: Duration::from_secs(60),
            claim: None,
        }
    }
}
