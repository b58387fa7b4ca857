//! The inside of a network interface: whoever takes the frames that come and gives those that leave.

use crate::{Buffer, Instant, Received, TransmitOffload};

/// Which of a host's network interfaces a frame came by or leaves by. Numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InterfaceId(pub usize);

/// Something that speaks packets: the stack, a forwarder, a printer of packets.
///
/// A host is a pure state machine. It owns no clock and no descriptor, so the event loop drives
/// it over real devices and the simulator over virtual links, with the same results.
///
/// The driver's part: hand in what came, call [`Host::handle_timeout`] when the deadline has
/// come, then ask each interface for frames until it has none.
pub trait Host {
    /// Takes a frame that came in by `interface`.
    fn receive(&mut self, now: Instant, interface: InterfaceId, frame: Received<'_>);

    /// Whether it has room for what comes by `interface`. As long as it has not, a driver whose
    /// frames can wait where they are leaves them there: nothing has to be dropped then. A host
    /// that says no makes room when its frames leave.
    fn has_room(&self, _interface: InterfaceId) -> bool {
        true
    }

    /// Puts the next frame that leaves by `interface` into `buffer`, in place of whatever was
    /// there, and says what the device has still to do for it. `None` if there is none now.
    fn transmit(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload>;

    /// When [`Host::handle_timeout`] is to be called next, if nothing happens before.
    fn next_deadline(&self) -> Option<Instant>;

    /// Does what was due by `now`.
    fn handle_timeout(&mut self, now: Instant);
}
