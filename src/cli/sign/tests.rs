//! `idvet sign` as a user meets it.

use std::io::Read as _;

use clap::Parser;

use super::{SignArgs, SignCommandError, Surroundings, run_sign};
use crate::clock::{FixedClock, Timestamp};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: SignArgs,
}

const RECORDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/recordings");

fn run(line: &[&str], stdin: &str) -> (Result<u8, SignCommandError>, String) {
    let line = Line::try_parse_from(std::iter::once(&"sign").chain(line)).expect("parses");
    let env = |name: &str| match name {
        "ALIBABA_CLOUD_ACCESS_KEY_ID" => Some("testid".to_owned()),
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => Some("testsecret".to_owned()),
        _ => None,
    };
    let clock = FixedClock(Timestamp::parse_iso("2026-11-22T04:41:16Z").expect("parses"));
    let mut out = Vec::new();
    let folder = std::path::Path::new(RECORDINGS);
    let stdin: &mut dyn std::io::Read = &mut stdin.as_bytes().take(1 << 20);
    let code = run_sign(&line.args, &mut Surroundings { env: &env, folder, stdin, out: &mut out, clock: &clock });
    (code, String::from_utf8(out).expect("UTF-8"))
}

#[test]
fn a_folder_of_recordings_gives_a_line_a_capture() {
    let (code, out) = run(&["verify", "."], "");
    assert_eq!(code.expect("reads"), 0);
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let n_valid = lines.iter().filter(|line| line["valid"] == true).count();
    assert_eq!((lines.len(), n_valid), (1_086, 1_079));
    let invalid = lines.iter().find(|line| line["valid"] == false).expect("one");
    for key in ["file", "case", "scheme", "reason"] {
        assert!(invalid[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {invalid}");
    }
    let (strict, _) = run(&["verify", "--strict", "php-v1-get.InitFaceVerify.json"], "");
    assert_eq!(strict.expect("reads"), 1);
}

#[test]
fn what_is_signed_verifies_and_what_is_changed_is_explained() {
    let description = r#"{"scheme": "v1", "url": "http://127.0.0.1:8080/", "action": "DescribeFaceVerify",
        "version": "2019-03-07", "parameters": {"SceneId": "1 000"}, "nonce": "n-1"}"#;
    let (code, recording) = run(&["request"], description);
    assert_eq!(code.expect("signs"), 0);
    assert_eq!(run(&["verify", "-"], &recording).0.expect("reads"), 0);
    let (code, http) = run(&["request", "--http"], description);
    assert_eq!(code.expect("signs"), 0);
    assert!(http.starts_with("POST /?Action=DescribeFaceVerify&Version=2019-03-07&SceneId=1%20000&"), "{http}");
    assert_eq!(run(&["verify", "-"], &http).0.expect("reads"), 0);
    let (code, text) = run(&["explain", "-"], &http.replace("POST /", "GET /"));
    assert_eq!(code.expect("explains"), 1);
    assert!(text.contains("wrong-method: another method was signed than is sent"), "{text}");
    let (code, line) = run(&["explain", "--json", "-"], &http);
    let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!((code.expect("explains"), &line["explanation"]["valid"]), (0, &true.into()));
    assert!([&recording, &http, &text].iter().all(|text| !text.contains("testsecret")));
}

#[test]
fn input_that_cannot_be_read_says_why() {
    let cases = [
        (&["verify", "nowhere.json"][..], "", "read nowhere.json: "),
        (&["verify", "-"], "{\"captures\": 1}", "read -: not a recording: invalid type"),
        (&["verify", "-"], "{}", "read -: a recording needs `captures`, `sequences` or `request`"),
        (&["verify", "-"], "nonsense", "read -: not an HTTP request: the first line"),
        (&["explain", "--at", "noon", "-"], "", "--at \"noon\" is not a time like"),
        (&["explain", "--case", "x", "misconfigured.json"], "", "no case \"x\" in misconfigured.json; it has"),
        (&["request"], "{\"url\": \"http://a/\", \"foo\": 1}", "read the description of the request: unknown field"),
        (&["request"], "{\"url\": \"a\"}", "the url \"a\" of the request: relative URL"),
        (
            &["explain", "-"],
            "GET /?SignatureMethod=HMAC-SHA1 HTTP/1.1\n\n",
            "read the signature of case \"request\": AccessKeyId is missing",
        ),
    ];
    for (line, stdin, expected) in cases {
        let error = run(line, stdin).0.expect_err(expected).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
