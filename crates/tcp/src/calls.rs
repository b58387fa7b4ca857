//! What the application asks of its connection (RFC 9293, 3.10.1 to 3.10.6): SEND, RECEIVE,
//! CLOSE, ABORT, STATUS. OPEN makes the connection, in `sockets.rs`.

use packet::Instant;

use crate::connection::{Connection, Context};
use crate::options::ConnectionOptions;
use crate::receiver::Ack;
use crate::sender::Fin;
use crate::urgent::ReadablePart;
use crate::{Error, State};

impl Connection {
    /// SEND (3.10.2): puts `data` behind what waits to leave. How many bytes were taken: those
    /// that found room.
    ///
    /// # Errors
    /// [`Error::WouldBlock`] if there was room for none, [`Error::BrokenPipe`] after CLOSE, and
    /// what ended the connection.
    pub(crate) fn send(&mut self, now: Instant, data: &[u8]) -> Result<usize, Error> {
        self.check_failure()?;
        if self.snd.has_closed() || !self.state().can_send() {
            return Err(Error::BrokenPipe);
        }
        if data.is_empty() {
            return Ok(0);
        }
        self.forget_old_window(now);
        match self.snd.buffer.push(data) {
            0 => Err(Error::WouldBlock),
            taken => {
                self.start_cork(now);
                Ok(taken)
            }
        }
    }

    /// RECEIVE (3.10.3): takes what has come, in order. Zero bytes mean that the peer has closed
    /// and that all was read (MUST-12).
    ///
    /// # Errors
    /// [`Error::WouldBlock`] if nothing has come, and what ended the connection.
    pub(crate) fn receive(
        &mut self,
        context: Context<'_>,
        into: &mut [u8],
    ) -> Result<usize, Error> {
        let ReadablePart { left_out, .. } = self.readable_part();
        let peeked = self.peek(into);
        match peeked {
            Ok(0) if into.is_empty() => {}
            Ok(count) => {
                self.tune_receive_buffer(context, left_out + count);
                self.consume(left_out + count);
            }
            Err(_) => self.consume(left_out),
        }
        peeked
    }

    /// As RECEIVE, but what was shown stays.
    ///
    /// # Errors
    /// As [`Connection::receive`].
    pub(crate) fn peek(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let ReadablePart { left_out, length } = self.readable_part();
        let end = length.min(into.len());
        let count = into.get_mut(..end).map_or(0, |into| self.rcv.buffer.peek_from(left_out, into));
        if count > 0 || into.is_empty() {
            return Ok(count);
        }
        // What came before the end can be read after it.
        self.check_failure()?;
        let is_over = self.rcv.is_at_end() || self.state() == State::Closed;
        match is_over || self.is_receiving_shut {
            true => Ok(0),
            false => Err(Error::WouldBlock),
        }
    }

    /// Throws away what came and was not read.
    pub(crate) fn throw_away(&mut self) {
        self.consume(usize::MAX);
    }

    /// The first `count` bytes were read.
    fn consume(&mut self, count: usize) {
        self.rcv.buffer.consume(count);
        self.pass_urgent_mark();
        if count > 0 && self.state().can_receive() && self.rcv.window_update_is_due() {
            self.rcv.owe_now("window update: the application has read");
        }
    }

    /// CLOSE (3.10.4): this side sends no more once what waits has left. It goes on to receive.
    ///
    /// # Errors
    /// [`Error::NotConnected`] if there is nothing to close.
    pub(crate) fn close(&mut self, context: Context<'_>) -> Result<(), Error> {
        match self.state() {
            State::Closed => return Err(Error::NotConnected),
            // It was aborted: no FIN goes before the RST.
            _ if self.due.reset => {}
            State::SynSent => {
                self.fail(context, Error::ConnectionAborted, "closed before it was open");
            }
            // The FIN leaves once our SYN is acknowledged.
            State::SynReceived => self.queue_fin(),
            State::Established => {
                self.queue_fin();
                self.enter(context, State::FinWait1, "the application closed");
            }
            State::CloseWait => {
                self.queue_fin();
                self.enter(context, State::LastAck, "the application closed");
            }
            // It has closed already.
            _ => {}
        }
        Ok(())
    }

    fn queue_fin(&mut self) {
        if self.snd.fin == Fin::NotAsked {
            self.snd.fin = Fin::Queued;
        }
    }

    /// ABORT (3.10.5): the connection ends at once, and the peer is told by an RST.
    pub(crate) fn abort(&mut self, context: Context<'_>) {
        match self.state() {
            State::Closed => return,
            State::SynSent | State::TimeWait => self.end(context, "the application aborted it"),
            // Both have said all that they had to say.
            State::Closing | State::LastAck if self.snd.only_the_fin_is_outstanding() => {
                self.end(context, "the application aborted it");
            }
            // Ends when the RST has left.
            _ => self.due.reset = true,
        }
        self.set_failure(Error::ConnectionAborted);
    }

    /// Has the connection behave as `options` say from now on.
    pub(crate) fn set_options(&mut self, now: Instant, options: ConnectionOptions) {
        if options.send_buffer != self.options.send_buffer {
            self.snd.buffer.set_limit(options.send_buffer.initial());
        }
        if options.receive_buffer != self.options.receive_buffer {
            self.rcv.buffer.set_limit(options.receive_buffer.initial());
        }
        self.rcv.is_quick = options.quick_ack;
        if options.quick_ack && self.rcv.ack != Ack::NotOwed {
            self.rcv.owe_now("the application wants it at once");
        }
        self.options = options;
        if !self.snd.buffer.is_empty() {
            // What waits already is held back for so long, too, and no longer.
            self.start_cork(now);
        }
        self.restart_keep_alive(now);
    }

    /// What ended the connection, if it did not end in peace. It is told once, as an error is that
    /// waits at a socket (`SO_ERROR`): from then on there is nothing to read, and nobody to send
    /// to.
    pub(crate) fn check_failure(&mut self) -> Result<(), Error> {
        self.untold_failure.take().map_or(Ok(()), Err)
    }
}
