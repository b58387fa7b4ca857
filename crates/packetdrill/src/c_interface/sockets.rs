//! Sockets and pipes: opening, closing, asking and setting.

use std::ffi::{c_int, c_long, c_ulong, c_void};

use libc::{sockaddr, socklen_t};
use nix::errno::Errno;

use super::memory::request;
use super::{answer, library, memory, zero};
use crate::calls::Control;
use crate::scheduler::Patience;

pub(super) unsafe extern "C" fn socket(
    userdata: *mut c_void,
    domain: c_int,
    kind: c_int,
    protocol: c_int,
) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    answer(library.call(move |world| world.socket(domain, kind, protocol)))
}

pub(super) unsafe extern "C" fn bind(
    userdata: *mut c_void,
    fd: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> c_int {
    // SAFETY: both promises.
    let (library, given) = unsafe { (library(userdata), memory::address(address, length)) };
    answer(given.and_then(|given| library.call(move |world| world.bind(fd, given))).map(zero))
}

pub(super) unsafe extern "C" fn listen(userdata: *mut c_void, fd: c_int, backlog: c_int) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    answer(library.call(move |world| world.listen(fd, backlog)).map(zero))
}

pub(super) unsafe extern "C" fn accept(
    userdata: *mut c_void,
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    let accepted = library
        .wait(move |world| world.patience_to_receive(fd, 0), move |world, _| world.accept(fd));
    answer(accepted.map(|(accepted, peer)| {
        // SAFETY: the second promise.
        unsafe { memory::write_address(address, length, Some(peer)) };
        accepted
    }))
}

pub(super) unsafe extern "C" fn connect(
    userdata: *mut c_void,
    fd: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> c_int {
    // SAFETY: both promises.
    let (library, given) = unsafe { (library(userdata), memory::address(address, length)) };
    let connect = |given| {
        let mut began = None;
        library.wait(
            move |world| world.patience_to_send(fd, 0),
            move |world, chance| world.connect(fd, given, &mut began, chance),
        )
    };
    answer(given.and_then(connect).map(zero))
}

pub(super) unsafe extern "C" fn close(userdata: *mut c_void, fd: c_int) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    let mut lingering = None;
    let closed = library.wait(
        // Only SO_LINGER has it wait, and then O_NONBLOCK does not count.
        |_| Ok(Patience::Endless),
        move |world, chance| world.close(fd, &mut lingering, chance),
    );
    answer(closed.map(zero))
}

pub(super) unsafe extern "C" fn shutdown(userdata: *mut c_void, fd: c_int, how: c_int) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    answer(library.call(move |world| world.shutdown(fd, how)).map(zero))
}

pub(super) unsafe extern "C" fn fcntl(
    userdata: *mut c_void,
    fd: c_int,
    command: c_int,
    argument: c_long,
) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    // The program passes an int, or nothing at all where the command takes nothing: of the
    // register only its lower half means something.
    let [a, b, c, d, ..] = argument.to_le_bytes();
    let argument = c_int::from_le_bytes([a, b, c, d]);
    answer(library.call(move |world| world.fcntl(fd, command, argument)))
}

pub(super) unsafe extern "C" fn ioctl(
    userdata: *mut c_void,
    fd: c_int,
    asked: c_ulong,
    argument: *mut c_int,
) -> c_int {
    // SAFETY: both promises: each of these requests takes a pointer to an int.
    let (library, given) = unsafe {
        let is_read = asked == request::FIONBIO;
        (library(userdata), if is_read { memory::read_one(argument) } else { Ok(0) })
    };
    let control = given.and_then(|given| match asked {
        request::SIOCINQ => Ok(Control::Unread),
        request::SIOCOUTQ => Ok(Control::Unacknowledged),
        request::SIOCOUTQNSD => Ok(Control::Unsent),
        request::SIOCATMARK => Ok(Control::AtMark),
        request::FIONBIO => Ok(Control::SetNonblocking(given != 0)),
        _ => Err(Errno::ENOTTY),
    });
    answer(control.and_then(|control| {
        let amount = library.call(move |world| world.ioctl(fd, control))?;
        if !matches!(control, Control::SetNonblocking(_)) {
            // SAFETY: the second promise.
            unsafe { memory::write_one(argument, amount) }?;
        }
        Ok(0)
    }))
}

pub(super) unsafe extern "C" fn getsockopt(
    userdata: *mut c_void,
    fd: c_int,
    level: c_int,
    name: c_int,
    value: *mut c_void,
    length: *mut socklen_t,
) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    let result = library.call(move |world| world.option(fd, level, name));
    answer(result.and_then(|bytes| {
        // SAFETY: the second promise.
        unsafe { memory::write_option(value, length, &bytes.into_bytes()) }.map(zero)
    }))
}

pub(super) unsafe extern "C" fn setsockopt(
    userdata: *mut c_void,
    fd: c_int,
    level: c_int,
    name: c_int,
    value: *const c_void,
    length: socklen_t,
) -> c_int {
    // SAFETY: both promises.
    let (library, bytes) = unsafe { (library(userdata), memory::read_option(value, length)) };
    let set = |bytes: Vec<u8>| {
        library.call(move |world| world.set_option(fd, level, name, &bytes)).map(zero)
    };
    answer(bytes.and_then(set))
}

pub(super) unsafe extern "C" fn pipe(userdata: *mut c_void, descriptors: *mut c_int) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    answer(library.call(crate::world::World::pipe).and_then(|ends| {
        // SAFETY: the second promise: there is room for two.
        unsafe { memory::write_ends(descriptors, ends) }.map(zero)
    }))
}
