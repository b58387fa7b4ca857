//! Who runs this program, and what they may do.

use std::{env, fs};

use nix::unistd::{Uid, User as Account, getegid, geteuid, getgroups};

use crate::facts::User;

/// The number of CAP_NET_ADMIN, capabilities(7).
const CAP_NET_ADMIN: u32 = 12;

pub(super) fn user() -> User {
    let id = geteuid();
    let mut groups: Vec<u32> =
        getgroups().unwrap_or_default().iter().map(|group| group.as_raw()).collect();
    groups.push(getegid().as_raw());
    User {
        id: id.as_raw(),
        groups,
        name: person(id),
        is_root: id.is_root(),
        administers_network: has_capability(CAP_NET_ADMIN),
        in_user_namespace: in_user_namespace(),
    }
}

/// Whoever typed `sudo`, if somebody did, and otherwise this user: by name, or number if it
/// has none.
fn person(id: Uid) -> String {
    let behind_sudo = env::var("SUDO_USER").ok().filter(|name| id.is_root() && !name.is_empty());
    behind_sudo
        .or_else(|| Some(Account::from_uid(id).ok()??.name))
        .unwrap_or_else(|| id.to_string())
}

fn has_capability(number: u32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let mask = effective.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or(0) & (1 << number) != 0
}

/// The first user namespace maps every number to itself.
fn in_user_namespace() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let map: Vec<&str> = map.split_whitespace().collect();
    map != ["0", "0", "4294967295"]
}
