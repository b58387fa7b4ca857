//! Reassembly as its user sees it: what comes in pieces leaves whole, or not at all.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::hash::BuildHasher;
use std::net::Ipv4Addr;
use std::time::Duration;

use ipv4::{
    Datagram, Ecn, ExpiredDatagram, FragmentOffset, Fragments, Header, MAX_PAYLOAD_LEN, Options,
    Protocol, REASSEMBLY_TIMEOUT, Reassembled, Reassembler, Reassembly, ReassemblyLimits,
    RefusedFragment,
};
use packet::{Buffer, Instant};
use proptest::prelude::*;
use secret::Secret;

const PEER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const US: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

fn header() -> Header {
    let whole = Header::new(PEER, US, Protocol::Udp);
    Header { dont_fragment: false, identification: 7, ..whole }
}

fn bytes(range: std::ops::Range<usize>) -> Vec<u8> {
    // No two places within a few KiB look alike: a piece put at a wrong place shows.
    range.map(|place| place.to_le_bytes()).map(|[low, high, ..]| low ^ high).collect()
}

fn written(header: &Header, payload: &[u8]) -> Vec<u8> {
    let mut buffer = Buffer::new();
    buffer.append(payload);
    header.prepend_to(&mut buffer).unwrap();
    buffer.as_slice().to_vec()
}

/// The fragment with the bytes of `range`, the last one if `last`.
fn piece_of(header: &Header, range: std::ops::Range<usize>, last: bool) -> Vec<u8> {
    let offset = FragmentOffset::from_bytes(u16::try_from(range.start).unwrap()).unwrap();
    let header = Header { fragment_offset: offset, more_fragments: !last, ..*header };
    written(&header, &bytes(range))
}

fn piece(range: std::ops::Range<usize>, last: bool) -> Vec<u8> {
    piece_of(&header(), range, last)
}

fn cut(header: &Header, payload: &[u8], mtu: u16) -> Vec<Vec<u8>> {
    let mut fragments = Fragments::new(header, payload, mtu).unwrap();
    let mut buffer = Buffer::new();
    let mut all = Vec::new();
    while fragments.next_into(&mut buffer) {
        all.push(buffer.as_slice().to_vec());
    }
    all
}

/// A reassembler and the time.
struct Bench {
    reassembler: Reassembler,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        Self::with(ReassemblyLimits::default())
    }

    fn with(limits: ReassemblyLimits) -> Self {
        let reassembler = Reassembler::new(limits, Secret::new([1, 2]));
        Self { reassembler, now: Instant::START }
    }

    fn receive(&mut self, fragment: &[u8]) -> Result<Reassembly, RefusedFragment> {
        let fragment = Datagram::parse(fragment).unwrap();
        assert!(fragment.is_fragment());
        self.reassembler.receive(self.now, &fragment)
    }

    /// Takes a fragment after which others are missing.
    #[track_caller]
    fn keeps(&mut self, fragment: &[u8]) {
        match self.receive(fragment) {
            Ok(Reassembly::Incomplete { dropped: 0 }) => {}
            other => panic!("not just kept: {other:?}"),
        }
    }

    #[track_caller]
    fn refuses(&mut self, fragment: &[u8], why: RefusedFragment) {
        assert_eq!(self.receive(fragment).map(|_| ()), Err(why));
    }

    #[track_caller]
    fn completes(&mut self, fragment: &[u8]) -> Reassembled {
        match self.receive(fragment) {
            Ok(Reassembly::Complete(whole)) => whole,
            other => panic!("not complete: {other:?}"),
        }
    }

    fn is_clean(&self) -> bool {
        self.reassembler.is_empty()
            && self.reassembler.bytes() == 0
            && self.reassembler.next_deadline().is_none()
    }
}

