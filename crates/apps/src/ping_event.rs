//! What a pinger has to tell while it runs, in the words of `ping`.

use std::fmt;
use std::time::Duration;

use icmp::Unreachable as U;
use icmp::{EchoReply, EchoReport, ErrorKind, HEADER_LEN, ParameterProblem, TimeExceeded};

/// Something happened to a request. Printed, it is a line as `ping` prints it.
///
/// `E` is why the socket did not send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PingEvent<E> {
    /// It was answered.
    Reply {
        /// The reply.
        reply: EchoReply,
        /// What is wrong with the data that it carries, although its checksum is correct.
        damage: Option<Damage>,
    },
    /// It did not arrive, as somebody says.
    Report(EchoReport),
    /// Its time is over, and nothing came of it so far.
    NoAnswer {
        /// Which request.
        sequence_number: u16,
    },
    /// It could not leave.
    NotSent {
        /// Which request.
        sequence_number: u16,
        /// Why not.
        error: E,
    },
}

/// How the data of a reply differs from what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// There is more of it, or less.
    Length {
        /// How many bytes were sent.
        sent: usize,
        /// How many came back.
        received: usize,
    },
    /// A byte is another.
    Byte {
        /// Which is the first that is wrong, from 0.
        offset: usize,
        /// What was sent.
        sent: u8,
        /// What came back.
        received: u8,
    },
}

impl Damage {
    /// What is wrong with `received` if `sent` was sent, if anything is.
    pub(crate) fn between(sent: &[u8], received: &[u8]) -> Option<Self> {
        if sent.len() != received.len() {
            return Some(Self::Length { sent: sent.len(), received: received.len() });
        }
        let mut bytes = sent.iter().zip(received).enumerate();
        let (offset, (&sent, &received)) = bytes.find(|(_, (sent, received))| sent != received)?;
        Some(Self::Byte { offset, sent, received })
    }
}

impl<E: fmt::Display> fmt::Display for PingEvent<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply { reply, damage } => {
                write_reply(f, reply)?;
                damage.map_or(Ok(()), |damage| write!(f, "{damage}"))
            }
            Self::Report(report) => {
                let EchoReport { reporter, sequence_number, kind, .. } = *report;
                write!(f, "From {reporter} icmp_seq={sequence_number} ")?;
                write_error(f, kind)
            }
            Self::NoAnswer { sequence_number } => {
                write!(f, "no answer yet for icmp_seq={sequence_number}")
            }
            Self::NotSent { sequence_number, error } => {
                write!(f, "not sent: icmp_seq={sequence_number}: {error}")
            }
        }
    }
}

fn write_reply(f: &mut fmt::Formatter<'_>, reply: &EchoReply) -> fmt::Result {
    let length = HEADER_LEN + reply.data.len();
    write!(
        f,
        "{length} bytes from {}: icmp_seq={} ttl={} time={} ms",
        reply.envelope.source,
        reply.sequence_number,
        reply.envelope.ttl,
        Milliseconds(reply.round_trip)
    )?;
    if reply.is_duplicate { f.write_str(" (DUP!)") } else { Ok(()) }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Length { sent, received } if received < sent => f.write_str(" (truncated)"),
            Self::Length { sent, received } => write!(f, " ({} bytes too many)", received - sent),
            Self::Byte { offset, sent, received } => {
                write!(f, "\nwrong data byte #{offset} should be {sent:#x} but was {received:#x}")
            }
        }
    }
}

/// About three digits that count: `0.047`, `1.23`, `12.3`, `123`.
struct Milliseconds(Duration);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = match self.0.as_micros() {
            // Cut off, as in the summary.
            microseconds @ 0..1_000 => return write!(f, "0.{microseconds:03}"),
            1_000..9_995 => 2,
            9_995..99_950 => 1,
            _ => 0,
        };
        write!(f, "{:.decimals$}", self.0.as_secs_f64() * 1000.0)
    }
}

fn write_error(f: &mut fmt::Formatter<'_>, kind: ErrorKind) -> fmt::Result {
    match kind {
        ErrorKind::DestinationUnreachable(why) => write_unreachable(f, why),
        ErrorKind::TimeExceeded(TimeExceeded::InTransit) => f.write_str("Time to live exceeded"),
        ErrorKind::TimeExceeded(TimeExceeded::Reassembly) => {
            f.write_str("Frag reassembly time exceeded")
        }
        ErrorKind::TimeExceeded(TimeExceeded::Other(code)) => {
            write!(f, "Time exceeded, Bad Code: {}", code.value())
        }
        ErrorKind::ParameterProblem(ParameterProblem::Pointer(pointer)) => {
            write!(f, "Parameter problem: pointer = {pointer}")
        }
        ErrorKind::ParameterProblem(ParameterProblem::MissingOption) => {
            f.write_str("Parameter problem: option missing")
        }
        ErrorKind::ParameterProblem(ParameterProblem::BadLength) => {
            f.write_str("Parameter problem: bad length")
        }
        ErrorKind::ParameterProblem(ParameterProblem::Other(code)) => {
            write!(f, "Parameter problem, Bad Code: {}", code.value())
        }
    }
}

