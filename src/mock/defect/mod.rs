//! Defects: switchable breaches of single requirements. They prove the suites: a requirement whose defect no case catches
//! is an open hole.
//!
//! Most are derived from the rows of the contracts, so that a new row gets its breach for nothing; behaviour that no row
//! states has written ones. A mock without a defect pays for one comparison.

mod answer;
mod behaviour;
mod contracts;
mod derive;
#[cfg(test)]
mod tests;
mod written;

pub(super) use behaviour::{Behaviour, OPTIONAL_COMMON};
pub(super) use contracts::rewrite;

use self::answer::AnswerChange;
use self::contracts::RowChange;
use crate::contract::{Contracts, Level};

/// One breach of exactly one requirement.
#[derive(Debug, Clone, PartialEq)]
pub struct Defect {
    /// `<requirement>/<how>`.
    pub id: String,
    pub requirement: String,
    /// What the mock does, a lower-case fragment.
    pub text: String,
    change: Change,
}

/// Where a defect sits.
#[derive(Debug, Clone, PartialEq)]
enum Change {
    /// The mock is started from contracts in which one row says something else.
    Row(RowChange),
    /// The content of an answer is changed before it is written.
    Answer(AnswerChange),
    /// The mock asks at the place where it would behave.
    Behaviour(Behaviour),
}

/// No defect has this id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no defect `{0}`: `idvet mock --list-defects` lists them")]
pub struct UnknownDefect(pub String);

/// Returns every defect there is of MUST and SHOULD requirements, in the order of the contracts.
pub fn catalogue(contracts: &Contracts) -> Vec<Defect> {
    let mut defects = derive::derive(contracts);
    defects.extend(written::written());
    let judged = |defect: &Defect| {
        let requirement = contracts.requirements.get(&defect.requirement);
        requirement.is_some_and(|found| found.level != Level::Info && found.unexercised.is_none())
    };
    defects.retain(judged);
    defects.sort_by_key(|defect| contracts.requirements.get_index_of(&defect.requirement));
    defects
}

/// Returns the defect of an id.
pub fn find(contracts: &Contracts, id: &str) -> Result<Defect, UnknownDefect> {
    let found = catalogue(contracts).into_iter().find(|defect| defect.id == id);
    found.ok_or_else(|| UnknownDefect(id.to_owned()))
}

impl Defect {
    fn new(requirement: String, how: &str, text: String, change: Change) -> Self {
        Self { id: format!("{requirement}/{how}"), requirement, text, change }
    }

    /// Returns the behaviour that is broken, where it is one.
    pub(super) fn behaviour(&self) -> Option<Behaviour> {
        match self.change {
            Change::Behaviour(behaviour) => Some(behaviour),
            Change::Row(_) | Change::Answer(_) => None,
        }
    }

    /// Says whether the defect is in what the mock is started from, and so shows in no answer by itself.
    pub fn is_in_rows(&self) -> bool {
        matches!(self.change, Change::Row(_))
    }

    /// Changes the content of an answer of an operation. Returns true when it did.
    pub(super) fn spoil(
        &self,
        operation: &str,
        status: &mut u16,
        body: &mut serde_json::Map<String, serde_json::Value>,
    ) -> bool {
        match &self.change {
            Change::Answer(change) => change.apply(operation, status, body),
            Change::Row(_) | Change::Behaviour(_) => false,
        }
    }
}
