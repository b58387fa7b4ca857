//! What to attach to, and how.

use std::fmt;

use packet::Medium;

use crate::{Error, InterfaceName, TunDevice};

/// What to attach to, and how: a builder for [`TunDevice`].
///
/// ```no_run
/// use tun_device::{Kind, Settings};
///
/// let device = Settings::new(Kind::Tun).named("tun0".parse()?).attach()?;
/// println!("attached to {}", device.name());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub(crate) kind: Kind,
    pub(crate) target: Target,
    pub(crate) packet_information: bool,
    pub(crate) offload: bool,
    pub(crate) mtu: Option<u16>,
}

impl Settings {
    /// A new device whose name the kernel chooses, without packet information, with as much
    /// offload as the kernel has.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            target: Target::KernelsChoice,
            packet_information: false,
            offload: true,
            mtu: None,
        }
    }

    /// Attach to the device of this name, which is created if there is none.
    #[must_use]
    pub fn named(self, name: InterfaceName) -> Self {
        Self { target: Target::Named(name), ..self }
    }

    /// Attach to the device of this name, which must exist already.
    #[must_use]
    pub fn existing(self, name: InterfaceName) -> Self {
        Self { target: Target::Existing(name), ..self }
    }

    /// Whether each frame begins with the kernel's four bytes of packet information (two of
    /// flags, then the EtherType), both those read and those written, on TAP too.
    ///
    /// Off unless someone wants to look at them. With them there is no offload.
    #[must_use]
    pub fn packet_information(self, packet_information: bool) -> Self {
        Self { packet_information, ..self }
    }

    /// Whether checksums and segmentation are left to the kernel where it can do them. On by
    /// default; what came of it is in [`packet::Device::capabilities`].
    #[must_use]
    pub fn offload(self, offload: bool) -> Self {
        Self { offload, ..self }
    }

    /// The MTU that the device is to have, in bytes. Without it the device keeps its own; a new
    /// one has 1500. To change it takes CAP_NET_ADMIN.
    #[must_use]
    pub fn mtu(self, mtu: u16) -> Self {
        Self { mtu: Some(mtu), ..self }
    }

    /// Opens the device node and attaches.
    ///
    /// # Errors
    /// As [`TunDevice::attach`].
    pub fn attach(&self) -> Result<TunDevice, Error> {
        TunDevice::attach(self)
    }
}

/// Which device to attach to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A new one, under the first free name.
    KernelsChoice,
    /// The one of this name, created if need be.
    Named(InterfaceName),
    /// The one of this name, never created.
    Existing(InterfaceName),
}

/// What a device carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// IP packets.
    Tun,
    /// Ethernet frames.
    Tap,
}

impl Kind {
    /// What stands first in each frame.
    #[must_use]
    pub const fn medium(self) -> Medium {
        match self {
            Self::Tun => Medium::Ip,
            Self::Tap => Medium::Ethernet,
        }
    }

    /// The word by which `ip tuntap` knows it: `tun` or `tap`.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Tun => "tun",
            Self::Tap => "tap",
        }
    }

    /// The other one.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Tun => Self::Tap,
            Self::Tap => Self::Tun,
        }
    }

    /// Its bit in the flags of the TUNSETIFF call.
    pub(crate) const fn flag(self) -> libc::c_int {
        match self {
            Self::Tun => libc::IFF_TUN,
            Self::Tap => libc::IFF_TAP,
        }
    }
}

/// `TUN` or `TAP`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Tun => "TUN",
            Self::Tap => "TAP",
        })
    }
}
