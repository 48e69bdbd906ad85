//! Removes secrets and personal data from what is written, and finds what was missed.
//!
//! Structure first (headers, parameters and JSON keys by name, `names`), then value (every secret and person of the
//! sandbox in each form it may take on the wire, `values`). What changes from run to run without being secret gives
//! way to a placeholder too, and is kept apart in [`RecordedMessage::volatile`].

mod json;
mod message;
mod names;
mod text;
mod values;

#[cfg(test)]
mod tests;

pub use message::{Echo, RecordedExchange};
pub use values::{Form, Leak, Sensitive, What};

use std::sync::Arc;

use crate::event::{Mismatch, RecordedMessage};
use crate::exchange::{Exchange, Request, Response};

/// Characters of a body that a recorded message keeps at most.
pub const BODY_LIMIT: usize = 16 * 1024;

/// Bytes of one side of a mismatch that are kept.
const MISMATCH_LIMIT: usize = 400;

/// Knows what must not be written.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    // Shared, since many places of a run hold one and making it takes milliseconds.
    values: Arc<values::Values>,
}

impl Redactor {
    /// Builds a redactor that also knows these values. `{n}` in a value stands for any digits.
    pub fn new<'a>(sensitive: impl IntoIterator<Item = Sensitive<'a>>) -> Self {
        Self { values: Arc::new(values::Values::new(sensitive)) }
    }

    /// Records a request on its own.
    pub fn request(&self, request: &Request) -> RecordedMessage {
        message::record_request(&self.values, request, &mut Echo::default())
    }

    /// Records a response on its own. Prefer [`Redactor::exchange`]: an answer may repeat what was asked.
    pub fn response(&self, response: &Response) -> RecordedMessage {
        message::record_response(&self.values, response, &mut Echo::default())
    }

    /// Records an exchange; values that the request carries under a sensitive name are removed from the answer too.
    pub fn exchange(&self, exchange: &Exchange) -> RecordedExchange {
        message::record_exchange(&self.values, exchange)
    }

    /// Redacts free text: JSON, `name=value` pairs, signing texts and known values in it.
    pub fn text(&self, text: &str) -> String {
        self.text_of(&Echo::default(), text)
    }

    /// Redacts text that speaks of a recorded exchange.
    pub fn text_of(&self, echo: &Echo, text: &str) -> String {
        let mut found = Echo::default();
        let structured = text::redact_text(text, &mut found);
        self.values.replace(&found.replace(&echo.replace(&structured))).into_owned()
    }

    /// Redacts a mismatch: what stands at a sensitive place goes whole.
    pub fn mismatch(&self, echo: &Echo, mismatch: &Mismatch) -> Mismatch {
        let last = mismatch.place.rsplit(['.', ' ', '#', '/']).next().unwrap_or_default();
        let name = last.trim_end_matches("[]");
        let safe = |text: &str| message::cut_text(text, MISMATCH_LIMIT, |text| self.text_of(echo, text));
        let side = |text: &str| match names::treatment(name) {
            Some(names::Treatment::Redact) if !is_telling(text) => format!("<redacted {name}>"),
            _ => safe(text),
        };
        Mismatch { place: safe(&mismatch.place), expected: safe(&mismatch.expected), actual: side(&mismatch.actual) }
    }

    /// Replaces known values only; for text that was redacted by structure before.
    pub fn values_in<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        self.values.replace(text)
    }

    /// Finds known values, in any form, in a finished file. Leaks are told by kind and place, never by value.
    pub fn scan(&self, bytes: &[u8]) -> Vec<Leak> {
        self.values.scan(bytes)
    }
}

/// Says whether a text at a sensitive place tells of its absence or shape only.
fn is_telling(text: &str) -> bool {
    matches!(text, "" | "\"\"" | "absent" | "null" | "empty")
}
