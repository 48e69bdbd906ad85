//! Accounts out of pools: each case its own, as far as the pools reach.

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexMap;

use crate::target::model::Target;

/// Hands out account numbers in plan order.
pub(super) struct Accounts<'a> {
    target: &'a Target,
    taken: HashMap<String, u32>,
}

/// The accounts of one case.
pub(super) struct Allotted {
    pub(super) numbers: IndexMap<String, u32>,
    /// True when another case may be on one of these accounts too.
    pub(super) shared: bool,
}

impl<'a> Accounts<'a> {
    pub(super) fn new(target: &'a Target) -> Self {
        Self { target, taken: HashMap::new() }
    }

    /// Allots one account of each role. Once a pool is used up its accounts are handed out again, in turn.
    pub(super) fn allot(&mut self, roles: &BTreeSet<String>, n_cases: usize) -> Allotted {
        let mut allotted = Allotted { numbers: IndexMap::new(), shared: false };
        for role in roles {
            let pool = self.target.sandbox.account(role).map_or(1, |account| account.pool.max(1));
            let taken = self.taken.entry(role.clone()).or_default();
            allotted.numbers.insert(role.clone(), *taken % pool);
            allotted.shared |= (pool as usize) < n_cases;
            *taken += 1;
        }
        allotted
    }
}
