//! The table: which counter names which fault.

use crate::checks::{serve_elsewhere, sysctl};
use crate::counters::Rise;
use crate::dropped::{Cause, Observation, Stimulus};
use crate::facts::Facts;
use crate::question::{Kind, Question, shell_word};
use crate::report::Remedy;

/// A fault that shows in counters of its own.
struct Row {
    /// How many packets it took.
    count: fn(&Rise) -> u64,
    /// The counters to be shown.
    counters: &'static [&'static str],
    /// Whether the ping can have been answered all the same. Where not, an answer shows that it
    /// was another packet of this namespace that was counted.
    passes_ping: bool,
    what: &'static str,
    why: &'static str,
    remedy: fn(&Facts, &Question) -> Remedy,
}

/// The faults, in the order in which a packet that the program wrote meets them.
const ROWS: [Row; 15] = [
    Row {
        // A packet that is cut short is counted here too by some kernels.
        count: |rise| rise.of("rx_dropped").saturating_sub(rise.of("IpExtInTruncatedPkts")),
        counters: &["rx_dropped"],
        passes_ping: true,
        what: "the device could not tell what the program wrote",
        why: "the program and its attachment disagree about packet information: with IFF_NO_PI a \
              packet begins with its IP header, without it with four bytes (flags, EtherType)",
        remedy: show_bytes,
    },
    Row {
        count: |rise| rise.of("rx_otherhost"),
        counters: &["rx_otherhost"],
        passes_ping: true,
        what: "frames were for another MAC address than the kernel's",
        why: "the destination in the Ethernet header must be the device's own address, or broadcast",
        remedy: show_link,
    },
    Row {
        count: |rise| rise.of("IpExtInCsumErrors"),
        counters: &["IpInHdrErrors", "IpExtInCsumErrors"],
        passes_ping: false,
        what: "the IPv4 header checksum was wrong",
        why: "the kernel verifies it before it looks at anything else",
        remedy: show_decoded,
    },
    Row {
        count: |rise| rise.of("IpInHdrErrors").saturating_sub(rise.of("IpExtInCsumErrors")),
        counters: &["IpInHdrErrors"],
        passes_ping: false,
        what: "the IPv4 header was malformed",
        why: "version, header length or total length cannot be right, or the TTL ran out",
        remedy: show_decoded,
    },
    Row {
        count: |rise| rise.of("IpExtInTruncatedPkts"),
        counters: &["IpExtInTruncatedPkts"],
        passes_ping: false,
        what: "a packet was shorter than its header says",
        why: "the header's total length counts header and payload, and one write is one packet",
        remedy: show_decoded,
    },
    Row {
        count: |rise| rise.of("TcpExtIPReversePathFilter"),
        counters: &["TcpExtIPReversePathFilter"],
        passes_ping: false,
        what: "rp_filter dropped a packet for its source address",
        why: "the kernel would send to that address by another device, so it takes the packet for \
              forged (the greater of all and the device's value counts: 1 strict, 2 loose)",
        remedy: loosen_filter,
    },
    Row {
        count: |rise| rise.of("in_martian_src").min(lost_inside(rise)),
        counters: &["in_martian_src"],
        passes_ping: false,
        what: "a packet's source was the kernel's own address",
        why: "what comes from outside cannot be from the kernel; the stack's address is the other \
              end (this counter stands in /proc/net/stat/rt_cache and is the whole machine's)",
        remedy: show_decoded,
    },
    Row {
        count: |rise| rise.of("in_martian_dst").min(lost_inside(rise)),
        counters: &["in_martian_dst"],
        passes_ping: false,
        what: "a packet's destination can be on no wire",
        why: "127.0.0.0/8 and 0.0.0.0/8 stay inside a host (this counter stands in \
              /proc/net/stat/rt_cache and is the whole machine's)",
        remedy: show_decoded,
    },
    Row {
        count: |rise| rise.of("IpInAddrErrors"),
        counters: &["IpInAddrErrors"],
        passes_ping: false,
        what: "a packet's destination was no address of the kernel's",
        why: "with forwarding off, the kernel takes only what is for one of its own addresses",
        remedy: show_decoded,
    },
    Row {
        count: |rise| lost_inside(rise).saturating_sub(rise.of_all(&MARTIANS)),
        counters: &["IpInReceives", "IpInDelivers"],
        passes_ping: false,
        what: "IPv4 took a packet and delivered it to nobody",
        why: "no counter of IPv4 tells why, and that is how a firewall drops",
        remedy: show_firewall,
    },
    Row {
        count: |rise| rise.of("IpInUnknownProtos"),
        counters: &["IpInUnknownProtos"],
        passes_ping: false,
        what: "a packet's protocol is one that the kernel does not speak",
        why: "the protocol field of the IPv4 header says 1 for ICMP, 6 for TCP, 17 for UDP",
        remedy: show_decoded,
    },
    Row {
        count: |rise| rise.of("IcmpInCsumErrors"),
        counters: &["IcmpInCsumErrors"],
        passes_ping: true,
        what: "the ICMP checksum was wrong",
        why: "it covers the whole ICMP message; ping may take such an answer all the same, since \
              a raw socket gets it before the kernel verifies",
        remedy: show_decoded,
    },
    Row {
        count: |rise| rise.of_all(&["UdpInCsumErrors", "TcpInCsumErrors"]),
        counters: &["UdpInCsumErrors", "TcpInCsumErrors"],
        passes_ping: false,
        what: "the UDP or TCP checksum was wrong",
        why: "it covers the pseudo-header (both addresses, protocol, length) and the whole segment",
        remedy: show_decoded,
    },
    Row {
        count: |rise| rise.of("tx_dropped"),
        counters: &["tx_dropped"],
        passes_ping: true,
        what: "packets to the program were dropped on the way out of the kernel",
        why: "no program is attached (NO-CARRIER), or it reads too slowly: the queue holds 500",
        remedy: serve_or_read,
    },
    Row {
        count: |rise| rise.of("IpOutNoRoutes"),
        counters: &["IpOutNoRoutes"],
        passes_ping: false,
        what: "the kernel had no route for what it was to send",
        why: "it sends nothing then, by no device",
        remedy: show_setup,
    },
];

