//! What must be on the machine before there is any device: `ip`, and `/dev/net/tun`.

use super::{Rule, failed};
use crate::facts::{Facts, Node, PackageManager};
use crate::question::Question;
use crate::report::{Outcome, Remedy};

pub(super) const IPROUTE: Rule = Rule {
    expectation: |_| "the program ip is installed".to_owned(),
    judge: |facts, _| {
        if facts.has_iproute {
            return Outcome::Ok(None);
        }
        failed(
            "the program ip (of iproute2) is missing".to_owned(),
            "it sets up interfaces and routes, and tells doctor about them",
            install(facts, Package::Iproute),
        )
    },
};

pub(super) const EXISTS: Rule = Rule {
    expectation: |_| "/dev/net/tun exists".to_owned(),
    judge: |facts, _| match facts.node {
        Node::Missing => failed(
            "/dev/net/tun does not exist".to_owned(),
            "a program opens this node to attach to an interface",
            make_node(facts, "mkdir -p /dev/net"),
        ),
        Node::AnotherFile => failed(
            "/dev/net/tun is not the tun driver's node".to_owned(),
            "the driver is reached through the character device 10:200",
            make_node(facts, "mv /dev/net/tun /dev/net/not-tun"),
        ),
        _ => Outcome::Ok(None),
    },
};

pub(super) const OPENS: Rule =
    Rule { expectation: |_| "/dev/net/tun can be opened".to_owned(), judge: opens };

fn opens(facts: &Facts, _: &Question) -> Outcome {
    match &facts.node {
        Node::NoPermission { mode } => failed(
            format!("/dev/net/tun cannot be opened: its mode is {mode:04o} (EACCES)"),
            "the node's own mode decides who may open it; who owns the interface comes later",
            make_accessible(facts),
        ),
        Node::NoDriver => failed(
            "/dev/net/tun has no driver behind it".to_owned(),
            "the kernel's module tun is not loaded",
            Remedy::here(facts.as_root(&["modprobe tun".to_owned()])),
        ),
        Node::Refused(error) => failed(
            format!("/dev/net/tun cannot be opened: {error}"),
            "the system forbids it whatever the node's mode is; a container has to be started \
             with this device (docker run --device /dev/net/tun --cap-add NET_ADMIN ...)",
            None,
        ),
        Node::Opens | Node::Missing | Node::AnotherFile => Outcome::Ok(None),
    }
}

fn make_node(facts: &Facts, first: &str) -> Option<Remedy> {
    let make = "mknod -m 0666 /dev/net/tun c 10 200";
    Remedy::here(facts.as_root(&[first.to_owned(), make.to_owned()]))
}

/// Root of a user namespace may not change a node that the machine's root owns.
fn make_accessible(facts: &Facts) -> Option<Remedy> {
    let command = "chmod 0666 /dev/net/tun".to_owned();
    if facts.user.in_user_namespace {
        return Remedy::at("outside, in an ordinary terminal", format!("sudo {command}"));
    }
    Remedy::here(facts.as_root(&[command]))
}

/// A package that doctor may ask for.
#[derive(Clone, Copy)]
pub(super) enum Package {
    Iproute,
    Ping,
}

/// The command that installs `package`.
pub(super) fn install(facts: &Facts, package: Package) -> Option<Remedy> {
    let commands: &[&str] = match (facts.package_manager?, package) {
        (PackageManager::Apt, Package::Iproute) => {
            &["apt-get update", "apt-get install -y iproute2"]
        }
        (PackageManager::Apt, Package::Ping) => {
            &["apt-get update", "apt-get install -y iputils-ping"]
        }
        (PackageManager::Dnf, Package::Iproute) => &["dnf install -y iproute"],
        (PackageManager::Dnf, Package::Ping) => &["dnf install -y iputils"],
        (PackageManager::Pacman, Package::Iproute) => &["pacman -S --noconfirm iproute2"],
        (PackageManager::Pacman, Package::Ping) => &["pacman -S --noconfirm iputils"],
        (PackageManager::Apk, Package::Iproute) => &["apk add iproute2"],
        (PackageManager::Apk, Package::Ping) => &["apk add iputils"],
    };
    let commands: Vec<String> = commands.iter().map(|&command| command.to_owned()).collect();
    Remedy::here(facts.as_root(&commands))
}
