//! How fast it is. `make bench` prints a table.
//!
//! Machines differ, and this one may be busy: so the cases take turns, round by round, and a
//! line gives the median of its rounds, how far they lie apart, and the ratio to the first line.

#![forbid(unsafe_code)]

mod contest;
mod emit;
mod flood;

use std::error::Error;

use contest::{Case, Contest};
use flood::Flood;

fn main() -> Result<(), Box<dyn Error>> {
    if cfg!(debug_assertions) {
        return Err("this is a debug build, whose numbers mean nothing; run make bench".into());
    }
    let packet = simulated_packets()?;
    cost_of_a_silent_trace(packet)?;
    Ok(())
}

/// Prints how fast the simulator is. The nanoseconds that a packet takes over a perfect link.
fn simulated_packets() -> Result<f64, Box<dyn Error>> {
    let mut contest = Contest::new("simulated packets, on one core", "packets");
    for (name, flood) in [
        ("ping flood over a perfect link", Flood::default()),
        ("  with 1,400 bytes of data", Flood { data_length: 1400, ..Flood::default() }),
        ("  with every fault", Flood { faulty: true, ..Flood::default() }),
        ("  beside 10,000 idle hosts", Flood { idle_hosts: 10_000, ..Flood::default() }),
        ("  with a listener that does nothing", Flood { traced: true, ..Flood::default() }),
    ] {
        contest.add(Case::new(name, move || flood.run()));
    }
    let medians = contest.run()?;
    medians.first().copied().ok_or_else(|| "no case was run".into())
}

/// Prints what the trace costs of a packet's time while nobody listens.
///
/// There is no build without the trace to compare with. But each event that a listener hears is
/// one call of `emit`; so the calls are counted, and one call to nobody is timed.
fn cost_of_a_silent_trace(packet: f64) -> Result<(), Box<dyn Error>> {
    let mut contest = Contest::new("calls of emit, with the trace off", "calls");
    contest.add(Case::new("a loop that does nothing", || Ok(emit::empty_loop())));
    contest.add(Case::new("a loop that emits to nobody", || Ok(emit::silent_loop())));
    let medians = contest.run()?;
    let [nothing, silent] = *medians.as_slice() else { return Err("a case was not run".into()) };

    let call = (silent - nothing).max(0.0);
    let calls = Flood::default().events_a_packet()?;
    let share = call * calls / packet * 100.0;
    println!("the trace while nobody listens");
    println!(
        "  {calls:.2} calls a packet, {call:.2} ns a call, {packet:.0} ns a packet: {share:.2}%"
    );
    println!("  (the aim is less than 2%)");
    Ok(())
}
