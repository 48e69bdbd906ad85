//! A run from its first event to its last.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt as _;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::callbacks::CallbackListener;
use super::case::{CaseOutcome, run_case};
use super::control::ControlClient;
use super::order::Order;
use super::preflight::preflight;
use super::shared::{Shared, SharedRun};
use super::{RunError, RunInput};
use crate::contract::{Level, Requirement};
use crate::event::{
    CasePlanned, Event, RequirementDeclared, RunFinished, RunStarted, SCHEMA_VERSION, StopCause, Verdict,
};
use crate::plan::{Fate, PlannedCase};
use crate::redact::Redactor;
use crate::request::ServiceKeys;
use crate::suite::Step;

/// Runs a plan. Every event goes to `emit`, in an order that depends on the plan alone.
///
/// # Errors
/// When the settings do not fit together: nothing was emitted then. When the target cannot be reached: what was emitted is
/// a whole stream, whose last event says so.
pub async fn run(input: RunInput, mut emit: impl FnMut(Event)) -> Result<(), RunError> {
    let begun = Instant::now();
    let mut shared = Shared::new(input)?;
    announce(&shared, &mut emit);
    if let Err(error) = prepare(&mut shared).await {
        emit(finished(&shared, Some((StopCause::Target, error.to_string())), begun));
        return Err(error);
    }
    let shared = Arc::new(shared);
    let plan = Arc::clone(&shared.input.plan);
    let mut order = Order::new(&plan);
    for (idx, planned) in plan.cases.iter().enumerate() {
        if let Fate::NotExercised(reason) = &planned.fate {
            order.put(idx, not_exercised(reason));
        }
    }
    order.emit_ready(&mut emit);
    let interrupted = !run_cases(&shared, &mut order, &mut emit).await;
    let has_gaps = order.emit_rest(&mut emit);
    let stopped = || (StopCause::Interrupted, "stopped before every case had finished".to_owned());
    emit(finished(&shared, (interrupted && has_gaps).then(stopped), begun));
    Ok(())
}

/// Looks whether the target is there, and gets from it what cases share.
async fn prepare(shared: &mut Shared) -> Result<(), RunError> {
    if shared.input.plan.n_to_run() == 0 {
        return Ok(());
    }
    preflight(shared).await?;
    if let Some(control) = shared.control.clone() {
        if shared.input.options.salt != 0 {
            forget_earlier_runs(shared, &control).await?;
        }
        if shared.encrypts() {
            let keys = control.keys(&shared.transport).await.map_err(RunError::Control)?;
            shared.keys = ServiceKeys { sm2: Some(keys.sm2_public_key), enc_token: Some(keys.enc_token_public_key) };
        }
        if shared.input.plan.listens() {
            let listener = CallbackListener::start().await?;
            control.trust(&shared.transport, &listener.ca_pem).await.map_err(RunError::Control)?;
            shared.listener = Some(listener);
        }
    } else if shared.input.plan.listens() {
        shared.listener = Some(CallbackListener::start().await?);
    }
    Ok(())
}

/// Resets at a time.
const RESETS: usize = 16;

/// Resets the accounts of the plan: an earlier run may have moved their clocks or used up their limits.
async fn forget_earlier_runs(shared: &Shared, control: &ControlClient) -> Result<(), RunError> {
    let sandbox = &shared.input.target.sandbox;
    let running = shared.input.plan.cases.iter().filter(|planned| planned.fate == Fate::Run);
    let accounts = running.flat_map(|planned| &planned.accounts);
    let keys: BTreeSet<String> = accounts.filter_map(|(role, number)| sandbox.account(role)?.key_id(*number)).collect();
    let resets = keys.iter().map(|key| control.reset(&shared.transport, key));
    let mut resets = futures_util::stream::iter(resets).buffer_unordered(RESETS);
    while let Some(done) = resets.next().await {
        done.map_err(RunError::Control)?;
    }
    Ok(())
}

/// Bursts at a time. A burst has to be over within a second, so few share the machine, and nothing else does.
const BURSTS: usize = 2;

/// Runs the cases side by side, then those that need the target for themselves. Returns false when stopped.
async fn run_cases(shared: &SharedRun, order: &mut Order<'_>, emit: &mut impl FnMut(Event)) -> bool {
    let cases = shared.input.plan.cases.iter().enumerate().filter(|(_, planned)| planned.fate == Fate::Run);
    let (mut together, mut bursts, mut alone) = (Vec::new(), Vec::new(), Vec::new());
    for (idx, planned) in cases {
        let is_burst = planned.case.steps.iter().any(|step| matches!(step, Step::Burst(_)));
        match (planned.alone, is_burst) {
            (true, _) => alone.push(idx),
            (false, true) => bursts.push(idx),
            (false, false) => together.push(idx),
        }
    }
    let width = shared.input.target.budgets.concurrency.max(1) as usize;
    for (batch, width) in [(together, width), (bursts, BURSTS.min(width)), (alone, 1)] {
        if !run_batch(shared, batch, width, order, emit).await {
            return false;
        }
    }
    true
}

