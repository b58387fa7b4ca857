//! From flights and notes to rows.

use packet::Instant;

use super::canvas::{Canvas, Row, Shape, wrap};
use super::flight::{End, Flight, Flights, find};
use super::{Entry, Ladder, MOST_ENTRIES, What};
use crate::words;

/// Draws the ladder.
pub(super) fn draw(ladder: &Ladder) -> String {
    let entries = &ladder.entries;
    let Flights { flights, faults_alone } = find(&ladder.hosts, entries);
    let canvas = Canvas::new(ladder.hosts.len());
    let names = ladder.hosts.iter().map(|host| host.name.as_str());
    let mut drawing = Drawing {
        entries,
        flights: &flights,
        canvas: &canvas,
        lines: vec![canvas.header(names)],
        last_time: None,
        has_connections: has_connections(entries),
        departures_apart: Vec::new(),
        legend: Legend { not_kept: ladder.not_kept, ..Legend::default() },
    };
    let moves = moves(&flights, entries.len());
    for (index, Entry { what, .. }) in entries.iter().enumerate() {
        for &flight in moves.get(index).into_iter().flatten() {
            drawing.flight(flight, index);
        }
        match what {
            What::Note { host, connection, words } => match connection {
                Some(connection) if drawing.has_connections => {
                    drawing.note(index, *host, &format!("{connection}: {words}"));
                }
                _ => drawing.note(index, *host, words),
            },
            What::Fault { host, fault, label, .. }
                if faults_alone.binary_search(&index).is_ok() =>
            {
                let label = label.text(drawing.has_connections);
                let words = format!("{label}: the link {}", words::of_fault(*fault));
                drawing.note(index, host.unwrap_or(0), &words);
            }
            What::Fault { .. } | What::Frame { .. } => {}
        }
    }
    drawing.legend.draw(&mut drawing.lines);
    drawing.lines.join("\n")
}

/// Whether several connections are to be told apart, by their ports.
fn has_connections(entries: &[Entry]) -> bool {
    let mut connections = entries.iter().filter_map(|entry| match &entry.what {
        What::Frame { label, .. } | What::Fault { label, .. } => {
            label.ports.map(|(a, b)| (a.min(b), a.max(b)))
        }
        What::Note { .. } => None,
    });
    let first = connections.next();
    connections.any(|connection| Some(connection) != first)
}

/// For each entry the flights that leave or arrive in it.
fn moves(flights: &[Flight], entries: usize) -> Vec<Vec<usize>> {
    let mut moves = vec![Vec::new(); entries];
    for (place, flight) in flights.iter().enumerate() {
        let arrival = match flight.end {
            End::Arrived(arrival) => Some(arrival),
            End::Lost(_) | End::Unknown => None,
        };
        let arrival = arrival.filter(|&arrival| Some(arrival) != flight.departure);
        for index in [flight.departure, arrival].into_iter().flatten() {
            if let Some(moves) = moves.get_mut(index) {
                moves.push(place);
            }
        }
    }
    moves
}

struct Drawing<'a> {
    entries: &'a [Entry],
    flights: &'a [Flight],
    canvas: &'a Canvas,
    lines: Vec<String>,
    /// The time of the row above.
    last_time: Option<Instant>,
    /// Whether there are several connections: then each is named.
    has_connections: bool,
    /// The flights whose arrival has a row of its own, in the order of their numbers.
    departures_apart: Vec<usize>,
    legend: Legend,
}

