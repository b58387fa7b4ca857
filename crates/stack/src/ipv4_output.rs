//! A datagram that leaves: header in front, then into the interface's transmit queue.

use ipv4::Header;
use packet::{Buffer, Instant, InterfaceId, TransmitOffload};
use trace::{Event, Layer};

use crate::{Counter, Stack};

impl Stack {
    /// Sends the payload that `write_payload` lays into a buffer, behind `header`.
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn ipv4_output(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        header: &Header,
        write_payload: impl FnOnce(&mut Buffer),
    ) -> Result<(), Counter> {
        let interface = self.interfaces.get_mut(interface.0).ok_or(Counter::UnknownInterface)?;
        let mut buffer = interface.empty_buffer();
        write_payload(&mut buffer);
        let written = header.prepend_to(&mut buffer);
        if written.is_err() || buffer.len() > usize::from(interface.config.capabilities.mtu) {
            interface.recycle(buffer);
            return Err(Counter::Ipv4TooLong);
        }
        self.tracer.emit(now, || Event::Packet {
            layer: Layer::Ipv4,
            upward: false,
            bytes: buffer.as_slice(),
        });
        interface
            .enqueue(buffer, TransmitOffload::default())
            .map_err(|_| Counter::TransmitQueueFull)?;
        self.count(Counter::Ipv4Sent);
        Ok(())
    }
}
