//! Request signing: one file per scheme, each with sign, verify and explain.
//!
//! A signer is a pure function of request, credentials and the time and nonce it is handed.

use secrecy::SecretString;

use crate::clock::Timestamp;
use crate::exchange::Request;

/// A signature scheme, as `signing.md` §0 names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `SignatureVersion=1.0`, `SignatureMethod=HMAC-SHA1`.
    V1,
    /// V1 string to sign under HMAC-SHA256 (one SDK only, undocumented).
    V1Sha256,
    /// V1 string to sign under RSA, PKCS#1 v1.5; verification only.
    V1Rsa,
    /// `ACS3-HMAC-SHA256`.
    Acs3,
    /// `ACS3-HMAC-SM3`.
    Acs3Sm3,
    /// `ACS3-RSA-SHA256`; verification only.
    Acs3Rsa,
}

/// A key of an account. The secret cannot be printed.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret: SecretString,
    /// STS token, sent and signed when there is one.
    pub security_token: Option<SecretString>,
}

/// What a signer needs besides request and key.
#[derive(Debug, Clone)]
pub struct SigningInput<'a> {
    pub scheme: Scheme,
    pub credentials: &'a Credentials,
    /// Text of `Timestamp` or `x-acs-date`, normally [`Timestamp::to_iso`].
    pub timestamp: String,
    pub nonce: String,
}

/// The texts a signature is derived from, stage by stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivation {
    /// Canonical query (V1) or canonical request (ACS3).
    pub canonical: String,
    pub string_to_sign: String,
    pub signature: String,
}

/// What was read of a request's signature before judging it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub scheme: Scheme,
    pub access_key_id: String,
    pub nonce: Option<String>,
    /// Text as sent.
    pub timestamp: Option<String>,
    pub security_token: Option<String>,
    pub signature: String,
    /// ACS3: names in `SignedHeaders`, as sent.
    pub signed_headers: Vec<String>,
}

/// Parses the instant of a claim.
pub fn claimed_time(claim: &Claim) -> Option<Timestamp> {
    Timestamp::parse_iso(claim.timestamp.as_deref()?)
}

/// Says whether a request speaks ACS3: its `Authorization` begins with `ACS3-` (source: signing.md §0).
pub fn speaks_acs3(request: &Request) -> bool {
    request.header("authorization").is_some_and(|value| value.starts_with("ACS3-"))
}
