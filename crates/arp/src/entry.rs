//! One neighbour in the cache, and how its state changes with time (RFC 4861, 7.3).

use std::time::Duration;

use ethernet::MacAddress;
use packet::Instant;

use crate::{Config, REQUEST_INTERVAL};

/// How many broadcast requests a neighbour may leave unanswered before it counts as unreachable.
pub const REQUESTS: u8 = 3;

/// How many unicast requests a neighbour may leave unanswered before it is forgotten.
pub const PROBES: u8 = 3;

/// How long a neighbour that was not heard of lately may show by other means that it is there,
/// before it is asked (RFC 4861's DELAY_FIRST_PROBE_TIME).
pub const DELAY_TIME: Duration = Duration::from_secs(5);

/// How long after a MAC address was confirmed no other one takes its place. Where two hosts
/// answer one request, the first is believed (as on Linux, `locktime`).
pub const LOCK_TIME: Duration = Duration::from_secs(1);

/// How exactly it is remembered when an entry was last used or confirmed, so that not each
/// packet costs a change of the books.
pub const REFRESH_INTERVAL: Duration = Duration::from_millis(500);

/// How sure we are of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NeighbourState {
    /// It was asked by broadcast and has not answered; packets wait.
    Incomplete,
    /// It was there a short while ago.
    Reachable,
    /// It may still be there; that is found out when there is a packet for it.
    Stale,
    /// There was a packet for it. If nothing shows soon that it is there, it will be asked.
    Delay,
    /// It is being asked by unicast; packets go on leaving.
    Probe,
}

impl NeighbourState {
    /// The name, as `ip neighbour` prints it in capitals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Reachable => "reachable",
            Self::Stale => "stale",
            Self::Delay => "delay",
            Self::Probe => "probe",
        }
    }
}

/// What is known of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When the entry was made.
    pub(crate) since: Instant,
    /// When a packet was last sent there, to within [`REFRESH_INTERVAL`]; `None` if never.
    pub(crate) used: Option<Instant>,
    pub(crate) state: State,
}

/// The state, and what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Incomplete {
        /// How many requests were sent.
        asked: u8,
        /// When the next one is due, or the failure.
        next: Instant,
    },
    Known {
        hardware: MacAddress,
        /// When `hardware` was set or confirmed, to within [`REFRESH_INTERVAL`].
        confirmed: Instant,
        freshness: Freshness,
    },
}

/// How old the knowledge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    Reachable { until: Instant },
    Stale { until: Instant },
    Delay { until: Instant },
    Probe { asked: u8, next: Instant },
}

/// What is to be done with an entry whose deadline has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is this from now on.
    Become(Entry),
    /// Ask, the one who is named or else everybody; it is this from now on.
    Ask(Option<MacAddress>, Entry),
    /// It has not answered, or was not used: no more of it.
    Forget,
}

impl Entry {
    /// A neighbour that is to be asked for the first time.
    pub(crate) const fn incomplete(now: Instant) -> Self {
        Self { since: now, used: Some(now), state: State::Incomplete { asked: 0, next: now } }
    }

    /// A neighbour that said where it is, and to which nothing was ever sent.
    pub(crate) const fn learned(now: Instant, hardware: MacAddress, freshness: Freshness) -> Self {
        Self { since: now, used: None, state: State::Known { hardware, confirmed: now, freshness } }
    }

    /// Its MAC address.
    pub(crate) const fn hardware(&self) -> Option<MacAddress> {
        match self.state {
            State::Incomplete { .. } => None,
            State::Known { hardware, .. } => Some(hardware),
        }
    }

    /// The state by its name.
    pub(crate) const fn name(&self) -> NeighbourState {
        match self.state {
            State::Incomplete { .. } => NeighbourState::Incomplete,
            State::Known { freshness: Freshness::Reachable { .. }, .. } => {
                NeighbourState::Reachable
            }
            State::Known { freshness: Freshness::Stale { .. }, .. } => NeighbourState::Stale,
            State::Known { freshness: Freshness::Delay { .. }, .. } => NeighbourState::Delay,
            State::Known { freshness: Freshness::Probe { .. }, .. } => NeighbourState::Probe,
        }
    }

    /// When something is next to be done with it.
    pub(crate) const fn deadline(&self) -> Instant {
        match self.state {
            State::Incomplete { next, .. } => next,
            State::Known { freshness, .. } => match freshness {
                Freshness::Reachable { until }
                | Freshness::Stale { until }
                | Freshness::Delay { until } => until,
                Freshness::Probe { next, .. } => next,
            },
        }
    }

