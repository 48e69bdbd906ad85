//! The vocabulary of results: what happened in a run, in order, as `events.jsonl` keeps it.
//!
//! Engines emit events, reports hear them; neither knows the other. Everything a report shows is in here, so each
//! report is a pure function of the stream. A change of meaning raises [`SCHEMA_VERSION`].

mod load;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use load::{
    LoadCapacity, LoadClass, LoadInterval, LoadLimit, LoadPlanned, LoadPlateau, LoadRow, LoadStepPlanned, LoadWrong,
    count_code,
};

/// Version of the event schema, in every `run-started`.
pub const SCHEMA_VERSION: u32 = 1;

/// One line of `events.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    RunStarted(RunStarted),
    /// A requirement of the contracts in force; all of them, whatever was selected: they are the denominator.
    Requirement(RequirementDeclared),
    /// A ledger entry in force.
    KnownFailure(KnownFailureDeclared),
    /// A case that was selected.
    CasePlanned(CasePlanned),
    Exchange(ExchangeRecorded),
    CaseFinished(CaseFinished),
    /// What a load run is about to do.
    LoadPlanned(LoadPlanned),
    /// A second of a load run.
    LoadInterval(LoadInterval),
    /// The end of one rate of a capacity search; the intervals since the last are of it.
    LoadPlateau(LoadPlateau),
    /// An answer of a load run that is not as the contract says.
    LoadWrong(LoadWrong),
    RunFinished(RunFinished),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunStarted {
    pub schema_version: u32,
    /// `idvet` and its version.
    pub tool: String,
    /// `check`, `sdk` or `load`.
    pub command: String,
    /// What was judged, for example the target's name.
    pub subject: String,
    pub seed: u64,
    /// Selection as typed, for the reproduction line.
    pub arguments: Vec<String>,
    /// True when failed SHOULD requirements fail the gate too.
    #[serde(default)]
    pub strict: bool,
    /// What the suites of the run catch of the breaches they were measured on; absent where nobody measured these suites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_catch: Option<WouldCatch>,
    /// Volatile: `yyyy-MM-ddTHH:mm:ssZ`.
    pub started_at: String,
}

/// Breaches of single requirements that were tried on the suites, and what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WouldCatch {
    /// All that were tried.
    pub defects: u64,
    /// Caught by a case that names the requirement, for that requirement.
    pub caught: u64,
    /// Not to be noticed by any case, for a written reason.
    pub excused: u64,
    /// Neither.
    pub open: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RequirementDeclared {
    pub id: String,
    /// `must`, `should` or `info`.
    pub level: String,
    pub api: String,
    /// Absent for facts of the whole family.
    pub operation: Option<String>,
    pub text_en: String,
    pub text_zh: String,
    /// Addresses or file names, in the contract's order.
    pub citations: Vec<String>,
    /// Why no case can exercise it; absent when a case must.
    pub unexercised_en: Option<String>,
    pub unexercised_zh: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KnownFailureDeclared {
    pub requirement: String,
    /// Case id the entry is bound to; absent: any case of the requirement.
    pub case: Option<String>,
    /// Text that a mismatch must contain for the entry to apply (its cause on the wire).
    pub cause: String,
    pub reason: String,
    pub owner: String,
    /// `yyyy-MM-dd`: after that day the entry no longer excuses anything.
    pub expires: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CasePlanned {
    /// Stable path, for example `cloudauth/request/InitFaceVerify.SceneId.missing`.
    pub case: String,
    pub api: String,
    pub title_en: String,
    pub title_zh: String,
    /// Requirements the case names.
    pub requirements: Vec<String>,
    /// File and line of the case in the suites.
    pub place: String,
    /// The case that must pass for this one's refusal to prove anything.
    pub twin: Option<String>,
    /// One command line that runs this case alone.
    pub reproduce: String,
}

/// A request and its answer, redacted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExchangeRecorded {
    pub case: String,
    /// Position in the case, from 0; a repeated step keeps its position.
    pub step: u32,
    /// Operation called, or `control`, `callback`, `link`.
    pub operation: String,
    pub request: RecordedMessage,
    /// Absent when there was no answer.
    pub response: Option<RecordedMessage>,
    /// Why there was no answer.
    pub no_response: Option<String>,
    /// Volatile: first byte sent to last byte received.
    pub elapsed_micros: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordedMessage {
    /// `POST / HTTP/1.1` or `HTTP/1.1 200`.
    pub start: String,
    /// Names and values, in order, redacted.
    pub headers: Vec<(String, String)>,
    /// Decoded parameters of a request, redacted; empty for a response.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, String>,
    /// Body text, redacted and cut at a limit; lossy where it is not UTF-8.
    pub body: String,
    /// Volatile: size of the body as received, in bytes.
    pub body_bytes: u64,
    /// Volatile: what changes from run to run without being secret, by the name in its placeholder `<Name>`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub volatile: IndexMap<String, String>,
}

/// What a case came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Passed,
    Failed,
    /// The target lacks what the case needs; see `reason`.
    NotExercised,
    /// No verdict: no answer, throttled, or the positive twin did not pass.
    Indeterminate,
    /// idvet could not do its work.
    HarnessError,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseFinished {
    pub case: String,
    pub verdict: Verdict,
    /// Why, for every verdict but `passed` and `failed`.
    pub reason: Option<String>,
    /// Every check made, in order.
    pub checks: Vec<CheckRecorded>,
    /// Volatile.
    pub elapsed_micros: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckRecorded {
    /// Requirement the check speaks for.
    pub requirement: String,
    /// Name of the check, for example `code`, `field-type`.
    pub check: String,
    /// Step of the case.
    pub step: u32,
    /// Absent when the check held.
    pub mismatch: Option<Mismatch>,
}

/// A difference between what was wanted and what came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mismatch {
    /// Where in the exchange, for example `response body, ResultObject.Passed`.
    pub place: String,
    pub expected: String,
    pub actual: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunFinished {
    /// True when the run was stopped before every planned case finished.
    pub partial: bool,
    /// What stopped it, when something did.
    #[serde(default)]
    pub cause: Option<StopCause>,
    /// Why it was stopped, in words, when it was.
    pub reason: Option<String>,
    /// Calls sent, by API.
    pub calls: IndexMap<String, u64>,
    /// Calls sent that may be billed.
    pub billable_calls: u64,
    /// Volatile.
    pub elapsed_micros: u64,
}

/// What stopped a run before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StopCause {
    /// The user, by a signal.
    Interrupted,
    /// The QPS or billed-call budget of the target.
    Budget,
    /// The target cannot be reached or spoken to.
    Target,
    /// A bug in idvet.
    Internal,
}
