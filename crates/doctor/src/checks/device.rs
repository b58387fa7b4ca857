//! The interface: that it is there, of the right kind, open to this user, and up.

use super::{Rule, failed, warning};
use crate::facts::{Facts, Link};
use crate::question::{Kind, Question, shell_word};
use crate::report::{Outcome, Remedy};

pub(super) const EXISTS: Rule =
    Rule { expectation: |question| format!("{} exists", question.device), judge: exists };

fn exists(facts: &Facts, question: &Question) -> Outcome {
    if facts.link(&question.device).is_some() {
        return Outcome::Ok(None);
    }
    failed(
        format!("{} does not exist in this network namespace", question.device),
        "addresses and routes stand on the interface, so it is made before a program attaches",
        Remedy::here(facts.as_root(&[add(facts, question)])),
    )
}

pub(super) const SYSFS: Rule = Rule {
    expectation: |_| "/sys shows this network namespace".to_owned(),
    judge: |facts, question| match facts.link(&question.device) {
        Some(link) if facts.sysfs_index != Some(link.index) => warning(
            "/sys shows another network namespace".to_owned(),
            format!("what stands in /sys/class/net/{} is not about this device", link.name),
            Remedy::at("here; it opens a shell in which /sys is right", remount(facts)),
        ),
        _ => Outcome::Ok(None),
    },
};

/// In a mount namespace of its own, so that nobody else's `/sys` changes.
fn remount(facts: &Facts) -> String {
    let inside = "mount -t sysfs sysfs /sys && exec \"${SHELL:-sh}\"";
    facts.as_root(&[format!("unshare --mount sh -c '{inside}'")])
}

pub(super) const KIND: Rule = Rule {
    expectation: |question| format!("{} is a {} device", question.device, question.kind.name()),
    judge: kind,
};

fn kind(facts: &Facts, question: &Question) -> Outcome {
    let Some(link) = facts.link(&question.device) else { return Outcome::NotReached };
    let (asked, other) = (question.kind, question.kind.other());
    if link.kind == asked.word() {
        return single_queue(facts, question, link);
    }
    if link.kind == other.word() {
        return failed(
            format!("{} is a {} device, not {}", link.name, other.name(), asked.name()),
            "the kind is fixed when a device is made; attaching as the other kind gives EINVAL",
            Remedy::here(replace(facts, question, link)),
        );
    }
    let free = Question { device: free_name(facts, asked), ..question.clone() };
    failed(
        format!("{} is a {} interface, neither TUN nor TAP", link.name, link.kind),
        "only an interface of the tun driver can be attached to",
        Remedy::at("here; it takes a name that is free", free.strata("doctor")),
    )
}

fn single_queue(facts: &Facts, question: &Question, link: &Link) -> Outcome {
    if !link.is_multi_queue {
        return Outcome::Ok(None);
    }
    failed(
        format!("{} was made for several queues (multi_queue)", link.name),
        "a program that attaches for one queue, as strata does, gets EINVAL",
        Remedy::here(replace(facts, question, link)),
    )
}

pub(super) const MAY_ATTACH: Rule = Rule {
    expectation: |question| format!("this user may attach to {}", question.device),
    judge: may_attach,
};

/// The kernel's own rule: owner and group must both fit where they are set, and CAP_NET_ADMIN
/// stands above both. While a program is attached the question does not arise.
fn may_attach(facts: &Facts, question: &Question) -> Outcome {
    let Some(link) = facts.link(&question.device) else { return Outcome::NotReached };
    if link.has_carrier {
        return Outcome::Ok(Some("not asked, since a program is attached".to_owned()));
    }
    let user = &facts.user;
    if user.administers_network {
        return Outcome::Ok(Some("by CAP_NET_ADMIN".to_owned()));
    }
    let owner = link.owner.as_ref().filter(|owner| owner.id != user.id);
    let group = link.group.as_ref().filter(|group| !user.groups.contains(&group.id));
    let belongs_to = match (owner, group) {
        (None, None) => return Outcome::Ok(None),
        (Some(owner), _) => format!("user {}", owner.name),
        (None, Some(group)) => format!("group {}", group.name),
    };
    failed(
        format!("{} belongs to {belongs_to}, and this is user {}", link.name, user.name),
        "only its owner and root may attach to it, others get EPERM",
        Remedy::here(replace(facts, question, link)),
    )
}

