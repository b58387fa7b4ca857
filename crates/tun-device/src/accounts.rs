//! Users and groups, by name and by number.

use nix::unistd::{Gid, Group, Uid, User, geteuid};

/// The id of the user of this name, if there is one. A number stands for itself.
#[must_use]
pub fn user_id(name: &str) -> Option<u32> {
    let by_name = User::from_name(name).ok().flatten().map(|user| user.uid.as_raw());
    by_name.or_else(|| name.parse().ok())
}

/// The id of the group of this name, if there is one. A number stands for itself.
#[must_use]
pub fn group_id(name: &str) -> Option<u32> {
    let by_name = Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw());
    by_name.or_else(|| name.parse().ok())
}

/// The name of a user, or the number as text if it has none.
#[must_use]
pub fn user_name(id: u32) -> String {
    let user = User::from_uid(Uid::from_raw(id)).ok().flatten();
    user.map_or_else(|| id.to_string(), |user| user.name)
}

/// The name of a group, or the number as text if it has none.
#[must_use]
pub fn group_name(id: u32) -> String {
    let group = Group::from_gid(Gid::from_raw(id)).ok().flatten();
    group.map_or_else(|| id.to_string(), |group| group.name)
}

/// The user that this process acts as.
pub(crate) fn current_user() -> u32 {
    geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_to_each_other() {
        assert_eq!(user_id("root"), Some(0));
        assert_eq!(user_name(0), "root");
        assert_eq!(group_id(&group_name(0)), Some(0));
    }

    #[test]
    fn a_number_without_a_name_stands_for_itself() {
        assert_eq!(user_id("4294967290"), Some(4_294_967_290));
        assert_eq!(user_name(4_294_967_290), "4294967290");
        assert_eq!(user_id("no such user"), None);
    }
}
