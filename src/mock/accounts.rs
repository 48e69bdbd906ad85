//! All accounts that have been seen, found by key id without a lock that everybody shares.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

use super::account::Account;
use crate::target::model::AccountState;
use crate::target::sandbox::SandboxIndex;

const SHARDS: usize = 64;

type Shard = RwLock<HashMap<String, Arc<Account>>>;

/// Accounts by key id, in shards. A pool of 4,096 keys costs nothing until its keys are used.
pub(super) struct Accounts {
    shards: Vec<Shard>,
    hash: RandomState,
}

impl Accounts {
    pub(super) fn new() -> Self {
        let shards = std::iter::repeat_with(Shard::default).take(SHARDS).collect();
        Self { shards, hash: RandomState::new() }
    }

    /// Returns the account of a key that the sandbox knows, made at its first use.
    pub(super) fn find(&self, sandbox: &SandboxIndex, key_id: &str) -> Option<Arc<Account>> {
        let shard = &self.shards[(self.hash.hash_one(key_id) % SHARDS as u64) as usize];
        if let Some(account) = shard.read().unwrap_or_else(PoisonError::into_inner).get(key_id) {
            return Some(account.clone());
        }
        let mut definitions = sandbox.accounts(key_id);
        definitions.retain(|definition| definition.state != AccountState::Unknown);
        if definitions.is_empty() {
            return None;
        }
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        let account = shard.entry(key_id.to_owned()).or_insert_with(|| Arc::new(Account::new(key_id, &definitions)));
        Some(account.clone())
    }

    /// Returns every account seen so far.
    pub(super) fn seen(&self) -> Vec<Arc<Account>> {
        let held = |shard: &Shard| shard.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        self.shards.iter().flat_map(|shard| -> Vec<Arc<Account>> { held(shard) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_keys_become_accounts() {
        let text = "accounts:\n  - { role: a, access_key_id: 'k-{n}', access_key_secret: s, pool: 2 }\n  \
                    - { role: u, access_key_id: gone, access_key_secret: s, state: unknown }";
        let sandbox = SandboxIndex::new(serde_saphyr::from_str(text).expect("sandbox"));
        let accounts = Accounts::new();
        assert!(accounts.find(&sandbox, "gone").is_none());
        assert!(accounts.find(&sandbox, "k-2").is_none());
        let first = accounts.find(&sandbox, "k-1").expect("known");
        let again = accounts.find(&sandbox, "k-1").expect("known");
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!(accounts.seen().len(), 1);
    }
}
