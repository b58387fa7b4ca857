//! A SYN that arrives for a listener (RFC 9293, 3.10.7.2).
//!
//! The checks before (an RST is ignored, an ACK draws an RST) come where there is no connection
//! yet to do them: `sockets/arriving.rs`.

use crate::State;
use crate::connection::{Connection, Context, Opening, Origin};
use crate::options::ConnectionOptions;
use crate::segment_arrives::Seg;

impl Connection {
    /// The connection that the SYN `seg` asks for, in SYN-RECEIVED, its SYN and ACK due.
    pub(crate) fn asked_for_by(
        context: Context<'_>,
        opening: Opening,
        seg: &Seg<'_>,
        options: ConnectionOptions,
    ) -> Self {
        let mut connection =
            Self::new(context.now, opening, Origin::Passive, State::SynReceived, options);
        connection.take_syn(context, seg);
        // The window of a segment with SYN is never scaled (RFC 7323, 2.2).
        connection.snd.set_window(seg.wnd.into(), seg.seq, connection.snd.iss);
        connection.due.syn = true;
        connection.tell_beginning(context, "LISTEN", "a SYN came");
        // Text that came with the SYN comes again once the connection is established.
        connection
    }

    /// Takes from the peer's SYN its number and what it offers.
    pub(super) fn take_syn(&mut self, context: Context<'_>, seg: &Seg<'_>) {
        self.rcv.start(seg.seq);
        self.agree(context, &seg.options);
    }
}
