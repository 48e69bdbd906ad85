//! For people at a terminal: what failed and how to run it again, then the two figures.
//!
//! Colour is a second voice only: every word stands without it. No text from outside can move the cursor.

use std::fmt::Write;

use anstyle::{AnsiColor, Style as Ansi};

use crate::coverage::{CaseOutcome, CaseResult};
use crate::report::markup::{cut, visible, width};
use crate::report::text::{self, Lang, Word};
use crate::report::{Document, block, table};

/// Characters of a value that a block shows; `events.jsonl` has the rest.
const VALUE_LENGTH: usize = 400;
/// Cases listed under one reason.
const CASES_LISTED: usize = 3;

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    bad: Ansi,
    doubtful: Ansi,
    good: Ansi,
    label: Ansi,
}

impl Style {
    pub(super) fn plain() -> Self {
        Self { bad: Ansi::new(), doubtful: Ansi::new(), good: Ansi::new(), label: Ansi::new() }
    }

    pub(super) fn coloured() -> Self {
        let colour = |colour: AnsiColor| Ansi::new().fg_color(Some(colour.into()));
        Self {
            bad: colour(AnsiColor::Red).bold(),
            doubtful: colour(AnsiColor::Yellow),
            good: colour(AnsiColor::Green),
            label: Ansi::new().dimmed(),
        }
    }
}

pub(super) fn render(document: &Document, lang: Lang, style: Style) -> String {
    let mut page = Page { document, lang, style, out: String::new() };
    page.failures(CaseOutcome::Failed, style.bad);
    page.failures(CaseOutcome::Warned, style.doubtful);
    page.failures(CaseOutcome::KnownFailure, style.doubtful);
    page.reasons(CaseOutcome::HarnessError, style.bad);
    page.reasons(CaseOutcome::Indeterminate, style.doubtful);
    page.reasons(CaseOutcome::NotExercised, style.label);
    page.ledger();
    page.head();
    page.table();
    page.figures();
    page.gate();
    page.out
}

struct Page<'a> {
    document: &'a Document,
    lang: Lang,
    style: Style,
    out: String,
}

