//! Asks the system for the facts. Nothing here changes anything; opening `/dev/net/tun` alone
//! makes no device and attaches to none.

mod holders;
mod ip;
mod nft;
mod user;

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::facts::{Beyond, Facts, Link, Node, PackageManager, Ping, ReversePathFilter};
use crate::question::Question;

pub(crate) use ip::statistics;

const NODE: &str = "/dev/net/tun";
/// How Linux numbers character device 10:200.
const NODE_NUMBER: u64 = (10 << 8) | 200;

/// Everything but the ping.
pub(crate) fn facts(question: &Question) -> Facts {
    let device = question.device.as_str();
    let links = ip::links();
    let named = |name: &str| links.as_ref()?.iter().find(|link| link.name == name);
    let link = named(device);
    let network_device = link.and_then(|link| link.bridge.as_deref()).unwrap_or(device);
    let network_link = named(network_device);
    Facts {
        user: user::user(),
        has_iproute: links.is_some(),
        package_manager: package_manager(),
        node: node(),
        local_table: ip::local_table(),
        route: ip::route_to(question.address),
        accepts_reply: network_link
            .and_then(|link| kernel_end(link, question.address))
            .map(|kernel| ip::input_route(question.address, kernel, network_device)),
        reverse_path_filter: ReversePathFilter {
            all: setting("ipv4", "all", "rp_filter").unwrap_or(0),
            device: setting("ipv4", network_device, "rp_filter").unwrap_or(0),
        },
        sysfs_index: number(&format!("/sys/class/net/{device}/ifindex")),
        speaks_ipv6: setting("ipv6", device, "disable_ipv6") == Some(0_u8),
        holders: match link {
            Some(link) if link.has_carrier => holders::holders(device),
            _ => Vec::new(),
        },
        nonlocal_bind: number("/proc/sys/net/ipv4/ip_nonlocal_bind") == Some(1_u8),
        beyond: question.beyond.map(|beyond| Beyond {
            forwards: setting("ipv4", network_device, "forwarding") == Some(1),
            route: ip::route_to(beyond),
            firewall: nft::firewall(),
        }),
        ping: None,
        links: links.unwrap_or_default(),
    }
}

/// As [`facts`], with a ping if it is sure to leave by the device. Up to two are sent, a second
/// apart, since a link may be lossy on purpose.
pub(crate) fn facts_with_ping(question: &Question) -> Facts {
    let mut facts = facts(question);
    let carries = facts.link(&question.device).is_some_and(|link| link.is_up && link.has_carrier);
    let network_device = facts.network_device(&question.device);
    let leads_here = facts.route.as_ref().is_ok_and(|route| route.device == network_device);
    if carries && leads_here && facts.local_route(question.address).is_none() {
        facts.ping = Some(ping(question.address, &["-c", "1", "-w", "2"]));
    }
    facts
}

/// Runs the kernel's `ping`.
pub(crate) fn ping(address: Ipv4Addr, options: &[&str]) -> Ping {
    let output = match run("ping", &[options, &[&address.to_string()]].concat()) {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ping::NotInstalled,
        Err(error) => return Ping::CouldNotSend(error.to_string()),
    };
    match output.status.code() {
        Some(0) => Ping::Answered,
        Some(1) => Ping::NoAnswer,
        _ => Ping::CouldNotSend(last_line(&output.stderr)),
    }
}

/// The state of the kernel's neighbour entry for `address`, if there is one.
pub(crate) fn neighbour_state(address: Ipv4Addr, device: &str) -> Option<String> {
    ip::neighbour_state(address, device)
}

fn node() -> Node {
    match fs::metadata(NODE) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Node::Missing,
        Err(error) => return Node::Refused(error.to_string()),
        Ok(metadata) => {
            if !metadata.file_type().is_char_device() || metadata.rdev() != NODE_NUMBER {
                return Node::AnotherFile;
            }
        }
    }
    match File::options().read(true).write(true).open(NODE) {
        Ok(_) => Node::Opens,
        Err(error) => refusal(&error),
    }
}

fn refusal(error: &io::Error) -> Node {
    const ENXIO: i32 = 6;
    const EACCES: i32 = 13;
    const ENODEV: i32 = 19;
    let mode = fs::metadata(NODE).map_or(0, |metadata| metadata.mode() & 0o777);
    match error.raw_os_error() {
        Some(ENXIO | ENODEV) => Node::NoDriver,
        // Everybody may read and write it by its mode, so it is the file system (`nodev`).
        Some(EACCES) if mode & 0o666 == 0o666 => Node::Refused(error.to_string()),
        Some(EACCES) => Node::NoPermission { mode },
        _ => Node::Refused(error.to_string()),
    }
}

/// The kernel's address to which the stack's answers go.
fn kernel_end(link: &Link, stack: Ipv4Addr) -> Option<Ipv4Addr> {
    let faces = link.addresses.iter().find(|address| address.subnet_holds(stack));
    faces.or(link.addresses.first()).map(|address| address.local)
}

fn setting(family: &str, device: &str, name: &str) -> Option<u8> {
    number(&format!("/proc/sys/net/{family}/conf/{device}/{name}"))
}

fn number<T: std::str::FromStr>(path: &str) -> Option<T> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn package_manager() -> Option<PackageManager> {
    let known = [
        ("apt-get", PackageManager::Apt),
        ("dnf", PackageManager::Dnf),
        ("pacman", PackageManager::Pacman),
        ("apk", PackageManager::Apk),
    ];
    let folders = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];
    let is_there = |program| folders.iter().any(|folder| Path::new(folder).join(program).exists());
    known.into_iter().find(|&(program, _)| is_there(program)).map(|(_, manager)| manager)
}

/// Runs `program`, also if it stands where only root's PATH leads, with messages in English.
fn run(program: &str, arguments: &[&str]) -> io::Result<Output> {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    Command::new(program)
        .args(arguments)
        .env("PATH", path)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
}

/// What a program said last, without its own name for the kernel's answer.
fn last_line(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no reason given");
    line.trim_start_matches("RTNETLINK answers: ").to_owned()
}
