//! Every vector of `fixtures/signing-vectors.json`, stage by stage.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use indexmap::IndexMap;
use secrecy::SecretString;
use serde::Deserialize;

use crate::exchange::{Request, encode_pairs};
use crate::signing::acs3::{self, Subject};
use crate::signing::vice::Vices;
use crate::signing::{Key, Reason, Scheme, claim, v1, verify_rsa};

#[derive(Deserialize)]
struct Vector {
    id: String,
    scheme: String,
    method: String,
    path: String,
    query: IndexMap<String, String>,
    form: IndexMap<String, String>,
    headers: IndexMap<String, String>,
    body: String,
    access_key_id: String,
    access_key_secret: Option<String>,
    expected: Expected,
    #[serde(default)]
    signed_headers: Vec<String>,
    hashed_payload: Option<String>,
    wire: Option<Wire>,
    public_key_spki_base64: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    string_to_sign: String,
    signature: String,
    canonical_request: Option<String>,
    authorization: Option<String>,
}

#[derive(Deserialize)]
struct Wire {
    target: String,
    body: String,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../../../fixtures/signing-vectors.json")).expect("vectors parse")
}

fn scheme(name: &str) -> Scheme {
    match name {
        "rpc-v1-hmac-sha1" => Scheme::V1,
        "rpc-v1-hmac-sha256" => Scheme::V1Sha256,
        "rpc-v1-sha256withrsa" => Scheme::V1Rsa,
        "acs3-hmac-sha256" => Scheme::Acs3,
        "acs3-hmac-sm3" => Scheme::Acs3Sm3,
        "acs3-rsa-sha256" => Scheme::Acs3Rsa,
        other => panic!("scheme {other}"),
    }
}

fn key(vector: &Vector) -> Key {
    Key::new(SecretString::from(vector.access_key_secret.clone().unwrap_or_default()))
}

fn request(vector: &Vector) -> Request {
    let pairs = vector.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let target = match &vector.wire {
        Some(wire) => wire.target.clone(),
        None => format!("{}?{}", vector.path, encode_pairs(pairs)),
    };
    let body = vector.wire.as_ref().map_or(vector.body.clone(), |wire| wire.body.clone());
    let mut headers: Vec<(String, String)> = vector.headers.clone().into_iter().collect();
    headers.extend(vector.expected.authorization.clone().map(|value| ("Authorization".to_owned(), value)));
    Request { method: vector.method.clone(), target, headers, body: body.into() }
}

#[test]
fn every_vector_is_derived_stage_by_stage() {
    let mut n_vectors = 0;
    for vector in vectors() {
        let scheme = scheme(&vector.scheme);
        if scheme.is_acs3() {
            check_acs3(&vector, scheme)
        } else {
            check_v1(&vector, scheme)
        }
        n_vectors += 1;
    }
    assert_eq!(n_vectors, 116);
}

fn check_v1(vector: &Vector, scheme: Scheme) {
    let id = &vector.id;
    let parameters: Vec<_> = vector.query.clone().into_iter().chain(vector.form.clone()).collect();
    let derivation = v1::derive(&key(vector), scheme, &vector.method, &parameters, Vices::NONE);
    assert_eq!(derivation.string_to_sign, vector.expected.string_to_sign, "{id}: string to sign");
    if scheme == Scheme::V1Rsa {
        return check_rsa(vector, request_with_signature(vector));
    }
    assert_eq!(derivation.signature, vector.expected.signature, "{id}: signature");
    if vector.wire.is_some() {
        check_claim(vector);
    }
}

fn check_acs3(vector: &Vector, scheme: Scheme) {
    let id = &vector.id;
    let payload = vector.hashed_payload.clone().expect("an ACS3 vector has one");
    let request = request(vector);
    let subject = Subject { request: &request, signed_headers: &vector.signed_headers, payload: &payload };
    let derivation = acs3::derive(&key(vector), scheme, &subject, &vector.access_key_id, Vices::NONE).expect("decodes");
    assert_eq!(Some(&derivation.canonical), vector.expected.canonical_request.as_ref(), "{id}: canonical request");
    assert_eq!(derivation.string_to_sign, vector.expected.string_to_sign, "{id}: string to sign");
    if scheme == Scheme::Acs3Rsa {
        return check_rsa(vector, request);
    }
    assert_eq!(derivation.signature, vector.expected.signature, "{id}: signature");
    if !id.starts_with("sdktest-") {
        check_claim(vector);
    }
}

fn request_with_signature(vector: &Vector) -> Request {
    let mut request = request(vector);
    request.target.push_str(&format!("&{}", encode_pairs([("Signature", vector.expected.signature.as_str())])));
    request
}

fn check_rsa(vector: &Vector, mut request: Request) {
    let id = &vector.id;
    let public_key = vector.public_key_spki_base64.as_ref().expect("an RSA vector has a public key");
    let public_key = BASE64_STANDARD.decode(public_key).expect("Base64");
    let claim = claim(&request).expect("a claim");
    let derivation = verify_rsa(&request, &claim, &public_key).unwrap_or_else(|error| panic!("{id}: {error:?}"));
    assert_eq!(derivation.string_to_sign, vector.expected.string_to_sign, "{id}");
    assert_eq!(key(vector).verify(&request, &claim).expect_err("no secret").reason, Reason::NeedsPublicKey, "{id}");
    request.method = "PUT".to_owned();
    assert_eq!(verify_rsa(&request, &claim, &public_key).expect_err("tampered").reason, Reason::Signature, "{id}");
}

fn check_claim(vector: &Vector) {
    let request = request(vector);
    let claim = claim(&request).unwrap_or_else(|error| panic!("{}: {error}", vector.id));
    assert_eq!(claim.access_key_id, vector.access_key_id, "{}", vector.id);
    assert_eq!(claim.signature, vector.expected.signature, "{}", vector.id);
    let derivation = key(vector).verify(&request, &claim).unwrap_or_else(|error| panic!("{}: {error:?}", vector.id));
    assert_eq!(derivation.string_to_sign, vector.expected.string_to_sign, "{}", vector.id);
}
