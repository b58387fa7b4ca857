//! What each unfinished datagram costs, whose it is, and which one has to go.
//!
//! Every operation is a look-up or two, however many datagrams there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::Ipv4Addr;
use std::time::Duration;

use packet::Instant;

use secret::Secret;

/// How long a datagram may take to become whole, from its first fragment to come. RFC 1122,
/// 3.3.2, advises 60 to 120 s; Linux waits 30.
pub const REASSEMBLY_TIMEOUT: Duration = Duration::from_secs(60);

/// Memory for unfinished datagrams, in bytes. When more is needed, the oldest go.
pub const MAX_REASSEMBLY_BYTES: usize = 16 << 20;

/// How much of that memory one source may use, in bytes. When it needs more, its own oldest go.
pub const MAX_REASSEMBLY_BYTES_PER_SOURCE: usize = 4 << 20;

/// How many datagrams may be unfinished at a time. When there are more, the oldest go.
pub const MAX_REASSEMBLIES: usize = 16_384;

/// The bounds of a [`Reassembler`](crate::Reassembler). The default are the constants above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReassemblyLimits {
    /// How long a datagram may take to become whole, from its first fragment to come.
    pub timeout: Duration,
    /// Memory for all unfinished datagrams together, in bytes, what it takes to keep them
    /// included.
    pub bytes: usize,
    /// Memory for those of one source. One datagram of 65,535 bytes in fragments of 1,500 takes
    /// 70,000; in fragments of 8, the smallest there are, 720,000.
    pub bytes_per_source: usize,
    /// How many datagrams may be unfinished at a time.
    pub datagrams: usize,
}

impl ReassemblyLimits {
    /// The constants above.
    pub const DEFAULT: Self = Self {
        timeout: REASSEMBLY_TIMEOUT,
        bytes: MAX_REASSEMBLY_BYTES,
        bytes_per_source: MAX_REASSEMBLY_BYTES_PER_SOURCE,
        datagrams: MAX_REASSEMBLIES,
    };
}

impl Default for ReassemblyLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Which datagram was begun when: later ones have greater numbers, none comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Serial(u64);

/// The account of one unfinished datagram.
#[derive(Clone, Copy, Debug)]
struct Account<K> {
    key: K,
    source: Ipv4Addr,
    deadline: Instant,
    bytes: usize,
}

/// All that one source has under way.
#[derive(Clone, Debug, Default)]
struct Share {
    bytes: usize,
    serials: BTreeSet<Serial>,
}

/// The accounts of all unfinished datagrams, which are known by keys `K`.
#[derive(Clone, Debug)]
pub(crate) struct Ledger<K> {
    /// The oldest first, which is also the first whose deadline comes: all wait equally long.
    accounts: BTreeMap<Serial, Account<K>>,
    /// Holds each source that has an account.
    shares: HashMap<Ipv4Addr, Share, Secret>,
    bytes: usize,
    next_serial: u64,
}

impl<K: Copy> Ledger<K> {
    pub(crate) fn new(secret: Secret) -> Self {
        Self {
            accounts: BTreeMap::new(),
            shares: HashMap::with_hasher(secret),
            bytes: 0,
            next_serial: 0,
        }
    }

    /// Opens an account for a datagram of `source` that is given up at `deadline`.
    pub(crate) fn open(&mut self, key: K, source: Ipv4Addr, deadline: Instant) -> Serial {
        let serial = Serial(self.next_serial);
        self.next_serial += 1;
        self.accounts.insert(serial, Account { key, source, deadline, bytes: 0 });
        self.shares.entry(source).or_default().serials.insert(serial);
        serial
    }

    /// Charges `bytes` more to a datagram.
    pub(crate) fn charge(&mut self, serial: Serial, bytes: usize) {
        let Some(account) = self.accounts.get_mut(&serial) else { return };
        account.bytes += bytes;
        self.bytes += bytes;
        if let Some(share) = self.shares.get_mut(&account.source) {
            share.bytes += bytes;
        }
    }

    /// Takes all charges back but `bytes`.
    pub(crate) fn discharge(&mut self, serial: Serial, bytes: usize) {
        let Some(account) = self.accounts.get_mut(&serial) else { return };
        let freed = account.bytes.saturating_sub(bytes);
        account.bytes -= freed;
        self.bytes -= freed;
        if let Some(share) = self.shares.get_mut(&account.source) {
            share.bytes -= freed;
        }
    }

