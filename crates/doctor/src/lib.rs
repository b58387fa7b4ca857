//! Finds what stands between the kernel and the stack, and names the command that mends it.
//!
//! [`examine`] asks two questions: could `strata serve` attach to the device, and would a packet
//! get there and back? So it is of use both before the stack runs and while it does:
//!
//! ```text
//!   the machine     ip is installed, /dev/net/tun exists, can be opened
//!   the interface   exists, is of the right kind, open to this user, up
//!   the addresses   the kernel's end has one, the stack's is not the kernel's, it is the peer
//!   the path        the route there, rp_filter on the way back
//!   the way on      to a host beyond: forwarding, a route, the firewall, masquerading
//!   the program     one is attached, and answers a ping
//! ```
//!
//! It stops at the first that fails. With everything set up and no stack running that is "no
//! program is attached", and the remedy starts one; while the stack runs, nothing fails. A
//! device that is in use already (EBUSY) is a fault only if whoever uses it does not answer.
//!
//! [`why_dropped`] compares the kernel's counters before and after a ping, and names what became
//! of a packet that got lost.
//!
//! Neither attaches to a device or changes anything. `collect` gathers facts, the checks and the
//! table of causes are pure functions of them.

#![forbid(unsafe_code)]

mod causes;
mod checks;
mod collect;
mod counters;
mod dropped;
mod facts;
mod firewall;
mod question;
mod report;

pub use dropped::{Cause, DropReport, Probe, Stimulus};
pub use question::{Kind, Question};
pub use report::{Check, Finding, Outcome, Remedy, Report};

use counters::Snapshot;
use dropped::Observation;
use facts::Ping;

/// Looks at everything once. Takes up to two seconds, if a ping goes unanswered.
#[must_use]
pub fn examine(question: &Question) -> Report {
    checks::examine(&collect::facts_with_ping(question), question)
}

/// Names what the kernel drops of what goes to the device and comes from it, while `probe` lasts
/// (a ping takes one second at most).
///
/// The counters are those of the whole network namespace: other traffic counts as well.
///
/// # Errors
/// A finding if there is nothing to be compared yet: the device is missing, a ping would leave by
/// another one, or a counter cannot be read.
pub fn why_dropped(question: &Question, probe: Probe) -> Result<DropReport, Finding> {
    let facts = collect::facts(question);
    let obstacle = match probe {
        Probe::Ping => checks::obstacle_to_probe(&facts, question),
        Probe::Watch(_) => checks::obstacle_to_watching(&facts, question),
    };
    if let Some(finding) = obstacle {
        return Err(finding);
    }
    observe(question, probe).map(|observed| dropped::explain(&observed, &facts, question)).map_err(
        |what| Finding {
            what,
            why: "without the counters nothing can be compared".to_owned(),
            remedy: Remedy::here(question.strata("doctor")),
        },
    )
}

fn observe(question: &Question, probe: Probe) -> Result<Observation, String> {
    let before = Snapshot::take(&question.device)?;
    let stimulus = stimulate(question, probe)?;
    let rise = Snapshot::take(&question.device)?.since(&before);
    let neighbour = collect::neighbour_state(question.address, &question.device);
    Ok(Observation { stimulus, rise, neighbour })
}

fn stimulate(question: &Question, probe: Probe) -> Result<Stimulus, String> {
    match probe {
        Probe::Watch(time) => {
            std::thread::sleep(time);
            Ok(Stimulus::User(time))
        }
        Probe::Ping => match collect::ping(question.address, &["-c", "1", "-W", "1"]) {
            Ping::NotInstalled => Err("the program ping is missing".to_owned()),
            Ping::CouldNotSend(error) => Err(format!("no ping could be sent: {error}")),
            ping @ (Ping::Answered | Ping::NoAnswer) => Ok(Stimulus::ping(question.address, &ping)),
        },
    }
}
