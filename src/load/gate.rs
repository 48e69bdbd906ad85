//! The limits of calls a second, held for all workers together: in no window more than the limit, whatever came before.
//!
//! A call takes its place before it is written and counts from when it was out: a worker that loses the processor in between
//! holds back whoever would come a window later.

use std::sync::{Arc, Mutex, PoisonError};

use super::shares::Shares;
use crate::load_profile::{Limit, WINDOW};

/// All limits of a run.
#[derive(Debug)]
pub(super) struct Gate {
    lanes: Vec<Mutex<Lane>>,
    /// Of limits that other processes hold too; absent: all of every limit is this one's.
    shares: Option<Arc<Shares>>,
}

/// One limit: when its last calls were sent.
#[derive(Debug)]
struct Lane {
    /// Nanoseconds, in the order in which places were taken, the first at `next`. With [`PENDING`]: when the place was taken.
    sent: Vec<u64>,
    next: usize,
}

impl Gate {
    pub(super) fn new(limits: &[Limit], shares: Option<Arc<Shares>>) -> Self {
        let lanes = limits.iter().map(|limit| Mutex::new(Lane::new(limit.per_second.max(1) as usize)));
        Self { lanes: lanes.collect(), shares }
    }

    /// Takes a place in every lane of a call, at a time in nanoseconds; [`Gate::sent`] has to follow. Otherwise returns when to
    /// ask again, and has taken none.
    pub(super) fn pass(&self, lanes: &[usize], now: u64) -> Result<(), u64> {
        let passed = match lanes {
            [] => Ok(()),
            [one] => self.lane(*one).take(now, self.share(*one)),
            many => {
                // Always in the same order, so that two workers never wait for each other.
                let mut held: Vec<_> = many.iter().map(|lane| (self.lane(*lane), self.share(*lane))).collect();
                match held.iter().filter_map(|(lane, share)| lane.full_until(now, *share)).max() {
                    Some(later) => Err(later),
                    None => {
                        held.iter_mut().for_each(|(lane, _)| lane.put(now));
                        Ok(())
                    }
                }
            }
        };
        if let Some(shares) = &self.shares {
            lanes.iter().for_each(|lane| shares.count(*lane, passed.is_ok()));
        }
        passed
    }

    /// Notes when a call was out that took its places at `passed`.
    pub(super) fn sent(&self, lanes: &[usize], passed: u64, now: u64) {
        lanes.iter().for_each(|lane| self.lane(*lane).note(passed, now));
    }

    /// Returns how many calls a second of each limit are this process's now; nothing where all of them are.
    pub(super) fn shares(&self) -> Vec<u32> {
        let Some(shares) = &self.shares else { return Vec::new() };
        (0..self.lanes.len()).map(|lane| u32::try_from(shares.now(lane)).unwrap_or(u32::MAX)).collect()
    }

    /// Returns how many calls a second are this process's.
    fn share(&self, lane: usize) -> usize {
        self.shares.as_ref().map_or(usize::MAX, |shares| shares.now(lane))
    }

    fn lane(&self, idx: usize) -> std::sync::MutexGuard<'_, Lane> {
        self.lanes[idx].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A time before which nothing was sent.
const NEVER: u64 = u64::MAX;

/// Marks a place whose call is not out yet. Times of a run are below it.
const PENDING: u64 = 1 << 63;

/// Nanoseconds until a place whose call is not out yet is looked at again.
const LOOK_AGAIN: u64 = 100_000;

/// Nanoseconds until a share that is none is looked at again.
const LOOK_FOR_SHARE: u64 = 5_000_000;

impl Lane {
    fn new(limit: usize) -> Self {
        Self { sent: vec![NEVER; limit], next: 0 }
    }

    /// Returns when to look again, if there is no room among the last `share` calls.
    fn full_until(&self, now: u64, share: usize) -> Option<u64> {
        let n = self.sent.len();
        match self.sent[(self.next + n - share.min(n)) % n] {
            _ if share == 0 => Some(now + LOOK_FOR_SHARE),
            NEVER => None,
            pending if pending >= PENDING => Some(now + LOOK_AGAIN),
            oldest => Some(oldest + WINDOW).filter(|later| *later > now),
        }
    }

    fn put(&mut self, now: u64) {
        self.sent[self.next] = now | PENDING;
        self.next = (self.next + 1) % self.sent.len();
    }

    fn note(&mut self, passed: u64, now: u64) {
        let (newer, older) = self.sent.split_at_mut(self.next);
        let mut newest_first = newer.iter_mut().rev().chain(older.iter_mut().rev());
        if let Some(place) = newest_first.find(|place| **place == passed | PENDING) {
            *place = now;
        }
    }

