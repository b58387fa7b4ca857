//! The network device and the time.

use std::ffi::{c_int, c_void};
use std::time::Duration;

use libc::{size_t, timeval, timezone, useconds_t};
use nix::errno::Errno;

use super::{answer, library, memory, zero};
use crate::scheduler::{Chance, Patience};

/// A packet comes in.
pub(super) unsafe extern "C" fn netdev_send(
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
pub(super) unsafe extern "C" fn netdev_receive(
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
pub(super) unsafe extern "C" fn usleep(userdata: *mut c_void, microseconds: useconds_t) -> c_int {
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
pub(super) unsafe extern "C" fn gettimeofday(
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
