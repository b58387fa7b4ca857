//! An ICMP error that we send about somebody's datagram, if we may (RFC 1122, 3.2.2).

use icmp::{ErrorKind, ErrorReport, Unreachable};
use ipv4::{Datagram, Header, Protocol};
use packet::{Instant, TransmitOffload};
use trace::{Event, Layer};

use crate::arrival::Arrival;
use crate::{Counter, Stack};

impl Stack {
    /// Tells the sender of `offending`, which came as `arrival` says, what became of it.
    pub(crate) fn send_error(
        &mut self,
        arrival: Arrival,
        kind: ErrorKind,
        offending: &Datagram<'_>,
    ) {
        self.send_error_about(arrival.now, arrival.link_broadcast, kind, offending);
    }

    /// Tells whoever sent the datagram in `bytes` that the next hop does not answer. If that was
    /// one of our own programs, it is told directly.
    pub(crate) fn report_host_unreachable(&mut self, now: Instant, bytes: &[u8]) {
        let Ok(offending) = Datagram::parse(bytes) else { return };
        let kind = ErrorKind::DestinationUnreachable(Unreachable::Host);
        let source = offending.source();
        if !self.network.is_own(source) {
            return self.send_error_about(now, false, kind, &offending);
        }
        if let Ok(report) = ErrorReport::read(kind, bytes, |_| true) {
            let reported = self.icmp_report(now, source, &report);
            self.count_if_dropped(now, reported);
        }
    }

    /// Sends an error, unless one of the rules forbids it or there were too many.
    pub(crate) fn send_error_about(
        &mut self,
        now: Instant,
        link_broadcast: bool,
        kind: ErrorKind,
        offending: &Datagram<'_>,
    ) {
        let ours = self.network.addresses();
        if icmp::may_be_answered_with_error(offending, link_broadcast, ours).is_err() {
            return self.count(Counter::IcmpErrorsWithheld);
        }
        if !self.error_limiter.admits(now, kind) {
            return self.count(Counter::IcmpErrorsLimited);
        }
        match self.try_send_error(now, kind, offending) {
            Ok(()) => self.count(Counter::IcmpErrorsSent),
            Err(counter) => self.count_drop(now, counter),
        }
    }

    fn try_send_error(
        &mut self,
        now: Instant,
        kind: ErrorKind,
        offending: &Datagram<'_>,
    ) -> Result<(), Counter> {
        let to = offending.source();
        // From the address that was asked; a router answers from the one on that side.
        let asked = Some(offending.destination()).filter(|&it| self.network.is_own(it));
        let source = asked.or_else(|| self.network.source_for(now, to));
        let header = Header {
            // Bad news gets through narrow links too. ICMP-4: best effort, as by default.
            dont_fragment: false,
            ttl: self.config.time_to_live.get(),
            ..Header::new(source.ok_or(Counter::Ipv4NoRoute)?, to, Protocol::Icmp)
        };
        let mut message = self.buffers.take();
        kind.lay_down_about(offending, &mut message);
        let bytes = message.as_slice();
        self.tracer.emit(now, || Event::Packet { layer: Layer::Icmp, upward: false, bytes });
        self.ipv4_output(now, header, message, TransmitOffload::default())
    }
}
