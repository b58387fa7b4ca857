//! All that the doctor looks at, as it was at one moment. `collect` fills it in; nothing here
//! asks the system, so that the checks can be tried on a system that was made up.

use std::net::Ipv4Addr;

use crate::firewall::Firewall;
use crate::question::{prefix_mask, shell_word};

/// The state of the machine, as far as it concerns one device.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) user: User,
    /// Whether `ip` is there and is iproute2's (another one has no JSON).
    pub(crate) has_iproute: bool,
    /// The machine's package manager, if it is one that we know.
    pub(crate) package_manager: Option<PackageManager>,
    pub(crate) node: Node,
    /// Every interface of this network namespace.
    pub(crate) links: Vec<Link>,
    /// The kernel's own addresses.
    pub(crate) local_table: Vec<LocalRoute>,
    /// How the kernel would send to the stack's address, or its error.
    pub(crate) route: Result<Route, String>,
    /// Whether the kernel would take a packet from the stack's address by the device, or its
    /// error. `None` if the kernel has no address there that such a packet could be for.
    pub(crate) accepts_reply: Option<Result<(), String>>,
    pub(crate) reverse_path_filter: ReversePathFilter,
    /// The device's index by `/sys`, if `/sys` shows such a device.
    pub(crate) sysfs_index: Option<u32>,
    /// Whether the kernel speaks IPv6 on the device.
    pub(crate) speaks_ipv6: bool,
    /// The programs attached to the device, as far as this user may see them.
    pub(crate) holders: Vec<Holder>,
    /// Whether programs may bind to addresses that are nobody's own here.
    pub(crate) nonlocal_bind: bool,
    /// The way on, if the question names a host beyond the kernel.
    pub(crate) beyond: Option<Beyond>,
    /// What became of a ping. `None` if none was sent, since it could not have left by the device.
    pub(crate) ping: Option<Ping>,
}

/// The kernel as a router between the device and a host beyond.
#[derive(Clone, Debug)]
pub(crate) struct Beyond {
    /// Whether the kernel passes on what comes by the device.
    pub(crate) forwards: bool,
    /// How it would send there, or its error.
    pub(crate) route: Result<Route, String>,
    /// `None` if this user may not look at it.
    pub(crate) firewall: Option<Firewall>,
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: u32,
    pub(crate) groups: Vec<u32>,
    /// As `ip tuntap` takes it after `user`: for a person who came by `sudo`, that person.
    pub(crate) name: String,
    /// Whether commands need no `sudo` in front.
    pub(crate) is_root: bool,
    /// Whether it has CAP_NET_ADMIN, which opens every device to it.
    pub(crate) administers_network: bool,
    /// Whether its root is root in a user namespace only.
    pub(crate) in_user_namespace: bool,
}

/// A program that installs others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PackageManager {
    Apt,
    Dnf,
    Pacman,
    Apk,
}

/// What is at `/dev/net/tun`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Opens,
    Missing,
    /// Something else than character device 10:200.
    AnotherFile,
    /// EACCES, with the node's mode (its last nine bits).
    NoPermission {
        mode: u32,
    },
    /// ENODEV or ENXIO: no driver stands behind it.
    NoDriver,
    /// Another error, in the system's words.
    Refused(String),
}

/// A network interface.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) index: u32,
    /// The driver's word: `tun`, `tap`, `veth`, ...
    pub(crate) kind: String,
    pub(crate) is_up: bool,
    /// LOWER_UP: some program is attached.
    pub(crate) has_carrier: bool,
    /// Bytes.
    pub(crate) mtu: u32,
    pub(crate) is_multi_queue: bool,
    /// Whether it stays when no program is attached.
    pub(crate) is_persistent: bool,
    /// The bridge that it is a port of, if it is one.
    pub(crate) bridge: Option<String>,
    pub(crate) owner: Option<Principal>,
    pub(crate) group: Option<Principal>,
    pub(crate) addresses: Vec<Address>,
}

/// A user or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    pub(crate) id: u32,
    pub(crate) name: String,
}

/// An IPv4 address on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) local: Ipv4Addr,
    pub(crate) peer: Option<Ipv4Addr>,
    pub(crate) prefix_length: u8,
}

/// A row of the local table: addresses that the kernel takes as its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalRoute {
    pub(crate) is_broadcast: bool,
    pub(crate) first: Ipv4Addr,
    pub(crate) prefix_length: u8,
    pub(crate) device: String,
}

/// A route that the kernel chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) device: String,
    /// Set if it is not from the main table, that is if a rule led elsewhere.
    pub(crate) table: Option<String>,
}

/// `rp_filter`: 0 off, 1 strict, 2 loose. The greater of the two counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReversePathFilter {
    pub(crate) all: u8,
    pub(crate) device: u8,
}

/// A process that is attached to the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) process: u32,
    pub(crate) user: u32,
    /// Its arguments, the first of them the program.
    pub(crate) arguments: Vec<String>,
}

/// What became of a ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ping {
    Answered,
    NoAnswer,
    /// There is no such program.
    NotInstalled,
    /// The program could not send it, in its words.
    CouldNotSend(String),
}

