//! Events in words, the same for every listener.

use std::time::Duration;

use packet::Instant;
use trace::{End, Event, Fault, Layer};

/// The event in words; `None` for the two that hold a frame, which need the frame's words too.
pub(crate) fn of_event(at: Instant, event: &Event<'_>) -> Option<String> {
    let words = of_what_happened(at, event)?;
    Some(match connection_of(event) {
        Some(connection) => format!("{connection}: {words}"),
        None => words,
    })
}

/// The connection, or whoever else it is, that the event happened to.
pub(crate) const fn connection_of<'a>(event: &Event<'a>) -> Option<&'a str> {
    match *event {
        Event::StateChange { connection, .. }
        | Event::Window { connection, .. }
        | Event::RoundTrip { connection, .. }
        | Event::CongestionWindow { connection, .. }
        | Event::Retransmission { connection, .. } => Some(connection),
        Event::TimerSet { owner, .. } | Event::TimerFired { owner, .. } => Some(owner),
        Event::Frame { .. }
        | Event::Packet { .. }
        | Event::Leaving { .. }
        | Event::Dropped { .. }
        | Event::Fault { .. } => None,
    }
}

/// As [`of_event`], without the name of the connection.
pub(crate) fn of_what_happened(at: Instant, event: &Event<'_>) -> Option<String> {
    Some(match *event {
        Event::Frame { .. } | Event::Fault { .. } => return None,
        Event::Packet { layer, upward: true, bytes } => {
            format!("{} takes {} bytes from below", layer_name(layer), bytes.len())
        }
        Event::Packet { layer, upward: false, bytes } => {
            format!("{} gives {} bytes to the layer below", layer_name(layer), bytes.len())
        }
        Event::Leaving { layer, reason, .. } => {
            format!("{} sends, since: {reason}", layer_name(layer))
        }
        Event::Dropped { counter, meaning } => format!("dropped: {meaning} (counter {counter})"),
        Event::StateChange { from, to, cause, .. } => format!("{from} -> {to} ({cause})"),
        Event::TimerSet { timer, deadline, .. } => {
            format!("{timer} timer set to fire in {}", duration(deadline - at))
        }
        Event::TimerFired { timer, .. } => format!("{timer} timer fired"),
        Event::Window { whose, bytes, .. } => window(whose, bytes),
        Event::RoundTrip { round_trip, smoothed, timeout, .. } => {
            let [round_trip, smoothed, timeout] = [round_trip, smoothed, timeout].map(duration);
            format!("a round trip took {round_trip} (SRTT {smoothed}, RTO {timeout})")
        }
        Event::CongestionWindow { window, slow_start_threshold, cause, .. } => format!(
            "congestion window {window} bytes, slow start threshold {} ({cause})",
            threshold(slow_start_threshold)
        ),
        Event::Retransmission { sequence_number, length, cause, .. } => {
            format!("sends {length} bytes from {sequence_number} again ({cause})")
        }
    })
}

/// A slow start threshold, which is none as long as nothing was lost.
fn threshold(bytes: u32) -> String {
    if bytes == u32::MAX { "none yet".to_owned() } else { format!("{bytes} bytes") }
}

fn window(whose: End, bytes: u32) -> String {
    match (whose, bytes) {
        (End::Ours, 0) => "our window is closed: the application does not read".to_owned(),
        (End::Peers, 0) => "the peer's window is closed: it has no room".to_owned(),
        (End::Ours, bytes) => format!("our window is open again: {bytes} bytes"),
        (End::Peers, bytes) => format!("the peer's window is open again: {bytes} bytes"),
    }
}

/// What a link does to a frame, in words that follow "the link".
pub(crate) fn of_fault(fault: Fault) -> String {
    match fault {
        Fault::Lost => "loses it".to_owned(),
        Fault::QueueFull => "loses it: its queue is full".to_owned(),
        Fault::TooLong => "loses it: it is longer than the MTU".to_owned(),
        Fault::Duplicated => "delivers it twice".to_owned(),
        Fault::Reordered { held } => {
            format!("holds it back for {}, so that later ones overtake it", duration(held))
        }
        Fault::Corrupted { bit } => format!("changes bit {} of byte {}", bit % 8, bit / 8),
    }
}

pub(crate) const fn layer_name(layer: Layer) -> &'static str {
    match layer {
        Layer::Ethernet => "Ethernet",
        Layer::Arp => "ARP",
        Layer::Ipv4 => "IPv4",
        Layer::Icmp => "ICMP",
        Layer::Udp => "UDP",
        Layer::Tcp => "TCP",
    }
}

/// A time span in the unit that suits it, with at most three decimals: `20 ms`, `1.5 s`.
pub(crate) fn duration(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let (unit, name) = match nanoseconds {
        1_000_000_000.. => (1_000_000_000, "s"),
        1_000_000.. => (1_000_000, "ms"),
        1_000.. => (1_000, "us"),
        0 => return "0 ms".to_owned(),
        _ => return format!("{nanoseconds} ns"),
    };
    let thousandths = nanoseconds / (unit / 1_000);
    let (whole, decimals) = (thousandths / 1_000, thousandths % 1_000);
    if decimals == 0 {
        return format!("{whole} {name}");
    }
    let decimals = format!("{decimals:03}");
    format!("{whole}.{} {name}", decimals.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_the_unit_that_suits() {
        for (nanoseconds, expected) in [
            (0, "0 ms"),
            (999, "999 ns"),
            (1_500, "1.5 us"),
            (20_000_000, "20 ms"),
            (20_060_400, "20.06 ms"),
            (61_000_000_000, "61 s"),
        ] {
            assert_eq!(duration(Duration::from_nanos(nanoseconds)), expected);
        }
    }

    #[test]
    fn a_bit_is_counted_within_its_byte() {
        assert_eq!(of_fault(Fault::Corrupted { bit: 83 }), "changes bit 3 of byte 10");
    }
}
