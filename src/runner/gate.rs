//! Budgets held while running: calls in any second by API, and billable calls in all.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use crate::target::model::Budgets;

/// Lets calls through as budgets allow, all workers together.
#[derive(Debug)]
pub(super) struct Gate {
    lanes: HashMap<String, (u32, tokio::sync::Mutex<VecDeque<Instant>>)>,
    billable_limit: Option<u64>,
    billable: AtomicU64,
    calls: Mutex<IndexMap<String, u64>>,
}

/// A call would exceed the budget of billable calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OverBudget;

impl Gate {
    pub(super) fn new(budgets: &Budgets) -> Self {
        let lane = |(api, qps): (&String, &u32)| (api.clone(), (*qps, tokio::sync::Mutex::default()));
        Self {
            lanes: budgets.qps.iter().map(lane).collect(),
            billable_limit: budgets.billable_calls,
            billable: AtomicU64::new(0),
            calls: Mutex::default(),
        }
    }

    /// Waits until a call fits into the budget of its API and counts it.
    pub(super) async fn pass(&self, api: &str, billable: bool) -> Result<(), OverBudget> {
        if billable {
            self.take_billable()?;
        }
        if let Some((qps, times)) = self.lanes.get(api) {
            // Whoever waits holds the lane, so that others queue behind and nobody overtakes.
            let mut times = times.lock().await;
            wait_for_room(&mut times, (*qps).max(1) as usize).await;
        }
        let mut calls = self.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match calls.get_mut(api) {
            Some(count) => *count += 1,
            None => drop(calls.insert(api.to_owned(), 1)),
        }
        Ok(())
    }

    fn take_billable(&self) -> Result<(), OverBudget> {
        let limit = self.billable_limit.unwrap_or(u64::MAX);
        let taken = self.billable.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < limit).then_some(n + 1));
        taken.map(drop).map_err(|_| OverBudget)
    }

    /// Returns calls made by API, in alphabetical order, and billable calls.
    pub(super) fn totals(&self) -> (IndexMap<String, u64>, u64) {
        let mut calls = self.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        calls.sort_keys();
        (calls, self.billable.load(Ordering::Relaxed))
    }
}

/// A window is a little longer than a second, since what leaves here evenly may arrive closer together.
const WINDOW: Duration = Duration::from_millis(1_050);

async fn wait_for_room(times: &mut VecDeque<Instant>, qps: usize) {
    loop {
        let now = Instant::now();
        while times.front().is_some_and(|first| now.duration_since(*first) >= WINDOW) {
            times.pop_front();
        }
        match times.front() {
            Some(first) if times.len() >= qps => {
                tokio::time::sleep(WINDOW.saturating_sub(now.duration_since(*first))).await
            }
            _ => break,
        }
    }
    times.push_back(Instant::now());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budgets(qps: &str) -> Budgets {
        serde_saphyr::from_str(&format!("qps: {{ x: {qps} }}\nbillable_calls: 3\nconcurrency: 1\ntimeout_ms: 1\n"))
            .expect("budgets")
    }

    #[tokio::test]
    async fn no_second_holds_more_calls_than_the_budget() {
        let gate = Gate::new(&budgets("4"));
        let mut times = Vec::new();
        for _ in 0..6 {
            gate.pass("x", false).await.expect("free calls");
            times.push(Instant::now());
        }
        for (idx, begin) in times.iter().enumerate() {
            let within =
                times[idx..].iter().filter(|time| time.duration_since(*begin) < Duration::from_secs(1)).count();
            assert!(within <= 4, "{within} calls in a second");
        }
    }

    #[tokio::test]
    async fn billable_calls_end_at_the_budget() {
        let gate = Gate::new(&budgets("100"));
        let mut results = Vec::new();
        for _ in 0..4 {
            results.push(gate.pass("y", true).await.is_ok());
        }
        assert_eq!(results, [true, true, true, false]);
        assert_eq!(gate.totals(), (IndexMap::from([("y".to_owned(), 3)]), 3));
    }
}
