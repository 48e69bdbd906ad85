//! Moves time: the accounts' at the target, and ours with it.

use crate::control::ClockRequest;
use crate::runner::case::CaseRun;
use crate::runner::verdict::Stop;
use crate::target::model::ClockMeans;

pub(in crate::runner) async fn run(case: &mut CaseRun<'_>, seconds: i64) -> Result<(), Stop> {
    let Some(control) = &case.shared.control else {
        return Err(Stop::Harness(
            "the target moves its clock by a control API, but names no address of one".to_owned(),
        ));
    };
    let global = case.shared.input.target.capabilities.clock == ClockMeans::Global;
    let keys: Vec<Option<String>> = if global { vec![None] } else { case.key_ids().into_iter().map(Some).collect() };
    for access_key_id in keys {
        let body = ClockRequest { access_key_id, advance_seconds: seconds };
        control.clock(&case.shared.transport, &body).await.map_err(Stop::Indeterminate)?;
    }
    case.offset_seconds += seconds;
    Ok(())
}
