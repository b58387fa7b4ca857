//! Who gets no answer.
//!
//! In 1996 somebody sent one datagram from the chargen port of one host to the echo port of
//! another, and the two answered each other until the network was full (CERT CA-1996-01). What
//! answers everything must not answer something else that does.
//!
//! Nobody says of a port whether a service or a program that asks is behind it. The servers of
//! BSD draw the line where the privileged ports end, which keeps off every service of those days
//! and all that came since: DNS, NTP, SNMP. So do we. A program that asks has a port above it
//! unless it was given one by hand.

use udp::{Delivery, Metadata};

/// The first source port that gets an answer. Port 0, which asks for none, lies below it too.
pub const FIRST_ANSWERED_PORT: u16 = 1024;

/// Decides who gets no answer.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    served: Box<[u16]>,
}

/// Why somebody gets no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Behind the source port is a service, which would answer the answer.
    ServicePort,
    /// It was sent to a broadcast address or a group: a whole network would answer.
    NotUnicast,
}

impl Guard {
    /// A guard for a host whose own services have the ports `served`. Another host's may have
    /// the same, so those are not answered either; below [`FIRST_ANSWERED_PORT`] none is.
    #[must_use]
    pub fn new(served: &[u16]) -> Self {
        Self { served: served.into() }
    }

    /// Whether the datagram that came with `metadata` may be answered.
    ///
    /// # Errors
    /// [`Refused`] says why not.
    pub fn check(&self, metadata: &Metadata) -> Result<(), Refused> {
        let port = metadata.source.port();
        if metadata.delivery != Delivery::Unicast {
            return Err(Refused::NotUnicast);
        }
        if port < FIRST_ANSWERED_PORT || self.served.contains(&port) {
            return Err(Refused::ServicePort);
        }
        Ok(())
    }
}
