//! Reads what was billed since the case began.

use crate::event::Mismatch;
use crate::runner::case::CaseRun;
use crate::runner::verdict::Stop;
use crate::suite::{BillingExpected, Step};

/// Reads the count before the first step, where some step will ask for it.
pub(in crate::runner) async fn begin(case: &mut CaseRun<'_>) -> Result<(), Stop> {
    if case.planned.case.steps.iter().any(|step| matches!(step, Step::Billing(_))) {
        case.billed_before = count(case).await?;
    }
    Ok(())
}

pub(in crate::runner) async fn run(case: &mut CaseRun<'_>, expected: &BillingExpected) -> Result<(), Stop> {
    let billed = count(case).await?.saturating_sub(case.billed_before);
    let mismatch = (billed != expected.count).then(|| Mismatch {
        place: "billing".to_owned(),
        expected: format!("{} billed", expected.count),
        actual: format!("{billed} billed"),
    });
    let named = case.planned.case.named.iter().find(|id| id.ends_with(".billing"));
    let primary = std::mem::take(&mut case.attribution.primary);
    case.attribution.primary = named.unwrap_or(&primary).clone();
    let judged = case.judge("billing", mismatch);
    case.attribution.primary = primary;
    judged
}

async fn count(case: &CaseRun<'_>) -> Result<u64, Stop> {
    let Some(control) = &case.shared.control else {
        return Err(Stop::Harness("the target tells what it billed by a control API, but names none".to_owned()));
    };
    let mut total = 0;
    for key in case.key_ids() {
        total += control.billing(&case.shared.transport, &key).await.map_err(Stop::Indeterminate)?.count;
    }
    Ok(total)
}
