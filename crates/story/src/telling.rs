//! A story as it is told: the host, the clock that drives it, and what has left so far.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::Location;
use std::rc::Rc;
use std::slice;
use std::time::Duration;

use packet::{Buffer, Host, Instant, InterfaceId, Received};
use trace::{Direction, Event, Tracer};

use crate::description::{Differences, Expectable, Frame, Sendable};
use crate::ethernet_frame::{ETHER_TYPE_IPV4, framed, unframed};
use crate::failure::{self, Failure};
use crate::fragment::Fragments;
use crate::recorder::{self, Drop, Recorder};
use crate::scene::Scene;

/// The interface at whose other end the peer is.
pub(crate) const PEER_SIDE: InterfaceId = InterfaceId(0);

/// The interface at whose other end the far host is, if the host under test is a router.
pub(crate) const FAR_SIDE: InterfaceId = InterfaceId(1);

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
    /// One for each interface, by its number.
    scenes: Vec<Scene>,
    now: Instant,
    pub(crate) steps: Vec<Step>,
    /// What left and was not expected yet, in order.
    outbox: VecDeque<Frame>,
    tracer: Tracer,
    recorder: Rc<RefCell<Recorder>>,
}

impl<H: Host> Telling<H> {
    pub(crate) fn begin(
        about: About,
        scenes: Vec<Scene>,
        make_host: impl FnOnce(Tracer) -> H,
    ) -> Self {
        let recorder = Rc::new(RefCell::new(Recorder::new(scenes.len())));
        let tracer = Tracer::new(recorder::HOST, recorder.clone());
        Self {
            about,
            host: make_host(tracer.clone()),
            scenes,
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

    /// The scene at the peer's side.
    pub(crate) fn peer_scene(&self) -> Option<&Scene> {
        self.scenes.get(PEER_SIDE.0)
    }

    pub(crate) fn add_step(&mut self, words: String) {
        self.steps.push(Step { at: self.now, words });
    }

    /// The scene at this interface.
    fn scene(&self, side: InterfaceId) -> Result<&Scene, Failure> {
        self.scenes.get(side.0).ok_or_else(|| Failure {
            expected: "a host with two interfaces, since somebody is on its far side".to_owned(),
            instead: "this story is about a host with one".to_owned(),
            differences: Vec::new(),
        })
    }

    /// Hands the host a frame from the other end of this interface.
    pub(crate) fn hand_in(
        &mut self,
        side: InterfaceId,
        packet: &impl Sendable,
    ) -> Result<(), Failure> {
        self.hand_in_all(side, slice::from_ref(packet))
    }

    /// Hands the host several frames before it can answer the first.
    pub(crate) fn hand_in_all(
        &mut self,
        side: InterfaceId,
        packets: &[impl Sendable],
    ) -> Result<(), Failure> {
        for packet in packets {
            self.receive(side, packet)?;
        }
        self.settle()
    }

    fn receive(&mut self, side: InterfaceId, packet: &impl Sendable) -> Result<(), Failure> {
        let scene = self.scene(side)?;
        let written = packet.write(scene);
        let framed = written.and_then(|bytes| framed(scene, bytes, packet.ether_type()));
        let bytes = framed.map_err(|reason| Failure {
            expected: format!("the peer can send {}", packet.in_words()),
            instead: format!("there is no such packet: {reason}"),
            differences: Vec::new(),
        })?;
        let offload = packet.offload();
        self.crossed(side, Direction::In(offload), &bytes);
        self.host.receive(self.now, side, Received { bytes: &bytes, offload });
        Ok(())
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
    pub(crate) fn expect(
        &mut self,
        side: InterfaceId,
        packet: &impl Expectable,
    ) -> Result<(), Failure> {
        self.expect_within(side, Duration::ZERO, packet)
    }

    /// Expects `packet` to leave as the next one, in `duration` at the latest.
    pub(crate) fn expect_within(
        &mut self,
        side: InterfaceId,
        duration: Duration,
        packet: &impl Expectable,
    ) -> Result<(), Failure> {
        self.scene(side)?;
        let end = self.now + duration;
        self.run_until(end)?;
        let (instead, differences) = match self.take_next(side) {
            None => self.not_sent_here(),
            Some(frame) => match self.differences(packet, &frame) {
                none if none.is_empty() => return Ok(()),
                differences => (self.sent(&frame), differences),
            },
        };
        let by = if duration.is_zero() { String::new() } else { format!(", by {end}") };
        let expected = format!("{}{by}", packet.in_words());
        Err(Failure { expected, instead, differences })
    }

    /// Expects that the next packets that left just now are the fragments of `packet`, in order
    /// and each within the MTU.
    pub(crate) fn expect_in_fragments(
        &mut self,
        side: InterfaceId,
        packet: &impl Expectable,
    ) -> Result<(), Failure> {
        let expected = format!("{}, in fragments", packet.in_words());
        let failure = |instead, differences| Failure { expected, instead, differences };
        let mtu = self.scene(side)?.mtu;
        let Some(first) = self.take_next(side) else {
            let (instead, differences) = self.not_sent_here();
            return Err(failure(instead, differences));
        };
        let mut differences = Differences::default();
        match self.put_together(side, mtu, &first, &mut differences) {
            Ok(whole) => packet.judge(self.scene(side)?, &whole, &mut differences),
            Err(sentence) => differences.add(sentence),
        }
        let differences = differences.into_sentences();
        if differences.is_empty() {
            return Ok(());
        }
        Err(failure(format!("{}, and what followed", self.sent(&first)), differences))
    }

    /// Puts `first` and the fragments that left behind it together to one packet.
    fn put_together(
        &mut self,
        side: InterfaceId,
        mtu: u16,
        first: &Frame,
        differences: &mut Differences,
    ) -> Result<Frame, String> {
        let mut next = Some(first.clone());
        let mut fragments: Option<Fragments> = None;
        while let Some(frame) = next {
            let packet = self.unframed(&frame, Some(ETHER_TYPE_IPV4), differences);
            let packet = packet.ok_or("There is another frame among its fragments.")?.bytes;
            let all = match &mut fragments {
                Some(all) => all,
                none => none.insert(Fragments::of(&packet)?),
            };
            all.add(mtu, &packet, differences);
            if all.is_complete() {
                break;
            }
            next = self.take_next(side);
        }
        let all = fragments.ok_or("Nothing was sent.")?;
        let (count, length) = (all.count, all.length());
        if !all.is_complete() {
            return Err(format!(
                "Its fragments are not all there: {count} came, and they end at byte {length}."
            ));
        }
        if count == 1 {
            return Err("It is whole, not in fragments.".to_owned());
        }
        Ok(Frame { bytes: all.whole()?, ..*first })
    }

    /// Expects `packet` to leave as the next one, in exactly `duration`.
    pub(crate) fn expect_after(
        &mut self,
        side: InterfaceId,
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
        self.expect(side, packet)
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

    /// That nothing left by the interface by which something should have, and what is wrong if
    /// something left by the other one.
    fn not_sent_here(&self) -> (String, Vec<String>) {
        let elsewhere = self.outbox.front().map(|_| "It left by the other interface.".to_owned());
        (self.sent_or_nothing(), elsewhere.into_iter().collect())
    }

    /// The whole story up to `failure`.
    pub(crate) fn message(&self, failure: &Failure) -> String {
        let recorder = &mut self.recorder.borrow_mut();
        failure::message(&self.about, &self.steps, failure, &self.scenes, recorder)
    }

    fn differences(&self, packet: &impl Expectable, frame: &Frame) -> Vec<String> {
        let mut differences = Differences::default();
        let inner = self.unframed(frame, packet.ether_type(), &mut differences);
        if let (Some(inner), Some(scene)) = (inner, self.scenes.get(frame.interface.0)) {
            packet.judge(scene, &inner, &mut differences);
        }
        differences.into_sentences()
    }

    /// Judges the Ethernet header of a frame that we sent, if it should have one, and takes it
    /// off.
    fn unframed(
        &self,
        frame: &Frame,
        ether_type: Option<u16>,
        differences: &mut Differences,
    ) -> Option<Frame> {
        let scene = self.scenes.get(frame.interface.0)?;
        unframed(scene, frame, ether_type, differences)
    }

    /// The next frame that left by this interface and was not expected yet.
    fn take_next(&mut self, side: InterfaceId) -> Option<Frame> {
        let place = self.outbox.iter().position(|frame| frame.interface == side)?;
        self.outbox.remove(place)
    }

    fn sent(&self, frame: &Frame) -> String {
        let scene = self.scenes.get(frame.interface.0);
        let sent = scene.map(|scene| failure::sent(scene, frame)).unwrap_or_default();
        match frame.interface {
            PEER_SIDE => sent,
            _ => format!("{sent}, to the far side"),
        }
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
        (0..self.scenes.len()).try_for_each(|side| self.take_out_by(InterfaceId(side)))
    }

    fn take_out_by(&mut self, side: InterfaceId) -> Result<(), Failure> {
        let mut buffer = Buffer::new();
        for _ in 0..MOST_FRAMES {
            let Some(offload) = self.host.transmit(self.now, side, &mut buffer) else {
                return Ok(());
            };
            let frame = self.crossed(side, Direction::Out(offload), buffer.as_slice());
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
    fn crossed(&mut self, interface: InterfaceId, direction: Direction, bytes: &[u8]) -> Frame {
        let frame = Frame { at: self.now, interface, direction, bytes: bytes.to_vec() };
        if let Some(scene) = self.scenes.get_mut(interface.0) {
            let medium = scene.medium;
            let event = || Event::Frame { interface, direction, medium, bytes };
            self.tracer.emit(self.now, event);
            scene.frames.push(frame.clone());
        }
        frame
    }
}
