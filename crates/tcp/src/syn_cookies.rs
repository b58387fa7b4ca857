//! SYN cookies: half-open connections that are remembered by the peer (RFC 4987, 3.6).
//!
//! A flood of SYN with forged addresses fills the backlog of a listener with connections that
//! never come about. While it is full, the listener remembers nothing of a SYN, but chooses the
//! sequence number of its SYN-ACK so that it can tell from the ACK, which repeats that number,
//! that it did answer this SYN a short while ago:
//!
//! ```text
//!    31                                                  4   3  2   0
//!   ┌──────────────────────────────────────────────────────┬───┬─────┐
//!   │ keyed hash of both ends, the peer's ISN and the rest │ t │ MSS │
//!   └──────────────────────────────────────────────────────┴───┴─────┘
//!     t: which of the last two time steps, by its lowest bit
//! ```
//!
//! Sixteen of the 2^32 numbers are right at any moment, so that a guess succeeds once in 2^28
//! times; and outside of a flood, none is.
//!
//! What else the SYN offered is lost, unless both sides use timestamps: then the window scale and
//! whether SACK is permitted travel in the lowest bits of ours, which the peer echoes
//! ([`SynOffer::into_timestamp`]). These bits are not protected; whoever changes them harms but
//! his own connection.
//!
//! The SYN-ACK is not sent again if it is lost. The peer will send its SYN again.

use std::net::SocketAddr;
use std::time::Duration;

use packet::Instant;
use secret::Secret;

use crate::SequenceNumber;
use crate::isn::low_half;

/// How long a time step is. A cookie is good for the rest of its step and the whole next one.
pub const COOKIE_STEP: Duration = Duration::from_secs(64);

/// The sizes that a cookie can tell, in bytes, the smallest first. Of the peer's MSS it keeps the
/// largest that is not above it: what is common on paths of today (Ethernet, PPPoE, tunnels), what
/// hosts take by default, and, for peers with a tiny MTU, what the least one of IPv4, 68, leaves.
pub const COOKIE_MSS: [u16; 8] = [28, 216, 536, 1220, 1360, 1440, 1460, 8960];

/// How many low bits of a timestamp are used.
const TIMESTAMP_BITS: u32 = 6;

/// No window scale was offered.
const NO_WINDOW_SCALE: u32 = 15;

/// The largest window scale (RFC 7323, 2.3).
const MAX_WINDOW_SCALE: u8 = 14;

/// Where SACK-permitted stands among the bits of a timestamp.
const SACK_BIT: u32 = 1 << 4;

/// Makes cookies, and knows its own.
#[derive(Clone, Copy, Debug)]
pub struct SynCookies {
    hash: Secret,
    /// In which time step the last one was made.
    last_made: Option<u64>,
}

/// The SYN that a cookie answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookieSyn {
    /// Our end.
    pub local: SocketAddr,
    /// The peer.
    pub remote: SocketAddr,
    /// SEG.SEQ: the peer's initial sequence number.
    pub seq: SequenceNumber,
    /// The MSS option, in bytes, or the default if there is none (MUST-15).
    pub mss: u16,
}

/// The ACK that may bring a cookie back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookieAck {
    /// Our end.
    pub local: SocketAddr,
    /// The peer.
    pub remote: SocketAddr,
    /// SEG.SEQ: one more than the peer's initial sequence number.
    pub seq: SequenceNumber,
    /// SEG.ACK: one more than the cookie.
    pub ack: SequenceNumber,
}

/// What a SYN offered and a timestamp can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SynOffer {
    /// By how many bits the peer scales its window, 0 to 14, if it offered to.
    pub window_scale: Option<u8>,
    /// Whether the peer permits SACK.
    pub is_sack_permitted: bool,
}

