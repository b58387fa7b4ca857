//! A recording that Wireshark opens: the frames, and beside them what the stack made of them.

mod blocks;

use std::borrow::Cow;
use std::io::{self, Write};
use std::mem;
use std::time::Duration;

use packet::{Instant, InterfaceId, Medium};
use pcap_file::DataLink;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use trace::{Direction, Event, Record, Subscriber};

use self::blocks::Blocks;
use crate::framing::{LastMedium, offload};
use crate::reasons::Reasons;
use crate::words;

/// How many comments a packet gets; what is more is counted in a last one.
pub const MOST_COMMENTS: usize = 100;

/// How long a comment may be in bytes; what is more is cut off.
pub const MOST_COMMENT_BYTES: usize = 1_000;

/// How many comments wait for a frame at most; what is more is counted in a last one.
pub const MOST_HELD: usize = 100;

/// Nanoseconds, as the option `if_tsresol` says it: ten to the power of minus nine.
const NANOSECONDS: u8 = 9;

/// Records the frames of all hosts and interfaces in pcapng, with the events that belong to a
/// frame as its comments.
///
/// ```text
///   frame ──► drop, state change ... ──► next frame
///     │              │
///     └── written with these as comments when the next frame comes, or on flush
/// ```
///
/// Each block is one call to the writer, so a file that is written without a buffer between
/// holds whole blocks however the run ends. Dropping the recorder writes the last frame.
#[derive(Debug)]
pub struct Pcapng<W: Write> {
    blocks: Blocks<W>,
    /// Wall-clock time of [`Instant::START`], since the Unix epoch.
    start: Duration,
    /// Their place here is their number in the file.
    interfaces: Vec<Interface>,
    last: Option<Frame>,
    /// Comments for which there was no frame yet, and faults of which it is not yet clear to
    /// which frame they belong.
    held: Vec<Held>,
    /// How many found no room in `held`.
    not_held: usize,
    medium: LastMedium,
    reasons: Reasons,
}

#[derive(Debug)]
struct Interface {
    host: String,
    interface: InterfaceId,
    medium: Medium,
}

/// A frame that may still get comments.
#[derive(Debug)]
struct Frame {
    at: Instant,
    interface: u32,
    flags: u32,
    bytes: Vec<u8>,
    comments: Vec<String>,
    /// How many comments found no room.
    not_told: usize,
}

#[derive(Debug)]
struct Held {
    comment: String,
    /// Set for a fault: when it happened and to which bytes.
    victim: Option<(Instant, Vec<u8>)>,
}

impl<W: Write> Pcapng<W> {
    /// Records to `writer`, which needs no buffer of its own. `start` is the wall-clock time of
    /// [`Instant::START`], as the time since the Unix epoch.
    pub fn new(writer: W, start: Duration) -> Self {
        Self {
            blocks: Blocks::begin(writer),
            start,
            interfaces: Vec::new(),
            last: None,
            held: Vec::new(),
            not_held: 0,
            medium: LastMedium::default(),
            reasons: Reasons::default(),
        }
    }

    /// Names an interface in the file. One that is not named gets a name when its first frame
    /// comes, made of the host's and its number.
    pub fn name_interface(
        &mut self,
        host: &str,
        interface: InterfaceId,
        medium: Medium,
        name: &str,
    ) {
        let linktype = match medium {
            Medium::Ip => DataLink::RAW,
            Medium::Ethernet => DataLink::ETHERNET,
        };
        let description = match medium {
            Medium::Ip => format!("{host}, interface {}, IP packets", interface.0),
            Medium::Ethernet => format!("{host}, interface {}, Ethernet frames", interface.0),
        };
        let block = InterfaceDescriptionBlock {
            linktype,
            // No limit: every frame is recorded whole.
            snaplen: 0,
            options: vec![
                InterfaceDescriptionOption::IfName(comment(name).into()),
                InterfaceDescriptionOption::IfDescription(comment(&description).into()),
                InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
            ],
        };
        self.blocks.write(block);
        self.interfaces.push(Interface { host: host.to_owned(), interface, medium });
    }

    /// Writes the last frame, with the comments that it has by now.
    pub fn flush(&mut self) {
        for held in mem::take(&mut self.held) {
            match &mut self.last {
                Some(last) => last.comment(held.comment),
                // No frame came to which it could belong.
                None => self.held.push(held),
            }
        }
        self.write_last();
        self.blocks.flush();
    }

    /// Why nothing is recorded any more, if that is so.
    pub const fn error(&self) -> Option<&io::Error> {
        self.blocks.error()
    }

    fn frame(
        &mut self,
        at: Instant,
        host: &str,
        interface: InterfaceId,
        medium: Medium,
        direction: Direction,
        bytes: &[u8],
    ) {
        self.medium.saw(medium);
        let mut frame = Frame {
            at,
            interface: 0,
            flags: flags(direction),
            bytes: bytes.to_vec(),
            comments: offload_comments(direction),
            not_told: 0,
        };
        if let Direction::Out(_) = direction
            && let Some(reason) = self.reasons.take(bytes, medium)
        {
            frame.comment(format!("{host}: sends this, since: {reason}"));
        }
        self.assign_held(&mut frame);
        self.write_last();
        frame.interface = self.number_of(host, interface, medium);
        self.last = Some(frame);
    }

