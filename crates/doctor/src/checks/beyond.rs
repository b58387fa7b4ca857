//! The way on, from the kernel to a host beyond it, and back.

use std::net::Ipv4Addr;

use super::{Rule, failed, warning};
use crate::facts::{Beyond, Facts};
use crate::firewall::{Chain, Passing};
use crate::question::{Question, shell_word};
use crate::report::{Outcome, Remedy};

pub(super) const FORWARDS: Rule = Rule {
    expectation: |question| format!("the kernel forwards what comes by {}", question.device),
    judge: |facts, question| match &facts.beyond {
        Some(beyond) if !beyond.forwards => failed(
            format!(
                "the kernel forwards nothing that comes by {0} (net.ipv4.conf.{0}.forwarding is 0)",
                question.device
            ),
            "it is a host then, which takes what is for itself and drops the rest",
            Remedy::here(facts.as_root(&["sysctl -w net.ipv4.ip_forward=1".to_owned()])),
        ),
        _ => Outcome::Ok(None),
    },
};

pub(super) const WAY_OUT: Rule = Rule {
    expectation: |question| format!("the kernel has a way on to {}", far(question)),
    judge: way_out,
};

fn way_out(facts: &Facts, question: &Question) -> Outcome {
    let far = far(question);
    match facts.beyond.as_ref().map(|beyond| &beyond.route) {
        None => Outcome::NotReached,
        Some(Ok(route)) if route.device == question.device => failed(
            format!(
                "the kernel's route to {far} leads back to {far_device}",
                far_device = route.device
            ),
            "what comes from the stack would be sent back to it",
            way(facts, question),
        ),
        Some(Ok(route)) => Outcome::Ok(Some(route.device.clone())),
        Some(Err(error)) => failed(
            format!("the kernel has no route to {far}: {error}"),
            "it passes nothing on then, and tells the stack so by ICMP",
            way(facts, question),
        ),
    }
}

/// By the only other device that carries anything, if there is one.
fn way(facts: &Facts, question: &Question) -> Option<Remedy> {
    let carries = |link: &&crate::facts::Link| {
        link.name != question.device && link.name != "lo" && link.is_up && link.has_carrier
    };
    let mut others = facts.links.iter().filter(carries);
    let (Some(other), None) = (others.next(), others.next()) else { return None };
    let command = format!("ip route add {} dev {}", far(question), shell_word(&other.name));
    Remedy::here(facts.as_root(&[command]))
}

pub(super) const FIREWALL: Rule = Rule {
    expectation: |question| {
        format!(
            "what the firewall drops on its way to {} is not what {} sends",
            far(question),
            question.device
        )
    },
    judge: firewall,
};

fn firewall(facts: &Facts, question: &Question) -> Outcome {
    let Some((beyond, out)) = way_found(facts) else { return Outcome::NotReached };
    let Some(firewall) = &beyond.firewall else {
        return warning(
            "the firewall cannot be looked at".to_owned(),
            "nft shows its rules to root alone, if it is installed",
            Remedy::at("here; root can look", format!("sudo {}", question.strata("doctor"))),
        );
    };
    let [there, back] = passing(question, out);
    match firewall.dropped_by(there).or_else(|| firewall.dropped_by(back)) {
        None => Outcome::Ok(None),
        Some(chain) => failed(
            format!(
                "the firewall drops what passes between {} and {out} (chain {} of table {} {})",
                question.device, chain.name, chain.family, chain.table
            ),
            "it drops in silence, and no counter of IP tells",
            Remedy::here(let_through(facts, question, chain)),
        ),
    }
}

/// A packet of the stack's, and the answer to it.
fn passing<'a>(question: &'a Question, out: &'a str) -> [Passing<'a>; 2] {
    let there = Passing {
        from: &question.device,
        to: out,
        source: question.address,
        destination: far(question),
        state: "new",
    };
    let back = Passing {
        from: out,
        to: &question.device,
        source: there.destination,
        destination: there.source,
        state: "established",
    };
    [there, back]
}

fn let_through(facts: &Facts, question: &Question, chain: &Chain) -> String {
    let device = shell_word(&question.device);
    let Chain { family, table, name, .. } = chain;
    let [table, name] = [table, name].map(|word| shell_word(word));
    let insert = format!("nft insert rule {family} {table} {name}");
    facts.as_root(&[
        format!("{insert} iifname {device} accept"),
        format!("{insert} oifname {device} ct state established,related accept"),
    ])
}

pub(super) const MASQUERADE: Rule = Rule {
    expectation: |question| format!("{} knows the way back", far(question)),
    judge: masquerade,
};

fn masquerade(facts: &Facts, question: &Question) -> Outcome {
    let Some((Beyond { firewall: Some(firewall), .. }, out)) = way_found(facts) else {
        return Outcome::Ok(Some("not looked at".to_owned()));
    };
    let [there, _] = passing(question, out);
    if firewall.masquerades(there) {
        let seen = format!("to it, packets come from the kernel's address on {out}");
        return Outcome::Ok(Some(seen));
    }
    let network = ipv4_network(question.address, question.prefix_length);
    let out = shell_word(out);
    warning(
        format!("nothing masquerades what {} sends by {out}", question.address),
        format!(
            "unless {} was told a route back to {network}, its answers go elsewhere, or nowhere",
            far(question)
        ),
        Remedy::here(facts.as_root(&[
            "nft add table ip outward".to_owned(),
            "nft add chain ip outward postrouting \
             '{ type nat hook postrouting priority srcnat; }'"
                .to_owned(),
            format!(
                "nft add rule ip outward postrouting ip saddr {network} oifname {out} masquerade"
            ),
        ])),
    )
}

fn ipv4_network(address: Ipv4Addr, length: u8) -> String {
    let first = Ipv4Addr::from(u32::from(address) & crate::question::prefix_mask(length));
    format!("{first}/{length}")
}

/// What is known of the way on, and the device by which it leads.
fn way_found(facts: &Facts) -> Option<(&Beyond, &str)> {
    let beyond = facts.beyond.as_ref()?;
    Some((beyond, beyond.route.as_ref().ok()?.device.as_str()))
}

/// The host beyond. These rules are asked only where there is one.
fn far(question: &Question) -> Ipv4Addr {
    question.beyond.unwrap_or(Ipv4Addr::UNSPECIFIED)
}
