//! The head of a request: what is asked for, and what is wrong with it (RFC 9112, 3).

use httparse::{EMPTY_HEADER, Request, Status as Parsed};

use super::response::digits;
use super::status::Status;
use super::{MOST_FIELDS, MOST_HEAD};

/// The longest body that a request may announce, in bytes. None is read for what it says.
const MOST_BODY: u64 = 1 << 20;

/// A request, as far as a server for files has to know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RequestHead {
    /// Whether the body is left out of the answer.
    pub(super) is_head: bool,
    /// Path and query, without what a proxy would put before them.
    pub(super) target: String,
    /// Whether another request may follow on the connection.
    pub(super) keep_alive: bool,
    /// Whether the client is of HTTP/1.0, and has to be told that it may.
    pub(super) is_old: bool,
    /// Whether a body follows, of any length.
    pub(super) has_body: bool,
    pub(super) range: Option<String>,
    pub(super) if_range: Option<String>,
    pub(super) if_none_match: Option<String>,
    pub(super) if_modified_since: Option<String>,
}

impl RequestHead {
    /// Reads the head at the beginning of `bytes`, and says how long it is; `None` if it has not
    /// come whole. The error is what to answer.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, Status> {
        let mut fields = [EMPTY_HEADER; MOST_FIELDS];
        let mut request = Request::new(&mut fields);
        match request.parse(bytes) {
            Ok(Parsed::Complete(length)) if length > MOST_HEAD => Err(Status::HeadTooLarge),
            Ok(Parsed::Complete(length)) => Ok(Some((Self::of(&request)?, length))),
            Ok(Parsed::Partial) if bytes.len() >= MOST_HEAD => Err(Status::HeadTooLarge),
            Ok(Parsed::Partial) => Ok(None),
            Err(httparse::Error::TooManyHeaders) => Err(Status::HeadTooLarge),
            Err(httparse::Error::Version) if names_a_version(bytes) => Err(Status::Version),
            Err(_) => Err(Status::BadRequest),
        }
    }

    fn of(request: &Request<'_, '_>) -> Result<Self, Status> {
        let is_old = request.version == Some(0);
        check_host(request, is_old)?;
        let is_head = match request.method.unwrap_or_default() {
            "GET" => false,
            "HEAD" => true,
            "POST" | "PUT" | "DELETE" | "CONNECT" | "OPTIONS" | "TRACE" | "PATCH" => {
                return Err(Status::MethodNotAllowed);
            }
            _ => return Err(Status::NotImplemented),
        };
        let connection = value(request, "connection")?.unwrap_or_default().to_ascii_lowercase();
        let says = |option| connection.split(',').any(|said| said.trim() == option);
        let keep_alive = if is_old { says("keep-alive") } else { !says("close") };
        Ok(Self {
            is_head,
            target: target(request.path.unwrap_or_default())?,
            keep_alive,
            is_old,
            has_body: has_body(request)?,
            range: value(request, "range")?,
            if_range: value(request, "if-range")?,
            if_none_match: value(request, "if-none-match")?,
            if_modified_since: value(request, "if-modified-since")?,
        })
    }
}

/// Whether the request line ends with a version of HTTP, of which this one is not spoken.
fn names_a_version(bytes: &[u8]) -> bool {
    let line = bytes.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    let word = line.and_then(|line| line.trim_ascii().rsplit(|&byte| byte == b' ').next());
    matches!(word, Some([b'H', b'T', b'T', b'P', b'/', digit, ..]) if digit.is_ascii_digit())
}

/// The value of a field; of one that stands there more than once, all, with commas between.
fn value(request: &Request<'_, '_>, name: &str) -> Result<Option<String>, Status> {
    let mut value: Option<String> = None;
    for field in request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name)) {
        let said = std::str::from_utf8(field.value).map_err(|_| Status::BadRequest)?.trim();
        value = Some(value.map_or_else(|| said.to_owned(), |before| format!("{before}, {said}")));
    }
    Ok(value)
}

/// Who speaks HTTP/1.1 names the host, once (RFC 9112, 3.2). Which one does not matter here.
fn check_host(request: &Request<'_, '_>, is_old: bool) -> Result<(), Status> {
    let is_host = |field: &&httparse::Header<'_>| field.name.eq_ignore_ascii_case("host");
    match request.headers.iter().filter(is_host).count() {
        1 => Ok(()),
        0 if is_old => Ok(()),
        _ => Err(Status::BadRequest),
    }
}

/// The target without scheme and host, which a client of a proxy sends (RFC 9112, 3.2.2).
fn target(said: &str) -> Result<String, Status> {
    let scheme = said.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("http://"));
    let target = match scheme.and_then(|_| said.get(7..)) {
        Some(rest) => rest.find('/').map_or("/", |path| rest.get(path..).unwrap_or("/")),
        None => said,
    };
    if target.starts_with('/') { Ok(target.to_owned()) } else { Err(Status::BadRequest) }
}

