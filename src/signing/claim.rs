//! Reads what a request says about its own signature, before anybody judges it.

use super::model::Scheme;
use crate::clock::Timestamp;
use crate::exchange::{DecodeError, Request};

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

/// What keeps a claim from being read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// A common parameter (V1) or a part of `Authorization` (ACS3) is absent or empty.
    #[error("{name} is missing")]
    Missing { name: &'static str },
    #[error("SignatureMethod {0:?} is not known")]
    UnknownMethod(String),
    #[error("SignatureVersion {0:?} is not 1.0")]
    UnknownVersion(String),
    #[error("the algorithm {0:?} of Authorization is not known")]
    UnknownAlgorithm(String),
    #[error("Authorization is malformed at {0:?}")]
    MalformedAuthorization(String),
    #[error("query or form is {0}")]
    Undecodable(#[from] DecodeError),
}

/// Reads the claim of a request in either family of schemes.
///
/// A missing nonce or time is no error here: the gateway decides when it looks for them.
pub fn claim(request: &Request) -> Result<Claim, ClaimError> {
    if speaks_acs3(request) { acs3_claim(request) } else { claim_decoded(&super::parameters(request)?) }
}

/// Reads a V1 claim from the decoded parameters of query and form.
pub fn claim_decoded(parameters: &[(String, String)]) -> Result<Claim, ClaimError> {
    let find = |name: &str| {
        let pair = parameters.iter().find(|(key, value)| key == name && !value.is_empty());
        pair.map(|(_, value)| value.as_str())
    };
    let need = |name: &'static str| find(name).ok_or(ClaimError::Missing { name });
    let access_key_id = need("AccessKeyId")?.to_owned();
    let method = need("SignatureMethod")?;
    let version = need("SignatureVersion")?;
    let signature = need("Signature")?.to_owned();
    let scheme = v1_scheme(method).ok_or_else(|| ClaimError::UnknownMethod(method.to_owned()))?;
    if version != "1.0" {
        return Err(ClaimError::UnknownVersion(version.to_owned()));
    }
    Ok(Claim {
        scheme,
        access_key_id,
        nonce: find("SignatureNonce").map(str::to_owned),
        timestamp: find("Timestamp").map(str::to_owned),
        security_token: find("SecurityToken").map(str::to_owned),
        signature,
        signed_headers: Vec::new(),
    })
}

/// Parses the instant of a claim.
pub fn claimed_time(claim: &Claim) -> Option<Timestamp> {
    Timestamp::parse_iso(claim.timestamp.as_deref()?)
}

/// Says whether a request speaks ACS3: its `Authorization` begins with `ACS3-` (source: signing.md §0).
pub fn speaks_acs3(request: &Request) -> bool {
    request.header("authorization").is_some_and(|value| value.starts_with("ACS3-"))
}

/// The case of `SignatureMethod` does not matter, since the vendor's own SAF sample writes `Hmac-SHA1`
/// (source: signing.md §1.1, uncertain).
fn v1_scheme(method: &str) -> Option<Scheme> {
    [Scheme::V1, Scheme::V1Sha256, Scheme::V1Rsa]
        .into_iter()
        .find(|scheme| scheme.wire_name().eq_ignore_ascii_case(method))
}

/// Parses `<alg> SP Credential=…,SignedHeaders=…,Signature=…`, the three parts in any order
/// (source: signing.md §2.3). An empty signature is read as one: it answers as a wrong one does.
fn acs3_claim(request: &Request) -> Result<Claim, ClaimError> {
    let authorization = request.header("authorization").ok_or(ClaimError::Missing { name: "Authorization" })?;
    let (algorithm, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
    let scheme =
        [Scheme::Acs3, Scheme::Acs3Sm3, Scheme::Acs3Rsa].into_iter().find(|scheme| scheme.wire_name() == algorithm);
    let scheme = scheme.ok_or_else(|| ClaimError::UnknownAlgorithm(algorithm.to_owned()))?;
    let [mut credential, mut signed_headers, mut signature] = [None; 3];
    for piece in rest.split(',').map(str::trim) {
        match piece.split_once('=') {
            Some(("Credential", value)) => credential = Some(value),
            Some(("SignedHeaders", value)) => signed_headers = Some(value),
            Some(("Signature", value)) => signature = Some(value),
            _ => return Err(ClaimError::MalformedAuthorization(piece.to_owned())),
        }
    }
    let header = |name: &str| request.header(name).filter(|value| !value.is_empty()).map(str::to_owned);
    let credential = credential.filter(|id| !id.is_empty()).ok_or(ClaimError::Missing { name: "Credential" })?;
    let signed_headers = signed_headers.ok_or(ClaimError::Missing { name: "SignedHeaders" })?;
    Ok(Claim {
        scheme,
        access_key_id: credential.to_owned(),
        nonce: header("x-acs-signature-nonce"),
        timestamp: header("x-acs-date"),
        security_token: header("x-acs-security-token"),
        signature: signature.ok_or(ClaimError::Missing { name: "Signature" })?.to_owned(),
        signed_headers: signed_headers.split(';').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
    })
}