/// Counted for the whole machine, so more of them may be others' than ours.
const MARTIANS: [&str; 2] = ["in_martian_src", "in_martian_dst"];

/// What was dropped; if a ping got no answer, at least one thing.
pub(crate) fn name(observed: &Observation, facts: &Facts, question: &Question) -> Vec<Cause> {
    let answered = matches!(observed.stimulus, Stimulus::Ping { answered: true, .. });
    let unanswered = matches!(observed.stimulus, Stimulus::Ping { answered: false, .. });
    let counted = ROWS.iter().filter(|row| row.passes_ping || !answered);
    let causes: Vec<Cause> = counted
        .filter(|row| (row.count)(&observed.rise) > 0)
        .map(|row| row.cause(&observed.rise, facts, question))
        .collect();
    if causes.is_empty() && unanswered {
        return vec![uncounted(observed, facts, question)];
    }
    causes
}

impl Row {
    fn cause(&self, rise: &Rise, facts: &Facts, question: &Question) -> Cause {
        let shown = self.counters.iter().map(|&name| (name.to_owned(), rise.of(name)));
        Cause {
            what: self.what.to_owned(),
            counters: shown.collect(),
            why: self.why.to_owned(),
            remedy: (self.remedy)(facts, question),
        }
    }
}

/// How many packets IPv4 took without delivering, forwarding, or counting why not; no more than
/// the program wrote, since the rest are other devices'.
/// Fragments that wait for the rest of their datagram are no loss.
fn lost_inside(rise: &Rise) -> u64 {
    const ACCOUNTED: [&str; 10] = [
        "IpInDelivers",
        "IpForwDatagrams",
        "IpInHdrErrors",
        "IpInAddrErrors",
        "IpInDiscards",
        "IpInUnknownProtos",
        "IpReasmReqds",
        "IpExtInNoRoutes",
        "IpExtInTruncatedPkts",
        "TcpExtIPReversePathFilter",
    ];
    let lost = rise.of("IpInReceives").saturating_sub(rise.of_all(&ACCOUNTED));
    lost.min(rise.of("rx_packets"))
}

