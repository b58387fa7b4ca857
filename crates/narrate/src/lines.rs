//! The events as lines of text, as they happen.

use std::io::{self, Write};

use dissect::{Conversations, Dissection, Framing};
use packet::InterfaceId;
use trace::{Direction, Event, Fault, Record, Subscriber};

use crate::framing::{LastMedium, offload};
use crate::names::Names;
use crate::output::Output;
use crate::reasons::Reasons;
use crate::style::{Accent, Style};
use crate::words;

/// How much is said of what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// A line for each frame, with the reason why it leaves where a layer says one, and for
    /// whatever is out of the ordinary: drops, faults, state changes, windows that close and open,
    /// timers that fire, and those that are set for a reason of their own.
    Lines,
    /// Every layer of each frame with its bytes, and every event.
    Layers,
}

/// Prints each event as a line, or a few, in the moment in which it happens.
///
/// ```text
///   <- kernel  192.0.2.1 > 192.0.2.9  ICMP echo request id 7 seq 1, 84 bytes
///      dropped: the destination is none of our addresses (counter ipv4_not_for_us)
///   <- kernel  192.0.2.1 > 192.0.2.2  TCP 40000 > 7 [SYN] seq 0 win 64240, 60 bytes
///   -> kernel  192.0.2.2 > 192.0.2.1  TCP 7 > 40000 [SYN, ACK] seq 0 ack 1 win 65535, 60 bytes: answers a SYN
/// ```
#[derive(Debug)]
pub struct Lines<W> {
    output: Output<W>,
    detail: Detail,
    style: Style,
    names: Names,
    shows_times: bool,
    packet_information: bool,
    medium: LastMedium,
    conversations: Conversations,
    reasons: Reasons,
    /// The frame that was printed last, so that what the link does to it need not name it again.
    last_frame: Vec<u8>,
    /// What the link did to a frame that is about to be told of: a device that loses frames may
    /// tell so before.
    fault_ahead: Option<Fault>,
}

impl<W: Write> Lines<W> {
    /// Prints to `writer`: plain, of one host whose peer is the kernel, without times.
    ///
    /// Each event is one call to `writer`, which needs no buffer of its own.
    pub fn new(writer: W, detail: Detail) -> Self {
        Self {
            output: Output::new(writer),
            detail,
            style: Style::Plain,
            names: Names::kernel(),
            shows_times: false,
            packet_information: false,
            medium: LastMedium::default(),
            conversations: Conversations::default(),
            reasons: Reasons::default(),
            last_frame: Vec::new(),
            fault_ahead: None,
        }
    }

    /// In this style.
    #[must_use]
    pub const fn with_style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// With these names beside the arrows.
    #[must_use]
    pub fn with_names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// With the time in seconds before each line.
    #[must_use]
    pub const fn with_times(mut self) -> Self {
        self.shows_times = true;
        self
    }

    /// Takes the first four bytes of each frame for packet information, as a device gives them
    /// that was attached without `IFF_NO_PI`.
    #[must_use]
    pub const fn with_packet_information(mut self) -> Self {
        self.packet_information = true;
        self
    }

    /// Why nothing is printed any more, if that is so. A broken pipe is nobody's fault:
    /// the reader has seen enough.
    pub const fn error(&self) -> Option<&io::Error> {
        self.output.error()
    }

    fn frame(
        &self,
        host: &str,
        interface: InterfaceId,
        direction: Direction,
        dissection: &Dissection,
        reason: Option<&str>,
    ) -> String {
        let (arrow, accent) = match direction {
            Direction::In(_) => ("<-", Accent::Inward),
            Direction::Out(_) => ("->", Accent::Outward),
        };
        let peer = self.names.peer(host, interface);
        let arrow = self.style.accent(accent, &format!("{arrow} {peer}"));
        let summary = self.style.line(&dissection.summary.spans());
        let mut lines = format!("{}{arrow}  {summary}", self.names.host(host));
        if let Some(reason) = reason {
            lines.push_str(": ");
            lines.push_str(&self.style.accent(Accent::Aside, reason));
        }
        if self.detail == Detail::Layers {
            for line in dissection.lines() {
                lines.push_str("\n  ");
                lines.push_str(&self.style.line(&line));
            }
        }
        lines
    }

    /// Whatever is no frame: indented, as what follows from one.
    fn aside(&self, host: &str, accent: Accent, words: &str) -> String {
        format!("{}   {}", self.names.host(host), self.style.accent(accent, words))
    }