pub(super) const OWNER: Rule = Rule {
    expectation: |question| format!("{} has an owner", question.device),
    judge: |facts, question| match facts.link(&question.device) {
        Some(link) if is_open_to_all(link) => warning(
            format!("{} has no owner", link.name),
            "anybody who can open /dev/net/tun can attach to it, and read and forge its packets",
            Some(Remedy {
                command: replace(facts, question, link),
                place: link.has_carrier.then_some("here, once no program is attached"),
            }),
        ),
        _ => Outcome::Ok(None),
    },
};

/// One that is not persistent goes with its program, so nobody else can come to it.
fn is_open_to_all(link: &Link) -> bool {
    link.is_persistent && link.owner.is_none() && link.group.is_none()
}

pub(super) const UP: Rule = Rule {
    expectation: |question| format!("{} is up", question.device),
    judge: |facts, question| match facts.link(&question.device) {
        Some(link) if !link.is_up => failed(
            format!("{} is down", link.name),
            "an interface carries packets only while it is up; a write to it gives EIO",
            Remedy::here(facts.as_root(&[format!("ip link set {} up", shell_word(&link.name))])),
        ),
        _ => Outcome::Ok(None),
    },
};

pub(super) const PORT: Rule = Rule {
    expectation: |question| {
        format!("no address stands on {} that should be a bridge's", question.device)
    },
    judge: port,
};

fn port(facts: &Facts, question: &Question) -> Outcome {
    let Some(link) = facts.link(&question.device) else { return Outcome::NotReached };
    let Some(bridge) = &link.bridge else { return Outcome::Ok(None) };
    let Some(address) = link.addresses.first() else {
        return Outcome::Ok(Some(format!("it is one of {bridge}")));
    };
    let [device, onto] = [&link.name, bridge].map(|name| shell_word(name));
    let words = address.in_words();
    failed(
        format!("{} is a port of {bridge} and has {words} itself", link.name),
        "what comes by a port belongs to the bridge, so the kernel's address must stand there",
        Remedy::here(facts.as_root(&[
            format!("ip addr del {words} dev {device}"),
            format!("ip addr add {words} dev {onto}"),
        ])),
    )
}

pub(super) const IPV6: Rule = Rule {
    expectation: |question| format!("the kernel speaks no IPv6 on {}", question.device),
    judge: |facts, question| {
        if !facts.speaks_ipv6 {
            return Outcome::Ok(None);
        }
        let set = sysctl("ipv6", &question.device, "disable_ipv6", 1);
        warning(
            format!("the kernel speaks IPv6 on {}", question.device),
            "its router solicitations (first nibble 6) come between the packets that you wait for",
            Remedy::here(facts.as_root(&[set])),
        )
    },
};

pub(super) const MTU: Rule = Rule {
    expectation: |question| format!("strata and {} have the same MTU", question.device),
    judge: mtu,
};

fn mtu(facts: &Facts, question: &Question) -> Outcome {
    let Some(link) = facts.link(&question.device) else { return Outcome::NotReached };
    let Some(asked) = question.mtu.filter(|&asked| u32::from(asked) != link.mtu) else {
        return Outcome::Ok(Some(format!("{} bytes", link.mtu)));
    };
    let set = format!("ip link set {} mtu {asked}", shell_word(&link.name));
    warning(
        format!("the MTU of {} is {} bytes and strata's is {asked}", link.name, link.mtu),
        "each end sends packets of the length that it believes in, and expects no longer ones",
        Remedy::here(facts.as_root(&[set])),
    )
}

/// `sysctl -w` of one interface's setting. Names with a dot need the form with slashes.
pub(crate) fn sysctl(family: &str, device: &str, setting: &str, value: u8) -> String {
    let separator = if device.contains('.') { '/' } else { '.' };
    let name = ["net", family, "conf", device, setting].join(&separator.to_string());
    format!("sysctl -w {}={value}", shell_word(&name))
}

fn add(facts: &Facts, question: &Question) -> String {
    format!(
        "ip tuntap add dev {} mode {} user {}",
        shell_word(&question.device),
        question.kind.word(),
        shell_word(&facts.user.name)
    )
}

/// An existing device's kind is fixed, and so is its owner for everybody who may not attach.
fn replace(facts: &Facts, question: &Question, link: &Link) -> String {
    let delete = format!("ip link del dev {}", shell_word(&link.name));
    facts.as_root(&[delete, add(facts, question)])
}

fn free_name(facts: &Facts, kind: Kind) -> String {
    let names = (0_u32..).map(|number| format!("{}{number}", kind.word()));
    let mut free = names.filter(|name| facts.link(name).is_none());
    free.next().unwrap_or_default()
}
