//! Attach mode: no driver, whatever program is pointed at the stage is judged by what it sends.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use secrecy::ExposeSecret as _;

use super::battery::{self, Subject};
use super::case::record;
use super::run::{JudgeError, announced};
use super::stage::Stage;
use super::suite::{EndpointUse, SdkSuites, TokenUse, operation_of};
use super::wanted;
use crate::clock::Clock;
use crate::contract::Contracts;
use crate::event::{
    CaseFinished, CasePlanned, CheckRecorded, Event, ExchangeRecorded, RunFinished, RunStarted, SCHEMA_VERSION, Verdict,
};
use crate::mock::Seen;
use crate::redact::{Echo, Redactor};
use crate::signing;
use crate::target::model::Target;

/// What attach mode is made of.
pub struct AttachInput {
    pub suites: Arc<SdkSuites>,
    pub contracts: Arc<Contracts>,
    /// The target whose sandbox the mocks have.
    pub target: Arc<Target>,
    /// Folder for the CA file.
    pub folder: PathBuf,
    pub redactor: Redactor,
    pub clock: Arc<dyn Clock>,
    /// What is judged, in the tester's words.
    pub subject: String,
    /// It is the vendor's published sample, changed in nothing but endpoint and keys.
    pub is_sample: bool,
    pub strict: bool,
}

/// Where a program has to call, and with which keys.
pub struct Offer {
    pub http: String,
    pub https: String,
    pub ca_file: PathBuf,
    pub access_key_id: String,
    pub access_key_secret: secrecy::SecretString,
}

/// The requirement that the vendor's sample runs.
const SAMPLE: &str = "sdk.security.102";

/// Requests of one operation, and what is wrong with them.
#[derive(Default)]
struct Gathered {
    checks: Vec<CheckRecorded>,
    exchanges: Vec<ExchangeRecorded>,
    n_requests: u64,
}

/// Listens until `stop` ends, then tells what came.
pub async fn attend(
    input: AttachInput,
    ready: impl FnOnce(&Offer),
    stop: impl Future<Output = ()>,
    mut emit: impl FnMut(Event),
) -> Result<(), JudgeError> {
    let begun = Instant::now();
    let stage = Stage::start(&input.target, &input.contracts, &input.clock, &input.folder).await?;
    let credentials = stage.credentials(0, TokenUse::None);
    let key = credentials.access_key_id.clone();
    ready(&Offer {
        http: stage.endpoint(EndpointUse::Http),
        https: stage.endpoint(EndpointUse::Https),
        ca_file: stage.ca_file(EndpointUse::Https).to_owned(),
        access_key_id: key.clone(),
        access_key_secret: credentials.secret.clone(),
    });
    emit(Event::RunStarted(RunStarted {
        schema_version: SCHEMA_VERSION,
        tool: format!("idvet {}", env!("CARGO_PKG_VERSION")),
        command: "sdk".to_owned(),
        subject: input.subject.clone(),
        seed: 1,
        arguments: vec!["--listen".to_owned()],
        strict: input.strict,
        would_catch: None,
        started_at: input.clock.now().to_iso(),
    }));
    announced(&input.suites, &mut emit);
    let mut by_operation: IndexMap<String, Gathered> = IndexMap::new();
    let mut all: Vec<Seen> = Vec::new();
    tokio::pin!(stop);
    let mut is_over = false;
    while !is_over {
        is_over = tokio::time::timeout(Duration::from_millis(200), stop.as_mut()).await.is_ok();
        for to in [EndpointUse::Http, EndpointUse::Https] {
            let endpoint = stage.endpoint(to);
            for seen in stage.take(to, &key) {
                judge_one(&input, &seen, (&endpoint, &credentials), &mut by_operation);
                all.push(seen);
            }
        }
    }
    let repeated = wanted::repeated_nonce(&all);
    let mut n_calls = 0;
    for (idx, (operation, mut gathered)) in by_operation.into_iter().enumerate() {
        if idx == 0 && all.len() > 1 {
            gathered.checks.push(record("sdk.signing.10", "nonces", repeated.clone()));
        }
        n_calls += gathered.n_requests;
        tell(&operation, gathered, &input, &mut emit);
    }
    let calls = IndexMap::from([("sdk".to_owned(), n_calls)]);
    let elapsed_micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    emit(Event::RunFinished(RunFinished {
        partial: false,
        cause: None,
        reason: None,
        calls,
        billable_calls: 0,
        elapsed_micros,
    }));
    stage.shutdown().await;
    Ok(())
}

