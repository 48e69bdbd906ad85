//! The judge against the built-in client and against miniatures: stand-in clients with exactly one vice each.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use idvet::clock::SystemClock;
use idvet::contract::Contracts;
use idvet::event::{CaseFinished, Event, Verdict};
use idvet::files::SuiteFiles;
use idvet::judge::driver::Launch;
use idvet::judge::suite::{PlannedSdkCase, SdkLevel, SdkSuites, load_sdk};
use idvet::judge::{JudgeInput, MINIATURES, judge};
use idvet::redact::Redactor;
use idvet::target;

/// One run at a time: how long calls take is judged too.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

struct Bench {
    contracts: Arc<Contracts>,
    suites: Arc<SdkSuites>,
    files: SuiteFiles,
}

impl Bench {
    fn new() -> Self {
        let files = SuiteFiles::embedded();
        let contracts = Contracts::load(&files).expect("the contracts load");
        let suites = load_sdk(&files, &contracts).expect("the SDK suites load");
        Self { contracts: Arc::new(contracts), suites: Arc::new(suites), files }
    }

    async fn run(&self, vice: Option<&str>, choose: impl Fn(&PlannedSdkCase) -> bool) -> Vec<CaseFinished> {
        self.run_cases(vice, self.suites.cases.iter().filter(|case| choose(case)).cloned().collect()).await
    }

    async fn run_cases(&self, vice: Option<&str>, cases: Vec<PlannedSdkCase>) -> Vec<CaseFinished> {
        let mut argv: Vec<OsString> = vec![env!("CARGO_BIN_EXE_idvet").into(), "driver".into()];
        argv.extend(vice.into_iter().flat_map(|name| ["--vice".into(), name.into()]));
        let folder = tempfile::tempdir().expect("a folder");
        let hello_time = Duration::from_secs(30);
        let input = JudgeInput {
            suites: Arc::clone(&self.suites),
            contracts: Arc::clone(&self.contracts),
            target: Arc::new(target::load(&self.files, "mock").expect("the target loads")),
            launch: Launch {
                argv,
                folder: folder.path().to_owned(),
                environment: Vec::new(),
                hello_time,
                memory_limit: 256 << 20,
                debug: vec![("IDVET_DRIVER_DEBUG".to_owned(), "1".to_owned())],
            },
            folder: folder.path().to_owned(),
            redactor: Redactor::default(),
            clock: Arc::new(SystemClock),
            cases,
            arguments: Vec::new(),
            strict: false,
            known_failures: Vec::new(),
            is_selection: true,
        };
        let mut finished = Vec::new();
        let hear = |event| {
            if let Event::CaseFinished(case) = event {
                finished.push(case);
            }
        };
        judge(input, hear).await.expect("judges");
        finished
    }
}

