//! The options of an IPv4 header by their names.

use std::net::Ipv4Addr;

/// One option, as it stands on the wire.
#[derive(Clone, Debug)]
pub struct IpOption {
    pub(crate) words: String,
    pub(crate) bytes: Vec<u8>,
}

/// Any option: its type, and the `data` that follow its length.
#[must_use]
pub fn option(option_type: u8, data: &[u8]) -> IpOption {
    of_type(option_type, format!("option {option_type}"), data)
}

/// Record route, with room for so many addresses.
#[must_use]
pub fn record_route(slots: usize) -> IpOption {
    let data = [&[4][..], &vec![0; slots * 4]].concat();
    of_type(7, format!("a record route option for {slots} addresses"), &data)
}

/// Timestamp, with room for so many times.
#[must_use]
pub fn timestamps(slots: usize) -> IpOption {
    let data = [&[5, 0][..], &vec![0; slots * 4]].concat();
    of_type(68, format!("a timestamp option for {slots} times"), &data)
}

/// Loose source route: the routers to pass, and perhaps others between them.
#[must_use]
pub fn loose_source_route(routers: &[Ipv4Addr]) -> IpOption {
    of_type(131, "a loose source route".to_owned(), &route(routers))
}

/// Strict source route: the routers to pass, and no other.
#[must_use]
pub fn strict_source_route(routers: &[Ipv4Addr]) -> IpOption {
    of_type(137, "a strict source route".to_owned(), &route(routers))
}

/// Router alert (RFC 2113): routers on the way look at the packet themselves.
#[must_use]
pub fn router_alert() -> IpOption {
    of_type(148, "a router alert".to_owned(), &[0, 0])
}

/// The obsolete stream identifier.
#[must_use]
pub fn stream_identifier(identifier: u16) -> IpOption {
    of_type(136, format!("stream identifier {identifier}"), &identifier.to_be_bytes())
}

/// A pointer to the first address, and the addresses.
fn route(routers: &[Ipv4Addr]) -> Vec<u8> {
    [&[4][..], &routers.iter().flat_map(Ipv4Addr::octets).collect::<Vec<_>>()].concat()
}

fn of_type(option_type: u8, words: String, data: &[u8]) -> IpOption {
    // What does not fit the field does not fit a header either, and that is refused later.
    let length = u8::try_from(data.len() + 2).unwrap_or(u8::MAX);
    IpOption { words, bytes: [&[option_type, length], data].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::Described;
    use crate::echo_request;
    use crate::judged::written;

    #[test]
    fn options_stand_one_behind_the_other_and_fill_words() {
        let router = Ipv4Addr::new(192, 0, 2, 9);
        for (option, expected) in [
            (record_route(1), &[7, 7, 4, 0, 0, 0, 0, 0][..]),
            (timestamps(1), &[68, 8, 5, 0, 0, 0, 0, 0]),
            (loose_source_route(&[router]), &[131, 7, 4, 192, 0, 2, 9, 0]),
            (strict_source_route(&[router]), &[137, 7, 4, 192, 0, 2, 9, 0]),
            (router_alert(), &[148, 4, 0, 0]),
            (stream_identifier(1), &[136, 4, 0, 1]),
            (self::option(94, b"ab"), &[94, 4, b'a', b'b']),
        ] {
            let packet = written(&echo_request().option(option));
            assert_eq!(&packet[20..20 + expected.len()], expected);
            assert_eq!(usize::from(packet[0] & 0x0f) * 4, 20 + expected.len());
        }
        let both = echo_request().option(record_route(0)).option(router_alert());
        assert_eq!(written(&both)[20..28], [7, 3, 4, 148, 4, 0, 0, 0]);
        assert_eq!(
            both.in_words(),
            "an ICMP echo request with a record route option for 0 addresses and a router alert"
        );
    }
}
