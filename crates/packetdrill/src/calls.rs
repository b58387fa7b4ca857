//! What each system call does, one file a kind.
//!
//! A call is a method of the [`World`](crate::world::World). One that would have to wait says
//! EAGAIN and is tried again, so none of them waits in here.

pub(crate) mod address;
mod control;
pub(crate) mod epoll;
pub(crate) mod options;
pub(crate) mod pipe;
mod poll;
mod sockets;
pub(crate) mod transfer;

pub(crate) use control::Control;
pub(crate) use poll::Asked;
