//! What nftables would do with a packet that the kernel passes on, as far as its rules can be
//! read. Nothing here asks the system.
//!
//! A rule matches, does not, or cannot be told: it asks for something that is not known here. A
//! rule of the last kind never counts as a drop, and counts as an accept, so that nobody is
//! accused without need.

use std::net::Ipv4Addr;

use crate::question::prefix_mask;

/// The rules of nftables that see IPv4.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Firewall {
    pub(crate) chains: Vec<Chain>,
}

/// A chain of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    /// `ip` or `inet`.
    pub(crate) family: String,
    pub(crate) table: String,
    pub(crate) name: String,
    /// Where packets enter it, with what becomes of one that no rule decides about; `None` for
    /// one that is only jumped to.
    pub(crate) base: Option<Base>,
    pub(crate) rules: Vec<Rule>,
}

/// Where a chain hangs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Base {
    pub(crate) hook: String,
    pub(crate) drops_by_policy: bool,
}

/// What it asks for, and what it then does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) action: Action,
}

/// What a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// The device by which the packet comes is one of these, or (`false`) none of them.
    From(Vec<String>, bool),
    /// The device by which it leaves.
    To(Vec<String>, bool),
    /// Its source address is in this network.
    Source(Ipv4Addr, u8, bool),
    /// Its destination address is.
    Destination(Ipv4Addr, u8, bool),
    /// Its connection is in one of these states.
    State(Vec<String>),
    /// Something that is not known here.
    Other,
}

/// What a rule does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Action {
    /// Nothing that decides, such as to count.
    #[default]
    Nothing,
    Accept,
    Drop,
    /// Masquerades, or translates the source address.
    Masquerade,
    Jump(String),
    Goto(String),
    Return,
}

/// A packet that the kernel passes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passing<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) source: Ipv4Addr,
    pub(crate) destination: Ipv4Addr,
    /// `new` or `established`.
    pub(crate) state: &'a str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Matches {
    Yes,
    No,
    Unknown,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Undecided,
    Accepted,
    Dropped,
}

/// How deep chains may jump. The kernel allows 16.
const DEEPEST: usize = 16;

impl Firewall {
    /// The first chain that drops the packet on its way through this host.
    pub(crate) fn dropped_by(&self, packet: Passing<'_>) -> Option<&Chain> {
        self.at_hook("forward")
            .find(|(chain, base)| match self.judge(chain, packet, DEEPEST) {
                Verdict::Accepted => false,
                Verdict::Dropped => true,
                Verdict::Undecided => base.drops_by_policy,
            })
            .map(|(chain, _)| chain)
    }

    /// Whether some rule gives the packet another source address on its way out.
    pub(crate) fn masquerades(&self, packet: Passing<'_>) -> bool {
        let may_be =
            |rule: &Rule| rule.action == Action::Masquerade && rule.matches(packet) != Matches::No;
        // One that is jumped to counts, whoever jumps there.
        let translates = |chain: &Chain| chain.rules.iter().any(may_be);
        self.at_hook("postrouting").next().is_some() && self.chains.iter().any(translates)
    }

    fn at_hook(&self, hook: &str) -> impl Iterator<Item = (&Chain, &Base)> {
        self.chains.iter().filter_map(move |chain| {
            chain.base.as_ref().filter(|base| base.hook == hook).map(|base| (chain, base))
        })
    }

    fn judge(&self, chain: &Chain, packet: Passing<'_>, depth: usize) -> Verdict {
        for rule in &chain.rules {
            let matches = rule.matches(packet);
            let verdict = match (&rule.action, matches) {
                (_, Matches::No) | (Action::Drop, Matches::Unknown) => Verdict::Undecided,
                (Action::Drop, Matches::Yes) => Verdict::Dropped,
                (Action::Accept, _) => Verdict::Accepted,
                (Action::Return, _) => return Verdict::Undecided,
                (Action::Jump(target), _) => self.jump(chain, target, packet, depth, matches),
                (Action::Goto(target), _) => {
                    return self.jump(chain, target, packet, depth, matches);
                }
                (Action::Nothing | Action::Masquerade, _) => Verdict::Undecided,
            };
            if verdict != Verdict::Undecided {
                return verdict;
            }
        }
        Verdict::Undecided
    }

    fn jump(
        &self,
        from: &Chain,
        target: &str,
        packet: Passing<'_>,
        depth: usize,
        matches: Matches,
    ) -> Verdict {
        let is_target = |chain: &&Chain| {
            (&chain.family, &chain.table, chain.name.as_str())
                == (&from.family, &from.table, target)
        };
        let target = self.chains.iter().find(is_target).filter(|_| depth > 0);
        match target.map(|target| self.judge(target, packet, depth - 1)) {
            Some(Verdict::Dropped) if matches == Matches::Unknown => Verdict::Undecided,
            Some(verdict) => verdict,
            None => Verdict::Undecided,
        }
    }
}

impl Rule {
    fn matches(&self, packet: Passing<'_>) -> Matches {
        let mut all = Matches::Yes;
        for condition in &self.conditions {
            match condition.holds(packet) {
                Some(true) => {}
                Some(false) => return Matches::No,
                None => all = Matches::Unknown,
            }
        }
        all
    }
}

