//! `strata serve`: the stack on a device, until Ctrl-C.

use std::net::Ipv4Addr;
use std::process::ExitCode;

use clap::Args;
use event_loop::{Ended, EventLoop};
use ipv4::Cidr;
use packet::{Device, InterfaceId};
use stack::{InterfaceConfig, Stack};
use trace::Traced;
use tun_device::Kind;

use crate::arguments::DeviceArguments;
use crate::failure::Failure;
use crate::faults::FaultArguments;
use crate::say::say;
use crate::watch::WatchArguments;

/// Attach to a device and answer, until Ctrl-C
///
/// Answers echo requests (ping) to its address. At the end it prints what it counted.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    device: DeviceArguments,

    /// The stack's own address, with the length of its network's prefix
    #[arg(long, value_name = "ADDRESS/PREFIX", default_value = "192.0.2.2/24")]
    addr: Cidr,

    /// Leave checksums and segmentation to nobody: take packets as on a wire
    #[arg(long)]
    no_offload: bool,

    #[command(flatten)]
    watch: WatchArguments,

    #[command(flatten)]
    faults: FaultArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    refuse_address_of_kernel(arguments)?;
    // A link that changes bits has to be found out by checksums that are there.
    let offload = !arguments.no_offload && !arguments.faults.any();
    let device = arguments.device.attach(Kind::Tun, |settings| settings.offload(offload))?;
    let capabilities = device.capabilities();
    let name = device.name().clone();

    let watch = arguments.watch.start(name.as_str(), capabilities.medium)?;
    let mut stack = Stack::new(watch.tracer());
    let interface = stack.add_interface(InterfaceConfig { address: arguments.addr, capabilities });
    let mut event_loop = EventLoop::new(stack)?;
    let device = arguments.faults.in_front_of(device, &watch.tracer());
    event_loop.attach(Box::new(Traced::new(device, interface, watch.tracer())))?;

    say(format_args!(
        "attached to {name}; {} answers ping; Ctrl-C ends it",
        arguments.addr.address()
    ));
    let ended = event_loop.run(|_| watch.is_over());
    print_summary(&event_loop, interface);
    watch.finish()?;
    match ended {
        Ok(Ended::BySignal | Ended::ByCondition) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Failure::of_loop(error, &name)),
    }
}

/// The kernel answers for its own addresses itself: nothing sent to one would ever reach us.
fn refuse_address_of_kernel(arguments: &Arguments) -> Result<(), Failure> {
    let address = arguments.addr.address();
    let Some(owner) = interface_of_kernel(address) else {
        return Ok(());
    };
    Err(Failure::new(format_args!(
        "{address} is the kernel's own address on {owner}, so packets to it never leave the \
         kernel; the stack takes the other end, the peer address"
    ))
    .with_remedy(format_args!(
        "strata doctor --dev {} --addr {}",
        arguments.device.dev, arguments.addr
    )))
}

/// The interface on which the kernel answers for `address`. A loopback interface answers for the
/// whole of its network.
fn interface_of_kernel(address: Ipv4Addr) -> Option<String> {
    let interfaces = nix::ifaddrs::getifaddrs().ok()?;
    interfaces.into_iter().find_map(|interface| {
        let own = interface.address?.as_sockaddr_in()?.ip();
        (own == address || (own.is_loopback() && address.is_loopback()))
            .then_some(interface.interface_name)
    })
}

fn print_summary(event_loop: &EventLoop<Stack>, interface: InterfaceId) {
    let stack = event_loop.host().counters().iter();
    let stack = stack.map(|(counter, value)| (counter.name(), value, counter.meaning()));
    let device = event_loop.counters(interface).into_iter().flat_map(|counters| {
        [
            ("device_waited", counters.waited, "frames that waited because the device was full"),
            ("device_link_down", counters.lost_link_down, "frames lost, the link was down"),
            ("device_refused", counters.lost_refused, "frames lost, the device refused them"),
        ]
    });
    let counted: Vec<_> = stack.chain(device).filter(|(_, value, _)| *value != 0).collect();
    say(if counted.is_empty() { "counters: all zero" } else { "counters:" });
    for (name, value, meaning) in counted {
        say(format_args!("  {value:>10}  {name:<26}  {meaning}"));
    }
}
