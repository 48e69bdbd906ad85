//! Why a verdict is not what it seems, or a run not satisfied. Displayed in English; reports have other languages.

use std::fmt;

use crate::event::StopCause;

/// One reason.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// A threshold that cannot be read, and why.
    Unreadable(String),
    NoCall,
    NothingMeasured,
    NoneChecked,
    NoGoodAnswer,
    TooFew {
        n: u64,
        percentile: f64,
        needed: f64,
    },
    /// Answers were wrong.
    Void {
        wrong: u64,
        checked: u64,
    },
    EndedEarly,
    /// Calls that were not sent in time; `lacking`: for want of something on this machine.
    Unsent {
        dropped: u64,
        lacking: bool,
    },
    /// This machine had nothing left to open connections with.
    Lacking,
    SentLate {
        ms: f64,
    },
    /// A threshold, as written.
    Missed(String),
    Inconclusive(String, Box<Reason>),
    /// What the run said when it ended.
    Stopped {
        cause: Option<StopCause>,
        said: String,
    },
    CutOff,
    NoneUnderstood,
    /// Of a capacity search.
    NoRateHolds {
        from: f64,
    },
    Unconfirmed,
}

/// What made calls late that is no doing of the target's.
const LACKING: &str =
    "this machine had no file descriptor or port left; raise `ulimit -n`, or lower `connections.at_most`";

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => out.write_str(why),
            Self::NoCall => out.write_str("no call was made"),
            Self::NothingMeasured => out.write_str("nothing was measured"),
            Self::NoneChecked => out.write_str("no answer was held against the contract"),
            Self::NoGoodAnswer => out.write_str("no good answer came"),
            Self::TooFew { n, percentile, needed } => {
                write!(out, "{n} good answers are too few for a p{percentile}: it takes {needed:.0}")
            }
            Self::Void { wrong, checked } => write!(out, "void: {wrong} of {checked} answers checked were wrong"),
            Self::EndedEarly => out.write_str("the run ended early"),
            Self::Unsent { dropped, lacking: false } => write!(out, "{dropped} calls were not sent in time"),
            Self::Unsent { dropped, lacking: true } => write!(out, "{dropped} calls were not sent in time: {LACKING}"),
            Self::Lacking => out.write_str(LACKING),
            Self::SentLate { ms } => {
                write!(out, "calls were sent up to {ms:.1} ms late (p99), more than a tenth of the threshold")
            }
            Self::Missed(text) => write!(out, "missed: {text}"),
            Self::Inconclusive(text, why) => write!(out, "inconclusive: {text} ({why})"),
            Self::Stopped { said, .. } => out.write_str(said),
            Self::CutOff => out.write_str("the run was cut off"),
            Self::NoneUnderstood => out.write_str("no call had an answer that could be understood"),
            Self::NoRateHolds { from } => write!(out, "missed: not even {from} a second holds"),
            Self::Unconfirmed => out.write_str("inconclusive: no rate held as often as it has to"),
        }
    }
}

impl Reason {
    /// Says whether it speaks of a threshold, or of the answer of a search.
    pub fn is_of_threshold(&self) -> bool {
        matches!(self, Self::Missed(_) | Self::Inconclusive(..) | Self::NoRateHolds { .. } | Self::Unconfirmed)
    }
}
