//! A client on the stack: what `strata nc` and `strata get` have in common.

use std::process::ExitCode;
use std::time::Duration;

use event_loop::{Descriptors, Outside, Token};
use packet::Instant;
use stack::Stack;

use crate::failure::Failure;
use crate::host::{HostArguments, INTERFACE};
use crate::link_wait::LinkWait;
use crate::say::Words;

/// Exit status after Ctrl-C, as a shell gives it to a program that SIGINT ended.
const INTERRUPTED: u8 = 128 + 2;

/// Exit status when nobody reads standard output any more, as for SIGPIPE.
pub(crate) const BROKEN_PIPE: u8 = 128 + 13;

/// Somebody who uses the stack's sockets and has an end.
pub(crate) trait Client {
    /// Does what can be done at `now`.
    fn turn(&mut self, now: Instant, stack: &mut Stack);

    /// When it is to have a turn at the latest.
    fn next_deadline(&self) -> Option<Instant>;

    fn is_over(&self) -> bool;

    /// Ends before its time; tells the peer.
    fn leave(&mut self, now: Instant, stack: &mut Stack);

    /// What came of it.
    fn outcome(self) -> Result<ExitCode, Failure>;
}

/// Attaches, waits until the link is up, and has the client do its work. Standard output is the
/// client's; all words go to standard error.
pub(crate) fn run<C: Client>(
    arguments: &HostArguments,
    client: impl FnOnce(&Descriptors) -> Result<C, Failure>,
) -> Result<ExitCode, Failure> {
    let (stack, attached) = arguments.attach(Words::Error)?;
    let link = LinkWait::new(&attached.name, Words::Error)?;
    let outside = |descriptors| Ok(Linked { link, client: client(&descriptors)? });
    let is_over = |stack: &Stack, linked: &Linked<C>| {
        linked.client.is_over() || arguments.lost_address(stack).is_some()
    };
    let (mut ran, Linked { mut client, .. }) = attached.run_with(stack, outside, is_over)?;
    let mut outcome = Ok(INTERRUPTED.into());
    if client.is_over() {
        outcome = client.outcome();
    } else {
        // The device may be gone, of which `finish` tells.
        let _ = ran.event_loop.leave(|now, stack| client.leave(now, stack));
    }
    let lost = arguments.lost_address(ran.event_loop.host());
    ran.finish(ExitCode::SUCCESS)?;
    lost.map_or(outcome, Err)
}

/// A client that begins when the link is up and the address ours.
struct Linked<C> {
    link: LinkWait,
    client: C,
}

impl<C: Client> Outside<Stack> for Linked<C> {
    fn turn(&mut self, now: Instant, stack: &mut Stack, _ready: &[Token]) {
        if self.link.is_over(now) && stack.address_is_in_use(INTERFACE) {
            self.client.turn(now, stack);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.link.next_deadline().or_else(|| self.client.next_deadline())
    }
}

/// Reads a number of seconds that is not zero.
pub(crate) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|time| !time.is_zero()).ok_or("not a number of seconds above 0, such as 3")
}
