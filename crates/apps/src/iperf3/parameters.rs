//! What the client asks to be measured.

use std::time::Duration;

use serde_json::Value;

/// Most streams of a test in one direction, as in iperf3.
pub const MAX_STREAMS: usize = 128;

/// Most bytes in one datagram.
const MAX_DATAGRAM: usize = 65_507;

/// Least bytes in one: its number, and when it was sent.
const MIN_DATAGRAM: usize = 16;

/// The longest test, in seconds, as in iperf3.
const MAX_TIME: u64 = 86_400;

/// What the client asks to be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Whether by UDP; else by TCP.
    pub udp: bool,
    /// How long; `None` if something else ends it.
    pub time: Option<Duration>,
    /// How long at the beginning nothing is counted.
    pub omit: Duration,
    /// How many streams in each direction.
    pub streams: usize,
    /// Whether we receive.
    pub receives: bool,
    /// Whether we send.
    pub sends: bool,
    /// Bytes in a datagram.
    pub datagram: usize,
    /// How fast each stream sends, in bits a second; `None` for as fast as it goes.
    pub rate: Option<u64>,
    /// Whether segments leave without waiting for acknowledgments.
    pub no_delay: bool,
    /// The largest segment, if that was asked for.
    pub mss: Option<u16>,
    /// Whether the number of a datagram has 64 bits.
    pub long_numbers: bool,
}

/// Why a test is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not the JSON of parameters.
    #[error("its parameters make no sense")]
    Unreadable,
    /// More streams than [`MAX_STREAMS`], or none.
    #[error("it wants more than {MAX_STREAMS} streams, or none")]
    Streams,
    /// Longer than a day.
    #[error("its test is longer than a day")]
    Time,
    /// Datagrams that cannot be.
    #[error("its datagrams do not have {MIN_DATAGRAM} to {MAX_DATAGRAM} bytes")]
    Datagram,
    /// Something that is not offered here.
    #[error("it wants SCTP")]
    Protocol,
}

impl Refused {
    /// iperf3's number for it, by which the client says why.
    pub(super) const fn number(self) -> u32 {
        match self {
            Self::Time => 5,
            Self::Streams => 6,
            Self::Protocol => 13,
            Self::Datagram => 20,
            Self::Unreadable => 114,
        }
    }
}

impl Parameters {
    /// Reads what the client sent.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn read(json: &[u8]) -> Result<Self, Refused> {
        let json: Value = serde_json::from_slice(json).map_err(|_| Refused::Unreadable)?;
        if !json.is_object() {
            return Err(Refused::Unreadable);
        }
        let number = |name| number(&json, name);
        let is_set = |name| number(name).map(|value| value.is_some_and(|value| value > 0));
        if is_set("sctp")? {
            return Err(Refused::Protocol);
        }
        let (udp, reverse, both) = (is_set("udp")?, is_set("reverse")?, is_set("bidirectional")?);
        let streams = usize::try_from(number("parallel")?.unwrap_or(1)).ok();
        let streams = streams.filter(|it| (1..=MAX_STREAMS).contains(it));
        let length = usize::try_from(number("len")?.unwrap_or(1460)).unwrap_or(usize::MAX);
        if udp && !(MIN_DATAGRAM..=MAX_DATAGRAM).contains(&length) {
            return Err(Refused::Datagram);
        }
        let (time, omit) = (number("time")?.unwrap_or(0), number("omit")?.unwrap_or(0));
        if time.max(omit) > MAX_TIME {
            return Err(Refused::Time);
        }
        Ok(Self {
            udp,
            time: (time > 0).then(|| Duration::from_secs(time)),
            omit: Duration::from_secs(omit),
            streams: streams.ok_or(Refused::Streams)?,
            receives: !reverse || both,
            sends: reverse || both,
            datagram: length,
            rate: number("bandwidth")?.filter(|&rate| rate > 0),
            no_delay: is_set("nodelay")?,
            mss: number("MSS")?.and_then(|mss| u16::try_from(mss).ok()).filter(|&mss| mss > 0),
            long_numbers: is_set("udp_counters_64bit")?,
        })
    }

    /// How many streams there are in all.
    #[must_use]
    pub const fn all_streams(&self) -> usize {
        if self.receives && self.sends { 2 * self.streams } else { self.streams }
    }
}

/// A number, which may also be written as true or false; `None` if it is not named.
fn number(json: &Value, name: &str) -> Result<Option<u64>, Refused> {
    match json.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(u64::from(*value))),
        Some(value) => value.as_u64().map(Some).ok_or(Refused::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Parameters, Refused> {
        Parameters::read(json.as_bytes())
    }

    #[test]
    fn what_a_stock_client_asks_is_understood() {
        let asked = read(
            r#"{"tcp":true,"omit":1,"time":10,"num":0,"blockcount":0,"parallel":4,"nodelay":true,
                "len":131072,"bandwidth":1000000,"pacing_timer":1000,"client_version":"3.12"}"#,
        )
        .unwrap();
        assert!(!asked.udp && asked.receives && !asked.sends && asked.no_delay);
        assert_eq!((asked.streams, asked.all_streams()), (4, 4));
        assert_eq!(
            (asked.time, asked.omit),
            (Some(Duration::from_secs(10)), Duration::from_secs(1))
        );
        assert_eq!(asked.rate, Some(1_000_000));
        let asked =
            read(r#"{"udp":true,"time":0,"reverse":true,"len":1448,"bandwidth":0}"#).unwrap();
        assert!(asked.udp && !asked.receives && asked.sends);
        assert_eq!((asked.time, asked.rate, asked.datagram), (None, None, 1448));
        let asked = read(r#"{"tcp":true,"bidirectional":1,"parallel":3}"#).unwrap();
        assert_eq!((asked.receives, asked.sends, asked.all_streams()), (true, true, 6));
    }

    #[test]
    fn what_cannot_be_is_refused_with_iperfs_number_for_it() {
        let cases = [
            ("", Refused::Unreadable, 114),
            ("[]", Refused::Unreadable, 114),
            (r#"{"parallel":-1}"#, Refused::Unreadable, 114),
            (r#"{"parallel":"many"}"#, Refused::Unreadable, 114),
            (r#"{"parallel":0}"#, Refused::Streams, 6),
            (r#"{"parallel":129}"#, Refused::Streams, 6),
            (r#"{"time":86401}"#, Refused::Time, 5),
            (r#"{"udp":true,"len":15}"#, Refused::Datagram, 20),
            (r#"{"udp":true,"len":65508}"#, Refused::Datagram, 20),
            (r#"{"sctp":true}"#, Refused::Protocol, 13),
        ];
        for (json, refused, number) in cases {
            assert_eq!(read(json), Err(refused), "{json}");
            assert_eq!(refused.number(), number);
        }
    }
}
