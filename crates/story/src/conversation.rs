//! What two ends of a TCP connection have said to each other so far in a story.
//!
//! Steps count sequence numbers from each side's SYN, which is number 0, so that they read as
//! the RFC's drawings do. Here is where that is on the wire, and what a peer that has said and
//! heard all this says next.

use std::net::Ipv4Addr;
use std::ops::Range;

use etherparse::{Ipv4HeaderSlice, TcpOptionElement, TcpSlice, ip_number};

use crate::description::Frame;
use crate::scene::{Scene, is_ours};

/// An address and a port.
pub(crate) type End = (Ipv4Addr, u16);

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) peer: End,
    pub(crate) ours: End,
}

/// What was said between two ends since the connection between them began last.
#[derive(Clone, Debug)]
pub(crate) struct Conversation {
    pub(crate) peer: Side,
    pub(crate) ours: Side,
}

/// What one side has said.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    /// The number of its SYN, as on the wire.
    pub(crate) start: u32,
    /// Whether it has sent its SYN, so that its numbers are known.
    pub(crate) has_begun: bool,
    /// Behind all that it has sent without a hole, counted from its SYN.
    pub(crate) next: u32,
    /// The window that it announced last, as it stands in the header.
    pub(crate) window: Option<u16>,
    /// The largest segment that it takes, if its SYN has come and can be read.
    pub(crate) mss: Option<u16>,
    /// Its timestamps, if its SYN has them.
    pub(crate) timestamps: Option<SideTimestamps>,
}

/// What a side's timestamps have shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SideTimestamps {
    /// The value beside its SYN, as on the wire. Steps count from it.
    pub(crate) first: u32,
    /// The latest value, as on the wire.
    pub(crate) latest: u32,
}

/// A segment that crossed the wire.
#[derive(Clone, Debug)]
struct Crossed<'a> {
    is_ours: bool,
    ends: Ends,
    tcp: TcpSlice<'a>,
}

impl Conversation {
    /// What was said between `ends`.
    pub(crate) fn between(scene: &Scene, ends: Ends) -> Self {
        let all: Vec<_> = segments(scene).filter(|segment| segment.ends == ends).collect();
        let since = began_last(&all);
        let segments = all.get(since..).unwrap_or_default();
        let our_syn = segments.iter().rfind(|segment| segment.is_ours && segment.tcp.syn());
        let acknowledged = our_syn.map(|segment| &segment.tcp).filter(|tcp| tcp.ack());
        let peer_start = acknowledged
            .map_or(scene.numbers.peer, |tcp| tcp.acknowledgment_number().wrapping_sub(1));
        let our_start = our_syn.map_or(scene.numbers.ours.unwrap_or_default(), |segment| {
            segment.tcp.sequence_number()
        });
        let peer = Side::new(segments.iter().filter(|it| !it.is_ours), peer_start);
        let ours = Side::new(segments.iter().filter(|it| it.is_ours), our_start);
        // The peer's SYN may stand before ours, where the search did not look.
        let next = if acknowledged.is_some() { peer.next.max(1) } else { peer.next };
        Self { peer: Side { next, ..peer }, ours }
    }

    /// Whether both sides sent timestamps with their SYN.
    pub(crate) const fn has_timestamps(&self) -> bool {
        self.peer.timestamps.is_some() && self.ours.timestamps.is_some()
    }
}

impl Side {
    fn new<'a>(segments: impl Iterator<Item = &'a Crossed<'a>> + Clone, start: u32) -> Self {
        let syns = segments.clone().filter(|it| it.tcp.syn() && it.tcp.sequence_number() == start);
        let first = syns.clone().find_map(|it| timestamp(&it.tcp));
        let mss = syns.clone().next().and_then(|it| largest_segment(&it.tcp));
        let latest = segments.clone().filter_map(|it| timestamp(&it.tcp)).last();
        let timestamps = first.zip(latest).map(|(first, latest)| SideTimestamps { first, latest });
        let pieces = segments.clone().filter_map(|it| numbers(&it.tcp, start));
        let windows = segments.filter(|it| !it.tcp.rst()).map(|it| it.tcp.window_size());
        Self {
            start,
            has_begun: syns.count() > 0,
            next: without_a_hole(pieces.collect()),
            window: windows.last(),
            mss,
            timestamps,
        }
    }
}

