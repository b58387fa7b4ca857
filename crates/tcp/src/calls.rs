//! What the application asks of its connection (RFC 9293, 3.10.1 to 3.10.6): SEND, RECEIVE,
//! CLOSE, ABORT, STATUS. OPEN makes the connection, in `sockets.rs`.

use packet::Instant;

use crate::connection::{Connection, Context};
use crate::options::ConnectionOptions;
use crate::sender::Fin;
use crate::{Error, State};

impl Connection {
    /// SEND (3.10.2): puts `data` behind what waits to leave. How many bytes were taken: those
    /// that found room.
    ///
    /// # Errors
    /// [`Error::WouldBlock`] if there was room for none, [`Error::BrokenPipe`] after CLOSE, and
    /// what ended the connection.
    pub(crate) fn send(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.check_failure()?;
        if self.snd.has_closed() || !self.state().can_send() {
            return Err(Error::BrokenPipe);
        }
        if data.is_empty() {
            return Ok(0);
        }
        match self.snd.buffer.push(data) {
            0 => Err(Error::WouldBlock),
            taken => Ok(taken),
        }
    }

    /// SEND with the URGENT flag: what was given last, up to now, is urgent (MUST-30).
    pub(crate) fn mark_urgent_end(&mut self) {
        self.snd.up = Some(self.snd.data_end());
    }

    /// RECEIVE (3.10.3): takes what has come, in order. Zero bytes mean that the peer has closed
    /// and that all was read (MUST-12).
    ///
    /// # Errors
    /// [`Error::WouldBlock`] if nothing has come, and what ended the connection.
    pub(crate) fn receive(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let count = self.peek(into)?;
        self.rcv.buffer.consume(count);
        if self.state().can_receive() && self.rcv.window_update_is_due() {
            self.rcv.owe_now("the window has opened");
        }
        Ok(count)
    }

    /// As RECEIVE, but what was shown stays.
    ///
    /// # Errors
    /// As [`Connection::receive`].
    pub(crate) fn peek(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let count = self.rcv.buffer.peek(into);
        if count > 0 || into.is_empty() {
            return Ok(count);
        }
        // What came before the end can be read after it.
        self.check_failure()?;
        match self.rcv.is_at_end() || self.state() == State::Closed {
            true => Ok(0),
            false => Err(Error::WouldBlock),
        }
    }

    /// CLOSE (3.10.4): this side sends no more once what waits has left. It goes on to receive.
    ///
    /// # Errors
    /// [`Error::NotConnected`] if there is nothing to close.
    pub(crate) fn close(&mut self, context: Context<'_>) -> Result<(), Error> {
        match self.state() {
            State::Closed => return Err(Error::NotConnected),
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
            State::Closed => {}
            State::SynSent | State::TimeWait => self.end(context, "the application aborted it"),
            // Ends when the RST has left.
            _ => self.due.reset = true,
        }
        self.failure = Some(Error::ConnectionAborted);
    }

    /// Nobody will read any more. The connection ends by itself, in peace if it can: if something
    /// came that nobody has read, the peer has to know (SHLD-3).
    pub(crate) fn let_go(&mut self, context: Context<'_>) {
        self.is_orphan = true;
        if self.rcv.buffer.readable() > 0 {
            return self.abort(context);
        }
        let _ = self.close(context);
        self.limit_orphan(context);
    }

    /// How many bytes can be read up to the end of what is urgent; `None` if nothing is.
    pub(crate) fn urgent_to_read(&self) -> Option<usize> {
        let up = self.rcv.up?;
        let readable = self.rcv.buffer.readable();
        let first = self.rcv.nxt - crate::to_u32(readable);
        up.is_after(first).then(|| usize::try_from(up.since(first)).unwrap_or(usize::MAX))
    }

    /// Has the connection behave as `options` say from now on.
    pub(crate) fn set_options(&mut self, now: Instant, options: ConnectionOptions) {
        self.snd.buffer.set_limit(options.send_buffer);
        self.rcv.buffer.set_limit(options.receive_buffer);
        self.options = options;
        self.restart_keep_alive(now);
    }

    /// What ended the connection, if it did not end in peace.
    pub(crate) fn check_failure(&self) -> Result<(), Error> {
        self.failure.map_or(Ok(()), Err)
    }
}
