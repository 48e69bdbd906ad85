//! What loading makes of suite files: cases one by one, with twins, and baselines by full name.

use std::sync::Arc;

use indexmap::IndexMap;

use super::model::{Baseline, Step};
use crate::contract::Text;

/// The row a case of a family stands for: what `it.…` gives.
pub type Row = IndexMap<String, serde_json::Value>;

/// All cases and baselines of a suites folder.
#[derive(Debug, Clone, Default)]
pub struct Suites {
    /// By `<folder>/<name>`.
    pub baselines: IndexMap<String, LoadedBaseline>,
    /// By case id, in file order, a derived twin right before the first case that needs it.
    pub cases: IndexMap<String, Arc<Case>>,
}

/// A valid request of an operation, and where the operation is.
#[derive(Debug, Clone)]
pub struct LoadedBaseline {
    /// API of the contract.
    pub api: String,
    pub baseline: Baseline,
}

/// One case, ready to be planned: families expanded, baselines named in full, requirements resolved.
#[derive(Debug, Clone)]
pub struct Case {
    /// `<folder>/<file>/<id>`.
    pub id: String,
    /// Folder of the case.
    pub api: String,
    pub title: Text,
    /// Requirements the author named.
    pub named: Vec<String>,
    /// Requirements the expectations speak for besides: codes, their statuses, sub-codes.
    pub implied: Vec<String>,
    /// File and line, for example `suites/cloudauth/init.yaml:12`.
    pub place: String,
    /// The case that must pass for this one's refusal to prove anything.
    pub twin: Option<String>,
    /// True for a twin that loading derived.
    pub derived: bool,
    /// What `it` gives in expressions that could not be resolved before the run.
    pub row: Row,
    pub steps: Vec<Step>,
}

impl Suites {
    /// Returns a baseline by full name.
    pub fn baseline(&self, name: &str) -> Option<&LoadedBaseline> {
        self.baselines.get(name)
    }
}

impl Case {
    /// Returns every requirement the case may speak for, without repetition.
    pub fn requirements(&self) -> impl Iterator<Item = &String> {
        let unnamed = self.implied.iter().filter(|id| !self.named.contains(id));
        self.named.iter().chain(unnamed)
    }
}
