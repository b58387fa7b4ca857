//! The stack on a device: what every command that runs it has in common.

use std::net::Ipv4Addr;
use std::process::ExitCode;

use clap::Args;
use ethernet::MacAddress;
use event_loop::{Descriptors, Ended, EventLoop, Outside, PollableDevice};
use ipv4::Cidr;
use packet::{Capabilities, Device, Host, Instant, InterfaceId};
use stack::{Config, Counter, DEFAULT_HARDWARE, InterfaceConfig, Stack};
use trace::{Traced, Tracer};
use tun_device::{InterfaceName, Kind};

use crate::arguments::DeviceArguments;
use crate::failure::Failure;
use crate::faults::FaultArguments;
use crate::say::Words;
use crate::watch::{Watch, WatchArguments};

/// The stack's only interface.
pub(crate) const INTERFACE: InterfaceId = InterfaceId(0);

/// Where the stack attaches, who it is there, and how it is watched.
#[derive(Args)]
pub(crate) struct HostArguments {
    #[command(flatten)]
    device: DeviceArguments,

    /// The stack's own address, with the length of its network's prefix
    #[arg(long, value_name = "ADDRESS/PREFIX", default_value = "192.0.2.2/24")]
    addr: Cidr,

    /// The stack's MAC address, on TAP
    #[arg(long, value_name = "ADDRESS", requires = "tap", default_value_t = DEFAULT_HARDWARE)]
    mac: MacAddress,

    /// The router to other networks; without it, on TUN, they are at the other end
    #[arg(long, value_name = "ADDRESS")]
    gateway: Option<Ipv4Addr>,

    /// On TAP, ask first whether another host has the address, and defend it from then on; that
    /// takes some seconds (RFC 5227)
    #[arg(long, requires = "tap")]
    claim: bool,

    /// Leave checksums and segmentation to nobody: take packets as on a wire
    #[arg(long)]
    no_offload: bool,

    #[command(flatten)]
    pub(crate) watch: WatchArguments,

    #[command(flatten)]
    pub(crate) faults: FaultArguments,
}

/// A device that is attached, and those who watch it.
pub(crate) struct Attached {
    pub(crate) name: InterfaceName,
    kind: Kind,
    device: Box<dyn PollableDevice>,
    watch: Watch,
}

/// A host that has run, and how that ended.
pub(crate) struct Ran<H> {
    pub(crate) event_loop: EventLoop<H>,
    ended: Result<Ended, event_loop::Error>,
    name: InterfaceName,
    kind: Kind,
    watch: Watch,
}

impl HostArguments {
    /// Since when or from when on the address answers, in words.
    pub(crate) const fn readiness(&self) -> &'static str {
        if self.claim {
            "answers ping as soon as it is sure that nobody else has the address"
        } else {
            "answers ping"
        }
    }

    /// The stack's own address.
    pub(crate) const fn address(&self) -> Ipv4Addr {
        self.addr.address()
    }

    /// That another host has our address, if one has: then we must not use it.
    pub(crate) fn lost_address(&self, stack: &Stack) -> Option<Failure> {
        let is_lost = stack.counters().value(Counter::AddressLost) > 0;
        is_lost.then(|| {
            let (address, device) = (self.address(), self.device.name());
            Failure::new(format_args!("another host has {address}, so it is not used any more"))
                .with_remedy(format_args!("arping -D -c 3 -I {device} {address}"))
        })
    }

    /// Attaches to the device, and makes a stack for it. What is to be told of it goes where
    /// `words` says.
    pub(crate) fn attach(&self, words: Words) -> Result<(Stack, Attached), Failure> {
        event_loop::block_signals().map_err(Failure::new)?;
        self.refuse_address_of_kernel()?;
        // A link that changes bits has to be found out by checksums that are there.
        let offload = !self.no_offload && !self.faults.any();
        let kind = self.device.kind();
        let device = self.device.attach(kind, |settings| settings.offload(offload))?;
        let name = device.name().clone();
        let capabilities = device.capabilities();
        let watch = self.watch.start(name.as_str(), capabilities.medium, words)?;
        let tracer = watch.tracer();
        let stack = self.stack(capabilities, &tracer)?;
        let device = self.faults.in_front_of(device, &tracer, words);
        let device = Box::new(Traced::new(device, INTERFACE, tracer));
        Ok((stack, Attached { name, kind, device, watch }))
    }

    fn stack(&self, capabilities: Capabilities, tracer: &Tracer) -> Result<Stack, Failure> {
        let mut stack = Stack::new(Config::new(self.faults.secret()), tracer.clone());
        let mut config = InterfaceConfig::new(self.addr, capabilities);
        config.hardware = self.mac;
        config.arp.claim = self.claim.then_some(arp::Defence::Once);
        let interface = stack.add_interface(Instant::START, config).map_err(Failure::new)?;
        if !self.device.tap || self.gateway.is_some() {
            stack.add_default_route(interface, self.gateway).map_err(Failure::new)?;
        }
        Ok(stack)
    }

    /// The kernel answers for its own addresses itself: nothing sent to one would ever reach us.
    fn refuse_address_of_kernel(&self) -> Result<(), Failure> {
        let address = self.address();
        let Some(owner) = interface_of_kernel(address) else {
            return Ok(());
        };
        let device = self.device.name();
        let tap = if self.device.tap { " --tap" } else { "" };
        Err(Failure::new(format_args!(
            "{address} is the kernel's own address on {owner}, so packets to it never leave the \
             kernel; the stack takes the other end, the peer address"
        ))
        .with_remedy(format_args!("strata doctor --dev {device}{tap} --addr {}", self.addr)))
    }
}

