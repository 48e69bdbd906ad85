//! What is tried on an SDK: requirements, valid calls, and cases, as `suites/sdk/` says.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::protocol::CallOptions;
use crate::contract::{Contracts, Text};
use crate::control::FaultKind;
use crate::diagnostic::{Diagnostic, nearest, parse_yaml};
use crate::files::SuiteFiles;

/// The folder of all this below the suites.
const FOLDER: &str = "sdk/";

const REQUIREMENTS_FORMAT: &str = "idvet/sdk-requirements/1";
const CALLS_FORMAT: &str = "idvet/sdk-calls/1";
const SUITE_FORMAT: &str = "idvet/sdk-suite/1";

/// `suites/sdk/requirements.yaml`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RequirementsFile {
    format: String,
    requirements: Vec<SdkRequirement>,
}

/// One thing that an SDK must do.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SdkRequirement {
    /// `sdk.<area>.<number>`.
    pub id: String,
    pub level: SdkLevel,
    pub seen: SeenIn,
    pub text: Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SdkLevel {
    Must,
    Should,
    Info,
}

impl SdkLevel {
    /// Returns the word that events carry.
    pub fn name(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::Info => "info",
        }
    }
}

/// Where a breach shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SeenIn {
    /// In the requests alone.
    Wire,
    /// In what the SDK tells its caller.
    Outcome,
    /// Only with control of process and environment.
    Environment,
}

/// `suites/sdk/calls.yaml`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CallsFile {
    format: String,
    calls: IndexMap<String, ValidCall>,
}

/// A call that the mock accepts, by `<api>.<Operation>`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidCall {
    pub version: String,
    pub action: String,
    pub parameters: IndexMap<String, Value>,
}

/// A file of cases.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SdkSuiteFile {
    format: String,
    #[expect(dead_code, reason = "for readers of the file")]
    title: Text,
    #[schemars(with = "Vec<SdkCase>")]
    cases: Vec<Spanned<SdkCase>>,
}

/// One case, repeated for every operation it names.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SdkCase {
    /// Last part of the id `sdk/<file>/<id>`; with several operations the operation follows.
    pub id: String,
    pub title: Text,
    /// What the case speaks for, besides what every request is looked at for.
    pub requirements: Vec<String>,
    /// Operations, as keys of `calls.yaml`.
    pub operations: Vec<String>,
    /// Parameters set over the valid call's; null is set to null by the caller.
    #[serde(default)]
    pub parameters: IndexMap<String, Value>,
    /// Parameters of the valid call left out.
    #[serde(default)]
    pub without: Vec<String>,
    #[serde(default)]
    pub token: TokenUse,
    /// Another secret than the right one.
    #[serde(default)]
    pub secret: Option<String>,
    #[serde(default)]
    pub options: CallOptions,
    #[serde(default)]
    pub endpoint: EndpointUse,
    /// Calls, one after another.
    #[serde(default = "one")]
    pub count: u32,
    /// How many of them at a time.
    #[serde(default = "one")]
    pub at_once: u32,
    /// Processes started at once that share the calls; more than one: all of them are new.
    #[serde(default = "one")]
    pub processes: u32,
    /// Milliseconds between the end of a call and the next, where calls come one after another.
    #[serde(default)]
    pub pause_ms: u64,
    /// It has a driver of its own.
    #[serde(default)]
    pub apart: bool,
    /// As `apart`, with the SDK's debug log turned on, which holds neither secret nor security token.
    #[serde(default)]
    pub debug: bool,
    /// Some of the parameters are in no model: set all the same, by an SDK that says which it can send.
    #[serde(default)]
    pub unlisted: bool,
    /// What becomes of the first requests, one after another; behind them answers are ordinary.
    #[serde(default)]
    pub replies: Vec<FaultKind>,
    #[serde(default)]
    pub wire: WireWanted,
    #[serde(default)]
    pub outcome: OutcomeWanted,
    /// Milliseconds that one call may take.
    #[serde(default = "limit")]
    pub limit_ms: u64,
    /// A call that takes longer than `limit_ms` proves nothing: how long it may take is documented nowhere.
    #[serde(default)]
    pub open_end: bool,
    /// Says something only where a request was made again.
    #[serde(default)]
    pub of_repeats: bool,
    /// No call is made: wanted is that the SDK has a call of its own for the operation, by what the driver says of it.
    #[serde(default)]
    pub typed: bool,
}

fn one() -> u32 {
    1
}

fn limit() -> u64 {
    15_000
}

/// Whether a security token is configured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TokenUse {
    #[default]
    None,
    /// That of a temporary key.
    Right,
    /// An empty text.
    Empty,
    /// One with a line break, and behind it what would be a header.
    Control,
}

