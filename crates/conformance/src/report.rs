//! The table as a person reads it.

use std::fmt::Write;

use crate::judge::{self, Outcome, Outcomes, Tally, Verdict};
use crate::level::Level;
use crate::row::Row;

/// What stands before everything that a row says beyond its first line.
const INDENT: &str = "          ";

/// A row: its id, level, verdict and what it asks for; below, its code and tests.
pub(crate) fn row(
    row: &Row,
    exception: Option<&str>,
    verdict: Verdict,
    outcomes: &Outcomes,
) -> String {
    let Row { id, section, level, summary, code, tests, note } = row;
    let mut text = format!("{id:<9} {level:<10}  {verdict:<14}  {summary} ({section})\n");
    let mut line = |what: &str, value: String| {
        // A String takes everything.
        let _ = writeln!(text, "{INDENT}{what:<10}  {value}");
    };
    for place in code {
        line("code", place.to_string());
    }
    for test in tests {
        line("test", format!("{:<14}  {test}", judge::outcome(outcomes, test)));
    }
    if let Some(reason) = exception {
        line("because", reason.to_owned());
    }
    if !note.is_empty() {
        line("note", note.clone());
    }
    text
}

/// How many rows got which verdict, and what is to be done.
pub(crate) fn summary(tally: &Tally, outcomes: &Outcomes) -> String {
    let mut text = format!("\n{:<10}", "");
    let mut add = |piece: String| text.push_str(&piece);
    for verdict in Verdict::ALL {
        add(format!("  {verdict:>14}"));
    }
    for level in Level::ALL {
        add(format!("\n{level:<10}"));
        for verdict in Verdict::ALL {
            add(format!("  {:>14}", tally.count(|l, v| (l, v) == (level, verdict))));
        }
    }
    add(format!("\n{:<10}", "all"));
    for verdict in Verdict::ALL {
        add(format!("  {:>14}", tally.count(|_, v| v == verdict)));
    }
    add("\n\n".to_owned());

    for (test, outcome) in outcomes {
        match outcome {
            Outcome::Passed => {}
            Outcome::Missing => add(format!("{outcome}: {test}\n")),
            Outcome::Failed | Outcome::TimedOut | Outcome::Ignored => {
                add(format!("{outcome}: {test}; look at it: {}\n", test.command()));
            }
        }
    }
    let musts = tally.without_test(Level::is_absolute);
    let others = tally.without_test(|level| !level.is_absolute());
    for (what, ids) in [
        ("NOT MET", tally.not_met()),
        ("MUST or MUST NOT without a test", musts),
        ("SHOULD, SHOULD NOT or MAY without a test (which fails nothing)", others),
    ] {
        if !ids.is_empty() {
            add(format!("{what}: {}\n", ids.join(" ")));
        }
    }
    let all_is_well = "conformant: each MUST and MUST NOT is met, or is a declared exception";
    add(format!("{}\n", if tally.is_conformant() { all_is_well } else { "NOT CONFORMANT" }));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Row {
        "A-1\t1.2\tMUST\tthis is done\tcode.rs#there\tp/a p::q/b\tor so".parse().unwrap()
    }

    fn outcomes() -> Outcomes {
        [("p/a", Outcome::Passed), ("p::q/b", Outcome::Failed), ("p/c", Outcome::Missing)]
            .map(|(name, outcome)| (name.parse().unwrap(), outcome))
            .into()
    }

    #[test]
    fn a_row_tells_what_is_asked_for_where_it_is_done_and_what_its_tests_say() {
        let text = row(&example(), Some("for a reason"), Verdict::NotMet, &outcomes());
        let lines: Vec<_> = text.lines().map(str::trim_end).collect();
        assert_eq!(
            lines,
            [
                "A-1       MUST        NOT MET         this is done (1.2)",
                "          code        code.rs#there",
                "          test        passed          p/a",
                "          test        FAILED          p::q/b",
                "          because     for a reason",
                "          note        or so",
            ]
        );
    }

    #[test]
    fn the_summary_counts_and_says_what_to_look_at() {
        let mut tally = Tally::default();
        tally.add(&example(), Verdict::NotMet);
        let should = "A-2\t1.2\tSHOULD\tthat\t\t\t".parse().unwrap();
        tally.add(&should, Verdict::NotYetJudged);
        let text = summary(&tally, &outcomes());
        let has = |line: &str| assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        has(
            "MUST                     0               0               0               1               0",
        );
        has(
            "all                      0               0               0               1               1",
        );
        has("FAILED: p::q/b; look at it: cargo test -p p --test q -- --exact b");
        has("NO SUCH TEST: p/c");
        has("NOT MET: A-1");
        has("SHOULD, SHOULD NOT or MAY without a test (which fails nothing): A-2");
        has("NOT CONFORMANT");
        assert!(!text.contains("p/a"), "{text}");
    }
}
