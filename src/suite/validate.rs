//! Names in baselines and cases: operations, parameters, baselines, twins, requirements, one difference each.

use std::collections::HashMap;
use std::ops::Range;

use super::load::Written;
use super::loaded::Suites;
use super::model::{Baseline, Call, Difference, Step};
use super::nearest::hint;
use super::parse::ParsedFile;
use super::rows::wire_key;
use super::twin::{differing, is_negative};
use crate::contract::{Contracts, Operation};
use crate::diagnostic::Diagnostic;

/// Parameters that every operation takes (source: signing.md §1.1).
const COMMON: &[&str] = &[
    "Action",
    "Version",
    "AccessKeyId",
    "Timestamp",
    "SignatureNonce",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureType",
    "Signature",
    "Format",
    "SecurityToken",
    "RegionId",
    "ServiceParameters",
    "BearerToken",
];

/// Checks the operation and parameters of every baseline.
pub(super) fn validate_baselines(parsed: &[ParsedFile], contracts: &Contracts) -> Vec<Diagnostic> {
    let mut mistakes = Vec::new();
    for file in parsed {
        for (name, baseline) in &file.file.baselines {
            let text = &file.source.text;
            let start = file.source.find(&(0..text.len()), &format!("  {name}:")).start;
            let mut mistake = |needle: &str, message: String, hint: String| {
                let span = file.source.find(&(start..text.len()), needle);
                mistakes.push(file.source.mistake(span, message, Some(hint)));
            };
            match operation(baseline, &file.folder, contracts) {
                Err((message, hint)) => mistake(&baseline.operation, message, hint),
                Ok(operation) => {
                    for parameter in baseline.parameters.keys() {
                        if let Some(hint) = unknown_parameter(parameter, operation) {
                            mistake(parameter, format!("no parameter `{parameter}` in `{}`", operation.name), hint);
                        }
                    }
                }
            }
        }
    }
    mistakes
}

fn operation<'a>(
    baseline: &Baseline,
    folder: &str,
    contracts: &'a Contracts,
) -> Result<&'a Operation, (String, String)> {
    let api = baseline.api.as_deref().unwrap_or(folder);
    contracts.operation(api, &baseline.operation).ok_or_else(|| {
        let operations = contracts.by_api.get(api).map_or(&[][..], |contract| contract.operations.as_slice());
        let names = operations.iter().map(|operation| operation.name.as_str());
        let message = format!("no operation `{}` in the contract `{api}`", baseline.operation);
        (message, hint(&baseline.operation, names, "name an operation of the contract, or add `api:`"))
    })
}

/// Returns a hint when no operation of this name has such a parameter. `Undocumented…` is always let through: cases
/// that send what no contract knows say so by the name.
fn unknown_parameter(name: &str, operation: &Operation) -> Option<String> {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    let free =
        stem.starts_with("Undocumented") || stem.to_ascii_lowercase().starts_with("x-acs-") || stem.contains("{{");
    let undocumented_key = stem.strip_prefix("ServiceParameters#").is_some_and(|key| key.starts_with("undocumented"));
    let keys: Vec<String> = operation.request.iter().map(wire_key).collect();
    if free || undocumented_key || COMMON.contains(&stem) || keys.iter().any(|key| key == stem) {
        return None;
    }
    let names = keys.iter().map(String::as_str).chain(COMMON.iter().copied());
    Some(hint(stem, names, "name a parameter of the contract, or begin the name with `Undocumented`"))
}

/// Checks every case: what it names exists, it has a requirement, one difference, and a twin when it wants a refusal.
pub(super) fn validate_cases(
    parsed: &[ParsedFile],
    cases: &[Written],
    suites: &Suites,
    contracts: &Contracts,
) -> Vec<Diagnostic> {
    let mut ids: HashMap<&str, usize> = HashMap::new();
    for written in cases {
        *ids.entry(&written.case.id).or_default() += 1;
    }
    let mut mistakes = Vec::new();
    let mut last_site = None;
    for written in cases {
        let file = &parsed[written.file_idx];
        let range = file.range(written.case_idx);
        let mut found = Findings { file, range, list: Vec::new() };
        validate_case(written, &ids, suites, contracts, &mut found);
        // Every row of a family repeats the family's mistakes; the first row's are enough.
        let site = (written.file_idx, written.case_idx);
        if last_site != Some(site) {
            mistakes.append(&mut found.list);
        }
        if !mistakes.is_empty() {
            last_site = Some(site);
        }
    }
    mistakes
}