/// A ping got no answer and nothing counted a drop: how far did it come?
fn uncounted(observed: &Observation, facts: &Facts, question: &Question) -> Cause {
    let rise = &observed.rise;
    let device = &question.device;
    let no_arp = matches!(observed.neighbour.as_deref(), Some("FAILED" | "INCOMPLETE"));
    let (what, why, remedy) = if rise.of("tx_packets") == 0 {
        (
            format!("the program that is attached to {device} does not read"),
            "the packet lies in the device's queue, which holds 500",
            show_setup(facts, question),
        )
    } else if question.kind == Kind::Tap && no_arp {
        (
            format!("nobody answered the kernel's ARP request for {}", question.address),
            "on TAP the kernel asks for the stack's MAC address before it sends anything else",
            show_bytes(facts, question),
        )
    } else if rise.of("rx_packets") == 0 {
        (
            "the program read the packet and wrote nothing".to_owned(),
            "the stack dropped it, and counts it there: its counters are printed at the end",
            Remedy {
                place: Some("instead of the one that runs"),
                command: question.strata("serve") + " -v",
            },
        )
    } else if rise.of("IpInDelivers") > 0 {
        (
            "the kernel took an answer, but it is not the one that ping waits for".to_owned(),
            "type, identifier, sequence number and payload must be those of an echo reply to it",
            show_decoded(facts, question),
        )
    } else {
        (
            "what the program wrote never came to IPv4".to_owned(),
            "it is not IPv4, or (on TAP) for another MAC address: before Linux 5.19 nothing counts \
             that",
            show_bytes(facts, question),
        )
    };
    Cause { what, counters: Vec::new(), why: why.to_owned(), remedy }
}

/// tcpdump reads beside the program that is attached, and names wrong checksums and lengths.
fn show_decoded(facts: &Facts, question: &Question) -> Remedy {
    watch(facts, question, "-vv")
}

fn show_bytes(facts: &Facts, question: &Question) -> Remedy {
    watch(facts, question, "-e -xx")
}

fn watch(facts: &Facts, question: &Question, how: &str) -> Remedy {
    let command = format!("tcpdump -n -i {} -c 4 {how}", shell_word(&question.device));
    Remedy {
        command: facts.as_root(&[command]),
        place: Some("in another terminal; then repeat what failed, and it shows the packets"),
    }
}

fn show_link(_: &Facts, question: &Question) -> Remedy {
    Remedy {
        command: format!("ip link show dev {}", shell_word(&question.device)),
        place: Some("here; the address after link/ether is the one to send to"),
    }
}

fn show_firewall(facts: &Facts, _: &Question) -> Remedy {
    Remedy {
        command: facts.as_root(&["nft list ruleset".to_owned()]),
        place: Some("here; look for the rule that drops what comes by this device"),
    }
}

fn show_setup(_: &Facts, question: &Question) -> Remedy {
    Remedy { command: question.strata("doctor"), place: None }
}

fn loosen_filter(facts: &Facts, question: &Question) -> Remedy {
    let command = sysctl("ipv4", &question.device, "rp_filter", 2);
    Remedy { command: facts.as_root(&[command]), place: None }
}

