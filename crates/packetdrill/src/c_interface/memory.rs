//! Memory of the program that calls: read into values, written from them.
//!
//! Every function has the same contract, that of the system call whose argument it is about: a
//! pointer is NULL, or good for what it is said to point to, for the length that is given beside
//! it. None of them keeps a pointer. A pointer that is NULL where there has to be something is
//! EFAULT.

use std::ffi::{c_int, c_void};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use libc::{
    cmsghdr, epoll_event, iovec, loff_t, msghdr, nfds_t, pollfd, sockaddr, sockaddr_in,
    sockaddr_in6, socklen_t, timeval,
};
use nix::errno::Errno;

use crate::calls::Asked;
use crate::calls::address::Given;
use crate::calls::epoll::EpollEvent;
use crate::calls::transfer::{ControlMessage, Received};

/// More than this is not read nor written by one call, in bytes (as on Linux, MAX_RW_COUNT).
pub(super) const MAX_LENGTH: usize = 0x7fff_f000;

/// How many buffers one call can have: IOV_MAX.
const MAX_VECTORS: usize = 1024;

/// How many descriptors one `poll` can have.
const MAX_POLLED: usize = 4096;

/// The longest value of an option that is looked at, in bytes.
const MAX_OPTION: usize = 1024;

/// asm-generic/ioctls.h and linux/sockios.h: what `ioctl` is asked. C libraries differ in the type
/// that they have for it; packetdrill's table has this one.
pub(super) mod request {
    use std::ffi::c_ulong;

    pub(in super::super) const SIOCINQ: c_ulong = 0x541b;
    pub(in super::super) const SIOCOUTQ: c_ulong = 0x5411;
    pub(in super::super) const SIOCOUTQNSD: c_ulong = 0x894b;
    pub(in super::super) const SIOCATMARK: c_ulong = 0x8905;
    pub(in super::super) const FIONBIO: c_ulong = 0x5421;
}

/// `count` bytes from `from` on.
pub(super) unsafe fn read(from: *const c_void, count: usize) -> Result<Vec<u8>, Errno> {
    let count = buffer_length(from, count)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: not NULL, so it is good for `count` bytes, and nobody writes them meanwhile.
    Ok(unsafe { std::slice::from_raw_parts(from.cast::<u8>(), count) }.to_vec())
}

/// How much of a buffer is used.
pub(super) fn buffer_length(buffer: *const c_void, count: usize) -> Result<usize, Errno> {
    if buffer.is_null() && count > 0 {
        return Err(Errno::EFAULT);
    }
    Ok(count.min(MAX_LENGTH))
}

/// Writes all of `data`, for which there has to be room.
pub(super) unsafe fn write(to: *mut c_void, data: &[u8]) {
    if !data.is_empty() {
        // SAFETY: there is room for it, and it does not overlap with what is ours.
        unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), to.cast(), data.len()) };
    }
}

pub(super) unsafe fn read_one(from: *const c_int) -> Result<c_int, Errno> {
    if from.is_null() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: not NULL, so it is good for one.
    Ok(unsafe { from.read_unaligned() })
}

pub(super) unsafe fn write_one(to: *mut c_int, value: c_int) -> Result<(), Errno> {
    if to.is_null() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: not NULL, so there is room for one.
    unsafe { to.write_unaligned(value) };
    Ok(())
}

/// A socket address that has to be given.
pub(super) unsafe fn address(from: *const sockaddr, length: socklen_t) -> Result<Given, Errno> {
    // SAFETY: as of this function.
    unsafe { optional_address(from, length) }?.ok_or(Errno::EFAULT)
}

