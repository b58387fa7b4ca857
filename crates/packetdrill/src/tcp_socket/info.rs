//! TCP_INFO: `struct tcp_info` as Linux lays it out, up to `tcpi_bytes_retrans`.
//!
//! What this stack does not know is zero. Times are in microseconds, `tcpi_last_*` in
//! milliseconds, windows in segments where Linux counts them so.

use std::time::Duration;

use tcp::{ConnectionOptions, State, Status};

/// Bits of `tcpi_options`.
const OPTION_TIMESTAMPS: u8 = 1;
const OPTION_WINDOW_SCALE: u8 = 4;

/// `tcpi_state` of a listener: TCP_LISTEN.
const LISTEN: u8 = 10;

/// `tcpi_snd_ssthresh` where nothing was lost yet: TCP_INFINITE_SSTHRESH.
const INFINITE_THRESHOLD: u32 = 0x7fff_ffff;

/// The struct's bytes. No connection is in state CLOSED.
pub(super) fn tcp_info(
    status: Option<&Status>,
    listens: bool,
    options: &ConnectionOptions,
) -> Vec<u8> {
    let Some(status) = status else {
        let state = if listens { LISTEN } else { number_of(State::Closed) };
        return vec![state];
    };
    let mss = status.send_mss.max(1);
    let segments = |bytes: u32| bytes.div_ceil(mss);
    let statistics = &status.statistics;
    let outstanding = segments(status.outstanding);
    let (send_scale, receive_scale) = status.window_scales.unwrap_or((0, 0));
    let timestamps = if status.timestamps { OPTION_TIMESTAMPS } else { 0 };
    let scaling = if status.window_scales.is_some() { OPTION_WINDOW_SCALE } else { 0 };

    let mut info = Layout::default();
    info.u8(number_of(status.state))
        .u8(0) // ca_state
        .u8(u8::try_from(status.attempts).unwrap_or(u8::MAX)) // retransmits
        .u8(0) // probes
        .u8(u8::try_from(status.attempts).unwrap_or(u8::MAX)) // backoff
        .u8(timestamps | scaling)
        .u8((send_scale & 0xf) | (receive_scale << 4))
        .u8(0) // delivery_rate_app_limited, fastopen_client_fail
        .u32(microseconds(status.rto))
        .u32(0) // ato
        .u32(status.send_mss)
        .u32(status.receive_mss)
        .u32(outstanding) // unacked
        .u32(0) // sacked
        .u32(0) // lost
        .u32(0) // retrans
        .u32(0) // fackets
        .u32(0) // last_data_sent
        .u32(0) // last_ack_sent
        .u32(milliseconds(status.since_heard)) // last_data_recv
        .u32(milliseconds(status.since_heard)) // last_ack_recv
        .u32(0) // pmtu
        .u32(status.receive_window) // rcv_ssthresh
        .u32(microseconds(status.smoothed_rtt.unwrap_or_default()))
        .u32(microseconds(status.rtt_variation.unwrap_or_default()))
        .u32(match status.slow_start_threshold {
            u32::MAX => INFINITE_THRESHOLD,
            threshold => threshold / mss,
        })
        .u32(status.congestion_window / mss) // snd_cwnd
        .u32(options.maximum_segment_size.map_or(status.receive_mss, u32::from)) // advmss
        .u32(DUPLICATE_ACKS) // reordering
        .u32(0) // rcv_rtt
        .u32(u32::try_from(status.receive_buffer).unwrap_or(u32::MAX)) // rcv_space
        .u32(u32::try_from(statistics.retransmissions).unwrap_or(u32::MAX)) // total_retrans
        .u64(u64::MAX) // pacing_rate: there is no pacing
        .u64(u64::MAX) // max_pacing_rate
        .u64(statistics.bytes_acknowledged)
        .u64(statistics.bytes_received)
        .u32(u32::try_from(statistics.segments_sent).unwrap_or(u32::MAX)) // segs_out
        .u32(u32::try_from(statistics.segments_received).unwrap_or(u32::MAX)) // segs_in
        .u32(u32::try_from(status.unsent).unwrap_or(u32::MAX)) // notsent_bytes
        .u32(0) // min_rtt
        .u32(0) // data_segs_in
        .u32(0) // data_segs_out
        .u64(0) // delivery_rate
        .u64(0) // busy_time
        .u64(0) // rwnd_limited
        .u64(0) // sndbuf_limited
        .u32(0) // delivered
        .u32(0) // delivered_ce
        .u64(statistics.bytes_sent)
        .u64(statistics.bytes_retransmitted);
    info.bytes
}

/// After how many duplicates a segment is taken for lost (RFC 5681, 3.2).
const DUPLICATE_ACKS: u32 = 3;

/// Fields one after the other. The order above leaves none of them unaligned.
#[derive(Default)]
struct Layout {
    bytes: Vec<u8>,
}

impl Layout {
    fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes.push(value);
        self
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes.extend(value.to_ne_bytes());
        self
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes.extend(value.to_ne_bytes());
        self
    }
}

/// What Linux numbers the states.
const fn number_of(state: State) -> u8 {
    match state {
        State::Established => 1,
        State::SynSent => 2,
        State::SynReceived => 3,
        State::FinWait1 => 4,
        State::FinWait2 => 5,
        State::TimeWait => 6,
        State::Closed => 7,
        State::CloseWait => 8,
        State::LastAck => 9,
        State::Closing => 11,
    }
}

fn microseconds(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
