//! Common parameters: who calls what, in which form the answer is wanted.

use super::body::Format;
use super::parameters::Parameters;
use super::refusal::Refusal;
use crate::exchange::Request;
use crate::signing::{self, Claim, ClaimError};

/// Names that have to be there under V1, in the order they are asked for (source: signing.md §1.1).
const V1_REQUIRED: [&str; 8] = [
    "AccessKeyId",
    "Signature",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureNonce",
    "Timestamp",
    "Action",
    "Version",
];

/// Headers that have to be there under ACS3, with the name refusals use: no sample of a refusal was found, so they
/// follow V1 (source: signing.md §10.7).
const ACS3_REQUIRED: [(&str, &str); 5] = [
    ("x-acs-action", "Action"),
    ("x-acs-version", "Version"),
    ("x-acs-date", "Timestamp"),
    ("x-acs-signature-nonce", "SignatureNonce"),
    ("x-acs-content-sha256", "ContentSha256"),
];

/// What common parameters say.
pub(super) struct Common {
    pub(super) claim: Claim,
    pub(super) action: String,
    pub(super) version: String,
}

/// Returns the form of the answer, as far as it can be told before anything is checked.
///
/// V1 without `Format` is answered in XML (source: signing.md §1.1), ACS3 as `accept` says, JSON otherwise.
pub(super) fn wanted_format(request: &Request, parameters: &Parameters) -> Format {
    if let Some(format) = parameters.given("Format") {
        return Format::named(format).unwrap_or(Format::Json);
    }
    if !signing::speaks_acs3(request) {
        return Format::Xml;
    }
    let accept = request.header("accept").unwrap_or_default();
    if accept.contains("xml") && !accept.contains("json") { Format::Xml } else { Format::Json }
}

/// Reads the common parameters, or names the first that is missing.
pub(super) fn read(request: &Request, parameters: &Parameters) -> Result<Common, Refusal> {
    let common = if signing::speaks_acs3(request) { read_acs3(request)? } else { read_v1(parameters)? };
    match parameters.given("Format") {
        Some(format) if Format::named(format).is_none() => Err(Refusal::of("InvalidParameter.Format")),
        _ => Ok(common),
    }
}

fn read_v1(parameters: &Parameters) -> Result<Common, Refusal> {
    if let Some(name) = V1_REQUIRED.into_iter().find(|name| parameters.given(name).is_none()) {
        return Err(Refusal::missing(name));
    }
    let claim = signing::claim_decoded(&parameters.0).map_err(refuse_claim)?;
    // HMAC-SHA256 and RSA under V1 are what single SDKs can do, not what documents offer (source: signing.md §1.6).
    if claim.scheme != signing::Scheme::V1 {
        return Err(Refusal::of("InvalidSignatureMethod"));
    }
    let text = |name| parameters.text(name).to_owned();
    Ok(Common { claim, action: text("Action"), version: text("Version") })
}

fn read_acs3(request: &Request) -> Result<Common, Refusal> {
    let given = |name: &str| request.header(name).filter(|value| !value.is_empty());
    // SM3 has its own hash header in one SDK (source: signing.md §2.5).
    let present =
        |name: &str| given(name).is_some() || (name == "x-acs-content-sha256" && given("x-acs-content-sm3").is_some());
    let claim = signing::claim(request).map_err(refuse_claim)?;
    if let Some((_, name)) = ACS3_REQUIRED.into_iter().find(|(header, _)| !present(header)) {
        return Err(Refusal::missing(name));
    }
    let text = |name| given(name).unwrap_or_default().to_owned();
    Ok(Common { claim, action: text("x-acs-action"), version: text("x-acs-version") })
}

fn refuse_claim(error: ClaimError) -> Refusal {
    match error {
        ClaimError::Missing { name: "Credential" } => Refusal::missing("AccessKeyId"),
        ClaimError::Missing { name } => Refusal::missing(name),
        ClaimError::UnknownMethod(_) | ClaimError::UnknownAlgorithm(_) => Refusal::of("InvalidSignatureMethod"),
        ClaimError::UnknownVersion(_) => Refusal::invalid("SignatureVersion"),
        ClaimError::MalformedAuthorization(_) | ClaimError::Undecodable(_) => Refusal::of("IncompleteSignature"),
    }
}
