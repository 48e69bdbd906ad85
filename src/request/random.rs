//! Texts that never repeat in a run and always repeat under one seed.

use aws_lc_rs::digest;

/// Derives lower-case hex digits from a seed, a salt, a case and what they are for.
#[derive(Debug, Clone)]
pub(super) struct Random {
    prefix: String,
}

impl Random {
    pub(super) fn new(seed: u64, salt: u64, case: &str) -> Self {
        Self { prefix: format!("{seed}\n{salt}\n{case}") }
    }

    /// Returns `n` hex digits.
    pub(super) fn hex(&self, purpose: &str, n: usize) -> String {
        let mut text = String::with_capacity(n + 64);
        let mut block = 0;
        while text.len() < n {
            let hash = digest::digest(&digest::SHA256, format!("{}\n{purpose}\n{block}", self.prefix).as_bytes());
            text.push_str(&hex::encode(hash.as_ref()));
            block += 1;
        }
        text.truncate(n);
        text
    }
}
