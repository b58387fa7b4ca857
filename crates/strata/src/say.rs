//! Words for the person at the terminal.

use std::fmt;
use std::io::Write;

/// Prints one line on standard output. Nobody being there to read it any more
/// (`strata dump | head`) is no reason to fail.
pub(crate) fn say(line: impl fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
