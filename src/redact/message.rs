//! Messages as events keep them: redacted, cut, with what changes from run to run set apart.

use std::borrow::Cow;

use indexmap::IndexMap;

use super::names::{self, Treatment, placeholder};
use super::values::Values;
use super::{BODY_LIMIT, text};
use crate::event::RecordedMessage;
use crate::exchange::{Exchange, NoResponse, Request, Response, decode_form, encode_component};

/// Bytes of a body that are looked at; more than [`BODY_LIMIT`], since redaction makes text shorter.
const LOOKED_AT: usize = 256 * 1024;

/// What stood under known names in an exchange: it may be repeated elsewhere in it.
#[derive(Clone, Default)]
pub struct Echo {
    /// Value and what stands for it.
    values: Vec<(String, String)>,
    volatile: IndexMap<String, String>,
}

impl std::fmt::Debug for Echo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Echo({} values)", self.values.len())
    }
}

/// An exchange, redacted.
#[derive(Debug, Clone)]
pub struct RecordedExchange {
    pub request: RecordedMessage,
    pub response: Option<RecordedMessage>,
    pub no_response: Option<String>,
    /// What [`super::Redactor::text_of`] needs to redact text about this exchange.
    pub echo: Echo,
}

impl Echo {
    pub(super) fn volatile(&mut self, name: &str, value: &str) {
        self.found(name, Treatment::Volatile, value);
    }

    /// Remembers a value, unless it is so short that replacing it elsewhere would hit innocent text.
    pub(super) fn found(&mut self, name: &str, treatment: Treatment, value: &str) {
        if treatment == Treatment::Volatile && !self.volatile.contains_key(name) {
            self.volatile.insert(name.to_owned(), value.to_owned());
        }
        let shortest = if value.is_ascii() { 6 } else { 4 };
        let is_length = name.eq_ignore_ascii_case("content-length");
        if value.len() >= shortest && !is_length && !self.values.iter().any(|(known, _)| known == value) {
            self.values.push((value.to_owned(), placeholder(name, treatment)));
        }
    }

    /// Replaces the remembered values, plain and percent-encoded.
    pub(super) fn replace(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        for (value, stand_in) in &self.values {
            for form in forms(value) {
                if text.contains(&*form) {
                    text = Cow::Owned(text.replace(&*form, stand_in));
                }
            }
        }
        text.into_owned()
    }

    fn absorb(&mut self, other: Self) {
        for (value, stand_in) in other.values {
            if !self.values.iter().any(|(known, _)| *known == value) {
                self.values.push((value, stand_in));
            }
        }
    }

    fn take_volatile(&mut self) -> IndexMap<String, String> {
        std::mem::take(&mut self.volatile)
    }
}

fn forms(value: &str) -> Vec<Cow<'_, str>> {
    let once = encode_component(value);
    if once == value {
        return vec![Cow::Borrowed(value)];
    }
    let twice = encode_component(&once);
    vec![Cow::Borrowed(value), Cow::Owned(once), Cow::Owned(twice)]
}

pub(super) fn record_exchange(values: &Values, exchange: &Exchange) -> RecordedExchange {
    let mut echo = Echo::default();
    let request = record_request(values, &exchange.request, &mut echo);
    let (response, no_response) = match &exchange.outcome {
        Ok(response) => (Some(record_response(values, response, &mut echo)), None),
        Err(reason) => (None, Some(tell(values, reason, &echo))),
    };
    RecordedExchange { request, response, no_response, echo }
}

fn tell(values: &Values, reason: &NoResponse, echo: &Echo) -> String {
    let text = text::redact_plain(&reason.to_string(), &mut Echo::default());
    values.replace(&echo.replace(&text)).into_owned()
}

pub(super) fn record_request(values: &Values, request: &Request, echo: &mut Echo) -> RecordedMessage {
    let mut found = Echo::default();
    let path = request.path();
    let mut parameters = IndexMap::new();
    let query = redact_pairs(request.raw_query(), &mut parameters, &mut found);
    let start = if query.is_empty() {
        format!("{} {path} HTTP/1.1", request.method)
    } else {
        format!("{} {path}?{query} HTTP/1.1", request.method)
    };
    let body = if request.has_form_body() {
        redact_pairs(&body_text(&request.body).0, &mut parameters, &mut found)
    } else {
        text::redact_text(&body_text(&request.body).0, &mut found)
    };
    let message = Draft { start, headers: &request.headers, parameters, body, bytes: &request.body };
    finish(values, message, found, echo)
}

pub(super) fn record_response(values: &Values, response: &Response, echo: &mut Echo) -> RecordedMessage {
    let mut found = Echo::default();
    let body = text::redact_text(&body_text(&response.body).0, &mut found);
    let start = format!("HTTP/1.1 {}", response.status);
    let parameters = IndexMap::new();
    let message = Draft { start, headers: &response.headers, parameters, body, bytes: &response.body };
    finish(values, message, found, echo)
}