/// A socket address; NULL is none.
pub(super) unsafe fn optional_address(
    from: *const sockaddr,
    length: socklen_t,
) -> Result<Option<Given>, Errno> {
    if from.is_null() {
        return Ok(None);
    }
    let length = usize::try_from(length).map_err(|_| Errno::EINVAL)?;
    if length < size_of::<libc::sa_family_t>() {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the family comes first in every address, and there are bytes enough for it.
    let family = c_int::from(unsafe { from.cast::<libc::sa_family_t>().read_unaligned() });
    let given = match family {
        libc::AF_UNSPEC => Given::Nobody,
        libc::AF_INET if length >= size_of::<sockaddr_in>() => {
            // SAFETY: there are bytes enough for one, and any bytes are one.
            let address = unsafe { from.cast::<sockaddr_in>().read_unaligned() };
            let ip = Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr));
            Given::Address(SocketAddr::from((ip, u16::from_be(address.sin_port))))
        }
        libc::AF_INET6 if length >= size_of::<sockaddr_in6>() => {
            // SAFETY: there are bytes enough for one, and any bytes are one.
            let address = unsafe { from.cast::<sockaddr_in6>().read_unaligned() };
            let ip = Ipv6Addr::from(address.sin6_addr.s6_addr);
            Given::Address(SocketAddr::from((ip, u16::from_be(address.sin6_port))))
        }
        libc::AF_INET | libc::AF_INET6 => return Err(Errno::EINVAL),
        _ => return Err(Errno::EAFNOSUPPORT),
    };
    Ok(Some(given))
}

/// Writes as much of an address as there is room for, and how long it is. Without one, that it is
/// 0 bytes long. Nobody has to ask for it.
pub(super) unsafe fn write_address(
    to: *mut sockaddr,
    length: *mut socklen_t,
    address: Option<SocketAddr>,
) {
    if to.is_null() || length.is_null() {
        return;
    }
    let bytes = address.map(address_bytes).unwrap_or_default();
    // SAFETY: `length` is not NULL, so it can be read and written; `to` has room for as many
    // bytes as it says.
    unsafe {
        let room = usize::try_from(length.read_unaligned()).unwrap_or(0);
        write(to.cast(), bytes.get(..room).unwrap_or(&bytes));
        length.write_unaligned(socklen_t::try_from(bytes.len()).unwrap_or(0));
    }
}

/// `sockaddr_in` or `sockaddr_in6`.
fn address_bytes(address: SocketAddr) -> Vec<u8> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let mut bytes = libc::sa_family_t::try_from(family).unwrap_or(0).to_ne_bytes().to_vec();
    bytes.extend(address.port().to_be_bytes());
    match address {
        SocketAddr::V4(address) => {
            bytes.extend(address.ip().octets());
            bytes.extend([0; 8]);
        }
        SocketAddr::V6(address) => {
            bytes.extend([0; 4]);
            bytes.extend(address.ip().octets());
            bytes.extend([0; 4]);
        }
    }
    bytes
}

/// The buffers that a call is given.
unsafe fn vectors<'a>(from: *const iovec, count: c_int) -> Result<&'a [iovec], Errno> {
    let count = usize::try_from(count).ok().filter(|&count| count <= MAX_VECTORS);
    let count = count.ok_or(Errno::EINVAL)?;
    if count == 0 {
        return Ok(&[]);
    }
    if from.is_null() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: not NULL, so there are as many as said, and nobody writes them meanwhile.
    Ok(unsafe { std::slice::from_raw_parts(from, count) })
}

/// How much the buffers hold together.
pub(super) unsafe fn vectors_length(from: *const iovec, count: c_int) -> Result<usize, Errno> {
    // SAFETY: as of this function.
    let vectors = unsafe { vectors(from, count) }?;
    vectors.iter().try_fold(0, |sum: usize, vector| {
        let length = buffer_length(vector.iov_base, vector.iov_len)?;
        Ok(sum.saturating_add(length).min(MAX_LENGTH))
    })
}

/// What is in the buffers, one after the other.
pub(super) unsafe fn gather(from: *const iovec, count: c_int) -> Result<Vec<u8>, Errno> {
    // SAFETY: as of this function.
    let vectors = unsafe { vectors(from, count) }?;
    let mut data = Vec::new();
    for vector in vectors {
        let room = MAX_LENGTH.saturating_sub(data.len());
        // SAFETY: each buffer is NULL or as long as it says.
        data.extend(unsafe { read(vector.iov_base, vector.iov_len.min(room)) }?);
    }
    Ok(data)
}

