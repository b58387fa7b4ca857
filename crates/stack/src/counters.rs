//! What the stack counts. "Where did my packet go" is answered here.

use std::fmt;

/// Makes the enum of counters together with what each one counts, its name and its meaning.
macro_rules! counters {
    ($($kind:ident $variant:ident, $name:literal, $meaning:literal;)*) => {
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

            /// Whether it counts things that went no further.
            #[must_use]
            pub const fn is_drop(self) -> bool {
                matches!(match self { $(Self::$variant => Kind::$kind,)* }, Kind::Drop)
            }
        }
    };
}

/// What a counter counts.
#[derive(Clone, Copy)]
enum Kind {
    /// Something that went on its way.
    Pass,
    /// Something that went no further, and for this reason.
    Drop,
}

counters! {
    Pass FramesReceived, "frames_received", "frames taken from a device";
    Pass FramesSent, "frames_sent", "frames given to a device";
    Drop TransmitQueueFull, "transmit_queue_full", "the interface's transmit queue was full";
    Drop UnknownInterface, "unknown_interface", "it came by an interface that was never added";

    Drop EthernetTruncated, "ethernet_truncated", "too short for an Ethernet header";
    Drop EthernetBadSource, "ethernet_bad_source", "the source MAC address is a group's, or our own";
    Drop EthernetNotForUs, "ethernet_not_for_us", "the frame is for another MAC address, or a group that we are not in";
    Pass EthernetSnap, "ethernet_snap", "frames with an 802.2 and SNAP header";
    Drop EthernetVlan, "ethernet_vlan", "the frame belongs to a virtual LAN (802.1Q)";
    Drop EthernetOtherLlc, "ethernet_other_llc", "an 802.2 frame with something else than SNAP, such as spanning tree";
    Drop EthernetUnknownType, "ethernet_unknown_type", "nobody here speaks the frame's EtherType";

    Pass ArpReceived, "arp_received", "well-formed ARP packets";
    Pass ArpSent, "arp_sent", "ARP packets sent";
    Drop ArpMalformed, "arp_malformed", "not an ARP packet for IPv4 over Ethernet";
    Drop ArpSpoofed, "arp_spoofed", "an ARP packet in the name of a MAC address that cannot be its sender's";
    Drop ArpConflict, "arp_conflict", "another host says that it has our address";
    Drop ArpForeign, "arp_foreign", "an ARP packet from an address that is no neighbour's";
    Drop ArpNotForUs, "arp_not_for_us", "an ARP packet about others";
    Drop ArpUnasked, "arp_unasked", "an ARP reply to nothing that we asked";
    Drop ArpLocked, "arp_locked", "a neighbour's MAC address changed too soon after it was confirmed";
    Drop ArpCacheFull, "arp_cache_full", "the neighbour cache is full of neighbours that we use";
    Drop ArpQueueFull, "arp_queue_full", "too many datagrams wait for a neighbour's answer";
    Drop ArpUnreachable, "arp_unreachable", "the neighbour did not answer";
    Drop ArpNotANeighbour, "arp_not_a_neighbour", "the next hop is no other host of the interface's network";
    Drop AddressNotInUse, "address_not_in_use", "our own address is still being claimed, or was lost";
    Pass AddressClaimed, "address_claimed", "our address was probed and is ours";
    Pass AddressLost, "address_lost", "our address was left to another host that has it";

    Pass Ipv4Received, "ipv4_received", "well-formed IPv4 datagrams";
    Drop Ipv4Truncated, "ipv4_truncated", "too short for an IPv4 header";
    Drop Ipv6NotSupported, "ipv6_not_supported", "IPv6, which this stack does not speak yet";
    Drop NotIp, "not_ip", "the first nibble is neither 4 nor 6, so it is not IP";
    Drop Ipv4BadHeaderLength, "ipv4_bad_header_length", "the header claims fewer than 20 bytes";
    Drop Ipv4BadTotalLength, "ipv4_bad_total_length", "the total length is less than the header's";
    Drop Ipv4CutShort, "ipv4_cut_short", "the total length is more than the bytes that came";
    Drop Ipv4BadChecksum, "ipv4_bad_checksum", "the IPv4 header checksum is wrong";
    Drop Ipv4BadSource, "ipv4_bad_source", "the source address is not another single host's";
    Drop Ipv4LinkBroadcast, "ipv4_link_broadcast", "a frame for all carried a datagram for one";
    Drop Ipv4NotForUs, "ipv4_not_for_us", "the destination is none of our addresses";
    Drop Ipv4BadOption, "ipv4_bad_option", "an IPv4 option has an impossible length";
    Drop Ipv4SourceRoute, "ipv4_source_route", "its sender wants to dictate its way";
    Pass Ipv4Fragments, "ipv4_fragments", "fragments taken to be put together";
    Pass Ipv4Reassembled, "ipv4_reassembled", "datagrams put together from fragments";
    Drop Ipv4FragmentMalformed, "ipv4_fragment_malformed", "a fragment that cannot be: empty, too long, or of a length between two multiples of 8";
    Drop Ipv4FragmentTiny, "ipv4_fragment_tiny", "a first fragment too short for a TCP header";
    Drop Ipv4FragmentOverlap, "ipv4_fragment_overlap", "fragments that contradict each other";
    Drop Ipv4FragmentRefused, "ipv4_fragment_refused", "a fragment of a datagram that was refused before";
    Drop Ipv4FragmentDuplicate, "ipv4_fragment_duplicate", "a fragment that came before";
    Drop Ipv4ReassemblyFull, "ipv4_reassembly_full", "datagrams given up to make room for newer fragments";
    Drop Ipv4ReassemblyTimeout, "ipv4_reassembly_timeout", "datagrams of which fragments were missing in the end";
    Drop Ipv4UnknownProtocol, "ipv4_unknown_protocol", "nobody here speaks the payload's protocol";
    Pass Ipv4Forwarded, "ipv4_forwarded", "datagrams passed on for others";
    Drop Ipv4TtlExceeded, "ipv4_ttl_exceeded", "a datagram for others had passed as many routers as it may";
    Drop Ipv4DirectedBroadcast, "ipv4_directed_broadcast", "a datagram from elsewhere for all hosts of a network";
    Drop Ipv4Superframe, "ipv4_superframe", "a superframe for others, which the next device cannot cut";
    Pass Ipv4Sent, "ipv4_sent", "IPv4 datagrams and fragments sent";
    Drop Ipv4NoRoute, "ipv4_no_route", "no route leads to the destination";
    Drop Ipv4TooLong, "ipv4_too_long", "longer than the interface's MTU, and not to be fragmented";

    Drop IcmpTruncated, "icmp_truncated", "too short for an ICMP message";
    Drop IcmpBadChecksum, "icmp_bad_checksum", "the ICMP checksum is wrong";
    Drop IcmpUnknown, "icmp_unknown", "an ICMP message of a type or code that has no meaning here";
    Pass IcmpErrorsReceived, "icmp_errors_received", "ICMP errors handed to whoever caused them";
    Drop IcmpErrorForNobody, "icmp_error_for_nobody", "an ICMP error about a datagram of ours that nobody here waits to hear of";
    Drop IcmpErrorForged, "icmp_error_forged", "an ICMP error about a datagram that we cannot have sent";
    Drop IcmpErrorQueueFull, "icmp_error_queue_full", "too many reports wait at the socket that an ICMP error is for";
    Drop IcmpSourceQuench, "icmp_source_quench", "a source quench, which means nothing any more (RFC 6633)";
    Drop IcmpRedirect, "icmp_redirect", "a redirect, which anybody could have forged";
    Drop IcmpQuery, "icmp_query", "a timestamp, information or address mask message, which we do not answer";
    Pass IcmpEchoRequests, "icmp_echo_requests", "echo requests that came";
    Drop IcmpEchoToMany, "icmp_echo_to_many", "an echo request to all hosts, or to a group";
    Pass IcmpEchoRepliesSent, "icmp_echo_replies_sent", "echo replies sent";
    Pass IcmpEchoReplies, "icmp_echo_replies", "echo replies handed to whoever asked";
    Drop IcmpEchoQueueFull, "icmp_echo_queue_full", "too much waits at the socket that an echo reply is for";
    Drop IcmpEchoReplyUnasked, "icmp_echo_reply_unasked", "an echo reply to nothing that we asked";
    Pass IcmpErrorsSent, "icmp_errors_sent", "ICMP errors sent";
    Pass IcmpErrorsWithheld, "icmp_errors_withheld", "ICMP errors that must not be sent (RFC 1122, 3.2.2)";
    Pass IcmpErrorsLimited, "icmp_errors_limited", "ICMP errors that would have been too many";

    Pass UdpReceived, "udp_received", "UDP datagrams put into a socket's queue";
    Drop UdpTruncated, "udp_truncated", "too short for a UDP header";
    Drop UdpBadLength, "udp_bad_length", "the UDP length is less than a header's, or more than came";
    Drop UdpBadChecksum, "udp_bad_checksum", "the UDP checksum is wrong";
    Drop UdpNoChecksum, "udp_no_checksum", "no UDP checksum, which the socket requires";
    Drop UdpNoSocket, "udp_no_socket", "no socket has the UDP port";
    Drop UdpReceiveQueueFull, "udp_receive_queue_full", "too much waits at the UDP socket, or at all of them";
    Pass UdpSent, "udp_sent", "UDP datagrams sent";

    Pass TcpReceived, "tcp_received", "TCP segments taken by a connection or a listener";
    Drop TcpTruncated, "tcp_truncated", "too short for a TCP header";
    Drop TcpBadHeaderLength, "tcp_bad_header_length", "the TCP header claims fewer than 20 bytes, or more than came";
    Drop TcpBadChecksum, "tcp_bad_checksum", "the TCP checksum is wrong";
    Drop TcpToMany, "tcp_to_many", "a TCP segment to all hosts, or to a group";
    Drop TcpNoConnection, "tcp_no_connection", "no connection and no listener has the TCP port";
    Drop TcpOutOfWindow, "tcp_out_of_window", "the segment lies outside the receive window";
    Drop TcpOldTimestamp, "tcp_old_timestamp", "the segment is older than others by its timestamp (PAWS)";
    Drop TcpNoTimestamp, "tcp_no_timestamp", "a segment without a timestamp, though both sides agreed on them";
    Drop TcpResetNotExact, "tcp_reset_not_exact", "an RST that may be forged: not at the number that is expected";
    Drop TcpUnexpectedReset, "tcp_unexpected_reset", "an RST outside the window, or of nothing";
    Drop TcpUnexpectedSyn, "tcp_unexpected_syn", "a SYN on a connection that had one";
    Drop TcpBadAcknowledgment, "tcp_bad_acknowledgment", "an acknowledgment of what was never sent, or long ago";
    Drop TcpNoFlags, "tcp_no_flags", "a segment with neither SYN nor ACK nor RST where one is needed";
    Drop TcpNobodyReads, "tcp_nobody_reads", "data for a program that has let go of the connection";
    Drop TcpBacklogFull, "tcp_backlog_full", "a listener has as many connections as it may; a SYN is answered with a cookie all the same";
    Drop TcpTooManyConnections, "tcp_too_many_connections", "there are as many connections as there may be";
    Drop TcpTimeWaitEvicted, "tcp_time_wait_evicted", "a connection left TIME-WAIT early, since too many were in it";
    Pass TcpRepliesWithheld, "tcp_replies_withheld", "answers to no connection's peer that were not made, since too many wait";
    Pass TcpSent, "tcp_sent", "TCP segments sent";
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
        self.add(counter, 1);
    }

    pub(crate) fn add(&mut self, counter: Counter, times: usize) {
        if let Some(value) = self.values.get_mut(counter as usize) {
            *value = value.wrapping_add(times as u64);
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
