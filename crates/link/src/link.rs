//! One direction of a link.

use std::fmt;
use std::time::Duration;

use packet::Instant;
use trace::{Event, Fault, Tracer};

use crate::flight::{Flight, MAX_IN_FLIGHT};
use crate::loss::Weather;
use crate::random::{Drawn, Number, Streams, below};
use crate::transmitter::Transmitter;
use crate::{Counters, LinkOptions};

/// One direction of a link: frames go in at one end and come out, perhaps, at the other.
///
/// A pure state machine. Whoever drives it says what time it is; moments never go backwards. `O`
/// is what travels beside a frame unchanged, such as [`packet::TransmitOffload`].
///
/// A frame that is sent meets these in turn: the MTU, loss, the queue, the rate, corruption,
/// duplication; then the path, which has delay, jitter and reordering. Frames come out by the
/// moment at which they are due, and those that are due together in the order in which they were
/// sent. So a link without jitter and reordering keeps the order, whatever else it does.
///
/// # What a seed decides
/// Each kind of fault has a random stream of its own and draws one number from it for each frame
/// sent, whether or not it needs it. So what a kind of fault decides for the nth frame depends on
/// the seed, on n and on its own option, and on no other: with `duplicate` switched on the same
/// frames are lost as before.
///
/// # Example
/// ```
/// use std::time::Duration;
/// use link::{Link, LinkOptions};
/// use packet::Instant;
///
/// # fn main() -> Result<(), link::ParseError> {
/// let options = LinkOptions {
///     delay: Duration::from_millis(20),
///     loss: "frames:2".parse()?,
///     ..LinkOptions::PERFECT
/// };
/// let mut link: Link = Link::new(options, 1, trace::Tracer::off());
/// link.send(Instant::START, b"one", ());
/// link.send(Instant::START, b"two", ());
///
/// let due = Instant::START + Duration::from_millis(20);
/// assert_eq!(link.next_deadline(), Some(due));
/// assert_eq!(link.deliver(due), Some((&b"one"[..], ())));
/// assert_eq!(link.deliver(due), None);
/// assert_eq!(link.counters().lost, 1);
/// # Ok(())
/// # }
/// ```
pub struct Link<O = ()> {
    options: LinkOptions,
    streams: Streams,
    weather: Weather,
    also_lost: Option<Predicate>,
    transmitter: Transmitter,
    flight: Flight<O>,
    counters: Counters,
    tracer: Tracer,
}

type Predicate = Box<dyn FnMut(&[u8]) -> bool>;

impl<O: Copy> Link<O> {
    /// An idle link, which tells `tracer` of each fault.
    #[must_use]
    pub fn new(options: LinkOptions, seed: u64, tracer: Tracer) -> Self {
        Self {
            options,
            streams: Streams::new(seed),
            weather: Weather::default(),
            also_lost: None,
            transmitter: Transmitter::default(),
            flight: Flight::new(),
            counters: Counters::default(),
            tracer,
        }
    }

    /// Loses, beside those that the options lose, each frame for which `predicate` is true. It
    /// is asked once for each frame that is sent, in order.
    pub fn lose_if(&mut self, predicate: impl FnMut(&[u8]) -> bool + 'static) {
        self.also_lost = Some(Box::new(predicate));
    }

    /// What the link is like.
    #[must_use]
    pub const fn options(&self) -> &LinkOptions {
        &self.options
    }

    /// Changes what the link is like for the frames that will be sent. Those under way arrive as
    /// was decided when they were sent.
    pub fn set_options(&mut self, options: LinkOptions) {
        self.options = options;
    }

    /// Puts a frame in at the near end. Whatever becomes of it is decided now.
    pub fn send(&mut self, now: Instant, frame: &[u8], offload: O) {
        self.counters.sent += 1;
        let drawn = self.streams.draw();
        let is_lost = self.is_lost(frame, drawn.loss);
        if self.options.mtu.is_some_and(|mtu| frame.len() > mtu) {
            self.counters.too_long += 1;
            return self.tell(now, Fault::TooLong, frame);
        }
        if is_lost {
            self.counters.lost += 1;
            return self.tell(now, Fault::Lost, frame);
        }
        let Some(departure) = self.transmit(now, frame) else { return };
        let fate = self.fate(now, frame, drawn);
        self.put_on_path(departure, frame, offload, fate);
        if self.options.duplicate.happens(drawn.duplicate.high()) {
            self.counters.duplicated += 1;
            self.tell(now, Fault::Duplicated, frame);
            let Some(departure) = self.transmit(now, frame) else { return };
            self.put_on_path(departure, frame, offload, fate);
        }
    }

