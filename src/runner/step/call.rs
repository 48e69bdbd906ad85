//! Sends a request and judges the answer.

use super::expectation::{self, Judged};
use crate::check::{Answer, CodeWanted, check_sub_code, is_gateway_refusal, read_answer};
use crate::contract::path::{as_text, look_up};
use crate::contract::{Facts, Operation, RequestParameters, SceneFacts};
use crate::event::{CheckRecorded, ExchangeRecorded};
use crate::exchange::{Exchange, Response};
use crate::redact::Echo;
use crate::request::{Built, RequestInput};
use crate::runner::case::{CaseRun, harness};
use crate::runner::verdict::Stop;
use crate::suite::{Call, Expect};
use crate::transport::{Endpoint, Framing};

pub(in crate::runner) async fn run(case: &mut CaseRun<'_>, call: &Call) -> Result<(), Stop> {
    let shared = case.shared;
    let input = shared.request_input();
    let (api, operation) = operation(&input, &call.baseline)?;
    let endpoint = endpoint(case, api)?;
    let moment = case.moment();
    let built =
        input.build(&shared.expressions, &mut case.state, call, (moment, &endpoint.authority)).map_err(harness)?;
    let endpoint = if built.plain_http { endpoint.plain() } else { endpoint.clone() };
    let (exchange, echo) = send(case, &endpoint, &built, operation).await?;
    let response = exchange.outcome.map_err(|error| Stop::Indeterminate(error.to_string()))?;
    let expect = call.expect.clone().unwrap_or_default();
    let answer = match read_answer(&response) {
        Ok(answer) => answer,
        Err(mismatch) => {
            case.state.remember(call.name.as_deref(), built, None);
            return case.judge("answer", Some(mismatch));
        }
    };
    let judged = Judged { built: &built, operation, expect: &expect, answer: &answer, response: &response };
    let result = judge(case, &judged, &echo);
    case.state.remember(call.name.as_deref(), built, Some(answer.value));
    result
}

/// Returns the API and operation of a baseline.
pub(super) fn operation<'a>(input: &RequestInput<'a>, baseline: &str) -> Result<(&'a str, &'a Operation), Stop> {
    let unknown = || Stop::Harness(format!("there is no baseline `{baseline}`"));
    let loaded = input.suites.baseline(baseline).ok_or_else(unknown)?;
    let operation = input.contracts.operation(&loaded.api, &loaded.baseline.operation).ok_or_else(unknown)?;
    Ok((&loaded.api, operation))
}

pub(super) fn endpoint<'a>(case: &CaseRun<'a>, api: &str) -> Result<&'a Endpoint, Stop> {
    case.shared.endpoints.get(api).ok_or_else(|| Stop::Harness(format!("the target has no endpoint for `{api}`")))
}

/// Sends within the budgets and records the exchange.
async fn send(
    case: &mut CaseRun<'_>,
    endpoint: &Endpoint,
    built: &Built,
    operation: &Operation,
) -> Result<(Exchange, Echo), Stop> {
    let over = |_| Stop::Indeterminate("the budget of billable calls is spent".to_owned());
    case.shared.gate.pass(&built.api, operation.billable).await.map_err(over)?;
    let framing = if built.chunked { Framing::Chunked } else { Framing::Length };
    let exchange = case.shared.transport.send(endpoint, built.request.clone(), framing).await;
    let echo = record(case, &built.operation, &exchange);
    Ok((exchange, echo))
}

/// Records an exchange, redacted.
pub(super) fn record(case: &mut CaseRun<'_>, operation: &str, exchange: &Exchange) -> Echo {
    let recorded = case.shared.redactor.exchange(exchange);
    case.exchanges.push(ExchangeRecorded {
        case: case.planned.case.id.clone(),
        step: case.step,
        operation: operation.to_owned(),
        request: recorded.request,
        response: recorded.response,
        no_response: recorded.no_response,
        elapsed_micros: exchange.elapsed_micros,
    });
    recorded.echo
}

