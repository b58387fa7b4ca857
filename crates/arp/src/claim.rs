//! Making an address ours: probe for it, announce it, defend it (RFC 5227; ARP-9).
//!
//! ```text
//!   0 to 1 s   1 to 2 s   1 to 2 s     2 s             2 s
//!  ├─────────┼──────────┼──────────┼──────────────┼────────────┤
//!          probe      probe      probe      announcement  announcement
//!                                           the address is in use
//! ```

use std::time::Duration;

use ethernet::MacAddress;
use packet::Instant;
use secret::Secret;

use crate::local::is_one_interface;
use crate::{Due, Local, Message, Operation, Outgoing};

/// The longest wait before the first probe; the wait is random, since many hosts may start at
/// once.
pub const PROBE_WAIT: Duration = Duration::from_secs(1);

/// How many probes are sent (RFC 5227's PROBE_NUM).
pub const CLAIM_PROBES: u8 = 3;

/// The shortest wait between two probes.
pub const PROBE_MIN: Duration = Duration::from_secs(1);

/// The longest wait between two probes.
pub const PROBE_MAX: Duration = Duration::from_secs(2);

/// How long after the last probe the address is ours if nobody has objected.
pub const ANNOUNCE_WAIT: Duration = Duration::from_secs(2);

/// How many announcements are sent (RFC 5227's ANNOUNCE_NUM).
pub const ANNOUNCEMENTS: u8 = 2;

/// The wait between two announcements.
pub const ANNOUNCE_INTERVAL: Duration = Duration::from_secs(2);

/// For how long after a conflict the next one is not defended against.
pub const DEFEND_INTERVAL: Duration = Duration::from_secs(10);

/// What is done when another host uses the address that is ours already (RFC 5227, 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Defence {
    /// Announce the address once more. If the other host goes on within [`DEFEND_INTERVAL`],
    /// give the address up: RFC 5227's way for most hosts.
    Once,
    /// Announce it again and again, once in [`DEFEND_INTERVAL`] at most, and never give it up:
    /// for a host that others rely on to be at that address.
    Always,
}

/// A claim to an address.
#[derive(Debug)]
pub(crate) struct Claim {
    local: Local,
    defence: Defence,
    secret: Secret,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Probing {
        /// How many probes were sent.
        sent: u8,
        /// When the next one is due; after the last, when the address is ours.
        next: Instant,
    },
    InUse {
        /// How many announcements are still to be sent.
        announcements: u8,
        /// When the next of them is due.
        next: Instant,
        /// When we last defended ourselves.
        defended: Option<Instant>,
    },
    Lost {
        to: MacAddress,
        /// When, until that was told.
        untold: Option<Instant>,
    },
}

impl Claim {
    /// Begins to claim the address at `now`.
    pub(crate) fn new(now: Instant, local: Local, defence: Defence, secret: Secret) -> Self {
        let next = now;
        let mut claim = Self { local, defence, secret, state: State::Probing { sent: 0, next } };
        let next = now + claim.random(0, PROBE_WAIT);
        claim.state = State::Probing { sent: 0, next };
        claim
    }

    /// Whether the address may be used.
    pub(crate) const fn is_in_use(&self) -> bool {
        matches!(self.state, State::InUse { .. })
    }

