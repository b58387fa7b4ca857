//! What each unfinished datagram costs, whose it is, and which one has to go.
//!
//! Each account stands in two queues by age: that of all, and that of its source. The accounts
//! themselves say who stands beside them, so that one leaves from the middle as easily as from
//! the end:
//!
//! ```text
//!   all          oldest ─► 3 ◄─► 0 ◄─► 7 ◄─► 2 ◄─ newest
//!   192.0.2.1    oldest ─► 3 ◄───────► 7 ◄─ newest
//!   192.0.2.9    oldest ───────► 0 ◄───────► 2 ◄─ newest
//! ```
//!
//! Every operation costs the same, however many datagrams there are.

use std::collections::HashMap;
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

/// Names an account as long as it is open. Another one has the name later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccountId(usize);

/// The account of one unfinished datagram.
#[derive(Clone, Copy, Debug)]
struct Account<K> {
    key: K,
    source: Ipv4Addr,
    deadline: Instant,
    bytes: usize,
    /// Its place in the queue of all.
    among_all: Neighbours,
    /// Its place in the queue of its source.
    among_own: Neighbours,
}

/// All that one source has under way.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    bytes: usize,
    queue: Queue,
}

/// The accounts of all unfinished datagrams, which are known by keys `K`.
#[derive(Clone, Debug)]
pub(crate) struct Ledger<K> {
    accounts: Accounts<K>,
    /// The oldest is also the first whose deadline comes: all wait equally long.
    all: Queue,
    /// Holds each source that has an account.
    shares: HashMap<Ipv4Addr, Share, Secret>,
    bytes: usize,
}

impl<K: Copy> Ledger<K> {
    pub(crate) fn new(secret: Secret) -> Self {
        Self {
            accounts: Accounts::default(),
            all: Queue::default(),
            shares: HashMap::with_hasher(secret),
            bytes: 0,
        }
    }

    /// Opens an account for a datagram of `source` that is given up at `deadline`.
    pub(crate) fn open(&mut self, key: K, source: Ipv4Addr, deadline: Instant) -> AccountId {
        let (among_all, among_own) = (Neighbours::default(), Neighbours::default());
        let account = Account { key, source, deadline, bytes: 0, among_all, among_own };
        let id = self.accounts.insert(account);
        self.all.push(&mut self.accounts, id, all);
        let share = self.shares.entry(source).or_default();
        share.queue.push(&mut self.accounts, id, own);
        id
    }

    /// Charges `bytes` more to a datagram.
    pub(crate) fn charge(&mut self, id: AccountId, bytes: usize) {
        let Some(account) = self.accounts.get_mut(id) else { return };
        account.bytes += bytes;
        self.bytes += bytes;
        if let Some(share) = self.shares.get_mut(&account.source) {
            share.bytes += bytes;
        }
    }

    /// Takes all charges back but `bytes`.
    pub(crate) fn discharge(&mut self, id: AccountId, bytes: usize) {
        let Some(account) = self.accounts.get_mut(id) else { return };
        let freed = account.bytes.saturating_sub(bytes);
        account.bytes -= freed;
        self.bytes -= freed;
        if let Some(share) = self.shares.get_mut(&account.source) {
            share.bytes -= freed;
        }
    }

    /// Closes an account, and says whose it was.
    pub(crate) fn close(&mut self, id: AccountId) -> Option<K> {
        let account = self.accounts.remove(id)?;
        self.bytes -= account.bytes;
        self.all.close_gap(&mut self.accounts, account.among_all, all);
        if let Some(share) = self.shares.get_mut(&account.source) {
            share.bytes -= account.bytes;
            let queue = &mut share.queue;
            queue.close_gap(&mut self.accounts, account.among_own, own);
            if queue.oldest.is_none() {
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
        if let Some(oldest) = excess.and_then(|share| share.queue.oldest) {
            return self.close(oldest);
        }
        if self.bytes <= limits.bytes && self.accounts.len() <= limits.datagrams {
            return None;
        }
        self.close(self.all.oldest?)
    }

    /// Closes the oldest account if its deadline has come.
    pub(crate) fn close_due(&mut self, now: Instant) -> Option<K> {
        if self.next_deadline()? > now {
            return None;
        }
        self.close(self.all.oldest?)
    }

    /// When the oldest account is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.accounts.get(self.all.oldest?).map(|oldest| oldest.deadline)
    }

    /// What all accounts come to.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The open accounts.
#[derive(Clone, Debug)]
struct Accounts<K> {
    places: Vec<Option<Account<K>>>,
    /// The places without an account.
    free: Vec<AccountId>,
}

impl<K> Default for Accounts<K> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }
}

impl<K> Accounts<K> {
    /// How many are open.
    const fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    fn get(&self, id: AccountId) -> Option<&Account<K>> {
        self.places.get(id.0)?.as_ref()
    }

    fn get_mut(&mut self, id: AccountId) -> Option<&mut Account<K>> {
        self.places.get_mut(id.0)?.as_mut()
    }

    fn insert(&mut self, account: Account<K>) -> AccountId {
        if let Some(id) = self.free.pop()
            && let Some(place) = self.places.get_mut(id.0)
        {
            *place = Some(account);
            return id;
        }
        self.places.push(Some(account));
        AccountId(self.places.len() - 1)
    }