    fn lines(&mut self, record: &Record<'_>) -> Option<String> {
        let Record { at, host, event } = *record;
        Some(match event {
            Event::Frame { interface, direction, medium, bytes } => {
                self.medium.saw(medium);
                self.last_frame.clear();
                self.last_frame.extend_from_slice(bytes);
                let framing = Framing { medium, packet_information: self.packet_information };
                let dissection = self.conversations.dissect(bytes, framing, offload(direction));
                let reason = match direction {
                    Direction::In(_) => None,
                    Direction::Out(_) => self.reasons.take(bytes, medium),
                };
                let mut lines = self.frame(host, interface, direction, &dissection, reason);
                if let Some(fault) = self.fault_ahead.take() {
                    let words = format!("the link {}", words::of_fault(fault));
                    lines.push('\n');
                    lines.push_str(&self.aside(host, Accent::Trouble, &words));
                }
                lines
            }
            Event::Fault { fault, bytes }
                if self.last_frame != bytes
                    && self.reasons.is_about_to_leave(bytes, self.medium.of(bytes)) =>
            {
                self.fault_ahead = Some(fault);
                return None;
            }
            Event::Leaving { bytes, reason, .. } => {
                self.reasons.note(bytes, reason);
                return None;
            }
            Event::Fault { fault, bytes } => {
                let mut words = format!("the link {}", words::of_fault(fault));
                if self.last_frame != bytes {
                    let summary = self.medium.dissect_in(&mut self.conversations, bytes).summary;
                    words.insert_str(0, &format!("{summary}: "));
                }
                self.aside(host, Accent::Trouble, &words)
            }
            // The frame that leaves says that it is sent again, and why.
            Event::Packet { .. }
            | Event::TimerSet { is_routine: true, .. }
            | Event::RoundTrip { .. }
            | Event::CongestionWindow { .. }
            | Event::Retransmission { .. }
                if self.detail < Detail::Layers =>
            {
                return None;
            }
            Event::Dropped { .. } | Event::Retransmission { .. } => {
                self.aside(host, Accent::Trouble, &words::of_event(at, &event)?)
            }
            _ => self.aside(host, Accent::Aside, &words::of_event(at, &event)?),
        })
    }
}

