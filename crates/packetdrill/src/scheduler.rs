//! Who waits, and what time it is.
//!
//! One thread owns the world and does what the others ask, one request after the other. A call
//! that would have to wait is parked, and tried again whenever something changed.
//!
//! Time stands still but for what moves it: `gettimeofday` by a microsecond, and whatever waits
//! on packetdrill's main thread (`usleep`, `netdev_receive`, a call that blocks there). When that
//! thread waits, time goes straight to what is due next, and again, until it has its answer.
//!
//! ```text
//!   main    ──usleep(1 s)──────────────────────────────────────────────► 1.000000
//!                 │ next due: a delayed ACK at 0.040  │ then nothing
//!   second  ──read()── parked ──┬── data came: answered
//!                               └── asks the time: still 0.040
//! ```
//!
//! packetdrill writes down when a call that waited came back, and asks for the time on the thread
//! that had waited. So after such an answer time does not move before that thread has asked
//! something, or has shown that it will not ([`GRACE`]).

use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::thread::ThreadId;
use std::time::Duration;

use packet::Instant;

use crate::world::World;

/// How long, on a clock on the wall, time waits for a thread that was answered.
const GRACE: Duration = Duration::from_millis(100);

/// How far time runs, in the world's time, for something that may never come. Beyond that a
/// script has made a mistake.
const HORIZON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How many calls wait at a time at most: a thread has one.
const MAX_PARKED: usize = 256;

/// What a thread asks for.
pub(crate) enum Request {
    /// To make a call.
    Call {
        /// Which thread asks.
        caller: ThreadId,
        /// How long the call may wait; `None` if it was answered with an error already.
        patience: AskPatience,
        /// Tries the call, and answers it where it can.
        step: Step,
    },
    /// To end.
    End,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { caller, .. } => write!(f, "Call({caller:?})"),
            Self::End => f.write_str("End"),
        }
    }
}

/// Finds how long a call may wait.
pub(crate) type AskPatience = Box<dyn FnOnce(&World) -> Option<Patience> + Send>;

/// Tries a call.
pub(crate) type Step = Box<dyn FnMut(&mut World, Chance) -> Progress + Send>;

/// How long a call may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Not at all.
    None,
    /// Until then.
    Until(Instant),
    /// As long as it takes.
    Endless,
}

impl Patience {
    /// As long as a timeout says, if there is one.
    pub(crate) fn of(now: Instant, timeout: Option<Duration>) -> Self {
        timeout.map_or(Self::Endless, |timeout| Self::Until(now + timeout))
    }
}

/// Which of its chances a call has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chance {
    /// It may say EAGAIN, and is tried again.
    OneOfMany,
    /// It does not wait, or has waited as long as it may.
    Last,
    /// Nothing is due any more and nobody is there who could change anything.
    Hopeless,
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The call was answered.
    Done,
    /// It has to wait.
    Waits,
}

/// A call that waits.
struct Parked {
    caller: ThreadId,
    deadline: Option<Instant>,
    step: Step,
}

/// The one who owns the world.
pub(crate) struct Scheduler {
    world: World,
    requests: Receiver<Request>,
    /// The thread that moves time when it waits.
    driver: ThreadId,
    /// At most [`MAX_PARKED`].
    parked: Vec<Parked>,
    /// Threads that were answered after they had waited, and have not asked anything since.
    answered: Vec<ThreadId>,
}

impl Scheduler {
    pub(crate) const fn new(world: World, requests: Receiver<Request>, driver: ThreadId) -> Self {
        Self { world, requests, driver, parked: Vec::new(), answered: Vec::new() }
    }

    /// Serves until it is told to end, or nobody is left who could ask.
    pub(crate) fn run(mut self) {
        while let Some(Request::Call { caller, patience, step }) = self.next_request() {
            self.answered.retain(|&answered| answered != caller);
            if let Some(patience) = patience(&self.world) {
                self.begin(caller, patience, step);
            }
            self.retry_parked();
            self.end_those_due();
        }
    }

    /// Tries a call for the first time.
    fn begin(&mut self, caller: ThreadId, patience: Patience, mut step: Step) {
        let may_wait = patience != Patience::None && self.parked.len() < MAX_PARKED;
        let chance = if may_wait { Chance::OneOfMany } else { Chance::Last };
        let progress = step(&mut self.world, chance);
        self.world.settle();
        if progress == Progress::Waits {
            let deadline = match patience {
                Patience::Until(at) => Some(at),
                Patience::None | Patience::Endless => None,
            };
            self.parked.push(Parked { caller, deadline, step });
        }
    }

    /// The next request. While the thread waits that moves time, time moves.
    fn next_request(&mut self) -> Option<Request> {
        loop {
            match self.requests.try_recv() {
                Ok(request) => return Some(request),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            if !self.parked.iter().any(|parked| parked.caller == self.driver) {
                return self.requests.recv().ok();
            }
            if self.answered.is_empty() {
                self.move_time();
                continue;
            }
            match self.requests.recv_timeout(GRACE) {
                Ok(request) => return Some(request),
                Err(RecvTimeoutError::Timeout) => self.answered.clear(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Goes to what is due next.
    fn move_time(&mut self) {
        let deadlines = self.parked.iter().filter_map(|parked| parked.deadline);
        let next = deadlines.chain(self.world.next_deadline()).min();
        let horizon = Instant::START + HORIZON;
        match next.filter(|&at| at <= horizon.max(self.world.now())) {
            Some(at) => {
                self.world.pass_to(at);
                self.retry_parked();
                self.end_those_due();
            }
            None => {
                let driver = self.driver;
                self.end(Chance::Hopeless, |parked| parked.caller == driver);
            }
        }
    }

    /// Tries all calls that wait, until none can be answered.
    fn retry_parked(&mut self) {
        let mut index = 0;
        while let Some(parked) = self.parked.get_mut(index) {
            if (parked.step)(&mut self.world, Chance::OneOfMany) == Progress::Waits {
                index += 1;
                continue;
            }
            self.answer(index);
            // What it took or gave may be what an earlier one waits for.
            index = 0;
        }
    }

    /// Gives those their last chance who have waited as long as they may.
    fn end_those_due(&mut self) {
        let now = self.world.now();
        self.end(Chance::Last, |parked| parked.deadline.is_some_and(|at| at <= now));
    }

    fn end(&mut self, chance: Chance, is_meant: impl Fn(&Parked) -> bool) {
        while let Some(index) = self.parked.iter().position(&is_meant) {
            if let Some(parked) = self.parked.get_mut(index) {
                let _ = (parked.step)(&mut self.world, chance);
            }
            self.answer(index);
        }
    }

    /// What follows of the answer to a call that had waited.
    fn answer(&mut self, index: usize) {
        let parked = self.parked.remove(index);
        self.world.settle();
        if parked.caller != self.driver {
            self.answered.push(parked.caller);
        }
    }
}
