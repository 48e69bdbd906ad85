//! Whatever is signed verifies, whatever is changed does not, and the texts are those of a second, slow derivation
//! that shares no code with the first.

use std::collections::BTreeMap;

use proptest::prelude::*;
use secrecy::SecretString;

use crate::exchange::{Request, encode_pairs};
use crate::signing::{
    Credentials, Derivation, Place, Reason, Scheme, SigningInput, Vice, claim, sign, sign_with_vices, verify,
};

/// Escapes by the letter of signing.md §0.
fn slow_encode(text: &str) -> String {
    let mut encoded = String::new();
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() || "-_.~".contains(letter) {
            encoded.push(letter);
        } else {
            let mut buffer = [0; 4];
            for byte in letter.encode_utf8(&mut buffer).bytes() {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    encoded
}

fn slow_query(parameters: &BTreeMap<Vec<u8>, (String, String)>) -> String {
    let pair = |(name, value): &(String, String)| format!("{}={}", slow_encode(name), slow_encode(value));
    parameters.values().map(pair).collect::<Vec<_>>().join("&")
}

fn by_name<'a>(
    pairs: impl Iterator<Item = &'a (String, String)>,
    without: &str,
) -> BTreeMap<Vec<u8>, (String, String)> {
    let kept = pairs.filter(|(name, _)| name != without);
    kept.map(|pair| (pair.0.clone().into_bytes(), pair.clone())).collect()
}

/// Derives V1 by the letter of signing.md §1.2.
fn slow_v1(request: &Request) -> (String, String) {
    let query: Vec<_> = url::form_urlencoded::parse(request.raw_query().as_bytes()).into_owned().collect();
    let form: Vec<_> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    let form = if request.has_form_body() { form } else { Vec::new() };
    let canonical = slow_query(&by_name(query.iter().chain(&form), "Signature"));
    let string_to_sign = format!("{}&{}&{}", request.method, slow_encode("/"), slow_encode(&canonical));
    (canonical, string_to_sign)
}

/// Derives ACS3 by the letter of signing.md §2.2.
fn slow_acs3(request: &Request, signed_headers: &[String]) -> (String, String) {
    use sha2::Digest as _;
    let query: Vec<_> = url::form_urlencoded::parse(request.raw_query().as_bytes()).into_owned().collect();
    let mut text = vec![request.method.clone(), "/".to_owned(), slow_query(&by_name(query.iter(), ""))];
    for name in signed_headers {
        text.push(format!("{name}:{}", request.header(name).expect("signed, so sent").trim()));
    }
    text.push(String::new());
    text.push(signed_headers.join(";"));
    text.push(hex::encode(sha2::Sha256::digest(&request.body)));
    let canonical = text.join("\n");
    let string_to_sign = format!("ACS3-HMAC-SHA256\n{}", hex::encode(sha2::Sha256::digest(canonical.as_bytes())));
    (canonical, string_to_sign)
}

/// HMAC by the letter of RFC 2104 over the hash functions of the `sha1` and `sha2` crates.
fn slow_hmac<D: sha2::Digest>(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = if key.len() > 64 { D::digest(key).to_vec() } else { key.to_vec() };
    block.resize(64, 0);
    let padded = |pad: u8| block.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = D::digest([padded(0x36).as_slice(), text].concat());
    D::digest([padded(0x5c).as_slice(), &inner].concat()).to_vec()
}

#[derive(Debug, Clone)]
struct Example {
    method: String,
    query: BTreeMap<String, String>,
    form: BTreeMap<String, String>,
    /// Of a body that is no form.
    body: Option<Vec<u8>>,
    secret: String,
    token: Option<String>,
    place: Place,
}

fn examples() -> impl Strategy<Value = Example> {
    let name = || prop_oneof![4 => "[A-Za-z][A-Za-z0-9.#_-]{0,12}", 1 => "[^&=%+]{1,6}"];
    let parameters = || prop::collection::btree_map(name(), any::<String>(), 0..6);
    let method = prop_oneof![Just("GET"), Just("POST"), Just("PUT")].prop_map(str::to_owned);
    let body = prop::option::of(prop::collection::vec(any::<u8>(), 0..40));
    let place = prop_oneof![Just(Place::Query), Just(Place::Form)];
    let token = prop::option::of("[ -~]{1,20}");
    (method, parameters(), parameters(), body, "\\PC{0,70}", token, place).prop_map(
        |(method, query, form, body, secret, token, place)| {
            let place = if body.is_some() { Place::Query } else { place };
            Example { method, query, form, body, secret, token, place }
        },
    )
}

impl Example {
    fn request(&self) -> Request {
        let text = |pairs: &BTreeMap<String, String>| {
            encode_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        };
        let kind = if self.body.is_some() { "application/octet-stream" } else { "application/x-www-form-urlencoded" };
        let headers = [("Host", "127.0.0.1:1234"), ("content-type", kind), ("x-acs-action", "InitFaceVerify")];
        Request {
            method: self.method.clone(),
            target: format!("/?{}", text(&self.query)),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            body: self.body.clone().unwrap_or_else(|| text(&self.form).into_bytes()).into(),
        }
    }

    fn credentials(&self) -> Credentials {
        Credentials {
            access_key_id: "testid".to_owned(),
            secret: SecretString::from(self.secret.clone()),
            security_token: self.token.clone().map(SecretString::from),
        }
    }

    fn signed(&self, scheme: Scheme) -> (Request, Derivation) {
        let mut request = self.request();
        let credentials = self.credentials();
        let time = "2026-11-22T04:41:16Z".to_owned();
        let input = SigningInput { place: self.place, ..SigningInput::new(scheme, &credentials, time, "n".to_owned()) };
        let derivation = sign(&mut request, &input).expect("signs");
        (request, derivation)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_verifies_and_its_v1_texts_are_those_of_the_slow_derivation(example in examples()) {
        use base64::Engine as _;
        let (request, derivation) = example.signed(Scheme::V1);
        let claim = claim(&request).expect("a claim");
        prop_assert_eq!(&claim.security_token, &example.token);
        let verified = verify(&request, &claim, &example.credentials().secret).expect("verifies");
        prop_assert_eq!(&verified, &derivation);
        let (canonical, string_to_sign) = slow_v1(&request);
        prop_assert_eq!(&derivation.canonical, &canonical);
        prop_assert_eq!(&derivation.string_to_sign, &string_to_sign);
        let key = format!("{}&", example.secret);
        let tag = slow_hmac::<sha1::Sha1>(key.as_bytes(), string_to_sign.as_bytes());
        prop_assert_eq!(derivation.signature, base64::prelude::BASE64_STANDARD.encode(tag));
    }

    #[test]
    fn what_is_signed_verifies_and_its_acs3_texts_are_those_of_the_slow_derivation(example in examples()) {
        let (request, derivation) = example.signed(Scheme::Acs3);
        let claim = claim(&request).expect("a claim");
        let verified = verify(&request, &claim, &example.credentials().secret).expect("verifies");
        prop_assert_eq!(&verified, &derivation);
        let (canonical, string_to_sign) = slow_acs3(&request, &claim.signed_headers);
        prop_assert_eq!(&derivation.canonical, &canonical);
        prop_assert_eq!(&derivation.string_to_sign, &string_to_sign);
        let tag = slow_hmac::<sha2::Sha256>(example.secret.as_bytes(), string_to_sign.as_bytes());
        prop_assert_eq!(derivation.signature, hex::encode(tag));
    }

    #[test]
    fn every_scheme_goes_both_ways_and_a_changed_request_does_not(example in examples()) {
        for scheme in [Scheme::V1, Scheme::V1Sha256, Scheme::Acs3, Scheme::Acs3Sm3] {
            let (mut request, _) = example.signed(scheme);
            let claim = claim(&request).expect("a claim");
            let secret = example.credentials().secret;
            prop_assert!(verify(&request, &claim, &secret).is_ok());
            let other = SecretString::from(format!("{}x", example.secret));
            prop_assert_eq!(verify(&request, &claim, &other).expect_err("another secret").reason, Reason::Signature);
            request.target.push_str("&Added=1");
            prop_assert_eq!(verify(&request, &claim, &secret).expect_err("changed").reason, Reason::Signature);
        }
    }

    #[test]
    fn a_derivation_with_a_vice_is_sent_as_a_good_request_is(example in examples(), vice in 0..Vice::ALL.len()) {
        let credentials = example.credentials();
        let time = "2026-11-22T04:41:16Z".to_owned();
        let input = SigningInput::new(Scheme::V1, &credentials, time, "n".to_owned());
        let (mut good, mut bad) = (example.request(), example.request());
        sign(&mut good, &input).expect("signs");
        let derivation = sign_with_vices(&mut bad, &input, &[Vice::ALL[vice]]).expect("signs");
        let head = |request: &Request| request.target.split("&Signature=").next().expect("one").to_owned();
        prop_assert_eq!(head(&good), head(&bad));
        let claim = claim(&bad).expect("a claim");
        prop_assert_eq!(&claim.signature, &derivation.signature);
        // A vice that finds nothing to spoil in this request leaves it valid.
        let valid = verify(&bad, &claim, &credentials.secret).is_ok();
        prop_assert_eq!(valid, good == bad);
    }
}

#[test]
fn of_many_parameters_each_name_counts_once_as_of_few() {
    for n_pairs in [10, 1_000] {
        let body: Vec<String> = (0..n_pairs).map(|idx| format!("n{}={idx}", idx % 7)).collect();
        let request = Request {
            method: "POST".to_owned(),
            target: "/?n0=query&only=query".to_owned(),
            headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
            body: body.join("&").into(),
        };
        let found = crate::signing::parameters(&request).expect("decodes");
        assert_eq!(found.len(), 8);
        assert_eq!(found[0], ("only".to_owned(), "query".to_owned()));
        for (name, value) in &found[1..] {
            let value: usize = value.parse().expect("a number of the body");
            assert!(value + 7 >= n_pairs && *name == format!("n{}", value % 7), "{name}={value}");
        }
    }
}