async fn run_batch(
    shared: &SharedRun,
    batch: Vec<usize>,
    width: usize,
    order: &mut Order<'_>,
    emit: &mut impl FnMut(Event),
) -> bool {
    let cancel = shared.input.options.cancel.clone();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let feeder = tokio::spawn(feed(Arc::clone(shared), batch, width, sender));
    let completed = loop {
        tokio::select! {
            () = cancel.cancelled() => break false,
            done = receiver.recv() => match done {
                None => break true,
                Some((idx, outcome)) => {
                    order.put(idx, outcome);
                    order.emit_ready(emit);
                }
            },
        }
    };
    if !completed {
        feeder.abort();
        while let Ok((idx, outcome)) = receiver.try_recv() {
            order.put(idx, outcome);
        }
    }
    completed
}

/// Starts cases in plan order, as many at a time as the target allows. Dropping it stops them.
async fn feed(shared: SharedRun, batch: Vec<usize>, width: usize, sender: mpsc::UnboundedSender<(usize, CaseOutcome)>) {
    let room = Arc::new(Semaphore::new(width));
    let mut tasks = JoinSet::new();
    for idx in batch {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { break };
        let (shared, sender) = (Arc::clone(&shared), sender.clone());
        tasks.spawn(async move {
            let planned = &shared.input.plan.cases[idx];
            let outcome = run_case(&shared, planned, &idx.to_string()).await;
            // Nobody listens any more when the run was stopped.
            let _ = sender.send((idx, outcome));
            drop(permit);
        });
        while let Some(done) = tasks.try_join_next() {
            resume_panic(done);
        }
    }
    while let Some(done) = tasks.join_next().await {
        resume_panic(done);
    }
}

/// A panic in a case is a bug of idvet and must not look like a missing case.
fn resume_panic(done: Result<(), tokio::task::JoinError>) {
    if let Err(error) = done
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

fn not_exercised(reason: &str) -> CaseOutcome {
    CaseOutcome {
        verdict: Verdict::NotExercised,
        reason: Some(reason.to_owned()),
        clean: false,
        checks: Vec::new(),
        exchanges: Vec::new(),
        elapsed_micros: 0,
    }
}

fn announce(shared: &Shared, emit: &mut impl FnMut(Event)) {
    let RunInput { plan, contracts, target, options, .. } = &shared.input;
    emit(Event::RunStarted(RunStarted {
        schema_version: SCHEMA_VERSION,
        tool: format!("idvet {}", env!("CARGO_PKG_VERSION")),
        command: options.command.clone(),
        subject: target.name.clone(),
        seed: plan.seed,
        arguments: options.arguments.clone(),
        strict: options.strict,
        started_at: shared.now().to_iso(),
    }));
    contracts.requirements.values().for_each(|requirement| emit(Event::Requirement(declared(requirement))));
    options.known_failures.iter().for_each(|entry| emit(Event::KnownFailure(entry.clone())));
    plan.cases.iter().for_each(|planned| emit(Event::CasePlanned(case_planned(planned, &shared.redactor))));
}

fn declared(requirement: &Requirement) -> RequirementDeclared {
    let level = match requirement.level {
        Level::Must => "must",
        Level::Should => "should",
        Level::Info => "info",
    };
    RequirementDeclared {
        id: requirement.id.clone(),
        level: level.to_owned(),
        api: requirement.api.clone(),
        operation: requirement.operation.clone(),
        text_en: requirement.text.en.clone(),
        text_zh: requirement.text.zh.clone(),
        citations: requirement.citations.clone(),
        unexercised_en: requirement.unexercised.as_ref().map(|text| text.en.clone()),
        unexercised_zh: requirement.unexercised.as_ref().map(|text| text.zh.clone()),
    }
}

fn case_planned(planned: &PlannedCase, redactor: &Redactor) -> CasePlanned {
    let case = &planned.case;
    CasePlanned {
        case: case.id.clone(),
        api: case.api.clone(),
        title_en: redactor.values_in(&case.title.en).into_owned(),
        title_zh: redactor.values_in(&case.title.zh).into_owned(),
        requirements: case.requirements().cloned().collect(),
        place: case.place.clone(),
        twin: case.twin.clone(),
        reproduce: planned.reproduce.clone(),
    }
}

fn finished(shared: &Shared, stopped: Option<(StopCause, String)>, begun: Instant) -> Event {
    let (calls, billable_calls) = shared.gate.totals();
    let (cause, reason) = stopped.unzip();
    Event::RunFinished(RunFinished {
        partial: cause.is_some(),
        cause,
        reason,
        calls,
        billable_calls,
        elapsed_micros: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
    })
}
