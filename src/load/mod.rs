//! Load: sends what a profile schedules, at its due times, within the limits, and tells what came.
//!
//! Open model: arrival n is due at a time that the profile alone fixes, and latency counts from there. Each worker is one
//! thread with its own connections; limits and the budget of billed calls are held for all of them together.

mod closed;
mod collect;
mod full_check;
mod gate;
mod outcome;
mod pick;
mod program;
mod record;
mod run;
mod search;
#[cfg(feature = "redis")]
mod shared_budget;
#[cfg_attr(not(any(feature = "redis", test)), expect(dead_code, reason = "nobody hands out shares"))]
mod shares;
mod template;
mod timer;
mod values;
mod worker;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use secrecy::SecretString;

use crate::clock::Clock;
use crate::contract::Contracts;
use crate::load_profile::{LoadProfile, Shard};
use crate::redact::Redactor;
use crate::request::ServiceKeys;
use crate::signing::Scheme;
use crate::suite::Suites;
use crate::target::model::Target;
use crate::transport::{EndpointError, TransportError};

pub use run::{check_allowed, run};
pub use search::search;
pub use template::TemplateError;

/// All a load run is made from.
#[derive(Clone)]
pub struct LoadInput {
    pub profile: Arc<LoadProfile>,
    pub contracts: Arc<Contracts>,
    pub suites: Arc<Suites>,
    /// With endpoints and control address as they are reached, `embedded` resolved.
    pub target: Arc<Target>,
    pub redactor: Redactor,
    pub options: LoadOptions,
}

/// How to run.
#[derive(Clone)]
pub struct LoadOptions {
    /// Settings as typed.
    pub arguments: Vec<String>,
    pub scheme: Scheme,
    /// PEM text with the CAs to trust; Mozilla's when absent.
    pub ca_pem: Option<String>,
    /// Lets addresses beyond this machine be called.
    pub allow_real: bool,
    pub seed: u64,
    /// Public keys of the service, for parameters that travel encrypted; such a parameter is encrypted once.
    pub keys: ServiceKeys,
    /// Sets nonces and order numbers apart from those of other runs.
    pub salt: u64,
    /// Threads that send.
    pub workers: usize,
    /// Which arrivals are this process's.
    pub shard: Shard,
    /// Who hands out shares of every limit; absent: each of `n` shards has an n-th.
    pub budget_server: Option<BudgetServer>,
    /// How long to wait before the first arrival is due, so that shards start together.
    pub start_in: Duration,
    pub clock: Arc<dyn Clock>,
    /// Stops the run; what came so far is kept.
    pub stop: Arc<AtomicBool>,
}

/// A Redis server at which several processes hold their limits together. Without the feature `redis` it is refused.
#[derive(Debug, Clone)]
pub struct BudgetServer {
    /// `redis://HOST:PORT/DB`, without a password.
    pub address: String,
    pub password: Option<SecretString>,
    /// Sets those who hold limits together apart from others: limits are those of an account.
    pub account: String,
}

/// Why a load run could not begin.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{0}")]
    Endpoint(#[from] EndpointError),
    #[error("{0}")]
    Transport(#[from] TransportError),
    #[error("call {0}: it is not this machine, and --allow-real was not given")]
    NotAllowed(String),
    #[error("go beyond documented limits at {0}: a profile with `beyond_limits` is for this machine only")]
    BeyondLimits(String),
    #[error("find the address of {0} in the target")]
    NoEndpoint(String),
    #[error("resolve {host}: {reason}")]
    Unresolved { host: String, reason: String },
    #[error("make the requests of the step `{step}`: {reason}")]
    Step { step: String, reason: String },
    #[error("keep to the limits: {0}")]
    OverLimits(String),
    #[error("share limits at {address}: {reason}")]
    BudgetServer { address: String, reason: String },
    #[error("split the run among shards: {0}")]
    NotSplit(String),
    #[error(
        "call {address}: it is not this machine, calls of {operation} may be billed, and nothing says how many; say it with \
         --max-billable, or with `billable_calls` among the target's budgets"
    )]
    Unbudgeted { address: String, operation: String },
    #[error("start a thread: {0}")]
    Thread(std::io::Error),
}

/// Virtual users; lengths in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct ClosedUsers {
    users: u32,
    /// From the end of a transaction to the next.
    pause: u64,
    /// While in which they start.
    start: u64,
    /// The whole run, warm-up included.
    length: u64,
    warm_up: u64,
}
