//! `read`, `write` and their relatives.

use nix::errno::Errno;
use tcp::State;

use crate::calls::transfer::{Received, SendFlags, has};
use crate::errno::of_tcp;
use crate::tcp_socket::{Stage, TcpSocket};
use crate::world::Net;

impl TcpSocket {
    /// Takes what has come, up to `length` bytes. None at all are the end.
    ///
    /// # Errors
    /// EAGAIN, ENOTCONN, what ended the connection; EINVAL for MSG_OOB where nothing is urgent.
    pub(crate) fn receive(
        &mut self,
        net: &mut Net,
        length: usize,
        flags: i32,
    ) -> Result<Received, Errno> {
        let now = net.now;
        let Some(id) = self.connection() else { return Err(Errno::ENOTCONN) };
        let mut tcp = net.tcp();
        if has(flags, libc::MSG_ERRQUEUE) {
            return Err(Errno::EAGAIN);
        }
        let is_peek = has(flags, libc::MSG_PEEK);
        if has(flags, libc::MSG_OOB) {
            let urgent = match is_peek {
                true => tcp.peek_urgent(id),
                false => tcp.receive_urgent(now, id),
            };
            let mut received = Received::of(vec![urgent.map_err(of_tcp)?]);
            received.data.truncate(length);
            return Ok(Received { flags: libc::MSG_OOB, ..received });
        }
        if length == 0 {
            return Ok(Received::default());
        }
        let unread = tcp.unread(id).map_err(of_tcp)?;
        let mut into = vec![0; length.min(unread.max(1))];
        let count = match is_peek {
            true => tcp.peek(id, &mut into),
            false => tcp.receive(now, id, &mut into),
        };
        into.truncate(count.map_err(of_tcp)?);
        let received = Received::of(into);
        // MSG_TRUNC: what came is thrown away.
        match has(flags, libc::MSG_TRUNC) {
            true => Ok(Received { data: Vec::new(), ..received }),
            false => Ok(received),
        }
    }

    /// Gives `data` to the peer. How much found room.
    ///
    /// # Errors
    /// EAGAIN, EPIPE, what ended the connection.
    pub(crate) fn send(
        &mut self,
        net: &mut Net,
        data: &[u8],
        flags: SendFlags,
    ) -> Result<usize, Errno> {
        let now = net.now;
        let Some(id) = self.connection() else { return Err(Errno::EPIPE) };
        // Who has not heard that there is a connection does not write to it yet.
        let is_opening = matches!(self.state(net), State::SynSent | State::SynReceived);
        if is_opening && matches!(self.stage, Stage::Connecting(_)) {
            return Err(Errno::EAGAIN);
        }
        self.cork_for(net, flags.more);
        let sent = match flags.out_of_band {
            true => net.tcp().send_urgent(now, id, data),
            false => net.tcp().send(now, id, data),
        };
        sent.map_err(of_tcp)
    }

    /// Corks where more is to follow, and draws the cork where that was the last; unless TCP_CORK
    /// keeps it in.
    fn cork_for(&mut self, net: &mut Net, more: bool) {
        let cork = self.is_corked || more;
        if self.options.cork != cork {
            self.options.cork = cork;
            self.apply_options(net);
        }
    }
}
