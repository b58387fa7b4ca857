//! The events as JSON, one object a line, for programs.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use dissect::{Dissection, Framing, Layer, dissect};
use serde_json::{Value, json};
use trace::{Direction, End, Event, Fault, Record, Subscriber};

use crate::Detail;
use crate::framing::{LastMedium, offload};
use crate::output::Output;
use crate::words;

/// Writes each event as one JSON object on a line of its own (JSON Lines).
///
/// Every object has `nanoseconds` (since the start of the run), `host` and `event`, which names
/// what happened and so which other members there are.
#[derive(Debug)]
pub struct JsonLines<W> {
    output: Output<W>,
    detail: Detail,
    medium: LastMedium,
}

impl<W: Write> JsonLines<W> {
    /// Writes to `writer`, every event. [`Detail::Layers`] adds `layers` to each frame.
    pub fn new(writer: W, detail: Detail) -> Self {
        Self { output: Output::new(writer), detail, medium: LastMedium::default() }
    }

    /// Why nothing is written any more, if that is so.
    pub const fn error(&self) -> Option<&io::Error> {
        self.output.error()
    }

    fn event(&mut self, event: &Event<'_>) -> (&'static str, Value) {
        match *event {
            Event::Frame { interface, direction, medium, bytes } => {
                self.medium.saw(medium);
                let dissection = dissect(bytes, Framing::from(medium), offload(direction));
                let mut members = self.packet(&dissection, bytes);
                put(&mut members, "interface", json!(interface.0));
                put(&mut members, "direction", json!(direction_name(direction)));
                let offload = offload(direction);
                put(&mut members, "checksum_left_out", json!(offload.checksum_left_out));
                put(&mut members, "segment_size", json!(offload.segment_size));
                ("frame", members)
            }
            Event::Packet { layer, upward, bytes } => {
                let direction = if upward { "up" } else { "down" };
                let layer = words::layer_name(layer);
                let bytes = hex(bytes);
                ("packet", json!({ "layer": layer, "direction": direction, "bytes": bytes }))
            }
            Event::Leaving { layer, bytes, reason } => {
                let layer = words::layer_name(layer);
                let bytes = hex(bytes);
                ("leaving", json!({ "layer": layer, "reason": reason, "bytes": bytes }))
            }
            Event::Dropped { counter, meaning } => {
                ("dropped", json!({ "counter": counter, "meaning": meaning }))
            }
            Event::Fault { fault, bytes } => {
                let dissection = self.medium.dissect(bytes);
                let mut members = self.packet(&dissection, bytes);
                put(&mut members, "fault", json!(fault_name(fault)));
                match fault {
                    Fault::Reordered { held } => {
                        put(&mut members, "held_nanoseconds", json!(duration(held)));
                    }
                    Fault::Corrupted { bit } => put(&mut members, "bit", json!(bit)),
                    Fault::Lost | Fault::QueueFull | Fault::TooLong | Fault::Duplicated => {}
                }
                ("fault", members)
            }
            Event::StateChange { connection, from, to, cause } => (
                "state_change",
                json!({ "connection": connection, "from": from, "to": to, "cause": cause }),
            ),
            Event::TimerSet { owner, timer, deadline, is_routine } => {
                let deadline = nanoseconds(deadline);
                let members = json!({
                    "owner": owner, "timer": timer, "deadline_nanoseconds": deadline,
                    "is_routine": is_routine
                });
                ("timer_set", members)
            }
            Event::TimerFired { owner, timer } => {
                ("timer_fired", json!({ "owner": owner, "timer": timer }))
            }
            Event::Window { connection, whose, bytes } => (
                "window",
                json!({ "connection": connection, "whose": end_name(whose), "bytes": bytes }),
            ),
            Event::RoundTrip { connection, round_trip, smoothed, timeout } => (
                "round_trip",
                json!({
                    "connection": connection, "nanoseconds_measured": duration(round_trip),
                    "smoothed_nanoseconds": duration(smoothed),
                    "timeout_nanoseconds": duration(timeout)
                }),
            ),
            Event::CongestionWindow { connection, window, slow_start_threshold, cause } => (
                "congestion_window",
                json!({
                    "connection": connection, "window": window,
                    "slow_start_threshold": slow_start_threshold, "cause": cause
                }),
            ),
            Event::Retransmission { connection, sequence_number, length, cause } => (
                "retransmission",
                json!({
                    "connection": connection, "sequence_number": sequence_number,
                    "length": length, "cause": cause
                }),
            ),
        }
    }

