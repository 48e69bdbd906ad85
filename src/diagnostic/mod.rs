//! Mistakes in files people write: where, what is wrong, what to do; and how a file is read so that all are found.

mod mask;
mod render;
mod schema;
#[cfg(test)]
mod tests;
mod tree;
mod yaml;

use std::ops::Range;
use std::sync::Arc;

pub use mask::mask_below;
pub use render::{Style, render};
pub use yaml::{locate, parse_yaml};

/// One mistake in a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// File as messages name it, for example `suites/cloudauth/init.yaml`.
    pub origin: String,
    /// Text of the whole file, for the snippet.
    pub text: Arc<str>,
    /// Bytes of `text` that the caret marks; empty at 0 when the file as a whole is meant.
    pub span: Range<usize>,
    /// What is wrong, a lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// Returns the line the caret is in, counted from 1.
    pub fn line(&self) -> usize {
        self.text.get(..self.span.start).map_or(1, |before| before.matches('\n').count() + 1)
    }
}

impl std::fmt::Debug for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the text: a failed test would print the whole file for each mistake.
        write!(f, "{}:{:?}: {} ({:?})", self.origin, self.span, self.message, self.hint)
    }
}

/// Returns the candidate most like a word that was written, if any is like it.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let rated = candidates.into_iter().map(|candidate| (strsim::jaro_winkler(word, candidate), candidate));
    rated.filter(|(likeness, _)| *likeness > 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

/// Returns the last character boundary at or before an offset.
fn floor_char(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}
