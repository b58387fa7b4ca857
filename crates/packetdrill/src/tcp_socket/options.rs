//! `getsockopt` and `setsockopt` of TCP sockets. Units and odd values are Linux's.

use std::num::NonZeroU8;
use std::time::Duration;

use nix::errno::Errno;
use tcp::congestion::{Algorithm, Start};
use tcp::{BufferSize, ConnectionOptions};

use crate::calls::options::{Value, flag, number};
use crate::errno::of_tcp;
use crate::settings::algorithm_called;
use crate::tcp_socket::{Stage, TcpSocket, info};
use crate::world::Net;

/// TCP_MAXSEG: the least, and the most, that Linux takes, in bytes.
const SEGMENT_SIZES: std::ops::RangeInclusive<i32> = 88..=32767;

/// TCP_KEEPIDLE and TCP_KEEPINTVL: the most seconds that Linux takes.
const MAX_KEEP_ALIVE_SECONDS: i32 = 32767;

/// TCP_KEEPCNT: the most probes that Linux takes.
const MAX_KEEP_ALIVE_PROBES: i32 = 127;

/// Room for the name of a congestion control: TCP_CA_NAME_MAX.
const NAME_LENGTH: usize = 16;

/// The largest buffer that can be asked for, in bytes.
const MAX_BUFFER: i32 = 1 << 30;

/// What TCP_MAXSEG says before there is a peer, in bytes.
const UNCONNECTED_SEGMENT_SIZE: u32 = 536;

impl TcpSocket {
    /// # Errors
    /// ENOPROTOOPT for an option that there is not.
    pub(crate) fn option(&self, net: &mut Net, level: i32, name: i32) -> Result<Value, Errno> {
        let options = &self.options;
        let now = net.now;
        let status = self.connection().and_then(|id| net.tcp().status(now, id).ok());
        Ok(match (level, name) {
            (libc::SOL_SOCKET, libc::SO_TYPE) => Value::number(libc::SOCK_STREAM),
            (libc::SOL_SOCKET, libc::SO_PROTOCOL) => Value::number(libc::IPPROTO_TCP),
            (libc::SOL_SOCKET, libc::SO_ACCEPTCONN) => {
                Value::flag(matches!(self.stage, Stage::Listening(_)))
            }
            (libc::SOL_SOCKET, libc::SO_REUSEADDR) => Value::flag(self.reuses_address),
            (libc::SOL_SOCKET, libc::SO_KEEPALIVE) => Value::flag(options.keep_alive.is_some()),
            (libc::SOL_SOCKET, libc::SO_OOBINLINE) => Value::flag(options.urgent_inline),
            (libc::SOL_SOCKET, libc::SO_LINGER) => Value::linger(options.linger),
            (libc::SOL_SOCKET, libc::SO_SNDBUF) => {
                let initial = options.send_buffer.initial();
                Value::doubled(status.map_or(initial, |status| status.send_buffer))
            }
            (libc::SOL_SOCKET, libc::SO_RCVBUF) => {
                let initial = options.receive_buffer.initial();
                Value::doubled(status.map_or(initial, |status| status.receive_buffer))
            }
            (libc::SOL_SOCKET, libc::SO_ERROR) => Value::number(self.take_error(net)?),
            (libc::SOL_IP, libc::IP_TTL) => {
                Value::number(options.ttl.map_or(DEFAULT_TTL, |ttl| ttl.get().into()))
            }
            (libc::SOL_IP, libc::IP_TOS) => Value::number(options.traffic_class.into()),
            (libc::SOL_IP, libc::IP_RECVERR) => Value::flag(options.soft_errors),
            (libc::SOL_TCP, libc::TCP_NODELAY) => Value::flag(options.no_delay),
            (libc::SOL_TCP, libc::TCP_CORK) => Value::flag(self.is_corked),
            (libc::SOL_TCP, libc::TCP_QUICKACK) => Value::flag(options.quick_ack),
            (libc::SOL_TCP, libc::TCP_MAXSEG) => Value::unsigned(match status {
                Some(status) => status.send_mss,
                None => options.maximum_segment_size.map_or(UNCONNECTED_SEGMENT_SIZE, u32::from),
            }),
            (libc::SOL_TCP, libc::TCP_KEEPIDLE) => Value::seconds(self.keep_alive.idle),
            (libc::SOL_TCP, libc::TCP_KEEPINTVL) => Value::seconds(self.keep_alive.interval),
            (libc::SOL_TCP, libc::TCP_KEEPCNT) => Value::unsigned(self.keep_alive.probes),
            (libc::SOL_TCP, libc::TCP_USER_TIMEOUT) => {
                Value::milliseconds(options.user_timeout.unwrap_or_default())
            }
            (libc::SOL_TCP, libc::TCP_CONGESTION) => {
                let name = linux_name(name_of(&options.congestion, net));
                let mut bytes = name.as_bytes().to_vec();
                bytes.resize(NAME_LENGTH, 0);
                Value::bytes(bytes)
            }
            (libc::SOL_TCP, libc::TCP_INFO) => {
                let listens = matches!(self.stage, Stage::Listening(_));
                Value::bytes(info::tcp_info(status.as_ref(), listens, options))
            }
            _ => return Err(Errno::ENOPROTOOPT),
        })
    }

