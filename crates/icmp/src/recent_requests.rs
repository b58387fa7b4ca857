//! What an echo socket has asked of late, so that an answer can be told from a forged one.
//!
//! Anybody can send us an echo reply, or an error that quotes an echo request. Only who saw the
//! request, or guesses its identifier, its number and its destination, can answer one that we did
//! send.

use std::net::Ipv4Addr;
use std::time::Duration;

use packet::Instant;

/// How many requests a socket remembers. Two whose sequence numbers are that far apart share a
/// place, which the newer one takes.
pub const RECENT_REQUESTS: usize = 4096;

/// How long an answer may take to come. A receiver waits up to two minutes for the fragments of a
/// datagram before it reports them missing (RFC 1122, 3.3.2).
pub const REQUEST_LIFETIME: Duration = Duration::from_secs(120);

/// A request that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) destination: Ipv4Addr,
    pub(crate) sequence_number: u16,
    pub(crate) at: Instant,
    /// Whether a reply to it was delivered.
    pub(crate) is_answered: bool,
}

/// The last request of each place.
#[derive(Debug, Default)]
pub(crate) struct RecentRequests {
    /// Indexed by [`place`]. Grows as places are used, to at most [`RECENT_REQUESTS`].
    places: Vec<Option<Request>>,
}

impl RecentRequests {
    pub(crate) fn note(&mut self, request: Request) {
        let place = place(request.sequence_number);
        if place >= self.places.len() {
            self.places.resize(place + 1, None);
        }
        if let Some(noted) = self.places.get_mut(place) {
            *noted = Some(request);
        }
    }

    /// The request of that number to `destination`, if there was one of late.
    pub(crate) fn find(
        &mut self,
        now: Instant,
        destination: Ipv4Addr,
        sequence_number: u16,
    ) -> Option<&mut Request> {
        self.places.get_mut(place(sequence_number))?.as_mut().filter(|request| {
            request.destination == destination
                && request.sequence_number == sequence_number
                && now - request.at <= REQUEST_LIFETIME
        })
    }
}

/// Where the request of that number is remembered.
fn place(sequence_number: u16) -> usize {
    usize::from(sequence_number) % RECENT_REQUESTS
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
    const OTHER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);

    fn request(sequence_number: u16, at: Instant) -> Request {
        Request { destination: HOST, sequence_number, at, is_answered: false }
    }

    #[test]
    fn only_what_was_asked_is_found() {
        let mut recent = RecentRequests::default();
        let now = Instant::START;
        recent.note(request(7, now));
        assert_eq!(recent.find(now, HOST, 7), Some(&mut request(7, now)));
        assert_eq!(recent.find(now, OTHER, 7), None);
        assert_eq!(recent.find(now, HOST, 6), None);
        assert_eq!(recent.find(now, HOST, 8), None);
        assert_eq!(recent.find(now, HOST, 7 + 4096), None, "the same place");
    }

    #[test]
    fn an_answer_may_come_within_two_minutes() {
        let mut recent = RecentRequests::default();
        let seconds = |seconds| Instant::at(Duration::from_secs(seconds));
        recent.note(request(7, seconds(10)));
        assert!(recent.find(seconds(130), HOST, 7).is_some());
        assert!(recent.find(seconds(131), HOST, 7).is_none());
    }

    #[test]
    fn the_newest_requests_are_remembered_and_no_more() {
        let mut recent = RecentRequests::default();
        let now = Instant::START;
        for sequence_number in 0..=u16::MAX {
            recent.note(request(sequence_number, now));
        }
        let found = |sequence_number| recent.find(now, HOST, sequence_number).is_some();
        let found: Vec<_> = (0..=u16::MAX).map(found).collect();
        assert!(found[65_536 - 4096..].iter().all(|&found| found));
        assert!(!found[..65_536 - 4096].iter().any(|&found| found));
        assert_eq!(recent.places.len(), RECENT_REQUESTS);
    }
}
