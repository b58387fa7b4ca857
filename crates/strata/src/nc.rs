//! `strata nc`: standard input and output over TCP or UDP, as people know it from nc, with the
//! stack at this end and the kernel at the other.

mod tcp;
mod udp;

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use ipv4::AddressKind;

use crate::client;
use crate::failure::Failure;
use crate::host::HostArguments;
use crate::say::Words;
use crate::standard::StandardStreams;

/// Carry standard input and output over TCP or UDP, by the stack
///
/// Connects to a port, or waits at one for somebody to connect. What comes in by standard input
/// is sent, what is received goes to standard output; all words go to standard error. Ends when
/// both ways have ended, when listening as soon as the peer has; over UDP, where there are no
/// ends, with -w or Ctrl-C. Exit status 1 if there was no connection or it broke.
#[derive(Args)]
#[command(after_help = "Examples, in the shell that `make shell` opens, with tun-up done:\n  \
                        echo hello | strata nc -N 192.0.2.1 4242     to: nc -l 4242\n  \
                        strata nc -l 4242 >file                      from: nc -N 192.0.2.2 4242\n  \
                        strata nc -z -v 192.0.2.1 22                 is somebody there?\n  \
                        echo hello | strata nc -u -w 1 192.0.2.1 7   over UDP")]
pub(crate) struct Arguments {
    /// Whom to connect to and at which port; with -l the port alone, or one of the stack's own
    /// addresses before it
    #[arg(value_name = "ADDRESS PORT", required = true, num_args = 1..=2)]
    ends: Vec<AddressOrPort>,

    /// Listen: wait for somebody to connect
    #[arg(short, long)]
    listen: bool,

    /// UDP instead of TCP
    #[arg(short, long)]
    udp: bool,

    /// Tell the peer when standard input ends: half-close
    #[arg(short = 'N', long, conflicts_with = "udp")]
    half_close: bool,

    /// When listening, wait for the next one after each; with -u, hear everybody
    #[arg(short, long, requires = "listen")]
    keep: bool,

    /// Only look whether somebody is there, and carry nothing
    #[arg(short = 'z', long, conflicts_with = "listen")]
    scan: bool,

    /// Connect from this port
    #[arg(short = 'p', long, value_name = "PORT", conflicts_with = "listen")]
    source_port: Option<NonZeroU16>,

    /// Give up after so many seconds in which nobody answers, or nothing is carried
    #[arg(short = 'w', long, value_name = "SECONDS", value_parser = client::seconds)]
    wait: Option<Duration>,

    #[command(flatten)]
    host: HostArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let plan = arguments.plan()?;
    let (host, standard) = (&arguments.host, StandardStreams::new);
    match arguments.udp {
        false => client::run(host, |its| Ok(tcp::Tcp::new(plan, standard(its)?))),
        true => client::run(host, |its| Ok(udp::Udp::new(plan, standard(its)?))),
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// The peer, or where to listen.
    end: SocketAddr,
    role: Role,
    source_port: Option<NonZeroU16>,
    half_close: bool,
    wait: Option<Duration>,
    is_verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Connect,
    Scan,
    Listen { keep: bool },
}

impl Plan {
    /// Tells something that only the curious want to know.
    fn tell(&self, line: std::fmt::Arguments<'_>) {
        if self.is_verbose {
            Words::Error.say(line);
        }
    }

    /// The end in words.
    fn place(&self) -> String {
        place(self.end)
    }
}

/// An address and a port, in words.
fn place(end: SocketAddr) -> String {
    format!("{} port {}", end.ip(), end.port())
}

impl Arguments {
    fn plan(&self) -> Result<Plan, Failure> {
        use AddressOrPort::{Address, Port};
        let end: SocketAddr = match (self.ends.as_slice(), self.listen) {
            (&[Address(address), Port(port)], _) => (address, port.get()).into(),
            (&[Port(port)], true) => (Ipv4Addr::UNSPECIFIED, port.get()).into(),
            (_, true) => {
                return Err(Failure::of_usage("after -l comes a port, such as strata nc -l 4242"));
            }
            (_, false) => {
                let right = "strata nc 192.0.2.1 4242";
                let cause = format_args!("it takes an address and a port, such as {right}");
                return Err(Failure::of_usage(cause));
            }
        };
        let role = match (self.listen, self.scan) {
            (true, _) => Role::Listen { keep: self.keep },
            (false, true) => Role::Scan,
            (false, false) => Role::Connect,
        };
        let is_verbose = self.host.watch.detail().is_some();
        let Self { source_port, half_close, wait, .. } = *self;
        Ok(Plan { end, role, source_port, half_close, wait, is_verbose })
    }
}

/// One of the words that say where to.
#[derive(Clone, Copy, Debug)]
enum AddressOrPort {
    Address(Ipv4Addr),
    Port(NonZeroU16),
}

impl std::str::FromStr for AddressOrPort {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            let port = text.parse().map(Self::Port);
            return port.map_err(|_| "not a port, which is a number from 1 to 65535");
        }
        let address = text.parse().map_err(|_| "neither an IPv4 address nor a port")?;
        match AddressKind::of(address) {
            AddressKind::Unicast => Ok(Self::Address(address)),
            _ => Err("not the address of a single host, such as 192.0.2.1"),
        }
    }
}
