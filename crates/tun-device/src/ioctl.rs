//! The system calls whose arguments Rust cannot check, each behind a safe function.
//!
//! TUN* requests go to the descriptor of the device, SIOC* requests to any socket. All numbers
//! come from libc.

use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_char, c_int, c_short, ifreq};
use nix::errno::Errno;

use crate::InterfaceName;

/// The bare requests, as nix writes them out.
mod request {
    use libc::{c_int, ifreq};

    nix::ioctl_readwrite_bad!(set_interface, libc::TUNSETIFF, ifreq);
    nix::ioctl_write_int_bad!(set_persistent, libc::TUNSETPERSIST);
    nix::ioctl_write_int_bad!(set_owner, libc::TUNSETOWNER);
    nix::ioctl_write_int_bad!(set_group, libc::TUNSETGROUP);
    nix::ioctl_write_int_bad!(set_offload, libc::TUNSETOFFLOAD);
    nix::ioctl_write_ptr_bad!(set_virtio_header_size, libc::TUNSETVNETHDRSZ, c_int);
    nix::ioctl_write_ptr_bad!(set_carrier, libc::TUNSETCARRIER, c_int);
    nix::ioctl_readwrite_bad!(flags, libc::SIOCGIFFLAGS, ifreq);
    nix::ioctl_write_ptr_bad!(set_flags, libc::SIOCSIFFLAGS, ifreq);
    nix::ioctl_readwrite_bad!(mtu, libc::SIOCGIFMTU, ifreq);
    nix::ioctl_write_ptr_bad!(set_mtu, libc::SIOCSIFMTU, ifreq);
}

/// Ties `descriptor` to a device and gives the device's name as the kernel wrote it back.
///
/// TUNSETIFF. Without a name the kernel chooses one.
pub(crate) fn set_interface(
    descriptor: BorrowedFd<'_>,
    name: Option<&InterfaceName>,
    flags: c_int,
) -> Result<String, Errno> {
    let mut request = request_for(name);
    request.ifr_ifru.ifru_flags = flags_field(flags)?;
    // SAFETY: TUNSETIFF reads one ifreq and writes one back. `request` is a whole ifreq, it is
    // exclusively ours, and it outlives the call, which keeps no pointer to it.
    unsafe { request::set_interface(descriptor.as_raw_fd(), &raw mut request) }?;
    let bytes = request.ifr_name.iter().flat_map(|character| character.to_ne_bytes());
    let name = bytes.take_while(|&byte| byte != 0).collect();
    String::from_utf8(name).map_err(|_| Errno::EILSEQ)
}

/// Whether the device stays when its last descriptor closes. TUNSETPERSIST.
pub(crate) fn set_persistent(descriptor: BorrowedFd<'_>, on: bool) -> Result<(), Errno> {
    // SAFETY: TUNSETPERSIST takes its argument by value and touches no memory of ours.
    unsafe { request::set_persistent(descriptor.as_raw_fd(), c_int::from(on)) }.map(drop)
}

/// Which user may attach. TUNSETOWNER.
pub(crate) fn set_owner(descriptor: BorrowedFd<'_>, user: u32) -> Result<(), Errno> {
    // SAFETY: TUNSETOWNER takes its argument by value and touches no memory of ours.
    unsafe { request::set_owner(descriptor.as_raw_fd(), user.cast_signed()) }.map(drop)
}

/// Which group may attach. TUNSETGROUP.
pub(crate) fn set_group(descriptor: BorrowedFd<'_>, group: u32) -> Result<(), Errno> {
    // SAFETY: TUNSETGROUP takes its argument by value and touches no memory of ours.
    unsafe { request::set_group(descriptor.as_raw_fd(), group.cast_signed()) }.map(drop)
}

/// What the kernel may leave to us in the packets that it transmits: TUN_F_* bits.
/// TUNSETOFFLOAD.
pub(crate) fn set_offload(descriptor: BorrowedFd<'_>, mask: u32) -> Result<(), Errno> {
    // SAFETY: TUNSETOFFLOAD takes its argument by value and touches no memory of ours.
    unsafe { request::set_offload(descriptor.as_raw_fd(), mask.cast_signed()) }.map(drop)
}

