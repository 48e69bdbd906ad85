//! What a load profile says: which calls, in which order, when, how long, and what is wanted of the answers.
//!
//! Strict: an unknown key is a mistake. Baselines, roles and `{{ expressions }}` are those of the suites.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::capacity::CapacitySearch;
use super::span::Span;
use crate::contract::Text;
use crate::suite::{Call, Roles, Wire};

/// The value of `format` in a load profile.
pub const PROFILE_FORMAT: &str = "idvet/load/1";

/// `suites/<api>/load/<name>.yaml`, or a file of the user's.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileFile {
    /// Always `idvet/load/1`.
    pub format: String,
    /// Folder whose baselines are meant where a baseline names none.
    pub api: String,
    pub title: Text,
    /// What one arrival does. With several, each arrival takes the one whose share is furthest behind.
    pub scenarios: Vec<Scenario>,
    /// When arrivals are due.
    pub arrivals: Arrivals,
    /// How long arrivals come, behind the warm-up.
    #[serde(default)]
    pub duration: Option<Span>,
    /// How many arrivals come behind the warm-up, instead of `duration`.
    #[serde(default)]
    pub count: Option<u64>,
    /// Arrivals of this first while are sent and stay out of all figures.
    #[serde(default)]
    pub warm_up: Span,
    #[serde(default)]
    pub connections: Connections,
    /// How long a call waits for its answer, and before that for being sent; absent: the target's figure.
    #[serde(default)]
    pub timeout: Option<Span>,
    /// Tries again what was throttled or failed; absent: nothing is tried again.
    #[serde(default)]
    pub retries: Option<Retries>,
    /// Conditions on the figures, for example `p99(init) < 300ms`; see `load_profile::threshold`.
    #[serde(default)]
    pub thresholds: Vec<String>,
    /// One answer in so many is held against the whole contract; 0: none. Status and code are looked at always.
    #[serde(default = "default_check_every")]
    pub check_every: u32,
    /// Lets calls beyond the documented limits through, to see what happens there; on this machine only.
    #[serde(default)]
    pub beyond_limits: bool,
}

fn default_check_every() -> u32 {
    100
}

/// What one arrival does, step by step.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub name: String,
    /// Share of the arrivals, relative to the other scenarios.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub weight: u32,
    pub steps: Vec<LoadStep>,
}

fn one() -> u32 {
    1
}

/// One step: a map with one key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LoadStep {
    /// Sends a request, freshly signed.
    Call(Box<LoadCall>),
    /// Stands a person in front of the camera, by the control API; no call of the API, so in no budget and no figure.
    Submit(LoadSubmit),
    /// Waits.
    Think(Span),
}

/// A request of a scenario.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadCall {
    pub baseline: String,
    /// Name of the step in figures and thresholds, and under which later steps see the answer; absent: the baseline's.
    #[serde(default, rename = "as")]
    pub name: Option<String>,
    #[serde(default)]
    pub roles: Roles,
    #[serde(default)]
    pub set: IndexMap<String, String>,
    #[serde(default)]
    pub unset: Vec<String>,
    #[serde(default)]
    pub wire: Wire,
    /// Asks again until the answer says so.
    #[serde(default)]
    pub until: Option<Until>,
}

/// When a step that asks again has its answer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Until {
    /// Path in the answer, for example `ResultObject.SubCode`.
    pub field: String,
    /// Values that end the asking; empty: any value.
    #[serde(default)]
    pub is: Vec<String>,
    /// From an answer to the next call.
    pub every: Span,
    /// Calls at most; a transaction that is not finished then is given up.
    #[schemars(range(min = 1))]
    pub at_most: u32,
}

/// A submission.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadSubmit {
    /// Id of the transaction, usually `{{ init.… }}`.
    pub transaction: String,
    /// Role of the person; absent: the one the transaction began with.
    #[serde(default)]
    pub person: Option<String>,
}

/// When a call is tried again, freshly signed. Every try is counted as the call it is, and within every limit.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retries {
    /// Tries behind the first.
    #[schemars(range(min = 1))]
    pub at_most: u32,
    /// Wait before the first retry; twice as long before each further one.
    pub wait: Span,
    /// What is tried again: `throttled`, `failed`.
    #[serde(default = "retried")]
    pub of: Vec<RetriedClass>,
    /// Percent of all calls that may be retries: a service that is down is not called more often for it.
    #[serde(default = "retry_budget")]
    pub budget: f64,
}

/// What may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RetriedClass {
    Throttled,
    Failed,
}

