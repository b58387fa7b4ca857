//! etherparse judges fragmentation and reassembly: it puts together what we cut, and as long as
//! fragments do not contradict each other it comes to the same datagrams as we do.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::collections::HashSet;
use std::net::Ipv4Addr;

use etherparse::SlicedPacket;
use etherparse::defrag::{IpDefragError, IpDefragPool};
use ipv4::{
    Datagram, FragmentOffset, Fragments, Header, Options, Protocol, Reassembler, Reassembly,
    ReassemblyLimits, RefusedFragment,
};
use packet::{Buffer, Instant};
use proptest::prelude::*;
use secret::Secret;

fn header(identification: u16) -> Header {
    let peer = Ipv4Addr::new(192, 0, 2, 1);
    // For experiments (RFC 3692): etherparse does not look into the payload.
    let whole = Header::new(peer, Ipv4Addr::new(192, 0, 2, 2), Protocol::from(253));
    Header { dont_fragment: false, identification, ..whole }
}

/// What etherparse has at the end of the fragment: the whole payload, nothing yet, or a reason.
fn judged(pool: &mut IpDefragPool, fragment: &[u8]) -> Result<Option<Vec<u8>>, IpDefragError> {
    let sliced = SlicedPacket::from_ip(fragment).unwrap();
    let whole = pool.process_sliced_packet(&sliced, (), ())?;
    Ok(whole.map(|whole| whole.payload))
}

/// A fragment of which place and bytes are not quite free: most fit those of others.
#[derive(Clone, Debug)]
struct Piece {
    identification: u16,
    /// In units of 8 bytes.
    start: u16,
    length: usize,
    more_fragments: bool,
    rewritten: bool,
}

impl Piece {
    fn written(&self) -> Vec<u8> {
        let start = self.start * 8;
        let mut payload: Vec<u8> =
            (0..=u8::MAX).cycle().skip(start.into()).take(self.length).collect();
        if self.rewritten {
            payload[0] ^= 0xff;
        }
        let header = Header {
            fragment_offset: FragmentOffset::from_bytes(start).unwrap(),
            more_fragments: self.more_fragments,
            ..header(self.identification)
        };
        let mut buffer = Buffer::new();
        buffer.append(&payload);
        header.prepend_to(&mut buffer).unwrap();
        buffer.as_slice().to_vec()
    }
}

/// A piece that fits: one of four of two units each, the last 3 bytes longer.
fn fitting() -> impl Strategy<Value = Piece> {
    (1u16..3, 0u16..4).prop_map(|(identification, number)| Piece {
        identification,
        start: number * 2,
        length: if number == 3 { 19 } else { 16 },
        more_fragments: number < 3,
        rewritten: false,
    })
}

fn any_piece() -> impl Strategy<Value = Piece> {
    (1u16..3, 0u16..10, 1usize..40, any::<bool>(), any::<bool>()).prop_map(
        |(identification, start, length, more_fragments, rewritten)| Piece {
            identification,
            start,
            length,
            more_fragments,
            rewritten,
        },
    )
}

proptest! {
    #[test]
    fn it_puts_together_what_we_cut(
        payload in prop::collection::vec(any::<u8>(), 0..6000),
        mtu in 68u16..1600,
        router_alert in any::<bool>(),
    ) {
        let options: &[u8] = if router_alert { &[148, 4, 0, 0] } else { &[] };
        let header = Header { options: Options::new(options).unwrap(), ..header(7) };
        let mut fragments = Fragments::new(&header, &payload, mtu).unwrap();
        let mut pool = IpDefragPool::new();
        let mut buffer = Buffer::new();
        let is_cut = fragments.remaining() > 1;
        let mut whole = None;
        while fragments.next_into(&mut buffer) {
            prop_assert!(buffer.len() <= usize::from(mtu));
            prop_assert!(whole.is_none());
            whole = judged(&mut pool, buffer.as_slice()).unwrap();
        }
        prop_assert_eq!(whole, is_cut.then_some(payload));
    }

    #[test]
    fn it_comes_to_the_same_datagrams(
        pieces in prop::collection::vec(prop_oneof![8 => fitting(), 1 => any_piece()], 0..40)
    ) {
        let mut reassembler = Reassembler::new(ReassemblyLimits::default(), Secret::new([3, 4]));
        let mut pool = IpDefragPool::new();
        let mut refused = HashSet::new();
        for piece in pieces {
            let fragment = piece.written();
            let datagram = Datagram::parse(&fragment).unwrap();
            if !datagram.is_fragment() {
                continue;
            }
            let ours = reassembler.receive(Instant::START, &datagram);
            if refused.contains(&piece.identification) {
                let ours = ours.map(|_| ());
                let alone = matches!(ours, Err(RefusedFragment::Unaligned { .. }));
                prop_assert!(alone || ours == Err(RefusedFragment::AlreadyRefused));
                continue;
            }
            let theirs = judged(&mut pool, &fragment);
            match ours {
                Ok(Reassembly::Complete(ours)) => {
                    prop_assert_eq!(theirs, Ok(Some(ours.payload().to_vec())));
                }
                Ok(Reassembly::Incomplete { .. }) | Err(RefusedFragment::Duplicate) => {
                    prop_assert_eq!(theirs, Ok(None));
                }
                Err(RefusedFragment::Unaligned { .. }) => {
                    let unaligned = IpDefragError::UnalignedFragmentPayloadLen {
                        offset: etherparse::IpFragOffset::try_new(piece.start).unwrap(),
                        payload_len: piece.length,
                    };
                    prop_assert_eq!(theirs, Err(unaligned));
                }
                // etherparse believes the later of two; we believe neither.
                Err(RefusedFragment::Overlap | RefusedFragment::ConflictingEnd) => {
                    refused.insert(piece.identification);
                }
                Err(other) => prop_assert!(false, "{other}"),
            }
        }
    }
}
