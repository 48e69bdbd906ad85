//! Runs the cases on one SDK and emits what came of them.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use futures_util::StreamExt as _;
use indexmap::IndexMap;
use tokio::sync::Mutex;

use super::case::Company;
use super::decoys::decoys;
use super::driver::{Driver, DriverFault, Launch};
use super::protocol::Hello;
use super::stage::{Stage, StageError};
use super::suite::{EndpointUse, PlannedSdkCase, SdkSuites};
use super::wanted;
use crate::clock::Clock;
use crate::contract::Contracts;
use crate::event::{
    CaseFinished, CasePlanned, Event, ExchangeRecorded, KnownFailureDeclared, RequirementDeclared, RunFinished,
    RunStarted, SCHEMA_VERSION,
};
use crate::redact::Redactor;
use crate::target::model::Target;

/// Cases at a time.
const WIDTH: usize = 8;

/// How often a case that other cases may have disturbed is tried again by itself.
const TRIED_AGAIN: usize = 2;

/// What a run is made of.
pub struct JudgeInput {
    pub suites: Arc<SdkSuites>,
    pub contracts: Arc<Contracts>,
    /// The target whose sandbox the mocks have.
    pub target: Arc<Target>,
    pub launch: Launch,
    /// Folder for the CA file.
    pub folder: PathBuf,
    pub redactor: Redactor,
    pub clock: Arc<dyn Clock>,
    /// Chosen cases.
    pub cases: Vec<PlannedSdkCase>,
    pub arguments: Vec<String>,
    pub strict: bool,
    pub known_failures: Vec<KnownFailureDeclared>,
    /// Not all cases were chosen: entries of the ledger that nothing matched are then no sign that it is stale.
    pub is_selection: bool,
}