#[test]
fn ip_12_frag_6_fragments_are_put_together_in_any_order() {
    let [first, middle, last] =
        [piece(0..1480, false), piece(1480..2960, false), piece(2960..4008, true)];
    for order in [
        [&first, &middle, &last],
        [&first, &last, &middle],
        [&middle, &first, &last],
        [&middle, &last, &first],
        [&last, &first, &middle],
        [&last, &middle, &first],
    ] {
        let mut bench = Bench::new();
        bench.keeps(order[0]);
        bench.keeps(order[1]);
        let whole = bench.completes(order[2]);
        assert_eq!(*whole.header(), header());
        assert_eq!(whole.payload(), bytes(0..4008));
        assert_eq!(whole.as_slice(), written(&header(), &bytes(0..4008)));
        assert!(bench.is_clean());
    }
}

#[test]
fn frag_1_frag_3_the_longest_datagram_comes_through() {
    let mut bench = Bench::new();
    let payload = bytes(0..MAX_PAYLOAD_LEN);
    let mut all = cut(&header(), &payload, 1500);
    let last = all.pop().unwrap();
    for fragment in &all {
        bench.keeps(fragment);
    }
    assert_eq!(bench.completes(&last).payload(), payload);
}

#[test]
fn memory_that_is_given_back_is_used_again() {
    let mut bench = Bench::new();
    bench.keeps(&piece(0..800, false));
    let whole = bench.completes(&piece(800..900, true));
    let at = whole.as_slice().as_ptr();
    bench.reassembler.recycle(whole);
    bench.keeps(&piece(0..8, false));
    let next = bench.completes(&piece(8..16, true));
    assert_eq!(next.payload(), bytes(0..16));
    // The smaller datagram lies inside the larger one's memory, behind a like headroom.
    assert_eq!(next.as_slice().as_ptr(), at);
}

#[test]
fn frag_6_what_differs_in_one_of_four_belongs_to_another_datagram() {
    let mut bench = Bench::new();
    bench.keeps(&piece(0..16, false));
    for stranger in [
        Header { source: Ipv4Addr::new(192, 0, 2, 9), ..header() },
        Header { destination: Ipv4Addr::new(192, 0, 2, 9), ..header() },
        Header { protocol: Protocol::Icmp, ..header() },
        Header { identification: 8, ..header() },
    ] {
        bench.keeps(&piece_of(&stranger, 16..20, true));
    }
    assert_eq!(bench.reassembler.len(), 5);
    assert!(!bench.reassembler.is_empty());
    assert_eq!(bench.completes(&piece(16..20, true)).payload(), bytes(0..20));
}

#[test]
fn the_first_fragment_gives_the_header() {
    let mut bench = Bench::new();
    let options = Options::new(&[7, 3, 4, 0]).unwrap();
    let first = Header { ttl: 9, options, dont_fragment: true, ..header() };
    bench.keeps(&piece(16..24, true));
    bench.keeps(&piece_of(&first, 0..8, false));
    assert_eq!(*bench.completes(&piece(8..16, false)).header(), first);
}

#[test]
fn frag_6_duplicates_do_no_harm() {
    let mut bench = Bench::new();
    let all = [piece(0..16, false), piece(32..40, true), piece(16..32, false)];
    bench.keeps(&all[0]);
    bench.refuses(&all[0], RefusedFragment::Duplicate);
    bench.keeps(&all[1]);
    let bytes_in_use = bench.reassembler.bytes();
    bench.refuses(&all[1], RefusedFragment::Duplicate);
    bench.refuses(&all[0], RefusedFragment::Duplicate);
    assert_eq!(bench.reassembler.bytes(), bytes_in_use);
    assert_eq!(bench.completes(&all[2]).payload(), bytes(0..40));
}

#[test]
fn frag_7_overlaps_refuse_the_whole_datagram() {
    let mut rewritten = piece(16..32, false);
    *rewritten.last_mut().unwrap() ^= 1;
    for overlap in [
        piece(8..24, false),
        piece(24..40, false),
        piece(8..40, false),
        piece(16..24, false),
        piece(24..32, false),
        piece(16..40, false),
        rewritten,
    ] {
        let mut bench = Bench::new();
        bench.keeps(&piece(16..32, false));
        bench.refuses(&overlap, RefusedFragment::Overlap);
        // Even what would have been right is too late.
        for fragment in [piece(0..16, false), piece(16..32, false), piece(32..40, true)] {
            bench.refuses(&fragment, RefusedFragment::AlreadyRefused);
        }
        bench.now = bench.now + REASSEMBLY_TIMEOUT;
        assert_eq!(bench.reassembler.expire(bench.now), Some(ExpiredDatagram::Refused));
        assert!(bench.is_clean());
    }
}

