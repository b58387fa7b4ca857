//! `read`, `write` and their relatives.

use std::ffi::{c_int, c_uint, c_void};

use libc::{iovec, loff_t, msghdr, size_t, sockaddr, socklen_t, ssize_t};
use nix::errno::Errno;

use super::{answer, count_of, library, memory};
use crate::calls::address::Given;
use crate::calls::transfer::{Received, SendFlags};
use crate::library::Library;
use crate::scheduler::Patience;

pub(super) unsafe extern "C" fn read(
    userdata: *mut c_void,
    fd: c_int,
    buffer: *mut c_void,
    count: size_t,
) -> ssize_t {
    // SAFETY: as for recv.
    unsafe { recv(userdata, fd, buffer, count, 0) }
}

pub(super) unsafe extern "C" fn readv(
    userdata: *mut c_void,
    fd: c_int,
    vectors: *const iovec,
    count: c_int,
) -> ssize_t {
    // SAFETY: both promises.
    let (library, length) = unsafe { (library(userdata), memory::vectors_length(vectors, count)) };
    let received = length.and_then(|length| receive(library, fd, length, 0));
    answer(received.map(|received| {
        // SAFETY: the second promise.
        unsafe { memory::scatter(vectors, count, &received.data) };
        bytes(received.length)
    }))
}

pub(super) unsafe extern "C" fn recv(
    userdata: *mut c_void,
    fd: c_int,
    buffer: *mut c_void,
    count: size_t,
    flags: c_int,
) -> ssize_t {
    let (address, length) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: as for recvfrom; nobody asks for the address.
    unsafe { recvfrom(userdata, fd, buffer, count, flags, address, length) }
}

pub(super) unsafe extern "C" fn recvfrom(
    userdata: *mut c_void,
    fd: c_int,
    buffer: *mut c_void,
    count: size_t,
    flags: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
) -> ssize_t {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    let received =
        memory::buffer_length(buffer, count).and_then(|length| receive(library, fd, length, flags));
    answer(received.map(|received| {
        // SAFETY: the second promise; no more was asked for than there is room for.
        unsafe {
            memory::write(buffer, &received.data);
            memory::write_address(address, length, received.source);
        }
        bytes(received.length)
    }))
}

pub(super) unsafe extern "C" fn recvmsg(
    userdata: *mut c_void,
    fd: c_int,
    message: *mut msghdr,
    flags: c_int,
) -> ssize_t {
    // SAFETY: both promises.
    let (library, length) = unsafe { (library(userdata), memory::message_length(message)) };
    let received = length.and_then(|length| receive(library, fd, length, flags));
    answer(received.map(|received| {
        // SAFETY: the second promise.
        unsafe { memory::write_message(message, &received) };
        bytes(received.length)
    }))
}

fn receive(library: &Library, fd: c_int, length: usize, flags: c_int) -> Result<Received, Errno> {
    let mut collected = Vec::new();
    library.wait(
        move |world| world.patience_to_receive(fd, flags),
        move |world, chance| world.receive(fd, length, flags, &mut collected, chance),
    )
}

pub(super) unsafe extern "C" fn write(
    userdata: *mut c_void,
    fd: c_int,
    buffer: *const c_void,
    count: size_t,
) -> ssize_t {
    // SAFETY: as for send.
    unsafe { send(userdata, fd, buffer, count, 0) }
}

pub(super) unsafe extern "C" fn writev(
    userdata: *mut c_void,
    fd: c_int,
    vectors: *const iovec,
    count: c_int,
) -> ssize_t {
    // SAFETY: both promises.
    let (library, data) = unsafe { (library(userdata), memory::gather(vectors, count)) };
    answer(data.and_then(|data| give(library, fd, data, 0, None)))
}

pub(super) unsafe extern "C" fn send(
    userdata: *mut c_void,
    fd: c_int,
    buffer: *const c_void,
    count: size_t,
    flags: c_int,
) -> ssize_t {
    // SAFETY: as for sendto; nobody is named.
    unsafe { sendto(userdata, fd, buffer, count, flags, std::ptr::null(), 0) }
}

pub(super) unsafe extern "C" fn sendto(
    userdata: *mut c_void,
    fd: c_int,
    buffer: *const c_void,
    count: size_t,
    flags: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> ssize_t {
    // SAFETY: both promises.
    let (library, data, to) = unsafe {
        let to = memory::optional_address(address, length);
        (library(userdata), memory::read(buffer, count), to)
    };
    answer(data.and_then(|data| give(library, fd, data, flags, to?)))
}

pub(super) unsafe extern "C" fn sendmsg(
    userdata: *mut c_void,
    fd: c_int,
    message: *const msghdr,
    flags: c_int,
) -> ssize_t {
    // SAFETY: both promises.
    let (library, message) = unsafe { (library(userdata), memory::message(message)) };
    answer(message.and_then(|(data, to)| give(library, fd, data, flags, to)))
}

fn give(
    library: &Library,
    fd: c_int,
    data: Vec<u8>,
    flags: c_int,
    to: Option<Given>,
) -> Result<ssize_t, Errno> {
    let mut sent = 0;
    let taken = library.wait(
        move |world| world.patience_to_send(fd, flags & libc::MSG_DONTWAIT),
        move |world, chance| world.send(fd, &data, flags, to, &mut sent, chance),
    );
    taken.map(bytes)
}

pub(super) unsafe extern "C" fn splice(
    userdata: *mut c_void,
    from: c_int,
    offset_from: *mut loff_t,
    to: c_int,
    offset_to: *mut loff_t,
    count: size_t,
    flags: c_uint,
) -> c_int {
    // SAFETY: both promises.
    let (library, offsets) = unsafe {
        (library(userdata), memory::no_offset(offset_from).and(memory::no_offset(offset_to)))
    };
    let never_waits = flags & libc::SPLICE_F_NONBLOCK != 0;
    let flags = SendFlags { more: flags & libc::SPLICE_F_MORE != 0, ..SendFlags::default() };
    let moved = offsets.and_then(|()| {
        library.wait(
            move |world| match never_waits {
                true => Ok(Patience::None),
                false => world.patience_to_receive(from, 0),
            },
            move |world, _| world.splice(from, to, count, flags),
        )
    });
    answer(moved.map(count_of))
}

/// A count of bytes, of which there are never more than [`memory::MAX_LENGTH`].
fn bytes(count: usize) -> ssize_t {
    ssize_t::try_from(count).unwrap_or(ssize_t::MAX)
}
