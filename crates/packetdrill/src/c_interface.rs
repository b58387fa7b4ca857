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

use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_ulong, c_void};
use std::time::Duration;

use libc::{
    epoll_event, iovec, loff_t, msghdr, nfds_t, pollfd, size_t, sockaddr, socklen_t, ssize_t,
    timeval, timezone, useconds_t,
};
use nix::errno::Errno;

use crate::calls::address::Given;
use crate::calls::transfer::{Received, SendFlags};
use crate::calls::{Asked, Control};
use crate::library::Library;
use crate::scheduler::{Chance, Patience};
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
        socket,
        bind,
        listen,
        accept,
        connect,
        read,
        readv,
        recv,
        recvfrom,
        recvmsg,
        write,
        writev,
        send,
        sendto,
        sendmsg,
        fcntl,
        ioctl,
        close,
        shutdown,
        getsockopt,
        setsockopt,
        poll,
        netdev_send,
        netdev_receive,
        usleep,
        gettimeofday,
        epoll_create,
        epoll_ctl,
        epoll_wait,
        pipe,
        splice,
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

/// A count of bytes, of which there are never more than [`memory::MAX_LENGTH`].
fn bytes(count: usize) -> ssize_t {
    ssize_t::try_from(count).unwrap_or(ssize_t::MAX)
}

unsafe extern "C" fn free(userdata: *mut c_void) {
    // SAFETY: it came from a box of a Library, and this is the last call with it.
    drop(unsafe { Box::from_raw(userdata.cast::<Library>()) });
}

unsafe extern "C" fn socket(
    userdata: *mut c_void,
    domain: c_int,
    kind: c_int,
    protocol: c_int,
) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    answer(library.call(move |world| world.socket(domain, kind, protocol)))
}

unsafe extern "C" fn bind(
    userdata: *mut c_void,
    fd: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> c_int {
    // SAFETY: both promises.
    let (library, given) = unsafe { (library(userdata), memory::address(address, length)) };
    answer(given.and_then(|given| library.call(move |world| world.bind(fd, given))).map(zero))
}

unsafe extern "C" fn listen(userdata: *mut c_void, fd: c_int, backlog: c_int) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    answer(library.call(move |world| world.listen(fd, backlog)).map(zero))
}

