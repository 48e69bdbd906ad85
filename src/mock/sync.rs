//! Locks whose poisoning does not matter: every critical section here leaves its data whole.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after another holder panicked.
pub(super) fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
