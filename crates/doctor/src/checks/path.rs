//! The way there and the way back.

use super::device::sysctl;
use super::node::{Package, install};
use super::{Rule, failed, warning};
use crate::facts::{Address, Facts, Holder, Ping, ReversePathFilter};
use crate::question::{Question, shell_word};
use crate::report::{Outcome, Remedy};

pub(super) const ROUTE: Rule = Rule {
    expectation: |question| format!("the route to {} is {}", question.address, question.device),
    judge: route,
};

fn route(facts: &Facts, question: &Question) -> Outcome {
    let (address, device) = (question.address, &question.device);
    let host_route = format!("ip route replace {address}/32 dev {}", shell_word(device));
    match &facts.route {
        Ok(route) if route.device == *device => Outcome::Ok(None),
        Ok(route) => {
            let (by, mend) = match &route.table {
                None => ("the more specific or the older route wins", host_route),
                Some(_) => ("a rule leads there", format!("ip rule add to {address} lookup main")),
            };
            failed(
                format!("the route to {address} is {}, not {device}", route.device),
                format!("two devices cover this address, and {by} (ip route get {address})"),
                Remedy::here(facts.as_root(&[mend])),
            )
        }
        Err(error) => failed(
            format!("the kernel has no route to {address}: {error}"),
            "without a route it sends nothing",
            Remedy::here(facts.as_root(&[host_route])),
        ),
    }
}

pub(super) const REVERSE_PATH: Rule = Rule {
    expectation: |question| format!("rp_filter lets {} through", question.address),
    judge: |facts, question| match &facts.accepts_reply {
        Some(Err(error)) => {
            not_taken(facts, question).unwrap_or_else(|| refused(facts, question, error))
        }
        _ => Outcome::Ok(Some(in_words(facts.reverse_path_filter, question))),
    },
};

/// The address that the answer is for stands on the device, and nowhere among the kernel's own.
fn not_taken(facts: &Facts, question: &Question) -> Option<Outcome> {
    let link = facts.link(&question.device)?;
    let faces = |address: &&Address| address.peer == Some(question.address);
    let own = link.addresses.iter().find(faces)?.local;
    if facts.local_route(own).is_some() {
        return None;
    }
    let device = shell_word(&question.device);
    Some(failed(
        format!("the kernel does not take what comes by {device} for {own}"),
        "the address stands in no table local: on input that table decides what is its own, so one \
         is needed for what comes by this device",
        Remedy::here(facts.as_root(&[
            format!("ip route replace local {own} dev {device} table 13"),
            format!("ip rule add iif {device} lookup 13"),
        ])),
    ))
}

/// The kernel itself said that it would drop the answer. A wrong address was found before, so
/// it is the filter, if that is on.
fn refused(facts: &Facts, question: &Question, error: &str) -> Outcome {
    let (address, device) = (question.address, &question.device);
    let filter = facts.reverse_path_filter;
    let off = sysctl("ipv4", device, "rp_filter", 0);
    let (why, command) = match filter.in_force() {
        0 => {
            let what = format!("the kernel refuses packets from {address} by {device}: {error}");
            return failed(what, "its routes say that such a source cannot be there", None);
        }
        1 => (
            "strict (1): an answer must come by the device by which the kernel would send to it",
            sysctl("ipv4", device, "rp_filter", 2),
        ),
        _ => (
            "loose (2): the kernel must have some route back to the sender, and has none",
            format!("{off} net.ipv4.conf.all.rp_filter=0"),
        ),
    };
    failed(
        format!(
            "rp_filter drops what {address} sends by {device} ({})",
            in_words(filter, question)
        ),
        why,
        Remedy::here(facts.as_root(&[command])),
    )
}

fn in_words(filter: ReversePathFilter, question: &Question) -> String {
    format!("all={}, {}={}, the greater counts", filter.all, question.device, filter.device)
}

pub(super) const ATTACHED: Rule = Rule {
    expectation: |question| format!("a program is attached to {}", question.device),
    judge: |facts, question| match facts.link(&question.device) {
        Some(link) if link.has_carrier => Outcome::Ok(Some(holders_in_words(&facts.holders))),
        Some(link) => failed(
            format!("no program is attached to {} (NO-CARRIER)", link.name),
            "until one is, the kernel drops what it sends there in silence; only tx_dropped rises",
            Some(serve_elsewhere(question)),
        ),
        None => Outcome::NotReached,
    },
};

/// Starts the stack.
pub(crate) fn serve_elsewhere(question: &Question) -> Remedy {
    let place = Some("in another terminal; leave it running");
    Remedy { command: question.strata("serve"), place }
}

fn holders_in_words(holders: &[Holder]) -> String {
    if holders.is_empty() {
        return "one that this user may not look at".to_owned();
    }
    let words: Vec<String> = holders.iter().map(Holder::in_words).collect();
    words.join(", ")
}

pub(super) const ANSWERS: Rule = Rule {
    expectation: |question| format!("{} answers a ping", question.address),
    judge: |facts, question| match &facts.ping {
        Some(Ping::Answered) => Outcome::Ok(None),
        Some(Ping::NoAnswer) => no_answer(facts, question),
        Some(Ping::NotInstalled) => warning(
            "the program ping is missing".to_owned(),
            "all looks well, but it was not tried",
            install(facts, Package::Ping),
        ),
        Some(Ping::CouldNotSend(error)) => warning(
            format!("no ping could be sent to {}: {error}", question.address),
            "all looks well, but it was not tried",
            None,
        ),
        None => Outcome::NotReached,
    },
};

/// Everything of the kernel's is as it should be, so it is the program that is attached.
fn no_answer(facts: &Facts, question: &Question) -> Outcome {
    let (address, device) = (question.address, &question.device);
    match facts.holders.first() {
        Some(holder) if !holder.is_strata_serve() => failed(
            format!("{device} is taken by {}, which does not answer", holder.in_words()),
            "a device has one program at a time: a second one that attaches gets EBUSY",
            Remedy::here(stop(facts, holder)),
        ),
        None if !facts.user.is_root => failed(
            format!("{device} is taken by a program of another user, which does not answer"),
            "a device has one program at a time: a second one that attaches gets EBUSY",
            Remedy::at(
                "here; root can see which it is",
                format!("sudo {}", question.strata("doctor")),
            ),
        ),
        _ => failed(
            format!("{address} does not answer, though {device} is set up and attached"),
            "the packet is lost in strata, or on its way back into the kernel",
            Remedy::here(question.strata("doctor") + " --why-dropped"),
        ),
    }
}

fn stop(facts: &Facts, holder: &Holder) -> String {
    let kill = format!("kill {}", holder.process);
    if holder.user == facts.user.id { kill } else { facts.as_root(&[kill]) }
}