struct Findings<'a> {
    file: &'a ParsedFile,
    range: Range<usize>,
    list: Vec<Diagnostic>,
}

impl Findings<'_> {
    fn add(&mut self, needle: &str, message: String, hint: impl Into<String>) {
        let span = self.file.source.find(&self.range, needle);
        self.list.push(self.file.source.mistake(span, message, Some(hint.into())));
    }
}

fn validate_case(
    written: &Written,
    ids: &HashMap<&str, usize>,
    suites: &Suites,
    contracts: &Contracts,
    found: &mut Findings<'_>,
) {
    let case = &written.case;
    if ids.get(case.id.as_str()).is_some_and(|count| *count > 1) {
        found.add(
            "id:",
            format!("a second case `{}`", case.id),
            "give each case an id of its own; rows need `{{ it.… }}`",
        );
    }
    let template = &found.file.file.cases[written.case_idx].value;
    if template.requirements.is_empty() {
        found.add("requirements", format!("the case `{}` names no requirement", case.id), "say what it speaks for");
    }
    if let Some(twin) = case.twin.as_deref().filter(|twin| !ids.contains_key(twin)) {
        let hint = hint(twin, ids.keys().copied(), "name a case as `<folder>/<file>/<id>`");
        found.add(twin, format!("no case `{twin}` to be the twin"), hint);
    }
    let differing = differing(case);
    if differing.len() > 1 {
        let message = format!("the case `{}` differs from its twin in {} steps", case.id, differing.len());
        found.add("differs", message, "keep one `differs`; what both share goes into `set`, `roles` or `wire`");
    }
    if case.twin.is_none() && differing.is_empty() && is_negative(case, suites, contracts) {
        let message = format!("the case `{}` wants a refusal and has no twin", case.id);
        found.add("steps", message, "write the cause as `differs`, or name a positive case as `twin`");
    }
    for step in &case.steps {
        match step {
            Step::Call(call) => validate_call(call, suites, contracts, found),
            Step::Burst(burst) => {
                let set = burst.set.keys();
                validate_use(&burst.baseline, set, suites, contracts, found);
            }
            _ => {}
        }
    }
}

fn validate_call(call: &Call, suites: &Suites, contracts: &Contracts, found: &mut Findings<'_>) {
    let mut names: Vec<&String> = call.set.keys().chain(&call.unset).collect();
    match &call.differs {
        Some(Difference::Set(set) | Difference::Duplicate(set)) => names.extend(set.keys()),
        Some(Difference::Unset(list) | Difference::Empty(list)) => names.extend(list),
        _ => {}
    }
    validate_use(&call.baseline, names, suites, contracts, found);
}

fn validate_use<'a>(
    name: &str,
    parameters: impl IntoIterator<Item = &'a String>,
    suites: &Suites,
    contracts: &Contracts,
    found: &mut Findings<'_>,
) {
    let Some(baseline) = suites.baseline(name) else {
        let short = name.rsplit('/').next().unwrap_or(name);
        let hint = hint(
            name,
            suites.baselines.keys().map(String::as_str),
            "name a baseline of the folder, or `<folder>/<name>`",
        );
        return found.add(short, format!("no baseline `{name}`"), hint);
    };
    let Some(operation) = contracts.operation(&baseline.api, &baseline.baseline.operation) else { return };
    for parameter in parameters {
        if let Some(hint) = unknown_parameter(parameter, operation) {
            found.add(parameter, format!("no parameter `{parameter}` in `{}`", operation.name), hint);
        }
    }
}
