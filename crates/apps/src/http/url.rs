//! Where something is: `http://192.0.2.1:8000/folder/page?query`.

use std::fmt::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// The port where none is named.
const DEFAULT_PORT: u16 = 80;

/// A place on a host that is named by its address. There are no names here, for nobody would
/// resolve them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    host: SocketAddr,
    /// Path and query, as they are sent: it begins with a slash and is of visible ASCII.
    target: String,
}

/// Why a text is no such place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It begins otherwise.
    #[error("it does not begin with http://, as in http://192.0.2.1/page")]
    NotHttp,
    /// It asks for encryption.
    #[error("https needs TLS, which is not spoken here; is it there by http:// too?")]
    Https,
    /// What should be an address is none.
    #[error("'{0}' is not an IPv4 address, such as 192.0.2.1, and names are not resolved")]
    NotAnAddress(String),
    /// What should be a port is none.
    #[error("'{0}' is not a port, which is a number from 1 to 65535")]
    NotAPort(String),
    /// It carries a name or password.
    #[error("a name or password before @ is not understood")]
    UserInformation,
}

impl Url {
    /// Who is asked.
    #[must_use]
    pub const fn host(&self) -> SocketAddr {
        self.host
    }

    /// What is asked for: path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The place that `reference` names when it is said here, as in a redirection (RFC 3986, 5.2).
    ///
    /// # Errors
    /// [`UrlError`].
    pub fn join(&self, reference: &str) -> Result<Self, UrlError> {
        let reference = reference.split('#').next().unwrap_or_default();
        let scheme = reference.split_once(':').map(|(scheme, _)| scheme);
        if scheme.is_some_and(|scheme| scheme.bytes().all(|byte| byte.is_ascii_alphabetic())) {
            return reference.parse();
        }
        if reference.starts_with("//") {
            return format!("http:{reference}").parse();
        }
        let path = self.target.split('?').next().unwrap_or_default();
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let target = match reference.bytes().next() {
            None => self.target.clone(),
            Some(b'/') => reference.to_owned(),
            Some(b'?') => format!("{path}{reference}"),
            Some(_) => format!("{folder}/{reference}"),
        };
        Ok(Self { host: self.host, target: visible(&without_dots(&target)) })
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let has_scheme = |scheme: &str| {
            text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
        };
        if has_scheme("https://") {
            return Err(UrlError::Https);
        }
        let rest = text.get(7..).filter(|_| has_scheme("http://")).ok_or(UrlError::NotHttp)?;
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err(UrlError::UserInformation);
        }
        let target = match target.bytes().next() {
            Some(b'/') => without_dots(target),
            _ => format!("/{target}"),
        };
        Ok(Self { host: host(authority)?, target: visible(&target) })
    }
}

fn host(authority: &str) -> Result<SocketAddr, UrlError> {
    let (address, port) = match authority.split_once(':') {
        Some((address, "")) => (address, None),
        Some((address, port)) => (address, Some(port)),
        None => (authority, None),
    };
    let ip: Ipv4Addr = address.parse().map_err(|_| UrlError::NotAnAddress(address.to_owned()))?;
    let port = port.map_or(Ok(DEFAULT_PORT), |text| match text.parse() {
        Ok(port @ 1..) => Ok(port),
        _ => Err(UrlError::NotAPort(text.to_owned())),
    })?;
    Ok(SocketAddr::from((ip, port)))
}

/// A path in which `.` and `..` have been done, and the query behind it (RFC 3986, 5.2.4).
fn without_dots(target: &str) -> String {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            name => kept.push(name),
        }
    }
    if matches!(path.rsplit('/').next(), Some("." | "..")) {
        kept.push("");
    }
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("/{}{query}", kept.join("/"))
}

/// The same in visible ASCII: anything else is percent-encoded, so that no line is broken.
fn visible(text: &str) -> String {
    let mut visible = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_graphic() {
            visible.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(visible, "%{byte:02X}");
        }
    }
    visible
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority(), self.target)
    }
}

impl Url {
    /// What stands in the Host field: the port only where it is not the usual one.
    pub(super) fn authority(&self) -> String {
        match self.host.port() {
            DEFAULT_PORT => self.host.ip().to_string(),
            _ => self.host.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        for (text, told) in [
            ("http://192.0.2.1", "http://192.0.2.1/"),
            ("HTTP://192.0.2.1:80/", "http://192.0.2.1/"),
            ("http://192.0.2.1:8000/a%20b?c=d#e", "http://192.0.2.1:8000/a%20b?c=d"),
            ("http://192.0.2.1?q", "http://192.0.2.1/?q"),
            ("http://192.0.2.1/a/./b/../c", "http://192.0.2.1/a/c"),
            ("http://192.0.2.1/../..", "http://192.0.2.1/"),
            (
                "http://192.0.2.1/two words/ä\r\nX: y",
                "http://192.0.2.1/two%20words/%C3%A4%0D%0AX:%20y",
            ),
        ] {
            assert_eq!(url(text).to_string(), told, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_asked_for_is_said_to_be_so() {
        for (text, why) in [
            ("192.0.2.1/page", UrlError::NotHttp),
            ("ftp://192.0.2.1/", UrlError::NotHttp),
            ("https://192.0.2.1/", UrlError::Https),
            ("http://me@192.0.2.1/", UrlError::UserInformation),
            ("http://example/", UrlError::NotAnAddress("example".to_owned())),
            ("http:///page", UrlError::NotAnAddress(String::new())),
            ("http://192.0.2.1:0/", UrlError::NotAPort("0".to_owned())),
            ("http://192.0.2.1:99999/", UrlError::NotAPort("99999".to_owned())),
        ] {
            assert_eq!(text.parse::<Url>(), Err(why), "{text}");
        }
    }

    #[test]
    fn a_redirection_is_read_from_where_it_is_said() {
        let here = url("http://192.0.2.1:8000/a/b?q");
        for (reference, place) in [
            ("http://192.0.2.9/x", "http://192.0.2.9/x"),
            ("//192.0.2.9/x", "http://192.0.2.9/x"),
            ("/x", "http://192.0.2.1:8000/x"),
            ("x/", "http://192.0.2.1:8000/a/x/"),
            ("../x", "http://192.0.2.1:8000/x"),
            ("..", "http://192.0.2.1:8000/"),
            ("?p", "http://192.0.2.1:8000/a/b?p"),
            ("", "http://192.0.2.1:8000/a/b?q"),
            ("#top", "http://192.0.2.1:8000/a/b?q"),
        ] {
            assert_eq!(here.join(reference).unwrap().to_string(), place, "{reference}");
        }
        assert_eq!(here.join("https://192.0.2.1/"), Err(UrlError::Https));
    }
}
