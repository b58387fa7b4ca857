//! Faults on purpose: what a link may do to the packets of a command.

use std::fmt;
use std::hash::{BuildHasher, RandomState};

use clap::{Args, ValueEnum};
use event_loop::PollableDevice;
use link::{Delay, Impaired, Link, LinkOptions, Loss, Percentage, Rate, split_seed};
use stack::Secret;
use trace::{Event, Fault, Record, Subscriber, Tracer};

use crate::say::Words;

/// What the link does to packets, in tc-netem(8)'s words.
#[derive(Args)]
#[command(next_help_heading = "Faults of the link")]
pub(crate) struct FaultArguments {
    /// Lose packets: 5%, or in bursts gemodel:1%,20%, or by number frames:3,7
    #[arg(long, value_name = "LOSS")]
    loss: Option<Loss>,

    /// Hold each packet back for so long, such as 20ms
    #[arg(long, value_name = "TIME")]
    delay: Option<Delay>,

    /// Vary the delay by as much, either way
    #[arg(long, value_name = "TIME")]
    jitter: Option<Delay>,

    /// Let so many packets be overtaken, such as 2%
    #[arg(long, value_name = "PERCENT")]
    reorder: Option<Percentage>,

    /// Deliver so many packets twice
    #[arg(long, value_name = "PERCENT")]
    duplicate: Option<Percentage>,

    /// Change one bit in so many packets
    #[arg(long, value_name = "PERCENT")]
    corrupt: Option<Percentage>,

    /// Carry no more than so many bits a second, such as 10mbit
    #[arg(long, value_name = "RATE")]
    rate: Option<Rate>,

    /// Which packets meet these faults
    #[arg(long, value_name = "WAY", value_enum, default_value_t = Way::Both)]
    faults_on: Way,

    /// Decide everything that is random by this number; the same gives the same faults again
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

/// Packets of which direction.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    /// Those that the kernel sends.
    In,
    /// Those that strata sends.
    Out,
    /// All.
    Both,
}

impl FaultArguments {
    /// Whether any fault was asked for.
    pub(crate) fn any(&self) -> bool {
        !self.link_options().is_perfect()
    }

    /// What a link with these faults is like.
    pub(crate) fn link_options(&self) -> LinkOptions {
        LinkOptions {
            delay: self.delay.map(Into::into).unwrap_or_default(),
            jitter: self.jitter.map(Into::into).unwrap_or_default(),
            rate: self.rate,
            loss: self.loss.clone().unwrap_or(Loss::NONE),
            duplicate: self.duplicate.unwrap_or(Percentage::ZERO),
            reorder: self.reorder.unwrap_or(Percentage::ZERO),
            corrupt: self.corrupt.unwrap_or(Percentage::ZERO),
            ..LinkOptions::PERFECT
        }
    }

    /// Puts a link with these faults in front of `device`, if any were asked for, and says in
    /// these words by which seed they can be had again.
    pub(crate) fn in_front_of(
        &self,
        device: impl PollableDevice + 'static,
        tracer: &Tracer,
        words: Words,
    ) -> Box<dyn PollableDevice> {
        if !self.any() {
            return Box::new(device);
        }
        let seed = self.seed_or_random();
        words.say(format_args!(
            "the link has faults on purpose; --seed {seed} gives the same again"
        ));
        let options = |way| {
            let meant = self.faults_on == way || self.faults_on == Way::Both;
            if meant { self.link_options() } else { LinkOptions::PERFECT }
        };
        let incoming = Link::new(options(Way::In), split_seed(seed, 0), tracer.clone());
        let outgoing = Link::new(options(Way::Out), split_seed(seed, 1), tracer.clone());
        Box::new(Impaired::new(device, incoming, outgoing))
    }

    /// What the stack's secrets are made of: the seed that was given, else 128 bits that nobody
    /// can guess.
    pub(crate) fn secret(&self) -> Secret {
        let random = RandomState::new();
        let half = |index| match self.seed {
            Some(seed) => split_seed(seed, index),
            None => random.hash_one(index),
        };
        Secret::new([half(2), half(3)])
    }

    /// The seed that was given, or one that nobody can guess.
    pub(crate) fn seed_or_random(&self) -> u64 {
        self.seed.unwrap_or_else(|| RandomState::new().hash_one(0))
    }
}

/// How often a link did what on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FaultCounts {
    lost: u64,
    queue_full: u64,
    too_long: u64,
    duplicated: u64,
    reordered: u64,
    corrupted: u64,
}

impl Subscriber for FaultCounts {
    fn record(&mut self, record: &Record<'_>) {
        let Event::Fault { fault, .. } = record.event else { return };
        *match fault {
            Fault::Lost => &mut self.lost,
            Fault::QueueFull => &mut self.queue_full,
            Fault::TooLong => &mut self.too_long,
            Fault::Duplicated => &mut self.duplicated,
            Fault::Reordered { .. } => &mut self.reordered,
            Fault::Corrupted { .. } => &mut self.corrupted,
        } += 1;
    }
}

/// `3 lost, 1 delivered twice`; `no fault` if there was none.
impl fmt::Display for FaultCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lost, queue_full, too_long, duplicated, reordered, corrupted } = *self;
        let counted: Vec<String> = [
            (lost, "lost"),
            (queue_full, "lost because the queue was full"),
            (too_long, "lost because they were too long"),
            (duplicated, "delivered twice"),
            (reordered, "held back to be overtaken"),
            (corrupted, "damaged"),
        ]
        .into_iter()
        .filter(|(count, _)| *count != 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
        f.pad(&if counted.is_empty() { "no fault".to_owned() } else { counted.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use packet::Instant;

    #[test]
    fn each_fault_is_counted_by_its_kind() {
        let mut counts = FaultCounts::default();
        assert_eq!(counts.to_string(), "no fault");
        for fault in [Fault::Lost, Fault::Corrupted { bit: 1 }, Fault::Lost, Fault::QueueFull] {
            let event = Event::Fault { fault, bytes: b"frame" };
            counts.record(&Record { at: Instant::START, host: "strata", event });
        }
        let expected = "2 lost, 1 lost because the queue was full, 1 damaged";
        assert_eq!(counts.to_string(), expected);
    }
}