struct Draft<'a> {
    start: String,
    headers: &'a [(String, String)],
    parameters: IndexMap<String, String>,
    body: String,
    bytes: &'a [u8],
}

fn finish(values: &Values, draft: Draft<'_>, mut found: Echo, echo: &mut Echo) -> RecordedMessage {
    let headers: Vec<(String, String)> =
        draft.headers.iter().map(|(name, value)| (name.clone(), redact_header(name, value, &mut found))).collect();
    let volatile = found.take_volatile();
    echo.absorb(found);
    let clean = |text: &str| values.replace(&echo.replace(text)).into_owned();
    RecordedMessage {
        start: clean(&draft.start),
        headers: headers.into_iter().map(|(name, value)| (name, clean(&value))).collect(),
        parameters: draft.parameters.into_iter().map(|(name, value)| (clean(&name), clean(&value))).collect(),
        body: cut(clean(&draft.body), draft.bytes.len()),
        body_bytes: draft.bytes.len() as u64,
        volatile: volatile.into_iter().map(|(name, value)| (name, values.replace(&value).into_owned())).collect(),
    }
}

fn redact_header(name: &str, value: &str, found: &mut Echo) -> String {
    if value.is_empty() {
        return String::new();
    }
    if let Some(treatment) = names::treatment(name) {
        found.found(name, treatment, value);
        return placeholder(name, treatment);
    }
    if name.eq_ignore_ascii_case("authorization") && !value.starts_with("ACS3-") {
        return placeholder(name, Treatment::Redact);
    }
    text::redact_plain(value, found)
}

/// Redacts the values of `a=b&c=d` text by name, keeping everything else as it stood, and fills the decoded fields.
fn redact_pairs(raw: &str, parameters: &mut IndexMap<String, String>, found: &mut Echo) -> String {
    let mut out = String::with_capacity(raw.len());
    for (idx, piece) in raw.split('&').enumerate() {
        if idx > 0 {
            out.push('&');
        }
        let decoded = decode_form(piece).ok().and_then(|pairs| pairs.into_iter().next());
        let Some((name, value)) = decoded else {
            out.push_str(if piece.is_empty() { "" } else { "<not UTF-8>" });
            continue;
        };
        let shown = redact_parameter(&name, &value, found);
        if shown == value {
            out.push_str(piece);
        } else {
            out.push_str(piece.split('=').next().unwrap_or_default());
            out.push('=');
            out.push_str(&shown);
        }
        add_parameter(parameters, name, shown);
    }
    out
}

fn redact_parameter(name: &str, value: &str, found: &mut Echo) -> String {
    match names::treatment(name) {
        _ if value.is_empty() => String::new(),
        Some(treatment) => {
            found.found(name, treatment, value);
            placeholder(name, treatment)
        }
        None => text::redact_text(value, found),
    }
}

/// A name that occurs again gets a number, so that nothing is hidden.
fn add_parameter(parameters: &mut IndexMap<String, String>, name: String, value: String) {
    if !parameters.contains_key(&name) {
        parameters.insert(name, value);
        return;
    }
    let numbered = (2..).map(|n| format!("{name} ({n})")).find(|key| !parameters.contains_key(key));
    parameters.insert(numbered.expect("some number is free"), value);
}

/// Returns the text that is looked at, and whether bytes were left out.
fn body_text(body: &[u8]) -> (Cow<'_, str>, bool) {
    let looked_at = &body[..body.len().min(LOOKED_AT)];
    (String::from_utf8_lossy(looked_at), looked_at.len() < body.len())
}

/// Cuts a body. The end of a text that was not looked at whole goes too: it may hold half a value.
fn cut(body: String, bytes: usize) -> String {
    let keep = if bytes > LOOKED_AT { BODY_LIMIT.min(body_end(&body)) } else { BODY_LIMIT };
    cut_at(body, keep)
}

/// Redacts a text and cuts it behind that. Of a long one only the beginning is looked at.
pub(super) fn cut_text(text: &str, limit: usize, redact: impl Fn(&str) -> String) -> String {
    if text.len() <= LOOKED_AT_OF_TEXT {
        return cut_at(redact(text), limit);
    }
    let end = (0..=LOOKED_AT_OF_TEXT).rev().find(|idx| text.is_char_boundary(*idx)).unwrap_or(0);
    let redacted = redact(&text[..end]);
    let keep = limit.min(body_end(&redacted));
    cut_at(redacted, keep)
}

/// Bytes of a text, not of a body, that are looked at.
const LOOKED_AT_OF_TEXT: usize = 16 * 1024;

/// Returns where the last value of a text that was not looked at whole may begin.
fn body_end(text: &str) -> usize {
    const HALF_VALUE: usize = 4 * 1024;
    text.len().saturating_sub(HALF_VALUE)
}

fn cut_at(mut text: String, keep: usize) -> String {
    if text.len() > keep {
        let end = (0..=keep).rev().find(|idx| text.is_char_boundary(*idx)).unwrap_or(0);
        text.truncate(end);
        text.push_str("… <cut>");
    }
    text
}