    fn packet(&self, dissection: &Dissection, bytes: &[u8]) -> Value {
        let summary = &dissection.summary;
        let endpoints = summary.endpoints.as_ref();
        let mut members = json!({
            "source": endpoints.map(|endpoints| &endpoints.source),
            "destination": endpoints.map(|endpoints| &endpoints.destination),
            "what": summary.what,
            "trouble": summary.trouble,
            "length": summary.length,
            "bytes": hex(bytes),
        });
        if self.detail == Detail::Layers {
            put(&mut members, "layers", dissection.layers.iter().map(layer).collect());
        }
        members
    }
}

impl<W: Write> Subscriber for JsonLines<W> {
    fn record(&mut self, record: &Record<'_>) {
        if self.output.error().is_some() {
            return;
        }
        let (name, mut object) = self.event(&record.event);
        put(&mut object, "nanoseconds", json!(nanoseconds(record.at)));
        put(&mut object, "host", json!(record.host));
        put(&mut object, "event", json!(name));
        self.output.write(format!("{object}\n").as_bytes());
    }
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

fn nanoseconds(at: packet::Instant) -> u64 {
    duration(at.since_start())
}

/// In nanoseconds.
fn duration(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn layer(layer: &Layer) -> Value {
    let fields: Vec<_> = layer
        .fields
        .iter()
        .map(|field| {
            json!({
                "offset": field.offset, "name": field.name,
                "value": field.value, "meaning": field.meaning,
            })
        })
        .collect();
    json!({
        "name": layer.name, "offset": layer.bytes.start, "length": layer.bytes.len(),
        "fields": fields, "trouble": layer.trouble,
    })
}

const fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::In(_) => "in",
        Direction::Out(_) => "out",
    }
}

const fn end_name(end: End) -> &'static str {
    match end {
        End::Ours => "ours",
        End::Peers => "peers",
    }
}

const fn fault_name(fault: Fault) -> &'static str {
    match fault {
        Fault::Lost => "lost",
        Fault::QueueFull => "queue_full",
        Fault::TooLong => "too_long",
        Fault::Duplicated => "duplicated",
        Fault::Reordered { .. } => "reordered",
        Fault::Corrupted { .. } => "corrupted",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, record};

    fn objects(detail: Detail, records: &[Record<'_>]) -> Vec<Value> {
        let mut lines = JsonLines::new(Vec::new(), detail);
        for record in records {
            lines.record(record);
        }
        let text = String::from_utf8(lines.output.writer().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn every_event_is_one_object() {
        let records = samples::every_event().map(|event| record(1_500, "strata", event));
        let objects = objects(Detail::Lines, &records);
        let names: Vec<_> =
            objects.iter().map(|object| object["event"].as_str().unwrap()).collect();
        assert_eq!(
            names,
            [
                "frame",
                "packet",
                "dropped",
                "fault",
                "state_change",
                "timer_set",
                "timer_fired",
                "congestion_window",
                "retransmission",
                "leaving",
                "window",
                "round_trip"
            ]
        );
        for object in &objects {
            assert_eq!(object["nanoseconds"], 1_500_000);
            assert_eq!(object["host"], "strata");
        }
        assert_eq!(objects[0]["what"], "ICMP echo request id 7 seq 1");
        assert_eq!(objects[0]["source"], "192.0.2.1");
        assert_eq!(objects[0]["direction"], "in");
        assert_eq!(objects[0]["bytes"].as_str().unwrap().len(), 72);
        assert_eq!(objects[0]["layers"], Value::Null);
        assert_eq!(objects[3]["fault"], "queue_full");
        assert_eq!(objects[5]["deadline_nanoseconds"], 212_000_000);
    }

    #[test]
    fn layers_are_told_when_asked_for() {
        let objects =
            objects(Detail::Layers, &[record(0, "strata", samples::frame_in(samples::PING))]);
        let ttl = &objects[0]["layers"][0]["fields"][8];
        assert_eq!(ttl["name"], "time to live");
        assert_eq!((&ttl["value"], &ttl["offset"]), (&json!("64"), &json!(8)));
    }
}
