//! Requests filled in are those that the reference signer would make.

use super::template::{Scratch, Template};
use super::values::{Captured, TimeTexts, Values};
use super::*;
use crate::clock::Timestamp;
use crate::exchange::Request;
use crate::request::{CaseState, Expressions, Markers, RequestInput, ServiceKeys};
use crate::signing::{claim, parameters, verify};
use crate::suite::{self, Call, Roles};
use crate::target;

/// Reads a request off the wire as a server does.
fn parse(bytes: &[u8]) -> Request {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = parsed.parse(bytes).expect("a request").unwrap();
    let text = |header: &httparse::Header<'_>| {
        (header.name.to_owned(), String::from_utf8(header.value.to_vec()).expect("UTF-8"))
    };
    let headers: Vec<(String, String)> = parsed.headers.iter().map(text).collect();
    let declared = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let body = bytes[length..].to_vec();
    assert_eq!(declared.map(|(_, value)| value.as_str()), Some(body.len().to_string().as_str()));
    Request {
        method: parsed.method.expect("a method").to_owned(),
        target: parsed.path.expect("a target").to_owned(),
        headers,
        body: body.into(),
    }
}

fn call(baseline: &str, wire: suite::Wire, roles: Roles) -> Call {
    Call {
        baseline: baseline.to_owned(),
        name: None,
        roles,
        set: Default::default(),
        unset: Vec::new(),
        wire,
        differs: None,
        expect: None,
        otherwise: None,
    }
}

#[test]
fn requests_filled_in_are_what_the_reference_signer_makes() {
    let files = crate::files::SuiteFiles::embedded();
    let contracts = Contracts::load(&files).expect("contracts");
    let suites = suite::load(&files, &contracts).expect("suites");
    let target = target::load(&files, "mock").expect("target");
    let keys = ServiceKeys::default();
    let wires = || {
        let place = |place| suite::Wire { place: Some(suite::Choice::Is(place)), ..Default::default() };
        let get = suite::Wire { method: Some("GET".to_owned()), ..Default::default() };
        [suite::Wire::default(), place(suite::WirePlace::Form), place(suite::WirePlace::Split), get]
    };
    let mut n_tried = 0;
    for scheme in [Scheme::V1, Scheme::Acs3] {
        let input = RequestInput {
            suites: &suites,
            contracts: &contracts,
            target: &target,
            keys: &keys,
            scheme,
            seed: 1,
            salt: 7,
        };
        let expressions = Expressions::new(&input);
        for (name, wire) in suites.baselines.keys().flat_map(|name| wires().map(|wire| (name, wire))) {
            for account in [None, Some("sts".to_owned())] {
                let is_get = wire.method.is_some();
                let roles = Roles { account, ..Roles::default() };
                let markers = Markers::default();
                let mut state = CaseState::for_blanks("test", &input, markers.clone());
                markers.answer_of("init");
                let call = call(name, wire.clone(), roles);
                let Ok(blank) = input.blank(&expressions, &mut state, &call, "127.0.0.1:80") else { continue };
                let (uniques, captures) = (markers.uniques(), markers.captures());
                let template = Template::new(&blank, (&uniques, &captures), true).expect("a template");
                let mut time = TimeTexts::default();
                time.set(Timestamp(1_795_780_400_000));
                let mut captured = vec![Captured::default(); captures.len()];
                captured.iter_mut().for_each(|value| value.set("sha a+b/张=1~*"));
                let mut out = Vec::new();
                let values = Values { salt: 3, transaction: 9, request: 11, time: &time, captures: &captured };
                template.fill(&values, &mut Scratch::default(), &mut out);
                if is_get && !out.ends_with(b"\r\n\r\n") {
                    continue;
                }
                let text = String::from_utf8(out.clone()).expect("UTF-8");
                if is_get {
                    out.splice(out.len() - 2.., b"content-length: 0\r\n\r\n".iter().copied());
                }
                let request = parse(&out);
                let claim = claim(&request).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
                let secret = &blank.credentials.secret;
                verify(&request, &claim, secret).unwrap_or_else(|error| panic!("{name}: {error:?}\n{text}"));
                // Nothing of the blank is left, and what was captured arrived as it was.
                for marker in uniques.iter().map(|one| &one.text).chain(captures.iter().map(|one| &one.text)) {
                    assert!(!text.contains(marker.as_str()), "{name}: {text}");
                }
                assert!(!text.contains(&blank.built.nonce) && !text.contains("1971-"), "{name}: {text}");
                if !captures.is_empty() && name != "saf/query" {
                    let sent = parameters(&request).expect("parameters");
                    assert!(sent.iter().any(|(_, value)| value == "sha a+b/张=1~*"), "{name}: {text}");
                }
                n_tried += 1;
            }
        }
    }
    assert!(n_tried > 200, "{n_tried}");
}
