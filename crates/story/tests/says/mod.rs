//! What a story says that goes wrong.

use std::panic::{AssertUnwindSafe, catch_unwind};

use snapbox::assert_data_eq;
use snapbox::data::Inline;

/// Tells a story that must go wrong, and compares all of what it says.
pub(crate) fn says(tell: impl FnOnce(), expected: Inline) {
    assert_data_eq!(without_places(&message_of(tell)), expected);
}

/// Compares only what it says under "Expected" and "Instead".
pub(crate) fn compares(tell: impl FnOnce(), expected: Inline) {
    let message = message_of(tell);
    let part = message.split("\n\n").find(|part| part.starts_with("Expected:")).unwrap();
    assert_data_eq!(part, expected);
}

pub(crate) fn message_of(tell: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(tell)).expect_err("the story went well");
    *panic.downcast().unwrap()
}

/// What differs from machine to machine, or with each line above it, left out.
pub(crate) fn without_places(message: &str) -> String {
    let line = |line: &str| {
        let before = |line: &str, end| line.split_once(end).map(|(start, _)| start.to_owned());
        if let Some(start) = before(line, ", from line ") {
            return format!("{start}, from line ... on.");
        }
        match line.strip_prefix("The same for Wireshark: ") {
            Some(path) => {
                let (_, name) = path.rsplit_once('/').unwrap();
                format!("The same for Wireshark: .../{name}")
            }
            None => line.to_owned(),
        }
    };
    message.trim_end().lines().map(line).collect::<Vec<_>>().join("\n")
}
