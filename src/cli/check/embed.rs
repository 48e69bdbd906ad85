//! The mock in this process, for targets that ask for one.

use std::sync::Arc;

use crate::clock::Clock;
use crate::contract::Contracts;
use crate::event::Event;
use crate::mock::{MockError, MockOptions, RunningMock, Variants, start};
use crate::runner::{RunError, RunInput, run};
use crate::target::model::Target;

/// The word in `endpoints` that asks for a mock in this process.
const EMBEDDED: &str = "embedded";

/// Why nothing was judged.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error("start the embedded mock: {0}")]
    Mock(#[from] MockError),
    #[error("{0}")]
    Run(#[from] RunError),
}

/// Says whether a target asks for a mock in this process.
pub fn is_embedded(target: &Target) -> bool {
    target.endpoints.values().any(|address| address == EMBEDDED)
}

/// Runs a plan, with a mock beside it where the target asks for one. Events go to `emit` in plan order.
pub async fn check(input: RunInput, emit: impl FnMut(Event)) -> Result<(), CheckError> {
    check_on(input, Variants::default(), emit).await
}

/// As [`check`], the mock reading what the documents leave open as variants say.
pub async fn check_on(mut input: RunInput, variants: Variants, emit: impl FnMut(Event)) -> Result<(), CheckError> {
    let mock = match is_embedded(&input.target) {
        true => Some(embed(&mut input, variants).await?),
        false => None,
    };
    let result = run(input, emit).await;
    if let Some(mock) = mock {
        mock.shutdown().await;
    }
    Ok(result?)
}

/// Starts a mock and puts its addresses into the target.
async fn embed(input: &mut RunInput, variants: Variants) -> Result<RunningMock, MockError> {
    let mut options = MockOptions::new(Arc::<dyn Clock>::clone(&input.options.clock));
    options.seed = input.plan.seed;
    options.variants = variants;
    let contracts: Arc<Contracts> = Arc::clone(&input.contracts);
    let mock = start(&input.target, contracts, options).await?;
    let target = Arc::make_mut(&mut input.target);
    for address in target.endpoints.values_mut().filter(|address| *address == EMBEDDED) {
        *address = mock.url();
    }
    target.control = Some(mock.control_url());
    Ok(mock)
}
