//! What a case wants of its requests and of what the SDK tells its caller.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::battery::marks;
use super::protocol::Outcome;
use super::suite::{EndpointUse, Mark, SdkCase};
use crate::contract::path::{as_text, look_up};
use crate::event::Mismatch;
use crate::mock::Seen;
use crate::signing::{self, Credentials};

/// Place of a mismatch that is about how long a call took.
pub(super) const TIME: &str = "time until the SDK told";

/// Place of a mismatch that is about how many connections there were.
pub(super) const CONNECTIONS: &str = "connections";

/// One call as it was made, and what came of it.
pub(super) struct Made {
    pub(super) outcome: Outcome,
    pub(super) foreign: Option<bool>,
    pub(super) took_ms: u64,
}

fn mismatch(place: &str, expected: impl Into<String>, actual: impl Into<String>) -> Mismatch {
    Mismatch { place: place.to_owned(), expected: expected.into(), actual: actual.into() }
}

/// Returns what is wrong with the requests.
pub(super) fn of_wire(
    case: &SdkCase,
    parameters: &[(String, Value)],
    seen: &[Seen],
    elsewhere: &[Seen],
) -> Vec<Mismatch> {
    let wire = &case.wire;
    let mut wrong = Vec::new();
    let n_seen = seen.len();
    if wire.at_least.is_some_and(|least| n_seen < least) {
        wrong.push(mismatch("requests", format!("at least {}", wire.at_least.unwrap_or(0)), n_seen.to_string()));
    }
    if wire.at_most.is_some_and(|most| n_seen > most) {
        wrong.push(mismatch("requests", format!("at most {}", wire.at_most.unwrap_or(0)), n_seen.to_string()));
    }
    for name in &wire.arrive {
        let given = parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        wrong.extend(seen.iter().find_map(|seen| arrived(name, given?, seen)));
    }
    for name in &wire.lists {
        let given = parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        wrong.extend(seen.iter().find_map(|seen| listed(name, given?, seen)));
    }
    for name in &wire.absent {
        let has = |seen: &&Seen| {
            let pairs = signing::parameters(&seen.request).unwrap_or_default();
            seen.request.header(name).is_some() || pairs.iter().any(|(key, _)| key == name)
        };
        wrong.extend(seen.iter().find(has).map(|_| mismatch(name, "not sent", "sent")));
    }
    if let Some(most) = wire.connections_at_most {
        let mut connections: Vec<u64> = seen.iter().map(|seen| seen.connection).collect();
        connections.sort_unstable();
        connections.dedup();
        if connections.len() > most {
            wrong.push(mismatch(CONNECTIONS, format!("at most {most}"), connections.len().to_string()));
        }
    }
    if let Some(gap) = wire.gap_ms_at_least {
        let gaps = seen.windows(2).map(|pair| pair[1].at.duration_since(pair[0].at).as_millis());
        let short = gaps.filter(|found| *found < u128::from(gap)).min();
        wrong.extend(
            short.map(|found| mismatch("pause between requests", format!("at least {gap} ms"), format!("{found} ms"))),
        );
    }
    wrong.extend(wire.fresh.iter().find_map(|mark| stale(*mark, seen)));
    if wire.stays && !elsewhere.is_empty() {
        wrong.push(mismatch(
            "another host",
            "no request",
            format!("{} {}", elsewhere[0].request.method, elsewhere[0].request.path()),
        ));
    }
    wrong
}

/// Says when a parameter did not arrive as it was given.
fn arrived(name: &str, given: &Value, seen: &Seen) -> Option<Mismatch> {
    let wanted = as_text(given).into_owned();
    let pairs = signing::parameters(&seen.request).unwrap_or_default();
    match pairs.iter().find(|(key, _)| key == name) {
        Some((_, value)) if *value == wanted => None,
        Some((_, value)) => {
            let at = wanted.chars().zip(value.chars()).take_while(|(a, b)| a == b).count();
            let (expected, actual) = (visible(&wanted, at), visible(value, at));
            Some(mismatch(&format!("{name}, from character {at}"), expected, actual))
        }
        None => Some(mismatch(name, visible(&wanted, 0), "not sent")),
    }
}

