//! When no error may be sent, whatever happened (RFC 1122, 3.2.2).
//!
//! Without these rules one datagram could set off thousands of errors, or two hosts could send
//! each other errors about errors for ever.

use std::net::Ipv4Addr;

use ipv4::{Cidr, Datagram, Destination, Protocol};

use crate::message;

/// Whether an error may be sent about `offending`.
///
/// `came_as_link_broadcast` says that the frame was addressed to all or to a group. `ours` are
/// the addresses of the interface that it came by: they tell which address stands for all hosts
/// of a network, as 192.0.2.255 does in 192.0.2.0/24.
///
/// # Errors
/// [`Unanswerable`] says why not.
pub fn may_be_answered_with_error(
    offending: &Datagram<'_>,
    came_as_link_broadcast: bool,
    ours: impl IntoIterator<Item = Cidr> + Clone,
) -> Result<(), Unanswerable> {
    if is_icmp_error(offending) {
        return Err(Unanswerable::IcmpError);
    }
    if came_as_link_broadcast {
        return Err(Unanswerable::LinkBroadcast);
    }
    match Destination::of(offending.destination(), ours.clone()) {
        Destination::Broadcast => return Err(Unanswerable::Broadcast),
        Destination::Multicast => return Err(Unanswerable::Multicast),
        Destination::Host | Destination::Other => {}
    }
    if offending.header().fragment_offset.bytes() != 0 {
        return Err(Unanswerable::LaterFragment);
    }
    if !names_one_host(offending.source(), ours) {
        return Err(Unanswerable::Source);
    }
    Ok(())
}

fn names_one_host(source: Ipv4Addr, ours: impl IntoIterator<Item = Cidr>) -> bool {
    ipv4::is_unicast_source(source) && !ours.into_iter().any(|network| network.is_broadcast(source))
}

/// Whether the datagram carries an error, or anything of ICMP that is not known to be none: a
/// type from the future may be an error (RFC 1122, 3.2.2).
fn is_icmp_error(datagram: &Datagram<'_>) -> bool {
    // Only the first fragment has the type in it; of the others nobody may complain anyway.
    let is_query = datagram.payload().first().is_some_and(|&kind| message::is_query(kind));
    datagram.protocol() == Protocol::Icmp && !is_query
}

/// Why no error may be sent about a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    /// ICMP-5: it is an ICMP error itself.
    #[error("it is an ICMP error itself")]
    IcmpError,
    /// ICMP-6: the frame that brought it was for all, or for a group.
    #[error("it came as a link-layer broadcast")]
    LinkBroadcast,
    /// ICMP-6: it is addressed to all hosts of a network.
    #[error("it is addressed to a broadcast address")]
    Broadcast,
    /// ICMP-6: it is addressed to a group.
    #[error("it is addressed to a multicast address")]
    Multicast,
    /// ICMP-7: it is a fragment, and not the first.
    #[error("it is a fragment other than the first")]
    LaterFragment,
    /// ICMP-8: the source is not the address of one host, so nobody would get the error, or
    /// too many would.
    #[error("its source is not the address of a single host")]
    Source,
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipv4::{FragmentOffset, Header};
    use packet::Buffer;

    const ONE_HOST: [u8; 4] = [192, 0, 2, 1];
    const US: [u8; 4] = [192, 0, 2, 2];

    fn udp() -> Header {
        Header::new(ONE_HOST.into(), US.into(), Protocol::Udp)
    }

    /// The verdict on a datagram that came to a host in 192.0.2.0/24.
    fn verdict(
        header: Header,
        payload: &[u8],
        as_link_broadcast: bool,
    ) -> Result<(), Unanswerable> {
        let mut buffer = Buffer::new();
        buffer.append(payload);
        header.prepend_to(&mut buffer).unwrap();
        let offending = Datagram::parse(buffer.as_slice()).unwrap();
        let ours = Cidr::new(US.into(), 24).unwrap();
        may_be_answered_with_error(&offending, as_link_broadcast, [ours])
    }

    fn icmp_verdict(payload: &[u8]) -> Result<(), Unanswerable> {
        verdict(Header { protocol: Protocol::Icmp, ..udp() }, payload, false)
    }

    #[test]
    fn icmp_9_any_other_datagram_is_answered() {
        assert_eq!(verdict(udp(), &[0; 8], false), Ok(()));
        // The reserved bits and DF are no part of the offset, and no data is no offence.
        assert_eq!(verdict(Header { reserved: true, ..udp() }, &[], false), Ok(()));
        // What would be an ICMP error's type means nothing in another protocol.
        assert_eq!(verdict(udp(), &[3; 8], false), Ok(()));
    }

    #[test]
    fn icmp_5_no_error_about_an_error() {
        let queries = [0, 8, 13, 14, 15, 16, 17, 18];
        for kind in 0..=u8::MAX {
            let expected =
                if queries.contains(&kind) { Ok(()) } else { Err(Unanswerable::IcmpError) };
            assert_eq!(icmp_verdict(&[kind, 0, 0, 0, 0, 0, 0, 0]), expected, "type {kind}");
        }
    }

    #[test]
    fn icmp_5_no_error_about_what_may_be_one_but_has_no_type() {
        assert_eq!(icmp_verdict(&[]), Err(Unanswerable::IcmpError));
    }

    #[test]
    fn icmp_6_no_error_about_what_was_for_many() {
        assert_eq!(verdict(udp(), &[0; 8], true), Err(Unanswerable::LinkBroadcast));
        let to = |destination: [u8; 4]| {
            verdict(Header { destination: destination.into(), ..udp() }, &[0; 8], false)
        };
        for group in [[224, 0, 0, 1], [239, 255, 255, 255]] {
            assert_eq!(to(group), Err(Unanswerable::Multicast));
        }
        for all in [[255, 255, 255, 255], [0, 0, 0, 0], [192, 0, 2, 255]] {
            assert_eq!(to(all), Err(Unanswerable::Broadcast));
        }
        assert_eq!(to([198, 51, 100, 255]), Ok(()), "a single host as far as we can know");
    }

    #[test]
    fn icmp_7_no_error_about_a_fragment_other_than_the_first() {
        let fragment = |offset, more_fragments| {
            let fragment_offset = FragmentOffset::from_bytes(offset).unwrap();
            let header = Header { dont_fragment: false, more_fragments, fragment_offset, ..udp() };
            verdict(header, &[0; 8], false)
        };
        for (offset, more_fragments) in [(8, true), (8, false), (65_528, false)] {
            assert_eq!(fragment(offset, more_fragments), Err(Unanswerable::LaterFragment));
        }
        // FRAG-4: this is how reassembly that took too long is told.
        assert_eq!(fragment(0, true), Ok(()));
    }

    #[test]
    fn icmp_8_no_error_to_what_is_not_a_single_host() {
        for source in [
            [0, 0, 0, 0],
            [127, 0, 0, 1],
            [224, 0, 0, 1],
            [240, 0, 0, 1],
            [255, 255, 255, 255],
            [192, 0, 2, 255],
        ] {
            let header = Header { source: source.into(), ..udp() };
            assert_eq!(verdict(header, &[0; 8], false), Err(Unanswerable::Source), "{source:?}");
        }
    }
}
