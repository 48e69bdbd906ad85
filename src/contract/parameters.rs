//! The parameters of one request, by name; keys inside `ServiceParameters` count as parameters too.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::{Map, Value};

use super::path;

/// Decoded parameters of a request. A key of the JSON text in `ServiceParameters` is found under its own name, and
/// under `ServiceParameters#name`.
#[derive(Debug)]
pub struct RequestParameters<'a> {
    pairs: Vec<(&'a str, &'a str)>,
    service: OnceCell<Map<String, Value>>,
}

impl<'a> RequestParameters<'a> {
    /// Takes pairs in any order; of a name that comes twice the last counts.
    pub fn new(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self { pairs: pairs.into_iter().collect(), service: OnceCell::new() }
    }

    /// Returns the text of a parameter.
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.own(name) {
            Some(text) => Some(Cow::Borrowed(text)),
            None => self.inner(name.strip_prefix("ServiceParameters#").unwrap_or(name)),
        }
    }

    /// Returns a parameter of the request itself, not of its `ServiceParameters`.
    pub(super) fn own(&self, name: &str) -> Option<&'a str> {
        self.pairs.iter().rev().find(|(key, _)| *key == name).map(|(_, text)| *text)
    }

    /// Returns a key of the JSON text in `ServiceParameters`.
    pub(super) fn inner(&self, name: &str) -> Option<Cow<'_, str>> {
        let value = self.service().get(name).filter(|value| !value.is_null())?;
        Some(path::as_text(value))
    }

    /// Returns every name and text of the request itself, in the order given.
    pub fn pairs(&self) -> &[(&'a str, &'a str)] {
        &self.pairs
    }

    fn service(&self) -> &Map<String, Value> {
        self.service.get_or_init(|| {
            let text = self.own("ServiceParameters").unwrap_or_default();
            serde_json::from_str(text).unwrap_or_default()
        })
    }
}

impl<'a> From<&'a [(String, String)]> for RequestParameters<'a> {
    fn from(pairs: &'a [(String, String)]) -> Self {
        Self::new(pairs.iter().map(|(name, text)| (name.as_str(), text.as_str())))
    }
}
