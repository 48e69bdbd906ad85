//! One case on one SDK: calls made, requests and outcomes judged.

mod calls;
mod offered;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use self::calls::Played;
use self::offered::{lacking, typed};
use super::battery::{self, Subject};
use super::driver::{Driver, DriverFault};
use super::protocol::Outcome;
use super::run::{Done, Judge};
use super::suite::{EndpointUse, PlannedSdkCase, SdkCase, TokenUse, operation_of};
use super::wanted::{self, Made};
use crate::event::{CaseFinished, CheckRecorded, ExchangeRecorded, Mismatch, Verdict};
use crate::mock::Seen;
use crate::redact::Echo;
use crate::signing::Credentials;

/// After so many calls in a row that come to nothing at all, the driver is not asked any more.
const SILENT: usize = 10;

/// Requests of a case that are kept as evidence.
const EVIDENCE: usize = 6;

/// Who else uses the driver of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    Shared,
    None,
}

/// Why a case has no verdict of its own.
struct NotRun {
    verdict: Verdict,
    reason: String,
    lost: Option<DriverFault>,
}

impl NotRun {
    fn not_exercised(reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::NotExercised, reason: reason.into(), lost: None }
    }

    fn indeterminate(reason: impl std::fmt::Display) -> Self {
        Self { verdict: Verdict::Indeterminate, reason: reason.to_string(), lost: None }
    }

    fn done(self, planned: &PlannedSdkCase) -> Done {
        Done {
            finished: CaseFinished {
                case: planned.id.clone(),
                verdict: self.verdict,
                reason: Some(self.reason),
                checks: Vec::new(),
                elapsed_micros: 0,
            },
            exchanges: Vec::new(),
            lost: self.lost,
            has_hung: false,
        }
    }
}

/// What the driver told of a case's calls, and what is wrong where it did not.
#[derive(Default)]
struct Told {
    made: Vec<Made>,
    checks: Vec<CheckRecorded>,
    has_hung: bool,
}

impl Judge {
    /// Runs a case, in the driver that all share or in one of its own.
    pub(super) async fn run_case(&self, idx: usize, planned: &PlannedSdkCase, company: Company) -> Done {
        match self.try_case(idx, planned, company).await {
            Ok(done) => done,
            Err(not_run) => not_run.done(planned),
        }
    }

    async fn try_case(&self, idx: usize, planned: &PlannedSdkCase, company: Company) -> Result<Done, NotRun> {
        let begun = Instant::now();
        let case = &planned.case;
        if case.typed {
            return typed(&self.hello, planned);
        }
        self.check_possible(planned)?;
        let driver = self.driver_for(planned, company).await.map_err(NotRun::indeterminate)?;
        let number = u32::try_from(idx % 4_096).unwrap_or(0);
        let mut credentials = self.stage.credentials(number, case.token);
        if let Some(secret) = &case.secret {
            credentials.secret = SecretString::from(secret.as_str());
        }
        if case.endpoint == EndpointUse::NotProxied && !self.uses_proxy(planned, (&credentials, number)).await? {
            // Who never uses a proxy keeps nobody from it.
            return Err(NotRun::not_exercised("the SDK does not use the proxy of the environment at all"));
        }
        let Played { parameters, results, seen, elsewhere, astray } =
            self.play(&driver, planned, (&credentials, number)).await?;
        let lost = driver.fault();
        let is_silent = seen.is_empty()
            && results.iter().all(|result| matches!(result, Err(DriverFault::Hang(_) | DriverFault::Spin(..))));
        match is_silent {
            true => self.n_silent.fetch_add(1, Ordering::Relaxed),
            false => self.n_silent.swap(0, Ordering::Relaxed),
        };
        let Told { made, mut checks, has_hung } = self.told(planned, results, company).await?;
        let n_ambient = if seen.is_empty() { self.stage.take_ambient(case.endpoint).len() } else { 0 };
        checks.extend((n_ambient > 0).then(|| record("sdk.signing.18", "key", Some(wanted::of_ambient(n_ambient)))));
        let sent = Sent { n_seen: seen.len(), n_astray: astray.len(), n_ambient };
        check_telling(case, &sent, &made).map_err(|reason| self.told_nothing(reason))?;
        checks.extend(self.checks(planned, &credentials, (&parameters, &seen, &elsewhere), &made));
        if let Some(mismatch) = wanted::of_way(case.endpoint, &astray) {
            checks.extend(case.requirements.iter().map(|id| record(id, "way", Some(mismatch.clone()))));
        }
        if case.debug {
            let log = match Arc::try_unwrap(driver) {
                Ok(driver) => driver.log().await,
                Err(_) => String::new(),
            };
            if !log.contains(&self.input.suites.calls[&planned.operation].action) {
                return Err(NotRun::not_exercised("the SDK's debug log tells nothing of the request"));
            }
            checks.extend(case.requirements.iter().map(|id| record(id, "log", wanted::of_log(&log, &credentials))));
        }
        for mismatch in checks.iter_mut().filter_map(|check| check.mismatch.as_mut()) {
            *mismatch = self.input.redactor.mismatch(&Echo::default(), mismatch);
        }
        let failed = checks.iter().any(|check| check.mismatch.is_some() && self.binds(&check.requirement));
        let elapsed_micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let verdict = if failed { Verdict::Failed } else { Verdict::Passed };
        Ok(Done {
            finished: CaseFinished { case: planned.id.clone(), verdict, reason: None, checks, elapsed_micros },
            exchanges: self.evidence(planned, &seen),
            lost,
            has_hung,
        })
    }

