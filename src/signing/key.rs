//! A secret made ready for many signatures, and the signature functions of all schemes.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq as _;

use super::claim::{Claim, speaks_acs3};
use super::model::{Derivation, Mismatched, Reason, Scheme};
use super::vice::{Vice, Vices};
use super::{acs3, v1};
use crate::exchange::Request;

/// A secret with the HMAC states of the two common schemes computed once.
#[derive(Clone)]
pub struct Key {
    secret: SecretString,
    v1: hmac::Key,
    acs3: hmac::Key,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Key")
    }
}

impl Key {
    /// Makes a secret ready: V1 keys with the secret and one `&`, ACS3 with the secret alone
    /// (source: signing.md §1.2, §2.2).
    pub fn new(secret: SecretString) -> Self {
        let mut suffixed = zeroize::Zeroizing::new(secret.expose_secret().as_bytes().to_vec());
        suffixed.push(b'&');
        let v1 = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &suffixed);
        let acs3 = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        Self { secret, v1, acs3 }
    }

    /// Derives the signature as a server does and compares it, in constant time, with the one claimed.
    pub fn verify(&self, request: &Request, claim: &Claim) -> Result<Derivation, Box<Mismatched>> {
        if claim.scheme.is_acs3() || speaks_acs3(request) {
            return acs3::verify(self, request, claim, Vices::NONE);
        }
        match v1::parameters(request) {
            Ok(parameters) => self.verify_decoded(&request.method, &parameters, claim),
            Err(error) => Err(Box::new(Mismatched::without_derivation(Reason::Undecodable(error)))),
        }
    }

    /// As [`Key::verify`] under V1, from the decoded parameters of query and form (see [`v1::parameters`]).
    pub fn verify_decoded(
        &self,
        method: &str,
        parameters: &[(String, String)],
        claim: &Claim,
    ) -> Result<Derivation, Box<Mismatched>> {
        let derivation = v1::derive(self, claim.scheme, method, parameters, Vices::NONE);
        self.judge(derivation, claim)
    }

    /// As [`Key::verify`], and accepts a V1 signature over the parameters without the empty ones, as the PHP client
    /// and Java's darabonba derive it (source: signing.md §1.4). Says which of the two it was.
    pub fn verify_lenient(&self, request: &Request, claim: &Claim) -> Result<(Derivation, Empties), Box<Mismatched>> {
        if claim.scheme.is_acs3() || speaks_acs3(request) {
            return acs3::verify(self, request, claim, Vices::NONE).map(|derivation| (derivation, Empties::Signed));
        }
        match v1::parameters(request) {
            Ok(parameters) => self.verify_decoded_lenient(&request.method, &parameters, claim),
            Err(error) => Err(Box::new(Mismatched::without_derivation(Reason::Undecodable(error)))),
        }
    }

    /// As [`Key::verify_lenient`] under V1, from the decoded parameters of query and form.
    pub fn verify_decoded_lenient(
        &self,
        method: &str,
        parameters: &[(String, String)],
        claim: &Claim,
    ) -> Result<(Derivation, Empties), Box<Mismatched>> {
        let mismatched = match self.verify_decoded(method, parameters, claim) {
            Ok(derivation) => return Ok((derivation, Empties::Signed)),
            Err(mismatched) => mismatched,
        };
        if !parameters.iter().any(|(_, value)| value.is_empty()) {
            return Err(mismatched);
        }
        let vices = Vices::of(&[Vice::EmptyLeftOut]);
        let derivation = v1::derive(self, claim.scheme, method, parameters, vices);
        self.judge(derivation, claim).map(|derivation| (derivation, Empties::LeftOut)).map_err(|_| mismatched)
    }

    /// As [`Key::verify`] and [`Key::verify_decoded`], deriving the signature wrongly: for a server that is to be found out.
    pub fn verify_with_vice(
        &self,
        request: &Request,
        parameters: &[(String, String)],
        claim: &Claim,
        vice: Vice,
    ) -> Result<Derivation, Box<Mismatched>> {
        if claim.scheme.is_acs3() {
            return acs3::verify(self, request, claim, Vices::of(&[vice]));
        }
        let mut parameters = parameters.to_vec();
        if vice == Vice::FormUnsigned {
            let left = v1::leave_out_form(&mut parameters, request);
            left.map_err(|error| Box::new(Mismatched::without_derivation(Reason::Undecodable(error))))?;
        }
        let derivation = v1::derive(self, claim.scheme, &request.method, &parameters, Vices::of(&[vice]));
        self.judge(derivation, claim)
    }

    pub(super) fn judge(&self, derivation: Derivation, claim: &Claim) -> Result<Derivation, Box<Mismatched>> {
        let reason = match claim.scheme {
            Scheme::V1Rsa | Scheme::Acs3Rsa => Reason::NeedsPublicKey,
            _ if same_text(&derivation.signature, &claim.signature) => return Ok(derivation),
            _ => Reason::Signature,
        };
        Err(Box::new(Mismatched { reason, derivation }))
    }
}

