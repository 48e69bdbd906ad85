//! A run as the formats see it: the summary, and the exchanges by case.

use std::collections::{HashMap, HashSet};

use crate::coverage::{CaseResult, RequirementResult, Summary, SummaryBuilder};
use crate::event::{Event, ExchangeRecorded, Verdict};

/// Everything a report is made of.
#[derive(Debug, Clone)]
pub struct Document {
    pub summary: Summary,
    exchanges: HashMap<String, Vec<ExchangeRecorded>>,
    by_id: HashMap<String, usize>,
}

impl Document {
    /// Builds the document of a stream.
    pub fn new<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut builder = DocumentBuilder::default();
        events.into_iter().for_each(|event| builder.hear(event));
        builder.finish()
    }

    /// Returns a requirement by id.
    pub fn requirement(&self, id: &str) -> Option<&RequirementResult> {
        self.by_id.get(id).map(|idx| &self.summary.requirements[*idx])
    }

    /// Returns the exchanges of a case that did not simply pass, in order.
    pub fn exchanges(&self, case: &str) -> &[ExchangeRecorded] {
        self.exchanges.get(case).map_or(&[], Vec::as_slice)
    }
}

/// Hears events one by one and keeps of them what reports show.
#[derive(Debug, Default)]
pub struct DocumentBuilder {
    summary: SummaryBuilder,
    exchanges: HashMap<String, Vec<ExchangeRecorded>>,
}

impl DocumentBuilder {
    /// Takes note of an event.
    pub fn hear(&mut self, event: &Event) {
        self.summary.hear(event);
        match event {
            Event::Exchange(exchange) => {
                self.exchanges.entry(exchange.case.clone()).or_default().push(exchange.clone());
            }
            // A run has thousands of exchanges, and what simply passed is never shown.
            Event::CaseFinished(case) if matches!(case.verdict, Verdict::Passed | Verdict::NotExercised) => {
                self.exchanges.remove(&case.case);
            }
            _ => {}
        }
    }

    /// Returns the document.
    pub fn finish(self) -> Document {
        let (summary, mut exchanges) = (self.summary.finish(), self.exchanges);
        // Only cases with something to show keep their exchanges.
        let shown: HashSet<&str> =
            summary.case_results.iter().filter(|case| has_story(case)).map(|case| case.case.as_str()).collect();
        exchanges.retain(|case, _| shown.contains(case.as_str()));
        let by_id = summary.requirements.iter().enumerate().map(|(idx, result)| (result.id.clone(), idx)).collect();
        Document { summary, exchanges, by_id }
    }
}

fn has_story(case: &CaseResult) -> bool {
    use crate::coverage::CaseOutcome;
    !matches!(case.outcome, CaseOutcome::Passed | CaseOutcome::NotExercised | CaseOutcome::NotRun)
}
