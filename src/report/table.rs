//! The tables that console and Markdown share: figures by API, and by API and level.

use crate::coverage::{CaseTotals, Figures, LevelFigures, Summary};
use crate::report::text::{Lang, Word};

/// Heads and rows, all as text.
pub(super) struct Table {
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

/// Returns the two figures by API, with the total last.
pub(super) fn by_api(summary: &Summary, lang: Lang) -> Table {
    let words = [Word::Api, Word::WrongMust, Word::WrongShould, Word::Known, Word::Covered, Word::Of, Word::Cases];
    let row = |name: &str, figures: &Figures, cases: &CaseTotals| {
        let numbers = [
            figures.wrong_must,
            figures.wrong_should,
            figures.known_failures,
            figures.covered,
            figures.requirements,
            cases.selected,
        ];
        std::iter::once(name.to_owned()).chain(numbers.map(|number| number.to_string())).collect()
    };
    let no_cases = CaseTotals::default();
    let cases_of = |api: &str| summary.cases_by_api.get(api).unwrap_or(&no_cases);
    let mut rows: Vec<Vec<String>> =
        summary.by_api.iter().map(|(api, figures)| row(api, figures, cases_of(api))).collect();
    rows.push(row(lang.say(Word::Total), &summary.figures, &summary.cases));
    Table { head: words.map(|word| lang.say(word)).to_vec(), rows }
}

/// Returns what the suites of the run would have caught.
pub(super) fn would_catch(summary: &Summary, lang: Lang) -> Option<String> {
    let found = summary.run.as_ref()?.would_catch?;
    let (defects, caught, excused, open) = (found.defects, found.caught, found.excused, found.open);
    Some(match lang {
        Lang::En => format!(
            "of {defects} breaches of single requirements these suites catch {caught} by the case meant to; {excused} cannot show, {open} open"
        ),
        Lang::Zh => format!(
            "在 {defects} 个单项违规中，本套用例由对应用例发现 {caught} 个；{excused} 个无法显现，{open} 个未覆盖"
        ),
    })
}

/// Returns the verdicts by API and level, with the totals last.
pub(super) fn by_level(summary: &Summary, lang: Lang) -> Table {
    let words = [
        Word::Api,
        Word::Level,
        Word::Passed,
        Word::Failed,
        Word::Known,
        Word::Indeterminate,
        Word::NotExercised,
        Word::Unexercised,
        Word::NeverNamed,
        Word::Total,
    ];
    let mut rows = Vec::new();
    for (api, figures) in &summary.by_api {
        rows.extend(level_rows(api, figures));
    }
    rows.extend(level_rows(lang.say(Word::Total), &summary.figures));
    Table { head: words.map(|word| lang.say(word)).to_vec(), rows }
}

fn level_rows(name: &str, figures: &Figures) -> [Vec<String>; 2] {
    let row = |level: &str, of: &LevelFigures| {
        let numbers = [
            of.passed,
            of.failed,
            of.known_failures,
            of.indeterminate,
            of.not_exercised,
            of.unexercised,
            of.never_named,
            of.total,
        ];
        let names = [name.to_owned(), level.to_owned()];
        names.into_iter().chain(numbers.map(|number| number.to_string())).collect()
    };
    [row("MUST", &figures.must), row("SHOULD", &figures.should)]
}

/// Returns the outcomes that occurred, as `12 passed, 1 failed`.
pub(super) fn outcomes(cases: &CaseTotals, lang: Lang) -> String {
    use crate::coverage::CaseOutcome::*;
    let counts = [
        (cases.passed, Passed),
        (cases.failed, Failed),
        (cases.warned, Warned),
        (cases.known_failures, KnownFailure),
        (cases.not_exercised, NotExercised),
        (cases.indeterminate, Indeterminate),
        (cases.harness_errors, HarnessError),
        (cases.not_run, NotRun),
    ];
    let said = counts.into_iter().filter(|(count, _)| *count > 0);
    let said: Vec<String> =
        said.map(|(count, outcome)| format!("{count} {}", crate::report::text::outcome(lang, outcome))).collect();
    if said.is_empty() { lang.say(Word::None).to_owned() } else { said.join(lang.pick(", ", "，")) }
}

/// Returns `wrong` in words: failed MUST and SHOULD, known ones apart.
pub(super) fn wrong(summary: &Summary, lang: Lang) -> String {
    let figures = &summary.figures;
    let (known, of) = (lang.say(Word::KnownFailures).to_lowercase(), lang.say(Word::Requirement));
    let known =
        if figures.known_failures > 0 { format!(" (+ {} {known})", figures.known_failures) } else { String::new() };
    let of = lang.pick("requirements", of);
    format!("{} MUST, {} SHOULD{known} / {} {of}", figures.wrong_must, figures.wrong_should, figures.requirements)
}

/// Returns `covered` in words.
pub(super) fn covered(summary: &Summary, lang: Lang) -> String {
    let figures = &summary.figures;
    let of = lang.pick("requirements", lang.say(Word::Requirement));
    let shares = format!(
        "MUST {}/{}, SHOULD {}/{}",
        figures.must.covered(),
        figures.must.total,
        figures.should.covered(),
        figures.should.total
    );
    format!("{} / {} {of} ({shares})", figures.covered, figures.requirements)
}

/// Returns what was observed of the INFO facts, in words.
pub(super) fn info(summary: &Summary, lang: Lang) -> String {
    let info = &summary.figures.info;
    format!(
        "{} {}, {} {}, {} {} / {} ({})",
        info.holds,
        lang.say(Word::Holds),
        info.differs,
        lang.say(Word::Differs),
        info.not_seen,
        lang.say(Word::NotSeen),
        info.total,
        lang.say(Word::InfoNote)
    )
}

/// Returns what the twins proved, in words.
pub(super) fn twins(summary: &Summary, lang: Lang) -> String {
    let cases = &summary.cases;
    let mut text = format!("{} {}", cases.with_proven_twin, lang.say(Word::TwinsProven));
    if cases.with_unproven_twin > 0 {
        text.push_str(&format!(", {} {}", cases.with_unproven_twin, lang.say(Word::TwinsUnproven)));
    }
    text
}

/// Returns the calls made, in words; nothing when the stream ends before they were told.
pub(super) fn calls(summary: &Summary, lang: Lang) -> Option<String> {
    let finished = summary.finished.as_ref()?;
    let mut parts: Vec<String> = finished.calls.iter().map(|(api, count)| format!("{api} {count}")).collect();
    if parts.is_empty() {
        parts.push("0".to_owned());
    }
    Some(format!("{}; {} {}", parts.join(", "), finished.billable_calls, lang.say(Word::Billable)))
}