    fn take(&mut self, now: u64, share: usize) -> Result<(), u64> {
        match self.full_until(now, share) {
            Some(later) => Err(later),
            None => {
                self.put(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::load_profile::LimitOrigin;

    fn limit(per_second: u32) -> Limit {
        let api = "cloudauth".to_owned();
        Limit { api, operation: None, product: None, per_second, origin: LimitOrigin::Budget }
    }

    proptest! {
        /// A call is out somewhere between its place and the moment that is noted.
        #[test]
        fn no_window_holds_more_than_the_limit(
            per_second in 1_u32..20,
            steps in proptest::collection::vec((0_u64..200_000_000, 0_u64..400_000_000, 0_u64..=100), 1..300),
        ) {
            let gate = Gate::new(&[limit(per_second)], None);
            let mut now = 0;
            let mut noted: Vec<u64> = Vec::new();
            let mut out: Vec<u64> = Vec::new();
            for (gap, writing, share) in steps {
                now += gap;
                match gate.pass(&[0], now) {
                    Ok(()) => {
                        out.push(now + writing * share / 100);
                        gate.sent(&[0], now, now + writing);
                        now += writing;
                        noted.push(now);
                    }
                    Err(later) => {
                        prop_assert!(later > now);
                        // Refused only when the window really is full.
                        let within = noted.iter().filter(|sent| *sent + WINDOW > now).count();
                        prop_assert_eq!(within, per_second as usize);
                    }
                }
            }
            for sent in &out {
                let within = out.iter().filter(|other| (*sent..*sent + WINDOW).contains(other)).count();
                prop_assert!(within <= per_second as usize);
            }
        }
    }

    #[test]
    fn a_call_that_is_not_out_holds_its_place() {
        let gate = Gate::new(&[limit(2)], None);
        assert_eq!(gate.pass(&[0], 0), Ok(()));
        assert_eq!(gate.pass(&[0], 5), Ok(()));
        gate.sent(&[0], 5, 6);
        assert_eq!(gate.pass(&[0], 2 * WINDOW), Err(2 * WINDOW + LOOK_AGAIN));
        gate.sent(&[0], 0, 3 * WINDOW);
        assert_eq!(gate.pass(&[0], 3 * WINDOW + 1), Err(4 * WINDOW));
        assert_eq!(gate.pass(&[0], 4 * WINDOW), Ok(()));
        // The place behind it is free since long: its call was out at 6.
        assert_eq!(gate.pass(&[0], 4 * WINDOW), Ok(()));
    }

    #[test]
    fn a_share_is_held_like_a_limit_and_may_change() {
        let shares = Arc::new(Shares::new(1));
        let gate = Gate::new(&[limit(10)], Some(Arc::clone(&shares)));
        let pass = |now: u64| gate.pass(&[0], now).map(|()| gate.sent(&[0], now, now));
        let long = || std::time::Instant::now() + std::time::Duration::from_secs(60);
        assert_eq!(pass(0), Err(LOOK_FOR_SHARE));
        shares.set(0, 2, long());
        assert_eq!([pass(1), pass(2), pass(3)], [Ok(()), Ok(()), Err(WINDOW + 1)]);
        shares.set(0, 3, long());
        assert_eq!([pass(4), pass(5)], [Ok(()), Err(WINDOW + 1)]);
        // Smaller again: the place that frees itself first is not this process's any more.
        shares.set(0, 1, long());
        assert_eq!([pass(WINDOW + 2), pass(WINDOW + 4)], [Err(WINDOW + 4), Ok(())]);
        assert_eq!(shares.take_counts(0), (4, 4));
    }

    #[test]
    fn a_call_takes_of_all_its_lanes_or_of_none() {
        let gate = Gate::new(&[limit(1), limit(2)], None);
        assert_eq!(gate.pass(&[0, 1], 0), Ok(()));
        gate.sent(&[0, 1], 0, 0);
        assert_eq!(gate.pass(&[0, 1], 10), Err(WINDOW));
        // The refused call took nothing of the second lane.
        assert_eq!(gate.pass(&[1], 20), Ok(()));
        assert_eq!(gate.pass(&[1], 30), Err(WINDOW));
        assert_eq!(gate.pass(&[], 30), Ok(()));
    }

    #[test]
    fn workers_share_a_limit() {
        let gate = Gate::new(&[limit(100)], None);
        let passed: usize = std::thread::scope(|scope| {
            let workers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| (0..100).filter(|n| gate.pass(&[0], *n).is_ok()).count())).collect();
            workers.into_iter().map(|worker| worker.join().expect("a worker")).sum()
        });
        assert_eq!(passed, 100);
    }
}
