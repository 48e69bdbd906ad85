//! Requirements that an expectation speaks for without being named: the code, its status, the sub-code, its verdict.

use super::loaded::{Case, LoadedBaseline, Suites};
use super::model::{Expect, Step};
use crate::contract::Contracts;

/// Fills `implied` of a case.
pub(super) fn imply(case: &mut Case, suites: &Suites, contracts: &Contracts) {
    let mut ids = Vec::new();
    for step in &case.steps {
        match step {
            Step::Call(call) => {
                if let Some(baseline) = suites.baseline(&call.baseline) {
                    ids.extend(expected(baseline, call.expect.as_ref(), contracts));
                }
            }
            Step::Burst(burst) => {
                if let Some(baseline) = suites.baseline(&burst.baseline) {
                    ids.extend(expected(baseline, Some(&burst.throttled), contracts));
                }
            }
            _ => {}
        }
    }
    for id in ids {
        if contracts.requirements.contains_key(&id) && !case.implied.contains(&id) {
            case.implied.push(id);
        }
    }
}

fn expected(baseline: &LoadedBaseline, expect: Option<&Expect>, contracts: &Contracts) -> Vec<String> {
    let name = &baseline.baseline.operation;
    let Some(operation) = contracts.operation(&baseline.api, name) else { return Vec::new() };
    let prefix = format!("{}.{name}", baseline.api);
    let status = |code: String| [format!("{code}.http-status"), code];
    let mut ids = Vec::new();
    let code = expect.and_then(|expect| expect.code.as_deref());
    let gateway = expect.and_then(|expect| expect.gateway.as_deref());
    let open = expect.is_some_and(|expect| !expect.codes.is_empty() || !expect.gateway_any.is_empty());
    match (code, gateway) {
        (_, Some(gateway)) => ids.extend(status(format!("gateway.code.{gateway}"))),
        (Some(code), None) => ids.extend(status(format!("{prefix}.code.{code}"))),
        (None, None) if open => {}
        (None, None) => {
            let success = operation.envelope.success.iter();
            ids.extend(success.flat_map(|success| status(format!("{prefix}.code.{success}"))));
        }
    }
    let field = |path: &Option<String>| expect.and_then(|expect| expect.fields.get(path.as_ref()?));
    if let Some(sub_code) = field(&operation.envelope.sub_code) {
        ids.push(format!("{prefix}.sub-code.{sub_code}"));
        if field(&operation.envelope.passed).is_some() {
            ids.push(format!("{prefix}.sub-code.{sub_code}.passed"));
        }
    }
    ids
}