/// Says when a list arrived neither as its JSON text nor as numbered parameters.
fn listed(name: &str, given: &Value, seen: &Seen) -> Option<Mismatch> {
    let pairs = signing::parameters(&seen.request).unwrap_or_default();
    let sent = |wanted: &str| pairs.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str());
    let is_json = sent(name).and_then(|text| serde_json::from_str::<Value>(text).ok()).as_ref() == Some(given);
    let items = given.as_array().map(Vec::as_slice).unwrap_or_default();
    let numbered = |(idx, item): (usize, &Value)| sent(&format!("{name}.{}", idx + 1)) == Some(&*as_text(item));
    if is_json || !items.is_empty() && items.iter().enumerate().all(numbered) {
        return None;
    }
    let actual = sent(name).map_or_else(|| "not sent".to_owned(), |text| visible(text, 0));
    Some(mismatch(name, format!("{given}, or {name}.1 and so on, or a refusal"), actual))
}

/// Says when requests went past the proxy of the environment, or through one that was not for them.
pub(super) fn of_way(to: EndpointUse, astray: &[Seen]) -> Option<Mismatch> {
    let (expected, way) = match to {
        EndpointUse::Proxied => ("through the proxy", "straight to the endpoint"),
        EndpointUse::HttpsByDefault => ("by HTTPS", "by plain HTTP"),
        _ => ("straight to the endpoint", "through the proxy"),
    };
    let n_astray = astray.len();
    (n_astray > 0).then(|| mismatch("way of the requests", expected, format!("{n_astray} {way}")))
}

/// Tells of requests signed with a key that nobody configured.
pub(super) fn of_ambient(n_requests: usize) -> Mismatch {
    mismatch("AccessKey id", "the configured one", format!("that of the environment, in {n_requests} requests"))
}

/// Says when a debug log holds a secret.
pub(super) fn of_log(log: &str, credentials: &Credentials) -> Option<Mismatch> {
    let secret = ("AccessKey secret", credentials.secret.expose_secret());
    let token = super::stage::token(credentials).map(|token| ("security token", token));
    let found = [Some(secret), token].into_iter().flatten().find(|(_, text)| !text.is_empty() && log.contains(text));
    found.map(|(what, _)| mismatch("debug log", "no secret and no security token", format!("holds the {what}")))
}

/// Says that an error is not of the SDK's own.
pub(super) fn of_foreign(outcome: &Outcome) -> Option<Mismatch> {
    outcome.kind().map(|kind| mismatch("class of the error", "one of the SDK's own", kind))
}

