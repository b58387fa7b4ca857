//! What `ip -j` says. It asks the kernel directly (rtnetlink), so it is right in every network
//! namespace, whichever one `/sys` shows.

use std::net::Ipv4Addr;

use nix::unistd::{Gid, Group, Uid, User};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{last_line, run};
use crate::facts::{Address, Link, LocalRoute, Principal, Route};

/// All interfaces, or `None` if there is no `ip` that speaks JSON.
pub(super) fn links() -> Option<Vec<Link>> {
    let links: Vec<LinkRow> = ask(&["-d", "addr", "show"]).ok()?;
    Some(links.into_iter().map(Link::from).collect())
}

/// The rows of the local table.
pub(super) fn local_table() -> Vec<LocalRoute> {
    let rows: Vec<RouteRow> = ask(&["-4", "route", "show", "table", "local"]).unwrap_or_default();
    rows.into_iter().filter_map(RouteRow::into_local).collect()
}

/// How the kernel would send to `address`.
pub(super) fn route_to(address: Ipv4Addr) -> Result<Route, String> {
    let rows: Vec<RouteRow> = ask(&["route", "get", &address.to_string()])?;
    let row = rows.into_iter().next().ok_or("no route")?;
    Ok(Route { device: row.dev, table: row.table })
}

/// Whether the kernel would take a packet from `source` for `destination` that comes by `device`.
pub(super) fn input_route(
    source: Ipv4Addr,
    destination: Ipv4Addr,
    device: &str,
) -> Result<(), String> {
    let (source, destination) = (source.to_string(), destination.to_string());
    let request = ["route", "get", &destination, "from", &source, "iif", device];
    ask::<Vec<Value>>(&request).map(|_| ())
}

/// The state of the neighbour entry for `address` on `device`.
pub(super) fn neighbour_state(address: Ipv4Addr, device: &str) -> Option<String> {
    let request = ["neigh", "show", "to", &address.to_string(), "dev", device];
    let rows: Vec<Value> = ask(&request).ok()?;
    Some(rows.first()?.get("state")?.get(0)?.as_str()?.to_owned())
}

/// The counters of `device`, each with its direction in front (`rx_dropped`).
pub(crate) fn statistics(device: &str) -> Result<Vec<(String, u64)>, String> {
    let rows: Vec<Value> = ask(&["-s", "-s", "link", "show", "dev", device])?;
    let directions = rows.first().and_then(|row| row.get("stats64")?.as_object());
    let mut counters = Vec::new();
    for (direction, values) in directions.into_iter().flatten() {
        for (name, value) in values.as_object().into_iter().flatten() {
            counters.extend(value.as_u64().map(|value| (format!("{direction}_{name}"), value)));
        }
    }
    Ok(counters)
}

fn ask<T: DeserializeOwned>(request: &[&str]) -> Result<T, String> {
    let output = run("ip", &[&["-j"], request].concat()).map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(last_line(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

#[derive(Deserialize)]
struct LinkRow {
    ifindex: u32,
    ifname: String,
    flags: Vec<String>,
    mtu: u32,
    master: Option<String>,
    #[serde(default)]
    linkinfo: Value,
    #[serde(default)]
    addr_info: Vec<AddressRow>,
}

#[derive(Deserialize)]
struct AddressRow {
    family: String,
    local: Option<String>,
    /// The peer, where there is one.
    address: Option<String>,
    prefixlen: u8,
}

#[derive(Deserialize)]
struct RouteRow {
    #[serde(rename = "type", default)]
    kind: String,
    dst: String,
    #[serde(default)]
    dev: String,
    table: Option<String>,
}

impl From<LinkRow> for Link {
    fn from(row: LinkRow) -> Self {
        let has = |flag: &str| row.flags.iter().any(|found| found == flag);
        let driver = row.linkinfo.get("info_kind").and_then(Value::as_str).unwrap_or("plain");
        let is_bridged =
            row.linkinfo.get("info_slave_kind").and_then(Value::as_str) == Some("bridge");
        let data = row.linkinfo.get("info_data").filter(|_| driver == "tun");
        let tun = |key: &str| data.and_then(|data| data.get(key));
        let is_set = |key: &str| tun(key).and_then(Value::as_bool) == Some(true);
        Self {
            kind: tun("type").and_then(Value::as_str).unwrap_or(driver).to_owned(),
            is_up: has("UP"),
            has_carrier: has("LOWER_UP"),
            is_multi_queue: is_set("multi_queue"),
            is_persistent: is_set("persist"),
            bridge: row.master.filter(|_| is_bridged),
            owner: tun("user").and_then(user),
            group: tun("group").and_then(group),
            name: row.ifname,
            index: row.ifindex,
            mtu: row.mtu,
            addresses: row.addr_info.iter().filter_map(AddressRow::to_address).collect(),
        }
    }
}

impl AddressRow {
    fn to_address(&self) -> Option<Address> {
        if self.family != "inet" {
            return None;
        }
        Some(Address {
            local: self.local.as_ref()?.parse().ok()?,
            peer: self.address.as_ref().and_then(|peer| peer.parse().ok()),
            prefix_length: self.prefixlen,
        })
    }
}

impl RouteRow {
    fn into_local(self) -> Option<LocalRoute> {
        let (first, prefix_length) = self.dst.split_once('/').unwrap_or((&self.dst, "32"));
        Some(LocalRoute {
            is_broadcast: self.kind == "broadcast",
            first: first.parse().ok()?,
            prefix_length: prefix_length.parse().ok()?,
            device: self.dev,
        })
    }
}

/// `ip` writes a name where it knows one, a number otherwise.
fn user(value: &Value) -> Option<Principal> {
    match value {
        Value::String(name) => {
            let id = User::from_name(name).ok()??.uid.as_raw();
            Some(Principal { id, name: name.clone() })
        }
        value => principal(value, |id| Some(User::from_uid(Uid::from_raw(id)).ok()??.name)),
    }
}

fn group(value: &Value) -> Option<Principal> {
    match value {
        Value::String(name) => {
            let id = Group::from_name(name).ok()??.gid.as_raw();
            Some(Principal { id, name: name.clone() })
        }
        value => principal(value, |id| Some(Group::from_gid(Gid::from_raw(id)).ok()??.name)),
    }
}

fn principal(number: &Value, name: impl Fn(u32) -> Option<String>) -> Option<Principal> {
    let id = u32::try_from(number.as_u64()?).ok()?;
    Some(Principal { id, name: name(id).unwrap_or_else(|| id.to_string()) })
}