/// Which of the segments between two ends is the first of the connection that began last: our
/// SYN, with those that are the same before it, and what the peer asked with.
fn began_last(segments: &[Crossed<'_>]) -> usize {
    let Some(last) = segments.iter().rposition(|it| it.is_ours && it.tcp.syn()) else { return 0 };
    let is_same = |it: &Crossed<'_>| {
        let of_last = segments.get(last).map(|last| last.tcp.sequence_number());
        it.is_ours && it.tcp.syn() && Some(it.tcp.sequence_number()) == of_last
    };
    let ends_another = |it: &Crossed<'_>| it.tcp.fin() || it.tcp.rst();
    let before = segments.get(..last).unwrap_or_default();
    let since = before.iter().rposition(ends_another).map_or(0, |end| end + 1);
    let first = before.iter().skip(since).position(is_same).map_or(last, |first| since + first);
    let asked_by = segments.get(since..first).unwrap_or_default();
    let asked = asked_by.iter().position(|it| !it.is_ours && it.tcp.syn());
    asked.map_or(first, |asked| since + asked)
}

/// The numbers that a segment takes, counted from its side's SYN; `None` if it takes none, or is a
/// SYN that is not the one.
fn numbers(tcp: &TcpSlice<'_>, start: u32) -> Option<Range<u32>> {
    let from = tcp.sequence_number().wrapping_sub(start);
    let is_stray = from > u32::MAX / 2 || (tcp.syn() && from != 0) || tcp.rst();
    let text = u32::try_from(tcp.payload().len()).unwrap_or(u32::MAX);
    let length = text + u32::from(tcp.syn()) + u32::from(tcp.fin());
    (!is_stray && length > 0).then(|| from..from.saturating_add(length))
}

/// Where the numbers end that begin with 0 and have no hole.
fn without_a_hole(mut pieces: Vec<Range<u32>>) -> u32 {
    pieces.sort_by_key(|piece| piece.start);
    pieces
        .into_iter()
        .fold(0, |end, piece| if piece.start <= end { end.max(piece.end) } else { end })
}

