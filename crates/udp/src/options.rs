//! What a program can ask of its datagrams (UDP-12).

use std::num::NonZeroU8;

use crate::Error;

/// The most bytes of IP options that a header has room for.
pub const MAX_IP_OPTIONS_LEN: usize = 40;

/// The TTL of a datagram to a group, unless the program asks for another: it stays in the local
/// network (RFC 1112, 6.1).
pub const MULTICAST_TTL: NonZeroU8 = NonZeroU8::MIN;

/// How a socket behaves. The default is what a fresh socket has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketOptions {
    /// Whether broadcasts may be sent.
    pub broadcast: bool,
    /// Whether datagrams without a checksum are dropped (UDP-7). Over IPv6 they always are
    /// (RFC 8200, 8.1).
    pub require_checksum: bool,
    /// What is asked of each datagram that does not ask for something else.
    pub send: SendOptions,
}

/// What is asked of a datagram that leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// Time to live in hops; `None` for the host's default, which for groups is
    /// [`MULTICAST_TTL`]. Zero is never sent (IP-16), so there is none.
    pub ttl: Option<NonZeroU8>,
    /// DSCP and ECN, the second byte of the IP header; once called TOS (IP-14).
    pub traffic_class: u8,
    /// Whether the datagram may not be fragmented. One too long is then
    /// [`Error::MessageTooLong`].
    pub dont_fragment: bool,
    /// IP options as they stand on the wire: at most [`MAX_IP_OPTIONS_LEN`] bytes in whole words
    /// of 4 (UDP-2, IP-20).
    pub ip_options: Box<[u8]>,
}

impl SendOptions {
    /// # Errors
    /// [`Error::InvalidArgument`] if no header has room for the IP options.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let length = self.ip_options.len();
        let fits = length <= MAX_IP_OPTIONS_LEN && length.is_multiple_of(4);
        if fits { Ok(()) } else { Err(Error::InvalidArgument) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ip_options_fill_whole_words_up_to_forty_bytes() {
        for (length, expected) in [
            (0, Ok(())),
            (40, Ok(())),
            (44, Err(Error::InvalidArgument)),
            (3, Err(Error::InvalidArgument)),
        ] {
            let options =
                SendOptions { ip_options: vec![1; length].into(), ..SendOptions::default() };
            assert_eq!(options.check(), expected, "{length} bytes");
        }
    }
}
