//! The last requests, in rings: bounded, and without a lock that all requests share.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::control::JournalEntry;

const SHARDS: usize = 16;

/// Entries kept in each ring.
const KEPT: usize = 512;

/// Rings of journal entries; an entry goes into the ring its number chooses.
#[derive(Debug, Default)]
pub(super) struct Journal {
    next: AtomicU64,
    rings: [Mutex<VecDeque<JournalEntry>>; SHARDS],
}

impl Journal {
    /// Adds an entry, whose number it sets.
    pub(super) fn add(&self, mut entry: JournalEntry) {
        let number = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        entry.number = number;
        let ring = &self.rings[(number % SHARDS as u64) as usize];
        let mut ring = ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() == KEPT {
            ring.pop_front();
        }
        ring.push_back(entry);
    }

    /// Returns the entries kept, oldest first.
    pub(super) fn entries(&self) -> Vec<JournalEntry> {
        let mut entries = Vec::new();
        for ring in &self.rings {
            entries.extend(ring.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
        }
        entries.sort_by_key(|entry| entry.number);
        entries
    }

    /// Forgets the entries of one account, or all.
    pub(super) fn forget(&self, access_key_id: Option<&str>) {
        for ring in &self.rings {
            let mut ring = ring.lock().unwrap_or_else(PoisonError::into_inner);
            ring.retain(|entry| access_key_id.is_some_and(|key| entry.access_key_id.as_deref() != Some(key)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str) -> JournalEntry {
        JournalEntry {
            number: 0,
            at_ms: 0,
            access_key_id: Some(key.to_owned()),
            action: None,
            http_status: 200,
            code: None,
            scheme: None,
        }
    }

    #[test]
    fn the_journal_keeps_the_last_entries_in_order() {
        let journal = Journal::default();
        for _ in 0..SHARDS * KEPT + 100 {
            journal.add(entry("a"));
        }
        let numbers: Vec<u64> = journal.entries().iter().map(|entry| entry.number).collect();
        assert_eq!(numbers.len(), SHARDS * KEPT);
        assert_eq!(numbers.first(), Some(&101));
        assert!(numbers.is_sorted());
    }

    #[test]
    fn one_account_can_be_forgotten() {
        let journal = Journal::default();
        journal.add(entry("a"));
        journal.add(entry("b"));
        journal.forget(Some("a"));
        assert_eq!(journal.entries().len(), 1);
        journal.forget(None);
        assert!(journal.entries().is_empty());
    }
}