/// Says when calls that failed in different ways end in the same kind of error.
pub(super) fn of_kinds(case: &SdkCase, made: &[Made]) -> Option<Mismatch> {
    let least = case.outcome.kinds_at_least?;
    let mut kinds: Vec<String> = made.iter().filter_map(|made| made.outcome.kind()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    (kinds.len() < least).then(|| mismatch("kinds of errors", format!("at least {least}"), kinds.join(", ")))
}

/// A piece of a text, with what cannot be seen escaped.
fn visible(text: &str, from: usize) -> String {
    let piece: String = text.chars().skip(from.saturating_sub(3)).take(24).collect();
    let shown = piece.escape_debug().to_string();
    format!("{shown} ({} characters)", text.chars().count())
}

/// Finds two requests that share a nonce; signatures and, for repeats of one call, times are then shared as well.
pub(super) fn repeated_nonce(seen: &[Seen]) -> Option<Mismatch> {
    let nonces: Vec<String> = seen.iter().filter_map(|seen| marks(&seen.request)).map(|[nonce, ..]| nonce).collect();
    let mut sorted = nonces.clone();
    sorted.sort_unstable();
    let twice = sorted.windows(2).find(|pair| pair[0] == pair[1])?;
    let chance = chance_of_repeat(&twice[0], nonces.len());
    let actual = format!("{} twice in {} requests; by chance {chance}", twice[0], nonces.len());
    Some(mismatch("nonce", "another one in each request", actual))
}

/// How likely honest random nonces of this shape repeat among so many.
fn chance_of_repeat(nonce: &str, n_requests: usize) -> String {
    let alphabet = if nonce.bytes().all(|byte| byte.is_ascii_digit()) { 10.0_f64 } else { 16.0 };
    let n_symbols = nonce.bytes().filter(u8::is_ascii_alphanumeric).count();
    let n_pairs = n_requests as f64 * (n_requests as f64 - 1.0) / 2.0;
    let one_in = alphabet.powi(i32::try_from(n_symbols).unwrap_or(i32::MAX)) / n_pairs.max(1.0);
    format!("once in {one_in:.0e} such runs")
}

/// A second, and what clocks and busy machines take besides.
const SECOND: Duration = Duration::from_millis(2_000);

/// Says when an attempt repeats a mark of the attempt before.
fn stale(mark: Mark, seen: &[Seen]) -> Option<Mismatch> {
    let all: Vec<(Instant, [String; 3])> =
        seen.iter().filter_map(|seen| Some((seen.at, marks(&seen.request)?))).collect();
    let (name, which, apart) = match mark {
        Mark::Nonce => ("nonce", 0, Duration::ZERO),
        Mark::Timestamp => ("timestamp", 1, SECOND),
        Mark::Signature => ("signature", 2, Duration::ZERO),
    };
    let is_same = |pair: &[(Instant, [String; 3])]| {
        pair[0].1[which] == pair[1].1[which] && pair[1].0.duration_since(pair[0].0) >= apart
    };
    let repeats = all.windows(2).any(is_same);
    repeats.then(|| mismatch(name, "a fresh one in every attempt", "that of the attempt before"))
}

/// Returns what is wrong with what the SDK told.
pub(super) fn of_outcome(case: &SdkCase, made: &Made, secrets: &[(&str, &str)]) -> Vec<Mismatch> {
    let wanted = &case.outcome;
    let mut wrong = Vec::new();
    let shown = shown(&made.outcome);
    if !wanted.is.is_empty() && !wanted.is.iter().any(|is| is == made.outcome.name()) {
        wrong.push(mismatch("what the SDK tells", wanted.is.join(" or "), &*shown));
    }
    let told = Told::of(&made.outcome);
    let mut same = |place: &str, expected: &Option<String>, actual: Option<String>| {
        if let Some(expected) = expected
            && actual.as_ref() != Some(expected)
        {
            let actual = actual.unwrap_or_else(|| format!("none in {shown}"));
            wrong.push(mismatch(place, expected.as_str(), actual));
        }
    };
    same("Code as told", &wanted.code, told.code);
    same("Message as told", &wanted.message, told.message);
    same(
        "HTTP status as told",
        &wanted.http_status.map(|status| status.to_string()),
        told.http_status.map(|status| status.to_string()),
    );
    if wanted.request_id && told.request_id.is_none_or(|id| id.is_empty()) {
        wrong.push(mismatch("RequestId as told", "there", &*shown));
    }
    let body = if let Outcome::Ok { body, .. } = &made.outcome { body } else { &Value::Null };
    let fields = wanted.fields.iter().map(|(path, value)| (body, path, value, "given back"));
    let detail = match &made.outcome {
        Outcome::ServiceError { access_denied_detail: Some(detail), .. } => detail,
        _ => &Value::Null,
    };
    let details =
        wanted.access_denied_detail.iter().map(|(path, value)| (detail, path, value, "AccessDeniedDetail has it"));
    for (all, path, value, whose) in fields.chain(details) {
        let found = look_up(all, path).map(|found| as_text(&found).into_owned());
        if found.as_deref() != Some(&*as_text(value)) {
            wrong.push(mismatch(&format!("{path} as {whose}"), as_text(value), found.unwrap_or_else(|| shown.clone())));
        }
    }
    for path in &wanted.nothing {
        if let Some(found) = look_up(body, path).filter(|found| !found.is_null()) {
            wrong.push(mismatch(&format!("{path} as given back"), "null or nothing", as_text(&found)));
        }
    }
    if wanted.within_ms.is_some_and(|limit| made.took_ms > limit) {
        let expected = format!("at most {} ms", wanted.within_ms.unwrap_or(0));
        wrong.push(mismatch(TIME, expected, format!("{} ms", made.took_ms)));
    }
    if wanted.not_before_ms.is_some_and(|least| made.took_ms < least) {
        let expected = format!("at least {} ms", wanted.not_before_ms.unwrap_or(0));
        wrong.push(mismatch(TIME, expected, format!("{} ms", made.took_ms)));
    }
    if wanted.silent {
        let texts = made.outcome.texts();
        let leak = secrets.iter().find(|(_, secret)| texts.iter().any(|text| text.contains(secret)));
        wrong.extend(
            leak.map(|(what, _)| mismatch("error text", "no secret and no person", format!("holds the {what}"))),
        );
    }
    wrong
}

/// What a caller can learn of an answer.
struct Told {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    http_status: Option<u16>,
}

impl Told {
    fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::ServiceError { code, message, request_id, http_status, .. } => Self {
                code: code.clone(),
                message: message.clone(),
                request_id: request_id.clone(),
                http_status: *http_status,
            },
            Outcome::Ok { http_status, body } => {
                let text = |path: &str| look_up(body, path).map(|found| as_text(&found).into_owned());
                Self {
                    code: text("Code"),
                    message: text("Message"),
                    request_id: text("RequestId"),
                    http_status: *http_status,
                }
            }
            _ => Self { code: None, message: None, request_id: None, http_status: None },
        }
    }
}

