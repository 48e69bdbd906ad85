//! Nothing that a run knows of secrets and persons stands in any byte it writes: reports, events, streams, errors,
//! panic text. The search is an implementation of its own, so that what redaction forgets it does not forget too.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret as _;

use super::{Ran, folder, idvet, idvet_with};
use crate::cli::exit;
use crate::clock::SystemClock;
use crate::contract::Contracts;
use crate::files::SuiteFiles;
use crate::mock::{MockOptions, defect, start};
use crate::target;
use crate::target::model::Target;

fn mock_target() -> Target {
    target::load(&SuiteFiles::embedded(), "mock").expect("the target loads")
}

/// Everything about the sandbox that must not be written, with what it is.
fn values(target: &Target) -> BTreeMap<String, &'static str> {
    let mut values = BTreeMap::new();
    for account in &target.sandbox.accounts {
        let texts = [(&account.access_key_secret, "secret"), (&account.security_token, "token")];
        for (text, what) in texts {
            values.extend(text.as_ref().map(|text| (text.expose_secret().to_owned(), what)));
        }
    }
    for person in &target.sandbox.persons {
        values.insert(person.name.clone(), "name");
        values.insert(person.id_number.clone(), "number");
    }
    values.retain(|text, _| text.chars().count() >= 2);
    values
}

/// A value in every form in which it might be written.
fn forms(text: &str) -> Vec<String> {
    let percent = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let escaped = |write: &dyn Fn(u32) -> String| -> String {
        let one = |char: char| if char.is_ascii() { char.to_string() } else { write(char as u32) };
        text.chars().map(one).collect()
    };
    let once = percent(text);
    let mut forms = vec![
        text.to_owned(),
        once.replace("%2D", "-").replace("%2E", ".").replace("%5F", "_"),
        once.to_lowercase(),
        percent(&once),
        escaped(&|code| format!("\\u{code:04x}")),
        escaped(&|code| format!("\\u{code:04X}")),
        escaped(&|code| format!("\\\\u{code:04x}")),
        escaped(&|code| format!("\\u{{{code:x}}}")),
        escaped(&|code| format!("&#x{code:X};")),
        escaped(&|code| format!("&#{code};")),
        hex::encode(text),
        hex::encode_upper(text),
    ];
    // Base64 at each of the three places a value may begin at, without what its neighbours decide.
    for lead in 0..3 {
        let padded = [&vec![0; lead], text.as_bytes()].concat();
        let (first, last) = ((lead * 8_usize).div_ceil(6), padded.len() * 8 / 6);
        for engine in [&STANDARD, &URL_SAFE] {
            forms.push(engine.encode(&padded)[first..last].to_owned());
        }
    }
    // What is shorter stands in innocent text.
    forms.retain(|form| form.len() >= 6);
    forms
}

struct Search {
    automaton: AhoCorasick,
    patterns: Vec<(String, &'static str)>,
}

impl Search {
    fn new(values: &BTreeMap<String, &'static str>) -> Self {
        let forms = values.iter().flat_map(|(text, what)| forms(text).into_iter().map(|form| (form, *what)));
        let patterns: Vec<(String, &'static str)> = forms.collect();
        let automaton = AhoCorasick::new(patterns.iter().map(|(form, _)| form)).expect("builds");
        Self { automaton, patterns }
    }

    /// Returns what was found, with the text around it.
    fn find(&self, bytes: &[u8]) -> Option<String> {
        let hit = self.automaton.find(bytes)?;
        let (form, what) = &self.patterns[hit.pattern().as_usize()];
        let around = &bytes[hit.start().saturating_sub(80)..(hit.end() + 40).min(bytes.len())];
        Some(format!("a {what} as {form} in …{}…", String::from_utf8_lossy(around)))
    }

    /// Fails when a command or any file it wrote holds anything.
    fn judge(&self, name: &str, ran: &Ran, folder: &Path, n_files: usize) {
        assert_eq!(self.find(ran.stdout.as_bytes()), None, "{name}: stdout");
        assert_eq!(self.find(ran.stderr.as_bytes()), None, "{name}: stderr");
        let mut seen = 0;
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                seen += 1;
                assert_eq!(self.find(&std::fs::read(&path).expect("a file")), None, "{name}: {}", path.display());
            }
        }
        assert_eq!(seen, n_files, "{name}: files");
    }
}

/// What a check writes: events, and the reports of `--report`.
const REPORTS: [&str; 6] = ["--report", "json", "--report", "junit", "--report", "markdown"];

#[test]
fn the_search_finds_what_it_is_for() {
    let values = values(&mock_target());
    let search = Search::new(&values);
    assert!(values.len() >= 40, "{}", values.len());
    for value in values.keys() {
        for form in forms(value) {
            assert!(search.find(format!("x={form};").as_bytes()).is_some(), "{form}");
        }
        for text in [format!("a{value}"), format!("ab{value}&"), format!("abc{value}")] {
            assert!(value.len() < 8 || search.find(STANDARD.encode(text).as_bytes()).is_some());
        }
    }
    assert_eq!(search.find(b"nothing of it"), None);
}

