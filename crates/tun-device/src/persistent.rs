//! Devices that stay when no program is attached: made once, as by an administrator, and then
//! attached to by an ordinary user's program.
//!
//! Both functions can be called again and again: what is done already is said to be so.

use std::os::fd::AsFd;

use nix::errno::Errno;

use crate::node::{attach, open_node};
use crate::{Error, Interface, InterfaceName, Kind, TunProperties, ioctl};

/// What [`add`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Added {
    /// The device was created.
    Created,
    /// The device was there, with another owner or group, or not to stay; it was changed.
    Changed,
    /// The device was there, just as it was asked for.
    AlreadyThere,
}

/// What [`delete`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Deleted {
    /// The device was deleted.
    Deleted,
    /// There was no device of this name.
    AlreadyGone,
}

/// Makes a device that stays, and says who may attach to it: user id of the owner, id of the
/// group. If both are given one has to be both, if neither is everybody may.
///
/// A device that is there already keeps its owner or group where none is given.
///
/// # Errors
/// [`Error::CreateForbidden`], [`Error::WrongKind`], [`Error::NotTun`]; if an existing device has
/// to be changed also [`Error::Busy`] and [`Error::OwnedByAnother`].
pub fn add(
    name: &InterfaceName,
    kind: Kind,
    owner: Option<u32>,
    group: Option<u32>,
) -> Result<Added, Error> {
    if !Interface::exists(name) {
        set_up(name, kind, 0, owner, group)?;
        return Ok(Added::Created);
    }
    let found = Interface::named(name)?.tun()?;
    if found.kind != kind {
        return Err(Error::WrongKind { name: name.clone(), asked: kind });
    }
    let has = |asked: Option<u32>, found| asked.is_none() || asked == found;
    if found.persistent && has(owner, found.owner) && has(group, found.group) {
        return Ok(Added::AlreadyThere);
    }
    set_up(name, kind, queue_flag(found), owner, group)?;
    Ok(Added::Changed)
}

/// Deletes a device that would stay.
///
/// # Errors
/// [`Error::NotTun`], [`Error::Busy`], [`Error::OwnedByAnother`].
pub fn delete(name: &InterfaceName) -> Result<Deleted, Error> {
    if !Interface::exists(name) {
        return Ok(Deleted::AlreadyGone);
    }
    let found = Interface::named(name)?.tun()?;
    let node = open_node()?;
    attach(&node, found.kind, Some(name), queue_flag(found))?;
    // The device goes when the node closes, at the end of this function.
    ioctl::set_persistent(node.as_fd(), false)
        .map_err(|errno| Error::io("deleting the device", errno))?;
    Ok(Deleted::Deleted)
}

/// Attaches, sets owner and group, and lets the device stay last: if anything before failed, a
/// new device goes again.
fn set_up(
    name: &InterfaceName,
    kind: Kind,
    flags: libc::c_int,
    owner: Option<u32>,
    group: Option<u32>,
) -> Result<(), Error> {
    let node = open_node()?;
    attach(&node, kind, Some(name), flags | libc::IFF_NO_PI)?;
    if let Some(owner) = owner {
        ioctl::set_owner(node.as_fd(), owner).map_err(failed("setting the owner"))?;
    }
    if let Some(group) = group {
        ioctl::set_group(node.as_fd(), group).map_err(failed("setting the group"))?;
    }
    ioctl::set_persistent(node.as_fd(), true).map_err(failed("making the device stay"))
}

fn failed(what: &'static str) -> impl FnOnce(Errno) -> Error {
    move |errno| Error::io(what, errno)
}

/// A device of several queues is only attached to by one who says so.
const fn queue_flag(found: TunProperties) -> libc::c_int {
    if found.multi_queue { libc::IFF_MULTI_QUEUE } else { 0 }
}
