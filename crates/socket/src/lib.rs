//! What the sockets of every transport share: handles that never mistake one socket for another,
//! ephemeral ports that nobody foretells, and pairs of addresses of any length.

#![forbid(unsafe_code)]

mod addresses;
mod changes;
mod ports;
mod slots;

pub use addresses::{AddressPair, SocketPair, any_address, plain};
pub use changes::Changes;
pub use ports::{EPHEMERAL_PORT_TRIES, EphemeralPorts, FIRST_EPHEMERAL_PORT};
pub use slots::{Slots, SocketId};
