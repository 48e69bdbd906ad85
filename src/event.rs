//! The vocabulary of results: what happened in a run, in order, as `events.jsonl` keeps it.
//!
//! Engines emit events, reports hear them; neither knows the other. Everything a report shows is in here, so each
//! report is a pure function of the stream. A change of meaning raises [`SCHEMA_VERSION`].

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// What a load run is about to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadPlanned {
    /// Name of the load profile.
    pub profile: String,
    pub title_en: String,
    pub title_zh: String,
    /// Steps that are counted, in order; rows of intervals name them by position.
    pub steps: Vec<LoadStepPlanned>,
    /// Limits of calls a second that are held.
    pub limits: Vec<LoadLimit>,
    /// Conditions on the figures, as written.
    pub thresholds: Vec<String>,
    /// Arrivals expected in all, warm-up included, of all shards.
    pub arrivals: f64,
    /// Nanoseconds in which arrivals come, warm-up included.
    pub length_nanos: u64,
    /// Nanoseconds at the beginning whose arrivals stay out of the figures.
    pub warm_up_nanos: u64,
    /// `i/n` where this process sends of each n arrivals one.
    pub shard: Option<String>,
    /// One answer in so many is held against the whole contract; 0: none.
    pub check_every: u32,
    /// True when documented limits may be exceeded.
    pub beyond_limits: bool,
    /// The search, where the run looks for the highest rate at which the thresholds hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<LoadCapacity>,
}

/// A capacity search.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadCapacity {
    /// Arrivals a second.
    pub from: f64,
    pub to: f64,
    pub step: f64,
    /// Share that the answer and the lowest rate that misses may lie apart.
    pub resolution: f64,
    /// How often the answer has to hold.
    pub repeats: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoadStepPlanned {
    pub step: String,
    pub api: String,
    pub operation: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoadLimit {
    /// What counts, for example `cloudauth.InitFaceVerify, ID_PRO`.
    pub name: String,
    /// Calls in any one second.
    pub per_second: u32,
    /// True for a limit of the contract, false for a budget of the target.
    pub documented: bool,
    /// Positions of the steps whose calls count.
    pub steps: Vec<u32>,
}

/// A second of a load run. All of it is volatile.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadInterval {
    /// Seconds from the start of the run to the start of the interval.
    pub second: u64,
    /// How long it lasted, in microseconds: a second, but for the last.
    pub micros: u64,
    /// Arrivals that were due in it.
    pub due: u64,
    /// Arrivals and later calls that could not be sent in time, warm-up left out.
    pub dropped: u64,
    /// The same of the warm-up.
    #[serde(default)]
    pub warm_up_dropped: u64,
    /// Connections that could not be opened for want of something on this machine: file descriptors, ports, memory.
    #[serde(default)]
    pub lacking: u64,
    /// Transactions that came to their end.
    pub finished: u64,
    /// Transactions that a refusal, failure or drop ended.
    pub abandoned: u64,
    /// Submissions by the control API that were not accepted.
    pub submissions_failed: u64,
    /// Calls that will be made again.
    #[serde(default)]
    pub retries: u64,
    /// Calls that waited more than a millisecond for a limit of calls a second.
    pub held_by_limit: u64,
    /// The same for a connection.
    pub held_by_connection: u64,
    /// Connections opened.
    pub connections: u64,
    /// Open at its end.
    pub open: u64,
    /// Answers held against the whole contract.
    pub checked: u64,
    /// Of them, answers with a breach of a MUST or SHOULD.
    pub wrong: u64,
    pub rows: Vec<LoadRow>,
}

/// Codes told apart within a step and class; what a target makes up beyond them is counted together.
const MOST_CODES: usize = 100;

/// Bytes of a code that are told.
const LONGEST_CODE: usize = 100;

/// Counts a code, which may be whatever a target says.
pub fn count_code(codes: &mut IndexMap<String, u64>, code: &str, calls: u64) {
    let end =
        code.char_indices().map(|(at, letter)| at + letter.len_utf8()).take_while(|end| *end <= LONGEST_CODE).last();
    let code = &code[..end.unwrap_or_default()];
    let code = if codes.len() < MOST_CODES || codes.contains_key(code) { code } else { "other codes" };
    match codes.get_mut(code) {
        Some(count) => *count += calls,
        None => drop(codes.insert(code.to_owned(), calls)),
    }
}

/// Answers of one step and class within an interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadRow {
    /// Position of the step in `load-planned`.
    pub step: u32,
    pub class: LoadClass,
    /// True for transactions of the warm-up.
    pub warm_up: bool,
    pub calls: u64,
    /// How often each code came, or why there was no answer.
    pub codes: IndexMap<String, u64>,
    /// From the due time to the last byte: HdrHistogram, V2 with deflate, Base64; microseconds.
    pub latency: String,
    /// From the first byte sent to the last byte; the same.
    pub service: String,
    /// From the due time to the first byte sent; the same.
    pub lag: String,
}

/// What kind of answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LoadClass {
    /// The success that the contract documents.
    Ok,
    /// A code that the operation documents, other than success.
    Refused,
    /// Over a limit of calls a second.
    Throttled,
    /// No answer, no JSON, a failing of the service, or a code that the operation does not have.
    Failed,
}

/// One rate of a capacity search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadPlateau {
    /// Arrivals a second.
    pub rate: f64,
    /// Nanoseconds in which arrivals came, and those at the beginning that stay out of the figures.
    pub length_nanos: u64,
    pub settle_nanos: u64,
    /// Volatile.
    pub elapsed_micros: u64,
    /// True when it was stopped before its end.
    pub partial: bool,
}

/// An answer that is not as the contract says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadWrong {
    pub step: String,
    pub requirement: String,
    pub mismatch: Mismatch,
    /// The answer, redacted.
    pub response: RecordedMessage,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_without_end_are_counted_together() {
        let mut codes = IndexMap::new();
        for n in 0..1_000 {
            count_code(&mut codes, &format!("made up {n}"), 1);
        }
        count_code(&mut codes, "made up 5", 2);
        count_code(&mut codes, &"长".repeat(1_000), 1);
        assert_eq!((codes.len(), codes["made up 5"], codes["other codes"]), (MOST_CODES + 1, 3, 901));
        let mut one = IndexMap::new();
        count_code(&mut one, &"长".repeat(1_000), 1);
        assert_eq!(one.keys().next().map(|code| code.len()), Some(99));
    }
}
