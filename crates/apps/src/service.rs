//! What a service does with a datagram.

use std::borrow::Cow;
use std::time::SystemTime;

/// A service that answers each datagram by itself.
pub trait DatagramService {
    /// The answer to `request`, if there is one; it may be empty. `time` is what a clock on the
    /// wall shows.
    fn answer<'a>(&mut self, request: &'a [u8], time: SystemTime) -> Option<Cow<'a, [u8]>>;
}

/// A service on the heap is a service: a host keeps all of its servers in one list.
impl<S: DatagramService + ?Sized> DatagramService for Box<S> {
    fn answer<'a>(&mut self, request: &'a [u8], time: SystemTime) -> Option<Cow<'a, [u8]>> {
        (**self).answer(request, time)
    }
}
