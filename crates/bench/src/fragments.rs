//! What it costs to put a datagram together while others wait for their fragments.

use std::error::Error;
use std::net::Ipv4Addr;
use std::time::Instant;

use ipv4::{
    Datagram, FragmentOffset, Header, MAX_REASSEMBLIES, Protocol, Reassembler, Reassembly,
    ReassemblyLimits,
};
use packet::Buffer;
use secret::Secret;

use crate::contest::Turn;

/// How many datagrams can be unfinished if there is to be room for one more.
pub(crate) const NEARLY_FULL: usize = MAX_REASSEMBLIES - 1;

/// How many datagrams a turn completes.
const DATAGRAMS: u32 = 100_000;

/// How many different ones those are.
const DIFFERENT: u16 = 4096;

/// How many hosts send. One alone would not be granted the whole table.
const SENDERS: u16 = 8;

/// Bytes that each of the two fragments carries.
const PIECE: u16 = 8;

/// A reassembler at which some datagrams wait.
pub(crate) struct Fragments {
    reassembler: Reassembler,
    /// The two fragments of each datagram that is to be completed.
    pairs: Vec<[Buffer; 2]>,
}

impl Fragments {
    /// One at which so many datagrams wait for their second fragment.
    pub(crate) fn beside(waiting: usize) -> Result<Self, Box<dyn Error>> {
        let mut reassembler = Reassembler::new(ReassemblyLimits::default(), Secret::new([1, 2]));
        for number in 0..u16::try_from(waiting)? {
            let [first, _] = pair(number)?;
            let _ = reassembler.receive(packet::Instant::START, &parse(&first)?)?;
        }
        if reassembler.len() != waiting {
            return Err("not all datagrams wait that should".into());
        }
        // Numbers that none of those has.
        let numbers = u16::MAX - DIFFERENT..u16::MAX;
        let pairs = numbers.map(pair).collect::<Result<_, _>>()?;
        Ok(Self { reassembler, pairs })
    }

    /// Completes one datagram after the other.
    pub(crate) fn complete(&mut self) -> Result<Turn, Box<dyn Error>> {
        let start = Instant::now();
        for (_, [first, second]) in (0..DATAGRAMS).zip(self.pairs.iter().cycle()) {
            let now = packet::Instant::START;
            let _ = self.reassembler.receive(now, &parse(first)?)?;
            match self.reassembler.receive(now, &parse(second)?)? {
                Reassembly::Complete(whole) => self.reassembler.recycle(whole),
                Reassembly::Incomplete { .. } => return Err("two halves make no whole".into()),
            }
        }
        Ok(Turn::new(DATAGRAMS, start.elapsed()))
    }
}

/// Both fragments of the datagram of that number.
fn pair(number: u16) -> Result<[Buffer; 2], Box<dyn Error>> {
    let [high, low] = (number % SENDERS).to_be_bytes();
    let source = Ipv4Addr::new(198, 18, high, low);
    let whole = Header {
        identification: number / SENDERS,
        ..Header::new(source, Ipv4Addr::new(198, 19, 0, 2), Protocol::Udp)
    };
    let offset = FragmentOffset::from_bytes(PIECE).ok_or("an offset counts in units of 8")?;
    Ok([
        fragment(&Header { more_fragments: true, ..whole })?,
        fragment(&Header { fragment_offset: offset, ..whole })?,
    ])
}

fn fragment(header: &Header) -> Result<Buffer, Box<dyn Error>> {
    let mut buffer = Buffer::new();
    buffer.append(&[0; PIECE as usize]);
    header.prepend_to(&mut buffer)?;
    Ok(buffer)
}

fn parse(fragment: &Buffer) -> Result<Datagram<'_>, ipv4::Malformed> {
    Datagram::parse(fragment.as_slice())
}
