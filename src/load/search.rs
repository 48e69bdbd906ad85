//! A capacity search: one run after another, each at one rate, as the profile's search says.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::run::{announce, limits_of, run};
use super::{LoadError, LoadInput};
use crate::event::{Event, LoadPlateau, RunFinished, StopCause};
use crate::load_profile::{CapacitySearch, Schedule, Tried, WINDOW};

/// Runs a search. Every event goes to `emit`; of the end of a rate it returns what became of it.
///
/// # Errors
/// As [`run`], before anything was emitted.
pub fn search(
    input: &LoadInput,
    search: &CapacitySearch,
    mut emit: impl FnMut(Event) -> Option<Tried>,
) -> Result<(), LoadError> {
    let limits = limits_of(input)?;
    let begun = Instant::now();
    let mut total = RunFinished {
        partial: false,
        cause: None,
        reason: None,
        calls: Default::default(),
        billable_calls: 0,
        elapsed_micros: 0,
    };
    let mut tried = Vec::new();
    let mut announced = false;
    let mut next_second = 0;
    while let Some(rate) = search.next(&tried) {
        let one = at_rate(input, search, rate, (tried.len(), total.billable_calls));
        let (offset, mut end) = (next_second, None);
        let result = run(&one, |event| match event {
            Event::RunStarted(_) if !announced => {
                announced = true;
                announce(input, &limits, &mut |event| {
                    emit(event);
                });
            }
            Event::LoadInterval(mut interval) => {
                interval.second += offset;
                next_second = interval.second + 1;
                emit(Event::LoadInterval(interval));
            }
            Event::LoadWrong(_) => {
                emit(event);
            }
            Event::RunFinished(finished) => end = Some(finished),
            _ => {}
        });
        if let Err(error) = result {
            if !announced {
                return Err(error);
            }
            (total.cause, total.reason) = (Some(StopCause::Target), Some(error.to_string()));
            break;
        }
        let Some(end) = end else { break };
        add(&mut total, &end);
        let plateau = LoadPlateau {
            rate,
            length_nanos: one.profile.schedule.length(),
            settle_nanos: search.settle.0,
            elapsed_micros: end.elapsed_micros,
            partial: end.partial,
        };
        let outcome = emit(Event::LoadPlateau(plateau)).unwrap_or(Tried::Inconclusive);
        tried.push((rate, outcome));
        if end.partial || input.options.stop.load(Ordering::Relaxed) {
            break;
        }
    }
    total.partial = total.cause.is_some();
    total.elapsed_micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    emit(Event::RunFinished(total));
    Ok(())
}

/// Returns the input of the run at one rate: nothing it sends came before, and what was billed is spent.
fn at_rate(input: &LoadInput, search: &CapacitySearch, rate: f64, (number, billed): (usize, u64)) -> LoadInput {
    let mut one = input.clone();
    Arc::make_mut(&mut one.profile).schedule = Schedule::plateau(rate, search.settle, search.plateau);
    one.options.salt = one.options.salt.wrapping_add(number as u64 + 1);
    if number > 0 {
        // Each run has limits of its own: the window of the last has to be over, here and at the service.
        one.options.start_in = Duration::from_nanos(WINDOW);
    }
    let budgets = &mut Arc::make_mut(&mut one.target).budgets;
    budgets.billable_calls = budgets.billable_calls.map(|most| most.saturating_sub(billed));
    one
}

fn add(total: &mut RunFinished, end: &RunFinished) {
    for (api, count) in &end.calls {
        *total.calls.entry(api.clone()).or_default() += count;
    }
    total.billable_calls += end.billable_calls;
    if total.cause.is_none() {
        (total.cause, total.reason) = (end.cause, end.reason.clone());
    }
}
