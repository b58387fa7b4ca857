//! One stream of events: what happened, where and when, for whoever listens.
//!
//! The device wrapper [`Traced`] tells of each frame that crosses, the stack of what it did with
//! it. Everything a person can watch comes from this one stream: the lines of `-v`, the packets
//! and comments of a pcapng file, the ladder diagram, JSON lines (all in the crate `narrate`).
//!
//! ```text
//!   device ── Traced ──► Frame ─┐
//!   stack ── Tracer ──► Dropped, StateChange, TimerSet ... ─┴─► Subscriber
//! ```
//!
//! Nobody listening costs one comparison an event: [`Tracer::emit`] takes a closure and does not
//! call it then.

#![forbid(unsafe_code)]

mod event;
mod traced;

pub use event::{Direction, End, Event, Fault, Layer};
pub use traced::Traced;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use packet::Instant;

/// One event with its time and place.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// When it happened.
    pub at: Instant,
    /// The name of the host it happened on (`strata`, or as a simulation names its hosts).
    pub host: &'a str,
    /// What happened.
    pub event: Event<'a>,
}

/// Someone who listens to a trace.
pub trait Subscriber {
    /// Takes one event. Events come in the order in which they happened.
    fn record(&mut self, record: &Record<'_>);
}

/// Listeners behind listeners: each event goes to all, in order.
impl Subscriber for Vec<Box<dyn Subscriber>> {
    fn record(&mut self, record: &Record<'_>) {
        for subscriber in self {
            subscriber.record(record);
        }
    }
}

/// The handle through which one host emits its events. Clones share the subscriber.
#[derive(Clone, Default)]
pub struct Tracer {
    listener: Option<Listener>,
}

#[derive(Clone)]
struct Listener {
    host: Rc<str>,
    subscriber: Rc<RefCell<dyn Subscriber>>,
}

impl Tracer {
    /// A tracer to which nobody listens.
    #[must_use]
    pub const fn off() -> Self {
        Self { listener: None }
    }

    /// A tracer that emits the events of `host` to `subscriber`.
    #[must_use]
    pub fn new(host: &str, subscriber: Rc<RefCell<dyn Subscriber>>) -> Self {
        Self { listener: Some(Listener { host: host.into(), subscriber }) }
    }

    /// Emits the event that `event` makes, or does nothing if nobody listens.
    ///
    /// A subscriber that emits in turn is not heard: the inner event is left out rather than
    /// looping.
    #[inline]
    pub fn emit<'a>(&self, at: Instant, event: impl FnOnce() -> Event<'a>) {
        if let Some(Listener { host, subscriber }) = &self.listener
            && let Ok(mut subscriber) = subscriber.try_borrow_mut()
        {
            subscriber.record(&Record { at, host, event: event() });
        }
    }

    /// Whether anybody listens.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.listener.is_some()
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.listener {
            None => f.write_str("Tracer(off)"),
            Some(listener) => write!(f, "Tracer({})", listener.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Lines(Vec<String>);

    impl Subscriber for Lines {
        fn record(&mut self, record: &Record<'_>) {
            self.0.push(format!("{} {} {:?}", record.at, record.host, record.event));
        }
    }

    #[test]
    fn a_subscriber_hears_events_in_order_with_time_and_host() {
        let lines = Rc::new(RefCell::new(Lines(Vec::new())));
        let tracer = Tracer::new("strata", lines.clone());
        let dropped = |counter| Event::Dropped { counter, meaning: "for the test" };
        tracer.emit(Instant::START, || dropped("first"));
        tracer.clone().emit(Instant::START, || dropped("second"));
        let lines = &lines.borrow().0;
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("0.000000 strata Dropped"), "{}", lines[0]);
        assert!(lines[1].contains("second"), "{}", lines[1]);
    }

    #[test]
    fn with_nobody_listening_the_event_is_not_even_made() {
        Tracer::off().emit(Instant::START, || panic!("made an event for nobody"));
    }
}
