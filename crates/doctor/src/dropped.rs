//! Where packets disappeared, told from counters that rose.
//!
//! ```text
//!   program ──► device ──► Ethernet ──► IPv4 ──────► rp_filter ──► firewall ──► ICMP, UDP, TCP
//!            rx_dropped   rx_otherhost  InHdrErrors  IPReverse...  (none)       InCsumErrors
//!                                       InTruncated  martian_src
//!                                       InAddrErrors
//!   program ◄── device ◄── kernel
//!            tx_dropped
//! ```
//!
//! In most of these `rx_packets` rises too: a packet that the device took is not yet received.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::causes;
use crate::counters::Rise;
use crate::facts::{Facts, Ping};
use crate::question::Question;
use crate::report::Remedy;

/// What makes packets move while the counters are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// One ping of the kernel's to the stack's address.
    Ping,
    /// Whatever the user does during this time.
    Watch(Duration),
}

/// What was dropped between two looks at the counters, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropReport {
    /// What moved the packets.
    pub stimulus: Stimulus,
    /// The device that was watched.
    pub device: String,
    /// How many packets the attached program read from it.
    pub to_program: u64,
    /// How many packets the attached program wrote to it.
    pub from_program: u64,
    /// What was dropped, the layer nearest to the device first.
    pub causes: Vec<Cause>,
}

/// What moved packets while the counters were watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stimulus {
    /// A ping was sent.
    Ping {
        /// To whom.
        address: Ipv4Addr,
        /// Whether its answer came.
        answered: bool,
    },
    /// The user did something for this long.
    User(Duration),
}

/// One row of the table: a fault, and the counters that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// What is wrong.
    pub what: String,
    /// The counters by which it shows, with how much they rose. Empty if none counts it.
    pub counters: Vec<(String, u64)>,
    /// What that means.
    pub why: String,
    /// What mends it, or shows the packet.
    pub remedy: Remedy,
}

impl DropReport {
    /// Whether nothing was dropped, and the ping, if one was sent, was answered.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        let answered = !matches!(self.stimulus, Stimulus::Ping { answered: false, .. });
        answered && self.causes.is_empty()
    }
}

/// What a moment of watching showed.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    pub(crate) stimulus: Stimulus,
    pub(crate) rise: Rise,
    /// The kernel's neighbour entry for the stack's address, on TAP.
    pub(crate) neighbour: Option<String>,
}

/// Names what was dropped.
pub(crate) fn explain(observed: &Observation, facts: &Facts, question: &Question) -> DropReport {
    DropReport {
        stimulus: observed.stimulus,
        device: question.device.clone(),
        to_program: observed.rise.of("tx_packets"),
        from_program: observed.rise.of("rx_packets"),
        causes: causes::name(observed, facts, question),
    }
}

impl Stimulus {
    /// What is reported of a ping.
    pub(crate) fn ping(address: Ipv4Addr, ping: &Ping) -> Self {
        Self::Ping { address, answered: *ping == Ping::Answered }
    }
}

impl fmt::Display for DropReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stimulus {
            Stimulus::Ping { address, answered: true } => {
                writeln!(f, "probe   ping {address}: answered")?;
            }
            Stimulus::Ping { address, answered: false } => {
                writeln!(f, "probe   ping {address}: no answer")?;
            }
            Stimulus::User(time) => writeln!(f, "watched for {} s", time.as_secs_f32())?,
        }
        writeln!(
            f,
            "device  the program read {} from {} and wrote {}",
            packets(self.to_program),
            self.device,
            packets(self.from_program)
        )?;
        if self.causes.is_empty() {
            return writeln!(f, "ok      nothing was dropped");
        }
        self.causes.iter().try_for_each(|cause| writeln!(f, "{cause}"))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "dropped {}", self.what)?;
        let counters = self.counters.iter().map(|(name, rise)| format!("{name} +{rise}"));
        let counters: Vec<String> = counters.collect();
        let counters =
            if counters.is_empty() { "no counter".to_owned() } else { counters.join(", ") };
        writeln!(f, "        seen:   {counters}")?;
        writeln!(f, "        why:    {}", self.why)?;
        write!(f, "        remedy: {}", self.remedy.command)?;
        self.remedy.place.map_or(Ok(()), |place| write!(f, "\n        where:  {place}"))
    }
}

fn packets(count: u64) -> String {
    if count == 1 { "1 packet".to_owned() } else { format!("{count} packets") }
}
