//! Runs a plan and emits events.
//!
//! Cases run side by side as far as the target allows, each one step after the other; events come in the order of the
//! plan, whatever finished first.

mod attribution;
mod callbacks;
mod case;
mod control;
mod gate;
mod order;
mod preflight;
mod run;
mod shared;
mod step;
mod verdict;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::contract::Contracts;
use crate::event::{KnownFailureDeclared, WouldCatch};
use crate::plan::Plan;
use crate::redact::Redactor;
use crate::signing::Scheme;
use crate::suite::Suites;
use crate::target::model::Target;
use crate::transport::{EndpointError, TransportError};

pub use run::run;
pub use shared::redactor;

/// All a run is made from.
#[derive(Clone)]
pub struct RunInput {
    pub plan: Arc<Plan>,
    pub contracts: Arc<Contracts>,
    pub suites: Arc<Suites>,
    /// With endpoints and control address as they are reached, `embedded` resolved.
    pub target: Arc<Target>,
    /// Knows the secrets and persons of the target (see [`redactor`]).
    pub redactor: Redactor,
    pub options: RunOptions,
}

/// How to run.
#[derive(Clone)]
pub struct RunOptions {
    /// `check`.
    pub command: String,
    /// Selection as typed.
    pub arguments: Vec<String>,
    pub strict: bool,
    /// What the suites were measured to catch.
    pub would_catch: Option<WouldCatch>,
    /// Scheme where a case names none.
    pub scheme: Scheme,
    /// PEM text with the CAs to trust; Mozilla's when absent.
    pub ca_pem: Option<String>,
    /// Lets addresses beyond this machine be called.
    pub allow_real: bool,
    /// Keeps nonces and order numbers apart from those of earlier runs against a target that remembers; 0 for one that
    /// was just started.
    pub salt: u64,
    pub known_failures: Vec<KnownFailureDeclared>,
    pub clock: Arc<dyn Clock>,
    /// Stops the run; what finished so far is kept.
    pub cancel: CancellationToken,
}

impl RunOptions {
    /// Returns the settings of a plain check.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            command: "check".to_owned(),
            arguments: Vec::new(),
            strict: false,
            would_catch: None,
            scheme: Scheme::V1,
            ca_pem: None,
            allow_real: false,
            salt: 0,
            known_failures: Vec::new(),
            clock,
            cancel: CancellationToken::new(),
        }
    }
}

/// Why a run could not begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("{0}")]
    Endpoint(#[from] EndpointError),
    #[error("{0}")]
    Transport(#[from] TransportError),
    #[error("call {0}: it is not this machine, and --allow-real was not given")]
    NotAllowed(String),
    #[error("reach the target at {address}: {reason}")]
    Unreachable { address: String, reason: String },
    #[error("listen for callbacks: {0}")]
    Listener(String),
    #[error("ask the control API: {0}")]
    Control(String),
}

#[cfg(test)]
mod tests;
