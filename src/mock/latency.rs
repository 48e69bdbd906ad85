//! How long the mock takes on purpose, so that it can be a target of load whose figures are known beforehand.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::chance;

/// How long an answer takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Latency {
    /// Always so long.
    Constant(Duration),
    /// Log-normally distributed: the median, and the standard deviation of the logarithm.
    LogNormal { median: Duration, sigma: f64 },
    /// So long, but that in every `every` nobody is answered for `lasting`, at its beginning.
    Stalls { service: Duration, every: Duration, lasting: Duration },
    /// From one value to another, in a straight line, over the first while.
    SlowStart { from: Duration, to: Duration, over: Duration },
}

/// The latencies of a mock, by action.
#[derive(Debug)]
pub(super) struct Latencies {
    by_action: HashMap<String, Latency>,
    of_others: Option<Latency>,
    begun: Instant,
    count: AtomicU64,
}

impl Latencies {
    /// `list`: actions with their latencies; an empty action means all others.
    pub(super) fn new(list: &[(String, Latency)]) -> Self {
        let named = list.iter().filter(|(action, _)| !action.is_empty());
        Self {
            by_action: named.cloned().collect(),
            of_others: list.iter().find(|(action, _)| action.is_empty()).map(|(_, latency)| *latency),
            begun: Instant::now(),
            count: AtomicU64::new(0),
        }
    }

    /// Waits as long as an answer to an action takes that came at a moment.
    pub(super) async fn wait(&self, action: Option<&str>, arrived: Instant) {
        if let Some(length) = self.length(action, arrived) {
            tokio::time::sleep_until(arrived + length).await;
        }
    }

    fn length(&self, action: Option<&str>, arrived: Instant) -> Option<Duration> {
        let latency = action.and_then(|action| self.by_action.get(action)).or(self.of_others.as_ref())?;
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        Some(latency.length(arrived.duration_since(self.begun), number))
    }
}

impl Latency {
    /// Returns how long the answer to the `number`th call takes that comes so long after the start.
    fn length(self, since_start: Duration, number: u64) -> Duration {
        match self {
            Self::Constant(length) => length,
            Self::LogNormal { median, sigma } => median.mul_f64((sigma * chance::normal(0, number)).exp()),
            Self::Stalls { service, every, lasting } => {
                let nanos = since_start.as_nanos() % every.as_nanos().max(1);
                let since = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
                service + lasting.saturating_sub(since)
            }
            Self::SlowStart { from, to, over } => {
                let share = (since_start.as_secs_f64() / over.as_secs_f64().max(1e-9)).min(1.0);
                Duration::from_secs_f64(from.as_secs_f64() * (1.0 - share) + to.as_secs_f64() * share)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn stalls_answer_nobody_until_they_are_over() {
        let stalls = Latency::Stalls { service: MS, every: 10_000 * MS, lasting: 1_000 * MS };
        for (at, length) in [(0, 1_001), (400, 601), (999, 2), (1_000, 1), (9_999, 1), (10_250, 751)] {
            assert_eq!(stalls.length(at * MS, 0), length * MS, "{at}");
        }
    }

    #[test]
    fn a_lognormal_service_has_its_median_and_spread() {
        let latency = Latency::LogNormal { median: 10 * MS, sigma: 0.5 };
        let mut lengths: Vec<f64> = (0..20_000).map(|n| latency.length(MS, n).as_secs_f64() * 1e3).collect();
        lengths.sort_by(f64::total_cmp);
        let (median, p84) = (lengths[10_000], lengths[16_827]);
        assert!((median - 10.0).abs() < 0.2, "{median}");
        // One standard deviation above the median.
        assert!((p84 - 10.0 * 0.5_f64.exp()).abs() < 0.4, "{p84}");
    }

    #[test]
    fn a_slow_start_gets_faster() {
        let slow = Latency::SlowStart { from: 100 * MS, to: 20 * MS, over: 1_000 * MS };
        assert_eq!([0, 500, 1_000, 5_000].map(|at| slow.length(at * MS, 0).as_millis()), [100, 60, 20, 20]);
    }

    #[test]
    fn each_action_has_its_own() {
        let of = |list: &[(&str, u32)]| {
            let list: Vec<_> =
                list.iter().map(|(action, ms)| ((*action).to_owned(), Latency::Constant(*ms * MS))).collect();
            let latencies = Latencies::new(&list);
            [Some("A"), Some("B"), None].map(|action| latencies.length(action, Instant::now()))
        };
        assert_eq!(of(&[("A", 50), ("", 5)]), [Some(50 * MS), Some(5 * MS), Some(5 * MS)]);
        assert_eq!(of(&[("A", 50)]), [Some(50 * MS), None, None]);
    }
}
