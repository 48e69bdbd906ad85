//! Stages that look at the caller: key, time, nonce, token, signature.

use super::common::Common;
use super::refusal::Refusal;
use crate::clock::Timestamp;
use crate::exchange::Request;
use crate::mock::account::{Account, Variant};
use crate::mock::sync::hold;
use crate::signing::{self, Claim, Mismatched};
use crate::target::model::AccountState;
use crate::target::sandbox::SandboxIndex;

use super::parameters::Parameters;

/// Seconds that a request's time may be off, either way (source: signing.md §3; 15 minutes is what all sources share).
const WINDOW_SECONDS: i64 = 900;

/// Refuses a disabled key.
pub(super) fn check_key(variant: &Variant) -> Result<(), Refusal> {
    match variant.state {
        AccountState::Disabled => Err(Refusal::of("InvalidAccessKeyId.Inactive")),
        _ => Ok(()),
    }
}

/// Refuses a time that cannot be read or lies outside the window.
pub(super) fn check_time(claim: &Claim, now: Timestamp) -> Result<(), Refusal> {
    let time = signing::claimed_time(claim).ok_or_else(|| Refusal::of("InvalidTimeStamp.Format"))?;
    if (now.0 - time.0).abs() > WINDOW_SECONDS * 1_000 {
        return Err(Refusal::of("InvalidTimeStamp.Expired"));
    }
    Ok(())
}

/// Refuses a nonce that the account used already. It is remembered only after the signature held, so that forged
/// requests cannot burn nonces (source: signing.md §4).
pub(super) fn check_nonce(account: &Account, claim: &Claim, now: Timestamp) -> Result<(), Refusal> {
    let nonce = claim.nonce.as_deref().unwrap_or_default();
    if hold(&account.nonces).is_used(nonce, now) { Err(Refusal::of("SignatureNonceUsed")) } else { Ok(()) }
}

/// Remembers the nonce of a request whose signature held; of two equal requests at one instant one gets through.
pub(super) fn take_nonce(account: &Account, claim: &Claim, now: Timestamp) -> Result<(), Refusal> {
    let nonce = claim.nonce.as_deref().unwrap_or_default();
    if hold(&account.nonces).take(nonce, now) { Ok(()) } else { Err(Refusal::of("SignatureNonceUsed")) }
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
) -> Result<(), Refusal> {
    let claim = &common.claim;
    let judged = if lenient {
        variant.key.verify_lenient(request, claim).map(|_| ())
    } else if claim.scheme.is_acs3() {
        variant.key.verify(request, claim).map(|_| ())
    } else {
        variant.key.verify_decoded(&request.method, &parameters.0, claim).map(|_| ())
    };
    judged.map_err(|mismatched| refuse_signature(claim, &mismatched))
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
