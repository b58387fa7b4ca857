//! What runs on the sockets: the small services that every host once had, and `ping`.
//!
//! # Services
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
//! an end, so a service there is a [`StreamService`], which has a [`Conversation`] with each
//! connection; for the small ones that is a [`StreamServer`], which says the same as by UDP.
//! [`ServiceHost`] is the stack with all of them on it.
//!
//! Who offers these services to strangers lends them a hand: an answer can be longer than its
//! request, and goes to whoever the request claims to come from. They are for learning and for
//! testing, behind a device of your own.
//!
//! # Ping
//!
//! A [`Pinger`] asks by an [`EchoSocket`] whether somebody is there, and tells what comes of each
//! request and of all. It has no clock either: the time is handed in.
//!
//! # Relay
//!
//! A [`Relay`] carries bytes between a connection and another end, as `nc` does between a
//! connection and standard input and output.
//!
//! # Talker
//!
//! A [`Talker`](talker::Talker) is the stack with a program that has one connection, and a
//! [`Plan`](talker::Plan) for it: what `strata sim tcp` shows, and what tests send through bad links.
//!
//! # SOCKS5 and iperf3
//!
//! [`socks`] is what a proxy's client says. An [`Iperf3Host`](iperf3::Iperf3Host) is the stack as a server that a stock `iperf3 -c`
//! measures.

#![forbid(unsafe_code)]

mod bound_stream;
mod calendar;
mod chargen;
mod conversation;
mod daytime;
mod discard;
mod echo;
mod guard;
pub mod http;
pub mod iperf3;
mod ping;
mod ping_event;
mod ping_report;
mod relay;
mod server;
mod service;
mod service_host;
pub mod socks;
mod stream_host;
mod stream_server;
pub mod talker;

pub use bound_stream::BoundStream;
pub use chargen::Chargen;
pub use conversation::{Conversation, Moment, StreamProgress, StreamService, StreamSocket};
pub use daytime::Daytime;
pub use discard::Discard;
pub use echo::Echo;
pub use guard::{FIRST_ANSWERED_PORT, Guard, Refused};
pub use ping::{DEFAULT_PING_DATA, EchoSocket, MAX_PING_DATA, PingOptions, Pinger, ping_data};
pub use ping_event::{Damage, PingEvent};
pub use ping_report::{PingReport, RoundTrips};
pub use relay::{NearEnd, Relay, RelayError, RelayOptions, RelayProgress};
pub use server::{DATAGRAMS_PER_STEP, DatagramServer, DatagramSocket, Progress, ServerCounters};
pub use service::DatagramService;
pub use service_host::{CannotOffer, Service, ServiceHost, UnknownService};
pub use stream_server::StreamServer;
