//! Numbers, and links with faults, that follow from a seed.

use std::time::Duration;

use link::{GilbertElliott, LinkOptions, Loss, Percentage, QueueLimit, Rate, split_seed};

/// Numbers that follow from a seed.
pub(crate) struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed, thrown: 0 }
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.thrown += 1;
        split_seed(self.seed, self.thrown) % bound
    }

    /// Whether something that happens once in `times` does.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn percentage_below(&mut self, bound: u64) -> Percentage {
        if self.once_in(3) {
            return Percentage::ZERO;
        }
        Percentage::new(u8::try_from(self.below(bound)).unwrap())
    }

    pub(crate) fn milliseconds_below(&mut self, bound: u64) -> Duration {
        if self.once_in(3) {
            return Duration::ZERO;
        }
        Duration::from_micros(self.below(bound * 1000))
    }

    pub(crate) fn loss(&mut self) -> Loss {
        match self.below(4) {
            0 => Loss::NONE,
            1 => Loss::Random(self.percentage_below(60)),
            2 => Loss::GilbertElliott(GilbertElliott {
                p: self.percentage_below(20),
                r: self.percentage_below(101),
                loss_in_bad: self.percentage_below(101),
                loss_in_good: self.percentage_below(10),
            }),
            _ => Loss::Frames((0..self.below(10)).map(|_| 1 + self.below(30)).collect()),
        }
    }

    pub(crate) fn link_options(&mut self) -> LinkOptions {
        let rate = format!("{}kbit", 50 + self.below(5000));
        let packets = usize::try_from(self.below(20)).unwrap();
        LinkOptions {
            delay: self.milliseconds_below(100),
            jitter: self.milliseconds_below(60),
            rate: self.once_in(2).then(|| rate.parse::<Rate>().unwrap()),
            queue: if self.once_in(2) { QueueLimit::DEFAULT } else { QueueLimit::Packets(packets) },
            loss: self.loss(),
            duplicate: self.percentage_below(50),
            reorder: self.percentage_below(50),
            reorder_hold: self.milliseconds_below(200),
            corrupt: self.percentage_below(50),
            mtu: self.once_in(3).then(|| 60 + usize::try_from(self.below(1500)).unwrap()),
        }
    }
}
