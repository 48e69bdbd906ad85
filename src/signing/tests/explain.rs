//! `explain` names the rule behind every vice.

use secrecy::SecretString;

use super::recordings::recordings;
use crate::exchange::Request;
use crate::signing::explain::{Confidence, Evidence, Explanation, explain, write_text};
use crate::signing::{Credentials, Place, Scheme, SigningInput, Vice, sign_with_vices};

const SECRET: &str = "testsecret";

fn credentials() -> Credentials {
    let secret = SecretString::from(SECRET);
    Credentials { access_key_id: "testid".into(), secret, security_token: Some(SecretString::from("token+/=")) }
}

/// A request in which every vice makes a difference of its own.
fn request(method: &str, target: &str, body: &str) -> Request {
    let headers = [
        ("Host", "127.0.0.1:8080"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("x-acs-action", "InitFaceVerify"),
        ("x-acs-version", "2019-03-07"),
    ];
    Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        body: body.to_owned().into(),
    }
}

const TARGET: &str = "/api?Version=2019-03-07&Action=InitFaceVerify&b=x%20y&A-B=1&A=%7E&a=%2A&C=%21%27%28&D=%2Fd&\
    E=&E2=&F=%2541&G=%20g%20&H=%2B&J=%E5%BC%A0";

fn signed(scheme: Scheme, place: Place, vices: &[Vice]) -> Request {
    let credentials = credentials();
    let mut request = request("POST", TARGET, "CertNo=330103199001011234&Model=MOVE%20ACTION");
    let time = "2026-11-22T04:41:16Z".to_owned();
    let input = SigningInput { place, ..SigningInput::new(scheme, &credentials, time, "nonce-1".to_owned()) };
    sign_with_vices(&mut request, &input, vices).expect("signs");
    request
}

fn evidence<'a>(request: &'a Request, secret: &'a SecretString) -> Evidence<'a> {
    Evidence { request, secret, client_text: None, earlier: &[], at: None }
}

fn explained(request: &Request) -> Explanation {
    explain(&evidence(request, &SecretString::from(SECRET))).expect("a claim")
}

const ONLY_V1: [Vice; 2] = [Vice::EncodedOnce, Vice::FormUnsigned];
const ONLY_ACS3: [Vice; 8] = [
    Vice::FormInQuery,
    Vice::PathRoot,
    Vice::HostWithoutPort,
    Vice::HostTrailingSlash,
    Vice::HostUnsigned,
    Vice::HeaderUnsigned,
    Vice::BlankLineMissing,
    Vice::BodyHash,
];

