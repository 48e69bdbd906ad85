//! The calls' listener: the mock's answer on the wire, and the faults that spoil it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::Response;
use hyper::header::{HeaderName, HeaderValue};
use tokio::time::Instant;

use super::answer::Answer;
use super::core::Mock;
use super::gateway::Arrival;
use super::latency::Latencies;
use super::server::{AnswerBody, Fate, Handler, Received, Reply, refuse_received};
use super::variant::{Variant, rewire};
use super::witness::Seen;
use crate::control::{CONTROL_FORMAT, DISCOVERY_PATH, Discovery, FaultKind, ScriptedAnswer};
use crate::exchange::Request;

/// Serves calls.
pub(super) struct Api {
    pub(super) mock: Arc<Mock>,
    /// How long answers take on purpose, if they do.
    pub(super) latencies: Option<Latencies>,
    /// The listener serves HTTPS, so that a plain call is one that came by the wrong way.
    pub(super) tls_only: bool,
}

impl Handler for Api {
    async fn handle(&self, received: Received, tls: bool, fate: &Fate) -> Reply {
        // Whatever becomes of it, the next request is another.
        let heard = fate.take_heard();
        let Received::Whole(request) = received else { return refuse_received(&received) };
        let arrived = Instant::now();
        if request.path() == DISCOVERY_PATH {
            return reply(self.discovery());
        }
        let arrival = match tls {
            true => Arrival::Tls,
            false if self.tls_only || self.mock.options.require_tls => Arrival::PlainRefused,
            false => Arrival::Plain,
        };
        let witness = self.mock.options.witness.clone();
        let seen = witness.is_some().then(|| Seen::new(request.clone(), &heard, arrival, fate.connection()));
        let codings = request.header("accept-encoding").unwrap_or_default().to_owned();
        let answer = self.answer(request, arrival).await;
        if let (Some(witness), Some(mut seen)) = (witness, seen) {
            (seen.status, seen.code) = (answer.status, answer.code.clone());
            witness.note(answer.access_key_id.as_deref(), seen);
        }
        self.mock.record(&answer);
        if let Some(arrivals) = &self.mock.options.arrivals {
            arrivals.note(arrived.into_std(), answer.action.as_deref(), answer.status);
        }
        if let Some(latencies) = &self.latencies {
            latencies.wait(answer.action.as_deref(), arrived).await;
        }
        let reply = match self.mock.faults.take(answer.access_key_id.as_deref(), answer.action.as_deref()) {
            None => reply(answer),
            Some(fault) => spoil(answer, fault, (fate, &codings)).await,
        };
        rewire(self.mock.options.variants, reply)
    }

    fn hears(&self) -> bool {
        self.mock.options.witness.is_some()
    }

    fn title_case(&self) -> bool {
        self.mock.reads(Variant::HeaderTitleCase)
    }
}

impl Api {
    /// Tells where the control API is. No operation of any family is at this path.
    fn discovery(&self) -> Answer {
        let control = self.mock.control_url.get().cloned().unwrap_or_default();
        let told = Discovery { format: CONTROL_FORMAT.to_owned(), control };
        let body = serde_json::to_string(&told).expect("two texts");
        Answer::plain(200, "application/json;charset=utf-8", body)
    }

    async fn answer(&self, request: Request, arrival: Arrival) -> Answer {
        // Testing a callback address waits for another server, which must not hold up other calls.
        if !mentions_callback(&request) {
            return self.mock.answer_arrived(&request, arrival);
        }
        let mock = self.mock.clone();
        let judged = tokio::task::spawn_blocking(move || mock.answer_arrived(&request, arrival)).await;
        judged.unwrap_or_else(|_| Answer::plain(500, "text/plain", "the mock failed to answer"))
    }
}

fn mentions_callback(request: &Request) -> bool {
    let holds = |bytes: &[u8]| bytes.windows(11).any(|window| window.eq_ignore_ascii_case(b"callbackurl"));
    holds(request.target.as_bytes()) || (request.body.len() < 65_536 && holds(&request.body))
}

/// Puts an answer on the wire with the headers gateways send (source: signing.md §6).
pub(super) fn reply(answer: Answer) -> Reply {
    let body = AnswerBody::whole(answer.body.clone());
    head(&answer, body)
}

