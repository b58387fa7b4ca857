//! What can happen to UDP sockets.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU8;

use arbitrary::Arbitrary;
use udp::{AddressPair, Cause, SendOptions};

/// One step of a history. A socket is named by a number, closed ones too.
#[derive(Arbitrary, Debug)]
pub(super) enum Step<'a> {
    Open,
    Close(u8),
    Bind {
        socket: u8,
        local: End,
    },
    Connect {
        socket: u8,
        remote: End,
    },
    Disconnect(u8),
    Options {
        socket: u8,
        broadcast: bool,
        require_checksum: bool,
        send: Asked,
    },
    /// A program sends.
    Send {
        socket: u8,
        to: Option<End>,
        options: Option<Asked>,
        payload: &'a [u8],
    },
    /// It sends that much several times, to its peer or to somebody.
    SendMany {
        socket: u8,
        count: u8,
        length: u16,
    },
    /// So many datagrams leave.
    Leave(u8),
    /// A datagram comes.
    Datagram {
        from: End,
        to: End,
        has_checksum: bool,
        about: About,
        payload: &'a [u8],
    },
    /// So many come to where the socket is, from its peer or from somebody.
    Answer {
        socket: u8,
        count: u8,
        length: u16,
    },
    Receive(u8),
    ReceiveInto {
        socket: u8,
        length: u8,
    },
    Peek(u8),
    /// ICMP says something of a datagram, sent or not.
    Report {
        from: End,
        to: End,
        cause: u8,
        reporter: u8,
    },
    /// It says something of what the socket did send.
    ReportOfSent {
        socket: u8,
        which: u8,
        cause: u8,
        reporter: u8,
    },
    TakeReport(u8),
    /// A program asks at which sockets something changed.
    Events,
    /// So many seconds.
    TimePasses(u8),
    /// Anything, to be read as a datagram.
    Raw {
        ipv6: bool,
        bytes: &'a [u8],
    },
}

/// An address and port, few enough to come up again and again.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) struct End {
    address: u8,
    port: u8,
}

impl End {
    pub(super) fn value(self) -> SocketAddr {
        const PORTS: [u16; 5] = [7, 9, 40_000, 65_535, 0];
        SocketAddr::new(address(self.address), PORTS[usize::from(self.port) % PORTS.len()])
    }
}

pub(super) fn address(number: u8) -> IpAddr {
    const ADDRESSES: [&str; 12] = [
        "192.0.2.2",
        "192.0.2.1",
        "0.0.0.0",
        "192.0.2.3",
        "192.0.2.4",
        "192.0.2.255",
        "203.0.113.1",
        "224.0.0.251",
        "2001:db8::2",
        "2001:db8::1",
        "::",
        "ff02::fb",
    ];
    ADDRESSES[usize::from(number) % ADDRESSES.len()].parse().expect("an address")
}

/// What is asked of a datagram that leaves.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) struct Asked {
    source: Option<u8>,
    ttl: u8,
    dont_fragment: bool,
    option_bytes: u8,
}

impl Asked {
    pub(super) fn source(self) -> Option<IpAddr> {
        self.source.map(address)
    }

    pub(super) fn value(self) -> SendOptions {
        SendOptions {
            ttl: NonZeroU8::new(self.ttl),
            traffic_class: self.ttl,
            dont_fragment: self.dont_fragment,
            ip_options: vec![1; usize::from(self.option_bytes % 48)].into(),
        }
    }
}

/// What is said of a datagram that comes.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) struct About {
    pub(super) ttl: u8,
    pub(super) delivery: u8,
    pub(super) option_bytes: u8,
}

pub(super) fn cause(number: u8) -> Cause {
    match number % 10 {
        0 => Cause::PortUnreachable,
        1 => Cause::NetworkUnreachable,
        2 => Cause::HostUnreachable,
        3 => Cause::ProtocolUnreachable,
        4 => Cause::FragmentationNeeded { mtu: u16::from(number) },
        5 => Cause::SourceRouteFailed,
        6 => Cause::Prohibited,
        7 => Cause::TimeExceeded,
        8 => Cause::ReassemblyTimeExceeded,
        _ => Cause::ParameterProblem { pointer: number },
    }
}

/// Between which a datagram that is nothing but bytes is said to go.
pub(super) fn addresses(ipv6: bool) -> AddressPair {
    let [source, destination] = if ipv6 { [9, 8] } else { [1, 0] }.map(address);
    AddressPair { source, destination }
}
