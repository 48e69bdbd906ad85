//! Histograms as events hold them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;

/// A histogram that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read a histogram of the events: {0}")]
pub struct HistogramError(String);

/// Characters of the longest histogram that is believed.
const LONGEST: usize = 4 << 20;

/// Reads a histogram: HdrHistogram, V2 with deflate, Base64.
///
/// # Errors
/// When it is none.
pub fn read_histogram(text: &str) -> Result<Histogram<u64>, HistogramError> {
    if text.len() > LONGEST {
        return Err(HistogramError(format!("it has {} characters", text.len())));
    }
    let bytes = BASE64_STANDARD.decode(text).map_err(|error| HistogramError(error.to_string()))?;
    let read = Deserializer::new().deserialize(&mut bytes.as_slice());
    read.map_err(|error| HistogramError(error.to_string()))
}

/// Returns an empty histogram of microseconds that grows as it has to.
pub(super) fn empty() -> Histogram<u64> {
    Histogram::new(3).expect("three digits")
}

/// Adds the values of one histogram to another.
pub(super) fn add(to: &mut Histogram<u64>, from: &Histogram<u64>) -> Result<(), HistogramError> {
    to.add(from).map_err(|error| HistogramError(error.to_string()))
}
