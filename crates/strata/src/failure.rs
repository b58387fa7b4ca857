//! What a person reads when something does not work: what happened, and what to type.

use std::fmt;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use packet::DeviceError;
use tun_device::{InterfaceName, Kind};

const RED: Style = AnsiColor::Red.on_default().bold();
const BOLD: Style = Style::new().bold();

/// Exit status of a command line that makes no sense.
pub(crate) const USAGE: u8 = 2;

/// Why a command ends with another exit status than 0.
pub(crate) struct Failure {
    /// What happened and why, in one line.
    cause: String,
    /// The one command that mends it, if one does.
    remedy: Option<String>,
    status: ExitCode,
}

impl Failure {
    pub(crate) fn new(cause: impl fmt::Display) -> Self {
        Self { cause: cause.to_string(), remedy: None, status: ExitCode::FAILURE }
    }

    /// That the arguments make no sense together, and what would be right.
    pub(crate) fn of_usage(cause: impl fmt::Display) -> Self {
        Self { status: USAGE.into(), ..Self::new(cause) }
    }

    /// How the command ends.
    pub(crate) const fn status(&self) -> ExitCode {
        self.status
    }

    pub(crate) fn with_remedy(self, remedy: impl fmt::Display) -> Self {
        Self { remedy: Some(remedy.to_string()), ..self }
    }

    /// What ended an event loop whose only device is `device`, of this kind.
    pub(crate) fn of_loop(error: event_loop::Error, device: &InterfaceName, kind: Kind) -> Self {
        match error {
            event_loop::Error::Device { error: DeviceError::Gone, .. } => {
                let script = match kind {
                    Kind::Tun => "tun-up",
                    Kind::Tap => "tap-up",
                };
                Self::new(format_args!("{device} was deleted while it was in use"))
                    .with_remedy(format_args!("scripts/{script} --dev {device}"))
            }
            event_loop::Error::Device { error, .. } => Self::new(format_args!("{device}: {error}")),
            event_loop::Error::Wait(_) => error.into(),
        }
    }

    pub(crate) fn print(&self) {
        anstream::eprintln!("{RED}error{RED:#}: {}", self.cause);
        if let Some(remedy) = &self.remedy {
            anstream::eprintln!("  {BOLD}remedy{BOLD:#}: {remedy}");
        }
    }
}

impl From<tun_device::Error> for Failure {
    fn from(error: tun_device::Error) -> Self {
        Self::new(&error).with_remedy(error.remedy())
    }
}

/// Prints in one line what clap has to say of a command line: what is wrong with which argument,
/// and what would be right.
pub(crate) fn print_usage_error(error: &clap::Error) {
    let rendered = error.render().to_string();
    let said: Vec<&str> = rendered
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
        .filter(|line| !line.is_empty())
        .collect();
    // What follows a colon is what it announces.
    let line = said.join("; ").replace(":; ", ": ");
    anstream::eprintln!("{RED}error{RED:#}: {}", line.strip_prefix("error: ").unwrap_or(&line));
}

impl From<event_loop::Error> for Failure {
    fn from(error: event_loop::Error) -> Self {
        Self::new(error)
    }
}
