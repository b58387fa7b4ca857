//! Cases that take turns, so that whatever slows the machine down slows all of them.

use std::error::Error;
use std::time::Duration;

/// How often each case has its turn.
const ROUNDS: usize = 9;

/// What a case did in one turn.
pub(crate) struct Turn {
    /// How many things it did.
    pub(crate) count: u32,
    /// How long that took.
    pub(crate) time: Duration,
}

/// Something to be timed.
pub(crate) struct Case {
    name: &'static str,
    run: Box<dyn FnMut() -> Result<Turn, Box<dyn Error>>>,
    /// Nanoseconds that one thing took, a number each round.
    times: Vec<f64>,
}

impl Case {
    pub(crate) fn new(
        name: &'static str,
        run: impl FnMut() -> Result<Turn, Box<dyn Error>> + 'static,
    ) -> Self {
        Self { name, run: Box::new(run), times: Vec::new() }
    }

    fn take_turn(&mut self) -> Result<(), Box<dyn Error>> {
        let Turn { count, time } = (self.run)()?;
        self.times.push(time.as_secs_f64() * 1e9 / f64::from(count));
        Ok(())
    }

    fn median(&self) -> f64 {
        self.times.get(self.times.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// How far the middle half of the rounds lies apart, in percent of the median.
    fn spread(&self) -> f64 {
        let quarter = self.times.len() / 4;
        match (self.times.get(quarter), self.times.iter().rev().nth(quarter)) {
            (Some(low), Some(high)) => (high - low) / self.median() * 100.0,
            _ => f64::NAN,
        }
    }
}

/// Cases that are compared with the first of them.
pub(crate) struct Contest {
    title: &'static str,
    things: &'static str,
    cases: Vec<Case>,
}

impl Contest {
    /// A contest in doing `things`.
    pub(crate) const fn new(title: &'static str, things: &'static str) -> Self {
        Self { title, things, cases: Vec::new() }
    }

    pub(crate) fn add(&mut self, case: Case) {
        self.cases.push(case);
    }

    /// Runs every case and prints the table. The medians, in nanoseconds, in the order of the
    /// cases.
    pub(crate) fn run(mut self) -> Result<Vec<f64>, Box<dyn Error>> {
        // One round to warm up.
        for _ in 0..=ROUNDS {
            for case in &mut self.cases {
                case.take_turn()?;
            }
        }
        for case in &mut self.cases {
            case.times.remove(0);
            case.times.sort_by(f64::total_cmp);
        }
        let medians: Vec<f64> = self.cases.iter().map(Case::median).collect();
        self.print(medians.first().copied().unwrap_or(f64::NAN));
        Ok(medians)
    }

    fn print(&self, first: f64) {
        let heads = (format!("{} a second", self.things), "ns each", "spread", "ratio");
        println!("{:<40} {:>20} {:>9} {:>7} {:>6}", self.title, heads.0, heads.1, heads.2, heads.3);
        for case in &self.cases {
            let median = case.median();
            println!(
                "  {:<38} {:>20.0} {median:>9.2} {:>6.1}% {:>6.2}",
                case.name,
                1e9 / median,
                case.spread(),
                median / first
            );
        }
        println!();
    }
}
