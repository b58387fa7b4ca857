//! The C interface: one exported symbol, which fills in a table of functions.
//!
//! The table is laid out as packetdrill's header has it, which has no version number: a pointer
//! of ours, and 32 functions that take it first. Results and `errno` are as those of the system
//! calls of the same names. There is nothing here but pointers: each function copies what it is
//! given, makes the call, and copies the answer back.
//!
//! What packetdrill owes, and every SAFETY comment below leans on:
//!
//! 1. `userdata` is what [`packetdrill_interface_init`] put into the table, and `free` is the last
//!    function to be called with it.
//! 2. Every other pointer is as the system call of that name wants it: NULL, or good for as many
//!    bytes as the length beside it says, until the function returns.
//!
//! `fcntl` and `ioctl` are variadic in C, which stable Rust cannot define. With one fixed argument
//! more they are called in the same way on x86-64 and aarch64 Linux: the first variadic argument
//! goes where a fixed one would.

mod memory;
mod network;
mod readiness;
mod sockets;
mod transfer;

use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_ulong, c_void};

use libc::{
    epoll_event, iovec, loff_t, msghdr, nfds_t, pollfd, size_t, sockaddr, socklen_t, ssize_t,
    timeval, timezone, useconds_t,
};
use nix::errno::Errno;

use crate::library::Library;
use crate::settings::Settings;

/// `struct packetdrill_interface`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "they are called as the system calls that they stand for")]
pub struct Interface {
    pub userdata: *mut c_void,
    pub free: unsafe extern "C" fn(*mut c_void),
    pub socket: unsafe extern "C" fn(*mut c_void, c_int, c_int, c_int) -> c_int,
    pub bind: unsafe extern "C" fn(*mut c_void, c_int, *const sockaddr, socklen_t) -> c_int,
    pub listen: unsafe extern "C" fn(*mut c_void, c_int, c_int) -> c_int,
    pub accept: unsafe extern "C" fn(*mut c_void, c_int, *mut sockaddr, *mut socklen_t) -> c_int,
    pub connect: unsafe extern "C" fn(*mut c_void, c_int, *const sockaddr, socklen_t) -> c_int,
    pub read: unsafe extern "C" fn(*mut c_void, c_int, *mut c_void, size_t) -> ssize_t,
    pub readv: unsafe extern "C" fn(*mut c_void, c_int, *const iovec, c_int) -> ssize_t,
    pub recv: unsafe extern "C" fn(*mut c_void, c_int, *mut c_void, size_t, c_int) -> ssize_t,
    pub recvfrom: unsafe extern "C" fn(
        *mut c_void,
        c_int,
        *mut c_void,
        size_t,
        c_int,
        *mut sockaddr,
        *mut socklen_t,
    ) -> ssize_t,
    pub recvmsg: unsafe extern "C" fn(*mut c_void, c_int, *mut msghdr, c_int) -> ssize_t,
    pub write: unsafe extern "C" fn(*mut c_void, c_int, *const c_void, size_t) -> ssize_t,
    pub writev: unsafe extern "C" fn(*mut c_void, c_int, *const iovec, c_int) -> ssize_t,
    pub send: unsafe extern "C" fn(*mut c_void, c_int, *const c_void, size_t, c_int) -> ssize_t,
    pub sendto: unsafe extern "C" fn(
        *mut c_void,
        c_int,
        *const c_void,
        size_t,
        c_int,
        *const sockaddr,
        socklen_t,
    ) -> ssize_t,
    pub sendmsg: unsafe extern "C" fn(*mut c_void, c_int, *const msghdr, c_int) -> ssize_t,
    pub fcntl: unsafe extern "C" fn(*mut c_void, c_int, c_int, c_long) -> c_int,
    pub ioctl: unsafe extern "C" fn(*mut c_void, c_int, c_ulong, *mut c_int) -> c_int,
    pub close: unsafe extern "C" fn(*mut c_void, c_int) -> c_int,
    pub shutdown: unsafe extern "C" fn(*mut c_void, c_int, c_int) -> c_int,
    pub getsockopt: unsafe extern "C" fn(
        *mut c_void,
        c_int,
        c_int,
        c_int,
        *mut c_void,
        *mut socklen_t,
    ) -> c_int,
    pub setsockopt:
        unsafe extern "C" fn(*mut c_void, c_int, c_int, c_int, *const c_void, socklen_t) -> c_int,
    pub poll: unsafe extern "C" fn(*mut c_void, *mut pollfd, nfds_t, c_int) -> c_int,
    pub netdev_send: unsafe extern "C" fn(*mut c_void, *const c_void, size_t) -> c_int,
    pub netdev_receive:
        unsafe extern "C" fn(*mut c_void, *mut c_void, *mut size_t, *mut i64) -> c_int,
    pub usleep: unsafe extern "C" fn(*mut c_void, useconds_t) -> c_int,
    pub gettimeofday: unsafe extern "C" fn(*mut c_void, *mut timeval, *mut timezone) -> c_int,
    pub epoll_create: unsafe extern "C" fn(*mut c_void, c_int) -> c_int,
    pub epoll_ctl:
        unsafe extern "C" fn(*mut c_void, c_int, c_int, c_int, *mut epoll_event) -> c_int,
    pub epoll_wait:
        unsafe extern "C" fn(*mut c_void, c_int, *mut epoll_event, c_int, c_int) -> c_int,
    pub pipe: unsafe extern "C" fn(*mut c_void, *mut c_int) -> c_int,
    pub splice: unsafe extern "C" fn(
        *mut c_void,
        c_int,
        *mut loff_t,
        c_int,
        *mut loff_t,
        size_t,
        c_uint,
    ) -> c_int,
}

