//! What one call of `emit` to nobody costs.

use std::hint::black_box;
use std::time::Instant;

use trace::{Event, Layer, Tracer};

use crate::contest::Turn;

const CALLS: u32 = 32_000_000;

/// How many calls stand in a row. One alone would hide behind the loop round it, which a
/// processor runs at the same time.
const IN_A_ROW: u32 = 16;

/// As many rows, with nothing in them.
pub(crate) fn empty_loop() -> Turn {
    let tracers = [const { Tracer::off() }; IN_A_ROW as usize];
    timed(|| {
        black_box(&tracers);
    })
}

/// As many rows of calls.
pub(crate) fn silent_loop() -> Turn {
    let tracers = [const { Tracer::off() }; IN_A_ROW as usize];
    let bytes = [0; 84];
    timed(|| {
        // As the layers do it: each has a tracer that has to be read first.
        for tracer in black_box(&tracers) {
            tracer.emit(packet::Instant::START, || Event::Packet {
                layer: Layer::Icmp,
                upward: true,
                bytes: black_box(&bytes),
            });
        }
    })
}

fn timed(mut row: impl FnMut()) -> Turn {
    let start = Instant::now();
    for _ in 0..CALLS / IN_A_ROW {
        row();
    }
    Turn::new(CALLS, start.elapsed())
}
