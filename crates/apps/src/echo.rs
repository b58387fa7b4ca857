//! Echo: what came goes back (RFC 862).

use std::time::SystemTime;

use crate::{Answer, DatagramService};

/// Sends back what came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Echo;

impl Echo {
    /// Its well-known port.
    pub const PORT: u16 = 7;
}

impl DatagramService for Echo {
    fn answer(&mut self, request: &[u8], _time: SystemTime, answer: &mut Vec<u8>) -> Answer {
        answer.extend_from_slice(request);
        Answer::Send
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_goes_back_even_if_it_is_nothing() {
        for request in [&b"hello"[..], b"", &[0; 65_507]] {
            let mut answer = Vec::new();
            let said = Echo.answer(request, SystemTime::UNIX_EPOCH, &mut answer);
            assert_eq!((said, answer.as_slice()), (Answer::Send, request));
        }
    }
}
