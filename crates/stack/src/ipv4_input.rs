//! A datagram that came: is it well-formed, is it for us, whose is it (RFC 1122, 3.2.1).

use ipv4::{Cidr, Datagram, Malformed, Protocol};
use packet::{Instant, InterfaceId};
use trace::{Event, Layer};

use crate::{Counter, Stack};

impl Stack {
    /// Takes what came by `interface` as a datagram and hands its payload up.
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn ipv4_input(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        bytes: &[u8],
    ) -> Result<(), Counter> {
        let address = self.address_of(interface)?;
        let datagram = Datagram::parse(bytes).map_err(reason)?;
        self.count(Counter::Ipv4Received);
        self.tracer.emit(now, || Event::Packet { layer: Layer::Ipv4, upward: true, bytes });

        check_source(&datagram, address)?;
        check_destination(&datagram, address)?;
        if datagram.is_fragment() {
            return Err(Counter::Ipv4Fragment);
        }
        match datagram.protocol() {
            Protocol::Icmp => self.icmp_input(now, interface, &datagram),
            _ => Err(Counter::Ipv4UnknownProtocol),
        }
    }

    fn address_of(&self, interface: InterfaceId) -> Result<Cidr, Counter> {
        let interface = self.interfaces.get(interface.0).ok_or(Counter::UnknownInterface)?;
        Ok(interface.config.address)
    }
}

/// IP-9: another host's datagram comes from that host's own address.
fn check_source(datagram: &Datagram<'_>, ours: Cidr) -> Result<(), Counter> {
    let source = datagram.source();
    let impossible = !ipv4::is_unicast_source(source)
        || source == ours.address()
        || ours.broadcast() == Some(source);
    if impossible { Err(Counter::Ipv4BadSource) } else { Ok(()) }
}

/// IP-8: a host takes what is addressed to it. Broadcasts and groups are for nobody here yet.
fn check_destination(datagram: &Datagram<'_>, ours: Cidr) -> Result<(), Counter> {
    if datagram.destination() == ours.address() { Ok(()) } else { Err(Counter::Ipv4NotForUs) }
}

/// The counter for bytes that are no datagram.
const fn reason(malformed: Malformed) -> Counter {
    match malformed {
        Malformed::Truncated { .. } => Counter::Ipv4Truncated,
        Malformed::Version { version: 6 } => Counter::Ipv6NotSupported,
        Malformed::Version { .. } => Counter::NotIp,
        Malformed::HeaderLength { .. } => Counter::Ipv4BadHeaderLength,
        Malformed::TotalLength { .. } => Counter::Ipv4BadTotalLength,
        Malformed::CutShort { .. } => Counter::Ipv4CutShort,
        Malformed::Checksum { .. } => Counter::Ipv4BadChecksum,
    }
}