impl<W: Write> Subscriber for Lines<W> {
    fn record(&mut self, record: &Record<'_>) {
        if self.output.error().is_some() {
            return;
        }
        let Some(mut lines) = self.lines(record) else { return };
        if self.shows_times {
            lines.insert_str(0, &format!("{}  ", record.at));
        }
        lines.push('\n');
        self.output.write(lines.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::FullAfter;
    use crate::samples::{self, PING, REPLY, frame_in, frame_out};
    use packet::{Instant, Medium};
    use proptest::prelude::*;
    use std::time::Duration;
    use trace::Layer;

    fn text(lines: Lines<Vec<u8>>, records: &[Record<'_>]) -> String {
        let mut lines = lines;
        for record in records {
            lines.record(record);
        }
        String::from_utf8(lines.output.writer().clone()).unwrap()
    }

    fn record(event: Event<'_>) -> Record<'_> {
        samples::record(12_000, "strata", event)
    }

    const NOT_FOR_US: Event<'_> = Event::Dropped {
        counter: "ipv4_not_for_us",
        meaning: "the destination is none of our addresses",
    };

    #[test]
    fn a_ping_and_its_reply() {
        let text = text(
            Lines::new(Vec::new(), Detail::Lines),
            &[record(frame_in(PING)), record(frame_out(REPLY)), record(NOT_FOR_US)],
        );
        let expected = "\
<- kernel  192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1, 36 bytes
-> kernel  192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 36 bytes
   dropped: the destination is none of our addresses (counter ipv4_not_for_us)
";
        assert_eq!(text, expected);
    }

    #[test]
    fn hosts_of_a_simulation_are_named_and_times_told() {
        let names = Names::of_hosts().with_peer("alice", InterfaceId(0), "bob");
        let lines = Lines::new(Vec::new(), Detail::Lines).with_names(names).with_times();
        let text = text(
            lines,
            &[
                samples::record(0, "alice", frame_out(PING)),
                samples::record(20_000, "bob", frame_in(PING)),
                samples::record(20_000, "bob", NOT_FOR_US),
            ],
        );
        let expected = "\
0.000000  alice -> bob  192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1, 36 bytes
0.020000  bob <- link  192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1, 36 bytes
0.020000  bob    dropped: the destination is none of our addresses (counter ipv4_not_for_us)
";
        assert_eq!(text, expected);
    }

    #[test]
    fn every_event_has_a_line_where_all_is_asked_for() {
        for event in samples::every_event() {
            // A reason is told with its frame.
            if matches!(event, Event::Leaving { .. }) {
                continue;
            }
            let text = text(Lines::new(Vec::new(), Detail::Layers), &[record(event)]);
            assert!(text.trim().len() > 10 && text.ends_with('\n'), "{event:?}: {text}");
        }
        let text = text(Lines::new(Vec::new(), Detail::Lines), &samples::every_event().map(record));
        let expected = "\
<- kernel  192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1, 36 bytes
   dropped: not IP (counter not_ip)
   the link loses it: its queue is full
   192.0.2.2:7 <-> 192.0.2.1:40000: SYN-RECEIVED -> ESTABLISHED (ACK of our SYN)
   192.0.2.2:7 <-> 192.0.2.1:40000: retransmission timer fired
   192.0.2.2:7 <-> 192.0.2.1:40000: the peer's window is closed: it has no room
";
        assert_eq!(text, expected);
    }

    #[test]
    fn why_a_packet_leaves_stands_behind_it() {
        let leaving = |bytes| Event::Leaving { layer: Layer::Icmp, bytes, reason: "it was asked" };
        let text = text(
            Lines::new(Vec::new(), Detail::Lines),
            &[
                record(leaving(&REPLY[20..])),
                record(frame_in(PING)),
                record(frame_out(REPLY)),
                record(frame_out(REPLY)),
            ],
        );
        let expected = "\
<- kernel  192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1, 36 bytes
-> kernel  192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 36 bytes: it was asked
-> kernel  192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 36 bytes
";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_the_link_does_to_a_frame_that_leaves_stands_below_it() {
        let leaving =
            Event::Leaving { layer: Layer::Icmp, bytes: &REPLY[20..], reason: "it was asked" };
        let lost = Event::Fault { fault: Fault::Lost, bytes: REPLY };
        let text = text(
            Lines::new(Vec::new(), Detail::Lines),
            &[record(leaving), record(lost), record(frame_out(REPLY)), record(frame_in(PING))],
        );
        let expected = "\
-> kernel  192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 36 bytes: it was asked
   the link loses it
<- kernel  192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1, 36 bytes
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_timer_that_is_set_for_a_reason_of_its_own_has_a_line() {
        let set = |is_routine| Event::TimerSet {
            owner: "192.0.2.2:7 <-> 192.0.2.1:40000",
            timer: "retransmission",
            deadline: Instant::at(Duration::from_millis(412)),
            is_routine,
        };
        let records = [record(set(true)), record(set(false))];
        let text = text(Lines::new(Vec::new(), Detail::Lines), &records);
        let expected = "   192.0.2.2:7 <-> 192.0.2.1:40000: retransmission timer set to fire in \
                        400 ms\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_fault_names_the_frame_unless_it_stands_just_above() {
        let lost = Event::Fault { fault: trace::Fault::Lost, bytes: REPLY };
        let text =
            text(Lines::new(Vec::new(), Detail::Lines), &[record(frame_in(PING)), record(lost)]);
        let expected = "   192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 36 bytes: \
                        the link loses it\n";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn colour_only_when_told_and_never_instead_of_words() {
        let records = samples::every_event().map(record);
        let plain = text(Lines::new(Vec::new(), Detail::Layers), &records);
        assert!(!plain.contains('\x1b'));
        let coloured =
            text(Lines::new(Vec::new(), Detail::Layers).with_style(Style::Coloured), &records);
        assert!(coloured.contains("\x1b[32m<- kernel\x1b[0m"), "{coloured}");
        let mut stripped = String::new();
        for piece in coloured.split('\x1b') {
            let rest = piece.strip_prefix('[').and_then(|piece| piece.split_once('m'));
            stripped.push_str(rest.map_or(piece, |(_, rest)| rest));
        }
        assert_eq!(stripped, plain);
    }

    #[test]
    fn packet_information_is_read_where_it_is_expected() {
        let bytes = [&[0, 0, 8, 0], PING].concat();
        let lines = Lines::new(Vec::new(), Detail::Layers).with_packet_information();
        let text = text(lines, &[record(frame_in(&bytes))]);
        assert!(text.contains("packet information, bytes 0 to 3"), "{text}");
        assert!(!text.contains("wrong"), "{text}");
    }

    #[test]
    fn a_full_disk_is_told_and_stops_nothing() {
        let mut lines = Lines::new(FullAfter(100), Detail::Lines);
        lines.record(&record(frame_in(PING)));
        assert!(lines.error().is_none());
        lines.record(&record(frame_in(PING)));
        lines.record(&record(frame_in(PING)));
        assert_eq!(lines.error().unwrap().kind(), io::ErrorKind::StorageFull);
    }

    proptest! {
        #[test]
        fn no_frame_panics_and_each_ends_its_line(
            bytes in prop::collection::vec(any::<u8>(), 0..100), ip: bool
        ) {
            let medium = if ip { Medium::Ip } else { Medium::Ethernet };
            let records = samples::frame_events(&bytes, medium).map(record);
            let text = text(Lines::new(Vec::new(), Detail::Lines), &records);
            prop_assert_eq!(text.lines().count(), records.len());
        }
    }
}
