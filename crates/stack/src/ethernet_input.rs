//! A frame that came by Ethernet: is it for us, and what is in it (RFC 894, RFC 1042).

use ethernet::{EtherType, Frame, LengthOrType, Snap};
use trace::{Event, Layer};

use crate::arrival::Arrival;
use crate::{Counter, Stack};

impl Stack {
    /// Takes what came as a frame and hands its payload up.
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn ethernet_input(&mut self, arrival: Arrival, bytes: &[u8]) -> Result<(), Counter> {
        let frame = Frame::parse(bytes).map_err(|_| Counter::EthernetTruncated)?;
        self.tracer.emit(arrival.now, || Event::Packet {
            layer: Layer::Ethernet,
            upward: true,
            bytes,
        });
        self.check_addresses(arrival, &frame)?;
        let link_broadcast = frame.destination().is_multicast();
        let arrival = Arrival { link_broadcast, ..arrival };

        let (ether_type, payload) = self.carried(&frame)?;
        match ether_type {
            EtherType::Ipv4 => self.ipv4_input(arrival, payload),
            EtherType::Arp => self.arp_input(arrival, frame.source(), payload),
            EtherType::Vlan => Err(Counter::EthernetVlan),
            EtherType::Ipv6 => Err(Counter::Ipv6NotSupported),
            EtherType::Lldp | EtherType::Other(_) => Err(Counter::EthernetUnknownType),
        }
    }

    /// TAP does not filter: frames for anybody come.
    fn check_addresses(&self, arrival: Arrival, frame: &Frame<'_>) -> Result<(), Counter> {
        let interface =
            self.network.interface(arrival.interface).ok_or(Counter::UnknownInterface)?;
        if frame.source().is_multicast() || frame.source() == interface.config.hardware {
            return Err(Counter::EthernetBadSource);
        }
        if !interface.listens_to(frame.destination()) {
            return Err(Counter::EthernetNotForUs);
        }
        Ok(())
    }

    /// What the frame carries, in Ethernet II's way or in that of 802.2 with SNAP (ETH-2).
    fn carried<'a>(&mut self, frame: &Frame<'a>) -> Result<(EtherType, &'a [u8]), Counter> {
        match frame.length_or_type() {
            LengthOrType::EtherType(ether_type) => Ok((ether_type, frame.payload())),
            LengthOrType::Length(length) => {
                let snap = Snap::parse(frame.payload(), length).ok_or(Counter::EthernetOtherLlc)?;
                self.count(Counter::EthernetSnap);
                Ok((snap.ether_type(), snap.payload()))
            }
        }
    }
}
