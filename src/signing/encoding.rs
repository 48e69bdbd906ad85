//! Percent-encoding of canonical texts, as documented and with each encoding vice.

use std::borrow::Cow;

use super::vice::{Vice, Vices};
use crate::exchange::encode_pairs;

/// Joins pairs as `enc(name)=enc(value)` with `&`.
pub(super) fn canonical_query(pairs: &[(&str, &str)], vices: Vices) -> String {
    if vices.is_empty() {
        return encode_pairs(pairs.iter().copied());
    }
    let join = |(name, value): &(&str, &str)| format!("{}={}", component(name, vices), component(value, vices));
    pairs.iter().map(join).collect::<Vec<_>>().join("&")
}

/// Sorts pairs by name, in byte order (source: signing.md §1.2).
pub(super) fn sort_pairs(pairs: &mut [(&str, &str)], vices: Vices) {
    if vices.has(Vice::Unsorted) {
        return;
    }
    if vices.has(Vice::SortedIgnoringCase) {
        pairs.sort_by_key(|(name, _)| name.to_lowercase());
    } else if vices.has(Vice::SortedByPair) {
        pairs.sort_by_key(|(name, value)| format!("{name}={value}"));
    } else {
        pairs.sort_by_key(|(name, _)| *name);
    }
}

fn component(text: &str, vices: Vices) -> String {
    if vices.has(Vice::NotEncoded) {
        return text.to_owned();
    }
    let once = encode(&meant(text, vices), vices);
    if vices.has(Vice::DoubleEncoded) { encode(&once, vices) } else { once }
}

/// Returns the text a client with vices of sending had in mind, given the one that arrived.
fn meant(text: &str, vices: Vices) -> Cow<'_, str> {
    if vices.has(Vice::SentDoubleEncoded) {
        return percent_encoding::percent_decode_str(text).decode_utf8().unwrap_or_else(|_| text.into());
    }
    if vices.has(Vice::ValuesTrimmed) { text.trim().into() } else { text.into() }
}

/// As [`encode`], behind what is there already.
pub(super) fn push_encoded(encoded: &mut String, text: &str, vices: Vices) {
    match vices.is_empty() {
        true => crate::exchange::push_component(encoded, text),
        false => encoded.push_str(&encode(text, vices)),
    }
}

/// Escapes a text once, with the vices that concern single characters.
pub(super) fn encode(text: &str, vices: Vices) -> String {
    if vices.is_empty() {
        return crate::exchange::encode_component(text);
    }
    let mut encoded = String::with_capacity(text.len() * 3 / 2);
    for byte in text.bytes() {
        match byte {
            b' ' if vices.has(Vice::SpaceAsPlus) => encoded.push('+'),
            b'~' if vices.has(Vice::TildeEscaped) => escape(&mut encoded, byte, vices),
            b'*' if vices.has(Vice::AsteriskRaw) => encoded.push('*'),
            b'!' | b'\'' | b'(' | b')' | b'*' if vices.has(Vice::MarksRaw) => encoded.push(char::from(byte)),
            b'/' if vices.has(Vice::SlashRaw) => encoded.push('/'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            _ => escape(&mut encoded, byte, vices),
        }
    }
    encoded
}

fn escape(encoded: &mut String, byte: u8, vices: Vices) {
    let digits: &[u8; 16] = if vices.has(Vice::LowerCaseHex) { b"0123456789abcdef" } else { b"0123456789ABCDEF" };
    encoded.push('%');
    encoded.push(char::from(digits[usize::from(byte >> 4)]));
    encoded.push(char::from(digits[usize::from(byte & 15)]));
}
