//! The window scale: how a field of 16 bits announces a window of up to 1 GiB (RFC 7323, 2).

/// By how many bits a window field is shifted to the left, 0 to 14.
///
/// ```text
///      the field          1 1 1 1 1 0 1 1 0 0 0 0 0 0 0 0
///      the window   1 1 1 1 1 0 1 1 0 0 0 0 0 0 0 0 0 0 0    64,256 * 2^3 = 514,048 bytes
///                                                 ◄─────► 3
/// ```
///
/// The field of a segment with SYN is never scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowScale(u8);

impl WindowScale {
    /// No scaling. It is also what holds if one side does not send the option.
    pub const NONE: Self = Self(0);

    /// The most that is allowed. A window must be shorter than half the sequence space, so that
    /// old numbers can be told from new ones (RFC 7323, 2.3).
    pub const MAX: Self = Self(14);

    /// A shift by `bits`; more than 14 are taken for 14 (RFC 7323, 2.3).
    #[must_use]
    pub const fn new(bits: u8) -> Self {
        if bits > Self::MAX.0 { Self::MAX } else { Self(bits) }
    }

    /// By how many bits, 0 to 14.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The window in bytes that `field` announces.
    #[must_use]
    pub fn window(self, field: u16) -> u32 {
        u32::from(field) << self.0
    }

    /// The field that announces as much of `window` bytes as can be said: what the shift cuts off
    /// is not announced, nor what is beyond the largest field.
    #[must_use]
    pub fn field(self, window: u32) -> u16 {
        u16::try_from(window >> self.0).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn more_than_14_bits_are_taken_for_14() {
        assert_eq!(WindowScale::new(14), WindowScale::MAX);
        assert_eq!(WindowScale::new(15), WindowScale::MAX);
        assert_eq!(WindowScale::new(255).bits(), 14);
        assert_eq!(WindowScale::new(13).bits(), 13);
    }

    #[test]
    fn the_example_in_the_documentation() {
        assert_eq!(WindowScale::new(3).window(0b1111_1011_0000_0000), 514_048);
    }

    proptest! {
        #[test]
        fn must_1_no_scale_makes_a_window_of_half_the_sequence_space(bits: u8, field: u16) {
            prop_assert!(WindowScale::new(bits).window(field) < 1 << 30);
        }

        #[test]
        fn never_more_is_announced_than_there_is_and_never_a_step_less(bits: u8, window: u32) {
            let scale = WindowScale::new(bits);
            let field = scale.field(window);
            prop_assert!(scale.window(field) <= window);
            let next = u64::from(scale.window(field)) + (1 << scale.bits());
            prop_assert!(field == u16::MAX || next > u64::from(window));
            prop_assert_eq!(scale.field(scale.window(field)), field);
        }
    }
}