#[test]
fn a_green_run_and_its_reports_hold_nothing() {
    let search = Search::new(&values(&mock_target()));
    let here = folder();
    let cases =
        ["saf/*", "cloudauth/sub-codes/*", "cloudauth/callbacks/*", "verify-token/*", "intl/results/*", "gateway/*"];
    let ran = idvet(here.path(), &[&["check"], &cases[..], &REPORTS[..], &["--lang", "zh"]].concat());
    assert_eq!(ran.code, exit::SATISFIED, "{}", ran.stderr);
    search.judge("green", &ran, here.path(), 4);
    for format in ["json", "junit", "markdown", "console"] {
        let again = idvet(here.path(), &["report", "render", format, "--lang", "en"]);
        assert_eq!((again.code, search.find(again.stdout.as_bytes())), (exit::SATISFIED, None), "{format}");
    }
}

#[test]
fn failing_runs_and_their_evidence_hold_nothing() {
    let target = mock_target();
    let search = Search::new(&values(&target));
    let contracts = Arc::new(Contracts::load(&SuiteFiles::embedded()).expect("the contracts load"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for id in [
        // The refusal repeats all parameters in the string to sign.
        "gateway.rule.signing.v1/refused",
        "gateway.rule.signing.acs3/refused",
        "saf.ExecuteRequest.init.response.Data.type/retyped",
        "cloudauth.DescribeFaceVerify.response.ResultObject.MaterialInfo.type/retyped",
    ] {
        let mut options = MockOptions::new(Arc::new(SystemClock));
        options.defect = Some(Arc::new(defect::find(&contracts, id).expect("a defect")));
        let mock = runtime.block_on(start(&target, Arc::clone(&contracts), options)).expect("starts");
        let here = folder();
        let cases =
            ["saf/flow/*", "saf/encryption/*", "cloudauth/sub-codes/*", "intl/results/*", "verify-token/status/*"];
        let url = mock.url();
        let line = [&["check", "--target", &url], &cases[..], &REPORTS[..]].concat();
        let ran = idvet(here.path(), &line);
        assert_eq!(ran.code, exit::FAILED, "{id}: {}", ran.stderr);
        search.judge(id, &ran, here.path(), 4);
        runtime.block_on(mock.shutdown());
    }
}

/// Answers with the request in every form, under names that nobody knows.
fn echo(request: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(request).into_owned();
    let decoded = percent_encoding::percent_decode(request).decode_utf8_lossy().into_owned();
    let body = serde_json::json!({
        "Code": "Strange", "Message": decoded, "RequestId": STANDARD.encode(request), "A": hex::encode(request),
        "B": text, "C": URL_SAFE.encode(decoded.as_bytes()), "D": hex::encode_upper(decoded.as_bytes()),
        "E": utf8_percent_encode(&decoded, NON_ALPHANUMERIC).to_string(), "F": serde_json::json!(decoded).to_string(),
        "Result": { "TransactionId": decoded.lines().last() }, "Data": [decoded.lines().next()],
    })
    .to_string();
    // JSON whose every character beyond ASCII is an escape.
    let escaped: String = body
        .chars()
        .map(|char| {
            if char.is_ascii() {
                char.to_string()
            } else {
                char.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect()
            }
        })
        .collect();
    let line: String = text.lines().next().unwrap_or_default().chars().filter(char::is_ascii).take(6_000).collect();
    format!("HTTP/1.1 400 Bad\r\nx-echo: {line}\r\ncontent-length: {}\r\n\r\n{escaped}", escaped.len()).into_bytes()
}

#[test]
fn a_peer_that_repeats_everything_teaches_the_reports_nothing() {
    let search = Search::new(&values(&mock_target()));
    let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
    let address = listener.local_addr().expect("an address");
    // Ends with the test process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut stream = stream;
                let mut request = vec![0; 1 << 20];
                while let Ok(n_bytes @ 1..) = stream.read(&mut request) {
                    if stream.write_all(&echo(&request[..n_bytes])).is_err() {
                        break;
                    }
                }
            });
        }
    });
    let here = folder();
    let line =
        ["check", "saf", "cloudauth/request-init/*", "intl/products/*", "gateway/signing/*", "verify-token/request/*"];
    let target = format!("http://{address}");
    let ran = idvet(here.path(), &[&line[..], &["--target", &target], &REPORTS[..]].concat());
    assert_eq!(ran.code, exit::FAILED, "{}{}", ran.stderr, ran.stdout);
    search.judge("echo", &ran, here.path(), 4);
}

