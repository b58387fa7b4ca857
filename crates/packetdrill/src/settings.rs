//! What `--so_flags` can say: `key=value`, separated by commas.
//!
//! | key | value | default |
//! | --- | --- | --- |
//! | `local_ip` | the stack's address; a length may follow it, as in `192.0.2.2/24` | `192.0.2.2/24` |
//! | `mtu` | the longest packet, in bytes, 68 to 65535 | 1500 |
//! | `cc` | congestion control: `reno`, or `none` for no control at all | `reno` |
//! | `iw` | the initial window, in segments | as in RFC 6928 |
//! | `min_rto` | how far the retransmission timeout stays above a round trip, in milliseconds | 200 |
//! | `timestamps` | `on`, `off` | `on` |
//! | `window_scale` | `on`, `off` | `on` |
//! | `sack` | `off`: TCP here has none yet | `off` |
//! | `sndbuf`, `rcvbuf` | how much waits at a connection, in bytes | 131072, and more as the path needs it |
//! | `isn` | the first sequence number of every connection | random |

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use ipv4::Cidr;
use tcp::congestion::{Algorithm, InitialWindow, NewRenoConfig, UnlimitedConfig};
use tcp::{BufferSize, ConnectionOptions, SequenceNumber};

/// How the stack is to be set up.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The stack's address, and the network that it is in.
    pub(crate) address: Cidr,
    /// The longest packet, in bytes.
    pub(crate) mtu: u16,
    /// What every connection begins with.
    pub(crate) options: ConnectionOptions,
    /// The first number of every connection, if not a random one.
    pub(crate) first_number: Option<SequenceNumber>,
}

/// Flags that say nothing we know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WrongFlag {
    #[error("'{0}' is not of the form key=value")]
    NotKeyAndValue(String),
    #[error("'{0}' is no key: there are {KEYS}")]
    UnknownKey(String),
    #[error("{key}={value}: it must be {expected}")]
    WrongValue { key: String, value: String, expected: &'static str },
}

const KEYS: &str = "local_ip, mtu, cc, iw, min_rto, timestamps, window_scale, sack, sndbuf, rcvbuf \
                    and isn";

/// The shortest packet that every link carries (RFC 791, 3.2), in bytes.
const MIN_MTU: u16 = 68;

impl FromStr for Settings {
    type Err = WrongFlag;

    fn from_str(flags: &str) -> Result<Self, WrongFlag> {
        let mut settings = Self::default();
        let mut congestion = Congestion::default();
        for flag in flags.split(',').map(str::trim).filter(|flag| !flag.is_empty()) {
            let (key, value) =
                flag.split_once('=').ok_or_else(|| WrongFlag::NotKeyAndValue(flag.to_owned()))?;
            settings.set(&mut congestion, key, value)?;
        }
        settings.options.congestion = congestion.algorithm();
        Ok(settings)
    }
}

impl Default for Settings {
    fn default() -> Self {
        let address = const { Cidr::new(std::net::Ipv4Addr::new(192, 0, 2, 2), 24).unwrap() };
        Self { address, mtu: 1500, options: ConnectionOptions::default(), first_number: None }
    }
}

impl Settings {
    fn set(
        &mut self,
        congestion: &mut Congestion,
        key: &str,
        value: &str,
    ) -> Result<(), WrongFlag> {
        let wrong = |expected| WrongFlag::WrongValue {
            key: key.to_owned(),
            value: value.to_owned(),
            expected,
        };
        let switch = || match value {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(wrong("on or off")),
        };
        match key {
            "local_ip" => {
                self.address =
                    address(value).ok_or_else(|| wrong("an IPv4 address of one host"))?;
            }
            "mtu" => {
                let mtu = value.parse().ok().filter(|&mtu| mtu >= MIN_MTU);
                self.mtu = mtu.ok_or_else(|| wrong("a number of bytes from 68 to 65535"))?;
            }
            "cc" => {
                congestion.is_controlled = match value {
                    "reno" | "newreno" => true,
                    "none" => false,
                    _ => return Err(wrong("reno or none")),
                }
            }
            "iw" => {
                let segments =
                    value.parse::<NonZeroU32>().map_err(|_| wrong("a number from 1 on"))?;
                congestion.initial_window = InitialWindow::Segments(segments.get());
            }
            "min_rto" => {
                let milliseconds = value.parse().map_err(|_| wrong("a number of milliseconds"))?;
                self.options.min_rto = Duration::from_millis(milliseconds);
            }
            "timestamps" => self.options.timestamps = switch()?,
            "window_scale" => self.options.window_scaling = switch()?,
            "sack" => {
                if switch()? {
                    return Err(wrong("off: strata's TCP has no selective acknowledgments yet"));
                }
            }
            "sndbuf" => {
                self.options.send_buffer =
                    buffer(value).ok_or_else(|| wrong("a number of bytes"))?;
            }
            "rcvbuf" => {
                self.options.receive_buffer =
                    buffer(value).ok_or_else(|| wrong("a number of bytes"))?;
            }
            "isn" => {
                let number = value.parse().map_err(|_| wrong("a number below 4294967296"))?;
                self.first_number = Some(SequenceNumber::new(number));
            }
            _ => return Err(WrongFlag::UnknownKey(key.to_owned())),
        }
        Ok(())
    }
}