/// Fills the buffers one after the other, as far as `data` goes.
pub(super) unsafe fn scatter(to: *const iovec, count: c_int, mut data: &[u8]) {
    // SAFETY: as of this function. It was looked at before the call was made.
    for vector in unsafe { vectors(to, count) }.unwrap_or_default() {
        let (piece, rest) = data.split_at(data.len().min(vector.iov_len));
        // SAFETY: the piece is no longer than the buffer, which was found not to be NULL.
        unsafe { write(vector.iov_base, piece) };
        data = rest;
    }
}

/// How much can be received with a message.
pub(super) unsafe fn message_length(message: *const msghdr) -> Result<usize, Errno> {
    if message.is_null() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: not NULL, so it is a whole one, and its buffers are as it says.
    unsafe {
        let count = c_int::try_from((*message).msg_iovlen).map_err(|_| Errno::EMSGSIZE)?;
        vectors_length((*message).msg_iov, count)
    }
}

/// What is to be sent with a message, and to whom.
pub(super) unsafe fn message(message: *const msghdr) -> Result<(Vec<u8>, Option<Given>), Errno> {
    if message.is_null() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: not NULL, so it is a whole one, and its buffers and its address are as it says.
    unsafe {
        let count = c_int::try_from((*message).msg_iovlen).map_err(|_| Errno::EMSGSIZE)?;
        let to = optional_address((*message).msg_name.cast(), (*message).msg_namelen)?;
        Ok((gather((*message).msg_iov, count)?, to))
    }
}

/// Writes what was received into a message.
pub(super) unsafe fn write_message(message: *mut msghdr, received: &Received) {
    // SAFETY: it was found not to be NULL, so it is a whole one, and its buffers are as it says.
    unsafe {
        let header = &mut *message;
        scatter(header.msg_iov, c_int::try_from(header.msg_iovlen).unwrap_or(0), &received.data);
        let length = &raw mut header.msg_namelen;
        write_address(header.msg_name.cast(), length, received.source);
        header.msg_flags = received.flags;
        write_control(header, &received.control);
    }
}

/// Writes as many control messages as there is room for; MSG_CTRUNC says that there were more.
#[allow(clippy::useless_conversion, reason = "musl has another type for the length")]
unsafe fn write_control(header: &mut msghdr, control: &[ControlMessage]) {
    let room = match header.msg_control.is_null() {
        true => 0,
        false => usize::try_from(header.msg_controllen).unwrap_or(0),
    };
    let mut written = 0;
    for message in control {
        let bytes = control_bytes(message);
        if bytes.len() > room - written {
            header.msg_flags |= libc::MSG_CTRUNC;
            break;
        }
        // SAFETY: there is room for that many bytes behind what is written.
        unsafe { write(header.msg_control.byte_add(written), &bytes) };
        written += bytes.len();
    }
    header.msg_controllen = written.try_into().unwrap_or_default();
}

/// `struct cmsghdr` and its data, with the padding up to the next one.
fn control_bytes(message: &ControlMessage) -> Vec<u8> {
    let header = size_of::<cmsghdr>();
    let mut bytes = (header + message.data.len()).to_ne_bytes().to_vec();
    bytes.extend(message.level.to_ne_bytes());
    bytes.extend(message.kind.to_ne_bytes());
    bytes.extend(&message.data);
    bytes.resize(bytes.len().next_multiple_of(size_of::<usize>()), 0);
    bytes
}

/// Writes as much of an option's value as there is room for, and how long that is.
pub(super) unsafe fn write_option(
    to: *mut c_void,
    length: *mut socklen_t,
    value: &[u8],
) -> Result<(), Errno> {
    if to.is_null() || length.is_null() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: neither is NULL: `length` can be read and written, and there is as much room as it
    // says.
    unsafe {
        let room = usize::try_from(length.read_unaligned()).map_err(|_| Errno::EINVAL)?;
        let value = value.get(..room).unwrap_or(value);
        write(to, value);
        length.write_unaligned(socklen_t::try_from(value.len()).unwrap_or(0));
    }
    Ok(())
}

