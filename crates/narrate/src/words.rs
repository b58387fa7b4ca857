//! Events in words, the same for every listener.

use std::time::Duration;

use packet::Instant;
use trace::{Event, Fault, Layer};

/// The event in words; `None` for the two that hold a frame, which need the frame's words too.
pub(crate) fn of_event(at: Instant, event: &Event<'_>) -> Option<String> {
    Some(match *event {
        Event::Frame { .. } | Event::Fault { .. } => return None,
        Event::Packet { layer, upward: true, bytes } => {
            format!("{} takes {} bytes from below", layer_name(layer), bytes.len())
        }
        Event::Packet { layer, upward: false, bytes } => {
            format!("{} gives {} bytes to the layer below", layer_name(layer), bytes.len())
        }
        Event::Dropped { counter, meaning } => format!("dropped: {meaning} (counter {counter})"),
        Event::StateChange { connection, from, to, cause } => {
            format!("{connection}: {from} -> {to} ({cause})")
        }
        Event::TimerSet { owner, timer, deadline } => {
            format!("{owner}: {timer} timer set to fire in {}", duration(deadline - at))
        }
        Event::TimerFired { owner, timer } => format!("{owner}: {timer} timer fired"),
        Event::CongestionWindow { connection, window, slow_start_threshold, cause } => format!(
            "{connection}: congestion window {window} bytes, slow start threshold \
             {slow_start_threshold} bytes ({cause})"
        ),
        Event::Retransmission { connection, sequence_number, length, cause } => {
            format!("{connection}: sends {length} bytes from {sequence_number} again ({cause})")
        }
    })
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