/// Length of the virtio_net_hdr before each packet, in bytes. TUNSETVNETHDRSZ.
pub(crate) fn set_virtio_header_size(descriptor: BorrowedFd<'_>, size: usize) -> Result<(), Errno> {
    let size = c_int::try_from(size).map_err(|_| Errno::EINVAL)?;
    // SAFETY: TUNSETVNETHDRSZ reads one int. `size` is one, and it outlives the call.
    unsafe { request::set_virtio_header_size(descriptor.as_raw_fd(), &raw const size) }.map(drop)
}

/// Whether the device has a carrier. TUNSETCARRIER, which Linux has had since 5.0.
pub(crate) fn set_carrier(descriptor: BorrowedFd<'_>, on: bool) -> Result<(), Errno> {
    let on = c_int::from(on);
    // SAFETY: TUNSETCARRIER reads one int. `on` is one, and it outlives the call.
    unsafe { request::set_carrier(descriptor.as_raw_fd(), &raw const on) }.map(drop)
}

/// IFF_* bits of an interface. SIOCGIFFLAGS.
pub(crate) fn flags(socket: BorrowedFd<'_>, name: &InterfaceName) -> Result<c_int, Errno> {
    let mut request = request_for(Some(name));
    // SAFETY: SIOCGIFFLAGS reads one ifreq and writes one back. `request` is a whole ifreq, it
    // is exclusively ours, and it outlives the call, which keeps no pointer to it.
    unsafe { request::flags(socket.as_raw_fd(), &raw mut request) }?;
    // SAFETY: the request was zeroed and the kernel filled in this field of the union, so its
    // bytes are initialised; any bit pattern is an integer.
    Ok(c_int::from(unsafe { request.ifr_ifru.ifru_flags }.cast_unsigned()))
}

/// Sets the IFF_* bits of an interface. SIOCSIFFLAGS.
pub(crate) fn set_flags(
    socket: BorrowedFd<'_>,
    name: &InterfaceName,
    flags: c_int,
) -> Result<(), Errno> {
    let mut request = request_for(Some(name));
    request.ifr_ifru.ifru_flags = flags_field(flags)?;
    // SAFETY: SIOCSIFFLAGS reads one ifreq. `request` is a whole one and outlives the call.
    unsafe { request::set_flags(socket.as_raw_fd(), &raw const request) }.map(drop)
}

/// MTU of an interface in bytes. SIOCGIFMTU.
pub(crate) fn mtu(socket: BorrowedFd<'_>, name: &InterfaceName) -> Result<u32, Errno> {
    let mut request = request_for(Some(name));
    // SAFETY: SIOCGIFMTU reads one ifreq and writes one back. `request` is a whole ifreq, it is
    // exclusively ours, and it outlives the call, which keeps no pointer to it.
    unsafe { request::mtu(socket.as_raw_fd(), &raw mut request) }?;
    // SAFETY: the request was zeroed and the kernel filled in this field of the union, so its
    // bytes are initialised; any bit pattern is an integer.
    u32::try_from(unsafe { request.ifr_ifru.ifru_mtu }).map_err(|_| Errno::ERANGE)
}

/// Sets the MTU of an interface, in bytes. SIOCSIFMTU.
pub(crate) fn set_mtu(socket: BorrowedFd<'_>, name: &InterfaceName, mtu: u32) -> Result<(), Errno> {
    let mut request = request_for(Some(name));
    request.ifr_ifru.ifru_mtu = c_int::try_from(mtu).map_err(|_| Errno::EINVAL)?;
    // SAFETY: SIOCSIFMTU reads one ifreq. `request` is a whole one and outlives the call.
    unsafe { request::set_mtu(socket.as_raw_fd(), &raw const request) }.map(drop)
}

/// IFF_* bits as an ifreq holds them. The field is signed by accident: its bits count.
fn flags_field(flags: c_int) -> Result<c_short, Errno> {
    u16::try_from(flags).map(u16::cast_signed).map_err(|_| Errno::EINVAL)
}

/// A request that is zero but for the name of the interface.
fn request_for(name: Option<&InterfaceName>) -> ifreq {
    // SAFETY: ifreq is an array of characters and a union of integers, addresses and one
    // pointer; all bytes zero is a valid value of each.
    let mut request: ifreq = unsafe { std::mem::zeroed() };
    let name = name.map_or("", InterfaceName::as_str);
    // A name is at most 15 bytes, so the field keeps its zero at the end.
    for (field, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *field = c_char::from_ne_bytes([byte]);
    }
    request
}
