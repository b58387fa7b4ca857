//! What `nft -j` says of the firewall.

use std::net::Ipv4Addr;

use serde_json::{Map, Value};

use super::run;
use crate::firewall::{Action, Base, Chain, Condition, Firewall, Rule};

/// The rules; `None` if this user may not look at them, or there is no `nft` that speaks JSON.
pub(super) fn firewall() -> Option<Firewall> {
    let output = run("nft", &["-j", "list", "ruleset"]).ok()?;
    output
        .status
        .success()
        .then(|| serde_json::from_slice(&output.stdout).ok())?
        .map(|listed| read(&listed))
}

fn read(listed: &Value) -> Firewall {
    let mut chains: Vec<Chain> = Vec::new();
    let objects = listed.get("nftables").and_then(Value::as_array);
    for object in objects.into_iter().flatten().filter_map(Value::as_object) {
        if let Some(found) = object.get("chain").and_then(chain) {
            chains.push(found);
        } else if let Some(found) = object.get("rule") {
            let place = |chain: &&mut Chain| {
                text(found, "family") == chain.family
                    && text(found, "table") == chain.table
                    && text(found, "chain") == chain.name
            };
            if let Some(chain) = chains.iter_mut().find(place) {
                chain.rules.push(rule(found));
            }
        }
    }
    Firewall { chains }
}

/// A chain that sees IPv4.
fn chain(value: &Value) -> Option<Chain> {
    let family = text(value, "family");
    let base = value.get("hook").and_then(Value::as_str).map(|hook| Base {
        hook: hook.to_owned(),
        drops_by_policy: text(value, "policy") == "drop",
    });
    matches!(family, "ip" | "inet").then(|| Chain {
        family: family.to_owned(),
        table: text(value, "table").to_owned(),
        name: text(value, "name").to_owned(),
        base,
        rules: Vec::new(),
    })
}

fn rule(value: &Value) -> Rule {
    let mut rule = Rule::default();
    let parts = value.get("expr").and_then(Value::as_array);
    for (name, part) in parts.into_iter().flatten().filter_map(Value::as_object).flatten() {
        let target = || text(part, "target").to_owned();
        match name.as_str() {
            "match" => rule.conditions.push(condition(part)),
            "accept" => rule.action = Action::Accept,
            "drop" | "reject" => rule.action = Action::Drop,
            "masquerade" | "snat" => rule.action = Action::Masquerade,
            "jump" => rule.action = Action::Jump(target()),
            "goto" => rule.action = Action::Goto(target()),
            "return" => rule.action = Action::Return,
            "counter" | "log" | "comment" => {}
            // A limit, a quota, a match of iptables: who knows.
            _ => rule.conditions.push(Condition::Other),
        }
    }
    rule
}

/// What a match asks for: `{"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "tun0"}`.
fn condition(value: &Value) -> Condition {
    let wanted = match text(value, "op") {
        "==" | "in" => true,
        "!=" => false,
        _ => return Condition::Other,
    };
    let (Some(left), Some(right)) =
        (value.get("left").and_then(Value::as_object), value.get("right"))
    else {
        return Condition::Other;
    };
    understood(left, right, wanted).unwrap_or(Condition::Other)
}

fn understood(left: &Map<String, Value>, right: &Value, wanted: bool) -> Option<Condition> {
    let (kind, left) = left.iter().next()?;
    match (kind.as_str(), text(left, "key"), text(left, "protocol"), text(left, "field")) {
        ("meta", "iifname" | "iif", ..) => Some(Condition::From(words(right)?, wanted)),
        ("meta", "oifname" | "oif", ..) => Some(Condition::To(words(right)?, wanted)),
        ("ct", "state", ..) if wanted => Some(Condition::State(words(right)?)),
        ("payload", _, "ip", field) => {
            let (network, length) = network(right)?;
            match field {
                "saddr" => Some(Condition::Source(network, length, wanted)),
                "daddr" => Some(Condition::Destination(network, length, wanted)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A word, several, or a set of them.
fn words(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(word) => Some(vec![word.clone()]),
        Value::Array(words) => words.iter().map(|word| word.as_str().map(str::to_owned)).collect(),
        Value::Object(object) => words(object.get("set")?),
        _ => None,
    }
}

/// An address, or a prefix.
fn network(value: &Value) -> Option<(Ipv4Addr, u8)> {
    if let Some(address) = value.as_str() {
        return Some((address.parse().ok()?, 32));
    }
    let prefix = value.get("prefix")?;
    let length = u8::try_from(prefix.get("len")?.as_u64()?).ok()?;
    Some((text(prefix, "addr").parse().ok()?, length))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn chains_and_rules_are_read_and_what_is_foreign_is_unknown() {
        let listed = json!({"nftables": [
            {"metainfo": {"json_schema_version": 1}},
            {"table": {"family": "ip", "name": "t"}},
            {"chain": {"family": "ip", "table": "t", "name": "f", "hook": "forward", "policy": "drop"}},
            {"chain": {"family": "ip6", "table": "t", "name": "f", "hook": "forward"}},
            {"rule": {"family": "ip", "table": "t", "chain": "f", "expr": [
                {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "tun0"}},
                {"match": {"op": "!=", "left": {"payload": {"protocol": "ip", "field": "saddr"}},
                           "right": {"prefix": {"addr": "192.0.2.0", "len": 24}}}},
                {"counter": {"packets": 1, "bytes": 84}},
                {"accept": null}]}},
            {"rule": {"family": "ip", "table": "t", "chain": "f", "expr": [
                {"match": {"op": "in", "left": {"ct": {"key": "state"}},
                           "right": ["established", "related"]}},
                {"xt": {"type": "match", "name": "tcp"}},
                {"jump": {"target": "g"}}]}},
        ]});
        let Firewall { chains } = read(&listed);
        assert_eq!(chains.len(), 1, "IPv6 is no concern of ours");
        assert_eq!(
            chains[0].base,
            Some(Base { hook: "forward".to_owned(), drops_by_policy: true })
        );
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let network = Ipv4Addr::new(192, 0, 2, 0);
        assert_eq!(
            chains[0].rules,
            [
                Rule {
                    conditions: vec![
                        Condition::From(words(&["tun0"]), true),
                        Condition::Source(network, 24, false),
                    ],
                    action: Action::Accept,
                },
                Rule {
                    conditions: vec![
                        Condition::State(words(&["established", "related"])),
                        Condition::Other,
                    ],
                    action: Action::Jump("g".to_owned()),
                },
            ]
        );
    }

    #[test]
    fn what_is_not_as_expected_is_nothing() {
        assert_eq!(read(&json!([])), Firewall::default());
        let broken =
            json!({"nftables": [{"rule": {"expr": [{"match": {"op": "=="}}]}}, 7, {"chain": 1}]});
        assert_eq!(read(&broken), Firewall::default());
    }
}
