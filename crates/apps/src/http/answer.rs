//! From a request to its answer: which file, which part of it, or why not (RFC 9110, 13 to 15).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Take};
use std::time::{SystemTime, UNIX_EPOCH};

use super::date::HttpDate;
use super::folder::{Folder, Found, FoundFile, status_of};
use super::range::Range;
use super::request::RequestHead;
use super::status::Status;
use super::target::{self, Target};
use super::{listing, media_type};

/// A response: its head, and the body behind it.
#[derive(Debug)]
pub(super) struct Answer {
    /// Status line and fields, with the empty line, and a body that is short.
    pub(super) bytes: Vec<u8>,
    /// The part of a file that follows.
    pub(super) file: Option<Take<File>>,
    /// Whether another request may follow on the connection.
    pub(super) keep_alive: bool,
}

/// What a head is made of.
struct Head {
    status: Status,
    fields: Vec<(&'static str, String)>,
    length: u64,
}

impl Head {
    fn new(status: Status, length: u64) -> Self {
        Self { status, fields: Vec::new(), length }
    }

    fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.fields.push((name, value.to_string()));
        self
    }
}

/// The answer to `request`, by what is in `folder`, at `time` on the wall.
pub(super) fn to(request: &RequestHead, folder: &Folder, time: SystemTime) -> Answer {
    let found = Target::of(&request.target).ok_or(Status::NotFound).and_then(|target| {
        let found = folder.find(&target)?;
        Ok((found, target::of_folder(&target.path)))
    });
    let answered = found.and_then(|(found, name)| match found {
        Found::File(file) => file_answer(request, file, time),
        Found::Moved => {
            let head = Head::new(Status::MovedPermanently, 0).with("Location", name);
            Ok(request.finish(head, b"", None, time))
        }
        Found::Listing(path) => {
            let page = listing::page(&path, &name).map_err(|error| status_of(&error))?;
            let head = Head::new(Status::Ok, page.len() as u64)
                .with("Content-Type", "text/html; charset=utf-8")
                .with("Cache-Control", "no-cache");
            Ok(request.finish(head, page.as_bytes(), None, time))
        }
    });
    answered.unwrap_or_else(|status| of_status(status, request, time))
}

/// The answer to what could not be read as a request.
pub(super) fn to_no_request(status: Status, time: SystemTime) -> Answer {
    of_status(status, &RequestHead::default(), time)
}

/// An answer that consists of its status.
fn of_status(status: Status, request: &RequestHead, time: SystemTime) -> Answer {
    let text = format!("{status}\n");
    let mut head =
        Head::new(status, text.len() as u64).with("Content-Type", "text/plain; charset=utf-8");
    if status == Status::MethodNotAllowed {
        head = head.with("Allow", "GET, HEAD");
    }
    if status == Status::Unavailable {
        head = head.with("Retry-After", 1);
    }
    request.finish(head, text.as_bytes(), None, time)
}

fn file_answer(
    request: &RequestHead,
    found: FoundFile,
    time: SystemTime,
) -> Result<Answer, Status> {
    let FoundFile { mut file, path, length, modified } = found;
    let (date, tag) = (HttpDate::at(modified), entity_tag(modified, length));
    let with_validators = |head: Head| {
        head.with("Last-Modified", date).with("ETag", &tag).with("Accept-Ranges", "bytes")
    };
    if is_unchanged(request, &date, &tag) {
        let head = with_validators(Head::new(Status::NotModified, 0));
        return Ok(request.finish(head, b"", None, time));
    }
    let (status, from, count, content_range) = match wanted_range(request, &date, &tag, length) {
        Range::All => (Status::Ok, 0, length, None),
        Range::Part { from, length: count } => {
            let last = from + count - 1;
            let range = format!("bytes {from}-{last}/{length}");
            (Status::PartialContent, from, count, Some(range))
        }
        Range::Beyond => {
            let head = Head::new(Status::RangeNotSatisfiable, 0)
                .with("Content-Range", format_args!("bytes */{length}"));
            return Ok(request.finish(with_validators(head), b"", None, time));
        }
    };
    file.seek(SeekFrom::Start(from)).map_err(|error| status_of(&error))?;
    let mut head =
        with_validators(Head::new(status, count)).with("Content-Type", media_type::of(&path));
    if let Some(range) = content_range {
        head = head.with("Content-Range", range);
    }
    Ok(request.finish(head, b"", Some(file.take(count)), time))
}

/// A tag that is another when the file is (RFC 9110, 8.8.3).
fn entity_tag(modified: SystemTime, length: u64) -> String {
    let since_1970 = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("\"{:x}-{length:x}\"", since_1970.as_nanos())
}

/// Whether the client has the file already as it is (RFC 9110, 13.1.2 and 13.1.3).
fn is_unchanged(request: &RequestHead, date: &HttpDate, tag: &str) -> bool {
    if let Some(tags) = &request.if_none_match {
        let is_it = |said: &str| said == "*" || said.strip_prefix("W/").unwrap_or(said) == tag;
        return tags.split(',').any(|said| is_it(said.trim()));
    }
    let since = request.if_modified_since.as_deref();
    since.and_then(|since| date.is_no_later_than(since)).unwrap_or(false)
}

/// The range that counts: only what is asked of the file as it is now (RFC 9110, 13.1.5 and 14.2).
fn wanted_range(request: &RequestHead, date: &HttpDate, tag: &str, length: u64) -> Range {
    let condition = request.if_range.as_deref();
    let holds = condition.is_none_or(|said| said == tag || said == date.to_string());
    match &request.range {
        Some(range) if holds && !request.is_head => Range::of(range, length),
        _ => Range::All,
    }
}

impl RequestHead {
    /// Puts an answer together. To HEAD, and with a status that has none, the body stays away.
    fn finish(
        &self,
        head: Head,
        body: &[u8],
        file: Option<Take<File>>,
        time: SystemTime,
    ) -> Answer {
        let Head { status, fields, length } = head;
        // A body that nobody reads would be taken for the next request.
        let keep_alive = self.keep_alive && !self.has_body;
        let mut text = format!("HTTP/1.1 {status}\r\nDate: {}\r\n", HttpDate::at(time));
        text += "Server: strata\r\n";
        for (name, value) in fields {
            text += &format!("{name}: {value}\r\n");
        }
        if status != Status::NotModified {
            text += &format!("Content-Length: {length}\r\n");
        }
        match (keep_alive, self.is_old) {
            (false, _) => text += "Connection: close\r\n",
            (true, true) => text += "Connection: keep-alive\r\n",
            (true, false) => {}
        }
        text += "\r\n";
        let mut bytes = text.into_bytes();
        if self.is_head {
            return Answer { bytes, file: None, keep_alive };
        }
        bytes.extend(body);
        Answer { bytes, file, keep_alive }
    }
}
