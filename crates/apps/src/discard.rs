//! Discard: what came is thrown away (RFC 863).

use std::borrow::Cow;
use std::time::SystemTime;

use crate::DatagramService;

/// Throws away what came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Discard;

impl Discard {
    /// Its well-known port.
    pub const PORT: u16 = 9;
}

impl DatagramService for Discard {
    fn answer<'a>(&mut self, _request: &'a [u8], _time: SystemTime) -> Option<Cow<'a, [u8]>> {
        None
    }
}
