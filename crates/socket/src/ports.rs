//! Ephemeral ports: which one a socket gets that did not ask for one (RFC 6056, 3.3.2).
//!
//! Whoever can guess the port of a query can forge its answer. So ports are drawn at random from
//! all that are not reserved, and drawn again if the one drawn is in use.

use secret::Secret;

/// The first of the ephemeral ports; they reach up to 65,535 (RFC 6056, 3.2).
pub const FIRST_EPHEMERAL_PORT: u16 = 1024;

/// How many ports there are to choose from.
const EPHEMERAL_PORTS: u32 = (1 << 16) - FIRST_EPHEMERAL_PORT as u32;

/// How often a port is drawn before the call fails.
///
/// Where two thirds of the ports are free, this many drawn ones are all in use once in 10^30
/// calls.
pub const EPHEMERAL_PORT_TRIES: usize = 64;

/// Draws ports. The secret decides all of them.
#[derive(Debug)]
pub struct EphemeralPorts {
    hash: Secret,
    /// How many were drawn.
    drawn: u64,
}

impl EphemeralPorts {
    /// Ports that `hash` decides.
    #[must_use]
    pub const fn new(hash: Secret) -> Self {
        Self { hash, drawn: 0 }
    }

    /// A port that is free, or `None` if none was drawn in [`EPHEMERAL_PORT_TRIES`].
    pub fn choose(&mut self, is_free: impl Fn(u16) -> bool) -> Option<u16> {
        (0..EPHEMERAL_PORT_TRIES).map(|_| self.draw()).find(|&port| is_free(port))
    }

    fn draw(&mut self) -> u16 {
        self.drawn = self.drawn.wrapping_add(1);
        let [a, b, c, d, ..] = self.hash.number(&("ephemeral port", self.drawn)).to_be_bytes();
        let random = u64::from(u32::from_be_bytes([a, b, c, d]));
        // Less than EPHEMERAL_PORTS, so it fits.
        let offset = u16::try_from((random * u64::from(EPHEMERAL_PORTS)) >> 32).unwrap_or(0);
        FIRST_EPHEMERAL_PORT.saturating_add(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn ports(secret: u64) -> EphemeralPorts {
        EphemeralPorts::new(Secret::new([secret, 0]))
    }

    #[test]
    fn all_ports_from_the_first_on_are_drawn_about_as_often_and_none_below() {
        let mut ports = ports(1);
        let mut drawn = vec![0; 1 << 16];
        for _ in 0..1_000_000 {
            drawn[usize::from(ports.draw())] += 1;
        }
        assert!(drawn[..1024].iter().all(|&times| times == 0));
        // 15 times on average.
        assert!(drawn[1024..].iter().all(|times| (1..50).contains(times)));
    }

    #[test]
    fn another_secret_draws_other_ports() {
        let first_ten = |secret| {
            let mut ports = ports(secret);
            std::array::from_fn::<u16, 10, _>(|_| ports.draw())
        };
        assert_eq!(first_ten(1), first_ten(1));
        assert_ne!(first_ten(1), first_ten(2));
        let [first, second, ..] = first_ten(1);
        assert_ne!(first, second);
    }

    #[test]
    fn a_port_in_use_is_passed_over_and_the_search_ends() {
        let next = ports(1).draw();
        assert_ne!(ports(1).choose(|port| port != next), Some(next));
        let tries = Cell::new(0);
        let found = ports(1).choose(|_| {
            tries.set(tries.get() + 1);
            false
        });
        assert_eq!((found, tries.get()), (None, EPHEMERAL_PORT_TRIES));
    }
}
