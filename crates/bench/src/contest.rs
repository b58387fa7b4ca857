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
    /// What stands in the contest's further columns.
    pub(crate) further: Vec<f64>,
}

impl Turn {
    /// A turn in a contest without further columns.
    pub(crate) const fn new(count: u32, time: Duration) -> Self {
        Self { count, time, further: Vec::new() }
    }
}

/// Something to be timed.
pub(crate) struct Case<'a> {
    name: &'static str,
    run: Box<dyn FnMut() -> Result<Turn, Box<dyn Error>> + 'a>,
    /// Nanoseconds that one thing took, a number each round.
    times: Vec<f64>,
    /// For each further column a number each round.
    further: Vec<Vec<f64>>,
}

impl<'a> Case<'a> {
    pub(crate) fn new(
        name: &'static str,
        run: impl FnMut() -> Result<Turn, Box<dyn Error>> + 'a,
    ) -> Self {
        Self { name, run: Box::new(run), times: Vec::new(), further: Vec::new() }
    }

    fn take_turn(&mut self) -> Result<(), Box<dyn Error>> {
        let Turn { count, time, further } = (self.run)()?;
        self.times.push(time.as_secs_f64() * 1e9 / f64::from(count));
        self.further.resize_with(further.len(), Vec::new);
        for (column, number) in self.further.iter_mut().zip(further) {
            column.push(number);
        }
        Ok(())
    }

    /// Leaves out the first round, which only warms up.
    fn sort_rounds(&mut self) {
        for column in self.further.iter_mut().chain([&mut self.times]) {
            column.remove(0);
            column.sort_by(f64::total_cmp);
        }
    }

    /// Nanoseconds that one thing took.
    fn time(&self) -> f64 {
        median(&self.times)
    }

    /// How far the middle half of the rounds lies apart, in percent of the median.
    fn spread(&self) -> f64 {
        let quarter = self.times.len() / 4;
        match (self.times.get(quarter), self.times.iter().rev().nth(quarter)) {
            (Some(low), Some(high)) => (high - low) / self.time() * 100.0,
            _ => f64::NAN,
        }
    }
}

/// The middle one of sorted numbers.
fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Cases that are compared with the first of them.
pub(crate) struct Contest<'a> {
    title: &'static str,
    things: &'static str,
    rounds: usize,
    further_columns: &'static [&'static str],
    cases: Vec<Case<'a>>,
}

impl<'a> Contest<'a> {
    /// A contest in doing `things`.
    pub(crate) const fn new(title: &'static str, things: &'static str) -> Self {
        Self { title, things, rounds: ROUNDS, further_columns: &[], cases: Vec::new() }
    }

    /// The same contest in more rounds, for turns that are shorter.
    pub(crate) fn in_rounds(self, rounds: usize) -> Self {
        Self { rounds, ..self }
    }

    /// The same contest with more columns in its table. Each turn has a number for each.
    pub(crate) fn with_columns(self, further_columns: &'static [&'static str]) -> Self {
        Self { further_columns, ..self }
    }

    pub(crate) fn add(&mut self, case: Case<'a>) {
        self.cases.push(case);
    }

    /// Runs every case and prints the table. The medians, in nanoseconds, in the order of the
    /// cases.
    pub(crate) fn run(mut self) -> Result<Vec<f64>, Box<dyn Error>> {
        // One round to warm up.
        for _ in 0..=self.rounds {
            for case in &mut self.cases {
                case.take_turn()?;
            }
        }
        self.cases.iter_mut().for_each(Case::sort_rounds);
        let medians: Vec<f64> = self.cases.iter().map(Case::time).collect();
        self.print(medians.first().copied().unwrap_or(f64::NAN));
        Ok(medians)
    }

    fn print(&self, first: f64) {
        let heads = (format!("{} a second", self.things), "ns each", "spread", "ratio");
        print!("{:<40} {:>20} {:>9} {:>7} {:>6}", self.title, heads.0, heads.1, heads.2, heads.3);
        for column in self.further_columns {
            print!(" {column:>14}");
        }
        println!();
        for case in &self.cases {
            let time = case.time();
            print!(
                "  {:<38} {:>20.0} {time:>9.2} {:>6.1}% {:>6.2}",
                case.name,
                1e9 / time,
                case.spread(),
                time / first
            );
            for column in &case.further {
                print!(" {:>14.0}", median(column));
            }
            println!();
        }
        println!();
    }
}
