//! The error queue: what the network says became of datagrams (IP_RECVERR, MSG_ERRQUEUE).
//!
//! Linux gives the beginning of the datagram back as well. The stack does not keep it, so what is
//! received with MSG_ERRQUEUE has no payload here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use nix::errno::Errno;
use udp::{Cause, Report};

use crate::calls::transfer::{ControlMessage, Received};
use crate::errno::of_udp;
use crate::udp_socket::UdpSocket;
use crate::world::Net;

/// How many reports wait at a socket. The newest is dropped when there are more.
pub(super) const QUEUE_LIMIT: usize = 16;

/// `ee_origin`: an ICMP message said so.
const ORIGIN_ICMP: u8 = 2;

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ErrorReport {
    /// Whom it was for.
    destination: SocketAddr,
    cause: Cause,
    /// Who says so.
    reporter: IpAddr,
}

impl UdpSocket {
    /// Takes what the stack was told: all of it goes into the queue where IP_RECVERR is on. Where
    /// it is off, a connected socket's next call fails with what is certain.
    pub(crate) fn take_reports(&mut self, net: &mut Net) {
        let is_connected = self.is_connected(net);
        while let Ok(Some(Report { pair, cause, reporter, .. })) = net.udp().take_report(self.id) {
            if self.reports_all && self.errors.len() < QUEUE_LIMIT {
                self.errors.push_back(ErrorReport { destination: pair.remote, cause, reporter });
            }
            if self.reports_all || (is_connected && cause.is_hard()) {
                self.pending = Some(of_udp(cause.error()));
            }
        }
    }

    /// MSG_ERRQUEUE.
    ///
    /// # Errors
    /// EAGAIN if nothing waits; it is never waited for.
    pub(super) fn take_error_report(&mut self) -> Result<Received, Errno> {
        let report = self.errors.pop_front().ok_or(Errno::EAGAIN)?;
        self.pending = self.errors.front().map(|next| of_udp(next.cause.error()));
        let data = report.extended_error();
        let kind = libc::IP_RECVERR;
        Ok(Received {
            source: Some(report.destination),
            control: vec![ControlMessage { level: libc::SOL_IP, kind, data }],
            flags: libc::MSG_ERRQUEUE,
            ..Received::default()
        })
    }
}

impl ErrorReport {
    /// `struct sock_extended_err`, and behind it a `sockaddr_in` with who says so.
    fn extended_error(&self) -> Vec<u8> {
        let (kind, code) = icmp_number(self.cause);
        let info = match self.cause {
            Cause::FragmentationNeeded { mtu } => u32::from(mtu),
            Cause::ParameterProblem { pointer } => u32::from(pointer) << 24,
            _ => 0,
        };
        let errno = of_udp(self.cause.error()) as i32;
        let mut bytes = errno.to_ne_bytes().to_vec();
        bytes.extend([ORIGIN_ICMP, kind, code, 0]);
        bytes.extend(info.to_ne_bytes());
        bytes.extend(0u32.to_ne_bytes());
        let reporter = match self.reporter {
            IpAddr::V4(reporter) => reporter,
            IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
        };
        let family = u16::try_from(libc::AF_INET).unwrap_or_default();
        bytes.extend(family.to_ne_bytes());
        bytes.extend([0; 2]);
        bytes.extend(reporter.octets());
        bytes.extend([0; 8]);
        bytes
    }
}

/// Type and code of the ICMP message that says so (RFC 792; RFC 1812, 5.2.7.1).
const fn icmp_number(cause: Cause) -> (u8, u8) {
    match cause {
        Cause::NetworkUnreachable => (3, 0),
        Cause::HostUnreachable => (3, 1),
        Cause::ProtocolUnreachable => (3, 2),
        Cause::PortUnreachable => (3, 3),
        Cause::FragmentationNeeded { .. } => (3, 4),
        Cause::SourceRouteFailed => (3, 5),
        Cause::Prohibited => (3, 13),
        Cause::TimeExceeded => (11, 0),
        Cause::ReassemblyTimeExceeded => (11, 1),
        Cause::ParameterProblem { .. } => (12, 0),
    }
}
