//! ACS3: HMAC over a canonical request of method, path, query, chosen headers and body hash
//! (source: signing.md §2).

use aws_lc_rs::digest;
use secrecy::ExposeSecret as _;

use super::claim::Claim;
use super::encoding::{canonical_query, encode, sort_pairs};
use super::key::Key;
use super::model::{Derivation, Mismatched, Reason, Scheme, SignError, SigningInput};
use super::vice::{Vice, Vices, shifted, signed_method};
use crate::exchange::{DecodeError, Request};

const HASH_HEADER: &str = "x-acs-content-sha256";

/// Adds the `x-acs-*` headers and `Authorization`.
pub(super) fn sign(request: &mut Request, input: &SigningInput<'_>, vices: Vices) -> Result<Derivation, SignError> {
    if request.header("host").is_none() {
        return Err(SignError::NoHost);
    }
    add_headers(request, input, vices);
    let signed_headers = headers_to_sign(request, input, vices);
    let payload = request.header(HASH_HEADER).map_or_else(|| body_hash(input.scheme, &request.body), str::to_owned);
    let key = Key::new(input.credentials.secret.clone());
    let subject = Subject { request, signed_headers: &signed_headers, payload: &payload };
    let derivation = derive(&key, input.scheme, &subject, &input.credentials.access_key_id, vices)?;
    if input.adds("Authorization") {
        let value = authorization(input, &signed_headers, &derivation.signature);
        request.headers.push(("Authorization".to_owned(), value));
    }
    Ok(derivation)
}

fn add_headers(request: &mut Request, input: &SigningInput<'_>, vices: Vices) {
    // A hash that is certainly not the body's: that of the body with one byte more.
    let hash = match vices.has(Vice::BodyHash) {
        true => body_hash(input.scheme, &[&request.body[..], b" "].concat()),
        false => body_hash(input.scheme, &request.body),
    };
    let mut added = vec![
        ("x-acs-date", input.timestamp.clone()),
        ("x-acs-signature-nonce", input.nonce.clone()),
        (HASH_HEADER, hash),
    ];
    if let Some(token) = &input.credentials.security_token {
        added.push(("x-acs-security-token", token.expose_secret().to_owned()));
        added.push(("x-acs-accesskey-id", input.credentials.access_key_id.clone()));
    }
    for (name, value) in added {
        if input.adds(name) && request.header(name).is_none() {
            request.headers.push((name.to_owned(), value));
        }
    }
}

