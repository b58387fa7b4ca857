//! What a service does with a datagram.

use std::time::SystemTime;

/// A service that answers each datagram by itself.
pub trait DatagramService {
    /// Lays the answer to `request` into `answer`, which is empty. `time` is what a clock on the
    /// wall shows.
    fn answer(&mut self, request: &[u8], time: SystemTime, answer: &mut Vec<u8>) -> Answer;
}

/// Whether a service has an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Answer {
    /// It was laid down and is to be sent. It may be empty.
    Send,
    /// There is none.
    Nothing,
}

/// A service on the heap is a service: a host keeps all of its servers in one list.
impl<S: DatagramService + ?Sized> DatagramService for Box<S> {
    fn answer(&mut self, request: &[u8], time: SystemTime, answer: &mut Vec<u8>) -> Answer {
        (**self).answer(request, time, answer)
    }
}
