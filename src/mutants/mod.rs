//! Runs the suites against each defect of the mock: what would a green run have caught?
//!
//! For every defect a mock of its own is started and the cases that name its requirement are run; only when none of them
//! notices, the other cases have their turn. A defect is caught when a case that names the requirement failed with a
//! mismatch of just that requirement.

mod excuse;
mod figures;
mod matrix;
mod trial;

use std::sync::Arc;

use futures_util::StreamExt as _;

use crate::clock::Clock;
use crate::contract::Contracts;
use crate::mock::MockError;
use crate::mock::defect::Defect;
use crate::plan::Plan;
use crate::redact::Redactor;
use crate::runner::RunError;
use crate::suite::Suites;
use crate::target::model::Target;

pub use excuse::{EXCUSES_FILE, Excuse, Excuses, load_excuses};
pub use figures::{FIGURES_FILE, MutantFigures, load_figures};
pub use matrix::{Matrix, Tally};
pub use trial::{Fate, Trial};

/// What every trial is made from.
#[derive(Clone)]
pub struct TrialInput {
    pub contracts: Arc<Contracts>,
    pub suites: Arc<Suites>,
    /// The target whose sandbox the mocks have.
    pub target: Arc<Target>,
    /// Every case, with the accounts of its own.
    pub plan: Arc<Plan>,
    pub redactor: Redactor,
    pub clock: Arc<dyn Clock>,
}

/// Why a defect could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum MutantsError {
    #[error("start a mock with the defect {defect}: {source}")]
    Mock { defect: String, source: MockError },
    #[error("run against the defect {defect}: {source}")]
    Run { defect: String, source: RunError },
}

/// Tries defects, `width` at a time; each trial goes to `hear` as it ends. The matrix has them in the order given.
pub async fn try_all(
    input: &TrialInput,
    defects: Vec<Defect>,
    width: usize,
    mut hear: impl FnMut(&Trial),
) -> Result<Matrix, MutantsError> {
    let trials = defects.into_iter().enumerate().map(|(idx, defect)| {
        let input = input.clone();
        // A task of its own, so that trials share the processors.
        let task = tokio::spawn(async move { trial::try_one(&input, defect).await });
        async move { (idx, task.await.expect("a trial does not panic")) }
    });
    // Spawning is lazy: a trial begins when its turn comes.
    let mut running = futures_util::stream::iter(trials).buffer_unordered(width.max(1));
    let mut done = Vec::new();
    while let Some((idx, trial)) = running.next().await {
        let trial = trial?;
        hear(&trial);
        done.push((idx, trial));
    }
    done.sort_by_key(|(idx, _)| *idx);
    Ok(Matrix::new(&input.contracts, &input.plan, done.into_iter().map(|(_, trial)| trial).collect()))
}
