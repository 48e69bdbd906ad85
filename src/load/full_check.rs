//! An answer held against the whole contract, as `check` does it: code and status, every row, sub-code and verdict.

use std::collections::HashMap;

use super::program::{Checked, Program, weighs};
use super::worker::Sample;
use crate::check::{Answer, CodeWanted, ResponseRows, check_code, check_sub_code, is_gateway_refusal, read_answer};
use crate::contract::path::{as_text, look_up};
use crate::contract::{Contracts, Facts, Operation, RequestParameters, SceneFacts};
use crate::event::{CheckRecorded, LoadWrong, Mismatch};
use crate::exchange::{Exchange, Response};
use crate::redact::Redactor;
use crate::target::model::Target;

/// Holds answers against their contracts.
pub(super) struct FullCheck<'a> {
    contracts: &'a Contracts,
    target: &'a Target,
    redactor: &'a Redactor,
    program: &'a Program,
    rows: HashMap<(String, String), ResponseRows>,
    /// Breaches that were told already; of each kind one is told with its evidence.
    told: Vec<(usize, String)>,
}

/// Kinds of breaches told with their evidence.
const TOLD: usize = 100;

impl<'a> FullCheck<'a> {
    pub(super) fn new(
        contracts: &'a Contracts,
        target: &'a Target,
        redactor: &'a Redactor,
        program: &'a Program,
    ) -> Self {
        let operations = contracts.by_api.iter().flat_map(|(api, contract)| {
            let rows =
                |operation: &Operation| ((api.clone(), operation.name.clone()), ResponseRows::new(api, operation));
            contract.operations.iter().map(rows)
        });
        Self { contracts, target, redactor, program, rows: operations.collect(), told: Vec::new() }
    }

    /// Checks an answer. Returns whether it is wrong, and breaches of a kind that was not told before.
    pub(super) fn check(&mut self, sample: Sample) -> (bool, Vec<LoadWrong>) {
        let call = &self.program.calls[sample.call];
        let Some(checked) = &call.checked else { return (false, Vec::new()) };
        let response = Response { status: sample.status, headers: Vec::new(), body: sample.body.into() };
        let breaches: Vec<(String, Mismatch)> = match read_answer(&response) {
            Err(mismatch) => vec![(format!("{}.{}", checked.api, checked.operation), mismatch)],
            Ok(answer) => self.breaches(checked, &answer, &response),
        };
        let is_wrong = !breaches.is_empty();
        let step = call.label.and_then(|label| self.program.labels.get(label)).cloned().unwrap_or_default();
        let mut wrong = Vec::new();
        for (requirement, mismatch) in breaches {
            let kind = (sample.call, requirement.clone());
            if self.told.len() >= TOLD || self.told.contains(&kind) {
                continue;
            }
            self.told.push(kind);
            let exchange =
                Exchange { request: checked.request.clone(), outcome: Ok(response.clone()), elapsed_micros: 0 };
            let recorded = self.redactor.exchange(&exchange);
            let mismatch = self.redactor.mismatch(&recorded.echo, &mismatch);
            if let Some(response) = recorded.response {
                wrong.push(LoadWrong { step: step.clone(), requirement, mismatch, response });
            }
        }
        (is_wrong, wrong)
    }

    fn breaches(&self, checked: &Checked, answer: &Answer, response: &Response) -> Vec<(String, Mismatch)> {
        let Some(operation) = self.contracts.operation(&checked.api, &checked.operation) else { return Vec::new() };
        let gateway = self.contracts.by_api.get("gateway");
        let of = |api: &str, operation: &str| self.rows.get(&(api.to_owned(), operation.to_owned()));
        let mut records: Vec<CheckRecorded> = Vec::new();
        if let Some(wanted) = documented_code(operation, answer) {
            let id = format!("{}.{}", checked.api, checked.operation);
            records.extend(check_code(
                (&checked.api, operation),
                gateway,
                &wanted,
                (answer, response.status),
                (&id, 0),
            ));
        }
        if is_gateway_refusal(operation, answer, response.status) {
            records.extend(
                of("gateway", "Common").map(|rows| rows.check(answer, &Facts::default(), 0)).unwrap_or_default(),
            );
        } else {
            let began = checked.began.and_then(|began| self.program.calls.get(began)?.checked.as_ref());
            let scene_of = began.unwrap_or(checked);
            let scene = self.target.sandbox.scene(&scene_of.api, &scene_of.scene);
            let scene = scene
                .map(|scene| SceneFacts { solution: scene.solution.as_deref(), keeps_material: scene.keeps_material });
            let request = RequestParameters::new(pairs(&checked.parameters));
            let init = began.map(|began| RequestParameters::new(pairs(&began.parameters)));
            let facts = Facts { request: Some(&request), init: init.as_ref(), answer: Some(&answer.value), scene };
            records.extend(
                of(&checked.api, &checked.operation).map(|rows| rows.check(answer, &facts, 0)).unwrap_or_default(),
            );
            records.extend(check_sub_code(&checked.api, operation, answer, 0));
        }
        let level = |id: &str| self.contracts.requirements.get(id).map(|requirement| requirement.level);
        let breaches = records.into_iter().filter(|record| weighs(level(&record.requirement)));
        breaches.filter_map(|record| Some((record.requirement, record.mismatch?))).collect()
    }
}

fn pairs(parameters: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// Returns which code the answer's own code is an instance of, so that its status is judged by that row. A code that nobody
/// documents is no breach here: it makes the call a failed one.
fn documented_code(operation: &Operation, answer: &Answer) -> Option<CodeWanted> {
    let code = look_up(&answer.value, &operation.envelope.code).map(|value| as_text(&value).into_owned());
    match code {
        None => operation.envelope.success.is_none().then_some(CodeWanted::Success),
        Some(code) if operation.envelope.success.as_ref() == Some(&code) => Some(CodeWanted::Success),
        Some(code) => operation.codes.iter().any(|row| row.code == code).then(|| CodeWanted::Operation(vec![code])),
    }
}