impl Page<'_> {
    fn cases(&self, outcome: CaseOutcome) -> Vec<&CaseResult> {
        self.document.summary.case_results.iter().filter(|case| case.outcome == outcome).collect()
    }

    fn failures(&mut self, outcome: CaseOutcome, colour: Ansi) {
        let cases: Vec<CaseResult> = self.cases(outcome).into_iter().cloned().collect();
        for case in &cases {
            self.failure(case, colour);
        }
    }

    fn failure(&mut self, case: &CaseResult, colour: Ansi) {
        let word = text::outcome(self.lang, case.outcome).to_uppercase();
        let title = visible(self.lang.pick(&case.title_en, &case.title_zh));
        self.write(format_args!("{colour}{word}{colour:#}  {}  {title}\n", visible(&case.case)));
        for block in block::blocks(self.document, case, self.lang) {
            let known = if block.is_known { format!(" [{}]", self.lang.say(Word::Known)) } else { String::new() };
            let head = format!("{} ({}){known}", block.requirement, block.level_name());
            self.line(Word::Requirement, &head);
            if let Some(text) = &block.text {
                self.line(Word::Text, text);
            }
            for citation in &block.citations {
                self.line(Word::Citation, citation);
            }
            for (label, value) in block.sides() {
                self.line(label, &cut(value, VALUE_LENGTH));
            }
        }
        self.line(Word::Suite, &case.place);
        self.line(Word::Again, &case.reproduce);
        self.out.push('\n');
    }

    fn reasons(&mut self, outcome: CaseOutcome, colour: Ansi) {
        let word = text::outcome(self.lang, outcome).to_uppercase();
        let groups: Vec<(String, usize, Vec<String>)> = block::by_reason(self.cases(outcome).into_iter())
            .into_iter()
            .map(|(reason, cases)| {
                let listed = cases.iter().take(CASES_LISTED).map(|case| visible(&case.case)).collect();
                (visible(&cut(reason, VALUE_LENGTH)), cases.len(), listed)
            })
            .collect();
        let is_any = !groups.is_empty();
        for (reason, count, listed) in groups {
            self.write(format_args!("{colour}{word}{colour:#}  {count}  {reason}\n"));
            for case in &listed {
                self.write(format_args!("  {case}\n"));
            }
            if count > listed.len() {
                let more = self.lang.say(Word::More);
                self.write(format_args!("  + {} {more}\n", count - listed.len()));
            }
        }
        if is_any {
            self.out.push('\n');
        }
    }

    /// Only what needs a hand: entries that apply are told with their cases.
    fn ledger(&mut self) {
        let stale: Vec<String> = self
            .document
            .summary
            .known_failures
            .iter()
            .filter(|entry| entry.state.is_stale())
            .map(|entry| {
                let state = text::known_state(self.lang, entry.state);
                let facts = format!("{} / {} / {}", entry.requirement, entry.owner, entry.expires);
                format!("{state}  {}", visible(&facts))
            })
            .collect();
        for line in &stale {
            self.write(format_args!("{line}\n"));
        }
        if !stale.is_empty() {
            self.out.push('\n');
        }
    }

    fn head(&mut self) {
        let summary = &self.document.summary;
        if let Some(run) = &summary.run {
            let strict = if run.strict { format!(" · {}", self.lang.say(Word::Strict)) } else { String::new() };
            let line =
                format!("{} {} · {} · {} {}", run.tool, run.command, run.subject, self.lang.say(Word::Seed), run.seed);
            self.write(format_args!("{}{strict}\n", visible(&line)));
        }
        if summary.partial {
            let (colour, word, note) = (self.style.bad, self.lang.say(Word::Partial), self.lang.say(Word::PartialNote));
            self.write(format_args!("{colour}{word}{colour:#}: {note}{}\n", why_partial(self.document)));
        }
        self.out.push('\n');
    }

    fn table(&mut self) {
        let table = table::by_api(&self.document.summary, self.lang);
        let widths: Vec<usize> = (0..table.head.len())
            .map(|idx| {
                let cells = table.rows.iter().map(|row| width(&row[idx]));
                cells.chain([width(table.head[idx])]).max().unwrap_or(0)
            })
            .collect();
        let head: Vec<String> = table.head.iter().map(|&cell| cell.to_owned()).collect();
        let label = self.style.label;
        self.write(format_args!("{label}{}{label:#}\n", aligned(&head, &widths)));
        for row in &table.rows {
            self.write(format_args!("{}\n", aligned(row, &widths)));
        }
        self.out.push('\n');
    }

    fn figures(&mut self) {
        let (summary, lang) = (&self.document.summary, self.lang);
        let cases = format!("{}: {}", summary.cases.selected, table::outcomes(&summary.cases, lang));
        let mut lines = vec![
            (Word::Wrong, table::wrong(summary, lang)),
            (Word::Covered, table::covered(summary, lang)),
            (Word::Cases, cases),
            (Word::Twins, table::twins(summary, lang)),
            (Word::Info, table::info(summary, lang)),
        ];
        lines.extend(table::would_catch(summary, lang).map(|text| (Word::WouldCatch, text)));
        lines.extend(table::calls(summary, lang).map(|calls| (Word::Calls, calls)));
        for (label, value) in lines {
            self.line(label, &value);
        }
    }

    fn gate(&mut self) {
        let gate = &self.document.summary.gate;
        let (colour, verdict) = if gate.findings.is_empty() {
            (self.style.good, self.lang.say(Word::Satisfied).to_owned())
        } else {
            let said: Vec<String> = gate.findings.iter().map(|finding| text::finding(self.lang, *finding)).collect();
            (self.style.bad, said.join(self.lang.pick("; ", "；")))
        };
        let (label, exit) = (self.lang.say(Word::Gate), self.lang.say(Word::Exit));
        let pad = padding(label, LABEL_WIDTH);
        self.write(format_args!("  {label}{pad}{colour}{verdict}{colour:#} ({exit} {})\n", gate.exit_code));
    }

    fn line(&mut self, label: Word, value: &str) {
        let (colour, label) = (self.style.label, self.lang.say(label));
        let pad = padding(label, LABEL_WIDTH);
        self.write(format_args!("  {colour}{label}{colour:#}{pad}{}\n", visible(value)));
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.out.write_fmt(text).expect("a string takes all text");
    }
}

const LABEL_WIDTH: usize = 13;

/// Returns why a run is partial, as the engine told it.
pub(super) fn why_partial(document: &Document) -> String {
    let reason = document.summary.finished.as_ref().and_then(|finished| finished.reason.as_deref());
    reason.map(|reason| format!(" ({})", visible(reason))).unwrap_or_default()
}

fn padding(text: &str, columns: usize) -> String {
    " ".repeat(columns.saturating_sub(width(text)).max(1))
}

/// The first cell stands left, numbers right.
fn aligned(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::from(" ");
    for (idx, (cell, columns)) in cells.iter().zip(widths).enumerate() {
        let pad = " ".repeat(columns - width(cell));
        let cell = if idx == 0 { format!(" {cell}{pad}") } else { format!("  {pad}{cell}") };
        line.push_str(&cell);
    }
    line.trim_end().to_owned()
}
