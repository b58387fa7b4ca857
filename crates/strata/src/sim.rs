//! `strata sim`: two hosts and a link in virtual time, drawn for whoever wants to see what
//! happens.

mod ping;
mod tcp;

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};
use ipv4::Cidr;
use link::{Delay, LinkOptions};
use narrate::{Detail, Ladder, Names};
use packet::{Capabilities, Instant, InterfaceId, Medium};
use sim::{Cable, World};
use stack::{Config, InterfaceConfig, Secret, Stack};
use trace::{Record, Subscriber};

use self::tcp::TcpArguments;
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
    mut_arg("delay", |option| option.default_value_ifs([
        ("scenario", "storm", "20ms"),
        ("scenario", "tcp", "20ms"),
    ])),
    mut_arg("jitter", |option| option.default_value_if("scenario", "storm", "15ms")),
    mut_arg("reorder", |option| option.default_value_if("scenario", "storm", "10%")),
    mut_arg("duplicate", |option| option.default_value_if("scenario", "storm", "10%")),
    mut_arg("corrupt", |option| option.default_value_if("scenario", "storm", "10%")),
    // There is no kernel here, and one cable, the same both ways.
    mut_arg("faults_on", |option| option.hide(true).conflicts_with("scenario")),
    after_help = "Examples:\n  \
                  strata sim ping --delay 20ms              four pings over a perfect link\n  \
                  strata sim ping --loss frames:2           each way loses its second packet\n  \
                  strata sim storm --seed 7                 everything that can go wrong\n  \
                  strata sim tcp --loss frames:4 --faults-from alice   a segment that is lost\n  \
                  strata sim tcp --close both               both say goodbye at once"
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

    /// Whose packets meet these faults; the delay and the rate are the same for all
    #[arg(long, value_name = "WHO", value_enum, default_value_t = Sender::Both,
        help_heading = "Faults of the link")]
    faults_from: Sender,

    #[command(flatten)]
    tcp: TcpArguments,
}

/// Whose packets.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sender {
    /// What alice sends
    Alice,
    /// What bob sends
    Bob,
    /// What both send
    Both,
}

/// What can be simulated.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// alice pings bob, who runs the stack, over one cable
    Ping,
    /// The same over a cable that loses, delays, reorders, doubles and damages packets, 10% each,
    /// unless the options say otherwise
    Storm,
    /// alice sends to bob by TCP; both run the stack, 20 ms apart unless the options say otherwise
    Tcp,
}

const ALICE: &str = "alice";
const ALICE_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const BOB: &str = "bob";
const BOB_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let seed = arguments.faults.seed_or_random();
    let listeners = Rc::new(RefCell::new(Listeners::new(arguments)?));
    let (does, run) = arguments.scenario.told();
    say(format_args!(
        "{ALICE} ({ALICE_ADDRESS}) {does} {BOB} ({BOB_ADDRESS}), who runs the stack\n"
    ));
    let ended = run(arguments, seed, &listeners);
    say(format_args!("--seed {seed} gives the same again"));
    ended.map(|()| ExitCode::SUCCESS)
}

/// Runs a scenario by a seed.
type Run = fn(&Arguments, u64, &Rc<RefCell<Listeners>>) -> Result<(), Failure>;

impl Scenario {
    /// What alice does to bob, and what does it.
    fn told(self) -> (&'static str, Run) {
        match self {
            Self::Ping | Self::Storm => ("pings", ping::run),
            Self::Tcp => ("talks by TCP to", tcp::run),
        }
    }
}

impl Arguments {
    /// The cable from alice to bob.
    fn cable(&self) -> Cable {
        let faulty = Cable::ip(self.faults.link_options());
        let perfect = |faulty: &LinkOptions| LinkOptions {
            delay: faulty.delay,
            rate: faulty.rate,
            ..LinkOptions::PERFECT
        };
        match self.faults_from {
            Sender::Both => faulty,
            Sender::Alice => Cable { back: perfect(&faulty.back), ..faulty },
            Sender::Bob => Cable { there: perfect(&faulty.there), ..faulty },
        }
    }
}

fn stack(world: &World, name: &str, address: Ipv4Addr) -> Result<Stack, Failure> {
    let secret = Secret::new([world.seed_for(name), 0]);
    let mut stack = Stack::new(Config::new(secret), world.tracer(name));
    let address = Cidr::new(address, 24).ok_or_else(|| Failure::new("24 is no prefix"))?;
    let capabilities = Capabilities::without_offload(Medium::Ip, 1500);
    stack
        .add_interface(Instant::START, InterfaceConfig::new(address, capabilities))
        .map_err(Failure::new)?;
    Ok(stack)
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
            Names::of_hosts().with_peer(ALICE, InterfaceId(0), BOB).with_peer(
                BOB,
                InterfaceId(0),
                ALICE,
            )
        };
        let lines = |detail| {
            Show::Lines(Box::new(
                print_lines(detail, Words::Output).with_times().with_names(names()),
            ))
        };
        let show = match arguments.verbose {
            0 => Show::Drawing(Box::new(Ladder::between(&[ALICE, BOB]))),
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
    for host in [ALICE, BOB] {
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
