//! Which fault hits a call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::control::{Fault, FaultKind};

/// The faults in force. Without any, a call costs one atomic read.
#[derive(Debug, Default)]
pub(super) struct Faults {
    any: AtomicBool,
    list: Mutex<Vec<Fault>>,
}

impl Faults {
    /// Replaces the faults in force.
    pub(super) fn replace(&self, faults: Vec<Fault>) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        self.any.store(!faults.is_empty(), Ordering::Release);
        *list = faults;
    }

    /// Adds what becomes of the next calls of an account, one after another; behind them answers are ordinary again.
    pub(super) fn script(&self, access_key_id: &str, kinds: Vec<FaultKind>) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Some(access_key_id.to_owned());
        list.extend(kinds.into_iter().map(|kind| Fault {
            access_key_id: key.clone(),
            action: None,
            times: Some(1),
            kind,
        }));
        self.any.store(!list.is_empty(), Ordering::Release);
    }

    /// Forgets the faults of an account.
    pub(super) fn forget(&self, access_key_id: &str) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|fault| fault.access_key_id.as_deref() != Some(access_key_id));
        self.any.store(!list.is_empty(), Ordering::Release);
    }

    /// Returns what hits a call of an account and action: the first fault that fits, and counts it.
    pub(super) fn take(&self, access_key_id: Option<&str>, action: Option<&str>) -> Option<FaultKind> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |wanted: &Option<String>, actual: Option<&str>| wanted.is_none() || wanted.as_deref() == actual;
        let position = list.iter().position(|fault| {
            fault.times != Some(0) && fits(&fault.access_key_id, access_key_id) && fits(&fault.action, action)
        })?;
        let fault = &mut list[position];
        let kind = fault.kind.clone();
        if let Some(times) = &mut fault.times {
            *times -= 1;
            if *times == 0 {
                list.remove(position);
            }
        }
        self.any.store(!list.is_empty(), Ordering::Release);
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_hits_whom_it_is_for_as_often_as_it_says() {
        let faults = Faults::default();
        let fault =
            |key: Option<&str>, times, kind| Fault { access_key_id: key.map(str::to_owned), action: None, times, kind };
        faults.replace(vec![fault(Some("a"), Some(2), FaultKind::Reset), fault(Some("b"), None, FaultKind::Stall)]);
        assert_eq!(faults.take(Some("c"), None), None);
        assert_eq!(faults.take(Some("a"), None), Some(FaultKind::Reset));
        assert_eq!(faults.take(Some("a"), None), Some(FaultKind::Reset));
        assert_eq!(faults.take(Some("a"), None), None);
        for _ in 0..3 {
            assert_eq!(faults.take(Some("b"), Some("X")), Some(FaultKind::Stall));
        }
        faults.replace(Vec::new());
        assert_eq!(faults.take(Some("b"), None), None);
    }
}
