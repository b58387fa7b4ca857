//! UDP echo on real devices: the kernel asks, strata, smoltcp and another kernel answer.
//!
//! ```text
//!   a private network
//!   ┌─────────────────────────────────────────────────────────────────────────────┐
//!   │                       ┌── tun0 ── strata serve --services echo              │
//!   │   client ─── kernel ──┼── tun1 ── smoltcp                                   │
//!   │   on one CPU          ├── tun3 ── strata with offload, as by default          │
//!   │                       ├── tun2 ── no stack: packets are turned round        │
//!   │                       └── veth0 ── veth1 ── kernel, in a network of its own │
//!   │                                   the servers on another CPU                │
//!   └─────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! The first two compete, on the same kind of device. The others are for orientation: what offload
//! costs a small datagram, what such a device takes without any
//! stack behind it, and what the kernel makes of it.
//!
//! What the stacks take without all that is printed too ([`alone`]).
//!
//! The program calls itself: the tables of this part are printed, and its servers run, by
//! processes inside of the private network.

mod alone;
mod client;
mod kernel;
mod lab;
mod reflector;
mod smoltcp;

use std::env;
use std::error::Error;
use std::process::Command;

use self::client::Client;
use self::lab::{Lab, script};
use crate::contest::{Case, Contest};

/// The parts that a process in the private network can play, by the word that calls for it.
pub(crate) fn run(part: &str) -> Result<(), Box<dyn Error>> {
    match part {
        CONTESTS => contests(),
        smoltcp::PART => smoltcp::serve(),
        kernel::PART => kernel::serve(),
        reflector::PART => reflector::serve(),
        alone::STRATA => alone::strata().map(drop),
        alone::SMOLTCP => alone::smoltcp().map(drop),
        other => Err(format!("'{other}' is no argument; run make bench, which gives none").into()),
    }
}

const CONTESTS: &str = "echo";

/// How often each server has its turn.
const ROUNDS: usize = 25;

/// Prints what the two stacks take for an echo by themselves, without devices.
pub(crate) fn run_alone() -> Result<(), Box<dyn Error>> {
    let mut contest = Contest::new("UDP echo, 64 bytes, the stacks alone", "echoes");
    contest.add(Case::new("strata", alone::strata));
    contest.add(Case::new("smoltcp", alone::smoltcp));
    contest.run()?;
    Ok(())
}

/// Prints how fast echoes are, if this machine lets us have a network and a device.
pub(crate) fn run_in_private_network() -> Result<(), Box<dyn Error>> {
    let check = Command::new(script("in-netns")).arg(script("check-tun")).output()?;
    if !check.status.success() {
        let said = String::from_utf8_lossy(&check.stderr);
        println!("UDP echo is left out: {}", said.lines().last().unwrap_or("no network"));
        return Ok(());
    }
    let mut inside = Command::new(script("in-netns"));
    inside.arg(env::current_exe()?).arg(CONTESTS);
    match inside.status()? {
        status if status.success() => Ok(()),
        status => Err(format!("UDP echo ended with {status}").into()),
    }
}

fn contests() -> Result<(), Box<dyn Error>> {
    let lab = Lab::new()?;
    let mut contest = Contest::new("UDP echo, one byte, one at a time", "round trips")
        .in_rounds(ROUNDS)
        .with_columns(&["server CPU ns"]);
    for server in lab.servers() {
        let mut client = Client::new(server)?;
        contest.add(Case::new(server.name, move || client.round_trips()));
    }
    contest.run()?;

    let mut contest = Contest::new("UDP echo, 64 bytes, under full load", "echoes")
        .in_rounds(ROUNDS)
        .with_columns(&["server CPU ns", "sent a second"]);
    for server in lab.servers() {
        let mut client = Client::new(server)?;
        contest.add(Case::new(server.name, move || client.load()));
    }
    contest.run()?;
    Ok(())
}
