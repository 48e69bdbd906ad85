//! Sends one request many times within a second and counts what was served.

use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::call::{self, is_success, redact};
use super::expectation::{self, Judged};
use crate::check::{CodeWanted, read_answer};
use crate::contract::Operation;
use crate::contract::path::{as_text, look_up};
use crate::event::Mismatch;
use crate::exchange::Exchange;
use crate::request::Built;
use crate::runner::case::{CaseRun, harness};
use crate::runner::verdict::Stop;
use crate::suite::Burst;
use crate::transport::{Endpoint, Framing};

/// What the answers of a burst were.
#[derive(Default)]
struct Tally {
    served: u64,
    /// The last throttled call.
    throttled: Option<(Built, Exchange)>,
    n_throttled: u64,
    /// The first answer that is neither success nor throttling.
    odd: Option<String>,
}

pub(in crate::runner) async fn run(case: &mut CaseRun<'_>, burst: &Burst) -> Result<(), Stop> {
    let shared = case.shared;
    let input = shared.request_input();
    let (api, operation) = call::operation(&input, &burst.baseline)?;
    let endpoint = call::endpoint(case, api)?;
    let count = number(case, &burst.count)?;
    let mut requests = Vec::new();
    for _ in 0..count {
        let moment = case.moment();
        let built = input.build_burst(&shared.expressions, &mut case.state, burst, (moment, &endpoint.authority));
        requests.push(built.map_err(harness)?);
    }
    for _ in 0..count {
        let over = |_| Stop::Indeterminate("the budget of billable calls is spent".to_owned());
        shared.gate.pass(api, operation.billable).await.map_err(over)?;
    }
    let begun = Instant::now();
    let answers = send_all(case, endpoint, requests).await;
    let elapsed = begun.elapsed();
    let tally = tally(case, burst, operation, answers)?;
    judge(case, burst, operation, tally, elapsed)
}

fn number(case: &CaseRun<'_>, text: &str) -> Result<u64, Stop> {
    let text = case.text(text)?;
    text.trim().parse().map_err(|_| Stop::Harness(format!("`{text}` is no number of requests")))
}

/// Connections a burst may use at once; more would be limited by opening them.
const CONNECTIONS: usize = 32;

/// The last request goes out when all others have their answer: which of those is throttled depends on chance, and what
/// is recorded must not.
async fn send_all(case: &CaseRun<'_>, endpoint: &Endpoint, mut requests: Vec<Built>) -> Vec<(Built, Exchange)> {
    let send = |built: Built| async move {
        let exchange = case.shared.transport.send(endpoint, built.request.clone(), Framing::Length).await;
        (built, exchange)
    };
    let last = requests.pop();
    let mut waiting = requests.into_iter();
    let mut under_way: FuturesUnordered<_> = waiting.by_ref().take(CONNECTIONS).map(send).collect();
    let mut done = Vec::new();
    while let Some(answer) = under_way.next().await {
        done.push(answer);
        if let Some(built) = waiting.next() {
            under_way.push(send(built));
        }
    }
    if let Some(last) = last {
        done.push(send(last).await);
    }
    done
}

fn tally(
    case: &CaseRun<'_>,
    burst: &Burst,
    operation: &Operation,
    answers: Vec<(Built, Exchange)>,
) -> Result<Tally, Stop> {
    // Where no code is documented for it, any refusal counts.
    let throttled = match expectation::code_wanted(&burst.throttled, operation) {
        Some(CodeWanted::Gateway(codes) | CodeWanted::Operation(codes)) => codes,
        _ => Vec::new(),
    };
    let mut tally = Tally::default();
    for (built, exchange) in answers {
        let response = exchange.outcome.as_ref().map_err(|error| Stop::Indeterminate(error.to_string()))?;
        let Ok(answer) = read_answer(response) else {
            tally.odd.get_or_insert_with(|| format!("HTTP {} with an unreadable body", response.status));
            continue;
        };
        let code = look_up(&answer.value, &operation.envelope.code).or_else(|| look_up(&answer.value, "Code"));
        let code = code.map(|code| as_text(&code).into_owned()).unwrap_or_default();
        call::check_address(case, &built.api, &code)?;
        if is_success(operation, &answer, response) {
            tally.served += 1;
        } else if throttled.is_empty() || throttled.contains(&code) || code.starts_with("Throttling") {
            tally.n_throttled += 1;
            tally.throttled = Some((built, exchange));
        } else {
            tally.odd.get_or_insert(format!("{code}, HTTP {}", response.status));
        }
    }
    Ok(tally)
}

fn judge(
    case: &mut CaseRun<'_>,
    burst: &Burst,
    operation: &Operation,
    tally: Tally,
    elapsed: Duration,
) -> Result<(), Stop> {
    let at = |place: &str, expected: String, actual: String| Mismatch { place: place.to_owned(), expected, actual };
    let total = tally.served + tally.n_throttled;
    if let Some(odd) = &tally.odd {
        case.judge("burst", Some(at("burst, answers", "success or throttling".to_owned(), odd.clone())))?;
    }
    let least = number(case, &burst.served_at_least)?;
    let actual = format!("{} of {total} served", tally.served);
    let mismatch = (tally.served < least).then(|| at("burst", format!("at least {least} served"), actual.clone()));
    case.judge("burst-least", mismatch)?;
    if let Some(most) = &burst.served_at_most {
        let most = number(case, most)?;
        // Two seconds of the limit's clock can be touched by a burst of one; a slower one touches more.
        if tally.served > most && elapsed > Duration::from_secs(1) {
            let millis = elapsed.as_millis();
            return Err(Stop::Indeterminate(format!("the burst took {millis} ms, too long to tell a limit a second")));
        }
        let mismatch = (tally.served > most).then(|| at("burst", format!("at most {most} served"), actual));
        case.judge("burst-most", mismatch)?;
    }
    match tally.throttled {
        Some((built, exchange)) => judge_throttled(case, burst, operation, (built, exchange)),
        None => Ok(()),
    }
}

/// Judges a throttled answer as any other refusal. Only this one is recorded: the rest repeat it.
fn judge_throttled(
    case: &mut CaseRun<'_>,
    burst: &Burst,
    operation: &Operation,
    (built, exchange): (Built, Exchange),
) -> Result<(), Stop> {
    let echo = call::record(case, &built.operation, &exchange);
    let Ok(response) = &exchange.outcome else { return Ok(()) };
    let Ok(answer) = read_answer(response) else { return Ok(()) };
    let judged = Judged { built: &built, operation, expect: &burst.throttled, answer: &answer, response };
    let mut records = case.attribution.wanted(expectation::check(case, &judged)?, |id| case.shared.level(id));
    let stop = records.iter().any(|record| record.mismatch.is_some());
    redact(case, &mut records, &echo);
    case.checks.append(&mut records);
    if stop { Err(Stop::Mismatch) } else { Ok(()) }
}
