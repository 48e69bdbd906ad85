//! Reports of load runs: one file per format, each a pure function of the events.

mod comparison;
mod console;
mod csv;
mod histograms;
mod html;
mod json;
mod markdown;
mod plots;
mod words;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::Lang;
use super::write::{WriteError, write_text};
use crate::load_summary::LoadSummary;
use crate::redact::Redactor;

pub use comparison::render_comparison;
pub use console::render_console;
pub use json::LOAD_REPORT_FORMAT;

/// A format of load reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadFormat {
    Json,
    Markdown,
    Csv,
    Hgrm,
    Hlog,
    Html,
}

impl LoadFormat {
    pub const ALL: [Self; 6] = [Self::Json, Self::Markdown, Self::Csv, Self::Hgrm, Self::Hlog, Self::Html];

    /// Returns the name of its usual file.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Json => "report.json",
            Self::Markdown => "report.md",
            Self::Csv => "intervals.csv",
            Self::Hgrm => "latency.hgrm",
            Self::Hlog => "latency.hlog",
            Self::Html => "report.html",
        }
    }

    /// Renders a run.
    pub fn render(self, summary: &LoadSummary, lang: Lang) -> String {
        match self {
            Self::Json => json::render(summary),
            Self::Markdown => markdown::render(summary, lang),
            Self::Csv => csv::render(summary),
            Self::Hgrm => histograms::hgrm(summary),
            Self::Hlog => histograms::hlog(summary),
            Self::Html => html::render(summary, lang),
        }
    }
}

/// Writes all formats into a folder, and checks the files. Returns their paths.
///
/// # Errors
/// When one cannot be written, or would leak.
pub fn write_load_reports(
    folder: &Path,
    summary: &LoadSummary,
    lang: Lang,
    redactor: &Redactor,
) -> Result<Vec<PathBuf>, WriteError> {
    let mut written = Vec::new();
    for format in LoadFormat::ALL {
        let path = folder.join(format.file_name());
        write_text(&path, &format.render(summary, lang), redactor)?;
        written.push(path);
    }
    Ok(written)
}
