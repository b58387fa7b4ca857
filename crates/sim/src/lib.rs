//! Hosts and links in virtual time: the proving ground.
//!
//! A [`World`] holds hosts (anything that is a [`packet::Host`]) and the cables between them.
//! Time is a number: it jumps from one thing that happens to the next, so ten minutes of silence
//! cost nothing. One seed decides all that is random, and the same seed gives the same history,
//! bit for bit, on any machine.
//!
//! ```text
//!                     cable, two links
//!   ┌─────────┐   ┌──────────────────────┐   ┌─────────┐      what happens next:
//!   │         ├──►│ delay, loss, rate... ├──►│         │        1.000  alice's timer
//!   │  alice  │   ├──────────────────────┤   │   bob   │        1.020  a frame reaches bob
//!   │         │◄──┤ delay, loss, rate... │◄──┤         │        1.040  a frame reaches alice
//!   └─────────┘   └──────────────────────┘   └─────────┘        ...
//! ```
//!
//! ```
//! use sim::{Cable, Pinger, PingOptions, World};
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut world = World::new(42);
//! let alice = world.add_host("alice", Pinger::new(PingOptions { count: 5, ..PingOptions::new(
//!     "192.0.2.1".parse()?, "192.0.2.2".parse()?) }));
//! # let secret = stack::Secret::new([world.seed_for("bob"), 0]);
//! # let mut stack = stack::Stack::new(stack::Config::new(secret), world.tracer("bob"));
//! # let capabilities = packet::Capabilities::without_offload(packet::Medium::Ip, 1500);
//! # let config = stack::InterfaceConfig::new("192.0.2.2/24".parse()?, capabilities);
//! # stack.add_interface(packet::Instant::START, config)?;
//! let bob = world.add_host("bob", stack);
//! let delay = Duration::from_millis(20);
//! world.connect(alice, bob, Cable::ip(link::LinkOptions { delay, ..Default::default() }))?;
//!
//! world.run_until_idle(Duration::from_secs(60))?;
//! assert_eq!(world.host(alice).report().answered, 5);
//! assert_eq!(world.now().since_start(), Duration::from_millis(4 * 1000 + 2 * 20));
//! # Ok(())
//! # }
//! ```
//!
//! [`Switch`] joins more than two hosts. [`Pinger`] asks, and knows what the answer must be.
//! [`History`] turns a run into one number that tells whether two runs were the same.

#![forbid(unsafe_code)]

mod agenda;
mod cable;
mod error;
mod history;
mod host_id;
mod pinger;
mod switch;
mod world;

pub use cable::Cable;
pub use error::{AlreadyConnected, Error, Leftovers};
pub use history::History;
pub use host_id::{End, HostId};
pub use pinger::{MAX_DATA_LEN, MAX_REMEMBERED, PingOptions, PingReport, Pinger};
pub use switch::{MAC_ADDRESS_LIFETIME, MAC_TABLE_LIMIT, PORT_QUEUE_LIMIT, Switch, SwitchCounters};
pub use world::{SAME_INSTANT_LIMIT, World};
