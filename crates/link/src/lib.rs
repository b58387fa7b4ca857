//! A link with the faults of real ones: delay, a bounded rate, loss, duplication, reordering,
//! corruption.
//!
//! [`Link`] is one direction of a link, a pure state machine in the time that it is handed. The
//! simulator joins hosts with it; [`Impaired`] puts one into each direction of a real device.
//! The vocabulary is that of the Linux network emulator, tc-netem(8), without its need for
//! a kernel module.
//!
//! ```text
//!   send ──► MTU ──► loss ──► queue, rate ──► corruption, duplication ──► path ──► deliver
//!             │        │        │                                          │
//!             ▼        ▼        ▼                               delay, jitter, reordering
//!         too long    lost   queue full
//! ```
//!
//! One seed decides everything that is random. The same seed, options, frames and times give the
//! same history, bit for bit, on any machine. Each kind of fault draws from a random stream of
//! its own, one number for each frame, so that changing one option leaves the decisions of the
//! others as they were ([`Link`] says more).

#![forbid(unsafe_code)]

mod counters;
mod delay;
mod flight;
mod impaired;
mod link;
mod loss;
mod options;
mod parse;
mod percentage;
mod random;
mod rate;
mod transmitter;

pub use counters::Counters;
pub use delay::Delay;
pub use flight::MAX_IN_FLIGHT;
pub use impaired::{Impaired, READ_BUDGET, RETRY_AFTER};
pub use link::Link;
pub use loss::{GilbertElliott, Loss};
pub use options::{DEFAULT_REORDER_HOLD, LinkOptions, QueueLimit};
pub use parse::ParseError;
pub use percentage::Percentage;
pub use random::split_seed;
pub use rate::Rate;
