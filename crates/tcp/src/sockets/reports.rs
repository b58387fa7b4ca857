//! A report that a segment of ours did not arrive (RFC 9293, 3.9.2.2).
//!
//! Anybody can send one. It counts only if it quotes a number that is outstanding, which takes
//! more than guessing (RFC 5927, 4); and once a connection is established no report ends it
//! (RFC 5461; RFC 5927, 5.2): if it is true, time will tell.

use packet::Instant;
use socket::SocketPair;

use crate::sockets::Sockets;
use crate::{Error, SequenceNumber, State};

/// That a segment did not arrive, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Between which ends it went.
    pub pair: SocketPair,
    /// Its first number.
    pub sequence_number: SequenceNumber,
    /// Why it did not arrive, as a program knows it.
    pub error: Error,
}

/// Why a report was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportDropped {
    /// There is no such connection.
    NoConnection,
    /// No segment with that number is outstanding: it is very late, or forged.
    NotOutstanding,
}

impl Sockets {
    /// Hands a report to the connection whose segment it is about (MUST-54).
    ///
    /// # Errors
    /// [`ReportDropped`] says why it was dropped.
    pub fn handle_report(&mut self, now: Instant, report: &Report) -> Result<(), ReportDropped> {
        let id = *self.connections.get(&report.pair).ok_or(ReportDropped::NoConnection)?;
        let Report { sequence_number, error, .. } = *report;
        self.on_connection(now, id, |connection, context| {
            let outstanding = connection.snd.nxt.since(connection.snd.una);
            if !sequence_number.is_within(connection.snd.una, outstanding) {
                return Err(ReportDropped::NotOutstanding);
            }
            // SHLD-26: the peer itself refuses, so there will be no connection.
            let is_hard = matches!(error, Error::ConnectionRefused | Error::ProtocolNotAvailable);
            if is_hard && connection.state() == State::SynSent {
                connection.fail(context, error, "the network reports that the peer refuses");
            } else if connection.options.soft_errors {
                // MUST-56: it may pass by itself; the application can ask for it (SHLD-25).
                connection.soft_error = Some(error);
                connection.news.state = true;
            }
            Ok(())
        })
        .unwrap_or(Err(ReportDropped::NoConnection))
    }
}
