//! What travels between the layers, and the two sides of the device that it crosses.
//!
//! Every layer handles the same few things, so they stand here once:
//!
//! - [`Buffer`]: a packet on its way out, with room in front for each layer's header.
//!   [`BufferPool`]: where it comes from and goes back to.
//! - [`Received`]: a packet on its way in, borrowed from the device that read it.
//! - [`ReceiveOffload`] and [`TransmitOffload`]: what the device already did for a packet,
//!   and what it has still to do.
//! - [`Instant`]: a moment, told by whoever owns a clock. Nothing in a protocol reads one.
//! - [`Device`]: the outside of a network interface. [`Host`]: its inside.
//!
//! ```text
//!            Host                                Device
//!   ┌──────────────────────┐  transmit   ┌──────────────────┐
//!   │ stack, or anything   │ ──────────► │ TUN, TAP, a link │ ──► the kernel,
//!   │ that speaks packets  │ ◄────────── │ in the simulator │ ◄── or another host
//!   └──────────────────────┘   receive   └──────────────────┘
//! ```
//!
//! An event loop (or a simulator) stands between the two and carries frames across.

#![forbid(unsafe_code)]

mod buffer;
mod buffer_pool;
mod device;
mod host;
mod instant;
mod offload;

pub use buffer::{Buffer, HEADROOM};
pub use buffer_pool::{BufferPool, SPARE_BUFFERS};
pub use device::{Capabilities, Device, DeviceError, Medium};
pub use host::{Host, InterfaceId};
pub use instant::Instant;
pub use offload::{
    ChecksumBy, ChecksumOffload, ReceiveOffload, Received, ReceivedChecksum, Segmentation,
    SegmentationKind, TransmitOffload,
};