#[test]
fn mistakes_in_files_are_told_without_what_stands_there() {
    const SECRET: &str = "a-secret-that-nobody-may-see";
    const NAME: &str = "欧阳试真";
    const NUMBER: &str = "330103199001014455";
    let values = [(SECRET, "secret"), (NAME, "name"), (NUMBER, "number")];
    let search = Search::new(&values.into_iter().map(|(text, what)| (text.to_owned(), what)).collect());
    let whole = |accounts: &str, persons: &str| {
        format!(
            "format: idvet/target/1\nname: mine\nendpoints: {{ saf: http://127.0.0.1:9 }}\n\
             capabilities: {{ submit: none, clock: none, callbacks: none, throttle: shared, billing: none }}\n\
             sandbox:\n  accounts:\n{accounts}  scenes: []\n  persons:\n{persons}  devices: []\n  pictures: []\n"
        )
    };
    let account = format!("    - {{ role: ordinary, access_key_id: a, access_key_secret: {SECRET} }}\n");
    let person = format!("    - {{ role: match, name: {NAME}, id_number: \"{NUMBER}\" }}\n");
    for (name, text) in [
        ("a key misspelt", whole(&account.replace("access_key_secret", "acces_key_secret"), &person)),
        ("a list for a text", whole(&account.replace(SECRET, &format!("[{SECRET}]")), &person)),
        ("a key twice", whole(&account.replace("access_key_id: a", &format!("access_key_secret: {SECRET}")), &person)),
        ("an unknown field", whole(&account, &person.replace("id_number", "number"))),
        ("a broken quote", whole(&account, &person.replace(&format!("\"{NUMBER}\""), &format!("\"{NUMBER}")))),
        ("a missing role", whole(&account.replace("role: ordinary, ", ""), &person)),
        ("a tab", whole(&account.replace("    - {", "\t- {"), &person)),
    ] {
        let here = folder();
        std::fs::write(here.path().join("mine.yaml"), &text).expect("written");
        for line in [&["check", "saf", "--target", "mine.yaml"][..], &["doctor", "--target", "mine.yaml"]] {
            let ran = idvet(here.path(), line);
            assert_ne!(ran.code, exit::SATISFIED, "{name}: {}", ran.stderr);
            assert_eq!(search.find(ran.stdout.as_bytes()), None, "{name}");
            assert_eq!(search.find(ran.stderr.as_bytes()), None, "{name}");
        }
    }
}

#[test]
fn a_report_that_would_leak_is_withheld_with_exit_code_70() {
    const NUMBER: &str = "330103199001014455";
    let here = folder();
    assert_eq!(idvet(here.path(), &["check", "saf/request/no-meta-info"]).code, exit::SATISFIED);
    // Events that somebody else wrote: a person's number stands where no run puts one.
    let events = here.path().join("reports/latest/events.jsonl");
    let text = std::fs::read_to_string(&events).expect("events");
    std::fs::write(&events, text.replace("no-meta-info", NUMBER)).expect("written");
    for format in ["markdown=mine.md", "junit=mine.xml", "json=mine.json", "markdown"] {
        let ran = idvet(here.path(), &["report", "render", format]);
        assert_eq!(ran.code, exit::BUG, "{format}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("id number") && ran.stderr.contains("bug in idvet"), "{}", ran.stderr);
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(NUMBER));
    }
    let kept = ["mine.md", "mine.xml", "mine.json"].iter().filter(|name| here.path().join(name).exists());
    assert_eq!(kept.count(), 0, "no file stays");
}

#[test]
fn signing_commands_and_debug_texts_hold_nothing() {
    const SECRET: &str = "a-secret-that-nobody-may-see";
    let mut values = values(&mock_target());
    values.insert(SECRET.to_owned(), "secret");
    let search = Search::new(&values);
    let here = folder();
    let keys = [("ALIBABA_CLOUD_ACCESS_KEY_ID", "some-key"), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)];
    let request = "POST / HTTP/1.1\r\nhost: a.example.com\r\ncontent-type: application/x-www-form-urlencoded\r\n\r\nAction=InitFaceVerify&Version=2019-03-07&Signature=wrong&AccessKeyId=some-key&SignatureNonce=1&Timestamp=2026-01-01T00%3A00%3A00Z&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0";
    std::fs::write(here.path().join("request.http"), request).expect("written");
    for line in [&["sign", "verify", "request.http"][..], &["sign", "explain", "request.http"]] {
        let ran = idvet_with(here.path(), &keys, line);
        assert_ne!(ran.code, exit::BUG, "{}", ran.stderr);
        assert!(!ran.stdout.is_empty() || !ran.stderr.is_empty());
        assert_eq!(search.find(format!("{}{}", ran.stdout, ran.stderr).as_bytes()), None, "{line:?}");
    }
    // What a panic would print of the values themselves.
    let target = mock_target();
    assert_eq!(search.find(format!("{target:?}").as_bytes()), None);
}
