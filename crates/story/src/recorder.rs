//! What a story keeps of its trace, for the case that it goes wrong.

use std::fmt;

use narrate::Ladder;
use packet::{InterfaceId, ReceiveOffload, TransmitOffload};
use trace::{Direction, Event, Record, Subscriber};

use crate::recording::Recording;

/// The host under test, by the name under which it tells of itself.
pub(crate) const HOST: &str = "we";

/// The other end of the wire.
const PEER: &str = "peer";

/// The other end of the second wire, if there is one.
const FAR: &str = "far";

/// Listens to everything that the host and the wire tell.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) ladder: Ladder,
    pub(crate) recording: Recording,
    /// How many frames have crossed the wire.
    pub(crate) frames: usize,
    /// What the host dropped since the story began.
    pub(crate) drops: Vec<Drop>,
    /// How many of them it dropped before the last action.
    pub(crate) earlier_drops: usize,
}

/// Something that the host dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drop {
    pub(crate) counter: &'static str,
    meaning: &'static str,
}

impl Recorder {
    /// Listens to a host with so many wires.
    pub(crate) fn new(wires: usize) -> Self {
        let hosts: &[_] = if wires > 1 { &[PEER, HOST, FAR] } else { &[PEER, HOST] };
        Self {
            ladder: Ladder::between(hosts),
            recording: Recording::new(),
            frames: 0,
            drops: Vec::new(),
            earlier_drops: 0,
        }
    }
}

impl Subscriber for Recorder {
    fn record(&mut self, record: &Record<'_>) {
        self.recording.record(record);
        match record.event {
            Event::Frame { direction: Direction::In(_), .. } => {
                self.frames += 1;
                self.ladder.record(&at_the_peer(*record));
                self.ladder.record(record);
            }
            Event::Frame { direction: Direction::Out(_), .. } => {
                self.frames += 1;
                self.ladder.record(record);
                self.ladder.record(&at_the_peer(*record));
            }
            Event::Dropped { counter, meaning } => {
                self.drops.push(Drop { counter, meaning });
                self.ladder.record(record);
            }
            _ => self.ladder.record(record),
        }
    }
}

/// The other end of the wire, on which nothing is lost or delayed.
fn at_the_peer(record: Record<'_>) -> Record<'_> {
    let Event::Frame { interface, direction, medium, bytes } = record.event else { return record };
    let direction = match direction {
        Direction::In(_) => Direction::Out(TransmitOffload::default()),
        Direction::Out(_) => Direction::In(ReceiveOffload::default()),
    };
    let host = if interface == InterfaceId(0) { PEER } else { FAR };
    Record { host, event: Event::Frame { interface, direction, medium, bytes }, ..record }
}

/// In words that follow "was".
impl fmt::Display for Drop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dropped: {} (counter {})", self.meaning, self.counter)
    }
}
