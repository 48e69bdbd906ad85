//! Reports: one file per format, each a pure function of events.
//!
//! `events.jsonl` is always written; any format can be made from it again and is the same, byte for byte, as in the
//! live run. Fields that differ between two runs with one seed are listed in [`events::VOLATILE_FIELDS`].

mod block;
mod console;
pub mod diff;
mod document;
pub mod events;
pub mod explain;
mod format;
mod json;
mod junit;
pub mod load;
mod markdown;
mod markup;
pub mod progress;
mod table;
mod text;
mod write;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use document::{Document, DocumentBuilder};
pub use format::{Format, UnknownFormat, render, render_coloured};
pub use json::{REPORT_FORMAT, event_schema, report_schema};
pub use text::{Lang, UnknownLang};
pub use write::{WriteError, check_finished, check_shown, write_report, write_text};