    /// When [`Link::deliver`] has the next frame to give, if nothing is sent before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.flight.next_arrival()
    }

    /// The next frame that has come out at the far end by `now`, without taking it.
    #[must_use]
    pub fn peek(&self, now: Instant) -> Option<(&[u8], O)> {
        self.flight.peek(now)
    }

    /// Takes the next frame that has come out at the far end by `now`.
    pub fn deliver(&mut self, now: Instant) -> Option<(&[u8], O)> {
        let frame = self.flight.arrive(now)?;
        self.counters.delivered += 1;
        Some(frame)
    }

    /// How many frames are inside, waiting or on the path. At most [`MAX_IN_FLIGHT`].
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.flight.len()
    }

    /// What became of the frames so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Asks everybody who may lose the frame: each keeps count of the frames by itself.
    fn is_lost(&mut self, frame: &[u8], drawn: Number) -> bool {
        let by_options = self.weather.takes(&self.options.loss, self.counters.sent, drawn);
        let by_predicate = self.also_lost.as_mut().is_some_and(|predicate| predicate(frame));
        by_options || by_predicate
    }

    /// When the frame's last bit has left the near end; `None` if there was no room for it.
    fn transmit(&mut self, now: Instant, frame: &[u8]) -> Option<Instant> {
        let LinkOptions { rate, queue, .. } = self.options;
        let departure = (self.flight.len() < MAX_IN_FLIGHT)
            .then(|| self.transmitter.take(now, frame.len(), rate, queue))
            .flatten();
        if departure.is_none() {
            self.counters.queue_full += 1;
            self.tell(now, Fault::QueueFull, frame);
        }
        departure
    }

    /// Decides what the path does to a frame.
    fn fate(&mut self, now: Instant, frame: &[u8], drawn: Drawn) -> Fate {
        let mut fate = Fate { on_path: self.delay_with_jitter(drawn.jitter), corrupted_bit: None };
        if self.options.corrupt.happens(drawn.corrupt.high()) && !frame.is_empty() {
            let bit = any_bit(frame, drawn.corrupt.low());
            fate.corrupted_bit = Some(bit);
            self.counters.corrupted += 1;
            self.tell(now, Fault::Corrupted { bit }, frame);
        }
        if self.options.reorder.happens(drawn.reorder.high()) {
            let held = self.options.reorder_hold;
            fate.on_path = fate.on_path.saturating_add(held);
            self.counters.reordered += 1;
            self.tell(now, Fault::Reordered { held }, frame);
        }
        fate
    }

    /// Evenly between `delay - jitter` and `delay + jitter`, and never below zero.
    fn delay_with_jitter(&self, drawn: Number) -> Duration {
        let LinkOptions { delay, jitter, .. } = self.options;
        let half = u64::try_from(jitter.as_nanos()).unwrap_or(u64::MAX);
        let shift = below(drawn.high(), half.saturating_mul(2).saturating_add(1));
        delay.saturating_add(Duration::from_nanos(shift)).saturating_sub(jitter)
    }

    fn put_on_path(&mut self, departure: Instant, frame: &[u8], offload: O, fate: Fate) {
        let frame = self.flight.depart(departure + fate.on_path, frame, offload);
        if let Some(bit) = fate.corrupted_bit
            && let Some(byte) = frame.get_mut(bit / 8)
        {
            *byte ^= 0x80 >> (bit % 8);
        }
    }

    fn tell(&self, now: Instant, fault: Fault, bytes: &[u8]) {
        self.tracer.emit(now, || Event::Fault { fault, bytes });
    }
}

/// What the path does to a frame and to its copy, if it has one.
#[derive(Clone, Copy)]
struct Fate {
    /// How long they are on the path.
    on_path: Duration,
    /// Counted from the first byte's most significant bit.
    corrupted_bit: Option<usize>,
}

fn any_bit(frame: &[u8], drawn: u32) -> usize {
    let bits = u64::try_from(frame.len()).unwrap_or(u64::MAX).saturating_mul(8);
    usize::try_from(below(drawn, bits)).unwrap_or_default()
}

