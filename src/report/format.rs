//! The formats by name, and which file does which.

use std::str::FromStr;

use crate::report::{Document, Lang, console, json, junit, markdown};

/// A format that a run can be rendered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// For people at a terminal.
    Console,
    /// For programs; [`crate::report::report_schema`] describes it.
    Json,
    /// For CI.
    Junit,
    /// For auditors.
    Markdown,
}

/// A format nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("render {0:?}: formats are console, json, junit, markdown")]
pub struct UnknownFormat(pub String);

impl Format {
    /// Every format, in the order `--help` names them.
    pub const ALL: [Self; 4] = [Self::Console, Self::Json, Self::Junit, Self::Markdown];

    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
        }
    }

    /// Returns the name of its file in the output folder; nothing for the console.
    pub fn file_name(self) -> Option<&'static str> {
        match self {
            Self::Console => None,
            Self::Json => Some("report.json"),
            Self::Junit => Some("junit.xml"),
            Self::Markdown => Some("report.md"),
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|format| format.name() == text).ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// Renders a run, without colour: the bytes depend on the events and the language alone.
pub fn render(format: Format, document: &Document, lang: Lang) -> String {
    match format {
        Format::Console => console::render(document, lang, console::Style::plain()),
        Format::Json => json::render(document),
        Format::Junit => junit::render(document, lang),
        Format::Markdown => markdown::render(document, lang),
    }
}

/// Renders the console report in colour, for terminals that want it.
pub fn render_coloured(document: &Document, lang: Lang) -> String {
    console::render(document, lang, console::Style::coloured())
}
