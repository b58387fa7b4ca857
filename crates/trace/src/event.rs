//! The vocabulary of a trace.

use std::time::Duration;

use packet::{Instant, InterfaceId, Medium, ReceiveOffload, TransmitOffload};

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A frame crossed the device.
    Frame {
        /// By which interface.
        interface: InterfaceId,
        /// Into the host, with what the device did for it, or out, with what it was asked to do.
        direction: Direction,
        /// What stands first in it.
        medium: Medium,
        /// All of its bytes.
        bytes: &'a [u8],
    },
    /// A layer inside the host took a packet from the layer below, or gave it one.
    Packet {
        /// The layer whose packet it is.
        layer: Layer,
        /// Whether it goes up (in) or down (out).
        upward: bool,
        /// From this layer's header on.
        bytes: &'a [u8],
    },
    /// A layer is about to hand a packet down, and says why. The frame that it becomes crosses
    /// the device later, perhaps after others.
    Leaving {
        /// The layer whose packet it is.
        layer: Layer,
        /// From this layer's header on.
        bytes: &'a [u8],
        /// Why (`answers a SYN`, `two full segments came`).
        reason: &'static str,
    },
    /// The host dropped what it had in hand.
    Dropped {
        /// The counter that counted it, by the name that `counters()` gives it.
        counter: &'static str,
        /// What that counter means, in words that follow "dropped: ".
        meaning: &'static str,
    },
    /// A link did something to a frame on purpose.
    Fault {
        /// What it did.
        fault: Fault,
        /// The frame as it was before.
        bytes: &'a [u8],
    },
    /// A connection went from one state to another.
    StateChange {
        /// Which connection, as its owner names it (`192.0.2.2:7 <-> 192.0.2.1:40000`).
        connection: &'a str,
        /// The state it left, in the RFC's words (`SYN-RECEIVED`).
        from: &'static str,
        /// The state it is in now.
        to: &'static str,
        /// What caused it.
        cause: &'static str,
    },
    /// A timer was set, or set anew.
    TimerSet {
        /// Whose timer.
        owner: &'a str,
        /// Which timer (`retransmission`).
        timer: &'static str,
        /// When it will fire.
        deadline: Instant,
        /// Whether it is set as a matter of course, with every segment of its kind.
        is_routine: bool,
    },
    /// A timer fired.
    TimerFired {
        /// Whose timer.
        owner: &'a str,
        /// Which timer.
        timer: &'static str,
    },
    /// A window closed, or opened after it had been closed.
    Window {
        /// Which connection.
        connection: &'a str,
        /// Whose window: how much this end takes.
        whose: End,
        /// The window now, in bytes; zero if it is closed.
        bytes: u32,
    },
    /// The time from a segment to its acknowledgment was measured.
    RoundTrip {
        /// Which connection.
        connection: &'a str,
        /// The time that was measured.
        round_trip: Duration,
        /// SRTT, the average that it now gives.
        smoothed: Duration,
        /// RTO, the retransmission timeout that follows.
        timeout: Duration,
    },
    /// The congestion window changed.
    CongestionWindow {
        /// Which connection.
        connection: &'a str,
        /// The window now, in bytes.
        window: u32,
        /// The slow start threshold now, in bytes.
        slow_start_threshold: u32,
        /// What caused it.
        cause: &'static str,
    },
    /// Data was sent again.
    Retransmission {
        /// Which connection.
        connection: &'a str,
        /// First sequence number sent again.
        sequence_number: u32,
        /// How many bytes.
        length: u32,
        /// Why (`timeout`, `third duplicate ACK`).
        cause: &'static str,
    },
}

/// Which way a frame crossed the device, as the host sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Into the host: the kernel transmitted, we read.
    In(ReceiveOffload),
    /// Out of the host: we wrote, the kernel received.
    Out(TransmitOffload),
}

/// One of a connection's ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The host that tells.
    Ours,
    /// The other one.
    Peers,
}

/// A layer of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the protocols'")]
pub enum Layer {
    Ethernet,
    Arp,
    Ipv4,
    Icmp,
    Udp,
    Tcp,
}

/// What a link did to a frame on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Lost it.
    Lost,
    /// Lost it because its queue was full.
    QueueFull,
    /// Lost it because it was longer than the link's MTU.
    TooLong,
    /// Delivered it twice.
    Duplicated,
    /// Held it back so that later ones overtake it.
    Reordered {
        /// For how much longer than the others.
        held: Duration,
    },
    /// Changed one bit.
    Corrupted {
        /// Which bit, counted from the most significant one of the first byte.
        bit: usize,
    },
}
