//! `strata ping`: the stack asks, and the kernel answers.

use std::io::Write;
use std::net::Ipv4Addr;
use std::num::NonZeroU8;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use apps::{
    DEFAULT_PING_DATA, EchoSocket, MAX_PING_DATA, PingOptions, PingReport, Pinger, ping_data,
};
use clap::Args;
use icmp::{EchoEvent, EchoSocketId};
use ipv4::AddressKind;
use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};
use stack::{EchoOptions, EchoSockets, SendEchoError, Stack};

use crate::failure::Failure;
use crate::host::{HostArguments, INTERFACE};
use crate::link_wait::LinkWait;
use crate::say::{Words, say};

/// Ping from the stack: is somebody there, and how long is the way?
///
/// The kernel's end of the device is the usual one to ask. Ends with status 0 if there was a
/// reply, with 1 if there was none.
#[derive(Args)]
#[command(after_help = "Example:\n  strata ping 192.0.2.1 -c 3 -v")]
pub(crate) struct Arguments {
    /// Whom to ask
    #[arg(value_name = "ADDRESS", value_parser = host)]
    destination: Ipv4Addr,

    /// Send so many requests; without it, until Ctrl-C
    #[arg(short = 'c', long, value_name = "REQUESTS",
        value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// Seconds from one request to the next
    #[arg(short = 'i', long, value_name = "SECONDS", default_value = "1", value_parser = interval,
        allow_negative_numbers = true)]
    interval: Duration,

    /// Seconds that a request waits for its answer
    #[arg(short = 'W', long, value_name = "SECONDS", default_value = "2", value_parser = seconds,
        allow_negative_numbers = true)]
    timeout: Duration,

    /// Bytes of data in each request; what does not fit a packet goes in fragments
    #[arg(short = 's', long, value_name = "BYTES", default_value_t = DEFAULT_PING_DATA,
        value_parser = clap::value_parser!(u16).range(..=i64::from(MAX_PING_DATA)))]
    size: u16,

    /// Fill the data with these bytes over and over, in hexadecimal, such as c0de
    #[arg(short = 'p', long, value_name = "HEX", default_value = "", hide_default_value = true)]
    pattern: Pattern,

    /// Time to live: how many hops a request may take
    #[arg(short = 't', long, value_name = "HOPS")]
    ttl: Option<NonZeroU8>,

    #[command(flatten)]
    host: HostArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let (stack, attached) = arguments.host.attach(Words::Output)?;
    let link = LinkWait::new(&attached.name, Words::Output)?;
    let pinging = Pinging::new(stack, link, arguments)?;
    let (destination, size) = (arguments.destination, arguments.size);
    say(format_args!("PING {destination} ({destination}) {size}({}) bytes of data.", size + 28));
    let lost_address = |host: &Pinging| arguments.host.lost_address(&host.stack);
    let ran = attached.run(pinging, |host| host.is_over() || lost_address(host).is_some())?;
    let host = ran.event_loop.host();
    let (report, lost) = (*host.pinger.report(), lost_address(host));
    say(format_args!("\n--- {destination} ping statistics ---\n{report}"));
    ran.finish(status(&report)).and_then(|status| lost.map_or(Ok(status), Err))
}

/// The exit status, as ping's.
fn status(report: &PingReport) -> ExitCode {
    if report.received == 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The shortest time from one request to the next: that which ping allows to ordinary users.
const MIN_INTERVAL: Duration = Duration::from_millis(2);

fn interval(text: &str) -> Result<Duration, String> {
    match seconds(text)? {
        interval if interval >= MIN_INTERVAL => Ok(interval),
        _ => Err("the least is 0.002".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "not a number of seconds, such as 0.2".to_owned())
}

fn host(text: &str) -> Result<Ipv4Addr, String> {
    let address = text.parse().map_err(|_| "not an IPv4 address, such as 192.0.2.1".to_owned())?;
    match AddressKind::of(address) {
        AddressKind::Unicast => Ok(address),
        _ => Err("not the address of a host on a network, such as 192.0.2.1".to_owned()),
    }
}

/// Bytes in hexadecimal. None at all is a pattern too.
#[derive(Clone)]
struct Pattern(Vec<u8>);

impl FromStr for Pattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let byte = |digits: &[u8]| match digits {
            [high, low] => Some(hex_digit(*high)? << 4 | hex_digit(*low)?),
            _ => None,
        };
        let bytes = text.as_bytes().chunks(2).map(byte).collect::<Option<_>>();
        bytes.map(Self).ok_or("not bytes of two hexadecimal digits each, such as c0de")
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The stack, and a pinger on top.
struct Pinging {
    stack: Stack,
    link: LinkWait,
    socket: EchoSocketId,
    options: EchoOptions,
    pinger: Pinger,
    /// Whether somebody still reads what is printed.
    has_reader: bool,
}

impl Pinging {
    fn new(mut stack: Stack, link: LinkWait, arguments: &Arguments) -> Result<Self, Failure> {
        let socket = stack.echo(Instant::START).open().map_err(Failure::new)?;
        let pinger = Pinger::new(PingOptions {
            destination: arguments.destination,
            count: arguments.count,
            interval: arguments.interval,
            timeout: arguments.timeout,
            data: ping_data(arguments.size, &arguments.pattern.0),
        });
        let options = EchoOptions { ttl: arguments.ttl, ..EchoOptions::default() };
        Ok(Self { stack, link, socket, options, pinger, has_reader: true })
    }

    fn is_over(&self) -> bool {
        self.pinger.is_over() || !self.has_reader
    }

    fn step(&mut self, now: Instant) {
        let Self { stack, link, socket, options, pinger, has_reader } = self;
        // Where the address is claimed, everything waits until it is ours.
        if !link.is_over(now) || !stack.address_is_in_use(INTERFACE) {
            return;
        }
        let mut socket = Socket { sockets: stack.echo(now), id: *socket, options: *options };
        pinger.step(now, &mut socket, |event| {
            *has_reader &= writeln!(std::io::stdout(), "{event}").is_ok();
        });
    }
}

/// An echo socket of the stack.
struct Socket<'a> {
    sockets: EchoSockets<'a>,
    id: EchoSocketId,
    options: EchoOptions,
}

impl EchoSocket for Socket<'_> {
    type Error = SendEchoError;

    fn send(
        &mut self,
        to: Ipv4Addr,
        sequence_number: u16,
        data: &[u8],
    ) -> Result<(), SendEchoError> {
        self.sockets.send(self.id, to, sequence_number, data, self.options)
    }

    fn receive(&mut self) -> Option<EchoEvent> {
        self.sockets.receive(self.id)
    }
}

impl Host for Pinging {
    fn receive(&mut self, now: Instant, interface: InterfaceId, frame: Received<'_>) {
        self.stack.receive(now, interface, frame);
        self.step(now);
    }

    fn transmit(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        let sent = self.stack.transmit(now, interface, buffer);
        if sent.is_none() {
            // What we ask of ourselves is answered by now.
            self.step(now);
        }
        sent
    }

    fn next_deadline(&self) -> Option<Instant> {
        let waits_for_address = !self.stack.address_is_in_use(INTERFACE);
        let own = || if waits_for_address { None } else { self.pinger.next_deadline() };
        let pinger = self.link.next_deadline().or_else(own);
        self.stack.next_deadline().into_iter().chain(pinger).min()
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.stack.handle_timeout(now);
        self.step(now);
    }
}
