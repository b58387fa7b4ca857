//! What runs on the sockets: the small services that every host once had.
//!
//! | service | port | RFC | answers a datagram with |
//! | --- | --- | --- | --- |
//! | [`Echo`] | 7 | 862 | what came |
//! | [`Discard`] | 9 | 863 | nothing |
//! | [`Daytime`] | 13 | 867 | date and time |
//! | [`Chargen`] | 19 | 864 | up to 512 characters |
//!
//! A service is a [`DatagramService`]: a request goes in, an answer comes out. It knows no socket
//! and no clock. A [`DatagramServer`] carries both between the service and its
//! [`DatagramSocket`], and decides who gets no answer ([`Guard`]).
//!
//! ```text
//!                 receive ┌────────────────┐ request  ┌─────────────────┐
//!   DatagramSocket ─────► │ DatagramServer │ ───────► │ DatagramService │
//!                  ◄───── │     Guard      │ ◄─────── │ Echo, Chargen   │
//!                    send └────────────────┘   answer └─────────────────┘
//! ```
//!
//! The same services go over TCP too. A connection has no requests, only a beginning, bytes and
//! an end, so it will have a trait of its own; what a service says (the characters, the date) is
//! the same in both.
//!
//! Who offers these services to strangers lends them a hand: an answer can be longer than its
//! request, and goes to whoever the request claims to come from. They are for learning and for
//! testing, behind a device of your own.

#![forbid(unsafe_code)]

mod calendar;
mod chargen;
mod daytime;
mod discard;
mod echo;
mod guard;
mod server;
mod service;

pub use chargen::Chargen;
pub use daytime::Daytime;
pub use discard::Discard;
pub use echo::Echo;
pub use guard::{FIRST_ANSWERED_PORT, Guard, Refused};
pub use server::{DATAGRAMS_PER_STEP, DatagramServer, DatagramSocket, Progress, ServerCounters};
pub use service::{Answer, DatagramService};
