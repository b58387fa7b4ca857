//! A datagram that leaves: which way, header in front, in pieces if it is too long (RFC 1122,
//! 3.3.1 and 3.3.3).

use ipv4::{CannotFragment, Fragments, Header};
use packet::{Buffer, Instant, TransmitOffload};
use trace::{Event, Layer};

use crate::network::{LOOPBACK, NextHop};
use crate::{Counter, Stack};

impl Stack {
    /// Sends `payload` behind `header` to wherever the routes lead, as
    /// [`Stack::ipv4_output_by`].
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn ipv4_output(
        &mut self,
        now: Instant,
        header: Header,
        payload: Buffer,
        offload: TransmitOffload,
    ) -> Result<(), Counter> {
        let hop = self.network.next_hop(now, header.source, header.destination);
        self.ipv4_output_by(now, hop.ok_or(Counter::Ipv4NoRoute)?, header, payload, offload)
    }

    /// Sends `payload` by way of `hop`, which the caller has found, behind `header`, which gets
    /// an identification if it may be fragmented.
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn ipv4_output_by(
        &mut self,
        now: Instant,
        hop: NextHop,
        mut header: Header,
        payload: Buffer,
        offload: TransmitOffload,
    ) -> Result<(), Counter> {
        let Header { source, destination, protocol, .. } = header;
        if !header.dont_fragment {
            let pieces = offload.segmentation.map_or(1, |cut| cut.segments(payload.len()));
            let pieces = u16::try_from(pieces).unwrap_or(u16::MAX);
            header.identification =
                self.identifications.next_several(source, destination, protocol, pieces);
        }
        self.ipv4_send(now, hop, &header, payload, offload)
    }

    /// Sends `payload` behind `header` to the next hop, in as many pieces as it takes.
    ///
    /// # Errors
    /// The counter under which it was dropped.
    #[inline]
    pub(crate) fn ipv4_send(
        &mut self,
        now: Instant,
        hop: NextHop,
        header: &Header,
        mut payload: Buffer,
        offload: TransmitOffload,
    ) -> Result<(), Counter> {
        let mtu = self.network.mtu(hop.interface);
        let fits = header.length() + payload.len() <= usize::from(mtu);
        // A superframe is cut by the device.
        if fits || offload.segmentation.is_some() {
            header.prepend_to(&mut payload).map_err(|_| Counter::Ipv4TooLong)?;
            return self.send_piece(now, hop, payload, offload);
        }
        let sent = self.send_fragments(now, hop, Fragments::new(header, payload.as_slice(), mtu)?);
        self.buffers.give_back(payload);
        sent
    }

    /// Sends all pieces or none: a datagram of which one is missing is of no use to anybody.
    fn send_fragments(
        &mut self,
        now: Instant,
        hop: NextHop,
        mut fragments: Fragments<'_>,
    ) -> Result<(), Counter> {
        if fragments.remaining() > self.network.room(hop.interface) {
            return Err(Counter::TransmitQueueFull);
        }
        let mut piece = self.buffers.take();
        while fragments.next_into(&mut piece) {
            self.send_piece(now, hop, piece, TransmitOffload::default())?;
            piece = self.buffers.take();
        }
        self.buffers.give_back(piece);
        Ok(())
    }

    #[inline]
    fn send_piece(
        &mut self,
        now: Instant,
        hop: NextHop,
        datagram: Buffer,
        offload: TransmitOffload,
    ) -> Result<(), Counter> {
        self.tracer.emit(now, || Event::Packet {
            layer: Layer::Ipv4,
            upward: false,
            bytes: datagram.as_slice(),
        });
        if hop.interface == LOOPBACK {
            self.loopback.push_back(datagram);
        } else {
            self.link_output(now, hop, datagram, offload)?;
        }
        self.count(Counter::Ipv4Sent);
        Ok(())
    }
}

impl From<CannotFragment> for Counter {
    fn from(cannot: CannotFragment) -> Self {
        match cannot {
            CannotFragment::Forbidden { .. }
            | CannotFragment::NoRoom { .. }
            | CannotFragment::TooLong { .. } => Self::Ipv4TooLong,
            CannotFragment::Options(_) => Self::Ipv4BadOption,
        }
    }
}
