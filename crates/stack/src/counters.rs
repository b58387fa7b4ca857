//! What the stack counts. "Where did my packet go" is answered here.

use std::fmt;

/// Makes the enum of counters together with each one's name and meaning.
macro_rules! counters {
    ($($variant:ident, $name:literal, $meaning:literal;)*) => {
        /// Something that the stack counts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Counter {
            $(#[doc = concat!("`", $name, "`: ", $meaning, ".")] $variant,)*
        }

        impl Counter {
            /// Every counter, from the wire up.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The name, as `strata serve` prints it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What is counted, in words.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

counters! {
    FramesReceived, "frames_received", "frames taken from a device";
    FramesSent, "frames_sent", "frames given to a device";
    TransmitQueueFull, "transmit_queue_full", "the interface's transmit queue was full";
    UnknownInterface, "unknown_interface", "it came by an interface that was never added";
    Ipv4Received, "ipv4_received", "well-formed IPv4 datagrams";
    Ipv4Truncated, "ipv4_truncated", "too short for an IPv4 header";
    Ipv6NotSupported, "ipv6_not_supported", "IPv6, which this stack does not speak yet";
    NotIp, "not_ip", "the first nibble is neither 4 nor 6, so it is not IP";
    Ipv4BadHeaderLength, "ipv4_bad_header_length", "the header claims fewer than 20 bytes";
    Ipv4BadTotalLength, "ipv4_bad_total_length", "the total length is less than the header's";
    Ipv4CutShort, "ipv4_cut_short", "the total length is more than the bytes that came";
    Ipv4BadChecksum, "ipv4_bad_checksum", "the IPv4 header checksum is wrong";
    Ipv4BadSource, "ipv4_bad_source", "the source address is not another single host's";
    Ipv4NotForUs, "ipv4_not_for_us", "the destination is none of our addresses";
    Ipv4Fragment, "ipv4_fragment", "a fragment, which this stack does not put together yet";
    Ipv4UnknownProtocol, "ipv4_unknown_protocol", "nobody here speaks the payload's protocol";
    Ipv4Sent, "ipv4_sent", "IPv4 datagrams sent";
    Ipv4TooLong, "ipv4_too_long", "the answer is longer than the interface's MTU";
    IcmpTruncated, "icmp_truncated", "too short for an ICMP message";
    IcmpBadChecksum, "icmp_bad_checksum", "the ICMP checksum is wrong";
    IcmpUnknown, "icmp_unknown", "an ICMP message of a type or code that has no meaning here";
    IcmpErrorForNobody, "icmp_error_for_nobody", "an ICMP error about a datagram of ours that nobody here waits to hear of";
    IcmpErrorForged, "icmp_error_forged", "an ICMP error about a datagram that we cannot have sent";
    IcmpSourceQuench, "icmp_source_quench", "a source quench, which means nothing any more (RFC 6633)";
    IcmpRedirect, "icmp_redirect", "a redirect, which anybody could have forged";
    IcmpQuery, "icmp_query", "a timestamp, information or address mask message, which no host answers (RFC 6918)";
    IcmpEchoRequests, "icmp_echo_requests", "echo requests that came";
    IcmpEchoRepliesSent, "icmp_echo_replies_sent", "echo replies sent";
    IcmpEchoReplyUnasked, "icmp_echo_reply_unasked", "an echo reply to nothing that we asked";
}

/// The value of each [`Counter`].
#[derive(Clone, PartialEq, Eq)]
pub struct Counters {
    /// In the order of [`Counter::ALL`].
    values: [u64; Counter::ALL.len()],
}

impl Counters {
    /// All zero.
    pub(crate) const fn new() -> Self {
        Self { values: [0; Counter::ALL.len()] }
    }

    pub(crate) fn increment(&mut self, counter: Counter) {
        if let Some(value) = self.values.get_mut(counter as usize) {
            *value = value.wrapping_add(1);
        }
    }

    /// How often it was counted.
    #[must_use]
    pub fn value(&self, counter: Counter) -> u64 {
        self.values.get(counter as usize).copied().unwrap_or_default()
    }

    /// Every counter with its value, from the wire up.
    pub fn iter(&self) -> impl Iterator<Item = (Counter, u64)> {
        Counter::ALL.into_iter().zip(self.values)
    }
}

/// Only what was counted at all, since a failed test prints this.
impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = self.iter().filter(|&(_, value)| value != 0);
        f.debug_map().entries(counted.map(|(counter, value)| (counter.name(), value))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counter_counts_for_itself_under_a_name_of_its_own() {
        let mut counters = Counters::new();
        for (times, counter) in Counter::ALL.into_iter().enumerate() {
            for _ in 0..times {
                counters.increment(counter);
            }
        }
        let mut names = std::collections::HashSet::new();
        for (times, (counter, value)) in counters.iter().enumerate() {
            assert_eq!(value, times as u64, "{}", counter.name());
            assert_eq!(counters.value(counter), value);
            assert!(names.insert(counter.name()), "{} stands twice", counter.name());
        }
    }

    #[test]
    fn a_failed_test_prints_only_what_was_counted() {
        let mut counters = Counters::new();
        counters.increment(Counter::NotIp);
        assert_eq!(format!("{counters:?}"), "{\"not_ip\": 1}");
    }
}
