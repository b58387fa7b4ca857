//! What the doctor has to say, as values. Colour is the caller's.

use std::fmt;

/// All checks, in the order in which a packet depends on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// At most one of them has failed; those after it were not reached.
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether nothing failed. A warning is no failure.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        !self.checks.iter().any(|check| matches!(check.outcome, Outcome::Failed(_)))
    }
}

/// One check and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What is to be true (`tun0 is up`).
    pub expectation: String,
    /// Whether it is.
    pub outcome: Outcome,
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is as it should be; with what was seen, where that teaches something.
    Ok(Option<String>),
    /// Packets pass, but a person should know.
    Warning(Finding),
    /// No packet gets there and back before this is mended.
    Failed(Finding),
    /// Not looked at, since an earlier check failed.
    NotReached,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong (`tun0 is down`).
    pub what: String,
    /// Why that matters.
    pub why: String,
    /// What mends it. `None` if nothing can from where we are.
    pub remedy: Option<Remedy>,
}

/// The one command that mends something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// To be typed as it stands.
    pub command: String,
    /// Where to type it, if not here (`in another terminal`).
    pub place: Option<&'static str>,
}

impl Remedy {
    /// A command to be typed here.
    pub(crate) const fn here(command: String) -> Option<Self> {
        Some(Self { command, place: None })
    }

    /// A command to be typed elsewhere.
    pub(crate) const fn at(place: &'static str, command: String) -> Option<Self> {
        Some(Self { command, place: Some(place) })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.checks.iter().try_for_each(|check| writeln!(f, "{check}"))
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Ok(None) => write!(f, "ok      {}", self.expectation),
            Outcome::Ok(Some(seen)) => write!(f, "ok      {}: {seen}", self.expectation),
            Outcome::Warning(finding) => write!(f, "warning {finding}"),
            Outcome::Failed(finding) => write!(f, "failed  {finding}"),
            Outcome::NotReached => write!(f, "later   {}", self.expectation),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.what)?;
        write!(f, "        why:    {}", self.why)?;
        let Some(Remedy { command, place }) = &self.remedy else {
            return Ok(());
        };
        write!(f, "\n        remedy: {command}")?;
        place.map_or(Ok(()), |place| write!(f, "\n        where:  {place}"))
    }
}
