//! Suite files as text: parsed one by one, with the place of everything a mistake may be about.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use serde_saphyr::Spanned;

use super::model::{CaseTemplate, SUITE_FORMAT, SuiteFile};
use crate::diagnostic::{Diagnostic, parse_yaml};
use crate::files::SuiteFiles;

/// A file's text, able to say where in it a mistake is.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) origin: String,
    pub(super) text: Arc<str>,
}

/// A suite file that parsed.
#[derive(Debug)]
pub(super) struct ParsedFile {
    pub(super) source: Source,
    /// Folder the file lies in.
    pub(super) folder: String,
    /// Path below the folder without `.yaml`: the middle of case ids.
    pub(super) topic: String,
    pub(super) file: SuiteFile,
}

impl Source {
    /// Returns a mistake about some bytes of the file.
    pub(super) fn mistake(&self, span: Range<usize>, message: String, hint: Option<String>) -> Diagnostic {
        Diagnostic { origin: self.origin.clone(), text: Arc::clone(&self.text), span, message, hint }
    }

    /// Returns the bytes of the first `needle` within a range, or the start of the range.
    pub(super) fn find(&self, within: &Range<usize>, needle: &str) -> Range<usize> {
        let part = self.text.get(within.clone()).unwrap_or_default();
        match part.find(needle).filter(|_| !needle.is_empty()) {
            Some(at) => within.start + at..within.start + at + needle.len(),
            None => self.first_line(within.start),
        }
    }

    /// Returns the line number of a byte, from 1.
    pub(super) fn line(&self, byte: usize) -> usize {
        1 + self.text.as_bytes()[..byte.min(self.text.len())].iter().filter(|byte| **byte == b'\n').count()
    }

    fn first_line(&self, start: usize) -> Range<usize> {
        let rest = self.text.get(start..).unwrap_or_default();
        start..start + rest.find('\n').unwrap_or(rest.len())
    }

    fn byte(&self, line: u64, column: u64) -> usize {
        let line_start: usize =
            self.text.split_inclusive('\n').take((line.max(1) - 1) as usize).map(str::len).sum::<usize>();
        let rest = self.text.get(line_start..).unwrap_or_default();
        line_start + rest.chars().take((column.max(1) - 1) as usize).map(char::len_utf8).sum::<usize>()
    }
}

impl ParsedFile {
    /// Returns the bytes of a case: from its start to the next case or the end.
    pub(super) fn range(&self, case_idx: usize) -> Range<usize> {
        let start = |case: &Spanned<CaseTemplate>| self.start(case);
        let begin = start(&self.file.cases[case_idx]);
        begin..self.file.cases.get(case_idx + 1).map_or(self.source.text.len(), start)
    }

    fn start(&self, case: &Spanned<CaseTemplate>) -> usize {
        let span = case.referenced.span();
        span.byte_offset().map_or_else(
            || self.source.byte(case.referenced.line(), case.referenced.column()),
            |at| usize::try_from(at).unwrap_or_default().min(self.source.text.len()),
        )
    }
}

/// Parses every suite file: all `.yaml` but contracts and targets.
pub(super) fn parse_files(files: &SuiteFiles) -> Vec<Result<ParsedFile, Vec<Diagnostic>>> {
    let suites: Vec<(&String, &Arc<str>)> = files
        .files
        .iter()
        .filter(|(path, _)| !path.ends_with("/contract.yaml") && !is_elsewhere(path) && path.contains('/'))
        .collect();
    side_by_side(&suites, |(_, text)| text.len(), |(path, text)| parse_file(files, path, text))
}

/// Targets, load profiles, and what is tried on SDKs, are read elsewhere.
fn is_elsewhere(path: &str) -> bool {
    path.contains("/load/") || ["targets/", "sdk/", "known-failures/"].iter().any(|folder| path.starts_with(folder))
}

/// Does the same to every item, on as many threads as there are processors. Whoever is free takes the heaviest item left,
/// so that no thread ends long after the others.
pub(super) fn side_by_side<T: Sync, R: Send + Sync>(
    items: &[T],
    weight: impl Fn(&T) -> usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let done: Vec<OnceLock<R>> = items.iter().map(|_| OnceLock::new()).collect();
    let mut heaviest_first: Vec<usize> = (0..items.len()).collect();
    heaviest_first.sort_by_key(|idx| std::cmp::Reverse(weight(&items[*idx])));
    let taken = AtomicUsize::new(0);
    let take = || {
        while let Some(idx) = heaviest_first.get(taken.fetch_add(1, Ordering::Relaxed)) {
            let _ = done[*idx].set(work(&items[*idx]));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..n_threads {
            scope.spawn(take);
        }
        take();
    });
    done.into_iter().filter_map(OnceLock::into_inner).collect()
}

fn parse_file(files: &SuiteFiles, path: &str, text: &Arc<str>) -> Result<ParsedFile, Vec<Diagnostic>> {
    let source = Source { origin: files.origin(path), text: Arc::clone(text) };
    let (folder, topic) = path.split_once('/').unwrap_or(("", path));
    let topic = topic.strip_suffix(".yaml").unwrap_or(topic).to_owned();
    let file: SuiteFile = parse_yaml(&source.origin, text)?;
    let mut mistakes = Vec::new();
    if file.format != SUITE_FORMAT {
        let message = format!("unknown format `{}`", file.format);
        let span = source.find(&(0..text.len()), &file.format);
        mistakes.push(source.mistake(span, message, Some(format!("write `format: {SUITE_FORMAT}`"))));
    }
    if file.api != folder {
        let message = format!("`api: {}` in the folder `{folder}`", file.api);
        let span = source.find(&(0..text.len()), &format!("api: {}", file.api));
        mistakes.push(source.mistake(span, message, Some("write the folder's name".to_owned())));
    }
    if mistakes.is_empty() { Ok(ParsedFile { source, folder: folder.to_owned(), topic, file }) } else { Err(mistakes) }
}
