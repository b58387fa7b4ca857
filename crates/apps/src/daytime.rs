//! Daytime: date and time as a line for people (RFC 867).

use std::borrow::Cow;
use std::time::SystemTime;

use crate::DatagramService;
use crate::calendar::Date;

/// Tells date and time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Daytime;

impl Daytime {
    /// Its well-known port.
    pub const PORT: u16 = 13;
}

impl DatagramService for Daytime {
    fn answer<'a>(&mut self, _request: &'a [u8], time: SystemTime) -> Option<Cow<'a, [u8]>> {
        Some(line(time).into_bytes().into())
    }
}

/// In the first of the forms that the RFC proposes. A host's clock runs in UTC; where its user
/// lives is not known here.
pub(crate) fn line(time: SystemTime) -> String {
    let Date { weekday, month, day, year, hour, minute, second } = Date::at(time);
    format!("{weekday}, {month} {day}, {year} {hour:02}:{minute:02}:{second:02}-UTC\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_line_is_of_the_form_that_the_rfc_shows() {
        // The RFC's own example; it takes that Monday for a Tuesday.
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(383_247_463);
        let answer = Daytime.answer(b"anything", time).unwrap();
        assert_eq!(*answer, *b"Monday, February 22, 1982 17:37:43-UTC\r\n");
    }
}
