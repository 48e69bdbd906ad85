//! Puts what finished into the order of the plan, each case behind its twin's verdict.

use std::collections::HashMap;

use super::case::CaseOutcome;
use super::verdict::with_twin;
use crate::event::{CaseFinished, Event, Verdict};
use crate::plan::Plan;

/// Finished cases that wait for their turn.
pub(super) struct Order<'a> {
    plan: &'a Plan,
    positions: HashMap<&'a str, usize>,
    waiting: Vec<Option<CaseOutcome>>,
    /// Verdict of each finished case, and whether it may prove another.
    verdicts: Vec<Option<(Verdict, bool)>>,
    next: usize,
}

impl<'a> Order<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let positions = plan.cases.iter().enumerate().map(|(idx, planned)| (planned.case.id.as_str(), idx)).collect();
        let n_cases = plan.cases.len();
        Self { plan, positions, waiting: (0..n_cases).map(|_| None).collect(), verdicts: vec![None; n_cases], next: 0 }
    }

    /// Takes a finished case.
    pub(super) fn put(&mut self, idx: usize, outcome: CaseOutcome) {
        self.verdicts[idx] = Some((outcome.verdict, outcome.clean));
        self.waiting[idx] = Some(outcome);
    }

    /// Emits every case whose turn has come.
    pub(super) fn emit_ready(&mut self, emit: &mut impl FnMut(Event)) {
        while self.next < self.waiting.len() && self.is_ready(self.next) {
            self.emit(self.next, emit);
            self.next += 1;
        }
    }

    /// Emits whatever finished, over the gaps that a stopped run leaves. Says whether there were any.
    pub(super) fn emit_rest(&mut self, emit: &mut impl FnMut(Event)) -> bool {
        let mut has_gaps = false;
        for idx in self.next..self.waiting.len() {
            match self.is_ready(idx) {
                true => self.emit(idx, emit),
                false => has_gaps = true,
            }
        }
        self.next = self.waiting.len();
        has_gaps
    }

    fn twin(&self, idx: usize) -> Option<usize> {
        self.positions.get(self.plan.cases[idx].case.twin.as_deref()?).copied()
    }

    fn is_ready(&self, idx: usize) -> bool {
        self.waiting[idx].is_some() && self.twin(idx).is_none_or(|twin| self.verdicts[twin].is_some())
    }

    fn emit(&mut self, idx: usize, emit: &mut impl FnMut(Event)) {
        let twin = self.twin(idx).and_then(|twin| self.verdicts[twin]);
        let Some(outcome) = self.waiting[idx].take() else { return };
        let case = &self.plan.cases[idx].case;
        let (mut verdict, mut reason) = (outcome.verdict, outcome.reason);
        if let Some(name) = &case.twin {
            let twin = twin
                .map(|(verdict, clean)| if clean || verdict != Verdict::Passed { verdict } else { Verdict::Failed });
            let (judged, why) = with_twin(verdict, name, twin);
            verdict = judged;
            reason = why.or(reason);
        }
        outcome.exchanges.into_iter().for_each(|exchange| emit(Event::Exchange(exchange)));
        emit(Event::CaseFinished(CaseFinished {
            case: case.id.clone(),
            verdict,
            reason,
            checks: outcome.checks,
            elapsed_micros: outcome.elapsed_micros,
        }));
    }
}
