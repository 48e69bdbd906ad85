//! Profile files → profiles: every name resolved, every mistake with its place.

use std::ops::Range;
use std::sync::Arc;

use super::model::{Arrivals, LoadStep, PROFILE_FORMAT, ProfileFile};
use super::schedule::{Extent, Schedule};
use super::threshold::{Metric, Threshold};
use crate::contract::Contracts;
use crate::diagnostic::{Diagnostic, locate, nearest, parse_yaml};
use crate::files::SuiteFiles;
use crate::suite::Suites;

/// A profile that can be run.
#[derive(Debug, Clone)]
pub struct LoadProfile {
    /// `<api>/<name>`, or the path that was typed.
    pub name: String,
    /// The file, baselines named in full.
    pub file: ProfileFile,
    pub thresholds: Vec<Threshold>,
    pub schedule: Schedule,
    /// All calls of all scenarios, in order.
    pub calls: Vec<PlannedCall>,
}

/// A call of a scenario, and what it is a call of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedCall {
    /// Position of the scenario.
    pub scenario: usize,
    /// Position among the scenario's steps.
    pub step: usize,
    /// Name in figures; calls of one name are counted together.
    pub label: String,
    pub api: String,
    pub operation: String,
    /// Its own, or that of the call before it.
    pub product: Option<String>,
    /// May be billed.
    pub billable: bool,
}

/// What a profile is resolved against.
#[derive(Clone, Copy)]
pub struct ProfileInput<'a> {
    pub contracts: &'a Contracts,
    pub suites: &'a Suites,
    pub seed: u64,
    /// Reads a file beside the profile; the error is a fragment.
    pub read: &'a dyn Fn(&str) -> Result<String, String>,
}

impl LoadProfile {
    /// Returns the names of steps, each once, in order.
    pub fn labels(&self) -> Vec<String> {
        let mut labels: Vec<String> = Vec::new();
        for call in &self.calls {
            if !labels.contains(&call.label) {
                labels.push(call.label.clone());
            }
        }
        labels
    }
}

/// Returns the names of the profiles of a suites folder: `<api>/<name>`.
pub fn profile_names(files: &SuiteFiles) -> Vec<String> {
    files.files.keys().filter_map(|path| profile_name(path)).collect()
}

/// Returns the profile's name for a path such as `cloudauth/load/steady.yaml`.
fn profile_name(path: &str) -> Option<String> {
    let (api, name) = path.strip_suffix(".yaml")?.split_once("/load/")?;
    Some(format!("{api}/{name}"))
}

/// Returns the file of a profile by its name.
pub fn profile_file<'a>(files: &'a SuiteFiles, name: &str) -> Option<(String, &'a Arc<str>)> {
    let (path, text) = files.files.iter().find(|(path, _)| profile_name(path).as_deref() == Some(name))?;
    Some((files.origin(path), text))
}

/// Parses a profile and resolves what it names.
///
/// # Errors
/// Every mistake found.
pub fn parse_profile(
    name: &str,
    (origin, text): (&str, &Arc<str>),
    input: &ProfileInput<'_>,
) -> Result<LoadProfile, Vec<Diagnostic>> {
    let mut file: ProfileFile = parse_yaml(origin, text)?;
    let mut found = Mistakes { origin, text, list: Vec::new() };
    if file.format != PROFILE_FORMAT {
        let hint = format!("write `format: {PROFILE_FORMAT}`");
        found.add("/format", format!("unknown format `{}`", file.format), Some(hint));
    }
    if !input.contracts.by_api.contains_key(&file.api) {
        let apis = input.contracts.by_api.keys().map(String::as_str);
        let hint = nearest(&file.api, apis).map(|near| format!("did you mean `{near}`?"));
        found.add("/api", format!("there is no API `{}`", file.api), hint);
    }
    let calls = calls(&mut file, input, &mut found);
    let thresholds = thresholds(&file, &calls, &mut found);
    without_meaning(&file, &thresholds, &mut found);
    let schedule = schedule(&file, input, &mut found);
    match (found.list.is_empty(), schedule) {
        (true, Some(schedule)) => Ok(LoadProfile { name: name.to_owned(), file, thresholds, schedule, calls }),
        _ => Err(found.list),
    }
}

struct Mistakes<'a> {
    origin: &'a str,
    text: &'a Arc<str>,
    list: Vec<Diagnostic>,
}

impl Mistakes<'_> {
    fn add(&mut self, pointer: &str, message: String, hint: Option<String>) {
        let span: Range<usize> = locate(self.text, pointer);
        self.list.push(Diagnostic { origin: self.origin.to_owned(), text: Arc::clone(self.text), span, message, hint });
    }
}

