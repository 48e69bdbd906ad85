//! What the holes of one request are filled with: nonce, time, texts that never come again, values of earlier answers.

use crate::chance;
use crate::clock::Timestamp;
use crate::exchange::encode_component;

/// Characters that a text needs so as not to come again.
pub(super) const SHORTEST_UNIQUE: usize = 16;

/// Characters of the longest unique text.
pub(super) const LONGEST_UNIQUE: usize = 128;

/// A text that never comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unique {
    /// Which of the scenario's texts.
    pub(super) index: usize,
    /// Characters.
    pub(super) length: usize,
    /// The same in all requests of a transaction.
    pub(super) of_transaction: bool,
}

/// A time as it stands in requests.
#[derive(Debug, Clone, Default)]
pub(super) struct TimeTexts {
    second: Option<i64>,
    pub(super) plain: String,
    pub(super) once: String,
    pub(super) twice: String,
}

impl TimeTexts {
    /// Writes the time, when it is another second than before.
    pub(super) fn set(&mut self, now: Timestamp) {
        let second = now.0.div_euclid(1_000);
        if self.second == Some(second) {
            return;
        }
        self.second = Some(second);
        self.plain = now.to_iso();
        self.once = encode_component(&self.plain);
        self.twice = encode_component(&self.once);
    }
}

/// A value of an answer, as it stands in requests.
#[derive(Debug, Clone, Default)]
pub(super) struct Captured {
    pub(super) plain: String,
    /// Empty where encoding changes nothing.
    once: String,
    twice: String,
}

impl Captured {
    pub(super) fn set(&mut self, value: &str) {
        self.plain.clear();
        self.plain.push_str(value);
        self.once.clear();
        self.twice.clear();
        let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        if !value.bytes().all(is_kept) {
            self.once = encode_component(value);
            self.twice = encode_component(&self.once);
        }
    }

    pub(super) fn once(&self) -> &str {
        if self.once.is_empty() { &self.plain } else { &self.once }
    }

    pub(super) fn twice(&self) -> &str {
        if self.twice.is_empty() { &self.plain } else { &self.twice }
    }

    /// Says whether a JSON text can hold the value as it is.
    pub(super) fn is_plain_in_json(&self) -> bool {
        !self.plain.chars().any(|c| c == '"' || c == '\\' || c.is_control())
    }
}

/// Values of one request.
#[derive(Debug)]
pub(super) struct Values<'a> {
    /// Set apart from run to run.
    pub(super) salt: u64,
    /// Number of the transaction in the run.
    pub(super) transaction: u64,
    /// Number of the request in the run.
    pub(super) request: u64,
    pub(super) time: &'a TimeTexts,
    pub(super) captures: &'a [Captured],
}

impl Values<'_> {
    /// Writes the nonce, in the form of a UUID.
    pub(super) fn nonce(&self) -> [u8; 36] {
        let mut digits = [0; 32];
        hex_digits(self.salt ^ NONCES, self.request, &mut digits);
        let mut text = [b'-'; 36];
        for (to, from) in [(0..8, 0..8), (9..13, 8..12), (14..18, 12..16), (19..23, 16..20), (24..36, 20..32)] {
            text[to].copy_from_slice(&digits[from]);
        }
        text
    }

    /// Writes a unique text into the beginning of `room`, and returns it.
    pub(super) fn unique<'r>(&self, unique: Unique, room: &'r mut [u8; LONGEST_UNIQUE]) -> &'r [u8] {
        let number = if unique.of_transaction { self.transaction } else { self.request };
        let text = &mut room[..unique.length];
        hex_digits(self.salt.wrapping_add(chance::mix(unique.index as u64 + 1)), number, text);
        text
    }
}

/// Sets nonces apart from unique texts.
const NONCES: u64 = 0x6E6F_6E63_6573_0000;

/// Fills `text` with hex digits. The first sixteen differ for any two numbers under one salt.
fn hex_digits(salt: u64, number: u64, text: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (block, digits) in text.chunks_mut(16).enumerate() {
        let mut bits = chance::mix(number ^ chance::mix(salt.wrapping_add(block as u64)));
        for digit in digits {
            *digit = DIGITS[(bits & 15) as usize];
            bits >>= 4;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_nonce_and_no_unique_text_comes_again() {
        let time = TimeTexts::default();
        let mut seen = HashSet::new();
        let unique = Unique { index: 0, length: 32, of_transaction: false };
        for (salt, request) in (0..2).flat_map(|salt| (0..20_000).map(move |request| (salt, request))) {
            let values = Values { salt, transaction: 7, request, time: &time, captures: &[] };
            assert!(seen.insert(values.nonce().to_vec()));
            let mut room = [0; LONGEST_UNIQUE];
            assert!(seen.insert(values.unique(unique, &mut room).to_vec()));
            assert!(seen.insert(values.unique(Unique { index: 1, ..unique }, &mut room).to_vec()));
        }
        let of = |request, transaction| {
            let values = Values { salt: 1, transaction, request, time: &time, captures: &[] };
            values.unique(Unique { of_transaction: true, ..unique }, &mut [0; LONGEST_UNIQUE]).to_vec()
        };
        assert_eq!(of(1, 5), of(2, 5));
        assert_ne!(of(1, 5), of(1, 6));
    }

    #[test]
    fn values_are_encoded_as_often_as_they_stand() {
        let mut captured = Captured::default();
        captured.set("a+b/张=");
        assert_eq!(captured.once(), "a%2Bb%2F%E5%BC%A0%3D");
        assert_eq!(captured.twice(), "a%252Bb%252F%25E5%25BC%25A0%253D");
        captured.set("plain-1");
        assert_eq!((captured.once(), captured.twice()), ("plain-1", "plain-1"));
        assert!(captured.is_plain_in_json());
        captured.set("with \"quotes\"");
        assert!(!captured.is_plain_in_json());
    }
}
