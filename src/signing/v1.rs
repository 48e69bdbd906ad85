//! V1, `SignatureVersion=1.0`: HMAC over method and all parameters of query and form (source: signing.md §1).

use std::collections::HashSet;

use super::encoding::{canonical_query, encode, push_encoded, sort_pairs};
use super::key::Key;
use super::model::{Derivation, Place, SignError, SigningInput};
use super::vice::{Vice, Vices};
use crate::exchange::{DecodeError, Request, encode_pairs};
use secrecy::ExposeSecret as _;

/// Returns the parameters of query and form, decoded, each name once: a later pair replaces an earlier one of the
/// same name, so the body wins over the query, as in most SDKs (source: signing.md §1.3, uncertain).
pub fn parameters(request: &Request) -> Result<Vec<(String, String)>, DecodeError> {
    let mut pairs = request.query()?;
    pairs.append(&mut request.form()?);
    if pairs.len() > MANY {
        let mut is_last: Vec<bool> = {
            let mut seen = HashSet::with_capacity(pairs.len());
            pairs.iter().rev().map(|(name, _)| seen.insert(name.as_str())).collect()
        };
        pairs.retain(|_| is_last.pop().unwrap_or(true));
        return Ok(pairs);
    }
    let mut last_first: Vec<(String, String)> = Vec::with_capacity(pairs.len());
    for pair in pairs.into_iter().rev() {
        if !last_first.iter().any(|(name, _)| *name == pair.0) {
            last_first.push(pair);
        }
    }
    last_first.reverse();
    Ok(last_first)
}

/// Parameters from which on looking each name up in a set is faster than looking through them all.
const MANY: usize = 64;

/// Adds the common parameters and `Signature` in the place asked for.
pub(super) fn sign(request: &mut Request, input: &SigningInput<'_>, vices: Vices) -> Result<Derivation, SignError> {
    if input.place == Place::Form && !request.body.is_empty() && !request.has_form_body() {
        return Err(SignError::BodyIsNoForm);
    }
    let present = parameters(request)?;
    let mut added = common_parameters(input);
    added.retain(|(name, _)| input.adds(name) && !present.iter().any(|(key, _)| key == name));
    append(request, input.place, &added);
    // Read again, since the order on the wire matters to a client that does not sort.
    let mut signed = parameters(request)?;
    if vices.has(Vice::FormUnsigned) {
        leave_out_form(&mut signed, request)?;
    }
    let key = Key::new(input.credentials.secret.clone());
    let derivation = derive(&key, input.scheme, &request.method, &signed, vices);
    if input.adds("Signature") {
        append(request, input.place, &[("Signature", derivation.signature.clone())]);
    }
    Ok(derivation)
}

/// Takes the fields of the form out of the parameters.
pub(super) fn leave_out_form(parameters: &mut Vec<(String, String)>, request: &Request) -> Result<(), DecodeError> {
    let form = request.form()?;
    parameters.retain(|(name, _)| !form.iter().any(|(key, _)| key == name));
    Ok(())
}

fn common_parameters(input: &SigningInput<'_>) -> Vec<(&'static str, String)> {
    let mut added = vec![
        ("AccessKeyId", input.credentials.access_key_id.clone()),
        ("SignatureMethod", input.scheme.wire_name().to_owned()),
        ("SignatureVersion", "1.0".to_owned()),
        ("SignatureNonce", input.nonce.clone()),
        ("Timestamp", input.timestamp.clone()),
    ];
    if let Some(token) = &input.credentials.security_token {
        added.push(("SecurityToken", token.expose_secret().to_owned()));
    }
    added
}

fn append(request: &mut Request, place: Place, added: &[(&'static str, String)]) {
    let text = encode_pairs(added.iter().map(|(name, value)| (*name, value.as_str())));
    if text.is_empty() {
        return;
    }
    if place == Place::Query {
        let joint = if !request.target.contains('?') {
            "?"
        } else if request.raw_query().is_empty() {
            ""
        } else {
            "&"
        };
        request.target.push_str(joint);
        request.target.push_str(&text);
        return;
    }
    let mut body = request.body.to_vec();
    if !body.is_empty() {
        body.push(b'&');
    }
    body.extend_from_slice(text.as_bytes());
    request.body = body.into();
    if request.header("content-type").is_none() {
        request.headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
    }
    let length = request.body.len().to_string();
    for (_, value) in request.headers.iter_mut().filter(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
        value.clone_from(&length);
    }
}

/// Derives the signature over decoded parameters, `Signature` itself set aside (source: signing.md §1.2).
pub(super) fn derive(
    key: &Key,
    scheme: super::Scheme,
    method: &str,
    parameters: &[(String, String)],
    vices: Vices,
) -> Derivation {
    let mut pairs: Vec<(&str, &str)> = Vec::with_capacity(parameters.len());
    let mut key_id = "";
    for (name, value) in parameters {
        match name.as_str() {
            "Signature" => continue,
            "SecurityToken" if vices.has(Vice::TokenUnsigned) => continue,
            _ if value.is_empty() && vices.has(Vice::EmptyLeftOut) => continue,
            "AccessKeyId" => key_id = value,
            _ => {}
        }
        pairs.push((name, value));
    }
    let local_time = vices.has(Vice::LocalTime).then(|| east_eight(&pairs)).flatten();
    if let Some(text) = &local_time {
        let timestamps = pairs.iter_mut().filter(|(name, _)| *name == "Timestamp");
        timestamps.for_each(|pair| pair.1 = text);
    }
    let (canonical, string_to_sign) = texts(method, &mut pairs, vices);
    let signature = key.signature(scheme, &string_to_sign, vices, key_id);
    Derivation { canonical, string_to_sign, signature }
}

fn east_eight(pairs: &[(&str, &str)]) -> Option<String> {
    let (_, text) = pairs.iter().find(|(name, _)| *name == "Timestamp")?;
    super::vice::shifted(text, 8 * 3600)
}

pub(super) fn texts(method: &str, pairs: &mut [(&str, &str)], vices: Vices) -> (String, String) {
    sort_pairs(pairs, vices);
    let canonical = canonical_query(pairs, vices);
    let method = super::vice::signed_method(method, vices);
    let mut string_to_sign = format!("{method}&{}&", encode("/", vices));
    match vices.has(Vice::EncodedOnce) {
        true => string_to_sign.push_str(&canonical),
        false => push_encoded(&mut string_to_sign, &canonical, vices),
    }
    (canonical, string_to_sign)
}
