//! Numbers that have a name.

use ethernet::LengthOrType;

/// What the field behind two MAC addresses says.
pub(crate) fn length_or_type(number: u16) -> String {
    match LengthOrType::new(number) {
        LengthOrType::EtherType(ether_type) => ether_type.to_string(),
        LengthOrType::Length(length) => format!("no EtherType but a length, {length} bytes"),
    }
}

/// What an IP header carries, by the number of the protocol. `None` if it has no name here.
pub(crate) const fn protocol(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "hop-by-hop options",
        1 => "ICMP",
        2 => "IGMP",
        4 => "IPv4 in IP",
        6 => "TCP",
        17 => "UDP",
        41 => "IPv6 in IP",
        43 => "routing header",
        44 => "fragment header",
        47 => "GRE",
        50 => "ESP",
        51 => "AH",
        58 => "ICMPv6",
        59 => "nothing",
        60 => "destination options",
        89 => "OSPF",
        132 => "SCTP",
        _ => return None,
    })
}

/// As [`protocol`], with words for those that have no name.
pub(crate) fn protocol_or_number(number: u8) -> String {
    protocol(number).map_or_else(|| format!("protocol {number}"), str::to_owned)
}

/// What listens at a well-known port. Empty if it has no name here.
pub(crate) const fn port(port: u16) -> &'static str {
    match port {
        7 => "echo",
        9 => "discard",
        13 => "daytime",
        19 => "chargen",
        22 => "SSH",
        53 => "DNS",
        80 => "HTTP",
        443 => "HTTPS",
        _ => background_service(port),
    }
}

/// The name of a service that speaks without being asked, so that a summary can tell it from the
/// traffic that one is looking for. Empty for any other port.
pub(crate) const fn background_service(port: u16) -> &'static str {
    match port {
        67 | 68 => "DHCP",
        123 => "NTP",
        137 | 138 => "NetBIOS",
        546 | 547 => "DHCPv6",
        1900 => "SSDP",
        5353 => "mDNS",
        5355 => "LLMNR",
        _ => "",
    }
}