// packetdrill knows no other than this; 33 words.
const _: () = assert!(size_of::<Interface>() == 33 * size_of::<usize>());
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Interface>() == 264);

/// Starts a stack and fills in `interface`. `flags` is what `--so_flags` says, or NULL.
///
/// Says what is wrong and aborts where the flags are: there is no other way to refuse.
///
/// # Safety
/// `flags` is NULL or a C string, and `interface` has room for an [`Interface`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn packetdrill_interface_init(
    flags: *const c_char,
    interface: *mut Interface,
) {
    let flags = match flags.is_null() {
        true => String::new(),
        // SAFETY: not NULL, so it is a C string, which nobody changes meanwhile.
        false => unsafe { CStr::from_ptr(flags) }.to_string_lossy().into_owned(),
    };
    let settings = flags
        .parse::<Settings>()
        .unwrap_or_else(|wrong| give_up(&format!("--so_flags={flags}: {wrong}")));
    let library = Library::start(settings)
        .unwrap_or_else(|error| give_up(&format!("cannot start a thread: {error}")));
    let userdata = Box::into_raw(Box::new(library)).cast();
    // SAFETY: there is room for it. What was there is overwritten and not dropped.
    unsafe { interface.write(table(userdata)) };
}

fn give_up(message: &str) -> ! {
    eprintln!("libstrata_packetdrill.so: {message}");
    std::process::abort()
}

const fn table(userdata: *mut c_void) -> Interface {
    Interface {
        userdata,
        free,
        socket: sockets::socket,
        bind: sockets::bind,
        listen: sockets::listen,
        accept: sockets::accept,
        connect: sockets::connect,
        read: transfer::read,
        readv: transfer::readv,
        recv: transfer::recv,
        recvfrom: transfer::recvfrom,
        recvmsg: transfer::recvmsg,
        write: transfer::write,
        writev: transfer::writev,
        send: transfer::send,
        sendto: transfer::sendto,
        sendmsg: transfer::sendmsg,
        fcntl: sockets::fcntl,
        ioctl: sockets::ioctl,
        close: sockets::close,
        shutdown: sockets::shutdown,
        getsockopt: sockets::getsockopt,
        setsockopt: sockets::setsockopt,
        poll: readiness::poll,
        netdev_send: network::netdev_send,
        netdev_receive: network::netdev_receive,
        usleep: network::usleep,
        gettimeofday: network::gettimeofday,
        epoll_create: readiness::epoll_create,
        epoll_ctl: readiness::epoll_ctl,
        epoll_wait: readiness::epoll_wait,
        pipe: sockets::pipe,
        splice: transfer::splice,
    }
}

/// The library behind `userdata`.
///
/// # Safety
/// It is what `packetdrill_interface_init` made, and was not freed.
const unsafe fn library<'a>(userdata: *mut c_void) -> &'a Library {
    // SAFETY: it came from a box of a Library, which can be called from any thread, and lives
    // until `free`.
    unsafe { &*userdata.cast::<Library>() }
}

/// What a system call returns: -1 for an error, whose number goes into `errno`.
fn answer<T: TryFrom<i8>>(result: Result<T, Errno>) -> T
where
    T::Error: std::fmt::Debug,
{
    match result {
        Ok(value) => value,
        Err(errno) => {
            errno.set();
            T::try_from(-1).unwrap_or_else(|_| give_up("a result that cannot be -1"))
        }
    }
}

fn zero((): ()) -> c_int {
    0
}

unsafe extern "C" fn free(userdata: *mut c_void) {
    // SAFETY: it came from a box of a Library, and this is the last call with it.
    drop(unsafe { Box::from_raw(userdata.cast::<Library>()) });
}

fn count_of(count: usize) -> c_int {
    c_int::try_from(count).unwrap_or(c_int::MAX)
}