/// Whether a body follows. Two ways of saying so at once are how requests are smuggled.
fn has_body(request: &Request<'_, '_>) -> Result<bool, Status> {
    let length = value(request, "content-length")?;
    match (value(request, "transfer-encoding")?, length) {
        (None, None) => Ok(false),
        (Some(_), Some(_)) => Err(Status::BadRequest),
        (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => Ok(true),
        (Some(_), None) => Err(Status::NotImplemented),
        (None, Some(length)) => match digits(&length) {
            None => Err(Status::BadRequest),
            Some(length) if length > MOST_BODY => Err(Status::ContentTooLarge),
            Some(length) => Ok(length > 0),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RequestHead, Status> {
        Ok(RequestHead::read(text.as_bytes())?.expect("it is whole").0)
    }

    fn with(line: &str, fields: &str) -> Result<RequestHead, Status> {
        read(&format!("{line}\r\nHost: x\r\n{fields}\r\n"))
    }

    #[test]
    fn what_is_asked_for_is_understood() {
        let head = with("GET /a?b HTTP/1.1", "Range: bytes=1-2\r\nIf-Range: \"x\"\r\n").unwrap();
        let expected = RequestHead {
            target: "/a?b".to_owned(),
            keep_alive: true,
            range: Some("bytes=1-2".to_owned()),
            if_range: Some("\"x\"".to_owned()),
            ..RequestHead::default()
        };
        assert_eq!(head, expected);
        assert!(with("HEAD / HTTP/1.1", "").unwrap().is_head);
        assert_eq!(with("GET http://192.0.2.2/a HTTP/1.1", "").unwrap().target, "/a");
        assert_eq!(with("GET http://192.0.2.2 HTTP/1.1", "").unwrap().target, "/");
    }

    #[test]
    fn whether_the_connection_stays_depends_on_the_version_and_on_what_is_said() {
        for (line, fields, stays) in [
            ("GET / HTTP/1.1", "", true),
            ("GET / HTTP/1.1", "Connection: close\r\n", false),
            ("GET / HTTP/1.1", "Connection: x\r\nConnection: Y, Close\r\n", false),
            ("GET / HTTP/1.0", "", false),
            ("GET / HTTP/1.0", "Connection: Keep-Alive\r\n", true),
        ] {
            assert_eq!(with(line, fields).unwrap().keep_alive, stays, "{line} {fields}");
        }
        assert!(!read("GET / HTTP/1.0\r\n\r\n").unwrap().keep_alive);
    }

    #[test]
    fn what_is_wrong_has_its_answer() {
        for (line, fields, answer) in [
            ("GET / HTTP/2.0", "", Status::Version),
            ("GET / FTP/1.1", "", Status::BadRequest),
            ("GET /", "", Status::BadRequest),
            ("GET a HTTP/1.1", "", Status::BadRequest),
            ("GET * HTTP/1.1", "", Status::BadRequest),
            ("POST / HTTP/1.1", "", Status::MethodNotAllowed),
            ("BREW / HTTP/1.1", "", Status::NotImplemented),
            ("get / HTTP/1.1", "", Status::NotImplemented),
            ("GET / HTTP/1.1", "Host: y\r\n", Status::BadRequest),
            ("GET / HTTP/1.1", "no field\r\n", Status::BadRequest),
            ("GET / HTTP/1.1", "Content-Length: 1048577\r\n", Status::ContentTooLarge),
            ("GET / HTTP/1.1", "Content-Length: +1\r\n", Status::BadRequest),
            ("GET / HTTP/1.1", "Content-Length: 1\r\nContent-Length: 2\r\n", Status::BadRequest),
            ("GET / HTTP/1.1", "Transfer-Encoding: gzip\r\n", Status::NotImplemented),
            (
                "GET / HTTP/1.1",
                "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
                Status::BadRequest,
            ),
        ] {
            assert_eq!(with(line, fields), Err(answer), "{line} {fields}");
        }
        assert_eq!(read("GET / HTTP/1.1\r\n\r\n"), Err(Status::BadRequest), "no host");
        assert!(with("GET / HTTP/1.1", "Content-Length: 5\r\n").unwrap().has_body);
    }

    #[test]
    fn a_head_has_a_bound() {
        assert_eq!(RequestHead::read(b"GET / HTTP/1.1\r\nHost: x\r\n"), Ok(None));
        let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(MOST_HEAD));
        assert_eq!(RequestHead::read(long.as_bytes()), Err(Status::HeadTooLarge));
        let many = "A: b\r\n".repeat(MOST_FIELDS);
        assert_eq!(with("GET / HTTP/1.1", &many), Err(Status::HeadTooLarge));
    }
}
