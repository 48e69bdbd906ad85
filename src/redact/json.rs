//! Redaction inside JSON text, in place: all other bytes stay as received, and broken or cut text is no obstacle.

use super::message::Echo;
use super::names::{self, Treatment, placeholder};
use super::text;

/// Redacts the values under known keys, at any depth, and inside strings that hold JSON.
pub(super) fn redact_json(json: &str, echo: &mut Echo) -> String {
    let mut out = String::with_capacity(json.len());
    let mut at = 0;
    while let Some(next) = json[at..].find('"') {
        let start = at + next;
        out.push_str(&json[at..start]);
        let end = string_end(json, start);
        let inner = inner_of(json, start, end);
        let value_at = value_start(json, end);
        let treated = value_at.and_then(|value_at| Some((value_at, names::treatment(inner)?)));
        match treated {
            Some((value_at, treatment)) => {
                out.push_str(&json[start..value_at]);
                at = redact_value(json, value_at, (inner, treatment), &mut out, echo);
            }
            None if value_at.is_some() => {
                out.push_str(&json[start..end]);
                at = end;
            }
            None => {
                push_string(&json[start..end], inner, &mut out, echo);
                at = end;
            }
        }
    }
    out.push_str(&json[at..]);
    out
}

/// Writes the placeholder for the value at `start` and returns where the value ends.
fn redact_value(json: &str, start: usize, named: (&str, Treatment), out: &mut String, echo: &mut Echo) -> usize {
    let (name, treatment) = named;
    let end = value_end(json, start);
    let raw = &json[start..end];
    if matches!(raw, "" | "\"\"" | "null" | "true" | "false" | "[]" | "{}") {
        out.push_str(raw);
        return end;
    }
    let value = if raw.starts_with('"') { unescape(inner_of(json, start, end)) } else { raw.to_owned() };
    echo.found(name, treatment, &value);
    out.push('"');
    out.push_str(&placeholder(name, treatment));
    out.push('"');
    end
}

/// Writes a string that is no key, redacted if it holds anything.
fn push_string(raw: &str, inner: &str, out: &mut String, echo: &mut Echo) {
    if !inner.bytes().any(|byte| matches!(byte, b'=' | b':' | b'{' | b'[' | b'%' | b'<')) {
        out.push_str(raw);
        return;
    }
    let plain = unescape(inner);
    let redacted = text::redact_text(&plain, echo);
    if redacted == plain {
        out.push_str(raw);
    } else {
        out.push_str(&serde_json::Value::String(redacted).to_string());
    }
}

fn unescape(inner: &str) -> String {
    if !inner.contains('\\') {
        return inner.to_owned();
    }
    serde_json::from_str(&format!("\"{inner}\"")).unwrap_or_else(|_| inner.replace("\\\"", "\"").replace("\\\\", "\\"))
}

/// Returns the index behind the closing quote of the string at `start`, or the end of the text.
fn string_end(json: &str, start: usize) -> usize {
    let bytes = json.as_bytes();
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    json.len()
}

fn inner_of(json: &str, start: usize, end: usize) -> &str {
    let inner = &json[start + 1..end];
    inner.strip_suffix('"').unwrap_or(inner)
}

/// Returns where the value of a key begins, when the string that ends at `end` is a key.
fn value_start(json: &str, end: usize) -> Option<usize> {
    let bytes = json.as_bytes();
    let skip = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        at
    };
    let colon = skip(end);
    (bytes.get(colon) == Some(&b':')).then(|| skip(colon + 1))
}

/// Returns where the value at `start` ends: string, array, object or scalar.
fn value_end(json: &str, start: usize) -> usize {
    let bytes = json.as_bytes();
    match bytes.get(start) {
        Some(b'"') => string_end(json, start),
        Some(b'{' | b'[') => nested_end(json, start),
        _ => json[start..].find([',', '}', ']', '\n']).map_or(json.len(), |end| start + end),
    }
}

fn nested_end(json: &str, start: usize) -> usize {
    let bytes = json.as_bytes();
    let (mut at, mut depth) = (start, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at = string_end(json, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
    json.len()
}
