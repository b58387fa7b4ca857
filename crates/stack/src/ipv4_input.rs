//! A datagram that came: is it well-formed, is it for us, is it whole, whose is it (RFC 1122,
//! 3.2.1 and 3.3.2).

use icmp::{ErrorKind, ParameterProblem, Unreachable};
use ipv4::{Datagram, Destination, Malformed, OptionList, Protocol, Reassembly, RefusedFragment};
use trace::{Event, Layer};

use crate::arrival::Arrival;
use crate::network::LOOPBACK;
use crate::{Counter, Stack};

impl Stack {
    /// Takes what came as a datagram and hands its payload up, or passes it on.
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn ipv4_input(&mut self, arrival: Arrival, bytes: &[u8]) -> Result<(), Counter> {
        let parsed = Datagram::parse(bytes);
        let datagram = parsed.as_ref().map_err(|&malformed| reason(malformed))?;
        self.count(Counter::Ipv4Received);
        self.tracer.emit(arrival.now, || Event::Packet { layer: Layer::Ipv4, upward: true, bytes });

        let to = self.check_addresses_of(arrival, datagram)?;
        if to == Destination::Other && !self.config.forwarding {
            return Err(Counter::Ipv4NotForUs);
        }
        self.check_options(arrival, datagram)?;
        if to == Destination::Other {
            return self.ipv4_forward(arrival, datagram);
        }
        if datagram.is_fragment() {
            return self.reassemble(arrival, to, datagram);
        }
        self.deliver(arrival, to, datagram)
    }

    /// Whom the datagram is for, if it came from where it says and in a fitting frame.
    fn check_addresses_of(
        &self,
        arrival: Arrival,
        datagram: &Datagram<'_>,
    ) -> Result<Destination, Counter> {
        if arrival.interface == LOOPBACK {
            return Ok(Destination::Host);
        }
        let interface =
            self.network.interface(arrival.interface).ok_or(Counter::UnknownInterface)?;
        if !interface.address_is_in_use() {
            return Err(Counter::AddressNotInUse);
        }
        self.check_source(datagram)?;
        let to = self.network.destination(datagram.destination(), interface.config.address);
        match to {
            // BC-4: so that no one makes a whole link answer at once.
            Destination::Host | Destination::Other if arrival.link_broadcast => {
                Err(Counter::Ipv4LinkBroadcast)
            }
            Destination::Multicast if !interface.is_member(datagram.destination()) => {
                Err(Counter::Ipv4NotForUs)
            }
            _ => Ok(to),
        }
    }

    /// IP-9: another host's datagram comes from that host's own address.
    fn check_source(&self, datagram: &Datagram<'_>) -> Result<(), Counter> {
        let source = datagram.source();
        let is_ours = |own: ipv4::Cidr| own.address() == source || own.is_broadcast(source);
        let impossible = !ipv4::is_unicast_source(source) || self.network.addresses().any(is_ours);
        if impossible { Err(Counter::Ipv4BadSource) } else { Ok(()) }
    }

    /// IP-22: options that we do not know are passed over. IP-28: those that cannot be are
    /// pointed out.
    fn check_options(&mut self, arrival: Arrival, datagram: &Datagram<'_>) -> Result<(), Counter> {
        if datagram.options().is_empty() {
            return Ok(());
        }
        match OptionList::parse(&datagram.header().options) {
            Ok(options) if options.has_source_route() => Err(Counter::Ipv4SourceRoute),
            Ok(_) => Ok(()),
            Err(malformed) => {
                let problem = ParameterProblem::Pointer(malformed.pointer);
                self.send_error(arrival, ErrorKind::ParameterProblem(problem), datagram);
                Err(Counter::Ipv4BadOption)
            }
        }
    }

    /// Keeps a fragment until the datagram is whole, and then hands that up.
    fn reassemble(
        &mut self,
        arrival: Arrival,
        to: Destination,
        fragment: &Datagram<'_>,
    ) -> Result<(), Counter> {
        let reassembly =
            self.reassembler.receive(arrival.now, fragment).map_err(reason_of_refusal)?;
        self.count(Counter::Ipv4Fragments);
        let whole = match reassembly {
            Reassembly::Complete(whole) => whole,
            Reassembly::Incomplete { dropped } => {
                for _ in 0..dropped {
                    self.count_drop(arrival.now, Counter::Ipv4ReassemblyFull);
                }
                return Ok(());
            }
        };
        self.count(Counter::Ipv4Reassembled);
        let datagram = Datagram::parse(whole.as_slice()).map_err(reason)?;
        // No device proves a checksum of which it saw pieces only.
        let arrival = Arrival { checksum: packet::ReceivedChecksum::Unverified, ..arrival };
        let delivered = self.deliver(arrival, to, &datagram);
        self.reassembler.recycle(whole);
        delivered
    }

    /// Hands a whole datagram to the protocol that it is for.
    fn deliver(
        &mut self,
        arrival: Arrival,
        to: Destination,
        datagram: &Datagram<'_>,
    ) -> Result<(), Counter> {
        match datagram.protocol() {
            Protocol::Icmp => self.icmp_input(arrival, to, datagram),
            Protocol::Udp => self.udp_input(arrival, to, datagram),
            Protocol::Tcp => self.tcp_input(arrival, to, datagram),
            Protocol::Other(_) => {
                let nobody = ErrorKind::DestinationUnreachable(Unreachable::Protocol);
                self.send_error(arrival, nobody, datagram);
                Err(Counter::Ipv4UnknownProtocol)
            }
        }
    }
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

/// The counter for a fragment that was not taken.
const fn reason_of_refusal(refused: RefusedFragment) -> Counter {
    match refused {
        RefusedFragment::Empty
        | RefusedFragment::Unaligned { .. }
        | RefusedFragment::TooLong { .. } => Counter::Ipv4FragmentMalformed,
        RefusedFragment::TinyFirst { .. } => Counter::Ipv4FragmentTiny,
        RefusedFragment::Overlap | RefusedFragment::ConflictingEnd | RefusedFragment::EcnMixed => {
            Counter::Ipv4FragmentOverlap
        }
        RefusedFragment::AlreadyRefused => Counter::Ipv4FragmentRefused,
        RefusedFragment::Duplicate => Counter::Ipv4FragmentDuplicate,
    }
}
