//! Time as the protocol writes it, and clocks that tests and the mock can move.
//!
//! The system clock is read in `cli` only; everybody else is handed a [`Clock`].

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// An instant, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Returns the instant `seconds` later (earlier when negative).
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000)))
    }

    /// Returns the seconds from `earlier` to `self`, negative when `earlier` is later, rounded towards zero.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0) / 1_000
    }

    /// Returns `yyyy-MM-ddTHH:mm:ssZ` in UTC, the form of `Timestamp` and `x-acs-date` (source: signing.md §1.1, §2.1).
    pub fn to_iso(self) -> String {
        let instant = DateTime::<Utc>::from_timestamp_millis(self.0).unwrap_or_default();
        instant.to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// Parses the form of [`Timestamp::to_iso`]; a fraction of a second is accepted, as real gateways do
    /// (source: gateway-errors.json, InvalidTimeStamp.Format). Any zone but `Z` is refused.
    pub fn parse_iso(text: &str) -> Option<Self> {
        let zoned = text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T');
        let instant = DateTime::parse_from_rfc3339(text).ok().filter(|_| zoned)?;
        Some(Self(instant.timestamp_millis()))
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Returns the present instant.
    fn now(&self) -> Timestamp;
}

/// A clock that stands still, for tests and for replay.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// The clock of the machine; made in `cli` and in test set-up only.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> Timestamp {
        Timestamp(Utc::now().timestamp_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocol_form_goes_both_ways() {
        let instant = Timestamp::parse_iso("2026-11-22T04:41:16Z").expect("parses");
        assert_eq!(instant.to_iso(), "2026-11-22T04:41:16Z");
        assert_eq!(
            Timestamp::parse_iso("2018-07-05T08:24:38.312Z").map(Timestamp::to_iso).as_deref(),
            Some("2018-07-05T08:24:38Z")
        );
        assert_eq!(instant.plus_seconds(-60).seconds_since(instant), -60);
    }

    #[test]
    fn other_forms_are_refused() {
        for text in ["2026-11-22 04:41:16Z", "2026-11-22T04:41:16+08:00", "2026-11-22T04:41:16", "20261122T044116Z", ""]
        {
            assert_eq!(Timestamp::parse_iso(text), None, "{text}");
        }
    }
}
