//! Waits until the target has no callback under way, then judges what came.

use std::time::Duration;

use super::advance;
use crate::event::{ExchangeRecorded, Mismatch};
use crate::exchange::{Request, decode_form};
use crate::runner::callbacks::Received;
use crate::runner::case::CaseRun;
use crate::runner::verdict::Stop;
use crate::suite::{CallbackExpected, Step};

/// Sets what the listener answers until the next callback step is over.
pub(in crate::runner) fn prepare(case: &CaseRun<'_>, mailbox: &str, from: usize) {
    let Some(listener) = case.shared.listener() else { return };
    let next = case.planned.case.steps.iter().skip(from).find_map(|step| match step {
        Step::Callback(expected) => Some(expected.answer.as_ref().map_or(200, crate::suite::Choice::get)),
        _ => None,
    });
    if let Some(status) = next {
        listener.answer_with(mailbox, status);
    }
}

pub(in crate::runner) async fn run(
    case: &mut CaseRun<'_>,
    expected: &CallbackExpected,
    mailbox: &str,
    idx: usize,
) -> Result<(), Stop> {
    settle(case).await?;
    if let Some(seconds) = expected.within_seconds.filter(|_| received(case, mailbox).len() < expected.count as usize) {
        // Retries wait for the accounts' clock.
        advance::run(case, i64::from(seconds)).await?;
        settle(case).await?;
    }
    let received = wait(case, expected, mailbox).await;
    record(case, &received);
    judge_count(case, expected, received.len())?;
    if let Some(last) = received.last() {
        judge(case, expected, last)?;
    }
    prepare(case, mailbox, idx + 1);
    Ok(())
}

/// Waits until the target says that no callback is under way.
async fn settle(case: &CaseRun<'_>) -> Result<(), Stop> {
    if let Some(control) = &case.shared.control {
        for key in case.key_ids() {
            control.callbacks(&case.shared.transport, &key).await.map_err(Stop::Indeterminate)?;
        }
    }
    Ok(())
}

/// A target without a control API cannot say when it is done, so it gets some time.
async fn wait(case: &CaseRun<'_>, expected: &CallbackExpected, mailbox: &str) -> Vec<Received> {
    let patience = if case.shared.control.is_some() { 0 } else { 50 };
    for _ in 0..patience {
        if received(case, mailbox).len() >= expected.count.max(1) as usize {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    received(case, mailbox)
}

fn received(case: &CaseRun<'_>, mailbox: &str) -> Vec<Received> {
    case.shared.listener().map(|listener| listener.received(mailbox)).unwrap_or_default()
}

fn record(case: &mut CaseRun<'_>, received: &[Received]) {
    for callback in received {
        let target = format!("/callback?{}", callback.query);
        let request =
            Request { method: callback.method.clone(), target, headers: Vec::new(), body: bytes::Bytes::new() };
        case.exchanges.push(ExchangeRecorded {
            case: case.planned.case.id.clone(),
            step: case.step,
            operation: "callback".to_owned(),
            request: case.shared.redactor.request(&request),
            response: None,
            no_response: None,
            elapsed_micros: 0,
        });
    }
}

fn judge_count(case: &mut CaseRun<'_>, expected: &CallbackExpected, n_received: usize) -> Result<(), Stop> {
    let mismatch = (n_received != expected.count as usize).then(|| Mismatch {
        place: "callbacks".to_owned(),
        expected: expected.count.to_string(),
        actual: n_received.to_string(),
    });
    case.judge("callback-count", mismatch)
}

fn judge(case: &mut CaseRun<'_>, expected: &CallbackExpected, callback: &Received) -> Result<(), Stop> {
    let at = |place: &str, expected: String, actual: String| Mismatch {
        place: format!("callback, {place}"),
        expected,
        actual,
    };
    if let Some(method) = &expected.method {
        let mismatch = (callback.method != *method).then(|| at("method", method.clone(), callback.method.clone()));
        case.judge("callback-method", mismatch)?;
    }
    let pairs = decode_form(&callback.query).unwrap_or_default();
    // `a|b` stands for a field that the documents spell in two ways.
    let value = |names: &str| {
        let found = pairs.iter().find(|(key, _)| names.split('|').any(|name| key == name));
        found.map(|(_, value)| value.clone())
    };
    for (name, wanted) in &expected.query {
        let wanted = case.text(wanted)?;
        let actual = value(name);
        let mismatch = (actual.as_deref() != Some(wanted.as_str()))
            .then(|| at(name, wanted, actual.unwrap_or_else(|| "no such field".to_owned())));
        case.judge("callback-field", mismatch)?;
    }
    for name in &expected.absent {
        let mismatch = value(name).map(|actual| at(name, "no such field".to_owned(), actual));
        case.judge("callback-absent", mismatch)?;
    }
    Ok(())
}
