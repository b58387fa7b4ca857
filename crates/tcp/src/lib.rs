//! TCP: a reliable stream of bytes in each direction, over a network that loses, reorders and
//! repeats (RFC 9293).
//!
//! | to read | file |
//! | --- | --- |
//! | what a segment is on the wire | `segment.rs`, `sequence_number.rs` |
//! | the states, and what a connection is | `state.rs`, `connection.rs` |
//! | its two halves, with the RFC's variables | `sender.rs`, `receiver.rs` |
//! | SEGMENT ARRIVES, in the RFC's order | `segment_arrives.rs`, `acknowledgment.rs` |
//! | the user's calls | `calls.rs`, `linger.rs`, `urgent.rs`, `cork.rs`, `status.rs` |
//! | the timeouts | `timeouts.rs` |
//! | buffers that grow with the path | `tuning.rs` |
//! | what is left of a connection in TIME-WAIT | `time_wait.rs` |
//! | what leaves next | `output.rs` |
//! | what is told of it all | `telling.rs` |
//! | all connections and listeners of a host | `sockets.rs` |
//! | how much may be under way, and what is lost | `congestion.rs`, `recovery.rs` |
//!
//! Nothing here knows a device, a clock, or how long an address is: segments come with a pair of
//! addresses and the sum of a pseudo-header, and the time is handed in.

#![forbid(unsafe_code)]

mod acknowledgment;
mod calls;
mod challenge_ack;
pub mod congestion;
mod connection;
mod cork;
mod error;
mod isn;
mod linger;
mod network;
mod options;
mod out_of_order;
mod output;
mod pages;
mod receive_buffer;
mod receiver;
pub mod recovery;
mod rtt_estimator;
mod segment;
mod segment_arrives;
mod send_buffer;
mod sender;
mod sequence_number;
mod sockets;
mod state;
mod status;
mod syn_cookies;
mod telling;
mod time_wait;
mod timeouts;
mod timer_queue;
mod tuning;
mod urgent;

pub use challenge_ack::{
    CHALLENGE_ACK_INTERVAL, CHALLENGE_ACKS_PER_SECOND, ChallengeAckLimiter, LastChallengeAck,
};
pub use connection::{GIVE_UP, SYN_GIVE_UP, TIME_WAIT_TIME};
pub use cork::CORK_CEILING;
pub use error::Error;
pub use isn::{ISN_TICK, InitialSequenceNumbers};
pub use network::{AddressKind, Network, Path};
pub use options::{BufferSize, ConnectionOptions, INITIAL_BUFFER, KeepAlive, MAX_BUFFER};
pub use receive_buffer::{
    BYTES_PER_PIECE, MIN_PIECES, PIECE_OVERHEAD, ReceiveBuffer, buffer_overhead,
};
pub use receiver::DELAYED_ACK;
pub use rtt_estimator::{
    CLOCK_GRANULARITY, DEFAULT_MINIMUM_RTO, INITIAL_RTO, INITIAL_RTO_AFTER_LOST_SYN, MAXIMUM_RTO,
    RttEstimator,
};
pub use segment::{
    Flags, HEADER_LEN, Header, MAX_OPTIONS_LEN, MAX_SACK_BLOCKS, MAX_SEGMENT_LEN, Malformed,
    Options, Quote, SackBlock, SackBlocks, Segment, Timestamps, TooLong, WindowScale,
};
pub use segment_arrives::SegmentDropped;
pub use send_buffer::SendBuffer;
pub use sequence_number::SequenceNumber;
pub use socket::{AddressPair, SocketId, SocketPair};
pub use sockets::{
    Advice, Event, MAX_SOCKETS, Outgoing, REPLY_LIMIT, Readiness, Report, ReportDropped, Sockets,
};
pub use state::State;
pub use status::{Statistics, Status};
pub use syn_cookies::{COOKIE_MSS, COOKIE_STEP, CookieAck, CookieSyn, SynCookies, SynOffer};
pub use time_wait::{MAX_TIME_WAIT, TIME_WAIT_SIZE};
pub use timeouts::{MAX_PROBE_INTERVAL, ORPHAN_FIN_WAIT_2, R1};
pub use timer_queue::TimerQueue;
pub use tuning::{GRANT_LIMIT, IDLE_TIME};

/// A length that is known to fit the sequence space.
pub(crate) fn to_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
