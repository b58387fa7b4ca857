//! The name of a test, so that nobody can mistake it for another.
//!
//! ```text
//!   ipv4/destination::tests::ip_8_what_is_for_somebody_else     in the crate itself
//!   ipv4::reassembly/frag_6_duplicates_do_no_harm               in its tests/reassembly.rs
//!   └──────┬───────┘ └─────────────┬────────────┘
//!      the binary              the test in it
//! ```
//!
//! This is what cargo nextest prints for each test, with a slash in place of the blank.

use std::fmt;
use std::str::FromStr;

/// A test of this workspace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TestName {
    /// The package, and behind `::` which of its tests if it is not the library's.
    pub(crate) binary: String,
    /// The test's path in that binary.
    pub(crate) test: String,
}

impl TestName {
    /// The package whose test it is.
    pub(crate) fn package(&self) -> &str {
        self.binary.split_once("::").map_or(&self.binary, |(package, _)| package)
    }

    /// What to type in order to see the test fail.
    pub(crate) fn command(&self) -> String {
        let target = match self.binary.split_once("::") {
            None => "--lib".to_owned(),
            Some((_, target)) => match target.strip_prefix("bin/") {
                Some(program) => format!("--bin {program}"),
                None => format!("--test {target}"),
            },
        };
        format!("cargo test -p {} {target} -- --exact {}", self.package(), self.test)
    }
}

impl fmt::Display for TestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.binary, self.test)
    }
}

impl FromStr for TestName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The last one: a program's own tests are in `strata::bin/strata`.
        match text.rsplit_once('/') {
            Some((binary, test)) if !binary.is_empty() && !test.is_empty() => {
                Ok(Self { binary: binary.to_owned(), test: test.to_owned() })
            }
            _ => Err(format!(
                "'{text}' names no test; right would be binary/test, as in \
                 ipv4::reassembly/frag_6_duplicates_do_no_harm"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_says_how_to_run_it() {
        for (name, command) in [
            ("ipv4/header::tests::a", "cargo test -p ipv4 --lib -- --exact header::tests::a"),
            ("ipv4::reassembly/a", "cargo test -p ipv4 --test reassembly -- --exact a"),
            ("strata::bin/strata/m::a", "cargo test -p strata --bin strata -- --exact m::a"),
        ] {
            let test: TestName = name.parse().unwrap();
            assert_eq!((test.to_string(), test.command()), (name.to_owned(), command.to_owned()));
        }
    }

    #[test]
    fn what_names_no_test_is_refused() {
        for text in ["ipv4", "ipv4/", "/a", "ipv4::reassembly::a"] {
            let error = text.parse::<TestName>().unwrap_err();
            assert!(
                error.starts_with(&format!("'{text}' names no test; right would be")),
                "{error}"
            );
        }
    }
}