/// An outcome on one line, for evidence.
pub(super) fn shown(outcome: &Outcome) -> String {
    let mut text = Beginning { text: String::new(), left: SHOWN };
    // What does not fit is an error to whoever writes, and nothing else.
    let _ = match outcome {
        Outcome::Ok { body, .. } => write!(text, "ok {body}"),
        Outcome::ServiceError { code, message, kind, http_status, .. } => {
            write!(text, "service_error {kind}: {code:?} {message:?} HTTP {http_status:?}")
        }
        Outcome::ClientError { kind, message } => write!(text, "client_error {kind}: {message:?}"),
        Outcome::Timeout { kind, message } => write!(text, "timeout {kind}: {message:?}"),
        Outcome::Unsupported { reason } => write!(text, "unsupported: {reason}"),
    };
    text.text
}

/// Characters of an outcome that are shown.
const SHOWN: usize = 600;

/// The beginning of a text, however long it is.
struct Beginning {
    text: String,
    left: usize,
}

impl std::fmt::Write for Beginning {
    fn write_str(&mut self, more: &str) -> std::fmt::Result {
        let taken = more.char_indices().nth(self.left).map_or(more, |(end, _)| &more[..end]);
        self.left -= taken.chars().count();
        self.text.push_str(taken);
        if taken.len() < more.len() { Err(std::fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Request;

    fn seen(at: Instant, nonce: &str, second: u32, signature: &str) -> Seen {
        let target = format!(
            "/?AccessKeyId=k&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&SignatureNonce={nonce}&Signature={signature}\
             &Timestamp=2026-12-01T00%3A00%3A{second:02}Z"
        );
        let request = Request { method: "POST".to_owned(), target, headers: Vec::new(), body: Default::default() };
        Seen { request, over_tls: false, connection: 1, at, status: 200, code: None }
    }

    #[test]
    fn an_attempt_repeats_no_mark_of_the_one_before() {
        let begun = Instant::now();
        let first = || seen(begun, "a", 1, "x");
        let later = |ms| begun + Duration::from_millis(ms);
        for (second, wanted) in [
            (seen(later(100), "b", 1, "y"), None),
            (seen(later(100), "a", 1, "y"), Some(Mark::Nonce)),
            (seen(later(100), "b", 1, "x"), Some(Mark::Signature)),
            // Within a second a timestamp may be the same, three seconds later it may not.
            (seen(later(3_000), "b", 4, "y"), None),
            (seen(later(3_000), "b", 1, "y"), Some(Mark::Timestamp)),
        ] {
            let pair = [first(), second];
            let found: Vec<Mark> = [Mark::Nonce, Mark::Timestamp, Mark::Signature]
                .into_iter()
                .filter(|mark| stale(*mark, &pair).is_some())
                .collect();
            assert_eq!(found, wanted.into_iter().collect::<Vec<_>>());
        }
    }
}
