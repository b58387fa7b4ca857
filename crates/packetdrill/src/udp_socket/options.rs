//! `getsockopt` and `setsockopt` of UDP sockets.

use nix::errno::Errno;
use udp::SocketOptions;

use crate::calls::options::{Value, flag, number};
use crate::errno::of_udp;
use crate::tcp_socket::options::{DEFAULT_TTL, time_to_live, traffic_class};
use crate::udp_socket::UdpSocket;
use crate::world::Net;

impl UdpSocket {
    /// # Errors
    /// ENOPROTOOPT for an option that there is not.
    pub(crate) fn option(&mut self, net: &mut Net, level: i32, name: i32) -> Result<Value, Errno> {
        let SocketOptions { broadcast, send, .. } = self.stack_options(net);
        Ok(match (level, name) {
            (libc::SOL_SOCKET, libc::SO_TYPE) => Value::number(libc::SOCK_DGRAM),
            (libc::SOL_SOCKET, libc::SO_PROTOCOL) => Value::number(libc::IPPROTO_UDP),
            (libc::SOL_SOCKET, libc::SO_BROADCAST) => Value::flag(broadcast),
            (libc::SOL_SOCKET, libc::SO_ERROR) => {
                Value::number(self.pending.take().map_or(0, |errno| errno as i32))
            }
            (libc::SOL_SOCKET, libc::SO_RCVBUF) => Value::doubled(udp::RECEIVE_QUEUE_BYTES),
            (libc::SOL_SOCKET, libc::SO_SNDBUF) => Value::doubled(udp::SEND_QUEUE_BYTES),
            (libc::SOL_IP, libc::IP_TTL) => {
                Value::number(send.ttl.map_or(DEFAULT_TTL, |ttl| ttl.get().into()))
            }
            (libc::SOL_IP, libc::IP_TOS) => Value::number(send.traffic_class.into()),
            (libc::SOL_IP, libc::IP_MTU_DISCOVER) => Value::number(match send.dont_fragment {
                true => libc::IP_PMTUDISC_DO,
                false => libc::IP_PMTUDISC_DONT,
            }),
            (libc::SOL_IP, libc::IP_RECVERR) => Value::flag(self.reports_all),
            (libc::SOL_IP, libc::IP_RECVTTL) => Value::flag(self.tells_ttl),
            (libc::SOL_IP, libc::IP_RECVTOS) => Value::flag(self.tells_traffic_class),
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
        let mut options = self.stack_options(net);
        match (level, name) {
            (libc::SOL_SOCKET, libc::SO_BROADCAST) => options.broadcast = flag(value)?,
            (libc::SOL_IP, libc::IP_TTL) => options.send.ttl = time_to_live(value)?,
            (libc::SOL_IP, libc::IP_TOS) => options.send.traffic_class = traffic_class(value)?,
            (libc::SOL_IP, libc::IP_MTU_DISCOVER) => {
                options.send.dont_fragment = match number(value)? {
                    libc::IP_PMTUDISC_DONT => false,
                    libc::IP_PMTUDISC_DO => true,
                    _ => return Err(Errno::EINVAL),
                };
            }
            (libc::SOL_IP, libc::IP_RECVERR) => {
                self.reports_all = flag(value)?;
                if !self.reports_all {
                    self.errors.clear();
                }
            }
            (libc::SOL_IP, libc::IP_RECVTTL) => self.tells_ttl = flag(value)?,
            (libc::SOL_IP, libc::IP_RECVTOS) => self.tells_traffic_class = flag(value)?,
            _ => return Err(Errno::ENOPROTOOPT),
        }
        net.udp().set_options(self.id, options).map_err(of_udp)
    }
}
