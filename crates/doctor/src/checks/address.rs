//! The addresses at both ends of the device.

use std::net::Ipv4Addr;

use super::{Rule, failed, warning};
use crate::facts::{Address, Facts, Link, LocalRoute};
use crate::question::{DEFAULT_ADDRESS, Kind, Question, shell_word};
use crate::report::{Outcome, Remedy};

pub(super) const PRESENT: Rule = Rule {
    expectation: |question| format!("{} has an IPv4 address", question.device),
    judge: |facts, question| match facts.link(&question.device) {
        Some(link) if link.addresses.is_empty() => failed(
            format!("{} has no IPv4 address", link.name),
            "the kernel needs one for its own end, and the route to the stack comes with it",
            Remedy::here(facts.as_root(&[add(question)])),
        ),
        Some(link) => {
            let words: Vec<String> = link.addresses.iter().map(Address::in_words).collect();
            Outcome::Ok(Some(words.join(", ")))
        }
        None => Outcome::NotReached,
    },
};

pub(super) const NOT_THE_KERNELS: Rule = Rule {
    expectation: |question| format!("{} is not the kernel's own address", question.address),
    judge: not_the_kernels,
};

fn not_the_kernels(facts: &Facts, question: &Question) -> Outcome {
    let Some(row) = facts.local_route(question.address) else { return Outcome::Ok(None) };
    if row.is_broadcast {
        return failed(
            format!("{} is a broadcast address on {}", question.address, row.device),
            "it names all hosts of a subnet, so no single one can have it",
            other_address(facts, question),
        );
    }
    failed(
        format!("{} is the kernel's own address, on {}", question.address, row.device),
        format!(
            "the kernel answers for it by way of lo, so no packet for it ever comes to {}; \
             the stack is the other end",
            question.device
        ),
        split(facts, question, row)
            .or_else(|| give_it_up(facts, question, row))
            .or_else(|| other_address(facts, question)),
    )
}

/// If the address is at the other end of the same wire, which is on this host too: each end's
/// address leaves the table local, so that the kernel sends to it.
fn split(facts: &Facts, question: &Question, row: &LocalRoute) -> Option<Remedy> {
    let here = facts.link(&question.device)?;
    let there = facts.link(&row.device).filter(|there| there.name != here.name)?;
    let ours = here.addresses.iter().find(|address| address.peer == Some(question.address))?;
    there.addresses.iter().find(|address| address.peer == Some(ours.local))?;
    let delete = |address: Ipv4Addr, link: &Link| {
        format!("ip route del local {address} dev {} table local", shell_word(&link.name))
    };
    let mut commands = vec![delete(question.address, there)];
    if facts.local_route(ours.local).is_some() {
        commands.push(delete(ours.local, here));
    }
    Remedy::here(facts.as_root(&commands))
}

/// If the stack's address was put on its device by mistake, the kernel's takes its place.
fn give_it_up(facts: &Facts, question: &Question, row: &LocalRoute) -> Option<Remedy> {
    let link = facts.link(&question.device).filter(|link| link.name == row.device)?;
    let mistaken = link
        .addresses
        .iter()
        .find(|address| address.local == question.address && peer_of_another(address).is_none())?;
    Remedy::here(facts.as_root(&[delete(mistaken, link), add(question)]))
}

/// An address for the stack that the kernel does not have.
fn other_address(facts: &Facts, question: &Question) -> Option<Remedy> {
    let link = facts.link(&question.device)?;
    let peers = link.addresses.iter().filter_map(peer_of_another);
    let mut candidates = peers.chain([DEFAULT_ADDRESS]).chain(question.neighbours());
    let address = candidates.find(|&address| facts.local_route(address).is_none())?;
    let retry = question.strata_for("doctor", question.kind, address);
    Remedy::at("here; the other commands of strata need the same --addr", retry)
}

/// `A peer A` names nobody else.
fn peer_of_another(address: &Address) -> Option<Ipv4Addr> {
    address.peer.filter(|&peer| peer != address.local)
}

