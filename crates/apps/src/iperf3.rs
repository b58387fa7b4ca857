//! iperf3's server: how fast is it? Enough of the protocol that a stock `iperf3 -c` runs against
//! it and prints its table.
//!
//! ```text
//!   client                                                  server, port 5201
//!     │ ═══ control ══════════ cookie ═══════════════════════►│  37 bytes that name the test
//!     │ ◄───────────────────── ParamExchange ─────────────────│
//!     │ ══ length, JSON ══════ what is to be measured ═══════►│
//!     │ ◄───────────────────── CreateStreams ─────────────────│
//!     │ ═══ data ═════════════ cookie ═══════════════════════►│  as often as there are streams;
//!     │ ◄───────────────────── TestStart, TestRunning ────────│  by UDP a word and its answer
//!     │ ═══ data ═════════════ as fast as it goes ═══════════►│  or the other way (-R)
//!     │ ────────────────────── TestEnd ──────────────────────►│
//!     │ ◄───────────────────── ExchangeResults ───────────────│
//!     │ ◄═ length, JSON ══════ what each has counted ════════►│  the client first
//!     │ ◄───────────────────── DisplayResults ────────────────│
//!     │ ────────────────────── Done ─────────────────────────►│
//! ```
//!
//! There is no RFC; the protocol is what iperf3 does. It makes one test at a time: a second client
//! is told so ([`State::AccessDenied`]). What comes that is no client of iperf3's is dropped and
//! told, and harms no test.
//!
//! | to read | file |
//! | --- | --- |
//! | the bytes of the control connection | `protocol.rs`, `parameters.rs`, `results.rs` |
//! | who may join, and what follows of what | `host.rs`, `newcomers.rs`, `control.rs`, `run.rs` |
//! | what is measured, and how fast is sent | `streams.rs`, `udp_measure.rs`, `pace.rs` |

mod control;
mod host;
mod newcomers;
mod pace;
mod parameters;
mod protocol;
mod results;
mod run;
mod streams;
mod udp_measure;

pub use host::{Iperf3Host, TestEvent};
pub use newcomers::{GREETING_PATIENCE, MAX_NEWCOMERS};
pub use parameters::{MAX_STREAMS, Parameters, Refused};
pub use protocol::{COOKIE_LEN, DEFAULT_PORT, MAX_JSON, State};
pub use results::{CpuTime, StreamResult};
pub use run::{IDLE_PATIENCE, Outcome};
