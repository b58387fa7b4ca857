//! How fast it is. `make bench` prints tables.
//!
//! Machines differ, and this one may be busy: so the cases take turns, round by round, and a
//! line gives the median of its rounds, how far they lie apart, and the ratio to the first line.

#![forbid(unsafe_code)]

mod contest;
mod echo;
mod emit;
mod flood;
mod fragments;
mod neighbours;

use std::env;
use std::error::Error;

use arp::NEIGHBOUR_LIMIT;
use contest::{Case, Contest, Turn};
use flood::Flood;
use fragments::{Fragments, NEARLY_FULL};
use neighbours::Neighbours;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some(part) = arguments.first() {
        return echo::run(part);
    }
    if cfg!(debug_assertions) {
        return Err("this is a debug build, whose numbers mean nothing; run make bench".into());
    }
    let packet = simulated_packets()?;
    cost_of_a_silent_trace(packet)?;
    reassembly()?;
    neighbours()?;
    echo::run_alone()?;
    echo::run_in_private_network()
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
    println!();
    Ok(())
}

/// Prints what a datagram in two fragments costs while few, and many, others are unfinished.
fn reassembly() -> Result<(), Box<dyn Error>> {
    let mut contest = Contest::new("datagrams put together from 2 fragments", "datagrams");
    for (name, waiting) in [("beside 1 unfinished", 1), ("beside 16,383", NEARLY_FULL)] {
        let mut fragments = Fragments::beside(waiting)?;
        contest.add(Case::new(name, move || fragments.complete()));
    }
    contest.run()?;
    Ok(())
}

/// Prints what ARP costs with one neighbour, and with as many as there may be.
fn neighbours() -> Result<(), Box<dyn Error>> {
    type Run = fn(&mut Neighbours) -> Result<Turn, Box<dyn Error>>;
    let contests: [(_, _, Run); 4] = [
        ("ARP: sending to a known neighbour", "packets", Neighbours::send),
        ("  the first packet for half a second", "packets", Neighbours::send_seldom),
        ("ARP: hearing a known neighbour ask", "packets", Neighbours::hear),
        ("  which has another MAC address now", "packets", Neighbours::hear_moved),
    ];
    for (title, things, run) in contests {
        let mut contest = Contest::new(title, things);
        for (name, count) in [("1 neighbour", 1), ("1,024 neighbours", NEIGHBOUR_LIMIT)] {
            let mut neighbours = Neighbours::new(u16::try_from(count)?)?;
            contest.add(Case::new(name, move || run(&mut neighbours)));
        }
        contest.run()?;
    }
    Ok(())
}