unsafe extern "C" fn accept(
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

unsafe extern "C" fn connect(
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

unsafe extern "C" fn read(
    userdata: *mut c_void,
    fd: c_int,
    buffer: *mut c_void,
    count: size_t,
) -> ssize_t {
    // SAFETY: as for recv.
    unsafe { recv(userdata, fd, buffer, count, 0) }
}

unsafe extern "C" fn readv(
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

unsafe extern "C" fn recv(
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

unsafe extern "C" fn recvfrom(
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

unsafe extern "C" fn recvmsg(
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

unsafe extern "C" fn write(
    userdata: *mut c_void,
    fd: c_int,
    buffer: *const c_void,
    count: size_t,
) -> ssize_t {
    // SAFETY: as for send.
    unsafe { send(userdata, fd, buffer, count, 0) }
}

unsafe extern "C" fn writev(
    userdata: *mut c_void,
    fd: c_int,
    vectors: *const iovec,
    count: c_int,
) -> ssize_t {
    // SAFETY: both promises.
    let (library, data) = unsafe { (library(userdata), memory::gather(vectors, count)) };
    answer(data.and_then(|data| give(library, fd, data, 0, None)))
}

unsafe extern "C" fn send(
    userdata: *mut c_void,
    fd: c_int,
    buffer: *const c_void,
    count: size_t,
    flags: c_int,
) -> ssize_t {
    // SAFETY: as for sendto; nobody is named.
    unsafe { sendto(userdata, fd, buffer, count, flags, std::ptr::null(), 0) }
}

unsafe extern "C" fn sendto(
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

unsafe extern "C" fn sendmsg(
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

unsafe extern "C" fn fcntl(
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

unsafe extern "C" fn ioctl(
    userdata: *mut c_void,
    fd: c_int,
    request: c_ulong,
    argument: *mut c_int,
) -> c_int {
    // SAFETY: both promises: each of these requests takes a pointer to an int.
    let (library, given) = unsafe {
        let is_read = request == libc::FIONBIO;
        (library(userdata), if is_read { memory::read_one(argument) } else { Ok(0) })
    };
    let control = given.and_then(|given| match request {
        libc::FIONREAD => Ok(Control::Unread),
        libc::TIOCOUTQ => Ok(Control::Unacknowledged),
        memory::SIOCOUTQNSD => Ok(Control::Unsent),
        memory::SIOCATMARK => Ok(Control::AtMark),
        libc::FIONBIO => Ok(Control::SetNonblocking(given != 0)),
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

unsafe extern "C" fn close(userdata: *mut c_void, fd: c_int) -> c_int {
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

unsafe extern "C" fn shutdown(userdata: *mut c_void, fd: c_int, how: c_int) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    answer(library.call(move |world| world.shutdown(fd, how)).map(zero))
}

unsafe extern "C" fn getsockopt(
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

unsafe extern "C" fn setsockopt(
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

unsafe extern "C" fn poll(
    userdata: *mut c_void,
    descriptors: *mut pollfd,
    count: nfds_t,
    timeout: c_int,
) -> c_int {
    // SAFETY: both promises.
    let (library, asked) = unsafe { (library(userdata), memory::asked(descriptors, count)) };
    let polled = asked.and_then(|asked: Vec<Asked>| {
        let none = vec![0; asked.len()];
        let ready = library.wait(
            move |world| Ok(patience(world.now(), timeout)),
            move |world, _| world.poll(&asked),
        );
        none_is_not_an_error(ready, none)
    });
    answer(polled.map(|answers| {
        // SAFETY: the second promise.
        unsafe { memory::write_answers(descriptors, &answers) };
        count_of(answers.iter().filter(|&&answer| answer != 0).count())
    }))
}

/// How long `poll` and `epoll_wait` wait: milliseconds, for ever if negative.
fn patience(now: packet::Instant, timeout: c_int) -> Patience {
    match u64::try_from(timeout) {
        Ok(0) => Patience::None,
        timeout => Patience::of(now, timeout.ok().map(Duration::from_millis)),
    }
}

/// That nothing is ready is what `poll` and `epoll_wait` say by returning 0.
fn none_is_not_an_error<T>(result: Result<T, Errno>, none: T) -> Result<T, Errno> {
    match result {
        Err(Errno::EAGAIN) => Ok(none),
        result => result,
    }
}

fn count_of(count: usize) -> c_int {
    c_int::try_from(count).unwrap_or(c_int::MAX)
}

/// A packet comes in.
unsafe extern "C" fn netdev_send(
    userdata: *mut c_void,
    packet: *const c_void,
    count: size_t,
) -> c_int {
    // SAFETY: both promises.
    let (library, packet) = unsafe { (library(userdata), memory::read(packet, count)) };
    let inject = |packet: Vec<u8>| {
        library.call(move |world| {
            world.inject(&packet);
            Ok(0)
        })
    };
    answer(packet.and_then(inject))
}

/// The next packet that leaves, and when it did. Time runs until there is one; if there will be
/// none, `count` is 0. (-1 would have packetdrill ask for ever.)
unsafe extern "C" fn netdev_receive(
    userdata: *mut c_void,
    buffer: *mut c_void,
    count: *mut size_t,
    time: *mut i64,
) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    let sent = library.wait(
        |_| Ok(Patience::Endless),
        |world, chance| match (world.take_sent(), chance) {
            (None, Chance::OneOfMany) => Err(Errno::EAGAIN),
            (sent, _) => Ok(sent),
        },
    );
    answer(sent.and_then(|sent| {
        let (packet, at) = sent.map_or_else(Default::default, |sent| (sent.packet, sent.at));
        // SAFETY: the second promise.
        unsafe { memory::write_packet(buffer, count, time, &packet, at) }.map(zero)
    }))
}

/// Time passes.
unsafe extern "C" fn usleep(userdata: *mut c_void, microseconds: useconds_t) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    let time = Duration::from_micros(microseconds.into());
    let slept = library.wait(
        move |world| Ok(Patience::Until(world.now() + time)),
        |_, chance| match chance {
            Chance::OneOfMany => Err(Errno::EAGAIN),
            Chance::Last | Chance::Hopeless => Ok(0),
        },
    );
    answer(slept)
}

/// What time it is: a microsecond later each time.
unsafe extern "C" fn gettimeofday(
    userdata: *mut c_void,
    time: *mut timeval,
    _zone: *mut timezone,
) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    answer(library.call(|world| Ok(world.ask_the_time())).and_then(|now| {
        // SAFETY: the second promise.
        unsafe { memory::write_time(time, now) }.map(zero)
    }))
}

unsafe extern "C" fn epoll_create(userdata: *mut c_void, size: c_int) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    answer(library.call(move |world| world.epoll_create(size)))
}

unsafe extern "C" fn epoll_ctl(
    userdata: *mut c_void,
    epoll: c_int,
    operation: c_int,
    fd: c_int,
    event: *mut epoll_event,
) -> c_int {
    // SAFETY: both promises; where an event is deleted none has to be given.
    let (library, event) = unsafe { (library(userdata), memory::epoll_event(event)) };
    answer(library.call(move |world| world.epoll_ctl(epoll, operation, fd, event)).map(zero))
}

unsafe extern "C" fn epoll_wait(
    userdata: *mut c_void,
    epoll: c_int,
    events: *mut epoll_event,
    limit: c_int,
    timeout: c_int,
) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    let limit = usize::try_from(limit).ok().filter(|&limit| limit > 0).ok_or(Errno::EINVAL);
    let told = limit.and_then(|limit| {
        let told = library.wait(
            move |world| Ok(patience(world.now(), timeout)),
            move |world, _| world.epoll_wait(epoll, limit),
        );
        none_is_not_an_error(told, Vec::new())
    });
    answer(told.map(|told| {
        // SAFETY: the second promise; no more are told than there is room for.
        unsafe { memory::write_epoll_events(events, &told) };
        count_of(told.len())
    }))
}

unsafe extern "C" fn pipe(userdata: *mut c_void, descriptors: *mut c_int) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    answer(library.call(crate::world::World::pipe).and_then(|ends| {
        // SAFETY: the second promise: there is room for two.
        unsafe { memory::write_ends(descriptors, ends) }.map(zero)
    }))
}

unsafe extern "C" fn splice(
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
