//! What can go wrong with a world, and what may be left of it at the end.

use std::fmt;

use packet::{Instant, InterfaceId};

use crate::world::SAME_INSTANT_LIMIT;

/// Why a world did not run to where it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// So much happened in one instant that it would never have ended.
    #[error(
        "time stands still at {at} s: {SAME_INSTANT_LIMIT} things happened in that one instant, \
         the last of them on {host}; a loop of hosts or cables needs a delay somewhere"
    )]
    Stuck {
        /// The instant that did not pass.
        at: Instant,
        /// The host on which the last thing happened.
        host: String,
    },
    /// The world was still busy at the time limit.
    #[error("still busy at {at} s: {leftovers}")]
    NotIdle {
        /// When the limit was reached.
        at: Instant,
        /// What was going on.
        leftovers: Leftovers,
    },
}

/// The interface has a cable already.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interface {} of {host} has a cable already; connect another interface", interface.0)]
pub struct AlreadyConnected {
    /// The host.
    pub host: String,
    /// Its interface.
    pub interface: InterfaceId,
}

/// What is still to come in a world: nothing, once every host is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Frames in each link that has some, with the hosts from which and to which they are.
    pub in_flight: Vec<(String, String, usize)>,
    /// Hosts that wait for a deadline, and when it is.
    pub deadlines: Vec<(String, Instant)>,
}

impl Leftovers {
    /// Whether nothing will happen unless somebody acts on a host.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.in_flight.is_empty() && self.deadlines.is_empty()
    }
}

impl fmt::Display for Leftovers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing is left");
        }
        let frames = self.in_flight.iter().map(|(from, to, count)| {
            let frames = if *count == 1 { "frame" } else { "frames" };
            format!("{count} {frames} from {from} to {to}")
        });
        let waits = self.deadlines.iter().map(|(host, at)| format!("{host} waits until {at} s"));
        f.write_str(&frames.chain(waits).collect::<Vec<_>>().join(", "))
    }
}
