//! The documented limit of calls a second, exact in every sliding second.

use std::collections::{HashMap, VecDeque};

use crate::clock::Timestamp;

/// Instants of the calls let through, by product and operation, of one account (RAM users share it).
#[derive(Debug, Default)]
pub(super) struct Windows {
    by_name: HashMap<String, VecDeque<i64>>,
}

impl Windows {
    /// Lets a call through, or says in how many milliseconds the next one may come.
    ///
    /// No second, wherever it begins, ever holds more than `limit` calls: a call passes when the one `limit` calls
    /// before it lies a full second back. A token bucket with burst b would let limit + b − 1 through.
    pub(super) fn admit(&mut self, name: &str, limit: u32, now: Timestamp) -> Result<(), u64> {
        if !self.by_name.contains_key(name) {
            self.by_name.insert(name.to_owned(), VecDeque::with_capacity(limit as usize));
        }
        let Some(window) = self.by_name.get_mut(name) else { return Ok(()) };
        // Calls that come at once read the clock before they queue here, so one may be a little behind the last. A clock
        // that was moved back makes the memory meaningless.
        let mut now = now;
        if let Some(last) = window.back().copied().filter(|last| *last > now.0) {
            if last - now.0 > 1_000 {
                window.clear();
            } else {
                now.0 = last;
            }
        }
        if window.len() >= limit.max(1) as usize {
            let oldest = window.front().copied().unwrap_or(now.0);
            if now.0 - oldest < 1_000 {
                return Err((oldest + 1_000 - now.0).unsigned_abs().max(1));
            }
            window.pop_front();
        }
        window.push_back(now.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sliding_second_holds_more_than_the_limit() {
        let mut windows = Windows::default();
        let mut passed = Vec::new();
        for at in (0..5_000).step_by(7) {
            if windows.admit("Init/ID_PRO", 50, Timestamp(at)).is_ok() {
                passed.push(at);
            }
        }
        assert!(passed.len() >= 245, "{} passed", passed.len());
        for start in &passed {
            let within = passed.iter().filter(|at| (*start..*start + 1_000).contains(at)).count();
            assert!(within <= 50, "{within} in the second from {start}");
        }
    }

    #[test]
    fn a_refusal_says_when_the_next_call_may_come() {
        let mut windows = Windows::default();
        assert_eq!(windows.admit("a", 1, Timestamp(0)), Ok(()));
        assert_eq!(windows.admit("a", 1, Timestamp(400)), Err(600));
        assert_eq!(windows.admit("b", 1, Timestamp(400)), Ok(()));
        assert_eq!(windows.admit("a", 1, Timestamp(1_000)), Ok(()));
    }
}