/// Returns the names to be signed: `host`, `content-type`, all `x-acs-*` and what the input adds, sorted (source:
/// signing.md §2.2).
fn headers_to_sign(request: &Request, input: &SigningInput<'_>, vices: Vices) -> Vec<String> {
    let names = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
    let also = |name: &str| input.also_signed.iter().any(|also| also.eq_ignore_ascii_case(name));
    let wanted = |name: &String| name == "host" || name == "content-type" || name.starts_with("x-acs-") || also(name);
    let mut names: Vec<String> = names.filter(wanted).filter(|name| !unsigned(name, vices)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn unsigned(name: &str, vices: Vices) -> bool {
    match name {
        "host" => vices.has(Vice::HostUnsigned),
        "x-acs-signature-nonce" => vices.has(Vice::HeaderUnsigned),
        "x-acs-security-token" => vices.has(Vice::TokenUnsigned),
        _ => false,
    }
}

fn authorization(input: &SigningInput<'_>, signed_headers: &[String], signature: &str) -> String {
    let algorithm = input.scheme.wire_name();
    let key_id = &input.credentials.access_key_id;
    let signed_headers = signed_headers.join(";");
    match input.signature_first {
        true => format!("{algorithm} Credential={key_id},Signature={signature},SignedHeaders={signed_headers}"),
        false => format!("{algorithm} Credential={key_id},SignedHeaders={signed_headers},Signature={signature}"),
    }
}

/// Derives from the request as received and judges the claim. The signature is judged before the list of signed
/// headers, so that the reason given is the graver one.
pub(super) fn verify(key: &Key, request: &Request, claim: &Claim, vices: Vices) -> Result<Derivation, Box<Mismatched>> {
    let payload = body_hash(claim.scheme, &request.body);
    let subject = Subject { request, signed_headers: &claim.signed_headers, payload: &payload };
    let derivation = derive(key, claim.scheme, &subject, &claim.access_key_id, vices)
        .map_err(|error| Mismatched::without_derivation(Reason::Undecodable(error)))?;
    let declared = request.header(HASH_HEADER).or_else(|| request.header("x-acs-content-sm3"));
    if declared.is_some_and(|declared| declared != payload) {
        return Err(Box::new(Mismatched { reason: Reason::BodyHash { actual: payload }, derivation }));
    }
    let derivation = key.judge(derivation, claim)?;
    match header_list_fault(request, claim) {
        Some(reason) => Err(Box::new(Mismatched { reason, derivation })),
        None => Ok(derivation),
    }
}

/// Looks for a header that had to be signed and was not; whether a real gateway refuses those is open
/// (source: signing.md §10.7).
pub(super) fn header_list_fault(request: &Request, claim: &Claim) -> Option<Reason> {
    let listed = |name: &str| claim.signed_headers.iter().any(|signed| signed.eq_ignore_ascii_case(name));
    if !listed("host") {
        return Some(Reason::HostUnsigned);
    }
    if let Some(name) = claim.signed_headers.iter().find(|name| request.header(name).is_none()) {
        return Some(Reason::HeaderAbsent { name: name.clone() });
    }
    let mut vendor = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
    let name = vendor.find(|name| name.starts_with("x-acs-") && !listed(name))?;
    Some(Reason::HeaderUnsigned { name })
}

/// What a canonical request is made of.
pub(super) struct Subject<'a> {
    pub(super) request: &'a Request,
    pub(super) signed_headers: &'a [String],
    /// The last line, `HashedPayload`.
    pub(super) payload: &'a str,
}

/// Derives the signature over a subject (source: signing.md §2.2).
pub(super) fn derive(
    key: &Key,
    scheme: Scheme,
    subject: &Subject<'_>,
    key_id: &str,
    vices: Vices,
) -> Result<Derivation, DecodeError> {
    let canonical = canonical_request(subject, vices)?;
    let string_to_sign = format!("{}\n{}", scheme.wire_name(), body_hash(scheme, canonical.as_bytes()));
    let signature = key.signature(scheme, &string_to_sign, vices, key_id);
    Ok(Derivation { canonical, string_to_sign, signature })
}

fn canonical_request(subject: &Subject<'_>, vices: Vices) -> Result<String, DecodeError> {
    let request = subject.request;
    let method = signed_method(&request.method, vices);
    let path = if vices.has(Vice::PathRoot) { "/".to_owned() } else { canonical_path(request.path(), vices)? };
    let mut query = request.query()?;
    if vices.has(Vice::FormInQuery) {
        query.append(&mut request.form()?);
    }
    let mut pairs: Vec<(&str, &str)> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if vices.has(Vice::EmptyLeftOut) {
        pairs.retain(|(_, value)| !value.is_empty());
    }
    sort_pairs(&mut pairs, vices);
    let query = canonical_query(&pairs, vices);
    let mut names: Vec<String> = subject.signed_headers.iter().map(|name| name.to_ascii_lowercase()).collect();
    names.retain(|name| !unsigned(name, vices));
    if !vices.has(Vice::Unsorted) {
        names.sort_unstable();
    }
    let headers = canonical_headers(request, &names, vices);
    let blank = if vices.has(Vice::BlankLineMissing) { "" } else { "\n" };
    let names = names.join(";");
    Ok(format!("{method}\n{path}\n{query}\n{headers}{blank}{names}\n{}", subject.payload))
}

fn canonical_path(path: &str, vices: Vices) -> Result<String, DecodeError> {
    if path.is_empty() || path == "/" {
        return Ok("/".to_owned());
    }
    let encode_segment = |segment: &str| {
        let decoded = percent_encoding::percent_decode_str(segment).decode_utf8().map_err(|_| DecodeError::NotUtf8)?;
        Ok(encode(&decoded, vices))
    };
    let segments: Result<Vec<String>, DecodeError> = path.split('/').map(encode_segment).collect();
    segments.map(|segments| segments.join("/"))
}

fn canonical_headers(request: &Request, names: &[String], vices: Vices) -> String {
    let mut text = String::with_capacity(64 * names.len());
    for name in names {
        text.push_str(name);
        text.push(':');
        text.push_str(&header_value(request, name, vices));
        text.push('\n');
    }
    text
}

/// Returns the value to be signed: trimmed; of several headers of one name all, sorted and joined by `,`
/// (source: signing.md §2.5).
fn header_value(request: &Request, name: &str, vices: Vices) -> String {
    let same = request.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let mut values: Vec<&str> = same.map(|(_, value)| value.trim()).collect();
    values.sort_unstable();
    let value = values.join(",");
    match name {
        "host" if vices.has(Vice::HostWithoutPort) => value.split(':').next().unwrap_or_default().to_owned(),
        "host" if vices.has(Vice::HostTrailingSlash) => format!("{value}/"),
        "x-acs-date" if vices.has(Vice::LocalTime) => shifted(&value, 8 * 3600).unwrap_or(value),
        _ => value,
    }
}

/// Returns the hash of a text in lower-case hex, SM3 under `ACS3-HMAC-SM3`, else SHA-256.
pub(super) fn body_hash(scheme: Scheme, text: &[u8]) -> String {
    use sm3::Digest as _;
    match scheme {
        Scheme::Acs3Sm3 => hex::encode(sm3::Sm3::digest(text)),
        _ => hex::encode(digest::digest(&digest::SHA256, text)),
    }
}
