//! What a person is told while a tunnel runs: a line each.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use packet::Instant;

use crate::{LyingLength, Terms};

/// Something that a person is to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Which other end it is about.
    pub peer: SocketAddr,
    /// What happened.
    pub what: What,
}

/// What happened to another end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It is part of the tunnel now.
    Up {
        /// Whether frames to and from it are sealed.
        is_sealed: bool,
    },
    /// It is not any more.
    Gone,
    /// It has another key.
    WrongKey,
    /// It says that our key is not its key.
    KeyRefused,
    /// It carries something else.
    WrongTerms {
        /// What it carries.
        theirs: Terms,
        /// What is carried here.
        own: Terms,
    },
    /// It says that it carries something else.
    TermsRefused {
        /// What is carried here.
        own: Terms,
    },
    /// It seals, and there is no key here.
    Seals,
    /// What it sent is no message of a tunnel with a key.
    DoesNotSeal,
    /// It sent a frame that was not sealed by the key.
    Forged,
    /// It announces what cannot be.
    LyingLength(LyingLength),
    /// It sent no greeting in time.
    Silent,
    /// There are as many as there may be.
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// The other end of a UDP tunnel does not answer.
    NoAnswer,
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.peer)?;
        match &self.what {
            What::Up { is_sealed: true } => f.write_str("connected, sealed"),
            What::Up { is_sealed: false } => f.write_str("connected, not sealed"),
            What::Gone => f.write_str("gone"),
            What::WrongKey => {
                f.write_str("refused, it has another key: both ends need the same --key-file")
            }
            What::KeyRefused => {
                f.write_str("the other end refuses our key: both ends need the same --key-file")
            }
            What::WrongTerms { theirs, own } => {
                write!(
                    f,
                    "refused, it carries {theirs}, and here it is {own}: give both ends the same"
                )
            }
            What::TermsRefused { own } => write!(
                f,
                "the other end carries something else than {own}: give both ends the same \
                 --tap and --mtu"
            ),
            What::Seals => f.write_str(
                "refused, it seals its frames, and there is no key here: start both ends with \
                 the same --key-file",
            ),
            What::DoesNotSeal => f.write_str(
                "dropped, what it sent is no sealed tunnel: another program, or an end without \
                 --key-file",
            ),
            What::Forged => f.write_str(
                "dropped, it sent a frame that the key did not seal: changed on the way, or forged",
            ),
            What::LyingLength(lie) => write!(
                f,
                "dropped, it {lie}: another program, or an end with a larger MTU or with --key-file"
            ),
            What::Silent => f.write_str("dropped, no greeting came: another program"),
            What::TooMany { limit } => {
                write!(f, "refused, there are {limit} other ends already, as many as there may be")
            }
            What::NoAnswer => f.write_str(
                "no answer so far: is `strata tunnel --listen ... --udp` running there, with the \
                 same --key-file or none?",
            ),
        }
    }
}

/// How many lines about others are told in a burst.
const BURST: u32 = 10;

/// How often there is one more.
const INTERVAL: Duration = Duration::from_secs(1);

/// Keeps strangers from filling the screen: after [`BURST`] lines, one a second. What is left out
/// is on the counters.
#[derive(Debug)]
pub(crate) struct Speech {
    left: u32,
    refilled: Instant,
}

impl Speech {
    pub(crate) const fn new() -> Self {
        Self { left: BURST, refilled: Instant::START }
    }

    /// Whether one more line may be told.
    pub(crate) fn may_tell(&mut self, now: Instant) -> bool {
        let more = (now - self.refilled).as_secs() / INTERVAL.as_secs();
        if more > 0 {
            self.left = self.left.saturating_add(u32::try_from(more).unwrap_or(BURST)).min(BURST);
            self.refilled = now;
        }
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_told_and_then_one_line_a_second() {
        let mut speech = Speech::new();
        let told = |speech: &mut Speech, now| (0..100).filter(|_| speech.may_tell(now)).count();
        assert_eq!(told(&mut speech, Instant::START), 10);
        assert_eq!(told(&mut speech, Instant::START + Duration::from_secs(1)), 1);
        assert_eq!(told(&mut speech, Instant::START + Duration::from_secs(60)), 10);
    }
}
