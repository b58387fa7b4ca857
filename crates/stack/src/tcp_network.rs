//! What TCP may ask of the network, at a moment.

use std::net::IpAddr;

use ipv4::{Destination, MIN_HEADER_LEN};
use packet::InterfaceId;
use tcp::{AddressKind, Path};

use crate::network::{Network, NetworkNow};

/// The longest text of a superframe, in bytes: with the longest headers in front it is still a
/// datagram.
const LARGEST_SUPERFRAME: u32 = 65_535 - 20 - 60;

impl tcp::Network for NetworkNow<'_> {
    fn kind(&self, address: IpAddr) -> AddressKind {
        let IpAddr::V4(address) = address else { return AddressKind::NoSingleHost };
        match Destination::of(address, self.network.addresses()) {
            Destination::Host => AddressKind::Own,
            Destination::Other if ipv4::is_unicast_source(address) => AddressKind::Other,
            Destination::Other | Destination::Broadcast | Destination::Multicast => {
                AddressKind::NoSingleHost
            }
        }
    }

    fn source_for(&self, destination: IpAddr) -> Option<IpAddr> {
        let IpAddr::V4(destination) = destination else { return None };
        self.network.source_for(self.now, destination).map(IpAddr::V4)
    }

    fn path_to(&self, destination: IpAddr) -> Option<Path> {
        let IpAddr::V4(destination) = destination else { return None };
        let source = self.network.source_for(self.now, destination)?;
        let hop = self.network.next_hop(self.now, source, destination)?;
        let headers = u16::try_from(MIN_HEADER_LEN + tcp::HEADER_LEN).unwrap_or(u16::MAX);
        let largest_segment = self.network.mtu(hop.interface).saturating_sub(headers);
        let cuts = self.network.cuts_superframes(hop.interface);
        let largest_superframe = if cuts { LARGEST_SUPERFRAME } else { 0 };
        Some(Path { largest_segment, largest_superframe })
    }
}

impl Network {
    /// Whether the device behind `interface` cuts superframes.
    fn cuts_superframes(&self, interface: InterfaceId) -> bool {
        let interface = self.interface(interface);
        interface.is_some_and(|it| it.config.capabilities.segmentation_offload)
    }
}
