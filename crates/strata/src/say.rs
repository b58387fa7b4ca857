//! Words for the person at the terminal.

use std::fmt;
use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};

/// Prints one line on standard output. Nobody being there to read it any more
/// (`strata dump | head`) is no reason to fail.
pub(crate) fn say(line: impl fmt::Display) {
    Words::Output.say(line);
}

/// Where words go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// To standard output: they are what the command is for.
    Output,
    /// To standard error, since standard output is for the data that the command carries.
    Error,
}

impl Words {
    /// As [`say`], there.
    pub(crate) fn say(self, line: impl fmt::Display) {
        let _ = writeln!(self.writer(), "{line}");
    }

    /// The way there.
    pub(crate) fn writer(self) -> Box<dyn Write> {
        match self {
            Self::Output => Box::new(io::stdout()),
            Self::Error => Box::new(io::stderr()),
        }
    }

    /// Whether they may be coloured there: on a terminal, unless NO_COLOR is set.
    pub(crate) fn may_be_coloured(self) -> bool {
        let choice = match self {
            Self::Output => AutoStream::choice(&io::stdout()),
            Self::Error => AutoStream::choice(&io::stderr()),
        };
        choice != ColorChoice::Never
    }
}