fn rule_of(vice: Vice) -> String {
    let name = format!("{vice:?}");
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

#[test]
fn each_vice_alone_is_named_by_its_rule() {
    for scheme in [Scheme::V1, Scheme::V1Sha256, Scheme::Acs3, Scheme::Acs3Sm3] {
        let not_here: &[Vice] = if scheme.is_acs3() { &ONLY_V1 } else { &ONLY_ACS3 };
        for vice in Vice::ALL.into_iter().filter(|vice| !not_here.contains(vice) && *vice != Vice::WrongSecret) {
            let explanation = explained(&signed(scheme, Place::Query, &[vice]));
            let rules: Vec<&str> = explanation.findings.iter().map(|finding| finding.rule).collect();
            assert_eq!(rules, [rule_of(vice)], "{scheme:?} {vice:?}: {explanation:#?}");
            assert_eq!(explanation.confidence, Confidence::Exact, "{scheme:?} {vice:?}");
            assert!(!explanation.valid);
            // A token left out cannot be told from a token added later.
            let same = if vice == Vice::TokenUnsigned && !scheme.is_acs3() { &["parameter-unsigned"][..] } else { &[] };
            assert_eq!(explanation.alternatives, same, "{scheme:?} {vice:?}");
        }
    }
}

#[test]
fn a_vice_of_the_text_shows_where_the_texts_part() {
    let cases = [
        (Vice::TildeEscaped, "parameter A", "~", "%"),
        (Vice::SpaceAsPlus, "parameter G", "5", "B"),
        (Vice::WrongMethod, "the method", "P", "G"),
        (Vice::Unsorted, "parameter A", "A", "V"),
        (Vice::LocalTime, "parameter Timestamp", "0", "1"),
    ];
    for (vice, place, server, client) in cases {
        let difference = explained(&signed(Scheme::V1, Place::Query, &[vice])).difference.expect("one");
        assert_eq!((difference.place.as_str(), difference.text.name()), (place, "string to sign"), "{difference:?}");
        assert_eq!((difference.server.byte.as_str(), difference.client.byte.as_str()), (server, client), "{vice:?}");
        assert_eq!(difference.server.before, difference.client.before);
    }
    let places = [
        (Vice::PathRoot, "the path"),
        (Vice::AsteriskRaw, "parameter a"),
        (Vice::HostWithoutPort, "header host"),
        (Vice::LocalTime, "header x-acs-date"),
        (Vice::BlankLineMissing, "the blank line behind the headers"),
        (Vice::BodyHash, "the body hash"),
    ];
    for (vice, place) in places {
        let difference = explained(&signed(Scheme::Acs3, Place::Query, &[vice])).difference.expect("one");
        assert_eq!((difference.place.as_str(), difference.text.name()), (place, "canonical request"), "{vice:?}");
    }
}

#[test]
fn pairs_of_vices_are_told() {
    let pairs = [
        (Scheme::V1, [Vice::SpaceAsPlus, Vice::KeySuffix]),
        (Scheme::V1, [Vice::AsteriskRaw, Vice::SecretNewline]),
        (Scheme::V1, [Vice::Unsorted, Vice::WrongMethod]),
        (Scheme::Acs3, [Vice::PathRoot, Vice::HostTrailingSlash]),
        (Scheme::Acs3, [Vice::LowerCaseHex, Vice::OtherSignatureText]),
    ];
    for (scheme, pair) in pairs {
        let explanation = explained(&signed(scheme, Place::Query, &pair));
        let mut rules: Vec<&str> = explanation.findings.iter().map(|finding| finding.rule).collect();
        let mut expected = pair.map(rule_of);
        rules.sort_unstable();
        expected.sort_unstable();
        assert_eq!(rules, expected, "{scheme:?}");
    }
}

/// One edit of a signed V1 request in its target.
fn edited(from: &str, to: &str) -> Request {
    let mut request = signed(Scheme::V1, Place::Query, &[]);
    assert!(request.target.contains(from), "{}", request.target);
    request.target = request.target.replacen(from, to, 1);
    request
}

#[test]
fn faults_of_sending_are_told() {
    let flipped = |text: &str| text.to_ascii_lowercase();
    let signature = signed(Scheme::V1, Place::Query, &[]).target.split("Signature=").last().expect("one").to_owned();
    let cases = [
        (edited("Timestamp=2026-11-22T04", "Timestamp=2026-11-22T12"), "local-time"),
        (edited("Timestamp=2026-11-22T04%3A41", "Timestamp=2026-11-21T23%3A11"), "local-time"),
        (edited("H=%2B", "H=+"), "plus-unescaped"),
        (edited("?Version", "?&Version"), "valid"),
        (edited("Action=", "RegionId=cn-hangzhou&Action="), "parameter-unsigned"),
        (edited(&signature, ""), "missing"),
        (edited(&signature, &signature.replace("%3D", "%253D")), "signature-double-encoded"),
        (edited(&signature, &format!("{signature}%0A")), "signature-untrimmed"),
        (edited(&signature, &flipped(&signature)), "signature-letter-case"),
    ];
    for (request, expected) in cases {
        let verdict = explain(&evidence(&request, &SecretString::from(SECRET)));
        let found = match &verdict {
            Err(_) => "missing",
            Ok(explanation) if explanation.valid => "valid",
            Ok(explanation) => explanation.findings.first().map_or("none", |finding| finding.rule),
        };
        assert_eq!(found, expected, "{}", request.target);
    }
}

#[test]
fn a_plus_sent_unescaped_is_told_in_values_and_in_signatures() {
    let credentials = credentials();
    for number in 0..64 {
        let mut request = request("GET", "/?Action=DescribeFaceVerify&Version=2019-03-07&MetaInfo=a%2Bb", "");
        let time = "2026-11-22T04:41:16Z".to_owned();
        let input = SigningInput::new(Scheme::V1, &credentials, time, format!("nonce-{number}"));
        sign_with_vices(&mut request, &input, &[]).expect("signs");
        let mut value = request.clone();
        value.target = value.target.replace("a%2Bb", "a+b");
        assert_eq!(explained(&value).findings[0].rule, "plus-unescaped");
        let (head, signature) = request.target.rsplit_once('=').expect("a signature");
        if signature.contains("%2B") {
            request.target = format!("{head}={}", signature.replace("%2B", "+"));
            assert_eq!(explained(&request).findings[0].rule, "signature-plus-unescaped");
            return;
        }
    }
    panic!("no signature with a plus");
}

#[test]
fn another_secret_is_told_by_the_clients_own_text() {
    for scheme in [Scheme::V1, Scheme::Acs3] {
        let credentials = credentials();
        let mut request = request("POST", TARGET, "");
        let time = "2026-11-22T04:41:16Z".to_owned();
        let input = SigningInput::new(scheme, &credentials, time, "nonce".to_owned());
        let own = sign_with_vices(&mut request, &input, &[Vice::WrongSecret]).expect("signs");
        let secret = SecretString::from(SECRET);
        let alone = explained(&request);
        assert_eq!((alone.confidence, alone.findings.len(), alone.notes.len()), (Confidence::None, 0, 1));
        for text in [own.string_to_sign.clone(), format!("{}\n", own.canonical)] {
            let told = Evidence { client_text: Some(&text), ..evidence(&request, &secret) };
            let explanation = explain(&told).expect("a claim");
            assert_eq!(explanation.findings[0].rule, "other-secret", "{scheme:?}");
            assert_eq!(explanation.difference, None);
        }
    }
}

#[test]
fn a_clients_text_with_an_unknown_fault_shows_the_place() {
    let request = signed(Scheme::V1, Place::Form, &[Vice::WrongSecret]);
    let server = explained(&request).server;
    let secret = SecretString::from(SECRET);
    let check = |text: String, rule: &str, place: &str| {
        let told = Evidence { client_text: Some(&text), ..evidence(&request, &secret) };
        let explanation = explain(&told).expect("a claim");
        assert_eq!(explanation.confidence, Confidence::Likely);
        assert_eq!(explanation.findings[0].rule, rule, "{explanation:?}");
        assert_eq!(explanation.difference.expect("one").place, place);
    };
    let string_to_sign = server.string_to_sign.expect("one");
    check(string_to_sign.replace("330103", "330104"), "value-differs", "parameter CertNo");
    check(string_to_sign.replace("~", "%257E").replace("330103", "330104"), "tilde-escaped", "parameter A");
    check(server.canonical.expect("one").replace("nonce-1", "nonce-2"), "value-differs", "parameter SignatureNonce");
}

#[test]
fn local_time_sent_as_utc_is_told_when_the_arrival_is_known() {
    let request = signed(Scheme::Acs3, Place::Query, &[]);
    let secret = SecretString::from(SECRET);
    let sent = crate::clock::Timestamp::parse_iso("2026-11-22T04:41:16Z").expect("parses");
    for (seconds, rules) in [(20, &[][..]), (-8 * 3600 + 9, &["local-time"]), (1_200, &["time-window"])] {
        let arrived = Evidence { at: Some(sent.plus_seconds(seconds)), ..evidence(&request, &secret) };
        let explanation = explain(&arrived).expect("a claim");
        let found: Vec<&str> = explanation.findings.iter().map(|finding| finding.rule).collect();
        assert_eq!((explanation.valid, found.as_slice()), (true, rules), "{seconds}");
    }
}

#[test]
fn the_recordings_that_do_not_verify_are_explained() {
    let mut found: Vec<String> = Vec::new();
    for (_, captures) in recordings() {
        for (number, capture) in captures.iter().enumerate() {
            let left_out = capture.recipe.as_deref() == Some("v1, empty values left out");
            if capture.valid == Some(true) && !left_out {
                continue;
            }
            let before = captures[..number].iter().filter(|before| before.sequence == capture.sequence);
            let earlier: Vec<Request> = before.map(|before| before.request.clone()).collect();
            let secret = &capture.credentials.as_ref().expect("known").secret;
            let told = Evidence { earlier: &earlier, ..evidence(&capture.request, secret) };
            let explanation = explain(&told).expect("a claim");
            assert_eq!(explanation.confidence, Confidence::Exact, "{}", capture.case);
            let rules: Vec<&str> = explanation.findings.iter().map(|finding| finding.rule).collect();
            found.push(format!("{} {}", capture.sdk, rules.join("+")));
        }
    }
    found.sort();
    let php = "php-v1 earlier-request";
    let expected = [
        "go-tea path-root+host-trailing-slash",
        "node-cloudauth path-root",
        "node-openapi-client path-root",
        php,
        php,
        php,
        php,
        "php-v1-get empty-left-out",
        "php-v1-get empty-left-out",
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_text_for_people_points_at_the_byte() {
    let explanation = explained(&signed(Scheme::V1, Place::Query, &[Vice::TildeEscaped]));
    let mut text = Vec::new();
    write_text(&explanation, &mut text).expect("writes");
    insta::assert_snapshot!(String::from_utf8(text).expect("UTF-8"));
}