impl Facts {
    /// The interface of that name.
    pub(crate) fn link(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }

    /// Where the addresses and routes of `device` stand: at the bridge, if it is a port of one.
    pub(crate) fn network_device<'a>(&'a self, device: &'a str) -> &'a str {
        let bridge = self.link(device).and_then(|link| link.bridge.as_deref());
        bridge.unwrap_or(device)
    }

    /// The row of the local table that holds `address`, if one does.
    pub(crate) fn local_route(&self, address: Ipv4Addr) -> Option<&LocalRoute> {
        self.local_table.iter().filter(|row| row.holds(address)).max_by_key(|row| row.prefix_length)
    }

    /// `commands`, one after the other, as root types them or as somebody else does.
    pub(crate) fn as_root(&self, commands: &[String]) -> String {
        let sudo = if self.user.is_root { "" } else { "sudo " };
        let typed: Vec<String> =
            commands.iter().map(|command| format!("{sudo}{command}")).collect();
        typed.join(" && ")
    }
}

impl LocalRoute {
    fn holds(&self, address: Ipv4Addr) -> bool {
        same_prefix(self.first, address, self.prefix_length)
    }
}

impl Address {
    /// Whether `address` is of the subnet that this one names.
    pub(crate) fn subnet_holds(&self, address: Ipv4Addr) -> bool {
        same_prefix(self.peer.unwrap_or(self.local), address, self.prefix_length)
    }

    /// As `ip addr add` and `ip addr del` take it.
    pub(crate) fn in_words(&self) -> String {
        match self.peer {
            None => format!("{}/{}", self.local, self.prefix_length),
            Some(peer) if self.prefix_length == 32 => format!("{} peer {peer}", self.local),
            Some(peer) => format!("{} peer {peer}/{}", self.local, self.prefix_length),
        }
    }
}

impl ReversePathFilter {
    /// The value that counts.
    pub(crate) fn in_force(self) -> u8 {
        self.all.max(self.device)
    }
}

impl Holder {
    /// Whether it is `strata serve`, which answers pings.
    pub(crate) fn is_strata_serve(&self) -> bool {
        let mut arguments = self.arguments.iter();
        let program = arguments.next().map_or("", |path| path.rsplit('/').next().unwrap_or(path));
        program == "strata" && arguments.any(|argument| argument == "serve")
    }

    /// For a sentence. Another process chose these words, so what a terminal would act on is
    /// made harmless.
    pub(crate) fn in_words(&self) -> String {
        let words: Vec<String> = self.arguments.iter().map(|word| shell_word(word)).collect();
        let line = words.join(" ");
        let harmless = line.chars().map(|c| if c.is_control() { '?' } else { c });
        let shown: String = harmless.take(LONGEST_COMMAND_LINE).collect();
        format!("process {} ({shown})", self.process)
    }
}

/// How much of another process's command line is shown, in characters.
const LONGEST_COMMAND_LINE: usize = 100;

fn same_prefix(a: Ipv4Addr, b: Ipv4Addr, prefix_length: u8) -> bool {
    (u32::from(a) ^ u32::from(b)) & prefix_mask(prefix_length) == 0
}

#[cfg(test)]
pub(crate) mod examples {
    use super::*;

    /// A machine on which `strata serve` runs on tun0 and answers.
    pub(crate) fn healthy() -> Facts {
        let ada = || Principal { id: 1000, name: "ada".to_owned() };
        let [kernel, stack] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().unwrap());
        let address = Address { local: kernel, peer: Some(stack), prefix_length: 32 };
        let local = LocalRoute {
            is_broadcast: false,
            first: kernel,
            prefix_length: 32,
            device: "tun0".to_owned(),
        };
        let lo = Link {
            name: "lo".to_owned(),
            index: 1,
            kind: "plain".to_owned(),
            is_up: true,
            has_carrier: true,
            mtu: 65_536,
            is_multi_queue: false,
            is_persistent: false,
            bridge: None,
            owner: None,
            group: None,
            addresses: Vec::new(),
        };
        let tun0 = Link {
            name: "tun0".to_owned(),
            index: 2,
            kind: "tun".to_owned(),
            mtu: 1500,
            is_persistent: true,
            owner: Some(ada()),
            addresses: vec![address],
            ..lo.clone()
        };
        Facts {
            user: User {
                id: ada().id,
                groups: vec![5],
                name: ada().name,
                is_root: true,
                administers_network: true,
                in_user_namespace: false,
            },
            has_iproute: true,
            package_manager: Some(PackageManager::Apt),
            node: Node::Opens,
            links: vec![lo, tun0],
            local_table: vec![local],
            route: Ok(Route { device: "tun0".to_owned(), table: None }),
            accepts_reply: Some(Ok(())),
            reverse_path_filter: ReversePathFilter { all: 0, device: 0 },
            sysfs_index: Some(2),
            speaks_ipv6: false,
            holders: vec![Holder {
                process: 42,
                user: ada().id,
                arguments: ["strata", "serve"].map(str::to_owned).to_vec(),
            }],
            nonlocal_bind: false,
            beyond: None,
            ping: Some(Ping::Answered),
        }
    }
}
