//! `strata route`: the stack as a router between several devices.

use std::fmt;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;
use ethernet::MacAddress;
use ipv4::{AddressKind, Cidr, Route};
use packet::{Capabilities, Instant, InterfaceId};
use stack::{Config, DEFAULT_HARDWARE, InterfaceConfig, Stack};
use trace::Tracer;
use tun_device::{InterfaceName, Kind};

use crate::devices::{OneOfSeveral, Ports, RanBetween};
use crate::failure::Failure;
use crate::faults::FaultArguments;
use crate::host::interface_of_kernel;
use crate::say::{Words, say};
use crate::watch::WatchArguments;

/// Route between networks: each datagram goes on to where its destination lies, one hop older
///
/// Picks the longest prefix that fits, tells senders of what it cannot deliver, and answers ping
/// on each of its addresses. Takes packets as on a wire, without offload: a superframe would have
/// to be cut first. At the end it prints what it counted.
#[derive(Args)]
#[command(
    mut_arg("faults_on", |option| option
        .hide_possible_values(true)
        .help("Which packets of the first device meet these faults: in, out or both")),
    after_help = "Example, two networks, and a third behind a router in the second:\n  \
                  strata route --dev tun0=192.0.2.2/24 --dev tun1=198.51.100.2/24 \\\n    \
                  --route 203.0.113.0/24=198.51.100.1"
)]
pub(crate) struct Arguments {
    /// A device, created if there is none, and the router's own address there; two at least
    #[arg(long = "dev", value_name = "DEVICE=ADDRESS/PREFIX", required = true)]
    interfaces: Vec<InterfaceArgument>,

    /// A network that lies behind another router, and that router's address
    #[arg(long = "route", value_name = "NETWORK/PREFIX=ROUTER")]
    routes: Vec<RouteArgument>,

    /// The router to all other networks
    #[arg(long, value_name = "ROUTER", value_parser = host)]
    gateway: Option<Ipv4Addr>,

    /// A device that is created is a TAP, which carries Ethernet frames, instead of a TUN
    #[arg(long)]
    tap: bool,

    #[command(flatten)]
    watch: WatchArguments,

    #[command(flatten)]
    faults: FaultArguments,
}

/// `tun0=192.0.2.2/24`
#[derive(Clone, Debug, PartialEq, Eq)]
struct InterfaceArgument {
    device: InterfaceName,
    address: Cidr,
}

/// `203.0.113.0/24=198.51.100.1`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RouteArgument {
    network: Cidr,
    router: Ipv4Addr,
}

const EVERYWHERE: Cidr = const { Cidr::new(Ipv4Addr::UNSPECIFIED, 0).unwrap() };

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let routes = arguments.routes()?;
    arguments.refuse_what_cannot_be()?;
    event_loop::block_signals().map_err(Failure::new)?;
    let devices: Vec<OneOfSeveral> = arguments
        .interfaces
        .iter()
        .map(|interface| arguments.attach(&interface.device))
        .collect::<Result<_, _>>()?;

    let named: Vec<_> =
        devices.iter().map(|device| (device.name.as_str(), device.kind.medium())).collect();
    let watch = arguments.watch.start_between(&named)?;
    let tracer = watch.tracer();
    let capabilities: Vec<_> = devices.iter().map(OneOfSeveral::capabilities).collect();
    let router = arguments.router(&capabilities, &routes, tracer.clone())?;
    let mut ports = Ports::new(tracer);
    for (index, device) in devices.into_iter().enumerate() {
        ports.add(device, |device| match index {
            0 => arguments.faults.in_front_of(device, &watch.fault_tracer(), Words::Output),
            _ => Box::new(device),
        });
    }
    let networks: Vec<String> = arguments.interfaces.iter().map(ToString::to_string).collect();
    say(format_args!("routes between {}; Ctrl-C ends it", networks.join(" and ")));
    let ran = ports.run(router, watch, |_| false)?;
    summarize(&ran);
    ran.finish()
}

impl Arguments {
    fn attach(&self, name: &InterfaceName) -> Result<OneOfSeveral, Failure> {
        let new = if self.tap { Kind::Tap } else { Kind::Tun };
        OneOfSeveral::attach(name, new, |settings| settings.offload(false))
    }

    /// The routes that were asked for, each with the interface in whose network its router is.
    fn routes(&self) -> Result<Vec<(Cidr, Route)>, Failure> {
        let default = self.gateway.map(|router| RouteArgument { network: EVERYWHERE, router });
        let resolve = |RouteArgument { network, router }: RouteArgument| {
            let holds = |interface: &InterfaceArgument| interface.address.contains(router);
            let index = self.interfaces.iter().position(holds).ok_or_else(|| {
                Failure::of_usage(format_args!(
                    "the router {router} is in no network of a --dev, so it cannot be reached"
                ))
            })?;
            let (interface, next_hop) = (InterfaceId(index), Some(router));
            Ok((network, Route { interface, next_hop, source: None }))
        };
        self.routes.iter().copied().chain(default).map(resolve).collect()
    }

