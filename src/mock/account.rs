//! One account at run time: its keys, its clock, and all that belongs to it alone.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use secrecy::{ExposeSecret, SecretString};

use super::callback::CallbackBook;
use super::ledger::Ledger;
use super::nonces::NonceMemory;
use super::sync::hold;
use super::throttle::Windows;
use crate::clock::Timestamp;
use crate::signing::Key;
use crate::target::model::{Account as Definition, AccountState};

/// An account that some key id stands for. Requests of different accounts share no lock.
pub(super) struct Account {
    pub(super) key_id: String,
    variants: Vec<Variant>,
    offset_ms: AtomicI64,
    requests: AtomicU64,
    pub(super) nonces: Mutex<NonceMemory>,
    pub(super) windows: Mutex<Windows>,
    pub(super) ledger: Mutex<Ledger>,
    pub(super) callbacks: CallbackBook,
}

/// What one entry of the sandbox says of a key id. There are several where a key is used with and without a token.
pub(super) struct Variant {
    pub(super) state: AccountState,
    pub(super) key: Key,
    token: Option<SecretString>,
}

impl Account {
    pub(super) fn new(key_id: &str, definitions: &[&Definition]) -> Self {
        let variants = definitions.iter().map(|definition| Variant {
            state: definition.state,
            key: Key::new(definition.access_key_secret.clone().unwrap_or_default()),
            token: definition.security_token.clone(),
        });
        Self {
            key_id: key_id.to_owned(),
            variants: variants.collect(),
            offset_ms: AtomicI64::new(0),
            requests: AtomicU64::new(0),
            nonces: Mutex::default(),
            windows: Mutex::default(),
            ledger: Mutex::default(),
            callbacks: CallbackBook::default(),
        }
    }

    /// Returns the entry a token asks for: the one that has it, else the one of the same kind.
    pub(super) fn variant(&self, token: Option<&str>) -> &Variant {
        let exact = self.variants.iter().find(|variant| variant.token_text() == token);
        let alike = self.variants.iter().find(|variant| variant.token.is_some() == token.is_some());
        exact.or(alike).unwrap_or(&self.variants[0])
    }

    /// Returns the account's time, given everybody's.
    pub(super) fn now(&self, global: Timestamp) -> Timestamp {
        Timestamp(global.0.saturating_add(self.offset_ms.load(Ordering::Relaxed)))
    }

    /// Moves the account's time on (back when negative).
    pub(super) fn advance(&self, seconds: i64) {
        self.offset_ms.fetch_add(seconds.saturating_mul(1_000), Ordering::Relaxed);
    }

    /// Returns the number of the request that is being judged, from 1.
    pub(super) fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Forgets all that has happened.
    pub(super) fn reset(&self) {
        self.offset_ms.store(0, Ordering::Relaxed);
        self.requests.store(0, Ordering::Relaxed);
        *hold(&self.nonces) = NonceMemory::default();
        *hold(&self.windows) = Windows::default();
        *hold(&self.ledger) = Ledger::default();
        self.callbacks.forget();
    }
}

impl Variant {
    /// Returns the token that belongs to the key, for temporary keys.
    pub(super) fn token_text(&self) -> Option<&str> {
        self.token.as_ref().map(|token| token.expose_secret())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(token: Option<&str>) -> Definition {
        let text = match token {
            Some(token) => format!("{{ role: a, access_key_id: k, access_key_secret: s, security_token: {token} }}"),
            None => "{ role: a, access_key_id: k, access_key_secret: s }".to_owned(),
        };
        serde_saphyr::from_str(&text).expect("account")
    }

    #[test]
    fn the_token_chooses_among_entries_of_a_key() {
        let (plain, temporary) = (definition(None), definition(Some("t")));
        let account = Account::new("k", &[&plain, &temporary]);
        assert_eq!(account.variant(None).token_text(), None);
        assert_eq!(account.variant(Some("t")).token_text(), Some("t"));
        assert_eq!(account.variant(Some("x")).token_text(), Some("t"));
        let only = Account::new("k", &[&temporary]);
        assert_eq!(only.variant(None).token_text(), Some("t"));
    }

    #[test]
    fn time_moves_for_the_account_alone_and_reset_takes_it_back() {
        let plain = definition(None);
        let account = Account::new("k", &[&plain]);
        account.advance(1_800);
        assert_eq!(account.now(Timestamp(0)), Timestamp(1_800_000));
        account.reset();
        assert_eq!(account.now(Timestamp(5)), Timestamp(5));
    }
}
