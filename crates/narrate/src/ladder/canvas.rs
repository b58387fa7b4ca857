//! Rows of characters with the hosts' columns running through them.

use super::WIDTH;

/// Where the first host's column stands: behind the time.
const LEFT: usize = 12;

/// Where the last host's column stands: before the time that an arrow took.
const RIGHT: usize = 86;

/// Which way an arrow points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pointing {
    Right,
    Left,
}

/// How an arrow begins and ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// From column to column.
    Whole,
    /// From its column to a mark on the way.
    Departing(String),
    /// From a mark on the way to its column.
    Arriving(String),
}

/// The columns of the drawing.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    columns: Vec<usize>,
}

/// One row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    columns: Vec<usize>,
    cells: Vec<char>,
}

impl Canvas {
    pub(super) fn new(hosts: usize) -> Self {
        let gaps = hosts.saturating_sub(1).max(1);
        let columns = (0..hosts).map(|host| LEFT + (RIGHT - LEFT) * host / gaps).collect();
        Self { columns }
    }

    /// The names over their columns.
    pub(super) fn header<'a>(&self, names: impl Iterator<Item = &'a str>) -> String {
        let mut cells = vec![' '; WIDTH];
        put(&mut cells, LEFT - 2 - "time".len(), "time");
        put(&mut cells, RIGHT + 3, "took");
        let lane = (RIGHT - LEFT) / self.columns.len().saturating_sub(1).max(1);
        for (name, &column) in names.zip(&self.columns) {
            let name = clip(name, lane.saturating_sub(2));
            let length = name.chars().count();
            let start = match column {
                LEFT => column,
                RIGHT => (column + 1).saturating_sub(length),
                _ => column.saturating_sub(length / 2),
            };
            put(&mut cells, start, &name);
        }
        finish(&cells)
    }

    /// A row with nothing but the columns in it.
    pub(super) fn row(&self) -> Row {
        let mut cells = vec![' '; WIDTH];
        for &column in &self.columns {
            put(&mut cells, column, "│");
        }
        Row { columns: self.columns.clone(), cells }
    }

    /// How long a line of a note beside a host may be.
    pub(super) const fn note_width(&self) -> usize {
        let gaps = if self.columns.len() > 2 { self.columns.len() - 1 } else { 1 };
        (RIGHT - LEFT) / gaps - 3
    }
}

impl Row {
    pub(super) fn time(&mut self, time: &str) {
        put(&mut self.cells, (LEFT - 2).saturating_sub(time.chars().count()), time);
    }

    pub(super) fn took(&mut self, duration: &str) {
        put(&mut self.cells, RIGHT + 3, &clip(&format!("+{duration}"), WIDTH - RIGHT - 3));
    }

    /// An arrow with `label` on it.
    pub(super) fn arrow(&mut self, from: usize, to: usize, label: &str, shape: &Shape) {
        let (from, to) = (self.column(from), self.column(to));
        let pointing = if from <= to { Pointing::Right } else { Pointing::Left };
        let (start, end) = (from.min(to) + 1, from.max(to));
        let room = end.saturating_sub(start);
        let text = arrow_text(label, shape, room, pointing);
        // What departs stands at the side that it leaves, what arrives where it arrives.
        let at_start = match shape {
            Shape::Whole => true,
            Shape::Departing(_) => pointing == Pointing::Right,
            Shape::Arriving(_) => pointing == Pointing::Left,
        };
        let length = text.chars().count();
        let start = if at_start { start } else { end.saturating_sub(length) };
        for (cell, character) in self.cells.iter_mut().skip(start).zip(text.chars()) {
            *cell = if *cell == '│' && character == '─' { '┼' } else { character };
        }
    }

    /// Words beside a host's column: on the inner side of it.
    pub(super) fn note(&mut self, host: usize, words: &str) {
        let column = self.column(host);
        let start = if column == RIGHT {
            column.saturating_sub(1 + words.chars().count())
        } else {
            column + 2
        };
        put(&mut self.cells, start, words);
    }

    pub(super) fn finish(self) -> String {
        finish(&self.cells)
    }

    fn column(&self, host: usize) -> usize {
        self.columns.get(host).copied().unwrap_or(LEFT)
    }
}

fn arrow_text(label: &str, shape: &Shape, room: usize, pointing: Pointing) -> String {
    let mark = match shape {
        Shape::Whole => "",
        Shape::Departing(mark) | Shape::Arriving(mark) => mark,
    };
    let mark = clip(mark, room.saturating_sub(8));
    let mark_room = if mark.is_empty() { 0 } else { mark.chars().count() + 1 };
    let label = clip(label, room.saturating_sub(mark_room + 7));
    let used = label.chars().count() + 2 + 1 + mark_room;
    let line = match shape {
        Shape::Whole => room.saturating_sub(used),
        Shape::Departing(_) | Shape::Arriving(_) => 4,
    };
    let (left, right) = ("─".repeat(line / 2), "─".repeat(line - line / 2));
    match (shape, pointing) {
        (Shape::Whole, Pointing::Right) => format!("{left} {label} {right}►"),
        (Shape::Whole, Pointing::Left) => format!("◄{left} {label} {right}"),
        (Shape::Departing(_), Pointing::Right) => format!("{left} {label} {right} {mark}"),
        (Shape::Departing(_), Pointing::Left) => format!("{mark} {left} {label} {right}"),
        (Shape::Arriving(_), Pointing::Right) => format!("{mark} {left} {label} {right}►"),
        (Shape::Arriving(_), Pointing::Left) => format!("◄{left} {label} {right} {mark}"),
    }
}

/// Text in lines of at most `width` characters, broken between words where that is possible.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let word = clip(word, width);
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(&word),
            Some(line) if line.chars().count() + 1 + length <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// `text`, or as much of it as fits with a sign that there was more.
fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

fn put(cells: &mut [char], start: usize, text: &str) {
    for (cell, character) in cells.iter_mut().skip(start).zip(text.chars()) {
        *cell = character;
    }
}

fn finish(cells: &[char]) -> String {
    cells.iter().collect::<String>().trim_end().to_owned()
}
