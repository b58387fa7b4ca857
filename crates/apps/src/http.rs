//! HTTP/1.1 (RFC 9110, RFC 9112): a server for the files of a folder, and a client for one thing.
//!
//! Heads of messages are read by httparse; what they mean is decided here. TCP is the project's
//! matter, so both do what `curl`, `wget` and a browser need of them, and no more.

mod answer;
mod chunked;
mod date;
mod fetch;
mod folder;
mod listing;
mod media_type;
mod range;
mod request;
mod response;
mod server;
mod status;
mod target;
mod url;

pub use chunked::ChunkedError;
pub use fetch::{BodyProgress, Fetch, FetchError, FetchRequest};
pub use response::{BodyLength, MalformedResponse, ResponseHead};
pub use server::HttpService;
pub use url::{Url, UrlError};

/// The longest head of a message that is read, in bytes.
pub(crate) const MOST_HEAD: usize = 16 << 10;

/// The most header fields that are read.
pub(crate) const MOST_FIELDS: usize = 100;