/// The value that an option is to have.
pub(super) unsafe fn read_option(from: *const c_void, length: socklen_t) -> Result<Vec<u8>, Errno> {
    let length = usize::try_from(length).map_err(|_| Errno::EINVAL)?;
    // SAFETY: as of this function.
    unsafe { read(from, length.min(MAX_OPTION)) }
}

/// What `poll` is asked.
pub(super) unsafe fn asked(from: *const pollfd, count: nfds_t) -> Result<Vec<Asked>, Errno> {
    let count = usize::try_from(count).ok().filter(|&count| count <= MAX_POLLED);
    let count = count.ok_or(Errno::EINVAL)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    if from.is_null() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: not NULL, so there are as many as said, and nobody writes them meanwhile.
    let asked = unsafe { std::slice::from_raw_parts(from, count) };
    let read = |one: &pollfd| Asked { number: one.fd, events: one.events.into() };
    Ok(asked.iter().map(read).collect())
}

/// Writes `poll`'s answers, as many as there were questions.
pub(super) unsafe fn write_answers(to: *mut pollfd, answers: &[i32]) {
    for (index, &answer) in answers.iter().enumerate() {
        // SAFETY: there are as many as were read, and this one is among them.
        unsafe { (*to.add(index)).revents = i16::try_from(answer).unwrap_or(libc::POLLERR) };
    }
}

/// An event to be watched for; NULL is none.
pub(super) unsafe fn epoll_event(from: *const epoll_event) -> Option<EpollEvent> {
    // SAFETY: NULL or good for one.
    let event = (!from.is_null()).then(|| unsafe { from.read_unaligned() })?;
    Some(EpollEvent { events: event.events.cast_signed(), data: event.u64 })
}

/// Writes events, for all of which there has to be room.
pub(super) unsafe fn write_epoll_events(to: *mut epoll_event, events: &[EpollEvent]) {
    for (index, event) in events.iter().enumerate() {
        let event = epoll_event { events: event.events.cast_unsigned(), u64: event.data };
        // SAFETY: there is room for as many.
        unsafe { to.add(index).write_unaligned(event) };
    }
}

/// Writes a packet, how long it is and when it left. One that finds no room is left out: there is
/// no way to say so, but that it is 0 bytes long.
pub(super) unsafe fn write_packet(
    to: *mut c_void,
    count: *mut usize,
    time: *mut i64,
    packet: &[u8],
    at: Duration,
) -> Result<(), Errno> {
    if to.is_null() || count.is_null() || time.is_null() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: none is NULL: `count` can be read and written, `time` written, and there is as much
    // room as `count` says.
    unsafe {
        let fits = packet.len() <= count.read_unaligned();
        if !fits {
            eprintln!("strata: a packet of {} bytes finds no room", packet.len());
        }
        let packet = if fits { packet } else { &[] };
        write(to, packet);
        count.write_unaligned(packet.len());
        time.write_unaligned(i64::try_from(at.as_micros()).unwrap_or(i64::MAX));
    }
    Ok(())
}

/// Writes the time since 1970.
pub(super) unsafe fn write_time(to: *mut timeval, now: Duration) -> Result<(), Errno> {
    if to.is_null() {
        return Err(Errno::EFAULT);
    }
    let time = timeval {
        tv_sec: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
        tv_usec: now.subsec_micros().into(),
    };
    // SAFETY: not NULL, so there is room for one.
    unsafe { to.write_unaligned(time) };
    Ok(())
}

/// Writes the two ends of a pipe.
pub(super) unsafe fn write_ends(to: *mut c_int, ends: [c_int; 2]) -> Result<(), Errno> {
    if to.is_null() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: not NULL, so there is room for two.
    unsafe { to.cast::<[c_int; 2]>().write_unaligned(ends) };
    Ok(())
}

/// That a stream is read and written where it stands. packetdrill always points to an offset, and
/// means none by 0.
pub(super) unsafe fn no_offset(offset: *const loff_t) -> Result<(), Errno> {
    // SAFETY: NULL, or it can be read.
    match offset.is_null() || unsafe { offset.read_unaligned() } == 0 {
        true => Ok(()),
        false => Err(Errno::ESPIPE),
    }
}
