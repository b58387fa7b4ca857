//! A datagram on its last step: into a frame for the next hop, as soon as it is known where that
//! is.

use std::net::IpAddr;

use arp::{Due, Outgoing, Payload, Refusal, Sent, Unreachable};
use ethernet::{EtherType, Header, MacAddress};
use ipv4::Datagram;
use packet::{Buffer, Instant, InterfaceId, TransmitOffload};
use tcp::{Advice, SocketPair};
use trace::{Event, Layer};

use crate::interface::QueueFull;
use crate::network::NextHop;
use crate::{Counter, Stack};

impl Stack {
    /// Sends the datagram in `buffer` to the next hop, or keeps it until that one's MAC address
    /// is known.
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn link_output(
        &mut self,
        now: Instant,
        hop: NextHop,
        buffer: Buffer,
        offload: TransmitOffload,
    ) -> Result<(), Counter> {
        let interface =
            self.network.interface_mut(hop.interface).ok_or(Counter::UnknownInterface)?;
        let Some(arp) = &mut interface.arp else {
            return Ok(interface.enqueue(buffer, offload)?);
        };
        match arp.send(now, hop.address, Payload { buffer, offload }) {
            Sent::Now { to, payload } => {
                self.ethernet_output(now, hop.interface, to, EtherType::Ipv4, payload)
            }
            Sent::Waiting { dropped } => {
                self.neighbours_are_due = true;
                for _ in dropped {
                    self.count_drop(now, Counter::ArpQueueFull);
                }
                Ok(())
            }
            Sent::Refused { reason: Refusal::NotANeighbour, .. } => Err(Counter::ArpNotANeighbour),
            Sent::Refused { reason: Refusal::AddressNotInUse, .. } => Err(Counter::AddressNotInUse),
        }
    }

    /// Sends an ARP packet.
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn arp_output(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        Outgoing { destination, message }: Outgoing,
    ) -> Result<(), Counter> {
        let mut buffer = self.buffers.take();
        message.prepend_to(&mut buffer);
        let bytes = buffer.as_slice();
        self.tracer.emit(now, || Event::Packet { layer: Layer::Arp, upward: false, bytes });
        self.ethernet_output(now, interface, destination, EtherType::Arp, buffer.into())?;
        self.count(Counter::ArpSent);
        Ok(())
    }

    /// Puts the packet in `payload` into a frame to `to`, and that into the transmit queue.
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn ethernet_output(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        to: MacAddress,
        ether_type: EtherType,
        payload: Payload,
    ) -> Result<(), Counter> {
        let interface = self.network.interface_mut(interface).ok_or(Counter::UnknownInterface)?;
        let Payload { mut buffer, offload } = payload;
        Header { destination: to, source: interface.config.hardware, ether_type }
            .prepend_to(&mut buffer);
        let bytes = buffer.as_slice();
        self.tracer.emit(now, || Event::Packet { layer: Layer::Ethernet, upward: false, bytes });
        Ok(interface.enqueue(buffer, offload)?)
    }

    /// Takes `answer`, which came because of what we sent there, as a sign that the next hop on
    /// that way hears us: it need not be asked whether it is still there (ROUTE-4).
    pub(crate) fn confirm_next_hop(&mut self, now: Instant, answer: &Datagram<'_>) {
        let (us, them) = (answer.destination(), answer.source());
        let Some(hop) = self.network.next_hop(now, us, them) else { return };
        let interface = self.network.interface_mut(hop.interface);
        if let Some(arp) = interface.and_then(|it| it.arp.as_mut()) {
            arp.confirm(now, hop.address);
        }
    }

    /// Takes what connections know of the next hops on their ways: one that gets through to its
    /// peer need not be asked, one that does not is, at once (MUST-20; RFC 1122, 3.3.1.4).
    pub(crate) fn take_advice(&mut self, now: Instant) {
        while let Some((SocketPair { local, remote }, advice)) = self.tcp.poll_advice() {
            let (IpAddr::V4(us), IpAddr::V4(them)) = (local.ip(), remote.ip()) else { continue };
            let Some(hop) = self.network.next_hop(now, us, them) else { continue };
            let interface = self.network.interface_mut(hop.interface);
            let Some(arp) = interface.and_then(|it| it.arp.as_mut()) else { continue };
            match advice {
                Advice::Works => arp.confirm(now, hop.address),
                Advice::IsDoubtful => {
                    arp.doubt(now, hop.address);
                    self.neighbours_are_due = true;
                }
            }
        }
    }

    /// Does what is due by `now` at the neighbour caches: questions, and the end of waiting.
    pub(crate) fn poll_neighbours(&mut self, now: Instant) {
        while std::mem::take(&mut self.neighbours_are_due) {
            for index in 0..self.network.next_id().0 {
                self.poll_arp(now, InterfaceId(index));
            }
        }
    }

    fn poll_arp(&mut self, now: Instant, id: InterfaceId) {
        while let Some(due) =
            self.network.interface_mut(id).and_then(|it| it.arp.as_mut()?.poll(now))
        {
            match due {
                Due::Send(outgoing) => {
                    let sent = self.arp_output(now, id, outgoing);
                    self.count_if_dropped(now, sent);
                }
                Due::Unreachable(unreachable) => self.give_up_next_hop(now, id, unreachable),
                Due::AddressClaimed => {
                    self.count(Counter::AddressClaimed);
                    self.tell_of_claim(now, id, "IN USE", "nobody has it");
                }
                Due::AddressLost { .. } => {
                    self.count(Counter::AddressLost);
                    self.tell_of_claim(now, id, "LOST", "another host has it");
                }
            }
        }
    }

    /// Tells to which state the claim to our address went, and why.
    fn tell_of_claim(
        &mut self,
        now: Instant,
        id: InterfaceId,
        to: &'static str,
        cause: &'static str,
    ) {
        let Some(interface) = self.network.interface_mut(id) else { return };
        let from = if interface.has_claimed { "IN USE" } else { "PROBING" };
        interface.has_claimed = true;
        let address = interface.config.address.address().to_string();
        self.tracer.emit(now, || Event::StateChange { connection: &address, from, to, cause });
    }

    /// Tells whoever sent what waited in vain, and takes another router if there is one.
    fn give_up_next_hop(&mut self, now: Instant, id: InterfaceId, unreachable: Unreachable) {
        let Unreachable { next_hop, payloads } = unreachable;
        self.network.routes.next_hop_failed(now, id, next_hop);
        for Payload { buffer, .. } in payloads {
            self.count_drop(now, Counter::ArpUnreachable);
            self.report_host_unreachable(now, buffer.as_slice());
            self.buffers.give_back(buffer);
        }
    }
}

impl From<QueueFull> for Counter {
    fn from(QueueFull: QueueFull) -> Self {
        Self::TransmitQueueFull
    }
}
