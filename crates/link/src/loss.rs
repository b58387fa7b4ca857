//! Which frames are lost.

use std::fmt;
use std::str::FromStr;

use crate::Percentage;
use crate::parse::ParseError;
use crate::random::Number;

/// Which frames a link loses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Each with the same probability, whatever happened to the one before. Written `5%`.
    Random(Percentage),
    /// In bursts. Written `gemodel:1%,20%`.
    GilbertElliott(GilbertElliott),
    /// Just these, numbered from 1 in the order in which they are sent. Written `frames:3,7`.
    Frames(Vec<u64>),
}

/// Loss in bursts, after Gilbert (1960) and Elliott (1963): the link is in a good state or a bad
/// one, and each frame may change it.
///
/// ```text
///              p
///       ┌─────────────┐
///   ┌───┴──┐       ┌──▼──┐       a frame is lost with
///   │ good │       │ bad │         loss_in_good, loss_in_bad
///   └───▲──┘       └──┬──┘
///       └─────────────┘
///              r
/// ```
///
/// The bad state lasts for 1/r frames on average, and p/(p+r) of the frames meet it. The link
/// begins in the good state. As in tc-netem(8) a frame meets the state that its predecessor left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GilbertElliott {
    /// How often the good state turns bad. netem's `p`.
    pub p: Percentage,
    /// How often the bad state turns good. netem's `r`.
    pub r: Percentage,
    /// How often a frame is lost in the bad state; 100% if it is not said. netem's `1-h`.
    pub loss_in_bad: Percentage,
    /// How often a frame is lost in the good state; 0% if it is not said. netem's `1-k`.
    pub loss_in_good: Percentage,
}

impl Loss {
    /// No frame is lost.
    pub const NONE: Self = Self::Random(Percentage::ZERO);
}

impl Default for Loss {
    fn default() -> Self {
        Self::NONE
    }
}

impl From<Percentage> for Loss {
    fn from(percentage: Percentage) -> Self {
        Self::Random(percentage)
    }
}

/// The state that loss in bursts needs from one frame to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Weather {
    #[default]
    Good,
    Bad,
}

impl Weather {
    /// Whether the frame of this number, counted from 1, is lost.
    pub(crate) fn takes(&mut self, loss: &Loss, number: u64, drawn: Number) -> bool {
        match loss {
            Loss::Random(percentage) => percentage.happens(drawn.high()),
            Loss::GilbertElliott(model) => self.step(model, drawn),
            Loss::Frames(frames) => frames.contains(&number),
        }
    }

    fn step(&mut self, model: &GilbertElliott, drawn: Number) -> bool {
        let (loss, turn, other) = match self {
            Self::Good => (model.loss_in_good, model.p, Self::Bad),
            Self::Bad => (model.loss_in_bad, model.r, Self::Good),
        };
        if turn.happens(drawn.low()) {
            *self = other;
        }
        loss.happens(drawn.high())
    }
}

impl FromStr for Loss {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.split_once(':') {
            Some(("gemodel", parameters)) => parameters.parse().map(Self::GilbertElliott),
            Some(("frames", numbers)) => frames(numbers).map(Self::Frames),
            Some(_) => Err(ParseError::NotLoss(text.to_owned())),
            None if text.contains(|c: char| c.is_ascii_digit()) => text.parse().map(Self::Random),
            None => Err(ParseError::NotLoss(text.to_owned())),
        }
    }
}

fn frames(numbers: &str) -> Result<Vec<u64>, ParseError> {
    let number = |text: &str| text.parse().ok().filter(|&number| number != 0);
    let all: Option<Vec<u64>> = numbers.split(',').map(number).collect();
    all.ok_or_else(|| ParseError::NotFrames(numbers.to_owned()))
}

impl FromStr for GilbertElliott {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let percentages: Vec<Percentage> =
            text.split(',').map(str::parse).collect::<Result<_, _>>()?;
        let (p, r, loss_in_bad, loss_in_good) = match *percentages.as_slice() {
            [p, r] => (p, r, Percentage::ALL, Percentage::ZERO),
            [p, r, bad] => (p, r, bad, Percentage::ZERO),
            [p, r, bad, good] => (p, r, bad, good),
            _ => return Err(ParseError::NotGilbertElliott(text.to_owned())),
        };
        Ok(Self { p, r, loss_in_bad, loss_in_good })
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random(percentage) => percentage.fmt(f),
            Self::GilbertElliott(model) => write!(f, "gemodel:{model}"),
            Self::Frames(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
                write!(f, "frames:{}", numbers.join(","))
            }
        }
    }
}

impl fmt::Display for GilbertElliott {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{},{}", self.p, self.r, self.loss_in_bad, self.loss_in_good)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Loss, ParseError> {
        text.parse()
    }

    #[test]
    fn each_kind_of_loss_is_written_its_own_way_and_back() {
        let bursts = GilbertElliott {
            p: Percentage::new(1),
            r: Percentage::new(20),
            loss_in_bad: Percentage::ALL,
            loss_in_good: Percentage::ZERO,
        };
        for (text, loss, displayed) in [
            ("5%", Loss::Random(Percentage::new(5)), "5%"),
            ("gemodel:1%,20%", Loss::GilbertElliott(bursts), "gemodel:1%,20%,100%,0%"),
            ("frames:3,7", Loss::Frames(vec![3, 7]), "frames:3,7"),
        ] {
            assert_eq!(parsed(text), Ok(loss.clone()));
            assert_eq!(loss.to_string(), displayed);
            assert_eq!(parsed(displayed), Ok(loss));
        }
    }

    #[test]
    fn the_message_is_about_the_part_that_is_wrong() {
        for (text, error) in [
            ("a lot", ParseError::NotLoss("a lot".into())),
            ("gilbert:1%,2%", ParseError::NotLoss("gilbert:1%,2%".into())),
            ("5", ParseError::NoPercentSign("5".into())),
            ("gemodel:1%", ParseError::NotGilbertElliott("1%".into())),
            ("gemodel:1%,20", ParseError::NoPercentSign("20".into())),
            ("gemodel:1%,2%,3%,4%,5%", ParseError::NotGilbertElliott("1%,2%,3%,4%,5%".into())),
            ("frames:", ParseError::NotFrames(String::new())),
            ("frames:0", ParseError::NotFrames("0".into())),
            ("frames:3,x", ParseError::NotFrames("3,x".into())),
        ] {
            assert_eq!(parsed(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_burst_begins_with_the_frame_after_the_turn_and_ends_with_that_of_the_next() {
        let alternating = "gemodel:100%,100%".parse().unwrap();
        let mut weather = Weather::default();
        let lost: Vec<bool> =
            (1..=4).map(|number| weather.takes(&alternating, number, Number(0))).collect();
        assert_eq!(lost, [false, true, false, true]);
    }
}
