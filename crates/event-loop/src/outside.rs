//! What is served beside the host by the same loop.

use packet::Instant;

use crate::Token;

/// Something beside the host that has descriptors of its own: standard input, sockets of the
/// kernel. The loop waits for them together with the devices, and gives it a turn after frames
/// were read and before they are written.
///
/// It owns its [`Descriptor`](crate::Descriptor)s, adds and drops them whenever it likes, and
/// carries bytes between them and the host. An error of its own is its own to remember: the
/// condition of [`EventLoop::run_with`](crate::EventLoop::run_with) can ask for it.
pub trait Outside<H> {
    /// Whether there is anything at all, so that a turn of its own is worth a system call.
    const IS_SOMETHING: bool = true;

    /// Does what can be done at `now`. `ready` names the descriptors at which something changed
    /// since the last turn, each at least once; whoever has few can look at all of them instead.
    ///
    /// A turn that leaves something undone that could be done, so as not to hold others up, says
    /// so by a deadline that has come.
    fn turn(&mut self, now: Instant, host: &mut H, ready: &[Token]);

    /// When it is to have a turn at the latest, if nothing happens before.
    fn next_deadline(&self) -> Option<Instant> {
        None
    }
}

/// Nothing but the host.
#[derive(Clone, Copy, Debug, Default)]
pub struct NothingOutside;

impl<H> Outside<H> for NothingOutside {
    const IS_SOMETHING: bool = false;

    fn turn(&mut self, _now: Instant, _host: &mut H, _ready: &[Token]) {}
}
