//! Reassembly: whatever fragments come, a datagram is made of what came and of nothing else, and
//! memory stays within its bounds.

use std::net::Ipv4Addr;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use ipv4::{
    Datagram, Ecn, FragmentOffset, Header, Protocol, Reassembler, Reassembly, ReassemblyLimits,
    RefusedFragment,
};
use packet::{Buffer, Instant};
use secret::Secret;

/// Few and small, so that a fuzzer reaches them. All fragments are of one source, whose share
/// is everything: the oldest datagram is always the one to go.
const LIMITS: ReassemblyLimits = ReassemblyLimits {
    timeout: Duration::from_secs(60),
    bytes: 16 << 10,
    bytes_per_source: 16 << 10,
    datagrams: 6,
};

/// One step of a history.
#[derive(Arbitrary, Debug)]
enum Step<'a> {
    /// Any fragment with a correct header.
    Fragment { datagram: u8, tcp: bool, fragment: u16, ecn: u8, payload: &'a [u8] },
    /// One of four fragments that fit each other.
    Fitting { datagram: u8, number: u8 },
    /// So many milliseconds.
    TimePasses(u16),
}

/// Reads `bytes` as a history and lives it.
pub fn reassembly(bytes: &[u8]) {
    let mut unstructured = Unstructured::new(bytes);
    let mut world = World::new();
    // A history is no longer than its bytes: each step takes at least one.
    while !unstructured.is_empty() {
        let Ok(step) = Step::arbitrary(&mut unstructured) else { break };
        world.step(&step);
        world.check();
    }
    world.pass(LIMITS.timeout);
    assert!(world.reassembler.is_empty());
    assert_eq!(world.reassembler.bytes(), 0);
}

/// A reassembler, the time, and what must be inside.
struct World {
    reassembler: Reassembler,
    now: Instant,
    /// The unfinished datagrams, the oldest first.
    expected: Vec<Unfinished>,
}

struct Unfinished {
    key: (Protocol, u16),
    /// The fragments that were taken: where they belong, and what they hold.
    taken: Vec<(usize, Vec<u8>)>,
}

impl World {
    fn new() -> Self {
        let reassembler = Reassembler::new(LIMITS, Secret::new([1, 2]));
        Self { reassembler, now: Instant::START, expected: Vec::new() }
    }

    fn step(&mut self, step: &Step<'_>) {
        match *step {
            Step::Fragment { datagram, tcp, fragment, ecn, payload } => {
                let header = Header {
                    protocol: if tcp { Protocol::Tcp } else { Protocol::Udp },
                    ecn: match ecn % 8 {
                        0 => Ecn::Capable0,
                        1 => Ecn::Capable1,
                        2 => Ecn::CongestionExperienced,
                        _ => Ecn::NotCapable,
                    },
                    more_fragments: fragment & 0x2000 != 0,
                    fragment_offset: offset(usize::from(fragment & 0x1fff) * 8),
                    ..header(datagram)
                };
                self.receive(&header, &payload[..payload.len().min(2000)]);
            }
            Step::Fitting { datagram, number } => {
                let number = usize::from(number % 4);
                let more_fragments = number < 3;
                let fragment_offset = offset(number * 800);
                let header = Header { more_fragments, fragment_offset, ..header(datagram) };
                self.receive(&header, &[datagram; 800]);
            }
            Step::TimePasses(milliseconds) => {
                self.pass(Duration::from_millis(milliseconds.into()));
            }
        }
    }

    fn receive(&mut self, header: &Header, payload: &[u8]) {
        let mut buffer = Buffer::new();
        buffer.append(payload);
        // What is too long to be written cannot come either.
        if header.prepend_to(&mut buffer).is_err() {
            return;
        }
        let fragment = Datagram::parse(buffer.as_slice()).expect("we write datagrams");
        if !fragment.is_fragment() {
            return;
        }
        let key = (header.protocol, header.identification);
        let place = usize::from(header.fragment_offset.bytes());
        match self.reassembler.receive(self.now, &fragment) {
            Ok(progress) => {
                self.unfinished(key).taken.push((place, payload.to_vec()));
                match progress {
                    Reassembly::Incomplete { dropped } => drop(self.expected.drain(..dropped)),
                    Reassembly::Complete(whole) => {
                        self.compare(key, &whole);
                        self.reassembler.recycle(whole);
                    }
                }
            }
            Err(
                RefusedFragment::Overlap
                | RefusedFragment::ConflictingEnd
                | RefusedFragment::EcnMixed,
            ) => self.unfinished(key).taken.clear(),
            // Those wrong alone begin nothing, the others change nothing.
            Err(_) => {}
        }
    }

    /// The whole consists of the fragments that were taken, each at its place.
    fn compare(&mut self, key: (Protocol, u16), whole: &ipv4::Reassembled) {
        let known = self.expected.iter().position(|it| it.key == key).expect("it was begun");
        let taken = self.expected.remove(known).taken;
        for (place, bytes) in &taken {
            assert_eq!(&whole.payload()[*place..][..bytes.len()], bytes);
        }
        let lengths = taken.iter().map(|(_, bytes)| bytes.len());
        assert_eq!(lengths.sum::<usize>(), whole.payload().len(), "a gap or an overlap");
        let again = Datagram::parse(whole.as_slice()).expect("the whole is a datagram");
        assert_eq!(again.header(), *whole.header());
        assert!(!again.is_fragment());
    }

    fn unfinished(&mut self, key: (Protocol, u16)) -> &mut Unfinished {
        let known = self.expected.iter().position(|it| it.key == key).unwrap_or_else(|| {
            self.expected.push(Unfinished { key, taken: Vec::new() });
            self.expected.len() - 1
        });
        &mut self.expected[known]
    }

    /// Lets time pass, stopping at each deadline.
    fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(deadline) = self.reassembler.next_deadline().filter(|&it| it <= end) {
            self.now = self.now.max(deadline);
            let expired = self.reassembler.expire(self.now);
            assert!(expired.is_some(), "a deadline that stays is a loop");
            self.expected.remove(0);
        }
        self.now = end;
    }

    /// What holds after every step.
    fn check(&self) {
        assert!(self.reassembler.bytes() <= LIMITS.bytes);
        assert!(self.reassembler.len() <= LIMITS.datagrams);
        assert_eq!(self.reassembler.len(), self.expected.len());
    }
}

fn offset(bytes: usize) -> FragmentOffset {
    let bytes = u16::try_from(bytes).expect("13 bits and 3");
    FragmentOffset::from_bytes(bytes).expect("a multiple of 8")
}

fn header(datagram: u8) -> Header {
    let source = Ipv4Addr::new(192, 0, 2, 1);
    let whole = Header::new(source, Ipv4Addr::new(192, 0, 2, 2), Protocol::Udp);
    Header { dont_fragment: false, identification: u16::from(datagram % 8), ..whole }
}
