//! CLOSE by an application that lets go of the connection, and how long it cares what becomes of
//! what it sent.
//!
//! | [`linger`](crate::ConnectionOptions::linger) | what closing does |
//! | --- | --- |
//! | `None` | nothing is waited for: the connection ends in the background |
//! | zero | the connection is aborted: what has not left is lost, and the peer gets an RST |
//! | a time | until all is acknowledged the handle stays; what is not when the time is over is lost |
//!
//! It is `SO_LINGER`. Nobody waits inside of a call here: a close that would have to says
//! [`Error::WouldBlock`], and an event tells when it is to be called again.

use std::time::Duration;

use crate::connection::{Connection, Context};
use crate::{Error, State};

impl Connection {
    /// Nobody will read any more. The connection ends by itself, in peace if it can: if something
    /// came that nobody has read, the peer has to know (SHLD-3).
    ///
    /// # Errors
    /// [`Error::WouldBlock`] while it lingers.
    pub(crate) fn let_go(&mut self, context: Context<'_>) -> Result<(), Error> {
        if self.state() == State::TimeWait {
            // All has been said: there is nothing to tell.
            self.is_orphan = true;
            return Ok(());
        }
        if self.unread() > 0 || self.options.linger == Some(Duration::ZERO) {
            self.is_orphan = true;
            self.abort(context);
            return Ok(());
        }
        let _ = self.close(context);
        if let Some(time) = self.options.linger.filter(|_| !self.is_delivered()) {
            self.shut_receiving();
            self.start_linger(context, time);
            return Err(Error::WouldBlock);
        }
        self.is_orphan = true;
        self.linger_until = None;
        self.limit_orphan(context);
        Ok(())
    }

    fn start_linger(&mut self, context: Context<'_>, time: Duration) {
        if !std::mem::replace(&mut self.is_lingering, true) {
            self.linger_until = Some(context.now + time);
            self.tell_timer(context, "linger", self.linger_until);
        }
    }

    /// The time is over, and the peer has not acknowledged everything.
    pub(crate) fn linger_timeout(&mut self, context: Context<'_>) {
        self.linger_until = None;
        if !self.is_delivered() {
            self.tell_fired(context, "linger");
            self.abort(context);
        }
    }

    /// Whether nothing is left to wait for: the peer has acknowledged all that was sent, the FIN
    /// included, or never will.
    pub(crate) fn is_delivered(&self) -> bool {
        matches!(self.state(), State::FinWait2 | State::TimeWait | State::Closed)
    }

    /// Whether a close that lingers can be called again, to its end.
    pub(crate) fn has_lingered(&self) -> bool {
        self.is_lingering && self.is_delivered()
    }

    /// Half of CLOSE that is on no wire: the application reads no more. What came and comes is
    /// acknowledged and thrown away.
    pub(crate) fn shut_receiving(&mut self) {
        self.is_receiving_shut = true;
        self.throw_away();
        self.news.readable = true;
    }

    /// Whether nobody will ever hear what comes: then the peer is told by an RST (SHLD-3).
    pub(crate) fn nobody_reads(&self) -> bool {
        self.is_orphan || (self.is_receiving_shut && self.snd.has_closed())
    }
}
