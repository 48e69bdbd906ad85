//! Which nonces an account has used within the last 15 minutes.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::clock::Timestamp;

/// Seconds for which a nonce must not come again (source: signing.md §3).
pub(super) const NONCE_SECONDS: i64 = 900;

/// Used nonces of one account, by digest: an account under load holds millions, and texts have no length limit.
#[derive(Debug, Default)]
pub(super) struct NonceMemory {
    until: HashMap<u128, i64>,
    /// Size at which lapsed entries are swept next.
    sweep_at: usize,
}

impl NonceMemory {
    /// Says whether a nonce was used within its time.
    pub(super) fn is_used(&self, nonce: &str, now: Timestamp) -> bool {
        self.until.get(&digest(nonce)).is_some_and(|until| *until > now.0)
    }

    /// Remembers a nonce for some seconds. Returns false when it was in use already.
    pub(super) fn take(&mut self, nonce: &str, now: Timestamp, seconds: i64) -> bool {
        let until = now.plus_seconds(seconds).0;
        if self.until.len() >= self.sweep_at.max(4096) {
            self.until.retain(|_, until| *until > now.0);
            self.sweep_at = self.until.len() * 2;
        }
        match self.until.insert(digest(nonce), until) {
            Some(earlier) if earlier > now.0 => {
                self.until.insert(digest(nonce), earlier);
                false
            }
            _ => true,
        }
    }
}

fn digest(nonce: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        nonce.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    (half(0) << 64) | half(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_free_again_after_fifteen_minutes() {
        let mut memory = NonceMemory::default();
        let start = Timestamp(1_000_000);
        assert!(memory.take("a", start, NONCE_SECONDS));
        assert!(!memory.take("a", start.plus_seconds(899), NONCE_SECONDS));
        assert!(memory.is_used("a", start.plus_seconds(899)));
        assert!(memory.take("b", start, NONCE_SECONDS));
        assert!(memory.take("a", start.plus_seconds(900), NONCE_SECONDS));
    }

    #[test]
    fn lapsed_nonces_are_swept() {
        let mut memory = NonceMemory::default();
        for number in 0..5_000 {
            assert!(memory.take(&number.to_string(), Timestamp(0), NONCE_SECONDS));
        }
        for number in 0..5_000 {
            assert!(memory.take(&format!("later {number}"), Timestamp(0).plus_seconds(901), NONCE_SECONDS));
        }
        assert!(memory.until.len() <= 5_000, "{} held", memory.until.len());
    }
}
