//! The bytes of a control connection: states of one byte, and JSON behind its length.

/// The port that iperf3 uses unless told otherwise.
pub const DEFAULT_PORT: u16 = 5201;

/// How long a cookie is, in bytes: 36 characters and a zero.
pub const COOKIE_LEN: usize = 37;

/// The longest JSON that is taken, in bytes.
pub const MAX_JSON: usize = 64 << 10;

/// By which both sides know the connections of one test.
pub(super) type Cookie = [u8; COOKIE_LEN];

/// Whether iperf3 makes cookies like this one: small letters and digits, and then zero.
pub(super) fn is_cookie(bytes: &Cookie) -> bool {
    match bytes {
        [text @ .., 0] => text.iter().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit()),
        _ => false,
    }
}

/// What is said in one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The server: the streams are there.
    TestStart,
    /// The server: now.
    TestRunning,
    /// The client: that is enough.
    TestEnd,
    /// The server: say what is to be measured.
    ParamExchange,
    /// The server: open the streams.
    CreateStreams,
    /// The server was stopped.
    ServerTerminate,
    /// The client was stopped.
    ClientTerminate,
    /// The server: say what you have counted.
    ExchangeResults,
    /// The server: show it.
    DisplayResults,
    /// The client has shown it.
    Done,
    /// The server: there is another test already.
    AccessDenied,
    /// The server: it cannot be done, and why in two numbers.
    ServerError,
}

impl State {
    const ALL: [Self; 12] = [
        Self::TestStart,
        Self::TestRunning,
        Self::TestEnd,
        Self::ParamExchange,
        Self::CreateStreams,
        Self::ServerTerminate,
        Self::ClientTerminate,
        Self::ExchangeResults,
        Self::DisplayResults,
        Self::Done,
        Self::AccessDenied,
        Self::ServerError,
    ];

    /// The byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::TestStart => 1,
            Self::TestRunning => 2,
            Self::TestEnd => 4,
            Self::ParamExchange => 9,
            Self::CreateStreams => 10,
            Self::ServerTerminate => 11,
            Self::ClientTerminate => 12,
            Self::ExchangeResults => 13,
            Self::DisplayResults => 14,
            Self::Done => 16,
            // -1 and -2.
            Self::AccessDenied => 255,
            Self::ServerError => 254,
        }
    }

    /// What that byte says.
    #[must_use]
    pub fn read(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.byte() == byte)
    }
}

/// The JSON at the beginning of `bytes`, whose length stands in four bytes before it, and how many
/// bytes both are. `Ok(None)` if it is still under way.
///
/// # Errors
/// The length, if it is more than [`MAX_JSON`] or zero.
pub(super) fn read_json(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, u32> {
    let Some((length, rest)) = bytes.split_first_chunk() else { return Ok(None) };
    let announced = u32::from_be_bytes(*length);
    match usize::try_from(announced) {
        Ok(length @ 1..=MAX_JSON) => Ok(rest.get(..length).map(|json| (json, 4 + length))),
        _ => Err(announced),
    }
}

/// Appends JSON with its length in front.
pub(super) fn write_json(json: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(json.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(json);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_as_they_are_written() {
        for state in State::ALL {
            assert_eq!(State::read(state.byte()), Some(state));
        }
        for nothing in [0, 3, 15, 17, 128, 253] {
            assert_eq!(State::read(nothing), None);
        }
    }

    #[test]
    fn json_is_taken_once_it_is_whole() {
        let mut bytes = Vec::new();
        write_json(b"{}", &mut bytes);
        assert_eq!(bytes, b"\0\0\0\x02{}");
        for length in 0..6 {
            assert_eq!(read_json(&bytes[..length]), Ok(None));
        }
        bytes.push(13);
        assert_eq!(read_json(&bytes), Ok(Some((&b"{}"[..], 6))));
    }

    #[test]
    fn a_length_that_lies_is_found_out_at_once() {
        assert_eq!(read_json(b"\0\0\0\0"), Err(0));
        assert_eq!(read_json(b"GET / HTTP"), Err(u32::from_be_bytes(*b"GET ")));
        assert_eq!(read_json(&[0, 1, 0, 0]), Ok(None));
        assert_eq!(read_json(&[0, 1, 0, 1]), Err(65_537));
    }

    #[test]
    fn cookies_are_letters_and_digits_and_a_zero() {
        let mut cookie = [b'a'; COOKIE_LEN];
        assert!(!is_cookie(&cookie));
        cookie[36] = 0;
        assert!(is_cookie(&cookie));
        cookie[7] = b' ';
        assert!(!is_cookie(&cookie));
    }
}