    fn told_nothing(&self, (verdict, reason): (Verdict, String)) -> NotRun {
        NotRun { verdict, reason: self.input.redactor.text(&reason), lost: None }
    }

    /// Says why a case cannot be run with this driver, if it cannot.
    fn check_possible(&self, planned: &PlannedSdkCase) -> Result<(), NotRun> {
        if let Some(reason) = lacking(&self.hello, planned) {
            return Err(NotRun::not_exercised(reason));
        }
        if planned.case.debug && self.input.launch.debug.is_empty() {
            let reason = "the driver's manifest names no variables that turn a debug log on";
            return Err(NotRun::not_exercised(reason));
        }
        if self.n_silent.load(Ordering::Relaxed) >= SILENT {
            let reason = format!("the driver left {SILENT} calls in a row without a request and without an answer");
            return Err(NotRun::indeterminate(reason));
        }
        Ok(())
    }

    async fn driver_for(&self, planned: &PlannedSdkCase, company: Company) -> Result<Arc<Driver>, DriverFault> {
        if company == Company::Shared {
            return self.driver().await;
        }
        let mut launch = self.input.launch.clone();
        launch.environment.extend(self.stage.environment(planned.case.endpoint));
        match planned.case.debug {
            true => Driver::start_logging(&launch).await.map(Arc::new),
            false => Driver::start(&launch).await.map(Arc::new),
        }
    }

    /// Says whether the calls of a case go through a proxy that is for their address.
    async fn uses_proxy(&self, planned: &PlannedSdkCase, key: (&Credentials, u32)) -> Result<bool, NotRun> {
        let mut proxied = planned.clone();
        Arc::make_mut(&mut proxied.case).endpoint = EndpointUse::Proxied;
        let driver = self.driver_for(&proxied, Company::None).await.map_err(NotRun::indeterminate)?;
        let played = self.play(&driver, &proxied, key).await?;
        Ok(!played.seen.is_empty())
    }