#[test]
fn a_refused_datagram_holds_no_payload() {
    let mut bench = Bench::new();
    let empty = {
        bench.keeps(&piece(0..8, false));
        bench.refuses(&piece(0..16, false), RefusedFragment::Overlap);
        bench.reassembler.bytes()
    };
    let mut bench = Bench::new();
    bench.keeps(&piece(0..4000, false));
    assert!(bench.reassembler.bytes() > empty + 4000);
    bench.refuses(&piece(0..16, false), RefusedFragment::Overlap);
    assert_eq!(bench.reassembler.bytes(), empty);
}

#[test]
fn frag_6_a_datagram_has_one_end() {
    for (earlier, later) in [
        (piece(16..32, true), piece(16..24, true)),
        (piece(16..32, true), piece(32..40, true)),
        (piece(16..32, true), piece(32..40, false)),
        (piece(16..32, true), piece(8..32, false)),
        (piece(16..32, false), piece(8..16, true)),
        // The same bytes, once as the last and once not.
        (piece(16..32, true), piece(16..32, false)),
        (piece(16..32, false), piece(16..32, true)),
    ] {
        let mut bench = Bench::new();
        bench.keeps(&earlier);
        bench.refuses(&later, RefusedFragment::ConflictingEnd);
        bench.refuses(&piece(0..8, false), RefusedFragment::AlreadyRefused);
    }
}

#[test]
fn fragments_that_are_wrong_alone_leave_the_others_be() {
    let mut bench = Bench::new();
    bench.keeps(&piece(0..16, false));
    bench.refuses(&piece(16..16, false), RefusedFragment::Empty);
    bench.refuses(&piece(16..16, true), RefusedFragment::Empty);
    bench.refuses(&piece(16..23, false), RefusedFragment::Unaligned { length: 7 });
    bench.refuses(&piece(65_512..65_516, true), RefusedFragment::TooLong { end: 65_516 });
    assert_eq!(bench.completes(&piece(16..23, true)).payload(), bytes(0..23));
}

#[test]
fn a_wrong_fragment_begins_nothing() {
    let mut bench = Bench::new();
    bench.refuses(&piece(16..23, false), RefusedFragment::Unaligned { length: 7 });
    assert!(bench.is_clean());
}

#[test]
fn no_datagram_exceeds_65_535_bytes() {
    // As late as the first fragment shows that the header is longer than the others'.
    let options = Options::new(&[7, 3, 4, 0]).unwrap();
    let mut bench = Bench::new();
    bench.keeps(&piece(32_768..65_515, true));
    let first = piece_of(&Header { options, ..header() }, 0..32_768, false);
    bench.refuses(&first, RefusedFragment::TooLong { end: 65_515 });
    assert!(bench.is_clean());

    bench.keeps(&piece(32_768..65_511, true));
    assert_eq!(bench.completes(&first).as_slice().len(), 65_535);
}

#[test]
fn frag_7_a_first_fragment_that_splits_the_tcp_header_is_refused() {
    let tcp = Header { protocol: Protocol::Tcp, ..header() };
    let mut bench = Bench::new();
    bench.refuses(&piece_of(&tcp, 0..8, false), RefusedFragment::TinyFirst { length: 8 });
    bench.refuses(&piece_of(&tcp, 0..16, false), RefusedFragment::TinyFirst { length: 16 });
    bench.keeps(&piece_of(&tcp, 0..24, false));
    let _ = bench.completes(&piece_of(&tcp, 24..25, true));

    bench.keeps(&piece(0..8, false));
    let _ = bench.completes(&piece(8..9, true));
}

