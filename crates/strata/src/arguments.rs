//! Arguments that several subcommands take.

use clap::Args;
use tun_device::{InterfaceName, Kind, Settings, TunDevice};

use crate::failure::Failure;

/// Which device, and how to open it.
#[derive(Args)]
pub(crate) struct DeviceArguments {
    /// Network device to attach to, created if there is none; tun0 unless said, tap0 with --tap
    #[arg(long, value_name = "NAME")]
    dev: Option<InterfaceName>,

    /// Attach to a TAP device, whose frames begin with an Ethernet header
    #[arg(long)]
    pub(crate) tap: bool,

    /// Give the device this MTU, in bytes
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(68..))]
    pub(crate) mtu: Option<u16>,
}

impl DeviceArguments {
    /// Which device.
    pub(crate) fn name(&self) -> InterfaceName {
        self.dev.clone().unwrap_or_else(|| InterfaceName::usual(self.kind()))
    }

    /// The kind that was asked for.
    pub(crate) const fn kind(&self) -> Kind {
        if self.tap { Kind::Tap } else { Kind::Tun }
    }

    /// Opens the device.
    pub(crate) fn attach(
        &self,
        kind: Kind,
        adjust: impl FnOnce(Settings) -> Settings,
    ) -> Result<TunDevice, Failure> {
        let settings = adjust(Settings::new(kind).named(self.name()));
        let device = match self.mtu {
            Some(mtu) => settings.mtu(mtu).attach()?,
            None => settings.attach()?,
        };
        Ok(device)
    }
}