    /// Whether another host has the address.
    pub(crate) const fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost { .. })
    }

    /// Takes an ARP packet that came, and looks for another host that claims the address.
    pub(crate) fn receive(&mut self, now: Instant, message: &Message) {
        let to = message.sender_hardware;
        if to == self.local.hardware || !is_one_interface(to) {
            return;
        }
        let ours = self.local.address.address();
        let uses = message.sender == ours;
        let probes = message.operation == Operation::Request
            && message.sender.is_unspecified()
            && message.target == ours;
        match self.state {
            State::Probing { .. } if uses || probes => self.lose(now, to),
            State::InUse { announcements, defended, .. } if uses => {
                self.conflict(now, to, announcements, defended);
            }
            State::Probing { .. } | State::InUse { .. } | State::Lost { .. } => {}
        }
    }

    /// Another host uses the address that we use.
    fn conflict(
        &mut self,
        now: Instant,
        to: MacAddress,
        announcements: u8,
        defended: Option<Instant>,
    ) {
        let again = defended.is_some_and(|defended| now - defended < DEFEND_INTERVAL);
        match self.defence {
            Defence::Once if again => self.lose(now, to),
            Defence::Always if again => {}
            Defence::Once | Defence::Always => {
                let announcements = announcements.max(1);
                self.state = State::InUse { announcements, next: now, defended: Some(now) };
            }
        }
    }

    fn lose(&mut self, now: Instant, to: MacAddress) {
        self.state = State::Lost { to, untold: Some(now) };
    }

    pub(crate) const fn next_deadline(&self) -> Option<Instant> {
        match self.state {
            State::Probing { next, .. } => Some(next),
            State::InUse { announcements: 0, .. } => None,
            State::InUse { next, .. } => Some(next),
            State::Lost { untold, .. } => untold,
        }
    }

    /// Does the next thing that is due.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Due> {
        if self.next_deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        Some(match self.state {
            State::Probing { sent: CLAIM_PROBES.., .. } => {
                self.state =
                    State::InUse { announcements: ANNOUNCEMENTS, next: now, defended: None };
                Due::AddressClaimed
            }
            State::Probing { sent, .. } => {
                self.state = State::Probing { sent: sent + 1, next: now + self.wait(sent + 1) };
                Due::Send(self.broadcast(Message::probe(&self.local)))
            }
            State::InUse { announcements, defended, .. } => {
                let announcements = announcements.saturating_sub(1);
                let next = now + ANNOUNCE_INTERVAL;
                self.state = State::InUse { announcements, next, defended };
                Due::Send(self.broadcast(Message::announcement(&self.local)))
            }
            State::Lost { to, .. } => {
                self.state = State::Lost { to, untold: None };
                Due::AddressLost { to }
            }
        })
    }

    /// How long to wait after the probe of that number, counted from 1.
    fn wait(&self, probe: u8) -> Duration {
        if probe < CLAIM_PROBES {
            PROBE_MIN + self.random(probe, PROBE_MAX.saturating_sub(PROBE_MIN))
        } else {
            ANNOUNCE_WAIT
        }
    }

    /// A random time up to `longest`; always the same one for the same `index`.
    fn random(&self, index: u8, longest: Duration) -> Duration {
        // The MAC address takes part, so that hosts with one seed do not move in step.
        let hash = self.secret.number(&(index, self.local.hardware));
        let nanoseconds = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(hash % nanoseconds.saturating_add(1))
    }

    const fn broadcast(&self, message: Message) -> Outgoing {
        Outgoing { destination: MacAddress::BROADCAST, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{at_ms, ip, local, mac};

    fn claim(defence: Defence, seed: u64) -> Claim {
        Claim::new(at_ms(5000), local(), defence, Secret::new([seed, 0]))
    }

    /// What is due until then, each thing with its time.
    fn until(claim: &mut Claim, end: Instant) -> Vec<(Instant, Due)> {
        let mut done = Vec::new();
        while let Some(now) = claim.next_deadline().filter(|&deadline| deadline <= end) {
            done.push((now, claim.poll(now).unwrap()));
            assert!(done.len() < 100, "it never ends");
        }
        assert!(claim.poll(end).is_none());
        done
    }

    /// Another host, which has our address.
    fn rival() -> Local {
        Local { hardware: mac(9), ..local() }
    }

    /// A claim that has come through, and when it did.
    fn in_use(defence: Defence) -> (Claim, Instant) {
        let mut claim = claim(defence, 1);
        let done = until(&mut claim, at_ms(60_000));
        let claimed = done.iter().find(|(_, due)| matches!(due, Due::AddressClaimed)).unwrap().0;
        assert!(claim.is_in_use());
        (claim, claimed)
    }

    #[test]
    fn arp_9_an_address_is_probed_three_times_and_announced_twice() {
        let mut waits = std::collections::HashSet::new();
        for seed in 0..50 {
            let mut claim = claim(Defence::Once, seed);
            let done = until(&mut claim, at_ms(60_000));
            let is = |index: usize, expected: Message| match done[index].1 {
                Due::Send(Outgoing { destination, message }) => {
                    destination.is_broadcast() && message == expected
                }
                _ => false,
            };
            assert_eq!(done.len(), 6, "{done:?}");
            assert!((0..3).all(|index| is(index, Message::probe(&local()))), "{done:?}");
            assert!(matches!(done[3].1, Due::AddressClaimed), "{done:?}");
            assert!((4..6).all(|index| is(index, Message::announcement(&local()))), "{done:?}");

            let after = |index: usize| done[index].0 - done[index - 1].0;
            assert!(done[0].0 - at_ms(5000) <= PROBE_WAIT);
            for index in [1, 2] {
                assert!((PROBE_MIN..=PROBE_MAX).contains(&after(index)), "{done:?}");
                waits.insert(after(index));
            }
            waits.insert(done[0].0 - at_ms(5000));
            assert_eq!(after(3), ANNOUNCE_WAIT);
            assert_eq!(after(4), Duration::ZERO);
            assert_eq!(after(5), ANNOUNCE_INTERVAL);
            assert!(claim.is_in_use() && claim.next_deadline().is_none());
        }
        assert!(waits.len() > 140, "the waits are hardly random: {waits:?}");
    }

    #[test]
    fn arp_9_an_address_in_use_or_wanted_by_another_is_not_taken() {
        let answer = Message::reply(&rival(), &Message::probe(&local()));
        for sign in [Message::probe(&rival()), Message::announcement(&rival()), answer] {
            let mut claim = claim(Defence::Always, 1);
            let sent = until(&mut claim, at_ms(7500));
            assert!(!sent.is_empty() && !claim.is_in_use());
            claim.receive(at_ms(7600), &sign);
            assert!(claim.is_lost());
            assert_eq!(claim.next_deadline(), Some(at_ms(7600)));
            let told = claim.poll(at_ms(7600));
            assert!(matches!(told, Some(Due::AddressLost { to }) if to == mac(9)), "{told:?}");
            assert!(until(&mut claim, at_ms(100_000)).is_empty());
        }
    }

    #[test]
    fn what_is_no_conflict_changes_nothing() {
        let elsewhere = Local { hardware: mac(9), address: "192.0.2.9/24".parse().unwrap() };
        let group = Local { hardware: MacAddress::BROADCAST, ..local() };
        let asks_for_us = Message { target: ip(2), ..Message::announcement(&elsewhere) };
        let odd = Message { operation: Operation::Reply, ..Message::probe(&rival()) };
        let mut claim = claim(Defence::Once, 1);
        for message in [
            Message::probe(&local()),
            Message::announcement(&local()),
            Message::probe(&elsewhere),
            Message::announcement(&elsewhere),
            Message::announcement(&group),
            asks_for_us,
            odd,
        ] {
            claim.receive(at_ms(5000), &message);
            assert!(!claim.is_lost(), "{message:?}");
        }
        let (mut claim, now) = in_use(Defence::Once);
        claim.receive(now, &Message::probe(&rival()));
        assert!(claim.next_deadline().is_none(), "a probe is answered, not defended against");
    }

    #[test]
    fn arp_9_an_address_is_defended_once_and_given_up_at_the_second_conflict() {
        let (mut claim, claimed) = in_use(Defence::Once);
        let conflict = Message::announcement(&rival());
        for begin in [100, 110] {
            let now = claimed + Duration::from_secs(begin);
            claim.receive(now, &conflict);
            let done = until(&mut claim, now + Duration::from_secs(9));
            let [(at, Due::Send(defence))] = done.as_slice() else { panic!("{done:?}") };
            assert_eq!((*at, defence.message), (now, Message::announcement(&local())));
        }
        claim.receive(claimed + Duration::from_millis(119_999), &conflict);
        assert!(claim.is_lost() && !claim.is_in_use());
    }

    #[test]
    fn arp_9_an_address_that_others_rely_on_is_never_given_up() {
        let (mut claim, claimed) = in_use(Defence::Always);
        let mut defences = 0;
        for seconds in 100..150 {
            let now = claimed + Duration::from_secs(seconds);
            claim.receive(now, &Message::announcement(&rival()));
            defences += until(&mut claim, now).len();
        }
        assert!(claim.is_in_use());
        assert_eq!(defences, 5);
    }

    #[test]
    fn a_defence_does_not_take_the_place_of_an_announcement() {
        let mut claim = claim(Defence::Once, 1);
        while !claim.is_in_use() {
            let now = claim.next_deadline().unwrap();
            let _ = claim.poll(now).unwrap();
        }
        let now = claim.next_deadline().unwrap();
        claim.receive(now, &Message::announcement(&rival()));
        assert_eq!(until(&mut claim, now + Duration::from_secs(60)).len(), 2);
    }
}
