//! A segment for a connection that there is not (RFC 9293, 3.10.7.1).

use crate::segment_arrives::Seg;
use crate::{Flags, Header, SequenceNumber};

/// The RST that answers `seg`, whose header was `header`; `None` if it is an RST itself, since
/// two hosts must not reset each other for ever.
///
/// It takes its number from the segment, so that the peer finds it acceptable: from SEG.ACK, or,
/// if there is none, zero and an acknowledgment of all that came.
pub(crate) fn reset_for(header: &Header, seg: &Seg<'_>) -> Option<Header> {
    if seg.flags.rst() {
        return None;
    }
    let zero = SequenceNumber::new(0);
    let (sequence_number, acknowledgment_number, flags) = match seg.ack {
        Some(ack) => (ack, zero, Flags::RST),
        None => (zero, seg.seq + seg.len, Flags::RST | Flags::ACK),
    };
    Some(Header {
        source_port: header.destination_port,
        destination_port: header.source_port,
        sequence_number,
        acknowledgment_number,
        flags,
        window: 0,
        urgent_pointer: 0,
    })
}