fn head(answer: &Answer, body: AnswerBody) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = hyper::StatusCode::from_u16(answer.status).unwrap_or(hyper::StatusCode::OK);
    let headers = reply.headers_mut();
    headers.insert("content-type", HeaderValue::from_static(answer.content_type));
    headers.insert("keep-alive", HeaderValue::from_static("timeout=25"));
    headers.insert("access-control-allow-origin", HeaderValue::from_static("*"));
    headers.insert("access-control-expose-headers", HeaderValue::from_static("*"));
    headers.insert("vary", HeaderValue::from_static("Accept-Encoding"));
    for (name, value) in &answer.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    reply
}

/// Does to an answer what a fault says; `codings` is the request's Accept-Encoding.
async fn spoil(mut answer: Answer, fault: FaultKind, (fate, codings): (&Fate, &str)) -> Reply {
    match fault {
        FaultKind::LatencyMs(milliseconds) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        }
        FaultKind::Stall => std::future::pending::<()>().await,
        FaultKind::Reset => fate.reset(),
        FaultKind::Garbage => fate.garble(),
        FaultKind::TruncateBody(kept) => {
            let body = AnswerBody::truncated(&answer.body, kept);
            return head(&answer, body);
        }
        FaultKind::Endless => return head(&answer, AnswerBody::endless()),
        FaultKind::DripMs(milliseconds) => {
            let body = AnswerBody::dripping(answer.body.clone(), Duration::from_millis(milliseconds));
            return head(&answer, body);
        }
        FaultKind::HttpError(status) => {
            let page = format!("<html><body><h1>{status}</h1></body></html>\n");
            answer = Answer::plain(status, "text/html", page);
        }
        FaultKind::Throttle => answer = throttled(&answer),
        FaultKind::EmptyBody => answer.body = Bytes::new(),
        FaultKind::Body(text) => answer.body = text.into(),
        FaultKind::Answer(scripted) => {
            let is_for_it = scripted.if_accepts.as_ref().is_none_or(|coding| accepts(codings, coding));
            if is_for_it {
                return script(scripted);
            }
        }
        FaultKind::Raw(text) => fate.raw(text.into()),
    }
    reply(answer)
}

/// Says whether an Accept-Encoding admits a coding by its name (source: RFC 9110 §12.5.3).
fn accepts(codings: &str, coding: &str) -> bool {
    codings.split(',').any(|listed| {
        let (name, weight) = listed.split_once(';').unwrap_or((listed, ""));
        let is_refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.trim().parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case(coding) && !is_refused
    })
}

/// Answers just what a script says.
fn script(scripted: ScriptedAnswer) -> Reply {
    let decoded = scripted.body_base64.and_then(|text| STANDARD.decode(text).ok());
    let body = decoded.map_or_else(|| Bytes::from(scripted.body), Bytes::from);
    let mut reply = Response::new(AnswerBody::whole(body));
    *reply.status_mut() = hyper::StatusCode::from_u16(scripted.status).unwrap_or(hyper::StatusCode::OK);
    for (name, value) in &scripted.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            reply.headers_mut().append(name, value);
        }
    }
    reply
}

fn throttled(answer: &Answer) -> Answer {
    let ids = answer.headers.iter().find(|(name, _)| *name == "x-acs-request-id");
    let request_id = ids.map_or("", |(_, value)| value.as_str()).to_owned();
    let body = serde_json::json!({
        "RequestId": request_id,
        "HostId": "idvet-mock",
        "Code": "Throttling.User",
        "Message": "Request was denied due to user flow control.",
    });
    let throttled = Answer::plain(400, "application/json;charset=utf-8", body.to_string());
    throttled.with_header("x-acs-retry-after", "1000").with_header("x-acs-request-id", request_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_admitted_by_its_name_unless_its_weight_is_nothing() {
        for (codings, wanted) in [
            ("gzip", true),
            ("deflate, GZip;q=0.5", true),
            ("br;q=1, gzip ; q=0.1", true),
            ("", false),
            ("identity", false),
            ("xgzip", false),
            ("gzip;q=0", false),
            ("gzip;q=0.0, br", false),
        ] {
            assert_eq!(accepts(codings, "gzip"), wanted, "{codings}");
        }
    }
}
