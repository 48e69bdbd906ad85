//! What one account has going on: transactions, tasks of the older flow, refused identities, billing.

use std::collections::{HashMap, HashSet, VecDeque};

use super::transaction::{Identity, Transaction};

/// Transactions kept for an account; the oldest go first, so that a load test runs in bounded memory.
const KEPT: usize = 100_000;

/// State of one account that its requests change.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    transactions: HashMap<String, Transaction>,
    order: VecDeque<String>,
    /// Older flow: BizType and BizId to the tokens of the task, newest last.
    tasks: HashMap<(String, String), Vec<String>>,
    /// Identities that got sub-code 201, 202 or 203: the next init answers 417 (source: cloudauth-2019-03-07.md §10).
    pub(super) refused: HashSet<Identity>,
    /// Order numbers of init, kept only where a variant refuses a second use.
    pub(super) order_numbers: HashSet<String>,
    pub(super) billed: u64,
    begun: u64,
}

impl Ledger {
    /// Returns the number of the next transaction, from 1.
    pub(super) fn next_number(&mut self) -> u64 {
        self.begun += 1;
        self.begun
    }

    /// Adds a transaction under its id.
    pub(super) fn begin(&mut self, id: String, transaction: Transaction) {
        if self.order.len() == KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.transactions.remove(&oldest);
        }
        self.order.push_back(id.clone());
        self.transactions.insert(id, transaction);
    }

    /// Adds a token to a task of the older flow.
    pub(super) fn add_to_task(&mut self, biz_type: &str, biz_id: &str, token: &str) {
        if self.tasks.len() >= KEPT {
            let alive = &self.transactions;
            self.tasks.retain(|_, tokens| tokens.iter().any(|token| alive.contains_key(token)));
        }
        self.tasks.entry((biz_type.to_owned(), biz_id.to_owned())).or_default().push(token.to_owned());
    }

    /// Returns the transactions of a task, oldest first.
    pub(super) fn task(&self, biz_type: &str, biz_id: &str) -> Vec<&Transaction> {
        let tokens = self.tasks.get(&(biz_type.to_owned(), biz_id.to_owned()));
        tokens.into_iter().flatten().filter_map(|token| self.transactions.get(token)).collect()
    }

    pub(super) fn find(&self, id: &str) -> Option<&Transaction> {
        self.transactions.get(id)
    }

    pub(super) fn find_mut(&mut self, id: &str) -> Option<&mut Transaction> {
        self.transactions.get_mut(id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::transaction::Family;
    use super::*;
    use crate::clock::Timestamp;

    fn transaction() -> Transaction {
        Transaction {
            family: Family::VerifyToken,
            created: Timestamp(0),
            kept: Vec::new(),
            identity: None,
            risk_tags: Vec::new(),
            ended: None,
            abandoned: false,
        }
    }

    #[test]
    fn the_oldest_transactions_go_first() {
        let mut ledger = Ledger::default();
        for number in 0..KEPT + 10 {
            ledger.begin(number.to_string(), transaction());
        }
        assert!(ledger.find("9").is_none());
        assert!(ledger.find("10").is_some());
        assert_eq!(ledger.transactions.len(), KEPT);
    }

    #[test]
    fn a_task_gathers_its_tokens() {
        let mut ledger = Ledger::default();
        for token in ["a", "b"] {
            ledger.begin(token.to_owned(), transaction());
            ledger.add_to_task("type", "id", token);
        }
        assert_eq!(ledger.task("type", "id").len(), 2);
        assert!(ledger.task("type", "other").is_empty());
    }
}
