//! Signatures over texts of which most is always the same: what does not change is hashed once.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::ExposeSecret as _;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::model::{Credentials, Scheme, SignError};

/// A signer whose state is that behind the unchanging beginning of a text: the string to sign under V1, the canonical
/// request under ACS3.
#[derive(Clone)]
pub struct RunningSigner(State);

#[derive(Clone)]
enum State {
    V1(Hmac<Sha1>),
    Acs3 { canonical: Sha256, key: Hmac<Sha256> },
}

impl std::fmt::Debug for RunningSigner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RunningSigner")
    }
}

impl RunningSigner {
    /// Makes a signer that has taken `beginning`.
    ///
    /// # Errors
    /// For schemes other than V1 and `ACS3-HMAC-SHA256`.
    pub fn new(scheme: Scheme, credentials: &Credentials, beginning: &[u8]) -> Result<Self, SignError> {
        let secret = credentials.secret.expose_secret();
        let mut signer = match scheme {
            Scheme::V1 => {
                let mut key = zeroize::Zeroizing::new(secret.as_bytes().to_vec());
                key.push(b'&');
                Self(State::V1(Hmac::new_from_slice(&key).expect("HMAC takes keys of any length")))
            }
            Scheme::Acs3 => {
                let key = Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
                Self(State::Acs3 { canonical: Sha256::new(), key })
            }
            other => return Err(SignError::NotInBulk(other.name())),
        };
        signer.update(beginning);
        Ok(signer)
    }

    /// Takes more of the text.
    pub fn update(&mut self, text: &[u8]) {
        match &mut self.0 {
            State::V1(mac) => mac.update(text),
            State::Acs3 { canonical, .. } => sha2::Digest::update(canonical, text),
        }
    }

    /// Puts the signature as it stands in a parameter or in `Authorization` behind what is in `out`.
    pub fn finish(self, out: &mut Vec<u8>) {
        match self.0 {
            State::V1(mac) => {
                let tag = mac.finalize().into_bytes();
                let mut text = [0; 28];
                let length = BASE64_STANDARD.encode_slice(tag, &mut text).unwrap_or_default();
                out.extend_from_slice(&text[..length]);
            }
            State::Acs3 { canonical, mut key } => {
                let mut digest = [0; 64];
                hex_into(&canonical.finalize(), &mut digest);
                key.update(Scheme::Acs3.wire_name().as_bytes());
                key.update(b"\n");
                key.update(&digest);
                let mut text = [0; 64];
                hex_into(&key.finalize().into_bytes(), &mut text);
                out.extend_from_slice(&text);
            }
        }
    }
}

/// Returns the SHA-256 of a body, as `x-acs-content-sha256` has it.
pub fn content_hash(body: &[u8]) -> [u8; 64] {
    let mut text = [0; 64];
    hex_into(&Sha256::digest(body), &mut text);
    text
}

fn hex_into(bytes: &[u8], text: &mut [u8; 64]) {
    // Both callers hash to 32 bytes.
    let _ = hex::encode_to_slice(bytes, text);
}
