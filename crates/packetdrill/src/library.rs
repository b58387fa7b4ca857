//! The library as packetdrill's threads hold it: each makes its calls here and waits for the
//! answer.

use std::io;
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use nix::errno::Errno;

use crate::scheduler::{Chance, Patience, Progress, Request, Scheduler};
use crate::settings::Settings;
use crate::world::World;

/// How much stack the thread gets that owns the world, in bytes: packetdrill pins all its memory.
const THREAD_STACK: usize = 512 << 10;

/// A running stack, to be called from any thread.
#[derive(Debug)]
pub(crate) struct Library {
    requests: Sender<Request>,
    thread: Option<JoinHandle<()>>,
}

impl Library {
    /// Starts the stack. The calling thread is the one that moves time: when it waits, nothing
    /// else can happen but what is due next.
    pub(crate) fn start(settings: Settings) -> io::Result<Self> {
        let (requests, inbox) = channel();
        let driver = thread::current().id();
        let owner = thread::Builder::new().name("strata".to_owned()).stack_size(THREAD_STACK);
        // The world is made in there, for the stack does not change threads.
        let thread =
            owner.spawn(move || Scheduler::new(World::new(&settings), inbox, driver).run())?;
        Ok(Self { requests, thread: Some(thread) })
    }

    /// Makes a call that never waits: one that would has EAGAIN.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        mut act: impl FnMut(&mut World) -> Result<T, Errno> + Send + 'static,
    ) -> Result<T, Errno> {
        self.wait(|_| Ok(Patience::None), move |world, _| act(world))
    }

    /// Makes a call that is tried again and again until it has something else to say than EAGAIN,
    /// or as long as `patience` lasts.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        patience: impl FnOnce(&World) -> Result<Patience, Errno> + Send + 'static,
        mut attempt: impl FnMut(&mut World, Chance) -> Result<T, Errno> + Send + 'static,
    ) -> Result<T, Errno> {
        let (answer, answers) = sync_channel(1);
        let failed = answer.clone();
        let patience = move |world: &World| {
            patience(world).inspect_err(|&errno| drop(failed.try_send(Err(errno)))).ok()
        };
        let step = move |world: &mut World, chance| {
            let result = attempt(world, chance);
            if result.is_err_and_would_block() && chance == Chance::OneOfMany {
                return Progress::Waits;
            }
            let _ = answer.try_send(hopeless_as_deadlock(chance, result));
            Progress::Done
        };
        let caller = thread::current().id();
        let request = Request::Call { caller, patience: Box::new(patience), step: Box::new(step) };
        // Neither fails before the end, when no call is made any more.
        self.requests.send(request).map_err(|_| Errno::EIO)?;
        answers.recv().map_err(|_| Errno::EIO)?
    }
}

/// Ends the thread with its stack.
impl Drop for Library {
    fn drop(&mut self) {
        let _ = self.requests.send(Request::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A call that waits while nothing is due, on the thread that moves time, would wait for ever.
fn hopeless_as_deadlock<T>(chance: Chance, result: Result<T, Errno>) -> Result<T, Errno> {
    if chance == Chance::Hopeless && result.is_err_and_would_block() {
        eprintln!(
            "strata: this call would wait for ever: no timer is set, and the thread that calls is \
             the one that injects packets"
        );
        return Err(Errno::EDEADLK);
    }
    result
}

/// Whether a result is that one would have to wait.
trait WouldBlock {
    fn is_err_and_would_block(&self) -> bool;
}

impl<T> WouldBlock for Result<T, Errno> {
    fn is_err_and_would_block(&self) -> bool {
        matches!(self, Err(Errno::EAGAIN))
    }
}
