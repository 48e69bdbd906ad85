//! Stages that look at the caller: key, time, nonce, token, signature.

use std::sync::Mutex;

use super::common::Common;
use super::refusal::Refusal;
use crate::clock::Timestamp;
use crate::exchange::Request;
use crate::mock::account::{Account, Variant};
use crate::mock::core::Mock;
use crate::mock::nonces::{NONCE_SECONDS, NonceMemory};
use crate::mock::sync::hold;
use crate::mock::variant::{Variant as Reading, Variants};
use crate::signing::{self, Claim, Mismatched, Reason};
use crate::target::model::AccountState;
use crate::target::sandbox::SandboxIndex;

use super::parameters::Parameters;

/// Seconds that a request's time may be off, either way (source: signing.md §3; 15 minutes is what all sources share).
const WINDOW_SECONDS: i64 = 900;

/// Seconds that the newer page gives a request.
const WINDOW_31_MINUTES: i64 = 1_860;

/// Refuses a disabled key.
pub(super) fn check_key(variant: &Variant) -> Result<(), Refusal> {
    match variant.state {
        AccountState::Disabled => Err(Refusal::of("InvalidAccessKeyId.Inactive")),
        _ => Ok(()),
    }
}

/// Refuses a time that cannot be read or lies outside the window.
pub(super) fn check_time(claim: &Claim, now: Timestamp, variants: Variants) -> Result<(), Refusal> {
    let time = signing::claimed_time(claim).ok_or_else(|| Refusal::of("InvalidTimeStamp.Format"))?;
    let (late, edge) = (variants.has(Reading::Window31Minutes), variants.has(Reading::WindowEdge));
    let past = if late { WINDOW_31_MINUTES } else { WINDOW_SECONDS } * 1_000;
    let age = now.0 - time.0;
    if age > past || age < -WINDOW_SECONDS * 1_000 || edge && age.abs() == WINDOW_SECONDS * 1_000 {
        return Err(Refusal::of("InvalidTimeStamp.Expired"));
    }
    Ok(())
}

/// Refuses a nonce that the account used already. It is remembered only after the signature held, so that forged
/// requests cannot burn nonces (source: signing.md §4).
pub(super) fn check_nonce(mock: &Mock, account: &Account, claim: &Claim, now: Timestamp) -> Result<(), Refusal> {
    let nonce = claim.nonce.as_deref().unwrap_or_default();
    if hold(nonces(mock, account)).is_used(nonce, now) { Err(Refusal::of("SignatureNonceUsed")) } else { Ok(()) }
}

/// Remembers the nonce of a request whose signature held; of two equal requests at one instant one gets through.
pub(super) fn take_nonce(mock: &Mock, account: &Account, claim: &Claim, now: Timestamp) -> Result<(), Refusal> {
    let nonce = claim.nonce.as_deref().unwrap_or_default();
    let seconds = if mock.reads(Reading::NonceLonger) { WINDOW_31_MINUTES } else { NONCE_SECONDS };
    if hold(nonces(mock, account)).take(nonce, now, seconds) { Ok(()) } else { Err(Refusal::of("SignatureNonceUsed")) }
}

/// Returns the memory that a nonce of an account is looked up in.
fn nonces<'a>(mock: &'a Mock, account: &'a Account) -> &'a Mutex<NonceMemory> {
    if mock.reads(Reading::NonceOfAll) { &mock.nonces_of_all } else { &account.nonces }
}

/// Refuses a temporary key without its token, and tokens that are expired, malformed or another key's.
pub(super) fn check_token(variant: &Variant, claim: &Claim, sandbox: &SandboxIndex) -> Result<(), Refusal> {
    let sent = claim.security_token.as_deref();
    match (variant.token_text(), sent) {
        (None, None) => return Ok(()),
        (Some(_), None) => return Err(Refusal::missing("SecurityToken")),
        (Some(own), Some(sent)) if own == sent => {}
        (_, Some(sent)) if sandbox.is_token(sent) => {
            return Err(Refusal::of("InvalidSecurityToken.MismatchWithAccessKey"));
        }
        (_, Some(_)) => return Err(Refusal::of("InvalidSecurityToken.Malformed")),
    }
    match variant.state {
        AccountState::TokenExpired => Err(Refusal::of("InvalidSecurityToken.Expired")),
        AccountState::TokenMalformed => Err(Refusal::of("InvalidSecurityToken.Malformed")),
        AccountState::TokenMismatch => Err(Refusal::of("InvalidSecurityToken.MismatchWithAccessKey")),
        _ => Ok(()),
    }
}

/// Refuses a signature that is not the server's own, with the message that clients compare.
///
/// `lenient` also takes signatures that leave empty parameters out, as two SDKs make them (source: signing.md §1.4).
pub(super) fn check_signature(
    variant: &Variant,
    request: &Request,
    common: &Common,
    parameters: &Parameters,
    lenient: bool,
) -> Result<(), (Refusal, Box<Mismatched>)> {
    let claim = &common.claim;
    let judged = if claim.scheme.is_acs3() {
        variant.key.verify(request, claim).map(|_| ())
    } else if lenient {
        variant.key.verify_decoded_lenient(&request.method, &parameters.0, claim).map(|_| ())
    } else {
        variant.key.verify_decoded(&request.method, &parameters.0, claim).map(|_| ())
    };
    judged.map_err(|mismatched| (refuse_signature(claim, &mismatched), mismatched))
}

/// Lets a header through that should have been signed, where a variant does.
pub(super) fn excuse(mock: &Mock, judged: Result<(), (Refusal, Box<Mismatched>)>) -> Result<(), Refusal> {
    let unsigned = |mismatched: &Mismatched| matches!(mismatched.reason, Reason::HeaderUnsigned { .. });
    match judged {
        Err((_, mismatched)) if mock.reads(Reading::UnsignedHeaders) && unsigned(&mismatched) => Ok(()),
        judged => judged.map_err(|(refusal, _)| refusal),
    }
}

/// The texts are the gateway's; in V1's only one colon may stand before the string to sign, since one SDK compares
/// what follows the first (source: gateway-errors.json, SignatureDoesNotMatch).
fn refuse_signature(claim: &Claim, mismatched: &Mismatched) -> Refusal {
    let derivation = &mismatched.derivation;
    let message = if claim.scheme.is_acs3() {
        format!(
            "Specified signature does not match our calculation. server StringToSign is [{}] server CanonicalRequest is [{}]",
            derivation.string_to_sign, derivation.canonical
        )
    } else {
        format!(
            "Specified signature is not matched with our calculation. server string to sign is:{}",
            derivation.string_to_sign
        )
    };
    Refusal::of("SignatureDoesNotMatch").with_message(message)
}
