//! The parameters of a call, decoded once.

/// Names and values of query and form, each name once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::mock) struct Parameters(pub(in crate::mock) Vec<(String, String)>);

impl Parameters {
    /// Returns a value, also an empty one.
    pub(in crate::mock) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns a value that is not empty: an empty parameter counts as missing (source: signing.md §1.4).
    pub(in crate::mock) fn given(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Returns a value, or an empty text.
    pub(in crate::mock) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Says whether a parameter has exactly this value.
    pub(in crate::mock) fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == Some(value)
    }

    /// Replaces or adds a value.
    pub(in crate::mock) fn set(&mut self, name: &str, value: String) {
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some(pair) => pair.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }
}
