//! What joins two hosts: a link in each direction.

use link::LinkOptions;
use packet::Medium;

/// What a cable between two interfaces is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cable {
    /// What stands first in each frame that it carries.
    pub medium: Medium,
    /// From the end that is named first to the other.
    pub there: LinkOptions,
    /// From the end that is named second to the first.
    pub back: LinkOptions,
}

impl Cable {
    /// A cable that carries bare IP packets and is the same in both directions.
    #[must_use]
    pub fn ip(options: LinkOptions) -> Self {
        Self { medium: Medium::Ip, there: options.clone(), back: options }
    }

    /// A cable that carries Ethernet frames and is the same in both directions.
    #[must_use]
    pub fn ethernet(options: LinkOptions) -> Self {
        Self { medium: Medium::Ethernet, ..Self::ip(options) }
    }
}
