//! `poll` and `epoll`.

use std::ffi::{c_int, c_void};
use std::time::Duration;

use libc::{epoll_event, nfds_t, pollfd};
use nix::errno::Errno;

use super::{answer, count_of, library, memory, zero};
use crate::calls::Asked;
use crate::scheduler::Patience;

pub(super) unsafe extern "C" fn poll(
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

pub(super) unsafe extern "C" fn epoll_create(userdata: *mut c_void, size: c_int) -> c_int {
    // SAFETY: the first promise.
    let library = unsafe { library(userdata) };
    answer(library.call(move |world| world.epoll_create(size)))
}

pub(super) unsafe extern "C" fn epoll_ctl(
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

pub(super) unsafe extern "C" fn epoll_wait(
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