impl SynCookies {
    /// Cookies that follow from `secret`. The same one may serve other uses as well.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self { hash: Secret::new(secret.derive("tcp syn cookies")), last_made: None }
    }

    /// ISS of a SYN-ACK that is sent now, and of which nothing is remembered.
    pub fn make(&mut self, now: Instant, syn: &CookieSyn) -> SequenceNumber {
        let step = step(now);
        self.last_made = Some(step);
        let mss = COOKIE_MSS.iter().rposition(|&mss| mss <= syn.mss).unwrap_or(0);
        self.cookie(syn.local, syn.remote, syn.seq, step, mss)
    }

    /// The peer's MSS, in bytes, if `ack` brings back a cookie that was made a short while ago.
    ///
    /// The peer's initial sequence number is then SEG.SEQ - 1 and ours SEG.ACK - 1. For an ACK
    /// without a connection, and before it is answered with an RST.
    #[must_use]
    pub fn check(&self, now: Instant, ack: &CookieAck) -> Option<u16> {
        let cookie = ack.ack - 1;
        let step = self.recent_step(now, cookie)?;
        let index = usize::try_from(cookie.value() & 7).ok()?;
        let expected = self.cookie(ack.local, ack.remote, ack.seq - 1, step, index);
        if cookie != expected {
            return None;
        }
        COOKIE_MSS.get(index).copied()
    }

    /// The time step that the cookie names: this or the last one. `None` if no cookie at all was
    /// made in either.
    fn recent_step(&self, now: Instant, cookie: SequenceNumber) -> Option<u64> {
        let current = step(now);
        let named = u64::from(cookie.value() >> 3 & 1);
        let step = if current & 1 == named { current } else { current.checked_sub(1)? };
        (self.last_made? >= step).then_some(step)
    }

    fn cookie(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
        peer_iss: SequenceNumber,
        step: u64,
        mss: usize,
    ) -> SequenceNumber {
        let ends = (local.ip(), local.port(), remote.ip(), remote.port());
        let hash = self.hash.number(&(ends, peer_iss, step, mss));
        let rest = low_half(step & 1) << 3 | u32::try_from(mss & 7).unwrap_or(0);
        SequenceNumber::new(low_half(hash) << 4 | rest)
    }
}

impl SynOffer {
    /// What is known of a SYN whose ACK brings no timestamp back.
    pub const NOTHING: Self = Self { window_scale: None, is_sack_permitted: false };

    /// TSval for the SYN-ACK: the offer in its lowest bits, the clock of the timestamps in the
    /// others. It lies up to 127 ticks behind `clock` and never ahead, so that later ones do not
    /// go back. Take no round-trip time from its echo.
    #[must_use]
    pub const fn into_timestamp(self, clock: u32) -> u32 {
        let offer = self.bits();
        let mask = (1 << TIMESTAMP_BITS) - 1;
        let timestamp = clock & !mask | offer;
        if clock & mask < offer { timestamp.wrapping_sub(1 << TIMESTAMP_BITS) } else { timestamp }
    }

    /// The offer in TSecr of an ACK that brings a cookie back. Ask only if
    /// [`SynCookies::check`] has said so.
    #[must_use]
    pub fn from_timestamp(echo: u32) -> Self {
        let window_scale = u8::try_from(echo & 15).ok().filter(|&shift| shift <= MAX_WINDOW_SCALE);
        Self { window_scale, is_sack_permitted: echo & SACK_BIT != 0 }
    }

    const fn bits(self) -> u32 {
        let window_scale = match self.window_scale {
            // A larger one means the largest (RFC 7323, 2.3).
            Some(shift) if shift > MAX_WINDOW_SCALE => MAX_WINDOW_SCALE as u32,
            Some(shift) => shift as u32,
            None => NO_WINDOW_SCALE,
        };
        window_scale | if self.is_sack_permitted { SACK_BIT } else { 0 }
    }
}