fn judge(case: &mut CaseRun<'_>, judged: &Judged<'_>, echo: &Echo) -> Result<(), Stop> {
    let unasked = unasked_code(judged.expect, judged.operation, judged.answer);
    if let Some(code) = unasked.as_ref().filter(|code| code.starts_with("Throttling")) {
        return Err(Stop::Indeterminate(format!("the target throttled an ordinary call ({code})")));
    }
    if let Some(code) = unasked {
        check_address(case, &judged.built.api, &code)?;
    }
    let wanted = expectation::check(case, judged)?;
    let mut records = case.attribution.wanted(wanted, |id| case.shared.level(id));
    // The HTTP status of a code that came as wanted is judged beside it and takes no ground from what follows.
    let grave = |record: &CheckRecorded| record.mismatch.is_some() && !record.requirement.ends_with(".http-status");
    let stop = records.iter().any(grave);
    // What the case wants of a row by name is said once.
    let is_said = |row: &CheckRecorded| {
        row.mismatch.is_some()
            && records.iter().any(|said| said.mismatch.is_some() && said.requirement == row.requirement)
    };
    let rows: Vec<CheckRecorded> = contract_rows(case, judged).into_iter().filter(|row| !is_said(row)).collect();
    records.extend(rows);
    redact(case, &mut records, echo);
    case.checks.append(&mut records);
    if stop { Err(Stop::Mismatch) } else { Ok(()) }
}

pub(super) fn redact(case: &CaseRun<'_>, records: &mut [CheckRecorded], echo: &Echo) {
    for mismatch in records.iter_mut().filter_map(|record| record.mismatch.as_mut()) {
        *mismatch = case.shared.redactor.mismatch(echo, mismatch);
    }
}

/// What a gateway answers to plain HTTP where it is not served (source: gateway-errors.json).
const NEEDS_TLS: &str = "InvalidProtocol.NeedSsl";

/// Stops a case whose call was refused for the plain address that the target was given, which is no fault of the target.
pub(super) fn check_address(case: &CaseRun<'_>, api: &str, code: &str) -> Result<(), Stop> {
    let is_plain = case.shared.endpoints.get(api).is_some_and(|endpoint| !endpoint.tls);
    match is_plain && code == NEEDS_TLS {
        true => Err(Stop::Indeterminate(format!("the target takes HTTPS only ({code}): give its https address"))),
        false => Ok(()),
    }
}

/// Returns the code of a refusal that the case does not wait for: a limit that it did not mean to reach, or an address of the
/// wrong kind, says nothing about what it tries.
fn unasked_code(expect: &Expect, operation: &Operation, answer: &Answer) -> Option<String> {
    let code = look_up(&answer.value, &operation.envelope.code).or_else(|| look_up(&answer.value, "Code"))?;
    let code = as_text(&code).into_owned();
    let asked = match expectation::code_wanted(expect, operation) {
        Some(CodeWanted::Gateway(codes)) => codes.contains(&code),
        _ => false,
    };
    (!asked).then_some(code)
}

/// Checks the answer against the response table of the operation, or of the gateway where it refused.
fn contract_rows(case: &CaseRun<'_>, judged: &Judged<'_>) -> Vec<CheckRecorded> {
    let Judged { built, operation, answer, response, .. } = judged;
    if is_gateway_refusal(operation, answer, response.status) {
        let rows = case.shared.rows("gateway", "Common");
        return rows.map(|rows| rows.check(answer, &Facts::default(), case.step)).unwrap_or_default();
    }
    let request = RequestParameters::new(pairs(&built.parameters));
    let beginning = case.state.beginning_of(built);
    let init = beginning.map(|sent| RequestParameters::new(pairs(&sent.built.parameters)));
    let scene_of = beginning.map_or(*built, |sent| &sent.built);
    let sandbox = &case.shared.input.target.sandbox;
    let scene = sandbox.scene(&scene_of.api, &scene_of.roles.scene);
    let scene =
        scene.map(|scene| SceneFacts { solution: scene.solution.as_deref(), keeps_material: scene.keeps_material });
    let facts = Facts { request: Some(&request), init: init.as_ref(), answer: Some(&answer.value), scene };
    let rows = case.shared.rows(&built.api, &built.operation);
    let mut records = rows.map(|rows| rows.check(answer, &facts, case.step)).unwrap_or_default();
    records.extend(check_sub_code(&built.api, operation, answer, case.step));
    records
}

fn pairs(parameters: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// Says whether an answer carries success, for callers that only count.
pub(super) fn is_success(operation: &Operation, answer: &Answer, response: &Response) -> bool {
    let code = look_up(&answer.value, &operation.envelope.code).map(|code| as_text(&code).into_owned());
    match &operation.envelope.success {
        Some(success) => code.as_ref() == Some(success),
        None => code.is_none() && (200..300).contains(&response.status),
    }
}