/// What a lenient verification found about parameters with an empty value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empties {
    /// In the string to sign, as documented, or there were none.
    Signed,
    /// Sent but left out of the string to sign.
    LeftOut,
}

/// Compares in a time that depends on the lengths only.
fn same_text(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

impl Key {
    /// Computes the signature text of a string to sign; empty for RSA schemes, which no secret can serve.
    pub(super) fn signature(&self, scheme: Scheme, string_to_sign: &str, vices: Vices, key_id: &str) -> String {
        if !vices.is_empty() {
            return self.signature_with_vices(scheme, string_to_sign, vices, key_id);
        }
        let text = string_to_sign.as_bytes();
        match scheme {
            Scheme::V1 => BASE64_STANDARD.encode(hmac::sign(&self.v1, text)),
            Scheme::Acs3 => hex::encode(hmac::sign(&self.acs3, text)),
            _ => self.signature_with_vices(scheme, string_to_sign, vices, key_id),
        }
    }

    fn signature_with_vices(&self, scheme: Scheme, string_to_sign: &str, vices: Vices, key_id: &str) -> String {
        let key = self.key_bytes(scheme, vices, key_id);
        let Some(tag) = tag(scheme, vices.has(Vice::OtherAlgorithm), &key, string_to_sign.as_bytes()) else {
            return String::new();
        };
        if scheme.is_acs3() == vices.has(Vice::OtherSignatureText) {
            BASE64_STANDARD.encode(tag)
        } else {
            hex::encode(tag)
        }
    }

    fn key_bytes(&self, scheme: Scheme, vices: Vices, key_id: &str) -> zeroize::Zeroizing<Vec<u8>> {
        let text = if vices.has(Vice::SecretIsId) { key_id } else { self.secret.expose_secret() };
        let mut bytes = zeroize::Zeroizing::new(text.as_bytes().to_vec());
        if vices.has(Vice::WrongSecret) {
            bytes.extend_from_slice(b"-of-another-account");
        }
        if vices.has(Vice::SecretNewline) {
            bytes.push(b'\n');
        }
        if scheme.is_acs3() == vices.has(Vice::KeySuffix) {
            bytes.push(b'&');
        }
        bytes
    }
}

fn tag(scheme: Scheme, other_algorithm: bool, key: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let algorithm = match (scheme, other_algorithm) {
        (Scheme::V1, false) | (Scheme::V1Sha256 | Scheme::Acs3 | Scheme::Acs3Sm3, true) => {
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY
        }
        (Scheme::V1, true) | (Scheme::V1Sha256 | Scheme::Acs3, false) => hmac::HMAC_SHA256,
        (Scheme::Acs3Sm3, false) => return Some(sm3_tag(key, text)),
        (Scheme::V1Rsa | Scheme::Acs3Rsa, _) => return None,
    };
    Some(hmac::sign(&hmac::Key::new(algorithm, key), text).as_ref().to_vec())
}

fn sm3_tag(key: &[u8], text: &[u8]) -> Vec<u8> {
    use ::hmac::{Hmac, KeyInit as _, Mac as _};
    let mut mac = Hmac::<sm3::Sm3>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}
