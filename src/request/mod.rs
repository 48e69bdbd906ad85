//! Case + sandbox + contract + signer → request.
//!
//! Pure but for what the caller hands in: time, keys of the service, and the state of the case, which remembers
//! answers and what was sent.

mod blank;
mod context;
mod encrypt;
mod expression;
mod parameters;
mod random;
mod send_form;
mod sign;
mod tamper;

use crate::clock::Timestamp;
use crate::contract::Contracts;
use crate::exchange::Request;
use crate::plan::RolesInUse;
use crate::signing::{Scheme, SignError};
use crate::suite::Suites;
use crate::target::model::Target;

pub use blank::{Blank, CaptureMarker, Markers, UniqueMarker};
pub use context::{CaseState, Sent};
pub use expression::Expressions;
pub use parameters::Parameters;

/// What requests of a run are made from.
#[derive(Debug, Clone)]
pub struct RequestInput<'a> {
    pub suites: &'a Suites,
    pub contracts: &'a Contracts,
    pub target: &'a Target,
    pub keys: &'a ServiceKeys,
    /// Scheme where a case names none.
    pub scheme: Scheme,
    pub seed: u64,
    /// Set apart from run to run where the target remembers nonces and order numbers of earlier runs; else 0.
    pub salt: u64,
}

/// Public keys of the service, for parameters that travel encrypted.
#[derive(Debug, Clone, Default)]
pub struct ServiceKeys {
    /// Uncompressed point, hex.
    pub sm2: Option<String>,
    /// X.509 SubjectPublicKeyInfo, Base64.
    pub enc_token: Option<String>,
}

/// A signed request and what judging its answer needs to know.
#[derive(Debug, Clone)]
pub struct Built {
    pub request: Request,
    /// API of the operation.
    pub api: String,
    pub operation: String,
    pub chunked: bool,
    pub plain_http: bool,
    pub roles: RolesInUse,
    /// Business parameters as sent, decoded; keys of ServiceParameters in their JSON text.
    pub parameters: Vec<(String, String)>,
    pub nonce: String,
}

/// When a request is made.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The account's time.
    pub now: Timestamp,
}

/// Why a request could not be made. All of these are mistakes of a suite or target file, or of idvet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("evaluate `{expression}`: {reason}")]
    Expression { expression: String, reason: String },
    #[error("find the baseline `{0}`")]
    Baseline(String),
    #[error("find the {kind} `{role}` in the target's sandbox")]
    Role { kind: &'static str, role: String },
    #[error("find a request that an earlier step made as `{0}`")]
    Earlier(String),
    #[error("encrypt: {0}")]
    Encrypt(String),
    #[error("sign: {0}")]
    Sign(#[from] SignError),
}

#[cfg(test)]
mod tests;
