//! Somebody who watches the wires, reads every frame with etherparse, and believes nobody.

use std::collections::HashMap;

use etherparse::checksum::Sum16BitWords;
use etherparse::{Icmpv4Slice, Icmpv4Type, IpNumber, Ipv4Slice};
use trace::{Direction, Event, Fault, Record, Subscriber};

/// Watches one host that pings.
pub(crate) struct Judge {
    pinger: String,
    /// What was asked, by sequence number.
    asked: HashMap<u16, Vec<u8>>,
    /// How many correct answers came to each of them.
    answers: HashMap<u16, u64>,
    /// How many frames of each exchange were doubled by a link.
    doubled: HashMap<u16, u64>,
    damaged: u64,
}

impl Judge {
    pub(crate) fn new(pinger: &str) -> Self {
        Self {
            pinger: pinger.to_owned(),
            asked: HashMap::new(),
            answers: HashMap::new(),
            doubled: HashMap::new(),
            damaged: 0,
        }
    }

    pub(crate) fn requests(&self) -> u64 {
        self.asked.len() as u64
    }

    pub(crate) fn answered(&self) -> u64 {
        self.answers.len() as u64
    }

    pub(crate) fn answers(&self) -> u64 {
        self.answers.values().sum()
    }

    pub(crate) fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Each frame that a link doubles makes at most one answer more.
    pub(crate) fn check_duplicates(&self) {
        for (sequence_number, answers) in &self.answers {
            let doubled = self.doubled.get(sequence_number).copied().unwrap_or_default();
            assert!(
                *answers <= 1 + doubled,
                "{answers} answers to request {sequence_number}, of which links doubled {doubled}"
            );
        }
    }

    fn asks(&mut self, bytes: &[u8]) {
        let (kind, data) = read(bytes).expect("the pinger sends what is well-formed");
        let Icmpv4Type::EchoRequest(echo) = kind else { panic!("the pinger sent {kind:?}") };
        assert_eq!(self.asked.insert(echo.seq, data), None, "sent {} twice", echo.seq);
    }

    fn is_answered(&mut self, bytes: &[u8]) {
        let Some((kind, data)) = read(bytes) else {
            self.damaged += 1;
            return;
        };
        let Icmpv4Type::EchoReply(echo) = kind else { panic!("the stack sent {kind:?}") };
        assert_eq!(self.asked.get(&echo.seq), Some(&data), "request {}", echo.seq);
        *self.answers.entry(echo.seq).or_default() += 1;
    }
}

impl Subscriber for Judge {
    fn record(&mut self, record: &Record<'_>) {
        match record.event {
            Event::Frame { direction, bytes, .. } if record.host == self.pinger => {
                match direction {
                    Direction::Out(_) => self.asks(bytes),
                    Direction::In(_) => self.is_answered(bytes),
                }
            }
            Event::Fault { fault: Fault::Duplicated, bytes } => {
                let (kind, _) = read(bytes).expect("links tell of frames as they were sent");
                let (Icmpv4Type::EchoRequest(echo) | Icmpv4Type::EchoReply(echo)) = kind else {
                    panic!("{kind:?}")
                };
                *self.doubled.entry(echo.seq).or_default() += 1;
            }
            _ => {}
        }
    }
}

/// An ICMP message and its data, if every length and checksum is right.
fn read(bytes: &[u8]) -> Option<(Icmpv4Type, Vec<u8>)> {
    // Over the bytes themselves: etherparse's header has no place for the reserved bit.
    let is_whole = |bytes| Sum16BitWords::new().add_slice(bytes).ones_complement() == 0;
    let ip = Ipv4Slice::from_slice(bytes).ok()?;
    let payload = ip.payload();
    if !is_whole(ip.header().slice()) || payload.ip_number != IpNumber::ICMP {
        return None;
    }
    let icmp = Icmpv4Slice::from_slice(payload.payload).ok()?;
    is_whole(payload.payload).then(|| (icmp.icmp_type(), icmp.payload().to_vec()))
}