fn serve_or_read(facts: &Facts, question: &Question) -> Remedy {
    match facts.link(&question.device) {
        Some(link) if link.has_carrier => show_setup(facts, question),
        _ => serve_elsewhere(question),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::rise;
    use crate::facts::examples::healthy;
    use crate::question::examples::question;

    /// What is named when these counters rose and the ping was not answered.
    fn named(counters: &[(&str, u64)], kind: Kind, neighbour: Option<&str>) -> Vec<String> {
        let question = Question { kind, ..question("192.0.2.2", 24) };
        let observed = Observation {
            stimulus: Stimulus::Ping { address: question.address, answered: false },
            rise: rise(counters),
            neighbour: neighbour.map(str::to_owned),
        };
        let causes = name(&observed, &healthy(), &question);
        causes.into_iter().map(|cause| cause.what).collect()
    }

    #[test]
    fn a_wrong_checksum_is_not_also_a_malformed_header() {
        let counters = [("IpInReceives", 2), ("IpInHdrErrors", 2), ("IpExtInCsumErrors", 1)];
        let both = ["the IPv4 header checksum was wrong", "the IPv4 header was malformed"];
        assert_eq!(named(&counters, Kind::Tun, None), both);
        let counters = [("IpInReceives", 1), ("IpInHdrErrors", 1), ("IpExtInCsumErrors", 1)];
        assert_eq!(named(&counters, Kind::Tun, None), both[..1]);
    }

    #[test]
    fn martians_of_other_namespaces_are_not_ours() {
        let counters = [
            ("tx_packets", 1),
            ("rx_packets", 1),
            ("IpInReceives", 1),
            ("IpInDelivers", 1),
            ("in_martian_src", 9),
        ];
        let ours = "the kernel took an answer, but it is not the one that ping waits for";
        assert_eq!(named(&counters, Kind::Tun, None), [ours]);
    }

    #[test]
    fn a_packet_that_ipv4_lost_without_a_counter_met_a_firewall_or_was_a_martian() {
        let firewall = "IPv4 took a packet and delivered it to nobody";
        let counters = [("IpInReceives", 1), ("rx_packets", 1)];
        assert_eq!(named(&counters, Kind::Tun, None), [firewall]);
        let martian = "a packet's source was the kernel's own address";
        let counters = [("IpInReceives", 1), ("rx_packets", 1), ("in_martian_src", 1)];
        assert_eq!(named(&counters, Kind::Tun, None), [martian]);
        // Fragments that wait for the rest.
        let waits =
            [("IpInReceives", 2), ("IpReasmReqds", 2), ("tx_packets", 1), ("rx_packets", 2)];
        assert!(!named(&waits, Kind::Tun, None).contains(&firewall.to_owned()));
    }

    #[test]
    fn where_the_ping_is_answered_what_others_lost_is_not_ours() {
        let question = question("192.0.2.2", 24);
        let observed = Observation {
            stimulus: Stimulus::Ping { address: question.address, answered: true },
            rise: rise(&[("IpInAddrErrors", 3), ("IcmpInCsumErrors", 1)]),
            neighbour: None,
        };
        let causes = name(&observed, &healthy(), &question);
        let causes: Vec<&str> = causes.iter().map(|cause| cause.what.as_str()).collect();
        assert_eq!(causes, ["the ICMP checksum was wrong"]);
    }

    #[test]
    fn a_cut_packet_that_the_device_counts_too_is_one_fault() {
        let counters = [("IpInReceives", 1), ("IpExtInTruncatedPkts", 1), ("rx_dropped", 1)];
        assert_eq!(
            named(&counters, Kind::Tun, None),
            ["a packet was shorter than its header says"]
        );
    }

    #[test]
    fn a_ping_that_nothing_counts_is_followed_as_far_as_it_came() {
        let unread = "the program that is attached to tun0 does not read";
        assert_eq!(named(&[], Kind::Tun, None), [unread]);
        let unanswered = "the program read the packet and wrote nothing";
        assert_eq!(named(&[("tx_packets", 1)], Kind::Tun, None), [unanswered]);
        let no_arp = "nobody answered the kernel's ARP request for 192.0.2.2";
        assert_eq!(named(&[("tx_packets", 1)], Kind::Tap, Some("FAILED")), [no_arp]);
        let not_ipv4 = "what the program wrote never came to IPv4";
        let counters = [("tx_packets", 1), ("rx_packets", 1)];
        assert_eq!(named(&counters, Kind::Tap, Some("REACHABLE")), [not_ipv4]);
    }
}
