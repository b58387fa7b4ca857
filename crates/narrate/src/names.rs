//! What stands beside the arrow of a frame.

use packet::InterfaceId;

/// Who is on the other side of each interface, and whether this side has to be named at all.
///
/// ```text
///   <- kernel  ...         Names::kernel()
///   alice -> bob  ...      Names::of_hosts() with peers
/// ```
#[derive(Clone, Debug)]
pub struct Names {
    shows_host: bool,
    any_peer: String,
    peers: Vec<Peer>,
}

#[derive(Clone, Debug)]
struct Peer {
    host: String,
    interface: InterfaceId,
    name: String,
}

impl Names {
    /// One host, which need not be named, on devices whose other side is the kernel.
    #[must_use]
    pub fn kernel() -> Self {
        Self { shows_host: false, any_peer: "kernel".to_owned(), peers: Vec::new() }
    }

    /// Several hosts, each named before the arrow; the other side is a link.
    #[must_use]
    pub fn of_hosts() -> Self {
        Self { shows_host: true, any_peer: "link".to_owned(), peers: Vec::new() }
    }

    /// Names the other side of one interface.
    #[must_use]
    pub fn with_peer(mut self, host: &str, interface: InterfaceId, name: &str) -> Self {
        self.peers.push(Peer { host: host.to_owned(), interface, name: name.to_owned() });
        self
    }

    /// `host ` where hosts are named, else nothing.
    pub(crate) fn host(&self, host: &str) -> String {
        if self.shows_host { format!("{host} ") } else { String::new() }
    }

    pub(crate) fn peer(&self, host: &str, interface: InterfaceId) -> &str {
        self.peers
            .iter()
            .find(|peer| peer.host == host && peer.interface == interface)
            .map_or(&self.any_peer, |peer| &peer.name)
    }
}