fn retried() -> Vec<RetriedClass> {
    vec![RetriedClass::Throttled]
}

fn retry_budget() -> f64 {
    10.0
}

/// Limits of the connections.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connections {
    /// Open at a time, all addresses together. What finds none waits, and counts as late.
    #[serde(default = "default_connections")]
    #[schemars(range(min = 1))]
    pub at_most: u32,
    /// False: a connection for each call.
    #[serde(default = "yes")]
    pub keep_alive: bool,
}

impl Default for Connections {
    fn default() -> Self {
        Self { at_most: default_connections(), keep_alive: true }
    }
}

fn default_connections() -> u32 {
    512
}

fn yes() -> bool {
    true
}

/// When arrivals are due. Rates are arrivals a second, of all scenarios together.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "model", deny_unknown_fields)]
pub enum Arrivals {
    /// Evenly, at one rate.
    Constant { rate: f64 },
    /// Evenly, from one rate to another in a straight line.
    Ramp { from: f64, to: f64 },
    /// Evenly, at one rate after another; their lengths make the duration.
    Steps { steps: Vec<RateStep> },
    /// Evenly, at a rate that jumps up for a while.
    Spike {
        rate: f64,
        peak: f64,
        /// From the end of the warm-up to the jump.
        after: Span,
        /// How long the peak lasts.
        lasting: Span,
    },
    /// At random, independently of each other, at a mean rate: gaps are exponential. The same seed gives the same times.
    Poisson { rate: f64 },
    /// Evenly, at one rate after another, until the highest is found at which all thresholds hold: steps, then halving, then
    /// repeats. Each rate is a run of its own; `duration`, `count` and `warm_up` are left out.
    Capacity {
        from: f64,
        to: f64,
        step: f64,
        /// How long each rate is held.
        plateau: Span,
        /// What is left out of the figures at the beginning of each.
        #[serde(default = "settle")]
        settle: Span,
        /// Percent that the answer and the lowest rate that misses may lie apart.
        #[serde(default = "resolution")]
        resolution: f64,
        /// How often the answer has to hold.
        #[serde(default = "repeats")]
        #[schemars(range(min = 1))]
        repeats: u32,
    },
    /// The closed model: so many virtual users, each with one transaction after another. A slow service slows them down; the
    /// rate is what comes of it, within the limits. Needs `duration`; `rate` and `dropped` mean nothing here.
    Users {
        #[schemars(range(min = 1))]
        users: u32,
        /// From the end of a transaction to the user's next.
        #[serde(default)]
        pause: Span,
        /// While in which the users start, evenly.
        #[serde(default)]
        start: Span,
    },
    /// At recorded times: a text file with one number a line, milliseconds from any beginning, in order.
    Replay {
        /// Path, from the profile's folder.
        file: String,
        /// 2: twice as fast as recorded.
        #[serde(default = "unit")]
        speed: f64,
    },
}

fn settle() -> Span {
    Span(2_000_000_000)
}

fn resolution() -> f64 {
    5.0
}

fn repeats() -> u32 {
    3
}

fn unit() -> f64 {
    1.0
}

/// A rate for a while.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateStep {
    pub rate: f64,
    #[serde(rename = "for")]
    pub lasting: Span,
}

impl LoadCall {
    /// Returns the name of the step.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.baseline.rsplit('/').next().unwrap_or(&self.baseline))
    }

    /// Returns the call as the request builder takes it.
    pub fn call(&self) -> Call {
        Call {
            baseline: self.baseline.clone(),
            name: Some(self.label().to_owned()),
            roles: self.roles.clone(),
            set: self.set.clone(),
            unset: self.unset.clone(),
            wire: self.wire.clone(),
            differs: None,
            expect: None,
            otherwise: None,
        }
    }
}

impl Scenario {
    /// Returns the calls, in order.
    pub fn calls(&self) -> impl Iterator<Item = &LoadCall> {
        self.steps.iter().filter_map(|step| match step {
            LoadStep::Call(call) => Some(&**call),
            _ => None,
        })
    }
}

impl Arrivals {
    /// Returns the search, where arrivals are one.
    pub fn search(&self) -> Option<CapacitySearch> {
        let Self::Capacity { from, to, step, plateau, settle, resolution, repeats } = self else { return None };
        Some(CapacitySearch {
            from: *from,
            to: *to,
            step: *step,
            resolution: resolution / 100.0,
            repeats: *repeats,
            plateau: *plateau,
            settle: *settle,
        })
    }
}