/// What a SYN says of the largest segment that its sender takes: 536 bytes if it says nothing.
/// Behind an option that etherparse cannot read it may say anything.
fn largest_segment(tcp: &TcpSlice<'_>) -> Option<u16> {
    for option in tcp.options_iterator() {
        match option {
            Ok(TcpOptionElement::MaximumSegmentSize(size)) => return Some(size),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
    Some(536)
}

/// The value of a segment's timestamps option.
fn timestamp(tcp: &TcpSlice<'_>) -> Option<u32> {
    tcp.options_iterator().find_map(|option| match option {
        Ok(TcpOptionElement::Timestamp(value, _)) => Some(value),
        _ => None,
    })
}

/// The ends of the conversation that began last: whoever names no ports means this one.
pub(crate) fn current(scene: &Scene) -> Option<Ends> {
    segments(scene).filter(|segment| segment.tcp.syn()).last().map(|segment| segment.ends)
}

/// Every TCP segment that crossed the wire, in order, but for those that were damaged.
fn segments(scene: &Scene) -> impl Iterator<Item = Crossed<'_>> {
    scene.frames().iter().filter_map(|frame| crossed(scene, frame))
}

fn crossed<'a>(scene: &Scene, frame: &'a Frame) -> Option<Crossed<'a>> {
    let packet = scene.ipv4_packet(frame)?;
    let header = Ipv4HeaderSlice::from_slice(packet).ok()?;
    if header.protocol() != ip_number::TCP || header.is_fragmenting_payload() {
        return None;
    }
    let end = packet.len().min(header.total_len().into());
    let tcp = TcpSlice::from_slice(packet.get(header.slice().len()..end)?).ok()?;
    let (source, destination) = (header.source_addr(), header.destination_addr());
    let checksum = tcp.calc_checksum_ipv4(source.octets(), destination.octets()).ok()?;
    let source = (source, tcp.source_port());
    let destination = (destination, tcp.destination_port());
    let is_ours = is_ours(frame);
    let ends = match is_ours {
        true => Ends { peer: destination, ours: source },
        false => Ends { peer: source, ours: destination },
    };
    (checksum == tcp.checksum()).then_some(Crossed { is_ours, ends, tcp })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::Sendable;
    use crate::first_numbers::FirstNumbers;
    use crate::ipv4::Packet;
    use crate::judged::{incoming, outgoing};
    use crate::tcp::{Tcp, ack, data, fin, rst, syn, syn_ack};
    use crate::tcp_segment::counted;
    use etherparse::TcpHeader;

    /// The usual scene after these have crossed the wire: the peer's, and ours.
    fn after(crossed: &[(bool, Packet<Tcp>)]) -> Scene {
        let mut scene = Scene::default();
        for (is_ours, segment) in crossed {
            let frame = match is_ours {
                true => outgoing(by_us(&scene, segment)),
                false => incoming(segment.write(&scene).unwrap()),
            };
            scene.frames.push(frame);
        }
        scene
    }

    /// What we send that count as the peer does, but the other way round.
    fn by_us(scene: &Scene, segment: &Packet<Tcp>) -> Vec<u8> {
        let numbers =
            FirstNumbers { peer: scene.numbers.ours.unwrap(), ours: Some(scene.numbers.peer) };
        let mirrored = Scene { numbers, ..scene.mirrored() };
        segment.clone().from_port(7).to_port(40_000).write(&mirrored).unwrap()
    }

    fn header(packet: &[u8]) -> TcpHeader {
        TcpSlice::from_slice(&packet[20..]).unwrap().to_header()
    }

    /// What the peer writes in `scene`, its numbers counted from the SYNs.
    fn numbers(scene: &Scene, segment: &Packet<Tcp>) -> (i64, i64, u16) {
        let header = header(&segment.write(scene).unwrap());
        let FirstNumbers { peer, ours } = scene.numbers;
        let seq = counted(peer, header.sequence_number);
        (seq, counted(ours.unwrap(), header.acknowledgment_number), header.window_size)
    }

    #[test]
    fn a_peer_goes_on_behind_what_it_sent_and_acknowledges_all_that_it_heard() {
        let opened = [(false, syn()), (true, syn_ack().seq(0).ack(1)), (false, ack().window(500))];
        let scene = after(&opened);
        assert_eq!(numbers(&scene, &data(b"abc")), (1, 1, 500));

        let more = [
            (false, data(b"abc")),
            (true, data([7; 100]).seq(1).ack(4)),
            (false, data(b"defg").seq(8)),
        ];
        let scene = after(&[&opened[..], &more[..]].concat());
        // There is a hole before what it sent last, and that is filled next.
        assert_eq!(numbers(&scene, &data(b"xyz!")), (4, 101, 500));
        let filled = [(false, data(b"xyz!")), (true, fin().seq(101).ack(12))];
        let scene = after(&[&opened[..], &more[..], &filled[..]].concat());
        assert_eq!(numbers(&scene, &fin()), (12, 102, 500));
        assert_eq!(numbers(&scene, &rst().seq(-1)).0, -1);
    }

    #[test]
    fn what_was_damaged_or_strays_moves_no_number() {
        let mut scene = after(&[(false, syn()), (true, syn_ack().seq(0).ack(1))]);
        let bent = data(b"abc").bad_checksum().write(&scene).unwrap();
        scene.frames.push(incoming(bent));
        for stray in [rst().text(b"why"), syn().seq(1), data(b"far").seq(1_000_000)] {
            let bytes = stray.write(&scene).unwrap();
            scene.frames.push(incoming(bytes));
        }
        assert_eq!(numbers(&scene, &ack()), (1, 1, 65_535));
    }

    #[test]
    fn a_new_connection_between_the_same_ends_counts_anew() {
        let scene = after(&[
            (false, syn()),
            (true, syn_ack().seq(0).ack(1)),
            (false, rst()),
            (false, syn().seq(5000)),
            (true, syn_ack().seq(700).ack(5001)),
        ]);
        assert_eq!(numbers(&scene, &ack()), (5001, 701, 65_535));
    }

    #[test]
    fn timestamps_go_on_once_both_sides_have_sent_them() {
        let scene = after(&[
            (false, syn().with_timestamps()),
            (true, syn_ack().seq(0).ack(1).timestamps(0, 0)),
            (true, data(b"abc").seq(1).ack(1).timestamps(20, 0)),
        ]);
        let options = ack().write(&scene).unwrap()[40..].to_vec();
        let value = scene.numbers.peer.to_be_bytes();
        let echo = scene.numbers.ours.unwrap().wrapping_add(20).to_be_bytes();
        assert_eq!(options, [&[1, 1, 8, 10][..], &value, &echo].concat());
    }
}
