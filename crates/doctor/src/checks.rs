//! The checks in their order. Each is a pure function of the facts.

mod address;
mod beyond;
mod device;
mod node;
mod path;

use crate::facts::Facts;
use crate::question::Question;
use crate::report::{Check, Finding, Outcome, Remedy, Report};

pub(crate) use device::sysctl;
pub(crate) use path::serve_elsewhere;

/// What is to be true, and how it is judged.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    expectation: fn(&Question) -> String,
    judge: fn(&Facts, &Question) -> Outcome,
}

/// A packet depends on them in this order. Those marked as such warn at most.
const THE_DEVICE: [Rule; 12] = [
    node::IPROUTE,
    node::EXISTS,
    node::OPENS,
    device::EXISTS,
    device::SYSFS, // warns
    device::KIND,
    device::MAY_ATTACH,
    device::OWNER, // warns
    device::IPV6,  // warns
    device::MTU,   // warns
    device::UP,
    device::PORT,
];

/// Of the device, or of the bridge that it is a port of.
const ITS_NETWORK: [Rule; 6] = [
    address::PRESENT,
    address::NOT_THE_KERNELS,
    address::PEER,
    path::ROUTE,
    path::REVERSE_PATH,
    address::BINDABLE, // warns
];

/// Of the same, if a host beyond the kernel is to be reached.
const BEYOND: [Rule; 4] =
    [beyond::FORWARDS, beyond::WAY_OUT, beyond::FIREWALL, beyond::MASQUERADE /* warns */];

const THE_STACK: [Rule; 2] = [path::ATTACHED, path::ANSWERS];

/// What must be true before a ping can be sent into the device to see what becomes of it.
const BEFORE_A_PROBE: [Rule; 3] = [node::IPROUTE, device::EXISTS, device::UP];
const OF_ITS_NETWORK: [Rule; 2] = [address::NOT_THE_KERNELS, path::ROUTE];

/// What must be true before the device's counters can be watched.
const BEFORE_WATCHING: [Rule; 2] = [node::IPROUTE, device::EXISTS];

/// Goes through all checks up to the first that fails.
pub(crate) fn examine(facts: &Facts, question: &Question) -> Report {
    let mut failed = false;
    let mut check = |rule: &Rule, question: &Question| {
        let expectation = (rule.expectation)(question);
        let outcome = if failed { Outcome::NotReached } else { (rule.judge)(facts, question) };
        failed |= matches!(outcome, Outcome::Failed(_));
        Check { expectation, outcome }
    };
    let network = of_the_network(facts, question);
    let beyond: &[Rule] = if question.beyond.is_some() { &BEYOND } else { &[] };
    let mut checks: Vec<Check> = THE_DEVICE.iter().map(|rule| check(rule, question)).collect();
    checks.extend(ITS_NETWORK.iter().chain(beyond).map(|rule| check(rule, &network)));
    checks.extend(THE_STACK.iter().map(|rule| check(rule, question)));
    Report { checks }
}

/// The question about addresses and routes, which stand at the bridge if the device is a port.
fn of_the_network(facts: &Facts, question: &Question) -> Question {
    let device = facts.network_device(&question.device).to_owned();
    Question { device, ..question.clone() }
}

/// What stands in the way of sending a ping into the device.
pub(crate) fn obstacle_to_probe(facts: &Facts, question: &Question) -> Option<Finding> {
    first_failure(&BEFORE_A_PROBE, facts, question)
        .or_else(|| first_failure(&OF_ITS_NETWORK, facts, &of_the_network(facts, question)))
}

/// What stands in the way of watching the device's counters.
pub(crate) fn obstacle_to_watching(facts: &Facts, question: &Question) -> Option<Finding> {
    first_failure(&BEFORE_WATCHING, facts, question)
}

fn first_failure(rules: &[Rule], facts: &Facts, question: &Question) -> Option<Finding> {
    rules.iter().find_map(|rule| match (rule.judge)(facts, question) {
        Outcome::Failed(finding) => Some(finding),
        _ => None,
    })
}

