//! One socket: its addresses, and what waits at it.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::inbox::Inbox;
use crate::queues::{SEND_QUEUE, Usage};
use crate::recent::RecentSends;
use crate::report::REPORT_QUEUE_LIMIT;
use crate::{Error, Readiness, Report, ReportDropped, SocketOptions, SocketPair};

#[derive(Debug, Default)]
pub(crate) struct Socket {
    pub(crate) options: SocketOptions,
    pub(crate) state: State,
    pub(crate) inbox: Inbox,
    /// What of it waits to leave.
    pub(crate) send_usage: Usage,
    /// Whether it was refused as [`Error::WouldBlock`], and not told since that there is room.
    pub(crate) awaits_room: bool,
    /// At most [`REPORT_QUEUE_LIMIT`], oldest first.
    reports: VecDeque<Report>,
    pub(crate) recent: RecentSends,
}

/// Where a socket stands in the demultiplexer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    /// Nowhere: nothing can come.
    #[default]
    Unbound,
    /// It takes what anybody sends to this address and port. The address may be any.
    Bound(SocketAddr),
    /// It takes what its peer sends.
    Connected {
        /// Where it is bound again once it is disconnected.
        binding: SocketAddr,
        pair: SocketPair,
    },
}

impl State {
    /// The address and port that it has now.
    pub(crate) const fn local(&self) -> Option<&SocketAddr> {
        match self {
            Self::Unbound => None,
            Self::Bound(local) => Some(local),
            Self::Connected { pair, .. } => Some(&pair.local),
        }
    }

    /// The address and port that it was bound to.
    pub(crate) const fn binding(&self) -> Option<&SocketAddr> {
        match self {
            Self::Unbound => None,
            Self::Bound(binding) | Self::Connected { binding, .. } => Some(binding),
        }
    }

    /// Whom it is connected to.
    pub(crate) const fn peer(&self) -> Option<&SocketAddr> {
        match self {
            Self::Unbound | Self::Bound(_) => None,
            Self::Connected { pair, .. } => Some(&pair.remote),
        }
    }
}

impl Socket {
    pub(crate) fn readiness(&self) -> Readiness {
        Readiness {
            readable: !self.inbox.is_empty(),
            writable: self.send_usage.is_half_free(SEND_QUEUE),
            error: !self.reports.is_empty(),
        }
    }

    /// Puts a report behind those that wait, or in the place of one that says the same.
    ///
    /// So a socket that nobody asks for its reports still has room for one of another kind.
    pub(crate) fn push_report(&mut self, report: Report) -> Result<(), ReportDropped> {
        if let Some(same) = self.reports.iter_mut().find(|waiting| waiting.says_the_same(&report)) {
            *same = report;
            return Ok(());
        }
        if self.reports.len() >= REPORT_QUEUE_LIMIT {
            return Err(ReportDropped::QueueFull);
        }
        self.reports.push_back(report);
        Ok(())
    }

    pub(crate) fn pop_report(&mut self) -> Option<Report> {
        self.reports.pop_front()
    }

    pub(crate) fn retain_reports(&mut self, is_kept: impl Fn(&Report) -> bool) {
        self.reports.retain(is_kept);
    }

    /// Fails with a hard error that was reported of the peer, once for each.
    ///
    /// A socket without a peer is spared: one of many peers that is gone is no reason to fail a
    /// call that is about another.
    #[inline]
    pub(crate) fn check_peer(&mut self) -> Result<(), Error> {
        if self.state.peer().is_none() {
            return Ok(());
        }
        let Some(at) = self.reports.iter().position(|report| report.cause.is_hard()) else {
            return Ok(());
        };
        match self.reports.remove(at) {
            Some(report) => Err(report.cause.error()),
            None => Ok(()),
        }
    }
}
