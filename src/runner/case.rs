//! One case: its steps in order, and what they came to.

use std::time::Instant;

use super::attribution::Attribution;
use super::shared::Shared;
use super::step;
use super::verdict::{Stop, own_verdict};
use crate::event::{CheckRecorded, ExchangeRecorded, Mismatch, Verdict};
use crate::plan::{PlannedCase, RolesInUse};
use crate::redact::Echo;
use crate::request::{CaseState, Moment, RequestError};
use crate::suite::{Roles, Step};

/// A case under way.
pub(super) struct CaseRun<'a> {
    pub(super) shared: &'a Shared,
    pub(super) planned: &'a PlannedCase,
    pub(super) state: CaseState,
    pub(super) attribution: Attribution,
    /// How far the accounts' clocks were moved.
    pub(super) offset_seconds: i64,
    pub(super) step: u32,
    /// Billed verifications when the case began.
    pub(super) billed_before: u64,
    pub(super) checks: Vec<CheckRecorded>,
    pub(super) exchanges: Vec<ExchangeRecorded>,
}

/// What a case came to before its twin has a say.
#[derive(Debug)]
pub(super) struct CaseOutcome {
    pub(super) verdict: Verdict,
    pub(super) reason: Option<String>,
    /// True when every step went as wanted, so that a refusal may lean on this case.
    pub(super) clean: bool,
    pub(super) checks: Vec<CheckRecorded>,
    pub(super) exchanges: Vec<ExchangeRecorded>,
    pub(super) elapsed_micros: u64,
}

/// Runs a case. `mailbox` names its place at the callback listener.
pub(super) async fn run_case(shared: &Shared, planned: &PlannedCase, mailbox: &str) -> CaseOutcome {
    let begun = Instant::now();
    let ready = shared.get_ready(planned).await;
    let mut case = CaseRun::new(shared, planned, mailbox);
    let stop = match ready {
        Ok(()) => case.run_steps(mailbox).await.err(),
        Err(stop) => Some(stop),
    };
    let mut checks = case.checks;
    case.attribution.observed(&mut checks, |id| shared.level(id));
    let (mut verdict, mut reason) = own_verdict(stop.as_ref(), &checks, |id| shared.level(id));
    if planned.case.derived && verdict == Verdict::Passed && stop == Some(Stop::Mismatch) {
        verdict = Verdict::Indeterminate;
        reason = Some("the baseline did not go as wanted, which no source allows to judge".to_owned());
    }
    CaseOutcome {
        clean: verdict == Verdict::Passed && stop.is_none(),
        verdict,
        reason,
        checks,
        exchanges: case.exchanges,
        elapsed_micros: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
    }
}

impl<'a> CaseRun<'a> {
    fn new(shared: &'a Shared, planned: &'a PlannedCase, mailbox: &str) -> Self {
        let mut state = CaseState::new(planned, &shared.request_input());
        if planned.listens {
            state.callback_url = shared.listener().map(|listener| listener.url(mailbox));
        }
        Self {
            shared,
            planned,
            state,
            attribution: Attribution::of(&planned.case, |id| shared.level(id)),
            offset_seconds: 0,
            step: 0,
            billed_before: 0,
            checks: Vec::new(),
            exchanges: Vec::new(),
        }
    }

    async fn run_steps(&mut self, mailbox: &str) -> Result<(), Stop> {
        let planned = self.planned;
        step::billing::begin(self).await?;
        step::callback::prepare(self, mailbox, 0);
        for (idx, step) in planned.case.steps.iter().enumerate() {
            self.step = u32::try_from(idx).unwrap_or(u32::MAX);
            match step {
                Step::Call(call) => step::call::run(self, call).await?,
                Step::Submit(submit) => step::submit::run(self, submit).await?,
                Step::Advance(advance) => {
                    step::advance::run(self, advance.differs.unwrap_or(advance.seconds)).await?;
                }
                Step::Callback(expected) => step::callback::run(self, expected, mailbox, idx).await?,
                Step::Fetch(fetch) => step::fetch::run(self, fetch).await?,
                Step::Burst(burst) => step::burst::run(self, burst).await?,
                Step::Billing(expected) => step::billing::run(self, expected).await?,
            }
        }
        Ok(())
    }

    /// Returns the accounts' time.
    pub(super) fn moment(&self) -> Moment {
        Moment { now: self.shared.now().plus_seconds(self.offset_seconds) }
    }

    /// Renders a text that stands outside calls, under the default roles.
    pub(super) fn text(&self, text: &str) -> Result<String, Stop> {
        let roles = RolesInUse::of(&Roles::default(), &Roles::default(), None);
        self.text_in(text, &self.planned.case.api, &roles)
    }

    /// Renders a text of a call.
    pub(super) fn text_in(&self, text: &str, api: &str, roles: &RolesInUse) -> Result<String, Stop> {
        let input = self.shared.request_input();
        input.text(&self.shared.expressions, &self.state, text, (api, roles, self.moment())).map_err(harness)
    }

    /// Returns the key ids of the case's accounts.
    pub(super) fn key_ids(&self) -> Vec<String> {
        let sandbox = &self.shared.input.target.sandbox;
        let roles = self.state.account_roles();
        roles.filter_map(|role| sandbox.account(role)?.key_id(self.state.account_number(role))).collect()
    }

    /// Records a check of a step that is no call.
    pub(super) fn judge(&mut self, check: &str, mismatch: Option<Mismatch>) -> Result<(), Stop> {
        let mismatch = mismatch.map(|mismatch| self.shared.redactor.mismatch(&Echo::default(), &mismatch));
        let stop = mismatch.is_some();
        let record = CheckRecorded {
            requirement: self.attribution.primary.clone(),
            check: check.to_owned(),
            step: self.step,
            mismatch,
        };
        self.checks.extend(self.attribution.spoken(record, |id| self.shared.level(id)));
        if stop { Err(Stop::Mismatch) } else { Ok(()) }
    }
}

/// A request that cannot be made is our mistake or the suite's.
pub(super) fn harness(error: RequestError) -> Stop {
    Stop::Harness(error.to_string())
}