    fn remove(&mut self, id: AccountId) -> Option<Account<K>> {
        let account = self.places.get_mut(id.0)?.take()?;
        self.free.push(id);
        Some(account)
    }
}

/// The two ends of a queue of accounts. What is between them, the accounts know.
#[derive(Clone, Copy, Debug, Default)]
struct Queue {
    oldest: Option<AccountId>,
    newest: Option<AccountId>,
}

/// Who stands beside an account in one of its queues: the one opened before it, the one after.
#[derive(Clone, Copy, Debug, Default)]
struct Neighbours {
    older: Option<AccountId>,
    newer: Option<AccountId>,
}

/// Which of an account's two places is meant.
type Which<K> = fn(&mut Account<K>) -> &mut Neighbours;

const fn all<K>(account: &mut Account<K>) -> &mut Neighbours {
    &mut account.among_all
}

const fn own<K>(account: &mut Account<K>) -> &mut Neighbours {
    &mut account.among_own
}

impl Queue {
    /// Puts the account `id` behind all others.
    fn push<K>(&mut self, accounts: &mut Accounts<K>, id: AccountId, which: Which<K>) {
        let older = self.newest.replace(id);
        match older.and_then(|older| accounts.get_mut(older)) {
            Some(older) => which(older).newer = Some(id),
            None => self.oldest = Some(id),
        }
        if let Some(account) = accounts.get_mut(id) {
            *which(account) = Neighbours { older, newer: None };
        }
    }

    /// Closes the gap that an account leaves which stood between these two.
    fn close_gap<K>(&mut self, accounts: &mut Accounts<K>, between: Neighbours, which: Which<K>) {
        let Neighbours { older, newer } = between;
        match older.and_then(|older| accounts.get_mut(older)) {
            Some(older) => which(older).newer = newer,
            None => self.oldest = newer,
        }
        match newer.and_then(|newer| accounts.get_mut(newer)) {
            Some(newer) => which(newer).older = older,
            None => self.newest = older,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ONE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
    const OTHER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

    const LIMITS: ReassemblyLimits = ReassemblyLimits {
        timeout: REASSEMBLY_TIMEOUT,
        bytes: 100,
        bytes_per_source: 60,
        datagrams: 10,
    };

    /// Accounts of these sources and bytes, whose keys are their places in the list.
    fn ledger(accounts: &[(Ipv4Addr, usize)]) -> (Ledger<usize>, Vec<AccountId>) {
        let mut ledger = Ledger::new(Secret::new([1, 2]));
        let open = |(key, &(source, bytes))| {
            let id = ledger.open(key, source, Instant::START);
            ledger.charge(id, bytes);
            id
        };
        let ids = accounts.iter().enumerate().map(open).collect();
        (ledger, ids)
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
        let (mut ledger, ids) = ledger(&[(ONE, 60), (ONE, 0)]);
        ledger.discharge(ids[0], 10);
        assert_eq!(ledger.bytes(), 10);
        ledger.charge(ids[1], 50);
        assert_eq!(ledger.close_excess(&LIMITS, ONE), None, "60 of 60");

        assert_eq!(ledger.close(ids[0]), Some(0));
        ledger.charge(ids[1], 10);
        assert_eq!(ledger.close_excess(&LIMITS, ONE), None, "60 of 60 again");
        assert_eq!(ledger.close(ids[1]), Some(1));
        assert_eq!(ledger.close(ids[1]), None);
        assert!(ledger.shares.is_empty(), "who has nothing under way is forgotten");
        assert_eq!(ledger.bytes(), 0);
    }

    proptest! {
        /// Against a list that is as long as there are accounts.
        #[test]
        fn the_oldest_goes_first_whoever_left_before(
            steps in prop::collection::vec((any::<bool>(), 0..3_u8, 0..8_usize), 0..80)
        ) {
            let (mut ledger, _) = ledger(&[]);
            let mut open: Vec<(AccountId, usize, Ipv4Addr)> = Vec::new();
            for (key, (opens, source, which)) in steps.into_iter().enumerate() {
                let source = Ipv4Addr::new(192, 0, 2, source);
                if opens {
                    let id = ledger.open(key, source, Instant::START);
                    ledger.charge(id, 1);
                    open.push((id, key, source));
                } else if which < open.len() {
                    let (id, key, _) = open.remove(which);
                    prop_assert_eq!(ledger.close(id), Some(key));
                }
                prop_assert_eq!(ledger.accounts.len(), open.len());
                prop_assert_eq!(ledger.bytes(), open.len());
            }
            // First all of one source, then the rest.
            let none_of_a_source = ReassemblyLimits { bytes_per_source: 0, ..LIMITS };
            let nothing_at_all = ReassemblyLimits { bytes: 0, ..LIMITS };
            let (of_one, others): (Vec<_>, Vec<_>) = open.iter().partition(|it| it.2 == ONE);
            for (_, key, _) in of_one {
                prop_assert_eq!(ledger.close_excess(&none_of_a_source, ONE), Some(key));
            }
            for (_, key, _) in others {
                prop_assert_eq!(ledger.close_excess(&nothing_at_all, ONE), Some(key));
            }
            prop_assert_eq!(ledger.close_excess(&nothing_at_all, ONE), None);
            prop_assert!(ledger.shares.is_empty());
        }
    }
}
