//! A run as the formats see it: the summary, and the exchanges by case.

use std::collections::HashMap;

use crate::coverage::{CaseResult, RequirementResult, Summary, SummaryBuilder};
use crate::event::{Event, ExchangeRecorded};

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
        let mut builder = SummaryBuilder::default();
        let mut exchanges: HashMap<String, Vec<ExchangeRecorded>> = HashMap::new();
        for event in events {
            builder.hear(event);
            if let Event::Exchange(exchange) = event {
                exchanges.entry(exchange.case.clone()).or_default().push(exchange.clone());
            }
        }
        let summary = builder.finish();
        // Only cases with something to show keep their exchanges.
        let shown: HashMap<&str, ()> =
            summary.case_results.iter().filter(|case| has_story(case)).map(|case| (case.case.as_str(), ())).collect();
        exchanges.retain(|case, _| shown.contains_key(case.as_str()));
        let by_id = summary.requirements.iter().enumerate().map(|(idx, result)| (result.id.clone(), idx)).collect();
        Self { summary, exchanges, by_id }
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

fn has_story(case: &CaseResult) -> bool {
    use crate::coverage::CaseOutcome;
    !matches!(case.outcome, CaseOutcome::Passed | CaseOutcome::NotExercised | CaseOutcome::NotRun)
}
