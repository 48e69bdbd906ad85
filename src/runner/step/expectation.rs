//! What a call's answer must be, with expressions resolved, judged by the checks.

use crate::check::{
    Answer, CodeWanted, check_absent, check_code, check_differs, check_field, check_format, check_header,
    check_header_equals, check_match, check_present,
};
use crate::contract::Operation;
use crate::event::{CheckRecorded, Mismatch};
use crate::exchange::Response;
use crate::request::Built;
use crate::runner::case::CaseRun;
use crate::runner::verdict::Stop;
use crate::suite::Expect;

/// An answer and what it is judged against.
pub(super) struct Judged<'a> {
    pub(super) built: &'a Built,
    pub(super) operation: &'a Operation,
    pub(super) expect: &'a Expect,
    pub(super) answer: &'a Answer,
    pub(super) response: &'a Response,
}

/// Returns the codes wanted; nothing where the case wants something else of the code than success.
pub(super) fn code_wanted(expect: &Expect, operation: &Operation) -> Option<CodeWanted> {
    let list = |one: &Option<String>, many: &[String]| one.iter().chain(many).cloned().collect::<Vec<_>>();
    let gateway = list(&expect.gateway, &expect.gateway_any);
    if !gateway.is_empty() {
        return Some(CodeWanted::Gateway(gateway));
    }
    let codes = list(&expect.code, &expect.codes);
    if !codes.is_empty() {
        return Some(CodeWanted::Operation(codes));
    }
    let elsewhere = expect.differs_from.contains_key(&operation.envelope.code)
        || expect.fields.contains_key(&operation.envelope.code)
        || expect.http.is_some_and(|status| status >= 400);
    (!elsewhere).then_some(CodeWanted::Success)
}

/// Makes every check that the expectation asks for.
pub(super) fn check(case: &CaseRun<'_>, judged: &Judged<'_>) -> Result<Vec<CheckRecorded>, Stop> {
    let mut records = Vec::new();
    let gateway = case.shared.input.contracts.by_api.get("gateway");
    let fallback = (case.attribution.primary.as_str(), case.step);
    if let Some(wanted) = code_wanted(judged.expect, judged.operation) {
        let subject = (judged.built.api.as_str(), judged.operation);
        records.extend(check_code(subject, gateway, &wanted, (judged.answer, judged.response.status), fallback));
    }
    records.extend(fields(case, judged)?);
    Ok(records)
}

fn fields(case: &CaseRun<'_>, judged: &Judged<'_>) -> Result<Vec<CheckRecorded>, Stop> {
    let Judged { built, expect, answer, response, .. } = judged;
    let (requirement, step) = (case.attribution.primary.as_str(), case.step);
    let text = |text: &str| case.text_in(text, &built.api, &built.roles);
    let mut records = Vec::new();
    if let Some(status) = expect.http {
        records.push(http_status(status, response.status, requirement, step));
    }
    for (path, wanted) in &expect.fields {
        records.push(check_field(answer, &text(path)?, &text(wanted)?, requirement, step));
    }
    for path in &expect.present {
        let record = check_present(answer, &text(path)?, requirement, step);
        records.extend(case.attribution.row_of(&record, path));
        records.push(record);
    }
    for path in &expect.absent {
        let record = check_absent(answer, &text(path)?, requirement, step);
        records.extend(case.attribution.row_of(&record, path));
        records.push(record);
    }
    for (path, pattern) in &expect.matches {
        records.push(check_match(answer, &text(path)?, &text(pattern)?, requirement, step));
    }
    for (path, unwanted) in &expect.differs_from {
        records.push(check_differs(answer, &text(path)?, &text(unwanted)?, requirement, step));
    }
    for (name, pattern) in &expect.headers {
        records.push(check_header(response, name, &text(pattern)?, requirement, step));
    }
    for (name, path) in &expect.header_equals {
        records.push(check_header_equals((response, answer), name, &text(path)?, requirement, step));
    }
    if let Some(format) = &expect.format {
        records.push(check_format(answer, &text(format)?, requirement, step));
    }
    Ok(records)
}

fn http_status(wanted: u16, actual: u16, requirement: &str, step: u32) -> CheckRecorded {
    let mismatch = (wanted != actual).then(|| Mismatch {
        place: "response status".to_owned(),
        expected: wanted.to_string(),
        actual: actual.to_string(),
    });
    CheckRecorded { requirement: requirement.to_owned(), check: "http-status".to_owned(), step, mismatch }
}
