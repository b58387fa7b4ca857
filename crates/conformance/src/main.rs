//! Which requirements of the RFCs are met. `make conformance` prints the table.
//!
//! ```text
//!   notes/requirements/*.tsv ──► requirements ──► what is wrong with the tables, line by line
//!                                     │
//!                                     ▼  the tests that they name, and no others
//!                                  runner ──► judge ──► report
//! ```
//!
//! What the tables hold, and how to extend them, stands in notes/requirements/README.md.

#![forbid(unsafe_code)]

mod fault;
mod judge;
mod level;
mod place;
mod report;
mod requirements;
mod row;
mod runner;
mod test_name;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use judge::Tally;
use requirements::{Requirements, Table};

/// Exit status if an argument is wrong. What is not met, or cannot be found out, is 1.
const BAD_INPUT: u8 = 2;

fn main() -> ExitCode {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = package.ancestors().nth(2).unwrap_or(package);
    let requirements = match Requirements::read(project) {
        Ok(requirements) => requirements,
        Err(faults) => {
            faults.iter().for_each(|fault| eprintln!("{fault}"));
            return ExitCode::FAILURE;
        }
    };
    let names: Vec<String> = std::env::args().skip(1).collect();
    let tables = match requirements.choose(&names) {
        Ok(tables) => tables,
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::from(BAD_INPUT);
        }
    };
    match judge_all(project, &requirements, &tables) {
        Ok(tally) if tally.is_conformant() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the tests that `tables` name, and prints what that says of each row.
///
/// # Errors
/// In one line, why the tests could not be run.
fn judge_all(
    project: &Path,
    requirements: &Requirements,
    tables: &[&Table],
) -> Result<Tally, String> {
    let rows = || tables.iter().flat_map(|table| &table.rows);
    let tests: BTreeSet<_> = rows().flat_map(|row| &row.tests).cloned().collect();
    let outcomes = runner::run(project, &tests)?;

    let mut tally = Tally::default();
    let mut text = String::new();
    for row in rows() {
        let exception = requirements.exception(&row.id);
        let verdict = judge::judge(row, exception, &outcomes);
        tally.add(row, verdict);
        text += &report::row(row, exception, verdict, &outcomes);
    }
    text += &report::summary(&tally, &outcomes);
    // Nobody being there to read it any more (`make conformance | head`) changes no verdict.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(tally)
}