    /// What is to be done with it now that its deadline has come.
    pub(crate) fn at_deadline(self, now: Instant, config: &Config) -> Step {
        let next = now + REQUEST_INTERVAL;
        let (hardware, confirmed, freshness) = match self.state {
            State::Incomplete { asked, .. } if asked >= REQUESTS => return Step::Forget,
            State::Incomplete { asked, .. } => {
                let state = State::Incomplete { asked: asked + 1, next };
                return Step::Ask(None, Self { state, ..self });
            }
            State::Known { hardware, confirmed, freshness } => (hardware, confirmed, freshness),
        };
        let known =
            |freshness| Self { state: State::Known { hardware, confirmed, freshness }, ..self };
        match freshness {
            Freshness::Reachable { .. } => {
                Step::Become(known(Freshness::Stale { until: now + config.stale_time }))
            }
            Freshness::Stale { .. } => Step::Forget,
            Freshness::Delay { .. } => {
                Step::Ask(Some(hardware), known(Freshness::Probe { asked: 1, next }))
            }
            Freshness::Probe { asked, .. } if asked >= PROBES => Step::Forget,
            Freshness::Probe { asked, .. } => {
                Step::Ask(Some(hardware), known(Freshness::Probe { asked: asked + 1, next }))
            }
        }
    }

    /// The entry after a packet was sent there; `None` if that changes nothing worth noting.
    pub(crate) fn after_use(self, now: Instant) -> Option<Self> {
        let recently = self.used.is_some_and(|used| now - used < REFRESH_INTERVAL);
        match self.state {
            State::Known { hardware, confirmed, freshness: Freshness::Stale { .. } } => {
                let freshness = Freshness::Delay { until: now + DELAY_TIME };
                let state = State::Known { hardware, confirmed, freshness };
                Some(Self { state, used: Some(now), ..self })
            }
            State::Known { .. } if !recently => Some(Self { used: Some(now), ..self }),
            State::Known { .. } | State::Incomplete { .. } => None,
        }
    }

    /// The entry after its neighbour showed that it is at `hardware`.
    pub(crate) fn after_answer(self, now: Instant, hardware: MacAddress, config: &Config) -> Self {
        let freshness = Freshness::Reachable { until: now + config.reachable_time };
        Self { state: State::Known { hardware, confirmed: now, freshness }, ..self }
    }

    /// The entry after somebody said, unasked, that its neighbour is at `hardware`. Whether it
    /// hears us as well is not known.
    pub(crate) fn after_claim(self, now: Instant, hardware: MacAddress, config: &Config) -> Self {
        let freshness = Freshness::Stale { until: now + config.stale_time };
        Self { state: State::Known { hardware, confirmed: now, freshness }, ..self }
    }

    /// The entry after the layers above got an answer from there by way of it; `None` if that
    /// changes nothing worth noting.
    pub(crate) fn after_advice(self, now: Instant, config: &Config) -> Option<Self> {
        match self.state {
            State::Known { confirmed, freshness: Freshness::Reachable { .. }, .. }
                if now - confirmed < REFRESH_INTERVAL =>
            {
                None
            }
            State::Known { hardware, .. } => Some(self.after_answer(now, hardware, config)),
            State::Incomplete { .. } => None,
        }
    }

    /// The entry after the layers above got no answer from there, though they asked again and again
    /// (RFC 1122, 3.3.1.4): it is asked at once. `None` if it is being asked already.
    pub(crate) const fn after_doubt(self, now: Instant) -> Option<Self> {
        match self.state {
            State::Incomplete { .. } | State::Known { freshness: Freshness::Probe { .. }, .. } => {
                None
            }
            State::Known { hardware, confirmed, .. } => {
                let freshness = Freshness::Probe { asked: 0, next: now };
                Some(Self { state: State::Known { hardware, confirmed, freshness }, ..self })
            }
        }
    }

