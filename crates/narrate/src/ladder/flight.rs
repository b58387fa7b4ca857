//! Which arrival belongs to which departure, and what became of the rest.

use packet::InterfaceId;
use trace::Fault;

use super::{Entry, FrameId, Host, Label, What};
use crate::words;

/// A frame on its way from one host to another.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) label: Label,
    /// What the link did to it, beside losing it.
    pub(super) notes: Vec<String>,
    /// The entry in which it leaves. `None` if nobody told of that.
    pub(super) departure: Option<usize>,
    pub(super) end: End,
    /// The frame as it left, and as it may arrive.
    frames: [FrameId; 2],
    /// Whether the link made a copy: what it loses from then on is that.
    is_duplicated: bool,
    interface: Option<InterfaceId>,
}

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It arrived in this entry; that of its departure if the receiver tells nothing.
    Arrived(usize),
    /// The link lost it, for this reason.
    Lost(&'static str),
    /// Nobody told.
    Unknown,
}

/// What the entries come to.
#[derive(Debug, Default)]
pub(super) struct Flights {
    pub(super) flights: Vec<Flight>,
    /// The entries of faults that hit no frame known to have left.
    pub(super) faults_alone: Vec<usize>,
}

/// Finds the flights.
pub(super) fn find(hosts: &[Host], entries: &[Entry]) -> Flights {
    let mut found = Flights { flights: departures(entries), faults_alone: Vec::new() };
    let silent = hosts.iter().position(|host| host.is_silent);
    for index in 0..entries.len() {
        found.apply_fault(entries, index, silent);
    }
    for index in 0..entries.len() {
        found.apply_arrival(entries, index, silent);
    }
    if let Some(silent) = silent {
        for flight in &mut found.flights {
            if let (End::Unknown, Some(departure)) = (&flight.end, flight.departure) {
                flight.to = silent;
                flight.end = End::Arrived(departure);
            }
        }
    }
    found.guess_receivers(hosts.len());
    found
}

fn departures(entries: &[Entry]) -> Vec<Flight> {
    let departure = |(index, entry): (usize, &Entry)| match &entry.what {
        What::Frame { host, interface, is_out: true, frame, label } => Some(Flight {
            from: *host,
            to: *host,
            label: label.clone(),
            notes: Vec::new(),
            departure: Some(index),
            end: End::Unknown,
            frames: [*frame, *frame],
            is_duplicated: false,
            interface: Some(*interface),
        }),
        _ => None,
    };
    entries.iter().enumerate().filter_map(departure).collect()
}

impl Flights {
    fn apply_fault(&mut self, entries: &[Entry], index: usize, silent: Option<usize>) {
        let Some(Entry { what: What::Fault { host, fault, before, after, label }, .. }) =
            entries.get(index)
        else {
            return;
        };
        let loss = loss(*fault);
        if let Some(flight) = self.victim(entries, index, *host, *before) {
            if before != after {
                flight.frames[1] = *after;
            }
            flight.is_duplicated |= *fault == Fault::Duplicated;
            match loss {
                Some(_) if flight.is_duplicated => flight.notes.push("the copy lost".to_owned()),
                Some(reason) => flight.end = End::Lost(reason),
                None => flight.notes.push(note(*fault)),
            }
            return;
        }
        // Nobody saw it leave. If it is lost, only the silent host can have sent it.
        match (loss, silent) {
            (Some(reason), Some(silent)) => {
                let to = host.unwrap_or(usize::from(silent == 0));
                self.flights.push(Flight {
                    from: silent,
                    to,
                    label: label.clone(),
                    notes: Vec::new(),
                    departure: Some(index),
                    end: End::Lost(reason),
                    frames: [*before, *after],
                    is_duplicated: false,
                    interface: None,
                });
            }
            _ => self.faults_alone.push(index),
        }
    }

    /// The flight that a fault hit: one of the same moment if there is, told before the fault or
    /// after it; else the latest before.
    fn victim(
        &mut self,
        entries: &[Entry],
        index: usize,
        host: Option<usize>,
        frame: FrameId,
    ) -> Option<&mut Flight> {
        let at = entries.get(index)?.at;
        self.flights
            .iter_mut()
            .filter(|flight| flight.frames[0] == frame && flight.end == End::Unknown)
            .filter(|flight| host.is_none_or(|host| host == flight.from))
            .filter_map(|flight| {
                let departure = flight.departure?;
                let is_same_moment = entries.get(departure)?.at == at;
                (is_same_moment || departure < index)
                    .then_some(((!is_same_moment, departure.abs_diff(index)), flight))
            })
            .min_by_key(|&(order, _)| order)
            .map(|(_, flight)| flight)
    }

    fn apply_arrival(&mut self, entries: &[Entry], index: usize, silent: Option<usize>) {
        let Some(Entry { what: What::Frame { host, is_out: false, frame, label, .. }, .. }) =
            entries.get(index)
        else {
            return;
        };
        let awaited = self.flights.iter_mut().find(|flight| {
            flight.end == End::Unknown
                && flight.from != *host
                && flight.frames.contains(frame)
                && flight.departure.is_some_and(|departure| departure < index)
        });
        if let Some(flight) = awaited {
            flight.to = *host;
            flight.end = End::Arrived(index);
            return;
        }
        let original = self
            .flights
            .iter()
            .find(|flight| flight.frames.contains(frame) && matches!(flight.end, End::Arrived(_)))
            .map(|flight| flight.from);
        let (from, departure, notes) = match (silent, original) {
            (Some(silent), _) => (silent, Some(index), Vec::new()),
            (None, Some(from)) => (from, None, vec!["a copy".to_owned()]),
            (None, None) => (*host, None, vec!["nobody saw it leave".to_owned()]),
        };
        self.flights.push(Flight {
            from,
            to: *host,
            label: label.clone(),
            notes,
            departure,
            end: End::Arrived(index),
            frames: [*frame; 2],
            is_duplicated: false,
            interface: None,
        });
    }

    /// Who was to get what never arrived: whoever gets what is sent by the same interface, else
    /// the host in the next column. From there comes too what nobody saw leave.
    fn guess_receivers(&mut self, hosts: usize) {
        let routes: Vec<_> = self
            .flights
            .iter()
            .filter(|flight| matches!(flight.end, End::Arrived(_)) && flight.from != flight.to)
            .map(|flight| (flight.from, flight.interface, flight.to))
            .collect();
        for flight in self.flights.iter_mut().filter(|flight| flight.from == flight.to) {
            let right = flight.from + 1;
            let next = if right < hosts { right } else { flight.from.saturating_sub(1) };
            if matches!(flight.end, End::Arrived(_)) {
                flight.from = next;
                continue;
            }
            flight.to = routes
                .iter()
                .find(|&&(from, interface, _)| (from, interface) == (flight.from, flight.interface))
                .map_or(next, |&(_, _, to)| to);
        }
    }
}

const fn loss(fault: Fault) -> Option<&'static str> {
    match fault {
        Fault::Lost => Some("lost"),
        Fault::QueueFull => Some("lost: queue full"),
        Fault::TooLong => Some("lost: too long"),
        Fault::Duplicated | Fault::Reordered { .. } | Fault::Corrupted { .. } => None,
    }
}

fn note(fault: Fault) -> String {
    match fault {
        Fault::Reordered { held } => format!("held back {}", words::duration(held)),
        Fault::Corrupted { bit } => format!("byte {} changed", bit / 8),
        Fault::Duplicated => "doubled".to_owned(),
        Fault::Lost | Fault::QueueFull | Fault::TooLong => String::new(),
    }
}