    /// # Errors
    /// EINVAL for a value that cannot be, ENOPROTOOPT for an option that there is not, or that
    /// cannot be set.
    pub(crate) fn set_option(
        &mut self,
        net: &mut Net,
        level: i32,
        name: i32,
        value: &[u8],
    ) -> Result<(), Errno> {
        match level {
            libc::SOL_SOCKET => self.set_socket_option(name, value)?,
            libc::SOL_IP => set_ip_option(&mut self.options, name, value)?,
            libc::SOL_TCP => self.set_tcp_option(net, name, value)?,
            _ => return Err(Errno::ENOPROTOOPT),
        }
        self.apply_options(net);
        Ok(())
    }

    fn set_socket_option(&mut self, name: i32, value: &[u8]) -> Result<(), Errno> {
        let options = &mut self.options;
        match name {
            libc::SO_REUSEADDR => self.reuses_address = flag(value)?,
            libc::SO_KEEPALIVE => options.keep_alive = flag(value)?.then_some(self.keep_alive),
            libc::SO_OOBINLINE => options.urgent_inline = flag(value)?,
            libc::SO_SNDBUF | libc::SO_SNDBUFFORCE => options.send_buffer = buffer(value)?,
            libc::SO_RCVBUF | libc::SO_RCVBUFFORCE => options.receive_buffer = buffer(value)?,
            libc::SO_LINGER => {
                let (on, seconds) = value.split_at_checked(4).ok_or(Errno::EINVAL)?;
                let seconds = u64::try_from(number(seconds)?).unwrap_or(0);
                options.linger = flag(on)?.then_some(Duration::from_secs(seconds));
            }
            _ => return Err(Errno::ENOPROTOOPT),
        }
        Ok(())
    }

    fn set_tcp_option(&mut self, net: &mut Net, name: i32, value: &[u8]) -> Result<(), Errno> {
        if name == libc::TCP_CONGESTION {
            return self.set_congestion(net, value);
        }
        let given = number(value)?;
        let seconds = || match given {
            1..=MAX_KEEP_ALIVE_SECONDS => Ok(Duration::from_secs(given.unsigned_abs().into())),
            _ => Err(Errno::EINVAL),
        };
        match name {
            libc::TCP_NODELAY => self.options.no_delay = flag(value)?,
            libc::TCP_CORK => {
                self.is_corked = flag(value)?;
                self.options.cork = self.is_corked;
            }
            libc::TCP_QUICKACK => self.options.quick_ack = flag(value)?,
            libc::TCP_MAXSEG if given == 0 => self.options.maximum_segment_size = None,
            libc::TCP_MAXSEG if SEGMENT_SIZES.contains(&given) => {
                self.options.maximum_segment_size = u16::try_from(given).ok();
            }
            libc::TCP_KEEPIDLE => self.keep_alive.idle = seconds()?,
            libc::TCP_KEEPINTVL => self.keep_alive.interval = seconds()?,
            libc::TCP_KEEPCNT if (1..=MAX_KEEP_ALIVE_PROBES).contains(&given) => {
                self.keep_alive.probes = given.unsigned_abs();
            }
            libc::TCP_USER_TIMEOUT if given >= 0 => {
                let timeout = Duration::from_millis(given.unsigned_abs().into());
                self.options.user_timeout = (!timeout.is_zero()).then_some(timeout);
            }
            libc::TCP_MAXSEG | libc::TCP_KEEPCNT | libc::TCP_USER_TIMEOUT => {
                return Err(Errno::EINVAL);
            }
            _ => return Err(Errno::ENOPROTOOPT),
        }
        if self.options.keep_alive.is_some() {
            self.options.keep_alive = Some(self.keep_alive);
        }
        Ok(())
    }