fn judge_one(
    input: &AttachInput,
    seen: &Seen,
    (endpoint, credentials): (&str, &signing::Credentials),
    by_operation: &mut IndexMap<String, Gathered>,
) {
    let parameters = signing::parameters(&seen.request).unwrap_or_default();
    let of = |name: &str, header: &str| {
        let parameter = parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        seen.request.header(header).or(parameter).unwrap_or_default().to_owned()
    };
    let (action, version) = (of("Action", "x-acs-action"), of("Version", "x-acs-version"));
    let known = input.suites.calls.iter().find(|(_, call)| call.action == action && call.version == version);
    let Some((key, call)) = known else {
        let gathered = by_operation.entry(format!("{action} {version}")).or_default();
        gathered.n_requests += 1;
        let mismatch = crate::event::Mismatch {
            place: "Action and Version".to_owned(),
            expected: "a documented pair".to_owned(),
            actual: format!("{action} {version}"),
        };
        gathered.checks.push(record("sdk.schema.48", "request", Some(mismatch)));
        return;
    };
    let gathered = by_operation.entry(key.clone()).or_default();
    gathered.n_requests += 1;
    let Some(operation) = operation_of(&input.contracts, key) else { return };
    // Which version a User-Agent should name is not known here, nor what the caller set: names are held against the documents.
    let subject = Subject {
        seen,
        operation,
        call,
        key,
        credentials,
        endpoint,
        sdk_version: "",
        given: &[],
        now: input.clock.now(),
    };
    let mut is_wrong = false;
    let mut findings = battery::look(&subject);
    findings.retain(|(id, _)| *id != "sdk.framing.40");
    if input.is_sample {
        let refused = (seen.status >= 300).then(|| crate::event::Mismatch {
            place: format!("answer to request {}", gathered.n_requests),
            expected: "HTTP 200".to_owned(),
            actual: format!("HTTP {} {}", seen.status, seen.code.as_deref().unwrap_or_default()),
        });
        findings.push((SAMPLE, refused));
    }
    for (id, mismatch) in findings {
        let said = |check: &CheckRecorded| check.requirement == id && (check.mismatch.is_some() || mismatch.is_none());
        if !gathered.checks.iter().any(said) {
            is_wrong |= mismatch.is_some();
            gathered.checks.push(record(id, "request", mismatch));
        }
    }
    if is_wrong || gathered.exchanges.is_empty() {
        gathered.exchanges.push(ExchangeRecorded {
            case: case_of(key),
            step: u32::try_from(gathered.exchanges.len()).unwrap_or(u32::MAX),
            operation: key.clone(),
            request: input.redactor.request(&seen.request),
            response: None,
            no_response: None,
            elapsed_micros: 0,
        });
    }
}

fn case_of(operation: &str) -> String {
    format!("sdk/attached/{operation}")
}

fn tell(operation: &str, gathered: Gathered, input: &AttachInput, emit: &mut impl FnMut(Event)) {
    let case = case_of(operation);
    let n_requests = gathered.n_requests;
    emit(Event::CasePlanned(CasePlanned {
        case: case.clone(),
        api: "attached".to_owned(),
        title_en: format!("{n_requests} requests of {operation}"),
        title_zh: format!("{operation} 的 {n_requests} 个请求"),
        requirements: gathered.checks.iter().map(|check| check.requirement.clone()).collect(),
        place: "-".to_owned(),
        twin: None,
        reproduce: "idvet sdk --listen".to_owned(),
    }));
    gathered.exchanges.into_iter().for_each(|exchange| emit(Event::Exchange(exchange)));
    let mut checks = gathered.checks;
    for mismatch in checks.iter_mut().filter_map(|check| check.mismatch.as_mut()) {
        *mismatch = input.redactor.mismatch(&Echo::default(), mismatch);
    }
    let is_info =
        |id: &str| input.suites.requirements.get(id).is_some_and(|found| found.level == super::suite::SdkLevel::Info);
    let failed = checks.iter().any(|check| check.mismatch.is_some() && !is_info(&check.requirement));
    let verdict = if failed { Verdict::Failed } else { Verdict::Passed };
    emit(Event::CaseFinished(CaseFinished { case, verdict, reason: None, checks, elapsed_micros: 0 }));
}

impl Offer {
    /// Returns the variables that a shell takes the offer from; it holds the secret.
    pub fn to_env(&self) -> String {
        format!(
            "IDVET_ENDPOINT={}\nIDVET_ENDPOINT_HTTPS={}\nIDVET_CA_FILE={}\nALIBABA_CLOUD_ACCESS_KEY_ID={}\nALIBABA_CLOUD_ACCESS_KEY_SECRET={}\n",
            self.http,
            self.https,
            self.ca_file.display(),
            self.access_key_id,
            self.access_key_secret.expose_secret(),
        )
    }
}