/// What was said of congestion control, in any order.
struct Congestion {
    is_controlled: bool,
    initial_window: InitialWindow,
}

impl Default for Congestion {
    fn default() -> Self {
        Self { is_controlled: true, initial_window: InitialWindow::default() }
    }
}

impl Congestion {
    fn algorithm(&self) -> Algorithm {
        let initial_window = self.initial_window;
        match self.is_controlled {
            true => Algorithm::new(NewRenoConfig { initial_window, ..NewRenoConfig::default() }),
            false => Algorithm::new(UnlimitedConfig),
        }
    }
}

/// The congestion control that Linux calls so, where we have it.
pub(crate) fn algorithm_called(name: &str) -> Option<Algorithm> {
    match name {
        "reno" => Some(Algorithm::new(NewRenoConfig::default())),
        _ => None,
    }
}

/// An address with the length of its network, 24 bits where that is not said.
fn address(text: &str) -> Option<Cidr> {
    let (address, length) = text.split_once('/').unwrap_or((text, "24"));
    let cidr = Cidr::new(address.parse().ok()?, length.parse().ok()?)?;
    ipv4::is_unicast_source(cidr.address()).then_some(cidr)
}

/// A buffer's size: a byte at least.
fn buffer(text: &str) -> Option<BufferSize> {
    text.parse().ok().filter(|&size| size > 0 && size <= 1 << 30).map(BufferSize::fixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(flags: &str) -> String {
        flags.parse::<Settings>().unwrap_err().to_string()
    }

    #[test]
    fn nothing_said_is_the_usual_host() {
        let settings: Settings = "".parse().unwrap();
        assert_eq!(settings.address.to_string(), "192.0.2.2/24");
        assert_eq!(settings.mtu, 1500);
        assert!(settings.options.timestamps && settings.options.window_scaling);
    }

    #[test]
    fn every_key_is_heard() {
        let flags = "local_ip=192.168.0.1/16,mtu=1280,cc=none,iw=3,min_rto=1000,timestamps=off,\
                     window_scale=off,sack=off,sndbuf=4096,rcvbuf=8192,isn=4294967295";
        let settings: Settings = flags.parse().unwrap();
        assert_eq!(settings.address.to_string(), "192.168.0.1/16");
        assert_eq!(settings.mtu, 1280);
        assert_eq!(settings.first_number, Some(SequenceNumber::new(u32::MAX)));
        let options = settings.options;
        assert!(!options.timestamps && !options.window_scaling);
        assert_eq!(options.send_buffer, BufferSize::fixed(4096));
        assert_eq!(options.receive_buffer, BufferSize::fixed(8192));
        assert_eq!(options.min_rto, Duration::from_secs(1));
    }

    #[test]
    fn a_refusal_says_what_would_be_right() {
        assert_eq!(refusal("fast"), "'fast' is not of the form key=value");
        assert!(refusal("colour=red").starts_with("'colour' is no key: there are local_ip, mtu"));
        assert_eq!(
            refusal("local_ip=224.0.0.1"),
            "local_ip=224.0.0.1: it must be an IPv4 address of one host"
        );
        assert_eq!(refusal("mtu=67"), "mtu=67: it must be a number of bytes from 68 to 65535");
        assert_eq!(refusal("timestamps=1"), "timestamps=1: it must be on or off");
        assert!(refusal("sack=on").contains("no selective acknowledgments yet"));
        assert_eq!(refusal("cc=magic"), "cc=magic: it must be reno or none");
        assert_eq!(refusal("iw=0"), "iw=0: it must be a number from 1 on");
        assert_eq!(refusal("rcvbuf=0"), "rcvbuf=0: it must be a number of bytes");
    }
}