    /// Sorts what the driver told from what it did not.
    async fn told(
        &self,
        planned: &PlannedSdkCase,
        results: Vec<Result<Made, DriverFault>>,
        company: Company,
    ) -> Result<Told, NotRun> {
        let case = &planned.case;
        let mut told = Told::default();
        for result in results {
            match result {
                Ok(Made { outcome: Outcome::Unsupported { reason }, .. }) => return Err(NotRun::not_exercised(reason)),
                Ok(one) => told.made.push(one),
                Err(fault @ (DriverFault::Hang(_) | DriverFault::Spin(..))) if case.open_end => {
                    let reason = format!("{fault}: how long it may take is not documented");
                    return Err(NotRun { lost: None, ..NotRun::not_exercised(reason) });
                }
                Err(fault @ (DriverFault::Hang(_) | DriverFault::Spin(..))) => {
                    let expected = format!("an end within {} ms", case.limit_ms);
                    let hung = Mismatch { place: "the call".to_owned(), expected, actual: fault.to_string() };
                    told.checks.extend(case.requirements.iter().map(|id| record(id, "hang", Some(hung.clone()))));
                    told.has_hung = true;
                    if company == Company::Shared {
                        self.replace().await;
                    }
                }
                // Whether the limit of memory or that of time is reached first is a matter of the machine.
                Err(fault @ DriverFault::Memory(_)) => {
                    let none = DriverFault::Hang(case.limit_ms.into());
                    let eaten = Mismatch {
                        place: "the call".to_owned(),
                        expected: format!("an end within {} ms", case.limit_ms),
                        actual: format!("{none}: {fault}"),
                    };
                    told.checks.extend(case.requirements.iter().map(|id| record(id, "hang", Some(eaten.clone()))));
                }
                Err(fault @ DriverFault::Ended { .. }) => {
                    let ended = Mismatch {
                        place: "the process".to_owned(),
                        expected: "still there".to_owned(),
                        actual: fault.to_string(),
                    };
                    told.checks.push(record("sdk.robustness.87", "process", Some(ended)));
                }
                Err(fault) => {
                    return Err(NotRun {
                        verdict: Verdict::Indeterminate,
                        reason: fault.to_string(),
                        lost: Some(fault),
                    });
                }
            }
        }
        Ok(told)
    }

    fn binds(&self, requirement: &str) -> bool {
        let found = self.input.suites.requirements.get(requirement);
        found.is_none_or(|found| found.level != super::suite::SdkLevel::Info)
    }

    /// Returns the driver, a new one where the last was lost.
    async fn driver(&self) -> Result<Arc<Driver>, DriverFault> {
        let mut driver = self.driver.lock().await;
        if driver.fault().is_some() {
            *driver = Arc::new(Driver::start(&self.input.launch).await?);
        }
        Ok(Arc::clone(&driver))
    }

    /// Takes a driver away that does not come back from a call.
    async fn replace(&self) {
        let mut driver = self.driver.lock().await;
        if let Ok(fresh) = Driver::start(&self.input.launch).await {
            *driver = Arc::new(fresh);
        }
    }

    fn checks(
        &self,
        planned: &PlannedSdkCase,
        credentials: &Credentials,
        (parameters, seen, elsewhere): (&[(String, Value)], &[Seen], &[Seen]),
        made: &[Made],
    ) -> Vec<CheckRecorded> {
        let case = &planned.case;
        let mut checks = Vec::new();
        let mut wrong = wanted::of_wire(case, parameters, seen, elsewhere);
        let secrets = told_secrets(credentials, parameters, seen);
        let secrets: Vec<(&str, &str)> = secrets.iter().map(|(what, text)| (*what, text.as_str())).collect();
        wrong.extend(made.iter().flat_map(|made| wanted::of_outcome(case, made, &secrets)));
        wrong.extend(wanted::of_kinds(case, made));
        for id in &case.requirements {
            match wrong.is_empty() {
                true => checks.push(record(id, "case", None)),
                false => checks.extend(wrong.iter().map(|wrong| record(id, "case", Some(wrong.clone())))),
            }
        }
        let given: Vec<String> = parameters.iter().map(|(name, _)| name.clone()).collect();
        // A token that is no token makes requests that nobody would send otherwise.
        let looked_at = if case.token == TokenUse::Control { &[][..] } else { seen };
        if let Some(operation) = operation_of(&self.input.contracts, &planned.operation) {
            for seen in looked_at {
                let subject = Subject {
                    seen,
                    operation,
                    call: &self.input.suites.calls[&planned.operation],
                    key: &planned.operation,
                    credentials,
                    endpoint: &self.stage.endpoint(case.endpoint),
                    sdk_version: &self.hello.sdk_version,
                    given: &given,
                    now: self.input.clock.now(),
                };
                for (id, mismatch) in battery::look(&subject) {
                    // Each finding once a case.
                    if !checks.iter().any(|check: &CheckRecorded| {
                        check.requirement == id && (check.mismatch.is_some() || mismatch.is_none())
                    }) {
                        checks.push(record(id, "request", mismatch));
                    }
                }
            }
        }
        let foreign = made.iter().find(|made| made.foreign == Some(true));
        if made.iter().any(|made| made.foreign.is_some()) {
            checks.push(record(
                "sdk.robustness.92",
                "outcome",
                foreign.and_then(|made| wanted::of_foreign(&made.outcome)),
            ));
        }
        if seen.len() > 1 {
            let id = if case.processes > 1 { "sdk.signing.11" } else { "sdk.signing.10" };
            checks.push(record(id, "nonces", wanted::repeated_nonce(seen)));
        }
        checks
    }