/// Why a run could not begin.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    #[error("{0}")]
    Stage(#[from] StageError),
    #[error("{0}")]
    Driver(#[from] DriverFault),
}

pub(super) struct Judge {
    pub(super) input: JudgeInput,
    pub(super) stage: Stage,
    pub(super) hello: Hello,
    pub(super) driver: Mutex<Arc<Driver>>,
    /// Calls in a row that came to neither a request nor an answer.
    pub(super) n_silent: AtomicUsize,
}

/// A finished case; `lost` says what took the driver away while it ran.
pub(super) struct Done {
    pub(super) finished: CaseFinished,
    pub(super) exchanges: Vec<ExchangeRecorded>,
    pub(super) lost: Option<DriverFault>,
    /// A call did not come back.
    pub(super) has_hung: bool,
}

/// Runs the cases; every event goes to `emit` as it comes.
pub async fn judge(mut input: JudgeInput, mut emit: impl FnMut(Event)) -> Result<(), JudgeError> {
    let begun = Instant::now();
    input.launch.environment.extend(decoys());
    let driver = Driver::start(&input.launch).await?;
    let stage = Stage::start(&input.target, &input.contracts, &input.clock, &input.folder).await?;
    let hello = driver.hello.clone();
    let judge = Judge { input, stage, hello, driver: Mutex::new(Arc::new(driver)), n_silent: AtomicUsize::new(0) };
    judge.announce(&mut emit);
    let mut n_calls: u64 = 0;
    let mut failed: HashSet<String> = HashSet::new();
    let cases = judge.input.cases.clone();
    // Who brought the driver down or holds it up shows only when each has one of its own.
    let mut apart = Vec::new();
    // A busy machine is nobody's fault, and a pool may have few places for all cases.
    let mut by_itself = Vec::new();
    let run = |idx: usize, company| {
        let (judge, cases) = (&judge, &cases);
        async move { (idx, judge.run_case(idx, &cases[idx], company).await) }
    };
    let company = |idx: usize| {
        let case = &cases[idx].case;
        let has_proxy = matches!(case.endpoint, EndpointUse::Proxied | EndpointUse::NotProxied);
        if case.apart || case.debug || has_proxy { Company::None } else { Company::Shared }
    };
    // What takes long begins first.
    let mut order: Vec<usize> = (0..cases.len()).collect();
    order.sort_by_key(|idx| company(*idx) == Company::Shared);
    let running = order.into_iter().map(|idx| run(idx, company(idx)));
    let mut running = futures_util::stream::iter(running).buffer_unordered(WIDTH);
    while let Some((idx, done)) = running.next().await {
        match () {
            () if company(idx) == Company::Shared && (done.lost.is_some() || done.has_hung) => apart.push(idx),
            () if done.depends_on_company() => by_itself.push(idx),
            () => n_calls += done.tell(&mut failed, &mut emit),
        }
    }
    drop(running);
    let running = apart.into_iter().map(|idx| run(idx, Company::None));
    let mut running = futures_util::stream::iter(running).buffer_unordered(WIDTH);
    while let Some((idx, done)) = running.next().await {
        match done.depends_on_company() {
            true => by_itself.push(idx),
            false => n_calls += done.tell(&mut failed, &mut emit),
        }
    }
    drop(running);
    for idx in by_itself {
        let mut done = judge.run_case(idx, &cases[idx], Company::Shared).await;
        for _ in 0..TRIED_AGAIN {
            if !done.depends_on_company() {
                break;
            }
            done = judge.run_case(idx, &cases[idx], Company::Shared).await;
        }
        n_calls += done.tell(&mut failed, &mut emit);
    }
    if judge.input.is_selection {
        let told = judge.input.known_failures.iter().filter(|entry| failed.contains(&entry.requirement));
        told.for_each(|entry| emit(Event::KnownFailure(entry.clone())));
    }
    let calls = IndexMap::from([("sdk".to_owned(), n_calls)]);
    let elapsed_micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    emit(Event::RunFinished(RunFinished {
        partial: false,
        cause: None,
        reason: None,
        calls,
        billable_calls: 0,
        elapsed_micros,
    }));
    let Judge { stage, driver, .. } = judge;
    if let Ok(driver) = Arc::try_unwrap(driver.into_inner()) {
        driver.stop().await;
    }
    stage.shutdown().await;
    Ok(())
}

impl Done {
    /// Says whether how long something took, or on how many connections, is among what is wrong.
    fn depends_on_company(&self) -> bool {
        let mut wrong = self.finished.checks.iter().filter_map(|check| check.mismatch.as_ref());
        wrong.any(|mismatch| matches!(mismatch.place.as_str(), wanted::TIME | wanted::CONNECTIONS))
    }

    fn tell(self, failed: &mut HashSet<String>, emit: &mut impl FnMut(Event)) -> u64 {
        let wrong = self.finished.checks.iter().filter(|check| check.mismatch.is_some());
        failed.extend(wrong.map(|check| check.requirement.clone()));
        let n_calls = self.exchanges.len() as u64;
        self.exchanges.into_iter().for_each(|exchange| emit(Event::Exchange(exchange)));
        emit(Event::CaseFinished(self.finished));
        n_calls
    }
}

impl Judge {
    fn announce(&self, emit: &mut impl FnMut(Event)) {
        let hello = &self.hello;
        emit(Event::RunStarted(RunStarted {
            schema_version: SCHEMA_VERSION,
            tool: format!("idvet {}", env!("CARGO_PKG_VERSION")),
            command: "sdk".to_owned(),
            subject: format!(
                "{} ({} {}, {} {})",
                hello.driver, hello.sdk, hello.sdk_version, hello.language, hello.language_version
            ),
            seed: 1,
            arguments: self.input.arguments.clone(),
            strict: self.input.strict,
            would_catch: None,
            started_at: self.input.clock.now().to_iso(),
        }));
        announced(&self.input.suites, emit);
        if !self.input.is_selection {
            self.input.known_failures.iter().for_each(|entry| emit(Event::KnownFailure(entry.clone())));
        }
        for planned in &self.input.cases {
            emit(Event::CasePlanned(CasePlanned {
                case: planned.id.clone(),
                api: planned.id.split('/').nth(1).unwrap_or("sdk").to_owned(),
                title_en: planned.case.title.en.clone(),
                title_zh: planned.case.title.zh.clone(),
                requirements: planned.case.requirements.clone(),
                place: planned.place.clone(),
                twin: None,
                reproduce: format!("idvet sdk {} '{}'", hello.driver, planned.id),
            }));
        }
    }
}

/// Declares every requirement.
pub(super) fn announced(suites: &SdkSuites, emit: &mut impl FnMut(Event)) {
    for requirement in suites.requirements.values() {
        emit(Event::Requirement(RequirementDeclared {
            id: requirement.id.clone(),
            level: requirement.level.name().to_owned(),
            api: requirement.id.split('.').nth(1).unwrap_or("sdk").to_owned(),
            operation: None,
            text_en: requirement.text.en.clone(),
            text_zh: requirement.text.zh.clone(),
            citations: vec!["sdk-requirements.md".to_owned()],
            unexercised_en: None,
            unexercised_zh: None,
        }));
    }
}