/// Requirements that something speaks against.
fn broken(finished: &[CaseFinished]) -> BTreeSet<String> {
    let checks = finished.iter().flat_map(|case| &case.checks);
    checks.filter(|check| check.mismatch.is_some()).map(|check| check.requirement.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_built_in_client_has_no_finding() {
    let _alone = ALONE.lock().await;
    let bench = Bench::new();
    let finished = bench.run(None, |_| true).await;
    assert_eq!(finished.len(), bench.suites.cases.len());
    assert_eq!(broken(&finished), BTreeSet::new());
    // It is no SDK, and does not say that its calls are of a type each.
    let is_typing = |case: &CaseFinished| case.case.starts_with("sdk/schema/typed.");
    assert_eq!(finished.iter().filter(|case| is_typing(case) && case.verdict == Verdict::NotExercised).count(), 9);
    let odd = finished.iter().filter(|case| case.verdict != Verdict::Passed && !is_typing(case));
    assert_eq!(odd.map(|case| (&case.case, &case.reason)).collect::<Vec<_>>(), Vec::new());
}

/// What a vice breaks besides its own requirement, in the nature of things.
const ALSO: &[(&str, &[&str])] = &[
    // An attempt that repeats the last one repeats nonce, time and signature.
    ("retries-unchanged", &["sdk.signing.10"]),
    ("used-nonce-repeated", &["sdk.signing.10"]),
    // A nonce changed behind the signature is a wrong signature too.
    ("retries-unsigned", &["sdk.signing.2"]),
    // A form that is not called one, or whose names are others, is not understood.
    ("type-left-out", &["sdk.encoding.20", "sdk.schema.52"]),
    ("names-lower", &["sdk.encoding.20", "sdk.schema.52"]),
    // Who repeats refusals repeats these too, freshly.
    ("retries-unasked", &["sdk.retries.67"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_miniature_is_caught_for_its_own_vice() {
    let _alone = ALONE.lock().await;
    let bench = Bench::new();
    let mut table = String::from("| miniature | requirement | caught by |\n|---|---|---|\n");
    let mut faults = Vec::new();
    for (_, name, requirement) in MINIATURES {
        let names_it = |case: &PlannedSdkCase| case.case.requirements.iter().any(|id| id == requirement);
        let is_in_every_request = !bench.suites.cases.iter().any(names_it);
        let usual = |case: &PlannedSdkCase| {
            case.id.starts_with("sdk/signing/every-operation") || case.id.starts_with("sdk/encoding/reserved")
        };
        let finished = bench.run(Some(name), |case| names_it(case) || is_in_every_request && usual(case)).await;
        let found = broken(&finished);
        let also = ALSO.iter().find(|(known, _)| known == name).map_or(&[][..], |(_, also)| also);
        let by = finished
            .iter()
            .find(|case| case.checks.iter().any(|check| check.mismatch.is_some() && check.requirement == *requirement));
        let beyond: Vec<&String> =
            found.iter().filter(|id| id != requirement && !also.contains(&id.as_str())).collect();
        match by {
            Some(case) if beyond.is_empty() => table.push_str(&format!("| {name} | {requirement} | {} |\n", case.case)),
            Some(_) => faults.push(format!("{name}: {requirement} and {beyond:?}")),
            None => faults.push(format!("{name}: not caught for {requirement} but for {found:?}")),
        }
    }
    println!("{table}");
    let owed = bench.suites.requirements.values().filter(|owed| owed.level != SdkLevel::Info);
    let unproven: Vec<&str> = owed
        .map(|owed| owed.id.as_str())
        .filter(|id| !MINIATURES.iter().any(|(_, _, requirement)| requirement == id))
        .collect();
    assert_eq!(unproven, Vec::<&str>::new(), "requirements that no miniature breaks");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is not known to be wrong is not called wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_be_judged_is_not_blamed() {
    let _alone = ALONE.lock().await;
    let bench = Bench::new();
    let only = |finished: Vec<CaseFinished>| {
        let [case] = finished.try_into().unwrap_or_else(|cases: Vec<_>| panic!("{cases:?}"));
        case
    };
    // It distrusts the CA, and speaks HTTPS all the same.
    let distrustful = only(bench.run(Some("ca-ignored"), |case| case.id == "sdk/security/https-by-default").await);
    assert_eq!(distrustful.verdict, Verdict::Indeterminate, "{distrustful:?}");
    assert!(distrustful.reason.is_some_and(|reason| reason.contains("neither by HTTPS nor without")));
    // Who tries once says nothing about what is sent again.
    let once = bench.run(Some("switch-ignored"), |case| case.id.starts_with("sdk/retries/asked-")).await;
    assert_eq!(once.iter().map(|case| case.verdict).collect::<Vec<_>>(), [Verdict::NotExercised; 2], "{once:?}");
    // It may end after any time that nobody waits for.
    let mut case =
        bench.suites.cases.iter().find(|case| case.id == "sdk/timeouts/read-default").expect("a case").clone();
    Arc::make_mut(&mut case.case).limit_ms = 4_000;
    let patient = only(bench.run_cases(Some("no-timeout"), vec![case]).await);
    assert_eq!(patient.verdict, Verdict::NotExercised, "{patient:?}");
    assert!(patient.reason.is_some_and(|reason| reason.contains("not documented")));
}

/// Runs every driver of `drivers/` with its ledger. A toolchain or registry that is not there is said plainly, and is a
/// failure under `IDVET_SDKS=required`.
#[test]
fn the_real_sdks_pass_with_their_ledgers() {
    let _alone = ALONE.blocking_lock();
    let folder = tempfile::tempdir().expect("a folder");
    let drivers = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/drivers")).expect("drivers");
    let mut names: Vec<String> =
        drivers.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    assert!(!names.is_empty());
    let mut not_run = Vec::new();
    for name in &names {
        let out = folder.path().join(name);
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_idvet"))
            .args(["sdk", name, "--quiet", "--out"])
            .arg(&out)
            .env("IDVET_CACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/sdks"))
            .output()
            .expect("runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        let lacks = stderr.contains("which the driver") || stderr.contains("install the SDK of the driver");
        if output.status.code() == Some(3) && lacks {
            not_run.push(format!("{name}: {}", stderr.trim()));
            continue;
        }
        assert_eq!(output.status.code(), Some(0), "{name}: {stderr}{stdout}");
        let report = std::fs::read_to_string(out.join("report.json")).expect("a report");
        let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
        assert!(report["summary"]["figures"]["covered"].as_u64().is_some_and(|covered| covered >= 40), "{name}");
        println!("{name}: judged");
    }
    // Written past what a test's output is kept in: whoever runs the tests reads it.
    not_run.iter().for_each(|line| drop(writeln!(std::io::stderr(), "NOT RUN: {line}")));
    assert!(not_run.is_empty() || !is_required(), "{not_run:?}");
}

#[expect(clippy::disallowed_methods, reason = "a test has nobody who hands it the environment")]
fn is_required() -> bool {
    std::env::var("IDVET_SDKS").is_ok_and(|text| text == "required")
}

/// Attach mode: a program of nobody's is pointed at the address that is printed.
#[test]
fn an_attached_program_is_judged_by_what_it_sends() {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::{Command, Stdio};

    let _alone = ALONE.blocking_lock();
    let folder = tempfile::tempdir().expect("a folder");
    let mut listening = Command::new(env!("CARGO_BIN_EXE_idvet"))
        .args(["sdk", "--listen", "--sample", "--for", "60", "--out", "out"])
        .current_dir(folder.path())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut line = String::new();
    BufReader::new(listening.stderr.take().expect("piped")).read_line(&mut line).expect("a line");
    let env = std::fs::read_to_string(folder.path().join("out/attach.env")).expect("the variables");
    let of = |name: &str| {
        let found = env.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("{name} in {env}")).to_owned()
    };
    assert!(line.contains(&of("IDVET_ENDPOINT")) && !line.contains(&of("ALIBABA_CLOUD_ACCESS_KEY_SECRET")), "{line}");
    let run = |vice: &[&str], actions: &[&str], parameters: serde_json::Value| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_idvet"))
            .arg("driver")
            .args(vice)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut answers = BufReader::new(program.stdout.take().expect("piped")).lines();
        answers.next().expect("a hello").expect("text");
        let mut stdin = program.stdin.take().expect("piped");
        for action in actions {
            let call = serde_json::json!({
                "type": "call", "id": action, "operation": format!("cloudauth.{action}"), "version": "2019-03-07", "action": action,
                "endpoint": of("IDVET_ENDPOINT"), "parameters": parameters,
                "credentials": { "access_key_id": of("ALIBABA_CLOUD_ACCESS_KEY_ID"), "access_key_secret": of("ALIBABA_CLOUD_ACCESS_KEY_SECRET") },
            });
            writeln!(stdin, "{call}").expect("sent");
            answers.next().expect("an answer").expect("text");
        }
        drop(stdin);
        program.wait().expect("ends");
    };
    // The program: a client that signs requests without their form, and one that does nothing wrong.
    let token = serde_json::json!({ "BizType": "idvet-RPBasic", "BizId": "b1" });
    run(&["--vice", "form-unsigned"], &["DescribeVerifyToken", "NoSuchAction"], token);
    run(&[], &["DescribeFaceVerify"], serde_json::json!({ "SceneId": 1_000_000_001, "CertifyId": "c" }));
    Command::new("kill").arg(listening.id().to_string()).status().expect("kill is there");
    let ended = listening.wait_with_output().expect("ends");
    assert_eq!(ended.status.code(), Some(1), "{}", String::from_utf8_lossy(&ended.stdout));
    let events = std::fs::read_to_string(folder.path().join("out/events.jsonl")).expect("events");
    assert!(events.contains("sdk/attached/verify-token.DescribeVerifyToken"), "{events}");
    let report = std::fs::read_to_string(folder.path().join("out/report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let wrong: Vec<&str> = report["summary"]["requirements"]
        .as_array()
        .expect("requirements")
        .iter()
        .filter(|requirement| requirement["verdict"] == "failed")
        .filter_map(|requirement| requirement["id"].as_str())
        .collect();
    assert_eq!(wrong, ["sdk.signing.14", "sdk.schema.48"]);
    // A sample runs whose requests are answered.
    let runs = |operation: &str| {
        let of_operation = |event: &serde_json::Value| event["case"] == format!("sdk/attached/{operation}");
        let mut events = events.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        let finished = events.find(|event| event["event"] == "case-finished" && of_operation(event)).expect("a case");
        let checks = finished["checks"].as_array().expect("checks").clone();
        let mut of_sample = checks.into_iter().filter(|check| check["requirement"] == "sdk.security.102");
        of_sample.next().expect("the requirement")["mismatch"]["actual"].clone()
    };
    assert_eq!(runs("verify-token.DescribeVerifyToken"), "HTTP 400 SignatureDoesNotMatch");
    assert_eq!(runs("cloudauth.DescribeFaceVerify"), serde_json::Value::Null);
    assert!(!folder.path().join("out/attach.env").exists(), "the secret is gone");
}
