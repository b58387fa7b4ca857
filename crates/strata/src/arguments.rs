//! Arguments that several subcommands take.

use clap::Args;
use tun_device::{InterfaceName, Kind, Settings, TunDevice};

use crate::failure::Failure;

/// Which device, and how to open it.
#[derive(Args)]
pub(crate) struct DeviceArguments {
    /// Network device to attach to; it is created if there is none
    #[arg(long, value_name = "NAME", default_value = "tun0")]
    pub(crate) dev: InterfaceName,

    /// Give the device this MTU, in bytes
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(68..))]
    pub(crate) mtu: Option<u16>,
}

impl DeviceArguments {
    /// Opens the device.
    pub(crate) fn attach(
        &self,
        kind: Kind,
        adjust: impl FnOnce(Settings) -> Settings,
    ) -> Result<TunDevice, Failure> {
        let settings = adjust(Settings::new(kind).named(self.dev.clone()));
        let device = match self.mtu {
            Some(mtu) => settings.mtu(mtu).attach()?,
            None => settings.attach()?,
        };
        Ok(device)
    }
}
