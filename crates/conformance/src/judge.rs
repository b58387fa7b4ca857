//! What the outcome of its tests says of a requirement, and of all together.

use std::collections::BTreeMap;
use std::fmt;

use crate::level::Level;
use crate::row::Row;
use crate::test_name::TestName;

/// What became of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    /// It was ended because it took too long.
    TimedOut,
    /// It is marked as `#[ignore]`, so that it shows nothing.
    Ignored,
    /// There is no such test.
    Missing,
}

/// What became of each test that was named.
pub(crate) type Outcomes = BTreeMap<TestName, Outcome>;

/// What is to be said of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All its tests pass.
    Met,
    /// We do otherwise, and say why. If it has tests, they show what we do instead.
    Exception,
    /// What only may be done is not done, and we say why.
    Declined,
    /// A test that it names does not pass.
    NotMet,
    /// It names no test.
    NotYetJudged,
}

impl Verdict {
    pub(crate) const ALL: [Self; 5] =
        [Self::Met, Self::Exception, Self::Declined, Self::NotMet, Self::NotYetJudged];
}

/// Judges a row by what became of its tests, and by whether an exception is declared.
pub(crate) fn judge(row: &Row, exception: Option<&str>, outcomes: &Outcomes) -> Verdict {
    if row.tests.iter().any(|test| outcome(outcomes, test) != Outcome::Passed) {
        return Verdict::NotMet;
    }
    match exception {
        Some(_) if row.level == Level::May => Verdict::Declined,
        Some(_) => Verdict::Exception,
        None if row.tests.is_empty() => Verdict::NotYetJudged,
        None => Verdict::Met,
    }
}

/// What became of `test`. Of which nothing is known, is not there.
pub(crate) fn outcome(outcomes: &Outcomes, test: &TestName) -> Outcome {
    outcomes.get(test).copied().unwrap_or(Outcome::Missing)
}

/// How many rows of each level got which verdict, and which of them are to blame.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    judged: Vec<(String, Level, Verdict)>,
}

impl Tally {
    pub(crate) fn add(&mut self, row: &Row, verdict: Verdict) {
        self.judged.push((row.id.clone(), row.level, verdict));
    }

    /// Whether nothing fails: no test that any row names, and no MUST that lacks one.
    ///
    /// A SHOULD that lacks a test is counted and told, but fails nothing: it may be left undone
    /// for a reason, which is then to be declared.
    pub(crate) fn is_conformant(&self) -> bool {
        self.not_met().is_empty() && self.without_test(Level::is_absolute).is_empty()
    }

    /// The ids of rows with a test that does not pass.
    pub(crate) fn not_met(&self) -> Vec<&str> {
        self.ids(|_, verdict| verdict == Verdict::NotMet)
    }

    /// The ids of rows of such a level that are not yet judged.
    pub(crate) fn without_test(&self, of: impl Fn(Level) -> bool) -> Vec<&str> {
        self.ids(|level, verdict| verdict == Verdict::NotYetJudged && of(level))
    }

    pub(crate) fn count(&self, of: impl Fn(Level, Verdict) -> bool) -> usize {
        self.ids(of).len()
    }

    fn ids(&self, of: impl Fn(Level, Verdict) -> bool) -> Vec<&str> {
        let matching = self.judged.iter().filter(|(_, level, verdict)| of(*level, *verdict));
        matching.map(|(id, ..)| id.as_str()).collect()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::TimedOut => "TOOK TOO LONG",
            Self::Ignored => "IS IGNORED",
            Self::Missing => "NO SUCH TEST",
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Met => "met",
            Self::Exception => "exception",
            Self::Declined => "declined",
            Self::NotMet => "NOT MET",
            Self::NotYetJudged => "not yet judged",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(level: &str, tests: &str) -> Row {
        format!("A-1\t1\t{level}\tthis\t\t{tests}\t").parse().unwrap()
    }

    fn outcomes(all: &[(&str, Outcome)]) -> Outcomes {
        all.iter().map(|(name, outcome)| (name.parse().unwrap(), *outcome)).collect()
    }

    /// The verdict on a MUST with the tests `p/a` and `p/b`, of which `p/a` passed.
    fn verdict(of_b: Outcome, exception: Option<&str>) -> Verdict {
        let outcomes = outcomes(&[("p/a", Outcome::Passed), ("p/b", of_b)]);
        judge(&row("MUST", "p/a p/b"), exception, &outcomes)
    }

    #[test]
    fn a_row_is_met_if_all_its_tests_pass() {
        assert_eq!(verdict(Outcome::Passed, None), Verdict::Met);
        for other in [Outcome::Failed, Outcome::TimedOut, Outcome::Ignored, Outcome::Missing] {
            assert_eq!(verdict(other, None), Verdict::NotMet, "{other}");
        }
        assert_eq!(judge(&row("MAY", "p/a"), None, &Outcomes::new()), Verdict::NotMet);
    }

    #[test]
    fn a_row_without_tests_is_not_yet_judged() {
        assert_eq!(judge(&row("MUST", ""), None, &Outcomes::new()), Verdict::NotYetJudged);
    }

    #[test]
    fn an_exception_needs_no_test_but_those_that_it_has_must_pass() {
        let declared = Some("for a reason");
        assert_eq!(judge(&row("MUST", ""), declared, &Outcomes::new()), Verdict::Exception);
        assert_eq!(judge(&row("MAY", ""), declared, &Outcomes::new()), Verdict::Declined);
        assert_eq!(verdict(Outcome::Passed, declared), Verdict::Exception);
        assert_eq!(verdict(Outcome::Failed, declared), Verdict::NotMet);
    }

    #[test]
    fn a_must_without_a_passing_test_fails_and_a_should_without_any_does_not() {
        let is_conformant = |level, verdict| {
            let mut tally = Tally::default();
            tally.add(&row("MUST", ""), Verdict::Met);
            tally.add(&row(level, ""), verdict);
            tally.is_conformant()
        };
        for level in ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"] {
            let absolute = level.starts_with("MUST");
            assert!(!is_conformant(level, Verdict::NotMet), "{level}");
            assert_eq!(is_conformant(level, Verdict::NotYetJudged), !absolute, "{level}");
            for verdict in [Verdict::Met, Verdict::Exception, Verdict::Declined] {
                assert!(is_conformant(level, verdict), "{level} {verdict}");
            }
        }
    }
}
