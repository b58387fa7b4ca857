//! `strata sim`: two hosts and a link in virtual time, drawn for whoever wants to see what
//! happens.

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};
use ipv4::Cidr;
use link::Delay;
use narrate::{Detail, Ladder, Names};
use packet::{Capabilities, Instant, InterfaceId, Medium};
use sim::{Cable, PingOptions, PingReport, Pinger, World};
use stack::{Config, InterfaceConfig, Secret, Stack};
use trace::{Record, Subscriber};

use crate::failure::Failure;
use crate::faults::FaultArguments;
use crate::say::{Words, say};
use crate::watch::{PrintedLines, Recorder, print_lines};

/// Simulate hosts and a link, in virtual time: no device, no waiting, no privileges
///
/// Prints a drawing: a column a host, time runs downward. The same seed gives the same again,
/// on any machine.
#[derive(Args)]
#[command(
    mut_arg("loss", |option| option.default_value_if("scenario", "storm", "10%")),
    mut_arg("delay", |option| option.default_value_if("scenario", "storm", "20ms")),
    mut_arg("jitter", |option| option.default_value_if("scenario", "storm", "15ms")),
    mut_arg("reorder", |option| option.default_value_if("scenario", "storm", "10%")),
    mut_arg("duplicate", |option| option.default_value_if("scenario", "storm", "10%")),
    mut_arg("corrupt", |option| option.default_value_if("scenario", "storm", "10%")),
    // There is no kernel here, and one cable, the same both ways.
    mut_arg("faults_on", |option| option.hide(true).conflicts_with("scenario")),
    after_help = "Examples:\n  \
                  strata sim ping --delay 20ms              four pings over a perfect link\n  \
                  strata sim ping --loss frames:2           each way loses its second packet\n  \
                  strata sim storm --seed 7                 everything that can go wrong"
)]
pub(crate) struct Arguments {
    /// What to simulate
    #[arg(value_enum)]
    scenario: Scenario,

    /// Send so many echo requests, at most as many as there are sequence numbers
    #[arg(short = 'c', long, value_name = "REQUESTS", default_value_t = 4,
        value_parser = clap::value_parser!(u64).range(1..=65_536))]
    count: u64,

    /// From one request to the next
    #[arg(short = 'i', long, value_name = "TIME", default_value = "1s")]
    interval: Delay,

    /// Print a line for each packet in place of the drawing; twice (-vv): every layer of it
    #[arg(short, long = "verbose", action = ArgAction::Count)]
    verbose: u8,

    /// Record the packets at either host in a pcapng file, for tcpdump or Wireshark
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,

    #[command(flatten)]
    faults: FaultArguments,
}

/// What can be simulated.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// alice pings bob, who runs the stack, over one cable
    Ping,
    /// The same over a cable that loses, delays, reorders, doubles and damages packets, 10% each,
    /// unless the options say otherwise
    Storm,
}

const PINGER: &str = "alice";
const PINGER_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const STACK: &str = "bob";
const STACK_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let seed = arguments.faults.seed_or_random();
    let listeners = Rc::new(RefCell::new(Listeners::new(arguments)?));
    say(format_args!(
        "{PINGER} ({PINGER_ADDRESS}) pings {STACK} ({STACK_ADDRESS}), who runs the stack\n"
    ));
    let report = ping(arguments, seed, &listeners)?;
    listeners.borrow_mut().finish()?;
    print_summary(&report);
    say(format_args!("--seed {seed} gives the same again"));
    if report.wrong != 0 {
        return Err(Failure::new(format_args!(
            "{} replies carried other data than was sent, and their checksums were correct",
            report.wrong
        )));
    }
    Ok(ExitCode::SUCCESS)
}

/// Both scenarios: they differ in their faults alone.
fn ping(
    arguments: &Arguments,
    seed: u64,
    listeners: &Rc<RefCell<Listeners>>,
) -> Result<PingReport, Failure> {
    let mut world = World::traced(seed, listeners.clone());
    let pinger = Pinger::new(PingOptions {
        count: arguments.count,
        interval: arguments.interval.into(),
        seed: world.seed_for(PINGER),
        ..PingOptions::new(PINGER_ADDRESS, STACK_ADDRESS)
    });
    let pinger = world.add_host(PINGER, pinger);
    let stack = world.add_host(STACK, stack(&world)?);
    let cable = Cable::ip(arguments.faults.link_options());
    world.connect(pinger, stack, cable).map_err(Failure::new)?;
    world.run_until_idle(Duration::MAX).map_err(Failure::new)?;
    Ok(*world.host(pinger).report())
}

fn stack(world: &World) -> Result<Stack, Failure> {
    let secret = Secret::new([world.seed_for(STACK), 0]);
    let mut stack = Stack::new(Config::new(secret), world.tracer(STACK));
    let address = Cidr::new(STACK_ADDRESS, 24).ok_or_else(|| Failure::new("24 is no prefix"))?;
    let capabilities = Capabilities::without_offload(Medium::Ip, 1500);
    stack
        .add_interface(Instant::START, InterfaceConfig::new(address, capabilities))
        .map_err(Failure::new)?;
    Ok(stack)
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

/// Who listens to the run.
struct Listeners {
    show: Show,
    recorder: Option<Recorder>,
}

/// What is shown of it.
enum Show {
    Drawing(Box<Ladder>),
    Lines(Box<PrintedLines>),
}

impl Listeners {
    fn new(arguments: &Arguments) -> Result<Self, Failure> {
        let names = || {
            Names::of_hosts().with_peer(PINGER, InterfaceId(0), STACK).with_peer(
                STACK,
                InterfaceId(0),
                PINGER,
            )
        };
        let lines = |detail| {
            Show::Lines(Box::new(
                print_lines(detail, Words::Output).with_times().with_names(names()),
            ))
        };
        let show = match arguments.verbose {
            0 => Show::Drawing(Box::new(Ladder::between(&[PINGER, STACK]))),
            1 => lines(Detail::Lines),
            _ => lines(Detail::Layers),
        };
        let recorder = arguments.pcap.as_deref().map(recorder).transpose()?;
        Ok(Self { show, recorder })
    }

    /// Prints the drawing, and says what went wrong with the recording.
    fn finish(&mut self) -> Result<(), Failure> {
        if let Show::Drawing(ladder) = &self.show {
            say(ladder);
        }
        self.recorder.as_mut().map_or(Ok(()), Recorder::finish)
    }
}

/// A recording whose clock starts in 1970, so that the same seed gives the same file.
fn recorder(path: &Path) -> Result<Recorder, Failure> {
    let mut recorder = Recorder::create(path, Duration::ZERO)?;
    for host in [PINGER, STACK] {
        recorder.name_interface(host, InterfaceId(0), Medium::Ip, host);
    }
    Ok(recorder)
}

impl Subscriber for Listeners {
    fn record(&mut self, record: &Record<'_>) {
        match &mut self.show {
            Show::Drawing(ladder) => ladder.record(record),
            Show::Lines(lines) => lines.record(record),
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.record(record);
        }
    }
}