fn failed(what: String, why: impl Into<String>, remedy: Option<Remedy>) -> Outcome {
    Outcome::Failed(Finding { what, why: why.into(), remedy })
}

fn warning(what: String, why: impl Into<String>, remedy: Option<Remedy>) -> Outcome {
    Outcome::Warning(Finding { what, why: why.into(), remedy })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{
        Holder, LocalRoute, Node, PackageManager, Ping, Principal, Route, examples,
    };
    use crate::question::examples::question;

    /// Expects that, with `change` made to a machine on which all is well, doctor names `what`,
    /// and `command` as its remedy.
    #[track_caller]
    fn expect(change: impl FnOnce(&mut Facts), what: &str, command: &str) {
        let mut facts = examples::healthy();
        change(&mut facts);
        let report = examine(&facts, &question("192.0.2.2", 24));
        let found = report.checks.iter().find_map(|check| match &check.outcome {
            Outcome::Failed(finding) | Outcome::Warning(finding) => Some(finding),
            _ => None,
        });
        let found = found.unwrap_or_else(|| panic!("nothing was found:\n{report}"));
        assert_eq!(found.what, what);
        let typed = found.remedy.as_ref().map_or("", |remedy| &remedy.command);
        assert_eq!(typed, command, "for {what}");
    }

    #[test]
    fn nothing_is_wrong_with_a_healthy_machine() {
        let report = examine(&examples::healthy(), &question("192.0.2.2", 24));
        let all_ok = report.checks.iter().all(|check| matches!(check.outcome, Outcome::Ok(_)));
        assert!(all_ok && report.is_healthy(), "{report}");
    }

    #[test]
    fn what_comes_after_the_first_failure_is_not_judged() {
        let mut facts = examples::healthy();
        facts.node = Node::Missing;
        facts.ping = Some(Ping::NoAnswer);
        let report = examine(&facts, &question("192.0.2.2", 24));
        let outcomes: Vec<&Outcome> = report.checks.iter().map(|check| &check.outcome).collect();
        assert!(matches!(outcomes[..2], [Outcome::Ok(_), Outcome::Failed(_)]), "{report}");
        assert!(outcomes[2..].iter().all(|&outcome| *outcome == Outcome::NotReached), "{report}");
        assert!(!report.is_healthy());
    }

    #[test]
    fn somebody_who_is_not_root_types_sudo_before_each_command() {
        expect(
            |facts| {
                facts.user.is_root = false;
                facts.node = Node::Missing;
            },
            "/dev/net/tun does not exist",
            "sudo mkdir -p /dev/net && sudo mknod -m 0666 /dev/net/tun c 10 200",
        );
    }

    #[test]
    fn each_package_manager_has_its_own_name_for_ip() {
        for (manager, command) in [
            (Some(PackageManager::Apt), "apt-get update && apt-get install -y iproute2"),
            (Some(PackageManager::Dnf), "dnf install -y iproute"),
            (Some(PackageManager::Pacman), "pacman -S --noconfirm iproute2"),
            (Some(PackageManager::Apk), "apk add iproute2"),
            (None, ""),
        ] {
            let missing = |facts: &mut Facts| {
                facts.has_iproute = false;
                facts.package_manager = manager;
            };
            expect(missing, "the program ip (of iproute2) is missing", command);
        }
    }

    #[test]
    fn a_node_that_does_not_open_has_one_of_three_causes() {
        expect(
            |facts| facts.node = Node::NoDriver,
            "/dev/net/tun has no driver behind it",
            "modprobe tun",
        );
        expect(
            |facts| facts.node = Node::Refused("Operation not permitted (os error 1)".to_owned()),
            "/dev/net/tun cannot be opened: Operation not permitted (os error 1)",
            "",
        );
        // Root of a user namespace can change the node's mode from outside only.
        expect(
            |facts| {
                facts.node = Node::NoPermission { mode: 0o600 };
                facts.user.in_user_namespace = true;
            },
            "/dev/net/tun cannot be opened: its mode is 0600 (EACCES)",
            "sudo chmod 0666 /dev/net/tun",
        );
    }

    #[test]
    fn where_a_device_has_owner_and_group_both_must_fit() {
        let group = |id| Some(Principal { id, name: "net".to_owned() });
        let unattached = |facts: &mut Facts, group| {
            let link = &mut facts.links[1];
            (link.has_carrier, link.group) = (false, group);
            facts.user.administers_network = false;
        };
        expect(
            |facts| unattached(facts, group(7)),
            "tun0 belongs to group net, and this is user ada",
            "ip link del dev tun0 && ip tuntap add dev tun0 mode tun user ada",
        );
        // Ada is of group 5, so what is wrong comes later.
        expect(
            |facts| unattached(facts, group(5)),
            "no program is attached to tun0 (NO-CARRIER)",
            "strata serve --dev tun0",
        );
    }

    #[test]
    fn an_interface_of_another_driver_is_left_alone() {
        expect(
            |facts| facts.links[1].kind = "veth".to_owned(),
            "tun0 is a veth interface, neither TUN nor TAP",
            "strata doctor --dev tun1",
        );
    }

    #[test]
    fn a_broadcast_address_is_nobodys() {
        let row = LocalRoute {
            is_broadcast: true,
            first: "192.0.2.2".parse().unwrap(),
            prefix_length: 32,
            device: "tun0".to_owned(),
        };
        // The peer is that very address, so the candidate is another one of the subnet.
        expect(
            |facts| facts.local_table.push(row),
            "192.0.2.2 is a broadcast address on tun0",
            "strata doctor --dev tun0 --addr 192.0.2.3/24",
        );
    }

    #[test]
    fn where_a_rule_leads_elsewhere_a_rule_leads_back() {
        let route = Route { device: "wg0".to_owned(), table: Some("51820".to_owned()) };
        expect(
            |facts| facts.route = Ok(route),
            "the route to 192.0.2.2 is wg0, not tun0",
            "ip rule add to 192.0.2.2 lookup main",
        );
    }

    #[test]
    fn a_loose_filter_that_drops_can_only_be_switched_off() {
        expect(
            |facts| {
                facts.accepts_reply = Some(Err("Invalid argument".to_owned()));
                facts.reverse_path_filter.all = 2;
            },
            "rp_filter drops what 192.0.2.2 sends by tun0 (all=2, tun0=0, the greater counts)",
            "sysctl -w net.ipv4.conf.tun0.rp_filter=0 net.ipv4.conf.all.rp_filter=0",
        );
    }

    #[test]
    fn who_does_not_answer_is_told_apart_from_who_should() {
        let silent = |facts: &mut Facts, holders| {
            facts.ping = Some(Ping::NoAnswer);
            facts.holders = holders;
        };
        let held_by = |arguments: &[&str]| {
            let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
            vec![Holder { process: 42, user: 1000, arguments }]
        };
        expect(
            |facts| silent(facts, held_by(&["nc", "-l\u{1b}[2J"])),
            "tun0 is taken by process 42 (nc '-l?[2J'), which does not answer",
            "kill 42",
        );
        expect(
            |facts| silent(facts, held_by(&["/usr/bin/strata", "serve"])),
            "192.0.2.2 does not answer, though tun0 is set up and attached",
            "strata doctor --dev tun0 --why-dropped",
        );
        expect(
            |facts| {
                silent(facts, Vec::new());
                facts.user.is_root = false;
            },
            "tun0 is taken by a program of another user, which does not answer",
            "sudo strata doctor --dev tun0",
        );
    }

    #[test]
    fn without_ping_the_last_check_only_warns() {
        expect(
            |facts| facts.ping = Some(Ping::NotInstalled),
            "the program ping is missing",
            "apt-get update && apt-get install -y iputils-ping",
        );
        let mut facts = examples::healthy();
        facts.ping = Some(Ping::CouldNotSend("Operation not permitted".to_owned()));
        assert!(examine(&facts, &question("192.0.2.2", 24)).is_healthy());
    }
}