fn calls(file: &mut ProfileFile, input: &ProfileInput<'_>, found: &mut Mistakes<'_>) -> Vec<PlannedCall> {
    let mut calls: Vec<PlannedCall> = Vec::new();
    if file.scenarios.is_empty() {
        found.add("/scenarios", "there is no scenario".to_owned(), None);
    }
    let mut names: Vec<String> = Vec::new();
    for (scenario_idx, scenario) in file.scenarios.iter_mut().enumerate() {
        let at = format!("/scenarios/{scenario_idx}");
        if names.contains(&scenario.name) {
            found.add(&format!("{at}/name"), format!("a second scenario `{}`", scenario.name), None);
        }
        names.push(scenario.name.clone());
        if scenario.weight == 0 {
            found.add(
                &format!("{at}/weight"),
                "a weight of 0 sends nothing".to_owned(),
                Some("leave the scenario out".to_owned()),
            );
        }
        if scenario.calls().next().is_none() {
            found.add(&format!("{at}/steps"), format!("the scenario `{}` has no call", scenario.name), None);
        }
        let mut product = None;
        for (step_idx, step) in scenario.steps.iter_mut().enumerate() {
            let LoadStep::Call(call) = step else { continue };
            let at = format!("{at}/steps/{step_idx}/call");
            if !call.baseline.contains('/') {
                call.baseline = format!("{}/{}", file.api, call.baseline);
            }
            let Some(loaded) = input.suites.baseline(&call.baseline) else {
                let near = nearest(&call.baseline, input.suites.baselines.keys().map(String::as_str));
                let hint = near.map(|near| format!("did you mean `{near}`?"));
                found.add(&format!("{at}/baseline"), format!("there is no baseline `{}`", call.baseline), hint);
                continue;
            };
            if call.until.as_ref().is_some_and(|until| until.at_most == 0) {
                found.add(&format!("{at}/until/at_most"), "a step has to call at least once".to_owned(), None);
            }
            product = loaded.baseline.product.clone().or(product);
            let operation = input.contracts.operation(&loaded.api, &loaded.baseline.operation);
            let planned = PlannedCall {
                scenario: scenario_idx,
                step: step_idx,
                label: call.label().to_owned(),
                api: loaded.api.clone(),
                operation: loaded.baseline.operation.clone(),
                product: product.clone(),
                billable: operation.is_some_and(|operation| operation.billable),
            };
            check_label(&planned, &calls, &at, found);
            calls.push(planned);
        }
    }
    calls
}

/// Calls of one name are counted together, so they have to be calls of one operation.
fn check_label(planned: &PlannedCall, calls: &[PlannedCall], at: &str, found: &mut Mistakes<'_>) {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if planned.label.is_empty() || !planned.label.chars().all(is_plain) {
        let message = format!("`{}` is no name of a step", planned.label);
        found.add(&format!("{at}/as"), message, Some("use letters, digits, `-` and `_`".to_owned()));
    }
    let same = calls.iter().find(|call| call.label == planned.label);
    let Some(other) = same else { return };
    if (&other.api, &other.operation) != (&planned.api, &planned.operation) || other.scenario == planned.scenario {
        let message = format!("a second step `{}`, which figures would not tell from the first", planned.label);
        found.add(at, message, Some("give it another name with `as`".to_owned()));
    }
}

fn thresholds(file: &ProfileFile, calls: &[PlannedCall], found: &mut Mistakes<'_>) -> Vec<Threshold> {
    let mut done = Vec::new();
    for (idx, text) in file.thresholds.iter().enumerate() {
        let at = format!("/thresholds/{idx}");
        match Threshold::parse(text) {
            Err(message) => found.add(&at, message, None),
            Ok(threshold) => {
                let unknown = threshold.step.as_ref().filter(|step| !calls.iter().any(|call| call.label == **step));
                if let Some(step) = unknown {
                    let near = nearest(step, calls.iter().map(|call| call.label.as_str()));
                    let hint = near.map(|near| format!("did you mean `{near}`?"));
                    found.add(&at, format!("there is no step `{step}`"), hint);
                }
                done.push(threshold);
            }
        }
    }
    done
}

/// Finds what the arrival model gives no meaning to.
fn without_meaning(file: &ProfileFile, thresholds: &[Threshold], found: &mut Mistakes<'_>) {
    match &file.arrivals {
        Arrivals::Capacity { .. } if file.thresholds.is_empty() => found.add(
            "/arrivals",
            "a capacity search without thresholds: every rate would hold".to_owned(),
            Some("say what has to hold, for example `thresholds: [error_rate < 1%, p99 < 500ms]`".to_owned()),
        ),
        Arrivals::Users { .. } => {
            if let Some(idx) = thresholds.iter().position(|threshold| threshold.metric == Metric::Dropped) {
                let message = "users drop no call: this would always hold".to_owned();
                found.add(&format!("/thresholds/{idx}"), message, Some("leave it out".to_owned()));
            }
            if file.retries.is_some() {
                let message = "users try nothing again".to_owned();
                found.add("/retries", message, Some("leave `retries` out, or use an open arrival model".to_owned()));
            }
        }
        _ => {}
    }
}

fn schedule(file: &ProfileFile, input: &ProfileInput<'_>, found: &mut Mistakes<'_>) -> Option<Schedule> {
    let times = match &file.arrivals {
        Arrivals::Replay { file: path, .. } => match (input.read)(path).and_then(|text| recorded_times(path, &text)) {
            Ok(times) => Some(times),
            Err(message) => {
                found.add("/arrivals/file", message, None);
                return None;
            }
        },
        _ => None,
    };
    let extent = Extent { duration: file.duration, count: file.count, warm_up: file.warm_up, seed: input.seed };
    match Schedule::new(&file.arrivals, extent, times.as_deref()) {
        Ok(schedule) => Some(schedule),
        Err(error) => {
            found.add("/arrivals", error.to_string(), None);
            None
        }
    }
}

fn recorded_times(path: &str, text: &str) -> Result<Vec<f64>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(idx, line)| {
            let time = line.trim().parse::<f64>().ok().filter(|time| time.is_finite());
            time.ok_or_else(|| format!("line {} of {path} is no number of milliseconds", idx + 1))
        })
        .collect()
}
