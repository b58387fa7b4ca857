//! Ethernet II frames (RFC 894): what stands before each packet on a TAP device.
//!
//! ```text
//!    0                     6                    12          14
//!   ┌─────────────────────┬────────────────────┬───────────┬─────────────┐
//!   │ destination address │   source address   │ EtherType │   payload   │
//!   └─────────────────────┴────────────────────┴───────────┴─────────────┘
//! ```
//!
//! The preamble before the frame and the checksum behind it (the FCS) exist on a cable only; a
//! TAP device shows neither. Nor does it pad a short frame to 60 bytes, as a cable needs.
//!
//! Reading goes in two steps: [`Frame::parse`] checks the length, [`Frame::header`] gives the
//! values. [`Header::prepend_to`] is the way back, and writes the bytes that were read.

#![forbid(unsafe_code)]

mod address;
mod ether_type;
mod frame;
mod snap;

pub use address::{MacAddress, NotAMacAddress};
pub use ether_type::{EtherType, LengthOrType, OtherEtherType};
pub use frame::{Frame, HEADER_LEN, Header, Malformed};
pub use snap::{SNAP_LEN, Snap};
