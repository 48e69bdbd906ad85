//! Finished files: written whole, then searched for secrets; a file that leaks does not stay.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::redact::{Leak, Redactor};
use crate::report::{Document, Format, Lang, render};

/// Why a report is not there.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("write {path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    /// A bug in idvet: exit code 70.
    #[error("keep {path}: it held {leak}, and was removed; this is a bug in idvet")]
    Leak { path: PathBuf, leak: Leak },
    /// The same of a text for stdout.
    #[error("show the report: it held {leak}, and was not printed; this is a bug in idvet")]
    ShownLeak { leak: Leak },
}

impl WriteError {
    /// Says whether idvet is to blame (exit code 70) rather than the disk (2).
    pub fn is_bug(&self) -> bool {
        matches!(self, Self::Leak { .. } | Self::ShownLeak { .. })
    }
}

/// Searches a text that is about to be shown.
pub fn check_shown(text: &str, redactor: &Redactor) -> Result<(), WriteError> {
    match redactor.scan(text.as_bytes()).into_iter().next() {
        None => Ok(()),
        Some(leak) => Err(WriteError::ShownLeak { leak }),
    }
}

/// Renders a format into a file and checks the file.
pub fn write_report(
    format: Format,
    path: &Path,
    document: &Document,
    lang: Lang,
    redactor: &Redactor,
) -> Result<(), WriteError> {
    write_text(path, &render(format, document, lang), redactor)
}

/// Writes a text into a file and checks the file.
pub fn write_text(path: &Path, text: &str, redactor: &Redactor) -> Result<(), WriteError> {
    let io = |source| WriteError::Io { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    std::fs::write(path, text).map_err(io)?;
    check_finished(path, redactor)
}

/// Searches a finished file for known secrets and persons, and removes it when it holds one.
pub fn check_finished(path: &Path, redactor: &Redactor) -> Result<(), WriteError> {
    let io = |source| WriteError::Io { path: path.to_owned(), source };
    match first_leak(path, redactor).map_err(io)? {
        None => Ok(()),
        Some(leak) => {
            std::fs::remove_file(path).map_err(io)?;
            Err(WriteError::Leak { path: path.to_owned(), leak })
        }
    }
}

/// Searches line by line: a file may be large, and no known value holds a line feed.
fn first_leak(path: &Path, redactor: &Redactor) -> std::io::Result<Option<Leak>> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    let (mut number, mut offset) = (0, 0);
    while reader.read_until(b'\n', &mut line)? > 0 {
        if let Some(mut leak) = redactor.scan(&line).into_iter().next() {
            leak.line += number;
            leak.offset += offset;
            return Ok(Some(leak));
        }
        number += 1;
        offset += line.len();
        line.clear();
    }
    Ok(None)
}
