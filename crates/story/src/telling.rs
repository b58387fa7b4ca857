//! A story as it is told: the host, the clock that drives it, and what has left so far.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use packet::{Buffer, Host, Instant, InterfaceId, Received};
use trace::{Direction, Event, Tracer};

use crate::description::{Differences, Expectable, Frame, Scene, Sendable};
use crate::failure::{self, Failure};
use crate::recorder::{self, Drop, Recorder};

/// The interface over which every story plays.
const INTERFACE: InterfaceId = InterfaceId(0);

/// How often a host may ask to be woken at one moment. One that asks more often never rests.
const MOST_WAKES: usize = 1_000;

/// How many frames a host may send at one moment. One that sends more never rests.
const MOST_FRAMES: usize = 10_000;

/// What a story is about.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) title: String,
    pub(crate) shows: String,
    pub(crate) told_in: &'static Location<'static>,
}

/// A step that was begun.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) at: Instant,
    pub(crate) words: String,
}

#[derive(Debug)]
pub(crate) struct Telling<H> {
    pub(crate) about: About,
    host: H,
    scene: Scene,
    now: Instant,
    pub(crate) steps: Vec<Step>,
    /// What left and was not expected yet, in order.
    outbox: VecDeque<Frame>,
    tracer: Tracer,
    recorder: Rc<RefCell<Recorder>>,
}

impl<H: Host> Telling<H> {
    pub(crate) fn begin(about: About, scene: Scene, make_host: impl FnOnce(Tracer) -> H) -> Self {
        let recorder = Rc::new(RefCell::new(Recorder::new()));
        let tracer = Tracer::new(recorder::HOST, recorder.clone());
        Self {
            about,
            host: make_host(tracer.clone()),
            scene,
            now: Instant::START,
            steps: Vec::new(),
            outbox: VecDeque::new(),
            tracer,
            recorder,
        }
    }

    pub(crate) const fn host(&self) -> &H {
        &self.host
    }

    pub(crate) fn add_step(&mut self, words: String) {
        self.steps.push(Step { at: self.now, words });
    }

    /// Hands the host a frame from the peer.
    pub(crate) fn hand_in(&mut self, packet: &impl Sendable) -> Result<(), Failure> {
        let bytes = packet.write(&self.scene).map_err(|reason| Failure {
            expected: format!("the peer can send {}", packet.in_words()),
            instead: format!("there is no such packet: {reason}"),
            differences: Vec::new(),
        })?;
        let offload = packet.offload();
        self.crossed(Direction::In(offload), &bytes);
        self.host.receive(self.now, INTERFACE, Received { bytes: &bytes, offload });
        self.settle()
    }

    /// Does something to the host from above.
    pub(crate) fn act<T>(&mut self, act: impl FnOnce(&mut H, Instant) -> T) -> Result<T, Failure> {
        let done = act(&mut self.host, self.now);
        self.settle()?;
        Ok(done)
    }

    /// Lets `duration` pass. Nothing may leave before its very end.
    pub(crate) fn pass(&mut self, duration: Duration) -> Result<(), Failure> {
        let end = self.now + duration;
        self.run_until(end)?;
        match self.outbox.front() {
            Some(frame) if frame.at < end => Err(Failure {
                expected: format!("nothing is sent before {end}"),
                instead: self.sent(frame),
                differences: vec![format!("It left {} too early.", failure::span(end - frame.at))],
            }),
            _ => Ok(()),
        }
    }

    /// Lets `duration` pass, whatever leaves.
    pub(crate) fn pass_regardless(&mut self, duration: Duration) -> Result<(), Failure> {
        let end = self.now + duration;
        self.outbox.clear();
        while self.now < end {
            self.run_until(end)?;
            self.outbox.clear();
        }
        Ok(())
    }

    /// Expects `packet` to have left just now.
    pub(crate) fn expect(&mut self, packet: &impl Expectable) -> Result<(), Failure> {
        self.expect_within(Duration::ZERO, packet)
    }

    /// Expects `packet` to leave as the next one, in `duration` at the latest.
    pub(crate) fn expect_within(
        &mut self,
        duration: Duration,
        packet: &impl Expectable,
    ) -> Result<(), Failure> {
        let end = self.now + duration;
        self.run_until(end)?;
        let (instead, differences) = match self.outbox.pop_front() {
            None => (self.nothing_sent(), Vec::new()),
            Some(frame) => match self.differences(packet, &frame) {
                none if none.is_empty() => return Ok(()),
                differences => (self.sent(&frame), differences),
            },
        };
        let by = if duration.is_zero() { String::new() } else { format!(", by {end}") };
        let expected = format!("{}{by}", packet.in_words());
        Err(Failure { expected, instead, differences })
    }

