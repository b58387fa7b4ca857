//! How far it has come, for a person who waits.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use packet::Instant;

/// How often the line is written anew.
const INTERVAL: Duration = Duration::from_millis(200);

/// A line on standard error, if that is a terminal: `12.3 MB of 100 MB, 45.6 MB/s`.
pub(super) struct Progress {
    is_shown: bool,
    started: Instant,
    shown_at: Instant,
    /// What was there before.
    from: u64,
    /// How much it will be in all, as far as that is known.
    length: Option<u64>,
}

impl Progress {
    pub(super) fn new(is_quiet: bool) -> Self {
        Self {
            is_shown: !is_quiet && io::stderr().is_terminal(),
            started: Instant::START,
            shown_at: Instant::START,
            from: 0,
            length: None,
        }
    }

    pub(super) const fn begin(&mut self, now: Instant, from: u64, length: Option<u64>) {
        (self.started, self.shown_at) = (now, now);
        (self.from, self.length) = (from, length);
    }

    pub(super) fn show(&mut self, now: Instant, received: u64) {
        if self.is_shown && now - self.shown_at >= INTERVAL {
            self.shown_at = now;
            self.write(&self.line(now, received));
        }
    }

    /// Leaves the last line standing.
    pub(super) fn finish(&self, now: Instant, received: u64) {
        if self.is_shown {
            self.write(&format!("{}\n", self.line(now, received)));
        }
    }

    /// Makes room for other words.
    pub(super) fn clear(&self) {
        if self.is_shown {
            self.write("");
        }
    }

    fn write(&self, line: &str) {
        let mut terminal = io::stderr();
        let _ = write!(terminal, "\r\x1b[K{line}");
        let _ = terminal.flush();
    }

    fn line(&self, now: Instant, received: u64) -> String {
        let there = Size(self.from + received);
        let length = self.length.map(|length| format!(" of {}", Size(length)));
        let seconds = (now - self.started).as_secs_f64();
        let rate =
            (seconds > 0.0).then(|| format!(", {:.1} MB/s", received as f64 / seconds / 1e6));
        format!("{there}{}{}", length.unwrap_or_default(), rate.unwrap_or_default())
    }
}

/// A number of bytes, in the unit that suits it.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes @ 0..1_000 => write!(f, "{bytes} bytes"),
            bytes @ 1_000..1_000_000 => write!(f, "{:.1} kB", bytes as f64 / 1e3),
            bytes @ 1_000_000..1_000_000_000 => write!(f, "{:.1} MB", bytes as f64 / 1e6),
            bytes => write!(f, "{:.2} GB", bytes as f64 / 1e9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_much_of_how_much_and_how_fast() {
        let mut progress = Progress::new(true);
        let second = |number| Instant::at(Duration::from_secs(number));
        progress.begin(second(1), 500_000, Some(100_000_000));
        assert_eq!(progress.line(second(3), 11_800_000), "12.3 MB of 100.0 MB, 5.9 MB/s");
        progress.begin(second(1), 0, None);
        assert_eq!(progress.line(second(1), 999), "999 bytes");
        assert_eq!(progress.line(second(2), 2_500_000_000), "2.50 GB, 2500.0 MB/s");
    }
}
