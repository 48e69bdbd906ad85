//! Lengths of time as people write them: `250ms`, `30s`, `5m`, `1h`.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// A length of time, in whole nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub u64);

const UNITS: &[(&str, u64)] =
    &[("ms", 1_000_000), ("us", 1_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000)];

impl Span {
    /// Returns the length in seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Returns the length as the standard library has it.
    pub fn duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// Parses a number, which may have a fraction, and a unit.
    ///
    /// # Errors
    /// A fragment that says what would be understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is no length of time such as 250ms, 30s, 5m or 1h");
        let at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(refused)?;
        let (number, unit) = text.split_at(at);
        let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(refused)?;
        let number: f64 = number.trim().parse().map_err(|_| refused())?;
        let length = (number * *nanos as f64).round();
        // Ten thousand hours are beyond any run, and far within what nanoseconds in 64 bits hold.
        match (0.0..=3.6e16).contains(&length) {
            true => Ok(Self(length as u64)),
            false => Err(refused()),
        }
    }
}

impl std::fmt::Display for Span {
    /// Writes the largest unit that needs no fraction.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let largest_first = ["h", "m", "s", "ms", "us"];
        let units = largest_first.iter().filter_map(|name| UNITS.iter().find(|(unit, _)| unit == name));
        for (name, nanos) in units {
            if self.0 >= *nanos && self.0.is_multiple_of(*nanos) {
                return write!(f, "{}{name}", self.0 / nanos);
            }
        }
        write!(f, "{}ms", self.0 as f64 / 1e6)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?(ms|us|s|m|h)$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_go_both_ways() {
        for (text, nanos) in [("250ms", 250_000_000), ("30s", 30_000_000_000), ("2m", 120_000_000_000), ("7us", 7_000)]
        {
            let span = Span::parse(text).expect("a length");
            assert_eq!((span.0, span.to_string().as_str()), (nanos, text));
        }
        assert_eq!(Span::parse("1.5s").expect("a length").0, 1_500_000_000);
        assert_eq!(Span::parse("90s").expect("a length").to_string(), "90s");
        for text in ["", "5", "s", "-1s", "1d", "1e99h", "nans"] {
            assert!(Span::parse(text).is_err(), "{text}");
        }
    }
}
