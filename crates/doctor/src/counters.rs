//! The kernel's counters, before and after.
//!
//! All count for one network namespace, but for `in_martian_src`, which counts for the whole
//! machine.

use std::collections::BTreeMap;
use std::fs;

use crate::collect;

/// What every counter showed at one moment. A counter is called as `nstat` calls it
/// (`IpInHdrErrors`); the device's are `rx_packets`, `tx_dropped` and so on, as in `ip -s link`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot(BTreeMap<String, u64>);

impl Snapshot {
    /// Reads all counters of this network namespace, and those of `device`.
    ///
    /// # Errors
    /// What could not be read, in words.
    pub(crate) fn take(device: &str) -> Result<Self, String> {
        let mut counters = BTreeMap::new();
        for path in ["/proc/net/snmp", "/proc/net/netstat"] {
            counters.extend(pairs_of_lines(&read(path)?));
        }
        counters.extend(columns(&read("/proc/net/stat/rt_cache")?));
        counters.extend(collect::statistics(device)?);
        Ok(Self(counters))
    }

    /// By how much each counter rose since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Rise {
        let rise = |(name, &value): (&String, &u64)| {
            let before = earlier.0.get(name).copied().unwrap_or(0);
            (name.clone(), value.saturating_sub(before))
        };
        Rise(self.0.iter().map(rise).collect())
    }
}

/// By how much each counter rose.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rise(BTreeMap<String, u64>);

impl Rise {
    /// The rise of one counter; 0 if this kernel does not have it.
    pub(crate) fn of(&self, counter: &str) -> u64 {
        self.0.get(counter).copied().unwrap_or(0)
    }

    /// The rise of several together.
    pub(crate) fn of_all(&self, counters: &[&str]) -> u64 {
        counters.iter().map(|counter| self.of(counter)).sum()
    }
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}

/// `snmp` and `netstat`: a line of names, then a line of values, each with the protocol in front.
fn pairs_of_lines(text: &str) -> Vec<(String, u64)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut counters = Vec::new();
    for pair in lines.chunks_exact(2) {
        let &[names, values] = pair else { continue };
        let protocol = names.split(':').next().unwrap_or_default();
        for (name, value) in names.split_whitespace().zip(values.split_whitespace()).skip(1) {
            // Some (MaxConn of TCP) may be negative; those count nothing.
            counters.extend(value.parse().ok().map(|value| (format!("{protocol}{name}"), value)));
        }
    }
    counters
}

/// `rt_cache`: a line of names, then a line of hexadecimal values for each CPU.
fn columns(text: &str) -> BTreeMap<String, u64> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
    let mut sums = BTreeMap::new();
    for line in lines {
        for (&name, value) in names.iter().zip(line.split_whitespace()) {
            let sum: &mut u64 = sums.entry(name.to_owned()).or_default();
            *sum = sum.saturating_add(u64::from_str_radix(value, 16).unwrap_or(0));
        }
    }
    sums
}

#[cfg(test)]
pub(crate) fn rise(counters: &[(&str, u64)]) -> Rise {
    Rise(counters.iter().map(|&(name, by)| (name.to_owned(), by)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_of_snmp_stand_in_two_lines() {
        let text = "Ip: Forwarding InHdrErrors\nIp: 2 7\nTcp: MaxConn InSegs\nTcp: -1 9\n";
        let counters = pairs_of_lines(text);
        let expected = [("IpForwarding", 2), ("IpInHdrErrors", 7), ("TcpInSegs", 9)];
        let expected: Vec<_> = expected.map(|(name, value)| (name.to_owned(), value)).into();
        assert_eq!(counters, expected);
    }

    #[test]
    fn rt_cache_is_hexadecimal_and_each_cpu_has_a_line() {
        let sums = columns("entries  in_martian_src\n00000006 0000000a\n00000006 00000010\n");
        assert_eq!(sums.get("in_martian_src"), Some(&26));
    }

    #[test]
    fn a_counter_that_the_kernel_does_not_have_never_rose() {
        assert_eq!(Snapshot::default().since(&Snapshot::default()).of("IpInHdrErrors"), 0);
    }
}
