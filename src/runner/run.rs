//! A run from its first event to its last.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt as _;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinHandle, JoinSet};

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
use crate::plan::{Fate, Lane, PlannedCase};
use crate::redact::Redactor;

/// Runs a plan. Every event goes to `emit`, in an order that depends on the plan alone.
///
/// # Errors
/// When the settings do not fit together: nothing was emitted then. When the target cannot be reached: what was emitted is
/// a whole stream, whose last event says so.
pub async fn run(input: RunInput, mut emit: impl FnMut(Event)) -> Result<(), RunError> {
    let begun = Instant::now();
    let shared = Shared::new(input)?;
    if let Err(error) = prepare(&shared).await {
        announce(&shared, &mut emit);
        emit(finished(&shared, Some((StopCause::Target, error.to_string())), begun));
        return Err(error);
    }
    let shared = Arc::new(shared);
    // The first cases run while thousands of requirements are told.
    let first = Batch::start(&shared, Lane::Together);
    announce(&shared, &mut emit);
    let plan = Arc::clone(&shared.input.plan);
    let mut order = Order::new(&plan);
    for (idx, planned) in plan.cases.iter().enumerate() {
        if let Fate::NotExercised(reason) = &planned.fate {
            order.put(idx, not_exercised(reason));
        }
    }
    order.emit_ready(&mut emit);
    let interrupted = !run_cases(&shared, first, &mut order, &mut emit).await;
    let has_gaps = order.emit_rest(&mut emit);
    let stopped = || (StopCause::Interrupted, "stopped before every case had finished".to_owned());
    emit(finished(&shared, (interrupted && has_gaps).then(stopped), begun));
    Ok(())
}

/// Looks whether the target is there, and has it forget what earlier runs did.
async fn prepare(shared: &Shared) -> Result<(), RunError> {
    if shared.input.plan.n_to_run() == 0 {
        return Ok(());
    }
    preflight(shared).await?;
    if let Some(control) = shared.control.as_ref().filter(|_| shared.input.options.salt != 0) {
        forget_earlier_runs(shared, control).await?;
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
    let resets = keys.into_iter().map(|key| async move { control.reset(&shared.transport, &key).await });
    let mut resets = futures_util::stream::iter(resets).buffer_unordered(RESETS);
    while let Some(done) = resets.next().await {
        done.map_err(RunError::Control)?;
    }
    Ok(())
}

/// Bursts at a time. A burst has to be over within a second, so few share the machine, and nothing else does.
const BURSTS: usize = 2;

/// Lets the first cases come to their end, then runs the other lanes. Returns false when stopped.
async fn run_cases(shared: &SharedRun, first: Batch, order: &mut Order<'_>, emit: &mut impl FnMut(Event)) -> bool {
    if !first.drain(shared, order, emit).await {
        return false;
    }
    for lane in [Lane::Bursts, Lane::Alone] {
        if !Batch::start(shared, lane).drain(shared, order, emit).await {
            return false;
        }
    }
    true
}

/// The cases of a lane, under way.
struct Batch {
    feeder: JoinHandle<()>,
    receiver: mpsc::UnboundedReceiver<(usize, CaseOutcome)>,
}

impl Batch {
    fn start(shared: &SharedRun, lane: Lane) -> Self {
        let most = shared.input.target.budgets.concurrency.max(1) as usize;
        let width = match lane {
            Lane::Together => most,
            Lane::Bursts => BURSTS.min(most),
            Lane::Alone => 1,
        };
        let cases = shared.input.plan.cases.iter().enumerate();
        let chosen = cases.filter(|(_, planned)| planned.fate == Fate::Run && planned.lane == lane);
        let chosen = chosen.map(|(idx, _)| idx).collect();
        let (sender, receiver) = mpsc::unbounded_channel();
        Self { feeder: tokio::spawn(feed(Arc::clone(shared), chosen, width, sender)), receiver }
    }

    /// Takes what finishes until all has. Returns false when stopped before.
    async fn drain(mut self, shared: &SharedRun, order: &mut Order<'_>, emit: &mut impl FnMut(Event)) -> bool {
        let cancel = shared.input.options.cancel.clone();
        let completed = loop {
            tokio::select! {
                () = cancel.cancelled() => break false,
                done = self.receiver.recv() => match done {
                    None => break true,
                    Some((idx, outcome)) => {
                        order.put(idx, outcome);
                        order.emit_ready(emit);
                    }
                },
            }
        };
        if !completed {
            self.feeder.abort();
            while let Ok((idx, outcome)) = self.receiver.try_recv() {
                order.put(idx, outcome);
            }
        }
        if completed {
            // Whoever hears of nothing more may have lost a case to a panic.
            resume_panic((&mut self.feeder).await);
        }
        completed
    }
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
        would_catch: options.would_catch,
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
