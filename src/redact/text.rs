//! Redaction of text by structure: JSON, `name=value` pairs, header lines, and the signing texts that refusals quote.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::message::Echo;
use super::names::{self, Treatment};
use super::{json, names::placeholder};

/// `name=value` in any text, as in query strings, `Authorization` and signing texts.
static PAIR: LazyLock<Regex> = LazyLock::new(|| pattern("(?i)\\b(NAMES)=([^&\\s\"'<>,;\\]]+)"));

/// The same once percent-encoded, as `SignatureDoesNotMatch` quotes it (source: signing.md §1.3); its values are then
/// percent-encoded twice.
static ENCODED_PAIR: LazyLock<Regex> =
    LazyLock::new(|| pattern("(?i)\\b(NAMES)%3D((?:[A-Za-z0-9_.~*+-]|%25[0-9A-F]{2})+)"));

/// A second name may follow `%26` without a word boundary of its own.
static ENCODED_NEXT: LazyLock<Regex> =
    LazyLock::new(|| pattern("(?i)(%26)(NAMES)%3D((?:[A-Za-z0-9_.~*+-]|%25[0-9A-F]{2})+)"));

/// Header lines of a canonical request.
static HEADER_LINE: LazyLock<Regex> = LazyLock::new(|| pattern("(?im)^(x-acs-[a-z0-9-]+|host|date|cookie):(.+)$"));

/// A loopback listener; its port changes from run to run.
static LOOPBACK: LazyLock<Regex> =
    LazyLock::new(|| pattern("(?:127\\.0\\.0\\.1|localhost|\\[::1\\])(?::[0-9]{1,5}|%3A[0-9]{1,5}|%253A[0-9]{1,5})"));

/// The hash of the canonical request in a quoted ACS3 string to sign; it covers nonce and time.
static CANONICAL_HASH: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("(ACS3-HMAC-[A-Z0-9]+(?:\\s|\\\\n)+)[0-9a-f]{64}").expect("a constant pattern"));

fn pattern(text: &str) -> Regex {
    let names: Vec<String> = names::all().into_iter().map(regex::escape).collect();
    Regex::new(&text.replace("NAMES", &names.join("|"))).expect("a constant pattern")
}

/// Redacts a text whose kind is not known; what was under a name is told to `echo`.
pub(super) fn redact_text(text: &str, echo: &mut Echo) -> String {
    let trimmed = text.trim_start();
    if trimmed.starts_with(['{', '[']) && trimmed.contains('"') {
        return json::redact_json(text, echo);
    }
    if trimmed.starts_with('<') {
        return redact_xml(text, echo);
    }
    redact_plain(text, echo)
}

/// Redacts text that is neither JSON nor XML.
pub(super) fn redact_plain(text: &str, echo: &mut Echo) -> String {
    let mut text = text.to_owned();
    if text.contains("%3D") {
        text = replace_pairs(&ENCODED_NEXT, &text, echo);
        text = replace_pairs(&ENCODED_PAIR, &text, echo);
    }
    if text.contains('=') {
        text = replace_pairs(&PAIR, &text, echo);
    }
    if text.contains(':') {
        text = replace_pairs(&HEADER_LINE, &text, echo);
    }
    if text.contains("ACS3-HMAC-") {
        text = CANONICAL_HASH.replace_all(&text, "${1}<hash>").into_owned();
    }
    redact_loopback(&text)
}

/// Replaces the authority of loopback addresses, plain or percent-encoded.
pub(super) fn redact_loopback(text: &str) -> String {
    if text.contains("127.0.0.1") || text.contains("localhost") || text.contains("[::1]") {
        return LOOPBACK.replace_all(text, "<loopback>").into_owned();
    }
    text.to_owned()
}

/// The last two groups of the pattern are name and value.
fn replace_pairs(pattern: &Regex, text: &str, echo: &mut Echo) -> String {
    let replaced = pattern.replace_all(text, |found: &Captures<'_>| {
        let (name, value) = (&found[found.len() - 2], &found[found.len() - 1]);
        let whole = &found[0];
        let head = &whole[..whole.len() - value.len()];
        match names::treatment(name) {
            Some(treatment) if !value.starts_with("%3C") => {
                if treatment == Treatment::Volatile {
                    echo.volatile(name, value);
                }
                format!("{head}{}", placeholder(name, treatment))
            }
            _ => whole.to_owned(),
        }
    });
    replaced.into_owned()
}

/// Redacts element texts and, in any other text between them, what [`redact_plain`] finds.
fn redact_xml(text: &str, echo: &mut Echo) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut name = "";
    while let Some(start) = rest.find('<') {
        let content = &rest[..start];
        let tag_end = rest[start..].find('>').map_or(rest.len(), |end| start + end + 1);
        out.push_str(&redact_element(name, content, echo));
        let tag = &rest[start..tag_end];
        out.push_str(tag);
        name = tag.trim_start_matches('<').trim_end_matches(['>', '/']).split_whitespace().next().unwrap_or_default();
        rest = &rest[tag_end..];
    }
    out.push_str(&redact_element(name, rest, echo));
    out
}

fn redact_element(name: &str, content: &str, echo: &mut Echo) -> String {
    if content.trim().is_empty() {
        return content.to_owned();
    }
    match names::treatment(name) {
        Some(treatment) => {
            echo.found(name, treatment, content);
            placeholder(name, treatment).replace('<', "&lt;").replace('>', "&gt;")
        }
        None if content.contains('{') => {
            let plain = content.replace("&quot;", "\"").replace("&amp;", "&");
            let redacted = redact_text(&plain, echo);
            if redacted == plain { content.to_owned() } else { redacted }
        }
        None => redact_plain(content, echo),
    }
}