    /// Whether its MAC address is too fresh to be replaced.
    pub(crate) fn is_locked(&self, now: Instant) -> bool {
        match self.state {
            State::Known { confirmed, .. } => now - confirmed < LOCK_TIME,
            State::Incomplete { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{at_ms, mac};

    fn known(freshness: Freshness) -> Entry {
        Entry::learned(at_ms(0), mac(1), freshness)
    }

    fn become_(entry: Entry, now: Instant) -> Entry {
        match entry.at_deadline(now, &Config::default()) {
            Step::Become(entry) => entry,
            other => panic!("{other:?}"),
        }
    }

    fn ask(entry: Entry, whom: Option<MacAddress>) -> Entry {
        match entry.at_deadline(entry.deadline(), &Config::default()) {
            Step::Ask(asked, entry) if asked == whom => entry,
            other => panic!("{other:?}"),
        }
    }

    fn is_forgotten(entry: Entry) -> bool {
        entry.at_deadline(entry.deadline(), &Config::default()) == Step::Forget
    }

    #[test]
    fn arp_2_a_silent_neighbour_is_asked_three_times_a_second_apart() {
        let mut entry = Entry::incomplete(at_ms(100));
        assert_eq!(entry.name(), NeighbourState::Incomplete);
        for seconds in 0..u64::from(REQUESTS) {
            assert_eq!(entry.deadline(), at_ms(100 + 1000 * seconds));
            entry = ask(entry, None);
            assert_eq!((entry.hardware(), entry.since), (None, at_ms(100)));
        }
        assert_eq!(entry.deadline(), at_ms(3100));
        assert!(is_forgotten(entry));
    }

    #[test]
    fn arp_1_a_neighbour_that_nobody_uses_is_forgotten_in_time() {
        let reachable = known(Freshness::Reachable { until: at_ms(30_000) });
        assert_eq!(reachable.name(), NeighbourState::Reachable);
        let stale = become_(reachable, reachable.deadline());
        assert_eq!((stale.name(), stale.deadline()), (NeighbourState::Stale, at_ms(90_000)));
        assert_eq!(stale.hardware(), Some(mac(1)));
        assert!(is_forgotten(stale));
    }

    #[test]
    fn arp_1_a_neighbour_that_is_used_is_asked_again_by_unicast() {
        let stale = known(Freshness::Stale { until: at_ms(60_000) });
        let mut entry = stale.after_use(at_ms(50_000)).unwrap();
        assert_eq!((entry.name(), entry.deadline()), (NeighbourState::Delay, at_ms(55_000)));
        assert_eq!(entry.used, Some(at_ms(50_000)));
        for probe in 0..u64::from(PROBES) {
            entry = ask(entry, Some(mac(1)));
            assert_eq!(entry.name(), NeighbourState::Probe);
            assert_eq!(entry.deadline(), at_ms(56_000 + 1000 * probe));
            assert_eq!(entry.hardware(), Some(mac(1)));
        }
        assert!(is_forgotten(entry));
    }

    #[test]
    fn a_use_is_noted_now_and_then() {
        let entry = known(Freshness::Reachable { until: at_ms(30_000) });
        assert_eq!(entry.used, None);
        let used = entry.after_use(at_ms(700)).unwrap();
        assert_eq!((used.used, used.state), (Some(at_ms(700)), entry.state));
        assert_eq!(used.after_use(at_ms(1199)), None);
        assert_eq!(used.after_use(at_ms(1200)).unwrap().used, Some(at_ms(1200)));
        assert_eq!(Entry::incomplete(at_ms(0)).after_use(at_ms(9000)), None);
    }

    #[test]
    fn the_layers_above_confirm_now_and_then() {
        let config = Config::default();
        let stale = known(Freshness::Stale { until: at_ms(60_000) });
        let entry = stale.after_advice(at_ms(100), &config).unwrap();
        assert_eq!((entry.name(), entry.deadline()), (NeighbourState::Reachable, at_ms(30_100)));
        assert_eq!(entry.after_advice(at_ms(599), &config), None);
        assert_eq!(entry.after_advice(at_ms(600), &config).unwrap().deadline(), at_ms(30_600));
        assert_eq!(Entry::incomplete(at_ms(0)).after_advice(at_ms(100), &config), None);
    }

    #[test]
    fn route_4_a_neighbour_in_doubt_is_asked_at_once_and_by_unicast() {
        let config = Config::default();
        let sure = known(Freshness::Reachable { until: at_ms(30_000) });
        let doubted = sure.after_doubt(at_ms(100)).unwrap();
        assert_eq!((doubted.name(), doubted.deadline()), (NeighbourState::Probe, at_ms(100)));
        let Step::Ask(Some(_), probed) = doubted.at_deadline(at_ms(100), &config) else { panic!() };
        assert_eq!((probed.name(), probed.deadline()), (NeighbourState::Probe, at_ms(1100)));
        assert_eq!(probed.after_doubt(at_ms(200)), None, "it is being asked");
        assert_eq!(Entry::incomplete(at_ms(0)).after_doubt(at_ms(200)), None);
    }

    #[test]
    fn a_confirmed_address_is_locked_for_a_second() {
        let config = Config::default();
        let entry = known(Freshness::Stale { until: at_ms(60_000) });
        assert!(entry.is_locked(at_ms(999)));
        assert!(!entry.is_locked(at_ms(1000)));
        let confirmed = entry.after_answer(at_ms(1000), mac(1), &config);
        assert!(confirmed.is_locked(at_ms(1999)));
        let claimed = confirmed.after_claim(at_ms(2000), mac(9), &config);
        assert!(claimed.is_locked(at_ms(2999)));
        assert_eq!((claimed.name(), claimed.hardware()), (NeighbourState::Stale, Some(mac(9))));
        assert!(!Entry::incomplete(at_ms(0)).is_locked(at_ms(0)));
    }
}
