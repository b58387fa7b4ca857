//! The head of a response: what it says, and where its body ends (RFC 9112, 6.3).

use httparse::{EMPTY_HEADER, Response, Status};

use super::{MOST_FIELDS, MOST_HEAD};

/// What a client has to know of a response before the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// The status code: 200.
    pub status: u16,
    /// What the server says to it: `OK`.
    pub reason: String,
    /// Where the body ends.
    pub body: BodyLength,
    /// Where else to look, in a redirection.
    pub location: Option<String>,
    /// Which bytes of how many these are, in a partial response: `bytes 5-9/10`.
    pub content_range: Option<String>,
}

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// After so many bytes.
    Known(u64),
    /// Where the chunked coding says.
    Chunked,
    /// Where the connection ends.
    UntilClosed,
}

/// Why a head cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedResponse {
    /// It is not HTTP.
    #[error("the answer is not HTTP: {0}")]
    NotHttp(httparse::Error),
    /// It has no end within 16 KiB.
    #[error("the answer's head is too long")]
    TooLong,
    /// Its lengths contradict each other, or are none.
    #[error("the answer's length cannot be read")]
    Length,
    /// The body is coded in a way that was not asked for.
    #[error("the answer is coded as '{0}', which is not understood")]
    Coding(String),
}

impl ResponseHead {
    /// Reads the head at the beginning of `bytes`, and says how long it is; `None` if it has not
    /// come whole.
    ///
    /// # Errors
    /// [`MalformedResponse`].
    pub fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, MalformedResponse> {
        let mut fields = [EMPTY_HEADER; MOST_FIELDS];
        let mut response = Response::new(&mut fields);
        match response.parse(bytes) {
            Ok(Status::Complete(length)) => Ok(Some((Self::of(&response)?, length))),
            Ok(Status::Partial) if bytes.len() > MOST_HEAD => Err(MalformedResponse::TooLong),
            Ok(Status::Partial) => Ok(None),
            Err(httparse::Error::TooManyHeaders) => Err(MalformedResponse::TooLong),
            Err(error) => Err(MalformedResponse::NotHttp(error)),
        }
    }

    fn of(response: &Response<'_, '_>) -> Result<Self, MalformedResponse> {
        let status = response.code.unwrap_or_default();
        let body = if matches!(status, 100..200 | 204 | 304) {
            BodyLength::Known(0)
        } else {
            body_length(response)?
        };
        Ok(Self {
            status,
            reason: response.reason.unwrap_or_default().to_owned(),
            body,
            location: values(response, "location").next(),
            content_range: values(response, "content-range").next(),
        })
    }

    /// The first byte that a partial response has, and how many there are in all, as far as it
    /// says so; of a range that cannot be had, `None` and how many there are.
    #[must_use]
    pub fn range(&self) -> (Option<u64>, Option<u64>) {
        let range = self.content_range.as_deref().and_then(|range| range.strip_prefix("bytes "));
        let Some((range, all)) = range.and_then(|range| range.split_once('/')) else {
            return (None, None);
        };
        let first = range.split_once('-').and_then(|(first, _)| first.parse().ok());
        (first, all.parse().ok())
    }
}

/// The values of the fields of that name.
fn values(response: &Response<'_, '_>, name: &'static str) -> impl Iterator<Item = String> {
    let named = response.headers.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    let values = named.map(|field| String::from_utf8_lossy(field.value).trim().to_owned());
    values.collect::<Vec<_>>().into_iter()
}

fn body_length(response: &Response<'_, '_>) -> Result<BodyLength, MalformedResponse> {
    if let Some(coding) = values(response, "transfer-encoding").next() {
        let is_chunked = coding.eq_ignore_ascii_case("chunked");
        return if is_chunked {
            Ok(BodyLength::Chunked)
        } else {
            Err(MalformedResponse::Coding(coding))
        };
    }
    let mut length = None;
    // The same value may stand there more than once (RFC 9110, 8.6).
    for value in values(response, "content-length") {
        for value in value.split(',') {
            let value = digits(value.trim()).ok_or(MalformedResponse::Length)?;
            if length.is_some_and(|length| length != value) {
                return Err(MalformedResponse::Length);
            }
            length = Some(value);
        }
    }
    Ok(length.map_or(BodyLength::UntilClosed, BodyLength::Known))
}

/// A number of digits alone, without the sign that `parse` would take.
pub(super) fn digits(text: &str) -> Option<u64> {
    let are_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ResponseHead, MalformedResponse> {
        Ok(ResponseHead::read(text.as_bytes())?.expect("it is whole").0)
    }

    #[test]
    fn a_head_says_where_its_body_ends() {
        for (fields, body) in [
            ("Content-Length: 12\r\n", BodyLength::Known(12)),
            ("content-length: 12, 12\r\nContent-Length: 12\r\n", BodyLength::Known(12)),
            ("Transfer-Encoding: Chunked\r\nContent-Length: 5\r\n", BodyLength::Chunked),
            ("", BodyLength::UntilClosed),
        ] {
            assert_eq!(read(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n")).unwrap().body, body);
        }
        let not_modified = read("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").unwrap();
        assert_eq!(not_modified.body, BodyLength::Known(0));
    }

    #[test]
    fn a_length_that_is_none_is_refused() {
        for value in ["-1", "+1", "x", "", "1, 2", "99999999999999999999"] {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {value}\r\n\r\n");
            assert_eq!(read(&head), Err(MalformedResponse::Length), "{value}");
        }
        let coded = read("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n").unwrap_err();
        assert_eq!(coded, MalformedResponse::Coding("gzip".to_owned()));
    }

    #[test]
    fn a_range_says_where_it_begins_and_how_much_there_is() {
        let range = |value| {
            let head = format!("HTTP/1.1 206 Partial Content\r\nContent-Range: {value}\r\n\r\n");
            read(&head).unwrap().range()
        };
        assert_eq!(range("bytes 5-9/10"), (Some(5), Some(10)));
        assert_eq!(range("bytes 5-9/*"), (Some(5), None));
        assert_eq!(range("bytes */10"), (None, Some(10)));
        assert_eq!(range("lines 5-9/10"), (None, None));
    }

    #[test]
    fn a_head_that_has_not_come_whole_is_waited_for_within_reason() {
        assert_eq!(ResponseHead::read(b"HTTP/1.1 200 OK\r\nServer: x\r\n"), Ok(None));
        let endless = [b"HTTP/1.1 200 OK\r\nA: ".as_slice(), &[b'x'; MOST_HEAD]].concat();
        assert_eq!(ResponseHead::read(&endless), Err(MalformedResponse::TooLong));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(MOST_FIELDS + 1));
        assert_eq!(read(&many), Err(MalformedResponse::TooLong));
        assert!(matches!(read("SSH-2.0-x\r\n\r\n"), Err(MalformedResponse::NotHttp(_))));
    }
}
