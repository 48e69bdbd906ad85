//! The calls of a case: what is asked of the driver, with how many at a time, and what came where.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde_json::Value;

use super::NotRun;
use crate::control::FaultKind;
use crate::judge::driver::{Driver, DriverFault};
use crate::judge::protocol::{Answered, Call, CallCredentials};
use crate::judge::run::Judge;
use crate::judge::suite::{EndpointUse, PlannedSdkCase};
use crate::judge::wanted::Made;
use crate::mock::Seen;
use crate::signing::Credentials;

/// What came of a case's calls.
pub(super) struct Played {
    pub(super) parameters: Vec<(String, Value)>,
    pub(super) results: Vec<Result<Made, DriverFault>>,
    pub(super) seen: Vec<Seen>,
    /// At the host that answers point to.
    pub(super) elsewhere: Vec<Seen>,
    /// Past the proxy, or through one that was not to be used.
    pub(super) astray: Vec<Seen>,
}

impl Judge {
    /// Makes the calls of a case.
    pub(super) async fn play(
        &self,
        driver: &Arc<Driver>,
        planned: &PlannedSdkCase,
        (credentials, number): (&Credentials, u32),
    ) -> Result<Played, NotRun> {
        let case = &planned.case;
        let key = &credentials.access_key_id;
        let replies = case.replies.iter().map(|reply| self.pointed(reply)).collect();
        self.stage.script(case.endpoint, key, replies);
        let calls: Vec<Call> = (0..case.count).map(|nth| self.call(planned, credentials, (number, nth))).collect();
        let parameters = calls.first().map(|call| call.parameters.clone().into_iter().collect()).unwrap_or_default();
        let times = (Duration::from_millis(case.limit_ms), case.pause_ms);
        let results = match case.processes {
            0 | 1 => make(driver, calls, case.at_once, times).await,
            n_processes => {
                let made = self.make_apart(calls, (n_processes, case.at_once), times).await;
                made.map_err(NotRun::indeterminate)?
            }
        };
        Ok(Played {
            parameters,
            results,
            seen: self.stage.take(case.endpoint, key),
            elsewhere: self.stage.take_elsewhere(key),
            astray: self.stage.take_astray(case.endpoint, key),
        })
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
        if to.has_known_ca() && options.ca_file.is_none() {
            options.ca_file = Some(self.stage.ca_file(to).display().to_string());
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
