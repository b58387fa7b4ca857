//! The states of a connection (RFC 9293, 3.3.2).
//!
//! ```text
//!                              (no connection)
//!                  connect │                     │ a listener gets a SYN
//!                 send SYN ▼                     ▼ send SYN, ACK
//!                    ┌──────────┐  SYN    ┌──────────────┐
//!                    │ SYN-SENT │────────►│ SYN-RECEIVED │
//!                    └────┬─────┘ SYN,ACK └──────┬───────┘
//!             SYN,ACK │ send ACK                 │ ACK of our SYN
//!                     └─────────►┌─────────────┐◄┘
//!                                │ ESTABLISHED │
//!                 close │ FIN    └──────┬──────┘   FIN │ send ACK
//!                       ▼               │              ▼
//!                ┌────────────┐         │       ┌────────────┐
//!                │ FIN-WAIT-1 │         │       │ CLOSE-WAIT │
//!                └──┬──────┬──┘         │       └─────┬──────┘
//!       ACK of FIN  │      │ FIN        │       close │ FIN
//!                   ▼      ▼            │             ▼
//!        ┌────────────┐ ┌─────────┐     │       ┌──────────┐
//!        │ FIN-WAIT-2 │ │ CLOSING │     │       │ LAST-ACK │
//!        └─────┬──────┘ └────┬────┘     │       └─────┬────┘
//!          FIN │             │ ACK of FIN             │ ACK of FIN
//!              ▼             ▼                        ▼
//!            ┌─────────────────┐   2 MSL        ┌────────┐
//!            │    TIME-WAIT    │───────────────►│ CLOSED │
//!            └─────────────────┘                └────────┘
//! ```

use std::fmt;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// We asked for a connection and wait for the answer.
    SynSent,
    /// Both have asked; we wait for the acknowledgment of our SYN.
    SynReceived,
    /// Data goes both ways.
    Established,
    /// We will send no more, and the peer has not acknowledged that yet.
    FinWait1,
    /// We will send no more, which the peer knows; it may still send.
    FinWait2,
    /// The peer will send no more; we may.
    CloseWait,
    /// Both said at once that they will send no more; the peer has not acknowledged ours yet.
    Closing,
    /// Neither will send any more, the peer said so first; our word is not acknowledged yet.
    LastAck,
    /// All is said. We stay for a while, in case the peer did not hear our last acknowledgment.
    TimeWait,
    /// There is no connection any more.
    Closed,
}

impl State {
    /// The name that the RFC gives it: `SYN-RECEIVED`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
            Self::Closed => "CLOSED",
        }
    }

    /// Whether each side knows the other's sequence numbers.
    #[must_use]
    pub const fn is_synchronized(self) -> bool {
        !matches!(self, Self::SynSent | Self::SynReceived | Self::Closed)
    }

    /// Whether the application may still send: it has not closed.
    #[must_use]
    pub const fn can_send(self) -> bool {
        matches!(self, Self::SynSent | Self::SynReceived | Self::Established | Self::CloseWait)
    }

    /// Whether data may still come: the peer has not sent its FIN.
    #[must_use]
    pub const fn can_receive(self) -> bool {
        matches!(
            self,
            Self::SynSent | Self::SynReceived | Self::Established | Self::FinWait1 | Self::FinWait2
        )
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use State::*;

    const ALL: [State; 10] = [
        SynSent,
        SynReceived,
        Established,
        FinWait1,
        FinWait2,
        CloseWait,
        Closing,
        LastAck,
        TimeWait,
        Closed,
    ];

    fn those(is: fn(State) -> bool) -> Vec<State> {
        ALL.into_iter().filter(|&state| is(state)).collect()
    }

    #[test]
    fn they_are_called_as_in_the_rfc() {
        let names = ALL.map(|state| state.to_string()).join(" ");
        let expected = "SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT CLOSING \
                        LAST-ACK TIME-WAIT CLOSED";
        assert_eq!(names, expected);
    }

    #[test]
    fn who_has_closed_sends_no_more_and_who_got_a_fin_receives_no_more() {
        assert_eq!(those(State::can_send), [SynSent, SynReceived, Established, CloseWait]);
        let receiving = [SynSent, SynReceived, Established, FinWait1, FinWait2];
        assert_eq!(those(State::can_receive), receiving);
    }

    #[test]
    fn once_both_syns_have_come_each_knows_the_other_s_numbers() {
        assert_eq!(those(State::is_synchronized), &ALL[2..9]);
    }
}
