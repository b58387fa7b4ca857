//! What each side has counted.

use std::time::Duration;

use serde_json::{Value, json};

/// How long the processor has worked for this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTime {
    /// In the process's own code.
    pub user: Duration,
    /// In the kernel's, on its behalf.
    pub system: Duration,
}

impl CpuTime {
    /// Both since `earlier`, each as a percentage of the `time` that has passed since.
    fn load(self, earlier: Self, time: Duration) -> (f64, f64) {
        let percentage = |later: Duration, earlier: Duration| {
            let worked = later.saturating_sub(earlier);
            if time.is_zero() { 0.0 } else { 100.0 * worked.as_secs_f64() / time.as_secs_f64() }
        };
        (percentage(self.user, earlier.user), percentage(self.system, earlier.system))
    }
}

/// What was counted of one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamResult {
    /// iperf3's number for it.
    pub id: u32,
    /// Whether it is we who sent.
    pub sends: bool,
    /// Bytes of payload.
    pub bytes: u64,
    /// Segments that we sent more than once; `None` where we did not send, or by UDP.
    pub retransmits: Option<u64>,
    /// By UDP: how evenly datagrams came, in seconds.
    pub jitter: f64,
    /// By UDP: datagrams that did not come, those before the counting began left out.
    pub lost: u64,
    /// By UDP: datagrams that were sent, those before the counting began left out.
    pub packets: u64,
    /// Of the two, how many before the counting began.
    pub omitted: (u64, u64),
}

/// Writes our results.
pub(super) fn write(
    streams: &[StreamResult],
    time: Duration,
    cpu: CpuTime,
    earlier_cpu: CpuTime,
) -> Vec<u8> {
    let (user, system) = cpu.load(earlier_cpu, time);
    let has_retransmits = streams.iter().any(|stream| stream.retransmits.is_some());
    let streams: Vec<Value> = streams
        .iter()
        .map(|stream| {
            json!({
                "id": stream.id,
                "bytes": stream.bytes,
                "retransmits": stream.retransmits.map_or(json!(-1), Value::from),
                "jitter": stream.jitter,
                "errors": stream.lost + stream.omitted.0,
                "omitted_errors": stream.omitted.0,
                "packets": stream.packets + stream.omitted.1,
                "omitted_packets": stream.omitted.1,
                "start_time": 0,
                "end_time": time.as_secs_f64(),
            })
        })
        .collect();
    let results = json!({
        "cpu_util_total": user + system,
        "cpu_util_user": user,
        "cpu_util_system": system,
        "sender_has_retransmits": i32::from(has_retransmits),
        "streams": streams,
    });
    results.to_string().into_bytes()
}

/// How many bytes the client says that each stream carried, by the streams' numbers. `None` if it
/// says nothing that can be read.
pub(super) fn read(json: &[u8]) -> Option<Vec<(u64, u64)>> {
    let results: Value = serde_json::from_slice(json).ok()?;
    let streams = results.get("streams")?.as_array()?;
    let bytes =
        |stream: &Value| Some((stream.get("id")?.as_u64()?, stream.get("bytes")?.as_u64()?));
    streams.iter().map(bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_write_has_all_that_a_client_looks_for() {
        let stream = StreamResult {
            id: 1,
            sends: true,
            bytes: 1000,
            retransmits: Some(3),
            jitter: 0.5,
            lost: 1,
            packets: 9,
            omitted: (2, 20),
        };
        let at = |user, system| CpuTime {
            user: Duration::from_millis(user),
            system: Duration::from_millis(system),
        };
        let json = write(&[stream], Duration::from_secs(2), at(1500, 400), at(500, 200));
        let read: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(read["cpu_util_user"], 50.0);
        assert_eq!(read["cpu_util_system"], 10.0);
        assert_eq!(read["cpu_util_total"], 60.0);
        assert_eq!(read["sender_has_retransmits"], 1);
        let stream = &read["streams"][0];
        assert_eq!((&stream["errors"], &stream["packets"]), (&json!(3), &json!(29)));
        assert_eq!((&stream["retransmits"], &stream["end_time"]), (&json!(3), &json!(2.0)));
        assert_eq!(super::read(&json), Some(vec![(1, 1000)]));
    }

    #[test]
    fn results_that_are_none_are_noticed() {
        for nothing in ["", "[]", "{}", r#"{"streams":[{"id":1}]}"#, r#"{"streams":7}"#] {
            assert_eq!(read(nothing.as_bytes()), None, "{nothing}");
        }
    }
}
