//! A process's shares of the limits that several processes hold together, and until when each may be used.
//!
//! Whoever hands out shares writes them here, and the gate reads them: a share that was not renewed in time is none.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The shares of all limits of a run.
#[derive(Debug)]
pub(super) struct Shares {
    begun: Instant,
    lanes: Vec<Share>,
}

#[derive(Debug, Default)]
struct Share {
    /// Calls in any one second.
    per_second: AtomicU32,
    /// Nanoseconds from `begun`.
    until: AtomicU64,
    /// Calls that were let through, and those that were not, since the last look.
    passed: AtomicU64,
    refused: AtomicU64,
}

impl Shares {
    pub(super) fn new(n_limits: usize) -> Self {
        Self { begun: Instant::now(), lanes: (0..n_limits).map(|_| Share::default()).collect() }
    }

    /// Returns what may be sent now, in calls in any one second.
    pub(super) fn now(&self, lane: usize) -> usize {
        let share = &self.lanes[lane];
        match nanos(self.begun.elapsed()) < share.until.load(Ordering::Acquire) {
            true => share.per_second.load(Ordering::Relaxed) as usize,
            false => 0,
        }
    }

    /// Sets a share, to be used until a moment.
    pub(super) fn set(&self, lane: usize, per_second: u32, until: Instant) {
        let share = &self.lanes[lane];
        // A share that shrinks does so before it lasts longer.
        share.per_second.store(per_second, Ordering::Relaxed);
        share.until.store(nanos(until.saturating_duration_since(self.begun)), Ordering::Release);
    }

    pub(super) fn count(&self, lane: usize, has_passed: bool) {
        let share = &self.lanes[lane];
        let counter = if has_passed { &share.passed } else { &share.refused };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how many calls passed and how often one had to wait since the last time this was asked.
    pub(super) fn take_counts(&self, lane: usize) -> (u64, u64) {
        let share = &self.lanes[lane];
        (share.passed.swap(0, Ordering::Relaxed), share.refused.swap(0, Ordering::Relaxed))
    }
}

fn nanos(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_is_not_renewed_is_none() {
        let shares = Shares::new(2);
        assert_eq!(shares.now(0), 0);
        shares.set(0, 7, Instant::now() + Duration::from_secs(60));
        shares.set(1, 5, Instant::now());
        assert_eq!((shares.now(0), shares.now(1)), (7, 0));
        shares.count(0, true);
        shares.count(0, false);
        shares.count(0, false);
        assert_eq!(shares.take_counts(0), (1, 2));
        assert_eq!(shares.take_counts(0), (0, 0));
    }
}
