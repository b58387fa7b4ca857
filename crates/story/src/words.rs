//! Numbers, lists and bytes in English.

use std::fmt::Write;
use std::time::Duration;

/// How long a text is said whole, in bytes; of what is longer only the length is said.
const MOST_TEXT: usize = 40;

/// The same for bytes that are no text.
const MOST_BYTES: usize = 16;

/// A time span in milliseconds.
#[must_use]
pub const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A time span in seconds.
#[must_use]
pub const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Bytes as they stand in a sentence: `"abc"`, `the bytes 00 ff`, `1472 bytes`, `nothing`.
#[must_use]
pub fn quote(bytes: &[u8]) -> String {
    let is_text = bytes.iter().all(|&byte| byte == b' ' || byte.is_ascii_graphic());
    match bytes.len() {
        0 => "nothing".to_owned(),
        1..=MOST_TEXT if is_text => format!("\"{}\"", bytes.escape_ascii()),
        1 => format!("the byte{}", hex(bytes)),
        2..=MOST_BYTES => format!("the bytes{}", hex(bytes)),
        length => format!("{length} bytes"),
    }
}

/// A payload as a field of a packet: `data "abc"`, `no data`.
pub(crate) fn data(data: &[u8]) -> String {
    if data.is_empty() { "no data".to_owned() } else { format!("data {}", quote(data)) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, " {byte:02x}");
        text
    })
}

/// How two stretches of data differ, as a sentence about `name`; `None` if they do not.
pub(crate) fn data_difference(name: &str, is: &[u8], should_be: &[u8]) -> Option<String> {
    if is == should_be {
        return None;
    }
    let (is_quoted, should_be_quoted) = (quote(is), quote(should_be));
    if is_quoted != should_be_quoted {
        return Some(format!("Its {name} is {is_quoted}, but should be {should_be_quoted}."));
    }
    let at = is.iter().zip(should_be).position(|(is, should_be)| is != should_be)?;
    let (is, should_be) = (is.get(at)?, should_be.get(at)?);
    Some(format!("Byte {at} of its {name} is {is:#04x}, but should be {should_be:#04x}."))
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `200 ms`, `1.5 s`, `2 us`.
pub(crate) fn duration(duration: Duration) -> String {
    let text = format!("{duration:?}").replace('µ', "u");
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(number.len()..).unwrap_or_default();
    format!("{number} {unit}")
}

/// `1 byte`, `2 bytes`.
pub(crate) fn count(number: u64, one: &str, several: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {several}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_quoted_as_they_read_best() {
        assert_eq!(quote(b""), "nothing");
        assert_eq!(quote(b"a \"quoted\" word"), r#""a \"quoted\" word""#);
        assert_eq!(quote(&[0]), "the byte 00");
        assert_eq!(quote(&[0, 0xff]), "the bytes 00 ff");
        assert_eq!(quote(&[b'a'; 41]), "41 bytes");
        assert_eq!(quote(&[0; 17]), "17 bytes");
    }

    #[test]
    fn data_that_is_too_long_to_quote_differs_at_a_byte() {
        let mut is = [b'a'; 100];
        assert_eq!(data_difference("data", &is, &[b'a'; 100]), None);
        is[70] = b'b';
        assert_eq!(
            data_difference("data", &is, &[b'a'; 100]).unwrap(),
            "Byte 70 of its data is 0x62, but should be 0x61."
        );
        assert_eq!(
            data_difference("data", &is, &[b'a'; 99]).unwrap(),
            "Its data is 100 bytes, but should be 99 bytes."
        );
    }

    #[test]
    fn spans_of_time_have_a_unit() {
        assert_eq!(duration(ms(200)), "200 ms");
        assert_eq!(duration(ms(1500)), "1.5 s");
        assert_eq!(duration(Duration::from_micros(2)), "2 us");
    }

    #[test]
    fn lists_end_in_and() {
        let items = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(list(&items[..1]), "a");
        assert_eq!(list(&items[..2]), "a and b");
        assert_eq!(list(&items), "a, b and c");
    }
}