pub(super) const PEER: Rule = Rule {
    expectation: |question| match question.kind {
        Kind::Tun => format!("{} has the peer {}", question.device, question.address),
        Kind::Tap => format!("{} shares a subnet with {}", question.device, question.address),
    },
    judge: |facts, question| match (facts.link(&question.device), question.kind) {
        (None, _) => Outcome::NotReached,
        (Some(link), Kind::Tun) => peer(facts, question, link),
        (Some(link), Kind::Tap) => subnet(facts, question, link),
    },
};

/// Without the peer packets pass only if some route happens to lead here.
fn peer(facts: &Facts, question: &Question, link: &Link) -> Outcome {
    if link.addresses.iter().any(|address| address.peer == Some(question.address)) {
        return Outcome::Ok(None);
    }
    let Some(first) = link.addresses.first() else { return Outcome::NotReached };
    let what = match first.peer {
        Some(peer) => format!("the peer on {} is {peer}, not {}", link.name, question.address),
        None => format!("{} has {}, without a peer", link.name, first.in_words()),
    };
    let remedy = Remedy::here(facts.as_root(&[delete(first, link), add_beside(first, question)]));
    if !leads_here(facts, question) {
        return failed(what, "no route leads to the stack: the peer is what makes one", remedy);
    }
    let why = "a TUN device has one other end, but the kernel now takes a whole subnet to be there";
    warning(what, why, remedy)
}

/// On Ethernet the kernel asks by ARP for every address of its subnet.
fn subnet(facts: &Facts, question: &Question, link: &Link) -> Outcome {
    let shared = link.addresses.iter().any(|address| address.subnet_holds(question.address));
    if shared || leads_here(facts, question) {
        return Outcome::Ok(None);
    }
    failed(
        format!("no address on {} shares a subnet with {}", link.name, question.address),
        "the kernel asks by ARP only for addresses of its own subnets",
        Remedy::here(facts.as_root(&[add(question)])),
    )
}

fn leads_here(facts: &Facts, question: &Question) -> bool {
    facts.route.as_ref().is_ok_and(|route| route.device == question.device)
}

fn add(question: &Question) -> String {
    add_for(question.kernel_address(), question)
}

/// As [`add`], with the kernel's address as it stands already.
fn add_beside(present: &Address, question: &Question) -> String {
    add_for(present.local, question)
}

fn add_for(kernel: Ipv4Addr, question: &Question) -> String {
    let device = shell_word(&question.device);
    match question.kind {
        Kind::Tun => format!("ip addr add {kernel} peer {} dev {device}", question.address),
        Kind::Tap => format!("ip addr add {kernel}/{} dev {device}", question.prefix_length),
    }
}

fn delete(address: &Address, link: &Link) -> String {
    format!("ip addr del {} dev {}", address.in_words(), shell_word(&link.name))
}

pub(super) const BINDABLE: Rule = Rule {
    expectation: |question| {
        format!("programs can bind to the kernel's address on {}", question.device)
    },
    judge: bindable,
};

/// In the lab with both ends on one host the address is the kernel's own only for what comes in.
fn bindable(facts: &Facts, question: &Question) -> Outcome {
    let link = facts.link(&question.device);
    let is_split = |address: &&Address| facts.local_route(address.local).is_none();
    let split = link.into_iter().flat_map(|link| &link.addresses).find(is_split);
    match split {
        Some(address) if !facts.nonlocal_bind => warning(
            format!("no program can bind to {} (net.ipv4.ip_nonlocal_bind is 0)", address.local),
            format!(
                "the address stands on {} but not in table local; only servers that bind to all \
                 addresses work",
                question.device
            ),
            Remedy::here(facts.as_root(&["sysctl -w net.ipv4.ip_nonlocal_bind=1".to_owned()])),
        ),
        _ => Outcome::Ok(None),
    }
}