impl Drawing<'_> {
    /// Draws what happens to a flight in an entry: it leaves, it arrives, or both.
    fn flight(&mut self, place: usize, index: usize) {
        let Some(flight) = self.flights.get(place) else { return };
        let is_rightward = flight.from < flight.to;
        let (label, shape) = match (flight.departure, &flight.end) {
            (_, End::Lost(reason)) => {
                self.legend.has_loss = true;
                (
                    full_label(flight, self.has_connections),
                    Shape::Departing(mark("X", reason, is_rightward)),
                )
            }
            (_, End::Unknown) => {
                self.legend.has_unknown = true;
                (full_label(flight, self.has_connections), Shape::Departing("?".to_owned()))
            }
            (None, End::Arrived(_)) => {
                self.legend.has_unsent = true;
                (full_label(flight, self.has_connections), Shape::Arriving("+".to_owned()))
            }
            (Some(departure), &End::Arrived(arrival)) => {
                let is_one_row = self.is_one_row(departure, arrival);
                if is_one_row && index == arrival && index != departure {
                    return;
                }
                if is_one_row {
                    (full_label(flight, self.has_connections), Shape::Whole)
                } else if index == departure {
                    self.departures_apart.push(place);
                    (full_label(flight, self.has_connections), Shape::Departing(self.number(place)))
                } else {
                    let overtaken = if self.is_overtaken(flight) { ", overtaken" } else { "" };
                    (format!("arrives{overtaken}"), Shape::Arriving(self.number(place)))
                }
            }
        };
        let mut row = self.row(index);
        row.arrow(flight.from, flight.to, &label, &shape);
        if let (Some(departure), &End::Arrived(arrival)) = (flight.departure, &flight.end)
            && !matches!(shape, Shape::Departing(_))
        {
            let took = self.at(arrival) - self.at(departure);
            if !took.is_zero() {
                row.took(&words::duration(took));
            }
        }
        self.lines.push(row.finish());
    }

    fn note(&mut self, index: usize, host: usize, words: &str) {
        for line in wrap(words, self.canvas.note_width()) {
            let mut row = self.row(index);
            row.note(host, &line);
            self.lines.push(row.finish());
        }
    }

    /// A row for an entry, with its time unless the row above has the same. An arrival that is
    /// drawn with its departure has no row, so times never run backward.
    fn row(&mut self, index: usize) -> Row {
        let at = self.at(index);
        let mut row = self.canvas.row();
        if self.last_time != Some(at) {
            row.time(&at.to_string());
        }
        self.last_time = Some(at);
        row
    }

    fn at(&self, index: usize) -> Instant {
        self.entries.get(index).map_or(Instant::START, |entry| entry.at)
    }

    /// Whether nothing is to be drawn between the two but what belongs to the departure's moment.
    fn is_one_row(&self, departure: usize, arrival: usize) -> bool {
        let left = self.at(departure);
        let between = self.entries.get(departure + 1..arrival).unwrap_or_default();
        between.iter().all(|entry| match entry.what {
            What::Fault { .. } => true,
            What::Note { .. } => entry.at == left,
            What::Frame { .. } => false,
        })
    }

    /// Whether a frame that left later, the same way, arrived earlier.
    fn is_overtaken(&self, flight: &Flight) -> bool {
        let End::Arrived(arrival) = flight.end else { return false };
        self.flights.iter().any(|other| {
            (other.from, other.to) == (flight.from, flight.to)
                && other.departure.is_some()
                && other.departure > flight.departure
                && matches!(other.end, End::Arrived(earlier) if earlier < arrival)
        })
    }

    /// `(1)` for the first flight that is drawn in two rows.
    fn number(&mut self, place: usize) -> String {
        self.legend.has_number = true;
        let number = self.departures_apart.iter().position(|&known| known == place);
        format!("({})", number.map_or(0, |number| number + 1))
    }
}

/// What the frame is, and what the link did to it.
fn full_label(flight: &Flight, shows_ports: bool) -> String {
    let label = flight.label.text(shows_ports);
    if flight.notes.is_empty() {
        return label;
    }
    format!("{label} [{}]", flight.notes.join(", "))
}

/// The sign stands next to the arrow's end, the reason behind it.
fn mark(sign: &str, reason: &str, is_rightward: bool) -> String {
    if is_rightward { format!("{sign} {reason}") } else { format!("{reason} {sign}") }
}

/// What the signs in the drawing say; only those that are there.
#[derive(Default)]
struct Legend {
    has_loss: bool,
    has_unknown: bool,
    has_unsent: bool,
    has_number: bool,
    not_kept: usize,
}

impl Legend {
    fn draw(&self, lines: &mut Vec<String>) {
        let signs = [
            (self.has_number, "(1)  the same frame: where it leaves, and where it arrives"),
            (self.has_loss, "X    ends here: the link lost it"),
            (self.has_unknown, "?    never seen to arrive"),
            (
                self.has_unsent,
                "+    begins here: a copy that the link made, or a frame that no host sent",
            ),
        ];
        if signs.iter().any(|&(is_there, _)| is_there) {
            lines.push(String::new());
        }
        for (is_there, words) in signs {
            if is_there {
                lines.push(format!("  {words}"));
            }
        }
        if self.not_kept > 0 {
            let not_kept = self.not_kept;
            lines.push(format!("  {not_kept} events after the first {MOST_ENTRIES} are not drawn"));
        }
    }
}
