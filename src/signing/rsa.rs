//! Verification of the RSA variants, PKCS#1 v1.5 with SHA-256 (source: signing.md §1.6, §2.5; SDK only).

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::SecretString;

use super::claim::Claim;
use super::key::Key;
use super::model::{Derivation, Mismatched, Reason, Scheme};
use crate::exchange::Request;

/// Verifies a claim under [`Scheme::V1Rsa`] or [`Scheme::Acs3Rsa`] with a public key in DER, either
/// `SubjectPublicKeyInfo` or PKCS#1. The derivation given back carries the signature as claimed.
pub fn verify_rsa(request: &Request, claim: &Claim, public_key: &[u8]) -> Result<Derivation, Box<Mismatched>> {
    let no_secret = Key::new(SecretString::from(""));
    let mut mismatched = match no_secret.verify(request, claim) {
        Ok(derivation) => return Err(Box::new(Mismatched { reason: Reason::Signature, derivation })),
        Err(mismatched) => mismatched,
    };
    if mismatched.reason != Reason::NeedsPublicKey {
        return Err(mismatched);
    }
    let Mismatched { reason, derivation } = &mut *mismatched;
    if !holds(claim.scheme, public_key, &derivation.string_to_sign, &claim.signature) {
        *reason = Reason::Signature;
        return Err(mismatched);
    }
    if let Some(fault) = super::acs3::header_list_fault(request, claim).filter(|_| claim.scheme.is_acs3()) {
        *reason = fault;
        return Err(mismatched);
    }
    Ok(Derivation { signature: claim.signature.clone(), ..mismatched.derivation })
}

/// Says whether an RSA signature text, Base64 under V1 and hex under ACS3, is that of a string to sign.
pub(super) fn holds(scheme: Scheme, public_key: &[u8], string_to_sign: &str, signature: &str) -> bool {
    let signature = match scheme {
        Scheme::V1Rsa => BASE64_STANDARD.decode(signature).ok(),
        Scheme::Acs3Rsa => hex::decode(signature).ok(),
        _ => None,
    };
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key);
    signature.is_some_and(|signature| key.verify(string_to_sign.as_bytes(), &signature).is_ok())
}
