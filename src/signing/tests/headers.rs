//! Headers that ACS3 clients sign besides, and the order of what `Authorization` holds.

use secrecy::SecretString;

use crate::exchange::Request;
use crate::signing::{Credentials, Scheme, SigningInput, claim, sign, verify};

#[test]
fn further_headers_and_either_order_verify() {
    for (also_signed, signature_first) in
        [(vec![], true), (vec!["Accept".to_owned()], false), (vec!["accept".to_owned()], true)]
    {
        let secret = SecretString::from("testsecret");
        let credentials =
            Credentials { access_key_id: "testid".to_owned(), secret: secret.clone(), security_token: None };
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut request = Request {
            method: "POST".to_owned(),
            target: "/".to_owned(),
            headers: vec![header("host", "127.0.0.1:1"), header("accept", "application/json")],
            body: bytes::Bytes::new(),
        };
        let time = "2026-11-22T04:41:16Z".to_owned();
        let input = SigningInput {
            also_signed: also_signed.clone(),
            signature_first,
            ..SigningInput::new(Scheme::Acs3, &credentials, time, "nonce-1".to_owned())
        };
        sign(&mut request, &input).expect("signs");
        let claim = claim(&request).expect("a claim");
        assert_eq!(claim.signed_headers.contains(&"accept".to_owned()), !also_signed.is_empty());
        assert!(verify(&request, &claim, &secret).is_ok());
        let value = request.header("authorization").expect("signed");
        assert_eq!(value.find("Signature=") < value.find("SignedHeaders="), signature_first);
    }
}
