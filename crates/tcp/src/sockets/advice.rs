//! What connections know of the way to their peers, for the layers below (RFC 1122, 3.3.1.4 and
//! 4.2.3.5; MUST-20): whether what is sent gets through.

use socket::SocketPair;

use crate::connection::News;
use crate::sockets::Sockets;

/// How many pieces of advice wait to be taken. More are left out: what matters comes again.
const ADVICE_LIMIT: usize = 256;

/// Whether what is sent gets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// New data was acknowledged a moment ago. It is told once a second at most.
    Works,
    /// The same was sent [`crate::R1`] times again, and no answer has come.
    IsDoubtful,
}

impl Sockets {
    /// What is to be told of the way between two ends; `None` if there is nothing new.
    pub fn poll_advice(&mut self) -> Option<(SocketPair, Advice)> {
        self.advice.pop_front()
    }

    pub(super) fn advise(&mut self, pair: SocketPair, news: News) {
        let advice = match news {
            News { path_is_doubtful: true, .. } => Advice::IsDoubtful,
            News { path_works: true, .. } => Advice::Works,
            _ => return,
        };
        if self.advice.len() < ADVICE_LIMIT {
            self.advice.push_back((pair, advice));
        }
    }
}
