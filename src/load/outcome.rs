//! What kind of answer came, from its status and code alone.

use super::pick::Field;
use super::program::ReadyCall;
use crate::event::LoadClass;
use crate::exchange::NoResponse;

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) class: LoadClass,
    /// What stands for the code where the answer has none; absent: the code itself is the answer's.
    pub(super) code: Option<&'static str>,
}

impl Outcome {
    pub(super) fn failed(why: &'static str) -> Self {
        Self { class: LoadClass::Failed, code: Some(why) }
    }
}

/// Judges an answer. The code is in the first field then.
pub(super) fn judge(call: &ReadyCall, status: u16, body: &[u8], fields: &mut [Field]) -> Outcome {
    let is_json = call.wanted.pick(body, fields).is_ok();
    let Some(code) = fields.first().filter(|_| is_json) else {
        return Outcome::failed(if status >= 500 { "HTTP 5xx without JSON" } else { "not JSON" });
    };
    let class = classify(call, status, code);
    let code = (!code.is_there).then_some(match class {
        LoadClass::Ok => "success",
        _ => "no code",
    });
    Outcome { class, code }
}

fn classify(call: &ReadyCall, status: u16, code: &Field) -> LoadClass {
    let is_success = match &call.success {
        Some(success) => code.is_there && code.text == *success,
        None => !code.is_there,
    };
    if is_success && (200..300).contains(&status) {
        return LoadClass::Ok;
    }
    // Throttling, Throttling.User and Throttling.Api (source: gateway-errors.json).
    if code.text == "Throttling" || code.text.starts_with("Throttling.") || status == 429 {
        return LoadClass::Throttled;
    }
    let is_documented = code.is_there && call.codes.contains(&code.text);
    match is_documented && !is_success && status < 500 && code.text != "500" {
        true => LoadClass::Refused,
        false => LoadClass::Failed,
    }
}

/// Names a failure, without what differs from one to the next.
pub(super) fn failure_name(error: &NoResponse) -> &'static str {
    match error {
        NoResponse::Connect(_) => "no connection",
        NoResponse::Lacking(_) => "no connection from here",
        NoResponse::Tls(_) => "TLS failed",
        NoResponse::Timeout(_) => "time-out",
        NoResponse::Broken(_) => "connection broke",
        NoResponse::NotHttp(_) => "not HTTP",
        NoResponse::TooLarge(_) => "too large",
    }
}
