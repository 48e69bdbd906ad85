//! What happens in a load run.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Mismatch, RecordedMessage};

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
    /// True where other processes hold the same limit together with this one, which has a share of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_shared: bool,
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
    /// Of limits that are held together with other processes: how many calls a second of each were this one's when the
    /// interval was told, in the order of `load-planned`; 0 where the budget server gives none or cannot be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<u32>,
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
