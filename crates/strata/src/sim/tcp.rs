//! The scenario `tcp`: one connection from its first segment to its last.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use apps::talker::{Closes, Opens, Plan, Talk, Talker};
use clap::{Args, ValueEnum};
use link::Delay;
use packet::Instant;
use sim::World;
use tcp::{BufferSize, ConnectionOptions};

use super::{ALICE, ALICE_ADDRESS, Arguments, BOB, BOB_ADDRESS, Listeners, stack};
use crate::failure::Failure;
use crate::say::say;

/// The ports of both ends: alice's is an ephemeral one, bob's that of discard.
const ALICE_PORT: u16 = 40_000;
const BOB_PORT: u16 = 9;

/// When those close who do so at a time.
const CLOSING_TIME: Duration = Duration::from_secs(1);

/// What the connection is like.
#[derive(Args)]
#[command(next_help_heading = "The connection of tcp")]
pub(super) struct TcpArguments {
    /// How many bytes alice sends
    #[arg(long, value_name = "BYTES", default_value_t = 5_000)]
    size: u64,

    /// How many bytes bob sends
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    answer: u64,

    /// Who asks for the connection
    #[arg(long, value_name = "WHO", value_enum, default_value_t = Open::Alice)]
    open: Open,

    /// Who closes it, and how
    #[arg(long, value_name = "WHO", value_enum, default_value_t = Close::Alice)]
    close: Close,

    /// How many bytes alice's program gives to TCP at once; all, unless said
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    piece: Option<u64>,

    /// From one such piece to the next
    #[arg(long, value_name = "TIME", default_value = "0ms")]
    every: Delay,

    /// Without Nagle's algorithm: small segments leave at once
    #[arg(long)]
    no_delay: bool,

    /// How long bob's program sleeps before it reads anything
    #[arg(long, value_name = "TIME", default_value = "0ms")]
    sleep: Delay,

    /// How much bob keeps that is not read, and so the window that he announces; unless said,
    /// 128 KiB and then what the path needs
    #[arg(long, value_name = "BYTES",
        value_parser = clap::value_parser!(u32).range(1..=1 << 30))]
    buffer: Option<u32>,
}

/// Who asks for the connection.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Open {
    /// alice; bob listens
    Alice,
    /// Both at the same moment
    Both,
}

/// Who closes it.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Close {
    /// alice, when she has sent all; then bob
    Alice,
    /// bob, when he has sent all; then alice
    Bob,
    /// Both at the same moment, after a second
    Both,
    /// alice by an RST, after a second
    Abort,
}

/// Runs the scenario, and says what came of it.
pub(super) fn run(
    arguments: &Arguments,
    seed: u64,
    listeners: &Rc<RefCell<Listeners>>,
) -> Result<(), Failure> {
    let mut world = World::traced(seed, listeners.clone());
    let alice = Talker::new(stack(&world, ALICE, ALICE_ADDRESS)?, arguments.tcp.alice());
    let bob = Talker::new(stack(&world, BOB, BOB_ADDRESS)?, arguments.tcp.bob());
    let alice = world.add_host(ALICE, alice);
    let bob = world.add_host(BOB, bob);
    world.connect(alice, bob, arguments.cable()).map_err(Failure::new)?;
    world.run_until_idle(Duration::MAX).map_err(Failure::new)?;
    listeners.borrow_mut().finish()?;
    say("");
    let mut wrong = 0;
    for (name, talk) in [(ALICE, world.host(alice).talk()), (BOB, world.host(bob).talk())] {
        print_talk(name, talk);
        wrong += talk.wrong;
    }
    if wrong != 0 {
        return Err(Failure::new(format_args!("{wrong} bytes arrived as others than were sent")));
    }
    Ok(())
}

impl TcpArguments {
    fn alice(&self) -> Plan {
        Plan {
            opens: Opens::Asking { from: alice_end(), to: bob_end() },
            options: ConnectionOptions { no_delay: self.no_delay, ..ConnectionOptions::default() },
            sends: self.size,
            piece: self.piece.unwrap_or(1 << 16),
            every: self.every.into(),
            sleeps: Duration::ZERO,
            closes: match self.close {
                Close::Alice => Closes::AfterSending,
                Close::Bob => Closes::AfterPeer,
                Close::Both => Closes::At(closing_time()),
                Close::Abort => Closes::AbortingAt(closing_time()),
            },
        }
    }

    fn bob(&self) -> Plan {
        let defaults = ConnectionOptions::default();
        let buffer = self.buffer.and_then(|bytes| usize::try_from(bytes).ok());
        Plan {
            opens: match self.open {
                Open::Alice => Opens::Listening { at: bob_end() },
                Open::Both => Opens::Asking { from: bob_end(), to: alice_end() },
            },
            options: ConnectionOptions {
                receive_buffer: buffer.map_or(defaults.receive_buffer, BufferSize::fixed),
                ..defaults
            },
            sends: self.answer,
            piece: 1 << 16,
            every: Duration::ZERO,
            sleeps: self.sleep.into(),
            closes: match self.close {
                Close::Alice | Close::Abort => Closes::AfterPeer,
                Close::Bob => Closes::AfterSending,
                Close::Both => Closes::At(closing_time()),
            },
        }
    }
}

fn alice_end() -> SocketAddr {
    (ALICE_ADDRESS, ALICE_PORT).into()
}

fn bob_end() -> SocketAddr {
    (BOB_ADDRESS, BOB_PORT).into()
}

fn closing_time() -> Instant {
    Instant::START + CLOSING_TIME
}

fn print_talk(name: &str, talk: &Talk) {
    let Talk { given, taken, last_taken, failure, .. } = talk;
    let seconds = last_taken.map(|at| at.since_start().as_secs_f64());
    let by = seconds.map_or_else(String::new, |seconds| format!(" in {seconds:.3} s"));
    let end = match failure {
        None => String::new(),
        Some(error) => format!("; then: {error}"),
    };
    say(format_args!("{name}'s program sent {given} bytes and received {taken}{by}{end}"));
}
