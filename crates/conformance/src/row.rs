//! One line of a table: a requirement, the code that meets it and the tests that show it.

use std::str::FromStr;

use crate::level::Level;
use crate::place::Place;
use crate::test_name::TestName;

/// The first line of every table.
pub(crate) const COLUMNS: [&str; 7] =
    ["id", "section", "level", "summary", "code", "tests", "note"];

/// A requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The name by which code, tests and notes speak of it (`FRAG-6`).
    pub(crate) id: String,
    /// Where in the table's RFC it stands, or in which other one.
    pub(crate) section: String,
    pub(crate) level: Level,
    pub(crate) summary: String,
    pub(crate) code: Vec<Place>,
    /// Empty as long as nobody has judged it.
    pub(crate) tests: Vec<TestName>,
    pub(crate) note: String,
}

impl FromStr for Row {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let cells: Vec<&str> = line.split('\t').collect();
        let [id, section, level, summary, code, tests, note] = *cells.as_slice() else {
            return Err(format!(
                "{} instead of {} cells, with a tab between them: {}",
                cells.len(),
                COLUMNS.len(),
                COLUMNS.join(", ")
            ));
        };
        for (name, cell) in [("id", id), ("section", section), ("summary", summary)] {
            if cell.trim().is_empty() {
                return Err(format!("the {name} is empty"));
            }
        }
        Ok(Self {
            id: id.to_owned(),
            section: section.to_owned(),
            level: level.parse()?,
            summary: summary.to_owned(),
            code: words(code)?,
            tests: words(tests)?,
            note: note.to_owned(),
        })
    }
}

/// What the words of a cell are.
fn words<T: FromStr<Err = String>>(cell: &str) -> Result<Vec<T>, String> {
    cell.split_whitespace().map(str::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "IP-8\t3.2.1.3\tMUST NOT\ttaken\tcrates/ipv4/src/destination.rs#of\t\
        ipv4/destination::tests::a ipv4::reassembly/b\tbut for groups";

    #[test]
    fn a_line_is_read_cell_by_cell() {
        let row: Row = LINE.parse().unwrap();
        assert_eq!((row.id.as_str(), row.section.as_str()), ("IP-8", "3.2.1.3"));
        assert_eq!((row.level, row.summary.as_str()), (Level::MustNot, "taken"));
        assert_eq!(row.code, ["crates/ipv4/src/destination.rs#of".parse().unwrap()]);
        let tests: Vec<_> = row.tests.iter().map(ToString::to_string).collect();
        assert_eq!(tests, ["ipv4/destination::tests::a", "ipv4::reassembly/b"]);
        assert_eq!(row.note, "but for groups");
    }

    #[test]
    fn code_tests_and_note_may_be_empty() {
        let row: Row = "IP-8\t3.2.1.3\tMAY\ttaken\t\t\t".parse().unwrap();
        assert!(row.code.is_empty() && row.tests.is_empty() && row.note.is_empty());
    }

    #[test]
    fn a_malformed_line_says_what_is_wrong_with_it() {
        for (from, to, error) in [
            ("MUST NOT", "MUST  NOT", "'MUST  NOT' is no level; there are MUST, MUST NOT,"),
            ("MUST NOT", "must", "'must' is no level"),
            ("ipv4/destination", "ipv4:destination", "'ipv4:destination::tests::a' names no test"),
            ("crates/ipv4/src/destination.rs#of", "#of", "'#of' is no place"),
            ("IP-8", "", "the id is empty"),
            ("taken", " ", "the summary is empty"),
            ("\tbut for groups", "", "6 instead of 7 cells"),
            ("but for groups", "but for\tgroups", "8 instead of 7 cells"),
        ] {
            let wrong = LINE.replacen(from, to, 1).parse::<Row>().unwrap_err();
            assert!(wrong.starts_with(error), "{wrong}");
        }
    }
}