/// The interface on which the kernel answers for `address`. A loopback interface answers for the
/// whole of its network.
pub(crate) fn interface_of_kernel(address: Ipv4Addr) -> Option<String> {
    let interfaces = nix::ifaddrs::getifaddrs().ok()?;
    interfaces.into_iter().find_map(|interface| {
        let own = interface.address?.as_sockaddr_in()?.ip();
        (own == address || (own.is_loopback() && address.is_loopback()))
            .then_some(interface.interface_name)
    })
}

impl Attached {
    /// Runs `host` on the device until Ctrl-C, or until it `is_over`.
    pub(crate) fn run<H: Host>(
        self,
        host: H,
        mut is_over: impl FnMut(&H) -> bool,
    ) -> Result<Ran<H>, Failure> {
        let Self { name, kind, device, watch } = self;
        let mut event_loop = EventLoop::new(host)?;
        event_loop.attach(device)?;
        let ended = event_loop.run(|host| watch.is_over() || is_over(host));
        Ok(Ran { event_loop, ended, name, kind, watch })
    }

    /// As [`Attached::run`], with something outside of the host, which is made for the loop's
    /// descriptors and comes back in the end.
    pub(crate) fn run_with<H: Host, O: Outside<H>>(
        self,
        host: H,
        outside: impl FnOnce(Descriptors) -> Result<O, Failure>,
        mut is_over: impl FnMut(&H, &O) -> bool,
    ) -> Result<(Ran<H>, O), Failure> {
        let Self { name, kind, device, watch } = self;
        let mut event_loop = EventLoop::new(host)?;
        event_loop.attach(device)?;
        let mut outside = outside(event_loop.descriptors())?;
        let ended = event_loop
            .run_with(&mut outside, |host, outside| watch.is_over() || is_over(host, outside));
        Ok((Ran { event_loop, ended, name, kind, watch }, outside))
    }
}

impl<H: Host> Ran<H> {
    /// What the event loop counted at the device.
    pub(crate) fn device_counters(&self) -> event_loop::Counters {
        self.event_loop.counters(INTERFACE).copied().unwrap_or_default()
    }

    /// Ends the recording, and says what went wrong. `status` if nothing did.
    pub(crate) fn finish(self, status: ExitCode) -> Result<ExitCode, Failure> {
        let Self { ended, name, kind, watch, .. } = self;
        watch.finish()?;
        match ended {
            Ok(Ended::BySignal | Ended::ByCondition) => Ok(status),
            Err(error) => Err(Failure::of_loop(error, &name, kind)),
        }
    }
}
