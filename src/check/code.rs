//! The code of an answer, and the HTTP status documented for it.

use serde_json::Value;

use super::{Answer, in_body, judged};
use crate::contract::path::{as_text, look_up};
use crate::contract::{Code, Contract, Operation};
use crate::event::{CheckRecorded, Mismatch};

/// Which code an answer has to carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeWanted {
    Success,
    /// Any of these codes of the operation.
    Operation(Vec<String>),
    /// Any of these codes of the gateway.
    Gateway(Vec<String>),
}

/// Checks code and status of an answer. `fallback` is the requirement that speaks where no single code does.
pub fn check_code(
    (api, operation): (&str, &Operation),
    gateway: Option<&Contract>,
    wanted: &CodeWanted,
    (answer, status): (&Answer, u16),
    (fallback, step): (&str, u32),
) -> Vec<CheckRecorded> {
    let path = operation.envelope.code.as_str();
    let actual = look_up(&answer.value, path).map(|value| as_text(&value).into_owned());
    let (requirement, expected) = wanted_text(api, operation, gateway, wanted);
    let holds = match wanted {
        CodeWanted::Success => match &operation.envelope.success {
            Some(success) => actual.as_ref() == Some(success),
            None => actual.is_none() && (200..300).contains(&status),
        },
        CodeWanted::Operation(codes) | CodeWanted::Gateway(codes) => {
            actual.as_ref().is_some_and(|actual| codes.contains(actual))
        }
    };
    let mismatch = (!holds).then(|| in_body(path, expected, described(answer, operation, actual.as_deref(), status)));
    let mut checks = vec![judged(requirement.as_deref().unwrap_or(fallback), "code", step, mismatch)];
    if holds && let Some(row) = wanted_code_row((api, operation), gateway, wanted, actual.as_deref()) {
        checks.push(check_status(&row, status, step));
    }
    checks
}

/// Returns the contract's row of a code that came, with its requirement id.
pub fn wanted_code_row<'a>(
    (api, operation): (&str, &'a Operation),
    gateway: Option<&'a Contract>,
    wanted: &CodeWanted,
    actual: Option<&str>,
) -> Option<(String, &'a Code)> {
    let actual = actual.or(operation.envelope.success.as_deref())?;
    match wanted {
        CodeWanted::Gateway(_) => gateway_row(gateway, actual),
        _ => {
            let row = operation.codes.iter().find(|row| row.code == actual)?;
            Some((format!("{api}.{}.code.{actual}", operation.name), row))
        }
    }
}

/// Says whether an answer is a refusal in the gateway's form with a code that the operation does not have itself.
pub fn is_gateway_refusal(operation: &Operation, answer: &Answer, status: u16) -> bool {
    let text = |path: &str| look_up(&answer.value, path).map(|value| as_text(&value).into_owned());
    let own = |code: &String| operation.codes.iter().any(|row| row.code == *code);
    status >= 400 && text("Code").is_some_and(|code| !own(&code)) && text("HostId").is_some()
}

/// Finds the row of a gateway code: the code itself, else a rule such as `Missing{name}`.
fn gateway_row<'a>(gateway: Option<&'a Contract>, code: &str) -> Option<(String, &'a Code)> {
    let rows = &gateway?.codes;
    let fits = |row: &&Code| {
        let (head, tail) = row.code.split_once("{name}").unwrap_or((&row.code, ""));
        row.code.contains("{name}")
            && code.len() > head.len() + tail.len()
            && code.starts_with(head)
            && code.ends_with(tail)
    };
    let row = rows.iter().find(|row| row.code == code).or_else(|| rows.iter().find(fits))?;
    Some((format!("gateway.code.{}", row.code), row))
}

fn wanted_text(
    api: &str,
    operation: &Operation,
    gateway: Option<&Contract>,
    wanted: &CodeWanted,
) -> (Option<String>, String) {
    match wanted {
        CodeWanted::Success => match &operation.envelope.success {
            Some(success) => (Some(format!("{api}.{}.code.{success}", operation.name)), success.clone()),
            None => (None, "no code and HTTP 2xx".to_owned()),
        },
        CodeWanted::Operation(codes) => match codes.as_slice() {
            [code] => (Some(format!("{api}.{}.code.{code}", operation.name)), code.clone()),
            many => (None, many.join(" or ")),
        },
        CodeWanted::Gateway(codes) => match codes.as_slice() {
            [code] => (gateway_row(gateway, code).map(|(id, _)| id), code.clone()),
            many => (None, many.join(" or ")),
        },
    }
}

