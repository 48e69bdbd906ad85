//! Positive twins: the same steps with the one difference left out, equal ones shared.

use std::collections::HashMap;

use super::loaded::{Case, Row, Suites};
use super::model::{Call, Expect, Step, Wire};
use crate::contract::{Contracts, Text};

/// Ending of the id of a derived twin.
pub const TWIN: &str = "~twin";

/// Returns the steps that carry a difference, by number.
pub(super) fn differing(case: &Case) -> Vec<usize> {
    let differs = |step: &Step| match step {
        Step::Call(call) => call.differs.is_some(),
        Step::Submit(submit) => submit.differs.is_some(),
        Step::Advance(advance) => advance.differs.is_some(),
        _ => false,
    };
    case.steps.iter().enumerate().filter(|(_, step)| differs(step)).map(|(idx, _)| idx).collect()
}

/// Says whether some step wants a refusal.
pub(super) fn is_negative(case: &Case, suites: &Suites, contracts: &Contracts) -> bool {
    case.steps.iter().any(|step| match step {
        Step::Call(call) => call.expect.as_ref().is_some_and(|expect| {
            let baseline = suites.baseline(&call.baseline);
            let operation = baseline.and_then(|found| contracts.operation(&found.api, &found.baseline.operation));
            is_refusal(expect, operation.and_then(|operation| operation.envelope.success.as_deref()))
        }),
        Step::Submit(submit) => submit.accepted == Some(false),
        Step::Fetch(fetch) => fetch.gone || fetch.status >= 400,
        _ => false,
    })
}

/// Says whether an expectation wants anything but success.
pub fn is_refusal(expect: &Expect, success: Option<&str>) -> bool {
    let other = |code: &String| Some(code.as_str()) != success;
    expect.code.as_ref().is_some_and(other)
        || (!expect.codes.is_empty() && expect.codes.iter().all(other))
        || expect.gateway.is_some()
        || !expect.gateway_any.is_empty()
        || expect.http.is_some_and(|status| status >= 400)
}

/// Derives twins; equal ones are made once.
#[derive(Default)]
pub(super) struct Twins {
    by_steps: HashMap<String, String>,
}

impl Twins {
    /// Gives a case with one difference its twin. Returns the twin when it is new.
    pub(super) fn derive(&mut self, case: &mut Case) -> Option<Case> {
        let [at] = differing(case)[..] else { return None };
        if case.twin.is_some() {
            return None;
        }
        let steps: Vec<Step> = case.steps.iter().enumerate().map(|(idx, step)| stripped(step, idx, at)).collect();
        let text = format!("{steps:?}");
        let row = if text.contains("it.") { case.row.clone() } else { Row::new() };
        let key = format!("{text}{row:?}");
        if let Some(id) = self.by_steps.get(&key) {
            case.twin = Some(id.clone());
            return None;
        }
        let plain = plain_baseline(&steps).map(str::to_owned);
        let twin = twin(case, steps, row, plain.as_deref());
        self.by_steps.insert(key, twin.id.clone());
        case.twin = Some(twin.id.clone());
        Some(twin)
    }
}

fn twin(case: &Case, steps: Vec<Step>, row: Row, plain: Option<&str>) -> Case {
    let (id, api, title) = match plain.and_then(|name| name.split_once('/')) {
        Some((folder, name)) => {
            let en = format!("The baseline `{name}` is accepted");
            let zh = format!("基准请求 `{name}` 被接受");
            (format!("{folder}/baseline/{name}"), folder.to_owned(), Text { en, zh })
        }
        None => {
            let en = format!("Without the difference: {}", case.title.en);
            let zh = format!("对照(不含差异):{}", case.title.zh);
            (format!("{}{TWIN}", case.id), case.api.clone(), Text { en, zh })
        }
    };
    Case {
        id,
        api,
        title,
        named: Vec::new(),
        implied: Vec::new(),
        place: case.place.clone(),
        twin: None,
        derived: true,
        row,
        steps,
    }
}

/// Returns the step as the twin has it.
fn stripped(step: &Step, idx: usize, at: usize) -> Step {
    let mut step = step.clone();
    let behind = idx >= at;
    match &mut step {
        Step::Call(call) => {
            call.differs = None;
            let otherwise = call.otherwise.take();
            if behind || otherwise.is_some() {
                call.expect = otherwise;
            }
        }
        Step::Submit(submit) => {
            submit.differs = None;
            let otherwise = submit.otherwise.take();
            if behind || otherwise.is_some() {
                submit.accepted = otherwise;
            }
        }
        Step::Advance(advance) => advance.differs = None,
        Step::Callback(callback) => callback.count = callback.otherwise.take().unwrap_or(callback.count),
        Step::Fetch(fetch) => {
            let otherwise = fetch.otherwise.take();
            if behind || otherwise.is_some() {
                fetch.status = otherwise.unwrap_or(200);
                fetch.gone = false;
            }
        }
        Step::Billing(billing) => billing.count = billing.otherwise.take().unwrap_or(billing.count),
        Step::Burst(_) => {}
    }
    step
}

/// Returns the baseline of a case that is nothing but one plain call.
fn plain_baseline(steps: &[Step]) -> Option<&str> {
    let [Step::Call(call)] = steps else { return None };
    let Call { baseline, name: _, roles, set, unset, wire, differs, expect, otherwise: _ } = &**call;
    let plain = set.is_empty() && unset.is_empty() && differs.is_none() && expect.is_none();
    (plain && *roles == Default::default() && *wire == Wire::default()).then_some(baseline.as_str())
}
