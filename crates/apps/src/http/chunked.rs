//! The chunked coding, read (RFC 9112, 7.1).
//!
//! ```text
//!   5 CRLF  hello CRLF  3;extension CRLF  you CRLF  0 CRLF  trailer fields CRLF
//!   └─size  └─data      └─size            └─data    └─the last
//! ```

/// The longest line that is none of the data: a size with its extensions, a trailer field.
const MOST_LINE: usize = 4 << 10;

/// The most bytes of trailer fields.
const MOST_TRAILER: usize = 16 << 10;

/// How the coding is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkedError {
    /// A size is no hexadecimal number, or is not followed by a line's end.
    #[error("the size of a chunk cannot be read")]
    Size,
    /// A chunk does not end where its size says.
    #[error("a chunk does not end where its size says")]
    End,
    /// A line or the trailer has no end within reason.
    #[error("a line between chunks has no end")]
    TooLong,
}

/// Where the reader stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunked {
    state: State,
    /// How much of the trailer has been read.
    trailer: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before a size.
    #[default]
    Size,
    /// In the data of a chunk, so many bytes before its end.
    Data(u64),
    /// Behind the data.
    DataEnd,
    /// Behind the last chunk.
    Trailer,
    Done,
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// So many bytes of data, of which [`Chunked::took`] is to tell.
    Data(usize),
    /// So many bytes that are none.
    Skip(usize),
    /// Not known before more has come.
    More,
    /// Nothing follows.
    Done,
}

impl Chunked {
    /// What the bytes in `window` begin with. They follow those that were skipped or taken.
    pub(super) fn next(&mut self, window: &[u8]) -> Result<Next, ChunkedError> {
        match self.state {
            State::Size => self.read_size(window),
            State::Data(left) => {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(window.len());
                Ok(if here == 0 { Next::More } else { Next::Data(here) })
            }
            State::DataEnd => match window {
                [b'\r', b'\n', ..] => Ok(self.skip_to(State::Size, 2)),
                [] | [b'\r'] => Ok(Next::More),
                _ => Err(ChunkedError::End),
            },
            State::Trailer => self.read_trailer(window),
            State::Done => Ok(Next::Done),
        }
    }

    /// `count` bytes of the data were taken.
    pub(super) fn took(&mut self, count: usize) {
        if let State::Data(left) = self.state {
            let left = left.saturating_sub(count as u64);
            self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
        }
    }

    fn read_size(&mut self, window: &[u8]) -> Result<Next, ChunkedError> {
        use httparse::Status::{Complete, Partial};
        match httparse::parse_chunk_size(window) {
            Ok(Complete((length, 0))) => Ok(self.skip_to(State::Trailer, length)),
            Ok(Complete((length, size))) => Ok(self.skip_to(State::Data(size), length)),
            Ok(Partial) if window.len() > MOST_LINE => Err(ChunkedError::TooLong),
            Ok(Partial) => Ok(Next::More),
            Err(_) => Err(ChunkedError::Size),
        }
    }

    /// Skips the trailer's lines up to the empty one.
    fn read_trailer(&mut self, window: &[u8]) -> Result<Next, ChunkedError> {
        let Some(end) = window.iter().position(|&byte| byte == b'\n') else {
            return if window.len() > MOST_LINE {
                Err(ChunkedError::TooLong)
            } else {
                Ok(Next::More)
            };
        };
        self.trailer += end;
        if self.trailer > MOST_TRAILER {
            return Err(ChunkedError::TooLong);
        }
        let is_empty = matches!(window.get(..end), Some([] | [b'\r']));
        Ok(self.skip_to(if is_empty { State::Done } else { State::Trailer }, end + 1))
    }

    const fn skip_to(&mut self, state: State, length: usize) -> Next {
        self.state = state;
        Next::Skip(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `coded`, which comes in pieces of that size.
    fn read(coded: &[u8], piece: usize) -> Result<Option<Vec<u8>>, ChunkedError> {
        let (mut chunked, mut data, mut window) = (Chunked::default(), Vec::new(), Vec::new());
        for piece in coded.chunks(piece) {
            window.extend(piece);
            loop {
                match chunked.next(&window)? {
                    Next::Data(count) => {
                        data.extend(window.drain(..count));
                        chunked.took(count);
                    }
                    Next::Skip(count) => drop(window.drain(..count)),
                    Next::More => break,
                    Next::Done => return Ok(Some(data)),
                }
            }
        }
        Ok(None)
    }

    #[test]
    fn the_data_is_what_stands_between_the_sizes() {
        let coded = b"5\r\nhello\r\nB; x=y\r\n, in here: \r\n1\r\n!\r\n0\r\nTrailer: field\r\n\r\n";
        for piece in 1..coded.len() {
            assert_eq!(read(coded, piece).unwrap().unwrap(), b"hello, in here: !", "by {piece}");
        }
        assert_eq!(read(b"0\r\n\r\n", 9).unwrap().unwrap(), b"");
    }

    #[test]
    fn what_ends_early_is_not_complete() {
        for coded in ["5\r\nhell", "5\r\nhello", "5\r\nhello\r\n", "0\r\n", "0\r\nField: x\r\n"] {
            assert_eq!(read(coded.as_bytes(), 100), Ok(None), "{coded:?}");
        }
    }

    #[test]
    fn what_is_broken_is_refused() {
        assert_eq!(read(b"x\r\n", 9), Err(ChunkedError::Size));
        assert_eq!(read(b"-1\r\n", 9), Err(ChunkedError::Size));
        assert_eq!(read(b"fffffffffffffffff\r\n", 99), Err(ChunkedError::Size));
        assert_eq!(read(b"5\r\nhello!\r\n", 99), Err(ChunkedError::End));
        let endless = [b"5;".as_slice(), &[b'x'; 9000]].concat();
        assert_eq!(read(&endless, 100), Err(ChunkedError::TooLong));
        let endless = [b"0\r\n".as_slice(), &b"A: b\r\n".repeat(9000)].concat();
        assert_eq!(read(&endless, 100), Err(ChunkedError::TooLong));
    }
}
