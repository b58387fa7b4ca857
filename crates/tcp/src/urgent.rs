//! Urgent data, as the one who receives it sees it (RFC 9293, 3.8.5; RFC 6093).
//!
//! ```text
//!       first unread            the mark   RCV.UP
//!             ▼                    ▼         ▼
//!     ────────┬────────────────────┬─────────┬──────────
//!             │      ordinary      │ the one │ ordinary
//!             │                    │  byte   │
//!     ────────┴────────────────────┴─────────┴──────────
//!             ◄──────── urgent, says the RFC ►
//! ```
//!
//! To the RFC everything up to RCV.UP is urgent, and it stays in the stream: an application that
//! hears of it reads on until nothing is urgent any more. The sockets of 4.2BSD made of it one
//! byte outside of the stream, the last one before RCV.UP. Both are here, by
//! [`urgent_inline`](crate::ConnectionOptions::urgent_inline). There is one mark at a time: where
//! a later one comes, what was under the earlier one is ordinary.

use crate::connection::Connection;
use crate::segment_arrives::Seg;
use crate::{Error, SequenceNumber, to_u32};

/// The byte before RCV.UP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum UrgentByte {
    /// There is none, or it was read.
    #[default]
    None,
    /// It was announced and has not come.
    Announced,
    /// It came, and was not read out of band.
    Here(u8),
}

impl Connection {
    /// Sixth of SEGMENT ARRIVES: the peer has something urgent, or more of it (MUST-32). The
    /// window does not matter (MUST-66).
    pub(crate) fn take_urgent_pointer(&mut self, seg: &Seg<'_>) {
        let Some(pointer) = seg.up.filter(|_| self.state().can_receive()) else { return };
        // MUST-62: it names the byte behind the last urgent one.
        let up = seg.seq + u32::from(pointer);
        let known = self.rcv.up.unwrap_or(self.rcv.nxt);
        if up.is_after(known) && up.is_after(self.rcv.nxt) {
            self.rcv.up = Some(up);
            self.rcv.urgent_byte = UrgentByte::Announced;
            self.news.urgent = true;
        }
    }

    /// Text has come: the urgent byte may be among it.
    pub(crate) fn look_for_urgent_byte(&mut self) {
        let Some(mark) = self.rcv.up.map(|up| up - 1) else { return };
        let first = self.rcv.first_unread();
        let is_here = self.rcv.nxt.is_after(mark) && mark.is_at_or_after(first);
        if self.rcv.urgent_byte != UrgentByte::Announced || !is_here {
            return;
        }
        let mut byte = [0];
        if self.rcv.buffer.peek_from(to_usize(mark.since(first)), &mut byte) == 1 {
            let [byte] = byte;
            self.rcv.urgent_byte = UrgentByte::Here(byte);
            self.news.urgent = true;
        }
    }

    /// How many bytes can be read up to the end of what is urgent; `None` if nothing is (MUST-33).
    pub(crate) fn urgent_to_read(&self) -> Option<usize> {
        let up = self.rcv.up?;
        let first = self.rcv.first_unread();
        up.is_after(first).then(|| to_usize(up.since(first)))
    }

    /// Whether the next byte to be read is the one that the mark is at.
    pub(crate) fn is_at_urgent_mark(&self) -> bool {
        self.urgent_to_read() == Some(1)
    }

    /// Takes the urgent byte, or has it shown only, where it does not stand in the stream.
    ///
    /// # Errors
    /// [`Error::WouldBlock`] if it was announced and has not come; [`Error::InvalidArgument`] if
    /// none was, if it was taken before, or if it stands in the stream.
    pub(crate) fn receive_urgent(&mut self, is_peek: bool) -> Result<u8, Error> {
        match self.rcv.urgent_byte {
            _ if self.options.urgent_inline => Err(Error::InvalidArgument),
            UrgentByte::None => Err(Error::InvalidArgument),
            UrgentByte::Announced => Err(Error::WouldBlock),
            UrgentByte::Here(byte) => {
                if !is_peek {
                    self.rcv.urgent_byte = UrgentByte::None;
                }
                Ok(byte)
            }
        }
    }

    /// Whether an application that waits for urgent data has reason to look.
    pub(crate) fn has_urgent(&self) -> bool {
        match self.options.urgent_inline {
            true => self.urgent_to_read().is_some(),
            false => matches!(self.rcv.urgent_byte, UrgentByte::Here(_)),
        }
    }

    /// How much of the buffer's beginning the stream leaves out (the urgent byte, where it stands
    /// aside), and how much can be read behind that in one go: no further than to the mark.
    pub(crate) fn readable_part(&self) -> ReadablePart {
        let readable = self.rcv.buffer.readable();
        let to_mark = self.urgent_to_read().map(|to_end| to_end - 1);
        match to_mark.filter(|&to_mark| !self.options.urgent_inline && to_mark < readable) {
            None => ReadablePart { left_out: 0, length: readable },
            Some(0) => ReadablePart { left_out: 1, length: readable - 1 },
            Some(to_mark) => ReadablePart { left_out: 0, length: to_mark },
        }
    }

    /// What was read lies behind: a mark in there is none any more.
    pub(crate) fn pass_urgent_mark(&mut self) {
        let first = self.rcv.first_unread();
        let is_passed = |up: SequenceNumber| up.is_at_or_before(first);
        self.rcv.up = self.rcv.up.filter(|&up| !is_passed(up));
    }

    /// SEND with the URGENT flag: what was given last, up to now, is urgent (MUST-30).
    pub(crate) fn mark_urgent_end(&mut self) {
        self.snd.up = Some(self.snd.data_end());
        if self.snd.usable_window() == 0 && self.state().is_synchronized() {
            // The peer shall know even while it takes no text.
            self.rcv.owe_now("the urgent pointer has moved");
        }
    }
}

/// What of the receive buffer one call reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReadablePart {
    /// So many bytes at the front are passed over.
    pub(crate) left_out: usize,
    /// So many can be read behind them.
    pub(crate) length: usize,
}

impl crate::receiver::Receiver {
    /// The number of the first byte that was not read.
    pub(crate) fn first_unread(&self) -> SequenceNumber {
        self.nxt - to_u32(self.buffer.readable()) - u32::from(self.is_at_end())
    }
}

fn to_usize(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use crate::connection::Context;
    use crate::connection::tests::established;
    use packet::Instant;
    use trace::Tracer;

    #[test]
    fn what_was_urgent_does_not_lie_ahead_2_gib_later() {
        let (now, mut connection) = (Instant::START, established());
        let first = connection.rcv.nxt;
        connection.rcv.up = Some(first + 1);
        connection.rcv.take_text(now, first, b"!");
        assert!(connection.is_at_urgent_mark());
        let context = Context { now, tracer: &Tracer::off(), may_grow: false };
        assert_eq!(connection.receive(context, &mut [0]), Ok(1));
        connection.rcv.nxt += (1 << 31) + 1;
        assert_eq!(connection.urgent_to_read(), None);
    }
}