impl Condition {
    /// Whether it holds; `None` if that is not known.
    fn holds(&self, packet: Passing<'_>) -> Option<bool> {
        Some(match self {
            Self::From(devices, wanted) => is_one_of(packet.from, devices) == *wanted,
            Self::To(devices, wanted) => is_one_of(packet.to, devices) == *wanted,
            Self::Source(network, length, wanted) => {
                is_in(packet.source, *network, *length) == *wanted
            }
            Self::Destination(network, length, wanted) => {
                is_in(packet.destination, *network, *length) == *wanted
            }
            Self::State(states) => states.iter().any(|state| state == packet.state),
            Self::Other => return None,
        })
    }
}

/// Names that end in an asterisk mean all that begin so.
fn is_one_of(device: &str, names: &[String]) -> bool {
    names.iter().any(|name| match name.strip_suffix('*') {
        Some(beginning) => device.starts_with(beginning),
        None => device == name,
    })
}

fn is_in(address: Ipv4Addr, network: Ipv4Addr, length: u8) -> bool {
    (u32::from(address) ^ u32::from(network)) & prefix_mask(length) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: Passing<'_> = Passing {
        from: "tun0",
        to: "eth0",
        source: Ipv4Addr::new(192, 0, 2, 2),
        destination: Ipv4Addr::new(198, 51, 100, 2),
        state: "new",
    };

    fn rule(conditions: &[Condition], action: Action) -> Rule {
        Rule { conditions: conditions.to_vec(), action }
    }

    fn chain(name: &str, base: Option<bool>, rules: &[Rule]) -> Chain {
        Chain {
            family: "ip".to_owned(),
            table: "filter".to_owned(),
            name: name.to_owned(),
            base: base.map(|drops_by_policy| Base { hook: "forward".to_owned(), drops_by_policy }),
            rules: rules.to_vec(),
        }
    }

    /// Whether a chain with this policy and these rules drops the packet.
    fn drops(by_policy: bool, rules: &[Rule]) -> bool {
        let chains = vec![
            chain("FORWARD", Some(by_policy), rules),
            chain("LATER", None, &[rule(&[], Action::Drop)]),
        ];
        Firewall { chains }.dropped_by(PACKET).is_some()
    }

    #[test]
    fn a_policy_decides_where_no_rule_does() {
        assert!(!drops(false, &[]));
        assert!(drops(true, &[]));
        let from = |name: &str| Condition::From(vec![name.to_owned()], true);
        assert!(!drops(true, &[rule(&[from("tun0")], Action::Accept)]));
        assert!(!drops(true, &[rule(&[from("tun*")], Action::Accept)]));
        assert!(drops(true, &[rule(&[from("eth0")], Action::Accept)]));
        let answers = Condition::State(vec!["established".to_owned(), "related".to_owned()]);
        assert!(drops(true, &[rule(&[answers], Action::Accept)]));
    }

    #[test]
    fn a_rule_drops_what_it_surely_matches_and_the_first_one_decides() {
        let source = |length| Condition::Source(Ipv4Addr::new(192, 0, 2, 0), length, true);
        assert!(drops(false, &[rule(&[source(24)], Action::Drop)]));
        assert!(!drops(false, &[rule(&[source(32)], Action::Drop)]));
        assert!(!drops(false, &[rule(&[source(24), Condition::Other], Action::Drop)]));
        assert!(!drops(false, &[rule(&[], Action::Accept), rule(&[], Action::Drop)]));
        assert!(drops(false, &[rule(&[], Action::Nothing), rule(&[], Action::Drop)]));
    }

    #[test]
    fn chains_that_are_jumped_to_are_followed_and_not_for_ever() {
        let jump = || Action::Jump("LATER".to_owned());
        assert!(drops(false, &[rule(&[], jump())]));
        assert!(!drops(false, &[rule(&[Condition::Other], jump())]));
        assert!(!drops(false, &[rule(&[], Action::Return), rule(&[], jump())]));
        assert!(!drops(false, &[rule(&[], Action::Jump("FORWARD".to_owned()))]));
        assert!(!drops(false, &[rule(&[], Action::Goto("nowhere".to_owned()))]));
    }

    #[test]
    fn masquerading_counts_where_it_may_be_meant() {
        let masquerades = |conditions: &[Condition]| {
            let base = Base { hook: "postrouting".to_owned(), drops_by_policy: false };
            let rules = [rule(conditions, Action::Masquerade)];
            let chain = Chain { base: Some(base), ..chain("POSTROUTING", None, &rules) };
            Firewall { chains: vec![chain] }.masquerades(PACKET)
        };
        assert!(masquerades(&[]));
        assert!(masquerades(&[Condition::Other]));
        assert!(masquerades(&[Condition::To(vec!["eth0".to_owned()], true)]));
        assert!(!masquerades(&[Condition::To(vec!["eth0".to_owned()], false)]));
        assert!(!Firewall::default().masquerades(PACKET));
    }
}
