//! How long a test may take: `make test` has minutes, `make soak` hours.

use std::env;
use std::time::Duration;

/// Whether transfers are to be as long as they are promised to work: `STRATA_SOAK_TRANSFERS=1`.
fn is_soak() -> bool {
    env::var("STRATA_SOAK_TRANSFERS").is_ok_and(|value| value == "1")
}

/// How much goes over a good link, in bytes: 100 MB, or 1 GB.
#[must_use]
pub fn long_transfer() -> usize {
    if is_soak() { 1_000_000_000 } else { 100_000_000 }
}

/// How much goes over a bad link, in bytes: 1 MB, or 10 MB.
#[must_use]
pub fn lossy_transfer() -> usize {
    if is_soak() { 10_000_000 } else { 1_000_000 }
}

/// A link of the kind that TCP was made for, as options of strata.
pub const BAD_LINK: &str =
    "--loss 5% --reorder 5% --delay 2ms --duplicate 2% --corrupt 1% --seed 7";

/// How long a test waits for anything before it fails. Far longer than what it waits for takes,
/// since the machine may be busy with something else.
pub(crate) fn patience() -> Duration {
    Duration::from_secs(if is_soak() { 600 } else { 30 })
}
