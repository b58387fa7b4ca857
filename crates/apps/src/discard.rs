//! Discard: what came is thrown away (RFC 863).

use std::time::SystemTime;

use crate::{Answer, DatagramService};

/// Throws away what came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Discard;

impl Discard {
    /// Its well-known port.
    pub const PORT: u16 = 9;
}

impl DatagramService for Discard {
    fn answer(&mut self, _request: &[u8], _time: SystemTime, _answer: &mut Vec<u8>) -> Answer {
        Answer::Nothing
    }
}
