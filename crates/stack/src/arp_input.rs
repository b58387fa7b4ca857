//! An ARP packet that came: it is answered, and those who waited for it can leave (RFC 826).

use arp::{Ignored, Learned, Message, Outcome, Packet, Released};
use ethernet::{EtherType, MacAddress};
use trace::{Event, Layer};

use crate::arrival::Arrival;
use crate::{Counter, Stack};

impl Stack {
    /// Takes the payload of a frame from `frame_source` as an ARP packet.
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn arp_input(
        &mut self,
        arrival: Arrival,
        frame_source: MacAddress,
        bytes: &[u8],
    ) -> Result<(), Counter> {
        let message = Packet::parse(bytes).map_err(|_| Counter::ArpMalformed)?.message();
        self.tracer.emit(arrival.now, || Event::Packet { layer: Layer::Arp, upward: true, bytes });
        self.count(Counter::ArpReceived);
        // Nobody has a reason to speak in another's name.
        if message.sender_hardware != frame_source {
            return Err(Counter::ArpSpoofed);
        }
        let interface = self.network.interface_mut(arrival.interface);
        let arp = interface.and_then(|it| it.arp.as_mut()).ok_or(Counter::UnknownInterface)?;
        let Outcome { reply, learned, released } = arp.receive(arrival.now, &message);
        self.neighbours_are_due = true;

        let is_answered = reply.is_some();
        if let Some(reply) = reply {
            self.arp_output(arrival.now, arrival.interface, reply)?;
        }
        self.note_learned(arrival, &message, learned);
        if let Some(released) = released {
            self.send_released(arrival, released);
        }
        match learned {
            Learned::Nothing(ignored) if !is_answered => Err(reason(ignored)),
            _ => Ok(()),
        }
    }

    /// A router that is heard again is used again (ROUTE-4).
    fn note_learned(&mut self, arrival: Arrival, message: &Message, learned: Learned) {
        if !matches!(learned, Learned::Nothing(_)) {
            self.network.routes.next_hop_answered(arrival.interface, message.sender);
        }
    }

    /// Sends the datagrams that waited for a neighbour's answer (ARP-4).
    fn send_released(&mut self, arrival: Arrival, Released { to, payloads }: Released) {
        let Arrival { now, interface, .. } = arrival;
        for payload in payloads {
            let sent = self.ethernet_output(now, interface, to, EtherType::Ipv4, payload);
            self.count_if_dropped(now, sent);
        }
    }
}

/// The counter for a packet of which nothing came.
const fn reason(ignored: Ignored) -> Counter {
    match ignored {
        Ignored::AddressNotInUse => Counter::AddressNotInUse,
        Ignored::SenderHardware | Ignored::OurOwn => Counter::ArpSpoofed,
        Ignored::Conflict => Counter::ArpConflict,
        Ignored::SenderAddress | Ignored::Foreign => Counter::ArpForeign,
        Ignored::Probe | Ignored::NotForUs => Counter::ArpNotForUs,
        Ignored::Unasked => Counter::ArpUnasked,
        Ignored::Locked => Counter::ArpLocked,
        Ignored::NoRoom => Counter::ArpCacheFull,
    }
}