    /// # Errors
    /// ENOENT for a name that we do not know; EBUSY if a connection is controlled otherwise by now.
    fn set_congestion(&mut self, net: &Net, value: &[u8]) -> Result<(), Errno> {
        let name = value.split(|&byte| byte == 0).next().unwrap_or_default();
        let name = str::from_utf8(name).map_err(|_| Errno::ENOENT)?;
        if name == linux_name(name_of(&self.options.congestion, net)) {
            return Ok(());
        }
        let algorithm = algorithm_called(name).ok_or(Errno::ENOENT)?;
        if self.connection().is_some() {
            return Err(Errno::EBUSY);
        }
        self.options.congestion = algorithm;
        Ok(())
    }

    /// Has the stack know what was set.
    pub(super) fn apply_options(&self, net: &mut Net) {
        if let Some(id) = self.id() {
            let now = net.now;
            let _ = net.tcp().set_options(now, id, self.options.clone());
        }
    }

    /// SO_ERROR: what ended the connection, once.
    fn take_error(&self, net: &mut Net) -> Result<i32, Errno> {
        let Some(id) = self.connection() else { return Ok(0) };
        let error = net.tcp().take_error(id).map_err(of_tcp)?;
        Ok(error.map_or(0, |error| of_tcp(error) as i32))
    }
}

/// What the host sends with where nobody asks for anything else, in hops.
pub(crate) const DEFAULT_TTL: i32 = 64;

/// # Errors
/// EINVAL, ENOPROTOOPT.
fn set_ip_option(options: &mut ConnectionOptions, name: i32, value: &[u8]) -> Result<(), Errno> {
    match name {
        libc::IP_TTL => options.ttl = time_to_live(value)?,
        libc::IP_TOS => options.traffic_class = traffic_class(value)?,
        libc::IP_RECVERR => options.soft_errors = flag(value)?,
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(())
}

/// IP_TTL: -1 is the host's own.
///
/// # Errors
/// EINVAL.
pub(crate) fn time_to_live(value: &[u8]) -> Result<Option<NonZeroU8>, Errno> {
    match number(value)? {
        -1 => Ok(None),
        hops => {
            let hops = u8::try_from(hops).ok().and_then(NonZeroU8::new);
            hops.map(Some).ok_or(Errno::EINVAL)
        }
    }
}

/// IP_TOS: the low byte, as on Linux.
///
/// # Errors
/// EINVAL.
pub(crate) fn traffic_class(value: &[u8]) -> Result<u8, Errno> {
    let [.., byte] = number(value)?.to_be_bytes();
    Ok(byte)
}

/// # Errors
/// EINVAL.
fn buffer(value: &[u8]) -> Result<BufferSize, Errno> {
    let size = number(value)?.clamp(1, MAX_BUFFER);
    usize::try_from(size).map(BufferSize::fixed).map_err(|_| Errno::EINVAL)
}

fn name_of(algorithm: &Algorithm, net: &Net) -> &'static str {
    let start = Start { now: net.now, smss: UNCONNECTED_SEGMENT_SIZE, is_syn_retransmitted: false };
    algorithm.make(&start).name()
}

/// What Linux calls it.
fn linux_name(name: &str) -> &str {
    if name == "newreno" { "reno" } else { name }
}