#[test]
fn congestion_met_by_any_fragment_is_met_by_the_whole() {
    let with = |ecn| Header { ecn, ..header() };
    for (first, last, whole) in [
        (Ecn::Capable0, Ecn::CongestionExperienced, Ecn::CongestionExperienced),
        (Ecn::CongestionExperienced, Ecn::Capable1, Ecn::CongestionExperienced),
        (Ecn::Capable0, Ecn::Capable1, Ecn::Capable0),
        (Ecn::NotCapable, Ecn::NotCapable, Ecn::NotCapable),
    ] {
        let mut bench = Bench::new();
        bench.keeps(&piece_of(&with(first), 0..8, false));
        assert_eq!(bench.completes(&piece_of(&with(last), 8..9, true)).header().ecn, whole);
    }
    for (first, last) in [
        (Ecn::NotCapable, Ecn::CongestionExperienced),
        (Ecn::CongestionExperienced, Ecn::NotCapable),
    ] {
        let mut bench = Bench::new();
        bench.keeps(&piece_of(&with(first), 0..8, false));
        bench.refuses(&piece_of(&with(last), 8..9, true), RefusedFragment::EcnMixed);
    }
}

#[test]
fn frag_4_frag_5_the_time_runs_from_the_first_that_came() {
    let mut bench = Bench::new();
    let deadline = bench.now + REASSEMBLY_TIMEOUT;
    bench.keeps(&piece_of(&Header { ttl: 1, ..header() }, 0..16, false));
    bench.now = bench.now + Duration::from_secs(59);
    bench.keeps(&piece(32..48, false));
    assert_eq!(bench.reassembler.next_deadline(), Some(deadline));
    assert_eq!(bench.reassembler.expire(bench.now), None);

    let Some(ExpiredDatagram::Incomplete { first: Some(first) }) =
        bench.reassembler.expire(deadline)
    else {
        panic!("no first fragment")
    };
    let as_it_came = piece_of(&Header { ttl: 1, ..header() }, 0..16, false);
    let mut buffer = Buffer::new();
    buffer.append(b"something else");
    first.write_to(&mut buffer);
    assert_eq!(buffer.as_slice(), as_it_came);
    assert_eq!(*first.header(), Datagram::parse(&as_it_came).unwrap().header());
    assert!(bench.is_clean());
    assert_eq!(bench.reassembler.expire(deadline), None);
}

#[test]
fn frag_4_without_the_first_fragment_there_is_nothing_to_quote() {
    let mut bench = Bench::new();
    bench.keeps(&piece(16..32, false));
    let deadline = bench.reassembler.next_deadline().unwrap();
    let expired = bench.reassembler.expire(deadline);
    assert_eq!(expired, Some(ExpiredDatagram::Incomplete { first: None }));
}

#[test]
fn datagrams_expire_one_by_one_the_oldest_first() {
    let mut bench = Bench::new();
    for identification in 0..5 {
        bench.keeps(&piece_of(&Header { identification, ..header() }, 0..16, false));
        bench.now = bench.now + Duration::from_secs(1);
    }
    // The second becomes whole, and no one waits for it any more.
    let _ = bench.completes(&piece_of(&Header { identification: 1, ..header() }, 16..17, true));
    let mut expired = Vec::new();
    while let Some(deadline) = bench.reassembler.next_deadline() {
        match bench.reassembler.expire(deadline) {
            Some(ExpiredDatagram::Incomplete { first: Some(first) }) => {
                expired.push((first.header().identification, deadline - Instant::START));
            }
            other => panic!("{other:?}"),
        }
    }
    let seconds = |number: u64| Duration::from_secs(60 + number);
    assert_eq!(expired, [(0, seconds(0)), (2, seconds(2)), (3, seconds(3)), (4, seconds(4))]);
}

fn from_source(number: u32, identification: u16) -> Header {
    let source = Ipv4Addr::from_bits(0x0a00_0000 + number);
    Header { source, identification, ..header() }
}

