//! The ledger of known failures as people write it.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diagnostic::{Diagnostic, parse_yaml};
use crate::event::{Event, KnownFailureDeclared};

/// The value of `format` in a ledger.
pub const LEDGER_FORMAT: &str = "idvet/known-failures/1";

/// A file of known failures. Each must still fail; each ends on a day.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerFile {
    /// Always `idvet/known-failures/1`.
    pub format: String,
    pub entries: Vec<LedgerEntry>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerEntry {
    /// Requirement id.
    pub requirement: String,
    /// Case the entry is bound to; absent: any case of the requirement.
    #[serde(default)]
    pub case: Option<String>,
    /// Text that the mismatch must contain: in its place, its expected or actual side, or in the line
    /// `PLACE: expected EXPECTED, actual ACTUAL`.
    pub cause: String,
    /// Why it is accepted for now.
    pub reason: String,
    /// Who sees to it.
    pub owner: String,
    /// Last day on which the entry excuses anything, `yyyy-MM-dd`.
    pub expires: String,
}

/// Returns the JSON Schema of a ledger.
pub fn ledger_schema() -> serde_json::Value {
    schemars::schema_for!(LedgerFile).to_value()
}

/// Parses a ledger and checks it against the ids there are. Fails with every mistake found.
pub fn parse_ledger(
    origin: &str,
    text: &Arc<str>,
    is_requirement: impl Fn(&str) -> bool,
    is_case: impl Fn(&str) -> bool,
) -> Result<Vec<KnownFailureDeclared>, Vec<Diagnostic>> {
    let file: LedgerFile = parse_yaml(origin, text)?;
    let mut mistakes = Mistakes { origin, text, found: Vec::new() };
    if file.format != LEDGER_FORMAT {
        mistakes.add(&file.format, "unknown format", &format!("write `format: {LEDGER_FORMAT}`"));
    }
    for entry in &file.entries {
        check_entry(entry, &mut mistakes, &is_requirement, &is_case);
    }
    if !mistakes.found.is_empty() {
        return Err(mistakes.found);
    }
    Ok(file.entries.into_iter().map(declare).collect())
}

/// Returns the events that put a ledger into a run.
pub fn ledger_events(entries: &[KnownFailureDeclared]) -> impl Iterator<Item = Event> {
    entries.iter().cloned().map(Event::KnownFailure)
}

fn check_entry(
    entry: &LedgerEntry,
    mistakes: &mut Mistakes<'_>,
    is_requirement: &impl Fn(&str) -> bool,
    is_case: &impl Fn(&str) -> bool,
) {
    if !is_requirement(&entry.requirement) {
        let message = format!("no contract has the requirement {}", entry.requirement);
        mistakes.add(&entry.requirement, &message, "see `idvet list`");
    }
    if let Some(case) = entry.case.as_ref().filter(|case| !is_case(case)) {
        mistakes.add(case, &format!("no suite has the case {case}"), "see `idvet list`");
    }
    if !is_date(&entry.expires) {
        mistakes.add(&entry.expires, &format!("{:?} is no day", entry.expires), "write `expires: yyyy-MM-dd`");
    }
    let texts = [("cause", &entry.cause), ("reason", &entry.reason), ("owner", &entry.owner)];
    for (key, _) in texts.into_iter().filter(|(_, value)| value.trim().is_empty()) {
        // The entry is marked at its requirement: an empty value has no place of its own.
        mistakes.add(&entry.requirement, &format!("`{key}` is empty"), &format!("say the {key}"));
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

fn declare(entry: LedgerEntry) -> KnownFailureDeclared {
    let LedgerEntry { requirement, case, cause, reason, owner, expires } = entry;
    KnownFailureDeclared { requirement, case, cause, reason, owner, expires }
}

struct Mistakes<'a> {
    origin: &'a str,
    text: &'a Arc<str>,
    found: Vec<Diagnostic>,
}

impl Mistakes<'_> {
    /// Marks the first place where the value stands; values are checked in the file's order, so marks repeat only
    /// for values that do.
    fn add(&mut self, value: &str, message: &str, hint: &str) {
        let start = self.text.find(value).unwrap_or_default();
        self.found.push(Diagnostic {
            origin: self.origin.to_owned(),
            text: Arc::clone(self.text),
            span: start..start + if start > 0 { value.len() } else { 0 },
            message: message.to_owned(),
            hint: Some(hint.to_owned()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(entries: &str) -> Result<Vec<KnownFailureDeclared>, Vec<Diagnostic>> {
        let text: Arc<str> = format!("format: {LEDGER_FORMAT}\nentries:\n{entries}").into();
        parse_ledger("known.yaml", &text, |id| id == "saf.rule.isolation", |case| case == "saf/a/b")
    }

    const GOOD: &str = "- requirement: saf.rule.isolation\n  case: saf/a/b\n  cause: actual 200\n  reason: fixed in 2.1\n  \
                        owner: gateway team\n  expires: 2027-01-31\n";

    #[test]
    fn an_entry_becomes_an_event() {
        let entries = parse(GOOD).expect("parses");
        assert_eq!((entries[0].expires.as_str(), entries[0].case.as_deref()), ("2027-01-31", Some("saf/a/b")));
        assert!(matches!(ledger_events(&entries).next(), Some(Event::KnownFailure(entry)) if entry == entries[0]));
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let bad = GOOD.replace("2027-01-31", "2027-02-30").replace("saf/a/b", "saf/x").replace("gateway team", "\"\"");
        let found = parse(&bad).expect_err("three mistakes");
        let messages: Vec<&str> = found.iter().map(|mistake| mistake.message.as_str()).collect();
        assert_eq!(messages, ["no suite has the case saf/x", "\"2027-02-30\" is no day", "`owner` is empty"]);
        assert_eq!(&found[1].text[found[1].span.clone()], "2027-02-30");
        assert!(parse(&GOOD.replace("owner", "ownr")).is_err(), "an unknown key is a mistake");
        assert!(parse(&GOOD.replace("rule.isolation", "rule.none")).is_err());
    }
}
