//! The scenarios `ping` and `storm`, which differ in their faults alone.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use sim::{PingOptions, PingReport, Pinger, World};

use super::{ALICE, ALICE_ADDRESS, Arguments, BOB, BOB_ADDRESS, Listeners, stack};
use crate::failure::Failure;
use crate::say::say;

/// Runs the scenario, and says what came of it.
pub(super) fn run(
    arguments: &Arguments,
    seed: u64,
    listeners: &Rc<RefCell<Listeners>>,
) -> Result<(), Failure> {
    let report = ping(arguments, seed, listeners)?;
    listeners.borrow_mut().finish()?;
    print_summary(&report);
    if report.wrong != 0 {
        return Err(Failure::new(format_args!(
            "{} replies carried other data than was sent, and their checksums were correct",
            report.wrong
        )));
    }
    Ok(())
}

fn ping(
    arguments: &Arguments,
    seed: u64,
    listeners: &Rc<RefCell<Listeners>>,
) -> Result<PingReport, Failure> {
    let mut world = World::traced(seed, listeners.clone());
    let pinger = Pinger::new(PingOptions {
        count: arguments.count,
        interval: arguments.interval.into(),
        seed: world.seed_for(ALICE),
        ..PingOptions::new(ALICE_ADDRESS, BOB_ADDRESS)
    });
    let pinger = world.add_host(ALICE, pinger);
    let stack = world.add_host(BOB, stack(&world, BOB, BOB_ADDRESS)?);
    world.connect(pinger, stack, arguments.cable()).map_err(Failure::new)?;
    world.run_until_idle(Duration::MAX).map_err(Failure::new)?;
    Ok(*world.host(pinger).report())
}

/// As ping prints it.
fn print_summary(report: &PingReport) {
    let PingReport { sent, answered, duplicates, damaged, .. } = *report;
    let mut received = format!("{answered} received");
    for (count, what) in [(duplicates, "duplicates"), (damaged, "corrupted")] {
        if count != 0 {
            received.push_str(&format!(", +{count} {what}"));
        }
    }
    let loss = report.unanswered() * 100 / sent.max(1);
    say(format_args!("\n{sent} packets transmitted, {received}, {loss}% packet loss"));
    if let (Some(shortest), Some(average), Some(longest)) =
        (report.shortest, report.average(), report.longest)
    {
        let [shortest, average, longest] =
            [shortest, average, longest].map(|time| time.as_secs_f64() * 1000.0);
        say(format_args!("rtt min/avg/max = {shortest:.3}/{average:.3}/{longest:.3} ms"));
    }
}
