//! For auditors: two figures, what they are made of, each requirement with its evidence, each failure with its exchange.

use crate::coverage::{CaseOutcome, CaseResult, Evidence, EvidenceKind, RequirementResult, RequirementVerdict};
use crate::event::{ExchangeRecorded, RecordedMessage};
use crate::report::markup::{cell_code, code, cut, fenced, prose};
use crate::report::table::{self, Table};
use crate::report::text::{self, Lang, Word};
use crate::report::{Document, block, console};

/// Characters of a value; `events.jsonl` has the rest.
const VALUE_LENGTH: usize = 1_000;
/// Exchanges shown of a case: the last ones up to the failure.
const EXCHANGES: usize = 3;
/// Characters of a body shown.
const BODY_LENGTH: usize = 4_000;

pub(super) fn render(document: &Document, lang: Lang) -> String {
    let mut page = Page { document, lang, out: String::new() };
    page.head();
    page.figures();
    page.gate();
    page.cases(Word::Failures, CaseOutcome::Failed);
    page.cases(Word::Warnings, CaseOutcome::Warned);
    page.known();
    page.doubts();
    page.not_exercised();
    page.matrix();
    page.out
}

struct Page<'a> {
    document: &'a Document,
    lang: Lang,
    out: String,
}

impl<'a> Page<'a> {
    fn say(&self, word: Word) -> &'static str {
        self.lang.say(word)
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn section(&mut self, word: Word) {
        let title = self.say(word);
        self.line(&format!("\n## {title}\n"));
    }

    fn item(&mut self, label: Word, value: &str) {
        let label = self.say(label);
        self.line(&format!("- {label}: {value}"));
    }

    fn table(&mut self, table: &Table) {
        self.line(&format!("| {} |", table.head.join(" | ")));
        self.line(&format!("|{}", "---|".repeat(table.head.len())));
        for row in &table.rows {
            self.line(&format!("| {} |", row.join(" | ")));
        }
    }

    fn head(&mut self) {
        let summary = &self.document.summary;
        self.line(&format!("# idvet: {}\n", self.say(Word::Report)));
        if summary.partial {
            let why = prose(&console::why_partial(self.document));
            self.line(&format!("> **{}**: {}{why}\n", self.say(Word::Partial), self.say(Word::PartialNote)));
        }
        if let Some(run) = &summary.run {
            self.item(Word::Run, &prose(&format!("{} {}", run.tool, run.command)));
            self.item(Word::Subject, &prose(&run.subject));
            self.item(Word::Seed, &run.seed.to_string());
            self.item(Word::Started, &prose(&run.started_at));
            if !run.arguments.is_empty() {
                self.item(Word::Arguments, &code(&run.arguments.join(" ")));
            }
        }
        if let Some(calls) = table::calls(summary, self.lang) {
            self.item(Word::Calls, &prose(&calls));
        }
    }

    fn figures(&mut self) {
        let (summary, lang) = (&self.document.summary, self.lang);
        self.section(Word::Figures);
        let note = self.say(Word::FiguresNote);
        self.item(Word::Wrong, &format!("**{}**", table::wrong(summary, lang)));
        self.item(Word::Covered, &format!("**{}**", table::covered(summary, lang)));
        self.line(&format!("\n({note})\n"));
        let outcomes = table::outcomes(&summary.cases, lang);
        self.item(Word::Cases, &format!("{}: {outcomes}", summary.cases.selected));
        self.item(Word::Twins, &table::twins(summary, lang));
        self.item(Word::Info, &table::info(summary, lang));
        if let Some(text) = table::would_catch(summary, lang) {
            self.item(Word::WouldCatch, &text);
        }
        self.out.push('\n');
        let mut table = table::by_level(summary, lang);
        table.rows.iter_mut().for_each(|row| row[0] = prose(&row[0]));
        self.table(&table);
    }