    /// Gives each held comment to the frame that it belongs to: the one before or the `new` one.
    fn assign_held(&mut self, new: &mut Frame) {
        let not_held = mem::take(&mut self.not_held);
        let mut held = mem::take(&mut self.held);
        if not_held > 0 {
            let comment = format!("{not_held} more events");
            held.push(Held { comment, victim: None });
        }
        for Held { comment, victim } in held {
            // A device that loses frames may tell so before the frame itself is told of.
            let is_new = victim.is_some_and(|(at, bytes)| at == new.at && bytes == new.bytes);
            match &mut self.last {
                _ if is_new => new.comment(comment),
                Some(last) => last.comment(comment),
                None => new.comment(format!("before this frame: {comment}")),
            }
        }
    }

    fn fault(&mut self, at: Instant, words: &str, bytes: &[u8]) {
        if let Some(last) = &mut self.last
            && last.at == at
            && last.bytes == bytes
        {
            last.comment(format!("the link {words}"));
            return;
        }
        let comment = format!("{}: the link {words}", self.medium.dissect(bytes).summary);
        self.hold(Held { comment, victim: Some((at, bytes.to_vec())) });
    }

    fn hold(&mut self, held: Held) {
        if self.held.len() < MOST_HELD {
            self.held.push(held);
        } else {
            self.not_held += 1;
        }
    }

    /// The interface's number in the file.
    fn number_of(&mut self, host: &str, interface: InterfaceId, medium: Medium) -> u32 {
        let known = |known: &Interface| {
            known.host == host && known.interface == interface && known.medium == medium
        };
        let place = self.interfaces.iter().position(known).unwrap_or_else(|| {
            self.name_interface(host, interface, medium, &format!("{host}-{}", interface.0));
            self.interfaces.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    fn write_last(&mut self) {
        let Some(frame) = self.last.take() else { return };
        let timestamp = self.start.saturating_add(frame.at.since_start());
        let mut options = vec![EnhancedPacketOption::Flags(frame.flags)];
        options
            .extend(frame.comments.into_iter().map(Cow::from).map(EnhancedPacketOption::Comment));
        if frame.not_told > 0 {
            let comment = format!("{} more events", frame.not_told);
            options.push(EnhancedPacketOption::Comment(comment.into()));
        }
        let block = EnhancedPacketBlock {
            interface_id: frame.interface,
            // The format has 64 bits of nanoseconds: until the year 2554.
            timestamp: timestamp.min(Duration::from_nanos(u64::MAX)),
            original_len: u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX),
            data: frame.bytes.into(),
            options,
        };
        self.blocks.write(block);
    }
}

impl<W: Write> Subscriber for Pcapng<W> {
    fn record(&mut self, record: &Record<'_>) {
        if self.blocks.error().is_some() {
            return;
        }
        match record.event {
            Event::Frame { interface, direction, medium, bytes } => {
                self.frame(record.at, record.host, interface, medium, direction, bytes);
            }
            Event::Fault { fault, bytes } => {
                self.fault(record.at, &words::of_fault(fault), bytes);
            }
            // The frame itself says it better.
            Event::Packet { .. } => {}
            Event::Leaving { bytes, reason, .. } => self.reasons.note(bytes, reason),
            ref event => {
                let Some(words) = words::of_event(record.at, event) else { return };
                let comment = format!("{}: {words}", record.host);
                match &mut self.last {
                    Some(last) => last.comment(comment),
                    None => self.hold(Held { comment, victim: None }),
                }
            }
        }
    }
}

impl<W: Write> Drop for Pcapng<W> {
    fn drop(&mut self) {
        self.flush();
    }
}

impl Frame {
    fn comment(&mut self, text: String) {
        if self.comments.len() < MOST_COMMENTS {
            self.comments.push(comment(&text));
        } else {
            self.not_told += 1;
        }
    }
}

/// `text` as far as it fits in an option.
fn comment(text: &str) -> String {
    text.get(..text.floor_char_boundary(MOST_COMMENT_BYTES)).unwrap_or_default().to_owned()
}

/// `epb_flags`: which way the frame went, as its host sees it.
const fn flags(direction: Direction) -> u32 {
    match direction {
        Direction::In(_) => 0b01,
        Direction::Out(_) => 0b10,
    }
}

/// What Wireshark would otherwise call a mistake.
fn offload_comments(direction: Direction) -> Vec<String> {
    let offload = offload(direction);
    let mut comments = Vec::new();
    if offload.checksum_left_out {
        comments.push("the transport checksum is left to the device".to_owned());
    }
    if let Some(size) = offload.segment_size {
        comments.push(format!("a superframe, to be cut into segments of {size} bytes of data"));
    }
    comments
}

#[cfg(test)]
mod tests;
