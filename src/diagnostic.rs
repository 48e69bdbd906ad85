//! Mistakes in files people write: where, what is wrong, what to do.

use std::ops::Range;
use std::sync::Arc;

/// One mistake in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
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
