//! Which bytes of a file are asked for (RFC 9110, 14).

/// What a Range field asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// All: it asks for nothing that is understood, or for several parts, which need not be
    /// answered as such.
    All,
    /// So many bytes from there on.
    Part { from: u64, length: u64 },
    /// Bytes that there are none of.
    Beyond,
}

impl Range {
    /// What `field` asks for of a file of `length` bytes.
    pub(super) fn of(field: &str, length: u64) -> Self {
        let Some((unit, range)) = field.split_once('=') else { return Self::All };
        let Some((first, last)) = range.trim().split_once('-') else { return Self::All };
        if !unit.trim().eq_ignore_ascii_case("bytes") || range.contains(',') {
            return Self::All;
        }
        match (number(first), number(last)) {
            // The last so many.
            (Number::None, Number::Some(0)) => Self::Beyond,
            (Number::None, Number::Some(count)) => {
                Self::part(length.saturating_sub(count), length, length)
            }
            (Number::Some(first), Number::None) => Self::part(first, length, length),
            (Number::Some(first), Number::Some(last)) if first <= last => {
                Self::part(first, last.saturating_add(1), length)
            }
            _ => Self::All,
        }
    }

    const fn part(from: u64, end: u64, length: u64) -> Self {
        if from >= length {
            return Self::Beyond;
        }
        let end = if end < length { end } else { length };
        Self::Part { from, length: end - from }
    }
}

/// One of the two numbers of a range.
enum Number {
    None,
    Some(u64),
    Wrong,
}

/// A number that is too large for its type is beyond every file.
fn number(text: &str) -> Number {
    match text.trim() {
        "" => Number::None,
        text if !text.bytes().all(|byte| byte.is_ascii_digit()) => Number::Wrong,
        text => Number::Some(text.parse().unwrap_or(u64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_what_there_is() {
        let part = |from, length| Range::Part { from, length };
        for (field, expected) in [
            ("bytes=0-0", part(0, 1)),
            ("bytes=2-4", part(2, 3)),
            ("Bytes = 2-", part(2, 8)),
            ("bytes=9-100", part(9, 1)),
            ("bytes=-3", part(7, 3)),
            ("bytes=-30", part(0, 10)),
            ("bytes=0-18446744073709551615", part(0, 10)),
            ("bytes=10-", Range::Beyond),
            ("bytes=99999999999999999999-", Range::Beyond),
            ("bytes=-0", Range::Beyond),
            ("bytes=4-2", Range::All),
            ("bytes=0-1,3-4", Range::All),
            ("bytes=+1-2", Range::All),
            ("bytes=-", Range::All),
            ("bytes=x", Range::All),
            ("lines=0-1", Range::All),
        ] {
            assert_eq!(Range::of(field, 10), expected, "{field}");
        }
        assert_eq!(Range::of("bytes=0-", 0), Range::Beyond);
    }
}
