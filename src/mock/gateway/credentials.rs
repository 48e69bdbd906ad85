//! Stages that look at the caller: key, time, nonce, token, signature.

use std::sync::Mutex;

use super::common::Common;
use super::refusal::Refusal;
use crate::clock::Timestamp;
use crate::exchange::Request;
use crate::mock::account::{Account, Variant};
use crate::mock::core::Mock;
use crate::mock::defect::Behaviour;
use crate::mock::nonces::{NONCE_SECONDS, NonceMemory};
use crate::mock::sync::hold;
use crate::mock::variant::Variant as Reading;
use crate::signing::{self, Claim, Mismatched, Reason, Vice};
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
pub(super) fn check_time(mock: &Mock, claim: &Claim, now: Timestamp) -> Result<(), Refusal> {
    let Some(time) = signing::claimed_time(claim) else {
        let lenient = mock.breaks(Behaviour::TimeFormatUnchecked);
        return if lenient { Ok(()) } else { Err(Refusal::of("InvalidTimeStamp.Format")) };
    };
    if time.0 % 1_000 != 0 && mock.breaks(Behaviour::TimeFractionRefused) {
        return Err(Refusal::of("InvalidTimeStamp.Format"));
    }
    let (late, edge) = (mock.reads(Reading::Window31Minutes), mock.reads(Reading::WindowEdge));
    let past = if late { WINDOW_31_MINUTES } else { WINDOW_SECONDS } * 1_000;
    let age = now.0 - time.0;
    if age.abs() > WINDOW_SECONDS * 1_000 / 3 && mock.breaks(Behaviour::WindowShort) {
        return Err(Refusal::of("InvalidTimeStamp.Expired"));
    }
    let (is_early, is_late) = (age < -WINDOW_SECONDS * 1_000, age > past);
    let is_excused =
        is_early && mock.breaks(Behaviour::FutureUnbounded) || is_late && mock.breaks(Behaviour::PastUnbounded);
    if !is_excused && (is_late || is_early || edge && age.abs() == WINDOW_SECONDS * 1_000) {
        return Err(Refusal::of("InvalidTimeStamp.Expired"));
    }
    Ok(())
}

/// Refuses a nonce that the account used already. It is remembered only after the signature held, so that forged
/// requests cannot burn nonces (source: signing.md §4).
pub(super) fn check_nonce(mock: &Mock, account: &Account, claim: &Claim, now: Timestamp) -> Result<(), Refusal> {
    let nonce = claim.nonce.as_deref().unwrap_or_default();
    let is_used = hold(nonces(mock, account)).is_used(nonce, now);
    if is_used && !mock.breaks(Behaviour::NonceForgotten) { Err(Refusal::of("SignatureNonceUsed")) } else { Ok(()) }
}

/// Remembers the nonce of a request whose signature held; of two equal requests at one instant one gets through.
pub(super) fn take_nonce(mock: &Mock, account: &Account, claim: &Claim, now: Timestamp) -> Result<(), Refusal> {
    let nonce = claim.nonce.as_deref().unwrap_or_default();
    let seconds = if mock.reads(Reading::NonceLonger) { WINDOW_31_MINUTES } else { NONCE_SECONDS };
    let is_new = hold(nonces(mock, account)).take(nonce, now, seconds);
    if is_new || mock.breaks(Behaviour::NonceForgotten) { Ok(()) } else { Err(Refusal::of("SignatureNonceUsed")) }
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

/// As [`check_signature`], with a derivation that is wrong on purpose.
pub(super) fn check_wrongly(
    variant: &Variant,
    request: &Request,
    common: &Common,
    parameters: &Parameters,
    vice: Vice,
) -> Result<(), (Refusal, Box<Mismatched>)> {
    let judged = variant.key.verify_with_vice(request, &parameters.0, &common.claim, vice).map(|_| ());
    judged.map_err(|mismatched| (refuse_signature(&common.claim, &mismatched), mismatched))
}

/// Lets a header through that should have been signed, where a variant does, and whatever a defect lets through.
pub(super) fn excuse(
    mock: &Mock,
    claim: &Claim,
    judged: Result<(), (Refusal, Box<Mismatched>)>,
) -> Result<(), Refusal> {
    let Err((mut refusal, mismatched)) = judged else { return Ok(()) };
    let is_unsigned = matches!(mismatched.reason, Reason::HeaderUnsigned { .. });
    let is_other_body = matches!(mismatched.reason, Reason::BodyHash { .. });
    if is_unsigned && mock.reads(Reading::UnsignedHeaders)
        || is_other_body && mock.breaks(Behaviour::BodyHashUnchecked)
        || mock.breaks(Behaviour::SignatureUnchecked)
        || mismatched.derivation.signature.eq_ignore_ascii_case(&claim.signature)
            && mock.breaks(Behaviour::SignatureAnyCase)
    {
        return Ok(());
    }
    if mock.breaks(Behaviour::StringToSignLeftOut) {
        refusal.message = Refusal::of("SignatureDoesNotMatch").message;
    }
    Err(refusal)
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