#[test]
fn frag_13_a_flood_from_everywhere_stays_within_memory() {
    let limits = ReassemblyLimits::default();
    let mut bench = Bench::new();
    let mut dropped_in_all = 0;
    for number in 0..25_000 {
        match bench.receive(&piece_of(&from_source(number, 1), 0..800, false)) {
            Ok(Reassembly::Incomplete { dropped }) => dropped_in_all += dropped,
            other => panic!("{other:?}"),
        }
        assert!(bench.reassembler.bytes() <= limits.bytes);
        assert!(bench.reassembler.len() <= limits.datagrams);
    }
    assert_eq!(bench.reassembler.len() + dropped_in_all, 25_000);
    // The oldest went, the newest are there.
    let oldest = bench.receive(&piece_of(&from_source(0, 1), 800..801, true));
    assert!(matches!(oldest, Ok(Reassembly::Incomplete { .. })), "{oldest:?}");
    let _ = bench.completes(&piece_of(&from_source(24_999, 1), 800..801, true));
}

#[test]
fn frag_13_the_number_of_datagrams_is_bounded() {
    let limits = ReassemblyLimits { datagrams: 3, ..ReassemblyLimits::default() };
    let mut bench = Bench::with(limits);
    for number in 0..3 {
        bench.keeps(&piece_of(&from_source(number, 1), 0..8, false));
    }
    let fourth = bench.receive(&piece_of(&from_source(3, 1), 0..8, false));
    assert!(matches!(fourth, Ok(Reassembly::Incomplete { dropped: 1 })), "{fourth:?}");
    assert_eq!(bench.reassembler.len(), 3);
}

#[test]
fn frag_13_one_source_takes_nothing_from_the_others() {
    let limits = ReassemblyLimits {
        bytes: 1 << 20,
        bytes_per_source: 1 << 18,
        ..ReassemblyLimits::default()
    };
    let mut bench = Bench::with(limits);
    bench.keeps(&piece_of(&from_source(1, 1), 0..800, false));
    for identification in 0..5000 {
        let flood = piece_of(&from_source(2, identification), 0..1400, false);
        assert!(bench.receive(&flood).is_ok());
        assert!(bench.reassembler.bytes() <= limits.bytes_per_source + 4096);
    }
    let _ = bench.completes(&piece_of(&from_source(1, 1), 800..801, true));
    let _ = bench.completes(&piece_of(&from_source(2, 4999), 1400..1401, true));
}

#[test]
fn frag_2_a_datagram_beyond_the_limit_drops_itself() {
    let limits = ReassemblyLimits { bytes: 10_000, ..ReassemblyLimits::default() };
    let mut bench = Bench::with(limits);
    let mut dropped = 0;
    for start in (0..20_000).step_by(1000) {
        match bench.receive(&piece(start..start + 1000, false)) {
            Ok(Reassembly::Incomplete { dropped: now }) => dropped += now,
            other => panic!("{other:?}"),
        }
        assert!(bench.reassembler.bytes() <= limits.bytes);
    }
    assert!(dropped > 0);
}

proptest! {
    #[test]
    fn what_is_cut_is_put_together_again(
        length in 0usize..9000,
        mtu in 68u16..2000,
        seed in any::<u64>(),
        record_route in any::<bool>(),
        duplicates in 1usize..3,
    ) {
        let options: &[u8] = if record_route { &[7, 3, 4, 148, 4, 0, 0, 0] } else { &[] };
        let options = Options::new(options).unwrap();
        let header = Header { options, ..header() };
        let payload = bytes(0..length);
        let cut = cut(&header, &payload, mtu);
        prop_assume!(cut.len() > 1);
        // An order that hangs on the seed alone.
        let mut all: Vec<_> = cut.iter().cycle().take(cut.len() * duplicates).enumerate().collect();
        all.sort_by_cached_key(|(place, _)| Secret::new([seed, 0]).hash_one(place));
        let mut bench = Bench::new();
        let mut whole = Vec::new();
        for (_, fragment) in all {
            match bench.receive(fragment) {
                Ok(Reassembly::Complete(datagram)) => whole.push(datagram),
                Ok(Reassembly::Incomplete { dropped }) => prop_assert_eq!(dropped, 0),
                Err(error) => prop_assert_eq!(error, RefusedFragment::Duplicate),
            }
        }
        // Twice if the second set stood behind the first.
        prop_assert!((1..=duplicates).contains(&whole.len()));
        for datagram in whole {
            prop_assert_eq!(datagram.as_slice(), written(&header, &payload));
        }
    }
}