    /// Closes an account, and says whose it was.
    pub(crate) fn close(&mut self, serial: Serial) -> Option<K> {
        let account = self.accounts.remove(&serial)?;
        self.bytes -= account.bytes;
        if let Some(share) = self.shares.get_mut(&account.source) {
            share.bytes -= account.bytes;
            share.serials.remove(&serial);
            if share.serials.is_empty() {
                self.shares.remove(&account.source);
            }
        }
        Some(account.key)
    }

    /// Closes the account that has to go so that the limits hold, now that `source` was charged:
    /// its own oldest if it has more than its share, else the oldest of all.
    pub(crate) fn close_excess(
        &mut self,
        limits: &ReassemblyLimits,
        source: Ipv4Addr,
    ) -> Option<K> {
        let share = self.shares.get(&source);
        let excess = share.filter(|share| share.bytes > limits.bytes_per_source);
        if let Some(&oldest) = excess.and_then(|share| share.serials.first()) {
            return self.close(oldest);
        }
        if self.bytes <= limits.bytes && self.accounts.len() <= limits.datagrams {
            return None;
        }
        self.close(*self.accounts.first_key_value()?.0)
    }

    /// Closes the oldest account if its deadline has come.
    pub(crate) fn close_due(&mut self, now: Instant) -> Option<K> {
        let (&oldest, account) = self.accounts.first_key_value()?;
        if account.deadline > now {
            return None;
        }
        self.close(oldest)
    }

    /// When the oldest account is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.accounts.first_key_value().map(|(_, account)| account.deadline)
    }

    /// What all accounts come to.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
    const OTHER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

    const LIMITS: ReassemblyLimits = ReassemblyLimits {
        timeout: REASSEMBLY_TIMEOUT,
        bytes: 100,
        bytes_per_source: 60,
        datagrams: 10,
    };

    /// Accounts of these sources and bytes, whose keys are their places in the list.
    fn ledger(accounts: &[(Ipv4Addr, usize)]) -> (Ledger<usize>, Vec<Serial>) {
        let mut ledger = Ledger::new(Secret::new([1, 2]));
        let open = |(key, &(source, bytes))| {
            let serial = ledger.open(key, source, Instant::START);
            ledger.charge(serial, bytes);
            serial
        };
        let serials = accounts.iter().enumerate().map(open).collect();
        (ledger, serials)
    }

    #[test]
    fn within_the_limits_nothing_has_to_go() {
        let (mut ledger, _) = ledger(&[(ONE, 20), (ONE, 40), (OTHER, 40)]);
        assert_eq!(ledger.bytes(), 100);
        assert_eq!(ledger.close_excess(&LIMITS, ONE), None);
        assert_eq!(ledger.close_excess(&LIMITS, OTHER), None);
    }

    #[test]
    fn beyond_its_share_a_source_loses_its_own_oldest() {
        let (mut ledger, _) = ledger(&[(OTHER, 10), (ONE, 1), (ONE, 60)]);
        assert_eq!(ledger.close_excess(&LIMITS, ONE), Some(1));
        assert_eq!(ledger.close_excess(&LIMITS, ONE), None);
    }

    #[test]
    fn beyond_the_whole_the_oldest_of_all_goes() {
        let (mut ledger, _) = ledger(&[(OTHER, 50), (ONE, 1), (ONE, 50)]);
        assert_eq!(ledger.close_excess(&LIMITS, ONE), Some(0));
        assert_eq!(ledger.close_excess(&LIMITS, ONE), None);
        assert_eq!(ledger.bytes(), 51);
    }

    #[test]
    fn what_is_closed_or_taken_back_is_charged_to_no_source() {
        let (mut ledger, serials) = ledger(&[(ONE, 60), (ONE, 0)]);
        ledger.discharge(serials[0], 10);
        assert_eq!(ledger.bytes(), 10);
        ledger.charge(serials[1], 50);
        assert_eq!(ledger.close_excess(&LIMITS, ONE), None, "60 of 60");

        assert_eq!(ledger.close(serials[0]), Some(0));
        ledger.charge(serials[1], 10);
        assert_eq!(ledger.close_excess(&LIMITS, ONE), None, "60 of 60 again");
        assert_eq!(ledger.close(serials[1]), Some(1));
        assert_eq!(ledger.close(serials[1]), None);
        assert!(ledger.shares.is_empty(), "who has nothing under way is forgotten");
        assert_eq!(ledger.bytes(), 0);
    }
}
