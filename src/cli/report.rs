//! `idvet report`: formats of a run that is over, made from its events.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, Subcommand};

use super::{Failure, World, exit};
use crate::coverage::Summary;
use crate::event::Event;
use crate::load_summary::{Change, CompareOptions, LoadSummary, LoadSummaryError, compare, merge};
use crate::redact::Redactor;
use crate::report::diff::Difference;
use crate::report::events::{EventReadError, EventWriter, Stream, read_events};
use crate::report::load::{LoadFormat, render_comparison, render_console, write_load_reports};
use crate::report::{
    Document, Format, Lang, UnknownFormat, WriteError, check_shown, render, render_coloured, write_text,
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
    /// Merges the shards of a load run into one, without loss, and writes its reports
    Merge(MergeArgs),
    /// Compares the latencies of two load runs; exit code 1 when they got worse beyond doubt
    Compare(CompareArgs),
}

/// Arguments of `idvet report merge`.
#[derive(Debug, Clone, Args)]
pub struct MergeArgs {
    /// events.jsonl of each shard, or the folders they lie in
    #[arg(required = true, value_name = "DIR|FILE")]
    pub runs: Vec<PathBuf>,
    /// Folder for events.jsonl and the reports of the whole
    #[arg(long, value_name = "DIR", default_value = "reports/latest")]
    pub out: PathBuf,
    /// Language of reports: en or zh
    #[arg(long, default_value = "en")]
    pub lang: Lang,
}

/// Arguments of `idvet report compare`.
#[derive(Debug, Clone, Args)]
pub struct CompareArgs {
    /// events.jsonl of the run to compare with, or the folder it lies in
    #[arg(value_name = "BASE")]
    pub base: PathBuf,
    /// The same of the run that is compared
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// Percentiles to compare
    #[arg(long, value_name = "P", value_delimiter = ',', default_value = "50,90,99")]
    pub percentiles: Vec<f64>,
    /// Percent that a change has to have, however certain it is
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0)]
    pub min_effect: f64,
    /// Language: en or zh
    #[arg(long, default_value = "en")]
    pub lang: Lang,
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
    /// console, json, junit or markdown, of a load run also html, csv, hgrm or hlog; with =PATH into a file (- or nothing: stdout)
    #[arg(required = true, value_name = "FORMAT[=PATH]")]
    pub formats: Vec<FormatRequest<AnyFormat>>,
    /// events.jsonl, or the folder it lies in
    #[arg(long, value_name = "DIR|FILE", default_value = "reports/latest")]
    pub from: PathBuf,
    /// Language of console, junit and markdown: en or zh
    #[arg(long, default_value = "en")]
    pub lang: Lang,
}

/// A format and where it goes, as typed: `junit=out/junit.xml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatRequest<F = Format> {
    pub format: F,
    /// Absent: its usual file in a live run, stdout in `render`.
    pub path: Option<PathBuf>,
    /// True when `=-` asked for stdout.
    pub is_stdout: bool,
}

/// A format of any run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnyFormat {
    Of(Format),
    /// One that only load runs have.
    OfLoad(LoadFormat),
}

impl FromStr for AnyFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let of_load = [
            ("html", LoadFormat::Html),
            ("csv", LoadFormat::Csv),
            ("hgrm", LoadFormat::Hgrm),
            ("hlog", LoadFormat::Hlog),
        ];
        match of_load.into_iter().find(|(name, _)| *name == text) {
            Some((_, format)) => Ok(Self::OfLoad(format)),
            None => Ok(Self::Of(text.parse()?)),
        }
    }
}

impl<F: FromStr> FromStr for FormatRequest<F> {
    type Err = F::Err;

