//! Where a run's events go: the file first, then the reports that are made of what the file holds.

use std::fs::File;
use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::report::FormatRequest;
use super::{Failure, World, exit};
use crate::event::Event;
use crate::redact::Redactor;
use crate::report::events::{EventWriteError, EventWriter};
use crate::report::progress::Progress;
use crate::report::{
    Document, DocumentBuilder, Format, Lang, check_finished, check_shown, render, render_coloured, write_report,
};
use clap::Args;

/// Where results go, the same for all commands that judge.
#[derive(Debug, Clone, Args)]
pub struct OutputArgs {
    /// Write this report too: console, json, junit or markdown; PATH may be - for stdout instead of the console report
    #[arg(long, value_name = "FORMAT[=PATH]")]
    pub report: Vec<FormatRequest>,
    /// Folder for events.jsonl and the reports
    #[arg(long, value_name = "DIR", default_value = "reports/latest")]
    pub out: PathBuf,
    /// Language of reports: en or zh
    #[arg(long, default_value = "en")]
    pub lang: Lang,
    /// No progress, and no console report unless something is wrong
    #[arg(long, short)]
    pub quiet: bool,
}

/// The streams and files of one run.
pub(super) struct Output {
    folder: PathBuf,
    writer: EventWriter<File>,
    document: DocumentBuilder,
    progress: Progress,
    redactor: Redactor,
    cancel: CancellationToken,
    began: bool,
    failed: Option<EventWriteError>,
}

impl Output {
    /// Makes the folder and begins `events.jsonl`. Reports of an earlier run go: none of them is of this one.
    pub(super) fn open(
        args: &OutputArgs,
        redactor: &Redactor,
        cancel: &CancellationToken,
        world: &World<'_>,
    ) -> Result<Self, Failure> {
        let folder = world.path(&args.out);
        let refuse = |error| Failure::usage(format!("write to {}: {error}", args.out.display()));
        std::fs::create_dir_all(&folder).map_err(refuse)?;
        for name in Format::ALL.into_iter().filter_map(Format::file_name) {
            match std::fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(refuse(error)),
                _ => {}
            }
        }
        let file = File::create(folder.join("events.jsonl")).map_err(refuse)?;
        Ok(Self {
            folder,
            writer: EventWriter::new(file, redactor.clone()),
            document: DocumentBuilder::default(),
            progress: Progress::new(world.stderr_is_terminal && !args.quiet),
            redactor: redactor.clone(),
            cancel: cancel.clone(),
            began: false,
            failed: None,
        })
    }

    /// Takes an event. When it cannot be written, the run is stopped: a report must not know more than the file.
    pub(super) fn hear(&mut self, event: Event) {
        self.began = true;
        if self.failed.is_some() {
            return;
        }
        match self.writer.write(event) {
            Ok(event) => {
                self.document.hear(&event);
                self.progress.hear(&event);
            }
            Err(error) => {
                self.failed = Some(error);
                self.cancel.cancel();
            }
        }
    }

    /// Says whether any event came.
    pub(super) fn began(&self) -> bool {
        self.began
    }

    /// Writes the reports and returns the exit code of the gate.
    pub(super) fn finish(self, args: &OutputArgs, world: &mut World<'_>) -> Result<u8, Failure> {
        let Self { folder, writer, document, progress, redactor, failed, .. } = self;
        progress.clear();
        drop(writer);
        let document = document.finish();
        let code = document.summary.gate.exit_code;
        let usual = Format::ALL.into_iter().filter_map(|format| Some((format, folder.join(format.file_name()?))));
        let mut results: Vec<Result<(), Failure>> = Vec::new();
        results.push(check_finished(&folder.join("events.jsonl"), &redactor).map_err(Failure::from));
        for (format, path) in usual {
            results.push(write_report(format, &path, &document, args.lang, &redactor).map_err(Failure::from));
        }
        for request in &args.report {
            results.push(write_asked(request, &document, args, &redactor, world));
        }
        if shows_console(args, code) {
            results.push(print_console(&document, args, &redactor, world));
        }
        // Everything that can be written is; then the first trouble is told.
        results.into_iter().collect::<Result<(), Failure>>()?;
        match failed {
            None => Ok(code),
            Some(error) => Err(Failure::usage(format!("{error}; the run was stopped, and what is on disk is partial"))),
        }
    }
}

/// The console report is there unless stdout was given to another, or to nobody while all is well.
fn shows_console(args: &OutputArgs, code: u8) -> bool {
    let takes_stdout = |request: &FormatRequest| request.path.is_none() && request.is_stdout;
    let is_idle = args.quiet && code == exit::SATISFIED;
    !is_idle && !args.report.iter().any(takes_stdout)
}

fn write_asked(
    request: &FormatRequest,
    document: &Document,
    args: &OutputArgs,
    redactor: &Redactor,
    world: &mut World<'_>,
) -> Result<(), Failure> {
    match &request.path {
        Some(path) => Ok(write_report(request.format, &world.path(path), document, args.lang, redactor)?),
        None if request.is_stdout && request.format == Format::Console => {
            print_console(document, args, redactor, world)
        }
        None if request.is_stdout => print_clean(render(request.format, document, args.lang), redactor, world),
        // Its usual file is written anyway.
        None => Ok(()),
    }
}

fn print_console(
    document: &Document,
    args: &OutputArgs,
    redactor: &Redactor,
    world: &mut World<'_>,
) -> Result<(), Failure> {
    let text = match world.colours_stdout() {
        true => render_coloured(document, args.lang),
        false => render(Format::Console, document, args.lang),
    };
    print_clean(text, redactor, world)
}

/// Stdout is often kept, in CI logs above all: what would leak into a file must not leak there.
fn print_clean(text: String, redactor: &Redactor, world: &mut World<'_>) -> Result<(), Failure> {
    check_shown(&text, redactor)?;
    world.print(&text)
}
