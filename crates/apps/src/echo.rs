//! Echo: what came goes back (RFC 862).

use std::borrow::Cow;
use std::time::SystemTime;

use crate::DatagramService;

/// Sends back what came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Echo;

impl Echo {
    /// Its well-known port.
    pub const PORT: u16 = 7;
}

impl DatagramService for Echo {
    fn answer<'a>(&mut self, request: &'a [u8], _time: SystemTime) -> Option<Cow<'a, [u8]>> {
        Some(request.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_goes_back_even_if_it_is_nothing() {
        for request in [&b"hello"[..], b"", &[0; 65_507]] {
            let answer = Echo.answer(request, SystemTime::UNIX_EPOCH);
            assert_eq!(answer.as_deref(), Some(request));
        }
    }
}
