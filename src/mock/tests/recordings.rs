//! Requests of real SDKs: all valid ones get past the gateway in replay, the invalid ones do not.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::stand::{contracts, options, read};
use crate::exchange::Request;
use crate::mock::Mock;
use crate::target::model::Target;

/// The accounts of the recordings: one key, with and without a token.
fn recordings_target() -> Target {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recordings-target.yaml");
    serde_saphyr::from_str(&std::fs::read_to_string(path).expect("target file")).expect("target")
}

fn captures(recording: &Value) -> Vec<&Value> {
    let of = |value: &'_ Value| value["captures"].as_array().map_or(&[][..], Vec::as_slice).len();
    let mut all: Vec<&Value> = Vec::with_capacity(of(recording));
    all.extend(recording["captures"].as_array().into_iter().flatten());
    for sequence in recording["sequences"].as_array().into_iter().flatten() {
        all.extend(sequence["captures"].as_array().into_iter().flatten());
    }
    all
}

fn request(capture: &Value) -> Request {
    let recorded = &capture["request"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let data = text(&recorded["body"]["data"]);
    let body = match recorded["body"]["encoding"].as_str() {
        Some("base64") => STANDARD.decode(data).expect("base64"),
        _ => data.into_bytes(),
    };
    let headers = recorded["headers"].as_array().expect("headers");
    Request {
        method: text(&recorded["method"]),
        target: text(&recorded["target"]),
        headers: headers.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
        body: body.into(),
    }
}

#[test]
fn valid_recordings_are_served_and_seven_are_refused() {
    let mut options = options();
    (options.replay, options.throttle) = (true, false);
    let mock = Mock::new(&recordings_target(), &contracts(), options).expect("mock");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recordings");
    let (mut n_valid, mut n_refused, mut surprises) = (0, 0, Vec::new());
    for entry in std::fs::read_dir(folder).expect("recordings") {
        let path = entry.expect("entry").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let recording: Value = serde_json::from_slice(&std::fs::read(&path).expect("read")).expect("JSON");
        for capture in captures(&recording) {
            let answer = mock.answer(&request(capture));
            let valid = capture["signature"]["valid"] == true;
            let refused = answer.code.as_deref() == Some("SignatureDoesNotMatch");
            n_valid += usize::from(valid);
            n_refused += usize::from(refused);
            let gateway = ["Invalid", "Missing", "Signature", "Unsupported", "Incomplete"];
            let business = answer.code.as_deref().unwrap_or_default();
            let known = ["InvalidBiz", "InvalidParameter", "MissingParameter", "InvalidParam."];
            let blocked = gateway.iter().any(|head| business.starts_with(head))
                && !known.iter().any(|head| business.starts_with(head))
                && !read(&answer).1["Message"].as_str().unwrap_or_default().is_empty()
                && !is_business_parameter(business);
            if valid == refused || (valid && blocked) {
                surprises.push(format!("{} {}: {business}", path.display(), capture["case"]));
            }
        }
    }
    assert!(surprises.is_empty(), "{} of {n_valid}: {:#?}", surprises.len(), &surprises[..surprises.len().min(20)]);
    assert!(n_valid > 1_000 && n_refused == 7, "{n_valid} valid, {n_refused} refused");
}

/// The older flow refuses its own parameters with `Missing…` and `Invalid…` too.
fn is_business_parameter(code: &str) -> bool {
    let business =
        ["BizType", "BizId", "Name", "IdCardNumber", "FaceImageUrl", "UserRegistTime", "FaceRetainedImageUrl"];
    business.iter().any(|name| code.ends_with(name))
}
