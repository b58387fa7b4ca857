//! A run as one number: two runs were the same if their numbers are.

use std::fmt::{self, Write};

use trace::{Event, Record, Subscriber};

/// Takes in every frame and every fault of a run, with its time and host, down to the last bit.
///
/// Events from inside the hosts are left out: what they are called may change while what is on
/// the wires stays the same.
///
/// The number is FNV-1a over 64 bits: the same on every machine, and no defence against anybody
/// who wants two histories to be alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    hash: u64,
}

impl History {
    /// The history in which nothing has happened.
    #[must_use]
    pub const fn new() -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325 }
    }

    /// The run so far, as a number.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    fn add(&mut self, bytes: &[u8]) {
        const PRIME: u64 = 0x100_0000_01b3;
        for &byte in bytes {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(PRIME);
        }
    }

    /// Adds what is short enough to be written out as text.
    fn add_text(&mut self, text: fmt::Arguments<'_>) {
        // Adding cannot fail.
        let _ = self.write_fmt(text);
    }
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}

impl Write for History {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.add(text.as_bytes());
        Ok(())
    }
}

impl Subscriber for History {
    fn record(&mut self, record: &Record<'_>) {
        let Record { at, host, event } = record;
        let at = at.since_start().as_nanos();
        let bytes = match event {
            Event::Frame { interface, direction, medium, bytes } => {
                self.add_text(format_args!("{at} {host} {interface:?} {direction:?} {medium:?}"));
                bytes
            }
            Event::Fault { fault, bytes } => {
                self.add_text(format_args!("{at} {host} {fault:?}"));
                bytes
            }
            _ => return,
        };
        self.add_text(format_args!(" {} ", bytes.len()));
        self.add(bytes);
    }
}

/// As 16 hexadecimal digits.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use packet::Instant;
    use trace::Fault;

    fn after(events: &[(&str, Event<'_>)]) -> u64 {
        let mut history = History::new();
        for &(host, event) in events {
            history.record(&Record { at: Instant::START, host, event });
        }
        history.hash()
    }

    #[test]
    fn every_bit_counts_and_so_do_order_and_place() {
        let lost = |bytes| Event::Fault { fault: Fault::Lost, bytes };
        let histories = [
            after(&[]),
            after(&[("a", lost(&[0])), ("a", lost(&[1]))]),
            after(&[("a", lost(&[1])), ("a", lost(&[0]))]),
            after(&[("a", lost(&[0])), ("b", lost(&[1]))]),
            after(&[("a", lost(&[0])), ("a", lost(&[3]))]),
            after(&[("a", lost(&[0, 1]))]),
        ];
        let different: std::collections::HashSet<u64> = histories.into_iter().collect();
        assert_eq!(different.len(), histories.len());
    }

    /// The published test vector for "foobar".
    #[test]
    fn it_is_fnv_1a() {
        let mut history = History::new();
        history.add(b"foobar");
        assert_eq!(history.to_string(), "85944171f73967e8");
    }
}