    fn gate(&mut self) {
        let gate = &self.document.summary.gate;
        self.section(Word::Gate);
        if gate.findings.is_empty() {
            self.line(&format!("- {}", self.say(Word::Satisfied)));
        }
        for finding in &gate.findings {
            self.line(&format!("- {}", text::finding(self.lang, *finding)));
        }
        self.item(Word::Exit, &gate.exit_code.to_string());
    }

    fn with_outcome(&self, outcome: CaseOutcome) -> impl Iterator<Item = &'a CaseResult> {
        self.document.summary.case_results.iter().filter(move |case| case.outcome == outcome)
    }

    fn cases(&mut self, title: Word, outcome: CaseOutcome) {
        let cases: Vec<&CaseResult> = self.with_outcome(outcome).collect();
        if cases.is_empty() {
            return;
        }
        self.section(title);
        for case in cases {
            self.case(case);
        }
    }

    fn case(&mut self, case: &CaseResult) {
        self.line(&format!("### {}\n", code(&case.case)));
        self.line(&format!("{}\n", prose(self.lang.pick(&case.title_en, &case.title_zh))));
        let blocks = block::blocks(self.document, case, self.lang);
        for block in &blocks {
            let known = if block.is_known { format!(" [{}]", self.say(Word::Known)) } else { String::new() };
            self.item(Word::Requirement, &format!("{} ({}){known}", code(&block.requirement), block.level_name()));
            if let Some(text) = &block.text {
                self.line(&format!("  - {}", prose(text)));
            }
            for citation in &block.citations {
                self.line(&format!("  - {}: {}", self.say(Word::Citation), code(citation)));
            }
            for (label, value) in block.sides() {
                self.line(&format!("  - {}: {}", self.say(label), code(&cut(value, VALUE_LENGTH))));
            }
        }
        self.item(Word::Suite, &code(&case.place));
        self.item(Word::Again, &code(&case.reproduce));
        self.out.push('\n');
        let last_step = blocks.iter().map(|block| block.step).max().unwrap_or(u32::MAX);
        self.exchanges(&case.case, last_step);
    }

    fn exchanges(&mut self, case: &str, last_step: u32) {
        let all = self.document.exchanges(case);
        let upto: Vec<&ExchangeRecorded> = all.iter().filter(|exchange| exchange.step <= last_step).collect();
        for exchange in &upto[upto.len().saturating_sub(EXCHANGES)..] {
            let title = format!("{} {}, {}", self.say(Word::Step), exchange.step, prose(&exchange.operation));
            self.line(&format!("{}: {title}\n", self.say(Word::Exchange)));
            let mut text = message(&exchange.request);
            text.push_str("\n\n");
            match (&exchange.response, &exchange.no_response) {
                (Some(response), _) => text.push_str(&message(response)),
                (None, reason) => {
                    text.push_str(&format!("({}: {})", self.say(Word::NoAnswer), reason.as_deref().unwrap_or("-")));
                }
            }
            self.line(&fenced(&text, "http"));
        }
    }

    fn known(&mut self) {
        if self.document.summary.known_failures.is_empty() {
            return;
        }
        self.section(Word::KnownFailures);
        let words =
            [Word::Requirement, Word::Cause, Word::Reason, Word::Owner, Word::Expires, Word::State, Word::Cases];
        let row = |entry: &crate::coverage::KnownFailureResult| {
            let cases: Vec<String> = entry.cases.iter().map(|case| cell_code(case)).collect();
            vec![
                cell_code(&entry.requirement),
                cell_code(&entry.cause),
                prose(&entry.reason),
                prose(&entry.owner),
                prose(&entry.expires),
                text::known_state(self.lang, entry.state).to_owned(),
                cases.join(", "),
            ]
        };
        let rows = self.document.summary.known_failures.iter().map(row).collect();
        self.table(&Table { head: words.map(|word| self.say(word)).to_vec(), rows });
    }

    fn doubts(&mut self) {
        let outcomes = [CaseOutcome::HarnessError, CaseOutcome::Indeterminate, CaseOutcome::NotRun];
        let cases: Vec<&CaseResult> = outcomes.into_iter().flat_map(|outcome| self.with_outcome(outcome)).collect();
        if cases.is_empty() {
            return;
        }
        self.section(Word::Doubts);
        for case in cases {
            let reason = prose(&cut(case.reason.as_deref().unwrap_or("-"), VALUE_LENGTH));
            self.line(&format!("- {} {}: {reason}", text::outcome(self.lang, case.outcome), code(&case.case)));
        }
    }

    fn not_exercised(&mut self) {
        let groups = block::by_reason(self.with_outcome(CaseOutcome::NotExercised));
        let stated = |result: &&RequirementResult| result.verdict == RequirementVerdict::Unexercised;
        let stated: Vec<&RequirementResult> = self.document.summary.requirements.iter().filter(stated).collect();
        if groups.is_empty() && stated.is_empty() {
            return;
        }
        self.section(Word::NotExercisedCases);
        for (reason, cases) in groups {
            self.line(&format!("- {}: {}", prose(&cut(reason, VALUE_LENGTH)), cases.len()));
            for case in cases {
                self.line(&format!("  - {}", code(&case.case)));
            }
        }
        for result in stated {
            let en = result.unexercised_en.as_deref().unwrap_or("-");
            let why = self.lang.pick(en, result.unexercised_zh.as_deref().unwrap_or(en));
            self.line(&format!("- {}: {}", code(&result.id), prose(why)));
        }
    }

    fn matrix(&mut self) {
        self.section(Word::Matrix);
        let words = [Word::Requirement, Word::Level, Word::Verdict, Word::Evidence, Word::Citations, Word::Text];
        let rows = self.document.summary.requirements.iter().map(|result| self.matrix_row(result)).collect();
        self.table(&Table { head: words.map(|word| self.say(word)).to_vec(), rows });
    }

    fn matrix_row(&self, result: &RequirementResult) -> Vec<String> {
        let citations: Vec<String> = result.citations.iter().map(|citation| cell_code(citation)).collect();
        vec![
            cell_code(&result.id),
            result.level.to_uppercase(),
            text::verdict(self.lang, result.verdict).to_owned(),
            self.evidence(result),
            citations.join("<br>"),
            prose(self.lang.pick(&result.text_en, &result.text_zh)),
        ]
    }

    /// All that speaks against, one case that speaks for, and how many there are.
    fn evidence(&self, result: &RequirementResult) -> String {
        let (for_it, against): (Vec<&Evidence>, Vec<&Evidence>) =
            result.evidence.iter().partition(|evidence| evidence.kind == EvidenceKind::Held);
        let n_against = against.iter().filter(|evidence| evidence.kind < EvidenceKind::Held).count();
        let mut parts = Vec::new();
        for evidence in against.iter().take(EXCHANGES) {
            parts.push(format!("{}: {}", text::evidence(self.lang, evidence.kind), cell_code(&evidence.case)));
        }
        if against.len() > EXCHANGES {
            parts.push(format!("+ {} {}", against.len() - EXCHANGES, self.say(Word::More)));
        }
        if let Some(first) = for_it.first() {
            let n_held = result.n_cases - n_against;
            let count = if n_held > 1 { format!(" (+ {})", n_held - 1) } else { String::new() };
            parts.push(format!("{} {}{count}", self.say(Word::Held), cell_code(&first.case)));
        }
        parts.join("<br>")
    }
}

fn message(message: &RecordedMessage) -> String {
    let mut text = message.start.clone();
    for (name, value) in &message.headers {
        text.push_str(&format!("\n{name}: {value}"));
    }
    if !message.body.is_empty() {
        text.push_str(&format!("\n\n{}", cut(&message.body, BODY_LENGTH)));
    }
    text
}