impl<O: Copy> fmt::Debug for Link<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("options", &self.options)
            .field("counters", &self.counters)
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Percentage;
    use std::cell::RefCell;
    use std::rc::Rc;
    use trace::{Record, Subscriber};

    fn at(milliseconds: u64) -> Instant {
        Instant::at(Duration::from_millis(milliseconds))
    }

    fn link(options: LinkOptions) -> Link {
        Link::new(options, 7, Tracer::off())
    }

    /// Everything that comes out by `now`.
    fn delivered(link: &mut Link, now: Instant) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| link.deliver(now).map(|(frame, ())| frame.to_vec())).collect()
    }

    #[test]
    fn rate_and_delay_add_up() {
        let rate = Some("10mbit".parse().unwrap());
        let delay = Duration::from_millis(20);
        let mut link = link(LinkOptions { rate, delay, ..LinkOptions::PERFECT });
        // A millisecond each on the wire.
        link.send(at(0), &[1; 1250], ());
        link.send(at(0), &[2; 1250], ());
        assert_eq!(link.next_deadline(), Some(at(21)));
        assert!(link.peek(at(20)).is_none());
        assert_eq!(delivered(&mut link, at(21)), [[1; 1250]]);
        assert_eq!(link.next_deadline(), Some(at(22)));
        assert_eq!(delivered(&mut link, at(22)), [[2; 1250]]);
    }

    #[test]
    fn a_list_loses_just_its_frames() {
        let loss = "frames:3,4".parse().unwrap();
        let mut link = link(LinkOptions { loss, ..LinkOptions::PERFECT });
        for number in 1..=5 {
            link.send(at(0), &[number], ());
        }
        assert_eq!(delivered(&mut link, at(0)), [[1], [2], [5]]);
    }

    #[test]
    fn a_predicate_loses_the_third_data_segment() {
        let mut link = link(LinkOptions::PERFECT);
        let mut segments = 0;
        link.lose_if(move |frame| {
            segments += usize::from(frame.starts_with(b"data"));
            frame.starts_with(b"data") && segments == 3
        });
        for frame in ["data 1", "ack", "data 2", "ack", "data 3", "data 4"] {
            link.send(at(0), frame.as_bytes(), ());
        }
        let frames = delivered(&mut link, at(0));
        assert_eq!(frames, [&b"data 1"[..], b"ack", b"data 2", b"ack", b"data 4"]);
    }

    #[test]
    fn a_reordered_frame_is_overtaken() {
        let mut link = link(LinkOptions { reorder: Percentage::ALL, ..LinkOptions::PERFECT });
        link.send(at(0), b"first", ());
        link.set_options(LinkOptions::PERFECT);
        link.send(at(1), b"second", ());
        assert_eq!(delivered(&mut link, at(9)), [b"second"]);
        assert_eq!(delivered(&mut link, at(10)), [b"first"]);
    }

    #[test]
    fn a_copy_follows_its_frame_with_the_same_damage() {
        let always = Percentage::ALL;
        let options = LinkOptions { duplicate: always, corrupt: always, ..LinkOptions::PERFECT };
        let mut link = link(options);
        link.send(at(0), &[0; 100], ());
        let frames = delivered(&mut link, at(0));
        assert_eq!(frames.len(), 2);
        assert_eq!(frames[0], frames[1]);
        let ones: u32 = frames[0].iter().map(|byte| byte.count_ones()).sum();
        assert_eq!(ones, 1, "one bit was changed");
    }

    #[test]
    fn an_empty_frame_has_no_bit_to_change() {
        let mut link = link(LinkOptions { corrupt: Percentage::ALL, ..LinkOptions::PERFECT });
        link.send(at(0), &[], ());
        assert_eq!(link.counters().corrupted, 0);
        assert_eq!(delivered(&mut link, at(0)), [[]; 1]);
    }

    #[test]
    fn what_is_under_way_is_limited() {
        let delay = Duration::from_secs(1);
        let mut link = link(LinkOptions { delay, ..LinkOptions::PERFECT });
        for _ in 0..=MAX_IN_FLIGHT {
            link.send(at(0), b"frame", ());
        }
        assert_eq!(link.in_flight(), MAX_IN_FLIGHT);
        assert_eq!(link.counters().queue_full, 1);
        assert_eq!(delivered(&mut link, at(1000)).len(), MAX_IN_FLIGHT);
    }

    #[test]
    fn each_fault_is_told_with_the_frame_as_it_was() {
        #[derive(Default)]
        struct Faults(Vec<(Fault, Vec<u8>)>);
        impl Subscriber for Faults {
            fn record(&mut self, record: &Record<'_>) {
                if let Event::Fault { fault, bytes } = record.event {
                    self.0.push((fault, bytes.to_vec()));
                }
            }
        }
        let faults = Rc::new(RefCell::new(Faults::default()));
        let always = Percentage::ALL;
        let options = LinkOptions {
            rate: Some("1kbit".parse().unwrap()),
            queue: crate::QueueLimit::Packets(0),
            loss: "frames:2".parse().unwrap(),
            duplicate: always,
            reorder: always,
            corrupt: always,
            mtu: Some(5),
            ..LinkOptions::PERFECT
        };
        let mut link: Link = Link::new(options, 7, Tracer::new("a", faults.clone()));
        for frame in ["one", "two", "three", "too long"] {
            link.send(at(0), frame.as_bytes(), ());
        }
        let faults = &faults.borrow().0;
        let told: Vec<(Fault, &[u8])> =
            faults.iter().map(|(fault, bytes)| (*fault, bytes.as_slice())).collect();
        let Fault::Corrupted { bit } = told[0].0 else { panic!("{told:?}") };
        assert_eq!(
            told,
            [
                (Fault::Corrupted { bit }, &b"one"[..]),
                (Fault::Reordered { held: crate::DEFAULT_REORDER_HOLD }, b"one"),
                (Fault::Duplicated, b"one"),
                (Fault::QueueFull, b"one"),
                (Fault::Lost, b"two"),
                (Fault::QueueFull, b"three"),
                (Fault::TooLong, b"too long"),
            ]
        );
        let (came, _) = link.deliver(at(60_000)).unwrap();
        assert_eq!(came[bit / 8] ^ b"one"[bit / 8], 0x80 >> (bit % 8));
    }
}