    fn refuse_what_cannot_be(&self) -> Result<(), Failure> {
        if self.interfaces.len() < 2 {
            let why = "a router stands between networks, so it needs two --dev at least";
            return Err(Failure::of_usage(why));
        }
        for (index, InterfaceArgument { device, address }) in self.interfaces.iter().enumerate() {
            let is_twice = |before: &&InterfaceArgument| {
                before.device == *device || is_same_network(before.address, *address)
            };
            if let Some(before) = self.interfaces.iter().take(index).find(is_twice) {
                return Err(Failure::of_usage(format_args!(
                    "{before} and {device}={address} have the same device or the same network; \
                     each --dev needs its own"
                )));
            }
            if let Some(owner) = interface_of_kernel(address.address()) {
                return Err(Failure::new(format_args!(
                    "{} is the kernel's own address on {owner}, so packets to it never leave the \
                     kernel; the router takes the other end, the peer address",
                    address.address()
                ))
                .with_remedy(format_args!("strata doctor --dev {device} --addr {address}")));
            }
        }
        Ok(())
    }

    fn router(
        &self,
        capabilities: &[Capabilities],
        routes: &[(Cidr, Route)],
        tracer: Tracer,
    ) -> Result<Stack, Failure> {
        let config = Config { forwarding: true, ..Config::new(self.faults.secret()) };
        let mut router = Stack::new(config, tracer);
        for (index, (interface, &capabilities)) in
            self.interfaces.iter().zip(capabilities).enumerate()
        {
            let hardware = hardware(index);
            let config = InterfaceConfig::new(interface.address, capabilities);
            router
                .add_interface(Instant::START, InterfaceConfig { hardware, ..config })
                .map_err(Failure::new)?;
        }
        for &(network, route) in routes {
            router.routes_mut().add(network, route).map_err(Failure::new)?;
        }
        Ok(router)
    }
}

/// The MAC address of an interface on TAP: the usual one, counted on, so that no two are the same.
fn hardware(index: usize) -> MacAddress {
    let [first, second, third, fourth, fifth, last] = DEFAULT_HARDWARE.octets();
    let last = last.wrapping_add(u8::try_from(index).unwrap_or(u8::MAX));
    MacAddress::new([first, second, third, fourth, fifth, last])
}

fn is_same_network(a: Cidr, b: Cidr) -> bool {
    a.prefix_length() == b.prefix_length() && a.network() == b.network()
}

fn summarize(ran: &RanBetween<Stack>) {
    say("counters:");
    let counters = ran.host().counters().iter();
    for (counter, value) in counters.filter(|(_, value)| *value != 0) {
        say(format_args!("  {value:>10}  {:<26}  {}", counter.name(), counter.meaning()));
    }
    for (name, counters) in ran.counters() {
        for (value, what) in [
            (counters.waited, "frames that waited because the device was full"),
            (counters.lost_link_down, "frames lost, the link was down"),
            (counters.lost_refused, "frames lost, the device refused them"),
        ] {
            if value != 0 {
                say(format_args!("  {value:>10}  {name:<26}  {what}"));
            }
        }
    }
}

impl fmt::Display for InterfaceArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.device, self.address)
    }
}

impl FromStr for InterfaceArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "not a device and an address there, such as tun0=192.0.2.2/24";
        let (device, address) = text.split_once('=').ok_or(wrong)?;
        let address: Cidr = address.parse().map_err(|error| format!("{error}"))?;
        if address.prefix_length() > 30 {
            return Err("a network has room for two hosts at least: a prefix of 30 or less".into());
        }
        host(&address.address().to_string())?;
        Ok(Self { device: device.parse().map_err(|error| format!("{error}"))?, address })
    }
}

impl FromStr for RouteArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "not a network and a router, such as 203.0.113.0/24=198.51.100.1";
        let (network, router) = text.split_once('=').ok_or(wrong)?;
        let network: Cidr = network.parse().map_err(|error| format!("{error}"))?;
        if network.network() != network.address() {
            let meant = (network.network(), network.prefix_length());
            return Err(format!("{network} is no network; meant is {}/{}?", meant.0, meant.1));
        }
        Ok(Self { network, router: host(router)? })
    }
}

fn host(text: &str) -> Result<Ipv4Addr, String> {
    let address = text.parse().map_err(|_| format!("'{text}' is not an IPv4 address"))?;
    match AddressKind::of(address) {
        AddressKind::Unicast => Ok(address),
        _ => Err(format!("{address} is not the address of a host on a network")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_and_a_route_are_read_or_refused_with_what_would_be_right() {
        let interface: InterfaceArgument = "tun0=192.0.2.2/24".parse().unwrap();
        assert_eq!(interface.to_string(), "tun0=192.0.2.2/24");
        for (wrong, why) in [
            ("tun0", "such as tun0=192.0.2.2/24"),
            ("tun0=192.0.2.2", "30 or less"),
            ("tun0=192.0.2.256/24", "192.0.2.256/24"),
            ("tun0=224.0.0.1/24", "not the address of a host"),
            ("sixteen-letters-=192.0.2.2/24", "15"),
        ] {
            let refused = wrong.parse::<InterfaceArgument>().unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
        assert!("203.0.113.0/24=198.51.100.1".parse::<RouteArgument>().is_ok());
        for (wrong, why) in [
            ("203.0.113.0/24", "such as 203.0.113.0/24=198.51.100.1"),
            ("203.0.113.7/24=198.51.100.1", "meant is 203.0.113.0/24?"),
            ("203.0.113.0/24=127.0.0.1", "not the address of a host"),
        ] {
            let refused = wrong.parse::<RouteArgument>().unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }

    #[test]
    fn each_interface_has_a_mac_address_of_its_own() {
        assert_eq!(hardware(0), DEFAULT_HARDWARE);
        assert_eq!(hardware(3).octets(), [0x02, 0x00, 0x5e, 0x00, 0x02, 0x05]);
    }
}