/// Where a call goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointUse {
    #[default]
    Http,
    /// As `http`, at an address that no other case calls: its connections are its own.
    HttpApart,
    /// With the CA given.
    Https,
    /// The CA is unknown to the client.
    HttpsUntrusted,
    /// As `https`, by an address that the certificate does not name.
    HttpsMisnamed,
    /// The CA is known, and the certificate over.
    HttpsExpired,
    /// As `https`, but the client is told host and port alone.
    HttpsByDefault,
    /// An address that takes no connection, nor refuses one.
    Unreachable,
    /// As `http`, through the proxy that the environment of the driver names: what comes there otherwise is not seen.
    Proxied,
    /// As `http`, with a proxy in the environment that is not for this address.
    NotProxied,
}

/// What marks a request as one of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    Nonce,
    /// It counts seconds: another one where more than a second passed.
    Timestamp,
    Signature,
}

impl EndpointUse {
    /// Says whether the client is told the CA.
    pub(super) fn has_known_ca(self) -> bool {
        matches!(self, Self::Https | Self::HttpsByDefault | Self::HttpsMisnamed | Self::HttpsExpired)
    }
}

/// What is wanted of the requests of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireWanted {
    /// At least so many requests.
    #[serde(default)]
    pub at_least: Option<usize>,
    #[serde(default)]
    pub at_most: Option<usize>,
    /// Parameters that arrive exactly as the caller gave them (text; numbers and booleans as JSON writes them).
    #[serde(default)]
    pub arrive: Vec<String>,
    /// Parameters given as lists that arrive as their JSON text or as `Name.1`, `Name.2` and so on.
    #[serde(default)]
    pub lists: Vec<String>,
    /// Parameters or headers that no request has.
    #[serde(default)]
    pub absent: Vec<String>,
    /// All requests come on at most so many connections.
    #[serde(default)]
    pub connections_at_most: Option<usize>,
    /// Milliseconds between two requests at least.
    #[serde(default)]
    pub gap_ms_at_least: Option<u64>,
    /// What no request repeats of the one before it.
    #[serde(default)]
    pub fresh: Vec<Mark>,
    /// Nothing goes to the other host that an answer points to.
    #[serde(default)]
    pub stays: bool,
}

/// What is wanted of what the SDK tells its caller.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeWanted {
    /// Any of these: `ok`, `service_error`, `client_error`, `timeout`; empty: whatever.
    #[serde(default)]
    pub is: Vec<String>,
    /// Code, in the error or in what was given back.
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub message: Option<String>,
    /// The RequestId has to be told.
    #[serde(default)]
    pub request_id: bool,
    #[serde(default)]
    pub http_status: Option<u16>,
    /// Milliseconds for one call.
    #[serde(default)]
    pub within_ms: Option<u64>,
    #[serde(default)]
    pub not_before_ms: Option<u64>,
    /// Fields of what was given back, by `.`-separated path.
    #[serde(default)]
    pub fields: IndexMap<String, Value>,
    /// Fields of what was given back that are null or not there, by path.
    #[serde(default)]
    pub nothing: Vec<String>,
    /// Fields of AccessDeniedDetail as the error has it, by path.
    #[serde(default)]
    pub access_denied_detail: IndexMap<String, Value>,
    /// The calls end in at least so many kinds of errors.
    #[serde(default)]
    pub kinds_at_least: Option<usize>,
    /// No error text holds secret, token, signature, name or number.
    #[serde(default)]
    pub silent: bool,
}

/// A case for one operation.
#[derive(Debug, Clone)]
pub struct PlannedSdkCase {
    pub id: String,
    pub operation: String,
    pub case: Arc<SdkCase>,
    /// File and line.
    pub place: String,
}

/// Everything of `suites/sdk/`.
#[derive(Debug, Clone)]
pub struct SdkSuites {
    pub requirements: IndexMap<String, SdkRequirement>,
    pub calls: IndexMap<String, ValidCall>,
    pub cases: Vec<PlannedSdkCase>,
}

/// Says whether a file of the suites folder belongs to the SDK suites.
pub fn is_sdk_file(path: &str) -> bool {
    path.starts_with(FOLDER)
}