    /// Expects `packet` to leave as the next one, in exactly `duration`.
    pub(crate) fn expect_after(
        &mut self,
        duration: Duration,
        packet: &impl Expectable,
    ) -> Result<(), Failure> {
        let end = self.now + duration;
        self.pass(duration).map_err(|mut early| {
            if let Some(frame) = self.outbox.front() {
                early.differences.extend(self.differences(packet, frame));
            }
            early.expected = format!("{}, at {end} and nothing before", packet.in_words());
            early
        })?;
        self.expect(packet)
    }

    /// Expects that nothing waits to be expected.
    pub(crate) fn nothing_more_was_sent(&self) -> Result<(), Failure> {
        let Some(frame) = self.outbox.front() else { return Ok(()) };
        Err(Failure {
            expected: "nothing more is sent than the steps expect".to_owned(),
            instead: self.sent(frame),
            differences: Vec::new(),
        })
    }

    /// What the host dropped since the last action.
    pub(crate) fn drops(&self) -> Vec<Drop> {
        let recorder = self.recorder.borrow();
        recorder.drops.iter().skip(recorder.earlier_drops).copied().collect()
    }

    /// How often the host told of a drop under this counter since the story began.
    pub(crate) fn drops_under(&self, counter: &str) -> usize {
        self.recorder.borrow().drops.iter().filter(|drop| drop.counter == counter).count()
    }

    /// Begins an action: what was dropped so far was dropped before it.
    pub(crate) fn forget_drops(&self) {
        let mut recorder = self.recorder.borrow_mut();
        recorder.earlier_drops = recorder.drops.len();
    }

    /// What was sent instead of what should have been, or that nothing was.
    pub(crate) fn sent_or_nothing(&self) -> String {
        self.outbox.front().map_or_else(|| self.nothing_sent(), |frame| self.sent(frame))
    }

    /// The whole story up to `failure`.
    pub(crate) fn message(&self, failure: &Failure) -> String {
        failure::message(&self.about, &self.steps, failure, &mut self.recorder.borrow_mut())
    }

    fn differences(&self, packet: &impl Expectable, frame: &Frame) -> Vec<String> {
        let mut differences = Differences::default();
        packet.judge(&self.scene, frame, &mut differences);
        differences.into_sentences()
    }

    fn sent(&self, frame: &Frame) -> String {
        failure::sent(self.scene.medium, frame)
    }

    fn nothing_sent(&self) -> String {
        let drops = self.drops();
        failure::nothing_sent(self.now, &drops, self.host.next_deadline())
    }

    /// Lets time pass until something waits to be expected, or until `end`.
    fn run_until(&mut self, end: Instant) -> Result<(), Failure> {
        while self.outbox.is_empty() {
            match self.host.next_deadline() {
                Some(deadline) if deadline <= end => {
                    self.now = self.now.max(deadline);
                    self.settle()?;
                }
                _ => {
                    self.now = end;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Lets the host do all that is due now, and takes what leaves.
    fn settle(&mut self) -> Result<(), Failure> {
        self.take_out()?;
        for _ in 0..MOST_WAKES {
            if self.host.next_deadline().is_none_or(|deadline| deadline > self.now) {
                return Ok(());
            }
            self.host.handle_timeout(self.now);
            self.take_out()?;
        }
        Err(self.no_rest(format!("it asked {MOST_WAKES} times in a row to be woken at once")))
    }

    fn take_out(&mut self) -> Result<(), Failure> {
        let mut buffer = Buffer::new();
        for _ in 0..MOST_FRAMES {
            let Some(offload) = self.host.transmit(self.now, INTERFACE, &mut buffer) else {
                return Ok(());
            };
            let frame = self.crossed(Direction::Out(offload), buffer.as_slice());
            self.outbox.push_back(frame);
        }
        Err(self.no_rest(format!("it sent {MOST_FRAMES} frames in a row")))
    }

    fn no_rest(&self, instead: String) -> Failure {
        Failure {
            expected: "the host does what is due and then waits".to_owned(),
            instead: format!("at {} {instead}", self.now),
            differences: Vec::new(),
        }
    }

    /// Notes that a frame crossed the wire.
    fn crossed(&mut self, direction: Direction, bytes: &[u8]) -> Frame {
        let medium = self.scene.medium;
        self.tracer.emit(self.now, || Event::Frame {
            interface: INTERFACE,
            direction,
            medium,
            bytes,
        });
        let frame = Frame { at: self.now, direction, bytes: bytes.to_vec() };
        self.scene.frames.push(frame.clone());
        frame
    }
}
