//! Who was asked within the last second, so that nobody is asked too often (ARP-2).

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::time::Duration;

use packet::Instant;
use secret::Secret;

/// The shortest time between two requests for one address (RFC 1122, 2.3.2.1).
pub const REQUEST_INTERVAL: Duration = Duration::from_secs(1);

/// How many broadcast requests are sent in any one second, for all addresses together.
///
/// Packets to more addresses than that wait for their second request, or for the third.
pub const BROADCASTS_PER_SECOND: usize = 1024;

/// To whom a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cast {
    /// To the one who had the address last.
    Unicast,
    /// To everybody.
    Broadcast,
}

/// The requests of the last [`REQUEST_INTERVAL`].
///
/// It outlives the entries of the cache: one that was dropped to make room and is needed again
/// does not ask again too soon.
///
/// Bound: [`BROADCASTS_PER_SECOND`], and one unicast request for each entry of the cache.
#[derive(Debug)]
pub(crate) struct Asked {
    /// When each address was asked for. The same addresses as in `order`, each once.
    when: HashMap<Ipv4Addr, Instant, Secret>,
    /// The oldest first.
    order: VecDeque<(Instant, Ipv4Addr, Cast)>,
    /// How many in `order` are broadcasts.
    broadcasts: usize,
}

impl Asked {
    pub(crate) fn new(secret: Secret) -> Self {
        Self { when: HashMap::with_hasher(secret), order: VecDeque::new(), broadcasts: 0 }
    }

    /// Whether `address` may be asked now; if so it counts as asked.
    pub(crate) fn may_ask(&mut self, now: Instant, address: Ipv4Addr, cast: Cast) -> bool {
        self.forget_old(now);
        // Those who are known already are few, and more important than those who may not exist.
        let too_many = cast == Cast::Broadcast && self.broadcasts >= BROADCASTS_PER_SECOND;
        if too_many || self.when.contains_key(&address) {
            return false;
        }
        self.when.insert(address, now);
        self.order.push_back((now, address, cast));
        self.broadcasts += usize::from(cast == Cast::Broadcast);
        true
    }

    /// Whether an answer from `address` would be one to a request of the last second.
    pub(crate) fn is_awaited(&self, now: Instant, address: Ipv4Addr) -> bool {
        self.when.get(&address).is_some_and(|&asked| now < asked + REQUEST_INTERVAL)
    }

    fn forget_old(&mut self, now: Instant) {
        while let Some(&(asked, address, cast)) = self.order.front()
            && asked + REQUEST_INTERVAL <= now
        {
            self.order.pop_front();
            self.when.remove(&address);
            self.broadcasts -= usize::from(cast == Cast::Broadcast);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{at_ms, ip};

    fn nobody() -> Asked {
        Asked::new(Secret::new([1, 2]))
    }

    #[test]
    fn one_address_is_asked_once_a_second_and_another_one_beside_it() {
        let mut asked = nobody();
        assert!(asked.may_ask(at_ms(0), ip(1), Cast::Broadcast));
        assert!(!asked.may_ask(at_ms(999), ip(1), Cast::Broadcast));
        assert!(!asked.may_ask(at_ms(999), ip(1), Cast::Unicast));
        assert!(asked.may_ask(at_ms(999), ip(3), Cast::Unicast));
        assert!(asked.may_ask(at_ms(1000), ip(1), Cast::Unicast));
        assert!(!asked.may_ask(at_ms(1998), ip(3), Cast::Unicast));
        assert!(asked.may_ask(at_ms(1999), ip(3), Cast::Unicast));
    }

    #[test]
    fn an_answer_is_awaited_for_a_second() {
        let mut asked = nobody();
        assert!(!asked.is_awaited(at_ms(0), ip(1)));
        assert!(asked.may_ask(at_ms(0), ip(1), Cast::Broadcast));
        assert!(asked.is_awaited(at_ms(999), ip(1)));
        assert!(!asked.is_awaited(at_ms(999), ip(3)));
        assert!(!asked.is_awaited(at_ms(1000), ip(1)));
    }

    #[test]
    fn broadcasts_have_a_limit_and_unicasts_do_not_take_part_in_it() {
        let mut asked = nobody();
        let addresses = || (0..).map(Ipv4Addr::from_bits);
        for address in addresses().take(10) {
            assert!(asked.may_ask(at_ms(0), address, Cast::Unicast));
        }
        let mut fresh = addresses().skip(10);
        for address in fresh.by_ref().take(BROADCASTS_PER_SECOND) {
            assert!(asked.may_ask(at_ms(500), address, Cast::Broadcast));
        }
        let next = fresh.next().unwrap();
        assert!(!asked.may_ask(at_ms(1499), next, Cast::Broadcast));
        assert!(asked.may_ask(at_ms(1499), next, Cast::Unicast));
        for address in fresh.by_ref().take(BROADCASTS_PER_SECOND) {
            assert!(asked.may_ask(at_ms(1500), address, Cast::Broadcast));
        }
        assert_eq!(asked.order.len(), BROADCASTS_PER_SECOND + 1);
        assert_eq!(asked.when.len(), asked.order.len());
    }
}