    fn evidence(&self, planned: &PlannedSdkCase, seen: &[Seen]) -> Vec<ExchangeRecorded> {
        let one = |(step, seen): (usize, &Seen)| ExchangeRecorded {
            case: planned.id.clone(),
            step: u32::try_from(step).unwrap_or(u32::MAX),
            operation: planned.operation.clone(),
            request: self.input.redactor.request(&seen.request),
            response: None,
            no_response: None,
            elapsed_micros: 0,
        };
        seen.iter().take(EVIDENCE).enumerate().map(one).collect()
    }
}

/// How many requests of a case there were.
struct Sent {
    n_seen: usize,
    /// By another way than they should.
    n_astray: usize,
    /// With a key of the environment's.
    n_ambient: usize,
}

/// Says why what came tells nothing of what the case is for, if it does not: with the verdict, and the reason.
fn check_telling(case: &SdkCase, sent: &Sent, made: &[Made]) -> Result<(), (Verdict, String)> {
    let Sent { n_seen, n_astray, n_ambient } = *sent;
    if n_seen + n_astray + n_ambient == 0 && made.iter().any(|made| matches!(made.outcome, Outcome::Ok { .. })) {
        return Err((Verdict::Indeterminate, "the driver tells of an answer, but nothing was sent".to_owned()));
    }
    if case.endpoint == EndpointUse::HttpsByDefault && n_seen + n_astray == 0 {
        let said = made.iter().flat_map(|made| made.outcome.texts()).collect::<Vec<_>>().join("; ");
        let reason = format!("no request came, neither by HTTPS nor without; the driver says: {said}");
        return Err((Verdict::Indeterminate, reason));
    }
    if case.of_repeats && n_seen < 2 {
        return Err((Verdict::NotExercised, "no request was made again".to_owned()));
    }
    if case.open_end && n_seen > 1 {
        let reason = format!("{n_seen} requests were made: how long each was waited for is not known");
        return Err((Verdict::NotExercised, reason));
    }
    Ok(())
}

pub(super) fn record(requirement: &str, check: &str, mismatch: Option<Mismatch>) -> CheckRecorded {
    CheckRecorded { requirement: requirement.to_owned(), check: check.to_owned(), step: 0, mismatch }
}

/// What must stand in no error text, with what it is.
fn told_secrets(
    credentials: &Credentials,
    parameters: &[(String, Value)],
    seen: &[Seen],
) -> Vec<(&'static str, String)> {
    let mut secrets = vec![("secret", credentials.secret.expose_secret().to_owned())];
    secrets.extend(super::stage::token(credentials).map(|token| ("security token", token.to_owned())));
    secrets.extend(
        seen.iter().filter_map(|seen| battery::marks(&seen.request)).map(|[_, _, signature]| ("signature", signature)),
    );
    for (what, names) in [("name", ["CertName", "Name", "DocName"]), ("id number", ["CertNo", "IdCardNumber", "DocNo"])]
    {
        let values = parameters.iter().filter(|(name, _)| names.contains(&name.as_str()));
        secrets.extend(values.filter_map(|(_, value)| value.as_str()).map(|text| (what, text.to_owned())));
    }
    secrets.retain(|(_, text)| text.len() >= 6);
    secrets
}