/// How many time steps have begun before the present one.
const fn step(now: Instant) -> u64 {
    now.since_start().as_secs() / COOKIE_STEP.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence_number::strategies::any_sequence_number;
    use proptest::prelude::*;

    fn cookies() -> SynCookies {
        SynCookies::new(Secret::new([1, 2]))
    }

    fn end(last: u8, port: u16) -> SocketAddr {
        ([192, 0, 2, last], port).into()
    }

    fn at(seconds: u64) -> Instant {
        Instant::at(Duration::from_secs(seconds))
    }

    fn syn(seq: SequenceNumber, mss: u16) -> CookieSyn {
        CookieSyn { local: end(2, 80), remote: end(1, 40_000), seq, mss }
    }

    fn answer(syn: &CookieSyn, cookie: SequenceNumber) -> CookieAck {
        CookieAck { local: syn.local, remote: syn.remote, seq: syn.seq + 1, ack: cookie + 1 }
    }

    /// A SYN that was answered at `made`, and the ACK to that.
    fn exchanged(cookies: &mut SynCookies, made: Instant) -> CookieAck {
        let syn = syn(SequenceNumber::new(u32::MAX), 1460);
        let cookie = cookies.make(made, &syn);
        answer(&syn, cookie)
    }

    #[test]
    fn the_mss_is_rounded_down_to_one_of_eight() {
        let mut cookies = cookies();
        let sizes = [
            (0, 28),
            (215, 28),
            (535, 216),
            (536, 536),
            (1300, 1220),
            (1459, 1440),
            (1460, 1460),
            (8959, 1460),
            (65_495, 8960),
        ];
        for (mss, expected) in sizes {
            let syn = syn(SequenceNumber::new(7), mss);
            let cookie = cookies.make(at(1000), &syn);
            assert_eq!(cookies.check(at(1000), &answer(&syn, cookie)), Some(expected));
        }
    }

    #[test]
    fn a_cookie_is_good_for_this_step_and_the_next() {
        for made in [0, 63, 64, 100, 127, 128] {
            let mut cookies = cookies();
            let ack = exchanged(&mut cookies, at(made));
            let end_of_next_step = (made / 64 + 2) * 64;
            assert_eq!(cookies.check(at(end_of_next_step - 1), &ack), Some(1460), "{made}");
            // Others are made all the while.
            for later in [end_of_next_step, end_of_next_step + 64, end_of_next_step + 1000] {
                exchanged(&mut cookies, at(later));
                assert_eq!(cookies.check(at(later), &ack), None, "{made}, {later}");
            }
        }
    }

    #[test]
    fn outside_of_a_flood_no_number_is_right() {
        let mut flooded = cookies();
        let ack = exchanged(&mut flooded, at(1000));
        assert_eq!(flooded.check(at(1000), &ack), Some(1460));
        assert_eq!(cookies().check(at(1000), &ack), None);
        // The same hash long after the last cookie.
        let ack = exchanged(&mut cookies(), at(2000));
        assert_eq!(flooded.check(at(2000), &ack), None);
    }

    #[test]
    fn a_cookie_is_good_for_one_connection_only() {
        let mut cookies = cookies();
        let ack = exchanged(&mut cookies, at(1000));
        let one = SequenceNumber::new(1);
        let forged = [
            CookieAck { local: end(3, 80), ..ack },
            CookieAck { local: end(2, 81), ..ack },
            CookieAck { remote: end(4, 40_000), ..ack },
            CookieAck { remote: end(1, 40_001), ..ack },
            CookieAck { seq: one, ..ack },
            CookieAck { ack: ack.ack + 1, ..ack },
            CookieAck { ack: ack.ack - 1, ..ack },
            CookieAck { ack: ack.ack + 8, ..ack },
        ];
        for forged in forged {
            assert_eq!(cookies.check(at(1000), &forged), None, "{forged:?}");
        }
        let other =
            SynCookies { last_made: cookies.last_made, ..SynCookies::new(Secret::new([1, 3])) };
        assert_eq!(other.check(at(1000), &ack), None);
    }

    #[test]
    fn a_guess_succeeds_about_once_in_two_to_the_28() {
        // Nobody has time for so many guesses. So: how many come as near as 8 of the hash's 28
        // bits? If one in 2^8 does, one in 2^28 hits.
        let mut cookies = cookies();
        let ack = exchanged(&mut cookies, at(1000));
        let random = Secret::new([5, 6]);
        let mut near = 0;
        for guess in 0..1u64 << 16 {
            let guess = SequenceNumber::new(low_half(random.number(&guess)));
            assert_eq!(cookies.check(at(1000), &CookieAck { ack: guess + 1, ..ack }), None);
            let step = cookies.recent_step(at(1000), guess).unwrap();
            let mss = usize::try_from(guess.value() & 7).unwrap();
            let right = cookies.cookie(ack.local, ack.remote, ack.seq - 1, step, mss);
            near += u32::from((right.value() ^ guess.value()) & 0xfff == 0);
        }
        assert!((200..320).contains(&near), "{near} of 65,536, not 256");
    }

    #[test]
    fn the_offer_rides_in_the_timestamp() {
        for window_scale in (0..=14).map(Some).chain([None]) {
            for is_sack_permitted in [false, true] {
                let offer = SynOffer { window_scale, is_sack_permitted };
                for clock in [0, 1, 63, 64, 1_000_000, u32::MAX] {
                    let timestamp = offer.into_timestamp(clock);
                    assert_eq!(SynOffer::from_timestamp(timestamp), offer);
                    assert!(clock.wrapping_sub(timestamp) < 128, "{clock} {timestamp}");
                }
            }
        }
        let offer = SynOffer { window_scale: Some(200), is_sack_permitted: false };
        assert_eq!(SynOffer::from_timestamp(offer.into_timestamp(0)).window_scale, Some(14));
    }

    proptest! {
        #[test]
        fn what_was_made_is_known_again(
            seq in any_sequence_number(), mss: u16, made in 0u64..1_000_000, wait in 0u64..=64
        ) {
            let mut cookies = cookies();
            let syn = syn(seq, mss);
            let cookie = cookies.make(at(made), &syn);
            let known = cookies.check(at(made + wait), &answer(&syn, cookie)).unwrap();
            prop_assert!(COOKIE_MSS.contains(&known));
            prop_assert!(known <= mss.max(COOKIE_MSS[0]));
        }

        #[test]
        fn whatever_is_echoed_can_be_read(echo: u32) {
            let SynOffer { window_scale, .. } = SynOffer::from_timestamp(echo);
            prop_assert!(window_scale.is_none_or(|shift| shift <= MAX_WINDOW_SCALE));
        }
    }
}
