//! One case on one SDK: calls made, requests and outcomes judged.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::battery::{self, Subject};
use super::driver::{Driver, DriverFault};
use super::protocol::{Answered, Call, CallCredentials, Hello, OptionName, Outcome};
use super::run::{Done, Judge};
use super::suite::{EndpointUse, PlannedSdkCase, TokenUse, operation_of};
use super::wanted::{self, Made};
use crate::control::FaultKind;
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

impl Judge {
    /// Runs a case, in the driver that all share or in one of its own.
    pub(super) async fn run_case(&self, idx: usize, planned: &PlannedSdkCase, company: Company) -> Done {
        let begun = Instant::now();
        let not_run = |verdict: Verdict, reason: String, lost: Option<DriverFault>| Done {
            finished: CaseFinished {
                case: planned.id.clone(),
                verdict,
                reason: Some(reason),
                checks: Vec::new(),
                elapsed_micros: 0,
            },
            exchanges: Vec::new(),
            lost,
            has_hung: false,
        };
        if let Some(reason) = lacking(&self.hello, planned) {
            return not_run(Verdict::NotExercised, reason, None);
        }
        if planned.case.debug && self.input.launch.debug.is_empty() {
            let reason = "the driver's manifest names no variables that turn a debug log on".to_owned();
            return not_run(Verdict::NotExercised, reason, None);
        }
        if self.n_silent.load(Ordering::Relaxed) >= SILENT {
            let reason = format!("the driver left {SILENT} calls in a row without a request and without an answer");
            return not_run(Verdict::Indeterminate, reason, None);
        }
        let driver = match company {
            Company::Shared => self.driver().await,
            Company::None => {
                let mut launch = self.input.launch.clone();
                launch.environment.extend(self.stage.environment(planned.case.endpoint));
                match planned.case.debug {
                    true => Driver::start_logging(&launch).await.map(Arc::new),
                    false => Driver::start(&launch).await.map(Arc::new),
                }
            }
        };
        let driver = match driver {
            Ok(driver) => driver,
            Err(fault) => return not_run(Verdict::Indeterminate, fault.to_string(), None),
        };
        let case = &planned.case;
        let number = u32::try_from(idx % 4_096).unwrap_or(0);
        let mut credentials = self.stage.credentials(number, case.token);
        if let Some(secret) = &case.secret {
            credentials.secret = SecretString::from(secret.as_str());
        }
        let key = credentials.access_key_id.clone();
        let replies = case.replies.iter().map(|reply| self.pointed(reply)).collect();
        self.stage.script(case.endpoint, &key, replies);
        let calls: Vec<Call> = (0..case.count).map(|nth| self.call(planned, &credentials, (number, nth))).collect();
        let parameters: Vec<(String, Value)> =
            calls.first().map(|call| call.parameters.clone().into_iter().collect()).unwrap_or_default();
        let limit = Duration::from_millis(case.limit_ms);
        let results = match case.processes {
            0 | 1 => make(&driver, calls, case.at_once, (limit, case.pause_ms)).await,
            n_processes => match self.make_apart(calls, (n_processes, case.at_once), (limit, case.pause_ms)).await {
                Ok(results) => results,
                Err(fault) => return not_run(Verdict::Indeterminate, fault.to_string(), None),
            },
        };
        let seen = self.stage.take(case.endpoint, &key);
        let elsewhere = self.stage.take_elsewhere(&key);
        let astray = self.stage.take_astray(case.endpoint, &key);
        let lost = driver.fault();
        let is_silent = seen.is_empty()
            && results.iter().all(|result| matches!(result, Err(DriverFault::Hang(_) | DriverFault::Spin(..))));
        match is_silent {
            true => self.n_silent.fetch_add(1, Ordering::Relaxed),
            false => self.n_silent.swap(0, Ordering::Relaxed),
        };
        let mut checks = Vec::new();
        let mut made = Vec::new();
        let mut has_hung = false;
        for result in results {
            match result {
                Ok(Made { outcome: Outcome::Unsupported { reason }, .. }) => {
                    return not_run(Verdict::NotExercised, reason, None);
                }
                Ok(one) => made.push(one),
                Err(fault @ (DriverFault::Hang(_) | DriverFault::Spin(..))) => {
                    let expected = format!("an end within {} ms", case.limit_ms);
                    let hung = Mismatch { place: "the call".to_owned(), expected, actual: fault.to_string() };
                    checks.extend(case.requirements.iter().map(|id| record(id, "hang", Some(hung.clone()))));
                    has_hung = true;
                    if company == Company::Shared {
                        self.replace().await;
                    }
                }
                Err(fault @ (DriverFault::Ended { .. } | DriverFault::Memory(_))) => {
                    let ended = Mismatch {
                        place: "the process".to_owned(),
                        expected: "still there".to_owned(),
                        actual: fault.to_string(),
                    };
                    checks.push(record("sdk.robustness.87", "process", Some(ended)));
                }
                Err(fault) => return not_run(Verdict::Indeterminate, fault.to_string(), Some(fault)),
            }
        }
        if seen.is_empty() && astray.is_empty() && made.iter().any(|made| matches!(made.outcome, Outcome::Ok { .. })) {
            return not_run(
                Verdict::Indeterminate,
                "the driver tells of an answer, but nothing was sent".to_owned(),
                None,
            );
        }
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
                let reason = "the SDK's debug log tells nothing of the request".to_owned();
                return not_run(Verdict::NotExercised, reason, None);
            }
            checks.extend(case.requirements.iter().map(|id| record(id, "log", wanted::of_log(&log, &credentials))));
        }
        for mismatch in checks.iter_mut().filter_map(|check| check.mismatch.as_mut()) {
            *mismatch = self.input.redactor.mismatch(&Echo::default(), mismatch);
        }
        let failed = checks.iter().any(|check| check.mismatch.is_some() && self.binds(&check.requirement));
        let elapsed_micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let verdict = if failed { Verdict::Failed } else { Verdict::Passed };
        Done {
            finished: CaseFinished { case: planned.id.clone(), verdict, reason: None, checks, elapsed_micros },
            exchanges: self.evidence(planned, &seen),
            lost,
            has_hung,
        }
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

    /// Makes calls with several drivers that are started at once for it.
    async fn make_apart(
        &self,
        calls: Vec<Call>,
        (n_processes, at_once): (u32, u32),
        (limit, pause_ms): (Duration, u64),
    ) -> Result<Vec<Result<Made, DriverFault>>, DriverFault> {
        let n_processes = usize::try_from(n_processes).unwrap_or(1);
        let share = calls.len().div_ceil(n_processes).max(1);
        let one = |calls: Vec<Call>| async move {
            let driver = Arc::new(Driver::start(&self.input.launch).await?);
            let results = make(&driver, calls, at_once, (limit, pause_ms)).await;
            if let Ok(driver) = Arc::try_unwrap(driver) {
                driver.stop().await;
            }
            Ok(results)
        };
        let shares: Vec<Vec<Call>> = calls.chunks(share).map(<[Call]>::to_vec).collect();
        let results = futures_util::future::join_all(shares.into_iter().map(one)).await;
        Ok(results.into_iter().collect::<Result<Vec<_>, DriverFault>>()?.into_iter().flatten().collect())
    }

    /// Puts the address of the other host into a reply that points to it, and long texts where they are wanted.
    fn pointed(&self, reply: &FaultKind) -> FaultKind {
        let FaultKind::Answer(answer) = reply else { return reply.clone() };
        let mut answer = answer.clone();
        let filled = |text: &String| repeated(&text.replace("{other}", &self.stage.other_host()));
        answer.headers.values_mut().for_each(|value| *value = filled(value));
        answer.body = filled(&answer.body);
        FaultKind::Answer(answer)
    }

    fn call(&self, planned: &PlannedSdkCase, credentials: &Credentials, (number, nth): (u32, u32)) -> Call {
        let valid = &self.input.suites.calls[&planned.operation];
        let mut parameters = valid.parameters.clone();
        parameters.extend(planned.case.parameters.clone());
        parameters.retain(|name, _| !planned.case.without.contains(name));
        for value in parameters.values_mut() {
            if let Value::String(text) = value {
                *text = repeated(&text.replace("{n}", &format!("{number}x{nth}")));
            }
        }
        let mut options = planned.case.options.clone();
        let to = planned.case.endpoint;
        if matches!(to, EndpointUse::Https | EndpointUse::HttpsByDefault) && options.ca_file.is_none() {
            options.ca_file = Some(self.stage.ca_file().display().to_string());
        }
        Call {
            id: format!("{}#{nth}", planned.id),
            operation: planned.operation.clone(),
            version: valid.version.clone(),
            action: valid.action.clone(),
            endpoint: match to {
                EndpointUse::HttpsByDefault => self.stage.endpoint(to).replace("https://", ""),
                _ => self.stage.endpoint(to),
            },
            credentials: CallCredentials {
                access_key_id: credentials.access_key_id.clone(),
                access_key_secret: credentials.secret.clone(),
                security_token: credentials.security_token.clone(),
            },
            parameters,
            options,
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

pub(super) fn record(requirement: &str, check: &str, mismatch: Option<Mismatch>) -> CheckRecorded {
    CheckRecorded { requirement: requirement.to_owned(), check: check.to_owned(), step: 0, mismatch }
}

/// Puts a long text in the place of `{repeat N}`.
fn repeated(text: &str) -> String {
    let found = text.split_once("{repeat ").and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    match found.and_then(|(before, (times, after))| Some((before, times.parse::<usize>().ok()?, after))) {
        Some((before, times, after)) => format!("{before}{}{after}", "A".repeat(times)),
        None => text.to_owned(),
    }
}

/// Makes calls, so many at a time.
async fn make(
    driver: &Arc<Driver>,
    calls: Vec<Call>,
    at_once: u32,
    (limit, pause_ms): (Duration, u64),
) -> Vec<Result<Made, DriverFault>> {
    let one = |(nth, call): (usize, Call)| {
        let driver = Arc::clone(driver);
        async move {
            if nth > 0 && pause_ms > 0 {
                tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            }
            let begun = Instant::now();
            let Answered { outcome, foreign, .. } = driver.call(&call, limit).await?;
            Ok(Made { outcome, foreign, took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX) })
        }
    };
    let width = usize::try_from(at_once.max(1)).unwrap_or(1);
    let mut running = futures_util::stream::iter(calls.into_iter().enumerate().map(one)).buffered(width);
    let mut results = Vec::new();
    while let Some(result) = running.next().await {
        let is_over = result.is_err();
        results.push(result);
        // Who does not come back from one call is not asked for the rest.
        if is_over {
            break;
        }
    }
    results
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

/// Says why an SDK cannot be asked this.
fn lacking(hello: &Hello, planned: &PlannedSdkCase) -> Option<String> {
    let Some(offered) = hello.operations.get(&planned.operation) else {
        return Some(format!("the SDK has no {}", planned.operation));
    };
    if !offered.supported {
        let reason = offered.reason.as_deref().unwrap_or("the driver gives no reason");
        return Some(format!("the SDK has no {}: {reason}", planned.operation));
    }
    let case = &planned.case;
    if let Some(known) = &offered.parameters {
        let missing = case.parameters.keys().find(|name| !known.contains(name) && !case.unlisted);
        if let Some(name) = missing {
            return Some(format!("the SDK cannot send {name}"));
        }
    }
    let options = &case.options;
    let wanted = [
        (options.connect_timeout_ms.is_some(), OptionName::ConnectTimeoutMs),
        (options.read_timeout_ms.is_some(), OptionName::ReadTimeoutMs),
        // One attempt is what an SDK makes that cannot be told otherwise.
        (options.max_attempts.is_some_and(|most| most > 1), OptionName::MaxAttempts),
        (case.token != TokenUse::None, OptionName::SecurityToken),
        (case.endpoint == EndpointUse::HttpsByDefault, OptionName::DefaultScheme),
        (
            matches!(case.endpoint, EndpointUse::Https | EndpointUse::HttpsByDefault) || options.ca_file.is_some(),
            OptionName::CaFile,
        ),
    ];
    let missing = wanted.into_iter().find(|(is_wanted, option)| *is_wanted && !hello.options.contains(option));
    missing.map(|(_, option)| format!("the driver cannot set {}", serde_json::to_string(&option).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::repeated;

    #[test]
    fn long_texts_stand_where_they_are_wanted() {
        assert_eq!(repeated("a{repeat 3}b"), "aAAAb");
        for text in ["", "{repeat x}", "{repeat 3", "{n}"] {
            assert_eq!(repeated(text), text);
        }
    }
}