    fn from_str(text: &str) -> Result<Self, F::Err> {
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
    #[error("{0}")]
    Load(#[from] LoadSummaryError),
    #[error("render {0}: {1}")]
    WrongKind(&'static str, &'static str),
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
        ReportCommand::Merge(args) => return merge_runs(args, world),
        ReportCommand::Compare(args) => return compare_runs(args, world),
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

fn merge_runs(args: &MergeArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let read = |path: &PathBuf| Ok::<_, Failure>(read_stream(&world.path(path))?.events);
    let runs: Vec<Vec<Event>> = args.runs.iter().map(read).collect::<Result<_, _>>()?;
    let events = merge(&runs).map_err(Failure::usage)?;
    let summary = LoadSummary::from_events(&events).map_err(Failure::usage)?;
    let folder = world.path(&args.out);
    let refuse = |error: std::io::Error| Failure::usage(format!("write to {}: {error}", args.out.display()));
    std::fs::create_dir_all(&folder).map_err(refuse)?;
    let redactor = Redactor::default();
    let mut writer = EventWriter::new(File::create(folder.join("events.jsonl")).map_err(refuse)?, redactor.clone());
    for event in events {
        writer.write(event).map_err(Failure::usage)?;
    }
    write_load_reports(&folder, &summary, args.lang, &redactor)?;
    let text = render_console(&summary, args.lang);
    check_shown(&text, &redactor)?;
    world.print(&text)?;
    Ok(summary.gate.exit_code)
}

fn compare_runs(args: &CompareArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    if let Some(wrong) = args.percentiles.iter().find(|percentile| !(0.0..=100.0).contains(*percentile)) {
        return Err(Failure::usage(format!("compare the percentile {wrong}: it is not between 0 and 100")));
    }
    let read = |path: &Path| -> Result<LoadSummary, Failure> {
        let events = read_stream(&world.path(path))?.events;
        LoadSummary::from_events(&events).map_err(Failure::usage)
    };
    let (base, new) = (read(&args.base)?, read(&args.new)?);
    let options = CompareOptions {
        percentiles: args.percentiles.clone(),
        minimum_effect: args.min_effect / 100.0,
        ..CompareOptions::default()
    };
    let compared = compare(&base, &new, &options).map_err(Failure::usage)?;
    let text = render_comparison(&base, &new, &compared, args.lang);
    check_shown(&text, &Redactor::default())?;
    world.print(&text)?;
    let is = |change: Change| compared.verdicts().any(|verdict| verdict == change);
    Ok(match () {
        () if is(Change::Worse) => exit::FAILED,
        () if is(Change::Unknown) || is(Change::Otherwise) => exit::COULD_NOT_JUDGE,
        () => exit::SATISFIED,
    })
}

/// `colour` says whether stdout is a terminal that wants it; returns the exit code.
fn run_render(args: &RenderArgs, colour: bool, stdout: &mut dyn Write) -> Result<u8, ReportError> {
    let stream = read_stream(&args.from)?;
    let is_load = matches!(stream.events.first(), Some(Event::RunStarted(run)) if run.command == "load");
    // Values were removed when the events were written; the shape of identity numbers is searched for all the same.
    let redactor = Redactor::default();
    let run = match is_load {
        true => Rendered::Load(Box::new(LoadSummary::from_events(&stream.events)?)),
        false => Rendered::Check(Box::new(Document::new(&stream.events))),
    };
    for request in &args.formats {
        match &request.path {
            Some(path) => write_text(path, &run.text(request.format, args.lang, false)?, &redactor)?,
            None => {
                let text = run.text(request.format, args.lang, colour)?;
                check_shown(&text, &redactor)?;
                stdout.write_all(text.as_bytes()).map_err(ReportError::Stdout)?;
            }
        }
    }
    Ok(0)
}

/// A run to be rendered.
enum Rendered {
    Check(Box<Document>),
    Load(Box<LoadSummary>),
}

impl Rendered {
    fn text(&self, format: AnyFormat, lang: Lang, colour: bool) -> Result<String, ReportError> {
        let (load, format) = match (self, format) {
            (Self::Check(document), AnyFormat::Of(Format::Console)) if colour => {
                return Ok(render_coloured(document, lang));
            }
            (Self::Check(document), AnyFormat::Of(format)) => return Ok(render(format, document, lang)),
            (Self::Check(_), AnyFormat::OfLoad(_)) => {
                return Err(ReportError::WrongKind("html, csv, hgrm or hlog", "only load runs have them"));
            }
            (Self::Load(load), format) => (load, format),
        };
        match format {
            AnyFormat::OfLoad(format) => Ok(format.render(load, lang)),
            AnyFormat::Of(Format::Console) => Ok(render_console(load, lang)),
            AnyFormat::Of(Format::Json) => Ok(LoadFormat::Json.render(load, lang)),
            AnyFormat::Of(Format::Markdown) => Ok(LoadFormat::Markdown.render(load, lang)),
            AnyFormat::Of(Format::Junit) => Err(ReportError::WrongKind("junit", "a load run has no cases")),
        }
    }
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
        let junit = FormatRequest {
            format: AnyFormat::Of(Format::Junit),
            path: Some(folder.path().join("a/junit.xml")),
            is_stdout: false,
        };
        let console = FormatRequest { format: AnyFormat::Of(Format::Console), path: None, is_stdout: false };
        let render = RenderArgs { formats: vec![junit, console], from: from.clone(), lang: Lang::En };
        let mut stdout = Vec::new();
        assert_eq!(run_render(&render, false, &mut stdout).expect("rendered"), 0);
        let document = Document::new(&read_stream(&from).expect("readable").events);
        let written = std::fs::read_to_string(folder.path().join("a/junit.xml")).expect("written");
        assert_eq!(written, crate::report::render(Format::Junit, &document, Lang::En));
        assert!(String::from_utf8(stdout).expect("UTF-8").contains("PARTIAL RUN"));
    }
}
