//! `strata forward`: two devices and a cable between them, which may be a bad one.

use std::process::ExitCode;

use clap::Args;
use packet::{Host, InterfaceId};
use tun_device::{InterfaceName, Kind};

use crate::devices::{OneOfSeveral, Ports, RanBetween};
use crate::failure::Failure;
use crate::faults::FaultArguments;
use crate::forwarder::{Forwarder, Traffic};
use crate::say::{Words, say};
use crate::watch::WatchArguments;

/// Carry packets between two devices: whatever comes by one leaves by the other
///
/// Prints a line for each read. With faults of the link it is an emulator of bad networks. Where
/// the second device takes no more, nothing is read from the first, and its packets wait in the
/// kernel. At the end it prints how many passed.
#[derive(Args)]
#[command(
    mut_arg("faults_on", |option| option
        .hide_possible_values(true)
        .help("Which packets meet these faults: in (from the first device to the second), out \
               (back), or both")),
    after_help = "Examples, in the shell that `make shell` opens, after two-tuns-up:\n  \
                  strata forward tun0 tun1 &                     ping 192.0.2.2\n  \
                  strata forward tun0 tun1 --delay 50ms --loss 1% --rate 10mbit"
)]
pub(crate) struct Arguments {
    /// The two devices, created if there are none
    #[arg(value_names = ["DEVICE", "DEVICE"], num_args = 2, required = true)]
    devices: Vec<InterfaceName>,

    /// A device that is created is a TAP, which carries Ethernet frames, instead of a TUN
    #[arg(long)]
    tap: bool,

    /// Give both devices this MTU, in bytes
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(68..))]
    mtu: Option<u16>,

    /// Leave checksums and segmentation to nobody: carry packets as on a wire
    #[arg(long)]
    no_offload: bool,

    /// Print no line for each read
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    watch: WatchArguments,

    #[command(flatten)]
    faults: FaultArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let [first, second] = arguments.devices.as_slice() else {
        let why = "a forwarder stands between two devices, such as tun0 tun1";
        return Err(Failure::of_usage(why));
    };
    if first == second {
        let why = format_args!("{first} stands there twice; give two different devices");
        return Err(Failure::of_usage(why));
    }
    event_loop::block_signals().map_err(Failure::new)?;
    let [first, second] = [arguments.attach(first)?, arguments.attach(second)?];
    if first.kind != second.kind {
        return Err(Failure::new(format_args!(
            "{} is a {} device and {} a {} device: what one carries the other does not understand",
            first.name, first.kind, second.name, second.kind
        )));
    }
    forward(arguments, first, second)
}

fn forward(
    arguments: &Arguments,
    first: OneOfSeveral,
    second: OneOfSeveral,
) -> Result<ExitCode, Failure> {
    let names = [first.name.clone(), second.name.clone()];
    let medium = first.kind.medium();
    let watch = arguments
        .watch
        .start_between(&[(names[0].as_str(), medium), (names[1].as_str(), medium)])?;
    let mut ports = Ports::new(watch.tracer());
    // One link stands for the cable: in front of the first device each way passes it once.
    ports.add(first, |device| {
        arguments.faults.in_front_of(device, &watch.fault_tracer(), Words::Output)
    });
    ports.add(second, |device| Box::new(device));
    say(format_args!("attached to {} and {}; Ctrl-C ends it", names[0], names[1]));

    let is_quiet = arguments.quiet;
    let host = Forwarder::new(|InterfaceId(interface), length| {
        if let Some(name) = names.get(interface).filter(|_| !is_quiet) {
            say(format_args!("read {length} from {name}"));
        }
    });
    let ran = ports.run(host, watch, |_| false)?;
    summarize(&ran, ran.host().read());
    if arguments.faults.any() {
        say(format_args!("the link: {}", ran.watch.faults()));
    }
    ran.finish()
}

impl Arguments {
    fn attach(&self, name: &InterfaceName) -> Result<OneOfSeveral, Failure> {
        // A link that changes bits has to be found out by checksums that are there.
        let offload = !self.no_offload && !self.faults.any();
        let new = if self.tap { Kind::Tap } else { Kind::Tun };
        OneOfSeveral::attach(name, new, |settings| {
            let settings = settings.offload(offload);
            match self.mtu {
                Some(mtu) => settings.mtu(mtu),
                None => settings,
            }
        })
    }
}

/// How many packets came by each device, and what became of those that did not leave by the other.
fn summarize<H: Host>(ran: &RanBetween<H>, read: [Traffic; 2]) {
    let counters: Vec<_> = ran.counters().collect();
    let [(first, at_first), (second, at_second)] = counters.as_slice() else { return };
    for (from, to, traffic, out) in
        [(first, second, read[0], at_second), (second, first, read[1], at_first)]
    {
        let Traffic { frames, bytes, dropped } = traffic;
        say(format_args!("{from} -> {to}: {frames} packets, {bytes} bytes"));
        for (count, what) in [
            (out.waited, "times a packet waited because the device was full"),
            (out.lost_link_down, "packets lost, the link was down"),
            (out.lost_refused, "packets lost, the device refused them"),
            (dropped, "packets lost, too many waited"),
        ] {
            if count != 0 {
                say(format_args!("  {count:>10}  {what} ({to})"));
            }
        }
    }
}
