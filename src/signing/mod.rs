//! Request signing: one file per scheme, each with sign, verify and explain.
//!
//! A signer is a pure function of request, credentials and the time and nonce it is handed.

mod acs3;
mod claim;
mod encoding;
pub mod explain;
mod key;
mod model;
pub mod recording;
mod rsa;
mod running;
mod v1;
mod vice;

pub use claim::{Claim, ClaimError, claim, claim_decoded, claimed_time, speaks_acs3};
pub use key::{Empties, Key};
pub use model::{Credentials, Derivation, Mismatched, Place, Reason, Scheme, SignError, SigningInput};
pub use rsa::verify_rsa;
pub use running::{RunningSigner, content_hash};
pub use v1::parameters;
pub use vice::Vice;

use secrecy::SecretString;

use crate::exchange::Request;

/// Signs a request: adds the common parameters or headers that it does not have yet, and the signature.
///
/// Action, version, format and business parameters are in the request already; so is `host` under ACS3. A common
/// parameter or header that is there already is left as it is and signed so.
pub fn sign(request: &mut Request, input: &SigningInput<'_>) -> Result<Derivation, SignError> {
    sign_with_vices(request, input, &[])
}

/// Signs a request while deriving the signature wrongly in the given ways.
pub fn sign_with_vices(
    request: &mut Request,
    input: &SigningInput<'_>,
    vices: &[Vice],
) -> Result<Derivation, SignError> {
    let vices = vice::Vices::of(vices);
    match input.scheme {
        Scheme::V1 | Scheme::V1Sha256 => v1::sign(request, input, vices),
        Scheme::Acs3 | Scheme::Acs3Sm3 => acs3::sign(request, input, vices),
        Scheme::V1Rsa | Scheme::Acs3Rsa => Err(SignError::VerificationOnly),
    }
}

/// Derives the signature as a server does and compares it, in constant time, with the one claimed.
///
/// The string to sign is the documented one: empty parameters are part of it (see [`Key::verify_lenient`]).
pub fn verify(request: &Request, claim: &Claim, secret: &SecretString) -> Result<Derivation, Box<Mismatched>> {
    Key::new(secret.clone()).verify(request, claim)
}

/// As [`verify`] under V1, for a caller that has the parameters of query and form decoded already
/// (see [`parameters`]).
pub fn verify_decoded(
    method: &str,
    parameters: &[(String, String)],
    claim: &Claim,
    secret: &SecretString,
) -> Result<Derivation, Box<Mismatched>> {
    Key::new(secret.clone()).verify_decoded(method, parameters, claim)
}

#[cfg(test)]
mod tests;