fn write_unreachable(f: &mut fmt::Formatter<'_>, why: U) -> fmt::Result {
    f.write_str(match why {
        U::Network => "Destination Net Unreachable",
        U::Host => "Destination Host Unreachable",
        U::Protocol => "Destination Protocol Unreachable",
        U::Port => "Destination Port Unreachable",
        U::FragmentationNeeded { next_hop_mtu } => {
            return write!(f, "Frag needed and DF set (mtu = {next_hop_mtu})");
        }
        U::SourceRouteFailed => "Source Route Failed",
        U::NetworkUnknown => "Destination Net Unknown",
        U::HostUnknown => "Destination Host Unknown",
        U::SourceHostIsolated => "Source Host Isolated",
        U::NetworkProhibited => "Destination Net Prohibited",
        U::HostProhibited => "Destination Host Prohibited",
        U::NetworkForTypeOfService => "Destination Net Unreachable for Type of Service",
        U::HostForTypeOfService => "Destination Host Unreachable for Type of Service",
        U::CommunicationProhibited => "Packet filtered",
        U::HostPrecedenceViolation => "Precedence Violation",
        U::PrecedenceCutoff => "Precedence Cutoff",
        U::Other(code) => return write!(f, "Dest Unreachable, Bad Code: {}", code.value()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use icmp::ReplyEnvelope;
    use packet::{Instant, InterfaceId};
    use std::net::Ipv4Addr;

    const HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

    fn line(event: PingEvent<&str>) -> String {
        event.to_string()
    }

    /// The line of a reply with 56 bytes of data.
    fn reply(microseconds: u64, is_duplicate: bool, damage: Option<Damage>) -> String {
        let destination = Ipv4Addr::new(192, 0, 2, 2);
        let reply = EchoReply {
            envelope: ReplyEnvelope {
                source: HOST,
                destination,
                interface: InterfaceId(0),
                ttl: 64,
            },
            sequence_number: 7,
            data: vec![0; 56],
            at: Instant::START,
            round_trip: Duration::from_micros(microseconds),
            is_duplicate,
        };
        line(PingEvent::Reply { reply, damage })
    }

    fn report(kind: ErrorKind) -> String {
        line(PingEvent::Report(EchoReport {
            reporter: HOST,
            kind,
            destination: Ipv4Addr::new(192, 0, 2, 50),
            sequence_number: 1,
            at: Instant::START,
        }))
    }

    #[test]
    fn a_reply_reads_as_in_ping() {
        let expected = "64 bytes from 192.0.2.1: icmp_seq=7 ttl=64 time=0.120 ms";
        assert_eq!(reply(120, false, None), expected);
        assert_eq!(reply(120, true, None), format!("{expected} (DUP!)"));
    }

    #[test]
    fn the_time_has_about_three_digits() {
        for (microseconds, expected) in [
            (0, "0.000"),
            (999, "0.999"),
            (1_000, "1.00"),
            (9_994, "9.99"),
            (9_995, "10.0"),
            (99_949, "99.9"),
            (99_950, "100"),
            (1_234_500, "1234"),
            (1_234_600, "1235"),
        ] {
            let line = reply(microseconds, false, None);
            assert!(line.ends_with(&format!(" time={expected} ms")), "{line}, not {expected}");
        }
    }

    #[test]
    fn damage_is_told_behind_the_reply() {
        let damage = |sent: &[u8], received: &[u8]| {
            Damage::between(sent, received).map(|damage| damage.to_string())
        };
        assert_eq!(damage(b"abc", b"abc"), None);
        assert_eq!(damage(b"abc", b"ab").unwrap(), " (truncated)");
        assert_eq!(damage(b"abc", b"abcde").unwrap(), " (2 bytes too many)");
        let wrong = "\nwrong data byte #1 should be 0x62 but was 0xff";
        assert_eq!(damage(b"abc", b"a\xff\xff").unwrap(), wrong);
        let damaged = reply(120, true, Damage::between(b"abc", b"a\xffc"));
        assert!(damaged.ends_with(&format!(" (DUP!){wrong}")), "{damaged}");
    }

    #[test]
    fn an_error_reads_as_in_ping() {
        let unreachable = |why| report(ErrorKind::DestinationUnreachable(why));
        let expected = "From 192.0.2.1 icmp_seq=1 Destination Host Unreachable";
        assert_eq!(unreachable(U::Host), expected);
        let too_long = unreachable(U::FragmentationNeeded { next_hop_mtu: 1400 });
        assert_eq!(too_long, "From 192.0.2.1 icmp_seq=1 Frag needed and DF set (mtu = 1400)");
        let exceeded = report(ErrorKind::TimeExceeded(TimeExceeded::InTransit));
        assert_eq!(exceeded, "From 192.0.2.1 icmp_seq=1 Time to live exceeded");
        let problem = report(ErrorKind::ParameterProblem(ParameterProblem::Pointer(20)));
        assert_eq!(problem, "From 192.0.2.1 icmp_seq=1 Parameter problem: pointer = 20");
    }

    #[test]
    fn silence_and_a_request_that_stayed_here_are_told_too() {
        let silence = line(PingEvent::NoAnswer { sequence_number: 3 });
        assert_eq!(silence, "no answer yet for icmp_seq=3");
        let stayed = line(PingEvent::NotSent { sequence_number: 3, error: "no route" });
        assert_eq!(stayed, "not sent: icmp_seq=3: no route");
    }
}