/// Loads the SDK suites, or returns every mistake in them.
pub fn load_sdk(files: &SuiteFiles, contracts: &Contracts) -> Result<SdkSuites, Vec<Diagnostic>> {
    let mut mistakes = Vec::new();
    let requirements = read::<RequirementsFile>(files, "requirements.yaml", &mut mistakes, |file| {
        (file.format.as_str(), REQUIREMENTS_FORMAT)
    });
    let calls = read::<CallsFile>(files, "calls.yaml", &mut mistakes, |file| (file.format.as_str(), CALLS_FORMAT));
    let requirements: IndexMap<String, SdkRequirement> = requirements
        .map(|file| file.requirements)
        .unwrap_or_default()
        .into_iter()
        .map(|row| (row.id.clone(), row))
        .collect();
    let calls = calls.map(|file| file.calls).unwrap_or_default();
    for operation in calls.keys() {
        if operation_of(contracts, operation).is_none() {
            mistakes.push(about(
                files,
                "calls.yaml",
                operation,
                format!("no contract has the operation `{operation}`"),
                None,
            ));
        }
    }
    let mut suites = SdkSuites { requirements, calls, cases: Vec::new() };
    let paths = files.files.keys().filter(|path| is_sdk_file(path));
    let names = paths
        .filter_map(|path| path.strip_prefix(FOLDER))
        .filter(|name| !matches!(*name, "requirements.yaml" | "calls.yaml"));
    for name in names {
        let Some(file) = read::<SdkSuiteFile>(files, name, &mut mistakes, |file| (file.format.as_str(), SUITE_FORMAT))
        else {
            continue;
        };
        let topic = name.trim_end_matches(".yaml");
        for case in file.cases {
            add_case(files, (name, topic), case, &mut suites, &mut mistakes);
        }
    }
    if mistakes.is_empty() { Ok(suites) } else { Err(mistakes) }
}

/// Returns the contract's operation of a key `<api>.<Operation>`; SAF's methods share theirs.
pub fn operation_of<'a>(contracts: &'a Contracts, key: &str) -> Option<&'a crate::contract::Operation> {
    let (api, name) = key.split_once('.')?;
    let contract = contracts.by_api.get(api)?;
    contract.operations.iter().find(|operation| operation.name == name || operation.action == name)
}

fn read<T: serde::de::DeserializeOwned + JsonSchema>(
    files: &SuiteFiles,
    name: &str,
    mistakes: &mut Vec<Diagnostic>,
    format: impl Fn(&T) -> (&str, &'static str),
) -> Option<T> {
    let path = format!("{FOLDER}{name}");
    let text = files.files.get(&path)?;
    match parse_yaml::<T>(&files.origin(&path), text) {
        Err(found) => {
            mistakes.extend(found);
            None
        }
        Ok(file) => {
            let (found, wanted) = format(&file);
            if found == wanted {
                return Some(file);
            }
            let message = format!("format {found:?} is not known");
            mistakes.push(about(files, name, found, message, Some(format!("write `format: {wanted}`"))));
            None
        }
    }
}

fn about(files: &SuiteFiles, name: &str, word: &str, message: String, hint: Option<String>) -> Diagnostic {
    let path = format!("{FOLDER}{name}");
    let text = files.files.get(&path).cloned().unwrap_or_else(|| Arc::from(""));
    let at = text.find(word).unwrap_or(0);
    Diagnostic { origin: files.origin(&path), span: at..at + word.len().min(text.len() - at), text, message, hint }
}

fn add_case(
    files: &SuiteFiles,
    (name, topic): (&str, &str),
    case: Spanned<SdkCase>,
    suites: &mut SdkSuites,
    mistakes: &mut Vec<Diagnostic>,
) {
    let line = case.referenced.line();
    let case = Arc::new(case.value);
    let mut unknown = |kind: &str, word: &str, known: &mut dyn Iterator<Item = &str>| {
        let hint = nearest(word, known).map(|near| format!("did you mean `{near}`?"));
        mistakes.push(about(files, name, word, format!("case `{}`: no {kind} `{word}`", case.id), hint));
    };
    for id in &case.requirements {
        if !suites.requirements.contains_key(id) {
            unknown("requirement", id, &mut suites.requirements.keys().map(String::as_str));
        }
    }
    for operation in &case.operations {
        if !suites.calls.contains_key(operation) {
            unknown("call", operation, &mut suites.calls.keys().map(String::as_str));
        }
    }
    for reply in &case.replies {
        if let FaultKind::Answer(answer) = reply
            && let Some(text) = &answer.body_base64
            && STANDARD.decode(text).is_err()
        {
            unknown("Base64 in", text, &mut std::iter::empty());
        }
    }
    if case.requirements.is_empty() || case.operations.is_empty() {
        unknown("requirement or operation in", &case.id, &mut std::iter::empty());
    }
    for operation in &case.operations {
        let id = match case.operations.len() {
            1 => format!("sdk/{topic}/{}", case.id),
            _ => format!("sdk/{topic}/{}.{operation}", case.id),
        };
        if suites.cases.iter().any(|known| known.id == id) {
            mistakes.push(about(files, name, &case.id, format!("the case `{id}` is there already"), None));
        }
        let place = format!("{}:{line}", files.origin(&format!("{FOLDER}{name}")));
        suites.cases.push(PlannedSdkCase { id, operation: operation.clone(), case: Arc::clone(&case), place });
    }
}

/// Returns the JSON Schema of a file of cases.
pub fn sdk_suite_schema() -> Value {
    schemars::schema_for!(SdkSuiteFile).to_value()
}
