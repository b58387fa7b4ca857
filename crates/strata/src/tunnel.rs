//! `strata tunnel`: simpletun, a virtual wire between hosts over the kernel's sockets.

mod over_tcp;
mod over_udp;

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use event_loop::{Ended, EventLoop, Outside};
use packet::{Capabilities, Device, Host, Instant};
use trace::Traced;
use tun_device::InterfaceName;
use tunnel::{Counters, DEFAULT_PORT, DatagramTunnel, KEY_LEN, Key, StreamTunnel, Terms};

use crate::arguments::DeviceArguments;
use crate::failure::Failure;
use crate::host::INTERFACE;
use crate::say::{Words, say};
use crate::summary::print_counted;
use crate::watch::WatchArguments;

use over_tcp::OverTcp;
use over_udp::OverUdp;

/// Join hosts by a virtual wire: a TUN or TAP device here and there, sockets between
///
/// One side listens, for one other end or several, and the others connect; what goes into a
/// device at one end comes out at another. By TCP each frame has a length of two bytes in front
/// (simpletun's way), by UDP each is a datagram. With a key file all is sealed, and nobody joins
/// without the key. At the end it prints what it counted.
#[derive(Args)]
#[command(
    group(ArgGroup::new("side").required(true).args(["listen", "connect"])),
    after_help = "Examples, in the shell that `make shell` opens:\n  \
                  two-sites-up                           two hosts, a cable, tun0 on each\n  \
                  head -c 32 /dev/urandom >key           a secret for both ends\n  \
                  strata tunnel --listen 203.0.113.1 --key-file key &\n  \
                  other-host far strata tunnel --connect 203.0.113.1 --key-file key &\n  \
                  ping -c 3 192.0.2.2                    through the tunnel"
)]
pub(crate) struct Arguments {
    /// Wait for other ends at this address of the host; port 55555 unless said
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = endpoint)]
    listen: Option<SocketAddr>,

    /// Ask the end at this address; tried again and again, more slowly each time
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = endpoint)]
    connect: Option<SocketAddr>,

    /// Travel by UDP: what is lost on the way is lost, as on a wire
    #[arg(long)]
    udp: bool,

    /// Seal everything by the 32 bytes in this file, which both ends have
    #[arg(long, value_name = "FILE", value_parser = read_key)]
    key_file: Option<Key>,

    #[command(flatten)]
    device: DeviceArguments,

    #[command(flatten)]
    watch: WatchArguments,
}

/// Which side of the tunnel this is, and where the listening one is.
#[derive(Clone, Copy)]
enum Side {
    Listens(SocketAddr),
    Connects(SocketAddr),
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let side = match (arguments.listen, arguments.connect) {
        (Some(address), _) => Side::Listens(address),
        (None, Some(address)) => Side::Connects(address),
        (None, None) => return Err(Failure::new("one of --listen and --connect is needed")),
    };
    event_loop::block_signals().map_err(Failure::new)?;
    // Each frame travels as it is, so nothing can be left for somebody else to do.
    let kind = arguments.device.kind();
    let device = arguments.device.attach(kind, |settings| settings.offload(false))?;
    let name = device.name().clone();
    let Capabilities { medium, mtu, .. } = device.capabilities();
    let watch = arguments.watch.start(name.as_str(), medium, Words::Output)?;
    let device = Box::new(Traced::new(device, INTERFACE, watch.tracer()));
    let (terms, key) = (Terms { medium, mtu }, arguments.key_file.clone());

    let ended = if arguments.udp {
        let tunnel = match side {
            Side::Listens(_) => DatagramTunnel::listening(terms, key),
            Side::Connects(to) => DatagramTunnel::connecting(Instant::START, terms, key, to),
        };
        let mut event_loop = EventLoop::new(tunnel)?;
        event_loop.attach(device)?;
        let outside = OverUdp::open(side, &event_loop.descriptors())?;
        arguments.say_what_begins(side, &name);
        run_tunnel(event_loop, outside, DatagramTunnel::counters)
    } else {
        let mut event_loop = EventLoop::new(StreamTunnel::new(terms, key))?;
        event_loop.attach(device)?;
        let outside = OverTcp::open(side, event_loop.descriptors())?;
        arguments.say_what_begins(side, &name);
        run_tunnel(event_loop, outside, StreamTunnel::counters)
    };
    watch.finish()?;
    match ended {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Failure::of_loop(error, &name, kind)),
    }
}

impl Arguments {
    fn say_what_begins(&self, side: Side, name: &InterfaceName) {
        let by = if self.udp { "UDP" } else { "TCP" };
        let sealed = if self.key_file.is_some() { "sealed" } else { "not sealed" };
        let what = match side {
            Side::Listens(address) => format!("waits for the other end at {address}"),
            Side::Connects(address) => format!("looks for the other end at {address}"),
        };
        say(format_args!(
            "{name} is an end of a tunnel and {what}, by {by}, {sealed}; Ctrl-C ends it"
        ));
    }
}

/// Runs until Ctrl-C, and prints what was counted.
fn run_tunnel<H: Host, O: Outside<H>>(
    mut event_loop: EventLoop<H>,
    mut outside: O,
    counters: fn(&H) -> &Counters,
) -> Result<Ended, event_loop::Error> {
    let ended = event_loop.run_with(&mut outside, |_, _| false);
    let counted = counters(event_loop.host()).iter();
    print_counted(
        counted.map(|(counter, value)| (counter.name().to_owned(), value, counter.meaning())),
    );
    ended
}

/// Reads an address and a port, or an address alone.
fn endpoint(text: &str) -> Result<SocketAddr, String> {
    let with_port = text.parse::<SocketAddr>();
    let alone = || text.parse::<IpAddr>().map(|address| SocketAddr::new(address, DEFAULT_PORT));
    with_port.or_else(|_| alone()).map_err(|_| {
        format!("an address is needed, such as 203.0.113.1 or 203.0.113.1:{DEFAULT_PORT}")
    })
}

/// Reads the key from its file.
fn read_key(path: &str) -> Result<Key, String> {
    let bytes = fs::read(path).map_err(|error| format!("it cannot be read: {error}"))?;
    Key::read(&bytes)
        .map_err(|wrong| format!("{wrong}; make one: head -c {KEY_LEN} /dev/urandom >{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_alone_means_the_usual_port() {
        assert_eq!(endpoint("203.0.113.1"), Ok(([203, 0, 113, 1], 55_555).into()));
        assert_eq!(endpoint("203.0.113.1:7"), Ok(([203, 0, 113, 1], 7).into()));
        for wrong in ["", "host", "203.0.113.1:", "203.0.113.1:99999", "203.0.113"] {
            assert!(endpoint(wrong).unwrap_err().contains("203.0.113.1:55555"), "{wrong}");
        }
    }
}
