//! `idvet report`: formats of a run that is over, made from its events.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, Subcommand};

use super::{Failure, World, exit};
use crate::coverage::Summary;
use crate::redact::Redactor;
use crate::report::diff::Difference;
use crate::report::events::{EventReadError, Stream, read_events};
use crate::report::{
    Document, Format, Lang, UnknownFormat, WriteError, check_shown, render, render_coloured, write_report,
};

/// Arguments of `idvet report`.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    #[command(subcommand)]
    pub command: ReportCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ReportCommand {
    /// Makes any format again from the events of a run
    Render(RenderArgs),
    /// Compares two runs: fixed, regressed, newly exercised, as Markdown; exit code 1 when anything got worse
    Diff(DiffArgs),
}

/// Arguments of `idvet report diff`.
#[derive(Debug, Clone, Args)]
pub struct DiffArgs {
    /// events.jsonl of the earlier run, or the folder it lies in
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The same of the later run
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// Language: en or zh
    #[arg(long, default_value = "en")]
    pub lang: Lang,
}

/// Arguments of `idvet report render`.
#[derive(Debug, Clone, Args)]
pub struct RenderArgs {
    /// console, json, junit or markdown; with =PATH into a file (- or nothing: stdout)
    #[arg(required = true, value_name = "FORMAT[=PATH]")]
    pub formats: Vec<FormatRequest>,
    /// events.jsonl, or the folder it lies in
    #[arg(long, value_name = "DIR|FILE", default_value = "reports/latest")]
    pub from: PathBuf,
    /// Language of console, junit and markdown: en or zh
    #[arg(long, default_value = "en")]
    pub lang: Lang,
}

/// A format and where it goes, as typed: `junit=out/junit.xml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatRequest {
    pub format: Format,
    /// Absent: its usual file in a live run, stdout in `render`.
    pub path: Option<PathBuf>,
    /// True when `=-` asked for stdout.
    pub is_stdout: bool,
}

impl FromStr for FormatRequest {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let (name, path) = text.split_once('=').map_or((text, None), |(name, path)| (name, Some(path)));
        let is_stdout = path == Some("-");
        let path = path.filter(|path| !path.is_empty() && *path != "-").map(PathBuf::from);
        Ok(Self { format: name.parse()?, path, is_stdout })
    }
}

/// Why reports could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("open {path}: {source}")]
    Open { path: PathBuf, source: std::io::Error },
    #[error("{path}: {source}")]
    Read { path: PathBuf, source: EventReadError },
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("write to stdout: {0}")]
    Stdout(std::io::Error),
}

impl ReportError {
    /// Returns the documented exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Write(error) if error.is_bug() => 70,
            _ => 2,
        }
    }
}

pub(super) fn run(args: &ReportArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let mut args = match &args.command {
        ReportCommand::Render(args) => args.clone(),
        ReportCommand::Diff(args) => return diff(args, world),
    };
    args.from = world.path(&args.from);
    for request in &mut args.formats {
        request.path = request.path.as_ref().map(|path| world.path(path));
    }
    Ok(run_render(&args, world.colours_stdout(), world.stdout)?)
}

fn diff(args: &DiffArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let summary =
        |path: &Path| -> Result<Summary, Failure> { Ok(Summary::from_events(&read_stream(&world.path(path))?.events)) };
    let (old, new) = (summary(&args.old)?, summary(&args.new)?);
    let difference = Difference::between(&old, &new);
    let text = difference.to_markdown(&old, &new, args.lang);
    check_shown(&text, &Redactor::default())?;
    world.print(&text)?;
    Ok(if difference.has_regressed() { exit::FAILED } else { exit::SATISFIED })
}

/// `colour` says whether stdout is a terminal that wants it; returns the exit code.
fn run_render(args: &RenderArgs, colour: bool, stdout: &mut dyn Write) -> Result<u8, ReportError> {
    let stream = read_stream(&args.from)?;
    let document = Document::new(&stream.events);
    // Values were removed when the events were written; the shape of identity numbers is searched for all the same.
    let redactor = Redactor::default();
    for request in &args.formats {
        match &request.path {
            Some(path) => write_report(request.format, path, &document, args.lang, &redactor)?,
            None => {
                let text = match request.format {
                    Format::Console if colour => render_coloured(&document, args.lang),
                    format => render(format, &document, args.lang),
                };
                check_shown(&text, &redactor)?;
                stdout.write_all(text.as_bytes()).map_err(ReportError::Stdout)?;
            }
        }
    }
    Ok(0)
}

/// Reads the events of a run from a file, or from the folder that holds `events.jsonl`.
pub fn read_stream(from: &Path) -> Result<Stream, ReportError> {
    let path = if from.is_dir() { from.join("events.jsonl") } else { from.to_owned() };
    let file = File::open(&path).map_err(|source| ReportError::Open { path: path.clone(), source })?;
    read_events(BufReader::new(file)).map_err(|source| ReportError::Read { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_as_typed() {
        let cases = [("json", None), ("json=-", None), ("json=", None), ("json=a=b.json", Some("a=b.json"))];
        for (text, path) in cases {
            let request: FormatRequest = text.parse().expect("a format");
            assert_eq!((request.format, request.path.as_deref()), (Format::Json, path.map(Path::new)), "{text}");
        }
        assert!("html".parse::<FormatRequest>().is_err());
    }

    #[test]
    fn a_missing_stream_is_a_usage_mistake() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let error = read_stream(folder.path()).expect_err("nothing there");
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("events.jsonl"));
    }

    #[test]
    fn a_cut_stream_is_rendered_again_as_a_partial_run() {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/events/cut.jsonl");
        let folder = tempfile::tempdir().expect("temporary folder");
        let junit =
            FormatRequest { format: Format::Junit, path: Some(folder.path().join("a/junit.xml")), is_stdout: false };
        let console = FormatRequest { format: Format::Console, path: None, is_stdout: false };
        let render = RenderArgs { formats: vec![junit, console], from: from.clone(), lang: Lang::En };
        let mut stdout = Vec::new();
        assert_eq!(run_render(&render, false, &mut stdout).expect("rendered"), 0);
        let document = Document::new(&read_stream(&from).expect("readable").events);
        let written = std::fs::read_to_string(folder.path().join("a/junit.xml")).expect("written");
        assert_eq!(written, crate::report::render(Format::Junit, &document, Lang::En));
        assert!(String::from_utf8(stdout).expect("UTF-8").contains("PARTIAL RUN"));
    }
}
