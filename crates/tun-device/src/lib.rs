//! The Linux TUN and TAP devices: attach, read and write frames, and keep a device in being.
//!
//! A TUN device is a network interface whose wire is a file descriptor. What the kernel
//! transmits, we read; what we write, the kernel receives.
//!
//! ```text
//!   ping, nc, curl          this process
//!        │                       ▲ │
//!        ▼                 read  │ ▼  write
//!   kernel's stack ── tun0 ── /dev/net/tun
//! ```
//!
//! - [`Settings`] says what to attach to and how, [`TunDevice`] is the device attached: a
//!   [`packet::Device`].
//! - [`Interface`] asks and sets what every network interface has: MTU, up or down, carrier.
//! - [`persistent`] makes devices that stay when nobody is attached, and deletes them.
//! - [`Error`] names the cause of every failure and the one command that mends it.
//!
//! All of the project's system calls that Rust cannot check stand in one file, `ioctl.rs`.

#![deny(unsafe_code)]

mod accounts;
mod device;
mod error;
mod holder;
mod interface;
#[allow(unsafe_code, reason = "ioctl takes a request number and a pointer that must fit it")]
mod ioctl;
mod name;
mod netlink;
mod node;
mod offload;
pub mod persistent;
mod settings;
mod virtio_header;

pub use accounts::{group_id, group_name, user_id, user_name};
pub use device::{Counters, TunDevice};
pub use error::{Change, Error};
pub use holder::Holder;
pub use interface::{Interface, TunProperties};
pub use name::{InterfaceName, InvalidName};
pub use settings::{Kind, Settings};
