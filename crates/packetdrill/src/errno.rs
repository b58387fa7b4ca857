//! The stack's errors as the C library numbers them.

use nix::errno::Errno;

/// The number of a TCP error.
pub(crate) const fn of_tcp(error: tcp::Error) -> Errno {
    use tcp::Error;
    match error {
        Error::AddressInUse => Errno::EADDRINUSE,
        Error::AddressNotAvailable => Errno::EADDRNOTAVAIL,
        Error::BadSocket => Errno::EBADF,
        Error::ConnectionAborted => Errno::ECONNABORTED,
        Error::ConnectionRefused => Errno::ECONNREFUSED,
        Error::ConnectionReset => Errno::ECONNRESET,
        Error::HostUnreachable => Errno::EHOSTUNREACH,
        Error::InvalidArgument => Errno::EINVAL,
        Error::NetworkUnreachable => Errno::ENETUNREACH,
        Error::NoBufferSpace => Errno::ENOBUFS,
        Error::NotConnected => Errno::ENOTCONN,
        Error::BrokenPipe => Errno::EPIPE,
        Error::ProtocolError => Errno::EPROTO,
        Error::ProtocolNotAvailable => Errno::ENOPROTOOPT,
        Error::TimedOut => Errno::ETIMEDOUT,
        Error::TooManyOpenSockets => Errno::EMFILE,
        Error::WouldBlock => Errno::EAGAIN,
    }
}

/// The number of a UDP error.
pub(crate) const fn of_udp(error: udp::Error) -> Errno {
    use udp::Error;
    match error {
        Error::AddressInUse => Errno::EADDRINUSE,
        Error::AddressNotAvailable => Errno::EADDRNOTAVAIL,
        Error::AddressFamilyNotSupported => Errno::EAFNOSUPPORT,
        Error::BadSocket => Errno::EBADF,
        Error::ConnectionRefused => Errno::ECONNREFUSED,
        Error::DestinationAddressRequired => Errno::EDESTADDRREQ,
        Error::HostUnreachable => Errno::EHOSTUNREACH,
        Error::InvalidArgument => Errno::EINVAL,
        Error::IsConnected => Errno::EISCONN,
        Error::MessageTooLong => Errno::EMSGSIZE,
        Error::NetworkUnreachable => Errno::ENETUNREACH,
        Error::NoBufferSpace => Errno::ENOBUFS,
        Error::NotConnected => Errno::ENOTCONN,
        Error::PermissionDenied => Errno::EACCES,
        Error::ProtocolError => Errno::EPROTO,
        Error::ProtocolNotAvailable => Errno::ENOPROTOOPT,
        Error::TooManyOpenSockets => Errno::EMFILE,
        Error::WouldBlock => Errno::EAGAIN,
    }
}