fn described(answer: &Answer, operation: &Operation, code: Option<&str>, status: u16) -> String {
    let message = look_up(&answer.value, &operation.envelope.message).or_else(|| look_up(&answer.value, "Message"));
    let message = message.as_deref().and_then(Value::as_str).unwrap_or_default();
    let message: String = message.chars().take(160).collect();
    match code {
        None => format!("no code, HTTP {status}"),
        Some(code) if message.is_empty() => format!("{code}, HTTP {status}"),
        Some(code) => format!("{code}, HTTP {status}: {message}"),
    }
}

fn check_status((id, row): &(String, &Code), status: u16, step: u32) -> CheckRecorded {
    let accepted: Vec<u16> = std::iter::once(row.http_status).chain(row.http_status_also.iter().copied()).collect();
    let mismatch = (!accepted.contains(&status)).then(|| Mismatch {
        place: "response status".to_owned(),
        expected: accepted.iter().map(u16::to_string).collect::<Vec<_>>().join(" or "),
        actual: status.to_string(),
    });
    judged(&format!("{id}.http-status"), "http-status", step, mismatch)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::Format;

    const OPERATION: &str = r#"
name: Op
action: Op
title: { en: a, zh: a }
methods: [POST]
envelope: { code: Code, message: Message, success: "200" }
refusals: { missing: "400", missing_level: must, invalid: "401", invalid_level: should, sources: [] }
sources: []
request: []
response: []
codes:
  - { code: "200", http_status: 200, meaning: { en: a, zh: a }, retry: never, sources: [] }
  - { code: "404", http_status: 200, meaning: { en: a, zh: a }, retry: never, sources: [] }
"#;

    const GATEWAY: &str = r#"
format: idvet/contract/1
api: gateway
title: { en: a, zh: a }
sources: {}
codes:
  - { code: "Missing{name}", http_status: 400, meaning: { en: a, zh: a }, retry: never, sources: [] }
  - { code: NoPermission, http_status: 403, meaning: { en: a, zh: a }, retry: never, sources: [] }
"#;

    fn check(wanted: &CodeWanted, value: Value, status: u16, expected: &[(&str, bool)]) {
        let operation: Operation = serde_saphyr::from_str(OPERATION).expect("an operation");
        let gateway: Contract = serde_saphyr::from_str(GATEWAY).expect("a contract");
        let answer = Answer { value, format: Format::Json, root: None };
        let checks = check_code(("x", &operation), Some(&gateway), wanted, (&answer, status), ("fallback", 0));
        let found: Vec<(&str, bool)> =
            checks.iter().map(|check| (check.requirement.as_str(), check.mismatch.is_none())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn codes_are_compared_exactly_and_statuses_with_them() {
        let of = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
        let own = CodeWanted::Operation(of(&["404"]));
        check(&own, json!({ "Code": "404" }), 200, &[("x.Op.code.404", true), ("x.Op.code.404.http-status", true)]);
        check(&own, json!({ "Code": "4040" }), 200, &[("x.Op.code.404", false)]);
        check(&own, json!({}), 200, &[("x.Op.code.404", false)]);
        let either = CodeWanted::Operation(of(&["401", "404"]));
        check(&either, json!({ "Code": "404" }), 500, &[("fallback", true), ("x.Op.code.404.http-status", false)]);
        let rule = ["gateway.code.Missing{name}", "gateway.code.Missing{name}.http-status"];
        let missing = CodeWanted::Gateway(of(&["MissingBizType"]));
        check(&missing, json!({ "Code": "MissingBizType" }), 400, &[(rule[0], true), (rule[1], true)]);
        check(&missing, json!({ "Code": "Missing" }), 400, &[(rule[0], false)]);
        check(
            &CodeWanted::Success,
            json!({ "Code": "200" }),
            200,
            &[("x.Op.code.200", true), ("x.Op.code.200.http-status", true)],
        );
        check(&CodeWanted::Success, json!({ "Code": 404 }), 200, &[("x.Op.code.200", false)]);
    }

    #[test]
    fn a_gateway_refusal_has_a_code_that_the_operation_lacks() {
        let operation: Operation = serde_saphyr::from_str(OPERATION).expect("an operation");
        for (code, status, expected) in [("NoPermission", 403, true), ("404", 404, false), ("NoPermission", 200, false)]
        {
            let value = json!({ "Code": code, "HostId": "h" });
            let answer = Answer { value, format: Format::Json, root: None };
            assert_eq!(is_gateway_refusal(&operation, &answer, status), expected, "{code}");
        }
    }
}
